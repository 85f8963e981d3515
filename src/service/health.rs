//! `health` (contract 10.6): asks a service over HTTP whether it is healthy. It knows no more of the service than the HTTP status.

use std::path::{Path, PathBuf};
use std::time::Duration;

use thiserror::Error;

use super::delivery::{EndpointUrl, HttpClient, HttpError, HttpOptions, OptionsError, PinnedCertificate};

/// How long an answer may take, with the connection.
const LIMIT: Duration = Duration::from_secs(5);

/// Whom to ask.
#[derive(Debug)]
pub struct HealthCheck {
    /// The address that answers.
    pub url: EndpointUrl,
    /// The file of the one certificate that it may show; absent, an authority that the system trusts has issued it.
    pub certificate: Option<PathBuf>,
}

/// Why a service does not count as healthy.
#[derive(Debug, Error)]
pub enum HealthError {
    /// There is no answer.
    #[error("not healthy: {0}")]
    NoAnswer(#[from] HttpError),
    /// The answer is another than 2xx.
    #[error("not healthy: HTTP status {0}")]
    Status(u16),
    /// The file of the certificate cannot be used, for this reason.
    #[error("cannot use the file of --certificate: {0}")]
    Certificate(String),
    /// A certificate is expected where none is shown.
    #[error("cannot use --certificate: expected an address with https://")]
    NoTls,
    /// No client can be made.
    #[error(transparent)]
    Options(#[from] OptionsError),
    /// The system has no room for the question.
    #[error("cannot ask: the system has no room for it")]
    System,
}

impl HealthError {
    /// Whether the service was asked.
    #[must_use]
    pub const fn is_unhealthy(&self) -> bool {
        match self {
            Self::NoAnswer(_) | Self::Status(_) => true,
            Self::Certificate(_) | Self::NoTls | Self::Options(_) | Self::System => false,
        }
    }
}

impl HealthCheck {
    /// Asks.
    ///
    /// # Errors
    ///
    /// [`HealthError`] where the service is not healthy, or cannot be asked.
    pub fn run(&self) -> Result<(), HealthError> {
        let client = self.client()?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|_| HealthError::System)?;
        let status = runtime.block_on(client.get(&self.url));
        // A name server that does not answer holds up nobody.
        runtime.shutdown_background();
        match status? {
            200..=299 => Ok(()),
            status => Err(HealthError::Status(status)),
        }
    }

    fn client(&self) -> Result<HttpClient, HealthError> {
        if let Some(file) = &self.certificate {
            return self.pinned(file);
        }
        let options = HttpOptions { proxy: None, ca_file: None, insecure_http: true, limit: LIMIT };
        Ok(HttpClient::new(&options)?)
    }

    fn pinned(&self, file: &Path) -> Result<HttpClient, HealthError> {
        if !self.url.is_encrypted() {
            return Err(HealthError::NoTls);
        }
        let certificate = PinnedCertificate::read(file).map_err(HealthError::Certificate)?;
        Ok(HttpClient::pinned(certificate, LIMIT)?)
    }
}
