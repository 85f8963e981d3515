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

macro_rules! sweep {
    ($table:literal, $key:literal, $locked_until:literal, $unless:literal) => {
        Sweep {
            find: concat!(
                "SELECT ",
                $key,
                " FROM (SELECT ",
                $key,
                ", expires",
                $locked_until,
                " FROM ",
                $table,
                " WHERE ",
                $key,
                " > $2 ORDER BY ",
                $key,
                " LIMIT $3) AS next WHERE expires <= $1",
                $unless
            ),
            forget: concat!(
                "DELETE FROM ",
                $table,
                " WHERE ",
                $key,
                " IN (SELECT ",
                $key,
                " FROM ",
                $table,
                " WHERE ",
                $key,
                " = ANY($1) AND expires <= $2",
                $unless,
                " FOR UPDATE SKIP LOCKED)"
            ),
        }
    };
}

/// The rows of secrets, but for those that are locked for good.
pub(super) const VERIFIER: Sweep =
    sweep!("verifier", "secret", ", locked_until", " AND locked_until <> 9223372036854775807");
/// What was set aside.
pub(super) const ASIDE: Sweep = sweep!("aside", "code", "", "");
/// Tokens.
pub(super) const TOKEN: Sweep = sweep!("token", "hash", "", "");

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
