//! What nobody needs any more, found and forgotten in SQLite.

use rusqlite::{Transaction, params};

use crate::state::sweep::{DUE, DUE_ASIDE, DUE_IDEMPOTENCY, DUE_TOKENS, ROWS_EACH, SweepTurn};
use crate::state::{IdempotencyKey, MfaRequest, TokenHash};
use crate::verification::MemoryError;

/// Requests for codes and destinations that are due at the time `?3` among the next `?2` rows behind the destination `?1`.
const DUE_MFA: &str = "
SELECT destination, id FROM
  (SELECT destination, id, expires FROM mfa WHERE destination > ?1 ORDER BY destination, id LIMIT ?2)
WHERE expires <= ?3";
const FORGET_MFA: &str = "DELETE FROM mfa WHERE destination = ?1 AND id = ?2";

/// Forgets rows of secrets, and what was set aside, where those look whose turn it is.
pub(super) fn sweep(transaction: &Transaction<'_>, turn: SweepTurn) -> Result<(), MemoryError> {
    let SweepTurn { secret, code, rows, now } = turn;
    let secrets = due(transaction, DUE, secret.as_bytes(), rows, now)?;
    forget(transaction, "DELETE FROM verifier WHERE secret = ?1", secrets)?;
    let codes = due(transaction, DUE_ASIDE, code.as_bytes(), rows, now)?;
    forget(transaction, "DELETE FROM aside WHERE code = ?1", codes)
}

/// Forgets tokens, where one looks that has just been issued.
pub(super) fn sweep_tokens(transaction: &Transaction<'_>, issued: &TokenHash, now: i64) -> Result<(), MemoryError> {
    let due = due(transaction, DUE_TOKENS, issued.as_bytes(), ROWS_EACH, now)?;
    forget(transaction, "DELETE FROM token WHERE hash = ?1", due)
}

/// Forgets requests that are over, where one looks that has just come.
pub(super) fn sweep_idempotency(
    transaction: &Transaction<'_>,
    key: &IdempotencyKey,
    now: i64,
) -> Result<(), MemoryError> {
    let due = due(transaction, DUE_IDEMPOTENCY, key.as_bytes(), ROWS_EACH, now)?;
    forget(transaction, "DELETE FROM idempotency WHERE key = ?1", due)
}

/// Forgets requests for codes that are over, and destinations of which nothing counts any more, where one looks that has just come.
pub(super) fn sweep_mfa(transaction: &Transaction<'_>, request: &MfaRequest, now: i64) -> Result<(), MemoryError> {
    // A send adds a request and perhaps a destination.
    let behind = params![request.destination.as_bytes(), 2 * ROWS_EACH, now];
    let mut find = transaction.prepare_cached(DUE_MFA)?;
    let due = find.query_map(behind, |row| Ok((row.get(0)?, row.get(1)?)))?;
    let due: Vec<(Vec<u8>, Vec<u8>)> = due.collect::<Result<_, _>>()?;
    for (destination, id) in due {
        transaction.prepare_cached(FORGET_MFA)?.execute(params![destination, id])?;
    }
    Ok(())
}

/// The keys that are due at a time among this many rows behind a key.
fn due(
    transaction: &Transaction<'_>,
    find: &str,
    behind: &[u8],
    rows: i64,
    now: i64,
) -> Result<Vec<Vec<u8>>, MemoryError> {
    let mut find = transaction.prepare_cached(find)?;
    let keys = find.query_map(params![behind, rows, now], |row| row.get(0))?;
    Ok(keys.collect::<Result<_, _>>()?)
}

fn forget(transaction: &Transaction<'_>, forget: &str, keys: Vec<Vec<u8>>) -> Result<(), MemoryError> {
    if keys.is_empty() {
        return Ok(());
    }
    let mut forget = transaction.prepare_cached(forget)?;
    for key in keys {
        forget.execute([key])?;
    }
    Ok(())
}
