//! One document in, one document out: the process of contract section 5.

use std::io::IsTerminal;
use std::mem;
use std::path::PathBuf;

use zeroize::Zeroizing;

use super::descriptor::stdout;
use super::existing::Replaceable;
use super::fault::Fault;
use super::input::is_stdin;
use super::output::{Destination, WriteError};
use super::places::{self, OUTPUT, OUTPUT_IN_FOLDER, Places, STANDARD_OUTPUT, STATUS_FILE};
use super::session::{Names, Session};
use super::{parameters, tell, terminal};
use crate::cli::{Files, FilterArguments, WrongCommandLine};
use crate::operation::Operation;
use crate::reply::{Body, Cause, Reply};
use crate::status::{ExitCodes, MailFailure, Status};
use crate::symbol_format::SymbolFormat;

/// The most bytes of a telephone number and its line end.
#[cfg(feature = "serve")]
const MAX_NUMBER_BYTES: usize = 64;

/// Runs the filter and gives the exit code.
#[must_use]
pub fn run(arguments: &FilterArguments) -> i32 {
    carry_out(
        &arguments.files,
        &arguments.request.files(),
        arguments.handling.exit_code.unwrap_or_default(),
        |places| match places {
            Ok(places) => answer(arguments, &places),
            Err(fault) => instead_of_output(fault),
        },
    )
}

/// Answers to a command line that cannot be followed and gives the exit code (contract 5.6).
#[must_use]
pub fn reject(wrong: &WrongCommandLine) -> i32 {
    // Where not even the files are right, the first fault is the one to tell.
    let code = carry_out(&wrong.files, &wrong.read, wrong.exit_codes, |_| refuse(Reply::error(&wrong.description)));
    wrong.exit_codes.failed(MailFailure::Usage, code)
}

/// Answers where a run of any kind cannot even begin and gives the exit code.
#[must_use]
pub fn refuse_run(fault: Fault, exit_codes: ExitCodes) -> i32 {
    conclude(instead_of_output(fault), exit_codes)
}

/// Removes the old status first and leaves the new one last, whatever else is wrong in between (contract 5.12).
pub(super) fn carry_out(
    files: &Files,
    read: &[(&'static str, PathBuf)],
    exit_codes: ExitCodes,
    act: impl FnOnce(Result<Places, Fault>) -> Delivery,
) -> i32 {
    match places::begin_status(files, read) {
        Ok(status) => conclude(leave_status(act(Places::of(files, read)), files, status.as_ref()), exit_codes),
        // The status of an earlier run may still be there: the exit code must not say that all was written.
        Err(fault) => conclude(Delivery { written: false, ..act(Err(fault)) }, exit_codes),
    }
}

/// What became of an answer.
pub(super) struct Delivery {
    status: Status,
    cause: Option<Cause>,
    /// Whether the answer came whole to where it was asked for, as far as there was such a place.
    written: bool,
}

impl Delivery {
    /// The status of the answer, as long as the answer arrived.
    fn status(&self) -> Status {
        if self.written { self.status } else { Status::Error }
    }
}

/// Makes the answer and delivers it.
fn answer(arguments: &FilterArguments, places: &Places) -> Delivery {
    let (operation, parameters) = match parameters::resolve_one(&arguments.request, arguments.handling.input_timeout) {
        Ok(resolved) => resolved,
        Err(fault) => {
            let replaceable = replaceable(arguments, arguments.request.operation);
            return deliver(fault.into(), arguments, &places.output, replaceable);
        }
    };
    let replaceable = replaceable(arguments, Some(operation));
    // Not only when it is written: nobody should have to type a document in vain.
    if let Some(Err(kept)) = places.output.file().map(|file| replaceable.check(file)) {
        return instead_of_output(Fault::OutputKept { file: arguments.files.output.clone(), kept });
    }
    #[cfg(feature = "serve")]
    if let Some(unlock) = &arguments.request.service_unlock {
        let number = || places.input.read("the telephone number", MAX_NUMBER_BYTES, arguments.handling.input_timeout);
        return deliver(crate::service::unlock(unlock, number), arguments, &places.output, replaceable);
    }
    let reply = match input(operation, arguments, places) {
        Ok(input) => {
            let session = Session::new(&arguments.request, parameters);
            let reply = session.respond(operation, Names::default(), &input);
            // The end of the process closes the state as well, at once.
            mem::forget(session);
            reply
        }
        Err(fault) => fault.into(),
    };
    deliver(reply, arguments, &places.output, replaceable)
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

/// The document, where the operation takes one; otherwise nothing is even opened (contract 1.1).
fn input(operation: Operation, arguments: &FilterArguments, places: &Places) -> Result<Zeroizing<Vec<u8>>, Fault> {
    let Some(input) = operation.input() else { return Ok(Zeroizing::default()) };
    if places.input.file().is_none() {
        if arguments.request.parameters.as_deref().is_some_and(is_stdin) {
            return Err(Fault::InputTaken);
        }
        terminal::announce_wait(input);
    }
    places.input.read("the input", input.max_bytes(), arguments.handling.input_timeout)
}

/// Puts the answer where it belongs, replacing a file only where that is right.
pub(super) fn deliver(
    reply: Reply,
    arguments: &FilterArguments,
    output: &Destination,
    replaceable: Replaceable,
) -> Delivery {
    let terminal = *output == Destination::Stdout && stdout().is_terminal();
    let status = reply.status;
    // The line on stderr says it already (contract 5.9).
    if terminal && status != Status::Success {
        return Delivery { status, cause: reply.cause, written: true };
    }
    let (format, base64) = (arguments.format, arguments.base64);
    // Other bytes come to a terminal only where they are asked for (contract 5.9).
    let is_for_terminal = matches!(format, None | Some(SymbolFormat::Terminal));
    let drawn = terminal && arguments.files.output.is_none() && !base64 && is_for_terminal;
    let document = match reply.body {
        Body::Symbol(symbol) if drawn => match terminal::draw(&symbol) {
            Ok(drawing) => drawing,
            Err(fault) => {
                let cause = Some(Cause::Words(fault.cause()));
                return Delivery { status: Status::Error, cause, written: true };
            }
        },
        body if base64 => body.into_line(format.unwrap_or_default()),
        body => body.drawn_as(format.unwrap_or_default()),
    };
    let replaceable = match status {
        Status::Success | Status::Mismatch => replaceable,
        Status::Error => replaceable.by_error(),
    };
    match output.write_over(&document, replaceable) {
        Ok(()) => Delivery { status, cause: reply.cause, written: true },
        Err(error) => {
            let fault = fault_of_output(error, arguments, output);
            let cause = Some(joined(reply.cause, &fault.cause()));
            match output {
                Destination::Stdout => Delivery { status: Status::Error, cause, written: false },
                Destination::Special(_) | Destination::File(_) => Delivery { cause, ..instead_of_output(fault) },
            }
        }
    }
}

/// Why the answer could not be written; the file is called as it was on the command line.
fn fault_of_output(error: WriteError, arguments: &FilterArguments, output: &Destination) -> Fault {
    let file = arguments.files.output.clone();
    let error = match error {
        WriteError::Kept(kept) => return Fault::OutputKept { file, kept },
        WriteError::System(error) => error,
    };
    match output {
        Destination::File(_) => Fault::Write { what: OUTPUT_IN_FOLDER, file, error },
        Destination::Special(_) => Fault::Write { what: OUTPUT, file, error },
        Destination::Stdout => Fault::Write { what: STANDARD_OUTPUT, file: None, error },
    }
}

/// Tells on standard output that the answer did not come to the output that was asked for.
pub(super) fn instead_of_output(fault: Fault) -> Delivery {
    Delivery { written: false, ..refuse(fault.into()) }
}

fn joined(cause: Option<Cause>, further: &str) -> Cause {
    Cause::Words(cause.map_or_else(|| further.to_owned(), |cause| format!("{cause}; {further}")))
}

/// Puts an answer on standard output because there is no right place for it; a terminal gets the line on stderr only.
fn refuse(reply: Reply) -> Delivery {
    let Reply { status, body, cause } = reply;
    if stdout().is_terminal() {
        return Delivery { status, cause, written: true };
    }
    match Destination::Stdout.write(&body.into_bytes()) {
        Ok(()) => Delivery { status, cause, written: true },
        Err(error) => {
            let fault = Fault::Write { what: STANDARD_OUTPUT, file: None, error };
            Delivery { status, cause: Some(joined(cause, &fault.cause())), written: false }
        }
    }
}

/// Writes the status to its file, if there is one.
fn leave_status(delivery: Delivery, files: &Files, status_file: Option<&Destination>) -> Delivery {
    let Some(file) = status_file else { return delivery };
    let status = format!("{}\n", delivery.status());
    // Whatever came there since the beginning, an answer is not worth a secret.
    let Err(error) = file.write_over(status.as_bytes(), Replaceable::AllButSecrets) else { return delivery };
    let name = files.status_file.clone().unwrap_or_default();
    let fault = match error {
        WriteError::Kept(kept) => Fault::StatusFileKept { file: name, kept },
        WriteError::System(error) => Fault::Write { what: STATUS_FILE, file: Some(name), error },
    };
    Delivery { status: Status::Error, cause: Some(joined(delivery.cause, &fault.cause())), written: false }
}

/// Tells the status on stderr where it is not 1, and as the exit code.
fn conclude(delivery: Delivery, exit_codes: ExitCodes) -> i32 {
    let status = delivery.status();
    if let Some(cause) = delivery.cause {
        tell(&format!("status {status}: {cause}"));
    }
    if delivery.written { exit_codes.written(status) } else { exit_codes.not_written() }
}
