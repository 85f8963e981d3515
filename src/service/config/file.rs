//! The files and folders that a configuration names: read to a limit, never waited for. It does not know what is in them.

use std::fs;
use std::io::{self, Read};
use std::path::Path;

use thiserror::Error;
use zeroize::Zeroizing;

use crate::system;
use crate::wording::reason;

/// Why a file is of no use, as the end of a sentence: "cannot be read: …".
#[derive(Debug, Error)]
pub(super) enum FileError {
    /// The system refuses it.
    #[error("{}", reason(.0))]
    System(#[from] io::Error),
    /// It is a folder.
    #[error("it is a folder")]
    Folder,
    /// It is a pipe, a socket or a device: whoever opens it may wait for ever.
    #[error("it is a pipe, a socket or a device")]
    Special,
    /// It has nothing in it.
    #[error("it is empty")]
    Empty,
    /// It goes on beyond the limit.
    #[error("expected at most {max} bytes")]
    TooLarge { max: usize },
}

/// Reads a regular file with something in it.
pub(super) fn read(file: &Path, max: usize) -> Result<Zeroizing<Vec<u8>>, FileError> {
    let bytes = read_any(file, max)?;
    if bytes.is_empty() { Err(FileError::Empty) } else { Ok(bytes) }
}

/// The same, with the reason in words.
pub(in crate::service) fn read_or_say(file: &Path, max: usize) -> Result<Zeroizing<Vec<u8>>, String> {
    read(file, max).map_err(|error| error.to_string())
}

/// Reads a regular file, which may be empty.
pub(super) fn read_any(file: &Path, max: usize) -> Result<Zeroizing<Vec<u8>>, FileError> {
    // Before it is opened: Windows refuses folders, and Unix sockets, with words that do not help.
    check_regular(file)?;
    // It does not grow: a copy of a secret would be left behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(max + 1));
    // Where a named pipe has taken its place meanwhile, nobody waits for it.
    system::open(file)?.take(max as u64 + 1).read_to_end(&mut bytes)?;
    if bytes.len() > max { Err(FileError::TooLarge { max }) } else { Ok(bytes) }
}

fn check_regular(file: &Path) -> Result<(), FileError> {
    let metadata = fs::metadata(file)?;
    if metadata.is_dir() {
        return Err(FileError::Folder);
    }
    if metadata.is_file() { Ok(()) } else { Err(FileError::Special) }
}

/// Looks whether a folder can be read.
pub(super) fn look_into(folder: &Path) -> Result<(), FileError> {
    fs::read_dir(folder).map(drop).map_err(FileError::System)
}

/// Looks whether a file can be started as a program.
#[cfg(unix)]
pub(super) fn check_executable(file: &Path) -> Result<(), FileError> {
    use rustix::fs::{Access, access};
    check_regular(file)?;
    access(file, Access::EXEC_OK).map_err(|error| FileError::System(error.into()))
}

/// Windows knows programs by their names.
#[cfg(not(unix))]
pub(super) fn check_executable(file: &Path) -> Result<(), FileError> {
    check_regular(file)
}

/// Looks whether files can be made in a folder.
#[cfg(unix)]
pub(super) fn check_writable(folder: &Path) -> Result<(), FileError> {
    use rustix::fs::{Access, access};
    access(folder, Access::WRITE_OK | Access::EXEC_OK).map_err(|error| FileError::System(error.into()))
}

/// Windows has lists of rights instead of a mode; they are not looked at.
#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "elsewhere it can fail")]
pub(super) fn check_writable(_folder: &Path) -> Result<(), FileError> {
    Ok(())
}

/// Whether users beyond the file's owner and group can read or replace what is in it.
#[cfg(unix)]
pub(super) fn is_open_to_others(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    /// Others may read, others may write (POSIX, `S_IROTH` and `S_IWOTH`).
    const OTHERS: u32 = 0o006;
    fs::metadata(file).is_ok_and(|metadata| metadata.permissions().mode() & OTHERS != 0)
}

/// Windows has lists of rights instead of a mode; they are not looked at.
#[cfg(not(unix))]
pub(super) fn is_open_to_others(_file: &Path) -> bool {
    false
}
