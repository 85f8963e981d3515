//! The statement that judges in PostgreSQL (contract 15.2): it counts guesses, decides and marks their steps in one go, whoever
//! else does so at the same time. It decides as [`crate::state::record`] does; one test suite holds both to that.
//!
//! A row stands for a secret. It holds the last step that matched for one set of parameters (algorithm, digits and period);
//! those of other sets, which hardly any secret has, are set aside in a table of their own.

use crate::state::attempt::{Attempt, Judgement, KEPT_SECONDS, WRONG};
use crate::state::policy::Policy;
use crate::state::record::{SecretRecord, replay};
use crate::verification::Verdict;

/// What a guess (`excluded`) comes to beside the row of its secret (`v`): 0 wrong, 1 accepted, 2 replayed, 3 throttled, 4 locked, 5
/// the row holds the steps of other parameters.
macro_rules! verdict {
    () => {
        "CASE
  WHEN v.locked_until = 9223372036854775807 THEN 4
  WHEN v.locked_until > excluded.forget_at - 86400 THEN 3
  WHEN excluded.last_step < 0 THEN 0
  WHEN v.code <> excluded.code THEN 5
  WHEN excluded.last_step > v.last_step OR $11 = 0 THEN 1
  ELSE 2
END"
    };
}

/// The failures in a row, with a guess that is wrong.
macro_rules! failures {
    () => {
        "CASE WHEN v.forget_at <= excluded.forget_at - 86400 THEN 1 ELSE v.failures + 1 END"
    };
}

/// Judges guesses: `$1` to `$8` are the columns of their rows ([`SecretColumns`]), as arrays, in which a secret may stand once. `$9` is how
/// many failures in a row lock, `$10` how many slow down, `$11` whether a password verifies once only (1) or again (0). The time of
/// a guess is its `forget_at` less a day. In the order of the secrets nobody waits for a row of somebody who waits for one of ours.
///
/// Delays: 30 s, doubled with each further failure, at most an hour. A lock of 2^63 - 1 never ends.
///
/// The same expressions stand in it several times: the planner, who sees it anew for each batch, takes twice as long for one
/// subquery that says them once.
pub(super) const JUDGE: &str = concat!(
    "INSERT INTO verifier AS v (secret, code, last_step, failures, forget_at, locked_until, expires, verdict)
SELECT * FROM UNNEST(
  $1::bytea[], $2::bytea[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[]
) ORDER BY 1
ON CONFLICT (secret) DO UPDATE SET
verdict = ",
    verdict!(),
    ",
last_step = CASE WHEN excluded.last_step > v.last_step AND 1 = ",
    verdict!(),
    " THEN excluded.last_step ELSE v.last_step END,
failures = CASE ",
    verdict!(),
    " WHEN 0 THEN ",
    failures!(),
    " WHEN 1 THEN 0 ELSE v.failures END,
forget_at = CASE WHEN excluded.last_step < 0 AND 0 = ",
    verdict!(),
    " THEN excluded.forget_at ELSE v.forget_at END,
locked_until = CASE ",
    verdict!(),
    " WHEN 0 THEN CASE
  WHEN ",
    failures!(),
    " >= $9 THEN 9223372036854775807
  WHEN ",
    failures!(),
    " < $10 THEN 0
  WHEN ",
    failures!(),
    " - $10 < 7 THEN excluded.forget_at - 86400 + (30 << CAST(",
    failures!(),
    " - $10 AS INTEGER))
  ELSE excluded.forget_at - 86400 + 3600
END WHEN 1 THEN 0 ELSE v.locked_until END,
expires = CASE WHEN v.expires > excluded.expires THEN v.expires ELSE excluded.expires END
RETURNING secret, verdict, failures, last_step, locked_until"
);

/// Sets the steps of the secret `$1` aside, unless they are those of the parameters `$2`. With [`TAKE_UP`], in one transaction, it
/// makes room for those of other parameters; then the guess is judged again.
pub(super) const SET_ASIDE: &str = "
INSERT INTO aside (code, last_step, expires)
SELECT code, last_step, expires FROM verifier WHERE secret = $1 AND code <> $2 AND last_step >= 0
ON CONFLICT (code) DO UPDATE SET last_step = excluded.last_step, expires = excluded.expires";

/// Takes up the steps of other parameters (`$1`), if there are any, for the secret `$2`.
pub(super) const TAKE_UP: &str = "
UPDATE verifier SET code = $1, last_step = COALESCE((SELECT last_step FROM aside WHERE code = $1), -1)
WHERE secret = $2 AND code <> $1";

/// Keeps everybody else from the row of the secret `$1`.
pub(super) const LOCK: &str = "SELECT FROM verifier WHERE secret = $1 FOR UPDATE";

/// A limit that is never reached.
const NEVER: i64 = i64::MAX;

/// The policy in the parameters of [`JUDGE`]: `$9`, `$10` and `$11`.
pub(super) fn limits(policy: Policy) -> [i64; 3] {
    let attempts = policy.attempts.limit().map_or(NEVER, i64::from);
    let lock_after = policy.lock_after.limit().map_or(NEVER, i64::from);
    [lock_after, attempts, i64::from(policy.one_time)]
}

/// The rows of secrets of which nothing was known, as arrays, one for each column; where there is one, it decides otherwise.
pub(super) struct SecretColumns<'a> {
    pub secret: Vec<&'a [u8]>,
    pub code: Vec<&'a [u8]>,
    pub last_step: Vec<i64>,
    pub failures: Vec<i64>,
    pub forget_at: Vec<i64>,
    pub locked_until: Vec<i64>,
    pub expires: Vec<i64>,
    pub verdict: Vec<i64>,
}

impl<'a> SecretColumns<'a> {
    pub fn of(attempts: &'a [Attempt], policy: Policy) -> Self {
        let records: Vec<SecretRecord> = attempts.iter().map(|attempt| SecretRecord::first(attempt, policy)).collect();
        Self {
            secret: attempts.iter().map(|attempt| attempt.secret.as_bytes().as_slice()).collect(),
            code: attempts.iter().map(|attempt| attempt.code.as_bytes().as_slice()).collect(),
            last_step: records.iter().map(|record| record.last_step).collect(),
            failures: records.iter().map(|record| record.failures).collect(),
            forget_at: attempts.iter().map(|attempt| attempt.now + KEPT_SECONDS).collect(),
            locked_until: records.iter().map(|record| record.locked_until).collect(),
            expires: records.iter().map(|record| record.expires).collect(),
            verdict: attempts.iter().map(|attempt| i64::from(attempt.step != WRONG)).collect(),
        }
    }
}

/// What the statement returned.
pub(super) struct Returned {
    pub verdict: i64,
    pub failures: i64,
    pub last_step: i64,
    pub locked_until: i64,
}

impl Returned {
    /// What it says of the attempt; none where the row holds the steps of other parameters.
    pub fn judgement(&self, attempt: &Attempt) -> Option<Judgement> {
        let verdict = match self.verdict {
            0 => Verdict::Wrong,
            1 => Verdict::Accepted,
            2 => replay(self.last_step, attempt),
            3 => Verdict::Throttled { seconds: u64::try_from(self.locked_until - attempt.now).map_or(1, |s| s.max(1)) },
            4 => Verdict::Locked,
            _ => return None,
        };
        Some(Judgement { verdict, failures: self.failures })
    }
}
