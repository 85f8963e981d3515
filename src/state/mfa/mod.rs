//! The memory of multi-factor codes (contract 14.3, 14.4): which sends it admits, and what a guess comes to. It knows no
//! database, and of a code only its hash: both databases ask it between reading and writing, while nobody else may write.

mod budget;
mod id;

use std::fmt;

use constant_time_eq::constant_time_eq_32;

use super::attempt::Salt;
pub use budget::Quota;
pub(crate) use budget::{Budget, Times};
pub use id::MfaId;

/// What stands for a telephone number in a state: HMAC-SHA-256, from which nobody finds the number without the salt.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MfaDestination([u8; 32]);

impl MfaDestination {
    /// The destination with this number in E.164 ("+15551234567"). Another form of the number is another destination.
    #[must_use]
    pub fn of(number: &str, salt: &Salt) -> Self {
        Self(salt.hash(b"destination", &[], number.as_bytes()))
    }

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

impl fmt::Debug for MfaDestination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MfaDestination(redacted)")
    }
}

/// What stands for a code in a state: an HMAC under a key that the state does not have. As a code is short, a hash without a key
/// would be as good as the code.
#[derive(Clone, Copy)]
pub struct CodeHash([u8; 32]);

impl CodeHash {
    /// The hash with these bytes.
    #[must_use]
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Whether both are of the same code, in a time that does not depend on it.
    fn matches(&self, other: &Self) -> bool {
        constant_time_eq_32(&self.0, &other.0)
    }
}

impl fmt::Debug for CodeHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CodeHash(redacted)")
    }
}

/// A code that is about to be sent, or that has been.
#[derive(Clone, Copy, Debug)]
pub struct MfaRequest {
    /// By what its verifications are known.
    pub id: MfaId,
    /// Where the code is sent, and whose guesses are counted.
    pub destination: MfaDestination,
    /// The code.
    pub code: CodeHash,
    /// How many guesses are looked at from now on: at first 1 to 20 (contract 14.1). With none it has ended.
    pub attempts: u32,
    /// When it ends, in seconds since 1970.
    pub expires: i64,
}

/// A request that is to be begun.
#[derive(Clone, Copy, Debug)]
pub struct MfaSend {
    /// The request.
    pub request: MfaRequest,
    /// What its destination may do.
    pub quota: Quota,
    /// Now, in seconds since 1970.
    pub now: i64,
}

/// What comes of a request that is to be begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begun {
    /// It is kept, and the send is counted, whatever becomes of the delivery.
    Admitted,
    /// The destination has used up its sends or its guesses.
    Limited {
        /// How long this lasts: at least 1 s.
        seconds: u64,
    },
}

/// A code that somebody offers.
#[derive(Clone, Copy, Debug)]
pub struct MfaGuess {
    /// The request that it is for.
    pub id: MfaId,
    /// The code.
    pub code: CodeHash,
    /// What its destination may do.
    pub quota: Quota,
    /// Now, in seconds since 1970.
    pub now: i64,
}

/// What comes of a guess.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verified {
    /// It is right. The request has ended.
    Match,
    /// It is wrong, and was counted.
    Mismatch,
    /// The request is unknown, expired, exhausted, used or void: nobody learns which.
    Gone,
    /// The destination has used up its guesses: the code was not looked at.
    Limited {
        /// How long this lasts: at least 1 s.
        seconds: u64,
    },
}

impl Verified {
    /// Whether the request and its destination are other ones than before.
    pub(crate) const fn changes(self) -> bool {
        match self {
            Self::Match | Self::Mismatch => true,
            Self::Gone | Self::Limited { .. } => false,
        }
    }
}

/// Decides about a guess for a request whose destination has this budget. Both change where [`Verified::changes`] says so.
pub(crate) fn verify(request: &mut MfaRequest, budget: &mut Budget, guess: &MfaGuess) -> Verified {
    if request.attempts == 0 || request.expires <= guess.now {
        return Verified::Gone;
    }
    if let Some(seconds) = budget.guesses_used_up(guess.quota, guess.now) {
        return Verified::Limited { seconds };
    }
    if request.code.matches(&guess.code) {
        request.attempts = 0;
        budget.forget_guesses();
        Verified::Match
    } else {
        request.attempts -= 1;
        budget.count_guess(guess.now);
        Verified::Mismatch
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_111_111_109;
    const RIGHT: CodeHash = CodeHash::new([1; 32]);

    fn open(attempts: u32) -> MfaRequest {
        let destination = MfaDestination::from_bytes([0; 32]);
        MfaRequest { id: MfaId::from_random([0; 16]), destination, code: RIGHT, attempts, expires: NOW + 60 }
    }

    fn guess(code: CodeHash, guesses: u32, now: i64) -> MfaGuess {
        let quota = Quota::new(1, guesses).unwrap();
        MfaGuess { id: MfaId::from_random([0; 16]), code, quota, now }
    }

    /// A hash that differs from the right one in one bit.
    fn wrong(bit: usize) -> CodeHash {
        let mut bytes = *RIGHT.as_bytes();
        bytes[bit / 8] ^= 1 << (bit % 8);
        CodeHash::new(bytes)
    }

    // contract 14.4b: a wrong code counts for the request and its destination, whichever bit of its hash is wrong.
    #[test]
    fn only_the_right_hash_matches() {
        for bit in 0..256 {
            let (mut request, mut budget) = (open(2), Budget::default());
            assert_eq!(verify(&mut request, &mut budget, &guess(wrong(bit), 9, NOW)), Verified::Mismatch, "{bit}");
            assert_eq!(request.attempts, 1);
            assert_eq!(budget.expires(), NOW + 86_400);
            assert_eq!(verify(&mut request, &mut budget, &guess(RIGHT, 9, NOW)), Verified::Match);
            assert_eq!((request.attempts, budget), (0, Budget::default()));
        }
    }

    // contract 14.4a: what has ended has ended in one way, and nothing of it is counted.
    #[test]
    fn what_has_ended_is_gone() {
        for (mut request, now) in [(open(0), NOW), (open(3), NOW + 60), (open(3), i64::MAX)] {
            let (before, mut budget) = (request.attempts, Budget::default());
            for code in [RIGHT, wrong(0)] {
                assert_eq!(verify(&mut request, &mut budget, &guess(code, 1, now)), Verified::Gone);
            }
            assert_eq!((request.attempts, budget), (before, Budget::default()));
        }
        assert_eq!(verify(&mut open(1), &mut Budget::default(), &guess(RIGHT, 1, NOW + 59)), Verified::Match);
    }

    // contract 14.3d: a right code is not looked at either, and is not used up by that.
    #[test]
    fn over_the_guesses_nothing_is_looked_at() {
        let (mut request, mut budget) = (open(3), Budget::default());
        assert_eq!(verify(&mut request, &mut budget, &guess(wrong(0), 1, NOW)), Verified::Mismatch);
        for code in [RIGHT, wrong(0)] {
            let limited = Verified::Limited { seconds: 86_400 - 59 };
            assert_eq!(verify(&mut request, &mut budget, &guess(code, 1, NOW + 59)), limited);
        }
        assert_eq!(request.attempts, 2);
        assert_eq!(verify(&mut request, &mut budget, &guess(RIGHT, 2, NOW + 59)), Verified::Match);
    }

    // contract 14.3f
    #[test]
    fn a_number_does_not_show() {
        let (salt, other) = (Salt::new([7; 32]), Salt::new([8; 32]));
        let number = "+15551234567";
        let destination = MfaDestination::of(number, &salt);
        assert_eq!(destination, MfaDestination::of(number, &salt));
        assert_ne!(destination, MfaDestination::of(number, &other));
        assert_ne!(destination, MfaDestination::of("+15551234568", &salt));
        // A secret with the same bytes has another fingerprint.
        let secret = data_encoding::BASE32_NOPAD.encode(number.as_bytes());
        let secret = crate::otp::Secret::from_base32(&secret).unwrap();
        assert_ne!(salt.of_secret(&secret).as_bytes(), destination.as_bytes());
        let guess = MfaGuess { id: MfaId::from_random([5; 16]), ..guess(RIGHT, 1, NOW) };
        let shown = format!("{destination:?} {guess:?} {:?}", open(1));
        assert!(shown.contains("MfaId(redacted)") && shown.contains("CodeHash(redacted)"), "{shown}");
        assert!(shown.starts_with("MfaDestination(redacted)") && !shown.contains('['), "{shown}");
    }
}
