//! Bytes to text (XML 1.0, section 4.3.3 and appendix F; contract 2.5). It knows of the document only its first
//! bytes and its declaration.

use zeroize::Zeroizing;

use super::declaration::declared_encoding;
use super::encoding::{Encoding, ascii, windows_1252};
use super::error::{OffsetError, ReadError};

const UTF_8_MARK: &[u8] = &[0xef, 0xbb, 0xbf];
const UTF_16_BIG_ENDIAN_MARK: &[u8] = &[0xfe, 0xff];
const UTF_16_LITTLE_ENDIAN_MARK: &[u8] = &[0xff, 0xfe];
const SUPPORTED: &str = "one of the encodings UTF-8, UTF-16 with byte order mark, ISO-8859-1, US-ASCII, windows-1252";
/// A byte of windows-1252 becomes at most three (the euro sign).
const MAX_UTF_8_BYTES_PER_BYTE: usize = 3;
const CONTRADICTION: &str = "a declared encoding that agrees with the bytes of the document";

/// A document as text, without its byte order mark.
#[derive(Debug)]
pub enum Decoded<'a> {
    /// The input itself.
    Borrowed(&'a str),
    /// Text in its own buffer, wiped when dropped.
    Owned(Zeroizing<String>),
}

impl Decoded<'_> {
    pub fn as_str(&self) -> &str {
        match self {
            Self::Borrowed(text) => text,
            Self::Owned(text) => text,
        }
    }
}

/// Decodes a document by its byte order mark, or else by its declaration, or else as UTF-8.
pub fn decode(bytes: &[u8]) -> Result<Decoded<'_>, ReadError> {
    if let Some(error) = unsupported_signature(bytes) {
        return Err(error.in_text(""));
    }
    if let Some(marked) = bytes.strip_prefix(UTF_8_MARK) {
        return checked(utf_8(marked)?, &[Encoding::Utf8]);
    }
    if let Some(marked) = bytes.strip_prefix(UTF_16_BIG_ENDIAN_MARK) {
        return checked(utf_16(marked, u16::from_be_bytes)?, &[Encoding::Utf16, Encoding::Utf16BigEndian]);
    }
    if let Some(marked) = bytes.strip_prefix(UTF_16_LITTLE_ENDIAN_MARK) {
        return checked(utf_16(marked, u16::from_le_bytes)?, &[Encoding::Utf16, Encoding::Utf16LittleEndian]);
    }
    by_declaration(bytes)
}

/// Recognises what has no byte order mark of ours and cannot be read byte by byte either (XML 1.0, appendix F.1).
fn unsupported_signature(bytes: &[u8]) -> Option<OffsetError> {
    let unsupported = matches!(
        bytes,
        // UCS-4 with a byte order mark, then without, in the two usual orders.
        [0, 0, 0xfe, 0xff, ..] | [0xff, 0xfe, 0, 0, ..] | [0, 0, 0, b'<', ..] | [b'<', 0, 0, 0, ..]
        // UTF-16 without a byte order mark.
        | [0, b'<', ..] | [b'<', 0, ..]
        // EBCDIC: `<?xm`.
        | [0x4c, 0x6f, 0xa7, 0x94, ..]
    );
    unsupported.then(|| OffsetError::not_supported(SUPPORTED, 0))
}

/// Decodes what has no byte order mark, and so has every character of a declaration in one byte.
fn by_declaration(bytes: &[u8]) -> Result<Decoded<'_>, ReadError> {
    if !bytes.starts_with(b"<?xml") {
        return utf_8(bytes);
    }
    let head = ascii_head(bytes);
    let Some((name, offset)) = declared_encoding(head) else { return utf_8(bytes) };
    match Encoding::of_name(name) {
        None => Err(OffsetError::not_supported(SUPPORTED, offset).in_text(head)),
        Some(Encoding::Utf8) => utf_8(bytes),
        Some(Encoding::UsAscii) => single_byte(bytes, ascii, "bytes of the declared encoding US-ASCII"),
        Some(Encoding::Iso8859_1) => {
            single_byte(bytes, |byte| Some(char::from(byte)), "bytes of the declared encoding ISO-8859-1")
        }
        Some(Encoding::Windows1252) => single_byte(bytes, windows_1252, "bytes of the declared encoding windows-1252"),
        Some(Encoding::Utf16 | Encoding::Utf16BigEndian | Encoding::Utf16LittleEndian) => {
            Err(OffsetError::not_well_formed(CONTRADICTION, offset).in_text(head))
        }
    }
}

/// The ASCII characters that the document begins with, up to the end of its declaration.
fn ascii_head(bytes: &[u8]) -> &str {
    let end = bytes.iter().position(|&byte| byte == b'>' || !byte.is_ascii()).unwrap_or(bytes.len());
    let with_bracket = bytes.get(..=end).filter(|head| head.is_ascii()).unwrap_or(&bytes[..end]);
    std::str::from_utf8(with_bracket).expect("ASCII is UTF-8")
}

/// Refuses a declaration that names another encoding than the byte order mark.
fn checked<'a>(text: Decoded<'a>, marked: &[Encoding]) -> Result<Decoded<'a>, ReadError> {
    let source = text.as_str();
    let Some((name, offset)) = declared_encoding(source) else { return Ok(text) };
    match Encoding::of_name(name) {
        None => Err(OffsetError::not_supported(SUPPORTED, offset).in_text(source)),
        Some(encoding) if !marked.contains(&encoding) => {
            Err(OffsetError::not_well_formed(CONTRADICTION, offset).in_text(source))
        }
        Some(_) => Ok(text),
    }
}

fn utf_8(bytes: &[u8]) -> Result<Decoded<'_>, ReadError> {
    std::str::from_utf8(bytes).map(Decoded::Borrowed).map_err(|error| {
        let before = std::str::from_utf8(&bytes[..error.valid_up_to()]).expect("checked up to there");
        OffsetError::not_well_formed("bytes of UTF-8 (any other encoding must be declared)", before.len())
            .in_text(before)
    })
}

fn utf_16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<Decoded<'_>, ReadError> {
    let (pairs, odd) = bytes.as_chunks();
    let characters = char::decode_utf16(pairs.iter().map(|&pair| unit(pair)));
    let end = if odd.is_empty() { None } else { Some(None) };
    own(characters.map(Result::ok).chain(end), bytes.len(), "whole characters of UTF-16")
}

fn single_byte<'a>(
    bytes: &'a [u8],
    character: fn(u8) -> Option<char>,
    expected: &'static str,
) -> Result<Decoded<'a>, ReadError> {
    match std::str::from_utf8(bytes).ok().filter(|text| text.is_ascii()) {
        Some(text) => Ok(Decoded::Borrowed(text)),
        None => own(bytes.iter().map(|&byte| character(byte)), bytes.len(), expected),
    }
}

/// Collects the characters of so many bytes, none of which may be missing.
fn own<'a>(
    characters: impl Iterator<Item = Option<char>>,
    bytes: usize,
    expected: &'static str,
) -> Result<Decoded<'a>, ReadError> {
    // No encoding here needs more: a buffer that grew would leave a copy behind.
    let mut text = Zeroizing::new(String::with_capacity(bytes * MAX_UTF_8_BYTES_PER_BYTE));
    for character in characters {
        match character {
            Some(character) => text.push(character),
            None => return Err(OffsetError::not_well_formed(expected, text.len()).in_text(&text)),
        }
    }
    Ok(Decoded::Owned(text))
}
