//! Any bytes through the reader of documents: nothing panics, every place is in the document, the encoding makes no
//! difference, and another reader of XML comes to the same verdict and the same texts.
#![no_main]

use encoding_rs::WINDOWS_1252;
use libfuzzer_sys::fuzz_target;
use totp_adapter::xml::{
    Document, MAX_DOCUMENT_BYTES, Parameter, Position, ReadError, Text, read_parameters, read_secret, read_totp,
};

fuzz_target!(|bytes: &[u8]| {
    let readings = Readings::of(bytes);
    readings.check_errors(bytes.len());
    let Some(source) = decoded(bytes) else { return };
    readings.check_places(&source);
    readings.check_encodings(&source);
    if Document::decode(bytes).is_ok() {
        readings.check_second_opinion(&source);
    }
});

/// More places than these are not asked for in one text: each is counted from the start of the document.
const MAX_PLACES: usize = 8;
const BYTE_ORDER_MARK: char = '\u{feff}';

/// A document that stands alone, or elements in a root.
struct Vocabulary {
    root: Option<&'static str>,
    elements: &'static [&'static str],
    required: bool,
}

/// What the three readers take, written down a second time.
const VOCABULARIES: [Vocabulary; 3] = [
    Vocabulary { root: None, elements: &["Secret"], required: true },
    Vocabulary { root: Some("TOTP"), elements: &["Password", "Secret"], required: true },
    Vocabulary {
        root: Some("Parameters"),
        elements: &["Operation", "issuer", "account", "algorithm", "digits", "period", "skew"],
        required: false,
    },
];

/// A text and the place of its characters, each by its index.
#[derive(Debug, PartialEq)]
struct Placed {
    text: String,
    places: Vec<(usize, Position)>,
}

impl Placed {
    fn of(text: &Text<'_>) -> Self {
        let step = text.as_str().len() / MAX_PLACES + 1;
        let indices = text.as_str().char_indices().map(|(index, _)| index).step_by(step);
        assert_eq!(text.trimmed(), text.as_str().trim_matches(WHITE_SPACE));
        Self { text: text.as_str().to_owned(), places: indices.map(|index| (index, text.position(index))).collect() }
    }
}

const WHITE_SPACE: [char; 4] = [' ', '\t', '\r', '\n'];

/// What each of the readers makes of one document.
#[derive(Debug, PartialEq)]
struct Readings([Result<Vec<Option<Placed>>, ReadError>; 3]);

impl Readings {
    fn of(bytes: &[u8]) -> Self {
        let document = match Document::decode(bytes) {
            Ok(document) => document,
            Err(error) => return Self([(); 3].map(|()| Err(error.clone()))),
        };
        let placed = |text: Option<&Text<'_>>| text.map(Placed::of);
        let secret = read_secret(&document).map(|secret| vec![placed(Some(&secret))]);
        let totp = read_totp(&document).map(|totp| vec![placed(Some(&totp.password)), placed(Some(&totp.secret))]);
        let parameters = read_parameters(&document).map(|texts| {
            use Parameter::{Account, Algorithm, Digits, Issuer, Operation, Period, Skew};
            [Operation, Issuer, Account, Algorithm, Digits, Period, Skew].map(|name| placed(texts.text(name))).into()
        });
        Self([secret, totp, parameters])
    }

    /// An error is one line in lower case without a final period, and its place is one of a document of so many bytes.
    fn check_errors(&self, bytes: usize) {
        for error in self.0.iter().filter_map(|reading| reading.as_ref().err()) {
            let message = error.to_string();
            assert!(message.starts_with(|c: char| c.is_ascii_lowercase()), "{message}");
            assert!(!message.ends_with('.') && !message.contains(char::is_control), "{message}");
            let (ReadError::TooDeep { at, .. }
            | ReadError::NotSupported { at, .. }
            | ReadError::NotWellFormed { at, .. }
            | ReadError::WrongStructure { at, .. }) = error
            else {
                continue;
            };
            assert!(at.line >= 1 && at.column >= 1 && at.line + at.column <= bytes + 2, "{at} of {bytes} bytes");
        }
    }

    /// Where a character of a text is said to stand, it or a reference to it stands.
    fn check_places(&self, source: &str) {
        let characters = places_of(source);
        for placed in self.0.iter().flatten().flatten().flatten() {
            for &(index, at) in &placed.places {
                let found = characters.binary_search_by_key(&(at.line, at.column), |&(place, _)| place);
                let (_, offset) = characters[found.expect("the place is in the document")];
                let rest = &source[offset..];
                let character = placed.text[index..].chars().next();
                assert!(character == rest.chars().next() || character == referred(rest), "{index} at {at}: {source:?}");
            }
        }
    }

    /// Undeclared, a text reads the same in every encoding that has a byte order mark, and in UTF-8 without; declared,
    /// it does in the encodings of one byte a character.
    fn check_encodings(&self, source: &str) {
        let declares = source.starts_with("<?xml");
        // NUL makes UTF-16 look like UCS-4, and a second byte order mark is a character like any other.
        if declares || source.contains('\0') || source.starts_with(BYTE_ORDER_MARK) {
            return;
        }
        let marked = || Some(BYTE_ORDER_MARK).into_iter().chain(source.chars());
        let utf_16 = |unit: fn(u16) -> [u8; 2]| -> Vec<u8> {
            marked().collect::<String>().encode_utf16().flat_map(unit).collect()
        };
        let utf_8 = [source.as_bytes().to_vec(), marked().collect::<String>().into_bytes()];
        for bytes in utf_8.into_iter().chain([utf_16(u16::to_le_bytes), utf_16(u16::to_be_bytes)]) {
            if bytes.len() <= MAX_DOCUMENT_BYTES {
                assert_eq!(*self, Self::of(&bytes), "{source:?} as {bytes:02x?}");
            }
        }
        for (name, has) in [
            ("US-ASCII", (|c| c.is_ascii()) as fn(char) -> bool),
            ("ISO-8859-1", |c| c <= '\u{ff}'),
            ("windows-1252", |c| c.is_ascii() || ('\u{a0}'..='\u{ff}').contains(&c)),
        ] {
            if source.chars().all(has) {
                self.check_declared(source, name);
            }
        }
    }

    /// The declaration moves the places on the first line, so only the texts are compared.
    fn check_declared(&self, source: &str, name: &str) {
        let declaration = format!("<?xml version='1.0' encoding='{name}'?>");
        let bytes: Vec<u8> = declaration.bytes().chain(source.chars().map(|c| c as u8)).collect();
        if bytes.len() > MAX_DOCUMENT_BYTES {
            return;
        }
        for (undeclared, declared) in self.0.iter().zip(Self::of(&bytes).0) {
            let texts = |placed: &[Option<Placed>]| -> Vec<Option<String>> {
                placed.iter().map(|placed| placed.as_ref().map(|placed| placed.text.clone())).collect()
            };
            let (undeclared, declared) = (undeclared.as_deref().map(texts), declared.as_deref().map(texts));
            assert_eq!(undeclared.ok(), declared.ok(), "{source:?} as {name}");
        }
    }

    /// Another reader accepts the same documents, with the same texts but for their line ends, which it normalises.
    fn check_second_opinion(&self, source: &str) {
        let options = roxmltree::ParsingOptions { allow_dtd: false, ..Default::default() };
        let other = roxmltree::Document::parse_with_options(source, options);
        for (reading, vocabulary) in self.0.iter().zip(&VOCABULARIES) {
            let theirs = other.as_ref().ok().and_then(|document| vocabulary.texts(document.root_element()));
            match reading {
                Ok(texts) => {
                    let ours = texts.iter().map(|placed| Some(unbroken(&placed.as_ref()?.text))).collect();
                    let refused = theirs.is_none() && THEY_REFUSE.iter().any(|piece| source.contains(piece));
                    assert!(theirs == Some(ours) || refused, "{source:?}: {theirs:?}, {:?}", other.as_ref().err());
                }
                Err(error) => {
                    let message = error.to_string();
                    let accepted =
                        THEY_ACCEPT.iter().any(|(ours, piece)| message.contains(ours) && source.contains(piece));
                    assert!(theirs.is_none() || accepted, "{source:?}: {theirs:?}, but {message}");
                }
            }
        }
    }
}

/// What the other reader refuses and XML 1.0 allows: the prefix `xml` of an element (Namespaces in XML 1.0, section 3).
const THEY_REFUSE: [&str; 1] = ["<xml:"];
/// What the other reader accepts and XML 1.0 forbids, or this program limits: what our message says, and a piece that
/// such a document has.
const THEY_ACCEPT: [(&str, &str); 16] = [
    ("too deep", ""),
    ("around one root element at line 1, column 1", "\u{feff}"),
    ("in the XML declaration", "<?xml"),
    // Only with a blank behind it.
    ("an XML declaration at the very start only", "<?xml"),
    ("the target of a processing instruction", "<?"),
    // References to what is no character, which it replaces by U+FFFD.
    ("a character reference", "&#"),
    // An empty prefix or local name.
    ("the name of an element", ":"),
    ("the name of an attribute", ":"),
    ("end-tags that match the start-tags", "</:"),
    ("a local name after the prefix", ":"),
    // Namespaces in XML 1.0, section 3; it takes `p:xmlns` for a declaration.
    ("a namespace name for the prefix", "xmlns:"),
    ("no declaration of the prefix xmlns", "xmlns:xmlns"),
    ("no element with the prefix xmlns", "<xmlns:"),
    ("the prefix xml bound to its own namespace only", "xmlns:xml"),
    ("no other prefix for a reserved namespace", "xmlns"),
    ("a declaration of the prefix", ":xmlns"),
];

impl Vocabulary {
    fn texts(&self, root: roxmltree::Node<'_, '_>) -> Option<Vec<Option<String>>> {
        let children: Vec<_> = match self.root {
            None => vec![root],
            Some(name) if root.tag_name().name() == name => root.children().collect(),
            Some(_) => return None,
        };
        let mut texts = vec![None; self.elements.len()];
        for child in children {
            if child.is_element() {
                let index = self.elements.iter().position(|&name| name == child.tag_name().name())?;
                if texts[index].is_some() || child.children().any(|inner| inner.is_element()) {
                    return None;
                }
                let pieces = child.children().filter(roxmltree::Node::is_text).filter_map(|piece| piece.text());
                texts[index] = Some(unbroken(&pieces.collect::<String>()));
            } else if child.is_text() && !child.text()?.trim_matches(WHITE_SPACE).is_empty() {
                return None;
            }
        }
        (!self.required || texts.iter().all(Option::is_some)).then_some(texts)
    }
}

/// The text without line ends.
fn unbroken(text: &str) -> String {
    text.replace(['\r', '\n'], "")
}

/// The text of a document by its byte order mark, or else by its declaration, or else as UTF-8. What the reader refuses
/// may become any text: names that are not supported, and bytes that an encoding does not define.
fn decoded(bytes: &[u8]) -> Option<String> {
    let utf_16 = |bytes: &[u8], unit: fn([u8; 2]) -> u16| -> Option<String> {
        let (pairs, odd) = bytes.as_chunks();
        String::from_utf16(&pairs.iter().map(|&pair| unit(pair)).collect::<Vec<_>>()).ok().filter(|_| odd.is_empty())
    };
    let utf_8 = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).ok();
    match bytes {
        [0xff, 0xfe, rest @ ..] => utf_16(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => utf_16(rest, u16::from_be_bytes),
        [0xef, 0xbb, 0xbf, rest @ ..] => utf_8(rest),
        _ => match declared_encoding(bytes) {
            Some(name) if name.contains("1252") => Some(WINDOWS_1252.decode_without_bom_handling(bytes).0.into_owned()),
            // The bytes of ISO-8859-1 are its code points, and those of US-ASCII are among them.
            Some(name) if !name.contains("utf") => Some(bytes.iter().copied().map(char::from).collect()),
            Some(_) | None => utf_8(bytes),
        },
    }
}

/// What a correct XML declaration says of the encoding, in lower case: in such a declaration the word stands only once.
fn declared_encoding(bytes: &[u8]) -> Option<String> {
    let rest = bytes.strip_prefix(b"<?xml")?;
    rest.first().filter(|byte| WHITE_SPACE.contains(&char::from(**byte)))?;
    let head: String = rest.iter().map(|&byte| char::from(byte)).take_while(|&c| c != '>').collect();
    let (_, value) = head.split_once("encoding")?;
    value.split(['\'', '"']).nth(1).map(str::to_ascii_lowercase)
}

/// Line, column and offset of every character.
fn places_of(source: &str) -> Vec<((usize, usize), usize)> {
    let mut places = Vec::with_capacity(source.len());
    let (mut line, mut column, mut last) = (1, 1, None);
    for (offset, character) in source.char_indices() {
        if last == Some('\n') || last == Some('\r') && character != '\n' {
            (line, column) = (line + 1, 1);
        }
        places.push(((line, column), offset));
        column += 1;
        last = Some(character);
    }
    places
}

/// The character that the reference at the start of this text stands for.
fn referred(text: &str) -> Option<char> {
    let (name, _) = text.strip_prefix('&')?.split_once(';')?;
    match name {
        "lt" => Some('<'),
        "gt" => Some('>'),
        "amp" => Some('&'),
        "apos" => Some('\''),
        "quot" => Some('"'),
        _ => {
            let number = name.strip_prefix('#')?;
            let hexadecimal = number.strip_prefix('x').map(|digits| u32::from_str_radix(digits, 16));
            char::from_u32(hexadecimal.unwrap_or_else(|| number.parse()).ok()?)
        }
    }
}
