//! Why a request for or about a code is not carried out, and how the API says so (contract 14.1).

use axum::http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use serde::Serialize;
use thiserror::Error;

use super::parameters::Mistake;
use crate::service::http::answer::{Answer, JSON, json_fault};
use crate::service::http::idempotency::{KeyError, TurnError};
use crate::service::http::refusal::Refusal;
use crate::service::http::upload::UploadError;

/// Why a request is not carried out.
#[derive(Debug, Error)]
pub enum Fault {
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
    Mistakes(Vec<Mistake>),
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

impl From<TurnError> for Fault {
    fn from(error: TurnError) -> Self {
        match error {
            TurnError::Different => {
                let words = "Idempotency-Key must come with the parameters that it came with before";
                Self::Mistakes(vec![Mistake(words.to_owned())])
            }
            TurnError::Unknown => Self::State,
        }
    }
}

/// One element of a refusal with 422, as the API has it.
#[derive(Serialize)]
struct Wrong<'a> {
    detail: &'a str,
    status: &'static str,
    title: &'static str,
    code: &'static str,
}

#[derive(Serialize)]
struct Errors<'a> {
    errors: Vec<Wrong<'a>>,
}

/// The form of a refusal on the paths of codes.
#[must_use]
pub fn refuse(refusal: Refusal) -> Answer {
    Fault::Upload(refusal.into()).into()
}

impl From<Fault> for Answer {
    fn from(fault: Fault) -> Self {
        let words = fault.to_string();
        let retry = |seconds: u64| Some((RETRY_AFTER, HeaderValue::from(seconds)));
        let (code, header) = match &fault {
            Fault::Upload(error) => (error.code(), error.header()),
            Fault::Unauthorized => {
                let basic = HeaderValue::from_static("Basic realm=\"totp-adapter\"");
                (StatusCode::UNAUTHORIZED, Some((WWW_AUTHENTICATE, basic)))
            }
            Fault::MediaType => (StatusCode::UNSUPPORTED_MEDIA_TYPE, None),
            Fault::Key(_) => (StatusCode::BAD_REQUEST, None),
            Fault::Mistakes(_) => (StatusCode::UNPROCESSABLE_ENTITY, None),
            Fault::Gone => (StatusCode::NOT_FOUND, None),
            Fault::Limited { seconds } => (StatusCode::TOO_MANY_REQUESTS, retry(*seconds)),
            Fault::Delivery => (StatusCode::BAD_GATEWAY, None),
            Fault::State => (StatusCode::SERVICE_UNAVAILABLE, retry(1)),
            Fault::System => (StatusCode::INTERNAL_SERVER_ERROR, None),
        };
        let body = match &fault {
            Fault::Mistakes(mistakes) => errors(mistakes),
            // The words of a refusal are ours; this API has those of HTTP.
            Fault::Upload(_) | Fault::Key(_) => json_fault(code.canonical_reason().unwrap_or("Error")).into_bytes(),
            Fault::Unauthorized
            | Fault::MediaType
            | Fault::Gone
            | Fault::Limited { .. }
            | Fault::Delivery
            | Fault::State
            | Fault::System => json_fault(&words).into_bytes(),
        };
        Answer::new(code, JSON, body).with_header(header).with_cause(&words)
    }
}

fn errors(mistakes: &[Mistake]) -> Vec<u8> {
    let errors = mistakes
        .iter()
        .map(|Mistake(detail)| Wrong { detail, status: "422", title: "Invalid Attribute", code: "422" })
        .collect();
    serde_json::to_vec(&Errors { errors }).expect("texts are written as JSON")
}
