//! The service (contract 10 to 15): the operations over HTTP, for callers who cannot start a process.

pub mod config;
