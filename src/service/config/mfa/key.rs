//! `key_file`: the key that codes are kept under, made at the first start. It does not know what is computed with it.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;
use zeroize::Zeroizing;

use super::super::file::{self, FileError};
use super::super::reader::Reader;
use super::super::secret::warn_of_others;
use super::super::section::Section;
use crate::whole_file;
use crate::wording::reason;

/// As many bytes as the hash of the HMAC has.
const BYTES: usize = 32;

/// 32 random bytes. `Debug` does not show them.
#[derive(Clone, PartialEq, Eq)]
pub struct MfaKey(Zeroizing<[u8; BYTES]>);

/// Why there is no key.
#[derive(Debug, Error)]
pub enum MfaKeyError {
    /// Its file cannot be used, for this reason.
    #[error("cannot use the file of mfa.key_file: {0}")]
    File(String),
    /// Its file cannot be made.
    #[error("cannot create the file of mfa.key_file: {}", reason(.0))]
    Make(io::Error),
    /// The operating system returns no random bytes.
    #[error("cannot create the file of mfa.key_file: the operating system returned no random bytes")]
    Entropy,
}

impl MfaKey {
    /// Reads the key, or makes it where there is none. The file appears whole, and never in place of another.
    pub(super) fn read_or_make(file: &Path) -> Result<Self, MfaKeyError> {
        match read(file) {
            Ok(Some(key)) => return Ok(key),
            Ok(None) => {}
            Err(reason) => return Err(MfaKeyError::File(reason)),
        }
        let mut key = Zeroizing::new([0; BYTES]);
        getrandom::fill(&mut *key).map_err(|_| MfaKeyError::Entropy)?;
        match whole_file::create(file, &*key) {
            Ok(()) => Ok(Self(key)),
            // Another instance was first.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                read(file).and_then(|key| key.ok_or_else(|| MISSING.to_owned())).map_err(MfaKeyError::File)
            }
            Err(error) => Err(MfaKeyError::Make(error)),
        }
    }

    /// The bytes.
    #[must_use]
    pub fn reveal(&self) -> &[u8; BYTES] {
        &self.0
    }
}

impl fmt::Debug for MfaKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MfaKey(redacted)")
    }
}

const MISSING: &str = "it disappeared while it was read";

/// Whether a name is that of a link. A file that has just been made by another instance is none.
fn is_link(file: &Path) -> bool {
    fs::symlink_metadata(file).is_ok_and(|found| found.is_symlink())
}

/// The key in a file; none where there is no file. A link that leads nowhere is a file that cannot be used.
fn read(file: &Path) -> Result<Option<MfaKey>, String> {
    let bytes = match file::read_any(file, BYTES) {
        Ok(bytes) => bytes,
        Err(FileError::System(error)) if error.kind() == io::ErrorKind::NotFound && !is_link(file) => {
            return Ok(None);
        }
        Err(FileError::TooLarge { .. }) => return Err(expected()),
        Err(error @ (FileError::System(_) | FileError::Folder | FileError::Special | FileError::Empty)) => {
            return Err(error.to_string());
        }
    };
    let mut key = Zeroizing::new([0; BYTES]);
    if bytes.len() != BYTES {
        return Err(expected());
    }
    key.copy_from_slice(&bytes);
    Ok(Some(MfaKey(key)))
}

fn expected() -> String {
    format!("expected exactly {BYTES} random bytes")
}

/// The file of the key, which is there, or can be made at the first start. It is not made here.
pub(super) fn file(section: &Section<'_, '_>, reader: &mut Reader<'_>) -> Option<PathBuf> {
    const EXPECTED: &str = "the name of a file, which is made at the first start,";
    let value = section.required("key_file", EXPECTED, reader)?;
    let file = value.path(EXPECTED, reader)?;
    match read(&file) {
        Ok(Some(_)) => warn_of_others(&value, &file, reader),
        Ok(None) => {
            let folder = whole_file::folder(&file);
            if let Err(reason) = file::look_into(folder).and_then(|()| file::check_writable(folder)) {
                value.unusable("folder", &reason.to_string(), reader);
            }
        }
        Err(reason) => value.unusable("file", &reason, reader),
    }
    Some(file)
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;
    use std::thread;

    use super::*;

    // contract 10.2g: a new one each time, read as it is from then on, whatever its bytes are.
    #[test]
    fn a_key_is_made_once() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str| folder.path().join(name);
        let key = MfaKey::read_or_make(&file("a")).unwrap();
        assert_eq!(fs::read(file("a")).unwrap(), key.reveal());
        assert_eq!(MfaKey::read_or_make(&file("a")).unwrap(), key);
        assert_ne!(MfaKey::read_or_make(&file("b")).unwrap(), key);
        fs::write(file("c"), [b'\n'; BYTES]).unwrap();
        assert_eq!(*MfaKey::read_or_make(&file("c")).unwrap().reveal(), [b'\n'; BYTES]);
        assert_eq!(format!("{key:?}"), "MfaKey(redacted)");
    }

    // contract 10.2g
    #[cfg(unix)]
    #[test]
    fn others_cannot_read_it() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("key");
        MfaKey::read_or_make(&file).unwrap();
        assert_eq!(fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600);
    }

    // contract 10.2g: of several instances that make it at once all have the same one, and nothing else is left.
    #[test]
    fn all_instances_have_the_same() {
        for _ in 0..20 {
            let folder = tempfile::tempdir().unwrap();
            let file = folder.path().join("key");
            let barrier = Barrier::new(8);
            let make = || {
                barrier.wait();
                MfaKey::read_or_make(&file).unwrap()
            };
            let keys: Vec<MfaKey> = thread::scope(|scope| {
                let threads: Vec<_> = (0..8).map(|_| scope.spawn(make)).collect();
                threads.into_iter().map(|thread| thread.join().unwrap()).collect()
            });
            assert!(keys.iter().all(|key| key.reveal()[..] == fs::read(&file).unwrap()[..]));
            assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        }
    }

    // contract 10.2g: what is there is never written over.
    #[test]
    fn what_cannot_be_used_stays() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("key");
        for content in [&b""[..], &[0; BYTES - 1], &[0; BYTES + 1]] {
            fs::write(&file, content).unwrap();
            let error = MfaKey::read_or_make(&file).unwrap_err();
            assert_eq!(error.to_string(), "cannot use the file of mfa.key_file: expected exactly 32 random bytes");
            assert_eq!(fs::read(&file).unwrap(), content);
        }
        let error = MfaKey::read_or_make(&folder.path().join("missing/key")).unwrap_err();
        assert_eq!(error.to_string(), "cannot create the file of mfa.key_file: no such file or directory");
        let error = MfaKey::read_or_make(folder.path()).unwrap_err();
        assert_eq!(error.to_string(), "cannot use the file of mfa.key_file: it is a folder");
        #[cfg(unix)]
        {
            let link = folder.path().join("link");
            std::os::unix::fs::symlink("nowhere", &link).unwrap();
            let error = MfaKey::read_or_make(&link).unwrap_err();
            assert_eq!(error.to_string(), "cannot use the file of mfa.key_file: no such file or directory");
        }
    }
}
