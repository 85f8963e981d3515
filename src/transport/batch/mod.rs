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
use super::error::RunError;
use super::files::{Destination, Replaceable, canonical_name, is_open_as, is_stdin, stdin};
use super::in_order::InOrder;
use super::parameters;
use super::session::Session;
use crate::cli::{self, BatchArguments};
use inputs::Inputs;
use interruption::Interruption;
use outputs::Outputs;
use progress::{ProgressDisplay, Tally};
use report::{Report, ReportPlace, is_report};
use run_folder::RunFolder;
use totp_adapter::operation::{Operation, Parameters};
use totp_adapter::otp::{LabelError, LabelPart};
use totp_adapter::status::Status;
use work::{BatchSource, BatchWork};

/// Works on every input and gives the exit code.
#[must_use]
pub fn run(arguments: &BatchArguments) -> i32 {
    let exit_codes = arguments.way.exit_code.unwrap_or_default();
    let interruption = Interruption::default();
    let ended = match Run::begin(arguments, &interruption) {
        Ok(run) => run.end(&interruption),
        Err(error) => return refuse_run(error, exit_codes),
    };
    if let Err(error) = &ended {
        tell_status(Status::Error, error.cause());
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
    threads: InOrder<BatchWork>,
    progress: ProgressDisplay,
}

impl<'a> Run<'a> {
    /// Checks everything that would be wrong for all documents, then begins with the first.
    fn begin(arguments: &'a BatchArguments, interruption: &Interruption) -> Result<Self, RunError> {
        let given = arguments.way.inputs();
        if given.file().is_some_and(is_stdin) {
            parameters::leave_stdin(&arguments.request)?;
        }
        let (operation, parameters) = parameters::resolve_one(&arguments.request, None)?;
        if matches!(given, cli::GivenInputs::Count(_)) && operation != Operation::GenerateSecret {
            return Err(RunError::Count);
        }
        let inputs = || Inputs::new(given, arguments.way.null, operation, arguments.way.output_dir());
        let source = BatchSource::new(inputs()?);
        let report = report_place(arguments)?;
        interruption.watch().map_err(RunError::Signals)?;
        let outputs = outputs(arguments, operation, parameters)?;
        let report = Report::begin(report, operation == Operation::GenerateSecret)
            .map_err(|error| unwritable(REPORT, arguments.way.report.as_deref(), error))?;
        let tally = Arc::<Tally>::default();
        let progress = ProgressDisplay::begin(Arc::clone(&tally), arguments.way.quiet, || {
            // A pipe would be empty, or never open.
            let is_there = given.file().is_none_or(|file| !is_stdin(file) && file.is_file());
            if is_there { inputs().ok() } else { None }
        });
        let work = BatchWork { outputs, tally, interruption: interruption.clone() };
        interruption.begin_work();
        let threads = InOrder::start(work, source, report, arguments.way.jobs).map_err(RunError::Threads)?;
        Ok(Self { arguments, threads, progress })
    }

    /// Waits for the last document and gives the status of the whole.
    fn end(self, interruption: &Interruption) -> Result<Status, RunError> {
        let mut report = self.threads.wait(|| {
            self.progress.draw();
            interruption.is_awaited()
        });
        self.threads.work().outputs.run_folder.remove();
        let finished = report.finish();
        self.progress.end(&report, interruption.is_asked_for());
        finished.map_err(|error| unwritable(REPORT, self.arguments.way.report.as_deref(), error))?;
        if interruption.is_asked_for() {
            return Ok(report.counts.worst());
        }
        if report.counts.inputs() == 0 {
            return Err(RunError::NoInputs { expected: self.expected_inputs() });
        }
        if report.counts.have_all_failed_before() {
            return Err(RunError::AllFailedBefore);
        }
        Ok(report.counts.worst())
    }

    /// What was looked for, in words.
    fn expected_inputs(&self) -> String {
        let patterns = name::patterns(self.threads.work().outputs.operation.input());
        match self.arguments.way.inputs() {
            cli::GivenInputs::Paths(_) => format!("files, or folders with {patterns} in them"),
            cli::GivenInputs::List(_) => format!("a list with names of files, or of folders with {patterns} in them"),
            cli::GivenInputs::Manifest(_) => "a table with rows below its header".to_owned(),
            cli::GivenInputs::Count(_) => "secrets to generate".to_owned(),
        }
    }
}

const REPORT: &str = "the report";
const OUTPUT_DIR: &str = "the output folder";

/// Where the report goes, if anywhere, once it is sure that it takes no other file's place.
fn report_place(arguments: &BatchArguments) -> Result<Option<ReportPlace>, RunError> {
    let Some(name) = &arguments.way.report else { return Ok(None) };
    let destination = Destination::of(Some(name), REPORT)?;
    let Some(file) = destination.written_file() else { return Ok(Some(ReportPlace { destination, replaced: None })) };
    let place = canonical_name(file);
    let is_read = |file: &Path| canonical_name(file) == place;
    let given = arguments.way.inputs();
    let is_given = |file| is_read(file) || is_stdin(file) && is_open_as(stdin(), &place);
    let is_within = |path: &PathBuf| place.starts_with(canonical_name(path));
    if given.file().is_some_and(is_given) || given.paths().iter().any(is_within) {
        return Err(RunError::SameFile { first: "--report", second: "an input" });
    }
    if let Some((second, _)) = arguments.request.files().into_iter().find(|(_, file)| is_read(file)) {
        return Err(RunError::SameFile { first: "--report", second });
    }
    let replaced = destination.file().filter(|file| file.exists()).map(Path::to_owned);
    let is_kept = match destination.file() {
        Some(_) => replaced.as_deref().is_some_and(|file| !is_report(file)),
        None => Replaceable::AllButSecrets.check(&place).is_err(),
    };
    if is_kept {
        Err(RunError::ReportExists.about(Some(name)))
    } else {
        Ok(Some(ReportPlace { destination, replaced }))
    }
}

/// Issuer and account for the report of new secrets, which other runs read: as text, or not at all.
fn report_names(arguments: &BatchArguments, parameters: &Parameters) -> Result<[Option<String>; 2], RunError> {
    if arguments.way.report.is_none() {
        return Ok([None, None]);
    }
    if arguments.way.output_dir().to_str().is_none() {
        return Err(RunError::OutputDirNotUnicode.about(Some(arguments.way.output_dir())));
    }
    let text = |part, name: &Option<Vec<u8>>| {
        let text = name.clone().map(String::from_utf8).transpose();
        text.map_err(|_| RunError::Name(LabelError::NotUnicode(part)))
    };
    Ok([text(LabelPart::Issuer, &parameters.issuer)?, text(LabelPart::Account, &parameters.account)?])
}

/// Where the outputs go, once it is sure that they can.
fn outputs(arguments: &BatchArguments, operation: Operation, parameters: Parameters) -> Result<Outputs, RunError> {
    let is_new = operation == Operation::GenerateSecret;
    let names = if is_new { report_names(arguments, &parameters)? } else { [None, None] };
    let folder = arguments.way.output_dir();
    let run_folder = RunFolder::new(folder).map_err(|error| unwritable(OUTPUT_DIR, Some(folder), error))?;
    run_folder.check_moves().map_err(|error| match error.kind() {
        io::ErrorKind::Unsupported | io::ErrorKind::PermissionDenied | io::ErrorKind::InvalidInput => {
            RunError::NoMoves(error).about(Some(folder))
        }
        _ => unwritable(OUTPUT_DIR, Some(folder), error),
    })?;
    let (format, existing) = (arguments.format.unwrap_or_default(), arguments.way.existing());
    let session = Session::new(&arguments.request, parameters);
    let of_request = arguments.request.files();
    let read = arguments.way.inputs().file().into_iter().chain(of_request.iter().map(|(_, file)| file.as_path()));
    let read = read.map(canonical_name).collect();
    Ok(Outputs { operation, session, names, format, output_dir: folder.to_owned(), existing, read, run_folder })
}

fn unwritable(what: &'static str, file: Option<&Path>, error: io::Error) -> RunError {
    RunError::Write { what, error }.about(file)
}
