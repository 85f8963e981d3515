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
