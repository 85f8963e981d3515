//! The documents that come in: the text of their elements, or where they went wrong.

use std::cmp::Ordering;

use super::characters::is_white_space;
use super::decode::{Decoded, decode};
use super::error::{OffsetError, OffsetErrorKind, ReadError};
use super::events::{Event, Events};
use super::kind::DocumentKind;
use super::text::Text;

/// The most bytes that a document may have: 64 KiB (contract 2.6).
pub const MAX_DOCUMENT_BYTES: usize = 64 * 1024;

/// A document whose size and encoding are right.
#[derive(Debug)]
pub struct Document<'a>(Decoded<'a>);

impl<'a> Document<'a> {
    /// Decodes the bytes of a document (contract 2.5).
    ///
    /// # Errors
    ///
    /// [`ReadError::TooLarge`]; [`ReadError::NotSupported`] for an encoding that is not known;
    /// [`ReadError::NotWellFormed`] for bytes that are not in the encoding, or a declaration that contradicts them.
    pub fn decode(bytes: &'a [u8]) -> Result<Self, ReadError> {
        if bytes.len() > MAX_DOCUMENT_BYTES {
            return Err(ReadError::TooLarge { limit: MAX_DOCUMENT_BYTES });
        }
        decode(bytes).map(Self)
    }
}

/// The texts of a `<TOTP>` document.
#[derive(Debug)]
pub struct Totp<'a> {
    /// The text of `<Password>`.
    pub password: Text<'a>,
    /// The text of `<Secret>`.
    pub secret: Text<'a>,
}

/// A child of a `<Parameters>` document (contract 5.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are the parameters'")]
pub enum Parameter {
    Operation,
    Issuer,
    Account,
    Algorithm,
    Digits,
    Period,
    Skew,
}

impl Parameter {
    const NAMES: [&'static str; 7] = ["Operation", "issuer", "account", "algorithm", "digits", "period", "skew"];

    /// The name of the element, and of the command line's option.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::NAMES[self as usize]
    }
}

/// The texts of a `<Parameters>` document, each of which may be absent.
#[derive(Debug)]
pub struct ParameterTexts<'a>([Option<Text<'a>>; Parameter::NAMES.len()]);

impl<'a> ParameterTexts<'a> {
    /// The text of one parameter.
    #[must_use]
    pub fn text(&self, parameter: Parameter) -> Option<&Text<'a>> {
        self.0[parameter as usize].as_ref()
    }
}

const SECRET: Vocabulary<1> = Vocabulary {
    root: None,
    elements: ["Secret"],
    root_expected: "the root element Secret",
    content_expected: "nothing but text in Secret",
};

const TOTP: Vocabulary<2> = Vocabulary {
    root: Some("TOTP"),
    elements: ["Password", "Secret"],
    root_expected: "the root element TOTP",
    content_expected: "exactly one Password and one Secret in TOTP, each with nothing but text,",
};

const PASSWORD: Vocabulary<1> = Vocabulary {
    root: None,
    elements: ["Password"],
    root_expected: "the root element Password or TOTP",
    content_expected: "nothing but text in Password",
};

const PASSWORD_IN_TOTP: Vocabulary<1> = Vocabulary {
    root: Some("TOTP"),
    elements: ["Password"],
    root_expected: "the root element Password or TOTP",
    content_expected: "exactly one Password in TOTP and nothing else, as the secret is the account's,",
};

const KEY_URI: Vocabulary<1> = Vocabulary {
    root: None,
    elements: ["KeyURI"],
    root_expected: "the root element KeyURI",
    content_expected: "nothing but text in KeyURI",
};

const PARAMETERS: Vocabulary<{ Parameter::NAMES.len() }> = Vocabulary {
    root: Some("Parameters"),
    elements: Parameter::NAMES,
    root_expected: "the root element Parameters",
    content_expected: "Operation, issuer, account, algorithm, digits, period, skew in Parameters, each at most once \
                       and with nothing but text,",
};

/// Reads a `<Secret>` document (contract 1.1).
///
/// # Errors
///
/// Every [`ReadError`] but [`ReadError::TooLarge`], which [`Document::decode`] has found.
pub fn read_secret<'a>(document: &'a Document<'_>) -> Result<Text<'a>, ReadError> {
    let [secret] = SECRET.read(document.0.as_str(), [true])?;
    Ok(secret.expect("required"))
}

/// Reads a `<TOTP>` document (contract 1.1); its children come in any order.
///
/// # Errors
///
/// See [`read_secret`].
pub fn read_totp<'a>(document: &'a Document<'_>) -> Result<Totp<'a>, ReadError> {
    let [password, secret] = TOTP.read(document.0.as_str(), [true, true])?;
    Ok(Totp { password: password.expect("required"), secret: secret.expect("required") })
}

/// Reads a `<Password>` document, or a `<TOTP>` document without a secret (contract 11.3).
///
/// # Errors
///
/// See [`read_secret`].
pub fn read_password<'a>(document: &'a Document<'_>) -> Result<Text<'a>, ReadError> {
    let source = document.0.as_str();
    let vocabulary = match DocumentKind::of(source.as_bytes()) {
        Some(DocumentKind::Totp) => PASSWORD_IN_TOTP,
        Some(_) | None => PASSWORD,
    };
    let [password] = vocabulary.read(source, [true])?;
    Ok(password.expect("required"))
}

/// Reads a `<KeyURI>` document (contract 4.6).
///
/// # Errors
///
/// See [`read_secret`].
pub fn read_key_uri<'a>(document: &'a Document<'_>) -> Result<Text<'a>, ReadError> {
    let [uri] = KEY_URI.read(document.0.as_str(), [true])?;
    Ok(uri.expect("required"))
}

/// Reads a `<Parameters>` document (contract 5.1).
///
/// # Errors
///
/// See [`read_secret`].
pub fn read_parameters<'a>(document: &'a Document<'_>) -> Result<ParameterTexts<'a>, ReadError> {
    PARAMETERS.read(document.0.as_str(), [false; Parameter::NAMES.len()]).map(ParameterTexts)
}

/// The elements of a document: either the root alone, with text, or a root whose children have text.
struct Vocabulary<const N: usize> {
    /// The root around the elements; none where the only element is itself the root.
    root: Option<&'static str>,
    elements: [&'static str; N],
    root_expected: &'static str,
    content_expected: &'static str,
}

impl<const N: usize> Vocabulary<N> {
    /// Reads the whole document, so that an error of well-formedness anywhere goes before one of structure
    /// (contract 1.7), and returns the text of each element; those that are `required` are present.
    fn read<'a>(&self, source: &'a str, required: [bool; N]) -> Result<[Option<Text<'a>>; N], ReadError> {
        let mut collector =
            Collector { vocabulary: self, source, found: [const { None }; N], open: None, depth: 0, error: None };
        collector.read_all(required).map_err(|error| error.in_text(source))?;
        Ok(collector.found)
    }

    /// The depth of the elements that have text.
    fn element_depth(&self) -> usize {
        match self.root {
            Some(_) => 1,
            None => 0,
        }
    }
}

struct Collector<'a, 'v, const N: usize> {
    vocabulary: &'v Vocabulary<N>,
    source: &'a str,
    found: [Option<Text<'a>>; N],
    /// Which of the elements is open.
    open: Option<usize>,
    depth: usize,
    /// The first error of structure.
    error: Option<OffsetError>,
}

impl<'a, const N: usize> Collector<'a, '_, N> {
    fn read_all(&mut self, required: [bool; N]) -> Result<(), OffsetError> {
        if self.source.trim_matches(is_white_space).is_empty() {
            return Err(OffsetError { kind: OffsetErrorKind::Empty(self.vocabulary.root_expected), offset: 0 });
        }
        let mut events = Events::new(self.source)?;
        let mut root_end = 0;
        while let Some((event, offset)) = events.next()? {
            match event {
                Event::Start { local } => self.start(local, offset),
                Event::End => {
                    self.depth -= 1;
                    root_end = offset;
                    // An element inside it has been found wrong already.
                    self.open = None;
                }
                Event::Text(piece) => {
                    if let Some(text) = self.text(!piece.trim_matches(is_white_space).is_empty(), offset) {
                        text.push_str(offset, piece);
                    }
                }
                Event::Character(character) => {
                    if let Some(text) = self.text(!is_white_space(character), offset) {
                        text.push(offset, character);
                    }
                }
            }
        }
        let complete = self.found.iter().zip(required).all(|(text, required)| text.is_some() || !required);
        if !complete {
            self.wrong(self.vocabulary.content_expected, root_end);
        }
        self.error.take().map_or(Ok(()), Err)
    }

    fn start(&mut self, local: &str, offset: usize) {
        match self.depth.cmp(&self.vocabulary.element_depth()) {
            Ordering::Less if self.vocabulary.root == Some(local) => {}
            Ordering::Less => self.wrong(self.vocabulary.root_expected, offset),
            Ordering::Equal => self.element(local, offset),
            Ordering::Greater => self.wrong(self.vocabulary.content_expected, offset),
        }
        self.depth += 1;
    }

    fn element(&mut self, local: &str, offset: usize) {
        let index = self.vocabulary.elements.iter().position(|&element| element == local);
        match index {
            Some(index) if self.found[index].is_none() => {
                self.found[index] = Some(Text::new(self.source, offset));
                self.open = Some(index);
            }
            None if self.depth == 0 => self.wrong(self.vocabulary.root_expected, offset),
            Some(_) | None => self.wrong(self.vocabulary.content_expected, offset),
        }
    }

    /// The text that a piece of character data belongs to; outside of the elements only white space is right.
    fn text(&mut self, visible: bool, offset: usize) -> Option<&mut Text<'a>> {
        if let Some(index) = self.open {
            self.found[index].as_mut()
        } else {
            if visible {
                self.wrong(self.vocabulary.content_expected, offset);
            }
            None
        }
    }

    fn wrong(&mut self, expected: &'static str, offset: usize) {
        let kind = OffsetErrorKind::WrongStructure(expected);
        self.error.get_or_insert(OffsetError { kind, offset });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // contract 2.1a, 2.2d: between the children a reference is as good as what it stands for.
    #[test]
    fn references_between_the_children() {
        let structure = |between: &str| {
            let source = format!("<TOTP>{between}<Password/><Secret/></TOTP>");
            let document = Document::decode(source.as_bytes()).unwrap();
            read_totp(&document).err()
        };
        assert_eq!(structure("&#x20;&#10;"), None);
        let error = structure("&#x41;").unwrap().to_string();
        assert!(error.starts_with("wrong structure: ") && error.ends_with(" at line 1, column 7"), "{error}");
    }
}
