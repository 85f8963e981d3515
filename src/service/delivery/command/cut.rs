//! Takes a message out of what a command says of it (contract 13.2): commands repeat what they send, in other forms too. It knows
//! no command, and no encoding: who writes a text in Base64 shows it.

use memchr::memmem;

use super::super::{Confidential, Message};

/// What stands where something was.
const CUT: &str = "(cut)";
/// The fewest characters of a code or of a part of one.
const MIN_CODE: usize = 4;
/// The most digits of a country's code (E.164, section 6), which a number has not at home.
const MAX_COUNTRY: usize = 3;
/// The fewest digits of what is a number without the code of its country: shorter ones are in many texts.
const MIN_NATIONAL: usize = 7;

/// What a command said, on one line, without text, code, destination and sender: whatever stands between their characters, in
/// whatever case.
pub(super) fn without(words: &str, message: &Message) -> String {
    let plain = Plain::of(words);
    let mut is_cut = vec![false; words.len()];
    for needle in needles(message) {
        for start in memmem::find_iter(&plain.characters, &needle) {
            let (first, last) = (plain.places[start], plain.places[start + needle.len() - 1]);
            is_cut[first..=last].fill(true);
        }
    }
    let mut shown = String::new();
    let mut was_cut = false;
    for (at, c) in words.trim().char_indices().map(|(at, c)| (at + leading(words), c)) {
        match (is_cut[at], was_cut) {
            (true, false) => shown.push_str(CUT),
            (true, true) => {}
            (false, _) if c == '\n' => shown.push_str(" / "),
            (false, _) if c.is_control() => {}
            (false, _) => shown.push(c),
        }
        was_cut = is_cut[at];
    }
    shown
}

fn leading(words: &str) -> usize {
    words.len() - words.trim_start().len()
}

/// The letters and digits of a text in upper case, in their UTF-8, and where each byte of them stands.
struct Plain {
    characters: Vec<u8>,
    places: Vec<usize>,
}

impl Plain {
    fn of(text: &str) -> Self {
        let (mut characters, mut places) = (Vec::new(), Vec::new());
        for (at, c) in text.char_indices().filter(|(_, c)| c.is_alphanumeric()) {
            let mut bytes = [0; 4];
            let bytes = c.to_ascii_uppercase().encode_utf8(&mut bytes).as_bytes();
            characters.extend_from_slice(bytes);
            places.extend(at..at + bytes.len());
        }
        Self { characters, places }
    }
}

/// What must not be seen: the whole text, what looks like a code in it, and the numbers.
fn needles(message: &Message) -> Vec<Vec<u8>> {
    let text = message.text.reveal();
    let whole = [Some(&message.text), Some(&message.to), message.from.as_ref()];
    let whole = whole.into_iter().flatten().map(|text: &Confidential| Plain::of(text.reveal()).characters);
    let mut needles: Vec<Vec<u8>> = whole.filter(|needle| !needle.is_empty()).collect();
    needles.extend([Some(&message.to), message.from.as_ref()].into_iter().flatten().flat_map(national));
    let mut spelled = Vec::new();
    for word in text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()) {
        let plain = Plain::of(word).characters;
        if word.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase()) {
            // A code may be spelled, or written in groups.
            spelled.extend_from_slice(&plain);
        } else {
            needles.push(std::mem::take(&mut spelled));
        }
        if word.contains(|c: char| c.is_ascii_digit()) || plain == word.as_bytes() {
            needles.push(plain);
        }
    }
    needles.push(spelled);
    needles.retain(|needle| needle.len() >= MIN_CODE);
    needles
}

/// A telephone number as it may be at home: without the code of its country, whichever it is.
fn national(number: &Confidential) -> Vec<Vec<u8>> {
    let Some(digits) = number.reveal().strip_prefix('+') else { return Vec::new() };
    let without = (1..=MAX_COUNTRY).filter_map(|country| digits.get(country..));
    without.filter(|digits| digits.len() >= MIN_NATIONAL).map(|digits| digits.as_bytes().to_vec()).collect()
}

#[cfg(test)]
mod tests {
    use super::super::super::Channel;
    use super::*;

    fn message(text: &str) -> Message {
        Message {
            id: "7".to_owned(),
            channel: Channel::Sms,
            to: Confidential::new("+15551234567".to_owned()),
            from: Some(Confidential::new("+491701".to_owned())),
            text: Confidential::new(text.to_owned()),
        }
    }

    // contract 13.2d
    #[test]
    fn nothing_of_the_message_is_left() {
        let sms = message("Your code is: 081804");
        for (words, expected) in [
            ("error 30007: carrier", "error 30007: carrier"),
            ("sending Your code is: 081804 to +15551234567\n", "sending (cut) to +(cut)"),
            ("code=081804;", "code=(cut);"),
            ("081-804 or 0 8 1 8 0 4", "(cut) or (cut)"),
            ("to=%2B15551234567&from=%2B491701", "to=%2B(cut)&from=%2B(cut)"),
            ("(555) 123-4567 or 0555 1234567", "((cut) or 0(cut)"),
            ("1234567 and 551234567", "1234567 and (cut)"),
            ("+1 (555) 123-4567 is busy", "+(cut) is busy"),
            ("YOUR CODE IS\n081804", "(cut)"),
            ("two\nlines\u{1b}[31m\r\n", "two / lines[31m"),
            ("ä081804ö", "ä(cut)ö"),
            ("", ""),
        ] {
            assert_eq!(without(words, &sms), expected, "{words:?}");
        }
    }

    proptest::proptest! {
        #![proptest_config(proptest::test_runner::Config { failure_persistence: None, ..Default::default() })]

        // contract 13.2d
        #[test]
        fn no_code_is_left(before in "\\PC{0,20}", between in "[ \n.,:+()-]{0,2}", after in "\\PC{0,20}") {
            let said = format!("{before}{}{after}", ["0", "8", "1", "8", "0", "4"].join(&between));
            let left: String = without(&said, &message("Your code is: 081804")).chars().filter(char::is_ascii_digit).collect();
            proptest::prop_assert!(!left.contains("081804"), "{}", said);
        }
    }

    // contract 13.2d
    #[test]
    fn spelled_codes_and_letters() {
        let call = message("Your code is: 0, 8, 1, 8, 0, 4");
        assert_eq!(without("said 081804 and 0, 8, 1, 8, 0, 4.", &call), "said (cut) and (cut).");
        assert_eq!(without("say: QWERTZ", &message("Code: QWERTZ")), "say: (cut)");
        assert_eq!(without("say: q w e r t z", &message("Code: QWERTZ")), "say: (cut)");
        assert_eq!(without("A7K2", &message("is A7K2")), "(cut)");
        assert_eq!(without("123 456", &message("123 456")), "(cut)");
    }
}
