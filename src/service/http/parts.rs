//! What a configuration serves, in the parts that the page (contract 10.10) and the OpenAPI document (10.6) have or leave
//! out. It knows no route.

use crate::named;
use crate::otp::Skew;
use crate::service::config::{Access, Configuration, Mfa, PathName};
use crate::service::delivery::Channel;

/// A part of the service that a configuration can leave out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The operations, whoever may call them (contract 11).
    Operations,
    /// The operations without a token (contract 11).
    Open,
    /// The operations for clients with a token (contract 11.4).
    Clients,
    /// A memory of used passwords (contract 15.1).
    OneTime,
    /// Accounts, whose secrets stay on the server (contract 11.3).
    Accounts,
    /// The endpoint for tokens (contract 13.3).
    Tokens,
    /// Codes for Skyvern (contract 12.1).
    Skyvern,
    /// Inboxes (contract 13.4).
    Inbox,
    /// Multi-factor codes (contract 14).
    Mfa,
    /// Metrics on the main address (contract 10.6).
    Metrics,
}

named!(Part {
    Operations = "operations",
    Open = "open",
    Clients = "clients",
    OneTime = "one_time",
    Accounts = "accounts",
    Tokens = "tokens",
    Skyvern = "skyvern",
    Inbox = "inbox",
    Mfa = "mfa",
    Metrics = "metrics",
});

/// What a configuration serves.
#[derive(Clone, Debug)]
pub struct Parts {
    served: Vec<Part>,
    /// The most steps that a query may ask for, and the default.
    pub skew: Skew,
    /// The paths at which Skyvern asks.
    pub skyvern: Vec<PathName>,
    /// The names of the inboxes.
    pub inboxes: Vec<PathName>,
    /// How multi-factor codes leave.
    pub mfa_channels: Vec<Channel>,
    /// Where it is reached, as far as the configuration knows: scheme, host and port, without a slash at the end.
    pub base: String,
}

impl Parts {
    /// What this configuration serves.
    #[must_use]
    pub fn of(configuration: &Configuration) -> Self {
        let served = Part::ALL.into_iter().filter(|part| is_served(*part, configuration)).collect();
        let skyvern = configuration.skyvern.iter().map(|skyvern| skyvern.path.clone()).collect();
        let inboxes = configuration.inboxes.iter().map(|inbox| inbox.name.clone()).collect();
        let is_way = |mfa: &Mfa, channel| mfa.channels.delivery(channel).is_some();
        let is_served = |channel: &Channel| configuration.mfa.as_ref().is_some_and(|mfa| is_way(mfa, *channel));
        let mfa_channels = Channel::ALL.into_iter().filter(is_served).collect();
        Self { served, skew: configuration.skew, skyvern, inboxes, mfa_channels, base: base(configuration) }
    }

    /// Whether a part is served.
    #[must_use]
    pub fn has(&self, part: Part) -> bool {
        self.served.contains(&part)
    }
}

fn is_served(part: Part, configuration: &Configuration) -> bool {
    match part {
        Part::Operations => configuration.operations != Access::Nobody,
        Part::Open => configuration.operations == Access::Open,
        Part::Clients => matches!(configuration.operations, Access::Clients(_)),
        Part::OneTime => configuration.policy.one_time,
        Part::Accounts => configuration.accounts.is_some() && configuration.operations != Access::Nobody,
        Part::Tokens => !configuration.clients.is_empty(),
        Part::Skyvern => !configuration.skyvern.is_empty(),
        Part::Inbox => !configuration.inboxes.is_empty(),
        Part::Mfa => configuration.mfa.is_some(),
        Part::Metrics => {
            let loopback = || configuration.listen.iter().all(|address| address.ip().is_loopback());
            configuration.metrics_listen.is_none() && loopback()
        }
    }
}

fn base(configuration: &Configuration) -> String {
    let scheme = if configuration.tls.is_some() { "https" } else { "http" };
    let address = configuration.listen.first().expect("a configuration has an address");
    match configuration.host_names.iter().flatten().next() {
        Some(name) => format!("{scheme}://{name}:{}", address.port()),
        None => format!("{scheme}://{address}"),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::service::accounts::AccountName;
    use crate::service::config::{
        Client, DeliveryConfig, DeliveryKind, Destinations, Inbox, MfaChannels, MfaLimits, SecretFile, SkyvernConfig,
    };
    use crate::service::delivery::{CommandTemplate, DeliveryCommand, SERVICE_LIMIT};
    use crate::state::Quota;
    use std::collections::BTreeMap;
    use std::path::PathBuf;

    /// Skyvern at this path, with the key `key` and an account of the same name.
    pub(crate) fn skyvern(path: &str) -> SkyvernConfig {
        let (path, account) = (PathName::parse(path).unwrap(), AccountName::parse(path).unwrap());
        let api_key = SecretFile::of("key");
        SkyvernConfig { path, account, api_key, minimum_rest: 0, tasks: BTreeMap::new() }
    }

    /// An inbox of this folder, into which the client `workflow` may post.
    pub(crate) fn inbox(directory: PathBuf) -> Inbox {
        Inbox { name: PathName::parse("verity").unwrap(), clients: vec!["workflow".into()], directory }
    }

    /// Codes for the project `project` with the token `token`, both channels by [`broken_delivery`].
    pub(crate) fn mfa(key_file: PathBuf) -> Mfa {
        let name = PathName::parse("broken").unwrap();
        Mfa {
            project: "project".to_owned(),
            token: SecretFile::of("token"),
            key_file,
            channels: MfaChannels::Both { sms: name.clone(), call: name },
            destinations: Destinations::All,
            limits: MfaLimits { quota: Quota::new(Quota::MAX, Quota::MAX).unwrap(), ..MfaLimits::default() },
        }
    }

    /// A delivery that fails at once: its program is nowhere.
    pub(crate) fn broken_delivery() -> DeliveryConfig {
        let command = CommandTemplate::new(vec!["./nowhere".to_owned()]).unwrap();
        let kind = DeliveryKind::Command(DeliveryCommand::new(command, PathBuf::from("nowhere"), SERVICE_LIMIT));
        DeliveryConfig { name: PathName::parse("broken").unwrap(), kind }
    }

    /// A configuration with all that can be left out, which asks for tokens.
    pub(crate) fn full() -> Configuration {
        Configuration {
            accounts: Some("accounts".into()),
            operations: Access::Clients(vec!["workflow".into()]),
            clients: vec![Client { id: "workflow".into(), secret_sha256: [0; 32], secret_file: None }],
            skyvern: ["billing", "travel"].map(skyvern).into(),
            inboxes: vec![inbox("inbox".into())],
            deliveries: vec![broken_delivery()],
            mfa: Some(mfa("mfa.key".into())),
            ..Configuration::default()
        }
    }

    // contract 10.6c, 11.4
    #[test]
    fn parts_follow_the_configuration() {
        let parts = |configuration: &Configuration| Parts::of(configuration).served;
        assert_eq!(parts(&Configuration::default()), [Part::Operations, Part::Open, Part::OneTime, Part::Metrics]);
        let closed = Configuration { operations: Access::Nobody, ..full() };
        let neighbours = [Part::OneTime, Part::Tokens, Part::Skyvern, Part::Inbox, Part::Mfa, Part::Metrics];
        assert_eq!(parts(&closed), neighbours);
        assert_eq!(parts(&full()), Part::ALL.into_iter().filter(|part| *part != Part::Open).collect::<Vec<_>>());
        let metrics = |listen: &str, metrics_listen: Option<&str>| {
            let listen = listen.split(' ').map(|address| address.parse().unwrap()).collect();
            let metrics_listen = metrics_listen.map(|address| address.parse().unwrap());
            let configuration = Configuration { listen, metrics_listen, ..Configuration::default() };
            Parts::of(&configuration).has(Part::Metrics)
        };
        assert!(metrics("127.0.0.1:1 [::1]:1", None));
        assert!(!metrics("127.0.0.1:1 192.0.2.1:1", None));
        assert!(!metrics("127.0.0.1:1", Some("127.0.0.1:2")));
    }
}
