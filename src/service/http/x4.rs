//! The operations over HTTP (contract 11.1, 11.2): the document is the body, the answer is the process's to the byte.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::thread;

use axum::body::Bytes;
use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use thiserror::Error;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;
use tokio::time::{Instant, timeout_at};
use zeroize::Zeroizing;

use super::answer::Answer;
use super::caller::Callers;
use super::query::{self, QueryError};
use super::refusal::Refusal;
use super::route::{Call, Endpoint, Routes, Verb};
use super::upload::UploadError;
use super::{Contract, Service, verification};
use crate::adapter::Adapter;
use crate::error::Error;
use crate::operation::{Input, Operation, Parameters};
use crate::otp::{Label, Period, UnixTime};
use crate::picture::{MAX_PICTURE_BYTES, PictureError};
use crate::reply::{Body, Cause, Reply};
use crate::service::guard::guarded;
use crate::status::Status;
use crate::symbol_format::SymbolFormat;
use crate::system;
use crate::xml::ReadError;

/// The Unix second at which the step of a password ends.
const X4_VALID_UNTIL: HeaderName = HeaderName::from_static("x4-valid-until");
const XML: &str = "application/xml; charset=utf-8";

/// Why an operation is not even asked.
#[derive(Debug, Error)]
pub enum X4Error {
    /// As on every path.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The query cannot be followed: correct it.
    #[error(transparent)]
    Query(#[from] QueryError),
    /// The operation would say the same.
    #[error(transparent)]
    Error(#[from] Error),
}

/// A path that answers as X4's adapter does.
pub(super) const fn endpoint(path: &'static str, callers: Callers) -> Endpoint {
    Endpoint { path, name: None, verb: Verb::Post, contract: Contract::X4, callers, any_origin: false }
}

/// Adds the paths of the operations.
#[must_use]
pub fn routes(routes: Routes) -> Routes {
    let Some(callers) = routes.callers_of_operations() else { return routes };
    let operations = PATHS.into_iter().fold(routes, |routes, (operation, path)| {
        routes.with(endpoint(path, callers.clone()), move |service, call| operate(operation, service, call))
    });
    operations.with(endpoint("/read-qr", callers), read_qr)
}

/// Where the operations are served.
const PATHS: [(Operation, &str); Operation::OF_X4.len()] = [
    (Operation::GenerateSecret, "/x4/GenerateSecret"),
    (Operation::GeneratePassword, "/x4/GeneratePassword"),
    (Operation::VerifyPassword, "/x4/VerifyPassword"),
    (Operation::GenerateAuthenticatorQRCode, "/x4/GenerateAuthenticatorQRCode"),
];

async fn operate(operation: Operation, service: Arc<Service>, call: Call) -> Answer {
    let deadline = call.upload.deadline();
    let (parameters, format, document) = match input(operation, &service, call).await {
        Ok(input) => input,
        Err(error) => return error.into(),
    };
    let time = system::time();
    let examination = with_adapter(time, |adapter| adapter.examine(operation, &parameters, &document));
    let is_password = operation == Operation::GeneratePassword;
    let valid_until = time.filter(|_| is_password).map(|time| valid_until(time, parameters.code.period));
    of_reply(verification::settle(&service, examination, None, deadline).await, format).with_success_header(valid_until)
}

/// What the operation works on: the query, then the body where it takes one.
async fn input(
    operation: Operation,
    service: &Service,
    call: Call,
) -> Result<(Parameters, SymbolFormat, Zeroizing<Vec<u8>>), X4Error> {
    let (parameters, format) = query::of_operation(call.head.uri.query(), service.skew)?;
    if operation == Operation::GenerateAuthenticatorQRCode {
        // A wrong parameter is reported before the body is read; the operation would report it only then.
        Label::new(parameters.issuer.as_deref(), parameters.account.as_deref()).map_err(Error::from)?;
    }
    let document = match operation.input() {
        Some(input) => call.upload.read(input.max_bytes()).await.map_err(|error| X4Error::of_upload(error, input))?,
        None => Zeroizing::default(),
    };
    Ok((parameters, format, document))
}

/// The only place of the service that makes an [`Adapter`]: with the machine's entropy and its patience.
pub fn with_adapter<T>(time: Option<UnixTime>, act: impl FnOnce(&mut Adapter<'_>) -> T) -> T {
    act(&mut Adapter::new(time, &mut system::entropy).with_patience(&system::patience()))
}

/// The end of the step of a password.
pub fn valid_until(now: UnixTime, period: Period) -> (HeaderName, HeaderValue) {
    (X4_VALID_UNTIL, now.0.saturating_add(period.rest(now)).into())
}

/// How many pictures are worked on at once, and how much of them is in memory.
pub struct Pictures {
    turns: Arc<Semaphore>,
    kibibytes: Arc<Semaphore>,
}

impl Pictures {
    /// What all pictures that are being received or read may take together.
    const KIBIBYTES: usize = 256 * 1024;

    /// As many turns as processors, but for one that answers the other requests.
    #[must_use]
    pub fn new() -> Self {
        let processors = thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let turns = Arc::new(Semaphore::new(processors.saturating_sub(1).max(1)));
        Self { turns, kibibytes: Arc::new(Semaphore::new(Self::KIBIBYTES)) }
    }
}

impl Default for Pictures {
    fn default() -> Self {
        Self::new()
    }
}

async fn read_qr(service: Arc<Service>, call: Call) -> Answer {
    match picture_reply(&service, call).await {
        Ok(reply) => of_reply(reply, SymbolFormat::default()),
        Err(error) => Answer::from(error),
    }
}

/// Reads a picture, which takes a processor for up to a second, away from the threads that answer.
async fn picture_reply(service: &Service, call: Call) -> Result<Reply, X4Error> {
    let parameters = query::of_read_qr(call.head.uri.query())?;
    let of_upload = |error| X4Error::of_upload(error, Input::Picture);
    let most = call.upload.announced(MAX_PICTURE_BYTES).map_err(of_upload)?;
    let deadline = call.upload.deadline();
    let kibibytes = u32::try_from(most / 1024 + 1).expect("the size of a picture is limited");
    let late = Refusal::Time(service.request_limit);
    let memory = permits(&service.pictures.kibibytes, kibibytes, deadline).await.ok_or(late)?;
    let picture = call.upload.read(MAX_PICTURE_BYTES).await.map_err(of_upload)?;
    let turn = permits(&service.pictures.turns, 1, deadline).await.ok_or(late)?;
    let read = spawn_blocking(move || {
        let respond = |adapter: &mut Adapter<'_>| adapter.respond(Operation::ReadQr, &parameters, &picture);
        let reply = guarded(|| with_adapter(system::time(), respond));
        // Not before: a caller that hangs up ends neither the work nor what it takes.
        drop((picture, memory, turn));
        reply
    });
    match read.await {
        Ok(Ok(reply)) => Ok(reply),
        Ok(Err(panicked)) => {
            service.panicked(&panicked, None);
            Err(Refusal::Internal.into())
        }
        Err(_) => Err(Refusal::Internal.into()),
    }
}

/// Permits, if they come before the deadline.
async fn permits(
    semaphore: &Arc<Semaphore>,
    count: u32,
    deadline: Instant,
) -> Option<tokio::sync::OwnedSemaphorePermit> {
    timeout_at(deadline, semaphore.clone().acquire_many_owned(count)).await.ok()?.ok()
}

/// The form of a refusal on the paths of the operations.
#[must_use]
pub fn refuse(refusal: Refusal) -> Answer {
    X4Error::Refused(refusal).into()
}

impl X4Error {
    /// A document that is too large is reported as the operation reports it, also where it would be a mismatch: it was not looked
    /// at.
    pub fn of_upload(error: UploadError, input: Input) -> Self {
        match (error, input) {
            (UploadError::TooLarge { .. }, Input::Document(_)) => {
                Self::Error(ReadError::TooLarge { limit: input.max_bytes() }.into())
            }
            (UploadError::TooLarge { .. }, Input::Picture) => Self::Error(PictureError::TooManyBytes.into()),
            (UploadError::Refused(refusal), Input::Document(_) | Input::Picture) => Self::Refused(refusal),
        }
    }
}

impl From<X4Error> for Answer {
    fn from(error: X4Error) -> Self {
        match error {
            X4Error::Refused(Refusal::Path) => {
                let words = format!("unknown operation: expected {}, where operations are served", Operation::EXPECTED);
                with_code(StatusCode::NOT_FOUND, Reply::error(&words), SymbolFormat::default())
            }
            X4Error::Refused(refusal) => {
                let reply = Reply::error(&refusal.to_string());
                with_code(refusal.code(), reply, SymbolFormat::default()).with_header(refusal.header())
            }
            X4Error::Query(error) => {
                with_code(StatusCode::BAD_REQUEST, Reply::error(&error.to_string()), SymbolFormat::default())
            }
            X4Error::Error(error) => of_reply(Reply::of(Err(error)), SymbolFormat::default()),
        }
    }
}

/// The answer with a reply, by the table of contract 11.1.
pub fn of_reply(reply: Reply, format: SymbolFormat) -> Answer {
    let code = match (reply.status, &reply.cause) {
        (Status::Success, _) => StatusCode::OK,
        (Status::Mismatch, _) => StatusCode::FORBIDDEN,
        (Status::Error, Some(Cause::Error(error))) => code_of(error),
        // Nothing that an adapter replies.
        (Status::Error, Some(Cause::Mismatch(_) | Cause::Words(_)) | None) => StatusCode::INTERNAL_SERVER_ERROR,
    };
    let retry_after = retry_after(&reply);
    with_code(code, reply, format).with_header(retry_after)
}

/// How long to wait before the same is asked again, in seconds (RFC 9110, section 10.2.3).
fn retry_after(reply: &Reply) -> Option<(HeaderName, HeaderValue)> {
    /// What a state that does not answer may need; nobody knows.
    const SECONDS: u64 = 1;
    match &reply.cause {
        Some(Cause::Error(Error::Throttled { seconds })) => Some((RETRY_AFTER, (*seconds).into())),
        Some(Cause::Error(Error::Memory(_))) => Some((RETRY_AFTER, SECONDS.into())),
        Some(Cause::Error(_) | Cause::Mismatch(_) | Cause::Words(_)) | None => None,
    }
}

pub fn with_code(code: StatusCode, reply: Reply, format: SymbolFormat) -> Answer {
    let Reply { status, body, cause } = reply;
    let (content_type, bytes) = match body {
        Body::Constant(document) => (XML, Bytes::from_static(document)),
        Body::Xml(document) => (XML, Bytes::from_owner(document)),
        Body::Symbol(_) => (drawing_type(format), Bytes::from_owner(body.drawn_as(format))),
    };
    let answer = Answer { status: Some(status), ..Answer::new(code, content_type, bytes) };
    match cause {
        Some(cause) => answer.with_cause(&cause.to_string()),
        None => answer,
    }
}

const fn drawing_type(format: SymbolFormat) -> &'static str {
    match format {
        SymbolFormat::Png => "image/png",
        SymbolFormat::Svg => "image/svg+xml",
        SymbolFormat::Terminal => "text/plain; charset=utf-8",
    }
}

/// The HTTP status of an operation that could not be executed.
fn code_of(error: &Error) -> StatusCode {
    match error {
        Error::Label(_) | Error::Symbol(_) => StatusCode::BAD_REQUEST,
        Error::Document(ReadError::TooLarge { .. }) | Error::Picture(PictureError::TooManyBytes) => {
            StatusCode::PAYLOAD_TOO_LARGE
        }
        Error::Document(_)
        | Error::Secret { .. }
        | Error::Picture(_)
        | Error::NoKeyUri { .. }
        | Error::SeveralKeyUris { .. }
        | Error::KeyUri(_)
        | Error::Input
        | Error::Character(_) => StatusCode::UNPROCESSABLE_ENTITY,
        Error::Clock | Error::Entropy => StatusCode::INTERNAL_SERVER_ERROR,
        Error::Throttled { .. } | Error::Locked => StatusCode::TOO_MANY_REQUESTS,
        Error::Memory(_) => StatusCode::SERVICE_UNAVAILABLE,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // contract 11.1e
    #[test]
    fn a_password_is_valid_until_the_end_of_its_step() {
        let until = |now, period: u32| {
            valid_until(UnixTime(now), period.to_string().parse().unwrap()).1.to_str().unwrap().to_owned()
        };
        assert_eq!(until(1_111_111_109, 30), "1111111110");
        assert_eq!(until(1_111_111_110, 30), "1111111140");
        assert_eq!(until(0, 1), "1");
        assert_eq!(until(u64::MAX, u32::MAX), u64::MAX.to_string());
    }
}
