//! The inside of a start-tag: name and attributes by XML 1.0, section 3.1, and Namespaces in XML 1.0, section 4.
//!
//! quick-xml's own iterator over attributes is not used: it takes `<a x="1"y="2">`, values with `<`, and names that
//! are none, and does not tell where an attribute stands.

use super::characters::{is_legal, ncname_length, white_space_length};
use super::error::OffsetError;

/// A name with or without a prefix (Namespaces in XML 1.0, section 4, production `QName`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QName<'a> {
    pub prefix: Option<&'a str>,
    pub local: &'a str,
}

/// An attribute with its value as it stands in the source, checked but not resolved.
#[derive(Clone, Copy, Debug)]
pub struct Attribute<'a> {
    pub name: QName<'a>,
    pub value: &'a str,
    /// Where its name begins in the source.
    pub offset: usize,
}

/// A start-tag or an empty-element tag that the grammar allows.
#[derive(Debug)]
pub struct StartTag<'a> {
    pub name: QName<'a>,
    pub attributes: Vec<Attribute<'a>>,
}

/// Reads what stands between `<` and `>` (or `/>`) of a tag; `offset` is the place of its first byte.
pub fn start_tag(inside: &str, offset: usize) -> Result<StartTag<'_>, OffsetError> {
    let mut scanner = Scanner { inside, at: 0, offset };
    let name = scanner.qname("the name of an element")?;
    let mut attributes = Vec::new();
    loop {
        let spaced = scanner.skip_white_space();
        if scanner.rest().is_empty() {
            return Ok(StartTag { name, attributes });
        }
        if !spaced {
            return Err(scanner.expected("white space or the end of the tag"));
        }
        attributes.push(scanner.attribute()?);
    }
}

/// What a reference between `&` and `;` stands for (XML 1.0, sections 4.1 and 4.6): a legal character by its number,
/// or one of the five predefined entities. No other entity can be declared, since a DOCTYPE is refused.
pub fn reference(inside: &str) -> Option<char> {
    let number = match inside {
        "lt" => return Some('<'),
        "gt" => return Some('>'),
        "amp" => return Some('&'),
        "apos" => return Some('\''),
        "quot" => return Some('"'),
        numeric => numeric.strip_prefix('#')?,
    };
    let (digits, radix) = match number.strip_prefix('x') {
        Some(hexadecimal) => (hexadecimal, 16),
        None => (number, 10),
    };
    // `from_str_radix` would take a sign.
    let code_point = digits.chars().all(|c| c.is_digit(radix)).then(|| u32::from_str_radix(digits, radix))?;
    char::from_u32(code_point.ok()?).filter(|&c| is_legal(c))
}

pub const REFERENCE: &str = "a character reference or one of the five predefined entities";

struct Scanner<'a> {
    inside: &'a str,
    at: usize,
    offset: usize,
}

impl<'a> Scanner<'a> {
    fn rest(&self) -> &'a str {
        &self.inside[self.at..]
    }

    fn expected(&self, expected: &'static str) -> OffsetError {
        OffsetError::not_well_formed(expected, self.offset + self.at)
    }

    fn skip_white_space(&mut self) -> bool {
        let length = white_space_length(self.rest());
        self.at += length;
        length > 0
    }

    fn ncname(&mut self, expected: &'static str) -> Result<&'a str, OffsetError> {
        let name = &self.rest()[..ncname_length(self.rest())];
        if name.is_empty() {
            return Err(self.expected(expected));
        }
        self.at += name.len();
        Ok(name)
    }

    fn qname(&mut self, expected: &'static str) -> Result<QName<'a>, OffsetError> {
        let first = self.ncname(expected)?;
        if !self.rest().starts_with(':') {
            return Ok(QName { prefix: None, local: first });
        }
        self.at += 1;
        Ok(QName { prefix: Some(first), local: self.ncname("a local name after the prefix")? })
    }

    fn attribute(&mut self) -> Result<Attribute<'a>, OffsetError> {
        let offset = self.offset + self.at;
        let name = self.qname("the name of an attribute")?;
        self.skip_white_space();
        if !self.rest().starts_with('=') {
            return Err(self.expected("'=' after the name of an attribute"));
        }
        self.at += 1;
        self.skip_white_space();
        let value = self.quoted()?;
        Ok(Attribute { name, value, offset })
    }

    /// A quoted value without `<` and with correct references only.
    fn quoted(&mut self) -> Result<&'a str, OffsetError> {
        let Some(quote) = self.rest().chars().next().filter(|c| matches!(c, '"' | '\'')) else {
            return Err(self.expected("a quoted attribute value"));
        };
        self.at += 1;
        let Some(length) = self.rest().find(quote) else {
            return Err(self.expected("a closing quotation mark"));
        };
        let value = &self.rest()[..length];
        let fault = |expected, at| OffsetError::not_well_formed(expected, self.offset + self.at + at);
        if let Some(at) = value.find('<') {
            return Err(fault("no '<' in an attribute value", at));
        }
        for (at, _) in value.match_indices('&') {
            let inside = value[at + 1..].split_once(';').map(|(inside, _)| inside);
            inside.and_then(reference).ok_or_else(|| fault(REFERENCE, at))?;
        }
        self.at += length + 1;
        Ok(value)
    }
}
