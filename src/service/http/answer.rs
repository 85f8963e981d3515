//! An answer before it is HTTP: one form for all contracts, so that what belongs to every answer is added in one place.

use std::borrow::Cow;

use axum::body::{Body, Bytes};
use axum::http::header::{CACHE_CONTROL, CONNECTION, CONTENT_TYPE};
use axum::http::{HeaderName, HeaderValue, Response, StatusCode};

use super::request_id::RequestId;
use crate::status::Status;

/// The header with the status of the operation (contract 11.1).
const X4_STATUS: HeaderName = HeaderName::from_static("x4-status");

/// The type of every document in JSON.
pub const JSON: &str = "application/json";

/// What goes back, and what of it goes into the log. It is not `Debug`: its body may be a secret.
pub struct Answer {
    /// The HTTP status.
    pub code: StatusCode,
    /// The type of the body.
    pub content_type: &'static str,
    pub body: Bytes,
    /// Further headers.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// The status of the operation, where the contract of the path has one.
    pub status: Option<Status>,
    /// The account that was asked for, once it is known to be one; for the log.
    pub account: Option<String>,
    /// The kind of what went wrong, for the log.
    pub cause: Option<Cow<'static, str>>,
}

impl Answer {
    /// An answer without a status of an operation.
    #[must_use]
    pub fn new(code: StatusCode, content_type: &'static str, body: impl Into<Bytes>) -> Self {
        Self { code, content_type, body: body.into(), headers: Vec::new(), status: None, account: None, cause: None }
    }

    /// An error in JSON, whose words are its cause, too.
    #[must_use]
    pub fn error(code: StatusCode, header: Option<(HeaderName, HeaderValue)>, words: &str) -> Self {
        Self::new(code, JSON, json_fault(words)).with_header(header).with_cause(words)
    }

    /// The same with a cause: its kind is what stands before the colon.
    #[must_use]
    pub fn with_cause(self, cause: &str) -> Self {
        let kind = cause.split_once(':').map_or(cause, |(kind, _)| kind);
        Self { cause: Some(Cow::Owned(kind.to_owned())), ..self }
    }

    /// The same with a header, if there is one.
    #[must_use]
    pub fn with_header(mut self, header: Option<(HeaderName, HeaderValue)>) -> Self {
        self.headers.extend(header);
        self
    }

    /// The same with a header of answers with status 1.
    #[must_use]
    pub fn with_success_header(self, header: Option<(HeaderName, HeaderValue)>) -> Self {
        let is_success = self.status == Some(Status::Success);
        self.with_header(header.filter(|_| is_success))
    }

    /// The answer as HTTP. `is_last` says that the connection ends with it.
    #[must_use]
    pub fn into_response(self, id: &RequestId, may_be_stored: bool, is_last: bool) -> Response<Body> {
        // A response without a body of its own length would be sent in chunks.
        let mut response = Response::new(Body::from(self.body));
        *response.status_mut() = self.code;
        let headers = response.headers_mut();
        headers.reserve(8);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(self.content_type));
        headers.insert(RequestId::HEADER, id.value().clone());
        if let Some(status) = self.status {
            headers.insert(X4_STATUS, HeaderValue::from_static(status.text()));
        }
        if !may_be_stored {
            headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        }
        if is_last {
            headers.insert(CONNECTION, HeaderValue::from_static("close"));
        }
        headers.extend(self.headers.into_iter().map(|(name, value)| (Some(name), value)));
        response
    }
}

/// An error in JSON, `{"error":"…"}`, in words of ours, which have nothing to escape.
pub fn json_fault(words: &str) -> String {
    debug_assert!(!words.contains(['"', '\\']) && !words.contains(char::is_control), "words with nothing to escape");
    format!("{{\"error\":\"{words}\"}}")
}
