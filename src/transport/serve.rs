//! The process of `serve` (contract 10): what it says before the service has a log.

use std::path::Path;

use super::print;
use crate::cli::ServeArguments;
use totp_adapter::exit_codes::ExitCodes;
use totp_adapter::service;
use totp_adapter::service::config::{self, Overrides};
use totp_adapter::stderr::{eprint_line, tell};

/// Reads the configuration, and serves what it says or, with `--check`, reports it; returns the exit code (contract 10.3).
#[must_use]
pub fn run(arguments: &ServeArguments) -> i32 {
    let file = arguments.config.as_deref();
    let overrides = Overrides { listen: arguments.listen.clone(), state: arguments.state.clone() };
    // Mistakes that stand in no file are those of options, which name themselves.
    let named = file.unwrap_or(Path::new(""));
    let (configuration, warnings) = match config::load(file, &overrides) {
        Ok(sound) => sound,
        Err(mistakes) => {
            for mistake in mistakes {
                eprint_line(&mistake.line(named));
            }
            return ExitCodes::default().not_written();
        }
    };
    if arguments.check {
        for warning in warnings {
            eprint_line(&warning.line(named));
        }
        return print(service::summary(&configuration).as_bytes());
    }
    service::serve(configuration, &warnings, arguments.log()).unwrap_or_else(|error| {
        tell(&error.to_string());
        ExitCodes::default().not_written()
    })
}
