//! The log of the service (contract 10.5): text or one JSON object a line, on stderr. Only events of this program are
//! written: those of its libraries may quote what came in.

use std::io::{self, IsTerminal};

use tracing::Level;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::named;

/// The target of every event of the service.
pub const TARGET: &str = "totp_adapter";

/// How the log is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LogOptions {
    /// The form of a line; none for text on a terminal, else JSON.
    pub format: Option<LogFormat>,
    /// The least important events that are written.
    pub level: LogLevel,
}

/// The form of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

named!(parsed LogFormat { Text = "text", Json = "json" });

/// How important an event is. Default: info.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogLevel {
    /// The service failed.
    Error,
    /// The service may fail soon, or somebody should look.
    Warn,
    /// Every request, and the life of the service.
    #[default]
    Info,
    /// What ends before it is a request.
    Debug,
}

named!(parsed LogLevel { Error = "error", Warn = "warn", Info = "info", Debug = "debug" });

impl LogLevel {
    const fn level(self) -> Level {
        match self {
            Self::Error => Level::ERROR,
            Self::Warn => Level::WARN,
            Self::Info => Level::INFO,
            Self::Debug => Level::DEBUG,
        }
    }
}

/// Which events are written: those of this program, from this level on.
fn events(level: LogLevel) -> Targets {
    Targets::new().with_target(TARGET, level.level())
}

/// Begins the log of the process. A second call changes nothing.
pub fn begin(options: LogOptions) {
    let stderr_is_terminal = io::stderr().is_terminal();
    let format = options.format.unwrap_or(if stderr_is_terminal { LogFormat::Text } else { LogFormat::Json });
    let registry = tracing_subscriber::registry().with(events(options.level));
    // Where stderr cannot be written, nobody can be told: the layer's own way of telling would panic.
    let layer = fmt::layer().with_writer(io::stderr).with_target(false).with_ansi(false).log_internal_errors(false);
    let begun = match format {
        LogFormat::Text => registry.with(layer).try_init(),
        LogFormat::Json => {
            let layer = layer.json().flatten_event(true).with_current_span(false).with_span_list(false);
            registry.with(layer).try_init()
        }
    };
    drop(begun);
}

#[cfg(test)]
mod tests {
    use super::*;

    // contract 10.5a, 10.5d: a level and what is more important; of libraries nothing.
    #[test]
    fn events_that_are_written() {
        let important = [Level::ERROR, Level::WARN, Level::INFO, Level::DEBUG];
        for (index, level) in LogLevel::ALL.into_iter().enumerate() {
            let events = events(level);
            let written = important.map(|level| events.would_enable(TARGET, &level));
            assert_eq!(written, [0, 1, 2, 3].map(|other| other <= index), "{}", level.name());
            for library in ["hyper", "rustls", "axum::serve", "tokio", "tower_http", ""] {
                assert!(!events.would_enable(library, &Level::ERROR), "{library}");
            }
        }
    }
}
