//! The life of the service (contract 10.1, 10.5, 10.8): it binds, serves, reads its certificates again, and ends without
//! breaking off what it is answering.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum_server::accept::DefaultAcceptor;
use axum_server::tls_rustls::{RustlsAcceptor, RustlsConfig};
use axum_server::{Control, Handle, Server};
use thiserror::Error;
use tokio::runtime::Runtime;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};

use super::config::{self, Access, Configuration, MfaKeyError, Mistake, Renewed, SecretFile, Warning};
use super::connection::Connection;
use super::http::{self, Served};
use super::listener::{Gate, WireAcceptor};
use super::log::{self, LogOptions, TARGET};
use super::signals::{Signal, Signals};
use super::state_folder::{self, StateFolderError};
use super::store::Store;
use super::{guard, http::Service};
use crate::verification::MemoryError;
use crate::wording::reason;

/// How long requests may go on after the first signal to end.
const DRAIN: Duration = Duration::from_secs(10);
/// How long a TLS handshake may take (contract 10.7).
const HANDSHAKE: Duration = Duration::from_secs(10);
/// The most bytes that the head of a request can have.
const HEAD_BYTES: usize = 64 * 1024;
/// How many connections for metrics are served at once, however many others there are.
const METRICS_CONNECTIONS: usize = 16;
/// How long the log is silent about further connections that cannot be accepted.
const ACCEPT_SILENCE: Duration = Duration::from_secs(10);

/// Why the service cannot begin.
#[derive(Debug, Error)]
pub enum BeginError {
    /// The system does not give what it needs.
    #[error("cannot start: {}", reason(.0))]
    System(#[from] io::Error),
    /// An address cannot be taken.
    #[error("cannot listen on {address}: {}", reason(.error))]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why not.
        error: io::Error,
    },
    /// There is no place for the state.
    #[error(transparent)]
    StateFolder(#[from] StateFolderError),
    /// The state cannot be opened.
    #[error("state not available: {0}")]
    State(#[from] MemoryError),
    /// The key of codes cannot be read or made.
    #[error(transparent)]
    MfaKey(#[from] MfaKeyError),
}

/// Serves until a signal ends it and returns the exit code.
///
/// # Errors
///
/// [`BeginError`] where it could not begin.
pub fn serve(configuration: Configuration, warnings: &[Warning], log: LogOptions) -> Result<i32, BeginError> {
    guard::install();
    let runtime = runtime()?;
    let exit_code = runtime.block_on(run(configuration, warnings, log));
    // A picture may still be read, for nobody.
    runtime.shutdown_background();
    exit_code
}

fn runtime() -> io::Result<Runtime> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()
}

async fn run(mut configuration: Configuration, warnings: &[Warning], options: LogOptions) -> Result<i32, BeginError> {
    let signals = Signals::new()?;
    let certificates = configuration.tls.as_ref().map(|tls| RustlsConfig::from_config(tls.server.clone()));
    let location = state_folder::location(configuration.state.as_ref())?;
    let password = configuration.state_password.clone().map(SecretFile::into_text);
    let store = Store::open(&location, password, configuration.policy)?;
    let listeners = bind(&configuration).await?;
    // The ports that were really taken: the page tells them.
    configuration.listen =
        listeners.iter().filter(|listener| listener.served.operations).map(|listener| listener.address).collect();
    let mfa_key = configuration.mfa.as_ref().map(config::Mfa::key).transpose()?;
    log::begin(options);
    let service = Arc::new(Service::new(&configuration, mfa_key, store)?);
    tracing::info!(target: TARGET, version = env!("CARGO_PKG_VERSION"), "totp-adapter");
    for warning in warnings {
        tracing::warn!(target: TARGET, cause = warning.to_string(), "configuration");
    }
    let mut addresses = Vec::new();
    for listener in &listeners {
        let scheme = if listener.is_secure(certificates.as_ref()) { "https" } else { "http" };
        let address = listener.address.to_string();
        tracing::info!(target: TARGET, address, scheme, serves = listener.served.words(&configuration), "serving");
        if listener.served.operations {
            addresses.push(address);
        }
    }
    tracing::info!(target: TARGET, address = addresses.join(", "), "listening");
    let control = Control::new();
    let mut servers = JoinSet::new();
    for listener in listeners {
        listener.start(&service, certificates.as_ref(), &control, &mut servers);
    }
    Ok(live(&configuration, &service, certificates.as_ref(), &control, servers, signals).await)
}

/// A listener and what it serves.
struct Listener {
    gate: Gate,
    address: SocketAddr,
    served: Served,
}

/// Takes all addresses, or none.
async fn bind(configuration: &Configuration) -> Result<Vec<Listener>, BeginError> {
    let permits = Arc::new(Semaphore::new(configuration.limits.connections));
    let mut listeners = Vec::new();
    for &address in &configuration.listen {
        let metrics = configuration.metrics_listen.is_none() && address.ip().is_loopback();
        listeners.push(Listener::bind(address, permits.clone(), Served { operations: true, metrics }).await?);
    }
    if let Some(address) = configuration.metrics_listen {
        let permits = Arc::new(Semaphore::new(METRICS_CONNECTIONS));
        listeners.push(Listener::bind(address, permits, Served { operations: false, metrics: true }).await?);
    }
    Ok(listeners)
}

impl Listener {
    async fn bind(address: SocketAddr, permits: Arc<Semaphore>, served: Served) -> Result<Self, BeginError> {
        let failed = |error| BeginError::Listen { address, error };
        let gate = Gate::bind(address, permits).await.map_err(failed)?;
        let address = gate.address().map_err(failed)?;
        Ok(Self { gate, address, served })
    }

    /// Metrics alone have no secrets.
    fn is_secure(&self, certificates: Option<&RustlsConfig>) -> bool {
        certificates.is_some() && self.served.operations
    }

    fn start(
        self,
        service: &Arc<Service>,
        certificates: Option<&RustlsConfig>,
        control: &Control,
        servers: &mut JoinSet<io::Result<()>>,
    ) {
        let is_secure = self.is_secure(certificates);
        let paths = http::router(service, self.served).into_make_service_with_connect_info::<Connection>();
        let mut server = Server::from_listener(self.gate)
            .http1_only()
            .handle(Handle::with_control(control.clone()))
            .accept_error_handler(accept_failed());
        // The wire has the time limits of a head: those of hyper would also end connections between two requests.
        server.http_builder().http1().title_case_headers(true).half_close(true).max_buf_size(HEAD_BYTES);
        match certificates.filter(|_| is_secure) {
            Some(certificates) => {
                let tls = RustlsAcceptor::new(certificates.clone()).handshake_timeout(HANDSHAKE);
                servers.spawn(server.acceptor(WireAcceptor(tls)).serve(paths));
            }
            None => {
                servers.spawn(server.acceptor(WireAcceptor(DefaultAcceptor::new())).serve(paths));
            }
        }
    }
}

impl Served {
    /// In words, for the log.
    fn words(self, configuration: &Configuration) -> String {
        let Configuration { operations, skyvern, inboxes, mfa, .. } = configuration;
        let served = [
            (self.operations && *operations != Access::Nobody, "operations"),
            (self.operations && !skyvern.is_empty(), "codes for Skyvern"),
            (self.operations && !inboxes.is_empty(), "inboxes"),
            (self.operations && mfa.is_some(), "codes for a second factor"),
            (self.operations, "health"),
            (self.metrics, "metrics"),
        ];
        let words: Vec<&str> = served.into_iter().filter_map(|(is_served, words)| is_served.then_some(words)).collect();
        words.join(", ")
    }
}

/// Tells of connections that could not be accepted, which may fail many times a second, and of handshakes that failed.
fn accept_failed() -> impl Fn(Option<&Connection>, &io::Error) + Send + Sync + 'static {
    let begin = Instant::now();
    let next = AtomicU64::new(0);
    move |connection, error| {
        if connection.is_some() {
            // What TLS says of it may quote what came in.
            tracing::debug!(target: TARGET, cause = reason(&error.kind().into()), "connection failed");
            return;
        }
        let now = begin.elapsed().as_secs();
        if next.load(Ordering::Relaxed) <= now {
            next.store(now + ACCEPT_SILENCE.as_secs(), Ordering::Relaxed);
            tracing::error!(target: TARGET, cause = reason(error), "cannot accept connections");
        }
    }
}

/// Waits for signals until one ends the service.
async fn live(
    configuration: &Configuration,
    service: &Service,
    certificates: Option<&RustlsConfig>,
    control: &Control,
    mut servers: JoinSet<io::Result<()>>,
    mut signals: Signals,
) -> i32 {
    while signals.next().await == Signal::Reload {
        reload(configuration, certificates, service);
    }
    tracing::info!(target: TARGET, "ending");
    control.graceful_shutdown(Some(DRAIN));
    let ended = async {
        let drained = async { while servers.join_next().await.is_some() {} };
        // The servers keep to it themselves.
        let _ = timeout(DRAIN * 2, drained).await;
        if let Err(error) = timeout(DRAIN, service.end()).await.unwrap_or(Err(MemoryError::Late)) {
            tracing::warn!(target: TARGET, cause = error.to_string(), "state not closed; nothing is lost");
        }
    };
    tokio::select! {
        () = ended => {}
        exit_code = second(&mut signals) => return exit_code,
    }
    tracing::info!(target: TARGET, "ended");
    0
}

/// The exit code of the next signal to end.
async fn second(signals: &mut Signals) -> i32 {
    loop {
        match signals.next().await {
            Signal::Reload => {}
            Signal::End(exit_code) => return exit_code,
        }
    }
}

/// Reads certificates and secrets again; with a mistake the old ones stay.
fn reload(configuration: &Configuration, certificates: Option<&RustlsConfig>, service: &Service) {
    match configuration.renew() {
        Ok(Renewed { tls, clients, skyvern_keys, state_password, deliveries, mfa_token }) => {
            if let (Some(certificates), Some(tls)) = (certificates, tls) {
                certificates.reload_from_config(tls);
            }
            service.renew_clients(clients);
            service.renew_skyvern_keys(skyvern_keys);
            service.renew_mfa(mfa_token.as_ref(), &deliveries);
            service.renew_state_password(state_password);
            tracing::info!(target: TARGET, "certificates and secrets read again");
        }
        Err(mistakes) => {
            tracing::error!(target: TARGET, cause = joined(&mistakes), "the old certificates and secrets stay");
        }
    }
}

fn joined(mistakes: &[Mistake]) -> String {
    mistakes.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}
