//! Inboxes over HTTP (contract 13.4): whatever a client posts with its token becomes a file.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderValue, StatusCode};
use sha2::{Digest, Sha256};
use thiserror::Error;
use tokio::task::spawn_blocking;
use tokio::time::Instant;
use zeroize::Zeroizing;

use super::answer::{Answer, JSON};
use super::caller::Callers;
use super::idempotency::{self, KeyError, Turn, TurnError};
use super::refusal::Refusal;
use super::request_id::RequestId;
use super::route::{Call, Endpoint, Routes, Verb};
use super::upload::UploadError;
use super::{Contract, Service, media_type};
use crate::service::config::Inbox;
use crate::service::guard::guarded_future;
use crate::service::inbox::{self, InboxError, MessageKind};
use crate::service::log::TARGET;
use crate::state::IdempotencyKey;

/// The most bytes of a message.
const MAX_BYTES: usize = 1024 * 1024;
/// How long a key is known, in seconds.
const KNOWN_SECONDS: i64 = 86_400;

/// Adds the paths of inboxes.
#[must_use]
pub fn routes(routes: Routes) -> Routes {
    let inboxes = routes.inboxes().to_vec();
    inboxes.into_iter().fold(routes, |routes, Inbox { name, clients, directory }| {
        let endpoint = Endpoint {
            path: "/inbox/{name}",
            name: Some(name.to_string()),
            verb: Verb::Post,
            contract: Contract::Inbox,
            callers: Callers::Clients(clients.into()),
            any_origin: false,
        };
        routes.with(endpoint, move |service, call| receive(service, name.to_string(), directory.clone(), call))
    })
}

/// Why a message is not taken.
#[derive(Debug, Error)]
pub enum MessageError {
    /// As on every path, or more came than is taken.
    #[error(transparent)]
    Upload(#[from] UploadError),
    /// Nothing came.
    #[error("wrong body: expected at least one byte")]
    Empty,
    /// The key of the request cannot be one.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The key belongs to another message: use a new one.
    #[error("wrong Idempotency-Key: it came before with another body")]
    Different,
    /// The file cannot be written: the log says why.
    #[error("cannot write: see the log of the service")]
    Write,
    /// Its disk is full: try again later.
    #[error("cannot write: no space left on the disk of the inbox")]
    Full,
    /// The state does not know whether the message has come before, or somebody is still writing it: try again.
    #[error("state not available: the Idempotency-Key cannot be checked")]
    State,
}

/// The form of a refusal on the path of an inbox.
#[must_use]
pub fn refuse(refusal: Refusal) -> Answer {
    MessageError::Upload(refusal.into()).into()
}

impl From<MessageError> for Answer {
    fn from(error: MessageError) -> Self {
        let words = error.to_string();
        let (code, header) = match error {
            MessageError::Upload(error) => (error.code(), error.header()),
            MessageError::Empty | MessageError::Key(_) => (StatusCode::BAD_REQUEST, None),
            MessageError::Different => (StatusCode::UNPROCESSABLE_ENTITY, None),
            MessageError::Write => (StatusCode::INTERNAL_SERVER_ERROR, None),
            MessageError::Full => (StatusCode::INSUFFICIENT_STORAGE, None),
            MessageError::State => {
                (StatusCode::SERVICE_UNAVAILABLE, Some((RETRY_AFTER, HeaderValue::from_static("1"))))
            }
        };
        Answer::error(code, header, &words)
    }
}

/// A message as it came, and where it goes.
struct InboxMessage {
    folder: PathBuf,
    id: RequestId,
    kind: MessageKind,
    body: Zeroizing<Vec<u8>>,
}

async fn receive(service: Arc<Service>, name: String, folder: PathBuf, call: Call) -> Answer {
    let deadline = call.upload.deadline();
    let (message, key) = match message(&name, folder, call).await {
        Ok(message) => message,
        Err(error) => return error.into(),
    };
    let (id, writer) = (message.id.clone(), service.clone());
    // It ends also where the caller has gone: whoever sends the same again must not make a second file.
    let accepting = tokio::spawn(guarded_future(async move {
        match key {
            None => write(&writer, message).await,
            Some(key) => write_once(&writer, message, key, deadline).await,
        }
    }));
    match accepting.await {
        Ok(Ok(Ok(()))) => Answer::new(StatusCode::ACCEPTED, JSON, "{\"status\":\"accepted\"}\n"),
        Ok(Ok(Err(error))) => error.into(),
        Ok(Err(panicked)) => {
            service.panicked(&panicked, Some(&id));
            refuse(Refusal::Internal)
        }
        // The service is ending.
        Err(_) => MessageError::State.into(),
    }
}

/// The message, and the key by which its repetitions are known.
async fn message(
    name: &str,
    folder: PathBuf,
    call: Call,
) -> Result<(InboxMessage, Option<IdempotencyKey>), MessageError> {
    let headers = call.head.headers;
    let client = call.client.as_deref().unwrap_or_default();
    let key =
        idempotency::key(&headers)?.map(|key| IdempotencyKey::of(&[b"inbox", name.as_bytes(), client.as_bytes()], key));
    let kind = MessageKind::of(media_type::of(&headers));
    let body = call.upload.read(MAX_BYTES).await?;
    if body.is_empty() {
        return Err(MessageError::Empty);
    }
    Ok((InboxMessage { folder, id: call.id, kind, body }, key))
}

/// Writes a message, away from the threads that answer.
async fn write(service: &Service, message: InboxMessage) -> Result<(), MessageError> {
    let InboxMessage { folder, id, kind, body } = message;
    let request_id = id.clone();
    let written = spawn_blocking(move || inbox::write(&folder, id.as_str(), kind, &body, SystemTime::now()));
    let result = written.await.unwrap_or_else(|_| Err(std::io::Error::from(std::io::ErrorKind::Interrupted).into()));
    result.map_err(|error| {
        let cause = error.to_string();
        tracing::error!(target: TARGET, request_id = request_id.as_str(), cause, "message not taken");
        service.metrics.inbox_errors.inc();
        match error {
            InboxError::Full(_) => MessageError::Full,
            InboxError::Write(_) | InboxError::Clock => MessageError::Write,
        }
    })
}

impl From<TurnError> for MessageError {
    fn from(error: TurnError) -> Self {
        match error {
            TurnError::Different => Self::Different,
            TurnError::Unknown => Self::State,
        }
    }
}

/// Writes a message, unless it has come before.
async fn write_once(
    service: &Arc<Service>,
    message: InboxMessage,
    key: IdempotencyKey,
    deadline: Instant,
) -> Result<(), MessageError> {
    let request = Sha256::digest(&*message.body).into();
    match idempotency::turn(service, key, request, deadline).await? {
        Turn::Over(_) => Ok(()),
        Turn::Ours(reserving) => {
            let written = write(service, message).await;
            match written {
                Ok(()) => reserving.answered(service, Vec::new(), KNOWN_SECONDS).await,
                Err(_) => reserving.released(service).await,
            }
            written
        }
    }
}
