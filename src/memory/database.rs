//! A state in PostgreSQL for a process that waits for each answer (contract 15.1g): it has a thread's own runtime.

use std::path::PathBuf;

use tokio::runtime::{self, Runtime};
use tokio::task::yield_now;

use super::State;
use crate::service::config::SecretFile;
use crate::state::{Address, Attempt, Connector, Fingerprint, Judgement, MfaDestination, Policy, Postgres, Salt};
use crate::verification::MemoryError;

/// A connection and what drives it.
#[derive(Debug)]
pub struct Database {
    runtime: Runtime,
    state: Postgres,
}

impl Database {
    /// Opens the state at an address, with the password in a file where there is one.
    pub fn open(address: &str, password: Option<&PathBuf>) -> Result<Self, MemoryError> {
        let address = Address::parse(address).map_err(|_| MemoryError::Address)?;
        let password = password.map(|file| SecretFile::read(file)).transpose();
        let password = password.map_err(|_| MemoryError::PasswordFile)?.map(SecretFile::into_text);
        let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
        let state = runtime.block_on(Postgres::open(&Connector::new(address, password)))?;
        Ok(Self { runtime, state })
    }
}

impl State for Database {
    /// As far as anybody knows: nobody looks at the connection between two questions.
    fn stands(&self) -> bool {
        // Whoever drives the connection sees that the other side has ended it.
        self.runtime.block_on(yield_now());
        !self.state.is_closed()
    }

    fn outlives_errors(&self) -> bool {
        false
    }

    fn salt(&self) -> &Salt {
        self.state.salt()
    }

    fn judge(&mut self, attempts: &[Attempt], policy: Policy) -> Result<Vec<Judgement>, MemoryError> {
        self.runtime.block_on(self.state.judge(attempts, policy))
    }

    fn unlock(&mut self, secret: &Fingerprint) -> Result<(), MemoryError> {
        self.runtime.block_on(self.state.unlock(secret))
    }

    fn unlock_destination(&mut self, destination: &MfaDestination) -> Result<(), MemoryError> {
        self.runtime.block_on(self.state.unlock_destination(destination))
    }
}
