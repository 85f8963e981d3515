//! HTTP as a client: to addresses that were checked before, without redirects, with answers read to a limit, and with errors in
//! our words: those of reqwest quote addresses. It does not know what is sent or to whom.

mod endpoint;
mod error;
mod options;
mod pinned;

use std::net::SocketAddr;
use std::time::{Duration, SystemTime};

use axum::body::Bytes;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER};
use zeroize::Zeroizing;

pub use endpoint::{EndpointError, EndpointUrl, ProxyAddress};
pub use error::HttpError;
pub use options::{HttpOptions, OptionsError};
pub use pinned::PinnedCertificate;

use error::UnknownHostError;

/// The most bytes of an answer that are read (contract 10.9).
pub(super) const MAX_ANSWER_BYTES: usize = 64 * 1024;
/// How long a body is read of which nothing is used.
const LEAVE: Duration = Duration::from_millis(200);
/// JSON, as requests and answers have it.
pub(super) const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// A client. Clones share its connections.
#[derive(Clone)]
pub struct HttpClient {
    client: reqwest::Client,
    allows_http: bool,
    limit: Duration,
}

/// An answer whose body is still to come.
pub(super) struct HttpAnswer {
    pub status: u16,
    response: reqwest::Response,
    limit: Duration,
}

impl HttpClient {
    /// Makes a client.
    ///
    /// # Errors
    ///
    /// [`OptionsError`] where the options cannot be used.
    pub fn new(options: &HttpOptions) -> Result<Self, OptionsError> {
        let client = options.build(HostResolver)?;
        Ok(Self { client, allows_http: options.insecure_http, limit: options.limit })
    }

    /// Makes a client that trusts one certificate, whatever its name, authority and dates.
    ///
    /// # Errors
    ///
    /// [`OptionsError`] where none can be made.
    pub fn pinned(certificate: PinnedCertificate, limit: Duration) -> Result<Self, OptionsError> {
        let client = options::direct(certificate.tls(), HostResolver, limit).build();
        Ok(Self { client: client.map_err(|_| OptionsError::Client)?, allows_http: false, limit })
    }

    /// The same client, for a delivery with another rule for `http://` beyond loopback.
    #[must_use]
    pub fn with_insecure_http(&self, insecure_http: bool) -> Self {
        Self { allows_http: insecure_http, ..self.clone() }
    }

    /// Reads an address that this client may be used for.
    ///
    /// # Errors
    ///
    /// [`EndpointError`] where it is none, or not safe.
    pub fn endpoint(&self, text: &str) -> Result<EndpointUrl, EndpointError> {
        EndpointUrl::parse(text, self.allows_http)
    }

    /// How long a delivery may take.
    #[must_use]
    pub const fn limit(&self) -> Duration {
        self.limit
    }

    /// Asks, and waits for the HTTP status of the answer.
    ///
    /// # Errors
    ///
    /// [`HttpError`] where there is no answer.
    pub async fn get(&self, endpoint: &EndpointUrl) -> Result<u16, HttpError> {
        let response = self.client.get(endpoint.url()).send().await;
        Ok(response.map_err(|error| HttpError::of(&error, self.limit))?.status().as_u16())
    }

    /// Sends a body, and waits for the head of the answer.
    pub(super) async fn post(
        &self,
        endpoint: &EndpointUrl,
        content_type: HeaderValue,
        headers: HeaderMap,
        body: Zeroizing<Vec<u8>>,
    ) -> Result<HttpAnswer, HttpError> {
        let request = self.client.post(endpoint.url()).headers(headers).header(CONTENT_TYPE, content_type);
        // The body is wiped when the last piece of it has been sent.
        let request = request.header(ACCEPT, JSON).body(Bytes::from_owner(body));
        let response = request.send().await.map_err(|error| HttpError::of(&error, self.limit))?;
        Ok(HttpAnswer { status: response.status().as_u16(), response, limit: self.limit })
    }
}

impl std::fmt::Debug for HttpClient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HttpClient").field("allows_http", &self.allows_http).finish_non_exhaustive()
    }
}

impl HttpAnswer {
    /// How long the server asks to wait, in seconds or by a date (RFC 9110, section 10.2.3).
    pub(super) fn retry_after(&self) -> Option<Duration> {
        let asked = self.response.headers().get(RETRY_AFTER)?.to_str().ok()?.trim();
        match asked.parse() {
            // No wait is longer than a day.
            Ok(seconds) => Some(Duration::from_secs(u64::min(seconds, 24 * 60 * 60))),
            Err(_) => httpdate::parse_http_date(asked).ok()?.duration_since(SystemTime::now()).ok(),
        }
    }

    /// Leaves the body, of which nothing is used. What comes at once is read: the server would see a connection that breaks,
    /// and the next delivery would need another one.
    pub(super) async fn leave(self) {
        let _ = tokio::time::timeout(LEAVE, self.body()).await;
    }

    /// The body, to the limit.
    pub(super) async fn body(mut self) -> Result<Zeroizing<Vec<u8>>, HttpError> {
        // It does not grow: a copy of a token would be left behind.
        let mut body = Zeroizing::new(Vec::with_capacity(MAX_ANSWER_BYTES));
        while let Some(chunk) = self.response.chunk().await.map_err(|error| HttpError::of(&error, self.limit))? {
            if body.len() + chunk.len() > MAX_ANSWER_BYTES {
                return Err(HttpError::TooLarge);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }
}

/// A header that no `Debug` shows, if a header can carry the text.
pub(super) fn confidential_header(text: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// Asks the system for the addresses of a name, and says with a type of ours that it has none: the words of others quote the
/// name.
struct HostResolver;

impl Resolve for HostResolver {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await.map_err(|_| UnknownHostError)?;
            let addresses: Vec<SocketAddr> = found.collect();
            if addresses.is_empty() {
                return Err(UnknownHostError.into());
            }
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}
