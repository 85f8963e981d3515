//! `[[skyvern]]`: where Skyvern asks for codes, and of which account (contract 12.1).

use std::collections::BTreeMap;
use std::path::Path;

use super::path_name::PathName;
use super::reader::{At, Reader};
use super::secret::{SecretFile, secret_file};
use super::section::{Section, Value};
use crate::service::accounts::{AccountName, Accounts, FolderError};

pub(super) const KEYS: &[&str] = &["path", "account", "api_key_file", "minimum_rest", "tasks"];

/// How many seconds a code is valid at least when it is given out, where nobody says.
const DEFAULT_REST: u64 = 10;
/// The longest period that an account can have, less the one second that has to be left.
const MAX_REST: u64 = u32::MAX as u64 - 1;
const EXPECTED_REST: &str = "a whole number of seconds below the period of the account";

/// `[[skyvern]]`: who asks for codes, and of which account.
#[derive(Clone, Debug)]
pub struct SkyvernConfig {
    /// `path`: it is asked by `POST /skyvern/{path}`; no other section has the same.
    pub path: PathName,
    /// `account`: whose codes are given out.
    pub account: AccountName,
    /// `api_key_file`: the key that requests are signed with; read again on SIGHUP.
    pub api_key: SecretFile,
    /// `minimum_rest`: how many seconds a code is valid at least when it is given out: 0 to less than the period of the account.
    /// Default: 10.
    pub minimum_rest: u64,
    /// `tasks`: the accounts of single tasks, by `task_id` or `workflow_permanent_id`.
    pub tasks: BTreeMap<String, AccountName>,
}

/// The sections in the order of the file. The folder is that of all accounts.
pub(super) fn read(value: &Value<'_, '_>, folder: Option<&Path>, reader: &mut Reader<'_>) -> Vec<SkyvernConfig> {
    let mut read: Vec<SkyvernConfig> = Vec::new();
    let accounts = folder.map(|folder| Accounts::in_folder(folder.to_owned()));
    for section in value.sections(KEYS, reader) {
        let path = PathName::read(&section, "path", reader);
        if let Some((path, at)) = &path
            && read.iter().any(|earlier| earlier.path == *path)
        {
            reader.wrong(*at, "skyvern.path is the path of an earlier section");
        }
        if accounts.is_none() {
            reader.absent(section.at, "a section [[skyvern]] needs accounts, the folder of accounts");
        }
        let rest = minimum_rest(&section, reader);
        let enrolled = Enrolled { accounts: accounts.as_ref(), rest };
        let account = account(&section, &enrolled, reader);
        let tasks = tasks(&section, &enrolled, reader);
        let api_key = secret_file(&section, "api_key_file", SecretFile::read_api_key, reader);
        if let (Some((path, _)), Some(account), Some(api_key)) = (path, account, api_key) {
            read.push(SkyvernConfig { path, account, api_key, minimum_rest: rest.seconds, tasks });
        }
    }
    read
}

/// How long a code has to be valid, and where that is said, if it is.
#[derive(Clone, Copy)]
struct Rest {
    seconds: u64,
    at: Option<At>,
}

fn minimum_rest(section: &Section<'_, '_>, reader: &mut Reader<'_>) -> Rest {
    let Some(value) = section.value("minimum_rest") else { return Rest { seconds: DEFAULT_REST, at: None } };
    let seconds = value.number(0..=MAX_REST, EXPECTED_REST, reader).unwrap_or_default();
    Rest { seconds, at: Some(value.at) }
}

fn account(section: &Section<'_, '_>, enrolled: &Enrolled<'_>, reader: &mut Reader<'_>) -> Option<AccountName> {
    let value = section.required("account", AccountName::EXPECTED, reader)?;
    enrolled.name(&value, reader)
}

fn tasks(section: &Section<'_, '_>, enrolled: &Enrolled<'_>, reader: &mut Reader<'_>) -> BTreeMap<String, AccountName> {
    let Some(value) = section.value("tasks") else { return BTreeMap::new() };
    let tasks = value.entries("a table of accounts by the ids of tasks", reader);
    tasks.into_iter().filter_map(|(task, value)| Some((task.to_owned(), enrolled.name(&value, reader)?))).collect()
}

/// The accounts that are there, and what is asked of them.
struct Enrolled<'a> {
    /// None where there is no folder of them.
    accounts: Option<&'a Accounts>,
    rest: Rest,
}

impl Enrolled<'_> {
    /// The name of an account, which may come later.
    fn name(&self, value: &Value<'_, '_>, reader: &mut Reader<'_>) -> Option<AccountName> {
        let name = value.text(AccountName::EXPECTED, reader)?;
        let Some(name) = AccountName::parse(name) else {
            value.expected(AccountName::EXPECTED, reader);
            return None;
        };
        match self.accounts.map(|accounts| accounts.read(&name)) {
            Some(Ok(account)) if self.rest.seconds >= account.code_parameters().period.seconds().into() => {
                if let Some(at) = self.rest.at {
                    reader.wrong(at, format!("expected {EXPECTED_REST} for skyvern.minimum_rest"));
                } else {
                    // An account must not end a service whose configuration is sound.
                    let reason = "expected skyvern.minimum_rest, as the period of the account is not above";
                    reader.warn(value.at, format!("{reason} {DEFAULT_REST} s, for {}", value.name()));
                }
            }
            Some(Ok(_)) | None => {}
            Some(Err(FolderError::Unknown)) => {
                reader.warn(value.at, format!("the account of {} is not enrolled yet", value.name()));
            }
            Some(Err(error)) => reader.warn(value.at, format!("{error}, for {}", value.name())),
        }
        Some(name)
    }
}
