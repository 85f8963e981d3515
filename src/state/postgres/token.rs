//! Tokens kept in PostgreSQL, as [`crate::state::Sqlite`] keeps them, many at once (contract 13.3).

use tokio_postgres::types::Type;

use super::sweep::TOKEN;
use super::{Postgres, TypedValue};
use crate::state::sweep::ROWS_EACH;
use crate::state::{IssuedToken, TokenHash};
use crate::verification::MemoryError;

/// As [`crate::state::token::ISSUE`], for many.
const ISSUE: &str = "
INSERT INTO token (hash, client, expires) SELECT * FROM UNNEST($1::bytea[], $2::text[], $3::bigint[])";
/// As [`crate::state::token::CLIENT_OF`], for many: the place of a question, from 1, and the client.
const CLIENTS_OF: &str = "
SELECT asked.place, token.client FROM UNNEST($1::bytea[], $2::bigint[]) WITH ORDINALITY AS asked (hash, now, place)
JOIN token ON token.hash = asked.hash AND token.expires > asked.now";

impl Postgres {
    /// Keeps tokens, and forgets some that have ended.
    ///
    /// # Errors
    ///
    /// [`MemoryError`] where the database does not confirm it.
    pub async fn issue(&self, tokens: &[IssuedToken]) -> Result<(), MemoryError> {
        let Some(first) = tokens.first() else { return Ok(()) };
        let hashes: Vec<&[u8]> = tokens.iter().map(|token| token.hash.as_bytes().as_slice()).collect();
        let clients: Vec<&str> = tokens.iter().map(|token| token.client.as_str()).collect();
        let ends: Vec<i64> = tokens.iter().map(|token| token.expires).collect();
        self.written(ISSUE, [(&hashes, Type::BYTEA_ARRAY), (&clients, Type::TEXT_ARRAY), (&ends, Type::INT8_ARRAY)])
            .await?;
        let rows = i64::try_from(tokens.len()).map_or(i64::MAX, |tokens| tokens.saturating_mul(ROWS_EACH));
        let due = self.answered(self.due(&TOKEN, hashes[0], rows, first.issued)).await?;
        self.forget(&TOKEN, first.issued, due).await;
        Ok(())
    }

    /// The client of each token that is valid at its time, in seconds since 1970.
    ///
    /// # Errors
    ///
    /// [`MemoryError`] where the database does not answer.
    pub async fn clients_of(&self, tokens: &[(TokenHash, i64)]) -> Result<Vec<Option<String>>, MemoryError> {
        let mut clients = vec![None; tokens.len()];
        if tokens.is_empty() {
            return Ok(clients);
        }
        let hashes: Vec<&[u8]> = tokens.iter().map(|(hash, _)| hash.as_bytes().as_slice()).collect();
        let times: Vec<i64> = tokens.iter().map(|(_, now)| *now).collect();
        let values: [TypedValue<'_>; 2] = [(&hashes, Type::BYTEA_ARRAY), (&times, Type::INT8_ARRAY)];
        let rows = self.answered(async { Ok(self.client.query_typed(CLIENTS_OF, &values).await?) }).await?;
        for row in rows {
            let place = usize::try_from(row.try_get::<_, i64>(0)? - 1).map_err(|_| MemoryError::Damaged)?;
            *clients.get_mut(place).ok_or(MemoryError::Damaged)? = Some(row.try_get(1)?);
        }
        Ok(clients)
    }
}
