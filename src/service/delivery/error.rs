//! Why a message was not delivered, in words that quote nothing of what was sent, what came back, or where it went.

use thiserror::Error;

use super::command::CommandError;
use super::http::HttpError;
use super::skyvern::SkyvernError;
use super::token::TokenError;

/// Why a message was not delivered.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum DeliveryError {
    /// There is no token to send with it, so that it was not sent.
    #[error("no token: {0}")]
    Token(#[from] TokenError),
    /// The recipient could not be asked, or did not answer.
    #[error("not delivered: {0}")]
    Http(#[from] HttpError),
    /// The webhook answered with another status than 200 or 202.
    #[error("not delivered: expected 200 or 202 from the webhook, found {status}{}", explained(*.status))]
    Webhook {
        /// Its HTTP status.
        status: u16,
    },
    /// Skyvern did not take it.
    #[error("not delivered: {0}")]
    Skyvern(#[from] SkyvernError),
    /// The command did not take it.
    #[error("not delivered: {0}")]
    Command(#[from] CommandError),
    /// It took too long, with everything that belongs to it.
    #[error("not delivered: no answer within {seconds} s")]
    Late {
        /// How long it may take.
        seconds: u64,
    },
}

/// What a failed delivery means for whoever asked for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// It may be tried again later, as it is.
    Temporary,
    /// The recipient does not accept who sends it: the key or the client.
    Denied,
    /// The recipient does not accept what was sent.
    Refused,
}

impl DeliveryError {
    /// What it means for whoever asked for the delivery.
    #[must_use]
    pub const fn failure(&self) -> Failure {
        match self {
            Self::Token(error) => error.failure(),
            Self::Http(_) | Self::Command(_) | Self::Late { .. } => Failure::Temporary,
            Self::Webhook { status } => of_status(*status),
            Self::Skyvern(error) => error.failure(),
        }
    }
}

/// What an HTTP status other than that of a success means (RFC 9110, section 15).
pub(super) const fn of_status(status: u16) -> Failure {
    match status {
        401 | 403 => Failure::Denied,
        408 | 425 | 429 | 500..=599 => Failure::Temporary,
        _ => Failure::Refused,
    }
}

/// Behind a status, what may not be obvious.
pub(super) const fn explained(status: u16) -> &'static str {
    match status {
        300..=399 => " (redirects are not followed)",
        401 => " (it does not accept the token)",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // contract 12.3h
    #[test]
    fn what_a_status_means() {
        for (statuses, failure) in [
            (&[401, 403][..], Failure::Denied),
            (&[408, 425, 429, 500, 502, 503, 504, 599][..], Failure::Temporary),
            (&[100, 201, 204, 301, 307, 400, 402, 404, 405, 413, 415, 422][..], Failure::Refused),
        ] {
            for status in statuses {
                assert_eq!(of_status(*status), failure, "{status}");
            }
        }
    }
}
