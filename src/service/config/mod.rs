//! What a service serves, and how: the configuration as values that cannot be wrong (contract 10.2), and its reading, which
//! reports every mistake at once (10.3).
//!
//! A section is a room with the type of its values, its keys and its reading; `SECTIONS` and `read::read` name them.

mod client;
mod delivery;
mod file;
mod http_client;
mod inbox;
mod limits;
mod listen;
mod load;
mod mfa;
mod mistake;
mod nearest;
mod operations;
mod path_name;
mod read;
mod reader;
mod renew;
mod secret;
mod section;
mod skyvern;
mod state;
mod syntax;
mod tls;
mod verification;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

pub use client::Client;
pub use delivery::{DeliveryConfig, DeliveryKind, SkyvernDelivery, WebhookDelivery};
pub(super) use file::read_or_say as read_file;
pub use inbox::Inbox;
pub use limits::Limits;
pub use load::load;
pub use mfa::{DestinationPrefix, Destinations, Mfa, MfaChannels, MfaKey, MfaKeyError, MfaLimits};
pub use mistake::{Mistake, Place, Warning};
pub use operations::Access;
pub use path_name::PathName;
pub use read::{Overrides, read};
pub use renew::Renewed;
pub use secret::SecretFile;
pub use skyvern::SkyvernConfig;
pub use tls::Tls;

use crate::otp::Skew;
use crate::service::delivery::ProxyAddress;
use crate::state::{Location, Policy};

/// The keys of every section, by its name; empty for those above the first one.
const SECTIONS: &[(&str, &[&str])] = &[
    ("", read::KEYS),
    ("tls", tls::KEYS),
    ("limits", limits::KEYS),
    ("verification", verification::KEYS),
    ("operations", operations::KEYS),
    ("client", client::KEYS),
    ("skyvern", skyvern::KEYS),
    ("inbox", inbox::KEYS),
    ("delivery", delivery::KEYS),
    ("mfa", mfa::KEYS),
];

/// The configuration of a service. Names of files and folders are relative to the configuration; secrets are in files of
/// their own.
#[derive(Clone, Debug)]
pub struct Configuration {
    /// `listen`, an address and a port or a list of them: where it listens, at least one. Port 0 takes a free one.
    /// Default: 127.0.0.1:6238.
    pub listen: Vec<SocketAddr>,
    /// `host_names`, a list: what callers may call it in `Host`, beside the address itself and localhost, in lower case,
    /// without port or final dot, IPv6 in brackets. It may be empty; none where the key is absent.
    pub host_names: Option<Vec<String>>,
    /// `state`: where used passwords are remembered, `sqlite:FILE`, the name of a file, or
    /// `postgres://USER@HOST/DATABASE`. None for the usual place: `state.db` of `$STATE_DIRECTORY`, else
    /// `$XDG_STATE_HOME/totp-adapter`, else `~/.local/state/totp-adapter`.
    pub state: Option<Location>,
    /// `state_password_file`: the password for a state in PostgreSQL, if it takes one; read again on SIGHUP.
    pub state_password: Option<SecretFile>,
    /// `accounts`: the folder of accounts, in which NAME.xml is a `<Secret>` or `<KeyURI>` and NAME.parameters.xml a
    /// `<Parameters>`, if there is one.
    pub accounts: Option<PathBuf>,
    /// `metrics_listen`: where metrics are served; none for the main address, where that is loopback.
    pub metrics_listen: Option<SocketAddr>,
    /// `proxy`: through which proxy deliveries and their requests for tokens reach other machines; none where absent, whatever the
    /// environment says.
    pub proxy: Option<ProxyAddress>,
    /// `ca_file`: roots beside the system's for the same, in PEM. It is read at the start alone.
    pub ca_file: Option<PathBuf>,
    /// `[tls]`; none for HTTP without it.
    pub tls: Option<Tls>,
    /// `[limits]`.
    pub limits: Limits,
    /// `skew` of `[verification]`: the most that a query may ask for, and the default: 0 to 10 steps. Default: 1.
    pub skew: Skew,
    /// `one_time`, `attempts` and `lock_after` of `[verification]`.
    pub policy: Policy,
    /// `[operations]`: who may call them.
    pub operations: Access,
    /// `[[client]]`, one for each, in their order.
    pub clients: Vec<Client>,
    /// `[[skyvern]]`, one for each, in their order.
    pub skyvern: Vec<SkyvernConfig>,
    /// `[[inbox]]`, one for each, in their order.
    pub inboxes: Vec<Inbox>,
    /// `[[delivery]]`, one for each, in their order.
    pub deliveries: Vec<DeliveryConfig>,
    /// `[mfa]`; none where codes are not sent.
    pub mfa: Option<Mfa>,
}

impl Default for Configuration {
    fn default() -> Self {
        Self {
            listen: vec![SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 6238)],
            host_names: None,
            state: None,
            state_password: None,
            accounts: None,
            metrics_listen: None,
            proxy: None,
            ca_file: None,
            tls: None,
            limits: Limits::default(),
            skew: Skew::default(),
            policy: Policy::default(),
            operations: Access::Open,
            clients: Vec::new(),
            skyvern: Vec::new(),
            inboxes: Vec::new(),
            deliveries: Vec::new(),
            mfa: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // contract 10.3b: otherwise a section that exists would be told of as unknown.
    #[test]
    fn every_section_is_a_key() {
        for (section, keys) in SECTIONS {
            assert!(section.is_empty() || read::KEYS.contains(section), "{section}");
            assert!(!keys.is_empty() && keys.iter().enumerate().all(|(index, key)| !keys[..index].contains(key)));
        }
    }
}
