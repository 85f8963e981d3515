//! What a request for a code asks for (contract 14.1): from JSON or a form to values in their ranges, or every mistake at once. It
//! knows neither HTTP nor where a code goes.

use std::collections::HashMap;
use std::fmt;
use std::ops::RangeInclusive;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::message;
use crate::service::PhoneNumber;
use crate::service::config::{Destinations, MfaLimits};
use crate::service::delivery::{Channel, Confidential};
use crate::service::http::query::decoded;

/// What is asked for. It is not `Debug`: it has a telephone number.
pub struct Asked {
    /// Whom the code is for.
    pub to: PhoneNumber,
    /// Whom it is from.
    pub from: Option<PhoneNumber>,
    /// What stands before the code.
    pub message: Confidential,
    /// How many characters the code has.
    pub token_length: u8,
    /// How many seconds it is valid.
    pub valid_for: u32,
    /// How often it may be tried.
    pub max_attempts: u8,
    /// Whether it has letters, too.
    pub allow_alphas: bool,
}

/// What is wrong with one parameter, in words that repeat nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParameterError(pub String);

const DEFAULT_MESSAGE: &str = "Your Personal Authorization Code is:";
/// What is expected of a parameter that came more than once.
const ONCE: &str = "there once";
const DEFAULT_TOKEN_LENGTH: u8 = 6;
const DEFAULT_VALID_FOR: u32 = 3600;
const DEFAULT_MAX_ATTEMPTS: u8 = 3;

/// How a body is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyFormat {
    /// A JSON object.
    Json,
    /// `application/x-www-form-urlencoded`.
    Urlencoded,
}

/// The parameters of a body by their names, whatever they are.
pub struct BodyParameters<'a>(HashMap<String, FieldValue<'a>>);

/// A parameter as it came.
enum FieldValue<'a> {
    /// A text: of a form, or of JSON.
    Text(Zeroizing<String>),
    /// Something else of JSON.
    Json(&'a RawValue),
    /// It came more than once.
    Repeated,
}

/// The members of a JSON object in their order, each as often as it came: a map would keep the last one alone.
struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(MembersVisitor)
    }
}

struct MembersVisitor;

impl<'de> Visitor<'de> for MembersVisitor {
    type Value = Members<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(Members(members))
    }
}

impl<'a> BodyParameters<'a> {
    /// Takes a body apart.
    ///
    /// # Errors
    ///
    /// [`ParameterError`] where it has not this format.
    pub fn read(body: &'a [u8], format: BodyFormat) -> Result<Self, ParameterError> {
        match format {
            BodyFormat::Json => Self::of_json(body),
            BodyFormat::Urlencoded => Self::of_form(body),
        }
    }

    fn of_json(body: &'a [u8]) -> Result<Self, ParameterError> {
        let Members(members) =
            serde_json::from_slice(body).map_err(|_| ParameterError("expected a JSON object as body".to_owned()))?;
        let given = |value: &'a RawValue| match serde_json::from_str(value.get()) {
            Ok(text) => FieldValue::Text(Zeroizing::new(text)),
            Err(_) => FieldValue::Json(value),
        };
        let present = members.into_iter().filter(|(_, value)| value.get() != "null");
        Ok(Self::of_pairs(present.map(|(name, value)| (name, given(value)))))
    }

    fn of_form(body: &'a [u8]) -> Result<Self, ParameterError> {
        let broken = || ParameterError("expected a form in UTF-8 as body".to_owned());
        let form = std::str::from_utf8(body).map_err(|_| broken())?;
        let text = |text| decoded(text).ok().and_then(|bytes| String::from_utf8(bytes.into_owned()).ok());
        let pairs = form.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Ok((text(name).ok_or_else(broken)?, FieldValue::Text(Zeroizing::new(text(value).ok_or_else(broken)?))))
        });
        Ok(Self::of_pairs(pairs.collect::<Result<Vec<_>, _>>()?))
    }

    fn of_pairs(pairs: impl IntoIterator<Item = (String, FieldValue<'a>)>) -> Self {
        let mut parameters = HashMap::new();
        for (name, given) in pairs {
            parameters.entry(name).and_modify(|given| *given = FieldValue::Repeated).or_insert(given);
        }
        Self(parameters)
    }

    /// The text of a parameter that has to be there.
    ///
    /// # Errors
    ///
    /// [`ParameterError`] where it is absent, no text, or there more than once.
    pub fn required_text(&self, name: &str) -> Result<&str, ParameterError> {
        match self.0.get(name) {
            Some(FieldValue::Text(text)) => Ok(text),
            Some(FieldValue::Json(_)) => Err(ParameterError(format!("{name} must be a text"))),
            Some(FieldValue::Repeated) => Err(ParameterError(format!("{name} must be {ONCE}"))),
            None => Err(ParameterError(format!("{name} is required"))),
        }
    }
}

/// Reads the parameters one after the other, and goes on after a mistake.
struct FieldReader<'a, 'b> {
    parameters: &'b BodyParameters<'a>,
    mistakes: Vec<ParameterError>,
}

impl Asked {
    /// Reads what a request asks for.
    ///
    /// # Errors
    ///
    /// All mistakes, in the order of the parameters.
    pub fn read(
        parameters: &BodyParameters<'_>,
        channel: Channel,
        destinations: &Destinations,
        limits: &MfaLimits,
    ) -> Result<Self, Vec<ParameterError>> {
        let mut reader = FieldReader { parameters, mistakes: Vec::new() };
        let to = reader.destination(destinations);
        let from = reader.number("from");
        let message = reader.message(channel);
        let length = reader.small("token_length", limits.token_length..=*MfaLimits::TOKEN_LENGTH.end());
        let valid_for = reader.whole("valid_for", *MfaLimits::VALID_FOR.start()..=limits.valid_for);
        let max_attempts = reader.small("max_attempts", *MfaLimits::MAX_ATTEMPTS.start()..=limits.max_attempts);
        let allow_alphas = reader.boolean("allow_alphas");
        match to {
            Some(to) if reader.mistakes.is_empty() => Ok(Self {
                to,
                from,
                message,
                token_length: length.unwrap_or(DEFAULT_TOKEN_LENGTH.max(limits.token_length)),
                valid_for: valid_for.unwrap_or(DEFAULT_VALID_FOR.min(limits.valid_for)),
                max_attempts: max_attempts.unwrap_or(DEFAULT_MAX_ATTEMPTS.min(limits.max_attempts)),
                allow_alphas: allow_alphas.unwrap_or(false),
            }),
            Some(_) | None => Err(reader.mistakes),
        }
    }

    /// What tells this request from others with the same Idempotency-Key.
    #[must_use]
    pub fn fingerprint(&self) -> [u8; 32] {
        let numbers = format!("{} {} {} {}", self.token_length, self.valid_for, self.max_attempts, self.allow_alphas);
        let from = self.from.as_ref().map_or("", PhoneNumber::reveal);
        let mut hash = Sha256::new();
        for part in [self.to.reveal(), from, self.message.reveal(), &numbers] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        hash.finalize().into()
    }
}

impl FieldReader<'_, '_> {
    fn wrong(&mut self, name: &str, expected: &str) {
        self.mistakes.push(ParameterError(format!("{name} must be {expected}")));
    }

    /// The text of a parameter; an empty one counts as absent.
    fn text(&mut self, name: &str) -> Option<Zeroizing<String>> {
        match self.parameters.0.get(name)? {
            FieldValue::Text(text) => Some(text.clone()).filter(|text| !text.is_empty()),
            FieldValue::Json(_) => {
                self.wrong(name, "a text");
                None
            }
            FieldValue::Repeated => {
                self.wrong(name, ONCE);
                None
            }
        }
    }

    /// A telephone number.
    fn number(&mut self, name: &str) -> Option<PhoneNumber> {
        let text = self.text(name)?;
        let number = PhoneNumber::parse(&text);
        if number.is_none() {
            self.wrong(name, PhoneNumber::EXPECTED);
        }
        number
    }

    fn destination(&mut self, destinations: &Destinations) -> Option<PhoneNumber> {
        let is_given = self
            .parameters
            .0
            .get("to")
            .is_some_and(|given| !matches!(given, FieldValue::Text(text) if text.is_empty()));
        if !is_given {
            self.mistakes.push(ParameterError("to is required".to_owned()));
            return None;
        }
        let to = self.number("to")?;
        if !destinations.include(&to) {
            self.wrong("to", "a telephone number that this service may send to");
            return None;
        }
        Some(to)
    }

    fn message(&mut self, channel: Channel) -> Confidential {
        let message = self.text("message").unwrap_or_else(|| Zeroizing::new(DEFAULT_MESSAGE.to_owned()));
        if !message::fits(&message, channel) {
            let expected = match channel {
                Channel::Sms => "at most 160 characters of GSM 7-bit, or 70 others",
                Channel::Call => "at most 500 characters",
            };
            self.wrong("message", expected);
        }
        Confidential::new(message)
    }

    /// A whole number, or its text.
    fn whole(&mut self, name: &str, range: RangeInclusive<u32>) -> Option<u32> {
        let digits = match self.parameters.0.get(name)? {
            FieldValue::Text(text) if text.is_empty() => return None,
            FieldValue::Text(text) => Some(text.as_str()),
            FieldValue::Json(value) => Some(value.get()),
            FieldValue::Repeated => {
                self.wrong(name, ONCE);
                return None;
            }
        };
        let is_number = |digits: &&str| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        let number = digits.filter(is_number).and_then(|digits| digits.parse().ok()).filter(|n| range.contains(n));
        if number.is_none() {
            self.wrong(name, &format!("a whole number from {} to {}", range.start(), range.end()));
        }
        number
    }

    /// A whole number of one byte, or its text.
    fn small(&mut self, name: &str, range: RangeInclusive<u8>) -> Option<u8> {
        let number = self.whole(name, (*range.start()).into()..=(*range.end()).into())?;
        u8::try_from(number).ok()
    }

    /// A boolean, or its text.
    fn boolean(&mut self, name: &str) -> Option<bool> {
        let text = match self.parameters.0.get(name)? {
            FieldValue::Text(text) if text.is_empty() => return None,
            FieldValue::Text(text) => text.as_str(),
            FieldValue::Json(value) => value.get(),
            FieldValue::Repeated => {
                self.wrong(name, ONCE);
                return None;
            }
        };
        match text {
            "true" => Some(true),
            "false" => Some(false),
            _ => {
                self.wrong(name, "true or false");
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::config::DestinationPrefix;

    fn read(body: &str, format: BodyFormat) -> Result<Asked, Vec<String>> {
        read_within(body, format, &Destinations::All, &MfaLimits::default())
    }

    fn read_within(
        body: &str,
        format: BodyFormat,
        to: &Destinations,
        limits: &MfaLimits,
    ) -> Result<Asked, Vec<String>> {
        let texts = |mistakes: Vec<ParameterError>| mistakes.into_iter().map(|mistake| mistake.0).collect::<Vec<_>>();
        let parameters = BodyParameters::read(body.as_bytes(), format).map_err(|mistake| vec![mistake.0])?;
        Asked::read(&parameters, Channel::Sms, to, limits).map_err(texts)
    }

    fn shown(asked: &Asked) -> String {
        let Asked { to, from, message, token_length, valid_for, max_attempts, allow_alphas } = asked;
        let from = from.as_ref().map_or("-", PhoneNumber::reveal);
        format!(
            "{} {from} {:?} {token_length} {valid_for} {max_attempts} {allow_alphas}",
            to.reveal(),
            message.reveal()
        )
    }

    // contract 14.1b, 14.1c: JSON and forms, numbers and their texts, defaults.
    #[test]
    fn what_is_asked_for() {
        let usual = r#"+15551234567 - "Your Personal Authorization Code is:" 6 3600 3 false"#;
        let all = r#"+15551234567 +4930123456 "Code:" 20 604800 20 true"#;
        for (body, format, expected) in [
            (r#"{"to":"+15551234567"}"#, BodyFormat::Json, usual),
            ("to=%2B15551234567", BodyFormat::Urlencoded, usual),
            ("to=%2B15551234567&from=&message=&token_length=&allow_alphas=", BodyFormat::Urlencoded, usual),
            (r#"{"to":"+15551234567","from":null,"valid_for":null,"other":[1]}"#, BodyFormat::Json, usual),
            (
                r#"{"to":"+15551234567","from":"+4930123456","message":"Code:","token_length":20,"valid_for":604800,"max_attempts":20,"allow_alphas":true}"#,
                BodyFormat::Json,
                all,
            ),
            (
                r#"{"to":"+15551234567","from":"+4930123456","message":"Code:","token_length":"20","valid_for":"604800","max_attempts":"20","allow_alphas":"true"}"#,
                BodyFormat::Json,
                all,
            ),
            (
                "to=%2B15551234567&from=%2B4930123456&message=Code%3A&token_length=20&valid_for=604800&max_attempts=20&allow_alphas=true&x=1&x=2",
                BodyFormat::Urlencoded,
                all,
            ),
        ] {
            assert_eq!(shown(&read(body, format).ok().unwrap()), expected, "{body}");
        }
    }

    // contract 14.1c: all mistakes at once; none of them repeats what came.
    #[test]
    fn mistakes() {
        let wrong = |body, format| read(body, format).err().unwrap().join("; ");
        for body in ["", "[]", "1", "{", "{\"to\":\"+15551234567\"}x", "\u{feff}{}"] {
            assert_eq!(wrong(body, BodyFormat::Json), "expected a JSON object as body", "{body}");
        }
        assert_eq!(wrong("to=%zz", BodyFormat::Urlencoded), "expected a form in UTF-8 as body");
        assert_eq!(wrong("to=%ff", BodyFormat::Urlencoded), "expected a form in UTF-8 as body");
        let number = "must be a telephone number in E.164, such as +15551234567";
        for (body, expected) in [
            ("{}", "to is required".to_owned()),
            (r#"{"to":""}"#, "to is required".to_owned()),
            (r#"{"to":null}"#, "to is required".to_owned()),
            (r#"{"to":15551234567}"#, "to must be a text".to_owned()),
            (r#"{"to":"+15551234567","\u0074o":"+15551234568"}"#, "to must be there once".to_owned()),
            (r#"{"to":"15551234567"}"#, format!("to {number}")),
            (r#"{"to":"+0551234567"}"#, format!("to {number}")),
            (r#"{"to":"+1555123456789012"}"#, format!("to {number}")),
            (r#"{"to":"+1 555 1234567"}"#, format!("to {number}")),
            (r#"{"to":"+","from":"hunter2"}"#, format!("to {number}; from {number}")),
            (
                r#"{"message":7,"token_length":3,"valid_for":0,"max_attempts":21,"allow_alphas":1}"#,
                "to is required; message must be a text; token_length must be a whole number from 4 to 20; valid_for must be a whole number from 1 to 604800; max_attempts must be a whole number from 1 to 20; allow_alphas must be true or false".to_owned(),
            ),
            (
                r#"{"to":"+15551234567","token_length":21,"valid_for":604801,"max_attempts":1.5,"allow_alphas":"yes"}"#,
                "token_length must be a whole number from 4 to 20; valid_for must be a whole number from 1 to 604800; max_attempts must be a whole number from 1 to 20; allow_alphas must be true or false".to_owned(),
            ),
        ] {
            assert_eq!(wrong(body, BodyFormat::Json), expected, "{body}");
        }
        let twice = "to=%2B15551234567&to=%2B15551234567&max_attempts=3&max_attempts=3";
        assert_eq!(wrong(twice, BodyFormat::Urlencoded), "to must be there once; max_attempts must be there once");
        let long = format!(r#"{{"to":"+15551234567","message":"{}"}}"#, "x".repeat(161));
        assert_eq!(wrong(&long, BodyFormat::Json), "message must be at most 160 characters of GSM 7-bit, or 70 others");
    }

    // contract 14.1f: the configuration's ceilings; a default beyond one is the ceiling.
    #[test]
    fn ceilings_of_the_configuration() {
        let prefixes = ["+49", "+41"].map(|prefix| DestinationPrefix::parse(prefix).unwrap());
        let to = Destinations::Prefixes(prefixes.into());
        let limits = MfaLimits { valid_for: 60, max_attempts: 2, token_length: 8, ..MfaLimits::default() };
        let read = |body| read_within(body, BodyFormat::Json, &to, &limits);
        let asked = read(r#"{"to":"+4930123456"}"#).ok().unwrap();
        assert!(shown(&asked).ends_with(" 8 60 2 false"));
        let wrong = read(r#"{"to":"+15551234567","token_length":7,"valid_for":61,"max_attempts":3}"#);
        assert_eq!(
            wrong.err().unwrap().join("; "),
            "to must be a telephone number that this service may send to; token_length must be a whole number from 8 to 20; valid_for must be a whole number from 1 to 60; max_attempts must be a whole number from 1 to 2"
        );
    }

    // contract 14.3g
    #[test]
    fn fingerprints_tell_requests_apart() {
        let fingerprint = |body: &str| read(body, BodyFormat::Json).ok().unwrap().fingerprint();
        let first = fingerprint(r#"{"to":"+15551234567"}"#);
        assert_eq!(first, fingerprint(r#"{"token_length":"6","to":"+15551234567","x":1}"#));
        for other in [
            r#"{"to":"+15551234568"}"#,
            r#"{"to":"+15551234567","from":"+15551234567"}"#,
            r#"{"to":"+15551234567","message":"Code:"}"#,
            r#"{"to":"+15551234567","token_length":7}"#,
            r#"{"to":"+15551234567","valid_for":7}"#,
            r#"{"to":"+15551234567","max_attempts":7}"#,
            r#"{"to":"+15551234567","allow_alphas":true}"#,
        ] {
            assert_ne!(first, fingerprint(other), "{other}");
        }
    }
}
