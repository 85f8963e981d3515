//! The files of one run, looked at before anything is done with them: none may be both read and replaced.

use std::io;
use std::path::{Component, Path, PathBuf};

use super::descriptor::{stdin, stdout};
use super::existing::Replaceable;
use super::fault::Fault;
use super::input::Source;
use super::output::Destination;
use super::whole_file::folder;
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
    pub fn of(files: &Files, read: &[(&'static str, PathBuf)]) -> Result<Self, Fault> {
        let input = Source::of(files.input.as_deref());
        let output = Destination::of(files.output.as_deref(), OUTPUT)?;
        not_read("--output", output.written_file(), files, read)?;
        Ok(Self { input, output })
    }
}

/// Where the status goes, if anywhere. That of an earlier run is removed, so that nobody takes it for this one's
/// (contract 5.12); nothing else on the command line has to be right for that.
pub fn begin_status(files: &Files, read: &[(&'static str, PathBuf)]) -> Result<Option<Destination>, Fault> {
    let Some(name) = &files.status_file else { return Ok(None) };
    let status = Destination::of(Some(name), STATUS_FILE)?;
    // An output that cannot be resolved is no file that could be lost; that it cannot is told later.
    let output = Destination::of(files.output.as_deref(), OUTPUT).ok();
    if status == Destination::Stdout || status.file().is_some_and(|file| is_open_as(stdout(), file)) {
        return Err(Fault::SameFile { first: "--status-file", second: "standard output" });
    }
    if let (Some(file), Some(output)) = (status.file(), output.as_ref().and_then(Destination::file))
        && canonical_name(file) == canonical_name(output)
    {
        return Err(Fault::SameFile { first: "--status-file", second: "--output" });
    }
    not_read("--status-file", status.written_file(), files, read)?;
    let Some(file) = status.file() else { return Ok(Some(status)) };
    let unwritable = |error| Fault::Write { what: STATUS_FILE, file: Some(name.clone()), error };
    // Before anything is made whose status could then not be told.
    if !folder(file).is_dir() {
        return Err(unwritable(io::ErrorKind::NotFound.into()));
    }
    let is_kept = |kept| Fault::StatusFileKept { file: name.clone(), kept };
    Replaceable::AllButSecrets.check(file).map_err(is_kept)?;
    match std::fs::remove_file(file) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(unwritable(error)),
        Ok(()) | Err(_) => Ok(Some(status)),
    }
}

/// What the output is called in messages.
pub const OUTPUT: &str = "the output";
/// What an output that is a file is called in messages: it is the folder that must allow it.
pub const OUTPUT_IN_FOLDER: &str = "the output into its folder";
/// What standard output is called in messages.
pub const STANDARD_OUTPUT: &str = "standard output";
/// What the status file is called in messages.
pub const STATUS_FILE: &str = "the status file";

/// Refuses a file that would be written where it is also read, by its name or as standard input.
fn not_read(
    option: &'static str,
    written: Option<&Path>,
    files: &Files,
    read: &[(&'static str, PathBuf)],
) -> Result<(), Fault> {
    let Some(written) = written else { return Ok(()) };
    let read = read.iter().map(|(option, file)| (*option, Source::of(Some(file))));
    for (other, source) in [("--input", Source::of(files.input.as_deref()))].into_iter().chain(read) {
        let second = match source {
            Source::File(file) if canonical_name(&file) == canonical_name(written) => other,
            Source::Stdin if is_open_as(stdin(), written) => "standard input",
            Source::File(_) | Source::Stdin => continue,
        };
        return Err(Fault::SameFile { first: option, second });
    }
    Ok(())
}

/// Whether a standard stream is this very file, as after `< FILE` in a shell.
#[cfg(unix)]
pub fn is_open_as(stream: impl std::os::fd::AsFd, file: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let open = super::descriptor::own(stream).and_then(|open| open.metadata());
    match (open, std::fs::metadata(file)) {
        (Ok(open), Ok(named)) => open.is_file() && (open.dev(), open.ino()) == (named.dev(), named.ino()),
        (Err(_), _) | (_, Err(_)) => false,
    }
}

/// Windows does not replace or remove a file that is open.
#[cfg(windows)]
pub fn is_open_as<S>(_: S, _: &Path) -> bool {
    false
}

/// The one name of a file or folder, whether it exists or not: absolute, without links and without `..`. A folder that is
/// missing is taken for one that will be made, so that `..` behind it leads back to the folder that it is in.
pub fn canonical_name(file: &Path) -> PathBuf {
    file.canonicalize().unwrap_or_else(|_| canonical_name_of_missing(file))
}

fn canonical_name_of_missing(file: &Path) -> PathBuf {
    let absolute = std::path::absolute(file).unwrap_or_else(|_| file.to_owned());
    let mut name = PathBuf::new();
    for part in absolute.components() {
        match part {
            Component::CurDir => {}
            // What is there has no links left, so that what is above it is its folder.
            Component::ParentDir => drop(name.pop()),
            Component::Prefix(_) | Component::RootDir | Component::Normal(_) => {
                name.push(part);
                name = name.canonicalize().unwrap_or(name);
            }
        }
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    // contract 6.1s
    #[cfg(unix)]
    #[test]
    fn one_name_of_what_is_missing() {
        let folder = tempfile::tempdir().unwrap();
        let real = folder.path().canonicalize().unwrap();
        std::fs::create_dir_all(real.join("in/deep")).unwrap();
        std::os::unix::fs::symlink("in/deep", real.join("link")).unwrap();
        for (name, expected) in [
            ("in/a", "in/a"),
            ("missing/../in", "in"),
            ("missing/./more/../../in/deep/..", "in"),
            ("link/../a", "in/a"),
            ("missing/../link/a/b", "in/deep/a/b"),
            ("in/missing/a/..", "in/missing"),
        ] {
            assert_eq!(canonical_name(&folder.path().join(name)), real.join(expected), "{name}");
        }
        assert_eq!(canonical_name(Path::new("/missing/../..")), Path::new("/"));
    }
}
