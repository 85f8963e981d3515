//! The service (contract 10 to 15): the operations over HTTP, for callers who cannot start a process.

pub mod config;
pub mod lifecycle;
pub mod log;

mod accounts;
mod connection;
mod guard;
mod http;
mod listener;
mod metrics;
mod signals;
mod state_folder;
mod store;
mod tls;

use crate::cli::ServeArguments;
use config::Configuration;
use log::LogOptions;

/// Serves and returns the exit code.
#[must_use]
pub fn run(arguments: &ServeArguments) -> i32 {
    let mut configuration =
        Configuration { limits: arguments.limits, tls: arguments.tls(), ..Configuration::default() };
    configuration.host_names.clone_from(&arguments.host_names);
    configuration.metrics_listen = arguments.metrics_listen;
    if !arguments.listen.is_empty() {
        configuration.listen.clone_from(&arguments.listen);
    }
    let log = LogOptions { format: arguments.log_format, level: arguments.log_level.unwrap_or_default() };
    lifecycle::serve(configuration, log)
}
