//! `destinations`: the beginnings of telephone numbers that codes may be sent to. It does not know who asks for one.

use super::super::reader::Reader;
use super::super::section::{Section, Value};
use crate::service::PhoneNumber;

const EXPECTED: &str = "beginnings of telephone numbers, + and 1 to 15 digits such as +49,";
const EXPECTED_LIST: &str = "a list of beginnings of telephone numbers such as +49, at least one,";

/// Where codes may be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Destinations {
    /// To every number: where `destinations` is absent.
    All,
    /// To numbers that begin with one of these, at least one.
    Prefixes(Vec<DestinationPrefix>),
}

/// How numbers begin: `+` and 1 to 15 digits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DestinationPrefix(String);

impl Destinations {
    /// Whether codes may be sent to a number.
    #[must_use]
    pub fn include(&self, number: &PhoneNumber) -> bool {
        match self {
            Self::All => true,
            Self::Prefixes(prefixes) => prefixes.iter().any(|prefix| number.reveal().starts_with(&prefix.0)),
        }
    }
}

impl DestinationPrefix {
    /// The beginning, if it is one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix('+')?;
        // No number begins with 0 (E.164, section 6.2).
        let is_right = (1..=PhoneNumber::MAX_DIGITS).contains(&digits.len())
            && !digits.starts_with('0')
            && digits.bytes().all(|byte| byte.is_ascii_digit());
        is_right.then(|| Self(text.to_owned()))
    }

    /// The characters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn read(value: &Value<'_, '_>, reader: &mut Reader<'_>) -> Option<Self> {
        let prefix = Self::parse(value.text(EXPECTED, reader)?);
        if prefix.is_none() {
            value.expected(EXPECTED, reader);
        }
        prefix
    }
}

pub(super) fn read(section: &Section<'_, '_>, reader: &mut Reader<'_>) -> Destinations {
    let Some(value) = section.value("destinations") else { return Destinations::All };
    let elements = value.list_of_some(EXPECTED_LIST, reader);
    Destinations::Prefixes(elements.iter().filter_map(|element| DestinationPrefix::read(element, reader)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    // contract 10.2h
    #[test]
    fn numbers_by_their_beginning() {
        let prefixes = ["+49", "+41791"].map(|prefix| DestinationPrefix::parse(prefix).unwrap());
        assert_eq!(prefixes[0].as_str(), "+49");
        let destinations = Destinations::Prefixes(prefixes.into());
        for (number, included) in
            [("+491701234567", true), ("+41791234567", true), ("+41781234567", false), ("+1491234567", false)]
        {
            let number = &PhoneNumber::parse(number).unwrap();
            assert_eq!(destinations.include(number), included, "{}", number.reveal());
            assert!(Destinations::All.include(number));
        }
    }

    // contract 10.2h
    #[test]
    fn beginnings() {
        for right in ["+4", "+49", "+123456789012345"] {
            assert!(DestinationPrefix::parse(right).is_some(), "{right}");
        }
        for wrong in ["", "+", "+0", "+049", "49", "+4 9", "++49", "+49x", "+١", " +49", "+1234567890123456"] {
            assert!(DestinationPrefix::parse(wrong).is_none(), "{wrong}");
        }
    }
}
