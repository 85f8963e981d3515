//! What a code depends on besides the secret: algorithm, digits, period, skew and time, each with its range.

use std::num::NonZeroU32;
use std::ops::RangeInclusive;
use std::str::FromStr;

use thiserror::Error;

use crate::named;

/// A value outside the range of its parameter. It does not hold the value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("expected {expected}")]
pub struct OutOfRangeError {
    /// The values that are accepted, in words.
    pub expected: &'static str,
}

/// The hash function under the HMAC (RFC 6238, section 1.2). Default: SHA-1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Algorithm {
    /// HMAC-SHA-1, the one that every authenticator app knows.
    #[default]
    Sha1,
    /// HMAC-SHA-256.
    Sha256,
    /// HMAC-SHA-512.
    Sha512,
}

named!(parsed Algorithm { Sha1 = "SHA1", Sha256 = "SHA256", Sha512 = "SHA512" });

/// How many decimal digits a password has (RFC 4226, section 5.3). Default: 6.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Digits {
    /// Six digits.
    #[default]
    Six,
    /// Seven digits.
    Seven,
    /// Eight digits.
    Eight,
}

named!(parsed Digits { Six = "6", Seven = "7", Eight = "8" });

impl Digits {
    /// The number itself.
    #[must_use]
    pub const fn count(self) -> u8 {
        match self {
            Self::Six => 6,
            Self::Seven => 7,
            Self::Eight => 8,
        }
    }
}

/// The length of a time step in seconds: 1 to 4294967295 (RFC 6238, section 4.1, X). Default: 30.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period(NonZeroU32);

impl Period {
    /// The accepted values, in words.
    pub const EXPECTED: &'static str = "a whole number of seconds from 1 to 4294967295";
    const DEFAULT_SECONDS: NonZeroU32 = NonZeroU32::new(30).expect("30 is not zero");

    /// The length in seconds.
    #[must_use]
    pub const fn seconds(self) -> u32 {
        self.0.get()
    }

    /// How many seconds the step that a time lies in still has: 1 to the whole period.
    #[must_use]
    pub fn rest(self, time: UnixTime) -> u64 {
        let period = u64::from(self.seconds());
        period - time.0 % period
    }
}

/// ```
/// use totp_adapter::Period;
///
/// assert_eq!(Period::try_from(60).map(Period::seconds), Ok(60));
/// assert!(Period::try_from(0).is_err());
/// ```
impl TryFrom<u32> for Period {
    type Error = OutOfRangeError;

    fn try_from(seconds: u32) -> Result<Self, OutOfRangeError> {
        NonZeroU32::new(seconds).map(Self).ok_or(OutOfRangeError { expected: Self::EXPECTED })
    }
}

impl Default for Period {
    fn default() -> Self {
        Self(Self::DEFAULT_SECONDS)
    }
}

impl FromStr for Period {
    type Err = OutOfRangeError;

    fn from_str(text: &str) -> Result<Self, OutOfRangeError> {
        whole_number(text, Self::EXPECTED).map(Self)
    }
}

/// How many time steps on either side of the current one verification accepts: 0 to 10
/// (RFC 6238, section 5.2). Default: 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Skew(u8);

impl Skew {
    /// The accepted values, in words.
    pub const EXPECTED: &'static str = "a whole number of time steps from 0 to 10";
    const MAX_STEPS: u8 = 10;
    const DEFAULT_STEPS: u8 = 1;

    /// The number of steps.
    #[must_use]
    pub const fn steps(self) -> u8 {
        self.0
    }
}

/// ```
/// use totp_adapter::Skew;
///
/// assert_eq!(Skew::try_from(10).map(Skew::steps), Ok(10));
/// assert!(Skew::try_from(11).is_err());
/// ```
impl TryFrom<u8> for Skew {
    type Error = OutOfRangeError;

    fn try_from(steps: u8) -> Result<Self, OutOfRangeError> {
        if steps > Self::MAX_STEPS { Err(OutOfRangeError { expected: Self::EXPECTED }) } else { Ok(Self(steps)) }
    }
}

impl Default for Skew {
    fn default() -> Self {
        Self(Self::DEFAULT_STEPS)
    }
}

impl FromStr for Skew {
    type Err = OutOfRangeError;

    fn from_str(text: &str) -> Result<Self, OutOfRangeError> {
        whole_number_in(text, &(0..=Self::MAX_STEPS), Self::EXPECTED).map(Self)
    }
}

/// A point in time in seconds since 1970-01-01 00:00 UTC, without leap seconds (RFC 6238, section 4.1, T0 = 0).
///
/// ```
/// use totp_adapter::UnixTime;
///
/// assert_eq!("1111111109".parse(), Ok(UnixTime(1_111_111_109)));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnixTime(pub u64);

impl UnixTime {
    /// The accepted values, in words.
    pub const EXPECTED: &'static str = "a whole number of seconds since 1970 from 0 to 18446744073709551615";
}

impl FromStr for UnixTime {
    type Err = OutOfRangeError;

    fn from_str(text: &str) -> Result<Self, OutOfRangeError> {
        whole_number(text, Self::EXPECTED).map(Self)
    }
}

/// What an authenticator app must be told besides the secret; the defaults are the contract (3.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CodeParameters {
    /// The hash function.
    pub algorithm: Algorithm,
    /// The number of digits.
    pub digits: Digits,
    /// The length of a time step.
    pub period: Period,
}

/// Reads ASCII digits and nothing else: `from_str` of the standard library also takes a leading `+`.
pub fn whole_number<N: FromStr>(text: &str, expected: &'static str) -> Result<N, OutOfRangeError> {
    Some(text)
        .filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()))
        .and_then(|text| text.parse().ok())
        .ok_or(OutOfRangeError { expected })
}

/// The same, within a range.
pub fn whole_number_in<N>(text: &str, range: &RangeInclusive<N>, expected: &'static str) -> Result<N, OutOfRangeError>
where
    N: FromStr + PartialOrd,
{
    whole_number(text, expected).ok().filter(|number| range.contains(number)).ok_or(OutOfRangeError { expected })
}

#[cfg(test)]
mod tests {
    use super::*;

    // contract 3.4b
    #[test]
    fn defaults_are_the_contract() {
        let default = CodeParameters::default();
        assert_eq!(default.algorithm.name(), "SHA1");
        assert_eq!(default.digits.count(), 6);
        assert_eq!(default.period.seconds(), 30);
        assert_eq!(Skew::default().steps(), 1);
    }

    // contract 3.2a, 3.4a
    #[test]
    fn ranges_are_exact() {
        assert_eq!("10".parse::<Skew>().unwrap().steps(), 10);
        assert_eq!("0".parse::<Skew>().unwrap().steps(), 0);
        for wrong in ["11", "256", "-1", "+1", "", " 1", "1.0"] {
            assert!(wrong.parse::<Skew>().is_err(), "{wrong}");
        }
        assert_eq!("4294967295".parse::<Period>().unwrap().seconds(), u32::MAX);
        for wrong in ["0", "4294967296", "-30", "+30", "", "30s"] {
            assert!(wrong.parse::<Period>().is_err(), "{wrong}");
        }
        for wrong in ["5", "9", "06", "", "six"] {
            assert!(wrong.parse::<Digits>().is_err(), "{wrong}");
        }
        for wrong in ["sha1", "SHA-1", "MD5", ""] {
            assert!(wrong.parse::<Algorithm>().is_err(), "{wrong}");
        }
        assert_eq!("18446744073709551615".parse(), Ok(UnixTime(u64::MAX)));
        for wrong in ["18446744073709551616", "-1", "1.5", ""] {
            assert!(wrong.parse::<UnixTime>().is_err(), "{wrong}");
        }
    }
}
