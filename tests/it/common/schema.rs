//! Schemas in the database that `POSTGRES_URL` names, each for one test.

use std::env;
use std::process;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::runtime::{Builder, Runtime};

use super::available;

/// A schema in the database that `POSTGRES_URL` names.
pub struct Schema {
    url: String,
    /// Its name.
    pub name: String,
}

impl Schema {
    /// An empty one; none where there is no database.
    pub fn new() -> Option<Self> {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let url = env::var("POSTGRES_URL");
        if !available("POSTGRES_URL", url.is_ok()) {
            return None;
        }
        let name = format!("test_{}_{}", process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let schema = Self { url: url.unwrap(), name };
        schema.execute(&format!("CREATE SCHEMA {}", schema.name));
        Some(schema)
    }

    /// The address of a state in the schema.
    pub fn address(&self, more: &str) -> String {
        let sign = if self.url.contains('?') { '&' } else { '?' };
        format!("{}{sign}options=-csearch_path%3D{}{more}", self.url, self.name)
    }

    /// Executes a statement of ours, beside the state.
    pub fn execute(&self, statement: &str) {
        self.with_client(|runtime, client| runtime.block_on(client.batch_execute(statement)).unwrap());
    }

    /// The number that a statement of ours answers.
    pub fn count(&self, statement: &str) -> i64 {
        self.with_client(|runtime, client| runtime.block_on(client.query_one(statement, &[])).unwrap().get(0))
    }

    /// Beside the state, for as long as that takes.
    pub fn with_client<T>(&self, act: impl FnOnce(&Runtime, &tokio_postgres::Client) -> T) -> T {
        let runtime = runtime();
        let client = runtime.block_on(async {
            let (client, connection) = tokio_postgres::connect(&self.address(""), tokio_postgres::NoTls).await.unwrap();
            tokio::spawn(connection);
            client
        });
        act(&runtime, &client)
    }
}

impl Drop for Schema {
    fn drop(&mut self) {
        self.execute(&format!("DROP SCHEMA {} CASCADE", self.name));
    }
}

/// What drives connections in this thread.
pub fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}
