//! The memory of used passwords in a process (contract 15.1): opened when the first password is judged, so that what verifies
//! nothing does not touch it.

use std::sync::{Mutex, PoisonError};

use crate::otp::Secret;
use crate::outcome::Outcome;
use crate::reply::Reply;
use crate::state::{Attempt, Judgement, Location, Policy, Sqlite};
use crate::verification::{Guess, MemoryError};

/// The memory of a run.
#[derive(Debug)]
pub struct Memory {
    location: Location,
    policy: Policy,
    state: Mutex<Option<Sqlite>>,
}

impl Memory {
    /// A memory that is not opened yet.
    pub fn new(location: Location, policy: Policy) -> Self {
        Self { location, policy, state: Mutex::default() }
    }

    /// Judges one guess.
    pub fn judge(&self, guess: Guess) -> Reply {
        self.judge_all(vec![guess]).pop().expect("every guess has its answer")
    }

    /// Judges guesses in their order, all of them together: it takes as long as one alone.
    pub fn judge_all(&self, guesses: Vec<Guess>) -> Vec<Reply> {
        let judgements = self.with_state(|state| {
            let attempts: Vec<Attempt> = guesses.iter().map(|guess| Attempt::of(guess, state.salt())).collect();
            state.judge(&attempts, self.policy)
        });
        match judgements {
            Ok(judgements) => {
                let judged = guesses.into_iter().zip(judgements);
                judged.map(|(guess, Judgement { verdict, .. })| guess.judged(verdict)).collect()
            }
            Err(error) => guesses.into_iter().map(|guess| guess.unjudged(error)).collect(),
        }
    }

    /// Forgets the failures of a secret.
    pub fn unlock(&self, secret: &Secret) -> Reply {
        let unlocked = self.with_state(|state| {
            let fingerprint = state.salt().of_secret(secret);
            state.unlock(&fingerprint)
        });
        Reply::of(unlocked.map(|()| Outcome::Unlocked).map_err(Into::into))
    }

    /// After an error the state is opened anew for the next guess: it may be there again.
    fn with_state<T>(&self, act: impl FnOnce(&mut Sqlite) -> Result<T, MemoryError>) -> Result<T, MemoryError> {
        let mut opened = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let mut state = match opened.take() {
            Some(state) => state,
            None => self.open()?,
        };
        let result = act(&mut state)?;
        *opened = Some(state);
        Ok(result)
    }

    fn open(&self) -> Result<Sqlite, MemoryError> {
        match &self.location {
            Location::Sqlite(file) => Sqlite::open(file),
            Location::Postgres(_) => Err(MemoryError::Unreachable),
        }
    }
}
