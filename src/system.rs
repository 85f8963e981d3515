//! What the machine provides to every way in: its clocks, its entropy, its files, whom it trusts.

use std::cell::OnceCell;
use std::fs::File;
use std::io;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::adapter::EntropyError;
use crate::otp::{Secret, UnixTime};

/// The time of the system clock, or none where it stands before 1970.
#[must_use]
pub fn time() -> Option<UnixTime> {
    SystemTime::now().duration_since(UNIX_EPOCH).ok().map(|since| UnixTime(since.as_secs()))
}

/// Random bytes of the operating system.
pub fn entropy(bytes: &mut [u8; Secret::GENERATED_BYTES]) -> Result<(), EntropyError> {
    getrandom::fill(bytes).map_err(|_| EntropyError)
}

/// The same in seconds since 1970, as a state keeps times.
#[cfg(feature = "serve")]
#[must_use]
pub(crate) fn seconds() -> Option<i64> {
    i64::try_from(time()?.0).ok()
}

/// The authorities that the system trusts.
#[cfg(feature = "serve")]
#[must_use]
pub(crate) fn roots() -> rustls::RootCertStore {
    let mut roots = rustls::RootCertStore::empty();
    // Of a system's hundred some may be unreadable or of a kind that is not supported.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    roots
}

/// Opens a file without waiting for the other end of a named pipe.
#[cfg(unix)]
pub fn open(input: &Path) -> io::Result<File> {
    use rustix::fs::OFlags;
    use std::os::unix::fs::OpenOptionsExt;
    let flags = OFlags::NONBLOCK | OFlags::NOCTTY;
    let flags = i32::try_from(flags.bits()).expect("the flags of open(2) are small");
    File::options().read(true).custom_flags(flags).open(input)
}

/// Opens a file.
#[cfg(windows)]
pub fn open(input: &Path) -> io::Result<File> {
    File::open(input)
}

/// How long the processor searches one picture: what takes longer has no code that a person would see. Beside it, a second
/// has room to decode the largest.
const PATIENCE: Duration = Duration::from_millis(600);

/// Whether there is time left for a picture; the time begins with the first question, which the same thread asks.
pub fn patience() -> impl Fn() -> bool {
    patience_by(processor_time)
}

/// The same by any clock.
fn patience_by(clock: impl Fn() -> Duration) -> impl Fn() -> bool {
    let begin = OnceCell::new();
    move || clock().saturating_sub(*begin.get_or_init(&clock)) < PATIENCE
}

/// The time that the processor has worked for this thread. That of the clock would make a picture unreadable because the
/// machine is busy with others.
#[cfg(unix)]
fn processor_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::try_from(time).unwrap_or(Duration::MAX)
}

/// The time of the clock, where that of the processor takes code that is not safe.
#[cfg(not(unix))]
fn processor_time() -> Duration {
    static START: std::sync::LazyLock<std::time::Instant> = std::sync::LazyLock::new(std::time::Instant::now);
    START.elapsed()
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    // contract 9.3a: half a second is left for every picture, however late the first question; a second never is.
    #[test]
    fn patience_is_a_part_of_a_second() {
        let now = Cell::new(Duration::from_secs(1000));
        let has_time = patience_by(|| now.get());
        now.set(now.get() + Duration::from_secs(5));
        assert!(has_time());
        now.set(now.get() + Duration::from_millis(500));
        assert!(has_time());
        now.set(now.get() + Duration::from_millis(500));
        assert!(!has_time());
    }

    // contract 9.3a: others on the same machine take none of it.
    #[cfg(unix)]
    #[test]
    fn a_thread_that_waits_uses_no_time() {
        let (begin, waits) = (processor_time(), Duration::from_millis(100));
        std::thread::sleep(waits);
        assert!(processor_time().saturating_sub(begin) < waits);
    }
}
