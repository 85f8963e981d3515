//! Files that appear whole or not at all, of mode 0600: written beside their place, then moved there.
//!
//! On Linux the file has no name while it is written, so that not even a process that is killed leaves one behind.
//! Elsewhere, and on file systems that cannot do this, it has a temporary name.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use tempfile::{NamedTempFile, TempPath};

/// How temporary names begin.
const PREFIX: &str = ".totp-adapter-";

/// Writes a file, in place of an older one if there is one.
pub fn replace(file: &Path, bytes: &[u8]) -> io::Result<()> {
    let temporary = match unnamed(folder(file), bytes)? {
        // The moment between these two names is the only one in which a temporary name exists.
        Some(unnamed) => {
            tempfile::Builder::new().prefix(PREFIX).make_in(folder(file), |name| link(&unnamed, name))?.into_temp_path()
        }
        None => named(folder(file), bytes)?,
    };
    temporary.persist(file).map_err(|error| error.error)
}

/// Writes a file that does not exist yet; if it does, that is an error of the kind `AlreadyExists`.
pub fn create(file: &Path, bytes: &[u8]) -> io::Result<()> {
    match unnamed(folder(file), bytes)? {
        Some(unnamed) => link(&unnamed, file),
        None => named(folder(file), bytes)?.persist_noclobber(file).map_err(|error| error.error),
    }
}

/// The folder that a file is in.
pub fn folder(file: &Path) -> &Path {
    match file.parent() {
        Some(folder) if folder != Path::new("") => folder,
        Some(_) | None => Path::new("."),
    }
}

/// A file with a temporary name, which vanishes where it does not become another.
fn named(folder: &Path, bytes: &[u8]) -> io::Result<TempPath> {
    let temporary: NamedTempFile = tempfile::Builder::new().prefix(PREFIX).tempfile_in(folder)?;
    fill(temporary.as_file(), bytes)?;
    Ok(temporary.into_temp_path())
}

/// Writes the bytes and waits until they are safe on the disk, as far as the file system can tell.
fn fill(mut file: &File, bytes: &[u8]) -> io::Result<()> {
    file.write_all(bytes)?;
    match file.sync_all() {
        Err(error) if !matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported) => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// A file without a name, if the file system has such files and [`link`] can name them.
#[cfg(target_os = "linux")]
fn unnamed(folder: &Path, bytes: &[u8]) -> io::Result<Option<File>> {
    use rustix::fs::{Mode, OFlags, open};
    if !Path::new("/proc/self/fd").exists() {
        return Ok(None);
    }
    let flags = OFlags::TMPFILE | OFlags::WRONLY | OFlags::CLOEXEC;
    // Any fault of the folder is found, and told, where the file with a name is made.
    let Ok(file) = open(folder, flags, Mode::RUSR | Mode::WUSR) else { return Ok(None) };
    let file = File::from(file);
    fill(&file, bytes)?;
    Ok(Some(file))
}

/// Gives a file without a name this one, unless it is taken (open(2), `O_TMPFILE`).
#[cfg(target_os = "linux")]
fn link(unnamed: &File, name: &Path) -> io::Result<()> {
    use rustix::fs::{AtFlags, CWD, linkat};
    use std::os::fd::AsRawFd;
    let descriptor = format!("/proc/self/fd/{}", unnamed.as_raw_fd());
    Ok(linkat(CWD, descriptor, CWD, name, AtFlags::SYMLINK_FOLLOW)?)
}

/// Only Linux has files without a name.
#[cfg(not(target_os = "linux"))]
#[allow(clippy::unnecessary_wraps, reason = "the signature is its Linux twin's")]
fn unnamed(_: &Path, _: &[u8]) -> io::Result<Option<File>> {
    Ok(None)
}

#[cfg(not(target_os = "linux"))]
fn link(_: &File, _: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}
