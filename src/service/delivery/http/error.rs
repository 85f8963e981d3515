//! What can go wrong between sending and the end of the answer. reqwest says it with the address; these words leave it out.

use std::error::Error as StdError;
use std::io;
use std::iter;
use std::time::Duration;

use rustls::{CertificateError, Error as TlsError};
use thiserror::Error;

use crate::wording::reason;

/// What went wrong.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum HttpError {
    /// There is no connection, so that nothing was sent.
    #[error("cannot connect: {0}")]
    Connect(String),
    /// The answer, or a part of it, did not come in time. What was sent may have arrived.
    #[error("no answer within {seconds} s")]
    Timeout {
        /// How long it may take.
        seconds: u64,
    },
    /// The connection ended before the answer did, or what came is not HTTP. What was sent may have arrived.
    #[error("the connection broke, or the answer was not HTTP")]
    Broken,
    /// The answer goes on beyond the limit.
    #[error("the answer is longer than 64 KiB")]
    TooLarge,
}

impl HttpError {
    /// What an error of reqwest says, without what it quotes.
    pub(super) fn of(error: &reqwest::Error, limit: Duration) -> Self {
        if error.is_connect() {
            Self::Connect(connect_reason(error))
        } else if error.is_timeout() {
            Self::Timeout { seconds: limit.as_secs() }
        } else {
            Self::Broken
        }
    }

    /// Whether nothing was sent.
    #[must_use]
    pub const fn is_connect(&self) -> bool {
        match self {
            Self::Connect(_) => true,
            Self::Timeout { .. } | Self::Broken | Self::TooLarge => false,
        }
    }
}

/// No server of names knows the host.
#[derive(Debug, Error)]
#[error("unknown host")]
pub(super) struct UnknownHostError;

fn connect_reason(error: &reqwest::Error) -> String {
    if let Some(error) = cause::<UnknownHostError>(error) {
        return error.to_string();
    }
    if let Some(error) = cause::<TlsError>(error) {
        return tls_reason(error).to_owned();
    }
    if error.is_timeout() {
        return "the host did not answer in time".to_owned();
    }
    // Those around the last one do not say of what kind it is.
    match causes(error).filter_map(|error| error.downcast_ref::<io::Error>()).last() {
        Some(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
            "the connection broke during the TLS handshake".to_owned()
        }
        Some(error) => reason(error),
        // That of a proxy, which does not open the way.
        None => "the proxy does not lead to the host".to_owned(),
    }
}

fn tls_reason(error: &TlsError) -> &'static str {
    match error {
        TlsError::InvalidCertificate(CertificateError::UnknownIssuer) => "no trusted authority issued the certificate",
        TlsError::InvalidCertificate(CertificateError::Expired | CertificateError::ExpiredContext { .. }) => {
            "the certificate has expired"
        }
        TlsError::InvalidCertificate(
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
        ) => "the certificate is for another host",
        TlsError::InvalidCertificate(CertificateError::ApplicationVerificationFailure) => {
            "the certificate is not the expected one"
        }
        TlsError::InvalidCertificate(_) => "the certificate is not valid",
        TlsError::InvalidMessage(_) => "the server does not speak TLS",
        // The faults are rustls's, and it may add to them.
        _ => "the server does not agree on TLS 1.2 or 1.3",
    }
}

/// The first cause of a type.
fn cause<'a, T: StdError + 'static>(error: &'a (dyn StdError + 'static)) -> Option<&'a T> {
    causes(error).find_map(|error| error.downcast_ref())
}

/// An error and its causes, also inside I/O errors, which do not name what they hold as their cause.
fn causes<'a>(error: &'a (dyn StdError + 'static)) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    iter::successors(Some(error), |&error: &&'a (dyn StdError + 'static)| {
        match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(held) => Some(held as &(dyn StdError + 'static)),
            None => error.source(),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn causes_are_found_inside_io_errors() {
        let inner = io::Error::other(TlsError::InvalidCertificate(CertificateError::UnknownIssuer));
        let outer = io::Error::other(inner);
        assert!(matches!(cause::<TlsError>(&outer), Some(TlsError::InvalidCertificate(_))));
        assert!(cause::<UnknownHostError>(&outer).is_none());
        assert!(cause::<UnknownHostError>(&UnknownHostError).is_some());
    }
}
