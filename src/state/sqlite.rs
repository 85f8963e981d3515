//! A state in a file of SQLite (contract 15.5). Several processes may use one file, but not over a network.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension, Transaction, TransactionBehavior, params};

use super::attempt::{Attempt, Fingerprint, Judgement, Salt};
use super::policy::Policy;
use super::statement::{
    JUDGE_VALUES, JUDGED, Returned, Row, SET_ASIDE, SWEEP, SWEEP_ASIDE, SWEEP_EVERY, SWEPT_ROWS, TAKE_UP, UNLOCK,
    limits,
};
use super::token::{CLIENT_OF, ISSUE, SWEEP_TOKENS, Token, TokenHash};
use crate::verification::MemoryError;

/// How long we wait for others who write to the file.
const PATIENCE: Duration = Duration::from_secs(5);
/// How often we look again where SQLite does not wait by itself.
const TICK: Duration = Duration::from_millis(20);
/// "totp" in ASCII: by it SQLite's files of this program are known (`PRAGMA application_id`).
const APPLICATION_ID: i32 = 0x746f_7470;
/// The structure below (`PRAGMA user_version`).
const VERSION: i32 = 1;

const STRUCTURE: &str = "
CREATE TABLE salt (salt BLOB NOT NULL);
CREATE TABLE verifier (
  secret BLOB PRIMARY KEY, code BLOB NOT NULL, last_step INTEGER NOT NULL, failures INTEGER NOT NULL,
  forget_at INTEGER NOT NULL, locked_until INTEGER NOT NULL, expires INTEGER NOT NULL, verdict INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE aside (
  code BLOB PRIMARY KEY, last_step INTEGER NOT NULL, expires INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE token (
  hash BLOB PRIMARY KEY, client TEXT NOT NULL, expires INTEGER NOT NULL
) WITHOUT ROWID;
";

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
        prepare(file)?;
        let opened = OpenFile::at(file)?;
        // SQLite takes names such as ":memory:" for something else.
        let file = Path::new(".").join(file);
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(file, flags)?;
        connection.busy_timeout(PATIENCE)?;
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
        // The end of a process need not wait until its changes are where they belong: they are safe in the log.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
        // SQLite comes with synchronous = FULL.
        connection.execute_batch("PRAGMA cell_size_check = ON;")?;
        let salt = if let Some(salt) = salt_of_this_version(&connection) {
            salt
        } else {
            if patiently(|| whole_version(&connection))? != VERSION {
                patiently(|| initialise(&connection))?;
            }
            Salt::new(connection.query_row("SELECT salt FROM salt", [], |row| row.get(0))?)
        };
        shorten_log(&connection, &opened.path)?;
        Ok(Self { connection, salt, file: opened })
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

/// The file that is open: where somebody takes it away or puts another in its place, SQLite would go on writing to it, and all
/// of that would be forgotten with the process.
struct OpenFile {
    path: PathBuf,
    identity: Identity,
}

#[cfg(unix)]
type Identity = (u64, u64);
/// When it was made.
#[cfg(not(unix))]
type Identity = Option<std::time::SystemTime>;

impl OpenFile {
    fn at(path: &Path) -> Result<Self, MemoryError> {
        let path = std::path::absolute(path).map_err(|error| MemoryError::File(error.kind()))?;
        Ok(Self { identity: identity(&path)?, path })
    }

    fn check(&self) -> Result<(), MemoryError> {
        if identity(&self.path)? == self.identity { Ok(()) } else { Err(MemoryError::Replaced) }
    }
}

#[cfg(unix)]
fn identity(path: &Path) -> Result<Identity, MemoryError> {
    use std::os::unix::fs::MetadataExt;
    let found = fs::metadata(path).map_err(|error| MemoryError::File(error.kind()))?;
    Ok((found.dev(), found.ino()))
}

#[cfg(not(unix))]
fn identity(path: &Path) -> Result<Identity, MemoryError> {
    let found = fs::metadata(path).map_err(|error| MemoryError::File(error.kind()))?;
    Ok(found.created().ok())
}

/// Makes the file where it is missing, before SQLite could make one that others can read.
fn prepare(file: &Path) -> Result<(), MemoryError> {
    let in_file = |error: io::Error| MemoryError::File(error.kind());
    match fs::metadata(file) {
        Ok(found) if !found.is_file() => Err(MemoryError::NotAFile),
        // It is not opened: SQLite's locks end when anybody in the process closes the file.
        Ok(found) => close_to_others(file, &found).map_err(in_file),
        Err(error) if error.kind() == io::ErrorKind::NotFound => match create(file) {
            Ok(_) => Ok(()),
            // Somebody else was faster.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            Err(error) => Err(in_file(error)),
        },
        Err(error) => Err(in_file(error)),
    }
}

#[cfg(unix)]
fn create(file: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(file)
}

#[cfg(not(unix))]
fn create(file: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).open(file)
}

#[cfg(unix)]
fn close_to_others(file: &Path, found: &fs::Metadata) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    const OTHERS: u32 = 0o077;
    match found.permissions().mode() & OTHERS {
        0 => Ok(()),
        _ => fs::set_permissions(file, fs::Permissions::from_mode(0o600)),
    }
}

/// The folder says who may read.
#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "elsewhere it can fail")]
const fn close_to_others(_: &Path, _: &fs::Metadata) -> io::Result<()> {
    Ok(())
}

/// Moves changes to where they belong once the log of them is long. SQLite does this by itself only where a process stays: one
/// that comes for a single password reads the whole log, and does not know that all of it has been moved before.
fn shorten_log(connection: &Connection, file: &Path) -> Result<(), MemoryError> {
    /// 64 pages; SQLite's own limit for those who stay is 1000.
    const LONG: u64 = 64 * 4096;
    let mut log = file.as_os_str().to_owned();
    log.push("-wal");
    if fs::metadata(log).is_ok_and(|log| log.len() > LONG) {
        // Nobody waits for it: somebody else may be writing, and the next one does it as well.
        connection.busy_timeout(Duration::ZERO)?;
        drop(connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())));
        connection.busy_timeout(PATIENCE)?;
    }
    Ok(())
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

/// Makes the structure. Several processes may do so at once: the first one does, the others find it.
fn initialise(connection: &Connection) -> Result<(), MemoryError> {
    connection.pragma_update(None, "journal_mode", "WAL")?;
    let transaction = Transaction::new_unchecked(connection, TransactionBehavior::Immediate)?;
    if version(&transaction)? == VERSION {
        return Ok(());
    }
    let mut salt = [0; Salt::BYTES];
    getrandom::fill(&mut salt).map_err(|_| MemoryError::File(io::ErrorKind::Other))?;
    transaction.execute_batch(STRUCTURE)?;
    transaction.execute("INSERT INTO salt (salt) VALUES (?1)", [salt])?;
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
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

impl From<rusqlite::Error> for MemoryError {
    /// Of what SQLite says only the number: its words may quote.
    fn from(error: rusqlite::Error) -> Self {
        let Some(failure) = error.sqlite_error() else { return Self::Damaged };
        match failure.code {
            ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => Self::Busy,
            ErrorCode::DiskFull => Self::Full,
            ErrorCode::ReadOnly => Self::ReadOnly,
            ErrorCode::NotADatabase => Self::Foreign,
            ErrorCode::DatabaseCorrupt => Self::Damaged,
            ErrorCode::PermissionDenied => Self::File(io::ErrorKind::PermissionDenied),
            _ => Self::Other { code: failure.extended_code },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // contract 15.5a: what is committed is on the disk, in a file that was closed to others before SQLite came.
    #[test]
    fn what_is_committed_is_safe() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("state.db");
        prepare(&file).unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let made = fs::metadata(&file).unwrap();
            assert_eq!((made.len(), made.permissions().mode() & 0o777), (0, 0o600));
        }
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
