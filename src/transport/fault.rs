//! What can go wrong on the way in or out, once in words for the answer and once, with file names, for stderr.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use thiserror::Error;

use super::byte_order_mark::Utf16Error;
use super::files::Kept;
use crate::otp::LabelError;
use crate::parameters_document::ParametersError;
use crate::reply::{Cause, Reply};

/// Why there is no document to answer to, or no place for the answer. The message is the description of an
/// `<Error/>` document, and so names no file (contract 1.6); [`Fault::cause`] does (5.4).
#[derive(Debug, Error)]
pub enum Fault {
    /// A file or stream cannot be read.
    #[error("cannot read: expected {what} that can be read, found: {}", reason(.error))]
    Read { what: &'static str, error: io::Error },
    /// The document or the parameters file did not end in time (contract 5.8).
    #[error("timed out: expected {what} that ends within {} s", .limit.as_secs())]
    Timeout { what: &'static str, limit: Duration },
    /// The parameters file is no `<Parameters>` document, or has a value outside its range.
    #[error("wrong parameter: in the parameters file: {0}")]
    Parameters(ParametersError),
    /// Neither the command line nor the parameters file names the operation.
    #[error("wrong parameter: expected {0} for --operation, or for Operation in the parameters file")]
    NoOperation(&'static str),
    /// A stream would have no documents (contract 7.1).
    #[error(
        "wrong parameter: expected document or document-base64 among --columns, unless --operation is GenerateSecret"
    )]
    NoDocumentColumn,
    /// A line cannot have a picture as it is, and nothing else belongs to one (contract 9.5).
    #[error("wrong parameter: expected the column document-base64, alone or with id, for pictures")]
    PictureColumn,
    /// A table of inputs cannot be used, for this reason.
    #[error("{0}")]
    Manifest(String),
    /// Secrets can be counted, documents cannot (contract 6.1).
    #[error("wrong parameter: expected --count only where the operation is GenerateSecret")]
    Count,
    /// A run came to its end, and nothing was to be done (contract 6.1).
    #[error("no inputs: expected {expected}, found none")]
    NoInputs { expected: String },
    /// A run came to its end, and every row of the manifest had been left out (contract 6.1).
    #[error("no inputs: expected a row with status 1 in the manifest, found only rows that have failed before")]
    AllFailedBefore,
    /// A name cannot stand in the report of new secrets, which is UTF-8 (contract 6.3).
    #[error("wrong parameter: {0}")]
    Name(LabelError),
    /// The report of new secrets could not say where they are (contract 6.3).
    #[error(
        "wrong parameter: expected an output folder with a name in Unicode, since the report names the secrets in it"
    )]
    OutputDirNotUnicode,
    /// Outputs would be found as inputs the next time (contract 6.1).
    #[error("wrong parameter: expected an output folder outside the folders of the inputs")]
    OutputInside,
    /// The report would replace a file that is none (contract 6.3).
    #[error("cannot write: expected no file yet, an empty one or an older report for --report")]
    ReportExists,
    /// Outputs could be lost, or be seen half (contract 6.2).
    #[error(
        "cannot write: expected an output folder on a file system that moves files without replacing others, found: {}",
        reason(.0)
    )]
    NoMoves(io::Error),
    /// The program could not be interrupted in an orderly way (contract 6.6).
    #[error("cannot start: expected to be told of signals, found: {}", reason(.0))]
    Signals(io::Error),
    /// The system gives no thread.
    #[error("cannot start: expected a thread of the operating system, found: {}", reason(.0))]
    Threads(io::Error),
    /// A file or stream cannot be written.
    #[error("cannot write: expected {what}, found: {}", reason(.error))]
    Write { what: &'static str, error: io::Error },
    /// The output would replace a file that stays (contract 5.2).
    #[error("cannot write: {0}; --overwrite replaces it")]
    OutputKept(Kept),
    /// The status file would replace a file that stays (contract 5.12).
    #[error("cannot write: expected another file for --status-file: {0}")]
    StatusFileKept(Kept),
    /// The parameters file would take the place of the documents or of their names.
    #[error("wrong parameter: expected a file for --parameters, since standard input is read for something else")]
    ParametersTakeInput,
    /// A file has no password.
    #[cfg(feature = "serve")]
    #[error("wrong parameter: expected --state-password-file only with a state in PostgreSQL")]
    PasswordOfFile,
    /// The parameters file and the document would both come from standard input.
    #[error("wrong parameter: expected --input with a file where --parameters is standard input")]
    InputTaken,
    /// One file would be read and replaced, or written twice.
    #[error("wrong parameter: expected different files for {first} and {second}")]
    SameFile { first: &'static str, second: &'static str },
    /// A QR code does not fit on the terminal (contract 5.9).
    #[error(
        "terminal too narrow: expected at least {needed} columns for the QR code, found {found}; --output writes it to a file"
    )]
    TerminalTooNarrow { needed: usize, found: usize },
    /// One of these, about a file or folder that only stderr names.
    #[error("{fault}")]
    About { fault: Box<Self>, file: PathBuf },
}

impl Fault {
    /// The same, if there is a file that it speaks of.
    pub fn about(self, file: Option<&Path>) -> Self {
        match file {
            Some(file) => Self::About { fault: Box::new(self), file: file.to_owned() },
            None => self,
        }
    }

    /// What goes to stderr: the description, and the file that it speaks of.
    pub fn cause(&self) -> String {
        if let Self::About { file, .. } = self { format!("{self} ({})", printable(file)) } else { self.to_string() }
    }
}

impl From<Fault> for Reply {
    fn from(fault: Fault) -> Self {
        Self { cause: Some(Cause::Words(fault.cause())), ..Self::error(&fault.to_string()) }
    }
}

/// A file that somebody wrote to while it was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("a file that was changed meanwhile")]
pub struct ChangedError;

/// The reason of an I/O error in lower case, without final period, number or file name.
pub fn reason(error: &io::Error) -> String {
    // Those that are ours have their own words.
    if error.get_ref().is_some_and(|own| own.is::<Utf16Error>() || own.is::<ChangedError>()) {
        return error.to_string();
    }
    // An error with a number has the operating system's words; any other may have been given a file name.
    let words = match error.raw_os_error() {
        Some(_) => error.to_string(),
        None if error.kind() == io::ErrorKind::NotFound => "no such file or directory".to_owned(),
        None => error.kind().to_string(),
    };
    let words = words.split(" (os error").next().unwrap_or_default().trim_end_matches('.');
    let mut characters = words.chars();
    characters.next().map_or_else(String::new, |first| first.to_lowercase().chain(characters).collect())
}

/// A file name that stays on one line and reads in one direction, whatever it contains.
pub fn printable(file: &Path) -> String {
    let mut name = String::new();
    for c in file.display().to_string().chars() {
        match c {
            '\'' | '"' => name.push(c),
            c => name.extend(c.escape_debug()),
        }
    }
    name
}
