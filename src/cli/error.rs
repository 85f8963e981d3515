//! A command line that cannot be followed (contract 5.6): what is wrong with it, in words of ours. clap's own messages
//! repeat what was typed, which may be a misplaced secret.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, Command};
use clap_lex::OsStrExt;

use super::{Files, named_file};
use totp_adapter::exit_codes::ExitCodes;
use totp_adapter::operation::Operation;
use totp_adapter::otp::OutOfRangeError;
use totp_adapter::suggestion::{self, alternatives};

/// The operation where it is the first word, in an error.
const WORD: &str = "the operation as a word";
/// Why a command line cannot be followed, and what of it is followed all the same.
#[derive(Debug)]
pub struct CommandLineError {
    /// What is wrong; it repeats nothing that was typed.
    pub description: String,
    /// The scheme of exit codes, wherever on the command line it stands.
    pub exit_codes: ExitCodes,
    /// The files, wherever on the command line they stand; the one for the status is written.
    pub files: Files,
    /// What else would be read, wherever on the command line it stands: the parameters file and the state.
    pub read: Vec<(&'static str, PathBuf)>,
}

impl CommandLineError {
    pub(super) fn new(error: &clap::Error, arguments: &[OsString], mut command: Command) -> Self {
        // Otherwise the subcommands have no options yet.
        command.build();
        // Of `batch read-qr` the last one counts.
        let mut named = &command;
        for name in arguments.iter().skip(1) {
            let Some(subcommand) = named.find_subcommand(name) else { break };
            named = subcommand;
        }
        let own: Vec<&Arg> = named.get_arguments().collect();
        // Where the status goes is followed behind any subcommand.
        let all: Vec<&Arg> = own.iter().copied().chain(command.get_arguments()).collect();
        let last = |long| options(arguments, &all).filter(|(arg, _)| arg.get_long() == Some(long)).last();
        let value = |long| last(long).map(|(_, value)| value);
        // Not every subcommand has every scheme.
        let exit_codes = last("exit-code").and_then(|(arg, name)| {
            let name = name.to_str()?;
            let is_accepted = arg.get_possible_values().iter().any(|accepted| accepted.get_name() == name);
            name.parse().ok().filter(|_| is_accepted)
        });
        let file = |long| value(long).map(PathBuf::from);
        Self {
            description: missing_feature(error, arguments)
                .unwrap_or_else(|| description(error, &own, &command, arguments)),
            exit_codes: exit_codes.unwrap_or_default(),
            read: [
                ("--parameters", file("parameters")),
                ("--state-password-file", file("state-password-file")),
                ("--config", file("config")),
                ("--api-key-file", file("api-key-file")),
                ("--authentication", file("authentication")),
                ("--ca-file", file("ca-file")),
            ]
            .into_iter()
            .filter_map(|(option, file)| Some((option, file?)))
            .chain(value("state").map_or_else(Vec::new, state_files).into_iter().map(|file| ("--state", file)))
            .collect(),
            files: Files {
                input: file("input"),
                output: file("output"),
                status_file: value("status-file").and_then(|name| named_file(name.to_owned()).ok()),
            },
        }
    }
}

/// The files of a state that has some, without opening it.
#[cfg(feature = "state")]
fn state_files(name: &OsStr) -> Vec<PathBuf> {
    totp_adapter::state::Location::parse(name).map_or_else(|_| Vec::new(), |state| state.files())
}

/// A build without the feature `state` has none.
#[cfg(not(feature = "state"))]
const fn state_files(_: &OsStr) -> Vec<PathBuf> {
    Vec::new()
}

fn description(error: &clap::Error, own: &[&Arg], whole: &Command, arguments: &[OsString]) -> String {
    let problem = problem(error, own, whole, arguments);
    // A suggestion is all that is needed.
    let help = if problem.ends_with('?') { "" } else { "; see --help" };
    format!("wrong command line: {problem}{help}")
}

/// What is wrong, from the parts of clap's error that are ours: names of options and accepted values.
fn problem(error: &clap::Error, own: &[&Arg], whole: &Command, arguments: &[OsString]) -> String {
    let argument = text(error, ContextKind::InvalidArg);
    let option = || argument.and_then(option_name);
    match error.kind() {
        ErrorKind::InvalidValue if option() == Some(WORD) => unknown_word(error, own),
        ErrorKind::InvalidValue => accepted_values(option(), error),
        ErrorKind::ValueValidation => {
            let out_of_range =
                std::error::Error::source(error).and_then(|source| source.downcast_ref::<OutOfRangeError>());
            let expected = out_of_range.map_or("another value", |error| error.expected);
            format!("expected {expected} for {}", option().unwrap_or("an option"))
        }
        ErrorKind::UnknownArgument => match argument {
            Some(typed) if typed.starts_with('-') => unknown_option(typed, error, own, whole),
            _ => unexpected_word(own, arguments),
        },
        // Behind an option, an operation or what stands in its place, a word might have been a subcommand.
        ErrorKind::ArgumentConflict if error.get(ContextKind::InvalidSubcommand).is_some() => {
            unexpected_word(own, arguments)
        }
        ErrorKind::InvalidSubcommand => unexpected_word(own, arguments),
        ErrorKind::ArgumentConflict => conflict(option(), text(error, ContextKind::PriorArg).and_then(option_name)),
        ErrorKind::TooManyValues => format!("{} takes no value", option().unwrap_or("the option")),
        ErrorKind::MissingRequiredArgument => missing(error).to_owned(),
        // Only `push` cannot do without one.
        ErrorKind::MissingSubcommand | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            "push needs webhook or skyvern".to_owned()
        }
        ErrorKind::InvalidUtf8 => "an argument is not Unicode".to_owned(),
        // The kinds are clap's, and it may add to them.
        _ => "unexpected arguments".to_owned(),
    }
}

/// A word that belongs to nothing. It may be a secret, so the text says where those go.
const UNEXPECTED_ARGUMENT: &str =
    "unexpected argument; secrets and passwords are read from the document, never from arguments";

/// A word in the place of the operation that is none, and no subcommand either.
fn unknown_word(error: &clap::Error, own: &[&Arg]) -> String {
    let typed = text(error, ContextKind::InvalidValue).unwrap_or_default();
    if let Some(name) = subcommands().into_iter().find(|name| *name == typed) {
        return format!("{name} must come before the options");
    }
    meant(typed).unwrap_or_else(|| unexpected(own))
}

/// What a command line may begin with, beside options.
fn words() -> Vec<&'static str> {
    Operation::OF_X4.into_iter().map(Operation::name).chain(subcommands()).collect()
}

/// The operation or subcommand that a word was perhaps meant to be.
fn meant(typed: &str) -> Option<String> {
    suggestion::nearest(typed, &words()).map(|name| format!("unknown operation or command; did you mean {name}?"))
}

/// The subcommands that this program has.
fn subcommands() -> Vec<&'static str> {
    let features: &[&str] = match (cfg!(feature = "serve"), cfg!(feature = "state")) {
        (true, _) => &["serve", "push", "health", "unlock"],
        (false, true) => &["unlock"],
        (false, false) => &[],
    };
    [&["read-qr", "batch", "stream"], features, &["completions", "man"]].concat()
}

/// A command or option that exists only in a build with a feature.
fn missing_feature(error: &clap::Error, arguments: &[OsString]) -> Option<String> {
    let words = [
        ("serve", "serve", cfg!(feature = "serve")),
        ("push", "serve", cfg!(feature = "serve")),
        ("health", "serve", cfg!(feature = "serve")),
        ("unlock", "state", cfg!(feature = "state")),
    ];
    let options =
        [("--state", "state", cfg!(feature = "state")), ("--state-password-file", "serve", cfg!(feature = "serve"))];
    let first = arguments.get(1);
    let word = words.into_iter().find(|(word, _, _)| first.is_some_and(|first| first == word));
    let unknown = text(error, ContextKind::InvalidArg).filter(|_| error.kind() == ErrorKind::UnknownArgument);
    let option = || options.into_iter().find(|(option, _, _)| unknown == Some(option));
    let (name, feature, _) = word.or_else(option).filter(|(_, _, is_there)| !is_there)?;
    let build = format!("cargo build --release --features {feature}");
    Some(format!("wrong command line: this build has no {name}; make one that has it with {build}"))
}

/// The option of a usage such as `--now <SECONDS>`; words have names of their own.
fn option_name(usage: &str) -> Option<&str> {
    match usage.split([' ', '=']).next()? {
        "<SHELL>" => Some("completions"),
        "[PAGE]" => Some("man"),
        "<URL>" => Some("the URL"),
        "[OPERATION]" => Some(WORD),
        "[INPUT]..." | "<INPUT>..." | "[INPUT]" | "<INPUT>" => Some("file or folder arguments"),
        option => Some(option),
    }
}

fn conflict(option: Option<&str>, prior: Option<&str>) -> String {
    match (option, prior) {
        (Some(option), Some(prior)) if option != prior => {
            let (option, other) = if option.starts_with("--") { (option, prior) } else { (prior, option) };
            format!("{option} cannot be used with {other}")
        }
        (Some(option), Some(_)) if option.starts_with("--") => format!("{option} is given more than once"),
        (Some(_) | None, Some(_) | None) => UNEXPECTED_ARGUMENT.to_owned(),
    }
}

/// What a subcommand cannot do without.
fn missing(error: &clap::Error) -> &'static str {
    let Some(ContextValue::Strings(missing)) = error.get(ContextKind::InvalidArg) else {
        return "a required option is missing";
    };
    let is_missing = |name: &str| missing.iter().any(|usage| usage.contains(name));
    if is_missing("--url <URL>") {
        "no address of the webhook; name it with --url, or in the file of --authentication"
    } else if is_missing("--url") {
        "--url is missing: the address of the server"
    } else if is_missing("--api-key-file") {
        "--api-key-file is missing: the file with the API key"
    } else if is_missing("--identifier") {
        "--identifier is missing: whose code it is"
    } else if is_missing("--content") {
        "--give-up needs --content or --mail"
    } else if is_missing("--config") {
        "--config is missing: the configuration of the service"
    } else if is_missing("--state") {
        "--state is missing: the file of the state"
    } else if is_missing("--account") {
        "--config needs --account with the name of an account, or --destination with a telephone number"
    } else if is_missing("<URL>") {
        "health needs the URL of the service"
    } else if is_missing("<SHELL>") {
        "completions needs the name of a shell"
    } else if is_missing("--output-dir") {
        "--output-dir is missing: the folder for the results"
    } else {
        "no inputs; name files or folders, or use --files-from, --manifest or --count"
    }
}

fn accepted_values(option: Option<&str>, error: &clap::Error) -> String {
    let option = option.unwrap_or("an option");
    let values = match error.get(ContextKind::ValidValue) {
        Some(ContextValue::Strings(values)) if !values.is_empty() => values,
        Some(_) | None => return format!("{option} needs a value"),
    };
    let typed = text(error, ContextKind::InvalidValue);
    let nearest = nearest(values, typed).or_else(|| text(error, ContextKind::SuggestedValue));
    let nearest = nearest.map_or_else(String::new, |name| format!("; did you mean {name}?"));
    format!("expected {} for {option}{nearest}", alternatives(values))
}

/// A word that belongs to nothing.
fn unexpected_word(own: &[&Arg], arguments: &[OsString]) -> String {
    // Behind a misspelt subcommand its own words belong to nothing.
    let first = arguments
        .get(1)
        .and_then(|first| first.to_str())
        .filter(|first| !first.starts_with('-') && !words().contains(first));
    first.and_then(meant).unwrap_or_else(|| unexpected(own))
}

/// What to say of a word that cannot be made out.
fn unexpected(own: &[&Arg]) -> String {
    let takes_file = own.iter().any(|arg| arg.get_long() == Some("input"));
    let file = if takes_file { "; --input names a file" } else { "" };
    format!("{UNEXPECTED_ARGUMENT}{file}")
}

/// An option that does not exist here. What was typed is looked at, not repeated.
fn unknown_option(typed: &str, error: &clap::Error, own: &[&Arg], whole: &Command) -> String {
    let names = long_options(own.iter().copied());
    let is_elsewhere = || {
        let mut commands = vec![whole];
        while let Some(command) = commands.pop() {
            if long_options(command.get_arguments()).iter().any(|name| name == typed) {
                return true;
            }
            commands.extend(command.get_subcommands());
        }
        false
    };
    if names.is_empty() || is_elsewhere() {
        return "misplaced option; it does not belong to this command".to_owned();
    }
    let nearest = nearest(&names, Some(typed)).or_else(|| text(error, ContextKind::SuggestedArg));
    let nearest = nearest.map_or_else(String::new, |name| format!("; did you mean {name}?"));
    format!("unknown option{nearest}")
}

/// The options that help shows, but those that all commands have.
fn long_options<'a>(all: impl Iterator<Item = &'a Arg>) -> Vec<String> {
    let shown = all.filter(|arg| !arg.is_hide_set()).filter_map(|arg| arg.get_long());
    shown.filter(|long| !["help", "version"].contains(long)).map(|long| format!("--{long}")).collect()
}

/// The name that differs only in case from what was typed; clap's own suggestion misses it.
fn nearest<'a>(names: &'a [String], typed: Option<&str>) -> Option<&'a str> {
    names.iter().map(String::as_str).find(|name| typed.is_some_and(|typed| typed.eq_ignore_ascii_case(name)))
}

fn text(error: &clap::Error, kind: ContextKind) -> Option<&str> {
    match error.get(kind)? {
        ContextValue::String(text) => Some(text),
        ContextValue::Strings(texts) => texts.first().map(String::as_str),
        // The values are clap's, and it may add to them; only texts are of use here.
        _ => None,
    }
}

/// The options on a command line that have a value, with that value, however wrong the rest of it is. clap stops at
/// the first error, also when told to ignore errors.
fn options<'a>(arguments: &'a [OsString], all: &'a [&'a Arg]) -> impl Iterator<Item = (&'a Arg, &'a OsStr)> {
    let mut rest = arguments.iter().skip(1).map(OsString::as_os_str).peekable();
    std::iter::from_fn(move || {
        loop {
            // A `--` that is no value ends the options.
            let (arg, inline) = option_of(rest.next().filter(|argument| *argument != "--")?, all);
            let Some(arg) = arg.filter(|arg| arg.get_action().takes_values()) else { continue };
            let takes = |next: &&OsStr| arg.is_allow_hyphen_values_set() || *next == "-" || !is_option(next);
            if let Some(value) = inline.or_else(|| rest.next_if(takes)) {
                return Some((arg, value));
            }
        }
    })
}

/// The option that an argument names, and the value after its `=`.
fn option_of<'a>(argument: &'a OsStr, all: &'a [&'a Arg]) -> (Option<&'a Arg>, Option<&'a OsStr>) {
    // The value may be the name of a file, which need not be Unicode.
    let (name, inline) = match argument.split_once("=") {
        Some((name, value)) => (name, Some(value)),
        None => (argument, None),
    };
    let long = name.to_str().and_then(|name| name.strip_prefix("--"));
    let names = |arg: &&&Arg| {
        long.is_some_and(|long| {
            arg.get_long() == Some(long) || arg.get_all_aliases().is_some_and(|a| a.contains(&long))
        })
    };
    (all.iter().find(names).copied(), inline)
}

fn is_option(argument: &OsStr) -> bool {
    argument.as_encoded_bytes().starts_with(b"-")
}
