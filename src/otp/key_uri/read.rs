//! Key URIs read back, as providers and apps write them; it does not know where the text came from.
//!
//! Sources: "Key Uri Format" of Google Authenticator's wiki; draft-andesco-otpauth-uri-00; RFC 3986; for the query also
//! the URL Standard of WHATWG. Where they leave something open, it is decided as the apps decide that most people hold.

use percent_encoding::percent_decode;
use thiserror::Error;
use zeroize::Zeroizing;

use super::super::{Algorithm, CodeParameters, Digits, Period, Secret, SecretError};
use super::{Label, is_steam, key_uri};
use character_references::unescaped;
use label::LabelNames;
use query::{Query, begins_as_reference, hides_parameter};

mod character_references;
mod label;
mod query;

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
    /// * What a page escaped once too often is unescaped first: `&amp;` is `&`.
    /// * Issuer and account are separated by the colon behind the parameter `issuer`, where the label begins with both; or
    ///   else by the first colon; one that is encoded counts only where no other is there. Blanks before the account are
    ///   dropped, unless [`key_uri`] writes this very text for an account with them.
    /// * `+` is a blank in the query, as forms write it (URL Standard, section 5.1). In the label it is a plus: RFC 3986,
    ///   section 2.2, gives it no meaning there, and addresses such as `john+work@example.org` have it.
    /// * A `%` that begins no escape stands for itself, and bytes that are no UTF-8 become U+FFFD (URL Standard, sections
    ///   1.3 and 5.1): a broken name is no reason to withhold the secret.
    /// * The algorithm may have hyphens and the prefix `Hmac` of Java, in any case. Optional parameters without a value
    ///   count as absent; unknown ones, such as `image`, are ignored.
    /// * A parameter that is repeated must be the same each time. The draft (section 3.4) refuses any repetition; here it
    ///   is one only where it matters which one counts.
    ///
    /// # Errors
    ///
    /// [`KeyUriError`] where the text is no key URI, is not time-based, has a value that cannot be used, or is for codes
    /// that are not those of RFC 6238 with this secret.
    pub fn parse(text: &str) -> Result<Self, KeyUriError> {
        let rest = behind_scheme(text)?;
        let UriParts { kind, label, query, fragment } = UriParts::of(&rest)?;
        check_type(kind)?;
        if hides_parameter(label) || hides_parameter(fragment) || begins_as_reference(fragment) {
            return Err(KeyUriError::Separator);
        }
        let query = Query::of(query)?;
        let other = query.issuer();
        let names = LabelNames::of(label, other.as_deref().map(Vec::as_slice));
        let other = other.and_then(|name| visible(&name));
        check_scheme_of_codes(&query, [&names.issuer, &other])?;
        let (secret, parameters) = (query.secret()?, query.code_parameters()?);
        let issuer = names.issuer.or(other);
        // Blanks before an account say nothing in the URIs of others, but here every name is read as it was drawn.
        let is_drawn = |account: &String| {
            let label = Label::new(issuer.as_deref().map(str::as_bytes), Some(account.as_bytes()));
            label.is_ok_and(|label| key_uri(&secret, &label, parameters).as_str() == trimmed(text))
        };
        let account = names.account_as_it_stands.filter(is_drawn).or(names.account);
        Ok(Self { secret, issuer, account, parameters })
    }
}

/// Why a text is no key URI that can be used. No variant holds any of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum KeyUriError {
    /// Another scheme, or no URI at all.
    #[error("expected a text that begins with otpauth://totp/")]
    Scheme,
    /// What Google Authenticator shows to move accounts to another phone.
    #[error(
        "this is an export of Google Authenticator; use the code of the single account, which \
             the service shows when the app is set up"
    )]
    Export,
    /// A key for HOTP (RFC 4226), whose codes count and do not follow the clock.
    #[error("the type is hotp, and codes that depend on a counter are not supported")]
    Hotp,
    /// Steam's codes, which are five letters and digits.
    #[error(
        "the key is for Steam Guard, whose codes are not those of RFC 6238; use an app that \
             makes them"
    )]
    Steam,
    /// A part of a key: the phone makes the other one (privacyIDEA, "Two Step Enrollment").
    #[error(
        "the key is for a two-step enrolment, to which the phone adds a part; enrol again without \
             the second step"
    )]
    TwoStep,
    /// Neither `totp` nor `hotp`.
    #[error("expected the type totp after otpauth://")]
    Type,
    /// A parameter that apps would pass over, because it does not begin behind `?` or `&`.
    #[error(
        "expected ? before the first parameter and & before each of the others, found another character there; ask the \
             service for a correct code"
    )]
    Separator,
    /// A parameter with two values.
    #[error("the parameter {0} is repeated with different values")]
    Repeated(&'static str),
    /// No parameter `secret`.
    #[error("the parameter secret is missing")]
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

/// What follows the scheme and its colon, with the characters for which references of HTML stand.
fn behind_scheme(text: &str) -> Result<Zeroizing<String>, KeyUriError> {
    let (scheme, rest) = trimmed(text).split_once(':').ok_or(KeyUriError::Scheme)?;
    if scheme.eq_ignore_ascii_case(EXPORT_SCHEME) {
        return Err(KeyUriError::Export);
    }
    if !scheme.eq_ignore_ascii_case(SCHEME) {
        return Err(KeyUriError::Scheme);
    }
    Ok(unescaped(rest))
}

/// A key URI taken apart: `//KIND/LABEL?QUERY#FRAGMENT`.
struct UriParts<'a> {
    kind: &'a str,
    label: &'a str,
    query: &'a str,
    /// With the character that it begins with.
    fragment: &'a str,
}

impl<'a> UriParts<'a> {
    /// Takes apart what follows the scheme; all but the type may be missing.
    fn of(rest: &'a str) -> Result<Self, KeyUriError> {
        let rest = rest.strip_prefix("//").ok_or(KeyUriError::Scheme)?;
        let (uri, fragment) = rest.split_at(rest.find('#').unwrap_or(rest.len()));
        let (hierarchy, query) = uri.split_once('?').unwrap_or((uri, ""));
        let (kind, label) = hierarchy.split_once('/').unwrap_or((hierarchy, ""));
        Ok(Self { kind, label, query, fragment })
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

/// Refuses keys whose codes are others than those of RFC 6238 with the parameter `secret`; `issuers` are both that there
/// may be.
fn check_scheme_of_codes(query: &Query<'_>, issuers: [&Option<String>; 2]) -> Result<(), KeyUriError> {
    if query.is_two_step() {
        return Err(KeyUriError::TwoStep);
    }
    let is_of_steam = issuers.into_iter().flatten().any(|issuer| is_steam(issuer));
    if query.says_steam() || is_of_steam && query.has_digits_of_steam() {
        return Err(KeyUriError::Steam);
    }
    Ok(())
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
