//! The command line of `serve` (contract section 10).

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::named;
use crate::otp::{OutOfRange, whole_number};
use crate::service::config::{Limits, Tls};
use crate::service::log::{LogFormat, LogLevel};

/// The options of `serve`, as they were given.
#[derive(Debug, Args)]
#[command(about = "Serve the operations over HTTP")]
pub struct ServeArguments {
    /// Listen on an address and port; 0 takes a free port [default: 127.0.0.1:6238]
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub listen: Vec<SocketAddr>,

    /// Write the log as text or as JSON [default: text on a terminal, else json]
    #[arg(long, value_name = "FORMAT", value_parser = named::<LogFormat, _>(LogFormat::ALL.map(LogFormat::name)))]
    pub log_format: Option<LogFormat>,

    /// Leave out of the log what is less important [default: info]
    #[arg(long, value_name = "LEVEL", value_parser = named::<LogLevel, _>(LogLevel::ALL.map(LogLevel::name)))]
    pub log_level: Option<LogLevel>,

    /// Until there is a file for it.
    #[arg(long, hide = true)]
    pub metrics_listen: Option<SocketAddr>,
    /// Until there is a file for it.
    #[arg(long, hide = true)]
    host_name: Vec<String>,
    /// Until there is a file for it.
    #[arg(long, hide = true)]
    certificate_file: Option<PathBuf>,
    /// Until there is a file for it.
    #[arg(long, hide = true)]
    key_file: Option<PathBuf>,
    /// Until there is a file for it.
    #[arg(long, hide = true, value_parser = seconds)]
    request_seconds: Option<Duration>,
    /// Until there is a file for it.
    #[arg(long, hide = true)]
    connections: Option<usize>,

    #[arg(skip)]
    pub host_names: Option<Vec<String>>,
    #[arg(skip)]
    pub limits: Limits,
}

impl ServeArguments {
    pub(super) fn settled(mut self) -> Self {
        self.host_names = Some(self.host_name.clone()).filter(|names| !names.is_empty());
        self.limits.request = self.request_seconds.unwrap_or(self.limits.request);
        self.limits.connections = self.connections.unwrap_or(self.limits.connections);
        self
    }

    pub(crate) fn tls(&self) -> Option<Tls> {
        let (certificate_file, key_file) = (self.certificate_file.clone()?, self.key_file.clone()?);
        Some(Tls { certificate_file, key_file })
    }
}

fn seconds(text: &str) -> Result<Duration, OutOfRange> {
    whole_number(text, "a whole number of seconds").map(Duration::from_secs)
}
