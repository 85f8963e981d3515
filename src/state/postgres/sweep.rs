//! What nobody needs any more, found and forgotten in PostgreSQL: as [`crate::state::statement::SWEEP`] and its like do it in
//! SQLite, in two steps. The first reads a few rows in the order of the index and locks none, and the second is hardly ever
//! needed; one statement for both lets the planner read the whole table.

use tokio_postgres::types::Type;

use super::Postgres;
use crate::state::statement::SWEPT_ROWS;
use crate::verification::MemoryError;

/// How a table is swept.
pub(super) struct Sweep {
    /// The keys that are due at the time `$1` among the next `$3` rows behind the key `$2`.
    find: &'static str,
    /// Forgets those of the keys `$1` that are still due at the time `$2`. It does not wait for rows that somebody is using, so it
    /// cannot deadlock with anybody.
    forget: &'static str,
}

/// The rows of secrets.
pub(super) const VERIFIER: Sweep = Sweep {
    find: "
SELECT secret FROM (SELECT secret, expires, locked_until FROM verifier WHERE secret > $2 ORDER BY secret LIMIT $3) AS next
WHERE expires <= $1 AND locked_until <> 9223372036854775807",
    forget: "
DELETE FROM verifier WHERE secret IN (
  SELECT secret FROM verifier
  WHERE secret = ANY($1) AND expires <= $2 AND locked_until <> 9223372036854775807 FOR UPDATE SKIP LOCKED
)",
};

/// What was set aside.
pub(super) const ASIDE: Sweep = Sweep {
    find: "
SELECT code FROM (SELECT code, expires FROM aside WHERE code > $2 ORDER BY code LIMIT $3) AS next WHERE expires <= $1",
    forget: "
DELETE FROM aside WHERE code IN (
  SELECT code FROM aside WHERE code = ANY($1) AND expires <= $2 FOR UPDATE SKIP LOCKED
)",
};

/// Tokens.
pub(super) const TOKEN: Sweep = Sweep {
    find: "
SELECT hash FROM (SELECT hash, expires FROM token WHERE hash > $2 ORDER BY hash LIMIT $3) AS next WHERE expires <= $1",
    forget: "
DELETE FROM token WHERE hash IN (
  SELECT hash FROM token WHERE hash = ANY($1) AND expires <= $2 FOR UPDATE SKIP LOCKED
)",
};

impl Postgres {
    /// The keys that are due at a time, among some rows behind a key: more for each of as many as came than these can add.
    pub(super) async fn due(
        &self,
        sweep: &Sweep,
        now: i64,
        behind: &[u8],
        came: usize,
    ) -> Result<Vec<Vec<u8>>, MemoryError> {
        let rows = i64::try_from(came).map_or(i64::MAX, |came| came.saturating_mul(SWEPT_ROWS));
        let values: [super::Value<'_>; 3] = [(&now, Type::INT8), (&behind, Type::BYTEA), (&rows, Type::INT8)];
        let found = self.client.query_typed(sweep.find, &values).await?;
        found.iter().map(|row| Ok(row.try_get(0)?)).collect()
    }

    /// Forgets what is due. Where that fails it has its turn again, and whoever asked is answered all the same.
    pub(super) async fn forget(&self, sweep: &Sweep, now: i64, due: Vec<Vec<u8>>) {
        if !due.is_empty() {
            let _ = self.written(sweep.forget, [(&due, Type::BYTEA_ARRAY), (&now, Type::INT8)]).await;
        }
    }
}
