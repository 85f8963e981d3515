//! The only place of the process that makes an [`Adapter`]: with the machine's clock, its entropy and its patience, and what
//! holds for all inputs of a run. It does not know where an input came from or where its answer goes.

use crate::cli::Request;
use totp_adapter::adapter::Adapter;
#[cfg(feature = "state")]
use totp_adapter::memory::Memory;
use totp_adapter::operation::{Operation, Parameters};
use totp_adapter::otp::UnixTime;
use totp_adapter::reply::Reply;
#[cfg(feature = "state")]
use totp_adapter::state::Policy;
use totp_adapter::system;
use totp_adapter::verification::{Examination, Guess, MemoryError};

/// What holds for all inputs of a run.
pub struct Session {
    /// The parameters, as far as an input has none with it.
    parameters: Parameters,
    /// The time instead of the clock's.
    now: Option<UnixTime>,
    /// Who remembers used passwords.
    memory: Option<Memory>,
}

/// The display names that an input has with it, in UTF-8; an absent one leaves that of the session.
#[derive(Clone, Copy, Debug, Default)]
pub struct Names<'a> {
    /// Whom the account is with.
    pub issuer: Option<&'a [u8]>,
    /// The account.
    pub account: Option<&'a [u8]>,
}

impl Session {
    /// What holds where this was asked, with these parameters.
    pub fn new(request: &Request, parameters: Parameters) -> Self {
        Self { parameters, now: request.now, memory: memory(request) }
    }

    /// Whether an answer to a verification uses something up.
    pub const fn remembers(&self) -> bool {
        self.memory.is_some()
    }

    /// Answers to one input. The clock is asked anew for each: an answer is as good as its time.
    pub fn respond(&self, operation: Operation, names: Names<'_>, input: &[u8]) -> Reply {
        match self.examine(operation, names, input) {
            Examination::Answer(reply) => reply,
            Examination::Guess(guess) => match &self.memory {
                Some(memory) => memory.judge_all(vec![guess]).pop().expect("every guess has its answer"),
                None => guess.without_memory(),
            },
            Examination::Unlock(secret) => match &self.memory {
                Some(memory) => memory.unlock(&secret),
                None => Reply::of(Err(MemoryError::Absent.into())),
            },
        }
    }

    /// As far as that goes without a verdict.
    pub fn examine(&self, operation: Operation, names: Names<'_>, input: &[u8]) -> Examination {
        let time = self.now.or_else(system::time);
        let parameters = self.parameters.with_names(names.issuer, names.account);
        let (mut entropy, has_time) = (system::entropy, system::patience());
        Adapter::new(time, &mut entropy).with_patience(&has_time).examine(operation, &parameters, input)
    }

    /// Answers to guesses in their order, together.
    pub fn judge_all(&self, guesses: Vec<Guess>) -> Vec<Reply> {
        match &self.memory {
            Some(memory) => memory.judge_all(guesses),
            None => guesses.into_iter().map(Guess::without_memory).collect(),
        }
    }
}

/// The memory that is asked for, if one is.
#[cfg(feature = "state")]
fn memory(request: &Request) -> Option<Memory> {
    let arguments = &request.memory;
    let policy = Policy {
        attempts: arguments.attempts.unwrap_or_default(),
        lock_after: arguments.lock_after.unwrap_or_default(),
        ..Policy::default()
    };
    let memory = Memory::new(arguments.state.clone()?, policy);
    #[cfg(feature = "serve")]
    let memory = memory.with_password(arguments.state_password_file.clone());
    Some(memory)
}

#[cfg(not(feature = "state"))]
const fn memory(_: &Request) -> Option<Memory> {
    None
}

/// A program built without the feature `state` has no memory.
#[cfg(not(feature = "state"))]
pub enum Memory {}

#[cfg(not(feature = "state"))]
impl Memory {
    fn judge_all(&self, _: Vec<Guess>) -> Vec<Reply> {
        match *self {}
    }

    fn unlock(&self, _: &totp_adapter::otp::Secret) -> Reply {
        match *self {}
    }
}
