//! `push` (contract 12.2, 12.3, 13.5): from what was asked to an answer like every other. It reads the files that are named, and
//! knows neither where the input comes from nor where the answer goes.

mod error;
pub(super) mod mail;
mod request;
mod skyvern;
mod webhook;

use std::future::Future;
use std::path::Path;

use zeroize::Zeroizing;

use super::config;
use super::delivery::{Delivered, DeliveryError, HttpClient, HttpOptions};
use super::guard;
use crate::exit_codes::MailFailure;
use crate::reply::{Cause, DOCUMENT_DELIVERED, PASSWORD_DELIVERED, Reply};
pub use error::PushError;
pub use request::{PushRequest, SkyvernContent, SkyvernRequest, WebhookRequest, WebhookTarget};

/// What became of a push.
pub struct Pushed {
    /// The answer.
    pub reply: Reply,
    /// What it means for a mail system, where it failed.
    pub failure: Option<MailFailure>,
}

/// A push that lacks nothing but its input.
pub enum Push {
    /// A document to a webhook.
    Webhook(webhook::WebhookPush),
    /// A code, or what has one in it, to Skyvern.
    Skyvern(skyvern::SkyvernPush),
}

impl Push {
    /// Reads what is named, before anybody waits for an input.
    ///
    /// # Errors
    ///
    /// [`PushError`] where something of it cannot be used.
    pub fn prepare(request: &PushRequest, options: &HttpOptions) -> Result<Self, PushError> {
        let client = HttpClient::new(options)?;
        match request {
            PushRequest::Webhook(request) => webhook::WebhookPush::prepare(request, client).map(Self::Webhook),
            PushRequest::Skyvern(request) => skyvern::SkyvernPush::prepare(request, client).map(Self::Skyvern),
        }
    }

    /// What its input is, in words.
    #[must_use]
    pub const fn input(&self) -> &'static str {
        match self {
            Self::Webhook(_) => "a document",
            Self::Skyvern(push) => push.input(),
        }
    }

    /// The most bytes that its input can have.
    #[must_use]
    pub const fn max_bytes(&self) -> usize {
        match self {
            Self::Webhook(_) => webhook::MAX_BYTES,
            Self::Skyvern(push) => push.max_bytes(),
        }
    }

    /// Delivers an input, of which one byte beyond the limit is enough to be refused.
    #[must_use]
    pub fn push(self, input: &Zeroizing<Vec<u8>>) -> Pushed {
        let document = match &self {
            Self::Webhook(_) => DOCUMENT_DELIVERED,
            Self::Skyvern(_) => PASSWORD_DELIVERED,
        };
        let result = match self {
            Self::Webhook(push) => push.push(input),
            Self::Skyvern(push) => push.push(input),
        };
        match result {
            Ok(Delivered::Accepted) => Pushed { reply: Reply::success(document, None), failure: None },
            Ok(Delivered::AcceptedWith(note)) => {
                let cause = Cause::Words(note.to_string());
                Pushed { reply: Reply::success(document, Some(cause)), failure: None }
            }
            Err(error) => error.into(),
        }
    }
}

impl From<PushError> for Pushed {
    fn from(error: PushError) -> Self {
        let failure = Some(error.failure());
        let reply = match error {
            PushError::Operation(error) => Reply::of(Err(error)),
            error => Reply::error(&error.to_string()),
        };
        Self { reply, failure }
    }
}

/// Runs a delivery to its end, on this thread.
fn run(delivery: impl Future<Output = Result<Delivered, DeliveryError>>) -> Result<Delivered, PushError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|_| PushError::System)?;
    let result = runtime.block_on(delivery);
    // A name server that does not answer holds up nobody.
    runtime.shutdown_background();
    Ok(result?)
}

/// The secret of a file, on one line.
fn secret(option: &'static str, file: &Path) -> Result<Zeroizing<String>, PushError> {
    config::SecretFile::read(file)
        .map(config::SecretFile::into_text)
        .map_err(|reason| PushError::File { option, reason })
}
