//! Any head and body as a question of Skyvern: it is answered where there is one signature and it is the right one, whatever the
//! rest, then by its type and its form. A signature `*` is made right, which no fuzzer would come to.

use std::collections::HashMap;

use data_encoding::HEXLOWER;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::value::RawValue;
use sha2::Sha256;
use totp_adapter::service::fuzzing::{CodeError, CodeRequest, HeaderMap, HeaderValue, asker};

use super::head::{only, parted};
use super::words;

const KEY: &str = "test-api-key";
const SIGNATURE: &str = "x-skyvern-signature";

// contract 12.1b, 12.1c
pub fn check(bytes: &[u8]) {
    let (mut headers, body) = parted(bytes);
    let right = signature(body);
    sign(&mut headers, &right);
    let is_signed = only(&headers, SIGNATURE) == Some(right.as_bytes());
    let is_json = only(&headers, "content-type").is_some_and(|said| {
        said.split(|byte| *byte == b';')
            .next()
            .unwrap_or_default()
            .trim_ascii()
            .eq_ignore_ascii_case(b"application/json")
    });
    match asker(KEY).question(&headers, body) {
        Ok(question) => {
            assert!(is_signed && is_json);
            check_question(&question, body);
        }
        Err(error) => {
            match &error {
                CodeError::Signature => assert!(!is_signed),
                CodeError::MediaType => assert!(is_signed && !is_json),
                CodeError::Body => assert!(is_signed && is_json && members(body).is_none()),
                CodeError::Upload(_) | CodeError::Account(_) | CodeError::Clock => panic!("{error} of a body"),
            }
            words::check(&error.to_string());
        }
    }
}

fn signature(body: &[u8]) -> String {
    let mut hmac = Hmac::<Sha256>::new_from_slice(KEY.as_bytes()).expect("HMAC takes a key of any length");
    hmac.update(body);
    HEXLOWER.encode(&hmac.finalize().into_bytes())
}

/// Puts the right signature in the place of every `*`.
fn sign(headers: &mut HeaderMap, right: &str) {
    let signatures: Vec<_> = headers.get_all(SIGNATURE).iter().cloned().collect();
    headers.remove(SIGNATURE);
    for signature in signatures {
        let signature = if signature == "*" { HeaderValue::from_str(right).expect("it is ASCII") } else { signature };
        headers.append(SIGNATURE, signature);
    }
}

/// The members of a JSON object, the last of each name.
fn members(body: &[u8]) -> Option<HashMap<String, &RawValue>> {
    serde_json::from_slice(body).ok()
}

/// What is asked is what another reader finds in the object, and the answer to it, read as a question, is the same one.
fn check_question(question: &CodeRequest, body: &[u8]) {
    let members = members(body).expect("it was read as an object");
    for (name, found) in [("task_id", &question.task_id), ("workflow_permanent_id", &question.workflow_permanent_id)] {
        let is_text = members.get(name).is_some_and(|value| serde_json::from_str::<String>(value.get()).is_ok());
        assert_eq!(found.is_some(), is_text, "{name}");
    }
    let written = serde_json::json!({
        "workflow_permanent_id": question.workflow_permanent_id,
        "task_id": question.task_id,
    });
    let written = written.to_string();
    let mut headers = HeaderMap::new();
    headers.append("content-type", HeaderValue::from_static("application/json"));
    headers.append(SIGNATURE, HeaderValue::from_str(&signature(written.as_bytes())).expect("it is ASCII"));
    let again = asker(KEY).question(&headers, written.as_bytes()).expect("it is a signed object");
    assert_eq!(again, *question);
}
