//! Requests for multi-factor codes, and what is kept of their destinations, in SQLite: read, decided by [`crate::state::mfa`],
//! written, in a transaction beside which nobody writes. It decides nothing itself.

use rusqlite::types::ValueRef;
use rusqlite::{Row, Transaction, params};

use super::{Sqlite, sweep};
use crate::state::mfa::{
    Begun, Budget, CodeHash, MfaDestination, MfaGuess, MfaId, MfaRequest, MfaSend, Times, Verified, verify,
};
use crate::verification::MemoryError;

const KEEP: &str = "INSERT INTO mfa (destination, id, code, attempts, expires) VALUES (?1, ?2, ?3, ?4, ?5)";
/// A request and its destination. By the second condition SQLite takes the index.
const FIND: &str = "
SELECT request.destination, request.code, request.attempts, request.expires, kept.sends, kept.guesses FROM mfa AS request
LEFT JOIN mfa AS kept ON kept.destination = request.destination AND kept.id = x''
WHERE request.id = ?1 AND request.id <> x''";
const COUNT: &str = "UPDATE mfa SET attempts = ?1, expires = ?2 WHERE destination = ?3 AND id = ?4";
const VOID: &str = "DELETE FROM mfa WHERE id = ?1 AND id <> x''";
const FIND_BUDGET: &str = "SELECT sends, guesses FROM mfa WHERE destination = ?1 AND id = x''";
const KEEP_BUDGET: &str = "INSERT INTO mfa (sends, guesses, expires, destination, id) VALUES (?1, ?2, ?3, ?4, x'')";
const CHANGE_BUDGET: &str = "UPDATE mfa SET sends = ?1, guesses = ?2, expires = ?3 WHERE destination = ?4 AND id = x''";
const UNLOCK: &str = "UPDATE mfa SET guesses = ?1 WHERE destination = ?2 AND id = x''";

impl Sqlite {
    /// Counts sends and keeps their requests, or says why not, one after the other: all of it or nothing. It forgets some of what
    /// is over.
    ///
    /// # Errors
    ///
    /// [`MemoryError`] where the file cannot be read or written; then nothing is counted and nothing kept.
    pub fn begin_mfa(&mut self, sends: &[MfaSend]) -> Result<Vec<Begun>, MemoryError> {
        self.change(|transaction| sends.iter().map(|send| begin_one(transaction, send)).collect())
    }

    /// Ends a request whose code was not delivered. Its send stays counted.
    ///
    /// # Errors
    ///
    /// [`MemoryError`] where the file cannot be written.
    pub fn void_mfa(&mut self, id: &MfaId) -> Result<(), MemoryError> {
        self.change(|transaction| {
            transaction.prepare_cached(VOID)?.execute([id.as_bytes()])?;
            Ok(())
        })
    }

    /// Decides about guesses, one after the other, and keeps what they change: all of it or nothing.
    ///
    /// # Errors
    ///
    /// [`MemoryError`] where the file cannot be read or written; then nothing has been decided.
    pub fn verify_mfa(&mut self, guesses: &[MfaGuess]) -> Result<Vec<Verified>, MemoryError> {
        self.change(|transaction| guesses.iter().map(|guess| verify_one(transaction, guess)).collect())
    }

    /// Forgets the wrong guesses for a destination.
    ///
    /// # Errors
    ///
    /// [`MemoryError`] where the file cannot be written.
    pub fn unlock_destination(&mut self, destination: &MfaDestination) -> Result<(), MemoryError> {
        self.change(|transaction| {
            transaction.execute(UNLOCK, params![Times::default().to_bytes(), destination.as_bytes()])?;
            Ok(())
        })
    }
}

fn begin_one(transaction: &Transaction<'_>, send: &MfaSend) -> Result<Begun, MemoryError> {
    let MfaSend { request, quota, now } = send;
    let found = find_budget(transaction, &request.destination)?;
    let is_kept = found.is_some();
    let mut budget = found.unwrap_or_default();
    let begun = budget.admit(*quota, *now);
    if begun == Begun::Admitted {
        keep_budget(transaction, &request.destination, &budget, is_kept)?;
        keep(transaction, request)?;
        sweep::sweep_mfa(transaction, request, *now)?;
    }
    Ok(begun)
}

fn verify_one(transaction: &Transaction<'_>, guess: &MfaGuess) -> Result<Verified, MemoryError> {
    let Some((mut request, found)) = find(transaction, guess.id)? else { return Ok(Verified::Gone) };
    let mut budget = found.clone().unwrap_or_default();
    let verified = verify(&mut request, &mut budget, guess);
    if !verified.changes() {
        return Ok(verified);
    }
    // What has ended goes when others look: to take it away at once would change the index, too, and cost a guess half as much again.
    let expires = if request.attempts == 0 { 0 } else { request.expires };
    let values = params![request.attempts, expires, request.destination.as_bytes(), guess.id.as_bytes()];
    transaction.prepare_cached(COUNT)?.execute(values)?;
    // A match forgets guesses where there are any.
    if found.as_ref().is_none_or(|found| *found != budget) {
        keep_budget(transaction, &request.destination, &budget, found.is_some())?;
    }
    Ok(verified)
}

/// A request, and what is kept of its destination, if there is anything.
fn find(transaction: &Transaction<'_>, id: MfaId) -> Result<Option<(MfaRequest, Option<Budget>)>, MemoryError> {
    let mut find = transaction.prepare_cached(FIND)?;
    let mut rows = find.query([id.as_bytes()])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let request = MfaRequest {
        id,
        destination: MfaDestination::from_bytes(row.get(0)?),
        code: CodeHash::new(row.get(1)?),
        attempts: row.get(2)?,
        expires: row.get(3)?,
    };
    let has_budget = row.get_ref(4)? != ValueRef::Null;
    Ok(Some((request, has_budget.then(|| budget(row, 4)).transpose()?)))
}

fn keep(transaction: &Transaction<'_>, request: &MfaRequest) -> Result<(), MemoryError> {
    let MfaRequest { id, destination, code, attempts, expires } = request;
    let values = params![destination.as_bytes(), id.as_bytes(), code.as_bytes(), attempts, expires];
    transaction.prepare_cached(KEEP)?.execute(values)?;
    Ok(())
}

fn find_budget(transaction: &Transaction<'_>, destination: &MfaDestination) -> Result<Option<Budget>, MemoryError> {
    let mut find = transaction.prepare_cached(FIND_BUDGET)?;
    let mut rows = find.query([destination.as_bytes()])?;
    rows.next()?.map(|row| budget(row, 0)).transpose()
}

/// The sends in this column, and the guesses in the next one.
fn budget(row: &Row<'_>, column: usize) -> Result<Budget, MemoryError> {
    let times = |column| {
        let bytes = row.get_ref(column)?.as_blob().map_err(|_| MemoryError::Damaged)?;
        Times::from_bytes(bytes).ok_or(MemoryError::Damaged)
    };
    Ok(Budget { sends: times(column)?, guesses: times(column + 1)? })
}

fn keep_budget(
    transaction: &Transaction<'_>,
    destination: &MfaDestination,
    budget: &Budget,
    is_kept: bool,
) -> Result<(), MemoryError> {
    let statement = if is_kept { CHANGE_BUDGET } else { KEEP_BUDGET };
    let (sends, guesses) = (budget.sends.to_bytes(), budget.guesses.to_bytes());
    let values = params![sends, guesses, budget.expires(), destination.as_bytes()];
    transaction.prepare_cached(statement)?.execute(values)?;
    Ok(())
}
