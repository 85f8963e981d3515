//! The operations and parameters of X4's adapter and their names on the wire (contract 1.1, 1.2).

use std::borrow::Cow;
use std::str::FromStr;

use crate::key_uri_format::KeyUriFormat;
use crate::otp::{CodeParameters, OutOfRangeError, Skew};
#[cfg(feature = "read-qr")]
use crate::picture::MAX_PICTURE_BYTES;
use crate::xml::{DocumentKind, MAX_DOCUMENT_BYTES};

/// What the adapter is asked to do (contract 1.1).
///
/// ```
/// use totp_adapter::Operation;
///
/// assert_eq!("GeneratePassword".parse(), Ok(Operation::GeneratePassword));
/// assert!("generatepassword".parse::<Operation>().is_err());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Operation {
    /// Draw a new secret. It takes no document.
    GenerateSecret,
    /// Compute the current password of a secret.
    GeneratePassword,
    /// Compare a password with those of a secret around the current time.
    VerifyPassword,
    /// Draw the key URI of a secret as a QR code.
    GenerateAuthenticatorQRCode,
    /// Read the key URI from a picture of its QR code. X4 has no such operation: the parameter `Operation` does not name
    /// it, it has its own command (contract 9).
    #[cfg(feature = "read-qr")]
    ReadQr,
    /// Forget the failures of a secret. X4 has no such operation either: it needs a memory of used passwords
    /// (contract 15.3).
    Unlock,
}

impl Operation {
    /// Every value of the parameter `Operation`, in the order of the contract.
    pub const OF_X4: [Self; 4] =
        [Self::GenerateSecret, Self::GeneratePassword, Self::VerifyPassword, Self::GenerateAuthenticatorQRCode];
    /// The accepted values, in words.
    pub const EXPECTED: &'static str =
        "GenerateSecret, GeneratePassword, VerifyPassword or GenerateAuthenticatorQRCode";

    /// The value of the parameter `Operation`, case matters (contract 1.2); or the name of the command.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::GenerateSecret => "GenerateSecret",
            Self::GeneratePassword => "GeneratePassword",
            Self::VerifyPassword => "VerifyPassword",
            Self::GenerateAuthenticatorQRCode => "GenerateAuthenticatorQRCode",
            #[cfg(feature = "read-qr")]
            Self::ReadQr => "read-qr",
            Self::Unlock => "unlock",
        }
    }

    /// What the operation reads, or nothing where any input is ignored.
    #[must_use]
    pub const fn input(self) -> Option<Input> {
        match self {
            Self::GenerateSecret => None,
            Self::GeneratePassword | Self::GenerateAuthenticatorQRCode | Self::Unlock => {
                Some(Input::Document(DocumentKind::Secret))
            }
            Self::VerifyPassword => Some(Input::Document(DocumentKind::Totp)),
            #[cfg(feature = "read-qr")]
            Self::ReadQr => Some(Input::Picture),
        }
    }

    /// Whether a result has a secret that may be nowhere else: it is never replaced unasked.
    #[must_use]
    pub const fn outputs_secret(self) -> bool {
        match self {
            Self::GenerateSecret => true,
            #[cfg(feature = "read-qr")]
            Self::ReadQr => true,
            Self::GeneratePassword | Self::VerifyPassword | Self::GenerateAuthenticatorQRCode | Self::Unlock => false,
        }
    }

    /// Whether its answer is a QR code, which has several formats.
    #[must_use]
    pub const fn outputs_symbol(self) -> bool {
        match self {
            Self::GenerateAuthenticatorQRCode => true,
            Self::GenerateSecret | Self::GeneratePassword | Self::VerifyPassword | Self::Unlock => false,
            #[cfg(feature = "read-qr")]
            Self::ReadQr => false,
        }
    }
}

/// Takes the four names of [`Operation::OF_X4`].
impl FromStr for Operation {
    type Err = OutOfRangeError;

    fn from_str(text: &str) -> Result<Self, OutOfRangeError> {
        let expected = Self::EXPECTED;
        Self::OF_X4.into_iter().find(|operation| operation.name() == text).ok_or(OutOfRangeError { expected })
    }
}

/// What an operation reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Input {
    /// An XML document of this kind.
    Document(DocumentKind),
    /// A picture.
    #[cfg(feature = "read-qr")]
    Picture,
}

impl Input {
    /// The most bytes that it can have: 65,536 of a document, 24 MiB of a picture.
    #[must_use]
    pub const fn max_bytes(self) -> usize {
        match self {
            Self::Document(_) => MAX_DOCUMENT_BYTES,
            #[cfg(feature = "read-qr")]
            Self::Picture => MAX_PICTURE_BYTES,
        }
    }
}

/// What an operation takes besides its document (contract 1.2, 3.2, 3.4). Each operation ignores what it does not use,
/// however wrong it is there; so the display names are kept as they came, be they text or not, until a label is made of them.
///
/// ```
/// use totp_adapter::{Adapter, EntropyError, Operation, Parameters, UnixTime};
///
/// let names = Parameters { issuer: Some(b"SoftProject".to_vec()), account: Some(b"john".to_vec()), ..Parameters::default() };
/// let mut entropy = |_: &mut _| Err(EntropyError); // nothing is drawn here
/// let mut adapter = Adapter::new(Some(UnixTime(0)), &mut entropy);
/// let reply = adapter.respond(Operation::GenerateAuthenticatorQRCode, &names, b"<Secret>GEZDGNBVGY3TQOJQ</Secret>");
/// assert!(reply.body.into_bytes().starts_with(b"\x89PNG"));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parameters {
    /// Whom the account is with, in UTF-8; used by the QR operation only. Default: nobody.
    pub issuer: Option<Vec<u8>>,
    /// The account, in UTF-8; the QR operation, which alone uses it, fails without. Default: none.
    pub account: Option<Vec<u8>>,
    /// Algorithm, digits and period of the codes. Default: SHA-1, 6 digits, 30 s.
    pub code: CodeParameters,
    /// How many steps off a password may be; used by verification only. Default: 1.
    pub skew: Skew,
    /// What is wanted of a key URI; used by `read-qr` only.
    pub key_uri_format: KeyUriFormat,
}

impl Parameters {
    /// The same for a document with its own display names.
    #[must_use]
    pub fn with_names(&self, issuer: Option<&[u8]>, account: Option<&[u8]>) -> Cow<'_, Self> {
        if issuer.is_none() && account.is_none() {
            return Cow::Borrowed(self);
        }
        let own = |name: Option<&[u8]>, default: &Option<Vec<u8>>| name.map(<[u8]>::to_vec).or_else(|| default.clone());
        Cow::Owned(Self { issuer: own(issuer, &self.issuer), account: own(account, &self.account), ..*self })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What messages and help say is accepted is what is accepted, also after a variant has been added.
    #[test]
    fn expectations_name_every_value() {
        assert_eq!(Operation::EXPECTED.replace(" or ", ", "), Operation::OF_X4.map(Operation::name).join(", "));
    }
}
