//! The tables of a state in PostgreSQL, and which version of them a schema has. It judges nothing.

use tokio_postgres::types::Type;
use tokio_postgres::{Client, Row};

use crate::state::{IfMissing, Salt};
use crate::verification::MemoryError;

/// The structure that all of [`STEPS`] make.
const VERSION: i64 = 3;
/// "totp" in ASCII: the lock that everybody takes who may make the structure.
const LOCK: i64 = 0x746f_7470;

/// What each version adds to the one before it. Pages of the rows of secrets, requests and destinations have room for new
/// versions of them: most changes then touch no index (heap-only tuples).
const STEPS: [&str; 3] = [
    "
CREATE TABLE totp_adapter (version BIGINT NOT NULL);
CREATE TABLE salt (salt BYTEA NOT NULL);
CREATE TABLE verifier (
  secret BYTEA PRIMARY KEY, code BYTEA NOT NULL, last_step BIGINT NOT NULL, failures BIGINT NOT NULL,
  forget_at BIGINT NOT NULL, locked_until BIGINT NOT NULL, expires BIGINT NOT NULL, verdict BIGINT NOT NULL
) WITH (fillfactor = 70);
CREATE TABLE aside (
  code BYTEA PRIMARY KEY, last_step BIGINT NOT NULL, expires BIGINT NOT NULL
);
CREATE TABLE token (
  hash BYTEA PRIMARY KEY, client TEXT NOT NULL, expires BIGINT NOT NULL
);
",
    "
CREATE TABLE idempotency (
  key BYTEA PRIMARY KEY, request BYTEA NOT NULL, answer BYTEA, expires BIGINT NOT NULL
);
",
    "
CREATE TABLE mfa_request (
  id BYTEA PRIMARY KEY, destination BYTEA NOT NULL, code BYTEA NOT NULL, attempts BIGINT NOT NULL, expires BIGINT NOT NULL
) WITH (fillfactor = 70);
CREATE TABLE mfa_destination (
  destination BYTEA PRIMARY KEY, sends BYTEA NOT NULL, guesses BYTEA NOT NULL, expires BIGINT NOT NULL
) WITH (fillfactor = 70);
",
];

/// What is in the schema where tables are made, the first of `search_path` that exists: whether there is one, whether it has our
/// mark, and whether it has anything that no extension brought.
const CONTENTS: &str = "
SELECT current_schema() IS NOT NULL, coalesce(bool_or(relname = 'totp_adapter' AND relkind = 'r'), FALSE), count(relname) > 0
FROM pg_catalog.pg_class
WHERE relnamespace = (SELECT oid FROM pg_catalog.pg_namespace WHERE nspname = current_schema())
AND NOT EXISTS (
  SELECT FROM pg_catalog.pg_depend
  WHERE classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND objid = pg_class.oid AND deptype = 'e'
)";

/// The salt of the state in the schema; with it the structure has the version that we know.
pub(super) async fn prepare(client: &Client, missing: IfMissing) -> Result<Salt, MemoryError> {
    match (version(client).await?, missing) {
        (VERSION, _) => {}
        (0, IfMissing::Refuse) => return Err(MemoryError::Damaged),
        (_, IfMissing::Make | IfMissing::Refuse) => complete(client).await?,
    }
    let rows = client.query_typed("SELECT salt FROM salt", &[]).await?;
    let [row] = rows.as_slice() else { return Err(MemoryError::Damaged) };
    let salt: &[u8] = row.try_get(0)?;
    Ok(Salt::new(salt.try_into().map_err(|_| MemoryError::Damaged)?))
}

/// The version of our structure in the schema; 0 where it is empty.
async fn version(client: &Client) -> Result<i64, MemoryError> {
    let row = one(client.query_typed(CONTENTS, &[]).await?)?;
    let (exists, marked, used): (bool, bool, bool) = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
    if !exists || (used && !marked) {
        return Err(MemoryError::Foreign);
    }
    if !marked {
        return Ok(0);
    }
    let version = one(client.query_typed("SELECT version FROM totp_adapter", &[]).await?)?;
    match version.try_get::<_, i64>(0)? {
        version @ 1..=VERSION => Ok(version),
        version if version > VERSION => Err(MemoryError::Newer),
        _ => Err(MemoryError::Damaged),
    }
}

/// Makes what the structure lacks. Several instances may do so at once: the first one does, the others find it.
async fn complete(client: &Client) -> Result<(), MemoryError> {
    client.batch_execute(super::BEGIN).await?;
    let made = complete_within(client).await;
    let end = if made.is_ok() { "COMMIT" } else { "ROLLBACK" };
    client.batch_execute(end).await?;
    made
}

async fn complete_within(client: &Client) -> Result<(), MemoryError> {
    client.execute_typed("SELECT pg_catalog.pg_advisory_xact_lock($1)", &[(&LOCK, Type::INT8)]).await?;
    let version = version(client).await?;
    let missing = usize::try_from(version).ok().and_then(|version| STEPS.get(version..)).unwrap_or_default();
    for step in missing {
        client.batch_execute(step).await?;
    }
    if version == 0 {
        let salt = Salt::random()?;
        let value: [super::TypedValue<'_>; 1] = [(&salt.as_bytes().as_slice(), Type::BYTEA)];
        client.execute_typed("INSERT INTO salt (salt) VALUES ($1)", &value).await?;
        client.batch_execute("INSERT INTO totp_adapter (version) VALUES (0)").await?;
    }
    client.execute_typed("UPDATE totp_adapter SET version = $1", &[(&VERSION, Type::INT8)]).await?;
    Ok(())
}

fn one(rows: Vec<Row>) -> Result<Row, MemoryError> {
    <[Row; 1]>::try_from(rows).map(|[row]| row).map_err(|_| MemoryError::Damaged)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_version_has_its_step() {
        assert_eq!(usize::try_from(VERSION), Ok(STEPS.len()));
    }
}
