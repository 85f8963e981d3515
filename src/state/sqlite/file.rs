//! The file of a state: made for its owner alone, and watched while it is open. It is never read here: SQLite's locks end when
//! anybody in the process closes the file.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use crate::state::IfMissing;
use crate::state::location::log_of;
use crate::verification::MemoryError;

/// The file that is open: where somebody takes it away or puts another in its place, SQLite would go on writing to it, and all
/// of that would be forgotten with the process.
pub(super) struct OpenFile {
    path: PathBuf,
    identity: Identity,
    /// SQLite's log of changes beside it, where what was written last is.
    log: Option<Identity>,
}

#[cfg(unix)]
type Identity = (u64, u64);
/// When it was made.
#[cfg(not(unix))]
type Identity = Option<std::time::SystemTime>;

impl OpenFile {
    /// The file of this name, which is made where it is missing, before SQLite could make one that others can read.
    pub(super) fn at(path: &Path, missing: IfMissing) -> Result<Self, MemoryError> {
        let path = std::path::absolute(path)?;
        prepare(&path, missing)?;
        Ok(Self { identity: identity(&path)?, log: None, path })
    }

    /// Watches the log, too, once SQLite has opened it.
    pub(super) fn watch_log(&mut self) {
        self.log = identity(&self.log()).ok();
    }

    /// Its name, with all folders before it.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether the names still lead to it and to its log.
    pub(super) fn check(&self) -> Result<(), MemoryError> {
        let is_same = identity(&self.path)? == self.identity && identity(&self.log()).ok() == self.log;
        if is_same { Ok(()) } else { Err(MemoryError::Replaced) }
    }

    /// How many bytes SQLite's log of changes beside it has.
    pub(super) fn log_bytes(&self) -> u64 {
        fs::metadata(self.log()).map_or(0, |log| log.len())
    }

    fn log(&self) -> PathBuf {
        log_of(&self.path)
    }
}

#[cfg(unix)]
fn identity(path: &Path) -> io::Result<Identity> {
    use std::os::unix::fs::MetadataExt;
    let found = fs::metadata(path)?;
    Ok((found.dev(), found.ino()))
}

#[cfg(not(unix))]
fn identity(path: &Path) -> io::Result<Identity> {
    Ok(fs::metadata(path)?.created().ok())
}

/// Makes the file where it is missing, and closes it to others where it is not.
fn prepare(file: &Path, missing: IfMissing) -> Result<(), MemoryError> {
    match fs::metadata(file) {
        Ok(found) if !found.is_file() => Err(MemoryError::NotAFile),
        // SQLite's log would be beside one of its names, and who comes by another would not see it.
        Ok(found) if has_other_names(&found) => Err(MemoryError::SeveralNames),
        // It is not opened: SQLite's locks end when anybody in the process closes the file.
        Ok(found) => Ok(close_to_others(file, &found)?),
        Err(error) if error.kind() == io::ErrorKind::NotFound && missing == IfMissing::Make => match create(file) {
            Ok(_) => Ok(()),
            // Somebody else was faster.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            Err(error) => Err(error.into()),
        },
        Err(error) => Err(error.into()),
    }
}

#[cfg(unix)]
fn has_other_names(found: &fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    found.nlink() > 1
}

/// The system does not say.
#[cfg(not(unix))]
const fn has_other_names(_: &fs::Metadata) -> bool {
    false
}

#[cfg(unix)]
fn create(file: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(file)
}

#[cfg(not(unix))]
fn create(file: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).open(file)
}

#[cfg(unix)]
fn close_to_others(file: &Path, found: &fs::Metadata) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    const OTHERS: u32 = 0o077;
    match found.permissions().mode() & OTHERS {
        0 => Ok(()),
        _ => fs::set_permissions(file, fs::Permissions::from_mode(0o600)),
    }
}

/// The folder says who may read.
#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "elsewhere it can fail")]
const fn close_to_others(_: &Path, _: &fs::Metadata) -> io::Result<()> {
    Ok(())
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    // contract 15.5a: closed to others before SQLite comes.
    #[test]
    fn a_new_file_is_its_owners() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("state.db");
        OpenFile::at(&file, IfMissing::Make).unwrap();
        let made = fs::metadata(&file).unwrap();
        assert_eq!((made.len(), made.permissions().mode() & 0o777), (0, 0o600));
    }
}
