//! Many files: the process of contract section 6.

mod inputs;
mod interruption;
mod manifest;
mod name;
mod outputs;
mod present;
mod progress;
mod report;
mod run_folder;
mod source;
mod table;
mod walk;
mod work;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::delivery::{refuse_run, tell_status};
use super::fault::Fault;
use super::files::{Destination, Replaceable, canonical_name, is_open_as, is_stdin, stdin};
use super::in_order::InOrder;
use super::parameters;
use super::session::Session;
use crate::cli::{self, BatchArguments};
use crate::operation::{Operation, Parameters};
use crate::otp::{LabelError, LabelPart};
use crate::status::Status;
use inputs::Inputs;
use interruption::Interruption;
use outputs::Outputs;
use progress::{Progress, Tally};
use report::{Place, Report, is_report};
use run_folder::RunFolder;
use work::{Source, Work};

/// Works on every input and gives the exit code.
#[must_use]
pub fn run(arguments: &BatchArguments) -> i32 {
    let exit_codes = arguments.run.exit_code.unwrap_or_default();
    let interruption = Interruption::default();
    let begun = Run::begin(arguments, &interruption);
    let ended = match begun {
        Ok(run) => run.end(&interruption),
        Err(fault) => return refuse_run(fault, exit_codes),
    };
    if let Err(fault) = &ended {
        tell_status(Status::Error, fault.cause());
    }
    match (interruption.exit_code(), ended) {
        (Some(interrupted), _) => interrupted,
        (None, Ok(worst)) => exit_codes.written(worst),
        (None, Err(_)) => exit_codes.not_written(),
    }
}

/// A run whose threads are at work.
struct Run<'a> {
    arguments: &'a BatchArguments,
    threads: InOrder<Work>,
    progress: Progress,
}

impl<'a> Run<'a> {
    /// Checks everything that is one fault of all documents, then begins with the first.
    fn begin(arguments: &'a BatchArguments, interruption: &Interruption) -> Result<Self, Fault> {
        if reads_stdin(arguments.run.inputs()) {
            parameters::leave_stdin(&arguments.request)?;
        }
        let (operation, parameters) = parameters::resolve_one(&arguments.request, None)?;
        if matches!(arguments.run.inputs(), cli::Inputs::Count(_)) && operation != Operation::GenerateSecret {
            return Err(Fault::Count);
        }
        let inputs = || Inputs::new(arguments.run.inputs(), arguments.run.null, operation, arguments.run.output_dir());
        let source = Source::new(inputs()?);
        let report = report_place(arguments)?;
        interruption.watch().map_err(Fault::Signals)?;
        let outputs = outputs(arguments, operation, parameters)?;
        let report = Report::begin(report.as_ref(), operation == Operation::GenerateSecret)
            .map_err(|error| unwritable(REPORT, arguments.run.report.as_deref(), error))?;
        let tally = Arc::<Tally>::default();
        let progress = Progress::begin(Arc::clone(&tally), arguments.run.quiet, || {
            if can_be_read_again(arguments.run.inputs()) { inputs().ok() } else { None }
        });
        let work = Work { outputs, tally, interruption: interruption.clone() };
        interruption.begin_work();
        let threads = InOrder::start(work, source, report, arguments.run.jobs).map_err(Fault::Threads)?;
        Ok(Self { arguments, threads, progress })
    }

    /// Waits for the last document and gives the status of the whole.
    fn end(mut self, interruption: &Interruption) -> Result<Status, Fault> {
        let mut report = self.threads.wait(|| {
            self.progress.draw();
            interruption.is_awaited()
        });
        self.threads.work().outputs.run_folder.remove();
        let finished = report.finish();
        self.progress.end(&report, interruption.is_asked_for());
        finished.map_err(|error| unwritable(REPORT, self.arguments.run.report.as_deref(), error))?;
        if interruption.is_asked_for() {
            return Ok(report.counts.worst());
        }
        if report.counts.inputs() == 0 {
            return Err(Fault::NoInputs { expected: self.expected_inputs() });
        }
        if report.counts.have_all_failed_before() {
            return Err(Fault::AllFailedBefore);
        }
        Ok(report.counts.worst())
    }
}

impl Run<'_> {
    /// What was looked for, in words.
    fn expected_inputs(&self) -> String {
        let patterns = name::patterns(self.threads.work().outputs.operation.input());
        match self.arguments.run.inputs() {
            cli::Inputs::Paths(_) => format!("files, or folders with {patterns} in them"),
            cli::Inputs::List(_) => format!("a list with names of files, or of folders with {patterns} in them"),
            cli::Inputs::Manifest(_) => "a table with rows below its header".to_owned(),
            cli::Inputs::Count(_) => "secrets to generate".to_owned(),
        }
    }
}

fn reads_stdin(inputs: cli::Inputs) -> bool {
    match inputs {
        cli::Inputs::List(file) | cli::Inputs::Manifest(file) => is_stdin(file),
        cli::Inputs::Paths(_) | cli::Inputs::Count(_) => false,
    }
}

/// Whether what names the inputs is still there after it has been read: a pipe would be empty, or never open.
fn can_be_read_again(inputs: cli::Inputs) -> bool {
    match inputs {
        cli::Inputs::List(file) | cli::Inputs::Manifest(file) => !is_stdin(file) && file.is_file(),
        cli::Inputs::Paths(_) | cli::Inputs::Count(_) => true,
    }
}

const REPORT: &str = "a report that can be written";
const OUTPUT_DIR: &str = "an output folder that can be written";

/// Where the report goes, if anywhere, once it is sure that it takes no other file's place.
fn report_place(arguments: &BatchArguments) -> Result<Option<Place>, Fault> {
    let Some(name) = &arguments.run.report else { return Ok(None) };
    let destination = Destination::of(Some(name), REPORT)?;
    let Some(file) = destination.written_file() else { return Ok(Some(Place { destination, replaces: false })) };
    let place = canonical_name(file);
    let is_read = |file: &Path| canonical_name(file) == place;
    let is_among_inputs = match arguments.run.inputs() {
        cli::Inputs::List(file) | cli::Inputs::Manifest(file) => {
            is_read(file) || is_stdin(file) && is_open_as(stdin(), &place)
        }
        cli::Inputs::Paths(paths) => paths.iter().any(|path| place.starts_with(canonical_name(path))),
        cli::Inputs::Count(_) => false,
    };
    if is_among_inputs {
        return Err(Fault::SameFile { first: "--report", second: "the inputs" });
    }
    if let Some((second, _)) = arguments.request.files().into_iter().find(|(_, file)| is_read(file)) {
        return Err(Fault::SameFile { first: "--report", second });
    }
    if destination.file().is_none() {
        let is_kept = |_| Fault::ReportExists { file: name.clone() };
        return Replaceable::AllButSecrets
            .check(&place)
            .map_err(is_kept)
            .map(|()| Some(Place { destination, replaces: false }));
    }
    let replaces = place.exists();
    if replaces && !is_report(&place) {
        return Err(Fault::ReportExists { file: name.clone() });
    }
    Ok(Some(Place { destination, replaces }))
}

/// The files that a run reads besides its inputs, by their one names.
fn files_of_run(arguments: &BatchArguments) -> Vec<PathBuf> {
    let named = match arguments.run.inputs() {
        cli::Inputs::List(file) | cli::Inputs::Manifest(file) => Some(file),
        cli::Inputs::Paths(_) | cli::Inputs::Count(_) => None,
    };
    let of_request = arguments.request.files();
    let files = named.into_iter().chain(of_request.iter().map(|(_, file)| file.as_path()));
    files.map(canonical_name).collect()
}

/// Issuer and account for the report of new secrets, which other runs read: as text, or not at all.
fn report_names(arguments: &BatchArguments, parameters: &Parameters) -> Result<[Option<String>; 2], Fault> {
    if arguments.run.report.is_none() {
        return Ok([None, None]);
    }
    if arguments.run.output_dir().to_str().is_none() {
        return Err(Fault::OutputDirNotUnicode { folder: arguments.run.output_dir().to_owned() });
    }
    let text = |part, name: &Option<Vec<u8>>| {
        let text = name.clone().map(String::from_utf8).transpose();
        text.map_err(|_| Fault::Name(LabelError::NotUnicode(part)))
    };
    Ok([text(LabelPart::Issuer, &parameters.issuer)?, text(LabelPart::Account, &parameters.account)?])
}

/// Where the outputs go, once it is sure that they can.
fn outputs(arguments: &BatchArguments, operation: Operation, parameters: Parameters) -> Result<Outputs, Fault> {
    let names =
        if operation == Operation::GenerateSecret { report_names(arguments, &parameters)? } else { [None, None] };
    let folder = arguments.run.output_dir();
    let run_folder = RunFolder::new(folder).map_err(|error| unwritable(OUTPUT_DIR, Some(folder), error))?;
    run_folder.check_moves().map_err(|error| match error.kind() {
        io::ErrorKind::Unsupported | io::ErrorKind::PermissionDenied | io::ErrorKind::InvalidInput => {
            Fault::NoMoves { folder: folder.to_owned(), error }
        }
        _ => unwritable(OUTPUT_DIR, Some(folder), error),
    })?;
    let (format, existing) = (arguments.format.unwrap_or_default(), arguments.run.existing());
    let session = Session::new(&arguments.request, parameters);
    let read = files_of_run(arguments);
    Ok(Outputs { operation, session, names, format, output_dir: folder.to_owned(), existing, read, run_folder })
}

fn unwritable(what: &'static str, file: Option<&Path>, error: io::Error) -> Fault {
    Fault::Write { what, file: file.map(Path::to_owned), error }
}
