//! One document out to somebody else: the process of `push` (contract 12.2, 12.3, 13.5), with the streams, the status file and the
//! exit codes of the filter.

use super::delivery::{self, Delivery, Places};
use super::error::RunError;
use super::files::Replaceable;
use super::terminal;
use crate::cli::{DrawingArguments, PushArguments};
use totp_adapter::exit_codes::MailFailure;
use totp_adapter::service::push::{Push, Pushed};

/// Delivers what comes in and gives the exit code.
#[must_use]
pub fn run(arguments: &PushArguments) -> i32 {
    let (status_file, places) = delivery::begin(&arguments.common.files, &arguments.read());
    let (delivery, failure) = places
        .and_then(|places| answer(arguments, &places))
        .unwrap_or_else(|error| (Delivery::instead(error), Some(MailFailure::Temporary)));
    let exit_codes = arguments.common.exit_code.unwrap_or_default();
    let code = status_file.end(delivery, exit_codes);
    failure.map_or(code, |failure| exit_codes.failed(failure, code))
}

/// Delivers, and leaves the answer where it belongs.
fn answer(arguments: &PushArguments, places: &Places<'_>) -> Result<(Delivery, Option<MailFailure>), RunError> {
    // Before anything is delivered: an answer without a place would say that nothing was.
    places.check(Replaceable::AllButSecrets)?;
    let pushed = match Push::prepare(&arguments.request, &arguments.http_options()) {
        Ok(push) => {
            if places.input.file().is_none() {
                terminal::announce_text(push.input());
            }
            match places.input.read("the input", push.max_bytes(), arguments.common.input_timeout) {
                Ok(input) => push.push(&input),
                Err(error) => Pushed { failure: Some(MailFailure::Temporary), reply: error.into() },
            }
        }
        Err(error) => error.into(),
    };
    Ok((places.deliver(pushed.reply, DrawingArguments::default(), Replaceable::AllButSecrets), pushed.failure))
}
