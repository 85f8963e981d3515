//! The address of a database as PostgreSQL's own programs take it (PostgreSQL's manual, "Connection URIs"), with what goes beyond
//! the crate that speaks the protocol: which certificates are good. It opens no connection.

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use percent_encoding::percent_decode_str;
use thiserror::Error;
use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode};

/// How long one try to reach one host may take, where the address does not say (`connect_timeout`).
const CONNECT: Duration = Duration::from_secs(3);
/// How long what was sent may stay unacknowledged, where the address does not say (`tcp_user_timeout`).
const UNACKNOWLEDGED: Duration = Duration::from_secs(10);
/// After how long in silence a connection is tried, where the address does not say (`keepalives_idle`).
const SILENCE: Duration = Duration::from_secs(60);
/// What the crate takes for [`SILENCE`] where nobody says.
const USUAL_SILENCE: Duration = Duration::from_secs(2 * 60 * 60);

/// Where a database is, and how to know it. `Debug` does not show it.
#[derive(Clone)]
pub struct Address {
    pub(super) config: Config,
    pub(super) trust: Trust,
}

/// Which certificates are good; without TLS none is looked at (`sslmode` and `sslrootcert`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Trust {
    /// Any, as `prefer` and `require` have it: who listens learns nothing, who answers in the database's place learns all.
    Any,
    /// Those that an authority has signed, for whatever host: `verify-ca`, and `require` with `sslrootcert`.
    Authority(Roots),
    /// Those that an authority has signed for the host: `verify-full`.
    Host(Roots),
}

/// Whose signatures count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Roots {
    /// The authorities that the system trusts.
    System,
    /// Those in a file, PEM.
    File(PathBuf),
}

/// Why an address cannot be used. It quotes nothing of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum AddressError {
    /// A password stands in it, where process lists and logs would show it.
    #[error("expected {}", Self::Password.expected())]
    Password,
    /// It is none of PostgreSQL, or has a parameter that we do not know.
    #[error("expected {}", Self::Form.expected())]
    Form,
    /// It names no host.
    #[error("expected {}", Self::Host.expected())]
    Host,
    /// `sslmode` has another value.
    #[error("expected {}", Self::SslMode.expected())]
    SslMode,
}

impl AddressError {
    /// The accepted values, in words.
    #[must_use]
    pub const fn expected(self) -> &'static str {
        match self {
            Self::Password => "an address without a password (it belongs in a file)",
            Self::Form => "postgres://USER@HOST:PORT/DATABASE (and ?KEY=VALUE with parameters of PostgreSQL)",
            Self::Host => "an address with a host (or ?host=/FOLDER, for the socket in a folder)",
            Self::SslMode => "an address with sslmode=disable, prefer, require, verify-ca or verify-full",
        }
    }
}

impl Address {
    /// Reads an address, `postgres://…` or `postgresql://…`. Without `sslmode` a database on another machine needs a certificate
    /// for its host (`verify-full`), so that nobody in between gets the password; one on this machine is used without TLS.
    ///
    /// # Errors
    ///
    /// [`AddressError`] where it cannot be used.
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        if has_password(text) {
            return Err(AddressError::Password);
        }
        let (text, mode, roots) = without_trust(text)?;
        let mut config: Config = text.parse().map_err(|_| AddressError::Form)?;
        if config.get_password().is_some() {
            return Err(AddressError::Password);
        }
        if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
            return Err(AddressError::Host);
        }
        let (mode, trust) = trust(mode.as_deref(), roots.as_deref(), is_here(&config))?;
        config.ssl_mode(mode);
        set_waits(&mut config);
        Ok(Self { config, trust })
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Address(redacted)")
    }
}

/// Whether an address has a password in it, `postgres://USER:PASSWORD@…` or `?password=…`.
fn has_password(address: &str) -> bool {
    let rest = address.split_once("://").map_or(address, |(_, rest)| rest);
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let authority = rest.split('/').next().unwrap_or_default();
    let user = rest.rsplit_once('@').map(|(user, _)| user).or_else(|| authority.rsplit_once('@').map(|(user, _)| user));
    user.is_some_and(|user| user.contains(':'))
        || query.split('&').any(|pair| pair.to_ascii_lowercase().starts_with("password="))
}

/// The address without `sslmode` and `sslrootcert`, of which the crate knows only a part, and these two.
fn without_trust(text: &str) -> Result<(String, Option<String>, Option<String>), AddressError> {
    let Some((address, query)) = text.split_once('?') else { return Ok((text.to_owned(), None, None)) };
    let (mut mode, mut roots, mut others) = (None, None, Vec::new());
    for pair in query.split('&') {
        let (key, value) = pair.split_once('=').ok_or(AddressError::Form)?;
        let decoded = |text| percent_decode_str(text).decode_utf8().map_err(|_| AddressError::Form);
        match &*decoded(key)? {
            "sslmode" => mode = Some(decoded(value)?.into_owned()),
            "sslrootcert" => roots = Some(decoded(value)?.into_owned()),
            _ => others.push(pair),
        }
    }
    Ok((format!("{address}?{}", others.join("&")), mode, roots))
}

/// Whether every host that is named is this machine.
fn is_here(config: &Config) -> bool {
    let (hosts, addresses) = (config.get_hosts(), config.get_hostaddrs());
    let is_here = |host: &Host| match host {
        Host::Tcp(name) => name == "localhost" || name.parse().is_ok_and(|ip: IpAddr| ip.is_loopback()),
        #[cfg(unix)]
        Host::Unix(_) => true,
    };
    // An address counts for what the host is called.
    if addresses.is_empty() { hosts.iter().all(is_here) } else { addresses.iter().all(IpAddr::is_loopback) }
}

/// What `sslmode` and `sslrootcert` mean (PostgreSQL's manual, "SSL Support", table "SSL Mode Descriptions").
fn trust(mode: Option<&str>, roots: Option<&str>, is_here: bool) -> Result<(SslMode, Trust), AddressError> {
    let named = match roots {
        None | Some("system") => Roots::System,
        Some(file) => Roots::File(file.into()),
    };
    Ok(match (mode, roots) {
        (Some("disable"), _) => (SslMode::Disable, Trust::Any),
        (None, None) if is_here => (SslMode::Disable, Trust::Any),
        (Some("prefer"), _) => (SslMode::Prefer, Trust::Any),
        (Some("require"), None) => (SslMode::Require, Trust::Any),
        (Some("require"), Some(file)) if file != "system" => (SslMode::Require, Trust::Authority(named)),
        (Some("verify-ca"), _) => (SslMode::Require, Trust::Authority(named)),
        (Some("require" | "verify-full") | None, _) => (SslMode::Require, Trust::Host(named)),
        (Some(_), _) => return Err(AddressError::SslMode),
    })
}

/// How long to wait, where the address does not say: nobody should wait for ever.
fn set_waits(config: &mut Config) {
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(CONNECT);
    }
    if config.get_tcp_user_timeout().is_none() {
        config.tcp_user_timeout(UNACKNOWLEDGED);
    }
    if config.get_keepalives_idle() == USUAL_SILENCE {
        config.keepalives_idle(SILENCE);
    }
    if config.get_application_name().is_none() {
        config.application_name(env!("CARGO_PKG_NAME"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Address {
        Address::parse(text).unwrap()
    }

    // contract 15.5g
    #[test]
    fn what_is_trusted_where_nobody_says() {
        for here in [
            "postgres://totp@localhost/totp",
            "postgresql://totp@127.0.0.1:5433/totp",
            "postgres://totp@[::1]/totp",
            "postgres://totp@%2Frun%2Fpostgresql/totp",
            "postgres:///totp?host=/run/postgresql&user=totp",
            "postgres://db.example/totp?hostaddr=127.0.0.1",
        ] {
            assert_eq!(parse(here).config.get_ssl_mode(), SslMode::Disable, "{here}");
        }
        for elsewhere in [
            "postgres://totp@db.example/totp",
            "postgres://totp@localhost,db.example/totp",
            "postgres://totp@192.0.2.1/totp",
            "postgres://localhost/totp?hostaddr=192.0.2.1",
            "postgres://totp@localhost.example/totp",
        ] {
            let address = parse(elsewhere);
            assert_eq!(address.config.get_ssl_mode(), SslMode::Require, "{elsewhere}");
            assert_eq!(address.trust, Trust::Host(Roots::System), "{elsewhere}");
        }
    }

    // contract 15.5g
    #[test]
    fn sslmode_and_sslrootcert_are_those_of_postgresql() {
        let file = || Roots::File("ca.pem".into());
        for (query, mode, trust) in [
            ("sslmode=disable", SslMode::Disable, Trust::Any),
            ("sslmode=prefer", SslMode::Prefer, Trust::Any),
            ("sslmode=require", SslMode::Require, Trust::Any),
            ("sslmode=require&sslrootcert=ca.pem", SslMode::Require, Trust::Authority(file())),
            ("sslmode=require&sslrootcert=system", SslMode::Require, Trust::Host(Roots::System)),
            ("sslmode=verify-ca", SslMode::Require, Trust::Authority(Roots::System)),
            ("sslrootcert=ca%2Epem&sslmode=verify-ca", SslMode::Require, Trust::Authority(file())),
            ("sslmode=verify%2dfull", SslMode::Require, Trust::Host(Roots::System)),
            ("connect_timeout=1&sslrootcert=ca.pem", SslMode::Require, Trust::Host(file())),
        ] {
            let address = parse(&format!("postgres://totp@db.example/totp?{query}"));
            assert_eq!((address.config.get_ssl_mode(), address.trust), (mode, trust), "{query}");
        }
        // One that asks for TLS on this machine gets it.
        assert_eq!(parse("postgres://localhost/totp?sslrootcert=ca.pem").trust, Trust::Host(file()));
    }

    // contract 15.1h
    #[test]
    fn addresses_that_are_refused() {
        for (text, error) in [
            ("postgres://totp:word@localhost/totp", AddressError::Password),
            ("postgres://totp:wo@rd@localhost/totp", AddressError::Password),
            ("postgres://localhost/totp?password=word", AddressError::Password),
            ("postgres://localhost/totp?p%61ssword=word", AddressError::Password),
            ("postgres://localhost/totp?connect_timeout=1&PASSWORD=word", AddressError::Password),
            ("postgres:///totp", AddressError::Host),
            ("postgres://localhost/totp?sslmode=allow", AddressError::SslMode),
            ("postgres://localhost/totp?sslmode=", AddressError::SslMode),
            ("postgres://localhost/totp?unknown=1", AddressError::Form),
            ("postgres://localhost/totp?sslmode", AddressError::Form),
            ("postgres://localhost:port/totp", AddressError::Form),
        ] {
            assert_eq!(Address::parse(text).unwrap_err(), error, "{text}");
        }
    }

    #[test]
    fn waits_of_the_address_count() {
        let waits =
            |address: &Address| (address.config.get_connect_timeout().copied(), address.config.get_keepalives_idle());
        assert_eq!(waits(&parse("postgres://localhost/totp")), (Some(CONNECT), SILENCE));
        let given = "postgres://localhost/totp?connect_timeout=7&keepalives_idle=9&options=-csearch_path%3Dtotp";
        assert_eq!(waits(&parse(given)), (Some(Duration::from_secs(7)), Duration::from_secs(9)));
        assert_eq!(parse(given).config.get_options(), Some("-csearch_path=totp"));
        assert_eq!(format!("{:?}", parse(given)), "Address(redacted)");
    }
}
