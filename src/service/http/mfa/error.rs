//! Why a request for or about a code is not carried out, and how the API says so (contract 14.1).

use axum::http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use serde::Serialize;
use thiserror::Error;

use super::parameters::ParameterError;
use crate::service::http::answer::{Answer, JSON, json_fault};
use crate::service::http::idempotency::{KeyError, TurnError};
use crate::service::http::refusal::Refusal;
use crate::service::http::upload::UploadError;

/// Why a request is not carried out.
#[derive(Debug, Error)]
pub enum MfaError {
    /// As on every path, or more came than is taken.
    #[error(transparent)]
    Upload(#[from] UploadError),
    /// Neither the project nor its token, or the wrong ones: send them by HTTP Basic.
    #[error("Unauthorized")]
    Unauthorized,
    /// The key of the request cannot be one.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The body is neither JSON nor a form.
    #[error("Unsupported Media Type")]
    MediaType,
    /// What is asked for cannot be done: correct all of it.
    #[error("Unprocessable Entity")]
    Parameters(Vec<ParameterError>),
    /// There is no such request, or not any more.
    #[error("Not Found")]
    Gone,
    /// Too much for this destination: wait.
    #[error("Too Many Requests")]
    Limited {
        /// For how long.
        seconds: u64,
    },
    /// The message did not leave: the log says why.
    #[error("Bad Gateway")]
    Delivery,
    /// The state does not answer, or somebody is still carrying the same request out: try again.
    #[error("Service Unavailable")]
    State,
    /// The system has no random bytes, or no clock.
    #[error("Internal Server Error")]
    System,
}

impl From<TurnError> for MfaError {
    fn from(error: TurnError) -> Self {
        match error {
            TurnError::Different => {
                let words = "Idempotency-Key must come with the parameters that it came with before";
                Self::Parameters(vec![ParameterError(words.to_owned())])
            }
            TurnError::Unknown => Self::State,
        }
    }
}

/// One element of a refusal with 422, as the API has it.
#[derive(Serialize)]
struct JsonError<'a> {
    detail: &'a str,
    status: &'static str,
    title: &'static str,
    code: &'static str,
}

#[derive(Serialize)]
struct Errors<'a> {
    errors: Vec<JsonError<'a>>,
}

/// The form of a refusal on the paths of codes.
#[must_use]
pub fn refuse(refusal: Refusal) -> Answer {
    MfaError::Upload(refusal.into()).into()
}

impl From<MfaError> for Answer {
    fn from(error: MfaError) -> Self {
        let words = error.to_string();
        let retry = |seconds: u64| Some((RETRY_AFTER, HeaderValue::from(seconds)));
        let (code, header) = match &error {
            MfaError::Upload(error) => (error.code(), error.header()),
            MfaError::Unauthorized => {
                let basic = HeaderValue::from_static("Basic realm=\"totp-adapter\"");
                (StatusCode::UNAUTHORIZED, Some((WWW_AUTHENTICATE, basic)))
            }
            MfaError::MediaType => (StatusCode::UNSUPPORTED_MEDIA_TYPE, None),
            MfaError::Key(_) => (StatusCode::BAD_REQUEST, None),
            MfaError::Parameters(_) => (StatusCode::UNPROCESSABLE_ENTITY, None),
            MfaError::Gone => (StatusCode::NOT_FOUND, None),
            MfaError::Limited { seconds } => (StatusCode::TOO_MANY_REQUESTS, retry(*seconds)),
            MfaError::Delivery => (StatusCode::BAD_GATEWAY, None),
            MfaError::State => (StatusCode::SERVICE_UNAVAILABLE, retry(1)),
            MfaError::System => (StatusCode::INTERNAL_SERVER_ERROR, None),
        };
        let body = match &error {
            MfaError::Parameters(mistakes) => errors(mistakes),
            // The words of a refusal are ours; this API has those of HTTP.
            MfaError::Upload(_) | MfaError::Key(_) => {
                json_fault(code.canonical_reason().unwrap_or("Error")).into_bytes()
            }
            MfaError::Unauthorized
            | MfaError::MediaType
            | MfaError::Gone
            | MfaError::Limited { .. }
            | MfaError::Delivery
            | MfaError::State
            | MfaError::System => json_fault(&words).into_bytes(),
        };
        Answer::new(code, JSON, body).with_header(header).with_cause(&words)
    }
}

fn errors(mistakes: &[ParameterError]) -> Vec<u8> {
    let errors = mistakes
        .iter()
        .map(|ParameterError(detail)| JsonError { detail, status: "422", title: "Invalid Attribute", code: "422" })
        .collect();
    serde_json::to_vec(&Errors { errors }).expect("texts are written as JSON")
}
