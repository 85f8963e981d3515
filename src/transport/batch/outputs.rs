//! One document of a batch: read, answered, and its answer put where it belongs, whatever happens (contract 6.2, 6.3).

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use thiserror::Error;
use zeroize::Zeroizing;

use super::inputs::BatchInput;
use super::name::Name;
use super::present::{Present, is_error_document};
use super::report::ReportLine;
use super::run_folder::RunFolder;
use crate::cli::Existing;
use crate::transport::error::reason;
use crate::transport::files::{ReplaceError, Replaceable, canonical_name};
use crate::transport::session::{Names, Session};
use totp_adapter::operation::Operation;
use totp_adapter::reply::{INCORRECT, Reply};
use totp_adapter::status::Status;
use totp_adapter::symbol_format::SymbolFormat;
use totp_adapter::system;
use totp_adapter::xml::MAX_DOCUMENT_BYTES;

/// What holds for all documents of a run.
pub struct Outputs {
    /// What is done.
    pub operation: Operation,
    /// Who answers.
    pub session: Session,
    /// Issuer and account for the report of new secrets, as far as a row has none.
    pub names: [Option<String>; 2],
    /// What QR codes are drawn as.
    pub format: SymbolFormat,
    /// Where the outputs go.
    pub output_dir: PathBuf,
    /// What happens where there is one already.
    pub existing: Existing,
    /// The files that the run itself reads, by their one names.
    pub read: Vec<PathBuf>,
    /// Where they are written.
    pub run_folder: RunFolder,
}

/// Why there is no answer to a document, or no place for it; what the file is called stands beside it in the report.
#[derive(Debug, Error)]
enum OutputError {
    /// The operation answers with -1, for this reason.
    #[error("{0}")]
    Answer(String),
    #[error("cannot read the input: {}", reason(.0))]
    Read(io::Error),
    #[error("cannot read the input: not a regular file")]
    Kind,
    #[error("cannot write the output: {}", reason(.0))]
    Write(io::Error),
    #[error("cannot write: the output exists; --overwrite replaces it, --skip-existing keeps it")]
    Exists,
    #[error("cannot write: this run also reads the output file")]
    IsRead,
    #[error("cannot write: {0}")]
    Kept(ReplaceError),
    #[error("cannot write: the existing output is not an answer of this operation")]
    NoOutput,
}

impl OutputError {
    /// Whether it is the input that has no answer; the place of the answer was looked at before.
    const fn is_of_input(&self) -> bool {
        match self {
            Self::Answer(_) | Self::Read(_) | Self::Kind => true,
            Self::Write(_) | Self::Exists | Self::IsRead | Self::Kept(_) | Self::NoOutput => false,
        }
    }
}

impl Outputs {
    /// Works on an input whose output has this name, or says why not; the buffer is used again and again.
    pub fn line(&self, mut input: BatchInput, name: Option<&Name>, buffer: &mut Zeroizing<Vec<u8>>) -> ReportLine {
        let line = match (name, input.wrong.take()) {
            (Some(name), None) => {
                let answer = self.answer(&input, name, buffer);
                let line = answer.unwrap_or_else(|error| {
                    let line = self.fail(name, &error.to_string());
                    if line.output.is_some() && error.is_of_input() {
                        self.remove_earlier(name);
                    }
                    line
                });
                // Of a new secret the report says where it is, for those who read it.
                if self.operation == Operation::GenerateSecret {
                    input.file = Some(self.place(name));
                }
                let [issuer, account] = &self.names;
                let names = [input.issuer.or_else(|| issuer.clone()), input.account.or_else(|| account.clone())];
                ReportLine { names, ..line }
            }
            (Some(name), Some(wrong)) => self.fail(name, &wrong),
            (None, Some(description)) => {
                ReportLine { status: Some(Status::Error), description, ..ReportLine::default() }
            }
            (None, None) => ReportLine::skipped(None, None, "skipped: the manifest has a status other than 1"),
        };
        ReportLine { input: input.file.unwrap_or_default(), ..line }
    }

    fn answer(
        &self,
        input: &BatchInput,
        name: &Name,
        buffer: &mut Zeroizing<Vec<u8>>,
    ) -> Result<ReportLine, OutputError> {
        let (output, place) = (name.result(self.ending()), self.place(name));
        if let Some(line) = self.left(name, &output, &place)? {
            return Ok(line);
        }
        let reply = self.respond(input, &place, buffer)?;
        let description = match reply.status {
            Status::Success => String::new(),
            Status::Mismatch => INCORRECT.to_owned(),
            Status::Error => {
                return Err(OutputError::Answer(reply.cause.map_or_else(String::new, |cause| cause.to_string())));
            }
        };
        // That an empty file is replaced loses nothing.
        let replace = self.existing == Existing::Replace
            || self.existing == Existing::Skip && Present::at(&place, self.operation) == Present::Empty;
        match self.run_folder.put(&place, &reply.body.drawn_as(self.format), replace) {
            Ok(()) => {
                self.remove_error(name);
                Ok(ReportLine {
                    status: Some(reply.status),
                    output: Some(output),
                    description,
                    ..ReportLine::default()
                })
            }
            // Another run may have been quicker.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                self.left(name, &output, &place)?.ok_or(OutputError::Exists)
            }
            Err(error) => Err(OutputError::Write(error)),
        }
    }

    /// Says of an input that there can be no answer to it.
    fn fail(&self, name: &Name, description: &str) -> ReportLine {
        let output = name.error();
        let (output, description) = match self.put_error(&self.output_dir.join(&output), description) {
            Ok(()) => (Some(output), description.to_owned()),
            Err(error) => (None, format!("{description}; {}", OutputError::Write(error))),
        };
        ReportLine { status: Some(Status::Error), output, description, ..ReportLine::default() }
    }

    /// Writes the document that says what was wrong, in place of an older one but of nothing else.
    fn put_error(&self, place: &Path, description: &str) -> io::Result<()> {
        let document = Reply::error(description).body.into_bytes();
        match self.run_folder.put(place, &document, false) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && is_error_document(place) => {
                self.run_folder.put(place, &document, true)
            }
            result => result,
        }
    }

    /// Where the result for a name goes.
    fn place(&self, name: &Name) -> PathBuf {
        self.output_dir.join(name.result(self.ending()))
    }

    /// How the names of the results end.
    fn ending(&self) -> &'static str {
        if self.operation.outputs_symbol() { self.format.ending() } else { "xml" }
    }

    /// The answer where an output is left as it is, if there is one and it is.
    fn left(&self, name: &Name, output: &Path, place: &Path) -> Result<Option<ReportLine>, OutputError> {
        if self.existing != Existing::Skip {
            return Ok(None);
        }
        match Present::at(place, self.operation) {
            Present::Nothing | Present::Empty => Ok(None),
            Present::Other => Err(OutputError::NoOutput),
            Present::Output(status) => {
                self.remove_error(name);
                Ok(Some(ReportLine::skipped(Some(status), Some(output.into()), "skipped: the output exists")))
            }
        }
    }

    fn respond(&self, input: &BatchInput, place: &Path, buffer: &mut Zeroizing<Vec<u8>>) -> Result<Reply, OutputError> {
        if self.existing == Existing::Replace && place.exists() {
            let name = canonical_name(place);
            if self.read.contains(&name) || input.file.as_deref().is_some_and(|input| canonical_name(input) == name) {
                return Err(OutputError::IsRead);
            }
            // A secret may also be an input that has not been read yet.
            let replaceable =
                if self.operation.outputs_secret() { Replaceable::Everything } else { Replaceable::AllButSecrets };
            replaceable.check(place).map_err(OutputError::Kept)?;
        }
        // A password would be used up for an answer that has no place.
        if self.existing == Existing::Refuse && self.session.remembers() && place.exists() {
            return Err(OutputError::Exists);
        }
        buffer.clear();
        if let (Some(file), Some(kind)) = (&input.file, self.operation.input()) {
            read(file, kind.max_bytes() + 1, buffer)?;
        }
        let [issuer, account] = [&input.issuer, &input.account].map(|name| name.as_deref().map(str::as_bytes));
        Ok(self.session.respond(self.operation, Names { issuer, account }, buffer))
    }

    /// A result that an answer would have replaced is none of this input: the next run would take it for one.
    fn remove_earlier(&self, name: &Name) {
        let place = self.place(name);
        if self.existing == Existing::Replace && !self.operation.outputs_secret() && place.is_file() {
            let _ = fs::remove_file(place);
        }
    }

    /// What was wrong in an earlier run is no longer.
    fn remove_error(&self, name: &Name) {
        // There was no earlier run. To look for each costs as much as all that is not the file system's.
        if self.run_folder.is_first {
            return;
        }
        let place = self.output_dir.join(name.error());
        // Most often there is none; and where it stays, the result beside it is right all the same.
        if is_error_document(&place) {
            let _ = fs::remove_file(place);
        }
    }
}

/// A buffer for any document.
pub fn buffer() -> Zeroizing<Vec<u8>> {
    Zeroizing::new(Vec::with_capacity(MAX_DOCUMENT_BYTES + 1))
}

/// Reads a file, but at most so many bytes of it.
fn read(input: &Path, enough: usize, buffer: &mut Zeroizing<Vec<u8>>) -> Result<(), OutputError> {
    let file = system::open(input).map_err(OutputError::Read)?;
    let metadata = file.metadata().map_err(OutputError::Read)?;
    if !metadata.is_file() {
        return Err(OutputError::Kind);
    }
    // A buffer that grew by itself would leave a copy behind; a picture may need a larger one.
    let length = usize::try_from(metadata.len()).unwrap_or(enough).min(enough);
    if length > buffer.capacity() {
        *buffer = Zeroizing::new(Vec::with_capacity(length));
    }
    let enough = enough.min(buffer.capacity());
    file.take(enough as u64).read_to_end(buffer).map_err(OutputError::Read)?;
    Ok(())
}
