//! Why a push failed, in words for the answer, and what that means for a mail system.

use thiserror::Error;

use super::mail::MailError;
use crate::error::Error;
use crate::exit_codes::MailFailure;
use crate::service::delivery::{AuthenticationError, DeliveryError, EndpointError, Failure, OptionsError};

/// Why a push failed. It quotes nothing that came in, and names no file or address.
#[derive(Debug, Error)]
pub enum PushError {
    /// The value of an option cannot be used.
    #[error("wrong parameter: expected {expected} for {option}")]
    Parameter {
        /// The option.
        option: &'static str,
        /// What it takes.
        expected: &'static str,
    },
    /// Nobody says where the webhook is.
    #[error("wrong parameter: no address of the webhook; name it with --url, or in the file of --authentication")]
    NoUrl,
    /// Two say where the webhook is, and not the same.
    #[error("wrong parameter: --url and the file of --authentication have different addresses")]
    OtherUrl,
    /// A file cannot be used.
    #[error("cannot use the file of {option}: {reason}")]
    File {
        /// Its option.
        option: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// The file with the authentication of the webhook cannot be used.
    #[error("cannot use the file of --authentication: {0}")]
    Authentication(#[from] AuthenticationError),
    /// The address in it cannot be used.
    #[error("cannot use the file of --authentication: {0} for the address of the webhook")]
    Address(EndpointError),
    /// No client can be made.
    #[error("{0}")]
    Options(#[from] OptionsError),
    /// The system does not provide what deliveries need.
    #[error("cannot start: the operating system refused a thread or an event queue")]
    System,
    /// The input cannot be delivered.
    #[error("wrong input: expected {0}")]
    Input(&'static str),
    /// The input is no mail that can be delivered.
    #[error("wrong input: {0}")]
    Mail(#[from] MailError),
    /// The input makes no password.
    #[error(transparent)]
    Operation(#[from] Error),
    /// The recipient does not have it.
    #[error(transparent)]
    Delivery(#[from] DeliveryError),
}

impl PushError {
    /// What it means for a mail system. What an operator can mend does not cost a mail: it comes again.
    pub(super) const fn failure(&self) -> MailFailure {
        match self {
            Self::Parameter { .. } | Self::NoUrl | Self::OtherUrl => MailFailure::Usage,
            Self::File { .. } | Self::Authentication(_) | Self::Address(_) | Self::Options(_) | Self::System => {
                MailFailure::Temporary
            }
            Self::Input(_) | Self::Mail(_) | Self::Operation(_) => MailFailure::Refused,
            Self::Delivery(error) => match error.failure() {
                Failure::Temporary => MailFailure::Temporary,
                Failure::Denied => MailFailure::Denied,
                Failure::Refused => MailFailure::Refused,
            },
        }
    }
}
