//! The addresses that a service listens on, and the names that it is called by. It opens none of them.

use std::net::{IpAddr, SocketAddr};

use super::reader::{At, Reader};
use super::section::{Section, Value};

const EXPECTED: &str = "an address and a port such as 127.0.0.1:6238 or [::1]:6238";
const EXPECTED_NAME: &str = "names of hosts without a port, such as totp.example,";
/// The most bytes of a host name (RFC 1035, section 2.3.4).
const MAX_NAME_BYTES: usize = 253;

/// An address and where it was named.
#[derive(Clone, Copy, Debug)]
pub(super) struct ListenAddress {
    pub address: SocketAddr,
    pub at: At,
}

/// The addresses of `listen`; none where the key is absent.
pub(super) fn listeners(top: &Section<'_, '_>, reader: &mut Reader<'_>) -> Vec<ListenAddress> {
    let Some(value) = top.value("listen") else { return Vec::new() };
    let addresses = value.list_or_one(&format!("{EXPECTED}, or a list of them,"), reader);
    addresses.iter().filter_map(|address| listener(address, reader)).collect()
}

/// The address of `metrics_listen`.
pub(super) fn metrics_listener(top: &Section<'_, '_>, reader: &mut Reader<'_>) -> Option<ListenAddress> {
    listener(&top.value("metrics_listen")?, reader)
}

fn listener(value: &Value<'_, '_>, reader: &mut Reader<'_>) -> Option<ListenAddress> {
    let Ok(address) = value.text(EXPECTED, reader)?.parse() else {
        value.expected(EXPECTED, reader);
        return None;
    };
    Some(ListenAddress { address, at: value.at })
}

/// The names of `host_names` in lower case, without the dot that may end them; none where the key is absent.
pub(super) fn host_names(top: &Section<'_, '_>, reader: &mut Reader<'_>) -> Option<Vec<String>> {
    let names = top.value("host_names")?.list(EXPECTED_NAME, reader);
    Some(names.iter().filter_map(|name| host_name(name, reader)).collect())
}

fn host_name(value: &Value<'_, '_>, reader: &mut Reader<'_>) -> Option<String> {
    let text = value.text(EXPECTED_NAME, reader)?;
    let name = text.strip_suffix('.').unwrap_or(text);
    let is_label = |label: &str| {
        !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    // What is behind a port forwarder is called by an address that is not its own. `Host` has IPv6 in brackets (RFC 3986,
    // section 3.2.2).
    match name.trim_matches(['[', ']']).parse() {
        Ok(IpAddr::V6(address)) => return Some(format!("[{address}]")),
        Ok(IpAddr::V4(address)) => return Some(address.to_string()),
        Err(std::net::AddrParseError { .. }) => {}
    }
    if name.len() <= MAX_NAME_BYTES && name.split('.').all(is_label) {
        return Some(name.to_ascii_lowercase());
    }
    value.expected(EXPECTED_NAME, reader);
    None
}

/// Notes listeners that would stand in each other's way.
pub(super) fn check_disjoint(listeners: &[ListenAddress], metrics: Option<ListenAddress>, reader: &mut Reader<'_>) {
    for (index, listener) in listeners.iter().enumerate() {
        if listeners[..index].iter().any(|earlier| overlap(earlier.address, listener.address)) {
            reader.wrong(listener.at, "an earlier address and port includes this one");
        }
    }
    if let Some(metrics) = metrics
        && listeners.iter().any(|listener| overlap(listener.address, metrics.address))
    {
        reader.wrong(metrics.at, "metrics_listen has an address and port of listen");
    }
}

/// Whether the system would refuse the second of two listeners. Port 0 is a free one.
fn overlap(a: SocketAddr, b: SocketAddr) -> bool {
    let (ip, other) = (a.ip().to_canonical(), b.ip().to_canonical());
    let includes = ip == other || ip.is_ipv4() == other.is_ipv4() && (ip.is_unspecified() || other.is_unspecified());
    a.port() != 0 && a.port() == b.port() && includes
}
