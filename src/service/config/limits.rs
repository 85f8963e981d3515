//! `[limits]`.

use std::time::Duration;

use super::reader::Reader;
use super::section::Section;

pub(super) const KEYS: &[&str] = &["request_seconds", "connections"];

/// `[limits]`: what a service takes at once, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// `request_seconds`: how long a request may take, from its first byte to its last: 1 to 3600 s. Default: 30 s.
    pub request: Duration,
    /// `connections`: how many are served at once; more wait in the backlog: 1 to 65536. Default: 1024.
    pub connections: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { request: Duration::from_secs(30), connections: 1024 }
    }
}

impl Limits {
    pub(super) fn read(section: &Section<'_, '_>, reader: &mut Reader<'_>) -> Self {
        let default = Self::default();
        let request = section
            .value("request_seconds")
            .and_then(|value| value.number(1..=3600, "a whole number of seconds from 1 to 3600", reader));
        let connections = section
            .value("connections")
            .and_then(|value| value.number(1..=65536, "a whole number of connections from 1 to 65536", reader));
        Self {
            request: request.map_or(default.request, Duration::from_secs),
            connections: connections.and_then(|number| number.try_into().ok()).unwrap_or(default.connections),
        }
    }
}
