//! The one-time-password step for any workflow engine.
//!
//! This crate carries the contract of X4 BPMS's adapter "TOTP One-Time Password Generator" as one total function and
//! as a process around it. `schemas/README.md` in the repository has the contract rule by rule; on one page it is this:
//!
//! | [`Operation`] | input document | output on status 1 |
//! |---|---|---|
//! | `GenerateSecret` | none, any input is ignored | `<Secret>…</Secret>`: 20 random bytes in Base32 |
//! | `GeneratePassword` | `<Secret>…</Secret>` | `<Password>012345</Password>` |
//! | `VerifyPassword` | `<TOTP><Password>…</Password><Secret>…</Secret></TOTP>` | `<Ok description="The password matches."/>` |
//! | `GenerateAuthenticatorQRCode` | `<Secret>…</Secret>` | PNG, 512x512 pixels, of the key URI |
//! | `read-qr`, which X4 has not | a picture of such a code | `<Secret>…</Secret>` |
//!
//! Every answer is a [`Reply`]: a [`Status`] (1, -1 or 403) and a document, `<Error description="…"/>` where the
//! status is not 1. Codes are RFC 6238's: HMAC-SHA-1, steps of 30 s, 6 digits, unless [`Parameters`] says otherwise.
//!
//! Time and entropy are arguments, so that an answer depends on nothing else:
//!
//! ```
//! use totp_adapter::{Adapter, Operation, Parameters, UnixTime};
//!
//! let mut entropy = |_: &mut _| Ok(());
//! let mut adapter = Adapter::new(Some(UnixTime(1_111_111_109)), &mut entropy);
//! let input = b"<Secret>GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ</Secret>";
//! let reply = adapter.respond(Operation::GeneratePassword, &Parameters::default(), input);
//! assert_eq!(reply.status.code(), 1);
//! assert_eq!(*reply.body.into_bytes(), b"<Password>081804</Password>\n");
//! ```
//!
//! The layers, from the outside in: the program's `transport` (streams, files, clocks) calls [`adapter`], which reads and
//! writes documents with [`xml`], computes with [`otp`] and finds codes with [`picture`]. None of the last three knows
//! another.

#[cfg(feature = "serve")]
pub mod account;
pub mod adapter;
pub mod error;
pub mod key_uri_format;
#[cfg(feature = "state")]
#[doc(hidden)]
pub mod memory;
mod named;
pub mod operation;
pub mod otp;
pub mod outcome;
pub mod parameters_document;
pub mod picture;
pub mod reply;
#[cfg(feature = "serve")]
#[doc(hidden)]
pub mod service;
#[cfg(feature = "state")]
pub mod state;
pub mod status;
#[doc(hidden)]
pub mod stderr;
#[doc(hidden)]
pub mod suggestion;
pub mod symbol_format;
#[doc(hidden)]
pub mod system;
pub mod verification;
#[doc(hidden)]
pub mod whole_file;
#[doc(hidden)]
pub mod wording;
pub mod xml;

pub use adapter::Adapter;
pub use error::Error;
pub use operation::{Operation, Parameters};
pub use otp::UnixTime;
pub use reply::Reply;
pub use status::Status;
pub use verification::{Examination, Guess, Verdict};
