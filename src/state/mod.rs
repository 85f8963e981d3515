//! The memory of used passwords (contract 15) and of multi-factor codes (contract 14): what is remembered, under which
//! fingerprint, and how it judges.
//! It knows neither documents nor HTTP, and nothing in it is asynchronous but what speaks to PostgreSQL.

mod attempt;
mod idempotency;
mod location;
mod mfa;
mod policy;
#[cfg(feature = "serve")]
mod postgres;
mod record;
mod sqlite;
mod sweep;
mod token;

pub use attempt::{Attempt, Fingerprint, Judgement, Salt};
pub use idempotency::{IdempotencyKey, Reservation, Reserved};
pub use location::Location;
pub use mfa::{Begun, CodeHash, MfaDestination, MfaGuess, MfaId, MfaRequest, MfaSend, Quota, Verified};
pub use policy::{Attempts, LockAfter, Policy};
#[cfg(feature = "serve")]
pub use postgres::{Address, AddressError, Connector, Postgres};
pub use sqlite::Sqlite;
pub use token::{IssuedToken, TokenHash};

/// Whether a state is made where there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum IfMissing {
    /// When it is first asked.
    Make,
    /// Where it cannot be gone: what was remembered would be forgotten, and nobody told.
    Refuse,
}
