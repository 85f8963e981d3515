//! A state in a database of PostgreSQL (contract 15.5): one connection to it. Any number of instances may use one state at once.
//!
//! What was answered is as safe as the server's COMMIT. It is left as the server has it, but `fsync` and `synchronous_commit` must
//! not be off: after a crash, used passwords would be accepted again. Where another server takes over, it must have all that the
//! first one confirmed (`synchronous_standby_names`, and not `synchronous_commit = local`).
//!
//! A connection keeps nothing in its session: no prepared statement, no setting beyond its transaction. So a pool between us and
//! the database may hand out another session for each transaction (PgBouncer's `pool_mode = transaction`).

mod address;
mod error;
mod idempotency;
mod judge;
mod mfa;
mod statement;
mod structure;
mod sweep;
mod tls;
mod token;

use std::fmt;
use std::future::Future;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{CancelToken, Client, Row};
use tokio_postgres_rustls::MakeRustlsConnect;
use zeroize::Zeroizing;

use super::IfMissing;
use super::attempt::{Fingerprint, Salt};
use super::record::UNLOCK;
use crate::verification::MemoryError;
pub use address::{Address, AddressError};

/// How long everything that makes a connection may take together, whatever it names.
const CONNECT: Duration = Duration::from_secs(10);
/// How long we wait for an answer: a little longer than the database takes for a statement at most (see [`BEGIN`]).
const PATIENCE: Duration = Duration::from_secs(6);
/// How long the database may take to hear that nobody waits any more.
const CANCEL: Duration = Duration::from_secs(1);
/// Begins a transaction that depends on no setting of the server, the database or the role. A client that is gone keeps no row.
const BEGIN: &str = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; \
    SET LOCAL statement_timeout = 5000; SET LOCAL idle_in_transaction_session_timeout = 5000";
const COMMIT: &str = "COMMIT";

/// A value of a statement.
type TypedValue<'a> = (&'a (dyn ToSql + Sync), Type);

/// What opens connections to one database.
pub struct Connector {
    address: Address,
    password: Mutex<Option<Zeroizing<String>>>,
}

impl Connector {
    /// To the database at an address, with a password where it asks for one.
    #[must_use]
    pub fn new(address: Address, password: Option<Zeroizing<String>>) -> Self {
        Self { address, password: Mutex::new(password) }
    }

    /// Takes another password, for the connections that are opened from now on.
    pub fn set_password(&self, password: Option<Zeroizing<String>>) {
        *self.password.lock().unwrap_or_else(PoisonError::into_inner) = password;
    }
}

impl fmt::Debug for Connector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Connector(redacted)")
    }
}

/// A connection to a state. After an error that is not [`MemoryError::Busy`] it is of no further use.
pub struct Postgres {
    client: Client,
    connection: JoinHandle<()>,
    tls: MakeRustlsConnect,
    salt: Salt,
}

impl fmt::Debug for Postgres {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Postgres(redacted)")
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.connection.abort();
    }
}

impl Postgres {
    /// Opens the state, and makes it in an empty schema: the first one of `search_path` that exists.
    ///
    /// # Errors
    ///
    /// [`MemoryError`] where it cannot be opened, or is not a state that this program knows.
    pub async fn open(connector: &Connector) -> Result<Self, MemoryError> {
        limited(CONNECT, Self::connect(connector, IfMissing::Make)).await
    }

    /// Opens the state again.
    ///
    /// # Errors
    ///
    /// As [`Postgres::open`], and where it has another salt: a state that was made anew has forgotten what was used.
    pub async fn reopen(connector: &Connector, salt: &Salt) -> Result<Self, MemoryError> {
        let state = limited(CONNECT, Self::connect(connector, IfMissing::Refuse)).await?;
        if state.salt == *salt { Ok(state) } else { Err(MemoryError::Damaged) }
    }

    async fn connect(connector: &Connector, missing: IfMissing) -> Result<Self, MemoryError> {
        let tls = tls::connector(&connector.address)?;
        let mut config = connector.address.config.clone();
        if let Some(password) = &*connector.password.lock().unwrap_or_else(PoisonError::into_inner) {
            config.password(password.as_bytes());
        }
        let (client, connection) = config.connect(tls.clone()).await.map_err(|error| error::of_connecting(&error))?;
        // Why it ends, those hear who wait for an answer.
        let connection = tokio::spawn(async move { drop(connection.await) });
        let opened = structure::prepare(&client, missing).await;
        opened.map(|salt| Self { client, connection, tls, salt })
    }

    /// What its fingerprints depend on.
    #[must_use]
    pub fn salt(&self) -> &Salt {
        &self.salt
    }

    /// Whether the connection has ended.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.client.is_closed()
    }

    /// Waits until the connection ends.
    pub async fn closed(&mut self) {
        // It ends in one way only.
        drop((&mut self.connection).await);
    }

    /// Forgets the failures of a secret, final locks too.
    ///
    /// # Errors
    ///
    /// [`MemoryError`] where the database does not confirm it.
    pub async fn unlock(&self, secret: &Fingerprint) -> Result<(), MemoryError> {
        let secret: &[u8] = secret.as_bytes();
        self.written(UNLOCK, [(&secret, Type::BYTEA)]).await
    }

    /// Whether the state can be read and written.
    ///
    /// # Errors
    ///
    /// [`MemoryError`] where it cannot.
    pub async fn check(&self) -> Result<(), MemoryError> {
        self.written("SELECT FROM salt", []).await
    }

    /// Executes one statement in a transaction.
    async fn written<const N: usize>(&self, statement: &str, values: [TypedValue<'_>; N]) -> Result<(), MemoryError> {
        self.rows_of_change(statement, values).await.map(drop)
    }

    /// The rows that one statement returns, in a transaction.
    async fn rows_of_change<const N: usize>(
        &self,
        statement: &str,
        values: [TypedValue<'_>; N],
    ) -> Result<Vec<Row>, MemoryError> {
        self.answered(async {
            let asked = async { Ok(self.client.query_typed(statement, &values).await?) };
            let (begun, rows, committed) = tokio::join!(biased; self.begin(), asked, self.commit());
            begun.and(rows).and_then(|rows| committed.map(|()| rows))
        })
        .await
    }

    async fn begin(&self) -> Result<(), MemoryError> {
        Ok(self.client.batch_execute(BEGIN).await?)
    }

    async fn commit(&self) -> Result<(), MemoryError> {
        Ok(self.client.batch_execute(COMMIT).await?)
    }

    /// Sends a statement when it is first polled, so that several that are polled together need not wait for each other's answers.
    async fn execute<const N: usize>(&self, statement: &str, values: [TypedValue<'_>; N]) -> Result<(), MemoryError> {
        self.client.execute_typed(statement, &values).await?;
        Ok(())
    }

    /// Waits for an answer, but not for ever.
    async fn answered<T>(&self, asked: impl Future<Output = Result<T, MemoryError>>) -> Result<T, MemoryError> {
        if let Ok(answer) = timeout(PATIENCE, asked).await {
            return answer;
        }
        cancel(self.client.cancel_token(), self.tls.clone()).await;
        Err(MemoryError::Unreachable)
    }
}

/// Asks the database to give up what nobody waits for any more. Whether it does, the end of the statement's time says.
async fn cancel(token: CancelToken, tls: MakeRustlsConnect) {
    drop(timeout(CANCEL, token.cancel_query(tls)).await);
}

async fn limited<T>(limit: Duration, asked: impl Future<Output = Result<T, MemoryError>>) -> Result<T, MemoryError> {
    timeout(limit, asked).await.unwrap_or(Err(MemoryError::Unreachable))
}
