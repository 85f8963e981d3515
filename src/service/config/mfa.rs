//! `[mfa]`: who may have codes sent, by which deliveries, to whom and how often (contract 14). It sends none, and opens no state.

mod destinations;
mod key;

use std::ops::RangeInclusive;
use std::path::PathBuf;

pub use destinations::{DestinationPrefix, Destinations};
pub use key::{MfaKey, MfaKeyError};

use super::delivery::NamedDelivery;
use super::path_name::PathName;
use super::reader::Reader;
use super::secret::{SecretFile, secret_file};
use super::section::{Section, Value};
use crate::service::delivery::Channel;
use crate::state::Quota;

pub(super) const KEYS: &[&str] = &[
    "project",
    "token_file",
    "key_file",
    "sms",
    "call",
    "destinations",
    "sends",
    "guesses",
    "valid_for",
    "max_attempts",
    "token_length",
];

const EXPECTED_PROJECT: &str = "1 to 255 visible ASCII characters without a colon";
const MAX_PROJECT_BYTES: usize = 255;
const EXPECTED_DELIVERY: &str = "the name of a [[delivery]]";

/// `[mfa]`: codes that are sent to people, and verified once.
#[derive(Clone, Debug)]
pub struct Mfa {
    /// `project`: the name of the caller in HTTP Basic: 1 to 255 visible ASCII characters without a colon (RFC 7617, section 2).
    pub project: String,
    /// `token_file`: the caller's secret, at least 22 characters; read again on SIGHUP.
    pub token: SecretFile,
    /// `key_file`: the key that codes are kept under. It may be missing until the first start; [`Mfa::key`] makes it. It is not
    /// read again on SIGHUP: under another key no code that was sent would match.
    pub key_file: PathBuf,
    /// `sms` and `call`: the deliveries by which codes leave.
    pub channels: MfaChannels,
    /// `destinations`: where codes may be sent.
    pub destinations: Destinations,
    /// The other keys.
    pub limits: MfaLimits,
}

/// `sms` and `call`: the ways for a code to leave, at least one, each by the name of a delivery that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MfaChannels {
    /// `sms` alone.
    Sms(PathName),
    /// `call` alone.
    Call(PathName),
    /// Both, perhaps by the same delivery.
    Both {
        /// `sms`.
        sms: PathName,
        /// `call`.
        call: PathName,
    },
}

/// What a request may ask for at most or at least, and how often codes are sent and tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MfaLimits {
    /// `sends` and `guesses`: how often one destination may be used, by all channels and requests together.
    pub quota: Quota,
    /// `valid_for`: how many seconds a code is valid at most, whatever a request asks for: 1 to 604800. Default: 604800, a week.
    pub valid_for: u32,
    /// `max_attempts`: how many tries a code has at most, whatever a request asks for: 1 to 20. Default: 20.
    pub max_attempts: u8,
    /// `token_length`: how many characters a code has at least, whatever a request asks for: 4 to 20. Default: 4.
    pub token_length: u8,
}

impl Mfa {
    /// The key that codes are kept under. Where its file is missing, it is made, with mode 0600; of several instances that make
    /// it at once, all get the same one.
    ///
    /// # Errors
    ///
    /// [`MfaKeyError`] where the file cannot be used or made.
    pub fn key(&self) -> Result<MfaKey, MfaKeyError> {
        MfaKey::read_or_make(&self.key_file)
    }
}

impl MfaChannels {
    /// The name of the delivery for a channel, if codes leave by it.
    #[must_use]
    pub const fn delivery(&self, channel: Channel) -> Option<&PathName> {
        match (self, channel) {
            (Self::Sms(name) | Self::Both { sms: name, .. }, Channel::Sms)
            | (Self::Call(name) | Self::Both { call: name, .. }, Channel::Call) => Some(name),
            (Self::Sms(_), Channel::Call) | (Self::Call(_), Channel::Sms) => None,
        }
    }

    /// Whether codes leave by a delivery.
    pub(super) fn name(&self, delivery: &PathName) -> bool {
        Channel::ALL.into_iter().any(|channel| self.delivery(channel) == Some(delivery))
    }
}

impl MfaLimits {
    /// `valid_for` of a request, in seconds: a week (SignalWire's API).
    pub const VALID_FOR: RangeInclusive<u32> = 1..=604_800;
    /// `max_attempts` of a request.
    pub const MAX_ATTEMPTS: RangeInclusive<u8> = 1..=20;
    /// `token_length` of a request, in characters.
    pub const TOKEN_LENGTH: RangeInclusive<u8> = 4..=20;

    fn read(section: &Section<'_, '_>, reader: &mut Reader<'_>) -> Self {
        let default = Self::default();
        let mut number = |key, unit, range: RangeInclusive<u32>| {
            let expected = format!("a whole number of {unit} from {} to {}", range.start(), range.end());
            let range = u64::from(*range.start())..=u64::from(*range.end());
            let number = section.value(key).and_then(|value| value.number(range, &expected, reader));
            number.and_then(|number| u32::try_from(number).ok())
        };
        let small = |range: RangeInclusive<u8>| u32::from(*range.start())..=u32::from(*range.end());
        let sends = number("sends", "codes", 1..=Quota::MAX);
        let guesses = number("guesses", "wrong codes", 1..=Quota::MAX);
        let valid_for = number("valid_for", "seconds", Self::VALID_FOR);
        let max_attempts = number("max_attempts", "tries", small(Self::MAX_ATTEMPTS));
        let token_length = number("token_length", "characters", small(Self::TOKEN_LENGTH));
        let quota = Quota::new(sends.unwrap_or(default.quota.sends()), guesses.unwrap_or(default.quota.guesses()));
        let byte = |number: Option<u32>| number.and_then(|number| u8::try_from(number).ok());
        Self {
            quota: quota.unwrap_or(default.quota),
            valid_for: valid_for.unwrap_or(default.valid_for),
            max_attempts: byte(max_attempts).unwrap_or(default.max_attempts),
            token_length: byte(token_length).unwrap_or(default.token_length),
        }
    }
}

impl Default for MfaLimits {
    fn default() -> Self {
        Self {
            quota: Quota::default(),
            valid_for: *Self::VALID_FOR.end(),
            max_attempts: *Self::MAX_ATTEMPTS.end(),
            token_length: *Self::TOKEN_LENGTH.start(),
        }
    }
}

/// The section; its deliveries are among these.
pub(super) fn read(section: &Section<'_, '_>, deliveries: &[NamedDelivery], reader: &mut Reader<'_>) -> Option<Mfa> {
    let project = project(section, reader);
    let token = secret_file(section, "token_file", SecretFile::read_long, reader);
    let key_file = key::file(section, reader);
    let channels = channels(section, deliveries, reader);
    let destinations = destinations::read(section, reader);
    let limits = MfaLimits::read(section, reader);
    Some(Mfa { project: project?, token: token?, key_file: key_file?, channels: channels?, destinations, limits })
}

fn project(section: &Section<'_, '_>, reader: &mut Reader<'_>) -> Option<String> {
    let value = section.required("project", EXPECTED_PROJECT, reader)?;
    let text = value.text(EXPECTED_PROJECT, reader)?;
    if text.len() > MAX_PROJECT_BYTES || !text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b':') {
        value.expected(EXPECTED_PROJECT, reader);
        return None;
    }
    Some(text.to_owned())
}

fn channels(section: &Section<'_, '_>, known: &[NamedDelivery], reader: &mut Reader<'_>) -> Option<MfaChannels> {
    let (sms, call) = (section.value("sms"), section.value("call"));
    if sms.is_none() && call.is_none() {
        reader.absent(
            section.at,
            format!("mfa.sms and mfa.call are missing; expected {EXPECTED_DELIVERY} for one of them"),
        );
    }
    let mut name = |value: Option<Value<'_, '_>>| value.and_then(|value| delivery(&value, known, reader));
    match (name(sms), name(call)) {
        (Some(sms), Some(call)) => Some(MfaChannels::Both { sms, call }),
        (Some(sms), None) => Some(MfaChannels::Sms(sms)),
        (None, Some(call)) => Some(MfaChannels::Call(call)),
        (None, None) => None,
    }
}

/// The name of a delivery that is there, whatever is wrong with it.
fn delivery(value: &Value<'_, '_>, known: &[NamedDelivery], reader: &mut Reader<'_>) -> Option<PathName> {
    let text = value.text(EXPECTED_DELIVERY, reader)?;
    let delivery = known.iter().find(|delivery| delivery.name.as_str() == text);
    if delivery.is_none() {
        reader.absent(value.at, format!("expected {EXPECTED_DELIVERY} for {}", value.name()));
    }
    delivery.map(|delivery| delivery.name.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn channels_have_the_deliveries_that_are_named() {
        let [a, b, c] = ["a", "b", "c"].map(|name| PathName::parse(name).unwrap());
        let both = MfaChannels::Both { sms: a.clone(), call: b.clone() };
        for (channels, sms, call) in [
            (MfaChannels::Sms(a.clone()), Some(&a), None),
            (MfaChannels::Call(b.clone()), None, Some(&b)),
            (both.clone(), Some(&a), Some(&b)),
        ] {
            assert_eq!((channels.delivery(Channel::Sms), channels.delivery(Channel::Call)), (sms, call));
        }
        assert!(both.name(&a) && both.name(&b) && !both.name(&c));
    }
}
