//! What nobody needs any more, found and forgotten in PostgreSQL, in two steps: the first reads a few rows in the order of the
//! index and locks none, and the second is hardly ever needed. One statement for both lets the planner read the whole table.

use tokio_postgres::types::Type;

use super::Postgres;
use crate::state::sweep::{DUE, DUE_ASIDE, DUE_DESTINATIONS, DUE_IDEMPOTENCY, DUE_REQUESTS, DUE_TOKENS, SweepTurn};
use crate::verification::MemoryError;

/// How a table is swept.
pub(super) struct Sweep {
    /// What is due, see [`crate::state::sweep`].
    find: &'static str,
    /// Forgets those of the keys `$1` that are still due at the time `$2`. It does not wait for rows that somebody is using, so it
    /// cannot deadlock with anybody.
    forget: &'static str,
}

macro_rules! forget {
    ($table:literal, $key:literal, $unless:literal) => {
        concat!(
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
        )
    };
}

/// The rows of secrets, but for those that are locked for good.
const VERIFIER: Sweep =
    Sweep { find: DUE, forget: forget!("verifier", "secret", " AND locked_until <> 9223372036854775807") };
/// What was set aside.
const ASIDE: Sweep = Sweep { find: DUE_ASIDE, forget: forget!("aside", "code", "") };
pub(super) const TOKEN: Sweep = Sweep { find: DUE_TOKENS, forget: forget!("token", "hash", "") };

/// Requests that may be repeated.
pub(super) const IDEMPOTENCY: Sweep = Sweep { find: DUE_IDEMPOTENCY, forget: forget!("idempotency", "key", "") };
/// Requests for multi-factor codes.
pub(super) const REQUEST: Sweep = Sweep { find: DUE_REQUESTS, forget: forget!("mfa_request", "id", "") };
/// Their destinations.
pub(super) const DESTINATION: Sweep =
    Sweep { find: DUE_DESTINATIONS, forget: forget!("mfa_destination", "destination", "") };

/// What is due, and when.
#[derive(Default)]
pub(super) struct Due {
    now: i64,
    verifier: Vec<Vec<u8>>,
    aside: Vec<Vec<u8>>,
}

impl Postgres {
    /// What is due where those look whose turn it is, if it is anybody's.
    pub(super) async fn due_in(&self, turn: Option<SweepTurn>) -> Result<Due, MemoryError> {
        let Some(SweepTurn { secret, code, rows, now }) = turn else { return Ok(Due::default()) };
        let (verifier, aside) = tokio::join!(
            biased;
            self.due(&VERIFIER, secret.as_bytes(), rows, now),
            self.due(&ASIDE, code.as_bytes(), rows, now),
        );
        Ok(Due { now, verifier: verifier?, aside: aside? })
    }

    /// Forgets what is due.
    pub(super) async fn forget_due(&self, due: Due) {
        self.forget(&VERIFIER, due.now, due.verifier).await;
        self.forget(&ASIDE, due.now, due.aside).await;
    }

    /// The keys that are due at a time among this many rows behind a key.
    pub(super) async fn due(
        &self,
        sweep: &Sweep,
        behind: &[u8],
        rows: i64,
        now: i64,
    ) -> Result<Vec<Vec<u8>>, MemoryError> {
        let values: [super::TypedValue<'_>; 3] = [(&behind, Type::BYTEA), (&rows, Type::INT8), (&now, Type::INT8)];
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
