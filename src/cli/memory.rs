//! The options for the memory of used passwords (contract 15), and the command line of `unlock`.

use std::ffi::OsString;
#[cfg(feature = "serve")]
use std::path::PathBuf;
use std::str::FromStr;

use clap::Args;
use clap::builder::{OsStringValueParser, TypedValueParser};

use super::{DrawingArguments, Files, FilterArguments, Handling, Request};
use totp_adapter::operation::Operation;
use totp_adapter::otp::OutOfRangeError;
#[cfg(feature = "serve")]
use totp_adapter::service::{AccountName, Locked, PhoneNumber, ServiceUnlock};
#[cfg(feature = "serve")]
use totp_adapter::state::Address;
use totp_adapter::state::{Attempts, Location, LockAfter};

/// In the help, behind the operation's own.
const BEHIND: usize = 110;

/// What the value of `--state` is called.
const STATE: &str = if cfg!(feature = "serve") { "FILE|URL" } else { "FILE" };

/// Where used passwords are remembered, as given.
#[derive(Debug, Default, Args)]
pub struct MemoryArguments {
    #[cfg_attr(
        not(feature = "serve"),
        doc = "Accept each password once: remember used ones in this SQLite file (VerifyPassword only)"
    )]
    #[cfg_attr(
        feature = "serve",
        doc = "Accept each password once: remember used ones in this SQLite file, or in PostgreSQL at this address \
               (VerifyPassword only)"
    )]
    #[arg(long, display_order = BEHIND, value_name = STATE, value_parser = OsStringValueParser::new().try_map(location))]
    pub state: Option<Location>,

    /// Read the password for a state in PostgreSQL from a file
    #[cfg(feature = "serve")]
    #[arg(long, display_order = BEHIND, requires = "state", value_name = "FILE")]
    pub state_password_file: Option<PathBuf>,

    /// Wrong passwords in a row before a pause without verifications: 0 (no limit) to 100 [default: 5]
    #[arg(long, display_order = BEHIND + 1, requires = "state", value_name = "NUMBER", value_parser = Attempts::from_str, allow_negative_numbers = true)]
    pub attempts: Option<Attempts>,

    /// Wrong passwords in a row before a lock that only `unlock` ends: 0 (never) to 1000 [default: 0]
    #[arg(long, display_order = BEHIND + 2, requires = "state", value_name = "NUMBER", value_parser = LockAfter::from_str, allow_negative_numbers = true)]
    pub lock_after: Option<LockAfter>,
}

#[expect(clippy::needless_pass_by_value, reason = "clap's parsers of any bytes give what they own")]
pub(super) fn location(text: OsString) -> Result<Location, OutOfRangeError> {
    let location = Location::parse(&text)?;
    match &location {
        Location::Sqlite(_) => {}
        #[cfg(feature = "serve")]
        Location::Postgres(address) => {
            Address::parse(address).map_err(|error| OutOfRangeError { expected: error.expected() })?;
        }
        #[cfg(not(feature = "serve"))]
        Location::Postgres(_) => {
            let expected = "sqlite:FILE or the name of a file, or a program with PostgreSQL (cargo build --release --features serve)";
            return Err(OutOfRangeError { expected });
        }
    }
    Ok(location)
}

/// The options of `unlock`, as they were given.
#[derive(Debug, Args)]
#[command(about = "Forget the wrong passwords for a secret")]
pub(super) struct UnlockArguments {
    /// State with the count of wrong passwords
    #[cfg_attr(not(feature = "serve"), arg(required = true))]
    #[cfg_attr(feature = "serve", arg(required_unless_present = "config"))]
    #[arg(long, value_name = STATE, value_parser = OsStringValueParser::new().try_map(location))]
    state: Option<Location>,

    /// Read the password for a state in PostgreSQL from a file
    #[cfg(feature = "serve")]
    #[arg(long, requires = "state", value_name = "FILE")]
    state_password_file: Option<PathBuf>,

    /// Configuration of the service whose state has the count
    #[cfg(feature = "serve")]
    #[arg(long, requires = "locked", conflicts_with_all = ["state", "state_password_file", "input"], value_name = "FILE")]
    config: Option<PathBuf>,

    /// Account to unlock; the input is not read
    #[cfg(feature = "serve")]
    #[arg(long, requires = "config", conflicts_with = "state", group = "locked", value_name = "NAME", value_parser = OsStringValueParser::new().try_map(account))]
    account: Option<AccountName>,

    /// Telephone number to unlock; '-' reads it from standard input
    #[cfg(feature = "serve")]
    #[arg(long, requires = "config", conflicts_with = "state", group = "locked", value_name = "NUMBER", value_parser = OsStringValueParser::new().try_map(destination))]
    destination: Option<Locked>,

    #[command(flatten)]
    files: Files,
    #[command(flatten)]
    handling: Handling,
}

#[cfg(not(feature = "serve"))]
pub(super) const AFTER_HELP: &str = "\
The input is the <Secret> document of the secret. The answer is the same if no wrong password was counted.

Example:
  totp-adapter unlock --state state.db < secret.xml";

#[cfg(feature = "serve")]
pub(super) const AFTER_HELP: &str = "\
The input is the <Secret> document of the secret. The answer is the same if no wrong password was counted.

Examples:
  totp-adapter unlock --state state.db < secret.xml
  totp-adapter unlock --config totp-adapter.toml --account john.doe
  totp-adapter unlock --config totp-adapter.toml --destination - < number.txt";

#[cfg(feature = "serve")]
#[expect(clippy::needless_pass_by_value, reason = "clap's parsers of any bytes give what they own")]
fn account(name: OsString) -> Result<AccountName, OutOfRangeError> {
    name.to_str().and_then(AccountName::parse).ok_or(OutOfRangeError { expected: AccountName::EXPECTED })
}

#[cfg(feature = "serve")]
#[expect(clippy::needless_pass_by_value, reason = "clap's parsers of any bytes give what they own")]
fn destination(number: OsString) -> Result<Locked, OutOfRangeError> {
    if number == "-" {
        return Ok(Locked::DestinationOnInput);
    }
    let number = number.to_str().and_then(PhoneNumber::parse).map(Locked::Destination);
    number.ok_or(OutOfRangeError { expected: PhoneNumber::EXPECTED })
}

impl From<UnlockArguments> for FilterArguments {
    fn from(arguments: UnlockArguments) -> Self {
        let memory = MemoryArguments {
            state: arguments.state,
            #[cfg(feature = "serve")]
            state_password_file: arguments.state_password_file,
            ..MemoryArguments::default()
        };
        let request = Request {
            memory,
            #[cfg(feature = "serve")]
            service_unlock: arguments.config.and_then(|config| {
                let locked = arguments.account.map(Locked::Account).or(arguments.destination)?;
                Some(ServiceUnlock { config, locked })
            }),
            ..Request::of(Operation::Unlock)
        };
        Self { request, files: arguments.files, handling: arguments.handling, drawing: DrawingArguments::default() }
    }
}
