//! The stores that the tests run on, each state in a place of its own.

use std::path::{Path, PathBuf};

use tempfile::TempDir;
use totp_adapter::state::{
    Attempt, Begun, Fingerprint, IdempotencyKey, IssuedToken, Judgement, MfaDestination, MfaGuess, MfaId, MfaRequest,
    MfaSend, Policy, Quota, Reservation, Reserved, Salt, Sqlite, TokenHash, Verified,
};
use totp_adapter::verification::MemoryError;

#[cfg(feature = "serve")]
use super::postgres::Connected;
#[cfg(feature = "serve")]
use crate::common::schema::Schema;
#[cfg(feature = "serve")]
use totp_adapter::state::Location;

/// Makes of each function two tests, one on SQLite and one on PostgreSQL.
#[macro_export]
macro_rules! on_each_store {
    ($($name:ident,)*) => {
        mod on_sqlite {
            $(#[test] fn $name() { super::$name(&$crate::state::store::Place::sqlite()) })*
        }
        #[cfg(feature = "serve")]
        mod on_postgresql {
            $(#[test] fn $name() {
                if let Some(place) = $crate::state::store::Place::postgresql() { super::$name(&place) }
            })*
        }
    };
}

/// Where a state is kept.
pub enum Place {
    Sqlite {
        file: PathBuf,
        _folder: Option<TempDir>,
    },
    #[cfg(feature = "serve")]
    Postgresql(Schema),
}

impl Place {
    pub fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self::Sqlite { file: folder.path().join("state.db"), _folder: Some(folder) }
    }

    pub fn in_folder(folder: &Path) -> Self {
        Self::Sqlite { file: folder.join("state.db"), _folder: None }
    }

    #[cfg(feature = "serve")]
    pub fn postgresql() -> Option<Self> {
        Schema::new().map(Self::Postgresql)
    }

    /// Another place of the same kind.
    pub fn another(&self) -> Self {
        match self {
            Self::Sqlite { .. } => Self::sqlite(),
            #[cfg(feature = "serve")]
            Self::Postgresql(_) => Self::postgresql().unwrap(),
        }
    }

    pub fn open(&self) -> State {
        self.try_open().unwrap()
    }

    pub fn try_open(&self) -> Result<State, MemoryError> {
        match self {
            Self::Sqlite { file, .. } => Sqlite::open(file).map(|state| State::Sqlite(Box::new(state))),
            #[cfg(feature = "serve")]
            Self::Postgresql(schema) => Connected::in_schema(schema).map(|state| State::Postgresql(Box::new(state))),
        }
    }

    /// What a service is told of it.
    #[cfg(feature = "serve")]
    pub fn location(&self) -> Location {
        match self {
            Self::Sqlite { file, .. } => Location::Sqlite(file.clone()),
            Self::Postgresql(schema) => Location::Postgres(schema.address("")),
        }
    }

    /// How many rows a table has.
    pub fn count(&self, table: &str) -> i64 {
        let statement = format!("SELECT count(*) FROM {table}");
        match self {
            Self::Sqlite { file, .. } => {
                // Both are in one table there, with what has ended.
                let statement = statement.replace("mfa_request", "mfa WHERE id <> x'' AND attempts > 0");
                let statement = statement.replace("mfa_destination", "mfa WHERE id = x''");
                let database = rusqlite::Connection::open(file).unwrap();
                database.query_row(&statement, [], |row| row.get(0)).unwrap()
            }
            #[cfg(feature = "serve")]
            Self::Postgresql(schema) => schema.count(&statement),
        }
    }

    /// Makes of the state one that this version of the structure has made.
    pub fn make_older(&self, version: usize) {
        /// What versions 2 and 3 have added.
        const ADDED: [&str; 2] = ["DROP TABLE idempotency;", "DROP TABLE mfa_request; DROP TABLE mfa_destination;"];
        let mut newer = ADDED[version - 1..].concat();
        if matches!(self, Self::Sqlite { .. }) {
            newer = newer.replace("mfa_request; DROP TABLE mfa_destination", "mfa");
        }
        match self {
            Self::Sqlite { file, .. } => {
                let database = rusqlite::Connection::open(file).unwrap();
                database.execute_batch(&format!("{newer} PRAGMA user_version = {version}")).unwrap();
            }
            #[cfg(feature = "serve")]
            Self::Postgresql(schema) => schema.execute(&format!("{newer} UPDATE totp_adapter SET version = {version}")),
        }
    }

    /// Says that a newer version of the program has been there.
    pub fn make_newer(&self) {
        match self {
            Self::Sqlite { file, .. } => {
                let database = rusqlite::Connection::open(file).unwrap();
                database.pragma_update(None, "user_version", 1000).unwrap();
            }
            #[cfg(feature = "serve")]
            Self::Postgresql(schema) => schema.execute("UPDATE totp_adapter SET version = 1000"),
        }
    }
}

/// An open state.
pub enum State {
    Sqlite(Box<Sqlite>),
    #[cfg(feature = "serve")]
    Postgresql(Box<Connected>),
}

impl State {
    pub fn salt(&self) -> &Salt {
        match self {
            Self::Sqlite(state) => state.salt(),
            #[cfg(feature = "serve")]
            Self::Postgresql(state) => state.salt(),
        }
    }

    pub fn judge(&mut self, attempts: &[Attempt], policy: Policy) -> Result<Vec<Judgement>, MemoryError> {
        match self {
            Self::Sqlite(state) => state.judge(attempts, policy),
            #[cfg(feature = "serve")]
            Self::Postgresql(state) => state.judge(attempts, policy),
        }
    }

    pub fn unlock(&mut self, secret: &Fingerprint) -> Result<(), MemoryError> {
        match self {
            Self::Sqlite(state) => state.unlock(secret),
            #[cfg(feature = "serve")]
            Self::Postgresql(state) => state.unlock(secret),
        }
    }

    pub fn issue(&mut self, token: &IssuedToken) -> Result<(), MemoryError> {
        match self {
            Self::Sqlite(state) => state.issue(token),
            #[cfg(feature = "serve")]
            Self::Postgresql(state) => state.issue(token),
        }
    }

    pub fn reserve(&mut self, reservation: &Reservation) -> Result<Reserved, MemoryError> {
        match self {
            Self::Sqlite(state) => state.reserve(reservation),
            #[cfg(feature = "serve")]
            Self::Postgresql(state) => state.reserve(reservation),
        }
    }

    pub fn answer(&mut self, key: &IdempotencyKey, answer: &[u8], expires: i64) -> Result<(), MemoryError> {
        match self {
            Self::Sqlite(state) => state.answer(key, answer, expires),
            #[cfg(feature = "serve")]
            Self::Postgresql(state) => state.answer(key, answer, expires),
        }
    }

    pub fn release(&mut self, key: &IdempotencyKey) -> Result<(), MemoryError> {
        match self {
            Self::Sqlite(state) => state.release(key),
            #[cfg(feature = "serve")]
            Self::Postgresql(state) => state.release(key),
        }
    }

    pub fn client_of(&mut self, token: &TokenHash, now: i64) -> Result<Option<String>, MemoryError> {
        match self {
            Self::Sqlite(state) => state.client_of(token, now),
            #[cfg(feature = "serve")]
            Self::Postgresql(state) => state.client_of(token, now),
        }
    }

    pub fn begin_mfa(&mut self, request: &MfaRequest, quota: Quota, now: i64) -> Result<Begun, MemoryError> {
        let send = MfaSend { request: *request, quota, now };
        match self {
            Self::Sqlite(state) => Ok(state.begin_mfa(&[send])?.remove(0)),
            #[cfg(feature = "serve")]
            Self::Postgresql(state) => Ok(state.begin_mfa(&[send])?.remove(0)),
        }
    }

    pub fn begin_all(&mut self, sends: &[MfaSend]) -> Result<Vec<Begun>, MemoryError> {
        match self {
            Self::Sqlite(state) => state.begin_mfa(sends),
            #[cfg(feature = "serve")]
            Self::Postgresql(state) => state.begin_mfa(sends),
        }
    }

    pub fn void_mfa(&mut self, id: &MfaId) -> Result<(), MemoryError> {
        match self {
            Self::Sqlite(state) => state.void_mfa(id),
            #[cfg(feature = "serve")]
            Self::Postgresql(state) => state.void_mfa(id),
        }
    }

    pub fn verify_mfa(&mut self, guesses: &[MfaGuess]) -> Result<Vec<Verified>, MemoryError> {
        match self {
            Self::Sqlite(state) => state.verify_mfa(guesses),
            #[cfg(feature = "serve")]
            Self::Postgresql(state) => state.verify_mfa(guesses),
        }
    }

    pub fn unlock_destination(&mut self, destination: &MfaDestination) -> Result<(), MemoryError> {
        match self {
            Self::Sqlite(state) => state.unlock_destination(destination),
            #[cfg(feature = "serve")]
            Self::Postgresql(state) => state.unlock_destination(destination),
        }
    }
}
