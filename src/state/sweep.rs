//! What nobody needs any more goes with the guesses that come (contract 15.2e): now and then one looks at a few rows behind its
//! own. As keys are hashes and so spread evenly, every row has its turn, without an index that each guess would have to keep.

use super::attempt::{Attempt, Fingerprint};

/// How many rows are looked at for each guess, token or request: more than it can add.
pub(crate) const ROWS_EACH: i64 = 2;
/// One guess in this many looks at the rows of all, since looking costs as much as a guess.
const EVERY: i64 = 32;

/// The keys that are due at the time `$3` among the next `$2` rows of a table behind the key `$1`. (SQLite numbers values as they
/// first appear in a text, PostgreSQL as they are called: here both are the same.)
macro_rules! due {
    ($table:literal, $key:literal, $columns:literal, $unless:literal) => {
        concat!(
            "SELECT ",
            $key,
            " FROM (SELECT ",
            $key,
            ", expires",
            $columns,
            " FROM ",
            $table,
            " WHERE ",
            $key,
            " > $1 ORDER BY ",
            $key,
            " LIMIT $2) AS next WHERE expires <= $3",
            $unless
        )
    };
}

/// Of the rows of secrets; those that are locked for good stay.
pub(crate) const DUE: &str = due!("verifier", "secret", ", locked_until", " AND locked_until <> 9223372036854775807");
/// Of what was set aside.
pub(crate) const DUE_ASIDE: &str = due!("aside", "code", "", "");
pub(crate) const DUE_TOKENS: &str = due!("token", "hash", "", "");
/// Of requests that may be repeated.
pub(crate) const DUE_IDEMPOTENCY: &str = due!("idempotency", "key", "", "");
/// Of requests for multi-factor codes, in PostgreSQL.
#[cfg(feature = "serve")]
pub(crate) const DUE_REQUESTS: &str = due!("mfa_request", "id", "", "");
/// Of their destinations, in PostgreSQL.
#[cfg(feature = "serve")]
pub(crate) const DUE_DESTINATIONS: &str = due!("mfa_destination", "destination", "", "");

/// Where guesses that are judged together look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SweepTurn {
    /// Behind this row of a secret,
    pub secret: Fingerprint,
    /// and behind this one of what was set aside.
    pub code: Fingerprint,
    /// At how many.
    pub rows: i64,
    /// Nothing goes that the earliest of them may still need.
    pub now: i64,
}

impl SweepTurn {
    /// None where it is nobody's turn. The time lets every secret have one.
    pub fn of(attempts: &[Attempt]) -> Option<Self> {
        let has_turn = |attempt: &&Attempt| (attempt.now + i64::from(attempt.secret.as_bytes()[0])) % EVERY == 0;
        let mut turns = attempts.iter().filter(has_turn);
        let first = turns.next()?;
        let count = i64::try_from(turns.count()).map_or(i64::MAX, |others| others.saturating_add(1));
        let now = attempts.iter().map(|attempt| attempt.now).fold(first.now, i64::min);
        let rows = count.saturating_mul(ROWS_EACH * EVERY);
        Some(Self { secret: first.secret, code: first.code, rows, now })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attempt(first_byte: u8, now: i64) -> Attempt {
        let fingerprint = Fingerprint::from_bytes([first_byte; 32]);
        Attempt { secret: fingerprint, code: fingerprint, step: 0, highest_step: 0, now, expires: 0 }
    }

    /// However often a secret comes, and however seldom, it has a turn in as many seconds.
    // contract 15.2e
    #[test]
    fn every_secret_has_its_turn() {
        for first_byte in 0..=u8::MAX {
            let turns = (1000..1000 + EVERY).filter(|now| SweepTurn::of(&[attempt(first_byte, *now)]).is_some());
            assert_eq!(turns.count(), 1, "{first_byte}");
        }
    }

    // contract 15.2e: as many rows go as guesses bring, by the earliest time of them.
    #[test]
    fn whoever_has_a_turn_looks_for_those_who_have_none() {
        let now = EVERY * 40;
        let attempts = [attempt(1, now - 5), attempt(0, now), attempt(2, now), attempt(32, now)];
        let first = SweepTurn { secret: attempts[1].secret, code: attempts[1].code, rows: 128, now: now - 5 };
        assert_eq!(SweepTurn::of(&attempts), Some(first));
        assert_eq!(SweepTurn::of(&attempts[1..2]).map(|turn| (turn.rows, turn.now)), Some((64, now)));
        assert_eq!(SweepTurn::of(&attempts[..1]), None);
        assert_eq!(SweepTurn::of(&[]), None);
    }
}
