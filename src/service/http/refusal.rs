//! Why a request is refused before the contract of its path is asked (contract 10.7). Each contract puts it into a form of
//! its own.

use std::time::Duration;

use axum::http::header::{ALLOW, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use thiserror::Error;

/// Why a request is refused, whatever its path. The message quotes nothing that came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Refusal {
    /// Nothing is served there: correct the path.
    #[error("unknown path: this service does not serve it")]
    Path,
    /// The path takes other methods: use one of them.
    #[error("wrong method: expected {allowed}")]
    Method {
        /// Those that it takes, as in `Allow`.
        allowed: &'static str,
    },
    /// The request was meant for another: call the service by its address or by a name of `host_names`.
    #[error("wrong host: expected the address of the service or one of host_names in Host")]
    Host,
    /// A web page of another site asks through a browser.
    #[error("cross-site request: a page of another site made it")]
    CrossSite,
    /// No token came: send one.
    #[error("no token: expected one in Authorization: Bearer")]
    NoToken,
    /// The token is not valid, or not any more: get another.
    #[error("wrong token: it is not valid")]
    Token,
    /// The token is of a client that may not call this path.
    #[error("wrong client: the client of the token may not use this path")]
    Client,
    /// The state does not say whose token it is: try again.
    #[error("state not available: the token cannot be checked")]
    State,
    /// The request did not end in time: send it faster.
    #[error("timed out: the request did not end within {} s", .0.as_secs())]
    Time(Duration),
    /// The head is not one of HTTP/1.1 or 1.0: send one.
    #[error("not a request: expected HTTP/1.1")]
    Head,
    /// The target of the request is too long: shorten it.
    #[error("too long: the path and query are over the limit")]
    TargetLength,
    /// The head has too many bytes or headers: send less.
    #[error("too large: the headers are over the limit")]
    HeadSize,
    /// The body broke off, or is not framed as HTTP/1.1 demands: send it whole.
    #[error("incomplete: the body broke off")]
    Incomplete,
    /// The body is encoded: send it as it is.
    #[error("wrong encoding: expected no Content-Encoding but identity")]
    Encoding,
    /// The service failed: report it.
    #[error("internal error: please report it with its time")]
    Internal,
}

impl Refusal {
    /// The HTTP status.
    #[must_use]
    pub fn code(self) -> StatusCode {
        match self {
            Self::Path => StatusCode::NOT_FOUND,
            Self::Method { .. } => StatusCode::METHOD_NOT_ALLOWED,
            Self::Host => StatusCode::MISDIRECTED_REQUEST,
            Self::CrossSite | Self::Client => StatusCode::FORBIDDEN,
            Self::NoToken | Self::Token => StatusCode::UNAUTHORIZED,
            Self::State => StatusCode::SERVICE_UNAVAILABLE,
            Self::Time(_) => StatusCode::REQUEST_TIMEOUT,
            Self::Head | Self::Incomplete => StatusCode::BAD_REQUEST,
            Self::TargetLength => StatusCode::URI_TOO_LONG,
            Self::HeadSize => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            Self::Encoding => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// The header that belongs to it (RFC 9110, sections 10.2.1 and 11.6.1; RFC 6750, section 3).
    #[must_use]
    pub fn header(self) -> Option<(HeaderName, HeaderValue)> {
        let authenticate = |value| Some((WWW_AUTHENTICATE, HeaderValue::from_static(value)));
        match self {
            Self::Method { allowed } => Some((ALLOW, HeaderValue::from_static(allowed))),
            Self::NoToken => authenticate("Bearer"),
            Self::Token => authenticate("Bearer error=\"invalid_token\""),
            Self::Client => authenticate("Bearer error=\"insufficient_scope\""),
            Self::State => Some((RETRY_AFTER, HeaderValue::from_static("1"))),
            Self::Path
            | Self::Host
            | Self::CrossSite
            | Self::Time(_)
            | Self::Head
            | Self::TargetLength
            | Self::HeadSize
            | Self::Incomplete
            | Self::Encoding
            | Self::Internal => None,
        }
    }
}
