//! The domain: secrets, passwords, key URIs and their symbols. It knows no XML, process, HTTP or status,
//! and reads neither the clock nor any source of entropy.

mod code;
mod key_uri;
mod password;
mod secret;

pub mod half_blocks;
pub mod image;
pub mod mask;
pub mod symbol;

pub use code::{Algorithm, CodeParameters, Digits, OutOfRange, Period, Skew, UnixTime};
pub use key_uri::{Label, LabelError, LabelPart, key_uri};
pub use password::{Password, PasswordError};
pub use secret::{Secret, SecretError};
pub use symbol::{Symbol, SymbolError};
