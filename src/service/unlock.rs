//! `unlock` with the configuration of the service, which says where the state is (contract 14.3e, 15.3h).

use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::accounts::Accounts;
use super::config::{self, Configuration, Overrides};
use super::{AccountName, PhoneNumber, state_folder};
use crate::memory::Memory;
use crate::reply::Reply;

const WRONG: &str = "wrong configuration";

/// What is to be unlocked in the state of the service.
#[derive(Clone, Debug)]
pub struct ServiceUnlock {
    /// The configuration.
    pub config: PathBuf,
    /// What is locked.
    pub locked: Locked,
}

/// What the service does not look at any more after too many wrong passwords or codes.
#[derive(Clone, Debug)]
pub enum Locked {
    /// Passwords of this account.
    Account(AccountName),
    /// Codes that were sent to this number.
    Destination(PhoneNumber),
    /// The same; the number is on the input, where no list of processes shows it.
    DestinationOnInput,
}

/// Forgets the wrong passwords for an account, or the wrong codes for a destination, whose number may be on the input.
pub fn unlock<E: Into<Reply>>(unlock: &ServiceUnlock, input: impl FnOnce() -> Result<Zeroizing<Vec<u8>>, E>) -> Reply {
    let unlocked = match &unlock.locked {
        Locked::Account(name) => account(&unlock.config, name),
        Locked::Destination(number) => destination(&unlock.config, number),
        Locked::DestinationOnInput => match input().map(|input| number(&input)) {
            Ok(Ok(number)) => destination(&unlock.config, &number),
            Ok(Err(description)) => Err(description),
            Err(error) => return error.into(),
        },
    };
    unlocked.unwrap_or_else(|description| Reply::error(&description))
}

fn account(file: &Path, name: &AccountName) -> Result<Reply, String> {
    let configuration = load(file)?;
    let folder = configuration.accounts.clone();
    let folder = folder.ok_or_else(|| format!("{WRONG}: expected accounts, the folder of accounts"))?;
    let account = Accounts::in_folder(folder).read(name).map_err(|error| error.to_string())?;
    Ok(memory(configuration)?.unlock(account.secret()))
}

fn destination(file: &Path, number: &PhoneNumber) -> Result<Reply, String> {
    let configuration = load(file)?;
    if configuration.mfa.is_none() {
        return Err(format!("{WRONG}: expected [mfa], the section of multi-factor codes"));
    }
    Ok(memory(configuration)?.unlock_destination(number))
}

/// The number on an input, perhaps with a line end.
fn number(input: &[u8]) -> Result<PhoneNumber, String> {
    let text = std::str::from_utf8(input).ok();
    let line = text.map(|text| text.strip_suffix('\n').map_or(text, |line| line.strip_suffix('\r').unwrap_or(line)));
    let number = line.and_then(PhoneNumber::parse);
    number.ok_or_else(|| format!("unusable input: expected {}", PhoneNumber::EXPECTED))
}

fn load(file: &Path) -> Result<Configuration, String> {
    let loaded = config::load(Some(file), &Overrides::default()).map_err(|mistakes| {
        let first = mistakes.first().map_or_else(String::new, |mistake| mistake.line(file));
        match mistakes.len() {
            0 | 1 => format!("{WRONG}: {first}"),
            count => format!("{WRONG}: {first} (serve --check shows all {count} mistakes)"),
        }
    });
    loaded.map(|(configuration, _)| configuration)
}

fn memory(configuration: Configuration) -> Result<Memory, String> {
    let Configuration { state, state_password, policy, .. } = configuration;
    let location = state_folder::location(state.as_ref()).map_err(|error| error.to_string())?;
    Ok(Memory::new(location, policy).with_password(state_password.map(|password| password.file)))
}
