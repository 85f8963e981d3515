//! What a verifier that remembers lets pass (contract 15.3), each value with its range.

use std::str::FromStr;

use crate::otp::{OutOfRangeError, whole_number_in};

/// How many wrong passwords in a row one secret may get before none is looked at for a while: 1 to 100, or 0 for no such
/// limit. Default: 5.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attempts(u8);

impl Attempts {
    /// The accepted values, in words.
    pub const EXPECTED: &'static str = "a whole number of attempts from 0 (no limit) to 100";
    const MAX: u8 = 100;
    const DEFAULT: u8 = 5;

    /// The number; none where there is no limit.
    #[must_use]
    pub const fn limit(self) -> Option<u8> {
        match self.0 {
            0 => None,
            attempts => Some(attempts),
        }
    }
}

impl Default for Attempts {
    fn default() -> Self {
        Self(Self::DEFAULT)
    }
}

impl FromStr for Attempts {
    type Err = OutOfRangeError;

    fn from_str(text: &str) -> Result<Self, OutOfRangeError> {
        whole_number_in(text, &(0..=Self::MAX), Self::EXPECTED).map(Self)
    }
}

/// How many wrong passwords in a row lock a secret until somebody unlocks it: 1 to 1000, or 0 for never. Default: 0.
/// NIST SP 800-63B, section 3.2.2 asks for 100.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LockAfter(u16);

impl LockAfter {
    /// The accepted values, in words.
    pub const EXPECTED: &'static str = "a whole number of attempts from 0 (never) to 1000";
    const MAX: u16 = 1000;

    /// The number; none where nothing locks.
    #[must_use]
    pub const fn limit(self) -> Option<u16> {
        match self.0 {
            0 => None,
            failures => Some(failures),
        }
    }
}

impl FromStr for LockAfter {
    type Err = OutOfRangeError;

    fn from_str(text: &str) -> Result<Self, OutOfRangeError> {
        whole_number_in(text, &(0..=Self::MAX), Self::EXPECTED).map(Self)
    }
}

/// What a verifier that remembers lets pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Whether a password verifies once only; otherwise it may verify again within its window, and failures count all the
    /// same. Default: true.
    pub one_time: bool,
    /// When guessing is slowed down.
    pub attempts: Attempts,
    /// When guessing ends.
    pub lock_after: LockAfter,
}

impl Default for Policy {
    fn default() -> Self {
        Self { one_time: true, attempts: Attempts::default(), lock_after: LockAfter::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // contract 15.3f
    #[test]
    fn ranges_are_exact() {
        assert_eq!(Policy::default().attempts.limit(), Some(5));
        assert_eq!(Policy::default().lock_after.limit(), None);
        assert_eq!("0".parse::<Attempts>().unwrap().limit(), None);
        assert_eq!("100".parse::<Attempts>().unwrap().limit(), Some(100));
        assert_eq!("1000".parse::<LockAfter>().unwrap().limit(), Some(1000));
        for wrong in ["101", "-1", "+5", "", " 5", "five"] {
            assert!(wrong.parse::<Attempts>().is_err(), "{wrong}");
        }
        for wrong in ["1001", "-1", "", "70000"] {
            assert!(wrong.parse::<LockAfter>().is_err(), "{wrong}");
        }
    }
}
