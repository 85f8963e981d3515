//! The service as HTTP: one module a contract, each with its own form of errors, behind one order of checks. It knows
//! neither sockets nor files.

mod accounts;
mod answer;
mod caller;
pub(super) mod idempotency;
mod inbox;
pub(super) mod media_type;
pub(super) mod mfa;
pub(super) mod oauth;
mod openapi;
mod operations;
mod origin;
mod page;
mod parts;
mod query;
mod refusal;
pub(super) mod request_id;
mod route;
pub(super) mod skyvern;
#[cfg(test)]
mod tests;
mod upload;
mod verification;
mod x4;

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;

use super::account_reader::AccountReader;
use super::accounts::Accounts;
use super::config::{Access, Client, Configuration, DeliveryConfig, Inbox, MfaKey, SecretFile};
use super::guard::Panicked;
use super::log::TARGET;
use super::metrics::Metrics;
use super::store::Store;
use crate::otp::Skew;
use crate::verification::MemoryError;
use answer::Answer;
use caller::Tokens;
use mfa::MfaService;
use oauth::Clients;
use page::WebPage;
use parts::Parts;
use refusal::Refusal;
use request_id::RequestId;
use route::Routes;
use skyvern::Asker;
use x4::Pictures;

/// What all requests share.
pub struct Service {
    host_names: Option<Vec<String>>,
    access: Access,
    skew: Skew,
    request_limit: Duration,
    metrics: Metrics,
    pictures: Pictures,
    store: Store,
    accounts: Option<AccountReader>,
    clients: Clients,
    tokens: Tokens,
    skyvern: Vec<Arc<Asker>>,
    inboxes: Vec<Inbox>,
    mfa: Option<Arc<MfaService>>,
    description: Bytes,
    page: WebPage,
}

impl Service {
    /// A service as configured, with the key that codes are kept under, where there are codes.
    ///
    /// # Errors
    ///
    /// Where the system has no thread for it.
    pub fn new(configuration: &Configuration, mfa_key: Option<MfaKey>, store: Store) -> io::Result<Self> {
        let parts = Parts::of(configuration);
        let metrics = Metrics::new();
        let reader =
            |folder: &PathBuf| AccountReader::start(Accounts::in_folder(folder.clone()), metrics.panics.clone());
        Ok(Self {
            host_names: configuration.host_names.clone(),
            access: configuration.operations.clone(),
            skew: configuration.skew,
            request_limit: configuration.limits.request,
            accounts: configuration.accounts.as_ref().map(reader).transpose()?,
            metrics,
            pictures: Pictures::new(),
            store,
            clients: Clients::new(configuration.clients.clone()),
            tokens: Tokens::default(),
            skyvern: configuration.skyvern.iter().map(|skyvern| Arc::new(Asker::new(skyvern))).collect(),
            inboxes: configuration.inboxes.clone(),
            mfa: configuration
                .mfa
                .as_ref()
                .zip(mfa_key)
                .map(|(mfa, key)| Arc::new(MfaService::new(mfa, key, &configuration.deliveries))),
            description: openapi::openapi(&parts),
            page: page::page(&parts),
        })
    }

    /// Puts secrets that were read again in the place of the old ones.
    pub fn renew_clients(&self, clients: Vec<Client>) {
        self.clients.renew(clients);
    }

    /// Takes the keys of Skyvern as they were read again, in the order of the configuration.
    pub fn renew_skyvern_keys(&self, keys: Vec<SecretFile>) {
        self.skyvern.iter().zip(keys).for_each(|(asker, key)| asker.renew(key));
    }

    /// Takes the token for codes and the deliveries as they were read again.
    pub fn renew_mfa(&self, token: Option<&SecretFile>, deliveries: &[DeliveryConfig]) {
        if let (Some(mfa), Some(token)) = (&self.mfa, token) {
            mfa.renew(token, deliveries);
        }
    }

    /// Takes the password of the state as it was read again, for new connections to it.
    pub fn renew_state_password(&self, password: Option<SecretFile>) {
        self.store.set_password(password.map(SecretFile::into_text));
    }

    /// Ends the work of the state, which answers nobody any more.
    ///
    /// # Errors
    ///
    /// Those of [`Store::end`].
    pub async fn end(&self) -> Result<(), MemoryError> {
        self.store.end().await
    }

    /// Whether the state answers.
    async fn is_ready(&self) -> bool {
        self.store.check().await.is_ok()
    }

    /// Counts and tells that the state did not answer.
    fn state_failed(&self, error: MemoryError) {
        self.metrics.state_errors.inc();
        tracing::error!(target: TARGET, cause = error.to_string(), "state not available");
    }

    /// Tells of a panic: where, and nothing else.
    fn panicked(&self, panicked: &Panicked, id: Option<&RequestId>) {
        self.metrics.panics.inc();
        let request_id = id.map(RequestId::as_str);
        tracing::error!(target: TARGET, request_id, place = panicked.place, "panic");
    }
}

/// What is served on an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Served {
    /// The operations, health and readiness.
    pub operations: bool,
    pub metrics: bool,
}

/// The paths of an address.
#[must_use]
pub fn routes(service: &Arc<Service>, served: Served) -> Routes {
    let mut routes = Routes::new(service.clone());
    if served.operations {
        for add in [
            x4::routes,
            operations::routes,
            accounts::routes,
            oauth::routes,
            skyvern::routes,
            inbox::routes,
            mfa::routes,
        ] {
            routes = add(routes);
        }
    }
    if served.metrics {
        routes = operations::metrics_routes(routes);
    }
    routes
}

/// The router of an address.
pub fn router(service: &Arc<Service>, served: Served) -> Router {
    routes(service, served).into_router()
}

/// Whose rules a path follows, and so the form of its faults.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Contract {
    /// Documents in XML (contract 11).
    X4,
    /// Tokens (contract 13.3).
    OAuth,
    /// What Skyvern asks (contract 12.1).
    Skyvern,
    /// Messages of clients (contract 13.4).
    Inbox,
    /// Codes for a second factor (contract 14).
    Mfa,
    /// What operators ask (contract 10.6).
    Operations,
}

impl Contract {
    /// The contract of a path that is not served.
    fn of_path(path: &str) -> Self {
        let is_below =
            |folder: &str| path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        if ["/x4", "/read-qr", "/accounts"].into_iter().any(is_below) {
            Self::X4
        } else if is_below("/api/relay/rest/mfa") {
            Self::Mfa
        } else {
            Self::Operations
        }
    }

    fn refuse(self, refusal: Refusal) -> Answer {
        match self {
            Self::X4 => x4::refuse(refusal),
            Self::OAuth => oauth::refuse(refusal),
            Self::Skyvern => skyvern::refuse(refusal),
            Self::Inbox => inbox::refuse(refusal),
            Self::Mfa => mfa::refuse(refusal),
            Self::Operations => operations::refuse(refusal),
        }
    }

    /// Whether caches may keep what is answered.
    const fn may_be_stored(self) -> bool {
        match self {
            Self::X4 | Self::OAuth | Self::Skyvern | Self::Inbox | Self::Mfa => false,
            Self::Operations => true,
        }
    }
}

/// The answer to a head that did not end in time, as it goes over the wire.
#[must_use]
pub(super) fn late_head(limit: Duration) -> Vec<u8> {
    head_answer(Refusal::Time(limit))
}

/// The answer in place of hyper's own, which knows neither ids nor a log; nothing where `bytes` do not begin with one.
#[must_use]
pub(super) fn wrong_head(bytes: &[u8]) -> Option<Vec<u8>> {
    let code = bytes.strip_prefix(b"HTTP/1.")?.get(2..5)?;
    // Every answer of the service has one in its head, which is written in one piece.
    if memchr::memmem::find(bytes, b"X-Request-Id: ").is_some() {
        return None;
    }
    let refusal = match code {
        b"400" => Refusal::Head,
        b"414" => Refusal::TargetLength,
        b"431" => Refusal::HeadSize,
        _ => return None,
    };
    Some(head_answer(refusal))
}

/// The answer where there is no request that could be answered otherwise, and its line in the log.
fn head_answer(refusal: Refusal) -> Vec<u8> {
    let id = RequestId::new();
    let answer = operations::refuse(refusal);
    let code = answer.code;
    tracing::info!(
        target: TARGET,
        request_id = id.as_str(),
        route = "unknown",
        http_status = code.as_u16(),
        cause = answer.cause.as_deref(),
    );
    let body = String::from_utf8_lossy(&answer.body);
    format!(
        "HTTP/1.1 {} {}\r\nContent-Type: {}\r\nX-Request-Id: {}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
        code.as_u16(),
        code.canonical_reason().unwrap_or_default(),
        answer.content_type,
        id.as_str(),
        body.len(),
    )
    .into_bytes()
}
