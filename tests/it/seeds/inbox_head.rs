//! Any head of a message for an inbox, and any time: the file has a name that is safe in its folder, the id is the caller's where
//! it is sound, and so is the key.

use totp_adapter::service::fuzzing::{
    HeaderMap, KeyError, MessageKind, RequestId, idempotency_key, inbox_file_name, media_type,
};

use super::head::{only, parted};
use super::words;

/// The most characters of an id (contract 10.7a).
const MAX_ID: usize = 64;
/// The most characters of a key (contract 13.4c).
const MAX_KEY: usize = 255;
/// The longest name of a file on Linux.
const MAX_FILE_NAME: usize = 255;
/// The milliseconds of the years up to 9999.
const END_OF_YEARS: u128 = 253_402_300_800_000;

// contract 10.7a, 13.4b, 13.4c
pub fn check(bytes: &[u8]) {
    let (headers, body) = parted(bytes);
    let id = RequestId::of(&headers);
    check_id(&id, &headers);
    check_key(&headers);
    let kind = MessageKind::of(media_type(&headers));
    if only(&headers, "content-type").is_none() {
        assert_eq!(kind, MessageKind::Other);
    }
    let digits = body.iter().copied().filter(u8::is_ascii_digit).take(20);
    let milliseconds = digits.fold(0, |number: u128, digit| number * 10 + u128::from(digit - b'0'));
    match inbox_file_name(milliseconds, id.as_str(), kind) {
        Some(name) => check_name(&name, &id, kind),
        None => assert!(milliseconds >= END_OF_YEARS),
    }
}

fn check_id(id: &RequestId, headers: &HeaderMap) {
    let is_sound = |id: &[u8]| {
        let is_allowed = |byte: &u8| byte.is_ascii_alphanumeric() || b"._-".contains(byte);
        (1..=MAX_ID).contains(&id.len()) && id.iter().all(is_allowed)
    };
    assert!(is_sound(id.as_str().as_bytes()));
    if let Some(came) = only(headers, "x-request-id").filter(|came| is_sound(came)) {
        assert_eq!(id.as_str().as_bytes(), came);
    }
}

fn check_key(headers: &HeaderMap) {
    let is_sound = |key: &[u8]| (1..=MAX_KEY).contains(&key.len()) && key.iter().all(u8::is_ascii_graphic);
    match idempotency_key(headers) {
        Ok(None) => assert!(!headers.contains_key("idempotency-key")),
        Ok(Some(key)) => assert!(only(headers, "idempotency-key") == Some(key) && is_sound(key)),
        Err(error @ KeyError) => {
            assert!(!only(headers, "idempotency-key").is_some_and(is_sound));
            words::check(&error.to_string());
        }
    }
}

/// `YYYYMMDDTHHMMSS.mmmZ-ID.ENDING`.
fn check_name(name: &str, id: &RequestId, kind: MessageKind) {
    let (time, rest) = name.split_at(21);
    let form: String = time.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    assert_eq!(form, "00000000T000000.000Z-", "{name}");
    let ending = match kind {
        MessageKind::Json => "json",
        MessageKind::Xml => "xml",
        MessageKind::Other => "bin",
    };
    assert_eq!(rest, format!("{}.{ending}", id.as_str()));
    assert!(name.len() <= MAX_FILE_NAME);
}
