//! What is not TOML, in words of ours: those of the parser may quote what it reads.

use toml::de::Error;

use super::nearest::known_key;
use super::reader::{At, Reader};

/// Notes the errors of the parser, each with its line.
pub(super) fn note(errors: &[Error], text: &str, reader: &mut Reader<'_>) {
    for error in errors {
        let span = error.span();
        let piece = span.clone().and_then(|span| text.get(span)).unwrap_or_default();
        let at = span.map_or(At::File, |span| At::Byte(span.start));
        reader.broken(at, words(error, piece));
    }
}

/// The parser tells its errors apart by their messages only; those that the tests of this rule know have their own words.
fn words(error: &Error, piece: &str) -> String {
    match error.message() {
        "duplicate key" => match known_key(piece) {
            Some(key) => format!("repeated key: expected {key} once"),
            None => "repeated key: expected each key and each section once".to_owned(),
        },
        message if message.contains("recurs") => "nested too deeply: expected keys, sections and lists".to_owned(),
        message if message.starts_with("cannot extend value") => {
            "expected either a value or a section under this name, found both".to_owned()
        }
        message if message.starts_with("string values must be quoted") => "expected a text in quotes".to_owned(),
        _ if piece.contains('\\') => {
            r"expected TOML; between double quotes \ begins an escape, between single quotes it stands for itself"
                .to_owned()
        }
        _ => "expected TOML: KEY = VALUE, [SECTION] or a comment after #".to_owned(),
    }
}
