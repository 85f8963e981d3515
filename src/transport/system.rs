//! The clock and the source of entropy of the machine.

use std::cell::OnceCell;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

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

/// How long one picture is looked at: what takes longer has no code that a person would see.
const PATIENCE: Duration = Duration::from_millis(600);

/// Whether there is time left; the time begins with the first question.
pub fn patience() -> impl Fn() -> bool {
    let begin = OnceCell::new();
    move || begin.get_or_init(Instant::now).elapsed() < PATIENCE
}
