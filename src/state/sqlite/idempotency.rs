//! Requests that may be repeated, kept in SQLite.

use rusqlite::{OptionalExtension, params};

use super::{Sqlite, sweep};
use crate::state::idempotency::{ANSWER, IdempotencyKey, KEPT, RELEASE, Reservation, Reserved, StoredAnswer};
use crate::verification::MemoryError;

const RESERVE: &str = "INSERT INTO idempotency (key, request, expires) VALUES (?1, ?2, ?3) \
    ON CONFLICT (key) DO UPDATE SET request = excluded.request, answer = NULL, expires = excluded.expires";

impl Sqlite {
    /// Reserves a request for whoever asks first, and forgets some that are over.
    ///
    /// # Errors
    ///
    /// [`MemoryError`] where the file cannot be read or written.
    pub fn reserve(&mut self, reservation: &Reservation) -> Result<Reserved, MemoryError> {
        self.change(|transaction| {
            let key = reservation.key.as_bytes();
            let kept = |row: &rusqlite::Row<'_>| {
                Ok(StoredAnswer { request: row.get(0)?, answer: row.get(1)?, expires: row.get(2)? })
            };
            let kept = transaction.prepare_cached(KEPT)?.query_row([key], kept).optional()?;
            let reserved = kept.map_or(Reserved::New, |kept| kept.judge(reservation));
            if reserved == Reserved::New {
                transaction.execute(RESERVE, params![key, reservation.request, reservation.until])?;
                sweep::sweep_idempotency(transaction, &reservation.key, reservation.now)?;
            }
            Ok(reserved)
        })
    }

    /// Keeps what was answered to a request until it is forgotten, in seconds since 1970.
    ///
    /// # Errors
    ///
    /// [`MemoryError`] where the file cannot be read or written.
    pub fn answer(&mut self, key: &IdempotencyKey, answer: &[u8], expires: i64) -> Result<(), MemoryError> {
        self.change(|transaction| {
            transaction.execute(ANSWER, params![answer, expires, key.as_bytes()])?;
            Ok(())
        })
    }

    /// Forgets a request that was not carried out.
    ///
    /// # Errors
    ///
    /// [`MemoryError`] where the file cannot be read or written.
    pub fn release(&mut self, key: &IdempotencyKey) -> Result<(), MemoryError> {
        self.change(|transaction| {
            transaction.execute(RELEASE, [key.as_bytes()])?;
            Ok(())
        })
    }
}
