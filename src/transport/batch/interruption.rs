//! SIGINT and SIGTERM: the first asks for an orderly end, a later one ends the process (contract 6.6).

use std::io;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

/// What a shell adds to the number of a signal.
const SIGNALLED: i32 = 128;
/// How long further signals count as the first: whoever ends a process with its group, as `timeout` does, sends it two.
const ONE_REQUEST: Duration = Duration::from_secs(1);

/// Whether an end has been asked for, and by which signal.
#[derive(Clone, Default)]
pub struct Interruption {
    signal: Arc<AtomicUsize>,
    /// Whether the next signal ends the process.
    is_last: Arc<AtomicBool>,
    first: OnceLock<Instant>,
}

impl Interruption {
    /// Watches for signals from now on. Until there is work, the first one ends the process: whatever it waits for, there
    /// is nothing to put in order.
    pub fn watch(&self) -> io::Result<()> {
        self.is_last.store(true, Ordering::Relaxed);
        for signal in [SIGINT, SIGTERM] {
            flag::register_conditional_shutdown(signal, SIGNALLED + signal, Arc::clone(&self.is_last))?;
            let number = usize::try_from(signal).expect("the number of a signal is positive");
            flag::register_usize(signal, Arc::clone(&self.signal), number)?;
        }
        Ok(())
    }

    /// From now on there is something to put in order.
    pub fn begin_work(&self) {
        self.is_last.store(false, Ordering::Relaxed);
    }

    /// Whether an end has been asked for.
    pub fn is_asked_for(&self) -> bool {
        self.signal.load(Ordering::Relaxed) > 0
    }

    /// The same for whoever waits for the end, and asks again and again: some time after the first signal the next one is
    /// the last.
    pub fn is_awaited(&self) -> bool {
        let is_asked_for = self.is_asked_for();
        if is_asked_for && self.first.get_or_init(Instant::now).elapsed() >= ONE_REQUEST {
            self.is_last.store(true, Ordering::Relaxed);
        }
        is_asked_for
    }

    /// The exit code of a run that was interrupted.
    pub fn exit_code(&self) -> Option<i32> {
        match i32::try_from(self.signal.load(Ordering::Relaxed)) {
            Ok(signal) if signal > 0 => Some(SIGNALLED + signal),
            Ok(_) | Err(_) => None,
        }
    }
}
