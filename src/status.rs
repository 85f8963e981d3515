//! The status of an answer and the exit codes that carry it: the only place that knows 1, -1 and 403.

use std::fmt;

use crate::error::Error;
use crate::named;
use crate::outcome::Outcome;

/// What X4 reads as the result of the step (contract 1.3). No other value exists.
///
/// ```
/// use totp_adapter::Status;
///
/// assert_eq!([Status::Success, Status::Error, Status::Mismatch].map(Status::code), [1, -1, 403]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// `1`: the operation was successful; there is a document.
    Success,
    /// `-1`: an error occurred during the operation.
    Error,
    /// `403`: the password does not match, or the document to verify is unusable.
    Mismatch,
}

impl Status {
    /// The status of what happened.
    #[must_use]
    pub fn of(result: &Result<Outcome, Error>) -> Self {
        match result {
            Ok(
                Outcome::Secret(_) | Outcome::Unlocked | Outcome::Password(_) | Outcome::Match(_) | Outcome::Symbol(_),
            ) => Self::Success,
            #[cfg(feature = "read-qr")]
            Ok(Outcome::KeyUri(_)) => Self::Success,
            Ok(Outcome::Mismatch(_)) => Self::Mismatch,
            Err(
                Error::Label(_)
                | Error::Document(_)
                | Error::Secret { .. }
                | Error::Symbol(_)
                | Error::Clock
                | Error::Entropy
                | Error::Input
                | Error::Throttled { .. }
                | Error::Locked
                | Error::Memory(_),
            ) => Self::Error,
            #[cfg(feature = "read-qr")]
            Err(
                Error::Picture(_)
                | Error::NoKeyUri { .. }
                | Error::SeveralKeyUris { .. }
                | Error::KeyUri(_)
                | Error::Character(_),
            ) => Self::Error,
        }
    }

    /// The number that X4 knows.
    #[must_use]
    pub const fn code(self) -> i32 {
        match self {
            Self::Success => 1,
            Self::Error => -1,
            Self::Mismatch => 403,
        }
    }
}

impl Status {
    /// The same in decimal.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::Success => "1",
            Self::Error => "-1",
            Self::Mismatch => "403",
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.text())
    }
}

/// How a status becomes an exit code (contract 5.5).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ExitCodes {
    /// As grep and diff: 0, 1 for a mismatch, 2 for an error.
    #[default]
    Unix,
    /// The status itself; POSIX keeps its low byte.
    X4,
    /// 0 whenever a result document was written.
    Zero,
    /// Those that mail systems know, from `sysexits.h` (contract 12.3). Only `push` has it.
    Mda,
}

named!(parsed ExitCodes { Unix = "unix", X4 = "x4", Zero = "zero", Mda = "mda" });

/// What a delivery that failed means for a mail system that asked for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailFailure {
    /// `EX_USAGE`: the command line is wrong.
    Usage,
    /// `EX_DATAERR`: the mail, or what was made of it, is not accepted and never will be.
    Refused,
    /// `EX_TEMPFAIL`: it may be tried again later.
    Temporary,
    /// `EX_NOPERM`: who delivers is not accepted.
    Denied,
}

impl MailFailure {
    /// Its number in `sysexits.h`.
    #[must_use]
    pub const fn code(self) -> i32 {
        match self {
            Self::Usage => 64,
            Self::Refused => 65,
            Self::Temporary => 75,
            Self::Denied => 77,
        }
    }
}

impl ExitCodes {
    /// Every scheme but that of `push` alone.
    pub const OF_FILTER: [Self; 3] = [Self::Unix, Self::X4, Self::Zero];

    /// The exit code after a result document was written whole.
    #[must_use]
    pub const fn written(self, status: Status) -> i32 {
        match (self, status) {
            (Self::Unix | Self::Mda, Status::Success) | (Self::Zero, _) => 0,
            (Self::Unix, Status::Mismatch) => 1,
            (Self::Unix, Status::Error) => 2,
            (Self::X4, status) => status.code(),
            (Self::Mda, Status::Mismatch | Status::Error) => MailFailure::Temporary.code(),
        }
    }

    /// The exit code where it is known what went wrong; `code` is the one that it is otherwise.
    #[must_use]
    pub const fn failed(self, failure: MailFailure, code: i32) -> i32 {
        match self {
            Self::Mda => failure.code(),
            Self::Unix | Self::X4 | Self::Zero => code,
        }
    }

    /// The exit code where the result document could not be written whole.
    #[must_use]
    pub const fn not_written(self) -> i32 {
        match self {
            Self::Unix | Self::Zero => 2,
            Self::X4 => Status::Error.code(),
            Self::Mda => MailFailure::Temporary.code(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(codes: ExitCodes) -> [i32; 3] {
        [Status::Success, Status::Mismatch, Status::Error].map(|status| codes.written(status))
    }

    // contract 1.3a, 5.5a, 5.5b
    #[test]
    fn the_table_of_exit_codes() {
        assert_eq!(row(ExitCodes::Unix), [0, 1, 2]);
        assert_eq!(row(ExitCodes::X4), [1, 403, -1]);
        assert_eq!(row(ExitCodes::Zero), [0, 0, 0]);
        assert_eq!(ExitCodes::OF_FILTER.map(ExitCodes::not_written), [2, -1, 2]);
    }

    // contract 12.3g
    #[test]
    fn those_of_sysexits() {
        assert_eq!(row(ExitCodes::Mda), [0, 75, 75]);
        assert_eq!(ExitCodes::Mda.not_written(), 75);
        assert_eq!(ExitCodes::Mda.failed(MailFailure::Denied, 2), 77);
        assert_eq!(ExitCodes::Unix.failed(MailFailure::Denied, 2), 2);
    }
}
