//! The names by which a configuration knows parts of a path: they mean the same in a URL, in a log and on a disk.

use std::fmt;

use super::reader::{At, Reader};
use super::section::Section;

/// A name in a path: 1 to 64 of `[A-Za-z0-9._-]` that does not begin with a dot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathName(String);

impl PathName {
    /// The accepted values, in words.
    const EXPECTED: &'static str = "a name of 1 to 64 of A to Z, a to z, 0 to 9 and ._- that does not begin with a dot";
    const MAX_CHARACTERS: usize = 64;

    /// The name, if it is one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let fits = (1..=Self::MAX_CHARACTERS).contains(&text.len());
        let is_right = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        (fits && !text.starts_with('.') && text.bytes().all(is_right)).then(|| Self(text.to_owned()))
    }

    /// The characters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name under a key of a section, and its place.
    pub(super) fn read(section: &Section<'_, '_>, key: &'static str, reader: &mut Reader<'_>) -> Option<(Self, At)> {
        let value = section.required(key, Self::EXPECTED, reader)?;
        let name = Self::parse(value.text(Self::EXPECTED, reader)?);
        if name.is_none() {
            value.expected(Self::EXPECTED, reader);
        }
        Some((name?, value.at))
    }
}

impl fmt::Display for PathName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // contract 12.1a
    #[test]
    fn names() {
        for right in ["a", "billing", "A.b-c_9", &"x".repeat(64)] {
            assert_eq!(PathName::parse(right).unwrap().to_string(), right);
        }
        for wrong in ["", ".", "..", ".a", "a/b", "a b", "a%20", "ä", "{a}", "a@b", &"x".repeat(65)] {
            assert_eq!(PathName::parse(wrong), None, "{wrong}");
        }
    }
}
