//! The documents: a small, strictly conforming, non-validating XML processor for a tiny vocabulary, and its
//! writing twin. Nothing else mentions XML; it knows nothing of what the texts in it mean.
//!
//! On the way in: `decode` turns bytes into text, `events` lets quick-xml find the markup and enforces what
//! that leaves to its caller, and `read` takes the expected elements out of it.

mod characters;
mod declaration;
mod decode;
mod encoding;
mod error;
mod events;
mod kind;
mod namespaces;
mod read;
mod tag;
mod text;
mod write;

pub use error::{Position, ReadError};
pub use events::MAX_NESTING;
pub use kind::DocumentKind;
pub use read::{
    Document, MAX_DOCUMENT_BYTES, Parameter, ParameterTexts, Totp, read_key_uri, read_parameters, read_password,
    read_secret, read_totp,
};
pub use text::Text;
pub use write::{
    EscapedText, IllegalCharacterError, write_error, write_key_uri, write_ok, write_parameters, write_password,
    write_secret,
};
