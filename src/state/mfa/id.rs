//! The names of requests for multi-factor codes, and their text. It does not know what is asked.

use std::fmt;

/// By what a request is known: a UUID of version 4 (RFC 9562, section 5.4).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MfaId([u8; MfaId::BYTES]);

impl MfaId {
    /// How many random bytes it is made of.
    pub const BYTES: usize = 16;
    /// Where its text has hyphens.
    const HYPHENS: [usize; 4] = [8, 13, 18, 23];
    /// How long its text is.
    const CHARACTERS: usize = 2 * Self::BYTES + Self::HYPHENS.len();

    /// The id of these bytes, which must be random: 122 of their bits are in it, the others say what kind of UUID it is.
    #[must_use]
    pub const fn from_random(mut bytes: [u8; Self::BYTES]) -> Self {
        bytes[6] = bytes[6] & 0x0f | 0x40;
        bytes[8] = bytes[8] & 0x3f | 0x80;
        Self(bytes)
    }

    /// The id with this text; none where no id has it. Only the form that [`Display`](fmt::Display) writes is one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.as_bytes();
        if text.len() != Self::CHARACTERS || !Self::HYPHENS.iter().all(|&place| text[place] == b'-') {
            return None;
        }
        let mut digits = text.iter().enumerate().filter(|(place, _)| !Self::HYPHENS.contains(place));
        let mut digit = || digits.next().and_then(|(_, &digit)| value(digit));
        let mut bytes = [0; Self::BYTES];
        for byte in &mut bytes {
            *byte = digit()? << 4 | digit()?;
        }
        (Self::from_random(bytes).0 == bytes).then_some(Self(bytes))
    }

    /// The bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; Self::BYTES] {
        &self.0
    }

    /// The one of these bytes, which a state has kept.
    #[cfg(feature = "serve")]
    pub(in crate::state) const fn from_bytes(bytes: [u8; Self::BYTES]) -> Self {
        Self(bytes)
    }
}

/// The value of a hexadecimal digit in lower case.
const fn value(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

/// The usual text of a UUID, in lower case (RFC 9562, section 4).
impl fmt::Display for MfaId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, byte) in self.0.iter().enumerate() {
            let hyphen = if matches!(place, 4 | 6 | 8 | 10) { "-" } else { "" };
            write!(f, "{hyphen}{byte:02x}")?;
        }
        Ok(())
    }
}

/// Whoever knows it may guess.
impl fmt::Debug for MfaId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MfaId(redacted)")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    // contract 14.1g: RFC 9562, appendix A.3.
    #[test]
    fn an_id_is_a_uuid_of_version_4() {
        let bytes = 0x9191_08f7_52d1_0320_1bac_f847_db41_48a8_u128.to_be_bytes();
        let text = "919108f7-52d1-4320-9bac-f847db4148a8";
        assert_eq!(MfaId::from_random(bytes).to_string(), text);
        assert_eq!(MfaId::parse(text), Some(MfaId::from_random(bytes)));
        for wrong in [
            "",
            "919108f752d143209bacf847db4148a8",
            "919108F7-52d1-4320-9bac-f847db4148a8",
            "919108f7-52d1-1320-9bac-f847db4148a8",
            "919108f7-52d1-4320-cbac-f847db4148a8",
            "919108f7-52d1-4320-9bac-f847db4148a",
            "919108f7-52d1-4320-9bac-f847db4148a8a",
            "{919108f7-52d1-4320-9bac-f847db4148a8}",
            "919108f7-52d14-320-9bac-f847db4148a8",
            "919108f7-52d1-4320-9bac-f847db4148-8",
            "919108f7-52d1-4320-9bac-f847db4148é",
        ] {
            assert_eq!(MfaId::parse(wrong), None, "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn a_text_is_that_of_one_id(bytes: [u8; MfaId::BYTES], text in ".{0,40}") {
            let id = MfaId::from_random(bytes);
            prop_assert_eq!(MfaId::parse(&id.to_string()), Some(id));
            if let Some(id) = MfaId::parse(&text) {
                prop_assert_eq!(id.to_string(), text);
            }
        }
    }
}
