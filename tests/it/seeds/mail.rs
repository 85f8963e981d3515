//! Any bytes as a mail: it has a text within the limits, or an error that says nothing of it; and the text, sent by a sound mail,
//! is read again.

use data_encoding::BASE64;
use totp_adapter::service::fuzzing::{MailError, mail};

use super::words;

/// The most bytes of a text (contract 12.3c).
const MAX_TEXT_BYTES: usize = 65_536;
/// The most bytes of an address (RFC 5321, section 4.5.3.1).
const MAX_ADDRESS_BYTES: usize = 320;

/// The text of a mail and whom it is for.
type Read = Result<(String, Option<String>), MailError>;

// contract 12.3a, 12.3c, 12.3e
pub fn check(bytes: &[u8]) {
    let read_once = read(bytes);
    assert_eq!(read(&[b"From me@example.org Thu Nov 26 06:00:00 2026\n", bytes].concat()), read_once);
    match read_once {
        Ok((text, address)) => {
            assert!((1..=MAX_TEXT_BYTES).contains(&text.len()) && text.trim() == text);
            if let Some(address) = address {
                assert!((1..=MAX_ADDRESS_BYTES).contains(&address.len()) && address.trim() == address);
            }
            assert_eq!(read(written(&text).as_bytes()), Ok((text, None)));
        }
        Err(error) => {
            assert!(!matches!(error, MailError::Internal(_) | MailError::Late), "{error}");
            words::check(&error.to_string());
        }
    }
}

fn read(bytes: &[u8]) -> Read {
    let mail = mail(bytes)?;
    Ok((mail.text.reveal().to_owned(), mail.address.map(|address| address.reveal().to_owned())))
}

/// A mail with this text.
fn written(text: &str) -> String {
    let head = "Subject: a\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64\n";
    format!("{head}\n{}\n", BASE64.encode(text.as_bytes()))
}
