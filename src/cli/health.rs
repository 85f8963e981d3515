//! The command line of `health` (contract 10.6).

use std::path::PathBuf;

use clap::Args;

use totp_adapter::otp::OutOfRangeError;
use totp_adapter::service::delivery::EndpointUrl;
use totp_adapter::service::health::HealthCheck;

/// The options of `health`, as they were given.
#[derive(Debug, Args)]
#[command(about = "Ask a service whether it is healthy")]
pub struct HealthArguments {
    /// URL to ask, such as http://127.0.0.1:6238/readyz
    #[arg(value_parser = url)]
    url: EndpointUrl,

    /// Trust the first certificate in this file (PEM), whatever its name, authority and dates, and no other
    #[arg(long, value_name = "FILE")]
    certificate: Option<PathBuf>,
}

impl HealthArguments {
    /// Whom to ask.
    #[must_use]
    pub fn check(&self) -> HealthCheck {
        HealthCheck { url: self.url.clone(), certificate: self.certificate.clone() }
    }
}

pub(super) const AFTER_HELP: &str = "\
/healthz answers while the service lives, /readyz while its state answers as well.

Exit code
  0  the HTTP status is 2xx, within 5 seconds
  1  it is another one, or there is no answer
  2  the service cannot be asked: a wrong command line, or a certificate that cannot be used

Examples:
  totp-adapter health http://127.0.0.1:6238/healthz
  totp-adapter health https://127.0.0.1:6238/readyz --certificate certificate.pem";

/// Nothing secret is sent, so that it need not be encrypted.
fn url(text: &str) -> Result<EndpointUrl, OutOfRangeError> {
    EndpointUrl::parse(text, true).map_err(|error| OutOfRangeError { expected: error.expected() })
}
