//! The options of the memory of used passwords (contract 15), and the command line of `unlock`.

use std::ffi::OsString;
use std::str::FromStr;

use clap::Args;
use clap::builder::{OsStringValueParser, TypedValueParser};

use super::{Files, FilterArguments, Handling, Request};
use crate::operation::Operation;
use crate::otp::OutOfRange;
use crate::state::{Attempts, Location, LockAfter};

/// In the help, behind the operation's own.
const BEHIND: usize = 110;

/// Who remembers used passwords, as it was given.
#[derive(Debug, Default, Args)]
pub struct MemoryArguments {
    /// Accept each password once: remember the used ones in this SQLite file (VerifyPassword only)
    #[arg(long, display_order = BEHIND, value_name = "FILE", value_parser = OsStringValueParser::new().try_map(location))]
    pub state: Option<Location>,

    /// Wrong passwords in a row before none is looked at for a while: 0 (no limit) to 100 [default: 5]
    #[arg(long, display_order = BEHIND + 1, requires = "state", value_name = "NUMBER", value_parser = Attempts::from_str, allow_negative_numbers = true)]
    pub attempts: Option<Attempts>,

    /// Wrong passwords in a row before only `unlock` helps: 0 (never) to 1000 [default: 0]
    #[arg(long, display_order = BEHIND + 2, requires = "state", value_name = "NUMBER", value_parser = LockAfter::from_str, allow_negative_numbers = true)]
    pub lock_after: Option<LockAfter>,
}

#[expect(clippy::needless_pass_by_value, reason = "clap's parsers of any bytes give what they own")]
fn location(text: OsString) -> Result<Location, OutOfRange> {
    match Location::parse(&text)? {
        Location::Postgres(_) => Err(OutOfRange { expected: "sqlite:FILE or the name of a file" }),
        location @ Location::Sqlite(_) => Ok(location),
    }
}

/// The options of `unlock`, as they were given.
#[derive(Debug, Args)]
#[command(about = "Forget the wrong passwords for a secret")]
pub(super) struct UnlockArguments {
    /// The state that has counted them
    #[arg(long, required = true, value_name = "FILE", value_parser = OsStringValueParser::new().try_map(location))]
    state: Option<Location>,
    #[command(flatten)]
    files: Files,
    #[command(flatten)]
    handling: Handling,
}

pub(super) const AFTER_HELP: &str = "\
The input is the <Secret> document of the secret. The answer is the same where nothing was counted.

Example:
  totp-adapter unlock --state state.db < secret.xml";

impl From<UnlockArguments> for FilterArguments {
    fn from(UnlockArguments { state, files, handling }: UnlockArguments) -> Self {
        let memory = MemoryArguments { state, ..MemoryArguments::default() };
        let request = Request { operation: Some(Operation::Unlock), memory, ..Request::default() };
        Self { request, files, handling, base64: false, format: None }
    }
}
