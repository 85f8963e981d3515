//! What a database reports, as a [`MemoryError`]: by its SQLSTATE, never by its words, which quote statements and values.

use std::error::Error as _;
use std::io;

use tokio_postgres::Error;
use tokio_postgres::error::SqlState;

use crate::verification::{MemoryError, Reported};

impl From<Error> for MemoryError {
    fn from(error: Error) -> Self {
        // What else the crate says is that a value is not what it should be.
        reason(&error, Self::Damaged)
    }
}

/// Why a connection could not be made.
pub(super) fn of_connecting(error: &Error) -> MemoryError {
    // What else the crate says is that there is no TLS, or no password.
    reason(error, MemoryError::Handshake)
}

fn reason(error: &Error, otherwise: MemoryError) -> MemoryError {
    if let Some(state) = error.code() {
        return of_state(state);
    }
    let Some(cause) = error.source() else { return MemoryError::Unreachable };
    let Some(cause) = cause.downcast_ref::<io::Error>() else { return otherwise };
    let of_tls = cause.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    if of_tls.is_some() { MemoryError::Tls } else { MemoryError::Unreachable }
}

/// PostgreSQL's manual, appendix A; the first two characters are the class.
fn of_state(state: &SqlState) -> MemoryError {
    match *state {
        SqlState::DISK_FULL => MemoryError::Full,
        SqlState::READ_ONLY_SQL_TRANSACTION => MemoryError::ReadOnly,
        SqlState::UNDEFINED_TABLE
        | SqlState::UNDEFINED_COLUMN
        | SqlState::DATATYPE_MISMATCH
        | SqlState::INVALID_SCHEMA_NAME
        | SqlState::INVALID_COLUMN_REFERENCE
        | SqlState::DATA_CORRUPTED
        | SqlState::INDEX_CORRUPTED => MemoryError::Damaged,
        // Somebody keeps the row for longer than the statement may take.
        SqlState::QUERY_CANCELED
        | SqlState::LOCK_NOT_AVAILABLE
        | SqlState::T_R_DEADLOCK_DETECTED
        | SqlState::T_R_SERIALIZATION_FAILURE => MemoryError::Busy,
        SqlState::INSUFFICIENT_PRIVILEGE => MemoryError::Denied,
        SqlState::ADMIN_SHUTDOWN
        | SqlState::CRASH_SHUTDOWN
        | SqlState::CANNOT_CONNECT_NOW
        | SqlState::DATABASE_DROPPED
        | SqlState::TOO_MANY_CONNECTIONS => MemoryError::Unreachable,
        _ => of_class(state.code()),
    }
}

/// The classes are PostgreSQL's, and it may add to them.
fn of_class(code: &str) -> MemoryError {
    match code.get(..2) {
        Some("08") => MemoryError::Unreachable,
        Some("28") => MemoryError::Denied,
        _ => Reported::of(code).map_or(MemoryError::Unreachable, MemoryError::Reported),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // contract 15.5h
    #[test]
    fn states_in_words_of_ours() {
        for (code, error) in [
            ("53100", MemoryError::Full),
            ("25006", MemoryError::ReadOnly),
            ("57P01", MemoryError::Unreachable),
            ("57P03", MemoryError::Unreachable),
            ("53300", MemoryError::Unreachable),
            ("08006", MemoryError::Unreachable),
            ("28P01", MemoryError::Denied),
            ("42501", MemoryError::Denied),
            ("42P01", MemoryError::Damaged),
            ("XX001", MemoryError::Damaged),
            ("57014", MemoryError::Busy),
            ("40P01", MemoryError::Busy),
        ] {
            assert_eq!(of_state(&SqlState::from_code(code)), error, "{code}");
        }
        let other = of_state(&SqlState::from_code("3D000"));
        assert_eq!(other.to_string(), "the database reports SQLSTATE 3D000");
        // Whatever claims to be a database may send anything.
        assert_eq!(of_state(&SqlState::from_code("a\nsecret")), MemoryError::Unreachable);
    }
}
