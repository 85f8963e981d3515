//! Files that appear whole or not at all, of mode 0600: written beside their place, then moved there.
//!
//! On Linux the file has no name while it is written, so that not even a process that is killed leaves one behind.
//! Elsewhere, and on file systems that cannot do this, it has a temporary name.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tempfile::{NamedTempFile, PathPersistError, TempPath};

/// How temporary names begin.
pub const PREFIX: &str = ".totp-adapter-";

/// Writes a file that does not exist yet; if it does, that is an error of the kind `AlreadyExists`.
pub fn create(file: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut unfinished = Unfinished::new(file)?;
    unfinished.write_all(bytes)?;
    unfinished.finish(false)
}

/// Moves a file to its place; what is there is replaced, or is an error of the kind `AlreadyExists`.
pub fn move_to(place: &Path, temporary: TempPath, replace: bool) -> Result<(), PathPersistError> {
    if replace { temporary.persist(place) } else { temporary.persist_noclobber(place) }
}

/// The folder that a file is in.
#[must_use]
pub fn folder(file: &Path) -> &Path {
    match file.parent() {
        Some(folder) if folder != Path::new("") => folder,
        Some(_) | None => Path::new("."),
    }
}

/// A file that is not yet where it belongs, and vanishes where it never gets there.
#[derive(Debug)]
pub struct Unfinished {
    place: PathBuf,
    file: TemporaryFile,
}

#[derive(Debug)]
enum TemporaryFile {
    /// A file without a name.
    Unnamed(File),
    /// A file with a temporary one.
    Named(NamedTempFile),
}

impl Unfinished {
    /// Begins a file for this place.
    pub fn new(place: &Path) -> io::Result<Self> {
        let file = match unnamed(folder(place)) {
            Some(file) => TemporaryFile::Unnamed(file),
            None => TemporaryFile::Named(tempfile::Builder::new().prefix(PREFIX).tempfile_in(folder(place))?),
        };
        Ok(Self { place: place.to_owned(), file })
    }

    /// Puts a file in its place; what is there is replaced, or is an error of the kind `AlreadyExists`.
    pub fn finish(self, replace: bool) -> io::Result<()> {
        self.sync()?;
        let temporary = match self.file {
            TemporaryFile::Unnamed(file) if !replace => return link(&file, &self.place),
            // The moment between these two names is the only one in which a temporary name exists.
            TemporaryFile::Unnamed(file) => {
                let named =
                    tempfile::Builder::new().prefix(PREFIX).make_in(folder(&self.place), |name| link(&file, name));
                named?.into_temp_path()
            }
            TemporaryFile::Named(file) => file.into_temp_path(),
        };
        Ok(move_to(&self.place, temporary, replace)?)
    }

    /// Waits until the bytes are safe on the disk, as far as the file system can tell.
    fn sync(&self) -> io::Result<()> {
        let file = match &self.file {
            TemporaryFile::Unnamed(file) => file,
            TemporaryFile::Named(file) => file.as_file(),
        };
        match file.sync_all() {
            Err(error) if !matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported) => {
                Err(error)
            }
            Ok(()) | Err(_) => Ok(()),
        }
    }
}

impl Write for Unfinished {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.file {
            TemporaryFile::Unnamed(file) => file.write(bytes),
            TemporaryFile::Named(file) => file.as_file_mut().write(bytes),
        }
    }

    /// Nothing is kept.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A file without a name, if the file system has such files and [`link`] can name them.
#[cfg(target_os = "linux")]
fn unnamed(folder: &Path) -> Option<File> {
    use rustix::fs::{Mode, OFlags, open};
    if !Path::new("/proc/self/fd").exists() {
        return None;
    }
    let flags = OFlags::TMPFILE | OFlags::WRONLY | OFlags::CLOEXEC;
    // Any fault of the folder is found, and told, where the file with a name is made.
    open(folder, flags, Mode::RUSR | Mode::WUSR).ok().map(File::from)
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
fn unnamed(_: &Path) -> Option<File> {
    None
}

#[cfg(not(target_os = "linux"))]
fn link(_: &File, _: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}
