//! What can go wrong on the way in or out, once in words for the answer and once, with file names, for stderr.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use thiserror::Error;

use super::byte_order_mark::Utf16Error;
use super::files::ReplaceError;
use totp_adapter::otp::LabelError;
use totp_adapter::parameters_document::ParametersError;
use totp_adapter::reply::{Cause, Reply};
use totp_adapter::wording::{self, printable};

/// Why there is no document to answer to, or no place for the answer. The message is the description of an
/// `<Error/>` document, and so names no file (contract 1.6); [`RunError::cause`] does (5.4).
#[derive(Debug, Error)]
pub enum RunError {
    /// A file or stream cannot be read.
    #[error("cannot read {what}: {}", reason(.error))]
    Read { what: &'static str, error: io::Error },
    /// The document or the parameters file did not end in time (contract 5.8).
    #[error("timed out: {what} did not end within {} s", .limit.as_secs())]
    Timeout { what: &'static str, limit: Duration },
    /// The parameters file is no `<Parameters>` document, or has a value outside its range.
    #[error("wrong parameter: in the parameters file: {0}")]
    Parameters(ParametersError),
    /// Neither the command line nor the parameters file names the operation.
    #[error("wrong parameter: no operation; expected {0} for --operation, or for Operation in the parameters file")]
    NoOperation(&'static str),
    /// A stream would have no documents (contract 7.1).
    #[error("wrong parameter: --columns needs document or document-base64, unless --operation is GenerateSecret")]
    NoDocumentColumn,
    /// A line cannot have a picture as it is, and nothing else belongs to one (contract 9.5).
    #[error("wrong parameter: for pictures, --columns takes document-base64, alone or with id")]
    PictureColumn,
    /// A table of inputs cannot be used, for this reason.
    #[error("{0}")]
    Manifest(String),
    /// Secrets can be counted, documents cannot (contract 6.1).
    #[error("wrong parameter: --count is only for GenerateSecret")]
    Count,
    /// A run came to its end, and nothing was to be done (contract 6.1).
    #[error("no inputs: expected {expected}")]
    NoInputs { expected: String },
    /// A run came to its end, and every row of the manifest had been left out (contract 6.1).
    #[error("no inputs: every row of the manifest has a status other than 1")]
    AllFailedBefore,
    /// A name cannot stand in the report of new secrets, which is UTF-8 (contract 6.3).
    #[error("wrong parameter: {0}")]
    Name(LabelError),
    /// The report of new secrets could not say where they are (contract 6.3).
    #[error("wrong parameter: the name of the output folder is not Unicode, and the report lists the secrets in it")]
    OutputDirNotUnicode,
    /// Outputs would be found as inputs the next time (contract 6.1).
    #[error("wrong parameter: the output folder is a folder of inputs, or lies in one")]
    OutputInside,
    /// The report would replace a file that is none (contract 6.3).
    #[error("cannot write the report: the existing file is neither empty nor an older report")]
    ReportExists,
    /// Outputs could be lost, or be seen half (contract 6.2).
    #[error(
        "cannot write: the file system of the output folder cannot move files without replacing others: {}",
        reason(.0)
    )]
    NoMoves(io::Error),
    /// The program could not be interrupted in an orderly way (contract 6.6).
    #[error("cannot install signal handlers: {}", reason(.0))]
    Signals(io::Error),
    /// The system gives no thread.
    #[error("cannot start a thread: {}", reason(.0))]
    Threads(io::Error),
    /// A file or stream cannot be written.
    #[error("cannot write {what}: {}", reason(.error))]
    Write { what: &'static str, error: io::Error },
    /// The output would replace a file that stays (contract 5.2).
    #[error("cannot write: {0}; --overwrite replaces it")]
    OutputKept(ReplaceError),
    /// The status file would replace a file that stays (contract 5.12).
    #[error("cannot write the status file: {0}")]
    StatusFileKept(ReplaceError),
    /// The parameters file would take the place of the documents or of their names.
    #[error("wrong parameter: --parameters needs a file, since standard input is read for something else")]
    ParametersTakeInput,
    /// A file has no password.
    #[cfg(feature = "serve")]
    #[error("wrong parameter: --state-password-file is only for a state in PostgreSQL")]
    PasswordOfFile,
    /// The parameters file and the document would both come from standard input.
    #[error("wrong parameter: --input needs a file, since --parameters is standard input")]
    InputTaken,
    /// One file would be read and replaced, or written twice.
    #[error("wrong parameter: {first} and {second} are the same file")]
    SameFile { first: &'static str, second: &'static str },
    /// A QR code does not fit on the terminal (contract 5.9).
    #[error(
        "terminal too narrow: the QR code needs {needed} columns, and the terminal has {found}; --output writes it to a file"
    )]
    TerminalTooNarrow { needed: usize, found: usize },
    /// One of these, about a file or folder that only stderr names.
    #[error("{error}")]
    About { error: Box<Self>, file: PathBuf },
}

impl RunError {
    /// The same, if there is a file that it speaks of.
    pub fn about(self, file: Option<&Path>) -> Self {
        match file {
            Some(file) => Self::About { error: Box::new(self), file: file.to_owned() },
            None => self,
        }
    }

    /// What goes to stderr: the description, and the file that it speaks of.
    pub fn cause(&self) -> String {
        if let Self::About { file, .. } = self { format!("{self} ({})", printable(file)) } else { self.to_string() }
    }
}

impl From<RunError> for Reply {
    fn from(error: RunError) -> Self {
        Self { cause: Some(Cause::Words(error.cause())), ..Self::error(&error.to_string()) }
    }
}

/// A file that somebody wrote to while it was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the file was changed while it was read")]
pub struct ChangedError;

/// The reason of an I/O error; those that are ours have their own words.
pub fn reason(error: &io::Error) -> String {
    let is_ours = error.get_ref().is_some_and(|own| own.is::<Utf16Error>() || own.is::<ChangedError>());
    if is_ours { error.to_string() } else { wording::reason(error) }
}
