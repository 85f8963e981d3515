//! Tokens of a token server for client credentials (RFC 6749, 4.4; contract 13.1): one request at a time, whose result all
//! share who wait, and a new one before the old one ends. It does not know what a token is sent with.

mod answer;
mod cache;
mod request;

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use thiserror::Error;
use tokio::sync::watch;

pub(super) use answer::Issued;
pub use cache::Token;
pub(super) use request::ClientCredentials;

use super::error::{Failure, explained, of_status};
use super::http::HttpError;
use cache::Cache;

/// The most deliveries that wait for one token request: as many as the service has connections by default.
const MAX_WAITING: usize = 1024;

/// Why there is no token. It holds nothing of what the server said.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum TokenError {
    /// The token server could not be asked, or did not answer.
    #[error("from the token server: {0}")]
    Http(#[from] HttpError),
    /// It answered with another status than 200.
    #[error("expected 200 from the token server, found {status}{}", explained_token(*.status, *.code))]
    Status {
        /// Its HTTP status.
        status: u16,
        /// The error of RFC 6749, section 5.2, that it named.
        code: Option<&'static str>,
    },
    /// Its answer cannot be used.
    #[error("expected {0} from the token server")]
    Answer(&'static str),
    /// So many deliveries wait for the token that one more is refused.
    #[error("{MAX_WAITING} deliveries wait for one already")]
    Crowded,
    /// It did not come in the time of the delivery, perhaps as the server is left alone for a while after a failure.
    #[error("none came within {seconds} s")]
    Late {
        /// How long it may take.
        seconds: u64,
    },
    /// The request ended without a result.
    #[error("the request for it was broken off")]
    BrokenOff,
}

const fn explained_token(status: u16, code: Option<&'static str>) -> &'static str {
    match (code, status) {
        (Some(code), _) => code,
        (None, 300..=399) => explained(status),
        (None, _) => "",
    }
}

impl TokenError {
    pub(super) const fn failure(&self) -> Failure {
        match self {
            // Whatever its status says, a refusal here is one of the client.
            Self::Status { status, .. } => match of_status(*status) {
                Failure::Temporary => Failure::Temporary,
                Failure::Denied | Failure::Refused => Failure::Denied,
            },
            Self::Http(_) | Self::Answer(_) | Self::Crowded | Self::Late { .. } | Self::BrokenOff => Failure::Temporary,
        }
    }
}

/// A request for a token under way.
pub(super) type Fetching = Pin<Box<dyn Future<Output = Result<Issued, TokenError>> + Send>>;

/// Where tokens come from. Clones share them.
#[derive(Clone)]
pub(super) struct TokenSource(Arc<SharedSource>);

struct SharedSource {
    fetch: Box<dyn Fn() -> Fetching + Send + Sync>,
    clock: fn() -> Instant,
    state: Mutex<TokenState>,
}

struct TokenState {
    cache: Cache,
    /// The request under way. Its end wakes all who wait; their number is that of its receivers.
    flight: Option<watch::Sender<Landing>>,
}

/// How a request ended; none while it is under way.
type Landing = Option<Result<(), TokenError>>;

impl TokenSource {
    /// A source by any way to ask and by any clock that goes on steadily.
    pub(super) fn new(fetch: impl Fn() -> Fetching + Send + Sync + 'static, clock: fn() -> Instant) -> Self {
        let state = Mutex::new(TokenState { cache: Cache::default(), flight: None });
        Self(Arc::new(SharedSource { fetch: Box::new(fetch), clock, state }))
    }

    /// A token that is valid by all that is known. One that will soon end is given out while another is on its way.
    pub(super) async fn token(&self) -> Result<Token, TokenError> {
        loop {
            let mut landing = match self.next()? {
                Next::Token(token) => return Ok(token),
                Next::Wait(landing) => landing,
            };
            match landing.wait_for(Option::is_some).await {
                // Perhaps it serves one delivery only, and another one was first.
                Ok(landing) => landing.clone().unwrap_or(Ok(()))?,
                Err(_) => return Err(TokenError::BrokenOff),
            }
        }
    }

    /// Another token than this one, which was not accepted. All who were refused with it share the next one.
    pub(super) async fn instead_of(&self, refused: &Token) -> Result<Token, TokenError> {
        self.0.lock().cache.forget(refused);
        self.token().await
    }

    /// Decides without waiting, so that no lock is held while somebody waits.
    fn next(&self) -> Result<Next, TokenError> {
        let mut state = self.0.lock();
        let now = (self.0.clock)();
        if let Some(token) = state.cache.take(now) {
            if state.cache.is_due(now) && state.flight.is_none() {
                state.flight = Some(self.take_off());
            }
            return Ok(Next::Token(token));
        }
        let flight = state.flight.get_or_insert_with(|| self.take_off());
        if flight.receiver_count() >= MAX_WAITING {
            return Err(TokenError::Crowded);
        }
        Ok(Next::Wait(flight.subscribe()))
    }

    /// Begins a request, which goes on where the one who began it leaves.
    fn take_off(&self) -> watch::Sender<Landing> {
        let flight = Flight { shared: self.0.clone(), is_under_way: true };
        tokio::spawn(async move {
            let wait = flight.shared.lock().cache.wait((flight.shared.clock)());
            tokio::time::sleep(wait).await;
            let result = (flight.shared.fetch)().await;
            flight.land(result);
        });
        watch::Sender::new(None)
    }
}

impl SharedSource {
    /// What was changed under the lock is right at every moment, also where somebody panicked.
    fn lock(&self) -> MutexGuard<'_, TokenState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

enum Next {
    Token(Token),
    Wait(watch::Receiver<Landing>),
}

/// A request under way, which lands in any case: where it is dropped, those who wait hear of it, and the next one can begin.
struct Flight {
    shared: Arc<SharedSource>,
    is_under_way: bool,
}

impl Flight {
    fn land(mut self, result: Result<Issued, TokenError>) {
        self.is_under_way = false;
        let mut state = self.shared.lock();
        let now = (self.shared.clock)();
        let landing = match result {
            Ok(issued) => {
                state.cache.keep(issued, now);
                Ok(())
            }
            Err(error) => {
                state.cache.fail(now);
                Err(error)
            }
        };
        if let Some(flight) = state.flight.take() {
            flight.send_replace(Some(landing));
        }
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        if self.is_under_way {
            self.shared.lock().flight = None;
        }
    }
}

#[cfg(test)]
mod tests;
