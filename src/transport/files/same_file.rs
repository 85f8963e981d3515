//! Whether two names are one file, and so that none is both read and replaced. Nothing is done with the files.

use std::path::{Component, Path, PathBuf};

use super::{Source, stdin};
use crate::cli::Files;
use crate::transport::error::RunError;

/// Refuses a file that would be written where it is also read, by its name or as standard input.
pub fn not_read(
    option: &'static str,
    written: Option<&Path>,
    files: &Files,
    read: &[(&'static str, PathBuf)],
) -> Result<(), RunError> {
    let Some(written) = written else { return Ok(()) };
    let read = read.iter().map(|(option, file)| (*option, Source::of(Some(file))));
    for (other, source) in [("--input", Source::of(files.input.as_deref()))].into_iter().chain(read) {
        let second = match source {
            Source::File(file) if canonical_name(&file) == canonical_name(written) => other,
            Source::Stdin if is_open_as(stdin(), written) => "standard input",
            Source::File(_) | Source::Stdin => continue,
        };
        return Err(RunError::SameFile { first: option, second });
    }
    Ok(())
}

/// Whether a standard stream is this very file, as after `< FILE` in a shell.
#[cfg(unix)]
pub fn is_open_as(stream: impl std::os::fd::AsFd, file: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let open = super::standard::own(stream).and_then(|open| open.metadata());
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
