//! The domain: secrets, passwords, key URIs and their symbols. It knows no XML, process, HTTP or status,
//! and reads neither the clock nor any source of entropy.

pub mod half_blocks;
pub mod image;
pub mod svg;

mod code;
mod error_correction;
mod key_uri;
mod mask;
mod password;
mod secret;
mod symbol;

pub use code::{
    Algorithm, CodeParameters, Digits, OutOfRangeError, Period, Skew, UnixTime, whole_number, whole_number_in,
};
pub use error_correction::ErrorCorrectionLevel;
#[cfg(feature = "read-qr")]
pub use key_uri::{KeyUri, KeyUriError, is_otpauth};
pub use key_uri::{Label, LabelError, LabelPart, key_uri};
pub use password::{Password, PasswordError};
pub use secret::{Secret, SecretError};
pub use symbol::{CAPACITY, QUIET_ZONE, Symbol, SymbolError};
