//! Guesses judged in SQLite: read, decided by [`SecretRecord`], written, in a transaction beside which nobody writes.
//!
//! PostgreSQL does all of it in one statement, since there somebody may write between two. Here nobody can, and that statement would
//! be dear: SQLite compiles it anew in every process that comes for one password, which was more than half of what such a process
//! executed.

use rusqlite::{CachedStatement, OptionalExtension, Row, Transaction, params};

use crate::state::attempt::WRONG;
use crate::state::record::{Ruling, SecretRecord};
use crate::state::{Attempt, Fingerprint, Judgement, Policy};
use crate::verification::MemoryError;

const FIND: &str = "SELECT code, last_step, failures, forget_at, locked_until, expires FROM verifier WHERE secret = ?1";
const INSERT: &str = "INSERT INTO verifier VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
const UPDATE: &str = "UPDATE verifier SET code = ?2, last_step = ?3, failures = ?4, forget_at = ?5, locked_until = ?6, \
    expires = ?7 WHERE secret = ?1";
/// Keeps the steps of one set of parameters aside while the row of the secret holds those of others.
const SET_ASIDE: &str = "REPLACE INTO aside (code, last_step, expires) VALUES (?1, ?2, ?3)";
const FIND_ASIDE: &str = "SELECT last_step FROM aside WHERE code = ?1";

/// Judges attempts, one after the other.
pub(super) fn judge(
    transaction: &Transaction<'_>,
    attempts: &[Attempt],
    policy: Policy,
) -> Result<Vec<Judgement>, MemoryError> {
    let mut find = transaction.prepare_cached(FIND)?;
    attempts.iter().map(|attempt| judge_one(transaction, &mut find, attempt, policy)).collect()
}

fn judge_one(
    transaction: &Transaction<'_>,
    find: &mut CachedStatement<'_>,
    attempt: &Attempt,
    policy: Policy,
) -> Result<Judgement, MemoryError> {
    let found = find.query_row([attempt.secret.as_bytes()], record).optional()?;
    let known = found.unwrap_or(SecretRecord::new(attempt.code));
    match known.judge(attempt, policy, |code| last_step_aside(transaction, code))? {
        Ruling::Refused(verdict) => Ok(Judgement { verdict, failures: known.failures }),
        Ruling::Counted(verdict, record) => {
            if known.code != record.code && known.last_step != WRONG {
                let values = params![known.code.as_bytes(), known.last_step, known.expires];
                transaction.prepare_cached(SET_ASIDE)?.execute(values)?;
            }
            let write = if found.is_some() { UPDATE } else { INSERT };
            transaction.prepare_cached(write)?.execute(params![
                attempt.secret.as_bytes(),
                record.code.as_bytes(),
                record.last_step,
                record.failures,
                record.forget_at,
                record.locked_until,
                record.expires,
            ])?;
            Ok(Judgement { verdict, failures: record.failures })
        }
    }
}

fn record(row: &Row<'_>) -> rusqlite::Result<SecretRecord> {
    Ok(SecretRecord {
        code: Fingerprint::from_bytes(row.get(0)?),
        last_step: row.get(1)?,
        failures: row.get(2)?,
        forget_at: row.get(3)?,
        locked_until: row.get(4)?,
        expires: row.get(5)?,
    })
}

fn last_step_aside(transaction: &Transaction<'_>, code: &Fingerprint) -> Result<i64, MemoryError> {
    let step = transaction.prepare_cached(FIND_ASIDE)?.query_row([code.as_bytes()], |row| row.get(0)).optional()?;
    Ok(step.unwrap_or(WRONG))
}
