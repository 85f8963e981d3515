//! What a client is made with, and the making of it: whose certificates are good, through which proxy, how long it waits.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use reqwest::dns::Resolve;
use reqwest::{ClientBuilder, NoProxy, Proxy, redirect, retry};
use rustls::crypto::ring;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, ConfigBuilder, RootCertStore, WantsVerifier};
use thiserror::Error;

use super::super::super::config::read_file;
use super::endpoint::ProxyAddress;
use crate::system;

/// How long one try to reach a host may take.
const CONNECT: Duration = Duration::from_secs(5);
/// How long a connection is kept for the next delivery: shorter than servers keep it, five seconds for many, so that none is
/// used that is being closed.
const IDLE: Duration = Duration::from_secs(4);
/// The most bytes of a file of roots; that of Mozilla's authorities has 220 KiB.
const MAX_CA_BYTES: usize = 4 * 1024 * 1024;
/// What no proxy is asked for. `http://` is allowed to it, and would leave this machine on the way to a proxy.
const LOOPBACK: &str = "localhost,127.0.0.0/8,::1";

/// What a client is made with.
#[derive(Clone, Debug)]
pub struct HttpOptions {
    /// Through which proxy it reaches other machines; none where absent, whatever the environment says.
    pub proxy: Option<ProxyAddress>,
    /// Roots beside the system's, PEM.
    pub ca_file: Option<PathBuf>,
    /// Whether `http://` may leave this machine.
    pub insecure_http: bool,
    /// How long a delivery may take.
    pub limit: Duration,
}

/// Why no client can be made.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum OptionsError {
    /// The file of roots cannot be used, for this reason.
    #[error("cannot use the CA file: {0}")]
    CaFile(String),
    /// The proxy cannot be used.
    #[error("cannot use the proxy: expected an address such as http://proxy.example:3128")]
    Proxy,
    /// No client can be created.
    #[error("cannot make an HTTP client")]
    Client,
}

impl HttpOptions {
    pub(super) fn build(&self, names: impl Resolve + 'static) -> Result<reqwest::Client, OptionsError> {
        let mut builder = direct(self.tls()?, names, self.limit);
        if let Some(proxy) = &self.proxy {
            let proxy = Proxy::all(proxy.url()).map_err(|_| OptionsError::Proxy)?;
            builder = builder.proxy(proxy.no_proxy(NoProxy::from_string(LOOPBACK)));
        }
        builder.build().map_err(|_| OptionsError::Client)
    }

    fn tls(&self) -> Result<ClientConfig, OptionsError> {
        let mut roots = system::roots();
        if let Some(file) = &self.ca_file {
            add_roots(&mut roots, file).map_err(OptionsError::CaFile)?;
        }
        Ok(tls_builder().with_root_certificates(roots).with_no_client_auth())
    }
}

/// A client that reaches every machine without a proxy.
pub(super) fn direct(tls: ClientConfig, names: impl Resolve + 'static, limit: Duration) -> ClientBuilder {
    reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .dns_resolver(Arc::new(names))
        .redirect(redirect::Policy::none())
        .retry(retry::never())
        .referer(false)
        .no_proxy()
        .connect_timeout(CONNECT.min(limit))
        .timeout(limit)
        .pool_idle_timeout(IDLE)
        .user_agent(concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION")))
}

pub(super) fn tls_builder() -> ConfigBuilder<ClientConfig, WantsVerifier> {
    ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("ring has the suites of TLS 1.2 and 1.3")
}

fn add_roots(roots: &mut RootCertStore, file: &Path) -> Result<(), String> {
    const EXPECTED: &str = "expected certificates in PEM (-----BEGIN CERTIFICATE-----)";
    let bytes = read_file(file, MAX_CA_BYTES)?;
    let mut found = 0;
    for certificate in CertificateDer::pem_slice_iter(&bytes) {
        roots.add(certificate.map_err(|_| EXPECTED)?).map_err(|_| EXPECTED)?;
        found += 1;
    }
    if found == 0 { Err(EXPECTED.to_owned()) } else { Ok(()) }
}
