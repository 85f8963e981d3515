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
        match (error.message(), known_key(piece)) {
            (REPEATED, Some(key)) => reader.wrong(at, format!("repeated key: expected {key} once")),
            (REPEATED, None) => reader.wrong(at, "repeated key: expected each key and each section once"),
            (message, _) => reader.broken(at, words(message, piece, reader.line(at))),
        }
    }
}

/// The message of the parser for a key or section that was there before; what else stands on its line can be read.
const REPEATED: &str = "duplicate key";

/// The parser tells its errors apart by their messages only; those that the tests know have words for them alone.
fn words(message: &str, piece: &str, line: &str) -> &'static str {
    match message {
        message if message.contains("recurs") => "nested too deeply: expected keys, sections and lists",
        message if message.starts_with("cannot extend value") => {
            "expected either a value or a section under this name, found both"
        }
        message if message.starts_with("string values must be quoted") && !piece.is_empty() => {
            "expected quotes around a text"
        }
        _ if line.contains('\\') && line.contains('"') => {
            r"expected TOML; between double quotes \ begins an escape, between single quotes it stands for itself"
        }
        _ => "expected TOML: KEY = VALUE, [SECTION] or a comment after #",
    }
}
