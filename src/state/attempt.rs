//! What a memory learns of a guess: neither the key nor the password, but under which fingerprints to count it.

use std::fmt;
use std::io;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::otp::{Algorithm, CodeParameters, Secret};
use crate::verification::{Guess, MemoryError, Verdict};

/// How long failures and steps are kept at least, in seconds: a day (contract 15.2).
pub(crate) const KEPT_SECONDS: i64 = 86_400;
/// The latest time and step that a memory knows; what is later counts as this. The numbers of a database end at 2^63, and some
/// room is needed for sums.
const LATEST: i64 = 1 << 62;
/// The most steps that any verification accepts beyond the current one (contract 3.2).
const MAX_SKEW: u64 = 10;

/// What the fingerprints of one state depend on, so that they tell nothing to those who have another.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct Salt([u8; Salt::BYTES]);

impl fmt::Debug for Salt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Salt(redacted)")
    }
}

impl Salt {
    /// As many bytes as the hash has.
    pub const BYTES: usize = 32;

    /// A new one.
    ///
    /// # Errors
    ///
    /// [`MemoryError::File`] where the operating system returns no random bytes.
    pub(super) fn random() -> Result<Self, MemoryError> {
        let mut salt = Self([0; Self::BYTES]);
        getrandom::fill(&mut salt.0).map_err(|_| MemoryError::File(io::ErrorKind::Other))?;
        Ok(salt)
    }

    /// The bytes, for the state that keeps them.
    pub(super) const fn as_bytes(&self) -> &[u8; Self::BYTES] {
        &self.0
    }

    /// The salt of these bytes, which must be random.
    #[must_use]
    pub const fn new(bytes: [u8; Self::BYTES]) -> Self {
        Self(bytes)
    }

    /// The fingerprint under which the failures of a secret are counted: of the key alone, so that another number of digits is
    /// no new budget.
    #[must_use]
    pub fn of_secret(&self, secret: &Secret) -> Fingerprint {
        self.fingerprint(b"secret", &[], secret)
    }

    /// The fingerprint under which the steps of a secret are remembered: other parameters make other passwords.
    #[must_use]
    pub fn of_code(&self, secret: &Secret, code: CodeParameters) -> Fingerprint {
        let algorithm = match code.algorithm {
            Algorithm::Sha1 => 1,
            Algorithm::Sha256 => 2,
            Algorithm::Sha512 => 3,
        };
        let [a, b, c, d] = code.period.seconds().to_be_bytes();
        self.fingerprint(b"code", &[algorithm, code.digits.count(), a, b, c, d], secret)
    }

    fn fingerprint(&self, kind: &[u8], parameters: &[u8], secret: &Secret) -> Fingerprint {
        Fingerprint(self.hash(kind, parameters, secret.as_bytes()))
    }

    /// HMAC-SHA-256 of a kind, of its parameters and of what it is of. No kind begins with another, and the parameters of one
    /// kind are always as long, so no two inputs are the same bytes.
    pub(super) fn hash(&self, kind: &[u8], parameters: &[u8], of: &[u8]) -> [u8; 32] {
        let mut hmac = Hmac::<Sha256>::new_from_slice(&self.0).expect("an HMAC takes keys of any length");
        hmac.update(kind);
        hmac.update(parameters);
        hmac.update(of);
        hmac.finalize().into_bytes().into()
    }
}

/// What stands for a secret in a state: HMAC-SHA-256, from which nobody finds the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint([u8; 32]);

impl Fingerprint {
    /// The one of these bytes, which a state has kept.
    pub(super) const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// A guess as a memory counts it.
#[derive(Clone, Copy, Debug)]
pub struct Attempt {
    /// Whose failures it may add to.
    pub secret: Fingerprint,
    /// Whose steps it may use up.
    pub code: Fingerprint,
    /// The step that it matches; -1 where it is wrong.
    pub step: i64,
    /// The highest step that would be right now.
    pub highest_step: i64,
    /// Now, in seconds since 1970.
    pub now: i64,
    /// When nothing of it need be remembered any more.
    pub expires: i64,
}

impl Attempt {
    /// What a state with this salt learns of a guess.
    #[must_use]
    pub fn of(guess: &Guess, salt: &Salt) -> Self {
        let code = guess.code_parameters();
        let now = number(guess.time().0);
        // The step is right as long as the current one is at most the skew later.
        let window_ends =
            guess.highest_step().saturating_add(MAX_SKEW + 1).saturating_mul(code.period.seconds().into());
        Self {
            secret: salt.of_secret(guess.secret()),
            code: salt.of_code(guess.secret(), code),
            step: guess.matched_step().map_or(WRONG, number),
            highest_step: number(guess.highest_step()),
            now,
            expires: number(window_ends).max(now + KEPT_SECONDS),
        }
    }
}

/// The step of a wrong password.
pub(crate) const WRONG: i64 = -1;

fn number(value: u64) -> i64 {
    i64::try_from(value).map_or(LATEST, |value| value.min(LATEST))
}

/// What a memory says of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// How it is answered.
    pub verdict: Verdict,
    /// How many failures in a row are counted now.
    pub failures: i64,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::otp::{Digits, Skew, UnixTime};

    fn guess(secret: &str, code: CodeParameters, time: u64, matched: Option<u64>) -> Guess {
        let secret = Secret::from_base32(secret).unwrap();
        Guess { secret, code, time: UnixTime(time), skew: Skew::default(), matched }
    }

    // contract 15.2a, 15.2d
    #[test]
    fn fingerprints_depend_on_what_they_must() {
        let salt = Salt::new([7; 32]);
        assert_eq!(format!("{salt:?}"), "Salt(redacted)");
        let usual = CodeParameters::default();
        let attempt = |secret, code| Attempt::of(&guess(secret, code, 59, None), &salt);
        let first = attempt("GEZDGNBV", usual);
        // The form of the secret is none of it.
        assert_eq!(first.code, attempt("gezd gnbv", usual).code);
        assert_ne!(first.secret, attempt("GEZDGNBW", usual).secret);
        let others = [
            CodeParameters { digits: Digits::Eight, ..usual },
            CodeParameters { algorithm: Algorithm::Sha256, ..usual },
            CodeParameters { algorithm: Algorithm::Sha512, ..usual },
            CodeParameters { period: "60".parse().unwrap(), ..usual },
        ];
        for (index, other) in others.into_iter().enumerate() {
            assert_eq!(first.secret, attempt("GEZDGNBV", other).secret);
            assert_ne!(first.code, attempt("GEZDGNBV", other).code);
            for later in &others[index + 1..] {
                assert_ne!(attempt("GEZDGNBV", other).code, attempt("GEZDGNBV", *later).code);
            }
        }
        let elsewhere = Attempt::of(&guess("GEZDGNBV", usual, 59, None), &Salt::new([8; 32]));
        assert!(elsewhere.secret != first.secret && elsewhere.code != first.code && first.secret != first.code);
    }

    // contract 15.2e: a step is remembered as long as it can match, a failure for a day.
    #[test]
    fn what_expires_when() {
        let salt = Salt::new([0; 32]);
        let usual = Attempt::of(&guess("GEZDGNBV", CodeParameters::default(), 1000, Some(33)), &salt);
        assert_eq!((usual.step, usual.highest_step, usual.now, usual.expires), (33, 34, 1000, 1000 + 86_400));
        let slow = CodeParameters { period: "86400".parse().unwrap(), ..CodeParameters::default() };
        assert_eq!(Attempt::of(&guess("GEZDGNBV", slow, 1000, Some(0)), &salt).expires, 12 * 86_400);
        assert_eq!(Attempt::of(&guess("GEZDGNBV", slow, 1000, None), &salt).step, WRONG);
    }

    #[test]
    fn times_beyond_those_of_a_database_do_not_overflow() {
        let fast = CodeParameters { period: "1".parse().unwrap(), ..CodeParameters::default() };
        let attempt = Attempt::of(&guess("GEZDGNBV", fast, u64::MAX, Some(u64::MAX)), &Salt::new([0; 32]));
        assert_eq!((attempt.step, attempt.now, attempt.highest_step), (LATEST, LATEST, LATEST));
        assert_eq!(attempt.expires, LATEST + 86_400);
    }
}
