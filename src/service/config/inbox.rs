//! `[[inbox]]`: where what clients post becomes files (contract 13.4).

use std::fs;
use std::path::{Path, PathBuf};

use super::client::NamedClient;
use super::path_name::PathName;
use super::reader::{At, Reader};
use super::section::{Section, Value};
use super::{file, operations};

pub(super) const KEYS: &[&str] = &["name", "clients", "directory"];

/// `[[inbox]]`: who may post there, and where it becomes files.
#[derive(Clone, Debug)]
pub struct Inbox {
    /// `name`: it takes `POST /inbox/{name}`; no other section has the same.
    pub name: PathName,
    /// `clients`: those who may post, by their ids; at least one.
    pub clients: Vec<String>,
    /// `directory`: the folder of the files. It is there, and can be written to.
    pub directory: PathBuf,
}

/// The sections in the order of the file; none is the folder of accounts, where every file is one.
pub(super) fn read(
    value: &Value<'_, '_>,
    known: &[NamedClient],
    accounts: Option<&Path>,
    reader: &mut Reader<'_>,
) -> Vec<Inbox> {
    let mut read: Vec<Inbox> = Vec::new();
    for section in value.sections(KEYS, reader) {
        let name = PathName::read(&section, "name", reader);
        if let Some((name, at)) = &name
            && read.iter().any(|earlier| earlier.name == *name)
        {
            reader.wrong(*at, "inbox.name is the name of an earlier section");
        }
        let clients = clients(&section, known, reader);
        let directory = directory(&section, accounts, reader);
        if let (Some((name, _)), Some(clients), Some(directory)) = (name, clients, directory) {
            read.push(Inbox { name, clients, directory });
        }
    }
    read
}

fn clients(section: &Section<'_, '_>, known: &[NamedClient], reader: &mut Reader<'_>) -> Option<Vec<String>> {
    let value = section.required("clients", operations::EXPECTED_IDS, reader)?;
    let ids = operations::ids(&value, reader);
    operations::check_known(&ids, known, "inbox.clients", reader);
    Some(ids.into_iter().map(|(id, _): (String, At)| id).collect())
}

fn directory(section: &Section<'_, '_>, accounts: Option<&Path>, reader: &mut Reader<'_>) -> Option<PathBuf> {
    const EXPECTED: &str = "the name of a folder";
    let value = section.required("directory", EXPECTED, reader)?;
    let folder = value.path(EXPECTED, reader)?;
    if let Err(reason) = file::look_into(&folder).and_then(|()| file::check_writable(&folder)) {
        value.unusable("folder", &reason.to_string(), reader);
    }
    if accounts.is_some_and(|accounts| is_same(accounts, &folder)) {
        reader.wrong(value.at, "inbox.directory is the folder of accounts");
    }
    Some(folder)
}

/// Whether two names are of one folder.
fn is_same(one: &Path, other: &Path) -> bool {
    match (fs::canonicalize(one), fs::canonicalize(other)) {
        (Ok(one), Ok(other)) => one == other,
        (_, _) => false,
    }
}
