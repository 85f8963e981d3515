//! The statement that judges (contract 15.2): it counts a guess, decides and marks the step, in one row and in one go. SQLite
//! and PostgreSQL execute the same text behind the values that each is given in its own way. It knows neither of them.
//!
//! A row stands for a secret. It holds the last step that matched for one set of parameters (algorithm, digits and period);
//! those of other sets, which hardly any secret has, are set aside in a table of their own.
//!
//! SQLite numbers `$1`, `$2` and so on as they first appear in a text, PostgreSQL as they are called: here both are the same.

use super::attempt::{Attempt, Judgement, WRONG};
use super::policy::Policy;
use crate::verification::Verdict;

/// The statement, with what gives its rows. `$9` is how many failures in a row lock, `$10` how many slow down, `$11` whether a password
/// verifies once only (1) or again (0). What a guess brings is `excluded`; its time is `forget_at` less a day.
///
/// Verdicts: 0 wrong, 1 accepted, 2 replayed, 3 throttled, 4 locked, 5 the row holds the steps of other parameters.
/// Delays: 30 s, doubled with each further failure, at most an hour. A lock of 2^63 - 1 never ends.
macro_rules! judge {
    ($rows:literal, $end:literal) => {
        concat!(
            "INSERT INTO verifier AS v (secret, code, last_step, failures, forget_at, locked_until, expires, verdict) ",
            $rows,
            "
ON CONFLICT (secret) DO UPDATE SET (verdict, last_step, failures, forget_at, locked_until, expires) = (
  SELECT
    judged.verdict,
    CASE WHEN judged.verdict = 1 AND excluded.last_step > v.last_step THEN excluded.last_step ELSE v.last_step END,
    CASE judged.verdict WHEN 0 THEN judged.failures WHEN 1 THEN 0 ELSE v.failures END,
    CASE judged.verdict WHEN 0 THEN excluded.forget_at ELSE v.forget_at END,
    CASE
      WHEN judged.verdict = 1 THEN 0
      WHEN judged.verdict <> 0 THEN v.locked_until
      WHEN judged.failures >= $9 THEN 9223372036854775807
      WHEN judged.failures < $10 THEN 0
      WHEN judged.failures - $10 < 7 THEN excluded.forget_at - 86400 + (30 << CAST(judged.failures - $10 AS INTEGER))
      ELSE excluded.forget_at - 86400 + 3600
    END,
    CASE WHEN v.expires > excluded.expires THEN v.expires ELSE excluded.expires END
  FROM (
    SELECT
      CASE
        WHEN v.locked_until = 9223372036854775807 THEN 4
        WHEN v.locked_until > excluded.forget_at - 86400 THEN 3
        WHEN excluded.last_step < 0 THEN 0
        WHEN v.code <> excluded.code THEN 5
        WHEN excluded.last_step > v.last_step OR $11 = 0 THEN 1
        ELSE 2
      END AS verdict,
      CASE WHEN v.forget_at <= excluded.forget_at - 86400 THEN 1 ELSE v.failures + 1 END AS failures
  ) AS judged
)",
            $end
        )
    };
}

/// For one guess: `$1` to `$8` are the columns of its [`Row`].
pub(crate) const JUDGE_VALUES: &str = judge!("VALUES ($1, $2, $3, $4, $5, $6, $7, $8)", "");

/// What it has left in the row of the secret `$1`. In SQLite nobody can come between the two; there RETURNING would cost as much
/// as the rest, since it makes a table for what it returns.
pub(crate) const JUDGED: &str = "SELECT verdict, failures, last_step, locked_until FROM verifier WHERE secret = $1";

/// For many guesses at once: `$1` to `$8` are the columns of their rows, as arrays. A secret may stand in them once. In the order of
/// the secrets nobody waits for a row of somebody who waits for one of ours.
#[cfg(feature = "serve")]
pub(crate) const JUDGE_ROWS: &str = judge!(
    "SELECT * FROM UNNEST($1::bytea[], $2::bytea[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[], \
     $8::bigint[]) ORDER BY 1",
    "\nRETURNING secret, verdict, failures, last_step, locked_until"
);

/// Sets the steps of the secret `$1` aside, unless they are those of the parameters `$2`. With [`TAKE_UP`], in one transaction, it makes room for those of other
/// parameters; then the guess is judged again.
pub(crate) const SET_ASIDE: &str = "
INSERT INTO aside (code, last_step, expires)
SELECT code, last_step, expires FROM verifier WHERE secret = $1 AND code <> $2 AND last_step >= 0
ON CONFLICT (code) DO UPDATE SET last_step = excluded.last_step, expires = excluded.expires";

/// Takes up the steps of other parameters (`$1`), if there are any, for the secret `$2`.
pub(crate) const TAKE_UP: &str = "
UPDATE verifier SET code = $1, last_step = COALESCE((SELECT last_step FROM aside WHERE code = $1), -1)
WHERE secret = $2 AND code <> $1";

/// Forgets the failures of a secret, final locks too (contract 15.3).
pub(crate) const UNLOCK: &str = "UPDATE verifier SET failures = 0, locked_until = 0 WHERE secret = $1";

/// Forgets what nobody needs at the time `$1` among the next `$3` rows of a table behind the key `$2`. As keys are hashes and so
/// spread evenly, every row has its turn, without an index that each guess would have to keep.
macro_rules! sweep {
    ($table:literal, $key:literal, $unless:literal) => {
        concat!(
            "DELETE FROM ",
            $table,
            " WHERE expires <= $1",
            $unless,
            " AND ",
            $key,
            " IN (SELECT ",
            $key,
            " FROM ",
            $table,
            " WHERE ",
            $key,
            " > $2 ORDER BY ",
            $key,
            " LIMIT $3)"
        )
    };
}

/// The rows of secrets, but for those that are locked for good.
pub(crate) const SWEEP: &str = sweep!("verifier", "secret", " AND locked_until <> 9223372036854775807");
/// What was set aside.
pub(crate) const SWEEP_ASIDE: &str = sweep!("aside", "code", "");
/// Tokens.
pub(crate) const SWEEP_TOKENS: &str = sweep!("token", "hash", "");

/// How many rows are looked at for each guess: more than it can add.
pub(crate) const SWEPT_ROWS: i64 = 8;
/// Of so many guesses one looks at the rows of all.
pub(crate) const SWEEP_EVERY: i64 = 8;

/// A limit that is never reached.
const NEVER: i64 = i64::MAX;

/// What the statement is told of the policy: `$9`, `$10` and `$11`.
pub(crate) fn limits(policy: Policy) -> [i64; 3] {
    let attempts = policy.attempts.limit().map_or(NEVER, i64::from);
    let lock_after = policy.lock_after.limit().map_or(NEVER, i64::from);
    [lock_after, attempts, i64::from(policy.one_time)]
}

/// The row of a secret that was not there before; what was, decides otherwise.
pub(crate) struct Row {
    pub last_step: i64,
    pub failures: i64,
    pub forget_at: i64,
    pub locked_until: i64,
    pub verdict: i64,
}

impl Row {
    /// The row that a first attempt makes.
    pub fn first(attempt: &Attempt, policy: Policy) -> Self {
        let [lock_after, attempts, _] = limits(policy);
        let wrong = attempt.step == WRONG;
        let locked_until = match (wrong, attempts == 1, lock_after == 1) {
            (true, _, true) => i64::MAX,
            (true, true, false) => attempt.now + FIRST_DELAY_SECONDS,
            (true, false, false) | (false, _, _) => 0,
        };
        Self {
            last_step: attempt.step,
            failures: i64::from(wrong),
            forget_at: attempt.now + super::attempt::KEPT_SECONDS,
            locked_until,
            verdict: i64::from(!wrong),
        }
    }
}

/// How long nothing is looked at after as many failures as are free; the statement has it too.
const FIRST_DELAY_SECONDS: i64 = 30;

/// What the statement returned.
pub(crate) struct Returned {
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
            2 if self.last_step > attempt.highest_step => Verdict::ClockWentBack,
            2 => Verdict::Replayed,
            3 => Verdict::Throttled { seconds: u64::try_from(self.locked_until - attempt.now).map_or(1, |s| s.max(1)) },
            4 => Verdict::Locked,
            _ => return None,
        };
        Some(Judgement { verdict, failures: self.failures })
    }
}
