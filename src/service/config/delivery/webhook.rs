//! `kind = "webhook"`: where it is and how it is authenticated, by the section and the file that it names (contract 13.1). It
//! asks nobody for a token.

use std::path::{Path, PathBuf};

use super::super::file;
use super::super::reader::Reader;
use super::super::secret::warn_of_others;
use super::super::section::Section;
use super::{RereadError, endpoint};
use crate::service::delivery::{
    AuthenticationDocument, AuthenticationError, Confidential, EndpointUrl, HttpClient, Webhook,
};

const KEY: &str = "authentication_file";
/// The most bytes of a file with an authentication.
const MAX_BYTES: usize = 64 * 1024;
const OTHER_URL: &str = "delivery.url and the file of delivery.authentication_file have different addresses";
const NO_URL: &str =
    "no address of the webhook; name it in delivery.url, or in the file of delivery.authentication_file";

/// `kind = "webhook"`: a webhook at a checked address. With an authentication it never gets anything without a token.
#[derive(Clone, Debug)]
pub struct WebhookDelivery {
    webhook: Webhook,
    /// None for a webhook that nothing authenticates.
    authentication: Option<AuthenticationFile>,
}

/// `authentication_file`, and what it is read with.
#[derive(Clone, Debug)]
struct AuthenticationFile {
    file: PathBuf,
    /// `url`; none where the file has the address.
    url: Option<EndpointUrl>,
    client: HttpClient,
}

/// Why section and file together make no webhook.
enum WebhookError {
    File(String),
    OtherUrl,
    NoUrl,
}

impl WebhookDelivery {
    pub(super) const fn webhook(&self) -> &Webhook {
        &self.webhook
    }

    /// The same as its file has it now: with another address, too, where that stands there.
    pub(super) fn reread(&self) -> Result<Self, RereadError> {
        let Some(authentication) = &self.authentication else { return Ok(self.clone()) };
        let reason = |error| match error {
            WebhookError::File(reason) => reason,
            WebhookError::OtherUrl => "expected the same address as for delivery.url".to_owned(),
            WebhookError::NoUrl => "expected an UPDATE_COM_METHOD message or a comMethod with the address".to_owned(),
        };
        let webhook = authentication.webhook().map_err(|errors| {
            let reasons: Vec<_> = errors.into_iter().map(reason).collect();
            RereadError { key: KEY, reason: reasons.join("; ") }
        })?;
        Ok(Self { webhook, authentication: self.authentication.clone() })
    }
}

impl AuthenticationFile {
    /// The webhook, or everything that is wrong.
    fn webhook(&self) -> Result<Webhook, Vec<WebhookError>> {
        let AuthenticationDocument { url, authentication } = document(&self.file).map_err(|error| vec![error])?;
        let unusable = |error| WebhookError::File(words(error));
        let checked = authentication.check(&self.client).map_err(unusable);
        match (self.endpoint(url.as_ref()), checked) {
            (Ok(endpoint), Ok(())) => {
                Webhook::new(endpoint, Some(authentication), self.client.clone()).map_err(|error| vec![unusable(error)])
            }
            (endpoint, checked) => Err(endpoint.err().into_iter().chain(checked.err()).collect()),
        }
    }

    /// The one address that is named, here or there.
    fn endpoint(&self, written: Option<&Confidential>) -> Result<EndpointUrl, WebhookError> {
        let written = written.map(|url| self.client.endpoint(url.reveal())).transpose();
        let written = written.map_err(|error| WebhookError::File(format!("{error} for the address of the webhook")))?;
        match (&self.url, written) {
            (Some(named), Some(written)) if *named != written => Err(WebhookError::OtherUrl),
            (Some(named), Some(_) | None) => Ok(named.clone()),
            (None, Some(written)) => Ok(written),
            (None, None) => Err(WebhookError::NoUrl),
        }
    }
}

fn document(file: &Path) -> Result<AuthenticationDocument, WebhookError> {
    let bytes = file::read_or_say(file, MAX_BYTES).map_err(WebhookError::File)?;
    AuthenticationDocument::read(&bytes).map_err(|error| WebhookError::File(words(error)))
}

/// Verity's texts without the names that they repeat: a mistake quotes nothing.
fn words(error: AuthenticationError) -> String {
    let error = match error {
        AuthenticationError::Type(_) => AuthenticationError::Type(None),
        AuthenticationError::Version(_) => AuthenticationError::Version(None),
        AuthenticationError::Form(_)
        | AuthenticationError::Missing(_)
        | AuthenticationError::Invalid(_)
        | AuthenticationError::Url(_) => error,
    };
    error.to_string()
}

/// The webhook of a section. Address and file are looked at even where the other is of no use.
pub(super) fn read(section: &Section<'_, '_>, client: &HttpClient, reader: &mut Reader<'_>) -> Option<WebhookDelivery> {
    let url = section.value("url");
    let named = url.and_then(|value| endpoint(&value, |text| client.endpoint(text), reader));
    let Some(value) = section.value(KEY) else {
        if url.is_none() {
            reader.absent(section.at, NO_URL);
        }
        let webhook = Webhook::new(named?, None, client.clone()).ok()?;
        return Some(WebhookDelivery { webhook, authentication: None });
    };
    let file = value.path("the name of a file", reader)?;
    let authentication = AuthenticationFile { file, url: named, client: client.clone() };
    let errors = match authentication.webhook() {
        Ok(webhook) => {
            warn_of_others(&value, &authentication.file, reader);
            return Some(WebhookDelivery { webhook, authentication: Some(authentication) });
        }
        Err(errors) => errors,
    };
    for error in errors {
        match (error, url) {
            (WebhookError::File(reason), _) => value.unusable("file", &reason, reader),
            (WebhookError::OtherUrl, url) => reader.wrong(url.map_or(value.at, |url| url.at), OTHER_URL),
            (WebhookError::NoUrl, None) => reader.absent(section.at, NO_URL),
            // The address is there, and was found to be wrong.
            (WebhookError::NoUrl, Some(_)) => {}
        }
    }
    None
}
