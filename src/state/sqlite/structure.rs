//! The tables of a state in SQLite, and which version of them a file has. It judges nothing.

use std::thread;
use std::time::{Duration, Instant};

use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior};

use super::PATIENCE;
use crate::state::{IfMissing, Salt};
use crate::verification::MemoryError;

/// How often we look again where SQLite does not wait by itself.
const TICK: Duration = Duration::from_millis(20);
/// "totp" in ASCII: by it SQLite's files of this program are known (`PRAGMA application_id`).
const APPLICATION_ID: i32 = 0x746f_7470;
/// The structure that all of [`STEPS`] make (`PRAGMA user_version`).
const VERSION: i32 = 3;

/// A guess changes one row somewhere, and so writes a whole page: half as many bytes as SQLite's 4096 make it a sixth cheaper. Of
/// still smaller ones a row that is new would split too many.
pub(super) const PAGE_BYTES: u32 = 2048;

/// What each version adds to the one before it.
const STEPS: [&str; VERSION as usize] = [
    "
CREATE TABLE salt (salt BLOB NOT NULL);
CREATE TABLE verifier (
  secret BLOB PRIMARY KEY, code BLOB NOT NULL, last_step INTEGER NOT NULL, failures INTEGER NOT NULL,
  forget_at INTEGER NOT NULL, locked_until INTEGER NOT NULL, expires INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE aside (
  code BLOB PRIMARY KEY, last_step INTEGER NOT NULL, expires INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE token (
  hash BLOB PRIMARY KEY, client TEXT NOT NULL, expires INTEGER NOT NULL
) WITHOUT ROWID;
",
    "
CREATE TABLE idempotency (
  key BLOB PRIMARY KEY, request BLOB NOT NULL, answer BLOB, expires INTEGER NOT NULL
) WITHOUT ROWID;
",
    // A guess changes its request and the destination. As they are neighbours in one table, that is mostly one page to write instead
    // of two, and guesses cost a fifth less. The row of a destination has no id, and only it has sends and guesses.
    "
CREATE TABLE mfa (
  destination BLOB NOT NULL, id BLOB NOT NULL, code BLOB, attempts INTEGER, sends BLOB, guesses BLOB, expires INTEGER NOT NULL,
  PRIMARY KEY (destination, id)
) WITHOUT ROWID;
CREATE UNIQUE INDEX mfa_id ON mfa (id) WHERE id <> x'';
",
];

/// The salt of the state in a file, whose structure is made where there is none.
pub(super) fn salt(connection: &Connection, missing: IfMissing) -> Result<Salt, MemoryError> {
    if let Some(salt) = salt_of_this_version(connection) {
        return Ok(salt);
    }
    match (patiently(|| whole_version(connection))?, missing) {
        (VERSION, _) => {}
        (0, IfMissing::Refuse) => return Err(MemoryError::Foreign),
        (_, IfMissing::Make | IfMissing::Refuse) => patiently(|| complete(connection))?,
    }
    Ok(Salt::new(connection.query_row("SELECT salt FROM salt", [], |row| row.get(0))?))
}

/// The salt of a state that needs no change, in one look: most starts find one.
fn salt_of_this_version(connection: &Connection) -> Option<Salt> {
    const LOOK: &str =
        "SELECT salt, user_version, application_id FROM salt, pragma_user_version, pragma_application_id";
    let read = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get::<_, i32>(1)?, row.get::<_, i32>(2)?));
    let (salt, version, application) = connection.query_row(LOOK, [], read).ok()?;
    (version == VERSION && application == APPLICATION_ID).then(|| Salt::new(salt))
}

/// The version of a state; 0 where the file is empty.
fn version(connection: &Connection) -> Result<i32, MemoryError> {
    let number = |pragma| connection.pragma_query_value(None, pragma, |row| row.get::<_, i32>(0));
    let version = number("user_version")?;
    match number("application_id")? {
        APPLICATION_ID if version > VERSION => Err(MemoryError::Newer),
        APPLICATION_ID if version > 0 => Ok(version),
        0 if version == 0 && is_empty(connection)? => Ok(0),
        _ => Err(MemoryError::Foreign),
    }
}

/// The same where others may be making the structure: all that tells it is looked at in one moment.
fn whole_version(connection: &Connection) -> Result<i32, MemoryError> {
    let transaction = Transaction::new_unchecked(connection, TransactionBehavior::Deferred)?;
    version(&transaction)
}

fn is_empty(connection: &Connection) -> Result<bool, MemoryError> {
    Ok(connection.query_row("SELECT 1 FROM sqlite_schema", [], |_| Ok(())).optional()?.is_none())
}

/// Writes what is there already: where a disk is full, this fails as any change does.
pub(super) fn write_again(transaction: &Transaction<'_>) -> Result<(), MemoryError> {
    Ok(transaction.pragma_update(None, "user_version", VERSION)?)
}

/// Makes what the structure lacks. Several processes may do so at once: the first one does, the others find it.
fn complete(connection: &Connection) -> Result<(), MemoryError> {
    connection.pragma_update(None, "page_size", PAGE_BYTES)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    let transaction = Transaction::new_unchecked(connection, TransactionBehavior::Immediate)?;
    let version = version(&transaction)?;
    let missing = usize::try_from(version).ok().and_then(|version| STEPS.get(version..)).unwrap_or_default();
    for step in missing {
        transaction.execute_batch(step)?;
    }
    if version == 0 {
        transaction.execute("INSERT INTO salt (salt) VALUES (?1)", [Salt::random()?.as_bytes()])?;
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    }
    transaction.pragma_update(None, "user_version", VERSION)?;
    transaction.commit()?;
    Ok(())
}

/// Tries again while somebody else keeps the file: a change of the journal mode does not wait by itself.
fn patiently<T>(mut act: impl FnMut() -> Result<T, MemoryError>) -> Result<T, MemoryError> {
    let end = Instant::now() + PATIENCE;
    loop {
        match act() {
            Err(MemoryError::Busy) if Instant::now() < end => thread::sleep(TICK),
            result => return result,
        }
    }
}
