//! The command line of `serve` (contract section 10).

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;
use clap::builder::{OsStringValueParser, TypedValueParser};

use super::named;
use totp_adapter::otp::OutOfRangeError;
use totp_adapter::service::log::{LogFormat, LogLevel, LogOptions};
use totp_adapter::state::Location;

/// The options of `serve`, as they were given.
#[derive(Debug, Args)]
#[command(about = "Serve the operations over HTTP")]
pub struct ServeArguments {
    /// Read the configuration from a file [default: none; the operations on 127.0.0.1:6238]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,

    /// Check the configuration: print all its mistakes, or what would be served, and exit
    #[arg(long)]
    pub check: bool,

    /// Listen at this address instead of the configured ones; may be repeated
    #[arg(long, value_name = "ADDRESS:PORT", value_parser = address)]
    pub listen: Vec<SocketAddr>,

    /// Keep the state here instead of at the configured place: sqlite:FILE, a file, or postgres://…
    #[arg(long, value_name = "URL", value_parser = OsStringValueParser::new().try_map(super::memory::location))]
    pub state: Option<Location>,

    /// Format of the log on standard error [default: text on a terminal, else json]
    #[arg(long, value_name = "FORMAT", value_parser = named::<LogFormat, _>(LogFormat::ALL.map(LogFormat::name)))]
    pub log_format: Option<LogFormat>,

    /// Lowest level of log lines to write [default: info]
    #[arg(long, value_name = "LEVEL", value_parser = named::<LogLevel, _>(LogLevel::ALL.map(LogLevel::name)))]
    pub log_level: Option<LogLevel>,
}

impl ServeArguments {
    /// How to log.
    #[must_use]
    pub fn log(&self) -> LogOptions {
        LogOptions { format: self.log_format, level: self.log_level.unwrap_or_default() }
    }
}

pub(super) const AFTER_HELP: &str = "\
Without a configuration the operations are served on 127.0.0.1:6238, for this machine only. The state, a memory of used
passwords, is then in state.db of $STATE_DIRECTORY, else $XDG_STATE_HOME/totp-adapter, else ~/.local/state/totp-adapter.

--check creates no file and opens no state. It exits with 0 for a valid configuration, and with 2 for one with mistakes.
SIGTERM and SIGINT end the service. On SIGHUP it reads certificates and secret files again.

Examples:
  totp-adapter serve
  totp-adapter serve --config totp-adapter.toml --check
  curl --data '<Secret>GEZDGNBVGY3TQOJQ</Secret>' http://127.0.0.1:6238/x4/GeneratePassword";

fn address(text: &str) -> Result<SocketAddr, OutOfRangeError> {
    let expected = "an address and a port such as 127.0.0.1:6238 or [::1]:6238";
    text.parse().map_err(|_| OutOfRangeError { expected })
}
