//! The files of one run, looked at before anything is done with them: none may be both read and replaced.

use std::io;
use std::path::{Path, PathBuf};

use super::fault::Fault;
use super::input::{Source, is_stdin};
use super::output::Destination;
use crate::cli::Files;

/// Where a run reads and writes.
#[derive(Debug)]
pub struct Places {
    /// Where the document comes from.
    pub input: Source,
    /// Where the answer goes.
    pub output: Destination,
}

impl Places {
    /// Resolves the names.
    pub fn of(files: &Files) -> Result<Self, Fault> {
        let input = Source::of(files.input.as_deref());
        let output = Destination::of(files.output.as_deref(), OUTPUT)?;
        distinct(("--output", output.file()), &read(files))?;
        Ok(Self { input, output })
    }
}

/// Where the status goes, if anywhere. That of an earlier run is removed, so that nobody takes it for this one's
/// (contract 5.12); nothing else on the command line has to be right for that.
pub fn begin_status(files: &Files) -> Result<Option<Destination>, Fault> {
    let Some(name) = &files.status_file else { return Ok(None) };
    let status = Destination::of(Some(name), STATUS_FILE)?;
    // An output that cannot be resolved is no file that could be lost; that it cannot is told later.
    let output = Destination::of(files.output.as_deref(), OUTPUT).ok();
    if status == Destination::Stdout || status.file().is_some_and(|file| is_open_as(io::stdout(), file)) {
        return Err(Fault::SameFile { first: "--status-file", second: "standard output" });
    }
    distinct(("--status-file", status.file()), &read(files))?;
    distinct(("--status-file", status.file()), &[("--output", output.as_ref().and_then(Destination::file))])?;
    let Some(file) = status.file() else { return Ok(Some(status)) };
    match std::fs::remove_file(file) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(Fault::Write { what: STATUS_FILE, file: Some(file.to_owned()), error })
        }
        Ok(()) | Err(_) => Ok(Some(status)),
    }
}

/// What the output is called in messages.
pub const OUTPUT: &str = "an output that can be written";
/// What an output that is a file is called in messages: it is the folder that must allow it.
pub const OUTPUT_IN_FOLDER: &str = "an output file that can be created and renamed in its folder";
/// What the status file is called in messages.
pub const STATUS_FILE: &str = "a status file that can be written";

type Named<'a> = (&'static str, Option<&'a Path>);

/// What is read.
fn read(files: &Files) -> [Named<'_>; 2] {
    let input = files.input.as_deref().filter(|file| !is_stdin(file));
    let parameters = files.parameters.as_deref().filter(|file| !is_stdin(file));
    [("--input", input), ("--parameters", parameters)]
}

/// Refuses a file that is written and also read, by its name or as standard input, or written otherwise.
fn distinct((first, written): Named<'_>, others: &[Named<'_>]) -> Result<(), Fault> {
    let Some(written) = written else { return Ok(()) };
    for (second, other) in others {
        match other {
            Some(other) if identity(other) == identity(written) => return Err(Fault::SameFile { first, second }),
            None if *second == "--input" && is_open_as(io::stdin(), written) => {
                return Err(Fault::SameFile { first, second: "standard input" });
            }
            Some(_) | None => {}
        }
    }
    Ok(())
}

/// Whether a standard stream is this very file, as after `< FILE` in a shell.
#[cfg(unix)]
fn is_open_as(stream: impl std::os::fd::AsFd, file: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let open = stream.as_fd().try_clone_to_owned().and_then(|open| std::fs::File::from(open).metadata());
    match (open, std::fs::metadata(file)) {
        (Ok(open), Ok(named)) => open.is_file() && (open.dev(), open.ino()) == (named.dev(), named.ino()),
        (Err(_), _) | (_, Err(_)) => false,
    }
}

/// Windows does not replace or remove a file that is open.
#[cfg(windows)]
fn is_open_as<S>(_: S, _: &Path) -> bool {
    false
}

/// The one name of a file, whether it exists or not.
fn identity(file: &Path) -> PathBuf {
    let of_missing = || {
        let folder = file.parent().filter(|folder| *folder != Path::new("")).unwrap_or(Path::new("."));
        Some(folder.canonicalize().ok()?.join(file.file_name()?))
    };
    file.canonicalize().ok().or_else(of_missing).unwrap_or_else(|| file.to_owned())
}
