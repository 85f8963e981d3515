//! One document out to somebody else: the process of `push` (contract 12.2, 12.3, 13.5), with the streams, the status file and the
//! exit codes of the filter.

use std::cell::Cell;

use super::existing::Replaceable;
use super::fault::Fault;
use super::filter::{Delivery, carry_out, deliver, instead_of_output};
use super::places::Places;
use super::terminal;
use crate::cli::{FilterArguments, Handling, PushArguments, Request};
use crate::service::push::{Push, Pushed};
use crate::status::MailFailure;

/// Delivers what comes in and gives the exit code.
#[must_use]
pub fn run(arguments: &PushArguments) -> i32 {
    let failure = Cell::new(None);
    let code = carry_out(&arguments.files, &arguments.read(), arguments.exit_codes, |places| match places {
        Ok(places) => answer(arguments, &places, &failure),
        Err(fault) => {
            failure.set(Some(MailFailure::Temporary));
            instead_of_output(fault)
        }
    });
    match failure.get() {
        Some(failure) => arguments.exit_codes.failed(failure, code),
        None => code,
    }
}

/// Delivers, and leaves the answer where it belongs.
fn answer(arguments: &PushArguments, places: &Places, failure: &Cell<Option<MailFailure>>) -> Delivery {
    // Before anything is delivered: an answer without a place would say that nothing was.
    if let Some(Err(kept)) = places.output.file().map(|file| Replaceable::AllButSecrets.check(file)) {
        failure.set(Some(MailFailure::Temporary));
        return instead_of_output(Fault::OutputKept { file: arguments.files.output.clone(), kept });
    }
    let pushed = match Push::prepare(&arguments.request, &arguments.way) {
        Ok(push) => {
            if places.input.file().is_none() {
                terminal::announce_text(push.input());
            }
            match places.input.read("the input", push.max_bytes(), arguments.input_timeout) {
                Ok(input) => push.push(&input),
                Err(fault) => Pushed { failure: Some(MailFailure::Temporary), reply: fault.into() },
            }
        }
        Err(error) => error.into(),
    };
    failure.set(pushed.failure);
    deliver(pushed.reply, &as_filter(arguments), &places.output, Replaceable::AllButSecrets)
}

/// The options that the filter's way out looks at.
fn as_filter(arguments: &PushArguments) -> FilterArguments {
    let files = &arguments.files;
    FilterArguments {
        request: Request::default(),
        files: crate::cli::Files {
            input: files.input.clone(),
            output: files.output.clone(),
            status_file: files.status_file.clone(),
        },
        handling: Handling {
            input_timeout: arguments.input_timeout,
            overwrite: false,
            exit_code: Some(arguments.exit_codes),
        },
        format: None,
        base64: false,
    }
}
