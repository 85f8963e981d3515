//! What an operation comes to where it could be executed; it does not know the status.

use thiserror::Error;

#[cfg(feature = "read-qr")]
use crate::key_uri_format::KeyUriContent;
use crate::otp::{Password, PasswordError, Secret, Symbol};
use crate::verification::Match;
use crate::xml;

/// What happened where the operation could be executed.
#[derive(Debug)]
#[non_exhaustive]
pub enum Outcome {
    /// A new secret.
    Secret(Secret),
    /// The password of the current time step.
    Password(Password),
    /// The password is right.
    Match(Match),
    /// The password is not right, or cannot be.
    Mismatch(Mismatch),
    /// The failures of a secret are forgotten.
    Unlocked,
    /// The key URI as a QR code.
    Symbol(Symbol),
    /// What was wanted of the key URI that a picture shows.
    #[cfg(feature = "read-qr")]
    KeyUri(KeyUriContent),
}

/// Why a verification ends with status 403 (contract 1.4). The document does not say it; [`Reply::cause`](crate::Reply) does.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Mismatch {
    /// The document is unusable.
    #[error(transparent)]
    Document(#[from] xml::ReadError),
    /// The password has not the form of one.
    #[error("wrong password: {0}")]
    Form(#[from] PasswordError),
    /// The password is not one of those that are accepted now.
    #[error("wrong password: it matches no time step within the skew")]
    Different,
    /// It, or one of a later time step, was accepted before (contract 15.1).
    #[error("replayed: a password of this or a later time step was accepted before")]
    Replayed,
    /// The memory has accepted one of a time that, by this clock, has not come yet (contract 15.4).
    #[error("clock went back: the time is before that of the last accepted password")]
    ClockWentBack,
}
