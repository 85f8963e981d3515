//! `health` (contract 10.6): asks a service over HTTP whether it is healthy. It knows no more of the service than the HTTP status.

use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use thiserror::Error;

use super::delivery::{EndpointUrl, HttpClient, HttpError, HttpOptions, OptionsError, PinnedCertificate};

/// How long an answer may take, with the connection.
const LIMIT: Duration = Duration::from_secs(5);
/// How much longer we wait for the client, which says what did not come.
const GRACE: Duration = Duration::from_millis(250);

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
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build();
        let runtime = runtime.map_err(|_| HealthError::System)?;
        let url = self.url.clone();
        let (sender, answer) = mpsc::channel();
        // The clock of a runtime stands still while it reads, so a server that never stops sending could hold it up; and so could
        // a name server that does not answer. The end of the process ends the thread.
        let asking = move || drop(sender.send(runtime.block_on(client.get(&url))));
        thread::Builder::new().spawn(asking).map_err(|_| HealthError::System)?;
        let late = HttpError::Timeout { seconds: LIMIT.as_secs() };
        match answer.recv_timeout(LIMIT + GRACE).unwrap_or(Err(late))? {
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
