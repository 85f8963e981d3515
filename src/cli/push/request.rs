//! What a command line of `push` comes to: values that leave nothing open. It does not know the options.

use std::path::PathBuf;
use std::time::Duration;

use super::CommonArguments;
use crate::otp::{CodeParameters, Skew};
use crate::service::delivery::ContentType;

/// What is delivered, where to, and how.
#[derive(Debug)]
pub struct PushArguments {
    /// What is delivered where.
    pub request: PushRequest,
    /// How, and with which files.
    pub common: CommonArguments,
}

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

impl PushArguments {
    /// The files besides the input that are read, each with its option.
    #[must_use]
    pub fn read(&self) -> Vec<(&'static str, PathBuf)> {
        let key = match &self.request {
            PushRequest::Webhook(WebhookRequest { target: WebhookTarget::Open { .. }, .. }) => None,
            PushRequest::Webhook(WebhookRequest { target: WebhookTarget::Authenticated { file, .. }, .. }) => {
                Some(("--authentication", file.clone()))
            }
            PushRequest::Skyvern(request) => Some(("--api-key-file", request.api_key_file.clone())),
        };
        key.into_iter().chain(self.common.way.ca_file.clone().map(|file| ("--ca-file", file))).collect()
    }
}
