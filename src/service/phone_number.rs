//! Telephone numbers, as who has a code sent and who unlocks a destination name them. It does not know which may be called.

use std::fmt;

use zeroize::Zeroizing;

/// A telephone number in E.164: a plus sign and 2 to 15 digits, of which the first is not 0. `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct PhoneNumber(Zeroizing<String>);

impl PhoneNumber {
    /// The most digits of a number (E.164, section 6).
    pub const MAX_DIGITS: usize = 15;

    /// What is expected where a number is not one.
    pub const EXPECTED: &str = "a telephone number in E.164, such as +15551234567";

    /// The number, if it is one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix('+')?;
        let is_number = (2..=Self::MAX_DIGITS).contains(&digits.len())
            && !digits.starts_with('0')
            && digits.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then(|| Self(Zeroizing::new(text.to_owned())))
    }

    /// The number itself, for the one who may see it.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// The characters alone.
    #[must_use]
    pub fn into_text(self) -> Zeroizing<String> {
        self.0
    }
}

impl fmt::Debug for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PhoneNumber(redacted)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // contract 14.1c
    #[test]
    fn numbers() {
        for text in ["+15551234567", "+4930123456", "+12", "+123456789012345"] {
            assert_eq!(PhoneNumber::parse(text).unwrap().reveal(), text);
        }
        for text in
            ["", "+", "+1", "15551234567", "+0551234567", "+1234567890123456", "+1 555 1234567", "+1555123456a", "++12"]
        {
            assert_eq!(PhoneNumber::parse(text), None, "{text}");
        }
        assert_eq!(format!("{:?}", PhoneNumber::parse("+15551234567").unwrap()), "PhoneNumber(redacted)");
    }
}
