//! JSON as the neighbours read and write it: objects in a fixed order with what is absent left out, and objects that came in.
//! What a reader says of a broken document never leaves this room, since it quotes the document.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
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

/// The object that a document is, if it is one. Of members with one name the last counts.
pub(super) fn object(document: &[u8]) -> Option<Map<String, Value>> {
    match serde_json::from_slice(document) {
        Ok(PlainValue(Value::Object(object))) => Some(object),
        Ok(_) | Err(_) => None,
    }
}

/// A value as it stands in a document. With its feature `raw_value`, serde_json reads an object whose first member is
/// `$serde_json::private::RawValue` as the JSON in the text of that member.
struct PlainValue(Value);

impl<'de> Deserialize<'de> for PlainValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(PlainVisitor).map(Self)
    }
}

struct PlainVisitor;

impl<'de> Visitor<'de> for PlainVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Value, A::Error> {
        let mut array = Vec::new();
        while let Some(PlainValue(value)) = elements.next_element()? {
            array.push(value);
        }
        Ok(Value::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some((name, PlainValue(value))) = members.next_entry()? {
            object.insert(name, value);
        }
        Ok(Value::Object(object))
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

    // contract 13.1c, 13.1j: no name has a meaning for the reader alone.
    #[test]
    fn members_with_names_of_serde() {
        const TOKEN: &str = "$serde_json::private::RawValue";
        let written =
            r#"{"T":"{\"access_token\":\"t\"}","a":[{"T":"1"},-1,0.5,null,true],"b":1,"b":18446744073709551615}"#;
        let read = object(written.replace('T', TOKEN).as_bytes()).unwrap();
        assert_eq!(read[TOKEN], "{\"access_token\":\"t\"}");
        assert_eq!(read["a"][0][TOKEN], "1");
        assert_eq!(read["a"].to_string(), format!("[{{\"{TOKEN}\":\"1\"}},-1,0.5,null,true]"));
        assert_eq!(read["b"].as_u64(), Some(u64::MAX));
    }

    #[test]
    fn what_is_no_object() {
        for document in ["", "[]", "\"{}\"", "{", "{} {}", "{\"a\":1e999}", &"[".repeat(1_000_000)] {
            assert!(object(document.as_bytes()).is_none());
        }
    }
}
