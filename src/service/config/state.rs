//! `state` and `state_password_file` (contract 15.1): where the state is, and how to get into it. It opens no state.

use std::ffi::OsStr;

use super::reader::{At, Reader};
use super::secret::{StatePassword, warn_of_others};
use super::section::{Section, Value};
use crate::state::Location;

/// The place of the state and the password for it.
#[derive(Debug, Default)]
pub(super) struct State {
    pub location: Option<Location>,
    pub password: Option<StatePassword>,
}

/// Reads both; the option `--state` takes the place of the key.
pub(super) fn read(top: &Section<'_, '_>, option: Option<&Location>, reader: &mut Reader<'_>) -> State {
    let key = top.value("state");
    let in_file = key.and_then(|value| location(&value, reader));
    let password = top.value("state_password_file");
    let location = option.cloned().or_else(|| in_file.clone());
    let text = password.and_then(|value| password_of(&value, reader));
    if let Some(Location::Sqlite(file)) = &location
        && file.is_dir()
    {
        let at = if option.is_some() { At::Option("--state") } else { key.map_or(At::File, |key| key.at) };
        reader.wrong(at, "expected a file for the state, found a folder");
    }
    // A key that cannot be read may have named a database.
    let is_sqlite = match &in_file {
        Some(Location::Sqlite(_)) => true,
        Some(Location::Postgres(_)) => false,
        None => key.is_none() && !matches!(option, Some(Location::Postgres(_))),
    };
    if let Some(value) = password.filter(|_| is_sqlite) {
        reader.absent(value.at, "expected state_password_file only with a state in PostgreSQL");
    }
    State { location, password: text }
}

fn location(value: &Value<'_, '_>, reader: &mut Reader<'_>) -> Option<Location> {
    let text = value.text(Location::EXPECTED, reader)?;
    match Location::parse(OsStr::new(text)) {
        Ok(Location::Postgres(address)) if has_password(&address) => {
            reader
                .wrong(value.at, "expected an address without a password for state; it belongs in state_password_file");
            None
        }
        Ok(Location::Sqlite(_)) if text.contains('\0') => {
            value.expected(Location::EXPECTED, reader);
            None
        }
        Ok(Location::Sqlite(file)) => {
            Some(Location::Sqlite(file.to_str().map_or(file.clone(), |name| reader.path(name))))
        }
        Ok(Location::Postgres(address)) => Some(Location::Postgres(address)),
        Err(_) => {
            value.expected(Location::EXPECTED, reader);
            None
        }
    }
}

fn password_of(value: &Value<'_, '_>, reader: &mut Reader<'_>) -> Option<StatePassword> {
    let file = value.path("the name of a file", reader)?;
    match StatePassword::read(&file) {
        Ok(password) => {
            warn_of_others(value, &file, reader);
            Some(password)
        }
        Err(reason) => {
            value.unusable("file", &reason, reader);
            None
        }
    }
}

/// Whether the address of a database has a password in it, `postgres://USER:PASSWORD@…` or `?password=…`.
fn has_password(address: &str) -> bool {
    let rest = address.split_once("://").map_or(address, |(_, rest)| rest);
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let authority = rest.split('/').next().unwrap_or_default();
    let user = rest.rsplit_once('@').map(|(user, _)| user).or_else(|| authority.rsplit_once('@').map(|(user, _)| user));
    user.is_some_and(|user| user.contains(':'))
        || query.split('&').any(|pair| pair.to_ascii_lowercase().starts_with("password="))
}
