//! The parameters of a key URI. None of those that mean something here is lost: it is read, or the URI is refused.

use zeroize::Zeroizing;

use super::{KeyUriError, decoded, visible};
use crate::named;
use crate::otp::{Algorithm, CodeParameters, OutOfRangeError, Secret, SecretError};

/// The parameters that mean something here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UriParameter {
    /// The key.
    Secret,
    /// Whom the account is with.
    Issuer,
    /// The hash function.
    Algorithm,
    /// The number of digits.
    Digits,
    /// The seconds of a time step.
    Period,
    /// What the code is written in; KeePassXC's for Steam Guard.
    Encoder,
    /// privacyIDEA: whether the phone makes a part of the key.
    TwoStep,
    /// privacyIDEA: the bytes of that part.
    TwoStepSalt,
    /// privacyIDEA: the bytes of the key that both parts become.
    TwoStepOutput,
    /// privacyIDEA: the rounds of PBKDF2 in which they do.
    TwoStepDifficulty,
}

named!(UriParameter {
    Secret = "secret",
    Issuer = "issuer",
    Algorithm = "algorithm",
    Digits = "digits",
    Period = "period",
    Encoder = "encoder",
    TwoStep = "2step",
    TwoStepSalt = "2step_salt",
    TwoStepOutput = "2step_output",
    TwoStepDifficulty = "2step_difficulty",
});

impl UriParameter {
    const TWO_STEP: [Self; 4] = [Self::TwoStep, Self::TwoStepSalt, Self::TwoStepOutput, Self::TwoStepDifficulty];

    /// The parameter with this name, in any case.
    fn named(name: &[u8]) -> Option<Self> {
        Self::ALL.into_iter().find(|parameter| parameter.name().as_bytes().eq_ignore_ascii_case(name))
    }

    /// The parameter that a name stands for, encoded or not; none for one that means nothing here.
    fn of(name: &str) -> Result<Option<Self>, KeyUriError> {
        let decoded = decoded_form(name);
        let words = decoded.split(|byte| !is_unreserved(char::from(*byte))).filter(|word| !word.is_empty());
        match Self::named(decoded.trim_ascii()) {
            Some(parameter) => Ok(Some(parameter)),
            // `amp;digits`, `?digits`, `digits[]`: whoever wrote it meant the parameter.
            None if words.into_iter().any(|word| Self::named(word).is_some()) => Err(KeyUriError::Separator),
            // A reference to `&` without its end, as in `&ampdigits=8`.
            None if behind_reference(&decoded).is_some_and(|name| Self::named(name).is_some()) => {
                Err(KeyUriError::Separator)
            }
            // What a reference to a character leaves, which cut the value before it.
            None if name.contains(';') => Err(KeyUriError::Separator),
            None => Ok(None),
        }
    }
}

/// The part after the question mark.
#[derive(Default)]
pub struct Query<'a> {
    /// The raw value of each parameter, in the order of [`UriParameter::ALL`].
    values: [Option<&'a str>; UriParameter::ALL.len()],
}

impl<'a> Query<'a> {
    /// Takes a query apart.
    ///
    /// # Errors
    ///
    /// [`KeyUriError::Separator`] where a parameter is not one because another character stands in place of `&`;
    /// [`KeyUriError::Repeated`] where one has two values.
    pub fn of(text: &'a str) -> Result<Self, KeyUriError> {
        let mut query = Self::default();
        for part in text.split('&') {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            if hides_parameter(value) {
                return Err(KeyUriError::Separator);
            }
            if let Some(parameter) = UriParameter::of(name)? {
                let known = &mut query.values[parameter as usize];
                if known.is_some_and(|other| other != value) {
                    return Err(KeyUriError::Repeated(parameter.name()));
                }
                *known = Some(value);
            }
        }
        Ok(query)
    }

    /// The key.
    pub fn secret(&self) -> Result<Secret, KeyUriError> {
        let base32 = self.value(UriParameter::Secret).ok_or(KeyUriError::NoSecret)?;
        let base32 = str::from_utf8(&base32).map_err(|error| SecretError::Character { index: error.valid_up_to() });
        base32.and_then(Secret::from_base32).map_err(KeyUriError::Secret)
    }

    /// Whom the account is with; none where there is nothing to see.
    pub fn issuer(&self) -> Option<Zeroizing<Vec<u8>>> {
        self.value(UriParameter::Issuer).filter(|name| visible(name).is_some())
    }

    /// Algorithm, digits and period, each the default where it is absent.
    pub fn code_parameters(&self) -> Result<CodeParameters, KeyUriError> {
        let algorithm = self.word(UriParameter::Algorithm).map(|word| algorithm(&word)).transpose();
        let digits = self.word(UriParameter::Digits).map(|word| word.parse()).transpose();
        let period = self.word(UriParameter::Period).map(|word| word.parse()).transpose();
        Ok(CodeParameters {
            algorithm: algorithm.map_err(|OutOfRangeError { .. }| KeyUriError::Algorithm)?.unwrap_or_default(),
            digits: digits.map_err(|OutOfRangeError { .. }| KeyUriError::Digits)?.unwrap_or_default(),
            period: period.map_err(|OutOfRangeError { .. }| KeyUriError::Period)?.unwrap_or_default(),
        })
    }

    /// Whether the phone makes a part of the key, so that the secret is not the whole of it.
    pub fn is_two_step(&self) -> bool {
        UriParameter::TWO_STEP.into_iter().any(|parameter| self.word(parameter).is_some())
    }

    /// Whether it says that the codes are Steam's.
    pub fn says_steam(&self) -> bool {
        self.word(UriParameter::Encoder).is_some_and(|encoder| super::super::is_steam(&encoder))
    }

    /// Whether the number of digits is the one of Steam's codes, or not said, as Valve leaves it.
    pub fn has_digits_of_steam(&self) -> bool {
        self.word(UriParameter::Digits).is_none_or(|digits| digits == STEAM_DIGITS)
    }

    /// The text of an optional parameter without blanks around it, none where nothing is left.
    fn word(&self, parameter: UriParameter) -> Option<String> {
        let value = self.value(parameter).and_then(|value| visible(&value));
        value.map(|value| value.trim().to_owned())
    }

    /// The decoded value of a parameter.
    fn value(&self, parameter: UriParameter) -> Option<Zeroizing<Vec<u8>>> {
        self.values[parameter as usize].map(decoded_form)
    }
}

/// What follows a reference to `&` that has lost its `&` and its `;`.
fn behind_reference(name: &[u8]) -> Option<&[u8]> {
    let reference =
        |reference: &&[u8]| name.get(..reference.len()).is_some_and(|start| start.eq_ignore_ascii_case(reference));
    [b"amp".as_slice(), b"#38", b"#x26"].iter().find(|start| reference(start)).map(|start| &name[start.len()..])
}

/// Whether a fragment is what a reference such as `&#38digits=8` leaves of a parameter.
pub fn begins_as_reference(fragment: &str) -> bool {
    let name = fragment.split('=').next().unwrap_or_default().as_bytes();
    behind_reference(name).is_some_and(|name| UriParameter::named(name).is_some())
}

/// The characters of a code of Steam Guard.
const STEAM_DIGITS: &str = "5";
/// What a percent sign begins (RFC 3986, section 2.1), without it.
const PERCENT_ESCAPE: usize = "26".len();
/// What a backslash begins in JSON (RFC 8259, section 7), without it.
const JSON_ESCAPE: usize = "u0026".len();

/// Whether a text has a parameter in it where none belongs, so that it would be lost: behind `?`, `;` or another character
/// that is no letter of a name, as it is or escaped. Names that are encoded as they should be have no `=`.
pub fn hides_parameter(text: &str) -> bool {
    text.match_indices('=').any(|(equals, _)| {
        let before = text[..equals].trim_end_matches([' ', '+']);
        let Some((place, separator)) = before.char_indices().rfind(|(_, character)| !is_unreserved(*character)) else {
            return false;
        };
        let name = &before[place + separator.len_utf8()..];
        let name = match separator {
            '%' => name.get(PERCENT_ESCAPE..),
            '\\' => name.get(JSON_ESCAPE..),
            _ => Some(name),
        };
        name.is_some_and(|name| UriParameter::named(name.as_bytes()).is_some())
    })
}

/// Whether a character is one of RFC 3986, section 2.3, of which names of parameters are made.
fn is_unreserved(character: char) -> bool {
    character.is_ascii_alphanumeric() || matches!(character, '-' | '.' | '_' | '~')
}

/// The algorithm of a name in any of the forms that are in use: `SHA1`, `sha-256`, `HmacSHA512`.
fn algorithm(name: &str) -> Result<Algorithm, OutOfRangeError> {
    let name = name.to_ascii_uppercase().replace('-', "");
    name.strip_prefix("HMAC").unwrap_or(&name).parse()
}

/// The bytes of a name or value in the query, where `+` is a blank.
fn decoded_form(text: &str) -> Zeroizing<Vec<u8>> {
    let mut blanks = Zeroizing::new(text.as_bytes().to_vec());
    blanks.iter_mut().filter(|byte| **byte == b'+').for_each(|byte| *byte = b' ');
    decoded(&blanks)
}
