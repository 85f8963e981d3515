//! Who may call a path (contract 11.4): the place of every check of a caller.

use axum::http::HeaderMap;

use super::Service;
use super::refusal::Refusal;
use crate::service::config::Access;

/// Whose calls a path takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Callers {
    /// Anybody's.
    Anyone,
    /// Those of the clients of the operations, or anybody's where there are none.
    OfOperations,
}

impl Callers {
    /// Checks the caller by the headers of the request.
    ///
    /// # Errors
    ///
    /// [`Refusal::NoToken`], [`Refusal::Token`] or [`Refusal::Client`].
    // Tokens are looked up in the state, which takes time.
    #[expect(clippy::unused_async, reason = "the state that keeps tokens answers later")]
    pub async fn check(self, service: &Service, _headers: &HeaderMap) -> Result<(), Refusal> {
        match (self, &service.access) {
            (Self::Anyone, Access::Open | Access::Clients(_)) | (Self::OfOperations, Access::Open) => Ok(()),
            // No token has been given out.
            (Self::OfOperations, Access::Clients(_)) => Err(Refusal::NoToken),
        }
    }
}
