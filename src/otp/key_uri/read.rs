//! Key URIs read back, as providers and apps write them; it does not know where the text came from.
//!
//! Sources: "Key Uri Format" of Google Authenticator's wiki; draft-andesco-otpauth-uri-00; RFC 3986; for the query also
//! the URL Standard of WHATWG. Where they leave something open, it is decided as the apps decide that most people hold.

use percent_encoding::percent_decode;
use thiserror::Error;
use zeroize::Zeroizing;

use super::super::{Algorithm, CodeParameters, Digits, OutOfRange, Period, Secret, SecretError};

#[cfg(test)]
mod tests;

/// The scheme of key URIs.
const SCHEME: &str = "otpauth";
/// The scheme of what Google Authenticator shows to move accounts to another phone.
const EXPORT_SCHEME: &str = "otpauth-migration";

/// Whether a text is meant for an authenticator app, as its scheme says: a key URI or an export of several, usable or not.
#[must_use]
pub fn is_otpauth(text: &str) -> bool {
    let scheme = trimmed(text).split(':').next().unwrap_or_default();
    [SCHEME, EXPORT_SCHEME].iter().any(|otpauth| scheme.eq_ignore_ascii_case(otpauth))
}

/// A text without the control characters and blanks around it (URL Standard, section 4.4) and a byte order mark before it.
fn trimmed(text: &str) -> &str {
    text.trim_start_matches('\u{feff}').trim_matches(|c| c <= ' ')
}

/// What the key URI of a time-based code says (contract 4.5).
#[derive(Debug)]
pub struct KeyUri {
    /// The key.
    pub secret: Secret,
    /// Whom the account is with, as an app shows it: the prefix of the label, or else the parameter; none where neither
    /// has anything to see. Google's wiki wants both equal. Where they differ, FreeOTP and Aegis show the prefix, and the
    /// draft (section 4) keeps the parameter for matching accounts with sites, which nothing here does.
    pub issuer: Option<String>,
    /// The account; none where the label has nothing to see there. Further colons are part of it.
    pub account: Option<String>,
    /// Algorithm, digits and period.
    pub parameters: CodeParameters,
}

impl KeyUri {
    /// Reads a key URI.
    ///
    /// * Scheme, type and the names of parameters are taken in any case, control characters and blanks around the text
    ///   are dropped (URL Standard, section 4.4), and a fragment is ignored.
    /// * Issuer and account are separated by the first colon, encoded or not; blanks before the account are dropped.
    /// * `+` is a blank in the query, as forms write it (URL Standard, section 5.1). In the label it is a plus: RFC 3986,
    ///   section 2.2, gives it no meaning there, and addresses such as `john+work@example.org` have it.
    /// * A `%` that begins no escape stands for itself, and bytes that are no UTF-8 become U+FFFD (URL Standard, sections
    ///   1.3 and 5.1): a broken name is no reason to withhold the secret.
    /// * The algorithm may have hyphens and the prefix `Hmac` of Java, in any case. Optional parameters without a value
    ///   are as absent; unknown ones, such as `image`, are ignored.
    /// * A parameter that is repeated must be the same each time. The draft (section 3.4) refuses any repetition; here it
    ///   is one only where it matters which one counts.
    ///
    /// # Errors
    ///
    /// [`KeyUriError`] where the text is no key URI, is not time-based, or has a value that cannot be used.
    pub fn parse(text: &str) -> Result<Self, KeyUriError> {
        let Parts { kind, label, query } = Parts::of(text)?;
        check_type(kind)?;
        let (prefix, account) = names(label);
        let issuer = prefix.or(query.issuer()?);
        if query.is_steam(issuer.as_deref())? {
            return Err(KeyUriError::Steam);
        }
        Ok(Self { secret: query.secret()?, issuer, account, parameters: query.code_parameters()? })
    }
}

/// Why a text is no key URI that can be used. No variant holds any of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum KeyUriError {
    /// Another scheme, or no URI at all.
    #[error("expected a text that begins with otpauth://totp/")]
    Scheme,
    /// What Google Authenticator shows to move accounts to another phone.
    #[error(
        "expected otpauth://totp/, found an export of Google Authenticator; use the code of the single account, which \
             the service shows when the app is set up"
    )]
    Export,
    /// A key for HOTP (RFC 4226), whose codes count and do not follow the clock.
    #[error("expected the type totp, found hotp: codes that depend on a counter are not supported")]
    Hotp,
    /// Steam's codes, which are five letters and digits.
    #[error("expected the type totp, found Steam Guard, whose codes are not those of RFC 6238")]
    Steam,
    /// Neither `totp` nor `hotp`.
    #[error("expected the type totp after otpauth://")]
    Type,
    /// A parameter with two values.
    #[error("expected the parameter {0} once, found it with different values")]
    Repeated(&'static str),
    /// No parameter `secret`.
    #[error("expected the parameter secret, found none")]
    NoSecret,
    /// The secret is no Base32 key.
    #[error("{0} in the parameter secret")]
    Secret(SecretError),
    /// An algorithm beyond those of contract 3.4.
    #[error("expected {} for the parameter algorithm", Algorithm::EXPECTED)]
    Algorithm,
    /// A number of digits beyond those of contract 3.4.
    #[error("expected {} for the parameter digits", Digits::EXPECTED)]
    Digits,
    /// A period beyond those of contract 3.4.
    #[error("expected {} for the parameter period", Period::EXPECTED)]
    Period,
}

/// A key URI taken apart: `otpauth://KIND/LABEL?QUERY`.
struct Parts<'a> {
    kind: &'a str,
    label: &'a str,
    query: Query<'a>,
}

impl<'a> Parts<'a> {
    /// Takes a text apart; label and query may be missing.
    fn of(text: &'a str) -> Result<Self, KeyUriError> {
        let (scheme, rest) = trimmed(text).split_once("://").ok_or(KeyUriError::Scheme)?;
        if scheme.eq_ignore_ascii_case(EXPORT_SCHEME) {
            return Err(KeyUriError::Export);
        }
        if !scheme.eq_ignore_ascii_case(SCHEME) {
            return Err(KeyUriError::Scheme);
        }
        let (uri, _fragment) = rest.split_once('#').unwrap_or((rest, ""));
        let (hierarchy, query) = uri.split_once('?').unwrap_or((uri, ""));
        let (kind, label) = hierarchy.split_once('/').unwrap_or((hierarchy, ""));
        Ok(Self { kind, label, query: Query(query) })
    }
}

/// Refuses every type but `totp`.
fn check_type(kind: &str) -> Result<(), KeyUriError> {
    match kind.to_ascii_lowercase().as_str() {
        "totp" => Ok(()),
        "hotp" => Err(KeyUriError::Hotp),
        "steam" => Err(KeyUriError::Steam),
        _ => Err(KeyUriError::Type),
    }
}

/// The issuer and the account of a label.
fn names(label: &str) -> (Option<String>, Option<String>) {
    let label = decoded(label.as_bytes());
    match label.iter().position(|&byte| byte == b':') {
        Some(colon) => {
            let account = &label[colon + 1..];
            let blanks = account.iter().take_while(|&&byte| byte == b' ').count();
            (visible(&label[..colon]), visible(&account[blanks..]))
        }
        None => (None, visible(&label)),
    }
}

/// The part after the question mark.
struct Query<'a>(&'a str);

impl Query<'_> {
    /// The key.
    fn secret(&self) -> Result<Secret, KeyUriError> {
        let base32 = self.value("secret")?.ok_or(KeyUriError::NoSecret)?;
        let base32 = str::from_utf8(&base32).map_err(|error| SecretError::Character { index: error.valid_up_to() });
        base32.and_then(Secret::from_base32).map_err(KeyUriError::Secret)
    }

    /// Whom the account is with.
    fn issuer(&self) -> Result<Option<String>, KeyUriError> {
        Ok(self.value("issuer")?.and_then(|name| visible(&name)))
    }

    /// Algorithm, digits and period, each the default where it is absent.
    fn code_parameters(&self) -> Result<CodeParameters, KeyUriError> {
        let algorithm = self.word("algorithm")?.map(|word| algorithm(&word)).transpose();
        let digits = self.word("digits")?.map(|word| word.parse()).transpose();
        let period = self.word("period")?.map(|word| word.parse()).transpose();
        Ok(CodeParameters {
            algorithm: algorithm.map_err(|OutOfRange { .. }| KeyUriError::Algorithm)?.unwrap_or_default(),
            digits: digits.map_err(|OutOfRange { .. }| KeyUriError::Digits)?.unwrap_or_default(),
            period: period.map_err(|OutOfRange { .. }| KeyUriError::Period)?.unwrap_or_default(),
        })
    }

    /// Whether apps would show Steam's codes: they are told so, or have to guess from five digits for that issuer.
    fn is_steam(&self, issuer: Option<&str>) -> Result<bool, KeyUriError> {
        let is_told = self.word("encoder")?.is_some_and(|encoder| encoder.eq_ignore_ascii_case("steam"));
        let is_of_steam = issuer.is_some_and(|issuer| issuer.eq_ignore_ascii_case("steam"));
        Ok(is_told || is_of_steam && self.word("digits")?.is_some_and(|digits| digits == "5"))
    }

    /// The text of an optional parameter without blanks around it, none where nothing is left.
    fn word(&self, name: &'static str) -> Result<Option<String>, KeyUriError> {
        let value = self.value(name)?.and_then(|value| visible(&value));
        Ok(value.map(|value| value.trim().to_owned()))
    }

    /// The decoded value of a parameter.
    fn value(&self, name: &'static str) -> Result<Option<Zeroizing<Vec<u8>>>, KeyUriError> {
        let parameters = self.0.split('&').map(|parameter| parameter.split_once('=').unwrap_or((parameter, "")));
        let mut values = parameters.filter(|(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, value)| value);
        let value = values.next();
        if values.any(|other| Some(other) != value) {
            return Err(KeyUriError::Repeated(name));
        }
        Ok(value.map(decoded_form))
    }
}

/// The algorithm of a name in any of the forms that are in use: `SHA1`, `sha-256`, `HmacSHA512`.
fn algorithm(name: &str) -> Result<Algorithm, OutOfRange> {
    let name = name.to_ascii_uppercase().replace('-', "");
    name.strip_prefix("HMAC").unwrap_or(&name).parse()
}

/// The bytes of a value in the query.
fn decoded_form(value: &str) -> Zeroizing<Vec<u8>> {
    let mut blanks = Zeroizing::new(value.as_bytes().to_vec());
    blanks.iter_mut().filter(|byte| **byte == b'+').for_each(|byte| *byte = b' ');
    decoded(&blanks)
}

/// The bytes of a part without its escapes, in a buffer that does not grow, since it may be a secret.
fn decoded(part: &[u8]) -> Zeroizing<Vec<u8>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(part.len()));
    percent_decode(part).for_each(|byte| bytes.push(byte));
    bytes
}

/// A name as it stands, none where there is nothing to see.
fn visible(name: &[u8]) -> Option<String> {
    let name = String::from_utf8_lossy(name);
    (!name.trim().is_empty()).then(|| name.into_owned())
}
