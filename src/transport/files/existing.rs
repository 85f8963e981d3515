//! What already stands where an answer is to go, and whether the answer may take its place (contract 5.2, 5.12, 6.2). Filter and
//! `batch` share this one promise. Nothing is changed here.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

use thiserror::Error;
use zeroize::Zeroizing;

use crate::transport::error::reason;
use totp_adapter::xml::{DocumentKind, MAX_DOCUMENT_BYTES};

/// Which files an answer may replace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replaceable {
    /// None: a file that exists stays.
    Nothing,
    /// All but documents that hold a secret.
    AllButSecrets,
    /// All.
    Everything,
}

/// Why a file stays. No variant holds anything of it.
#[derive(Debug, Error)]
pub enum ReplaceError {
    /// Nothing may be replaced.
    #[error("the output file exists and may hold an enrolled secret")]
    Exists,
    /// It is a document that holds a secret.
    #[error("the existing file holds a secret, which would be lost")]
    HoldsSecret,
    /// Nobody can tell whether it holds a secret.
    #[error("the existing file cannot be read ({}) and may hold a secret, which would be lost", reason(.0))]
    Unreadable(io::Error),
}

impl Replaceable {
    /// What may be written to as it is, without being replaced: all but what such an answer would spoil.
    pub fn in_place(self) -> Self {
        match self {
            Self::Nothing => Self::AllButSecrets,
            Self::AllButSecrets | Self::Everything => self,
        }
    }

    /// What an answer may replace that says what was wrong. It is no new secret in place of an old one, whatever was allowed.
    pub fn by_error(self) -> Self {
        match self {
            Self::Everything => Self::AllButSecrets,
            Self::Nothing | Self::AllButSecrets => self,
        }
    }

    /// Checks that an answer may go to this place. What is not a file is left to whoever writes there.
    ///
    /// # Errors
    ///
    /// [`ReplaceError`] where a file stands there that stays.
    pub fn check(self, place: &Path) -> Result<(), ReplaceError> {
        if !place.exists() {
            return Ok(());
        }
        match self {
            Self::Everything => Ok(()),
            Self::Nothing => Err(ReplaceError::Exists),
            Self::AllButSecrets if !place.is_file() => Ok(()),
            Self::AllButSecrets => match beginning(place) {
                Ok(bytes) if DocumentKind::of(&bytes).is_some_and(DocumentKind::holds_secret) => {
                    Err(ReplaceError::HoldsSecret)
                }
                Ok(_) => Ok(()),
                Err(error) => Err(ReplaceError::Unreadable(error)),
            },
        }
    }
}

/// As much of a file as a document may have, and one byte more.
pub fn beginning(place: &Path) -> io::Result<Zeroizing<Vec<u8>>> {
    const ENOUGH: usize = MAX_DOCUMENT_BYTES + 1;
    let metadata = fs::metadata(place)?;
    // To open a pipe would be to wait for its writer.
    if !metadata.is_file() {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    // The buffer has its length from the start: one that grew would leave a copy behind.
    let length = metadata.len().min(ENOUGH as u64);
    let mut bytes = Zeroizing::new(Vec::with_capacity(usize::try_from(length).unwrap_or(ENOUGH)));
    File::open(place)?.take(length).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    // contract 5.2h, 5.2i, 6.2i
    #[test]
    fn files_that_stay() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("a.xml");
        let kept = |replaceable: Replaceable| replaceable.check(&place).err().map(|kept| kept.to_string());
        let all = [Replaceable::Nothing, Replaceable::AllButSecrets, Replaceable::Everything];
        assert_eq!(all.map(kept), [None, None, None]);
        for (content, holds_secret) in [
            ("<?xml version='1.0'?><Secret>MZXW6YTB</Secret>", true),
            ("<Secret>half", true),
            ("<TOTP><Password/><Secret>MZXW6YTB</Secret></TOTP>", true),
            ("<KeyURI>otpauth://totp/a?secret=MZXW6YTB</KeyURI>\n", true),
            ("<Error description=\"x\"/>\n", false),
            ("", false),
            ("<Password>081804</Password>\n", false),
            ("mine", false),
        ] {
            fs::write(&place, content).unwrap();
            assert_eq!(all.map(|replaceable| kept(replaceable).is_some()), [true, holds_secret, false], "{content}");
        }
        assert!(Replaceable::AllButSecrets.check(folder.path()).is_ok());
    }
}
