//! What a configuration serves where, for a person who checks it (contract 10.3).

use std::fmt::Write;
use std::net::SocketAddr;

use super::config::{Access, Configuration, DeliveryConfig, DeliveryKind, Inbox, Mfa, SkyvernConfig};
use super::delivery::Channel;
use crate::state::Location;
use crate::wording::printable;

/// The answer of `--check` to a sound configuration: a line that says so, one for each address, one for each place.
#[must_use]
pub fn summary(configuration: &Configuration) -> String {
    let mut lines = vec!["configuration is sound".to_owned()];
    lines.extend(configuration.listen.iter().map(|address| listener(*address, configuration)));
    lines.extend(configuration.metrics_listen.map(|address| format!("{address}: metrics")));
    lines.push(match &configuration.state {
        None => "state: SQLite in the usual place".to_owned(),
        Some(Location::Sqlite(file)) => format!("state: SQLite in {}", printable(file)),
        Some(Location::Postgres(_)) => "state: PostgreSQL".to_owned(),
    });
    lines.extend(configuration.accounts.as_ref().map(|folder| format!("accounts: {}", printable(folder))));
    let skyvern = |skyvern: &SkyvernConfig| format!("/skyvern/{}: codes of {}", skyvern.path, skyvern.account.as_str());
    lines.extend(configuration.skyvern.iter().map(skyvern));
    let inbox = |inbox: &Inbox| format!("/inbox/{}: files in {}", inbox.name, printable(&inbox.directory));
    lines.extend(configuration.inboxes.iter().map(inbox));
    lines.extend(configuration.deliveries.iter().map(delivery));
    lines.extend(configuration.mfa.as_ref().map(mfa));
    lines.iter().fold(String::new(), |mut text, line| {
        writeln!(text, "{line}").expect("a String grows");
        text
    })
}

fn delivery(delivery: &DeliveryConfig) -> String {
    let way = match delivery.kind {
        DeliveryKind::Webhook(_) => "a webhook",
        DeliveryKind::Command(_) => "a command",
        DeliveryKind::Skyvern(_) => "Skyvern",
    };
    format!("delivery {}: {way}", delivery.name)
}

fn mfa(mfa: &Mfa) -> String {
    let by = |channel: Channel| Some(format!("{} ({})", channel.name(), mfa.channels.delivery(channel)?));
    let ways: Vec<_> = Channel::ALL.into_iter().filter_map(by).collect();
    format!("/api/relay/rest/mfa: codes by {}", ways.join(" and "))
}

fn listener(address: SocketAddr, configuration: &Configuration) -> String {
    let scheme = if configuration.tls.is_some() { "https" } else { "http" };
    let accounts = if configuration.accounts.is_some() { " and accounts" } else { "" };
    let operations = match &configuration.operations {
        Access::Open => format!("operations{accounts} for whoever reaches the address"),
        Access::Clients(clients) if clients.len() == 1 => format!("operations{accounts} for 1 client with a token"),
        Access::Clients(clients) => format!("operations{accounts} for {} clients with a token", clients.len()),
        Access::Nobody => "operations for nobody".to_owned(),
    };
    let metrics = match configuration.metrics_listen {
        None if address.ip().to_canonical().is_loopback() => "; metrics",
        None | Some(_) => "",
    };
    format!("{scheme}://{address}: {operations}{metrics}")
}
