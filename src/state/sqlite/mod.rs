//! A state in a file of SQLite (contract 15.5). Several processes may use one file, but not over a network.

mod error;
mod file;
mod structure;

use std::fmt;
use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, OptionalExtension, Transaction, TransactionBehavior, params};

use file::OpenFile;

use super::attempt::{Attempt, Fingerprint, Judgement, Salt};
use super::policy::Policy;
use super::statement::{
    JUDGE_VALUES, JUDGED, Returned, Row, SET_ASIDE, SWEEP, SWEEP_ASIDE, SWEEP_EVERY, SWEEP_TOKENS, SWEPT_ROWS, TAKE_UP,
    UNLOCK, limits,
};
use super::token::{CLIENT_OF, ISSUE, Token, TokenHash};
use crate::verification::MemoryError;

/// How long we wait for others who write to the file.
const PATIENCE: Duration = Duration::from_secs(5);

/// A state in a file.
pub struct Sqlite {
    connection: Connection,
    salt: Salt,
    file: OpenFile,
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
        let file = OpenFile::at(file)?;
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        // By its whole name: SQLite takes names such as ":memory:" for something else.
        let connection = Connection::open_with_flags(file.path(), flags)?;
        connection.busy_timeout(PATIENCE)?;
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
        // The end of a process need not wait until its changes are where they belong: they are safe in the log.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
        // SQLite comes with synchronous = FULL.
        connection.execute_batch("PRAGMA cell_size_check = ON;")?;
        let salt = structure::salt(&connection)?;
        shorten_log(&connection, &file)?;
        Ok(Self { connection, salt, file })
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
        let transaction = self.transaction()?;
        let judgements =
            attempts.iter().map(|attempt| judge(&transaction, attempt, policy)).collect::<Result<_, _>>()?;
        sweep(&transaction, attempts)?;
        transaction.commit()?;
        Ok(judgements)
    }

    /// Forgets the failures of a secret, final locks too.
    ///
    /// # Errors
    ///
    /// [`MemoryError`] where the file cannot be read or written.
    pub fn unlock(&mut self, secret: &Fingerprint) -> Result<(), MemoryError> {
        let transaction = self.transaction()?;
        transaction.execute(UNLOCK, [secret.as_bytes()])?;
        transaction.commit()?;
        Ok(())
    }

    /// Keeps a token, and forgets some that have ended.
    ///
    /// # Errors
    ///
    /// [`MemoryError`] where the file cannot be read or written.
    pub fn issue(&mut self, token: &Token) -> Result<(), MemoryError> {
        let transaction = self.transaction()?;
        let hash = token.hash.as_bytes();
        transaction.execute(ISSUE, params![hash, token.client, token.expires])?;
        transaction.execute(SWEEP_TOKENS, params![token.issued, hash, SWEPT_ROWS])?;
        transaction.commit()?;
        Ok(())
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

    /// Whether the state can be read and written.
    ///
    /// # Errors
    ///
    /// [`MemoryError`] where it cannot.
    pub fn check(&mut self) -> Result<(), MemoryError> {
        self.transaction()?.rollback()?;
        Ok(())
    }

    /// A transaction that may write, of a file that is still where it was.
    fn transaction(&mut self) -> Result<Transaction<'_>, MemoryError> {
        self.file.check()?;
        Ok(self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?)
    }
}

fn judge(transaction: &Transaction<'_>, attempt: &Attempt, policy: Policy) -> Result<Judgement, MemoryError> {
    let (secret, code) = (attempt.secret.as_bytes(), attempt.code.as_bytes());
    if let Some(judgement) = execute(transaction, attempt, policy)?.judgement(attempt) {
        return Ok(judgement);
    }
    transaction.prepare_cached(SET_ASIDE)?.execute([secret, code])?;
    transaction.prepare_cached(TAKE_UP)?.execute([code, secret])?;
    execute(transaction, attempt, policy)?.judgement(attempt).ok_or(MemoryError::Damaged)
}

fn sweep(transaction: &Transaction<'_>, attempts: &[Attempt]) -> Result<(), MemoryError> {
    // Seldom, since it costs as much as a guess; the time lets every secret have its turn.
    let has_turn = |attempt: &&Attempt| (attempt.now + i64::from(attempt.secret.as_bytes()[0])) % SWEEP_EVERY == 0;
    let Some(first) = attempts.iter().find(has_turn) else { return Ok(()) };
    let rows =
        i64::try_from(attempts.len()).map_or(i64::MAX, |attempts| attempts.saturating_mul(SWEPT_ROWS * SWEEP_EVERY));
    // What is over for one guess may count for an earlier one.
    let earliest = attempts.iter().map(|attempt| attempt.now).min();
    for (statement, from) in [(SWEEP, first.secret), (SWEEP_ASIDE, first.code)] {
        transaction.prepare_cached(statement)?.execute(params![earliest, from.as_bytes(), rows])?;
    }
    Ok(())
}

fn execute(transaction: &Transaction<'_>, attempt: &Attempt, policy: Policy) -> Result<Returned, MemoryError> {
    let row = Row::first(attempt, policy);
    let [lock_after, attempts, one_time] = limits(policy);
    let values = params![
        attempt.secret.as_bytes(),
        attempt.code.as_bytes(),
        row.last_step,
        row.failures,
        row.forget_at,
        row.locked_until,
        attempt.expires,
        row.verdict,
        lock_after,
        attempts,
        one_time,
    ];
    let returned = |row: &rusqlite::Row<'_>| {
        Ok(Returned {
            verdict: row.get("verdict")?,
            failures: row.get("failures")?,
            last_step: row.get("last_step")?,
            locked_until: row.get("locked_until")?,
        })
    };
    transaction.prepare_cached(JUDGE_VALUES)?.execute(values)?;
    Ok(transaction.prepare_cached(JUDGED)?.query_row([attempt.secret.as_bytes()], returned)?)
}

/// Moves changes to where they belong once the log of them is long. SQLite does this by itself only where a process stays: one
/// that comes for a single password reads the whole log, and does not know that all of it has been moved before.
fn shorten_log(connection: &Connection, file: &OpenFile) -> Result<(), MemoryError> {
    /// 64 pages; SQLite's own limit for those who stay is 1000.
    const LONG: u64 = 64 * 4096;
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
            let pragma = |name| state.connection.pragma_query_value(None, name, |row| row.get::<_, String>(0));
            let number = |name| state.connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
            assert_eq!(pragma("journal_mode").unwrap(), "wal");
            // FULL (SQLite, PRAGMA synchronous).
            assert_eq!(number("synchronous").unwrap(), 2);
        }
    }
}
