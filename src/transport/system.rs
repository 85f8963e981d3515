//! The clock and the source of entropy of the machine.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::adapter::NoEntropy;
use crate::otp::{Secret, UnixTime};

/// The time of the system clock, or none where it stands before 1970.
pub fn time() -> Option<UnixTime> {
    SystemTime::now().duration_since(UNIX_EPOCH).ok().map(|since| UnixTime(since.as_secs()))
}

/// Random bytes of the operating system.
pub fn entropy(bytes: &mut [u8; Secret::GENERATED_BYTES]) -> Result<(), NoEntropy> {
    getrandom::fill(bytes).map_err(|_| NoEntropy)
}
