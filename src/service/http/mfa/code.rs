//! The code that a person gets, and what is kept of it. It knows neither deliveries nor the state.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::service::config::MfaKey;
use crate::state::{CodeHash, MfaId};

/// What a code consists of. `I` and `O` are read as `1` and `0`.
const DIGITS: &[u8] = b"0123456789";
const DIGITS_AND_LETTERS: &[u8] = b"0123456789ABCDEFGHJKLMNPQRSTUVWXYZ";

/// A code. It is not `Debug`.
pub struct Code(Zeroizing<String>);

/// There are no random bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RandomnessError;

impl Code {
    /// A code of `length` characters, each as likely as any other, made of random bytes.
    ///
    /// # Errors
    ///
    /// [`RandomnessError`] where there are no more bytes.
    pub fn random(
        length: u8,
        allow_alphas: bool,
        mut fill: impl FnMut(&mut [u8]) -> Result<(), RandomnessError>,
    ) -> Result<Self, RandomnessError> {
        let alphabet = if allow_alphas { DIGITS_AND_LETTERS } else { DIGITS };
        // The last bytes, for which the characters do not come out even, are passed over.
        let even = (256 / alphabet.len()) * alphabet.len();
        let mut code = Zeroizing::new(String::with_capacity(length.into()));
        while code.len() < length.into() {
            let mut byte = Zeroizing::new([0]);
            fill(&mut *byte)?;
            let number = usize::from(byte[0]);
            if number < even {
                code.push(alphabet[number % alphabet.len()].into());
            }
        }
        Ok(Self(code))
    }

    /// What a person typed: blanks are dropped, and case does not matter. None where nothing is left.
    #[must_use]
    pub fn typed(text: &str) -> Option<Self> {
        let mut code = Zeroizing::new(String::with_capacity(text.len()));
        code.extend(text.chars().filter(|c| !c.is_whitespace()).map(|c| c.to_ascii_uppercase()));
        (!code.is_empty()).then_some(Self(code))
    }

    /// The text of a message.
    #[must_use]
    pub fn in_message(&self, message: &str) -> Zeroizing<String> {
        Zeroizing::new(format!("{message} {}", *self.0))
    }

    /// The text of a call, in which each character is spoken.
    #[must_use]
    pub fn in_call(&self, message: &str) -> Zeroizing<String> {
        let spoken = Zeroizing::new(self.0.chars().flat_map(|c| [',', ' ', c]).skip(2).collect::<String>());
        Zeroizing::new(format!("{message} {}", *spoken))
    }

    /// What is kept of it for one request.
    #[must_use]
    pub fn hash(&self, key: &MfaKey, id: &MfaId) -> CodeHash {
        let mut hmac = Hmac::<Sha256>::new_from_slice(key.reveal()).expect("HMAC takes a key of any length");
        hmac.update(id.as_bytes());
        hmac.update(self.0.as_bytes());
        CodeHash::new(hmac.finalize().into_bytes().into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A source of these bytes.
    fn bytes(bytes: Vec<u8>) -> impl FnMut(&mut [u8]) -> Result<(), RandomnessError> {
        let mut bytes = bytes.into_iter();
        move |place| {
            for byte in place {
                *byte = bytes.next().ok_or(RandomnessError)?;
            }
            Ok(())
        }
    }

    // contract 14.2a: of all bytes each character comes of as many.
    #[test]
    fn no_character_is_more_likely_than_another() {
        for (allow_alphas, length, each) in [(false, 250, 25), (true, 238, 7)] {
            let code = Code::random(length, allow_alphas, bytes((0..=u8::MAX).collect())).ok().unwrap();
            let alphabet = if allow_alphas { DIGITS_AND_LETTERS } else { DIGITS };
            for character in alphabet {
                let count = code.0.bytes().filter(|byte| byte == character).count();
                assert_eq!(count, each, "{}", char::from(*character));
            }
            let more = Code::random(length + 1, allow_alphas, bytes((0..=u8::MAX).collect()));
            assert!(more.is_err());
        }
    }

    // contract 14.2b
    #[test]
    fn texts_of_a_message_and_of_a_call() {
        let code = Code::random(4, true, bytes(vec![1, 10, 0, 33])).ok().unwrap();
        assert_eq!(*code.in_message("Your code is:"), "Your code is: 1A0Z");
        assert_eq!(*code.in_call("Your code is:"), "Your code is: 1, A, 0, Z");
    }

    // contract 14.1e, 14.2a
    #[test]
    fn what_a_person_types() {
        let typed = |text| Code::typed(text).map(|code| code.0.to_string());
        assert_eq!(typed(" 12 34\t56\u{a0}\n").as_deref(), Some("123456"));
        assert_eq!(typed("a1b2").as_deref(), Some("A1B2"));
        assert_eq!(typed(" \t\u{2003}"), None);
        assert_eq!(typed(""), None);
    }
}
