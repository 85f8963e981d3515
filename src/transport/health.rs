//! The process of `health` (contract 10.6): an exit code for what watches the service, and the reason for its log.

use crate::cli::HealthArguments;
use totp_adapter::exit_codes::ExitCodes;
use totp_adapter::status::Status;
use totp_adapter::stderr::tell;

/// Asks and returns the exit code.
#[must_use]
pub fn run(arguments: &HealthArguments) -> i32 {
    let status = match arguments.check().run() {
        Ok(()) => Status::Success,
        Err(error) => {
            tell(&error.to_string());
            if error.is_unhealthy() { Status::Mismatch } else { Status::Error }
        }
    };
    ExitCodes::default().written(status)
}
