//! The only place of the process that makes an [`Adapter`]: with the machine's clock, its entropy and its patience, and what
//! holds for all inputs of a run. It does not know where an input came from or where its answer goes.

use super::system;
use crate::adapter::Adapter;
use crate::operation::{Operation, Parameters};
use crate::otp::UnixTime;
use crate::reply::Reply;

/// What holds for all inputs of a run.
pub struct Session {
    /// The parameters, as far as an input has none with it.
    pub parameters: Parameters,
    /// The time instead of the clock's.
    pub now: Option<UnixTime>,
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
    /// Answers to one input. The clock is asked anew for each: an answer is as good as its time.
    pub fn respond(&self, operation: Operation, names: Names<'_>, input: &[u8]) -> Reply {
        let time = self.now.or_else(system::time);
        let parameters = self.parameters.with_names(names.issuer, names.account);
        let mut adapter = Adapter { time, entropy: &mut system::entropy, has_time: &system::patience() };
        adapter.respond(operation, &parameters, input)
    }
}
