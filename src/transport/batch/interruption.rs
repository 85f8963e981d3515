//! SIGINT and SIGTERM: the first asks for an orderly end, the second ends the process (contract 6.6).

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

/// What a shell adds to the number of a signal.
const SIGNALLED: i32 = 128;

/// Whether an end has been asked for, and by which signal.
#[derive(Clone, Default)]
pub struct Interruption(Arc<AtomicUsize>);

impl Interruption {
    /// Watches for signals from now on.
    pub fn watch(&self) -> io::Result<()> {
        let again = Arc::new(AtomicBool::new(false));
        for signal in [SIGINT, SIGTERM] {
            flag::register_conditional_shutdown(signal, SIGNALLED + signal, Arc::clone(&again))?;
            flag::register(signal, Arc::clone(&again))?;
            let number = usize::try_from(signal).expect("the number of a signal is positive");
            flag::register_usize(signal, Arc::clone(&self.0), number)?;
        }
        Ok(())
    }

    /// Whether an end has been asked for.
    pub fn is_asked_for(&self) -> bool {
        self.0.load(Ordering::Relaxed) > 0
    }

    /// The exit code of a run that was interrupted.
    pub fn exit_code(&self) -> Option<i32> {
        match i32::try_from(self.0.load(Ordering::Relaxed)) {
            Ok(signal) if signal > 0 => Some(SIGNALLED + signal),
            Ok(_) | Err(_) => None,
        }
    }
}
