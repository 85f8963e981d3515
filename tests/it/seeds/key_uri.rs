//! Any text as a key URI: an error says nothing of it, and what is read, drawn anew, is read as the same.

use totp_adapter::otp::{KeyUri, KeyUriError, Label, is_otpauth, key_uri};

use super::words;

// contract 1.6c, 4.5a, 4.5f, 4.5k
pub fn check(bytes: &[u8]) {
    let text = words::text(bytes);
    let read = KeyUri::parse(&text);
    // A byte order mark counts before everything else only.
    let before = if text.starts_with('\u{feff}') { "" } else { " \n" };
    assert_eq!(said(&KeyUri::parse(&format!("{before}{text}\r\0"))), said(&read));
    match &read {
        Ok(uri) => {
            assert!(is_otpauth(&text));
            check_escaped(&text, said(&read));
            check_names(uri);
            check_drawn(uri, &said(&read));
        }
        Err(error) => words::check(&error.to_string()),
    }
}

/// What a page escaped once more says the same, but that it is not the very text any more that is drawn for an account with blanks
/// before it (contract 4.5h).
fn check_escaped(text: &str, read: Said) {
    let without_blanks = |said: Said| {
        said.map(|(key, issuer, account, code)| {
            (key, issuer, account.map(|name| name.trim_start_matches(' ').to_owned()), code)
        })
    };
    let escaped = said(&KeyUri::parse(&text.replace('&', "&amp;")));
    assert_eq!(without_blanks(escaped), without_blanks(read));
}

/// What a key URI says: the key, the names, the parameters.
type Said = Result<(Vec<u8>, Option<String>, Option<String>, String), KeyUriError>;

fn said(read: &Result<KeyUri, KeyUriError>) -> Said {
    let KeyUri { secret, issuer, account, parameters } = read.as_ref().map_err(Clone::clone)?;
    Ok((secret.as_bytes().to_vec(), issuer.clone(), account.clone(), format!("{parameters:?}")))
}

fn check_names(uri: &KeyUri) {
    assert!(!uri.secret.as_bytes().is_empty());
    assert!([&uri.issuer, &uri.account].into_iter().flatten().all(|name| !name.trim().is_empty()));
}

/// Names that no app shows as they are cannot be drawn (contract 4.2c); those that can are read again.
fn check_drawn(uri: &KeyUri, read: &Said) {
    let bytes = |name: &Option<String>| name.clone().map(String::into_bytes);
    let (issuer, account) = (bytes(&uri.issuer), bytes(&uri.account));
    let Ok(label) = Label::new(issuer.as_deref(), account.as_deref()) else { return };
    let drawn = key_uri(&uri.secret, &label, uri.parameters);
    assert_eq!(said(&KeyUri::parse(&drawn)), *read);
}
