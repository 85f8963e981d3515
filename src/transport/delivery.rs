//! The way out of a run with one answer: the status file, where the answer arrived, the exit code and the one line on stderr
//! (contract 5.2, 5.4, 5.5, 5.9, 5.12). It does not know how the answer was made.

use std::fmt;
use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};

use super::error::RunError;
use super::files::{Destination, Replaceable, Source, WriteError, canonical_name, is_open_as, not_read, stdout};
use super::terminal;
use crate::cli::{DrawingArguments, Files};
use totp_adapter::exit_codes::ExitCodes;
use totp_adapter::reply::{Body, Cause, Reply};
use totp_adapter::status::Status;
use totp_adapter::stderr::tell;
use totp_adapter::symbol_format::SymbolFormat;
use totp_adapter::whole_file::folder;

/// What the output is called in messages.
const OUTPUT: &str = "the output";
/// What an output that is a file is called in messages: it is the folder that must allow it.
const OUTPUT_IN_FOLDER: &str = "the output into its folder";
/// What standard output is called in messages.
pub const STANDARD_OUTPUT: &str = "standard output";
/// What the status file is called in messages.
const STATUS_FILE: &str = "the status file";

/// Where the status goes.
pub enum StatusFile {
    /// Nowhere.
    Unwanted,
    /// There, called as on the command line; that of an earlier run is gone.
    Cleared(PathBuf, Destination),
    /// That of an earlier run may still be there: the exit code must not say that all was written.
    Stale,
}

/// Where a run reads and writes.
#[derive(Debug)]
pub struct Places<'a> {
    /// Where the document comes from.
    pub input: Source,
    /// Where the answer goes.
    output: Destination,
    /// What that is called on the command line, if anything.
    name: Option<&'a Path>,
}

/// What became of an answer.
pub struct Delivery {
    status: Status,
    cause: Option<Cause>,
    /// Whether the answer came whole to where it was asked for, as far as there was such a place.
    written: bool,
}

/// Begins a run: the old status is removed first, and the new one is left last, whatever else is wrong in between; then come
/// the places of the run.
pub fn begin<'a>(files: &'a Files, read: &[(&'static str, PathBuf)]) -> (StatusFile, Result<Places<'a>, RunError>) {
    match StatusFile::begin(files, read) {
        Ok(begun) => (begun, Places::of(files, read)),
        Err(error) => (StatusFile::Stale, Err(error)),
    }
}

/// Answers where a run of any kind cannot even begin and gives the exit code.
#[must_use]
pub fn refuse_run(error: RunError, exit_codes: ExitCodes) -> i32 {
    Delivery::instead(error).exit_code(exit_codes)
}

/// Tells on stderr why a status is not 1.
pub fn tell_status(status: Status, cause: impl fmt::Display) {
    tell(&format!("status {status}: {cause}"));
}

impl StatusFile {
    /// Removes the status of an earlier run, so that nobody takes it for this one's; nothing else on the command line has to
    /// be right for that.
    fn begin(files: &Files, read: &[(&'static str, PathBuf)]) -> Result<Self, RunError> {
        let Some(name) = &files.status_file else { return Ok(Self::Unwanted) };
        let status = Destination::of(Some(name), STATUS_FILE)?;
        // An output that cannot be resolved is no file that could be lost; that it cannot is told later.
        let output = Destination::of(files.output.as_deref(), OUTPUT).ok();
        if status == Destination::Stdout || status.file().is_some_and(|file| is_open_as(stdout(), file)) {
            return Err(RunError::SameFile { first: "--status-file", second: "standard output" });
        }
        if let (Some(file), Some(output)) = (status.file(), output.as_ref().and_then(Destination::file))
            && canonical_name(file) == canonical_name(output)
        {
            return Err(RunError::SameFile { first: "--status-file", second: "--output" });
        }
        not_read("--status-file", status.written_file(), files, read)?;
        let Some(file) = status.file() else { return Ok(Self::Cleared(name.clone(), status)) };
        // Before anything is made whose status could then not be told.
        if !folder(file).is_dir() {
            return Err(unwritten_status(name, io::Error::from(io::ErrorKind::NotFound).into()));
        }
        Replaceable::AllButSecrets.check(file).map_err(|kept| unwritten_status(name, kept.into()))?;
        match std::fs::remove_file(file) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(unwritten_status(name, error.into())),
            Ok(()) | Err(_) => Ok(Self::Cleared(name.clone(), status)),
        }
    }

    /// Leaves the status in its file, tells it on stderr where it is not 1, and gives the exit code.
    pub fn end(self, delivery: Delivery, exit_codes: ExitCodes) -> i32 {
        let delivery = match self {
            Self::Unwanted => delivery,
            Self::Stale => Delivery { written: false, ..delivery },
            Self::Cleared(name, file) => {
                let status = format!("{}\n", delivery.status());
                // Whatever came there since the beginning, an answer is not worth a secret.
                match file.write_over(status.as_bytes(), Replaceable::AllButSecrets) {
                    Ok(()) => delivery,
                    Err(error) => delivery.failed(&unwritten_status(&name, error)),
                }
            }
        };
        delivery.exit_code(exit_codes)
    }
}

fn unwritten_status(name: &Path, error: WriteError) -> RunError {
    let error = match error {
        WriteError::Kept(kept) => RunError::StatusFileKept(kept),
        WriteError::System(error) => RunError::Write { what: STATUS_FILE, error },
    };
    error.about(Some(name))
}

impl<'a> Places<'a> {
    fn of(files: &'a Files, read: &[(&'static str, PathBuf)]) -> Result<Self, RunError> {
        let input = Source::of(files.input.as_deref());
        let output = Destination::of(files.output.as_deref(), OUTPUT)?;
        not_read("--output", output.written_file(), files, read)?;
        Ok(Self { input, output, name: files.output.as_deref() })
    }

    /// Checks that the output may be replaced, if it is a file. Not only when it is written: nobody should have to type a
    /// document, and nothing should be sent, in vain.
    pub fn check(&self, replaceable: Replaceable) -> Result<(), RunError> {
        let checked = self.output.file().map_or(Ok(()), |file| replaceable.check(file));
        checked.map_err(|kept| self.unwritten(kept.into()))
    }

    /// Puts an answer where it belongs, replacing a file only where that is right.
    pub fn deliver(&self, reply: Reply, drawing: DrawingArguments, replaceable: Replaceable) -> Delivery {
        let Reply { status, body, cause } = reply;
        let delivery = Delivery { status, cause, written: true };
        let terminal = self.output == Destination::Stdout && stdout().is_terminal();
        // The line on stderr says it already (contract 5.9).
        if terminal && status != Status::Success {
            return delivery;
        }
        let format = drawing.format.unwrap_or_default();
        // Other bytes come to a terminal only where they are asked for (contract 5.9).
        let is_for_terminal = matches!(drawing.format, None | Some(SymbolFormat::Terminal));
        let drawn = terminal && self.name.is_none() && !drawing.base64 && is_for_terminal;
        let document = match body {
            Body::Symbol(symbol) if drawn => match terminal::draw(&symbol) {
                Ok(drawing) => drawing,
                Err(error) => return Delivery { written: true, ..delivery.failed(&error) },
            },
            body if drawing.base64 => body.into_line(format),
            body => body.drawn_as(format),
        };
        let replaceable = match status {
            Status::Success | Status::Mismatch => replaceable,
            Status::Error => replaceable.by_error(),
        };
        let Err(error) = self.output.write_over(&document, replaceable) else { return delivery };
        let error = self.unwritten(error);
        let delivery = delivery.failed(&error);
        if self.output != Destination::Stdout {
            Delivery::instead(error);
        }
        delivery
    }

    /// Why the answer could not be written; the file is called as it was on the command line.
    fn unwritten(&self, error: WriteError) -> RunError {
        let (what, file) = match self.output {
            Destination::File(_) => (OUTPUT_IN_FOLDER, self.name),
            Destination::Special(_) => (OUTPUT, self.name),
            Destination::Stdout => (STANDARD_OUTPUT, None),
        };
        let error = match error {
            WriteError::Kept(kept) => RunError::OutputKept(kept),
            WriteError::System(error) => RunError::Write { what, error },
        };
        error.about(file)
    }
}

impl Delivery {
    /// Tells on standard output that the answer did not come to the output that was asked for.
    pub fn instead(error: RunError) -> Self {
        Self { written: false, ..Self::refuse(error.into()) }
    }

    /// Puts an answer on standard output because there is no right place for it; a terminal gets the line on stderr only.
    pub fn refuse(reply: Reply) -> Self {
        let Reply { status, body, cause } = reply;
        let delivery = Self { status, cause, written: true };
        if stdout().is_terminal() {
            return delivery;
        }
        match Destination::Stdout.write(&body.into_bytes()) {
            Ok(()) => delivery,
            Err(error) => delivery.failed(&RunError::Write { what: STANDARD_OUTPUT, error }),
        }
    }

    /// The same where something could not be written, for this reason too.
    fn failed(self, error: &RunError) -> Self {
        let further = error.cause();
        let cause = self.cause.map_or_else(|| further.clone(), |cause| format!("{cause}; {further}"));
        Self { status: Status::Error, cause: Some(Cause::Words(cause)), written: false }
    }

    /// The status of the answer, as long as the answer arrived.
    fn status(&self) -> Status {
        if self.written { self.status } else { Status::Error }
    }

    /// Tells the status on stderr where it is not 1, and as the exit code.
    fn exit_code(self, exit_codes: ExitCodes) -> i32 {
        let status = self.status();
        if let Some(cause) = self.cause {
            tell_status(status, cause);
        }
        if self.written { exit_codes.written(status) } else { exit_codes.not_written() }
    }
}
