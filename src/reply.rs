//! What goes back to the caller: status and document.

use std::fmt;

use data_encoding::BASE64;
use zeroize::Zeroizing;

use crate::error::Error;
use crate::otp::Symbol;
use crate::outcome::{Mismatch, Outcome};
use crate::status::Status;
use crate::symbol_format::SymbolFormat;
use crate::xml;

/// The document of every match, word for word X4's (contract 1.1).
pub const MATCH: &[u8] = b"<Ok description=\"The password matches.\"/>\n";
/// The document of every secret that was unlocked (contract 15.3).
pub(crate) const UNLOCKED: &[u8] = b"<Ok description=\"The secret is unlocked.\"/>\n";
/// The document of every destination that was unlocked (contract 14.3).
#[cfg(feature = "serve")]
pub(crate) const DESTINATION_UNLOCKED: &[u8] = b"<Ok description=\"The destination is unlocked.\"/>\n";
/// The document of every password that was delivered (contract 12.2).
#[cfg(feature = "serve")]
pub(crate) const PASSWORD_DELIVERED: &[u8] = b"<Ok description=\"The password was delivered.\"/>\n";
/// The document of every document that was delivered (contract 13.5).
#[cfg(feature = "serve")]
pub(crate) const DOCUMENT_DELIVERED: &[u8] = b"<Ok description=\"The document was delivered.\"/>\n";
/// The document of every mismatch, word for word X4's (contract 1.5).
pub const MISMATCH: &[u8] = b"<Error description=\"The password provided is incorrect.\"/>\n";
/// The description of every mismatch, word for word X4's (contract 1.5).
pub const INCORRECT: &str = "The password provided is incorrect.";

/// The document of an answer.
#[derive(Debug)]
#[non_exhaustive]
pub enum Body {
    /// One XML element on one line.
    Xml(Zeroizing<Vec<u8>>),
    /// Such an element that has no part of what came in.
    Constant(&'static [u8]),
    /// A QR code, which becomes a picture where it is asked for.
    Symbol(Symbol),
}

impl Body {
    /// The bytes of the contract: XML, or a PNG of 512x512 pixels.
    #[must_use]
    pub fn into_bytes(self) -> Zeroizing<Vec<u8>> {
        self.drawn_as(SymbolFormat::Png)
    }

    /// The same with a QR code in another format (contract 4.4).
    #[must_use]
    pub fn drawn_as(self, format: SymbolFormat) -> Zeroizing<Vec<u8>> {
        match self {
            Self::Xml(document) => document,
            Self::Constant(document) => Zeroizing::new(document.to_vec()),
            Self::Symbol(symbol) => format.draw(&symbol),
        }
    }

    /// The same on one line of text: XML as it is, the drawing of a QR code in Base64 (contract 5.7).
    #[must_use]
    pub fn into_line(self, format: SymbolFormat) -> Zeroizing<Vec<u8>> {
        match self {
            Self::Xml(_) | Self::Constant(_) => self.drawn_as(format),
            Self::Symbol(symbol) => {
                let drawing = format.draw(&symbol);
                let characters = BASE64.encode_len(drawing.len());
                // As long as the line from the start: a buffer that grew would leave a copy of the secret behind.
                let mut line = Zeroizing::new(vec![b'\n'; characters + 1]);
                BASE64.encode_mut(&drawing, &mut line[..characters]);
                line
            }
        }
    }
}

/// An answer: always a status and a document.
///
/// ```
/// use totp_adapter::{Adapter, EntropyError, Operation, Parameters, UnixTime};
///
/// let mut entropy = |_: &mut _| Err(EntropyError); // nothing is drawn here
/// let mut adapter = Adapter::new(Some(UnixTime(0)), &mut entropy);
/// let reply = adapter.respond(Operation::VerifyPassword, &Parameters::default(), b"<TOTP/>");
/// assert_eq!(reply.status.code(), 403);
/// assert!(reply.cause.is_some());
/// assert_eq!(*reply.body.into_bytes(), b"<Error description=\"The password provided is incorrect.\"/>\n");
/// ```
#[derive(Debug)]
pub struct Reply {
    /// The status.
    pub status: Status,
    /// The document.
    pub body: Body,
    /// Why the status is not 1, for a log: the document of a mismatch does not say it.
    pub cause: Option<Cause>,
}

/// Why a status is not 1. It becomes words only where somebody reads them, and quotes nothing that came in.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cause {
    /// Why a verification failed, which its document does not say.
    Mismatch(Mismatch),
    /// Why an operation could not be executed, which its document says too.
    Error(Error),
    /// A description, where no operation was begun: what the document says, perhaps with more detail.
    Words(String),
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mismatch(mismatch) => mismatch.fmt(f),
            Self::Error(error) => error.fmt(f),
            Self::Words(words) => f.write_str(words),
        }
    }
}

impl Reply {
    /// The answer to what happened.
    #[must_use]
    pub fn of(result: Result<Outcome, Error>) -> Self {
        let status = Status::of(&result);
        let (body, cause) = match result {
            Ok(Outcome::Secret(secret)) => (Body::Xml(xml::write_secret(&secret.to_base32())), None),
            Ok(Outcome::Password(password)) => (Body::Xml(xml::write_password(password.as_str())), None),
            Ok(Outcome::Match(_)) => (Body::Constant(MATCH), None),
            Ok(Outcome::Mismatch(cause)) => (Body::Constant(MISMATCH), Some(Cause::Mismatch(cause))),
            Ok(Outcome::Unlocked) => (Body::Constant(UNLOCKED), None),
            Ok(Outcome::Symbol(symbol)) => (Body::Symbol(symbol), None),
            #[cfg(feature = "read-qr")]
            Ok(Outcome::KeyUri(content)) => (Body::Xml(content.document()), None),
            Err(error) => (Body::Xml(xml::write_error(&error.to_string())), Some(Cause::Error(error))),
        };
        Self { status, body, cause }
    }

    /// The answer with status 1 and this document; a cause is what else is to be told.
    #[cfg(feature = "serve")]
    #[must_use]
    pub(crate) const fn success(document: &'static [u8], cause: Option<Cause>) -> Self {
        Self { status: Status::Success, body: Body::Constant(document), cause }
    }

    /// The answer with status -1 and this description.
    #[must_use]
    pub fn error(description: &str) -> Self {
        Self {
            status: Status::Error,
            body: Body::Xml(xml::write_error(description)),
            cause: Some(Cause::Words(description.to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // contract 1.1d, 1.5a, 2.9
    #[test]
    fn constant_documents_are_what_the_writer_writes() {
        assert_eq!(MATCH, xml::write_ok("The password matches.").as_slice());
        assert_eq!(UNLOCKED, xml::write_ok("The secret is unlocked.").as_slice());
        assert_eq!(MISMATCH, xml::write_error(INCORRECT).as_slice());
    }

    // contract 12.2e, 13.5a
    #[cfg(feature = "serve")]
    #[test]
    fn those_of_push_are_what_the_writer_writes() {
        assert_eq!(PASSWORD_DELIVERED, xml::write_ok("The password was delivered.").as_slice());
        assert_eq!(DOCUMENT_DELIVERED, xml::write_ok("The document was delivered.").as_slice());
    }
}
