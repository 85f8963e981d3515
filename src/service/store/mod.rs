//! The state of the service (contract 15): a queue of questions, and whoever works them off together. What has gathered while
//! the last ones were written goes next, so that under load one write serves many. It knows neither HTTP nor documents.

mod sqlite;

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};

use crate::state::{Attempt, Judgement, Location, Policy, Salt, Token, TokenHash};
use crate::verification::{Guess, MemoryError};

/// How many questions may wait: more are refused, since they would wait longer than their callers do.
const QUEUE: usize = 1024;
/// How many of them are worked off together.
const TOGETHER: usize = 256;

/// The state of a service. Clones ask the same one.
#[derive(Clone)]
pub struct Store {
    queue: mpsc::Sender<Job>,
    salt: Arc<Salt>,
}

/// Where an answer goes; nobody may be waiting for it any more.
type Answer<T> = oneshot::Sender<Result<T, MemoryError>>;

/// A question. It is worked off also where its caller has gone: a guess counts, whoever waits for it.
enum Job {
    Judge(Attempt, Answer<Judgement>),
    Issue(Token, Answer<()>),
    ClientOf { hash: TokenHash, now: i64, answer: Answer<Option<String>> },
    Check(Answer<()>),
}

impl Store {
    /// Opens the state and begins to work.
    ///
    /// # Errors
    ///
    /// [`MemoryError`] where it cannot be opened.
    pub fn open(location: &Location, policy: Policy) -> Result<Self, MemoryError> {
        let (queue, jobs) = mpsc::channel(QUEUE);
        let salt = match location {
            Location::Sqlite(file) => sqlite::start(file, policy, jobs)?,
            Location::Postgres(_) => return Err(MemoryError::Unreachable),
        };
        Ok(Self { queue, salt: Arc::new(salt) })
    }

    /// What the state says of a guess, which it has counted.
    ///
    /// # Errors
    ///
    /// [`MemoryError`] where it cannot say anything.
    pub async fn judge(&self, guess: &Guess) -> Result<Judgement, MemoryError> {
        let attempt = Attempt::of(guess, &self.salt);
        self.ask(|answer| Job::Judge(attempt, answer)).await
    }

    /// Keeps a token.
    ///
    /// # Errors
    ///
    /// [`MemoryError`] where it may not be kept.
    pub async fn issue(&self, token: Token) -> Result<(), MemoryError> {
        self.ask(|answer| Job::Issue(token, answer)).await
    }

    /// The id of the client that a token was issued to; none where it is not valid at this time, in seconds since 1970.
    ///
    /// # Errors
    ///
    /// [`MemoryError`] where the state cannot tell.
    pub async fn client_of(&self, hash: TokenHash, now: i64) -> Result<Option<String>, MemoryError> {
        self.ask(|answer| Job::ClientOf { hash, now, answer }).await
    }

    /// Whether the state answers.
    ///
    /// # Errors
    ///
    /// [`MemoryError`] where it does not.
    pub async fn check(&self) -> Result<(), MemoryError> {
        self.ask(Job::Check).await
    }

    /// How many questions wait.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.queue.max_capacity() - self.queue.capacity()
    }

    async fn ask<T>(&self, job: impl FnOnce(Answer<T>) -> Job) -> Result<T, MemoryError> {
        let (answer, answered) = oneshot::channel();
        self.queue.try_send(job(answer)).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => MemoryError::QueueFull,
            mpsc::error::TrySendError::Closed(_) => MemoryError::Unreachable,
        })?;
        answered.await.unwrap_or(Err(MemoryError::Unreachable))
    }
}
