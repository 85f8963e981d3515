//! Guesses judged in PostgreSQL: all that have gathered in one statement, and those whose row holds the steps of other parameters
//! once more. It opens no connection.

use std::collections::{HashMap, HashSet};
use std::slice;

use tokio_postgres::Row;
use tokio_postgres::types::Type;

use super::Postgres;
use super::statement::{JUDGE, LOCK, Returned, SET_ASIDE, SecretColumns, TAKE_UP, limits};
use crate::state::sweep::SweepTurn;
use crate::state::{Attempt, Judgement, Policy};
use crate::verification::MemoryError;

/// How often a guess is judged again while other instances give the row to other parameters.
const TRIES: u8 = 3;

impl Postgres {
    /// Judges attempts, one after the other as far as they are for one secret.
    ///
    /// # Errors
    ///
    /// [`MemoryError`] where the database does not confirm all of it; some may have counted all the same.
    pub async fn judge(&self, attempts: &[Attempt], policy: Policy) -> Result<Vec<Judgement>, MemoryError> {
        let mut judgements = vec![None; attempts.len()];
        let mut left: Vec<usize> = (0..attempts.len()).collect();
        while !left.is_empty() {
            let mut secrets = HashSet::new();
            // The first one of each secret, then the second ones.
            let (places, later): (Vec<_>, Vec<_>) =
                left.into_iter().partition(|&place| secrets.insert(attempts[place].secret));
            left = later;
            let distinct: Vec<Attempt> = places.iter().map(|&place| attempts[place]).collect();
            for (place, judgement) in places.into_iter().zip(self.judge_distinct(&distinct, policy).await?) {
                judgements[place] = Some(judgement?);
            }
        }
        Ok(judgements.into_iter().flatten().collect())
    }

    /// Judges attempts for secrets of which no two are the same, in one statement; one whose row holds the steps of other
    /// parameters may fail alone.
    ///
    /// # Errors
    ///
    /// As [`Postgres::judge`].
    pub async fn judge_distinct(
        &self,
        attempts: &[Attempt],
        policy: Policy,
    ) -> Result<Vec<Result<Judgement, MemoryError>>, MemoryError> {
        if attempts.is_empty() {
            return Ok(Vec::new());
        }
        let turn = SweepTurn::of(attempts);
        let (returned, due) = self
            .answered(Box::pin(async {
                // All are sent before the first is answered: it takes as long as one.
                let (begun, judged, due, committed) = tokio::join!(
                    biased;
                    self.begin(),
                    self.execute_judge(attempts, policy),
                    self.due_in(turn),
                    self.commit(),
                );
                // What failed first is the reason why the rest did.
                let judged = begun.and(judged)?;
                let due = due?;
                committed.map(|()| (judged, due))
            }))
            .await?;
        self.forget_due(due).await;
        let mut judgements = Vec::with_capacity(attempts.len());
        let mut health = Ok(());
        for attempt in attempts {
            let returned = returned.get(attempt.secret.as_bytes().as_slice()).ok_or(MemoryError::Damaged)?;
            judgements.push(match (returned.judgement(attempt), health) {
                (Some(judgement), _) => Ok(judgement),
                (None, Ok(())) => self.judge_others(attempt, policy).await.inspect_err(|error| {
                    health = if *error == MemoryError::Busy { Ok(()) } else { Err(*error) };
                }),
                (None, Err(error)) => Err(error),
            });
        }
        Ok(judgements)
    }

    /// Judges an attempt whose row holds the steps of other parameters, after it has made room.
    async fn judge_others(&self, attempt: &Attempt, policy: Policy) -> Result<Judgement, MemoryError> {
        let (secret, code): (&[u8], &[u8]) = (attempt.secret.as_bytes(), attempt.code.as_bytes());
        let one = slice::from_ref(attempt);
        for _ in 0..TRIES {
            let returned = self
                .answered(Box::pin(async {
                    let (begun, locked, set_aside, taken_up, judged, committed) = tokio::join!(
                        biased;
                        self.begin(),
                        self.execute(LOCK, [(&secret, Type::BYTEA)]),
                        self.execute(SET_ASIDE, [(&secret, Type::BYTEA), (&code, Type::BYTEA)]),
                        self.execute(TAKE_UP, [(&code, Type::BYTEA), (&secret, Type::BYTEA)]),
                        self.execute_judge(one, policy),
                        self.commit(),
                    );
                    let judged = begun.and(locked).and(set_aside).and(taken_up).and(judged)?;
                    committed.map(|()| judged)
                }))
                .await?;
            // Where the row was gone when it should be locked, somebody else may have made it.
            if let Some(judgement) = returned.values().next().and_then(|returned| returned.judgement(attempt)) {
                return Ok(judgement);
            }
        }
        Err(MemoryError::Busy)
    }

    /// Executes the statement; what it returns, by secret.
    async fn execute_judge(
        &self,
        attempts: &[Attempt],
        policy: Policy,
    ) -> Result<HashMap<Vec<u8>, Returned>, MemoryError> {
        let columns = SecretColumns::of(attempts, policy);
        let [lock_after, limit, one_time] = limits(policy);
        let rows = self
            .client
            .query_typed(
                JUDGE,
                &[
                    (&columns.secret, Type::BYTEA_ARRAY),
                    (&columns.code, Type::BYTEA_ARRAY),
                    (&columns.last_step, Type::INT8_ARRAY),
                    (&columns.failures, Type::INT8_ARRAY),
                    (&columns.forget_at, Type::INT8_ARRAY),
                    (&columns.locked_until, Type::INT8_ARRAY),
                    (&columns.expires, Type::INT8_ARRAY),
                    (&columns.verdict, Type::INT8_ARRAY),
                    (&lock_after, Type::INT8),
                    (&limit, Type::INT8),
                    (&one_time, Type::INT8),
                ],
            )
            .await?;
        rows.iter().map(returned).collect()
    }
}

/// The columns behind `RETURNING`.
fn returned(row: &Row) -> Result<(Vec<u8>, Returned), MemoryError> {
    let returned = Returned {
        verdict: row.try_get("verdict")?,
        failures: row.try_get("failures")?,
        last_step: row.try_get("last_step")?,
        locked_until: row.try_get("locked_until")?,
    };
    Ok((row.try_get("secret")?, returned))
}
