//! X4's adapter as one total function. Time is a value and entropy an argument; it does not know where the
//! document came from or where the answer goes.

use thiserror::Error as ThisError;
use zeroize::Zeroizing;

use crate::error::Error;
use crate::operation::{Operation, Parameters};
#[cfg(feature = "read-qr")]
use crate::otp::is_otpauth;
use crate::otp::{CodeParameters, Label, Password, Secret, Skew, Symbol, UnixTime, key_uri};
use crate::outcome::{Mismatch, Outcome};
#[cfg(feature = "read-qr")]
use crate::picture;
use crate::reply::Reply;
use crate::verification::{Examination, Guess, MemoryError};
use crate::xml::{self, Document};

/// The byte order mark of UTF-8 (The Unicode Standard, section 23.8).
#[cfg(feature = "read-qr")]
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// The source of entropy failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ThisError)]
#[error("the source of entropy failed")]
pub struct EntropyError;

/// A source of random bytes for new secrets, such as that of the operating system; it must be cryptographically secure. It fills
/// all 20 bytes or returns [`EntropyError`]: with `Ok` and nothing filled, every secret would be zeroes.
pub type Entropy<'a> = &'a mut dyn FnMut(&mut [u8; Secret::GENERATED_BYTES]) -> Result<(), EntropyError>;

/// X4's adapter at a point in time.
///
/// ```
/// use totp_adapter::{Adapter, EntropyError, Operation, Parameters, Status, UnixTime};
///
/// let mut entropy = |_: &mut _| Err(EntropyError); // nothing is drawn here
/// let mut adapter = Adapter::new(Some(UnixTime(1_111_111_109)), &mut entropy);
/// let input = b"<TOTP><Password>081804</Password><Secret>GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ</Secret></TOTP>";
/// let reply = adapter.respond(Operation::VerifyPassword, &Parameters::default(), input);
/// assert_eq!(reply.status, Status::Success);
/// ```
pub struct Adapter<'a> {
    pub(crate) time: Option<UnixTime>,
    entropy: Entropy<'a>,
    #[cfg(feature = "read-qr")]
    has_time: &'a dyn Fn() -> bool,
}

impl<'a> Adapter<'a> {
    /// An adapter with this time, none where the clock stands before 1970, that takes new secrets from this source. It looks
    /// for QR codes in a picture for as long as that takes.
    pub fn new(time: Option<UnixTime>, entropy: Entropy<'a>) -> Self {
        Self {
            time,
            entropy,
            #[cfg(feature = "read-qr")]
            has_time: &|| true,
        }
    }

    /// The same, but it stops looking for QR codes in a picture once `has_time` says no
    /// ([`PictureError::OutOfTime`](crate::PictureError::OutOfTime)). It asks before every attempt. Without it, a hostile picture
    /// takes as long as it can.
    #[cfg(feature = "read-qr")]
    #[must_use]
    pub fn with_patience(self, has_time: &'a dyn Fn() -> bool) -> Self {
        Self { has_time, ..self }
    }

    /// Answers to an operation, its parameters and its input, whatever they are: a failure is an answer too.
    ///
    /// `input` is the document or picture as it came. Reading may stop one byte beyond
    /// [`Input::max_bytes`](crate::operation::Input::max_bytes): that is enough for it to be refused as too large.
    ///
    /// A password is right as often as it comes. Whoever remembers which ones were used calls [`Adapter::examine`].
    pub fn respond(&mut self, operation: Operation, parameters: &Parameters, input: &[u8]) -> Reply {
        match self.examine(operation, parameters, input) {
            Examination::Answer(reply) => reply,
            Examination::Guess(guess) => guess.without_memory(),
            Examination::Unlock(_) => Reply::of(Err(MemoryError::Absent.into())),
        }
    }

    /// As [`Adapter::respond`], but what needs a memory of used passwords is left to the caller: a verification comes back as a
    /// [`Guess`], an unlocking as the secret.
    pub fn examine(&mut self, operation: Operation, parameters: &Parameters, input: &[u8]) -> Examination {
        Examination::Answer(Reply::of(match operation {
            Operation::GenerateSecret => self.generate_secret(),
            Operation::GeneratePassword => self.generate_password(parameters, input),
            Operation::VerifyPassword => match self.compare(parameters, input) {
                Ok(guess) => return Examination::Guess(guess),
                Err(Incomparable::Mismatch(mismatch)) => Ok(Outcome::Mismatch(mismatch)),
                Err(Incomparable::Error(error)) => Err(error),
            },
            Operation::GenerateAuthenticatorQRCode => generate_authenticator_qr_code(parameters, input),
            #[cfg(feature = "read-qr")]
            Operation::ReadQr => self.read_qr(parameters, input),
            Operation::Unlock => match secret_in(input) {
                Ok(secret) => return Examination::Unlock(secret),
                Err(error) => Err(error),
            },
        }))
    }

    fn generate_secret(&mut self) -> Result<Outcome, Error> {
        let mut bytes = Zeroizing::new([0; Secret::GENERATED_BYTES]);
        (self.entropy)(&mut bytes).map_err(|EntropyError| Error::Entropy)?;
        Ok(Outcome::Secret(Secret::from_entropy(&bytes)))
    }

    fn generate_password(&self, parameters: &Parameters, input: &[u8]) -> Result<Outcome, Error> {
        let secret = secret_in(input)?;
        let time = self.time.ok_or(Error::Clock)?;
        Ok(Outcome::Password(Password::generate(&secret, parameters.code, time)))
    }

    /// Fails closed (contract 1.4): a document that cannot be read verifies nothing and is a mismatch; then a secret
    /// that cannot be used is an error; only then is the password looked at.
    fn compare(&self, parameters: &Parameters, input: &[u8]) -> Result<Guess, Incomparable> {
        let document = Document::decode(input).map_err(Mismatch::from)?;
        let texts = xml::read_totp(&document).map_err(Mismatch::from)?;
        self.guess(secret_of(&texts.secret)?, parameters.code, parameters.skew, &texts.password)
    }

    /// Compares the text of a password with the passwords of a secret.
    pub(crate) fn guess(
        &self,
        secret: Secret,
        code: CodeParameters,
        skew: Skew,
        text: &xml::Text<'_>,
    ) -> Result<Guess, Incomparable> {
        let time = self.time.ok_or(Error::Clock)?;
        let password = Password::parse(text.as_str(), code.digits).map_err(Mismatch::from)?;
        let matched = password.matching_step(&secret, code, skew, time);
        Ok(Guess { secret, code, time, skew, matched })
    }

    /// Of several codes in a picture, the one with a key URI is meant; which of two is not for the adapter to guess.
    // Not inlined: every other operation would touch seven pages more of the stack.
    #[cfg(feature = "read-qr")]
    #[inline(never)]
    fn read_qr(&self, parameters: &Parameters, picture: &[u8]) -> Result<Outcome, Error> {
        // What passes bytes on as text may put a byte order mark before them, as before a document.
        let picture = picture.strip_prefix(BYTE_ORDER_MARK).unwrap_or(picture);
        let texts = picture::read(picture, &is_otpauth, self.has_time)?;
        let mut uris = texts.iter().filter(|text| is_otpauth(text));
        let uri = uris.next().ok_or(Error::NoKeyUri { codes: texts.len() })?;
        match uris.count() {
            0 => {}
            others => return Err(Error::SeveralKeyUris { codes: others + 1 }),
        }
        Ok(Outcome::KeyUri(parameters.key_uri_format.content(uri)?))
    }
}

/// Why there is no password to compare.
pub(crate) enum Incomparable {
    /// Nothing that could match came.
    Mismatch(Mismatch),
    /// What came cannot be used.
    Error(Error),
}

impl From<Mismatch> for Incomparable {
    fn from(mismatch: Mismatch) -> Self {
        Self::Mismatch(mismatch)
    }
}

impl From<Error> for Incomparable {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

fn generate_authenticator_qr_code(parameters: &Parameters, input: &[u8]) -> Result<Outcome, Error> {
    let label = Label::new(parameters.issuer.as_deref(), parameters.account.as_deref())?;
    let secret = secret_in(input)?;
    let uri = key_uri(&secret, &label, parameters.code);
    Ok(Outcome::Symbol(Symbol::encode(uri.as_bytes())?))
}

/// The secret of a `<Secret>` document.
pub(crate) fn secret_in(input: &[u8]) -> Result<Secret, Error> {
    let document = Document::decode(input)?;
    secret_of(&xml::read_secret(&document)?)
}

/// The secret of a text, or what is wrong with it and where.
fn secret_of(text: &xml::Text<'_>) -> Result<Secret, Error> {
    Secret::from_base32(text.as_str()).map_err(|error| Error::Secret { error, at: text.position(error.index()) })
}
