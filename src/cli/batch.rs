//! The command line of `batch` (contract section 6).

use std::num::{NonZeroU32, NonZeroUsize};
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use super::read_qr::ReadQr;
use super::{BulkRequest, Request, jobs, named};
use totp_adapter::exit_codes::ExitCodes;
use totp_adapter::otp::{OutOfRangeError, whole_number};
use totp_adapter::symbol_format::SymbolFormat;

/// The command line behind `batch`.
#[derive(Debug, Args)]
#[command(
    about = "Run an operation on many files, with one output for each",
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    override_usage = "totp-adapter batch [OPTIONS] --output-dir <FOLDER> <INPUT|--files-from <LIST>|--manifest <CSV>|--count <NUMBER>>\n       \
                      totp-adapter batch read-qr [OPTIONS] --output-dir <FOLDER> <INPUT|--files-from <LIST>|--manifest <CSV>>",
    subcommand_help_heading = "Many pictures",
    disable_help_subcommand = true
)]
pub(super) struct BatchCommand {
    #[command(subcommand)]
    read_qr: Option<BatchReadQr>,
    #[command(flatten)]
    request: Request,
    #[command(flatten)]
    run: RunArguments,
    /// Format of QR codes [default: png]
    #[arg(long, value_name = "FORMAT", value_parser = named::<SymbolFormat, _>(SymbolFormat::ALL.map(SymbolFormat::name)))]
    format: Option<SymbolFormat>,
}

#[derive(Debug, Subcommand)]
enum BatchReadQr {
    /// Read the secret from every picture
    #[command(
        after_help = READ_QR_AFTER_HELP,
        // There are no secrets to make.
        mut_arg("count", |count| count.hide(true)),
        override_usage = "totp-adapter batch read-qr [OPTIONS] --output-dir <FOLDER> <INPUT|--files-from <LIST>|--manifest <CSV>>"
    )]
    ReadQr(Box<ReadQr<RunArguments>>),
}

/// What is asked of many inputs, as it was given.
pub type BatchArguments = BulkRequest<RunArguments>;

impl From<BatchCommand> for BatchArguments {
    fn from(BatchCommand { read_qr, request, run, format }: BatchCommand) -> Self {
        match read_qr {
            Some(BatchReadQr::ReadQr(read_qr)) => read_qr.asked(),
            None => Self { request, way: run, format },
        }
    }
}

/// The inputs and outputs of a run, as they were given.
#[derive(Debug, Args)]
pub struct RunArguments {
    #[command(flatten)]
    inputs: InputArguments,

    /// Names in the list of --files-from end with NUL instead of a line feed
    #[arg(long, conflicts_with_all = ["paths", "manifest", "count"])]
    pub null: bool,

    /// Folder for the results, created if it is missing
    // An option, so that clap can do without it before `read-qr`, which has one of its own.
    #[arg(long, value_name = "FOLDER", required = true)]
    output_dir: Option<PathBuf>,

    #[command(flatten)]
    existing: ExistingArguments,

    /// Write a CSV file with the status of every input; '-' is standard output
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,

    /// Number of threads: 1 to 1024 [default: one per core]
    #[arg(long, value_name = "THREADS", value_parser = jobs, allow_negative_numbers = true)]
    pub jobs: Option<NonZeroUsize>,

    /// Print no progress bar and no summary
    #[arg(long)]
    pub quiet: bool,

    /// Exit codes, for the worst status [default: unix]
    #[arg(long, value_name = "CODES", value_parser = named::<ExitCodes, _>(ExitCodes::OF_FILTER.map(ExitCodes::name)))]
    pub exit_code: Option<ExitCodes>,
}

/// Where the inputs come from: exactly one of these is given.
#[derive(Debug, Args)]
#[group(id = "inputs", required = true, multiple = false)]
struct InputArguments {
    /// Files, and folders with all the *.xml in them (read-qr: with all the pictures)
    #[arg(value_name = "INPUT")]
    paths: Vec<PathBuf>,

    /// Read the names of files and folders from a list; '-' is standard input
    #[arg(long, value_name = "LIST")]
    files_from: Option<PathBuf>,

    /// Read the inputs from a table with a header: see below
    #[arg(long, value_name = "CSV")]
    manifest: Option<PathBuf>,

    /// Generate this many secrets: 1 to 999999999
    #[arg(long, value_name = "NUMBER", value_parser = count, allow_negative_numbers = true)]
    count: Option<NonZeroU32>,
}

/// What happens to outputs that exist: at most one of these is given.
#[derive(Debug, Args)]
#[group(id = "existing", multiple = false)]
struct ExistingArguments {
    /// Replace existing outputs
    #[arg(long)]
    overwrite: bool,

    /// Skip inputs whose output exists, for example after an interrupted run
    #[arg(long)]
    skip_existing: bool,
}

/// What happens to an output that exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Existing {
    /// It stays, and that is an error.
    Refuse,
    /// It is replaced.
    Replace,
    /// It stays, and the input is left out.
    Skip,
}

/// Where the inputs come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GivenInputs<'a> {
    /// Files and folders by their names.
    Paths(&'a [PathBuf]),
    /// A list of such names.
    List(&'a Path),
    /// A table.
    Manifest(&'a Path),
    /// So many new secrets.
    Count(NonZeroU32),
}

impl<'a> GivenInputs<'a> {
    /// The list or table, if there is one.
    #[must_use]
    pub const fn file(self) -> Option<&'a Path> {
        match self {
            Self::List(file) | Self::Manifest(file) => Some(file),
            Self::Paths(_) | Self::Count(_) => None,
        }
    }

    /// The files and folders that are named on the command line.
    #[must_use]
    pub const fn paths(self) -> &'a [PathBuf] {
        match self {
            Self::Paths(paths) => paths,
            Self::List(_) | Self::Manifest(_) | Self::Count(_) => &[],
        }
    }
}

impl RunArguments {
    /// The folder for the results.
    #[must_use]
    pub fn output_dir(&self) -> &Path {
        self.output_dir.as_deref().expect("clap demands it wherever this is not left aside")
    }

    /// Where the inputs come from.
    #[must_use]
    pub fn inputs(&self) -> GivenInputs<'_> {
        match &self.inputs {
            InputArguments { files_from: Some(list), .. } => GivenInputs::List(list),
            InputArguments { manifest: Some(table), .. } => GivenInputs::Manifest(table),
            InputArguments { count: Some(count), .. } => GivenInputs::Count(*count),
            InputArguments { paths, .. } => GivenInputs::Paths(paths),
        }
    }

    /// What happens to outputs that exist.
    #[must_use]
    pub fn existing(&self) -> Existing {
        match self.existing {
            ExistingArguments { overwrite: true, .. } => Existing::Replace,
            ExistingArguments { skip_existing: true, .. } => Existing::Skip,
            ExistingArguments { .. } => Existing::Refuse,
        }
    }
}

fn count(text: &str) -> Result<NonZeroU32, OutOfRangeError> {
    const MAX: u32 = 999_999_999;
    let wrong = OutOfRangeError { expected: "a whole number from 1 to 999999999" };
    whole_number(text, wrong.expected).ok().filter(|count: &NonZeroU32| count.get() <= MAX).ok_or(wrong)
}

const READ_QR_AFTER_HELP: &str = "\
Each picture (in folders *.png, *.jpg, *.jpeg, *.jpe, *.jfif, *.pjpeg, *.pjp, *.gif, *.bmp, *.dib and *.webp) is answered
with a document NAME.xml below the output folder, or with NAME.error.xml. Everything else works as in batch, and the
formats are those of read-qr: see their help. Each thread may use 160 MB of memory.

Example:
  totp-adapter batch read-qr --output-dir secrets --report report.csv screenshots/";

pub(super) const AFTER_HELP: &str = "\
Each input is answered with an output below the output folder: NAME.xml or, for a QR code, NAME.png, NAME.svg or NAME.txt
by --format. Where the status is -1, it is NAME.error.xml. NAME is the path of the input below the folder argument, or the
name of the file argument, without .xml. An existing output is an error without --overwrite or --skip-existing. An input
that fails does not stop the others.

Table: CSV in UTF-8 with a header. The column input is required; output (a path below the output folder), issuer and
account are optional. Cells of issuer and account that are not empty replace --issuer and --account. Other columns are
ignored. A report is a table too: its rows with a status other than 1 are skipped. GenerateSecret needs no input.

Report: input,output,status,description, in the order of the inputs. The report of GenerateSecret also has issuer and
account, and is the table for GenerateAuthenticatorQRCode.

Exit code: that of the worst status (-1, then 403, then 1), or after an interruption 130 (SIGINT) or 143 (SIGTERM).

Examples:
  totp-adapter batch --operation GeneratePassword --output-dir passwords secrets/
  totp-adapter batch --operation GenerateSecret --count 1000 --output-dir secrets --report secrets.csv
  totp-adapter batch --operation GenerateAuthenticatorQRCode --account me --manifest secrets.csv --output-dir qr
  find . -name '*.totp' -print0 |
    totp-adapter batch --operation VerifyPassword --files-from - --null --output-dir out";
