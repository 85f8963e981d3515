//! The documents that a key URI becomes (contract 4.6); it does not know where the URI was found.

#[cfg(feature = "read-qr")]
use zeroize::Zeroizing;

#[cfg(feature = "read-qr")]
use crate::error::Error;
use crate::named;
#[cfg(feature = "read-qr")]
use crate::otp::{KeyUri, Secret};
#[cfg(feature = "read-qr")]
use crate::xml::{self, EscapedText, IllegalCharacterError, Parameter};

/// What is wanted of a key URI. Default: the secret, which every operation takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum KeyUriFormat {
    /// `<Secret>`.
    #[default]
    Secret,
    /// `<KeyURI>`: the URI as it was found, with parameters that nothing here knows.
    Uri,
    /// `<Parameters>` of contract 5.1 without the secret, with which its code can be drawn again.
    Parameters,
}

named!(parsed KeyUriFormat { Secret = "secret", Uri = "uri", Parameters = "parameters" });

impl KeyUriFormat {
    /// Takes out of a key URI what this format asks for. All of the URI is checked, also where only the secret is wanted.
    ///
    /// # Errors
    ///
    /// [`Error::KeyUri`] where it cannot be used; [`Error::Character`] where its document would need a character that XML
    /// does not have. What a label cannot hold (contract 4.2) is refused when the code is drawn.
    #[cfg(feature = "read-qr")]
    pub fn content(self, uri: &str) -> Result<KeyUriContent, Error> {
        let read = KeyUri::parse(uri)?;
        Ok(KeyUriContent(match self {
            Self::Secret => Content::Secret(read.secret),
            Self::Uri => Content::Uri(EscapedText::new(uri)?),
            Self::Parameters => Content::Parameters(parameters(&read)?),
        }))
    }
}

/// What was wanted of a key URI. A document can hold all of it.
#[cfg(feature = "read-qr")]
#[derive(Debug)]
pub struct KeyUriContent(Content);

#[cfg(feature = "read-qr")]
#[derive(Debug)]
enum Content {
    /// The key.
    Secret(Secret),
    /// All of it, as it was found.
    Uri(EscapedText),
    /// The names that there are, and all that a code depends on, defaults included.
    Parameters(Vec<(Parameter, EscapedText)>),
}

#[cfg(feature = "read-qr")]
impl KeyUriContent {
    /// Its document.
    #[must_use]
    pub fn document(&self) -> Zeroizing<Vec<u8>> {
        match &self.0 {
            Content::Secret(secret) => xml::write_secret(&secret.to_base32()),
            Content::Uri(uri) => xml::write_key_uri(uri),
            Content::Parameters(texts) => xml::write_parameters(texts),
        }
    }
}

#[cfg(feature = "read-qr")]
fn parameters(uri: &KeyUri) -> Result<Vec<(Parameter, EscapedText)>, IllegalCharacterError> {
    let period = uri.parameters.period.seconds().to_string();
    let texts = [
        (Parameter::Issuer, uri.issuer.as_deref()),
        (Parameter::Account, uri.account.as_deref()),
        (Parameter::Algorithm, Some(uri.parameters.algorithm.name())),
        (Parameter::Digits, Some(uri.parameters.digits.name())),
        (Parameter::Period, Some(&*period)),
    ];
    let present = texts.into_iter().filter_map(|(parameter, text)| Some((parameter, text?)));
    present.map(|(parameter, text)| Ok((parameter, EscapedText::new(text)?))).collect()
}

#[cfg(all(test, feature = "read-qr"))]
mod tests {
    use super::*;

    const URI: &str = "otpauth://totp/A%20%26%20B:%20me?secret=gezd+gnbv&period=60&image=x";

    fn document(format: KeyUriFormat, uri: &str) -> String {
        String::from_utf8(format.content(uri).unwrap().document().to_vec()).unwrap()
    }

    // contract 4.6a
    #[test]
    fn the_documents() {
        assert_eq!(document(KeyUriFormat::Secret, URI), "<Secret>GEZDGNBV</Secret>\n");
        assert_eq!(
            document(KeyUriFormat::Uri, URI),
            "<KeyURI>otpauth://totp/A%20%26%20B:%20me?secret=gezd+gnbv&amp;period=60&amp;image=x</KeyURI>\n"
        );
        assert_eq!(
            document(KeyUriFormat::Parameters, URI),
            "<Parameters><issuer>A &amp; B</issuer><account>me</account><algorithm>SHA1</algorithm><digits>6</digits>\
             <period>60</period></Parameters>\n"
        );
        assert_eq!(
            document(KeyUriFormat::Parameters, "otpauth://totp/?secret=MY&issuer="),
            "<Parameters><algorithm>SHA1</algorithm><digits>6</digits><period>30</period></Parameters>\n"
        );
    }

    // contract 1.6c, 4.6d: the secret of a code whose names no document can hold is still there.
    #[test]
    fn what_cannot_be_written() {
        let uri = "otpauth://totp/a%01b?secret=MY";
        assert_eq!(document(KeyUriFormat::Secret, uri), "<Secret>MY</Secret>\n");
        assert_eq!(document(KeyUriFormat::Uri, uri), format!("<KeyURI>{uri}</KeyURI>\n"));
        let words = |format: KeyUriFormat, uri| format.content(uri).unwrap_err().to_string();
        assert!(words(KeyUriFormat::Parameters, uri).starts_with("not supported: the text has a character"));
        assert!(words(KeyUriFormat::Uri, "otpauth://totp/a\u{1}b?secret=MY").starts_with("not supported: "));
        for format in KeyUriFormat::ALL {
            let expected = "unusable key URI: the parameter secret is missing";
            assert_eq!(words(format, "otpauth://totp/me"), expected);
        }
    }
}
