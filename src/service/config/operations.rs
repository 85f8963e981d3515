//! `[operations]`: who may call them (contract 10.4, 11.4).

use super::client::NamedClient;
use super::listen::ListenAddress;
use super::reader::{At, Reader};
use super::section::{Section, Value};

pub(super) const KEYS: &[&str] = &["clients", "open"];
pub(super) const EXPECTED_IDS: &str = "a list of ids of clients, at least one,";
/// Of those who may call the operations there may be none.
const EXPECTED_CLIENTS: &str = "a list of ids of clients";

/// `[operations]`: who may call them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Access {
    /// Whoever reaches the address: where `clients` is absent. On an address that is not loopback, `open = true` has to say
    /// so.
    Open,
    /// `clients`: those with a token, by their ids; at least one.
    Clients(Vec<String>),
    /// `clients = []`: nobody. The operations and accounts are not served.
    Nobody,
}

/// What `[operations]` says, before anything is known of the clients and addresses.
#[derive(Debug)]
pub(super) struct Operations {
    /// The ids, each with its place; none where the key is absent.
    clients: Option<Vec<(String, At)>>,
    open: bool,
}

impl Operations {
    /// Where the section is absent.
    pub(super) const ABSENT: Self = Self { clients: None, open: false };

    pub(super) fn read(section: &Section<'_, '_>, reader: &mut Reader<'_>) -> Self {
        let clients = section.value("clients");
        let open = section.value("open").and_then(|value| Some((value.boolean(reader)?, value.at)));
        if let (Some(_), Some((true, at))) = (clients, open) {
            reader.wrong(at, "operations.clients and operations.open = true exclude each other");
        }
        let clients = clients.map(|value| ids_in(&value.list(EXPECTED_CLIENTS, reader), EXPECTED_CLIENTS, reader));
        Self { clients, open: open.is_some_and(|(open, _)| open) }
    }

    /// Who may call, once the clients are known.
    pub(super) fn access(self, known: &[NamedClient], reader: &mut Reader<'_>) -> Access {
        let Some(clients) = self.clients else { return Access::Open };
        if clients.is_empty() {
            return Access::Nobody;
        }
        check_known(&clients, known, "operations.clients", reader);
        Access::Clients(clients.into_iter().map(|(id, _)| id).collect())
    }

    /// Notes the addresses beyond this machine where whoever reaches them could call.
    pub(super) fn check_reach(&self, listeners: &[ListenAddress], reader: &mut Reader<'_>) {
        if self.clients.is_some() || self.open {
            return;
        }
        for listener in listeners.iter().filter(|listener| !listener.address.ip().to_canonical().is_loopback()) {
            reader.absent(
                listener.at,
                "an address that is not loopback needs operations.clients, or operations.open = true",
            );
        }
    }
}

/// Notes ids that belong to nobody, and those that come twice.
pub(super) fn check_known(ids: &[(String, At)], known: &[NamedClient], key: &str, reader: &mut Reader<'_>) {
    for (index, (id, at)) in ids.iter().enumerate() {
        if !known.iter().any(|client| client.id == *id) {
            reader.absent(*at, format!("expected the id of a [[client]] for {key}"));
        }
        if ids[..index].iter().any(|(earlier, _)| earlier == id) {
            reader.wrong(*at, format!("{key} has an id twice"));
        }
    }
}

/// Ids of clients, at least one, each with its place.
pub(super) fn ids(value: &Value<'_, '_>, reader: &mut Reader<'_>) -> Vec<(String, At)> {
    ids_in(&value.list_of_some(EXPECTED_IDS, reader), EXPECTED_IDS, reader)
}

fn ids_in(elements: &[Value<'_, '_>], expected: &str, reader: &mut Reader<'_>) -> Vec<(String, At)> {
    elements.iter().filter_map(|id| Some((id.text(expected, reader)?.to_owned(), id.at))).collect()
}
