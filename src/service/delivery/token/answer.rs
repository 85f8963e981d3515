//! The answer of a token server (RFC 6749, 5.1 and 5.2), as lenient as token servers are different.

use std::time::Duration;

use serde_json::Value;

use super::super::Confidential;
use super::super::http::confidential_header;
use super::super::json::object;
use super::TokenError;

/// How long a token lives where the server does not say.
const USUAL: Duration = Duration::from_secs(60 * 60);
/// Longer than any service runs; clocks can count beyond it.
const MAX: Duration = Duration::from_secs(10 * 366 * 24 * 60 * 60);
/// The errors of RFC 6749, section 5.2, as they follow a status.
const ERRORS: [(&str, &str); 6] = [
    ("invalid_request", " (invalid_request)"),
    ("invalid_client", " (invalid_client)"),
    ("invalid_grant", " (invalid_grant)"),
    ("unauthorized_client", " (unauthorized_client)"),
    ("unsupported_grant_type", " (unsupported_grant_type)"),
    ("invalid_scope", " (invalid_scope)"),
];

/// A token as it was issued.
#[derive(Clone, Debug)]
pub(in super::super) struct Issued {
    pub token: Confidential,
    pub lifetime: Lifetime,
}

/// How long a token serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Lifetime {
    /// One delivery: its life is over when it comes.
    OneDelivery,
    /// All deliveries, so long.
    For(Duration),
}

/// Reads the answer of a success.
pub(super) fn read(body: &[u8]) -> Result<Issued, TokenError> {
    let mut answer = object(body).ok_or(TokenError::Answer("a JSON object"))?;
    let lifetime = lifetime(answer.get("expires_in"))?;
    let token = match answer.remove("access_token") {
        Some(Value::String(token)) => Confidential::new(token),
        Some(_) | None => return Err(TokenError::Answer("an access_token that is a text")),
    };
    // RFC 6750, section 2.1: a token is visible ASCII.
    let is_visible = token.reveal().bytes().all(|byte| byte.is_ascii_graphic());
    if token.reveal().is_empty() || !is_visible || confidential_header(token.reveal()).is_none() {
        return Err(TokenError::Answer("an access_token of visible ASCII characters"));
    }
    Ok(Issued { token, lifetime })
}

fn lifetime(value: Option<&Value>) -> Result<Lifetime, TokenError> {
    let seconds = match value {
        None | Some(Value::Null) => return Ok(Lifetime::For(USUAL)),
        Some(Value::Number(number)) => number.as_f64(),
        Some(Value::String(text)) => text.trim().parse().ok(),
        Some(Value::Bool(_) | Value::Array(_) | Value::Object(_)) => None,
    };
    match seconds {
        Some(seconds) if seconds > 0.0 && seconds.is_finite() => {
            Ok(Lifetime::For(Duration::from_secs_f64(seconds.min(MAX.as_secs_f64()))))
        }
        Some(seconds) if seconds.is_finite() => Ok(Lifetime::OneDelivery),
        Some(_) | None => Err(TokenError::Answer("a number of seconds for expires_in")),
    }
}

/// The error that an answer names, if it is one of the RFC's.
pub(super) fn error_code(body: &[u8]) -> Option<&'static str> {
    let answer = object(body)?;
    let named = answer.get("error")?.as_str()?;
    ERRORS.into_iter().find_map(|(code, shown)| (code == named).then_some(shown))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lifetime_of(member: &str) -> Result<Lifetime, TokenError> {
        read(format!("{{\"access_token\":\"t\"{member}}}").as_bytes()).map(|issued| issued.lifetime)
    }

    // contract 13.1d
    #[test]
    fn lives_of_tokens() {
        for (member, seconds) in [
            ("", 3600.0),
            (",\"expires_in\":null", 3600.0),
            (",\"expires_in\":60", 60.0),
            (",\"expires_in\":60.5", 60.5),
            (",\"expires_in\":\"60\"", 60.0),
            (",\"expires_in\":\" 60 \"", 60.0),
            (",\"expires_in\":6e1", 60.0),
            (",\"expires_in\":1e300", MAX.as_secs_f64()),
            (",\"expires_in\":18446744073709551616", MAX.as_secs_f64()),
        ] {
            assert_eq!(lifetime_of(member), Ok(Lifetime::For(Duration::from_secs_f64(seconds))), "{member}");
        }
        for member in [",\"expires_in\":0", ",\"expires_in\":-1", ",\"expires_in\":\"-3600\"", ",\"expires_in\":-1e300"]
        {
            assert_eq!(lifetime_of(member), Ok(Lifetime::OneDelivery), "{member}");
        }
        for value in ["\"\"", "\"soon\"", "\"NaN\"", "\"inf\"", "\"60 s\"", "true", "[60]", "{}"] {
            let error = lifetime_of(&format!(",\"expires_in\":{value}")).unwrap_err();
            assert_eq!(error, TokenError::Answer("a number of seconds for expires_in"), "{value}");
        }
    }

    // contract 13.1c
    #[test]
    fn answers_that_are_no_token() {
        for body in ["", "<html>", "[]", "\"t\"", "{}", "{\"access_token\":1}", "{\"access_token\":null}"] {
            assert!(read(body.as_bytes()).is_err(), "{body}");
        }
        for token in ["", "a b", "a\\nb", "a\\u0000", "ü"] {
            let error = read(format!("{{\"access_token\":\"{token}\"}}").as_bytes()).unwrap_err();
            assert_eq!(error, TokenError::Answer("an access_token of visible ASCII characters"), "{token}");
        }
        assert_eq!(read(b"{\"access_token\":\"a.b-c~d/e+f==\"}").unwrap().token.reveal(), "a.b-c~d/e+f==");
    }

    #[test]
    fn only_errors_of_the_rfc_are_repeated() {
        assert_eq!(error_code(b"{\"error\":\"invalid_client\"}"), Some(" (invalid_client)"));
        for body in ["", "{}", "{\"error\":1}", "{\"error\":\"https://secret\"}", "invalid_client"] {
            assert_eq!(error_code(body.as_bytes()), None, "{body}");
        }
    }
}
