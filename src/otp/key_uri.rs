//! The key URI that an authenticator app reads from a QR code ("Key Uri Format" of Google Authenticator's wiki): written
//! here, read in `read`. It knows nothing of symbols.

use std::fmt::{self, Write as _};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use thiserror::Error;
use zeroize::Zeroizing;

use super::{CodeParameters, Secret};

#[cfg(feature = "read-qr")]
mod read;

#[cfg(feature = "read-qr")]
pub use read::{KeyUri, KeyUriError, is_otpauth};

/// All but the unreserved characters of RFC 3986, section 2.3.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Whom the keys of Steam Guard are with, in any case. Valve's own key URIs say no more than that.
const STEAM: &str = "Steam";

/// Room for all of a URI but the names and the secret: `otpauth://totp/:?secret=&issuer=` and the longest
/// `&algorithm=SHA512&digits=8&period=4294967295`.
const BYTES_AROUND: usize = 128;
/// A byte of a name is percent-encoded as three characters at most (RFC 3986, section 2.1).
const MAX_BYTES_PER_BYTE: usize = 3;

/// An account and whom it is with, as an authenticator app shows them (contract 4.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label<'a> {
    issuer: Option<&'a str>,
    account: &'a str,
}

impl<'a> Label<'a> {
    /// Checks the display names, which are to be UTF-8; they are used exactly as given. An absent or empty issuer is no issuer.
    ///
    /// # Errors
    ///
    /// [`LabelError`] where the account is absent, empty or blank, the issuer is blank, either is not Unicode or has a
    /// control character, or a colon would be taken for the separator: in an issuer, and in an account without one.
    pub fn new(issuer: Option<&'a [u8]>, account: Option<&'a [u8]>) -> Result<Self, LabelError> {
        let issuer = match issuer {
            Some(name) if !name.is_empty() => Some(display_name(LabelPart::Issuer, name)?),
            Some(_) | None => None,
        };
        let account = display_name(LabelPart::Account, account.unwrap_or_default())?;
        if issuer.is_some_and(|issuer| issuer.contains(':')) {
            return Err(LabelError::IssuerColon);
        }
        if issuer.is_none() && account.contains(':') {
            return Err(LabelError::AccountColon);
        }
        Ok(Self { issuer, account })
    }

    /// The most bytes that the names take in a URI, which has the issuer twice.
    fn max_encoded_bytes(&self) -> usize {
        let issuer = self.issuer.map_or(0, str::len);
        (2 * issuer + self.account.len()) * MAX_BYTES_PER_BYTE
    }
}

/// One of the two display names of a label.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LabelPart {
    /// Whom the account is with.
    Issuer,
    /// The account.
    Account,
}

impl fmt::Display for LabelPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Issuer => "issuer",
            Self::Account => "account",
        })
    }
}

/// Why a display name cannot stand in a label. No variant holds the name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum LabelError {
    /// The account is absent, empty or white space; the issuer is white space.
    #[error("the {0} is missing or only white space")]
    Blank(LabelPart),
    /// A colon in the issuer: the first one separates issuer and account.
    #[error("the issuer has a colon, which apps take for the separator of issuer and account")]
    IssuerColon,
    /// A colon in an account that has no issuer before it.
    #[error("the account has a colon and there is no issuer; apps take the colon for the separator of both")]
    AccountColon,
    /// A control character, such as a line break, or one of the two characters of the first 65,536 that are none and
    /// that no document can hold.
    #[error("the {0} has a control character")]
    Control(LabelPart),
    /// Bytes that are no Unicode text.
    #[error("the {0} is not Unicode; name it in the parameters file instead")]
    NotUnicode(LabelPart),
}

/// Checks one display name.
fn display_name(part: LabelPart, name: &[u8]) -> Result<&str, LabelError> {
    let name = std::str::from_utf8(name).map_err(|_| LabelError::NotUnicode(part))?;
    if name.trim().is_empty() {
        return Err(LabelError::Blank(part));
    }
    if name.chars().any(|c| c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}')) {
        return Err(LabelError::Control(part));
    }
    Ok(name)
}

/// Whether an issuer is the one whose keys are for Steam Guard unless the number of digits says otherwise.
fn is_steam(issuer: &str) -> bool {
    issuer.trim().eq_ignore_ascii_case(STEAM)
}

/// The key URI of a secret (contract 4.1): names percent-encoded by RFC 3986, the secret in canonical Base32,
/// and algorithm, digits and period only where they are not the default, or where the issuer alone would change them.
#[must_use]
pub fn key_uri(secret: &Secret, label: &Label<'_>, parameters: CodeParameters) -> Zeroizing<String> {
    let base32 = secret.to_base32();
    // A buffer that grew would leave a copy of the secret behind.
    let mut uri = Zeroizing::new(String::with_capacity(BYTES_AROUND + base32.len() + label.max_encoded_bytes()));
    let issuer = label.issuer.map(|issuer| utf8_percent_encode(issuer, RESERVED));
    let account = utf8_percent_encode(label.account, RESERVED);
    let needs_digits = label.issuer.is_some_and(is_steam);
    let default = CodeParameters::default();

    let mut write = |part: fmt::Arguments<'_>| uri.write_fmt(part).expect("a String takes any text");
    write(format_args!("otpauth://totp/"));
    if let Some(issuer) = issuer.clone() {
        write(format_args!("{issuer}:"));
    }
    write(format_args!("{account}?secret={}", base32.as_str()));
    if let Some(issuer) = issuer {
        write(format_args!("&issuer={issuer}"));
    }
    if parameters.algorithm != default.algorithm {
        write(format_args!("&algorithm={}", parameters.algorithm.name()));
    }
    if parameters.digits != default.digits || needs_digits {
        write(format_args!("&digits={}", parameters.digits.count()));
    }
    if parameters.period != default.period {
        write(format_args!("&period={}", parameters.period.seconds()));
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::super::Algorithm;
    use super::*;

    fn uri(issuer: &str, account: &str, parameters: CodeParameters) -> String {
        let secret = Secret::from_base32("MZXW6YTB").unwrap();
        let label = Label::new(Some(issuer.as_bytes()), Some(account.as_bytes())).unwrap();
        key_uri(&secret, &label, parameters).to_string()
    }

    // contract 4.1a, 4.1b
    #[test]
    fn names_are_percent_encoded_and_the_colon_is_the_separator() {
        assert_eq!(
            uri("SoftProject GmbH", "john.doe+x@example.org", CodeParameters::default()),
            "otpauth://totp/SoftProject%20GmbH:john.doe%2Bx%40example.org?secret=MZXW6YTB&issuer=SoftProject%20GmbH"
        );
        assert_eq!(
            uri("A&B=C?#/%", "Jörg-_.~", CodeParameters::default()),
            "otpauth://totp/A%26B%3DC%3F%23%2F%25:J%C3%B6rg-_.~?secret=MZXW6YTB&issuer=A%26B%3DC%3F%23%2F%25"
        );
    }

    // contract 4.1a, 4.2c
    #[test]
    fn a_colon_in_an_account_is_encoded() {
        assert_eq!(
            uri("Gateway", "jo@proxy:3080:", CodeParameters::default()),
            "otpauth://totp/Gateway:jo%40proxy%3A3080%3A?secret=MZXW6YTB&issuer=Gateway"
        );
    }

    // contract 4.1e: without them, apps and 4.5 take the key for one of Steam Guard.
    #[test]
    fn the_digits_follow_where_the_issuer_is_steam() {
        for issuer in ["Steam", "STEAM"] {
            let expected = format!("otpauth://totp/{issuer}:me?secret=MZXW6YTB&issuer={issuer}&digits=6");
            assert_eq!(uri(issuer, "me", CodeParameters::default()), expected);
        }
        assert!(!uri("SteamGifts", "Steam", CodeParameters::default()).contains("digits"));
    }

    // contract 4.2b
    #[test]
    fn an_empty_issuer_is_no_issuer() {
        assert_eq!(uri("", "me", CodeParameters::default()), "otpauth://totp/me?secret=MZXW6YTB");
        assert_eq!(Label::new(None, Some(b"me")), Label::new(Some(b""), Some(b"me")));
    }

    // contract 4.1d, 3.4a
    #[test]
    fn only_what_is_not_the_default_follows() {
        let parameters = CodeParameters {
            algorithm: Algorithm::Sha512,
            digits: "8".parse().unwrap(),
            period: "60".parse().unwrap(),
        };
        assert_eq!(uri("", "me", parameters), "otpauth://totp/me?secret=MZXW6YTB&algorithm=SHA512&digits=8&period=60");
    }

    #[test]
    fn the_buffer_does_not_grow() {
        let secret = Secret::from_base32("MZXW6YTB").unwrap();
        let code = CodeParameters {
            algorithm: Algorithm::Sha512,
            digits: "8".parse().unwrap(),
            period: "4294967295".parse().unwrap(),
        };
        for length in [1, 1000] {
            let name = "%".repeat(length);
            let label = Label::new(Some(name.as_bytes()), Some(name.as_bytes())).unwrap();
            let bytes = BYTES_AROUND + "MZXW6YTB".len() + label.max_encoded_bytes();
            assert_eq!(key_uri(&secret, &label, code).capacity(), bytes);
        }
    }

    // contract 4.2c
    #[test]
    fn unusable_names() {
        let label = |issuer: &'static str, account: &'static str| {
            Label::new(Some(issuer.as_bytes()), Some(account.as_bytes())).unwrap_err()
        };
        assert_eq!(label("", ""), LabelError::Blank(LabelPart::Account));
        assert_eq!(label("", " \u{a0}"), LabelError::Blank(LabelPart::Account));
        assert_eq!(label(" ", "me"), LabelError::Blank(LabelPart::Issuer));
        assert_eq!(label("a:b", "me"), LabelError::IssuerColon);
        assert_eq!(label("a:", "m:e"), LabelError::IssuerColon);
        assert_eq!(label("", "m:e"), LabelError::AccountColon);
        assert_eq!(label("a", "m\ne"), LabelError::Control(LabelPart::Account));
        assert_eq!(label("a\u{85}", "me"), LabelError::Control(LabelPart::Issuer));
        assert_eq!(label("a", "m\u{fffe}"), LabelError::Control(LabelPart::Account));
        assert_eq!(label("\u{ffff}", "me"), LabelError::Control(LabelPart::Issuer));
        assert_eq!(Label::new(None, None), Err(LabelError::Blank(LabelPart::Account)));
    }
}
