//! Requests that a client may send again without effect (draft-ietf-httpapi-idempotency-key-header): the key in their head, and whose
//! turn it is to carry them out. It does not know what they ask for.

use std::sync::Arc;
use std::time::Duration;

use axum::http::{HeaderMap, HeaderName};
use thiserror::Error;
use tokio::time::{Instant, sleep, timeout_at};

use super::Service;
use crate::service::guard::guarded_future;
use crate::state::{IdempotencyKey, Reservation, Reserved};
use crate::system;

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const MAX_BYTES: usize = 255;
/// How long nobody else carries out what somebody has begun, in seconds: longer than it can take.
const RESERVED_SECONDS: i64 = 60;
/// How long we try to keep what was answered. The key is still ours then, also where the last try takes as long as a database may.
const KEPT_WITHIN: Duration = Duration::from_secs(45);
/// How long we wait between two of these tries.
const KEEP_AGAIN: Duration = Duration::from_millis(500);
/// How often we look whether somebody else has carried it out.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// The key cannot be one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("wrong Idempotency-Key: expected one of 1 to 255 visible ASCII characters")]
pub struct KeyError;

/// The key of a request, if it has one.
///
/// # Errors
///
/// [`KeyError`] where it has several, or one that cannot be a key.
pub fn key(headers: &HeaderMap) -> Result<Option<&[u8]>, KeyError> {
    let mut keys = headers.get_all(IDEMPOTENCY_KEY).iter();
    let Some(key) = keys.next() else { return Ok(None) };
    let key = key.as_bytes();
    let is_right = (1..=MAX_BYTES).contains(&key.len()) && key.iter().all(u8::is_ascii_graphic);
    if is_right && keys.next().is_none() { Ok(Some(key)) } else { Err(KeyError) }
}

/// What becomes of a request with a key.
pub enum Turn {
    /// It is to be carried out now, and then answered or released.
    Ours(Reserving),
    /// It was carried out, and this was kept of the answer.
    Over(Vec<u8>),
}

/// A key that is ours for a while.
pub struct Reserving {
    key: IdempotencyKey,
    since: Instant,
}

/// Why nobody knows whose turn it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TurnError {
    /// The key belongs to another request.
    Different,
    /// The state does not say, or not in time.
    Unknown,
}

/// Waits until it is our turn to carry out a request, or until somebody else has done so.
///
/// # Errors
///
/// [`TurnError`] where neither comes about.
pub async fn turn(
    service: &Service,
    key: IdempotencyKey,
    request: [u8; 32],
    deadline: Instant,
) -> Result<Turn, TurnError> {
    let waiting = async {
        loop {
            let now = system::seconds().ok_or(TurnError::Unknown)?;
            let since = Instant::now();
            let reservation = Reservation { key, request, now, until: now + RESERVED_SECONDS };
            let reserved = service.store.reserve(reservation).await.map_err(|error| {
                service.state_failed(error);
                TurnError::Unknown
            })?;
            match reserved {
                Reserved::Pending => sleep(LOOK_AGAIN).await,
                Reserved::New => return Ok(Turn::Ours(Reserving { key, since })),
                Reserved::Answered(kept) => return Ok(Turn::Over(kept)),
                Reserved::Different => return Err(TurnError::Different),
            }
        }
    };
    timeout_at(deadline, waiting).await.unwrap_or(Err(TurnError::Unknown))
}

impl Reserving {
    /// Keeps the answer for this many seconds. If the state fails, the request was carried out all the same: it is answered, and
    /// the state is asked again while the key is ours.
    pub async fn answered(self, service: &Arc<Service>, kept: Vec<u8>, seconds: i64) {
        let expires = system::seconds().unwrap_or_default().saturating_add(seconds);
        let Err(error) = service.store.answer(self.key, kept.clone(), expires).await else { return };
        service.state_failed(error);
        let service = service.clone();
        tokio::spawn(async move {
            if let Err(panicked) = guarded_future(self.keep(&service, kept, expires)).await {
                service.panicked(&panicked, None);
            }
        });
    }

    async fn keep(self, service: &Service, kept: Vec<u8>, expires: i64) {
        loop {
            sleep(KEEP_AGAIN).await;
            let is_over = self.since.elapsed() > KEPT_WITHIN;
            if is_over || service.store.answer(self.key, kept.clone(), expires).await.is_ok() {
                return;
            }
        }
    }

    /// Lets whoever comes next carry it out.
    pub async fn released(self, service: &Service) {
        if let Err(error) = service.store.release(self.key).await {
            service.state_failed(error);
        }
    }
}
