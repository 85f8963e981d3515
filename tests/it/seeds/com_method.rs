//! Any document as what says how a webhook is authenticated: a mistake is a sentence that repeats at most a short plain name, and
//! what is accepted, written as a message `UPDATE_COM_METHOD`, is read as the same.

use std::collections::HashMap;

use serde::de::IgnoredAny;
use serde_json::{Value, json};
use totp_adapter::service::delivery::{Authentication, AuthenticationDocument, AuthenticationError, Confidential};

use super::words;

/// The longest name that is repeated.
const MAX_NAME: usize = 16;

// contract 13.1j, 13.1k
pub fn check(bytes: &[u8]) {
    let text = words::text(bytes);
    let document = if std::str::from_utf8(bytes).is_ok() { text.as_bytes() } else { bytes };
    match AuthenticationDocument::read(document) {
        Ok(read) => {
            check_second_opinion(document);
            assert!(!format!("{read:?}").contains(words::MARKER) || shows_only_names(&read));
            check_written(&read);
        }
        Err(error) => check_error(error),
    }
}

/// Another reader finds what makes a document one of these.
#[allow(
    clippy::zero_sized_map_values,
    reason = "serde reads an object into a map only, and the names are what matters"
)]
fn check_second_opinion(document: &[u8]) {
    let document = document.strip_prefix(b"\xef\xbb\xbf").unwrap_or(document);
    let members: HashMap<String, IgnoredAny> = serde_json::from_slice(document).expect("it was read as an object");
    assert!(["comMethod", "authentication", "value", "type", "data"].iter().any(|name| members.contains_key(*name)));
}

/// Who asks and for what are the parts that `Debug` shows.
fn shows_only_names(read: &AuthenticationDocument) -> bool {
    match &read.authentication {
        Authentication::ClientCredentials { grant_type, client_id, .. } => {
            [grant_type, client_id].iter().any(|name| name.contains(words::MARKER))
        }
        Authentication::Token(_) => false,
    }
}

fn check_error(error: AuthenticationError) {
    let unnamed = match error {
        AuthenticationError::Type(Some(name)) => {
            check_name(&name);
            AuthenticationError::Type(None)
        }
        AuthenticationError::Version(Some(name)) => {
            check_name(&name);
            AuthenticationError::Version(None)
        }
        error => error,
    };
    words::check(&unnamed.to_string());
}

fn check_name(name: &str) {
    assert!((1..=MAX_NAME).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{name}");
}

/// All that a document says, in the order of Verity's fields.
fn texts(read: &AuthenticationDocument) -> Vec<Option<&str>> {
    let url = read.url.as_ref().map(Confidential::reveal);
    match &read.authentication {
        Authentication::ClientCredentials { url: server, grant_type, client_id, client_secret } => {
            vec![url, Some(server.reveal()), Some(grant_type), Some(client_id), Some(client_secret.reveal())]
        }
        Authentication::Token(token) => vec![url, Some(token.reveal())],
    }
}

fn check_written(read: &AuthenticationDocument) {
    let authentication = authentication(&read.authentication);
    let document = match &read.url {
        None => authentication,
        Some(url) => json!({
            "@type": "did:sov:123456789abcdefghi1234;spec/configs/0.6/UPDATE_COM_METHOD",
            "@id": "4a56c2a9",
            "comMethod": { "id": "webhook", "type": 2, "value": url.reveal(), "authentication": authentication },
        }),
    };
    let again = AuthenticationDocument::read(document.to_string().as_bytes()).expect("it was read before");
    assert_eq!(texts(&again), texts(read));
}

fn authentication(read: &Authentication) -> Value {
    match read {
        Authentication::ClientCredentials { url, grant_type, client_id, client_secret } => json!({
            "type": "OAuth2",
            "version": "v1",
            "data": {
                "url": url.reveal(),
                "grant_type": grant_type,
                "client_id": client_id,
                "client_secret": client_secret.reveal(),
            },
        }),
        Authentication::Token(token) => {
            json!({ "type": "OAuth2", "version": "v2", "data": { "token": token.reveal() } })
        }
    }
}
