//! Any bytes as the body of a request for a code or about one, as JSON and as a form: every mistake is a sentence that says nothing
//! of the body, what is accepted is in its range, and, written anew in either form, asks for the same.

use std::collections::HashMap;

use serde::de::IgnoredAny;
use totp_adapter::service::config::{DestinationPrefix, Destinations, MfaLimits};
use totp_adapter::service::delivery::Channel;
use totp_adapter::service::fuzzing::{Asked, BodyFormat, BodyParameters, Code, ParameterError};

use super::words;

const FORMATS: [BodyFormat; 2] = [BodyFormat::Json, BodyFormat::Urlencoded];
const CHANNELS: [Channel; 2] = [Channel::Sms, Channel::Call];

// contract 14.1b, 14.1c, 14.1e, 14.1f
pub fn check(bytes: &[u8]) {
    let text = words::text(bytes);
    // What is not UTF-8 is refused; the rest is looked at as the fuzzer means it.
    let body = if std::str::from_utf8(bytes).is_ok() { text.as_bytes() } else { bytes };
    for format in FORMATS {
        let parameters = BodyParameters::read(body, format);
        check_second_opinion(body, format, parameters.as_ref().ok());
        match parameters {
            Ok(parameters) => check_parameters(&parameters),
            Err(mistake) => words::check(&mistake.0),
        }
    }
}

/// Other readers accept the same bodies, and find the same texts in forms.
#[allow(
    clippy::zero_sized_map_values,
    reason = "serde reads an object into a map only, and the names are what matters"
)]
fn check_second_opinion(body: &[u8], format: BodyFormat, parameters: Option<&BodyParameters<'_>>) {
    match format {
        BodyFormat::Json => {
            let is_object = serde_json::from_slice::<HashMap<String, IgnoredAny>>(body).is_ok();
            // The other reader does not look into what it passes over.
            assert_eq!(is_object && std::str::from_utf8(body).is_ok(), parameters.is_some());
        }
        BodyFormat::Urlencoded => {
            let pairs: Vec<_> = form_urlencoded::parse(body).collect();
            let Some(parameters) = parameters else {
                // The other reader makes something of every body, and a character also of bytes that are escaped in part.
                let is_broken = |text: &str| text.contains(['%', '\u{fffd}']);
                return assert!(
                    std::str::from_utf8(body).is_err()
                        || pairs.iter().any(|(name, value)| is_broken(name) || is_broken(value))
                );
            };
            for (name, value) in &pairs {
                let is_once = pairs.iter().filter(|(other, _)| other == name).count() == 1;
                assert_eq!(parameters.required_text(name).ok(), is_once.then_some(&**value));
            }
        }
    }
}

fn check_parameters(parameters: &BodyParameters<'_>) {
    for channel in CHANNELS {
        let widest = MfaLimits::default();
        match Asked::read(parameters, channel, &Destinations::All, &widest) {
            Ok(asked) => {
                check_ranges(&asked, &widest);
                check_written(&asked, channel);
            }
            Err(mistakes) => check_mistakes(&mistakes),
        }
        let narrow = MfaLimits { valid_for: 60, max_attempts: 2, token_length: 8, ..widest };
        let german = DestinationPrefix::parse("+49").expect("it is the beginning of a number");
        match Asked::read(parameters, channel, &Destinations::Prefixes([german].into()), &narrow) {
            Ok(asked) => {
                check_ranges(&asked, &narrow);
                assert!(asked.to.reveal().starts_with("+49"));
                assert!(Asked::read(parameters, channel, &Destinations::All, &widest).is_ok());
            }
            Err(mistakes) => check_mistakes(&mistakes),
        }
    }
    match parameters.required_text("token") {
        Ok(token) => check_typed(token),
        Err(mistake) => words::check(&mistake.0),
    }
}

fn check_mistakes(mistakes: &[ParameterError]) {
    const NAMES: [&str; 7] =
        ["to ", "from ", "message ", "token_length ", "valid_for ", "max_attempts ", "allow_alphas "];
    assert!((1..=NAMES.len()).contains(&mistakes.len()));
    for ParameterError(mistake) in mistakes {
        words::check(mistake);
        assert!(NAMES.iter().any(|name| mistake.starts_with(name)), "{mistake}");
    }
}

fn check_ranges(asked: &Asked, limits: &MfaLimits) {
    assert!((limits.token_length..=20).contains(&asked.token_length));
    assert!((1..=limits.valid_for).contains(&asked.valid_for));
    assert!((1..=limits.max_attempts).contains(&asked.max_attempts));
    assert!(!asked.message.reveal().is_empty() && asked.message.reveal().chars().count() <= 500);
}

/// What was read, written in both forms, is read as the same.
fn check_written(asked: &Asked, channel: Channel) {
    let numbers = [asked.token_length.to_string(), asked.valid_for.to_string(), asked.max_attempts.to_string()];
    let [length, seconds, attempts] = &numbers;
    let from = asked.from.as_ref().map_or("", |from| from.reveal());
    let members = [
        ("to", asked.to.reveal()),
        ("from", from),
        ("message", asked.message.reveal()),
        ("token_length", length),
        ("valid_for", seconds),
        ("max_attempts", attempts),
        ("allow_alphas", if asked.allow_alphas { "true" } else { "false" }),
    ];
    let json = serde_json::to_vec(&HashMap::from(members)).expect("texts are written as JSON");
    let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(members).finish();
    for (body, format) in [(json, BodyFormat::Json), (form.into_bytes(), BodyFormat::Urlencoded)] {
        let parameters = BodyParameters::read(&body, format).expect("it was written just now");
        let again = Asked::read(&parameters, channel, &Destinations::All, &MfaLimits::default());
        assert_eq!(again.map(|again| again.fingerprint()), Ok(asked.fingerprint()));
    }
}

/// What a person typed, typed as it was understood, is the same.
fn check_typed(token: &str) {
    let understood = Code::typed(token).map(|code| code.in_message("").to_string());
    assert_eq!(understood.is_none(), token.trim().is_empty());
    if let Some(code) = understood {
        assert!(!code[1..].contains(char::is_whitespace) && !code.contains(|c: char| c.is_ascii_lowercase()));
        assert_eq!(Code::typed(&code).map(|again| again.in_message("").to_string()), Some(code));
    }
}
