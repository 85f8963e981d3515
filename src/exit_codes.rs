//! The exit codes that carry a status (contract 5.5, 12.3).

use crate::named;
use crate::status::Status;

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
