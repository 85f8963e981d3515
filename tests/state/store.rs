//! The stores that the tests run on, each state in a place of its own.

use std::path::{Path, PathBuf};

use tempfile::TempDir;
use totp_adapter::state::{
    Attempt, Fingerprint, IdempotencyKey, Judgement, Policy, Reservation, Reserved, Salt, Sqlite, Token, TokenHash,
};
use totp_adapter::verification::MemoryError;

#[cfg(feature = "serve")]
use crate::common::schema::Schema;
#[cfg(feature = "serve")]
use crate::postgres::Connected;

/// Makes of each function two tests, one on SQLite and one on PostgreSQL.
#[macro_export]
macro_rules! on_each_store {
    ($($name:ident,)*) => {
        mod on_sqlite {
            $(#[test] fn $name() { super::$name(&$crate::store::Place::sqlite()) })*
        }
        #[cfg(feature = "serve")]
        mod on_postgresql {
            $(#[test] fn $name() {
                if let Some(place) = $crate::store::Place::postgresql() { super::$name(&place) }
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

    /// How many rows a table has.
    pub fn count(&self, table: &str) -> i64 {
        let statement = format!("SELECT count(*) FROM {table}");
        match self {
            Self::Sqlite { file, .. } => {
                let database = rusqlite::Connection::open(file).unwrap();
                database.query_row(&statement, [], |row| row.get(0)).unwrap()
            }
            #[cfg(feature = "serve")]
            Self::Postgresql(schema) => schema.count(&statement),
        }
    }

    /// Makes of the state one that version 1 of the structure has made.
    pub fn make_older(&self) {
        match self {
            Self::Sqlite { file, .. } => {
                let database = rusqlite::Connection::open(file).unwrap();
                database.execute_batch("DROP TABLE idempotency; PRAGMA user_version = 1").unwrap();
            }
            #[cfg(feature = "serve")]
            Self::Postgresql(schema) => {
                schema.execute("DROP TABLE idempotency");
                schema.execute("UPDATE totp_adapter SET version = 1");
            }
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

    pub fn issue(&mut self, token: &Token) -> Result<(), MemoryError> {
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
}
