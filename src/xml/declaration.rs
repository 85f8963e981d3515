//! The XML declaration (XML 1.0, section 2.8, production `XMLDecl`), read by its grammar.
//!
//! quick-xml's own `BytesDecl` is not used: it checks neither the order of the parts nor their values, and does not tell
//! where they stand.

use super::characters::{is_white_space, white_space_length};
use super::error::OffsetError;

/// How a declaration begins: a target of `xml` that ends there (`<?xml-stylesheet` is no declaration).
pub fn begins_declaration(text: &str) -> bool {
    text.strip_prefix("<?xml").is_some_and(|rest| rest.starts_with(|c| is_white_space(c) || c == '?'))
}

/// The encoding that a text declares at its start, and the offset of its name. A declaration that is wrong declares
/// none: its fault is found where the whole document is checked.
pub fn declared_encoding(text: &str) -> Option<(&str, usize)> {
    begins_declaration(text).then(|| declaration(text))?.ok()?
}

/// Reads the declaration that the text begins with, and returns what matters here: the declared encoding, and the offset
/// of its name.
pub fn declaration(text: &str) -> Result<Option<(&str, usize)>, OffsetError> {
    let mut cursor = Cursor { text, offset: "<?xml".len() };
    let Some((version, at)) = cursor.pseudo_attribute("version")? else {
        return Err(cursor.expected("the version in the XML declaration"));
    };
    let minor = version.strip_prefix("1.").unwrap_or_default();
    if minor.is_empty() || !minor.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(OffsetError::not_well_formed("the version 1.0 in the XML declaration", at));
    }
    let encoding = cursor.pseudo_attribute("encoding")?;
    if let Some((_, at)) = encoding.filter(|(name, _)| !is_encoding_name(name)) {
        return Err(OffsetError::not_well_formed("the name of an encoding in the XML declaration", at));
    }
    let standalone = cursor.pseudo_attribute("standalone")?;
    if let Some((_, at)) = standalone.filter(|(value, _)| !matches!(*value, "yes" | "no")) {
        return Err(OffsetError::not_well_formed("yes or no for standalone in the XML declaration", at));
    }
    cursor.skip_white_space();
    if !cursor.rest().starts_with("?>") {
        return Err(
            cursor.expected("version, encoding and standalone in this order, then '?>', in the XML declaration")
        );
    }
    Ok(encoding)
}

/// The production `EncName`.
fn is_encoding_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'))
}

struct Cursor<'a> {
    text: &'a str,
    offset: usize,
}

impl<'a> Cursor<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.offset..]
    }

    fn expected(&self, expected: &'static str) -> OffsetError {
        OffsetError::not_well_formed(expected, self.offset)
    }

    /// Returns how many bytes were skipped.
    fn skip_white_space(&mut self) -> usize {
        let length = white_space_length(self.rest());
        self.offset += length;
        length
    }

    /// The value of white space, the name, `=` and a quoted value, and the offset of the value;
    /// none if something else follows, and then nothing is taken.
    fn pseudo_attribute(&mut self, name: &str) -> Result<Option<(&'a str, usize)>, OffsetError> {
        let start = self.offset;
        let spaced = self.skip_white_space() > 0;
        if !spaced || !self.rest().starts_with(name) {
            self.offset = start;
            return Ok(None);
        }
        self.offset += name.len();
        self.skip_white_space();
        if !self.rest().starts_with('=') {
            return Err(self.expected("'=' in the XML declaration"));
        }
        self.offset += 1;
        self.skip_white_space();
        let Some(quote) = self.rest().chars().next().filter(|c| matches!(c, '"' | '\'')) else {
            return Err(self.expected("a quoted value in the XML declaration"));
        };
        let at = self.offset + 1;
        let Some(length) = self.text[at..].find(quote) else {
            return Err(self.expected("a closing quotation mark in the XML declaration"));
        };
        self.offset = at + length + 1;
        Ok(Some((&self.text[at..at + length], at)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // contract 2.3g
    #[test]
    fn the_grammar_of_the_declaration() {
        for correct in [
            "<?xml version='1.0'?>",
            "<?xml version=\"1.1\" ?>",
            "<?xml version = '1.0' encoding='UTF-8'?>",
            "<?xml\tversion='1.10'\r\nencoding = \"utf-8\" standalone='yes'\n?>",
            "<?xml version='1.0' standalone='no'?>",
        ] {
            assert!(declaration(correct).is_ok(), "{correct}");
        }
        for wrong in [
            "<?xml?>",
            "<?xml ?>",
            "<?xml encoding='UTF-8'?>",
            "<?xml version='1.0'encoding='UTF-8'?>",
            "<?xml version='1.0' standalone='yes' encoding='UTF-8'?>",
            "<?xml version='2.0'?>",
            "<?xml version='1.'?>",
            "<?xml version='1'?>",
            "<?xml version='1.0a'?>",
            "<?xml version=1.0?>",
            "<?xml version='1.0\"?>",
            "<?xml version='1.0' encoding=''?>",
            "<?xml version='1.0' encoding='8859'?>",
            "<?xml version='1.0' encoding='a:b'?>",
            "<?xml version='1.0' standalone='true'?>",
            "<?xml version='1.0' other='x'?>",
            "<?xml version='1.0' encoding='UTF-8' encoding='UTF-8'?>",
            "<?xml version '1.0'?>",
            "<?xml version='1.0' ? >",
            "<?xml version='1.0'",
        ] {
            assert!(declaration(wrong).is_err(), "{wrong}");
        }
    }

    // contract 2.5c
    #[test]
    fn the_encoding_is_reported_with_its_place() {
        let text = "<?xml version='1.0' encoding='latin1'?>";
        assert_eq!(declaration(text).unwrap(), Some(("latin1", 30)));
    }
}
