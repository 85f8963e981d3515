//! An address that may be sent to: it is encrypted, or on this machine, or meant to be neither (contract 10.9). It quotes nothing
//! of what it refuses.

use std::fmt;
use std::net::IpAddr;

use reqwest::Url;
use rustls::pki_types::ServerName;
use thiserror::Error;

/// The most bytes of an address, a little below those that the crate of HTTP takes.
const MAX_BYTES: usize = 65_000;

/// An address that may be sent to. `Debug` does not show it: addresses of webhooks may have keys in them.
#[derive(Clone, PartialEq, Eq)]
pub struct EndpointUrl(Url);

/// The address of a proxy, which may be reached without TLS: what passes through it has its own. `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct ProxyAddress(Url);

/// Why an address cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum EndpointError {
    /// It is no address of a web server.
    #[error("expected {}", Self::Form.expected())]
    Form,
    /// A user or password stands in it, where process lists and logs would show it.
    #[error("expected {}", Self::Credentials.expected())]
    Credentials,
    /// What is sent there could be read on the way.
    #[error("expected {}", Self::Insecure.expected())]
    Insecure,
    /// It has a query where something is still to follow.
    #[error("expected {}", Self::Query.expected())]
    Query,
}

impl EndpointError {
    /// What was expected.
    #[must_use]
    pub const fn expected(self) -> &'static str {
        match self {
            Self::Form => "an address such as https://host.example/path",
            Self::Credentials => "an address without user and password",
            Self::Insecure => {
                "an address with https:// (http:// reaches this machine only, unless it is allowed to be insecure)"
            }
            Self::Query => "an address without a query",
        }
    }
}

impl EndpointUrl {
    /// Reads an address.
    ///
    /// # Errors
    ///
    /// [`EndpointError`] where it is none, or not safe.
    pub fn parse(text: &str, allows_http: bool) -> Result<Self, EndpointError> {
        let mut url = parse(text)?;
        match url.scheme() {
            "https" => {}
            "http" if allows_http || is_loopback(&url) => {}
            "http" => return Err(EndpointError::Insecure),
            _ => return Err(EndpointError::Form),
        }
        url.set_fragment(None);
        Ok(Self(url))
    }

    /// The address behind this one that ends in `path`, unless it ends in one of `whole` already.
    pub(in super::super) fn completed(mut self, path: &str, whole: &[&str]) -> Result<Self, EndpointError> {
        if self.0.query().is_some() {
            return Err(EndpointError::Query);
        }
        let base = self.0.path().trim_end_matches('/').to_owned();
        let complete = if whole.iter().any(|whole| base.ends_with(whole)) { base } else { format!("{base}{path}") };
        self.0.set_path(&complete);
        Ok(self)
    }

    /// Whether what is sent there is encrypted.
    #[must_use]
    pub fn is_encrypted(&self) -> bool {
        self.0.scheme() == "https"
    }

    pub(super) fn url(&self) -> Url {
        self.0.clone()
    }
}

impl ProxyAddress {
    /// Reads the address of a proxy, `http://HOST:PORT` or `https://HOST:PORT`.
    ///
    /// # Errors
    ///
    /// [`EndpointError`] where it is none.
    pub fn parse(text: &str) -> Result<Self, EndpointError> {
        let url = parse(text)?;
        if !["http", "https"].contains(&url.scheme()) {
            return Err(EndpointError::Form);
        }
        Ok(Self(url))
    }

    pub(super) fn url(&self) -> Url {
        self.0.clone()
    }
}

fn parse(text: &str) -> Result<Url, EndpointError> {
    // What the parser would drop is a mistake of whoever wrote it.
    if text.contains(|c: char| c.is_control() || c.is_whitespace()) {
        return Err(EndpointError::Form);
    }
    let url = Url::parse(text).map_err(|_| EndpointError::Form)?;
    if url.as_str().len() > MAX_BYTES {
        return Err(EndpointError::Form);
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(EndpointError::Credentials);
    }
    // The URL standard has names that no host can have.
    if host(&url).is_some_and(|host| ServerName::try_from(host).is_ok()) { Ok(url) } else { Err(EndpointError::Form) }
}

/// The name or number of the host, without the brackets of an IPv6 address.
fn host(url: &Url) -> Option<&str> {
    url.host_str().map(|host| host.trim_start_matches('[').trim_end_matches(']'))
}

/// Whether an address is on this machine, by its own words: no name server is asked.
fn is_loopback(url: &Url) -> bool {
    host(url)
        .is_some_and(|host| host == "localhost" || host.parse().is_ok_and(|ip: IpAddr| ip.to_canonical().is_loopback()))
}

impl fmt::Debug for EndpointUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EndpointUrl(redacted)")
    }
}

impl fmt::Debug for ProxyAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ProxyAddress(redacted)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // contract 10.9c
    #[test]
    fn addresses_that_are_safe() {
        for text in [
            "https://gateway.example/messages",
            "HTTPS://gateway.example:8443?key=1",
            "https://192.0.2.1/",
            "http://localhost:8080/a",
            "http://LOCALHOST/",
            "http://127.0.0.1:9/",
            "http://127.1/",
            "http://2130706433/",
            "http://127.255.255.254/",
            "http://[::1]:9/",
            "http://[::ffff:127.0.0.1]/",
        ] {
            assert!(EndpointUrl::parse(text, false).is_ok(), "{text}");
        }
        for text in [
            "http://gateway.example/",
            "http://localhost.example/",
            "http://127.0.0.1.example/",
            "http://128.0.0.1/",
            "http://0.0.0.0/",
            "http://[::2]/",
            "http://localhost./",
        ] {
            assert_eq!(EndpointUrl::parse(text, false).unwrap_err(), EndpointError::Insecure, "{text}");
            assert!(EndpointUrl::parse(text, true).is_ok(), "{text}");
        }
    }

    // contract 10.9d
    #[test]
    fn addresses_that_are_refused() {
        for (text, error) in [
            ("", EndpointError::Form),
            ("gateway.example", EndpointError::Form),
            ("gateway.example:8080", EndpointError::Form),
            ("ftp://gateway.example/", EndpointError::Form),
            ("file:///etc/passwd", EndpointError::Form),
            ("https://", EndpointError::Form),
            ("https://gate way.example/", EndpointError::Form),
            (" https://gateway.example/", EndpointError::Form),
            ("https://gateway.example/\n", EndpointError::Form),
            ("https://me@gateway.example/", EndpointError::Credentials),
            ("https://me:word@gateway.example/", EndpointError::Credentials),
            ("https://:word@gateway.example/", EndpointError::Credentials),
        ] {
            assert_eq!(EndpointUrl::parse(text, true).unwrap_err(), error, "{text}");
            assert_eq!(ProxyAddress::parse(text).unwrap_err(), error, "{text}");
        }
        assert!(ProxyAddress::parse("http://proxy.example:3128").is_ok());
        assert_eq!(ProxyAddress::parse("socks5://proxy.example:1080").unwrap_err(), EndpointError::Form);
    }

    // contract 12.2b
    #[test]
    fn an_address_is_completed_once() {
        let completed = |text| {
            let endpoint = EndpointUrl::parse(text, false).unwrap();
            endpoint.completed("/v1/totp", &["/v1/totp", "/api/totp"]).map(|endpoint| endpoint.0.to_string())
        };
        for (text, expected) in [
            ("https://a.example", "https://a.example/v1/totp"),
            ("https://a.example/", "https://a.example/v1/totp"),
            ("https://a.example/b/", "https://a.example/b/v1/totp"),
            ("https://a.example/v1/totp", "https://a.example/v1/totp"),
            ("https://a.example/b/v1/totp/", "https://a.example/b/v1/totp"),
            ("https://a.example/api/totp", "https://a.example/api/totp"),
            ("https://a.example/v1/totp#there", "https://a.example/v1/totp"),
        ] {
            assert_eq!(completed(text).unwrap(), expected);
        }
        assert_eq!(completed("https://a.example/?key=1"), Err(EndpointError::Query));
    }

    // contract 10.9g
    #[test]
    fn debug_shows_no_address() {
        let endpoint = EndpointUrl::parse("https://gateway.example/key", false).unwrap();
        assert_eq!(format!("{endpoint:?}"), "EndpointUrl(redacted)");
        let proxy = ProxyAddress::parse("http://proxy.example").unwrap();
        assert_eq!(format!("{proxy:?}"), "ProxyAddress(redacted)");
    }
}
