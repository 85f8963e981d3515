//! The shared secret of RFC 4226 and its Base32 form; it does not know where the text came from.

use std::fmt;

use data_encoding::{BASE32, BASE32_NOPAD, Character, DecodeError, Encoding};
use data_encoding_macro::new_encoding;
use thiserror::Error;
use zeroize::Zeroizing;

/// RFC 4648, section 6, as people and services write it (contract 2.7): either case, grouped by white space or
/// hyphens, the bits left over in the last character ignored. Padding is not part of it: see [`split_padding`].
const TOLERANT_BASE32: Encoding = new_encoding! {
    symbols: "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567",
    translate_from: "abcdefghijklmnopqrstuvwxyz",
    translate_to: "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
    ignore: " \t\r\n-",
    check_trailing_bits: false,
};

/// The key that an authenticator app and a verifier share (RFC 4226, section 5.1): at least one byte.
///
/// It is wiped from memory when dropped, and neither `Debug` nor any error shows it;
/// [`Secret::to_base32`] and [`Secret::as_bytes`] are the only ways out.
#[derive(Clone)]
pub struct Secret(Zeroizing<Vec<u8>>);

impl Secret {
    /// Bytes in a secret that this program generates: 160 bits, the length that RFC 4226, section 4 (R6) recommends.
    pub const GENERATED_BYTES: usize = 20;

    /// Makes a secret of bytes drawn from a cryptographic source.
    #[must_use]
    pub fn from_entropy(bytes: &[u8; Self::GENERATED_BYTES]) -> Self {
        Self(Zeroizing::new(bytes.to_vec()))
    }

    /// Reads a secret from its Base32 form (RFC 4648, section 6; contract 2.7).
    ///
    /// ASCII case is folded and XML white space and hyphens are dropped. Nothing else is repaired.
    ///
    /// # Errors
    ///
    /// [`SecretError`] where the text is empty, has a character outside the alphabet, an impossible length
    /// or the wrong amount of padding.
    pub fn from_base32(text: &str) -> Result<Self, SecretError> {
        let (body, padding) = split_padding(text);
        let bytes = decoded(body).map_err(|_| fault_of(body))?;
        if padding.count != 0 && padding.count != padding_of(bytes.len()) {
            return Err(SecretError::Padding { index: padding.index });
        }
        if bytes.is_empty() {
            return Err(SecretError::Empty);
        }
        Ok(Self(bytes))
    }

    /// The canonical Base32 form: upper case, without padding.
    #[must_use]
    pub fn to_base32(&self) -> Zeroizing<String> {
        Zeroizing::new(BASE32_NOPAD.encode(&self.0))
    }

    /// The key itself.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(redacted)")
    }
}

/// Why a text is no usable secret. No variant holds any of the text; an index counts its bytes from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SecretError {
    /// No character, or nothing but white space, hyphens and padding.
    #[error("expected Base32 characters, found none")]
    Empty,
    /// A character that is not in the alphabet, or padding before the end.
    #[error("expected Base32 (the letters A to Z, the digits 2 to 7), found another character")]
    Character {
        /// Where the character begins.
        index: usize,
    },
    /// No number of bytes has this number of characters.
    #[error("impossible Base32 length (1, 3 or 6 characters beyond a multiple of 8)")]
    Length {
        /// Where the characters begin.
        index: usize,
    },
    /// There is padding, but not as much as the length demands.
    #[error("wrong padding; expected none, or '=' up to a multiple of 8 characters")]
    Padding {
        /// Where the padding begins.
        index: usize,
    },
}

impl SecretError {
    /// The byte of the text that the error speaks of.
    #[must_use]
    pub fn index(self) -> usize {
        match self {
            Self::Empty => 0,
            Self::Character { index } | Self::Length { index } | Self::Padding { index } => index,
        }
    }
}

/// The padding at the end of a Base32 text.
struct Padding {
    index: usize,
    count: usize,
}

/// The bytes of a text without padding. The decoder's own buffer would not be wiped where it stops at a fault.
fn decoded(body: &str) -> Result<Zeroizing<Vec<u8>>, DecodeError> {
    let mut bytes = Zeroizing::new(vec![0; TOLERANT_BASE32.decode_len(body.len())?]);
    let length = TOLERANT_BASE32.decode_mut(body.as_bytes(), &mut bytes).map_err(|partial| partial.error)?;
    bytes.truncate(length);
    Ok(bytes)
}

/// What the decoder takes a character for.
fn interpreted(c: char) -> Character {
    u8::try_from(c).map_or(Character::Invalid, |byte| TOLERANT_BASE32.interpret_byte(byte))
}

/// What groups the characters of a secret.
fn is_grouping(c: char) -> bool {
    interpreted(c) == Character::Ignored
}

/// What keeps a text from being Base32. The decoder's own error prefers an impossible length to the character that
/// causes it.
fn fault_of(body: &str) -> SecretError {
    match body.find(|c| interpreted(c) == Character::Invalid) {
        Some(index) => SecretError::Character { index },
        None => SecretError::Length { index: body.find(|c| !is_grouping(c)).unwrap_or(0) },
    }
}

/// Parts the text from the padding at its end, which may be grouped like the rest.
fn split_padding(text: &str) -> (&str, Padding) {
    let end = text.trim_end_matches(|c| c == '=' || is_grouping(c)).len();
    let filling = &text[end..];
    let padding = Padding { index: end + filling.find('=').unwrap_or(0), count: filling.matches('=').count() };
    (&text[..end], padding)
}

/// How many `=` follow the characters of a number of bytes (RFC 4648, section 6).
fn padding_of(bytes: usize) -> usize {
    BASE32.encode_len(bytes) - BASE32_NOPAD.encode_len(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Vec<u8>, SecretError> {
        Secret::from_base32(text).map(|secret| secret.as_bytes().to_vec())
    }

    // contract 1.1b: of the bytes that were drawn, none is lost or changed.
    #[test]
    fn a_secret_is_all_of_its_entropy() {
        let entropy = std::array::from_fn(|index| u8::try_from(index).unwrap() * 11 + 7);
        assert_eq!(Secret::from_entropy(&entropy).as_bytes(), entropy);
    }

    // contract 2.7a, 2.7b
    #[test]
    fn rfc_4648_vectors_with_and_without_padding() {
        for (bytes, base32) in [
            ("f", "MY======"),
            ("fo", "MZXQ===="),
            ("foo", "MZXW6==="),
            ("foob", "MZXW6YQ="),
            ("fooba", "MZXW6YTB"),
            ("foobar", "MZXW6YTBOI======"),
        ] {
            assert_eq!(parse(base32).unwrap(), bytes.as_bytes(), "{base32}");
            assert_eq!(parse(base32.trim_end_matches('=')).unwrap(), bytes.as_bytes());
            assert_eq!(parse(&base32.to_ascii_lowercase()).unwrap(), bytes.as_bytes());
            assert_eq!(*Secret::from_base32(base32).unwrap().to_base32(), base32.trim_end_matches('='));
        }
    }

    // contract 2.7a
    #[test]
    fn grouping_is_dropped_everywhere() {
        assert_eq!(parse(" mz-xw\t6\r\nytb- ").unwrap(), b"fooba");
        assert_eq!(parse("MZXW 6YQ =").unwrap(), b"foob");
        assert_eq!(parse("MY= == - ===").unwrap(), b"f");
    }

    // contract 2.7d
    #[test]
    fn bits_left_over_are_ignored_and_encoded_anew() {
        let secret = Secret::from_base32("MZ").unwrap();
        assert_eq!(secret.as_bytes(), b"f");
        assert_eq!(*secret.to_base32(), "MY");
    }

    // contract 2.7c
    #[test]
    fn impossible_lengths() {
        for text in ["A", "ABC", "ABCDEF", "ABCDEFGHI", "ABCDEFGHABC", "ABCDEFGHABCDEF"] {
            assert_eq!(parse(text), Err(SecretError::Length { index: 0 }), "{text}");
        }
        assert_eq!(parse("\n  ABC"), Err(SecretError::Length { index: 3 }));
    }

    // contract 2.7c
    #[test]
    fn characters_outside_the_alphabet_are_not_repaired() {
        for (text, index) in [
            ("MZXW0YTB", 4),
            ("1ZXW6YTB", 0),
            ("MZXW8YTB", 4),
            ("MZ_W6YTB", 2),
            ("MZXW6YT\u{131}", 7),
            ("\u{ff2d}ZXW6YTB", 0),
            ("MZ\u{a0}XW6YTB", 2),
            ("MY==MY==", 2),
            ("=MZXW6YTB", 0),
            ("MZXW\u{17f}YTB", 4),
        ] {
            assert_eq!(parse(text), Err(SecretError::Character { index }), "{text}");
        }
    }

    // contract 2.7b
    #[test]
    fn padding_is_complete_or_absent() {
        for text in ["MY=", "MY=====", "MY=======", "MZXW6YTB=", "MZXW6YTB========", "MZXW6YQ=="] {
            assert!(matches!(parse(text), Err(SecretError::Padding { .. })), "{text}");
        }
        assert_eq!(parse("MY ="), Err(SecretError::Padding { index: 3 }));
    }

    // contract 2.7e
    #[test]
    fn empty_in_every_disguise() {
        for text in ["", "-", " \t\r\n"] {
            assert_eq!(parse(text), Err(SecretError::Empty), "{text:?}");
        }
        assert!(parse("========").is_err());
    }

    #[test]
    fn debug_and_errors_show_nothing() {
        let secret = Secret::from_base32("MZXW6YTB").unwrap();
        assert_eq!(format!("{secret:?}"), "Secret(redacted)");
        assert!(!parse("MZXW6YTB0").unwrap_err().to_string().contains("MZXW"));
    }
}
