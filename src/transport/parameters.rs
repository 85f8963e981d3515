//! Operation and parameters from the command line and the parameters file (contract 5.1). The command line wins.

use std::ffi::OsString;
use std::path::Path;
use std::time::Duration;

use super::error::RunError;
use super::files::{Source, is_stdin};
use crate::cli::Request;
use totp_adapter::operation::{Operation, Parameters};
use totp_adapter::otp::CodeParameters;
use totp_adapter::parameters_document::ParametersDocument;
#[cfg(feature = "serve")]
use totp_adapter::state::Location;
use totp_adapter::xml::MAX_DOCUMENT_BYTES;

/// The operation, if it is named anywhere, and its parameters. Reading the file may take no longer than the timeout.
pub fn resolve(request: &Request, timeout: Option<Duration>) -> Result<(Option<Operation>, Parameters), RunError> {
    #[cfg(feature = "serve")]
    if request.memory.state_password_file.is_some() && request.memory.state.as_ref().and_then(Location::file).is_some()
    {
        return Err(RunError::PasswordOfFile);
    }
    let file = match &request.parameters {
        Some(file) => of_file(file, timeout)?,
        None => ParametersDocument::default(),
    };
    let bytes = |name: OsString| name.into_encoded_bytes();
    let parameters = Parameters {
        issuer: request.x4.issuer.clone().map(bytes).or(file.issuer),
        account: request.x4.account.clone().map(bytes).or(file.account),
        code: CodeParameters {
            algorithm: request.algorithm.or(file.algorithm).unwrap_or_default(),
            digits: request.digits.or(file.digits).unwrap_or_default(),
            period: request.period.or(file.period).unwrap_or_default(),
        },
        skew: request.skew.or(file.skew).unwrap_or_default(),
        key_uri_format: request.key_uri_format.unwrap_or_default(),
    };
    Ok((request.x4.operation.or(file.operation), parameters))
}

/// Checks that the parameters file leaves standard input to what else is read from there.
pub fn leave_stdin(request: &Request) -> Result<(), RunError> {
    match &request.parameters {
        Some(file) if is_stdin(file) => Err(RunError::ParametersTakeInput),
        Some(_) | None => Ok(()),
    }
}

/// The one operation and its parameters.
pub fn resolve_one(request: &Request, timeout: Option<Duration>) -> Result<(Operation, Parameters), RunError> {
    let (operation, parameters) = resolve(request, timeout)?;
    Ok((operation.ok_or(RunError::NoOperation(Operation::EXPECTED))?, parameters))
}

/// What a parameters file says.
fn of_file(name: &Path, timeout: Option<Duration>) -> Result<ParametersDocument, RunError> {
    let bytes = Source::of(Some(name)).read("the parameters file", MAX_DOCUMENT_BYTES, timeout)?;
    ParametersDocument::read(&bytes).map_err(|error| RunError::Parameters(error).about(Some(name)))
}
