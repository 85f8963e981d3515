//! The status of an answer: the only place that knows 1, -1 and 403.

use std::fmt;

use crate::error::Error;
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
