//! The service (contract 10 to 15): the operations over HTTP, for callers who cannot start a process.

pub mod config;
pub mod delivery;
pub mod guard;
pub mod lifecycle;
pub mod log;
pub mod push;
pub mod store;

mod account_reader;
mod accounts;
mod connection;
mod http;
mod inbox;
mod listener;
mod metrics;
mod phone_number;
mod signals;
mod state_folder;
mod summary;
mod unlock;

use std::path::Path;

pub use accounts::Name;
pub use phone_number::PhoneNumber;
pub(crate) use unlock::unlock;

use crate::cli::ServeArguments;
use crate::status::ExitCodes;
use crate::transport::{self, eprint_line};
use config::Overrides;

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
        return transport::print(summary::of(&configuration).as_bytes());
    }
    lifecycle::serve(configuration, &warnings, arguments.log())
}
