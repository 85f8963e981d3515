//! The folder of accounts (contract 11.3): it is looked at for each request, so that what is enrolled is there at once.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use thiserror::Error;
use zeroize::Zeroizing;

use crate::account::{Account, AccountError};
use crate::system;
use crate::wording::reason;
use crate::xml::MAX_DOCUMENT_BYTES;

/// The name of an account: 1 to 128 of `[A-Za-z0-9._@+-]`, not with a dot at its beginning, nor with `.parameters` at its end.
/// So no name leads out of the folder or to the parameters of another account.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AccountName(String);

impl AccountName {
    /// The accepted values, in words.
    pub const EXPECTED: &'static str =
        "a name of 1 to 128 of A to Z, a to z, 0 to 9 and ._@+- that does not begin with a dot";
    const MAX_CHARACTERS: usize = 128;
    const PARAMETERS: &'static str = ".parameters";

    /// The name, if it is one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let is_right = |byte: u8| byte.is_ascii_alphanumeric() || b"._@+-".contains(&byte);
        let fits = (1..=Self::MAX_CHARACTERS).contains(&text.len());
        // On some file systems case does not matter.
        let lower = text.to_ascii_lowercase();
        let is_name =
            fits && text.bytes().all(is_right) && !text.starts_with('.') && !lower.ends_with(Self::PARAMETERS);
        is_name.then(|| Self(text.to_owned()))
    }

    /// The characters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// How long a secret must be at least (RFC 4226, section 4, R6).
pub const STRONG_BITS: usize = 128;

/// The accounts in a folder.
#[derive(Clone, Debug)]
pub struct Accounts {
    folder: PathBuf,
}

/// Why there is no account to work with.
#[derive(Debug, Error)]
pub enum FolderError {
    /// No file has this name.
    #[error("unknown account: it is not enrolled")]
    Unknown,
    /// What the file says cannot be used.
    #[error("unusable account: {0}")]
    Account(#[from] AccountError),
    /// The file cannot be read.
    #[error("unusable account: cannot read its file: {}", reason(.0))]
    Read(#[from] io::Error),
    /// The name is that of a folder, a pipe or a device.
    #[error("unusable account: not a regular file")]
    Kind,
    /// The service failed at it: report it.
    #[error("unusable account: internal error, see the log of the service")]
    Internal,
    /// The file is larger than any document.
    #[error("unusable account: expected a file of at most {MAX_DOCUMENT_BYTES} bytes")]
    TooLarge,
}

impl Accounts {
    /// The accounts in this folder.
    #[must_use]
    pub const fn in_folder(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// The names among the first thousand files: to look at more would hold up a start.
    #[must_use]
    pub fn some(&self) -> Vec<AccountName> {
        const LOOKED_AT: usize = 1000;
        let Ok(entries) = fs::read_dir(&self.folder) else { return Vec::new() };
        let names = entries.take(LOOKED_AT).flatten().filter_map(|entry| {
            let file = entry.file_name();
            AccountName::parse(file.to_str()?.strip_suffix(".xml")?)
        });
        names.collect()
    }

    /// Whether an account has a secret of fewer than [`STRONG_BITS`]. A file that cannot be read is reported when it is used.
    #[must_use]
    pub fn is_weak(&self, name: &AccountName) -> bool {
        self.read(name).is_ok_and(|account| account.secret_bits() < STRONG_BITS)
    }

    /// The file with the secret of an account.
    #[must_use]
    pub fn file(&self, name: &AccountName) -> PathBuf {
        self.folder.join(format!("{}.xml", name.as_str()))
    }

    /// Reads an account.
    ///
    /// # Errors
    ///
    /// [`FolderError`] where there is none, or one that cannot be used.
    pub fn read(&self, name: &AccountName) -> Result<Account, FolderError> {
        let document = read(&self.file(name))?.ok_or(FolderError::Unknown)?;
        let parameters = read(&self.folder.join(format!("{}.parameters.xml", name.as_str())))?;
        Ok(Account::read(&document, parameters.as_deref().map(Vec::as_slice))?)
    }
}

/// The bytes of a file; none where there is no file in a folder that is there.
fn read(path: &Path) -> Result<Option<Zeroizing<Vec<u8>>>, FolderError> {
    let file = match system::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound && is_absent(path) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    if !file.metadata()?.is_file() {
        return Err(FolderError::Kind);
    }
    bytes(file).map(Some)
}

/// Whether the folder is there, and in it neither a file nor a link that leads nowhere.
fn is_absent(path: &Path) -> bool {
    path.parent().is_some_and(Path::is_dir) && fs::symlink_metadata(path).is_err()
}

fn bytes(file: File) -> Result<Zeroizing<Vec<u8>>, FolderError> {
    // As long as the longest from the start: a buffer that grew would leave a copy of the secret behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(MAX_DOCUMENT_BYTES + 1));
    file.take(MAX_DOCUMENT_BYTES as u64 + 1).read_to_end(&mut bytes)?;
    if bytes.len() > MAX_DOCUMENT_BYTES { Err(FolderError::TooLarge) } else { Ok(bytes) }
}

#[cfg(test)]
mod tests {
    use super::*;

    // contract 11.3a
    #[test]
    fn names() {
        for right in ["a", "john.doe@example.org", "A+b-c_9", &"x".repeat(128), "parameters", "a.xml"] {
            assert_eq!(AccountName::parse(right).unwrap().as_str(), right);
        }
        for wrong in [
            "",
            ".",
            "..",
            ".hidden",
            "a/b",
            "a\\b",
            "a b",
            "ä",
            "a\0",
            "a%2e",
            "a.parameters",
            "a.PARAMETERS",
            &"x".repeat(129),
        ] {
            assert_eq!(AccountName::parse(wrong), None, "{wrong}");
        }
    }
}
