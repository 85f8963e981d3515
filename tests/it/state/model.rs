//! What contract 15.2 and 15.3 say, in plain Rust, without a database.

use std::collections::HashMap;

use totp_adapter::Verdict;
use totp_adapter::state::{Attempt, Fingerprint, Judgement, Policy};

const DAY: i64 = 86_400;

pub struct Model {
    policy: Policy,
    /// The last step that matched, under the fingerprint of key and parameters.
    steps: HashMap<Fingerprint, i64>,
    /// Under that of the key alone.
    failures: HashMap<Fingerprint, Failures>,
}

#[derive(Clone, Copy, Default)]
struct Failures {
    count: i64,
    last: i64,
    blocked_until: i64,
    locked: bool,
}

impl Model {
    pub fn new(policy: Policy) -> Self {
        Self { policy, steps: HashMap::new(), failures: HashMap::new() }
    }

    pub fn unlock(&mut self, secret: &Fingerprint) {
        self.failures.remove(secret);
    }

    pub fn judge(&mut self, attempt: &Attempt) -> Judgement {
        let failures = self.failures.entry(attempt.secret).or_default();
        let verdict = if failures.locked {
            Verdict::Locked
        } else if failures.blocked_until > attempt.now {
            Verdict::Throttled { seconds: u64::try_from(failures.blocked_until - attempt.now).unwrap() }
        } else if attempt.step < 0 {
            if failures.last + DAY <= attempt.now {
                failures.count = 0;
            }
            failures.count += 1;
            failures.last = attempt.now;
            let limit = self.policy.attempts.limit().map_or(i64::MAX, i64::from);
            if failures.count >= limit {
                let doublings = u32::try_from((failures.count - limit).min(10)).unwrap();
                failures.blocked_until = attempt.now + (30 * 2_i64.pow(doublings)).min(3600);
            }
            failures.locked = self.policy.lock_after.limit().is_some_and(|limit| failures.count >= i64::from(limit));
            Verdict::Wrong
        } else {
            let last = self.steps.get(&attempt.code).copied().unwrap_or(-1);
            if attempt.step > last || !self.policy.one_time {
                self.steps.insert(attempt.code, last.max(attempt.step));
                *failures = Failures::default();
                Verdict::Accepted
            } else if last > attempt.highest_step {
                Verdict::ClockWentBack
            } else {
                Verdict::Replayed
            }
        };
        Judgement { verdict, failures: failures.count }
    }
}
