//! One document in, one document out: the process of contract section 5.

use std::io::{self, IsTerminal, Write};

use zeroize::Zeroizing;

use super::fault::Fault;
use super::input::is_standard_stream;
use super::output::Destination;
use super::places::{OUTPUT, Places, STATUS_FILE};
use super::{parameters, system, terminal};
use crate::adapter::Adapter;
use crate::cli::{Files, FilterArguments, WrongCommandLine};
use crate::operation::Operation;
use crate::reply::{Body, Reply};
use crate::status::{ExitCodes, Status};

/// Runs the filter and gives the exit code.
#[must_use]
pub fn run(arguments: &FilterArguments) -> i32 {
    let exit_codes = arguments.exit_code.unwrap_or_default();
    match begin(&arguments.files) {
        Ok(places) => {
            let delivery = answer(arguments, &places);
            conclude(delivery, places.status.as_ref(), exit_codes)
        }
        Err(fault) => conclude(refuse(fault.into()), None, exit_codes),
    }
}

/// Answers to a command line that cannot be followed and gives the exit code (contract 5.6).
#[must_use]
pub fn reject(wrong: &WrongCommandLine) -> i32 {
    let reply = Reply::error(&wrong.description);
    match begin(&wrong.files) {
        Ok(places) => conclude(refuse(reply), places.status.as_ref(), wrong.exit_codes),
        // Where not even the files are right, the first fault is the one to tell.
        Err(_) => conclude(refuse(reply), None, wrong.exit_codes),
    }
}

fn begin(files: &Files) -> Result<Places, Fault> {
    let places = Places::of(files)?;
    places.remove_status()?;
    Ok(places)
}

/// What became of an answer.
struct Delivery {
    status: Status,
    cause: Option<String>,
    /// Whether a document was written whole.
    written: bool,
}

/// Makes the answer and delivers it.
fn answer(arguments: &FilterArguments, places: &Places) -> Delivery {
    let (operation, parameters) = match parameters::resolve(arguments) {
        Ok(resolved) => resolved,
        // What would have been done is not known: it could be to keep a secret in that file.
        Err(fault) => return deliver(fault.into(), arguments, &places.output, arguments.overwrite),
    };
    let replace = arguments.overwrite || operation != Operation::GenerateSecret;
    if let Some(file) = places.output.file().filter(|file| !replace && file.exists()) {
        return refuse(Fault::OutputExists { file: file.to_owned() }.into());
    }
    let reply = match input(operation, arguments, places) {
        Ok(input) => Adapter { time: arguments.now.or_else(system::time), entropy: &mut system::entropy }.respond(
            operation,
            &parameters,
            &input,
        ),
        Err(fault) => fault.into(),
    };
    deliver(reply, arguments, &places.output, replace)
}

/// The document, where the operation takes one; otherwise nothing is even opened (contract 1.1).
fn input(operation: Operation, arguments: &FilterArguments, places: &Places) -> Result<Zeroizing<Vec<u8>>, Fault> {
    let Some(document) = operation.input_document() else { return Ok(Zeroizing::default()) };
    if places.input.file().is_none() {
        if arguments.files.parameters.as_deref().is_some_and(is_standard_stream) {
            return Err(Fault::SameFile { first: "--input", second: "--parameters" });
        }
        terminal::announce_wait(document);
    }
    places.input.read("an input", arguments.input_timeout)
}

/// Puts the answer where it belongs, replacing a file only where that is right.
fn deliver(reply: Reply, arguments: &FilterArguments, output: &Destination, replace: bool) -> Delivery {
    let terminal = *output == Destination::Stdout && io::stdout().is_terminal();
    let status = reply.status;
    // The line on stderr says it already (contract 5.9).
    if terminal && status != Status::Success {
        return Delivery { status, cause: reply.cause, written: true };
    }
    let drawn = terminal && arguments.files.output.is_none() && !arguments.base64;
    let document = match reply.body {
        Body::Symbol(symbol) if drawn => match terminal::draw(&symbol) {
            Ok(drawing) => drawing,
            Err(fault) => return Delivery { status: Status::Error, cause: Some(fault.cause()), written: true },
        },
        body if arguments.base64 => body.into_line(),
        body => body.into_bytes(),
    };
    let result = if replace { output.write(&document) } else { output.write_new(&document) };
    match result {
        Ok(()) => Delivery { status, cause: reply.cause, written: true },
        Err(error) => not_delivered(reply.cause, error, output),
    }
}

/// The answer could not be written where it was asked for. Where that was not standard output, this is told there.
fn not_delivered(cause: Option<String>, error: io::Error, output: &Destination) -> Delivery {
    let fault = match output {
        Destination::File(file) if error.kind() == io::ErrorKind::AlreadyExists => {
            Fault::OutputExists { file: file.clone() }
        }
        Destination::File(file) | Destination::Special(file) => {
            Fault::Write { what: OUTPUT, file: Some(file.clone()), error }
        }
        Destination::Stdout => Fault::Write { what: "standard output", file: None, error },
    };
    let causes = [cause, Some(fault.cause())];
    let cause = Some(causes.into_iter().flatten().collect::<Vec<_>>().join("; "));
    if *output != Destination::Stdout {
        refuse(fault.into());
    }
    Delivery { status: Status::Error, cause, written: false }
}

/// Puts an answer on standard output because there is no right place for it; a terminal gets the line on stderr only.
fn refuse(reply: Reply) -> Delivery {
    let written = io::stdout().is_terminal() || Destination::Stdout.write(&reply.body.into_bytes()).is_ok();
    Delivery { status: reply.status, cause: reply.cause, written }
}

/// Leaves the status behind: in its file, on stderr where it is not 1, and as the exit code.
fn conclude(delivery: Delivery, status_file: Option<&Destination>, exit_codes: ExitCodes) -> i32 {
    let Delivery { mut status, mut cause, mut written } = delivery;
    if !written {
        status = Status::Error;
    }
    if let Some(Err(error)) = status_file.map(|file| file.write(format!("{status}\n").as_bytes())) {
        let file = status_file.and_then(Destination::name).map(ToOwned::to_owned);
        cause = cause.or_else(|| Some(Fault::Write { what: STATUS_FILE, file, error }.cause()));
        status = Status::Error;
        written = false;
    }
    if let Some(cause) = cause {
        // Where stderr cannot be written either, the exit code remains.
        let _ = writeln!(io::stderr(), "totp-adapter: status {status}: {cause}");
    }
    if written { exit_codes.written(status) } else { exit_codes.not_written() }
}
