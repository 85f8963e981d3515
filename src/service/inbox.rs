//! Inboxes: what clients post becomes files, each whole or not at all (contract 13.4). It knows neither HTTP nor tokens.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use thiserror::Error;
use time::OffsetDateTime;

use crate::whole_file;
use crate::wording::reason;

/// How a file is written, by what its content is said to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MessageKind {
    /// JSON, and what is built on it.
    Json,
    /// XML, and what is built on it.
    Xml,
    /// Anything else.
    Other,
}

impl MessageKind {
    /// The kind of a media type without parameters (RFC 9110, section 8.3; suffixes of RFC 6839).
    #[must_use]
    pub fn of(media_type: Option<&[u8]>) -> Self {
        let media_type = media_type.unwrap_or_default().to_ascii_lowercase();
        let is = |subtype: &str, suffix: &str| {
            let (_, after) = media_type.split_at(media_type.iter().position(|byte| *byte == b'/').unwrap_or(0));
            after == subtype.as_bytes() || after.ends_with(suffix.as_bytes())
        };
        if is("/json", "+json") {
            Self::Json
        } else if is("/xml", "+xml") {
            Self::Xml
        } else {
            Self::Other
        }
    }

    const fn ending(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Xml => "xml",
            Self::Other => "bin",
        }
    }
}

/// Why nothing was written.
#[derive(Debug, Error)]
pub enum InboxError {
    /// There is no room on its disk.
    #[error("cannot write: {}", reason(.0))]
    Full(io::Error),
    /// The folder cannot be written to.
    #[error("cannot write: {}", reason(.0))]
    Write(io::Error),
    /// The clock of the system cannot be used.
    #[error("cannot write: the clock is before 1970")]
    Clock,
}

impl From<io::Error> for InboxError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
                Self::Full(error)
            }
            _ => Self::Write(error),
        }
    }
}

/// Writes a file that is safe on the disk when this returns. Its name is the time, to the millisecond, and the id of the request; where
/// that is taken, the next millisecond's.
///
/// # Errors
///
/// [`InboxError`]; then there is no file.
pub fn write(folder: &Path, id: &str, kind: MessageKind, content: &[u8], now: SystemTime) -> Result<(), InboxError> {
    let now = now.duration_since(UNIX_EPOCH).map_err(|_| InboxError::Clock)?;
    let mut milliseconds = now.as_millis();
    loop {
        let file = folder.join(name(milliseconds, id, kind).ok_or(InboxError::Clock)?);
        match whole_file::create(&file, content) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => milliseconds += 1,
            Err(error) => return Err(error.into()),
            Ok(()) => return keep(folder, file),
        }
    }
}

/// Waits until the name of a file is safe on the disk, too.
fn keep(folder: &Path, file: PathBuf) -> Result<(), InboxError> {
    sync(folder).map_err(|error| {
        // Whoever hears of a failure sends it again.
        let _ = fs::remove_file(file);
        error.into()
    })
}

#[cfg(unix)]
fn sync(folder: &Path) -> io::Result<()> {
    match fs::File::open(folder)?.sync_all() {
        // A file system that cannot do this.
        Err(error) if matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported) => Ok(()),
        result => result,
    }
}

/// Windows has no such thing.
#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "elsewhere it can fail")]
fn sync(_: &Path) -> io::Result<()> {
    Ok(())
}

/// `YYYYMMDDTHHMMSS.mmmZ-ID.ENDING`; none after the year 9999.
#[must_use]
pub fn name(milliseconds: u128, id: &str, kind: MessageKind) -> Option<String> {
    let since = Duration::from_millis(u64::try_from(milliseconds).ok()?);
    let time = OffsetDateTime::from_unix_timestamp(i64::try_from(since.as_secs()).ok()?).ok()?;
    Some(format!(
        "{:04}{:02}{:02}T{:02}{:02}{:02}.{:03}Z-{id}.{}",
        time.year(),
        u8::from(time.month()),
        time.day(),
        time.hour(),
        time.minute(),
        time.second(),
        since.subsec_millis(),
        kind.ending(),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    // contract 13.4b: by GNU date.
    #[test]
    fn names_are_the_time_and_the_id() {
        let name = |milliseconds| name(milliseconds, "a-1", MessageKind::Json);
        assert_eq!(name(0).as_deref(), Some("19700101T000000.000Z-a-1.json"));
        assert_eq!(name(1_709_210_096_007).as_deref(), Some("20240229T123456.007Z-a-1.json"));
        assert_eq!(name(253_402_300_799_999).as_deref(), Some("99991231T235959.999Z-a-1.json"));
        assert_eq!(name(253_402_300_800_000), None);
        assert_eq!(name(u128::MAX), None);
    }

    // contract 13.4b
    #[test]
    fn kinds_by_the_media_type() {
        for (media_type, kind) in [
            ("application/json", MessageKind::Json),
            ("Application/JSON", MessageKind::Json),
            ("application/problem+json", MessageKind::Json),
            ("application/xml", MessageKind::Xml),
            ("text/xml", MessageKind::Xml),
            ("image/svg+xml", MessageKind::Xml),
            ("application/jsonl", MessageKind::Other),
            ("application/octet-stream", MessageKind::Other),
            ("json", MessageKind::Other),
            ("+json", MessageKind::Json),
            ("", MessageKind::Other),
        ] {
            assert_eq!(MessageKind::of(Some(media_type.as_bytes())), kind, "{media_type}");
        }
        assert_eq!(MessageKind::of(None), MessageKind::Other);
    }

    // contract 13.4b
    #[test]
    fn a_name_that_is_taken_moves_on() {
        let folder = tempfile::tempdir().unwrap();
        let now = UNIX_EPOCH + Duration::from_millis(999);
        for content in [b"a", b"b", b"c"] {
            write(folder.path(), "x", MessageKind::Other, content, now).unwrap();
        }
        let contents = ["19700101T000000.999Z-x.bin", "19700101T000001.000Z-x.bin", "19700101T000001.001Z-x.bin"]
            .map(|name| fs::read(folder.path().join(name)).unwrap());
        assert_eq!(contents, [b"a", b"b", b"c"]);
        let before = UNIX_EPOCH - Duration::from_secs(1);
        assert!(matches!(write(folder.path(), "x", MessageKind::Other, b"d", before), Err(InboxError::Clock)));
        let missing = write(&folder.path().join("missing"), "x", MessageKind::Other, b"d", now).unwrap_err();
        assert_eq!(missing.to_string(), "cannot write: no such file or directory");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 3);
    }
}
