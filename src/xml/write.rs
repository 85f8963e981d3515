//! The documents that go out (contract 1.1, 1.5, 1.6, 2.9, 4.6): one element on one line, UTF-8, a line feed at the end.

use std::fmt;

use quick_xml::escape::escape;
use quick_xml::events::attributes::Attribute;
use thiserror::Error;
use zeroize::Zeroizing;

use super::characters::is_legal;
use super::kind::DocumentKind;
use super::read::Parameter;

/// `<Secret>…</Secret>` of a Base32 text.
#[must_use]
pub fn write_secret(base32: &str) -> Zeroizing<Vec<u8>> {
    text_element(DocumentKind::Secret, base32)
}

/// `<Password>…</Password>` of its digits.
#[must_use]
pub fn write_password(digits: &str) -> Zeroizing<Vec<u8>> {
    text_element(DocumentKind::Password, digits)
}

/// `<Ok description="…"/>`.
#[must_use]
pub fn write_ok(description: &str) -> Zeroizing<Vec<u8>> {
    description_element(DocumentKind::Ok, description)
}

/// `<Error description="…"/>`.
#[must_use]
pub fn write_error(description: &str) -> Zeroizing<Vec<u8>> {
    description_element(DocumentKind::Error, description)
}

/// A text from elsewhere has a character that no XML document can hold, not even by reference. The error does not hold the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the text has a character that XML 1.0 excludes")]
pub struct IllegalCharacterError;

/// A text that came in, escaped for an element: a reader gives all of it back, and it has no line end.
pub struct EscapedText(Zeroizing<String>);

impl EscapedText {
    /// Line ends and tabs become references, as they would in an attribute (XML 1.0, sections 2.11 and 4.1).
    ///
    /// # Errors
    ///
    /// [`IllegalCharacterError`] where the text has one.
    // The text may be a secret: a buffer that grew, as quick-xml's does, would leave a copy behind.
    pub fn new(text: &str) -> Result<Self, IllegalCharacterError> {
        const LONGEST: usize = "&amp;".len();
        let mut markup = Zeroizing::new(String::with_capacity(text.len() * LONGEST));
        for character in text.chars() {
            match character {
                '&' => markup.push_str("&amp;"),
                '<' => markup.push_str("&lt;"),
                '>' => markup.push_str("&gt;"),
                '\t' => markup.push_str("&#9;"),
                '\n' => markup.push_str("&#10;"),
                '\r' => markup.push_str("&#13;"),
                legal if is_legal(legal) => markup.push(legal),
                _ => return Err(IllegalCharacterError),
            }
        }
        Ok(Self(markup))
    }
}

impl fmt::Debug for EscapedText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EscapedText(redacted)")
    }
}

/// `<KeyURI>…</KeyURI>` of a URI as it was found.
#[must_use]
pub fn write_key_uri(uri: &EscapedText) -> Zeroizing<Vec<u8>> {
    element(DocumentKind::KeyUri, &uri.0)
}

/// `<Parameters>…</Parameters>` with these texts as they stand, in this order; each parameter once at most.
#[must_use]
pub fn write_parameters(texts: &[(Parameter, EscapedText)]) -> Zeroizing<Vec<u8>> {
    let mut children = String::new();
    for (parameter, text) in texts {
        let name = parameter.name();
        children.extend(["<", name, ">", &text.0, "</", name, ">"]);
    }
    element(DocumentKind::Parameters, &children)
}

fn text_element(kind: DocumentKind, text: &str) -> Zeroizing<Vec<u8>> {
    element(kind, &escape(text))
}

/// The root with this content, which is markup already.
fn element(kind: DocumentKind, content: &str) -> Zeroizing<Vec<u8>> {
    document(&["<", kind.root(), ">", content, "</", kind.root(), ">\n"])
}

fn description_element(kind: DocumentKind, description: &str) -> Zeroizing<Vec<u8>> {
    // An attribute escapes white space too.
    let description = Attribute::from(("description", description)).value;
    document(&["<", kind.root(), " description=\"", &description, "\"/>\n"])
}

/// The pieces in one buffer, as long as they are: one that grew would leave a copy of a secret behind.
/// quick-xml's writer would take several buffers to put an attribute together.
fn document(pieces: &[&str]) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(pieces.concat().into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    // contract 2.9
    #[test]
    fn documents_are_stable_to_the_byte() {
        assert_eq!(*write_secret("MZXW6YTB"), b"<Secret>MZXW6YTB</Secret>\n");
        assert_eq!(*write_password("012345"), b"<Password>012345</Password>\n");
        assert_eq!(*write_ok("The password matches."), b"<Ok description=\"The password matches.\"/>\n");
        assert_eq!(
            *write_error("expected <a> & \"b\""),
            b"<Error description=\"expected &lt;a&gt; &amp; &quot;b&quot;\"/>\n"
        );
    }

    // contract 2.9, 4.6c
    #[test]
    fn foreign_texts_stay_on_the_line() {
        let legal = |text| EscapedText::new(text).unwrap();
        let key_uri = |uri| String::from_utf8(write_key_uri(&legal(uri)).to_vec()).unwrap();
        assert_eq!(key_uri("otpauth://totp/a?b&c"), "<KeyURI>otpauth://totp/a?b&amp;c</KeyURI>\n");
        assert_eq!(key_uri(" \r\n\t]]>"), "<KeyURI> &#13;&#10;&#9;]]&gt;</KeyURI>\n");
        let texts = [(Parameter::Issuer, legal(" A & B ")), (Parameter::Digits, legal("6"))];
        let expected = b"<Parameters><issuer> A &amp; B </issuer><digits>6</digits></Parameters>\n";
        assert_eq!(*write_parameters(&texts), *expected);
    }

    #[test]
    fn the_buffer_does_not_grow() {
        for text in ["", "&", "&&&&<>\t\n\r"] {
            assert!(EscapedText::new(text).unwrap().0.capacity() <= text.len() * 5);
        }
    }

    // contract 4.6d
    #[test]
    fn characters_that_no_document_holds() {
        for character in ['\0', '\u{1}', '\u{8}', '\u{b}', '\u{1f}', '\u{fffe}', '\u{ffff}'] {
            let text = format!("a{character}b");
            assert_eq!(EscapedText::new(&text).unwrap_err(), IllegalCharacterError, "{text:?}");
        }
    }
}
