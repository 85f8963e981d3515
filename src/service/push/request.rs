//! What is asked of a push: values that leave nothing open. It does not know the options.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::otp::{CodeParameters, Skew};
use crate::service::delivery::ContentType;

/// What is delivered where.
#[derive(Debug)]
pub enum PushRequest {
    /// A document to a webhook.
    Webhook(WebhookRequest),
    /// A code, or what has one in it, to Skyvern.
    Skyvern(SkyvernRequest),
}

/// A document for a webhook.
#[derive(Debug)]
pub struct WebhookRequest {
    /// Where it goes.
    pub target: WebhookTarget,
    /// What it is.
    pub content_type: ContentType,
}

/// Where a webhook is, and how it is authenticated.
#[derive(Debug)]
pub enum WebhookTarget {
    /// At an address, and not at all.
    Open {
        /// The address.
        url: String,
    },
    /// As a file says.
    Authenticated {
        /// The file with the authentication.
        file: PathBuf,
        /// The address; none where the file has it.
        url: Option<String>,
    },
}

/// Something for Skyvern.
#[derive(Debug)]
pub struct SkyvernRequest {
    /// The server.
    pub url: String,
    /// The file with the key to it.
    pub api_key_file: PathBuf,
    /// The task that it is for.
    pub task_id: Option<String>,
    /// The workflow that it is for.
    pub workflow_id: Option<String>,
    /// The run of a workflow that it is for.
    pub workflow_run_id: Option<String>,
    /// Where it comes from.
    pub source: Option<String>,
    /// What it is.
    pub content: SkyvernContent,
}

/// What Skyvern gets.
#[derive(Debug)]
pub enum SkyvernContent {
    /// The current password of the secret that comes in.
    Password {
        /// Whose it is.
        identifier: String,
        /// How it is computed.
        code: CodeParameters,
        /// For how many steps after its own it is accepted.
        skew: Skew,
        /// The fewest seconds that it must still have.
        minimum_rest: u32,
    },
    /// The text that comes in.
    Text {
        /// Whose code is in it.
        identifier: String,
        /// How long it is sent again.
        give_up: Duration,
    },
    /// The text of the mail that comes in.
    Mail {
        /// Whose code is in it; none where the mail says so.
        identifier: Option<String>,
        /// How long it is sent again.
        give_up: Duration,
    },
}

impl PushRequest {
    /// The file with the secret that it takes, if any.
    #[must_use]
    pub fn secret_file(&self) -> Option<&Path> {
        match self {
            Self::Webhook(WebhookRequest { target: WebhookTarget::Open { .. }, .. }) => None,
            Self::Webhook(WebhookRequest { target: WebhookTarget::Authenticated { file, .. }, .. }) => Some(file),
            Self::Skyvern(request) => Some(&request.api_key_file),
        }
    }
}
