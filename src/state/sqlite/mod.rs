//! A state in a file of SQLite (contract 15.5). Several processes may use one file, but not over a network.

mod error;
mod file;
mod idempotency;
mod judge;
mod mfa;
mod structure;
mod sweep;

use std::fmt;
use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, OptionalExtension, Transaction, TransactionBehavior, params};

use file::OpenFile;

use super::IfMissing;
use super::attempt::{Attempt, Fingerprint, Judgement, Salt};
use super::policy::Policy;
use super::record::UNLOCK;
use super::sweep::SweepTurn;
use super::token::{CLIENT_OF, ISSUE, IssuedToken, TokenHash};
use crate::verification::MemoryError;

/// How long we wait for others who write to the file.
const PATIENCE: Duration = Duration::from_secs(5);

/// A state in a file.
pub struct Sqlite {
    connection: Connection,
    salt: Salt,
    file: OpenFile,
    /// Whether the last change could not be written. A full disk shows only there.
    has_failed: bool,
}

impl fmt::Debug for Sqlite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sqlite(redacted)")
    }
}

impl Sqlite {
    /// Opens the state in a file, and makes it where there is none. Only its owner may read it.
    ///
    /// # Errors
    ///
    /// [`MemoryError`] where it cannot be opened, or is not a state that this program knows.
    pub fn open(file: &Path) -> Result<Self, MemoryError> {
        Self::at(file, IfMissing::Make)
    }

    /// The same, where it may be made or not.
    pub(crate) fn at(file: &Path, missing: IfMissing) -> Result<Self, MemoryError> {
        let mut file = OpenFile::at(file, missing)?;
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        // By its whole name: SQLite takes names such as ":memory:" for something else.
        let connection = Connection::open_with_flags(file.path(), flags)?;
        connection.busy_timeout(PATIENCE)?;
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
        // The end of a process need not wait until its changes are where they belong: they are safe in the log.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
        // Otherwise SQLite compiles a statement anew when it learns its values.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
        // SQLite comes with synchronous = FULL.
        connection.execute_batch("PRAGMA cell_size_check = ON;")?;
        let salt = structure::salt(&connection, missing)?;
        file.watch_log();
        shorten_log(&connection, &file)?;
        Ok(Self { connection, salt, file, has_failed: false })
    }

    /// Prepares for many guesses, in a process that stays.
    ///
    /// # Errors
    ///
    /// [`MemoryError`] where the file cannot be read.
    pub fn expect_many(&self) -> Result<(), MemoryError> {
        /// How long the log of changes grows before they are moved to where they belong: SQLite's own limit, for its own pages. A page
        /// that many guesses have changed is moved once, but whoever comes meanwhile waits: with twice as much one in a hundred
        /// waits for longer than 20 ms under load.
        const LOG_BYTES: u32 = 4 << 20;
        /// Four times what SQLite keeps in memory: the rows of 80,000 secrets.
        const CACHE_KIB: i32 = 8 << 10;
        /// More than there are, so that none is compiled twice.
        const STATEMENTS: usize = 64;
        self.connection.pragma_update(None, "wal_autocheckpoint", LOG_BYTES / structure::PAGE_BYTES)?;
        self.connection.pragma_update(None, "cache_size", -CACHE_KIB)?;
        self.connection.set_prepared_statement_cache_capacity(STATEMENTS);
        Ok(())
    }

    /// What its fingerprints depend on.
    #[must_use]
    pub fn salt(&self) -> &Salt {
        &self.salt
    }

    /// Judges attempts, one after the other, and keeps what they change: all of it or nothing.
    ///
    /// # Errors
    ///
    /// [`MemoryError`] where the file cannot be read or written; then nothing has been decided.
    pub fn judge(&mut self, attempts: &[Attempt], policy: Policy) -> Result<Vec<Judgement>, MemoryError> {
        self.change(|transaction| {
            let judgements = judge::judge(transaction, attempts, policy)?;
            if let Some(turn) = SweepTurn::of(attempts) {
                sweep::sweep(transaction, turn)?;
            }
            Ok(judgements)
        })
    }

    /// Forgets the failures of a secret, final locks too.
    ///
    /// # Errors
    ///
    /// [`MemoryError`] where the file cannot be read or written.
    pub fn unlock(&mut self, secret: &Fingerprint) -> Result<(), MemoryError> {
        self.change(|transaction| {
            transaction.execute(UNLOCK, [secret.as_bytes()])?;
            Ok(())
        })
    }

    /// Keeps a token, and forgets some that have ended.
    ///
    /// # Errors
    ///
    /// [`MemoryError`] where the file cannot be read or written.
    pub fn issue(&mut self, token: &IssuedToken) -> Result<(), MemoryError> {
        self.change(|transaction| {
            transaction.execute(ISSUE, params![token.hash.as_bytes(), token.client, token.expires])?;
            sweep::sweep_tokens(transaction, &token.hash, token.issued)
        })
    }

    /// The client of a token that is valid at this time, in seconds since 1970.
    ///
    /// # Errors
    ///
    /// [`MemoryError`] where the file cannot be read.
    pub fn client_of(&self, token: &TokenHash, now: i64) -> Result<Option<String>, MemoryError> {
        self.file.check()?;
        let mut statement = self.connection.prepare_cached(CLIENT_OF)?;
        Ok(statement.query_row(params![token.as_bytes(), now], |row| row.get(0)).optional()?)
    }

    /// Whether the state can be read and written. Where the last change could not be written, one is tried.
    ///
    /// # Errors
    ///
    /// [`MemoryError`] where it cannot.
    pub fn check(&mut self) -> Result<(), MemoryError> {
        let transaction = self.transaction()?;
        // Where SQLite may not write, it begins one that only reads.
        if transaction.is_readonly("main")? {
            return Err(MemoryError::ReadOnly);
        }
        transaction.rollback()?;
        if self.has_failed { self.change(structure::write_again) } else { Ok(()) }
    }

    /// Closes the state. Where nobody else has it open, its file then holds all of it: the log beside it goes.
    ///
    /// # Errors
    ///
    /// [`MemoryError`] where the changes stay in the log, from which whoever opens the file next has them.
    pub fn close(self) -> Result<(), MemoryError> {
        // The log of a file that has gone elsewhere must not be removed by its name: it may be another one's.
        self.file.check()?;
        self.connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false)?;
        self.connection.close().map_err(|(_, error)| error.into())
    }

    /// Makes a change: all of it or nothing.
    fn change<T>(&mut self, act: impl FnOnce(&Transaction<'_>) -> Result<T, MemoryError>) -> Result<T, MemoryError> {
        let changed = self.transaction().and_then(|transaction| {
            let result = act(&transaction)?;
            transaction.commit()?;
            Ok(result)
        });
        self.has_failed = changed.is_err();
        changed
    }

    /// A transaction that may write, of a file that is still where it was.
    fn transaction(&mut self) -> Result<Transaction<'_>, MemoryError> {
        self.file.check()?;
        Ok(self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?)
    }
}

/// Moves changes to where they belong once the log of them is long. SQLite does this by itself only where a process stays: one
/// that comes for a single password reads the whole log, and does not know that all of it has been moved before.
fn shorten_log(connection: &Connection, file: &OpenFile) -> Result<(), MemoryError> {
    /// 32 pages: to read them costs as much as to move them now and then. SQLite's own limit for those who stay is 1000.
    const LONG: u64 = 32 * structure::PAGE_BYTES as u64;
    if file.log_bytes() > LONG {
        // Nobody waits for it: somebody else may be writing, and the next one does it as well.
        connection.busy_timeout(Duration::ZERO)?;
        drop(connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())));
        connection.busy_timeout(PATIENCE)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    // contract 15.5a: what is committed is on the disk.
    #[test]
    fn what_is_committed_is_safe() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("state.db");
        // The second time it finds its own.
        for _ in 0..2 {
            let state = Sqlite::open(&file).unwrap();
            assert_eq!(format!("{state:?}"), "Sqlite(redacted)");
            let pragma = |name| state.connection.pragma_query_value(None, name, |row| row.get::<_, String>(0));
            let number = |name| state.connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
            assert_eq!(pragma("journal_mode").unwrap(), "wal");
            // FULL (SQLite, PRAGMA synchronous).
            assert_eq!(number("synchronous").unwrap(), 2);
        }
    }
}
