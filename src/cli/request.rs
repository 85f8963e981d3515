//! What is asked, whichever way the documents come: the operation and its parameters.

use std::ffi::OsString;
use std::path::PathBuf;
use std::str::FromStr;

use clap::Args;

use super::named;
use totp_adapter::key_uri_format::KeyUriFormat;
use totp_adapter::operation::Operation;
use totp_adapter::otp::{Algorithm, Digits, Period, Skew, UnixTime};
#[cfg(feature = "state")]
use totp_adapter::state::Location;

/// In the help, below the options of each way.
const LAST: usize = 100;

/// The parameters that X4 gives, as they were given.
#[derive(Debug, Default, Args)]
#[group(skip)]
pub struct X4Parameters {
    /// Operation: GenerateSecret, GeneratePassword, VerifyPassword or GenerateAuthenticatorQRCode
    #[arg(long, alias = "Operation", hide_possible_values = true, value_parser = named::<Operation, _>(Operation::OF_X4.map(Operation::name)))]
    pub operation: Option<Operation>,

    /// Issuer shown in the authenticator app (QR code only)
    #[arg(long, value_name = "NAME", allow_hyphen_values = true)]
    pub issuer: Option<OsString>,

    /// Account shown in the authenticator app (QR code only)
    #[arg(long, value_name = "NAME", allow_hyphen_values = true)]
    pub account: Option<OsString>,
}

/// The operation and its parameters, as they were given.
#[derive(Debug, Default, Args)]
#[group(skip)]
pub struct Request {
    /// What X4 gives.
    #[command(flatten)]
    pub x4: X4Parameters,

    /// Read parameters from an XML file; options on the command line win
    #[arg(long, value_name = "FILE")]
    pub parameters: Option<PathBuf>,

    /// Steps accepted on either side of the current one: 0 to 10 [default: 1]
    #[arg(long, display_order = LAST, value_name = "STEPS", value_parser = Skew::from_str, allow_negative_numbers = true)]
    pub skew: Option<Skew>,

    /// Time to use instead of the clock, in seconds since 1970
    #[arg(long, display_order = LAST + 1, value_name = "SECONDS", value_parser = UnixTime::from_str, allow_negative_numbers = true)]
    pub now: Option<UnixTime>,

    /// Hash function, for secrets issued elsewhere [default: SHA1]
    #[arg(long, display_order = LAST + 2, value_parser = named::<Algorithm, _>(Algorithm::ALL.map(Algorithm::name)))]
    pub algorithm: Option<Algorithm>,

    /// Digits of a password, for secrets issued elsewhere [default: 6]
    #[arg(long, display_order = LAST + 3, value_parser = named::<Digits, _>(Digits::ALL.map(Digits::name)))]
    pub digits: Option<Digits>,

    /// Length of a time step, for secrets issued elsewhere: 1 to 4294967295 [default: 30]
    #[arg(long, display_order = LAST + 4, value_name = "SECONDS", value_parser = Period::from_str, allow_negative_numbers = true)]
    pub period: Option<Period>,

    /// Where used passwords are remembered.
    #[cfg(feature = "state")]
    #[command(flatten)]
    pub memory: super::memory::MemoryArguments,

    /// What `unlock` takes instead of a document.
    #[cfg(feature = "serve")]
    #[arg(skip)]
    pub service_unlock: Option<totp_adapter::service::ServiceUnlock>,

    /// What `read-qr` outputs; it has its own options.
    #[arg(skip)]
    pub key_uri_format: Option<KeyUriFormat>,
}

impl Request {
    /// A subcommand's own operation.
    pub(super) fn of(operation: Operation) -> Self {
        Self { x4: X4Parameters { operation: Some(operation), ..X4Parameters::default() }, ..Self::default() }
    }

    /// The files besides the input that are read, or read and written, each with its option.
    #[must_use]
    pub fn files(&self) -> Vec<(&'static str, PathBuf)> {
        let parameters = self.parameters.clone().map(|file| ("--parameters", file));
        let files = parameters.into_iter().chain(self.state_files().into_iter().map(|file| ("--state", file)));
        #[cfg(feature = "serve")]
        let files = {
            let password = self.memory.state_password_file.clone().map(|file| ("--state-password-file", file));
            let config = self.service_unlock.as_ref().map(|unlock| ("--config", unlock.config.clone()));
            files.chain(password).chain(config)
        };
        files.collect()
    }

    #[cfg(feature = "state")]
    fn state_files(&self) -> Vec<PathBuf> {
        self.memory.state.as_ref().map_or_else(Vec::new, Location::files)
    }

    #[cfg(not(feature = "state"))]
    #[expect(clippy::unused_self, reason = "with the feature it has some")]
    const fn state_files(&self) -> Vec<PathBuf> {
        Vec::new()
    }
}
