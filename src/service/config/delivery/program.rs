//! Whether the system would find a program and start it, by the rules of execvp(3). It starts nothing.

use std::env;
use std::ffi::OsString;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::super::file::{self, FileError};

/// Where programs are looked for without `PATH` (confstr(3), `_CS_PATH`).
const USUAL_PATH: &str = "/bin:/usr/bin";

/// Looks for a program: under its whole name, else by a name alone in the folders of `PATH`, which may be relative to the
/// working folder.
pub(super) fn check(program: &Path, folder: &Path) -> Result<(), String> {
    check_by(program, folder, env::var_os("PATH"))
}

fn check_by(program: &Path, folder: &Path, path: Option<OsString>) -> Result<(), String> {
    if program.is_absolute() {
        return first_startable(files(program)).unwrap_or_else(|| Err("no such file or directory".to_owned()));
    }
    let path = path.unwrap_or_else(|| USUAL_PATH.into());
    let files = env::split_paths(&path).flat_map(|entry| files(&folder.join(entry).join(program)));
    first_startable(files).unwrap_or_else(|| Err("not found in the folders of PATH".to_owned()))
}

/// Whether one of these files can be started, else why the last one that is there cannot; none where none is there.
fn first_startable(files: impl IntoIterator<Item = PathBuf>) -> Option<Result<(), String>> {
    let mut refused = None;
    for file in files {
        match file::check_executable(&file) {
            Ok(()) => return Some(Ok(())),
            Err(FileError::System(error)) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            }
            Err(error) => refused = Some(Err(error.to_string())),
        }
    }
    refused
}

/// The files that a name means: on Windows also the one with the ending of programs.
fn files(program: &Path) -> impl Iterator<Item = PathBuf> + use<> {
    let with_ending = (cfg!(windows) && program.extension().is_none()).then(|| program.with_extension("exe"));
    with_ending.into_iter().chain([program.to_owned()])
}

#[cfg(all(test, unix))]
mod tests {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    // contract 13.2e
    #[test]
    fn programs_are_looked_for_as_the_system_does() {
        let root = tempfile::tempdir().unwrap();
        for (name, mode) in
            [("a/send", 0o644), ("b/send", 0o755), ("c/send/x", 0o755), ("send", 0o700), ("d/plain", 0o644)]
        {
            let file = root.path().join(name);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(&file, "").unwrap();
            fs::set_permissions(&file, Permissions::from_mode(mode)).unwrap();
        }
        let check = |program: &str, path: Option<&str>| {
            let path = path.map(|path| path.replace('@', root.path().to_str().unwrap()).into());
            check_by(Path::new(program), root.path(), path)
        };
        for path in ["@/b", "@/none:@/a:@/c:@/b", "b", "", "@/none:", "@/b/send:b"] {
            assert_eq!(check("send", Some(path)), Ok(()), "{path}");
        }
        let refused = |program: &str, path| check(program, path).unwrap_err();
        assert_eq!(refused("send", Some("@/a:@/none")), "permission denied");
        assert_eq!(refused("send", Some("@/c")), "it is a folder");
        for path in ["@/none", "@/d", "@/b/send"] {
            assert_eq!(refused("send", Some(path)), "not found in the folders of PATH", "{path}");
        }
        assert_eq!(check("sh", None), Ok(()));
        let whole = |name: &str| check(root.path().join(name).to_str().unwrap(), Some("@/b"));
        assert_eq!(whole("b/send"), Ok(()));
        assert_eq!(whole("a/send").unwrap_err(), "permission denied");
        assert_eq!(whole("missing").unwrap_err(), "no such file or directory");
        assert_eq!(whole("b/send/more").unwrap_err(), "no such file or directory");
        assert_eq!(whole("a").unwrap_err(), "it is a folder");
    }
}
