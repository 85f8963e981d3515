//! One-time passwords: RFC 6238 over totp-rs, and the comparison that verification rests on.
//! It keeps nothing between calls: whether a password was used before is for the caller to remember.

use std::fmt;
use std::iter;

use constant_time_eq::constant_time_eq_n;
use thiserror::Error;
use totp_rs::{Builder, Totp};
use zeroize::{Zeroize, ZeroizeOnDrop};

use self::keyed::{Keyed, truncated};
use super::{Algorithm, CodeParameters, Digits, Period, Secret, Skew, UnixTime};

mod keyed;

/// The most digits that a password can have.
const MAX_DIGITS: usize = Digits::Eight.count() as usize;

/// A one-time password (RFC 6238): six to eight ASCII digits, leading zeroes kept.
///
/// It is wiped from memory when dropped, `Debug` does not show it, and it has no `==`: [`Password::matching_step`]
/// compares in constant time.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct Password {
    /// ASCII digits, then zero bytes.
    digits: [u8; MAX_DIGITS],
    length: usize,
}

impl Password {
    /// The password of the time step that `time` lies in.
    #[must_use]
    pub fn generate(secret: &Secret, parameters: CodeParameters, time: UnixTime) -> Self {
        Self::of_code(truncated(totp(secret, parameters).sign(time.0).as_ref()), parameters.digits)
    }

    /// Reads a password as a person types it: XML white space is dropped, digits are kept as characters
    /// (contract 2.8).
    ///
    /// # Errors
    ///
    /// [`PasswordError`] where anything but exactly `digits` ASCII digits remains.
    pub fn parse(text: &str, digits: Digits) -> Result<Self, PasswordError> {
        let count = usize::from(digits.count());
        let fault = PasswordError { expected: digits.count() };
        let mut password = Self::empty();
        for byte in text.bytes().filter(|byte| !matches!(byte, b' ' | b'\t' | b'\r' | b'\n')) {
            if !byte.is_ascii_digit() || password.length == count {
                return Err(fault);
            }
            password.push(byte);
        }
        if password.length == count { Ok(password) } else { Err(fault) }
    }

    /// The time step that this is the password of: that of `time` or one at most `skew` steps away (RFC 6238, section 5.2),
    /// the highest where several have the same password; none where it is wrong.
    ///
    /// Every candidate is computed and compared in constant time, whichever matches first: totp-rs's own `check`
    /// stops at the match, and so tells by its duration how far a clock is off. The HMAC is keyed once for all of
    /// them. The window ends at step 0.
    #[must_use]
    pub fn matching_step(
        &self,
        secret: &Secret,
        parameters: CodeParameters,
        skew: Skew,
        time: UnixTime,
    ) -> Option<u64> {
        let keyed = Keyed::new(secret, parameters.algorithm);
        let (mut matched, mut highest) = (false, 0);
        for step in window(time, parameters.period, skew) {
            let equal = self.equals(&Self::of_code(keyed.code(step), parameters.digits));
            matched |= equal;
            // Without a branch: all bits of the step, or none.
            highest = highest.max(step & u64::from(equal).wrapping_neg());
        }
        matched.then_some(highest)
    }

    /// The digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.digits[..self.length]).expect("only ASCII digits are stored")
    }

    /// The last digits of a code.
    fn of_code(code: u32, digits: Digits) -> Self {
        // In a register, the last digit first and pushed away by those before it: memory written byte by byte and then
        // read as a whole makes the processor wait.
        let (mut packed, mut rest) = (0, code);
        for _ in 0..digits.count() {
            packed = (packed << u8::BITS) | (u64::from(b'0') + u64::from(rest % 10));
            rest /= 10;
        }
        Self { digits: packed.to_le_bytes(), length: digits.count().into() }
    }

    const fn empty() -> Self {
        Self { digits: [0; MAX_DIGITS], length: 0 }
    }

    fn push(&mut self, digit: u8) {
        self.digits[self.length] = digit;
        self.length += 1;
    }

    fn equals(&self, other: &Self) -> bool {
        constant_time_eq_n(&self.digits, &other.digits)
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(redacted)")
    }
}

/// The time step of `time` and its neighbours within the skew, as far as they begin no earlier than 1970 and a second
/// of each can be told. One division is enough: whole periods away, the number of the step differs by as many.
fn window(time: UnixTime, period: Period, skew: Skew) -> impl Iterator<Item = u64> {
    let period = u64::from(period.seconds());
    let current = time.0 / period;
    let neighbours = (1..=u64::from(skew.steps())).flat_map(move |steps| {
        let distance = steps * period;
        let before = time.0.checked_sub(distance).map(|_| current - steps);
        let after = time.0.checked_add(distance).map(|_| current + steps);
        [before, after]
    });
    iter::once(current).chain(neighbours.flatten())
}

/// The text is not as many digits as expected. It holds nothing of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("expected exactly {expected} ASCII digits")]
pub struct PasswordError {
    expected: u8,
}

/// totp-rs's form of the same values. Its checked `build` refuses secrets under 16 bytes, which real services issue
/// (contract 2.7); what else it checks, our types cannot hold: digits over 8, a period of 0.
fn totp(secret: &Secret, parameters: CodeParameters) -> Totp {
    Builder::new()
        .with_algorithm(match parameters.algorithm {
            Algorithm::Sha1 => totp_rs::Algorithm::SHA1,
            Algorithm::Sha256 => totp_rs::Algorithm::SHA256,
            Algorithm::Sha512 => totp_rs::Algorithm::SHA512,
        })
        .with_digits(parameters.digits.count())
        .with_step_duration(parameters.period.seconds().into())
        .with_secret(secret.as_bytes())
        .build_noncompliant()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn digits() -> impl Strategy<Value = Digits> {
        prop::sample::select(&Digits::ALL[..])
    }

    fn algorithms() -> impl Strategy<Value = Algorithm> {
        prop::sample::select(&Algorithm::ALL[..])
    }

    // contract 1.6c
    #[test]
    fn debug_shows_no_digit() {
        let password = Password::parse("081804", Digits::Six).unwrap();
        assert_eq!(format!("{password:?}"), "Password(redacted)");
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        /// A candidate of a verification is the password that totp-rs computes. Keys are also longer than a block.
        #[test]
        fn candidates_are_totp_rss(
            key in prop::collection::vec(any::<u8>(), 1..=200),
            algorithm in algorithms(),
            digits in digits(),
            period in prop_oneof![Just(30), 1_u32..],
            time in prop_oneof![0_u64..1 << 32, any::<u64>()],
        ) {
            let secret = Secret::from_base32(&data_encoding::BASE32_NOPAD.encode(&key)).unwrap();
            let parameters = CodeParameters { algorithm, digits, period: period.to_string().parse().unwrap() };
            let candidate = Password::of_code(Keyed::new(&secret, algorithm).code(time / u64::from(period)), digits);
            let expected = Password::generate(&secret, parameters, UnixTime(time));
            prop_assert_eq!(candidate.as_str(), expected.as_str());
        }

        // contract 3.3b: the window is what moving the time gives, cut at step 0 and at the last second.
        #[test]
        fn the_window_is_that_of_times(
            period in prop_oneof![Just(1), Just(30), Just(u32::MAX), 1_u32..],
            skew in 0_u8..=10,
            time in prop_oneof![0_u64..400, 0_u64..1 << 36, any::<u64>(), u64::MAX - 400.., u64::MAX - (1 << 36)..],
        ) {
            let neighbours = (1..=u64::from(skew)).flat_map(|steps| {
                let distance = steps * u64::from(period);
                [time.checked_sub(distance), time.checked_add(distance)]
            });
            let times = iter::once(Some(time)).chain(neighbours).flatten();
            let expected: Vec<u64> = times.map(|time| time / u64::from(period)).collect();
            let (period, skew) = (period.to_string().parse().unwrap(), skew.to_string().parse().unwrap());
            prop_assert_eq!(window(UnixTime(time), period, skew).collect::<Vec<_>>(), expected);
        }
    }
}
