//! What a service serves, and how: the configuration as values that cannot be wrong (contract 10.2).

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use crate::otp::Skew;
use crate::state::{Location, Policy};

/// Everything that a service is told.
#[derive(Clone, Debug)]
pub struct Configuration {
    /// Where it listens; at least one address. Default: 127.0.0.1:6238.
    pub listen: Vec<SocketAddr>,
    /// What callers may call it in `Host`, in lower case, beside the address itself and localhost; none where the key is
    /// absent.
    pub host_names: Option<Vec<String>>,
    /// Where the state is kept; none for the usual place.
    pub state: Option<Location>,
    /// The folder of accounts, if there is one.
    pub accounts: Option<PathBuf>,
    /// Where metrics are served; none for the main address, where that is loopback.
    pub metrics_listen: Option<SocketAddr>,
    /// The files of the certificate and its key.
    pub tls: Option<Tls>,
    /// Limits.
    pub limits: Limits,
    /// The most that a query may ask for, and the default.
    pub skew: Skew,
    /// What a verification lets pass.
    pub policy: Policy,
    /// Who may call the operations.
    pub operations: Access,
    /// Who may get tokens.
    pub clients: Vec<Client>,
}

/// Certificate and key in PEM.
#[derive(Clone, Debug)]
pub struct Tls {
    /// The certificate and what leads to its root.
    pub certificate_file: PathBuf,
    /// Its key.
    pub key_file: PathBuf,
}

/// Limits of a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How long a request may take: 1 to 3600 s. Default: 30 s.
    pub request: Duration,
    /// How many connections are served at once: 1 to 65536. Default: 1024.
    pub connections: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { request: Duration::from_secs(30), connections: 1024 }
    }
}

/// Who may call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Access {
    /// Whoever reaches the address.
    Open,
    /// Clients with a token, by their ids.
    Clients(Vec<String>),
}

/// Who may get tokens (contract 13.3).
#[derive(Clone, Debug)]
pub struct Client {
    /// Its name.
    pub id: String,
    /// The SHA-256 of its secret.
    pub secret_sha256: [u8; 32],
}

impl Default for Configuration {
    fn default() -> Self {
        Self {
            listen: vec![SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 6238)],
            host_names: None,
            state: None,
            accounts: None,
            metrics_listen: None,
            tls: None,
            limits: Limits::default(),
            skew: Skew::default(),
            policy: Policy::default(),
            operations: Access::Open,
            clients: Vec::new(),
        }
    }
}
