//! Requests for multi-factor codes, and what is kept of their destinations, in PostgreSQL. Each step is a transaction that locks
//! what it reads, and [`crate::state::mfa`] decides in it: it decides nothing itself.
//!
//! Requests are locked before destinations, and either in their order, so no two transactions wait for each other. A destination
//! of which nothing is kept gets a row first: there would be nothing to lock.

use std::collections::{BTreeSet, HashMap};

use tokio_postgres::Row;
use tokio_postgres::types::Type;

use super::sweep::{DESTINATION, REQUEST};
use super::{Postgres, TypedValue};
use crate::state::mfa::{
    Begun, Budget, CodeHash, MfaDestination, MfaGuess, MfaId, MfaRequest, MfaSend, Times, Verified, verify,
};
use crate::state::sweep::ROWS_EACH;
use crate::verification::MemoryError;

/// Locks the requests with the ids `$1`.
const LOCK_REQUESTS: &str = "
SELECT id, destination, code, attempts, expires FROM mfa_request WHERE id = ANY($1) ORDER BY id FOR UPDATE";
/// Locks the destinations `$1`, in which each may stand once, whether anything is kept of them or not.
const LOCK_DESTINATIONS: &str = "
INSERT INTO mfa_destination AS kept (destination, sends, guesses, expires)
SELECT destination, ''::bytea, ''::bytea, 0 FROM UNNEST($1::bytea[]) AS wanted (destination) ORDER BY destination
ON CONFLICT (destination) DO UPDATE SET expires = kept.expires
RETURNING destination, sends, guesses";
/// Keeps requests: `$1` to `$5` are the columns of their rows, as arrays. An id that is taken is an error.
macro_rules! keep {
    ($if_taken:literal) => {
        concat!(
            "INSERT INTO mfa_request (id, destination, code, attempts, expires)
SELECT * FROM UNNEST($1::bytea[], $2::bytea[], $3::bytea[], $4::bigint[], $5::bigint[])",
            $if_taken
        )
    };
}

const KEEP: &str = keep!("");
/// Keeps how many guesses requests have left that are there already. Where the planner knows little of a table, it would read all
/// of it for an UPDATE.
const COUNT: &str = keep!(" ON CONFLICT (id) DO UPDATE SET attempts = excluded.attempts");
/// Forgets the request `$1`.
const VOID: &str = "DELETE FROM mfa_request WHERE id = $1";
/// Keeps the guesses `$1` of the destination `$2`.
const UNLOCK: &str = "UPDATE mfa_destination SET guesses = $1 WHERE destination = $2";
/// Forgets the requests with the ids `$1`.
const END: &str = "DELETE FROM mfa_request WHERE id = ANY($1)";
/// Keeps the sends `$2`, the guesses `$3` and the end `$4` of the destinations `$1`, which are there already.
const CHANGE_BUDGETS: &str = "
INSERT INTO mfa_destination (destination, sends, guesses, expires)
SELECT * FROM UNNEST($1::bytea[], $2::bytea[], $3::bytea[], $4::bigint[])
ON CONFLICT (destination) DO UPDATE SET sends = excluded.sends, guesses = excluded.guesses, expires = excluded.expires";

impl Postgres {
    /// Counts sends and keeps their requests, or says why not, one after the other, in one transaction. It forgets some of what is
    /// over.
    ///
    /// # Errors
    ///
    /// [`MemoryError`] where the database does not confirm all of it; all may have been counted all the same, or none.
    pub async fn begin_mfa(&self, sends: &[MfaSend]) -> Result<Vec<Begun>, MemoryError> {
        let Some(first) = sends.first() else { return Ok(Vec::new()) };
        let begun = self.transaction(Box::pin(self.admit(sends))).await?;
        let admitted = begun.iter().filter(|begun| **begun == Begun::Admitted).count();
        let rows = i64::try_from(admitted).map_or(i64::MAX, |admitted| admitted.saturating_mul(ROWS_EACH));
        if rows > 0 {
            let (MfaRequest { id, destination, .. }, now) = (first.request, first.now);
            let due = self.answered(self.due(&REQUEST, id.as_bytes(), rows, now)).await?;
            self.forget(&REQUEST, now, due).await;
            let due = self.answered(self.due(&DESTINATION, destination.as_bytes(), rows, now)).await?;
            self.forget(&DESTINATION, now, due).await;
        }
        Ok(begun)
    }

    /// Ends a request whose code was not delivered. Its send stays counted.
    ///
    /// # Errors
    ///
    /// [`MemoryError`] where the database does not confirm it.
    pub async fn void_mfa(&self, id: &MfaId) -> Result<(), MemoryError> {
        let id: &[u8] = id.as_bytes();
        self.written(VOID, [(&id, Type::BYTEA)]).await
    }

    /// Decides about guesses, one after the other, in one transaction.
    ///
    /// # Errors
    ///
    /// [`MemoryError`] where the database does not confirm all of it; all may have counted all the same, or none.
    pub async fn verify_mfa(&self, guesses: &[MfaGuess]) -> Result<Vec<Verified>, MemoryError> {
        if guesses.is_empty() {
            return Ok(Vec::new());
        }
        self.transaction(Box::pin(self.decide(guesses))).await
    }

    /// Forgets the wrong guesses for a destination.
    ///
    /// # Errors
    ///
    /// [`MemoryError`] where the database does not confirm it.
    pub async fn unlock_destination(&self, destination: &MfaDestination) -> Result<(), MemoryError> {
        let (none, destination): (&[u8], &[u8]) = (&Times::default().to_bytes(), destination.as_bytes());
        self.written(UNLOCK, [(&none, Type::BYTEA), (&destination, Type::BYTEA)]).await
    }

    async fn admit(&self, sends: &[MfaSend]) -> Result<Vec<Begun>, MemoryError> {
        let destinations = sends.iter().map(|send| send.request.destination).collect();
        let mut budgets = self.lock_destinations(&destinations).await?;
        let mut admitted = Vec::new();
        let mut begun = Vec::with_capacity(sends.len());
        for send in sends {
            let budget = budgets.get_mut(&send.request.destination).ok_or(MemoryError::Damaged)?;
            let decided = budget.admit(send.quota, send.now);
            if decided == Begun::Admitted {
                admitted.push(send.request);
            }
            begun.push(decided);
        }
        self.change_budgets(&budgets, &admitted).await?;
        self.write_requests(KEEP, &admitted).await?;
        Ok(begun)
    }

    async fn decide(&self, guesses: &[MfaGuess]) -> Result<Vec<Verified>, MemoryError> {
        let mut requests = self.lock_requests(guesses).await?;
        let destinations = requests.values().map(|request| request.destination).collect();
        let mut budgets = self.lock_destinations(&destinations).await?;
        let mut changed = BTreeSet::new();
        let mut verified = Vec::with_capacity(guesses.len());
        for guess in guesses {
            let Some(request) = requests.get_mut(&guess.id) else {
                verified.push(Verified::Gone);
                continue;
            };
            let budget = budgets.get_mut(&request.destination).ok_or(MemoryError::Damaged)?;
            let decided = verify(request, budget, guess);
            if decided.changes() {
                changed.insert(guess.id);
            }
            verified.push(decided);
        }
        let changed: Vec<MfaRequest> = changed.iter().map(|id| requests[id]).collect();
        let (ended, open): (Vec<_>, Vec<_>) = changed.iter().copied().partition(|request| request.attempts == 0);
        self.end_requests(&ended).await?;
        self.write_requests(COUNT, &open).await?;
        self.change_budgets(&budgets, &changed).await?;
        Ok(verified)
    }

    async fn lock_requests(&self, guesses: &[MfaGuess]) -> Result<HashMap<MfaId, MfaRequest>, MemoryError> {
        let ids: Vec<&[u8]> = guesses.iter().map(|guess| guess.id.as_bytes().as_slice()).collect();
        let rows = self.client.query_typed(LOCK_REQUESTS, &[(&ids, Type::BYTEA_ARRAY)]).await?;
        rows.iter().map(|row| request(row).map(|request| (request.id, request))).collect()
    }

    async fn lock_destinations(
        &self,
        destinations: &BTreeSet<MfaDestination>,
    ) -> Result<HashMap<MfaDestination, Budget>, MemoryError> {
        if destinations.is_empty() {
            return Ok(HashMap::new());
        }
        let wanted: Vec<&[u8]> = destinations.iter().map(|destination| destination.as_bytes().as_slice()).collect();
        let rows = self.client.query_typed(LOCK_DESTINATIONS, &[(&wanted, Type::BYTEA_ARRAY)]).await?;
        rows.iter().map(budget).collect()
    }

    async fn end_requests(&self, requests: &[MfaRequest]) -> Result<(), MemoryError> {
        if requests.is_empty() {
            return Ok(());
        }
        let ids: Vec<&[u8]> = requests.iter().map(|request| request.id.as_bytes().as_slice()).collect();
        self.execute(END, [(&ids, Type::BYTEA_ARRAY)]).await
    }

    async fn write_requests(&self, statement: &str, requests: &[MfaRequest]) -> Result<(), MemoryError> {
        if requests.is_empty() {
            return Ok(());
        }
        let ids: Vec<&[u8]> = requests.iter().map(|request| request.id.as_bytes().as_slice()).collect();
        let destinations: Vec<&[u8]> =
            requests.iter().map(|request| request.destination.as_bytes().as_slice()).collect();
        let codes: Vec<&[u8]> = requests.iter().map(|request| request.code.as_bytes().as_slice()).collect();
        let attempts: Vec<i64> = requests.iter().map(|request| request.attempts.into()).collect();
        let ends: Vec<i64> = requests.iter().map(|request| request.expires).collect();
        let values: [TypedValue<'_>; 5] = [
            (&ids, Type::BYTEA_ARRAY),
            (&destinations, Type::BYTEA_ARRAY),
            (&codes, Type::BYTEA_ARRAY),
            (&attempts, Type::INT8_ARRAY),
            (&ends, Type::INT8_ARRAY),
        ];
        self.execute(statement, values).await
    }

    /// Keeps the budgets of the destinations of these requests.
    async fn change_budgets(
        &self,
        budgets: &HashMap<MfaDestination, Budget>,
        of: &[MfaRequest],
    ) -> Result<(), MemoryError> {
        if of.is_empty() {
            return Ok(());
        }
        let of: BTreeSet<MfaDestination> = of.iter().map(|request| request.destination).collect();
        let budgets: Vec<_> = budgets.iter().filter(|(destination, _)| of.contains(destination)).collect();
        let destinations: Vec<&[u8]> =
            budgets.iter().map(|(destination, _)| destination.as_bytes().as_slice()).collect();
        let sends: Vec<Vec<u8>> = budgets.iter().map(|(_, budget)| budget.sends.to_bytes()).collect();
        let guesses: Vec<Vec<u8>> = budgets.iter().map(|(_, budget)| budget.guesses.to_bytes()).collect();
        let ends: Vec<i64> = budgets.iter().map(|(_, budget)| budget.expires()).collect();
        let values: [TypedValue<'_>; 4] = [
            (&destinations, Type::BYTEA_ARRAY),
            (&sends, Type::BYTEA_ARRAY),
            (&guesses, Type::BYTEA_ARRAY),
            (&ends, Type::INT8_ARRAY),
        ];
        self.execute(CHANGE_BUDGETS, values).await
    }

    /// Does something in a transaction that leaves no trace where it fails.
    async fn transaction<T>(&self, act: impl Future<Output = Result<T, MemoryError>>) -> Result<T, MemoryError> {
        self.answered(async {
            // Nothing is sent beyond it until it has begun.
            self.begin().await?;
            let done = act.await;
            match done {
                Ok(_) => self.commit().await?,
                Err(_) => self.client.batch_execute("ROLLBACK").await?,
            }
            done
        })
        .await
    }
}

fn request(row: &Row) -> Result<MfaRequest, MemoryError> {
    Ok(MfaRequest {
        id: MfaId::from_bytes(bytes(row, "id")?),
        destination: MfaDestination::from_bytes(bytes(row, "destination")?),
        code: CodeHash::new(bytes(row, "code")?),
        attempts: u32::try_from(row.try_get::<_, i64>("attempts")?).map_err(|_| MemoryError::Damaged)?,
        expires: row.try_get("expires")?,
    })
}

fn budget(row: &Row) -> Result<(MfaDestination, Budget), MemoryError> {
    let times = |column| Times::from_bytes(row.try_get(column)?).ok_or(MemoryError::Damaged);
    let budget = Budget { sends: times("sends")?, guesses: times("guesses")? };
    Ok((MfaDestination::from_bytes(bytes(row, "destination")?), budget))
}

fn bytes<const N: usize>(row: &Row, column: &str) -> Result<[u8; N], MemoryError> {
    let bytes: &[u8] = row.try_get(column)?;
    bytes.try_into().map_err(|_| MemoryError::Damaged)
}
