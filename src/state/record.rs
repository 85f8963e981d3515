//! What a state remembers of a secret, and how it judges a guess by that (contract 15.2, 15.3). It knows no database: SQLite asks
//! it between reading and writing, in a transaction beside which nobody writes. PostgreSQL does the same in a statement
//! ([`crate::state::postgres`]), since many may write to it at once.

use super::attempt::{Attempt, Fingerprint, KEPT_SECONDS, WRONG};
use super::policy::Policy;
use crate::verification::Verdict;

/// [`SecretRecord::locked_until`] of a lock that never ends.
pub(crate) const FOR_EVER: i64 = i64::MAX;
/// How long nothing is looked at once there are as many failures as are free; twice as long with each further one.
const FIRST_DELAY_SECONDS: i64 = 30;
/// The longest of these delays.
const LONGEST_DELAY_SECONDS: i64 = 3600;

/// What is remembered of a secret. Times are in seconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SecretRecord {
    /// The parameters whose steps it holds.
    pub code: Fingerprint,
    /// The highest step that matched; [`WRONG`] where none has.
    pub last_step: i64,
    /// The failures in a row.
    pub failures: i64,
    /// When these no longer count.
    pub forget_at: i64,
    /// Until when no guess is looked at, or [`FOR_EVER`]; what is over says nothing.
    pub locked_until: i64,
    /// When nothing of it need be remembered any more.
    pub expires: i64,
}

/// What comes of a guess.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ruling {
    /// Nothing of it is remembered.
    Refused(Verdict),
    /// From now on this is remembered.
    Counted(Verdict, SecretRecord),
}

impl SecretRecord {
    /// Of a secret of which nothing is known.
    pub const fn new(code: Fingerprint) -> Self {
        Self { code, last_step: WRONG, failures: 0, forget_at: 0, locked_until: 0, expires: 0 }
    }

    /// Judges a guess for the secret of this record. Where a right password has other parameters than these steps, it asks for the
    /// last step of those ([`WRONG`] where none has matched).
    ///
    /// # Errors
    ///
    /// Those of the one who is asked.
    pub fn judge<E>(
        &self,
        attempt: &Attempt,
        policy: Policy,
        last_step_of: impl FnOnce(&Fingerprint) -> Result<i64, E>,
    ) -> Result<Ruling, E> {
        if self.locked_until == FOR_EVER {
            return Ok(Ruling::Refused(Verdict::Locked));
        }
        if self.locked_until > attempt.now {
            let seconds = self.locked_until.abs_diff(attempt.now);
            return Ok(Ruling::Refused(Verdict::Throttled { seconds }));
        }
        if attempt.step == WRONG {
            return Ok(Ruling::Counted(Verdict::Wrong, self.failed(attempt, policy)));
        }
        let last_step = if attempt.code == self.code { self.last_step } else { last_step_of(&attempt.code)? };
        if policy.one_time && attempt.step <= last_step {
            return Ok(Ruling::Refused(replay(last_step, attempt)));
        }
        Ok(Ruling::Counted(Verdict::Accepted, self.matched(attempt, last_step)))
    }

    /// The record of a secret of which nothing was known before this guess.
    #[cfg(feature = "serve")]
    pub fn first(attempt: &Attempt, policy: Policy) -> Self {
        let nothing = Self::new(attempt.code);
        if attempt.step == WRONG { nothing.failed(attempt, policy) } else { nothing.matched(attempt, WRONG) }
    }

    fn matched(&self, attempt: &Attempt, last_step: i64) -> Self {
        let last_step = last_step.max(attempt.step);
        Self { last_step, expires: self.expires.max(attempt.expires), ..Self::new(attempt.code) }
    }

    fn failed(&self, attempt: &Attempt, policy: Policy) -> Self {
        let failures = if self.forget_at <= attempt.now { 1 } else { self.failures.saturating_add(1) };
        Self {
            failures,
            forget_at: attempt.now + KEPT_SECONDS,
            locked_until: locked_until(failures, attempt.now, policy),
            expires: self.expires.max(attempt.expires),
            ..*self
        }
    }
}

/// What a right password is whose step is not above the last one.
pub(crate) const fn replay(last_step: i64, attempt: &Attempt) -> Verdict {
    if last_step > attempt.highest_step { Verdict::ClockWentBack } else { Verdict::Replayed }
}

/// Until when no guess is looked at after this many failures in a row; 0 where there are few.
fn locked_until(failures: i64, now: i64, policy: Policy) -> i64 {
    let reaches = |limit: i64| failures >= limit;
    if policy.lock_after.limit().map(i64::from).is_some_and(reaches) {
        return FOR_EVER;
    }
    match policy.attempts.limit().map(i64::from) {
        Some(limit) if reaches(limit) => {
            let longer = u32::try_from(failures - limit).ok().and_then(|doublings| 2_i64.checked_pow(doublings));
            let delay = longer.map_or(LONGEST_DELAY_SECONDS, |times| FIRST_DELAY_SECONDS.saturating_mul(times));
            now + delay.min(LONGEST_DELAY_SECONDS)
        }
        Some(_) | None => 0,
    }
}

/// Forgets the failures of the secret `$1`, final locks too (contract 15.3), in both databases.
pub(crate) const UNLOCK: &str = "UPDATE verifier SET failures = 0, locked_until = 0 WHERE secret = $1";
