//! The signals that the service obeys (contract 10.8).

use std::io;

/// What a signal asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// Files are to be read again.
    Reload,
    /// The service is to end; where it has to at once, with this exit code.
    End(i32),
}

pub use system::Signals;

#[cfg(unix)]
mod system {
    use super::{Signal, io};
    use tokio::signal::unix::{self, SignalKind};

    /// SIGXFSZ, on Linux and macOS (signal(7)).
    const SIZE_EXCEEDED: i32 = 25;

    /// What a shell says of a process that a signal ended.
    const fn exit_code(signal: i32) -> i32 {
        128 + signal
    }

    /// The signals of the process, from now on.
    pub struct Signals {
        hangup: unix::Signal,
        interrupt: unix::Signal,
        terminate: unix::Signal,
    }

    impl Signals {
        /// Begins to listen.
        ///
        /// # Errors
        ///
        /// Those of the system.
        pub fn new() -> io::Result<Self> {
            // A file that reaches the limit of the process (setrlimit(2), RLIMIT_FSIZE) is then an error like a full disk,
            // and ends nothing.
            drop(unix::signal(SignalKind::from_raw(SIZE_EXCEEDED))?);
            Ok(Self {
                hangup: unix::signal(SignalKind::hangup())?,
                interrupt: unix::signal(SignalKind::interrupt())?,
                terminate: unix::signal(SignalKind::terminate())?,
            })
        }

        /// Waits for the next one.
        pub async fn next(&mut self) -> Signal {
            tokio::select! {
                _ = self.hangup.recv() => Signal::Reload,
                _ = self.interrupt.recv() => Signal::End(exit_code(SignalKind::interrupt().as_raw_value())),
                _ = self.terminate.recv() => Signal::End(exit_code(SignalKind::terminate().as_raw_value())),
            }
        }
    }
}

#[cfg(not(unix))]
mod system {
    use super::{Signal, io};

    /// The exit code of a program that Ctrl+C ended.
    const INTERRUPTED: i32 = 130;

    /// Ctrl+C.
    pub struct Signals;

    impl Signals {
        /// Begins to listen.
        ///
        /// # Errors
        ///
        /// Never.
        #[expect(clippy::unnecessary_wraps, reason = "elsewhere it can fail")]
        pub const fn new() -> io::Result<Self> {
            Ok(Self)
        }

        /// Waits for the next one.
        pub async fn next(&mut self) -> Signal {
            match tokio::signal::ctrl_c().await {
                Ok(()) => Signal::End(INTERRUPTED),
                // Nobody can end it but the system.
                Err(_) => std::future::pending().await,
            }
        }
    }
}
