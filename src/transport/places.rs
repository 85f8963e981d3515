//! The files of one run, looked at before anything is done with them: none may be both read and replaced.

use std::io;
use std::path::{Path, PathBuf};

use super::fault::Fault;
use super::input::Source;
use super::output::Destination;
use crate::cli::Files;

/// Where a run reads and writes.
#[derive(Debug)]
pub struct Places {
    /// Where the document comes from.
    pub input: Source,
    /// Where the answer goes.
    pub output: Destination,
    /// Where the status goes, if anywhere.
    pub status: Option<Destination>,
}

impl Places {
    /// Resolves the names.
    pub fn of(files: &Files) -> Result<Self, Fault> {
        let input = Source::of(files.input.as_deref());
        let output = Destination::of(files.output.as_deref(), OUTPUT)?;
        let status = match &files.status_file {
            Some(file) => Some(Destination::of(Some(file), STATUS_FILE)?),
            None => None,
        };
        let parameters = Source::of(files.parameters.as_deref());
        let status_file = status.as_ref().and_then(Destination::file);
        distinct(
            &[("--input", input.file()), ("--parameters", parameters.file())],
            &[("--output", output.file()), ("--status-file", status_file)],
        )?;
        Ok(Self { input, output, status })
    }

    /// Removes the status of an earlier run, so that nobody takes it for this one's (contract 5.12).
    pub fn remove_status(&self) -> Result<(), Fault> {
        let Some(file) = self.status.as_ref().and_then(Destination::file) else { return Ok(()) };
        match std::fs::remove_file(file) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(Fault::Write { what: STATUS_FILE, file: Some(file.to_owned()), error })
            }
            Ok(()) | Err(_) => Ok(()),
        }
    }
}

/// What the output is called in messages.
pub const OUTPUT: &str = "an output";
/// What the status file is called in messages.
pub const STATUS_FILE: &str = "a status file";

type Named<'a> = (&'static str, Option<&'a Path>);

/// Refuses a file that is written and also read or written otherwise.
fn distinct(read: &[Named<'_>], written: &[Named<'_>]) -> Result<(), Fault> {
    for (index, (first, written_file)) in written.iter().enumerate() {
        let Some(written_file) = written_file.map(identity) else { continue };
        for (second, other) in read.iter().chain(&written[index + 1..]) {
            if other.map(identity).is_some_and(|other| other == written_file) {
                return Err(Fault::SameFile { first, second });
            }
        }
    }
    Ok(())
}

/// The one name of a file, whether it exists or not.
fn identity(file: &Path) -> PathBuf {
    let of_missing = || {
        let folder = file.parent().filter(|folder| *folder != Path::new("")).unwrap_or(Path::new("."));
        Some(folder.canonicalize().ok()?.join(file.file_name()?))
    };
    file.canonicalize().ok().or_else(of_missing).unwrap_or_else(|| file.to_owned())
}
