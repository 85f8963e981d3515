//! `[verification]` (contract 15): the ranges and defaults are those of the types that hold its values.

use super::reader::Reader;
use super::section::Section;
use crate::otp::Skew;
use crate::state::Policy;

pub(super) const KEYS: &[&str] = &["skew", "one_time", "attempts", "lock_after"];

/// `skew`, and the others.
pub(super) fn read(section: &Section<'_, '_>, reader: &mut Reader<'_>) -> (Skew, Policy) {
    let default = Policy::default();
    let skew = section.value("skew").and_then(|value| value.parsed(reader));
    let one_time = section.value("one_time").and_then(|value| value.boolean(reader));
    let attempts = section.value("attempts").and_then(|value| value.parsed(reader));
    let lock_after = section.value("lock_after").and_then(|value| value.parsed(reader));
    let policy = Policy {
        one_time: one_time.unwrap_or(default.one_time),
        attempts: attempts.unwrap_or(default.attempts),
        lock_after: lock_after.unwrap_or(default.lock_after),
    };
    (skew.unwrap_or_default(), policy)
}
