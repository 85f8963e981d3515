//! One document in, one document out: the process of contract section 5.

use std::mem;

use zeroize::Zeroizing;

use super::delivery::{self, Delivery, Places};
use super::error::RunError;
use super::files::{Replaceable, is_stdin};
use super::session::{Names, Session};
use super::{parameters, terminal};
use crate::cli::{CommandLineError, FilterArguments};
use totp_adapter::exit_codes::MailFailure;
use totp_adapter::operation::{Operation, Parameters};
use totp_adapter::reply::Reply;

/// The most bytes of a telephone number and its line end.
#[cfg(feature = "serve")]
const MAX_NUMBER_BYTES: usize = 64;

/// Runs the filter and gives the exit code.
#[must_use]
pub fn run(arguments: &FilterArguments) -> i32 {
    let (status_file, places) = delivery::begin(&arguments.files, &arguments.request.files());
    let delivery = places.and_then(|places| answer(arguments, &places)).unwrap_or_else(Delivery::instead);
    status_file.end(delivery, arguments.handling.exit_code.unwrap_or_default())
}

/// Answers to a command line that cannot be followed and gives the exit code (contract 5.6).
#[must_use]
pub fn reject(error: &CommandLineError) -> i32 {
    // Where not even the files are right, the first error is the one to tell.
    let (status_file, _) = delivery::begin(&error.files, &error.read);
    let code = status_file.end(Delivery::refuse(Reply::error(&error.description)), error.exit_codes);
    error.exit_codes.failed(MailFailure::Usage, code)
}

/// Makes the answer and delivers it, unless its place is known to be taken.
fn answer(arguments: &FilterArguments, places: &Places<'_>) -> Result<Delivery, RunError> {
    let resolved = parameters::resolve_one(&arguments.request, arguments.handling.input_timeout);
    let operation = resolved.as_ref().map_or(arguments.request.x4.operation, |(operation, _)| Some(*operation));
    let replaceable = replaceable(arguments, operation);
    let reply = match resolved {
        Ok((operation, parameters)) => {
            places.check(replaceable)?;
            respond(arguments, places, operation, parameters).unwrap_or_else(Reply::from)
        }
        Err(error) => error.into(),
    };
    Ok(places.deliver(reply, arguments.drawing, replaceable))
}

/// Which output files may be replaced: an operation that is not known could be one that keeps a secret there.
fn replaceable(arguments: &FilterArguments, operation: Option<Operation>) -> Replaceable {
    if arguments.handling.overwrite {
        return Replaceable::Everything;
    }
    match operation.map(Operation::outputs_secret) {
        Some(false) => Replaceable::AllButSecrets,
        Some(true) | None => Replaceable::Nothing,
    }
}

fn respond(
    arguments: &FilterArguments,
    places: &Places<'_>,
    operation: Operation,
    parameters: Parameters,
) -> Result<Reply, RunError> {
    #[cfg(feature = "serve")]
    if let Some(unlock) = &arguments.request.service_unlock {
        let number = || places.input.read("the telephone number", MAX_NUMBER_BYTES, arguments.handling.input_timeout);
        return Ok(totp_adapter::service::unlock(unlock, number));
    }
    let input = input(operation, arguments, places)?;
    let session = Session::new(&arguments.request, parameters);
    let reply = session.respond(operation, Names::default(), &input);
    // The end of the process closes the state as well, at once.
    mem::forget(session);
    Ok(reply)
}

/// The document, where the operation takes one; otherwise nothing is even opened (contract 1.1).
fn input(
    operation: Operation,
    arguments: &FilterArguments,
    places: &Places<'_>,
) -> Result<Zeroizing<Vec<u8>>, RunError> {
    let Some(input) = operation.input() else { return Ok(Zeroizing::default()) };
    if places.input.file().is_none() {
        if arguments.request.parameters.as_deref().is_some_and(is_stdin) {
            return Err(RunError::InputTaken);
        }
        terminal::announce_wait(input);
    }
    places.input.read("the input", input.max_bytes(), arguments.handling.input_timeout)
}
