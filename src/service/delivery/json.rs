//! JSON as the neighbours read and write it: objects in a fixed order with what is absent left out, and objects that came in.
//! What a reader says of a broken document never leaves this room, since it quotes the document.

use serde_json::{Map, Value};
use zeroize::Zeroizing;

/// The most bytes that one byte of a text becomes: `\u0000`.
const MOST: usize = 6;
/// Two pairs of quotes, a colon and a comma.
const AROUND: usize = 6;

/// Writes an object of texts in this order, without blanks. Members without a value are left out.
pub(super) fn write_object(members: &[(&str, Option<&str>)]) -> Zeroizing<Vec<u8>> {
    let present = || members.iter().filter_map(|(name, value)| Some((name, (*value)?)));
    let bytes: usize = present().map(|(name, value)| name.len() + MOST * value.len() + AROUND).sum();
    // It does not grow: a copy of a secret would be left behind.
    let mut object = Zeroizing::new(Vec::with_capacity(bytes + 2));
    object.push(b'{');
    for (index, (name, value)) in present().enumerate() {
        if index > 0 {
            object.push(b',');
        }
        write_text(&mut object, name);
        object.push(b':');
        write_text(&mut object, value);
    }
    object.push(b'}');
    object
}

fn write_text(object: &mut Vec<u8>, text: &str) {
    serde_json::to_writer(object, text).expect("a text can be written to memory");
}

/// The object that a document is, if it is one.
pub(super) fn object(document: &[u8]) -> Option<Map<String, Value>> {
    match serde_json::from_slice(document) {
        Ok(Value::Object(object)) => Some(object),
        Ok(_) | Err(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // contract 13.1a
    #[test]
    fn an_object_is_compact_and_without_what_is_absent() {
        let written = write_object(&[("a", Some("1")), ("b", None), ("c", Some("ü\"\\\n\u{1}\u{7f}"))]);
        assert_eq!(std::str::from_utf8(&written).unwrap(), "{\"a\":\"1\",\"c\":\"ü\\\"\\\\\\n\\u0001\u{7f}\"}");
        assert_eq!(*write_object(&[("a", None)]), b"{}");
        let worst = "\u{1}".repeat(100);
        let written = write_object(&[("a", Some(&worst)), ("b", Some(&worst))]);
        assert_eq!(object(&written).unwrap()["b"], Value::String(worst));
        assert!(written.len() <= written.capacity());
    }

    #[test]
    fn what_is_no_object() {
        for document in ["", "[]", "\"{}\"", "{", "{} {}", "{\"a\":1e999}", &"[".repeat(1_000_000)] {
            assert!(object(document.as_bytes()).is_none());
        }
    }
}
