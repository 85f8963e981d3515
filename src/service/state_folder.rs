//! Where the state of a service is kept where nobody says (contract 10.1).

use std::env;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::state::Location;
use crate::wording::reason;

const FILE: &str = "state.db";
const PROGRAM: &str = env!("CARGO_PKG_NAME");

/// Why there is no place for the state.
#[derive(Debug, Error)]
pub enum StateFolderError {
    /// The environment names none.
    #[error(
        "no place for the state: expected --state, or one of STATE_DIRECTORY, XDG_STATE_HOME and HOME in the environment"
    )]
    Unknown,
    /// The folder cannot be made.
    #[error("no place for the state: cannot make its folder: {}", reason(.0))]
    Folder(#[from] io::Error),
}

/// The state that is named, or the one in the folder that the system names or people use; the folder is created.
///
/// # Errors
///
/// [`StateFolderError`] where there is none.
pub fn location(named: Option<&Location>) -> Result<Location, StateFolderError> {
    if let Some(named) = named {
        return Ok(named.clone());
    }
    let folder = folder(|name| env::var_os(name)).ok_or(StateFolderError::Unknown)?;
    make(&folder)?;
    Ok(Location::Sqlite(folder.join(FILE)))
}

/// The folder by the environment: of systemd (systemd.exec(5), `StateDirectory=`; of several the first one), of the XDG Base
/// Directory Specification, whose relative paths do not count, or of the home.
fn folder(variable: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    let path = |name| variable(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let of_system = variable("STATE_DIRECTORY").and_then(|value| env::split_paths(&value).next());
    let of_xdg = path("XDG_STATE_HOME").filter(|path| path.is_absolute()).map(|path| path.join(PROGRAM));
    let of_windows = || path("LOCALAPPDATA").filter(|_| cfg!(windows)).map(|path| path.join(PROGRAM));
    let of_home = || path("HOME").map(|home| home.join(".local/state").join(PROGRAM));
    of_system.filter(|path| !path.as_os_str().is_empty()).or(of_xdg).or_else(of_windows).or_else(of_home)
}

#[cfg(unix)]
fn make(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

#[cfg(not(unix))]
fn make(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    // contract 10.1c
    #[test]
    fn folders_by_the_environment() {
        let folder = |variables: &[(&str, &str)]| {
            let value =
                |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).into());
            folder(value).map(|path| path.to_str().unwrap().to_owned())
        };
        let (home, xdg, system) = (("HOME", "/h"), ("XDG_STATE_HOME", "/x"), ("STATE_DIRECTORY", "/var/lib/t:/other"));
        assert_eq!(folder(&[home, xdg, system]).as_deref(), Some("/var/lib/t"));
        assert_eq!(folder(&[home, xdg]).as_deref(), Some("/x/totp-adapter"));
        assert_eq!(folder(&[home, ("XDG_STATE_HOME", "relative")]).as_deref(), Some("/h/.local/state/totp-adapter"));
        assert_eq!(
            folder(&[home, ("XDG_STATE_HOME", ""), ("STATE_DIRECTORY", "")]).as_deref(),
            Some("/h/.local/state/totp-adapter")
        );
        assert_eq!(folder(&[]), None);
    }
}
