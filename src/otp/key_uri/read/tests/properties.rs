//! What holds for every text.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::super::super::{Label, key_uri};
use super::*;

/// Names of all kinds, weighted towards what has a meaning in a URI.
fn name() -> impl Strategy<Value = String> {
    let special = select(vec![' ', ':', '+', ';', '%', '&', '=', '#', '?', '/', '\u{fffd}', 'ä', '2', '0']);
    let character = prop_oneof![special, any::<char>().prop_filter("allowed", |c| !c.is_control())];
    vec(character, 0..12).prop_map(String::from_iter)
}

/// Issuers, among them those that mean something and those that an account could begin with.
fn issuer() -> impl Strategy<Value = String> {
    let known = select(vec!["", "Steam", "a", " ", "digits=8", "&amp;"]).prop_map(str::to_owned);
    prop_oneof![1 => known, 3 => name().prop_map(|name| name.replace(':', "a"))]
}

/// Every algorithm, number of digits and period.
fn codes() -> impl Strategy<Value = CodeParameters> {
    let period = prop_oneof![Just(30), 1..=u32::MAX];
    (select(&Algorithm::ALL), select(&Digits::ALL), period).prop_map(|(algorithm, digits, period)| CodeParameters {
        algorithm,
        digits,
        period: period.to_string().parse().unwrap(),
    })
}

/// Texts like key URIs: sound pieces in any order.
fn nearly_key_uri() -> impl Strategy<Value = String> {
    const PIECES: &[&str] = &[
        "otpauth://",
        "totp/",
        "hotp/",
        "otpauth://totp/",
        "A:me",
        "?",
        "&",
        "=",
        "#",
        "%",
        "%3A",
        "%F",
        "%ff",
        "+",
        " ",
        "secret=",
        "secret=MZXW6YTB",
        "issuer=A",
        "algorithm=SHA1",
        "digits=",
        "period=",
        "encoder=steam",
        "&amp;",
        "&#38;",
        ";",
        "digits=8",
        "2step=1",
        "6",
        "\u{0}",
        "é",
    ];
    let piece = prop_oneof![8 => select(PIECES).prop_map(str::to_owned), 1 => any::<String>()];
    (any::<bool>(), vec(piece, 0..12)).prop_map(|(is_sound, pieces)| {
        let start = if is_sound { "otpauth://totp/A:me?secret=MZXW6YTB&" } else { "" };
        start.to_owned() + &pieces.concat()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    // contract 4.1a, 4.5g, 4.5h: what is read is what was written, for every name that is drawn.
    #[test]
    fn reads_what_is_written(
        key in vec(any::<u8>(), 1..40), issuer in issuer(), account in name(), code in codes(),
    ) {
        let secret = Secret::from_base32(&data_encoding::BASE32_NOPAD.encode(&key)).unwrap();
        let Ok(label) = Label::new(Some(issuer.as_bytes()), Some(account.as_bytes())) else { return Ok(()) };
        let written = key_uri(&secret, &label, code);
        let read = KeyUri::parse(&written).unwrap();
        prop_assert_eq!(read.secret.as_bytes(), &key);
        prop_assert_eq!(read.parameters, code);
        prop_assert_eq!(read.issuer.as_deref(), Some(issuer.as_str()).filter(|issuer| !issuer.is_empty()));
        prop_assert_eq!(read.account.as_deref(), Some(account.as_str()));
    }

    // contract 4.5k
    #[test]
    fn any_text_is_read_or_refused(text in prop_oneof![any::<String>(), nearly_key_uri()]) {
        if let Err(error) = KeyUri::parse(&text) {
            let words = error.to_string();
            prop_assert!(words.starts_with(char::is_lowercase) && !words.ends_with('.'), "{words}");
        }
    }

    // contract 1.6c, 4.5k: no message has a piece of the secret or of the names in it, wherever the mistake is.
    #[test]
    fn no_error_quotes_the_text(key in vec(any::<u8>(), 15..40), mistakes in nearly_key_uri(), place in 0..200usize) {
        let base32 = data_encoding::BASE32_NOPAD.encode(&key);
        let mut text = format!("otpauth://totp/Zaphod:Trillian?secret={base32}&issuer=Zaphod&digits=6&period=30");
        text.insert_str(place.min(text.len()), &mistakes);
        if let Err(error) = KeyUri::parse(&text) {
            for words in [error.to_string(), format!("{error:?}")] {
                prop_assert!(!words.contains("Zaphod") && !words.contains("Trillian"), "{words}");
                prop_assert!(!base32.as_bytes().windows(8).any(|piece| words.contains(str::from_utf8(piece).unwrap())), "{words}");
            }
        }
    }
}
