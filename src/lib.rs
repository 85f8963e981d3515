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
//! | `GenerateAuthenticatorQRCode` | `<Secret>…</Secret>`; the parameter `account` | PNG, 512x512 pixels, of the key URI |
//! | `ReadQr`, which X4 has not | a picture of such a code | `<Secret>…</Secret>` |
//! | `Unlock`, which X4 has not | `<Secret>…</Secret>` | needs a memory: [`Adapter::examine`] |
//!
//! Every answer is a [`Reply`]: a [`Status`] (1, -1 or 403) and a document, `<Error description="…"/>` where the
//! status is not 1. Codes are RFC 6238's: HMAC-SHA-1, steps of 30 s, 6 digits, unless [`Parameters`] says otherwise.
//!
//! Time and entropy are arguments, so that an answer depends on nothing else:
//!
//! ```
//! use totp_adapter::{Adapter, EntropyError, Operation, Parameters, UnixTime};
//!
//! let mut entropy = |_: &mut _| Err(EntropyError); // nothing is drawn here
//! let mut adapter = Adapter::new(Some(UnixTime(1_111_111_109)), &mut entropy);
//! let input = b"<Secret>GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ</Secret>";
//! let reply = adapter.respond(Operation::GeneratePassword, &Parameters::default(), input);
//! assert_eq!(reply.status.code(), 1);
//! assert_eq!(*reply.body.into_bytes(), b"<Password>081804</Password>\n");
//! ```
//!
//! The layers, from the outside in: the program's `transport` (streams, files, clocks) calls the adapter, which reads and
//! writes documents with `xml`, computes with `otp` and finds codes with `picture`. None of the last three knows another.
//!
//! A program that uses the library takes `totp-adapter = { version = "0.1", default-features = false }`, and
//! `features = ["read-qr"]` to read pictures. All other features are for the program of the same name. `cli`, on by default,
//! turns `internals` on: what this makes public is undocumented and may change in any version.

#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(not(feature = "internals"), allow(dead_code, unused_imports, reason = "the program uses the rest"))]
#![cfg_attr(not(feature = "internals"), warn(unnameable_types))]

#[cfg(feature = "serve")]
#[doc(hidden)]
pub mod account;
#[cfg(not(feature = "internals"))]
mod adapter;
#[cfg(feature = "internals")]
#[doc(hidden)]
pub mod adapter;
#[cfg(not(feature = "internals"))]
mod error;
#[cfg(feature = "internals")]
#[doc(hidden)]
pub mod error;
#[cfg(feature = "cli")]
#[doc(hidden)]
pub mod exit_codes;
#[cfg(not(feature = "internals"))]
mod key_uri_format;
#[cfg(feature = "internals")]
#[doc(hidden)]
pub mod key_uri_format;
#[cfg(feature = "state")]
#[doc(hidden)]
pub mod memory;
mod named;
#[cfg(not(feature = "internals"))]
pub(crate) use named::named;
#[cfg(not(feature = "internals"))]
mod operation;
#[cfg(feature = "internals")]
#[doc(hidden)]
pub mod operation;
#[cfg(not(feature = "internals"))]
mod otp;
#[cfg(feature = "internals")]
#[doc(hidden)]
pub mod otp;
#[cfg(not(feature = "internals"))]
mod outcome;
#[cfg(feature = "internals")]
#[doc(hidden)]
pub mod outcome;
#[cfg(feature = "internals")]
#[doc(hidden)]
pub mod parameters_document;
#[cfg(all(feature = "read-qr", not(feature = "internals")))]
mod picture;
#[cfg(all(feature = "read-qr", feature = "internals"))]
#[doc(hidden)]
pub mod picture;
#[cfg(not(feature = "internals"))]
mod reply;
#[cfg(feature = "internals")]
#[doc(hidden)]
pub mod reply;
#[cfg(feature = "serve")]
#[doc(hidden)]
pub mod service;
#[cfg(feature = "state")]
#[doc(hidden)]
pub mod state;
#[cfg(not(feature = "internals"))]
mod status;
#[cfg(feature = "internals")]
#[doc(hidden)]
pub mod status;
#[cfg(feature = "cli")]
#[doc(hidden)]
pub mod stderr;
#[cfg(feature = "cli")]
#[doc(hidden)]
pub mod suggestion;
#[cfg(not(feature = "internals"))]
mod symbol_format;
#[cfg(feature = "internals")]
#[doc(hidden)]
pub mod symbol_format;
#[cfg(feature = "cli")]
#[doc(hidden)]
pub mod system;
#[cfg(not(feature = "internals"))]
mod verification;
#[cfg(feature = "internals")]
#[doc(hidden)]
pub mod verification;
#[cfg(feature = "cli")]
#[doc(hidden)]
pub mod whole_file;
#[cfg(feature = "cli")]
#[doc(hidden)]
pub mod wording;
#[cfg(not(feature = "internals"))]
mod xml;
#[cfg(feature = "internals")]
#[doc(hidden)]
pub mod xml;

pub use adapter::{Adapter, Entropy, EntropyError};
pub use error::Error;
#[cfg(feature = "read-qr")]
pub use key_uri_format::KeyUriContent;
pub use key_uri_format::KeyUriFormat;
pub use operation::{Input, Operation, Parameters};
#[cfg(feature = "read-qr")]
pub use otp::KeyUriError;
pub use otp::{
    Algorithm, CodeParameters, Digits, ErrorCorrectionLevel, LabelError, LabelPart, OutOfRangeError, Password,
    PasswordError, Period, Secret, SecretError, Skew, Symbol, SymbolError, UnixTime,
};
pub use outcome::{Mismatch, Outcome};
#[cfg(feature = "read-qr")]
pub use picture::{Measure, PictureError};
pub use reply::{Body, Cause, Reply};
pub use status::Status;
pub use symbol_format::SymbolFormat;
pub use verification::{Examination, Guess, Match, MemoryError, Reported, Verdict};
#[cfg(feature = "read-qr")]
pub use xml::IllegalCharacterError;
pub use xml::{DocumentKind, Position, ReadError};
