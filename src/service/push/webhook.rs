//! `push webhook` (contract 13.5): where the webhook is, by the command line and the file of its authentication, and one delivery
//! to it.

use std::path::Path;

use zeroize::Zeroizing;

use super::{PushError, WebhookRequest, WebhookTarget, run};
use crate::service::config;
use crate::service::delivery::{
    AuthenticationDocument, Confidential, ContentType, Delivered, EndpointUrl, HttpClient, Webhook,
};

/// The most bytes of a document.
pub(super) const MAX_BYTES: usize = 25 * 1024 * 1024;
/// The most bytes of a file with an authentication.
const MAX_AUTHENTICATION_BYTES: usize = 64 * 1024;

/// A webhook that lacks its document.
pub struct WebhookPush {
    webhook: Webhook,
    content_type: ContentType,
}

impl WebhookPush {
    pub(super) fn prepare(request: &WebhookRequest, client: HttpClient) -> Result<Self, PushError> {
        let webhook = match &request.target {
            WebhookTarget::Open { url } => Webhook::new(named(url, &client)?, None, client)?,
            WebhookTarget::Authenticated { file, url } => {
                let AuthenticationDocument { url: written, authentication } = document(file)?;
                let endpoint = endpoint(url.as_deref(), written.as_ref(), &client)?;
                Webhook::new(endpoint, Some(authentication), client)?
            }
        };
        Ok(Self { webhook, content_type: request.content_type.clone() })
    }

    pub(super) fn push(self, document: &Zeroizing<Vec<u8>>) -> Result<Delivered, PushError> {
        if document.is_empty() {
            return Err(PushError::Input("a document, found nothing"));
        }
        if document.len() > MAX_BYTES {
            return Err(PushError::Input("a document of at most 25 MiB"));
        }
        run(async { self.webhook.deliver_document(&self.content_type, document).await })
    }
}

fn document(file: &Path) -> Result<AuthenticationDocument, PushError> {
    let bytes = config::read_file(file, MAX_AUTHENTICATION_BYTES)
        .map_err(|reason| PushError::File { option: "--authentication", reason })?;
    Ok(AuthenticationDocument::read(&bytes)?)
}

/// The one address that is named, here or there.
fn endpoint(url: Option<&str>, written: Option<&Confidential>, client: &HttpClient) -> Result<EndpointUrl, PushError> {
    let written = written.map(|url| client.endpoint(url.reveal())).transpose().map_err(PushError::Address)?;
    match (url.map(|url| named(url, client)).transpose()?, written) {
        (Some(named), Some(written)) if named != written => Err(PushError::OtherUrl),
        (Some(endpoint), Some(_) | None) | (None, Some(endpoint)) => Ok(endpoint),
        (None, None) => Err(PushError::NoUrl),
    }
}

fn named(url: &str, client: &HttpClient) -> Result<EndpointUrl, PushError> {
    client.endpoint(url).map_err(|error| PushError::Parameter { option: "--url", expected: error.expected() })
}
