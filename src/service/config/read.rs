//! From the text of a configuration to its values: every section by its own room, then what only shows when all are known.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use toml::de::DeTable;

use super::client::NamedClient;
use super::delivery::NamedDelivery;
use super::http_client::Outgoing;
use super::listen::{self, ListenAddress};
use super::operations::{self, Operations};
use super::reader::{At, Reader};
use super::section::Section;
use super::{
    Access, Configuration, Inbox, Limits, Mistake, PathName, Tls, Warning, client, delivery, file, inbox, limits, mfa,
    skyvern, state, syntax, tls, verification,
};
use crate::service::accounts::{AccountName, Accounts, STRONG_BITS};
use crate::state::Location;

/// The keys above the first section, and the sections.
pub(super) const KEYS: &[&str] = &[
    "listen",
    "host_names",
    "state",
    "state_password_file",
    "accounts",
    "metrics_listen",
    "proxy",
    "ca_file",
    "tls",
    "limits",
    "verification",
    "operations",
    "client",
    "skyvern",
    "inbox",
    "delivery",
    "mfa",
];

/// What takes the place of keys: options of the command line.
#[derive(Clone, Debug, Default)]
pub struct Overrides {
    /// Instead of `listen`; empty for none.
    pub listen: Vec<SocketAddr>,
    /// Instead of `state`.
    pub state: Option<Location>,
}

/// Reads the text of a configuration; names in it are relative to the folder. It looks into the files and folders that are
/// named, makes none, and opens no state.
///
/// # Errors
///
/// Every mistake, in the order of the lines.
pub fn read(text: &str, folder: &Path, overrides: &Overrides) -> Result<(Configuration, Vec<Warning>), Vec<Mistake>> {
    let (table, errors) = DeTable::parse_recoverable(text);
    let mut reader = Reader::new(text, folder);
    syntax::note(&errors, text, &mut reader);
    let top = Section::top(KEYS, table.get_ref(), &mut reader);
    let configuration = configuration(&top, overrides, &mut reader);
    let warnings = reader.finish()?;
    Ok((configuration, warnings))
}

/// The configuration as far as it can be read; it is of use only where no mistake was noted.
fn configuration(top: &Section<'_, '_>, overrides: &Overrides, reader: &mut Reader<'_>) -> Configuration {
    let default = Configuration::default();
    let listeners = listeners(top, overrides, &default.listen, reader);
    let metrics = listen::metrics_listener(top, reader);
    listen::check_disjoint(&listeners, metrics, reader);
    let host_names = listen::host_names(top, reader);
    let state = state::read(top, overrides.state.as_ref(), reader);
    let accounts = accounts(top, reader);
    let tls = one(top, "tls", tls::KEYS, reader).and_then(|section| Tls::read(&section, reader));
    let limits =
        one(top, "limits", limits::KEYS, reader).map_or_else(Limits::default, |section| Limits::read(&section, reader));
    let (skew, policy) = one(top, "verification", verification::KEYS, reader)
        .map_or((default.skew, default.policy), |section| verification::read(&section, reader));
    let clients = top.value("client").map_or_else(Vec::new, |value| client::read(&value, reader));
    let operations = one(top, "operations", operations::KEYS, reader)
        .map_or(Operations::ABSENT, |section| Operations::read(&section, reader));
    operations.check_reach(&listeners, reader);
    let operations = operations.access(&clients, reader);
    let inboxes =
        top.value("inbox").map_or_else(Vec::new, |value| inbox::read(&value, &clients, accounts.as_deref(), reader));
    let outgoing = Outgoing::read(top, reader);
    let deliveries =
        top.value("delivery").map_or_else(Vec::new, |value| delivery::read(&value, outgoing.client.as_ref(), reader));
    let mfa = one(top, "mfa", mfa::KEYS, reader).and_then(|section| mfa::read(&section, &deliveries, reader));
    let is_named = |name: &PathName| mfa.as_ref().is_some_and(|mfa| mfa.channels.name(name));
    delivery::warn_of_unnamed(&deliveries, is_named, reader);
    warn_of_unnamed(&clients, &operations, &inboxes, reader);
    let skyvern =
        top.value("skyvern").map_or_else(Vec::new, |value| skyvern::read(&value, accounts.as_deref(), reader));
    Configuration {
        listen: listeners.iter().map(|listener| listener.address).collect(),
        host_names,
        state: state.location,
        state_password: state.password,
        accounts,
        metrics_listen: metrics.map(|metrics| metrics.address),
        proxy: outgoing.proxy,
        ca_file: outgoing.ca_file,
        tls,
        limits,
        skew,
        policy,
        operations,
        clients: clients.into_iter().filter_map(|NamedClient { client, .. }| client).collect(),
        skyvern,
        inboxes,
        deliveries: deliveries.into_iter().filter_map(|NamedDelivery { delivery, .. }| delivery).collect(),
        mfa,
    }
}

/// The section of a key of which there is one at most.
fn one<'t, 'i>(
    top: &Section<'t, 'i>,
    key: &'static str,
    keys: &'static [&'static str],
    reader: &mut Reader<'_>,
) -> Option<Section<'t, 'i>> {
    top.value(key)?.section(keys, reader)
}

/// The listeners that count, those of the file even where it has mistakes that only show there.
fn listeners(
    top: &Section<'_, '_>,
    overrides: &Overrides,
    default: &[SocketAddr],
    reader: &mut Reader<'_>,
) -> Vec<ListenAddress> {
    let in_file = listen::listeners(top, reader);
    let all = |addresses: &[SocketAddr], at| addresses.iter().map(|&address| ListenAddress { address, at }).collect();
    if !overrides.listen.is_empty() {
        all(&overrides.listen, At::Option("--listen"))
    } else if top.value("listen").is_some() {
        in_file
    } else {
        all(default, At::File)
    }
}

fn accounts(top: &Section<'_, '_>, reader: &mut Reader<'_>) -> Option<PathBuf> {
    let value = top.value("accounts")?;
    let folder = value.path("the name of a folder", reader)?;
    if let Err(reason) = file::look_into(&folder) {
        value.unusable("folder", &reason.to_string(), reader);
    }
    let accounts = Accounts::in_folder(folder.clone());
    let names = accounts.some();
    if let Some(which) = which(names.iter().filter(|name| accounts.is_weak(name))) {
        let expected = format!("expected secrets of at least {STRONG_BITS} bits (RFC 4226, section 4)");
        reader.warn(value.at, format!("{expected}; {which} fewer"));
    }
    if let Some(which) = which(names.iter().filter(|name| file::is_open_to_others(&accounts.file(name)))) {
        reader.warn(value.at, format!("others can read or replace secrets; {which} another mode than 0600"));
    }
    Some(folder)
}

/// Which accounts have something: how many, and which comes first by its name.
fn which<'a>(names: impl Iterator<Item = &'a AccountName> + Clone) -> Option<String> {
    let first = names.clone().map(AccountName::as_str).min()?;
    Some(match names.count() {
        1 => format!("the account {first} has"),
        count => format!("{count} accounts, of which {first} is the first, have"),
    })
}

/// Warns of clients that may get tokens for nothing: a section may have been forgotten.
fn warn_of_unnamed(clients: &[NamedClient], operations: &Access, inboxes: &[Inbox], reader: &mut Reader<'_>) {
    let of_operations = match operations {
        Access::Open | Access::Nobody => &[],
        Access::Clients(ids) => ids.as_slice(),
    };
    let is_named = |id: &String| of_operations.contains(id) || inboxes.iter().any(|inbox| inbox.clients.contains(id));
    for client in clients.iter().filter(|client| !is_named(&client.id)) {
        reader.warn(client.at, "no section names this client: its tokens open nothing".to_owned());
    }
}
