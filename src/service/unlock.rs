//! `unlock` for an account of the service (contract 15.3h): its configuration says where the secret and the state are.

use std::path::Path;

use super::accounts::Accounts;
use super::config::{self, Configuration, Overrides};
use super::state_folder;
use crate::cli::Enrolled;
use crate::reply::Reply;
use crate::transport::Memory;

/// Forgets the failures of the account's secret.
pub(crate) fn unlock(enrolled: &Enrolled) -> Reply {
    match memory_and_account(enrolled) {
        Ok((memory, account)) => memory.unlock(account.secret()),
        Err(description) => Reply::error(&description),
    }
}

fn memory_and_account(enrolled: &Enrolled) -> Result<(Memory, crate::account::Account), String> {
    let file: &Path = &enrolled.config;
    let (configuration, _) = config::load(Some(file), &Overrides::default()).map_err(|mistakes| {
        let first = mistakes.first().map_or_else(String::new, |mistake| mistake.line(file));
        match mistakes.len() {
            0 | 1 => format!("wrong configuration: {first}"),
            count => format!("wrong configuration: {first}; serve --check shows all {count} mistakes"),
        }
    })?;
    let Configuration { accounts, state, state_password, policy, .. } = configuration;
    let folder = accounts.ok_or("wrong configuration: expected accounts, the folder of accounts")?;
    let account = Accounts::in_folder(folder).read(&enrolled.account).map_err(|error| error.to_string())?;
    let location = state_folder::location(state.as_ref()).map_err(|error| error.to_string())?;
    let memory = Memory::new(location, policy).with_password(state_password.map(|password| password.file));
    Ok((memory, account))
}
