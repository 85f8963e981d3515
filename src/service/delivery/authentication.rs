//! How a webhook is authenticated, in Verity's form: its `authentication` object alone, in a `comMethod`, or in a whole message
//! `UPDATE_COM_METHOD` (configs/0.6), checked in Verity's order with Verity's texts. It asks nobody for a token.

use serde_json::{Map, Value};
use thiserror::Error;

use super::token::{ClientCredentials, TokenSource};
use super::{Confidential, EndpointError, HttpClient, json};

/// The longest name that a text of an error repeats.
const MAX_NAME: usize = 16;
/// Verity's number for a webhook.
const HTTP: u64 = 2;
const NO_AUTHENTICATION: AuthenticationError = AuthenticationError::Form(
    "an authentication object, a comMethod with one, or an UPDATE_COM_METHOD message with one",
);

/// A document that says how a webhook is authenticated.
#[derive(Clone, Debug)]
pub struct AuthenticationDocument {
    /// `value`, the address of the webhook, where the document is a `comMethod` or a whole message.
    pub url: Option<Confidential>,
    /// How it is authenticated.
    pub authentication: Authentication,
}

/// How a webhook is authenticated.
#[derive(Clone, Debug)]
pub enum Authentication {
    /// v1: by tokens of a token server.
    ClientCredentials {
        /// The address of the token server.
        url: Confidential,
        /// What the token server is asked for, `client_credentials`.
        grant_type: String,
        /// Who asks.
        client_id: String,
        /// The secret of who asks.
        client_secret: Confidential,
    },
    /// v2: by one token, for ever.
    Token(Confidential),
}

/// Why a document does not say how a webhook is authenticated.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum AuthenticationError {
    /// It has another form.
    #[error("expected {0}")]
    Form(&'static str),
    /// `type` is not OAuth2.
    #[error("authentication type not supported{}", named(.0.as_ref()))]
    Type(Option<String>),
    /// `version` is neither v1 nor v2.
    #[error("authentication version not supported{}", named(.0.as_ref()))]
    Version(Option<String>),
    /// Fields of `data` are not there.
    #[error("required fields missing: {}", .0.join(", "))]
    Missing(Vec<&'static str>),
    /// Fields of `data` are blank, or no texts.
    #[error("required fields with invalid value: {}", .0.join(", "))]
    Invalid(Vec<&'static str>),
    /// The address of the token server cannot be used.
    #[error("cannot use the url of the token server: {0}")]
    Url(#[from] EndpointError),
}

fn named(name: Option<&String>) -> String {
    name.map_or_else(String::new, |name| format!(": {name}"))
}

/// What a webhook receives with every message. Clones share the tokens.
#[derive(Clone)]
pub(super) enum Bearer {
    Fixed(Confidential),
    Issued(TokenSource),
}

impl AuthenticationDocument {
    /// Reads a document, in JSON.
    ///
    /// # Errors
    ///
    /// [`AuthenticationError`] where it cannot be used.
    pub fn read(document: &[u8]) -> Result<Self, AuthenticationError> {
        // Editors put a byte order mark before a text.
        let document = document.strip_prefix(b"\xef\xbb\xbf").unwrap_or(document);
        let mut object = json::object(document).ok_or(AuthenticationError::Form("a JSON object"))?;
        let method = match object.remove("comMethod") {
            Some(Value::Object(method)) => Some(method),
            Some(_) => return Err(NO_AUTHENTICATION),
            // By what no authentication has.
            None if object.contains_key("authentication") || object.contains_key("value") => {
                Some(std::mem::take(&mut object))
            }
            None => None,
        };
        match method {
            Some(method) => Self::of_method(method),
            None if object.contains_key("type") || object.contains_key("data") => {
                Ok(Self { url: None, authentication: Authentication::read(object)? })
            }
            None => Err(NO_AUTHENTICATION),
        }
    }

    fn of_method(mut method: Map<String, Value>) -> Result<Self, AuthenticationError> {
        if method.get("type").is_some_and(|kind| kind.as_u64() != Some(HTTP)) {
            return Err(AuthenticationError::Form("2 (a webhook) for comMethod.type"));
        }
        let url = match method.remove("value") {
            None => None,
            Some(Value::String(url)) => Some(Confidential::new(url)),
            Some(_) => return Err(AuthenticationError::Form("an address for comMethod.value")),
        };
        // One that is absent must not mean that everybody may send: what was asked for would not be done.
        match method.remove("authentication") {
            Some(Value::Object(authentication)) => {
                Ok(Self { url, authentication: Authentication::read(authentication)? })
            }
            Some(_) | None => Err(NO_AUTHENTICATION),
        }
    }
}

impl Authentication {
    fn read(mut object: Map<String, Value>) -> Result<Self, AuthenticationError> {
        if object.get("type").and_then(Value::as_str) != Some("OAuth2") {
            return Err(AuthenticationError::Type(name_in(object.get("type"))));
        }
        let version = object.get("version").and_then(Value::as_str).unwrap_or_default().to_owned();
        let mut data = match object.remove("data") {
            Some(Value::Object(data)) => data,
            Some(_) | None => Map::new(),
        };
        match version.as_str() {
            "v1" => {
                let [url, grant_type, client_id, client_secret] =
                    fields(["url", "grant_type", "client_id", "client_secret"], &mut data)?;
                let (url, client_secret) = (Confidential::new(url), Confidential::new(client_secret));
                Ok(Self::ClientCredentials { url, grant_type, client_id, client_secret })
            }
            "v2" => {
                let [token] = fields(["token"], &mut data)?;
                // What a token server may give, too (RFC 6750, section 2.1, allows fewer).
                if !token.bytes().all(|byte| byte.is_ascii_graphic()) {
                    return Err(AuthenticationError::Invalid(vec!["token"]));
                }
                Ok(Self::Token(Confidential::new(token)))
            }
            _ => Err(AuthenticationError::Version(name_in(object.get("version")))),
        }
    }

    /// Checks whether this client may ask for what the webhook receives.
    ///
    /// # Errors
    ///
    /// [`AuthenticationError::Url`] where the address of the token server cannot be used.
    pub fn check(&self, client: &HttpClient) -> Result<(), AuthenticationError> {
        match self {
            Self::Token(_) => Ok(()),
            Self::ClientCredentials { url, .. } => Ok(client.endpoint(url.reveal()).map(drop)?),
        }
    }

    /// What the webhook receives; tokens are fetched by this client.
    ///
    /// # Errors
    ///
    /// [`AuthenticationError::Url`] where the address of the token server cannot be used.
    pub(super) fn bearer(self, client: &HttpClient) -> Result<Bearer, AuthenticationError> {
        match self {
            Self::Token(token) => Ok(Bearer::Fixed(token)),
            Self::ClientCredentials { url, grant_type, client_id, client_secret } => {
                let endpoint = client.endpoint(url.reveal())?;
                let credentials = ClientCredentials { endpoint, grant_type, client_id, client_secret };
                Ok(Bearer::Issued(credentials.source(client.clone())))
            }
        }
    }
}

/// The name that an error may repeat: short, and without anything that a secret would have.
fn name_in(value: Option<&Value>) -> Option<String> {
    let name = value?.as_str()?;
    let is_name = (1..=MAX_NAME).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_alphanumeric());
    is_name.then(|| name.to_owned())
}

/// The texts of these fields, or which of them are missing, or else which of them cannot be used.
fn fields<const N: usize>(
    names: [&'static str; N],
    data: &mut Map<String, Value>,
) -> Result<[String; N], AuthenticationError> {
    let missing: Vec<_> = names.into_iter().filter(|name| data.get(*name).is_none_or(Value::is_null)).collect();
    if !missing.is_empty() {
        return Err(AuthenticationError::Missing(missing));
    }
    let is_blank = |name: &&str| data.get(*name).and_then(Value::as_str).is_none_or(|text| text.trim().is_empty());
    let invalid: Vec<_> = names.into_iter().filter(is_blank).collect();
    if !invalid.is_empty() {
        return Err(AuthenticationError::Invalid(invalid));
    }
    Ok(names.map(|name| match data.remove(name) {
        Some(Value::String(text)) => text,
        Some(_) | None => unreachable!("every field was found to be a text"),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DATA: &str = r#"{"url":"https://auth.example/token","grant_type":"client_credentials","client_id":"me","client_secret":"word","scope":"all"}"#;

    fn read(document: &str) -> Result<AuthenticationDocument, AuthenticationError> {
        AuthenticationDocument::read(document.as_bytes())
    }

    fn error(document: &str) -> String {
        read(document).unwrap_err().to_string()
    }

    // contract 13.1j
    #[test]
    fn the_three_forms() {
        let authentication = format!(r#"{{"type":"OAuth2","version":"v1","data":{DATA}}}"#);
        let method = format!(
            r#"{{"id":"webhook","type":2,"value":"https://hook.example/","packaging":{{"pkgType":"plain"}},"authentication":{authentication}}}"#
        );
        let message = format!(r#"{{"@type":"did:sov:1;spec/configs/0.6/UPDATE_COM_METHOD","comMethod":{method}}}"#);
        for (document, url) in [
            (&authentication, None),
            (&method, Some("https://hook.example/")),
            (&message, Some("https://hook.example/")),
        ] {
            let read = read(document).unwrap();
            assert_eq!(read.url.as_ref().map(Confidential::reveal), url);
            let Authentication::ClientCredentials { url, grant_type, client_id, client_secret } = read.authentication
            else {
                panic!("another kind")
            };
            let texts = [url.reveal(), &grant_type, &client_id, client_secret.reveal()];
            assert_eq!(texts, ["https://auth.example/token", "client_credentials", "me", "word"]);
        }
        let fixed = read(r#"{"type":"OAuth2","version":"v2","data":{"token":"t"}}"#).unwrap().authentication;
        assert!(matches!(fixed, Authentication::Token(token) if token.reveal() == "t"));
    }

    // contract 13.1j
    #[test]
    fn mistakes_come_in_veritys_order_with_veritys_texts() {
        for (document, expected) in [
            (r#"{"type":"Basic","version":"v9","data":{}}"#, "authentication type not supported: Basic"),
            (r#"{"type":"oauth2","version":"v1"}"#, "authentication type not supported: oauth2"),
            (r#"{"data":{}}"#, "authentication type not supported"),
            (r#"{"type":"a secret, perhaps","data":{}}"#, "authentication type not supported"),
            (r#"{"type":"OAuth2","version":"v3","data":{}}"#, "authentication version not supported: v3"),
            (r#"{"type":"OAuth2","data":{}}"#, "authentication version not supported"),
            (
                r#"{"type":"OAuth2","version":"v1"}"#,
                "required fields missing: url, grant_type, client_id, client_secret",
            ),
            (
                r#"{"type":"OAuth2","version":"v1","data":{"url":" ","client_id":"me","client_secret":null}}"#,
                "required fields missing: grant_type, client_secret",
            ),
            (
                r#"{"type":"OAuth2","version":"v1","data":{"url":" ","grant_type":"\t","client_id":"me","client_secret":1}}"#,
                "required fields with invalid value: url, grant_type, client_secret",
            ),
            (r#"{"type":"OAuth2","version":"v2","data":{}}"#, "required fields missing: token"),
            (r#"{"type":"OAuth2","version":"v2","data":{"token":" "}}"#, "required fields with invalid value: token"),
            (r#"{"type":"OAuth2","version":"v2","data":{"token":"ä"}}"#, "required fields with invalid value: token"),
            (
                r#"{"type":"OAuth2","version":"v2","data":{"token":"a\nb"}}"#,
                "required fields with invalid value: token",
            ),
        ] {
            assert_eq!(error(document), expected, "{document}");
        }
    }

    // contract 13.1j
    #[test]
    fn what_says_nothing_of_authentication_is_no_permission_to_send_without() {
        for document in [
            "{}",
            "\u{feff}{}",
            r#"{"comMethod":{"type":2,"value":"https://hook.example/"}}"#,
            r#"{"comMethod":{"type":2,"value":"https://hook.example/","authentication":null}}"#,
            r#"{"type":2,"value":"https://hook.example/"}"#,
            r#"{"comMethod":[]}"#,
        ] {
            assert!(error(document).starts_with("expected an authentication object, "), "{document}");
        }
        for document in ["", "[]", "secret", "\u{feff}"] {
            assert_eq!(error(document), "expected a JSON object");
        }
        let other = r#"{"comMethod":{"type":1,"value":"https://hook.example/","authentication":{}}}"#;
        assert_eq!(error(other), "expected 2 (a webhook) for comMethod.type");
    }

    // contract 13.1k
    #[test]
    fn debug_shows_no_secret() {
        let document = read(&format!(r#"{{"type":2,"value":"https://hook.example/key","authentication":{{"type":"OAuth2","version":"v1","data":{DATA}}}}}"#)).unwrap();
        let shown = format!("{document:?}");
        assert!(!["word", "hook.example", "auth.example"].iter().any(|secret| shown.contains(secret)), "{shown}");
    }
}
