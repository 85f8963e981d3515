//! The command line: names, help and value parsers (contract 4.4, 5.1 to 5.9, 6, 7 and 9). It does nothing with what it reads.

mod batch;
mod error;
#[cfg(feature = "serve")]
mod health;
mod man;
#[cfg(feature = "state")]
mod memory;
#[cfg(feature = "serve")]
mod push;
mod read_qr;
mod request;
#[cfg(feature = "serve")]
mod serve;
mod stream;

use std::ffi::OsString;
use std::mem;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use clap::builder::{OsStringValueParser, PossibleValuesParser, TypedValueParser};
use clap::error::ErrorKind;
use clap::{Args, CommandFactory, Parser, Subcommand};
use clap_complete::Shell;

use batch::BatchCommand;
pub use batch::{BatchArguments, Existing, GivenInputs};
pub use error::CommandLineError;
#[cfg(feature = "serve")]
pub use health::HealthArguments;
#[cfg(feature = "state")]
use memory::UnlockArguments;
#[cfg(feature = "serve")]
pub use push::PushArguments;
#[cfg(feature = "serve")]
use push::PushCommand;
use read_qr::{Once, ReadQr};
pub use request::Request;
use request::X4Parameters;
#[cfg(feature = "serve")]
pub use serve::ServeArguments;
use stream::StreamCommand;
pub use stream::{Column, Columns, StreamArguments};

use totp_adapter::exit_codes::ExitCodes;
use totp_adapter::operation::Operation;
use totp_adapter::otp::{OutOfRangeError, whole_number, whole_number_in};
use totp_adapter::symbol_format::SymbolFormat;

/// What the command line asks for.
#[derive(Debug)]
pub enum Invocation {
    /// One document in, one document out.
    Filter(Box<FilterArguments>),
    /// Many files.
    Batch(Box<BatchArguments>),
    /// One line in, one line out.
    Stream(Box<StreamArguments>),
    /// The operations over HTTP.
    #[cfg(feature = "serve")]
    Serve(Box<ServeArguments>),
    /// One document out to somebody else.
    #[cfg(feature = "serve")]
    Push(Box<PushArguments>),
    /// A question to a service.
    #[cfg(feature = "serve")]
    Health(Box<HealthArguments>),
    /// A text for standard output: help, version, completions, manual pages.
    Print(Vec<u8>),
}

/// Reads the command line; the first argument is the name of the program.
///
/// # Errors
///
/// [`CommandLineError`] where it cannot be followed.
pub fn parse(arguments: &[OsString]) -> Result<Invocation, Box<CommandLineError>> {
    // To clap an option costs time whether it is given or not: a tenth of a start for all of them.
    let of_x4 = X4CommandLine::is_likely(arguments).then(|| read::<X4CommandLine>(arguments).ok()).flatten();
    match of_x4.map_or_else(|| read(arguments), |line| Ok(line.into())) {
        Ok(CommandLine { subcommand: Some(command), .. }) => Ok(command.into()),
        Ok(CommandLine { subcommand: None, word: Word { word }, mut filter }) => {
            filter.request.x4.operation = word.or(filter.request.x4.operation);
            Ok(Invocation::Filter(Box::new(filter)))
        }
        Err(error) if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) => {
            Ok(Invocation::Print(error.to_string().into_bytes()))
        }
        Err(error) => Err(Box::new(CommandLineError::new(&error, arguments, CommandLine::command()))),
    }
}

/// Reads a command line of one kind.
fn read<L: Parser>(arguments: &[OsString]) -> Result<L, clap::Error> {
    let mut command = L::command();
    let parsed = command
        .try_get_matches_from_mut(arguments)
        .and_then(|mut matches| L::from_arg_matches_mut(&mut matches).map_err(|error| error.format(&mut command)));
    // Hundreds of pieces, which the end of the process frees at once.
    mem::forget(command);
    parsed
}

impl From<Command> for Invocation {
    fn from(command: Command) -> Self {
        match command {
            Command::ReadQr(read_qr) => Self::Filter(Box::new((*read_qr).into())),
            Command::Batch(batch) => Self::Batch(Box::new((*batch).into())),
            Command::Stream(stream) => Self::Stream(Box::new((*stream).into())),
            #[cfg(feature = "state")]
            Command::Unlock(unlock) => Self::Filter(Box::new((*unlock).into())),
            #[cfg(feature = "serve")]
            Command::Serve(serve) => Self::Serve(serve),
            #[cfg(feature = "serve")]
            Command::Push(push) => Self::Push(Box::new((*push).into())),
            #[cfg(feature = "serve")]
            Command::Health(health) => Self::Health(health),
            Command::Completions { shell } => Self::Print(completions(shell)),
            Command::Man { page } => Self::Print(man::page(CommandLine::command(), page.as_deref())),
        }
    }
}

fn completions(shell: Shell) -> Vec<u8> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut CommandLine::command(), env!("CARGO_PKG_NAME"), &mut script);
    script
}

const AFTER_HELP: &str = "\
Examples:
  totp-adapter --operation GenerateSecret --output secret.xml
  totp-adapter --operation GenerateAuthenticatorQRCode --issuer 'SoftProject GmbH' \\
    --account john.doe@example.org < secret.xml > qr.png     (without a file: drawn in the terminal)
  totp-adapter --operation GeneratePassword < secret.xml
  echo '<TOTP><Password>123456</Password><Secret>GEZDGNBVGY3TQOJQ</Secret></TOTP>' |
    totp-adapter --operation VerifyPassword

Operation                    Input document  Output on status 1
  GenerateSecret               none            <Secret>…</Secret>
  GeneratePassword             <Secret>        <Password>012345</Password>
  VerifyPassword               <TOTP>          <Ok description=\"The password matches.\"/>
  GenerateAuthenticatorQRCode  <Secret>        PNG, 512x512 pixels

Exit code  status 1  status 403 (no match)  status -1 (error)
  unix       0         1                      2
  x4         1         403 (POSIX: 147)       -1 (POSIX: 255)
  zero       0         0                      0
  A result or status file that cannot be written: 2 (x4: -1).

Parameters file: <Parameters><Operation>…</Operation><issuer>…</issuer><account>…</account></Parameters>,
each at most once, also algorithm, digits, period and skew.

Every status but 1 is reported as a document, <Error description=\"…\"/>, and as one line on stderr.
Files are written with mode 0600. Secrets and passwords are read from the document, never from arguments.";

/// The subcommands, as the usage names them.
const SUBCOMMANDS: &str = if cfg!(feature = "serve") {
    "read-qr|batch|stream|unlock|serve|push|health|completions|man"
} else if cfg!(feature = "state") {
    "read-qr|batch|stream|unlock|completions|man"
} else {
    "read-qr|batch|stream|completions|man"
};

#[derive(Debug, Parser)]
#[command(
    name = "totp-adapter",
    version,
    about = "The one-time-password step for any workflow engine: one XML document in, one document out.",
    after_help = AFTER_HELP,
    subcommand_value_name = SUBCOMMANDS,
    subcommand_help_heading = "Many documents, and more",
    args_conflicts_with_subcommands = true,
    disable_help_subcommand = true
)]
struct CommandLine {
    #[command(subcommand)]
    subcommand: Option<Command>,
    #[command(flatten)]
    word: Word,
    #[command(flatten)]
    filter: FilterArguments,
}

/// The command line as X4 gives it, with no file on it: a part of the whole one, which reads it alike.
#[derive(Debug, Parser)]
#[command(disable_help_flag = true, disable_version_flag = true)]
struct X4CommandLine {
    #[command(flatten)]
    word: Word,
    #[command(flatten)]
    parameters: X4Parameters,
    #[command(flatten)]
    handling: Handling,
}

impl X4CommandLine {
    /// Whether an attempt is worth its time, as far as a glance tells: one that fails takes longer than one that succeeds saves.
    fn is_likely(arguments: &[OsString]) -> bool {
        const OPTIONS: [&str; 7] =
            ["--operation", "--Operation", "--issuer", "--account", "--exit-code", "--input-timeout", "--overwrite"];
        arguments.iter().skip(1).map(|argument| argument.as_encoded_bytes()).all(|argument| {
            !argument.starts_with(b"-") || OPTIONS.iter().any(|option| argument.starts_with(option.as_bytes()))
        })
    }
}

#[derive(Debug, Args)]
#[group(skip)]
struct Word {
    /// The same as --operation OPERATION
    #[arg(value_name = "OPERATION", hide_possible_values = true, conflicts_with = "operation", value_parser = named::<Operation, _>(Operation::OF_X4.map(Operation::name)))]
    word: Option<Operation>,
}

impl From<X4CommandLine> for CommandLine {
    fn from(X4CommandLine { word, parameters, handling }: X4CommandLine) -> Self {
        let request = Request { x4: parameters, ..Request::default() };
        Self { subcommand: None, word, filter: FilterArguments { request, handling, ..FilterArguments::default() } }
    }
}

// Deferred: one document needs none of them, and they take time to build.
#[derive(Debug, Subcommand)]
#[command(defer = true)]
enum Command {
    /// Read the secret from a picture of its QR code
    #[command(after_help = read_qr::AFTER_HELP)]
    ReadQr(Box<ReadQr<Once>>),
    /// Run an operation on many files, with one output for each
    #[command(after_help = batch::AFTER_HELP)]
    Batch(Box<BatchCommand>),
    /// Answer each line of standard input with one line
    #[command(after_help = stream::AFTER_HELP)]
    Stream(Box<StreamCommand>),
    /// Forget the wrong passwords for a secret
    #[cfg(feature = "state")]
    #[command(after_help = memory::AFTER_HELP)]
    Unlock(Box<UnlockArguments>),
    /// Serve the operations over HTTP
    #[cfg(feature = "serve")]
    #[command(after_help = serve::AFTER_HELP)]
    Serve(Box<ServeArguments>),
    /// Deliver a document or a password
    #[cfg(feature = "serve")]
    Push(Box<PushCommand>),
    /// Ask a service whether it is healthy
    #[cfg(feature = "serve")]
    #[command(after_help = health::AFTER_HELP)]
    Health(Box<HealthArguments>),
    /// Print a completion script for a shell
    Completions {
        /// The shell to complete for
        shell: Shell,
    },
    /// Print a manual page
    #[command(after_help = man::AFTER_HELP)]
    Man {
        /// The command of the page, such as batch or batch-read-qr [default: the program]
        #[arg(value_parser = PossibleValuesParser::new(man::PAGES))]
        page: Option<String>,
    },
}

/// What is asked of many documents, as it was given.
#[derive(Debug)]
pub struct BulkRequest<W> {
    /// What is asked.
    pub request: Request,
    /// Of which, and the way that they come and go.
    pub way: W,
    /// What QR codes are drawn as.
    pub format: Option<SymbolFormat>,
}

/// The options of the filter, as they were given.
// Neither it nor its parts are groups of options to clap: they would be built for every document, and nothing refers to them.
#[derive(Debug, Default, Args)]
#[group(skip)]
pub struct FilterArguments {
    /// What is asked.
    #[command(flatten)]
    pub request: Request,

    /// Where to read and write.
    #[command(flatten)]
    pub files: Files,

    /// How to read and write.
    #[command(flatten)]
    pub handling: Handling,

    /// How a QR code is written.
    #[command(flatten)]
    pub drawing: DrawingArguments,
}

/// How a QR code is written, as it was given.
#[derive(Clone, Copy, Debug, Default, Args)]
#[group(skip)]
pub struct DrawingArguments {
    /// Format of a QR code [default: png; half blocks where standard output is a terminal]
    #[arg(long, value_name = "FORMAT", value_parser = named::<SymbolFormat, _>(SymbolFormat::ALL.map(SymbolFormat::name)))]
    pub format: Option<SymbolFormat>,

    /// Write the drawing as one line of Base64 (QR code only)
    #[arg(long)]
    pub base64: bool,
}

/// How one input is read and its answer written, as it was given.
#[derive(Debug, Default, Args)]
#[group(skip)]
pub struct Handling {
    /// Give up if the input has not ended by then: 1 to 86400 [default: wait]
    #[arg(long, value_name = "SECONDS", value_parser = input_timeout, allow_negative_numbers = true)]
    pub input_timeout: Option<Duration>,

    /// Allow --output to replace an existing secret
    #[arg(long)]
    pub overwrite: bool,

    /// Exit codes, as in the table of totp-adapter --help [default: unix]
    #[arg(long, value_name = "CODES", value_parser = named::<ExitCodes, _>(ExitCodes::OF_FILTER.map(ExitCodes::name)))]
    pub exit_code: Option<ExitCodes>,
}

/// The files on the command line, as they were given.
#[derive(Debug, Default, Args)]
#[group(skip)]
pub struct Files {
    /// Read the input from a file; '-' is standard input
    #[arg(long, value_name = "FILE")]
    pub input: Option<PathBuf>,

    /// Write the result to a file, whole or not at all; '-' is standard output
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,

    /// Write the status to a file, which is removed first and written last
    #[arg(long, value_name = "FILE", value_parser = OsStringValueParser::new().try_map(named_file))]
    pub status_file: Option<PathBuf>,
}

/// One of a list of names, which clap shows in help and completions.
fn named<T, const N: usize>(names: [&'static str; N]) -> impl TypedValueParser<Value = T>
where
    T: FromStr<Err = OutOfRangeError> + Clone + Send + Sync + 'static,
{
    PossibleValuesParser::new(names).try_map(|name| name.parse::<T>())
}

/// How many threads work.
fn jobs(text: &str) -> Result<NonZeroUsize, OutOfRangeError> {
    const MAX: usize = 1024;
    let wrong = OutOfRangeError { expected: "a whole number from 1 to 1024" };
    whole_number(text, wrong.expected).ok().filter(|jobs: &NonZeroUsize| jobs.get() <= MAX).ok_or(wrong)
}

fn input_timeout(text: &str) -> Result<Duration, OutOfRangeError> {
    whole_number_in(text, &(1..=86_400), "a whole number of seconds from 1 to 86400").map(Duration::from_secs)
}

/// A file with a name: the status must not stand among the result.
fn named_file(name: OsString) -> Result<PathBuf, OutOfRangeError> {
    if name.is_empty() || name == "-" {
        return Err(OutOfRangeError { expected: "the name of a file" });
    }
    Ok(name.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_definition_is_sound() {
        CommandLine::command().debug_assert();
        X4CommandLine::command().debug_assert();
    }

    /// Whatever the part accepts, the whole accepts, and says the same of it.
    #[test]
    fn a_command_line_of_x4_is_read_as_any_other() {
        const WORDS: [&str; 20] = [
            "--operation",
            "--operation=GenerateSecret",
            "--Operation=VerifyPassword",
            "--op",
            "--issuer",
            "--issuer=",
            "--account",
            "--account=batch",
            "--exit-code=x4",
            "--overwrite",
            "GeneratePassword",
            "ReadQr",
            "read-qr",
            "batch",
            "help",
            "--help",
            "-V",
            "--output",
            "--",
            "-",
        ];
        let mut accepted = 0;
        for number in 0..WORDS.len().pow(3) {
            let words =
                [number, number / WORDS.len(), number / WORDS.len().pow(2)].map(|place| WORDS[place % WORDS.len()]);
            for length in 0..=words.len() {
                let line: Vec<OsString> = ["totp-adapter"].iter().chain(&words[..length]).map(OsString::from).collect();
                let Ok(part) = read::<X4CommandLine>(&line) else { continue };
                let whole = read::<CommandLine>(&line).unwrap_or_else(|error| panic!("{line:?}: {error}"));
                assert!(whole.subcommand.is_none(), "{line:?}");
                assert_eq!(format!("{whole:?}"), format!("{:?}", CommandLine::from(part)), "{line:?}");
                accepted += 1;
            }
        }
        assert!(accepted > 100, "{accepted}");
    }
}
