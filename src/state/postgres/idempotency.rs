//! Requests that may be repeated, kept in PostgreSQL, as [`crate::state::Sqlite`] keeps them.

use tokio_postgres::Row;
use tokio_postgres::types::Type;

use super::sweep::IDEMPOTENCY;
use super::{Postgres, TypedValue};
use crate::state::idempotency::{ANSWER, IdempotencyKey, KEPT, RELEASE, Reservation, Reserved, StoredAnswer};
use crate::state::sweep::ROWS_EACH;
use crate::verification::MemoryError;

/// Takes a key that nobody has, or that is over at the time `$4`, in one step: one of many who want it gets a row.
const RESERVE: &str = "
INSERT INTO idempotency (key, request, expires) VALUES ($1, $2, $3)
ON CONFLICT (key) DO UPDATE SET request = excluded.request, answer = NULL, expires = excluded.expires
WHERE idempotency.expires <= $4
RETURNING TRUE";

impl Postgres {
    /// Reserves a request for whoever asks first, and forgets some that are over.
    ///
    /// # Errors
    ///
    /// [`MemoryError`] where the database does not confirm it.
    pub async fn reserve(&self, reservation: &Reservation) -> Result<Reserved, MemoryError> {
        let Reservation { key, request, now, until } = reservation;
        let (key, request): (&[u8], &[u8]) = (key.as_bytes(), request);
        let values: [TypedValue<'_>; 4] =
            [(&key, Type::BYTEA), (&request, Type::BYTEA), (until, Type::INT8), (now, Type::INT8)];
        if !self.rows_of_change(RESERVE, values).await?.is_empty() {
            let due = self.answered(self.due(&IDEMPOTENCY, key, ROWS_EACH, *now)).await?;
            self.forget(&IDEMPOTENCY, *now, due).await;
            return Ok(Reserved::New);
        }
        let asked = async { Ok(self.client.query_typed(KEPT, &[(&key, Type::BYTEA)]).await?) };
        match self.answered(asked).await?.first() {
            Some(row) => Ok(kept(row)?.judge(reservation)),
            // It has just been released: whoever asks again may have it.
            None => Ok(Reserved::Pending),
        }
    }

    /// Keeps what was answered to a request until it is forgotten, in seconds since 1970.
    ///
    /// # Errors
    ///
    /// [`MemoryError`] where the database does not confirm it.
    pub async fn answer(&self, key: &IdempotencyKey, answer: &[u8], expires: i64) -> Result<(), MemoryError> {
        let key: &[u8] = key.as_bytes();
        self.written(ANSWER, [(&answer, Type::BYTEA), (&expires, Type::INT8), (&key, Type::BYTEA)]).await
    }

    /// Forgets a request that was not carried out.
    ///
    /// # Errors
    ///
    /// [`MemoryError`] where the database does not confirm it.
    pub async fn release(&self, key: &IdempotencyKey) -> Result<(), MemoryError> {
        let key: &[u8] = key.as_bytes();
        self.written(RELEASE, [(&key, Type::BYTEA)]).await
    }
}

fn kept(row: &Row) -> Result<StoredAnswer, MemoryError> {
    Ok(StoredAnswer { request: row.try_get(0)?, answer: row.try_get(1)?, expires: row.try_get(2)? })
}
