//! The service (contract 10 to 15): the operations over HTTP, for callers who cannot start a process.

pub mod config;
pub mod delivery;
pub mod fuzzing;
pub mod guard;
pub mod health;
pub mod lifecycle;
pub mod log;
pub mod push;
pub mod store;

mod account_reader;
mod accounts;
mod connection;
mod http;
mod inbox;
mod listener;
mod metrics;
mod phone_number;
mod signals;
mod state_folder;
mod summary;
mod unlock;

pub use accounts::AccountName;
pub use lifecycle::{BeginError, serve};
pub use phone_number::PhoneNumber;
pub use summary::summary;
pub use unlock::{Locked, ServiceUnlock, unlock};
