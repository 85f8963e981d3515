//! How long a message may be: a text message carries 160 characters of GSM 7-bit, or 70 others (3GPP TS 23.038, section 6.2.1).

use crate::service::delivery::Channel;

/// The characters that take one place in the GSM 7-bit default alphabet.
const GSM: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§\
    ¿abcdefghijklmnopqrstuvwxyzäöñüà";
/// Those of its extension, which take two.
const GSM_EXTENSION: &str = "\u{c}^{}\\[~]|€";
const MAX_GSM: usize = 160;
const MAX_OTHERS: usize = 70;
const MAX_CALL: usize = 500;

/// Whether a message is short enough for its way.
#[must_use]
pub fn fits(message: &str, channel: Channel) -> bool {
    match channel {
        Channel::Call => message.chars().count() <= MAX_CALL,
        Channel::Sms => match message.chars().map(septets).sum::<Option<usize>>() {
            Some(septets) => septets <= MAX_GSM,
            None => message.encode_utf16().count() <= MAX_OTHERS,
        },
    }
}

/// How many places a character takes; none where it is not in the alphabet.
fn septets(character: char) -> Option<usize> {
    if GSM.contains(character) {
        Some(1)
    } else if GSM_EXTENSION.contains(character) {
        Some(2)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // contract 14.1d
    #[test]
    fn the_longest_messages() {
        for (unit, channel, longest) in [
            ("a", Channel::Sms, 160),
            ("ä", Channel::Sms, 160),
            ("€", Channel::Sms, 80),
            ("[", Channel::Sms, 80),
            ("ç", Channel::Sms, 70),
            ("я", Channel::Sms, 70),
            ("\u{1f511}", Channel::Sms, 35),
            ("a", Channel::Call, 500),
            ("\u{1f511}", Channel::Call, 500),
        ] {
            assert!(fits(&unit.repeat(longest), channel), "{unit}");
            assert!(!fits(&unit.repeat(longest + 1), channel), "{unit}");
        }
        // One other character makes the whole message one of others.
        assert!(fits(&format!("{}я", "a".repeat(69)), Channel::Sms));
        assert!(!fits(&format!("{}я", "a".repeat(70)), Channel::Sms));
        assert_eq!(GSM.chars().count(), 127);
        assert!(fits("", Channel::Sms));
    }
}
