//! The memory of used passwords in a process (contract 15.1): opened when the first password is judged, so that what verifies
//! nothing does not touch it.

#[cfg(feature = "serve")]
mod database;

use std::fmt;
#[cfg(feature = "serve")]
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

#[cfg(feature = "serve")]
use database::Database;

use crate::otp::Secret;
use crate::outcome::Outcome;
#[cfg(feature = "serve")]
use crate::reply::DESTINATION_UNLOCKED;
use crate::reply::Reply;
#[cfg(feature = "serve")]
use crate::service::PhoneNumber;
#[cfg(feature = "serve")]
use crate::state::MfaDestination;
use crate::state::{Attempt, Fingerprint, IfMissing, Judgement, Location, Policy, Salt, Sqlite};
use crate::verification::{Guess, MemoryError};

/// The memory of a run.
#[derive(Debug)]
pub struct Memory {
    location: Location,
    policy: Policy,
    /// Of a database, if it takes one.
    #[cfg(feature = "serve")]
    password: Option<PathBuf>,
    opened: Mutex<Opened>,
}

/// What is open now, if anything is.
#[derive(Debug, Default)]
struct Opened {
    state: Option<Box<dyn State>>,
    /// Of the state that was opened first: another one would not know what this run has accepted.
    salt: Option<Salt>,
}

/// An open state, whatever keeps it.
trait State: fmt::Debug + Send {
    /// Whether it may still be asked.
    fn stands(&self) -> bool {
        true
    }

    /// Whether it is still of use after an error. A file that was replaced must not be opened again: the new one knows nothing.
    fn outlives_errors(&self) -> bool {
        true
    }

    fn salt(&self) -> &Salt;

    fn judge(&mut self, attempts: &[Attempt], policy: Policy) -> Result<Vec<Judgement>, MemoryError>;

    fn unlock(&mut self, secret: &Fingerprint) -> Result<(), MemoryError>;

    #[cfg(feature = "serve")]
    fn unlock_destination(&mut self, destination: &MfaDestination) -> Result<(), MemoryError>;
}

impl Memory {
    /// A memory that is not opened yet.
    #[must_use]
    pub fn new(location: Location, policy: Policy) -> Self {
        Self {
            location,
            policy,
            #[cfg(feature = "serve")]
            password: None,
            opened: Mutex::default(),
        }
    }

    /// The same, with the file of a database's password.
    #[cfg(feature = "serve")]
    #[must_use]
    pub fn with_password(self, password: Option<PathBuf>) -> Self {
        Self { password, ..self }
    }

    /// Judges guesses in their order, all of them together: it takes as long as one alone.
    #[must_use]
    pub fn judge_all(&self, guesses: Vec<Guess>) -> Vec<Reply> {
        let judgements = self.with_state(IfMissing::Make, |state| {
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

    /// Forgets the failures of a secret, in a state that is there: one that was made for it would help nobody.
    #[must_use]
    pub fn unlock(&self, secret: &Secret) -> Reply {
        let unlocked = self.with_state(IfMissing::Refuse, |state| {
            let fingerprint = state.salt().of_secret(secret);
            state.unlock(&fingerprint)
        });
        Reply::of(unlocked.map(|()| Outcome::Unlocked).map_err(Into::into))
    }

    /// Forgets the wrong codes for a destination, in a state that is there.
    #[cfg(feature = "serve")]
    #[must_use]
    pub fn unlock_destination(&self, number: &PhoneNumber) -> Reply {
        let unlocked = self.with_state(IfMissing::Refuse, |state| {
            let destination = MfaDestination::of(number.reveal(), state.salt());
            state.unlock_destination(&destination)
        });
        match unlocked {
            Ok(()) => Reply::success(DESTINATION_UNLOCKED, None),
            Err(error) => Reply::of(Err(error.into())),
        }
    }

    /// After an error a database is asked anew for the next guess: it may be there again.
    fn with_state<T>(
        &self,
        missing: IfMissing,
        act: impl FnOnce(&mut dyn State) -> Result<T, MemoryError>,
    ) -> Result<T, MemoryError> {
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        let mut state = match opened.state.take().filter(|state| state.stands()) {
            Some(state) => state,
            None => self.open(if opened.salt.is_some() { IfMissing::Refuse } else { missing })?,
        };
        if opened.salt.get_or_insert_with(|| state.salt().clone()) != state.salt() {
            return Err(MemoryError::Replaced);
        }
        let result = act(&mut *state);
        if result.is_ok() || state.outlives_errors() {
            opened.state = Some(state);
        }
        result
    }

    fn open(&self, missing: IfMissing) -> Result<Box<dyn State>, MemoryError> {
        match &self.location {
            Location::Sqlite(file) => Ok(Box::new(Sqlite::at(file, missing)?)),
            #[cfg(feature = "serve")]
            Location::Postgres(address) => Ok(Box::new(Database::open(address, self.password.as_ref())?)),
            // A build without PostgreSQL.
            #[cfg(not(feature = "serve"))]
            Location::Postgres(_) => Err(MemoryError::Address),
        }
    }
}

impl State for Sqlite {
    fn salt(&self) -> &Salt {
        Self::salt(self)
    }

    fn judge(&mut self, attempts: &[Attempt], policy: Policy) -> Result<Vec<Judgement>, MemoryError> {
        Self::judge(self, attempts, policy)
    }

    fn unlock(&mut self, secret: &Fingerprint) -> Result<(), MemoryError> {
        Self::unlock(self, secret)
    }

    #[cfg(feature = "serve")]
    fn unlock_destination(&mut self, destination: &MfaDestination) -> Result<(), MemoryError> {
        Self::unlock_destination(self, destination)
    }
}
