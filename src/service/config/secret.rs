//! Secrets that stand in files of their own. What is read is wiped; it is in no error and no `Debug`.

use std::fmt;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::file::{self, FileError};
use super::reader::Reader;
use super::section::{Section, Value};
use crate::service::delivery::ApiKey;

/// No secret is longer; what is larger is another file.
const MAX_BYTES: usize = 4096;
/// The fewest characters of a client's secret: 128 bits in Base64 without padding.
const MIN_CHARACTERS: usize = 22;

const EXPECTED: &str = "the name of a file";

/// A secret in one line of text, and the file that it is read from again.
#[derive(Clone)]
pub struct SecretFile {
    /// The file that it came from.
    pub file: PathBuf,
    text: Zeroizing<String>,
}

impl SecretFile {
    /// Reads it from its file.
    pub(crate) fn read(file: &Path) -> Result<Self, String> {
        let text = line_of(file)?;
        Ok(Self { file: file.to_owned(), text })
    }

    /// A secret that stands in no file.
    pub(crate) fn of(text: &str) -> Self {
        Self { file: PathBuf::new(), text: Zeroizing::new(text.to_owned()) }
    }

    /// Reads one that is as long as the secrets of clients.
    pub(super) fn read_long(file: &Path) -> Result<Self, String> {
        let text = long_line_of(file)?;
        Ok(Self { file: file.to_owned(), text })
    }

    /// Reads an API key of Skyvern.
    pub(super) fn read_api_key(file: &Path) -> Result<Self, String> {
        Self::read(file).and_then(|secret| match ApiKey::new(secret.reveal()) {
            Some(_) => Ok(secret),
            None => Err(format!("expected {}", ApiKey::EXPECTED)),
        })
    }

    /// Reads it again from the same file.
    pub(crate) fn reread(&self) -> Result<Self, String> {
        Self::read(&self.file)
    }

    /// Reads it again, where it has to be as long as the secrets of clients.
    pub(super) fn reread_long(&self) -> Result<Self, String> {
        Self::read_long(&self.file)
    }

    /// Reads it again, where it is an API key of Skyvern.
    pub(super) fn reread_api_key(&self) -> Result<Self, String> {
        Self::read_api_key(&self.file)
    }

    /// The secret itself.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.text
    }

    /// The secret alone, without its file.
    #[must_use]
    pub fn into_text(self) -> Zeroizing<String> {
        self.text
    }
}

impl fmt::Debug for SecretFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SecretFile").field("file", &self.file).field("text", &"redacted").finish()
    }
}

/// The SHA-256 of the client's secret in a file.
pub(super) fn client_secret_sha256(file: &Path) -> Result<[u8; 32], String> {
    Ok(Sha256::digest(long_line_of(file)?.as_bytes()).into())
}

/// The secret whose file a key of a section names, which has to be there, and has to be of the kind that `read` takes.
pub(super) fn secret_file(
    section: &Section<'_, '_>,
    key: &'static str,
    read: fn(&Path) -> Result<SecretFile, String>,
    reader: &mut Reader<'_>,
) -> Option<SecretFile> {
    load(&section.required(key, EXPECTED, reader)?, read, reader)
}

/// The secret whose file a value names.
pub(super) fn secret_in(value: &Value<'_, '_>, reader: &mut Reader<'_>) -> Option<SecretFile> {
    load(value, SecretFile::read, reader)
}

fn load(
    value: &Value<'_, '_>,
    read: fn(&Path) -> Result<SecretFile, String>,
    reader: &mut Reader<'_>,
) -> Option<SecretFile> {
    let file = value.path(EXPECTED, reader)?;
    match read(&file) {
        Ok(secret) => {
            warn_of_others(value, &file, reader);
            Some(secret)
        }
        Err(reason) => {
            value.unusable("file", &reason, reader);
            None
        }
    }
}

/// Warns of a file with a secret that others can read.
pub(super) fn warn_of_others(value: &Value<'_, '_>, file: &Path, reader: &mut Reader<'_>) {
    if file::is_open_to_others(file) {
        let name = value.name();
        reader.warn(value.at, format!("others can read or replace the file of {name}; mode 0600 keeps them out"));
    }
}

/// The text of a file, where it is as long as the secrets of clients.
fn long_line_of(file: &Path) -> Result<Zeroizing<String>, String> {
    let line = line_of(file)?;
    if line.chars().count() < MIN_CHARACTERS {
        return Err(format!("expected at least {MIN_CHARACTERS} characters"));
    }
    Ok(line)
}

/// The text of a file without the line end that editors put there.
fn line_of(file: &Path) -> Result<Zeroizing<String>, String> {
    let bytes = file::read(file, MAX_BYTES).map_err(|error: FileError| error.to_string())?;
    let text = std::str::from_utf8(&bytes).map_err(|_| "expected text in UTF-8".to_owned())?;
    let line = text.strip_suffix('\n').map_or(text, |line| line.strip_suffix('\r').unwrap_or(line));
    if line.is_empty() {
        return Err("expected a secret before the line end".to_owned());
    }
    if line.contains(|c: char| c.is_control() || c == '\u{feff}') {
        return Err("expected one line without control characters or a byte order mark".to_owned());
    }
    Ok(Zeroizing::new(line.to_owned()))
}
