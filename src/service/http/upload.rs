//! The body of a request, which is read only as far as it is wanted (contract 10.7). It does not know what is in it.

use std::future::poll_fn;
use std::pin::Pin;
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::http::header::{CONTENT_ENCODING, EXPECT};
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use thiserror::Error;
use tokio::time::{Instant, timeout_at};
use zeroize::Zeroizing;

use super::refusal::Refusal;
use crate::service::connection::Connection;

/// The first buffer of a body whose length nobody said; usual documents have a tenth of it.
const USUAL_BYTES: usize = 1024;
/// How much larger the next buffer is.
const GROWTH: usize = 8;
/// The largest first buffer: what a caller announces takes memory only as it comes.
const MAX_FIRST_BYTES: usize = 64 * 1024;

/// A body that has not been read. Where it stays so, its connection ends after the answer.
#[derive(Debug)]
pub struct Upload {
    body: Body,
    /// The length that was announced.
    length: Option<u64>,
    is_encoded: bool,
    /// Whether the caller waits for leave to send it.
    is_held_back: bool,
    limit: Duration,
    deadline: Instant,
    connection: Connection,
    is_read: bool,
}

/// Why there is no body to work on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum UploadError {
    /// It is longer than is accepted.
    #[error("too large: expected a body of at most {limit} bytes")]
    TooLarge {
        /// How many bytes are accepted.
        limit: usize,
    },
    /// Something that is the same for all paths.
    #[error(transparent)]
    Refused(#[from] Refusal),
}

impl UploadError {
    /// The HTTP status.
    #[must_use]
    pub fn code(self) -> StatusCode {
        match self {
            Self::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Refused(refusal) => refusal.code(),
        }
    }

    /// The header that belongs to it.
    #[must_use]
    pub fn header(self) -> Option<(HeaderName, HeaderValue)> {
        match self {
            Self::TooLarge { .. } => None,
            Self::Refused(refusal) => refusal.header(),
        }
    }
}

impl Upload {
    /// The body of a request that began `elapsed` ago and may take as long as `limit`.
    #[must_use]
    pub fn new(body: Body, head: &Parts, begin: Instant, limit: Duration, connection: Connection) -> Self {
        let encodings = head.headers.get_all(CONTENT_ENCODING).iter();
        let is_identity = |value: &[u8]| value.is_empty() || value.eq_ignore_ascii_case(b"identity");
        Self {
            length: body.size_hint().exact(),
            is_encoded: encodings.into_iter().any(|value| !is_identity(value.as_bytes().trim_ascii())),
            is_held_back: head.headers.contains_key(EXPECT),
            is_read: body.is_end_stream(),
            deadline: begin + limit,
            body,
            limit,
            connection,
        }
    }

    /// When the whole request has to have come.
    #[must_use]
    pub fn deadline(&self) -> Instant {
        self.deadline
    }

    /// What is refused by what the head says, so that nobody sends it in vain; else the most bytes that can come.
    ///
    /// # Errors
    ///
    /// [`UploadError`] by size, then by encoding.
    pub fn announced(&self, limit: usize) -> Result<usize, UploadError> {
        let most = self.length.map_or(Ok(limit), usize::try_from).unwrap_or(usize::MAX);
        if most > limit {
            return Err(UploadError::TooLarge { limit });
        }
        // A body of unknown length may still be too large, which is said first.
        if self.is_encoded && (self.length.is_some() || self.is_held_back) {
            return Err(Refusal::Encoding.into());
        }
        Ok(most)
    }

    /// Reads it to its end.
    ///
    /// # Errors
    ///
    /// [`UploadError`] where it is too large, is encoded, does not end in time or breaks off.
    pub async fn read(mut self, limit: usize) -> Result<Zeroizing<Vec<u8>>, UploadError> {
        let most = self.announced(limit)?;
        let bytes = if self.is_read {
            Zeroizing::default()
        } else {
            let late = Refusal::Time(self.limit);
            timeout_at(self.deadline, self.read_up_to(most)).await.map_err(|_| late)??
        };
        if self.is_encoded {
            return Err(Refusal::Encoding.into());
        }
        Ok(bytes)
    }

    async fn read_up_to(&mut self, most: usize) -> Result<Zeroizing<Vec<u8>>, UploadError> {
        let first = self.length.map_or(USUAL_BYTES, |_| most.min(MAX_FIRST_BYTES));
        let mut bytes = Zeroizing::new(Vec::with_capacity(first));
        while let Some(piece) = self.next().await? {
            let length = bytes.len() + piece.len();
            if length > most {
                return Err(UploadError::TooLarge { limit: most });
            }
            if length > bytes.capacity() {
                // No buffer grows by itself: a copy of a secret would be left behind.
                let mut larger = Zeroizing::new(Vec::with_capacity(length.max(bytes.capacity() * GROWTH).min(most)));
                larger.extend_from_slice(&bytes);
                bytes = larger;
            }
            bytes.extend_from_slice(&piece);
        }
        self.is_read = true;
        Ok(bytes)
    }

    /// The next piece, or nothing at the end. Trailers are dropped.
    async fn next(&mut self) -> Result<Option<Bytes>, Refusal> {
        loop {
            match poll_fn(|context| Pin::new(&mut self.body).poll_frame(context)).await {
                None => return Ok(None),
                Some(Err(_)) => return Err(Refusal::Incomplete),
                Some(Ok(frame)) => {
                    if let Ok(piece) = frame.into_data() {
                        return Ok(Some(piece));
                    }
                }
            }
        }
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        if !self.is_read {
            self.connection.leave_unread();
        }
    }
}
