//! `state` and `state_password_file` (contract 15.1): where the state is, and how to get into it. It opens no state.

use std::ffi::OsStr;
use std::path::Path;
use std::{fs, io};

use super::reader::{At, Reader};
use super::secret::{SecretFile, secret_in};
use super::section::{Section, Value};
use crate::state::{Address, AddressError, Location};
use crate::wording::reason;

/// The place of the state and the password for it.
#[derive(Debug, Default)]
pub(super) struct StateSection {
    pub location: Option<Location>,
    pub password: Option<SecretFile>,
}

/// Reads both; the option `--state` takes the place of the key.
pub(super) fn read(top: &Section<'_, '_>, option: Option<&Location>, reader: &mut Reader<'_>) -> StateSection {
    let key = top.value("state");
    let in_file = key.and_then(|value| location(&value, reader));
    let password = top.value("state_password_file");
    let location = option.cloned().or_else(|| in_file.clone());
    let text = password.and_then(|value| secret_in(&value, reader));
    if let Some(Location::Sqlite(file)) = &location {
        let at = if option.is_some() { At::Option("--state") } else { key.map_or(At::File, |key| key.at) };
        if file.is_dir() {
            reader.wrong(at, "the state is a folder; expected a file");
        } else if let Err(error) = folder_of(file) {
            reader.wrong(at, format!("cannot use the folder of the state: {}", reason(&error)));
        }
    }
    // A key that cannot be read may have named a database.
    let is_sqlite = match &in_file {
        Some(Location::Sqlite(_)) => true,
        Some(Location::Postgres(_)) => false,
        None => key.is_none() && !matches!(option, Some(Location::Postgres(_))),
    };
    if let Some(value) = password.filter(|_| is_sqlite) {
        reader.absent(value.at, "state_password_file is only for a state in PostgreSQL");
    }
    StateSection { location, password: text }
}

/// Looks whether the folder of a file is there.
fn folder_of(file: &Path) -> io::Result<()> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if fs::metadata(folder)?.is_dir() { Ok(()) } else { Err(io::ErrorKind::NotADirectory.into()) }
}

fn location(value: &Value<'_, '_>, reader: &mut Reader<'_>) -> Option<Location> {
    let text = value.text(Location::EXPECTED, reader)?;
    match Location::parse(OsStr::new(text)) {
        Ok(Location::Sqlite(_)) if text.contains('\0') => {
            value.expected(Location::EXPECTED, reader);
            None
        }
        Ok(Location::Sqlite(file)) => {
            Some(Location::Sqlite(file.to_str().map_or(file.clone(), |name| reader.path(name))))
        }
        Ok(Location::Postgres(address)) => of_database(address, value, reader),
        Err(_) => {
            value.expected(Location::EXPECTED, reader);
            None
        }
    }
}

fn of_database(address: String, value: &Value<'_, '_>, reader: &mut Reader<'_>) -> Option<Location> {
    let expected = match Address::parse(&address) {
        Ok(_) => return Some(Location::Postgres(address)),
        Err(AddressError::Password) => {
            "an address without a password for state; it belongs in state_password_file".to_owned()
        }
        Err(error @ (AddressError::Form | AddressError::Host | AddressError::SslMode)) => {
            format!("{} for state", error.expected())
        }
    };
    reader.wrong(value.at, format!("expected {expected}"));
    None
}
