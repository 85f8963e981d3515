//! Why an operation could not be executed: the descriptions of status -1 (contract 1.6).

use thiserror::Error;

#[cfg(feature = "read-qr")]
use crate::otp::KeyUriError;
use crate::otp::{LabelError, SecretError, SymbolError};
#[cfg(feature = "read-qr")]
use crate::picture::PictureError;
use crate::verification::MemoryError;
#[cfg(feature = "read-qr")]
use crate::xml::IllegalCharacterError;
use crate::xml::{Position, ReadError};

/// Why an operation could not be executed. Its message is the description of the `<Error/>` document: it begins with
/// the kind of error, says what is wrong and where, and quotes nothing that came in.
///
/// ```
/// use totp_adapter::{Adapter, Cause, EntropyError, Error, Operation, Parameters, UnixTime};
///
/// let mut entropy = |_: &mut _| Err(EntropyError); // nothing is drawn here
/// let mut adapter = Adapter::new(Some(UnixTime(0)), &mut entropy);
/// let reply = adapter.respond(Operation::GeneratePassword, &Parameters::default(), b"<Secret>GEZDGNBVGY3TQ0JQ</Secret>");
/// let Some(Cause::Error(Error::Secret { at, .. })) = reply.cause else { panic!("the 0 is no character of Base32") };
/// assert_eq!(at.to_string(), "line 1, column 22");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Error {
    /// `issuer` or `account` cannot be shown by an authenticator app: correct the call.
    #[error("wrong parameter: {0}")]
    Label(#[from] LabelError),
    /// The document cannot be used: correct the document. [`crate::Operation::VerifyPassword`] answers 403 instead.
    #[error(transparent)]
    Document(#[from] ReadError),
    /// The text of `<Secret>` is no Base32 key: send the key as it was issued.
    #[error("unusable secret: {error} at {at}")]
    Secret {
        /// What is wrong with it.
        error: SecretError,
        /// Where in the document.
        at: Position,
    },
    /// The key URI is too long for a QR code: shorten the names or the secret.
    #[error("too long: {0}")]
    Symbol(#[from] SymbolError),
    /// The picture has no text: send a better one, or another kind of file.
    #[cfg(feature = "read-qr")]
    #[error(transparent)]
    Picture(#[from] PictureError),
    /// The codes in the picture say something else: send the picture that an authenticator app is shown.
    #[cfg(feature = "read-qr")]
    #[error("no key URI: {}", without_key_uri(*.codes))]
    NoKeyUri {
        /// How many QR codes were found.
        codes: usize,
    },
    /// The picture shows several keys: cut it.
    #[cfg(feature = "read-qr")]
    #[error("several key URIs: expected one in the picture, found {codes}")]
    SeveralKeyUris {
        /// How many of them were found.
        codes: usize,
    },
    /// The text of a QR code is no key URI that can be used: take the code that the service shows.
    #[cfg(feature = "read-qr")]
    #[error("unusable key URI: {0}")]
    KeyUri(#[from] KeyUriError),
    /// A text of a key URI cannot stand in a document: ask for another format.
    #[cfg(feature = "read-qr")]
    #[error("not supported: {0}")]
    Character(#[from] IllegalCharacterError),
    /// The clock of the system stands before 1970: set it.
    #[error("unusable clock: the system time is before 1970")]
    Clock,
    /// The operating system gave no random bytes: try again.
    #[error("no entropy: the operating system returned no random bytes")]
    Entropy,
    /// A document came where the secret is known already: send none (contract 11.3).
    #[error("wrong structure: expected no body, since the account has the secret")]
    Input,
    /// So many wrong passwords came for the secret that none is looked at for a while: wait (contract 15.3).
    #[error("too many attempts: try again in {seconds} s")]
    Throttled {
        /// How long this lasts: at least 1 s.
        seconds: u64,
    },
    /// So many wrong passwords came for the secret that none is looked at any more: unlock it (contract 15.3).
    #[error("locked: unlock is needed")]
    Locked,
    /// Whoever remembers used passwords cannot: nothing matches until that is mended (contract 15.4).
    #[error("state not available: {0}")]
    Memory(#[from] MemoryError),
}

/// What the codes of a picture are that has no key URI.
#[cfg(feature = "read-qr")]
fn without_key_uri(codes: usize) -> String {
    match codes {
        1 => "the QR code in the picture has no otpauth URI".to_owned(),
        codes => format!("none of the {codes} QR codes in the picture has an otpauth URI"),
    }
}
