//! What SQLite reports, as what it means for a state.

use std::io;

use rusqlite::{ErrorCode, ffi};

use crate::verification::MemoryError;

impl From<rusqlite::Error> for MemoryError {
    /// Of what SQLite says only the number: its words may quote.
    fn from(error: rusqlite::Error) -> Self {
        let Some(failure) = error.sqlite_error() else { return Self::Damaged };
        match failure.code {
            ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => Self::Busy,
            ErrorCode::DiskFull => Self::Full,
            ErrorCode::ReadOnly => Self::ReadOnly,
            ErrorCode::NotADatabase => Self::Foreign,
            ErrorCode::DatabaseCorrupt => Self::Damaged,
            ErrorCode::PermissionDenied => Self::File(io::ErrorKind::PermissionDenied),
            ErrorCode::CannotOpen => Self::Unopenable,
            // A statement finds no table, or the file ends before a page of it does.
            _ if matches!(failure.extended_code, ffi::SQLITE_ERROR | ffi::SQLITE_IOERR_SHORT_READ) => Self::Damaged,
            ErrorCode::SystemIoFailure => Self::Disk { code: failure.extended_code },
            _ => Self::Other { code: failure.extended_code },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // contract 15.4a: what an operator can mend has its own words.
    #[test]
    fn failures_in_words() {
        let words = |code| MemoryError::from(rusqlite::Error::SqliteFailure(ffi::Error::new(code), None)).to_string();
        for (code, expected) in [
            (ffi::SQLITE_BUSY, "another process keeps it busy"),
            (ffi::SQLITE_BUSY_SNAPSHOT, "another process keeps it busy"),
            (ffi::SQLITE_LOCKED, "another process keeps it busy"),
            (ffi::SQLITE_FULL, "no space left on its disk"),
            (ffi::SQLITE_READONLY, "it cannot be written"),
            (ffi::SQLITE_NOTADB, "it is not a state of this program"),
            (ffi::SQLITE_CORRUPT, "it is damaged"),
            (ffi::SQLITE_ERROR, "it is damaged"),
            (ffi::SQLITE_IOERR_SHORT_READ, "it is damaged"),
            (ffi::SQLITE_PERM, "cannot open it: permission denied"),
            (ffi::SQLITE_CANTOPEN, "SQLite cannot open it, or make its files beside it"),
            (ffi::SQLITE_IOERR_WRITE, "its disk fails (SQLite error 778)"),
            (ffi::SQLITE_TOOBIG, "SQLite reports error 18"),
        ] {
            assert_eq!(words(code), expected, "{code}");
        }
        let other = rusqlite::Error::InvalidColumnIndex(1);
        assert_eq!(MemoryError::from(other), MemoryError::Damaged);
    }
}
