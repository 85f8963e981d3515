//! Whether a request was meant for this service, so that no web page reaches it through a browser (contract 10.7): by DNS
//! rebinding, which shows in `Host`, or by a request from another site, which shows in `Sec-Fetch-Site`. It decides by what it
//! is given, and touches nothing.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use axum::http::header::HOST;
use axum::http::{HeaderMap, Version};

use super::refusal::Refusal;

/// What of a request and its connection is looked at.
pub struct Arrival<'a> {
    /// The address that the connection came to.
    pub local: IpAddr,
    /// The version of HTTP.
    pub version: Version,
    /// Host and perhaps port of a request target in absolute form, which replaces the header (RFC 9112, section 3.2.2).
    pub target: Option<&'a str>,
    pub headers: &'a HeaderMap,
}

/// The header in which browsers say who asks (Fetch Metadata Request Headers, section 2.3).
const SEC_FETCH_SITE: &str = "sec-fetch-site";

/// Checks host and site; `host_names` are what callers may call the service, in lower case.
///
/// # Errors
///
/// [`Refusal::Host`], then [`Refusal::CrossSite`].
pub fn check(host_names: Option<&[String]>, arrival: &Arrival<'_>) -> Result<(), Refusal> {
    if is_exempt(host_names, arrival) {
        return Ok(());
    }
    if !is_ours(host_names.unwrap_or_default(), arrival) {
        return Err(Refusal::Host);
    }
    let is_cross_site = |value: &axum::http::HeaderValue| value.as_bytes().eq_ignore_ascii_case(b"cross-site");
    if arrival.headers.get_all(SEC_FETCH_SITE).iter().any(is_cross_site) {
        return Err(Refusal::CrossSite);
    }
    Ok(())
}

/// Beyond loopback, names that nobody told are not known; and browsers do not speak HTTP/1.0.
fn is_exempt(host_names: Option<&[String]>, arrival: &Arrival<'_>) -> bool {
    let is_old = arrival.version < Version::HTTP_11;
    let is_elsewhere = !arrival.local.is_loopback() && host_names.is_none();
    is_elsewhere || is_old && arrival.target.is_none() && !arrival.headers.contains_key(HOST)
}

fn is_ours(host_names: &[String], arrival: &Arrival<'_>) -> bool {
    let mut headers = arrival.headers.get_all(HOST).iter();
    let host = match (arrival.target, headers.next(), headers.next()) {
        // Two of them would be read differently by what stands before the service.
        (_, _, Some(_)) | (None, None, None) => None,
        (Some(target), _, None) => Some(target),
        (None, Some(header), None) => header.to_str().ok(),
    };
    let Some(host) = host.and_then(Host::parse) else { return false };
    match host {
        Host::Address(address) => address == arrival.local || host_names.iter().any(|name| is_address(name, address)),
        Host::Name(name) => {
            name.eq_ignore_ascii_case("localhost") && arrival.local.is_loopback()
                || host_names.iter().any(|ours| without_dot(ours).eq_ignore_ascii_case(name))
        }
    }
}

/// What stands before the port.
enum Host<'a> {
    /// An address; never IPv4 in the form of IPv6.
    Address(IpAddr),
    /// A name without the dot that may end it.
    Name(&'a str),
}

impl<'a> Host<'a> {
    /// Takes the host out of `uri-host [ ":" port ]` (RFC 9110, section 7.2).
    fn parse(text: &'a str) -> Option<Self> {
        if let Some((literal, rest)) = text.strip_prefix('[').and_then(|text| text.split_once(']')) {
            let address: Ipv6Addr = literal.parse().ok()?;
            let is_whole = rest.is_empty() || rest.strip_prefix(':').is_some_and(is_port);
            return is_whole.then(|| Self::Address(address.to_canonical()));
        }
        let (name, port) = text.split_once(':').unwrap_or((text, ""));
        let name = without_dot(name);
        if name.is_empty() || !is_port(port) {
            return None;
        }
        Some(name.parse::<Ipv4Addr>().map_or(Self::Name(name), |address| Self::Address(address.into())))
    }
}

fn is_port(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

fn without_dot(name: &str) -> &str {
    name.strip_suffix('.').unwrap_or(name)
}

fn is_address(name: &str, address: IpAddr) -> bool {
    matches!(Host::parse(name), Some(Host::Address(ours)) if ours == address)
        || name.parse::<Ipv6Addr>().is_ok_and(|ours| ours.to_canonical() == address)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOOPBACK: &str = "127.0.0.1";
    const LOOPBACK_6: &str = "::1";
    const ELSEWHERE: &str = "192.0.2.7";

    fn checked(
        local: &str,
        names: Option<&[&str]>,
        version: Version,
        target: Option<&str>,
        head: &[(&str, &str)],
    ) -> u16 {
        let names: Option<Vec<String>> = names.map(|names| names.iter().map(|&name| name.to_owned()).collect());
        let mut headers = HeaderMap::new();
        for (name, value) in head {
            headers.append(axum::http::HeaderName::from_bytes(name.as_bytes()).unwrap(), value.parse().unwrap());
        }
        let arrival = Arrival { local: local.parse().unwrap(), version, target, headers: &headers };
        check(names.as_deref(), &arrival).map_or_else(|refusal| refusal.code().as_u16(), |()| 200)
    }

    fn host(local: &str, names: Option<&[&str]>, host: &str) -> u16 {
        checked(local, names, Version::HTTP_11, None, &[("Host", host)])
    }

    // contract 10.7f: the address and localhost, whatever the port.
    #[test]
    fn hosts_on_loopback() {
        for (local, ours) in [
            (LOOPBACK, "127.0.0.1"),
            (LOOPBACK, "127.0.0.1:6238"),
            (LOOPBACK, "127.0.0.1:"),
            (LOOPBACK, "127.0.0.1.:1"),
            (LOOPBACK, "localhost"),
            (LOOPBACK, "LocalHost:80"),
            (LOOPBACK, "localhost."),
            (LOOPBACK, "localhost.:6238"),
            (LOOPBACK, "[::ffff:127.0.0.1]:6238"),
            ("127.0.0.2", "127.0.0.2"),
            (LOOPBACK_6, "[::1]"),
            (LOOPBACK_6, "[0:0::1]:6238"),
            (LOOPBACK_6, "localhost"),
        ] {
            assert_eq!(host(local, None, ours), 200, "{ours} on {local}");
        }
        for (local, foreign) in [
            (LOOPBACK, "evil.example"),
            (LOOPBACK, "evil.example:6238"),
            (LOOPBACK, "127.0.0.1.evil.example"),
            (LOOPBACK, "localhost.evil.example"),
            (LOOPBACK, "evil.localhost"),
            (LOOPBACK, "localhost.."),
            (LOOPBACK, "127.0.0.2"),
            (LOOPBACK, "0.0.0.0"),
            (LOOPBACK, "2130706433"),
            (LOOPBACK, "0x7f.1"),
            (LOOPBACK, "[::1]"),
            (LOOPBACK, "::1"),
            (LOOPBACK, "[::1"),
            (LOOPBACK, "127.0.0.1:x"),
            (LOOPBACK, "127.0.0.1:80:80"),
            (LOOPBACK, "user@127.0.0.1"),
            (LOOPBACK, "127.0.0.1, evil.example"),
            (LOOPBACK, ""),
            (LOOPBACK, ":6238"),
            (LOOPBACK, "."),
            (LOOPBACK_6, "127.0.0.1"),
            (LOOPBACK_6, "[::1]x"),
            (LOOPBACK_6, "[::1%25lo]"),
        ] {
            assert_eq!(host(local, None, foreign), 421, "{foreign} on {local}");
        }
    }

    // contract 10.7f, 10.7g: `host_names`; without them, addresses that are not loopback are exempt.
    #[test]
    fn hosts_by_configuration() {
        let names: Option<&[&str]> = Some(&["totp.example", "10.0.0.5", "[2001:db8::5]"]);
        for ours in ["totp.example", "TOTP.Example:8443", "totp.example.", "10.0.0.5:1", "[2001:DB8::5]:1"] {
            assert_eq!([host(LOOPBACK, names, ours), host(ELSEWHERE, names, ours)], [200, 200], "{ours}");
        }
        assert_eq!(host(ELSEWHERE, names, ELSEWHERE), 200);
        assert_eq!(host(LOOPBACK, names, "localhost"), 200);
        for foreign in ["localhost", "evil.example", "otp.example", "xtotp.example", "totp.example.x", "10.0.0.6"] {
            assert_eq!(host(ELSEWHERE, names, foreign), 421, "{foreign}");
        }
        for exempt in ["evil.example", "localhost", "", "[::1"] {
            assert_eq!(host(ELSEWHERE, None, exempt), 200, "{exempt}");
        }
        assert_eq!(host(ELSEWHERE, Some(&[]), "evil.example"), 421);
    }

    // contract 10.7g: HTTP/1.0 without `Host` is exempt, from both checks; HTTP/1.1 is not.
    #[test]
    fn without_host() {
        let site = ("Sec-Fetch-Site", "cross-site");
        for head in [&[][..], &[site]] {
            assert_eq!(checked(LOOPBACK, None, Version::HTTP_10, None, head), 200);
            assert_eq!(checked(LOOPBACK, None, Version::HTTP_11, None, head), 421);
        }
        assert_eq!(checked(LOOPBACK, None, Version::HTTP_10, None, &[("Host", "evil.example")]), 421);
        assert_eq!(checked(LOOPBACK, None, Version::HTTP_10, Some("evil.example"), &[]), 421);
    }

    // contract 10.7f: of several, none is to be trusted.
    #[test]
    fn several_hosts_and_absolute_targets() {
        let ours = ("Host", "localhost");
        let foreign = ("Host", "evil.example");
        for head in [&[ours, ours][..], &[ours, foreign], &[foreign, ours]] {
            assert_eq!(checked(LOOPBACK, None, Version::HTTP_11, None, head), 421);
            assert_eq!(checked(LOOPBACK, None, Version::HTTP_11, Some("localhost"), head), 421);
        }
        assert_eq!(checked(LOOPBACK, None, Version::HTTP_11, Some("localhost:1"), &[foreign]), 200);
        assert_eq!(checked(LOOPBACK, None, Version::HTTP_11, Some("evil.example"), &[ours]), 421);
    }

    // contract 10.7c, 10.7f: only another site is refused, and the host is looked at first.
    #[test]
    fn sites() {
        let site = |local, names, value| {
            checked(local, names, Version::HTTP_11, None, &[("Host", "localhost"), ("Sec-Fetch-Site", value)])
        };
        for allowed in ["same-origin", "same-site", "none", ""] {
            assert_eq!(site(LOOPBACK, None, allowed), 200, "{allowed}");
        }
        assert_eq!(site(LOOPBACK, None, "cross-site"), 403);
        assert_eq!(site(LOOPBACK, None, "Cross-Site"), 403);
        assert_eq!(site(ELSEWHERE, None, "cross-site"), 200);
        assert_eq!(site(ELSEWHERE, Some(&["localhost"]), "cross-site"), 403);
        let twice = [("Host", "localhost"), ("Sec-Fetch-Site", "none"), ("Sec-Fetch-Site", "cross-site")];
        assert_eq!(checked(LOOPBACK, None, Version::HTTP_11, None, &twice), 403);
        let both = [("Host", "evil.example"), ("Sec-Fetch-Site", "cross-site")];
        assert_eq!(checked(LOOPBACK, None, Version::HTTP_11, None, &both), 421);
    }
}
