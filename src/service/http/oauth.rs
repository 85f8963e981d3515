//! Tokens for callers (contract 13.3; RFC 6749, sections 2.3.1, 4.4 and 5): client credentials, by form body or HTTP Basic.

use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::{Arc, PoisonError, RwLock};

use axum::http::header::{AUTHORIZATION, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use constant_time_eq::constant_time_eq_32;
use data_encoding::{BASE64, BASE64URL_NOPAD};
use sha2::{Digest, Sha256};
use thiserror::Error;
use zeroize::Zeroizing;

use super::answer::{Answer, JSON};
use super::caller::Callers;
use super::query::decoded;
use super::refusal::Refusal;
use super::route::{Call, Endpoint, Routes, Verb};
use super::upload::UploadError;
use super::{Contract, Service, media_type};
use crate::service::config::Client;
use crate::state::{IssuedToken, TokenHash};
use crate::system;
use crate::verification::MemoryError;

const FORM: &str = "application/x-www-form-urlencoded";
/// The most bytes of a request: what is asked takes some hundred.
const MAX_BYTES: usize = 8 * 1024;
/// How long a token is said to be valid.
const EXPIRES_IN_SECONDS: i64 = 3600;
/// How much longer it is: the clocks of those who use it differ.
const GRACE_SECONDS: i64 = 60;

/// Adds the path of tokens, where anybody may get one.
#[must_use]
pub fn routes(routes: Routes) -> Routes {
    if !routes.has_clients() {
        return routes;
    }
    let endpoint = Endpoint {
        path: "/oauth2/token",
        name: None,
        verb: Verb::Post,
        contract: Contract::OAuth,
        callers: Callers::Anyone,
        any_origin: false,
    };
    routes.with(endpoint, token)
}

/// Why there is no token (RFC 6749, section 5.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum TokenRequestError {
    /// As on every path, or more came than is taken.
    #[error(transparent)]
    Upload(#[from] UploadError),
    /// The request is not one for a token.
    #[error("invalid_request")]
    InvalidRequest,
    /// The client is unknown, or its secret is wrong.
    #[error("invalid_client")]
    InvalidClient {
        /// Whether it came in `Authorization`.
        is_basic: bool,
    },
    /// Another grant than client credentials.
    #[error("unsupported_grant_type")]
    UnsupportedGrantType,
    /// There are no scopes.
    #[error("invalid_scope")]
    InvalidScope,
    /// The state keeps no token now.
    #[error("temporarily_unavailable")]
    Unavailable(MemoryError),
    /// The operating system gave no random bytes.
    #[error("server_error")]
    Entropy,
}

/// The form of a refusal on the path of tokens.
#[must_use]
pub fn refuse(refusal: Refusal) -> Answer {
    TokenRequestError::Upload(refusal.into()).into()
}

impl From<TokenRequestError> for Answer {
    fn from(error: TokenRequestError) -> Self {
        let words = error.to_string();
        let (code, header) = match error {
            TokenRequestError::Upload(error) => (error.code(), error.header()),
            TokenRequestError::InvalidRequest
            | TokenRequestError::UnsupportedGrantType
            | TokenRequestError::InvalidScope => (StatusCode::BAD_REQUEST, None),
            TokenRequestError::InvalidClient { is_basic } => {
                let basic = (WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"totp-adapter\""));
                (StatusCode::UNAUTHORIZED, is_basic.then_some(basic))
            }
            TokenRequestError::Unavailable(_) => {
                (StatusCode::SERVICE_UNAVAILABLE, Some((RETRY_AFTER, HeaderValue::from_static("1"))))
            }
            TokenRequestError::Entropy => (StatusCode::INTERNAL_SERVER_ERROR, None),
        };
        Answer::error(code, header, &words)
    }
}

/// Who may get tokens.
pub struct Clients(RwLock<Vec<Client>>);

impl Clients {
    /// These.
    #[must_use]
    pub const fn new(clients: Vec<Client>) -> Self {
        Self(RwLock::new(clients))
    }

    /// The same with secrets that were read again.
    pub fn renew(&self, clients: Vec<Client>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = clients;
    }

    /// Whether there is any.
    #[must_use]
    pub fn are_there(&self) -> bool {
        !self.0.read().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    /// The id of the client whose request for a token this is.
    ///
    /// # Errors
    ///
    /// [`TokenRequestError`] where it is not one, or not one of theirs.
    pub fn asking(&self, headers: &HeaderMap, body: &[u8]) -> Result<String, TokenRequestError> {
        let form = TokenForm::read(headers, body)?;
        let client = self.client(headers, &form)?;
        match form.grant_type.as_deref() {
            Some(b"client_credentials") => {}
            Some(_) => return Err(TokenRequestError::UnsupportedGrantType),
            None => return Err(TokenRequestError::InvalidRequest),
        }
        if form.scope.is_some() { Err(TokenRequestError::InvalidScope) } else { Ok(client) }
    }

    /// The id of the client that asks (RFC 6749, section 2.3.1).
    fn client(&self, headers: &HeaderMap, form: &TokenForm<'_>) -> Result<String, TokenRequestError> {
        let mut values = headers.get_all(AUTHORIZATION).iter();
        let Some(value) = values.next() else {
            let wrong = TokenRequestError::InvalidClient { is_basic: false };
            let (Some(id), Some(secret)) = (&form.client_id, &form.client_secret) else { return Err(wrong) };
            return self.authenticated(id, secret).ok_or(wrong);
        };
        if values.next().is_some() || form.client_secret.is_some() {
            return Err(TokenRequestError::InvalidRequest);
        }
        let wrong = TokenRequestError::InvalidClient { is_basic: true };
        let credentials = basic(value).ok_or(wrong)?;
        let (id, secret) = split(&credentials).ok_or(wrong)?;
        // RFC 6749 encodes both as forms do before RFC 7617 joins them; many clients do not.
        let as_they_come = self.authenticated(id, secret);
        let as_forms = match (decoded_bytes(id), decoded_bytes(secret)) {
            (Some(id), Some(secret)) => self.authenticated(&id, &secret),
            (Some(_) | None, Some(_) | None) => None,
        };
        let client = as_they_come.or(as_forms).ok_or(wrong)?;
        match &form.client_id {
            Some(other) if **other != *client.as_bytes() => Err(TokenRequestError::InvalidRequest),
            Some(_) | None => Ok(client),
        }
    }

    /// The id of the client with these credentials.
    fn authenticated(&self, id: &[u8], secret: &[u8]) -> Option<String> {
        let clients = self.0.read().unwrap_or_else(PoisonError::into_inner);
        authenticated(&clients, id, secret, constant_time_eq_32)
    }
}

/// The id of the client with these credentials, by a comparison of hashes. Every client takes the same work, known or not.
fn authenticated(
    clients: &[Client],
    id: &[u8],
    secret: &[u8],
    equal: impl Fn(&[u8; 32], &[u8; 32]) -> bool,
) -> Option<String> {
    let hash: [u8; 32] = Sha256::digest(secret).into();
    let mut found = None;
    for client in clients {
        let is_right = equal(&client.secret_sha256, &hash);
        if client.id.as_bytes() == id && is_right {
            found = Some(client.id.clone());
        }
    }
    found
}

async fn token(service: Arc<Service>, call: Call) -> Answer {
    match issue(&service, call).await {
        Ok(answer) => {
            service.metrics.tokens_issued.inc();
            answer
        }
        Err(error) => {
            service.metrics.tokens_refused.inc();
            if let TokenRequestError::Unavailable(error) = error {
                service.state_failed(error);
            }
            error.into()
        }
    }
}

async fn issue(service: &Service, call: Call) -> Result<Answer, TokenRequestError> {
    let headers = call.head.headers;
    let body = call.upload.read(MAX_BYTES).await?;
    let client = service.clients.asking(&headers, &body)?;
    let mut bytes = Zeroizing::new([0; 32]);
    getrandom::fill(&mut *bytes).map_err(|_| TokenRequestError::Entropy)?;
    let token = Zeroizing::new(BASE64URL_NOPAD.encode(&*bytes));
    let issued = system::seconds().ok_or(TokenRequestError::Entropy)?;
    let kept = IssuedToken {
        hash: TokenHash::of(token.as_bytes()),
        client,
        issued,
        expires: issued + EXPIRES_IN_SECONDS + GRACE_SECONDS,
    };
    service.store.issue(kept).await.map_err(TokenRequestError::Unavailable)?;
    let body = format!(
        "{{\"access_token\":\"{}\",\"token_type\":\"Bearer\",\"expires_in\":{EXPIRES_IN_SECONDS}}}",
        token.as_str()
    );
    Ok(Answer::new(StatusCode::OK, JSON, body))
}

/// The credentials of HTTP Basic (RFC 7617, section 2).
pub(super) fn basic(value: &HeaderValue) -> Option<Zeroizing<Vec<u8>>> {
    let (scheme, token) = value.as_bytes().split_at_checked(6)?;
    if !scheme.eq_ignore_ascii_case(b"Basic ") {
        return None;
    }
    BASE64.decode(token.trim_ascii()).ok().map(Zeroizing::new)
}

pub(super) fn split(credentials: &[u8]) -> Option<(&[u8], &[u8])> {
    let colon = credentials.iter().position(|byte| *byte == b':')?;
    Some((&credentials[..colon], &credentials[colon + 1..]))
}

fn decoded_bytes(bytes: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let text = std::str::from_utf8(bytes).ok()?;
    decoded(text).ok().map(|bytes| Zeroizing::new(bytes.into_owned()))
}

/// What a request for a token says; an empty value counts as absent (RFC 6749, section 3.2).
#[derive(Default)]
struct TokenForm<'a> {
    grant_type: Option<Cow<'a, [u8]>>,
    client_id: Option<Cow<'a, [u8]>>,
    client_secret: Option<Cow<'a, [u8]>>,
    scope: Option<Cow<'a, [u8]>>,
}

impl<'a> TokenForm<'a> {
    /// Reads a form. Other names are ignored; each name comes once at most (RFC 6749, section 3.2).
    fn read(headers: &HeaderMap, body: &'a [u8]) -> Result<Self, TokenRequestError> {
        if !media_type::is(headers, FORM) {
            return Err(TokenRequestError::InvalidRequest);
        }
        let text = std::str::from_utf8(body).map_err(|_| TokenRequestError::InvalidRequest)?;
        let mut form = Self::default();
        let mut names = HashSet::new();
        for pair in text.split('&') {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let name = decoded(name).map_err(|_| TokenRequestError::InvalidRequest)?;
            let value = decoded(value).map_err(|_| TokenRequestError::InvalidRequest)?;
            if value.is_empty() {
                continue;
            }
            match &*name {
                b"grant_type" => form.grant_type = Some(value),
                b"client_id" => form.client_id = Some(value),
                b"client_secret" => form.client_secret = Some(value),
                b"scope" => form.scope = Some(value),
                _ => {}
            }
            if !names.insert(name) {
                return Err(TokenRequestError::InvalidRequest);
            }
        }
        Ok(form)
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    fn client(id: &str, secret: &[u8]) -> Client {
        Client { id: id.to_owned(), secret_sha256: Sha256::digest(secret).into(), secret_file: None }
    }

    // contract 13.3e: whoever asks, the hashes of all clients are compared, and no secret as it came.
    #[test]
    fn every_client_takes_the_same_work() {
        let clients = ["first", "second", "third"].map(|id| client(id, id.as_bytes()));
        let all: Vec<[u8; 32]> = clients.iter().map(|client| client.secret_sha256).collect();
        for (id, secret, known) in [
            ("first", "first", true),
            ("third", "third", true),
            ("first", "third", false),
            ("second", "", false),
            ("nobody", "first", false),
            ("", "", false),
        ] {
            let compared = RefCell::new(Vec::new());
            let equal = |kept: &[u8; 32], offered: &[u8; 32]| {
                assert_eq!(offered[..], Sha256::digest(secret.as_bytes())[..]);
                compared.borrow_mut().push(*kept);
                kept == offered
            };
            let found = authenticated(&clients, id.as_bytes(), secret.as_bytes(), equal);
            assert_eq!(found.as_deref(), known.then_some(id), "{id} {secret}");
            assert_eq!(compared.into_inner(), all, "{id} {secret}");
        }
    }
}
