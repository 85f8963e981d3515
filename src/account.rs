//! A secret that stays with the one who verifies (contract 11.3): what its files say, and the operations on it, for which only
//! the rest of the input comes. It knows neither folders nor HTTP.

use thiserror::Error;

use crate::adapter::{Adapter, Incomparable, secret_in};
use crate::error::Error;
use crate::otp::{CodeParameters, KeyUri, Label, Password, Secret, Skew, Symbol, key_uri};
use crate::outcome::{Mismatch, Outcome};
use crate::parameters_document::{ParametersDocument, ParametersError};
use crate::reply::Reply;
use crate::verification::{Examination, Guess};
use crate::xml::{self, Document, DocumentKind};

/// An account: a secret, and what an app learns with it.
pub struct Account {
    secret: Secret,
    code: CodeParameters,
    issuer: Option<Vec<u8>>,
    name: Option<Vec<u8>>,
}

/// Why the files of an account cannot be used. It holds nothing of them.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum AccountError {
    /// The file is neither a `<Secret>` nor a `<KeyURI>` document.
    #[error("expected a Secret or KeyURI document")]
    Kind,
    /// It is one, and cannot be used.
    #[error(transparent)]
    Unusable(#[from] Error),
    /// The parameters beside it cannot be used.
    #[error("parameters: {0}")]
    Parameters(#[from] ParametersError),
}

impl Account {
    /// Reads a `<Secret>` or `<KeyURI>` document, and the `<Parameters>` beside it, each of which wins over the key URI.
    /// Their operation and skew are not used.
    ///
    /// # Errors
    ///
    /// [`AccountError`] where they cannot be used.
    pub fn read(document: &[u8], parameters: Option<&[u8]>) -> Result<Self, AccountError> {
        let account = match DocumentKind::of(document) {
            Some(DocumentKind::Secret) => Self::of_secret(document),
            Some(DocumentKind::KeyUri) => Self::of_key_uri(document),
            Some(_) | None => Err(AccountError::Kind),
        }?;
        match parameters {
            Some(parameters) => Ok(account.with(ParametersDocument::read(parameters)?)),
            None => Ok(account),
        }
    }

    /// How many bits the secret has.
    #[must_use]
    pub fn secret_bits(&self) -> usize {
        self.secret.as_bytes().len() * 8
    }

    fn of_secret(document: &[u8]) -> Result<Self, AccountError> {
        let secret = secret_in(document)?;
        Ok(Self { secret, code: CodeParameters::default(), issuer: None, name: None })
    }

    fn of_key_uri(document: &[u8]) -> Result<Self, AccountError> {
        let document = Document::decode(document).map_err(Error::from)?;
        let text = xml::read_key_uri(&document).map_err(Error::from)?;
        let uri = KeyUri::parse(text.as_str()).map_err(Error::from)?;
        let name = |name: Option<String>| name.map(String::into_bytes);
        Ok(Self { secret: uri.secret, code: uri.parameters, issuer: name(uri.issuer), name: name(uri.account) })
    }

    fn with(self, parameters: ParametersDocument) -> Self {
        let code = CodeParameters {
            algorithm: parameters.algorithm.unwrap_or(self.code.algorithm),
            digits: parameters.digits.unwrap_or(self.code.digits),
            period: parameters.period.unwrap_or(self.code.period),
        };
        Self { code, issuer: parameters.issuer.or(self.issuer), name: parameters.account.or(self.name), ..self }
    }

    /// What its codes depend on besides the secret.
    #[must_use]
    pub const fn code_parameters(&self) -> CodeParameters {
        self.code
    }

    /// Its secret.
    #[must_use]
    pub const fn secret(&self) -> &Secret {
        &self.secret
    }
}

/// An operation on a secret that is there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccountOperation {
    /// Compute the current password.
    GeneratePassword,
    /// Compare a password.
    VerifyPassword,
    /// Draw the key URI as a QR code.
    GenerateAuthenticatorQRCode,
}

/// What comes with a request besides its input.
#[derive(Clone, Debug, Default)]
pub struct AccountParameters {
    /// The issuer in the QR code instead of the account's own, in UTF-8.
    pub issuer: Option<Vec<u8>>,
    /// The account in the QR code instead of the account's own, in UTF-8.
    pub account: Option<Vec<u8>>,
    /// How many steps off a password may be.
    pub skew: Skew,
}

impl Adapter<'_> {
    /// What [`Adapter::examine`] is for documents with a secret. The name stands in the QR code unless another is given.
    #[must_use]
    pub fn examine_account(
        &self,
        account: &Account,
        name: &str,
        operation: AccountOperation,
        parameters: &AccountParameters,
        input: &[u8],
    ) -> Examination {
        let result = match operation {
            AccountOperation::GeneratePassword => self.password_of(account, input),
            AccountOperation::VerifyPassword => match self.compare_with(account, parameters.skew, input) {
                Ok(guess) => return Examination::Guess(guess),
                Err(Incomparable::Mismatch(mismatch)) => Ok(Outcome::Mismatch(mismatch)),
                Err(Incomparable::Error(error)) => Err(error),
            },
            AccountOperation::GenerateAuthenticatorQRCode => symbol_of(account, name, parameters, input),
        };
        Examination::Answer(Reply::of(result))
    }

    fn password_of(&self, account: &Account, input: &[u8]) -> Result<Outcome, Error> {
        nothing(input)?;
        let time = self.time.ok_or(Error::Clock)?;
        Ok(Outcome::Password(Password::generate(&account.secret, account.code, time)))
    }

    fn compare_with(&self, account: &Account, skew: Skew, input: &[u8]) -> Result<Guess, Incomparable> {
        let document = Document::decode(input).map_err(Mismatch::from)?;
        let password = xml::read_password(&document).map_err(Mismatch::from)?;
        self.guess(account.secret.clone(), account.code, skew, &password)
    }
}

fn symbol_of(account: &Account, name: &str, parameters: &AccountParameters, input: &[u8]) -> Result<Outcome, Error> {
    let issuer = parameters.issuer.as_deref().or(account.issuer.as_deref());
    let shown = parameters.account.as_deref().or(account.name.as_deref()).unwrap_or(name.as_bytes());
    let label = Label::new(issuer, Some(shown))?;
    nothing(input)?;
    let uri = key_uri(&account.secret, &label, account.code);
    Ok(Outcome::Symbol(Symbol::encode(uri.as_bytes())?))
}

/// Whoever sends a document means another secret than the account's.
fn nothing(input: &[u8]) -> Result<(), Error> {
    if input.is_empty() { Ok(()) } else { Err(Error::Input) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::otp::{Algorithm, Digits, UnixTime};
    use crate::status::Status;

    const SECRET: &[u8] = b"<Secret>GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ</Secret>";
    const URI: &[u8] = b"<KeyURI>otpauth://totp/X4:me?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&amp;digits=8&amp;algorithm=SHA256</KeyURI>";

    fn reply(account: &Account, operation: AccountOperation, input: &[u8]) -> Reply {
        let time = Some(UnixTime(1_111_111_109));
        let mut entropy = |_: &mut _| Ok(());
        let adapter = Adapter::new(time, &mut entropy);
        match adapter.examine_account(account, "name", operation, &AccountParameters::default(), input) {
            Examination::Answer(reply) => reply,
            Examination::Guess(guess) => guess.without_memory(),
            Examination::Unlock(_) => unreachable!("nothing asks for it"),
        }
    }

    // contract 11.3c
    #[test]
    fn parameters_win_over_the_key_uri() {
        let account = |parameters: Option<&str>| Account::read(URI, parameters.map(str::as_bytes)).unwrap();
        let code = account(None).code_parameters();
        assert_eq!((code.digits, code.algorithm), (Digits::Eight, Algorithm::Sha256));
        let beside = "<Parameters><digits>6</digits><account>you</account><skew>9</skew></Parameters>";
        let account = account(Some(beside));
        let code = account.code_parameters();
        assert_eq!((code.digits, code.algorithm), (Digits::Six, Algorithm::Sha256));
        assert_eq!((account.issuer.as_deref(), account.name.as_deref()), (Some(&b"X4"[..]), Some(&b"you"[..])));
    }

    // contract 11.3d: a secret in the document is not the account's.
    #[test]
    fn what_comes_with_a_password() {
        let verify = |input: &str| {
            let account = Account::read(SECRET, None).unwrap();
            reply(&account, AccountOperation::VerifyPassword, input.as_bytes()).status
        };
        for right in ["<Password>081804</Password>", "<TOTP> <Password>081 804</Password></TOTP>"] {
            assert_eq!(verify(right), Status::Success, "{right}");
        }
        for wrong in [
            "<Password>081805</Password>",
            "<TOTP><Password>081804</Password><Secret>GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ</Secret></TOTP>",
            "<TOTP><Secret>GEZDGNBV</Secret></TOTP>",
            "<Secret>081804</Secret>",
            "081804",
            "",
        ] {
            assert_eq!(verify(wrong), Status::Mismatch, "{wrong}");
        }
    }

    // contract 11.3b
    #[test]
    fn what_takes_no_document() {
        for operation in [AccountOperation::GeneratePassword, AccountOperation::GenerateAuthenticatorQRCode] {
            assert_eq!(reply(&Account::read(SECRET, None).unwrap(), operation, b"").status, Status::Success);
            let refused = reply(&Account::read(SECRET, None).unwrap(), operation, SECRET);
            assert_eq!(refused.status, Status::Error);
        }
    }

    // contract 11.3e
    #[test]
    fn what_is_no_account() {
        let error = |document: &[u8]| Account::read(document, None).err().unwrap().to_string();
        assert_eq!(error(b""), "expected a Secret or KeyURI document");
        assert_eq!(error(b"<TOTP/>"), "expected a Secret or KeyURI document");
        assert!(error(b"<Secret>1</Secret>").starts_with("unusable secret: "));
        assert!(error(b"<KeyURI>otpauth://hotp/me?secret=MY</KeyURI>").starts_with("unusable key URI: "));
        assert!(error(b"<Secret>MY").starts_with("not well-formed: "));
        let beside = Account::read(SECRET, Some(b"<Parameters><digits>5</digits></Parameters>")).err().unwrap();
        assert!(beside.to_string().starts_with("parameters: expected 6, 7 or 8 for digits"), "{beside}");
    }
}
