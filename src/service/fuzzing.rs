//! What reads the bytes of strangers, for the fuzz targets and the tests of their corpus. It is their one door into rooms that are
//! closed otherwise; the program does not go through it.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use super::accounts::AccountName;
use super::config::{Client, PathName, SecretFile, SkyvernConfig};
pub use super::http::idempotency::{KeyError, key as idempotency_key};
pub use super::http::media_type::of as media_type;
pub use super::http::mfa::code::Code;
pub use super::http::mfa::parameters::{Asked, BodyFormat, BodyParameters, ParameterError};
pub use super::http::oauth::{Clients, TokenRequestError};
pub use super::http::request_id::RequestId;
pub use super::http::skyvern::{Asker, CodeError, CodeRequest};
pub use super::inbox::{MessageKind, name as inbox_file_name};
pub use super::push::mail::{Mail, MailError, read_unguarded as mail};
pub use axum::http::{HeaderMap, HeaderName, HeaderValue};

/// Who signs requests with this key.
#[must_use]
pub fn asker(key: &str) -> Asker {
    Asker::new(&SkyvernConfig {
        path: PathName::parse("billing").expect("it is a name"),
        account: AccountName::parse("billing").expect("it is a name"),
        api_key: SecretFile::of(key),
        minimum_rest: 0,
        tasks: BTreeMap::new(),
    })
}

/// The only client that may get tokens.
#[must_use]
pub fn client(id: &str, secret: &[u8]) -> Clients {
    let secret_sha256 = Sha256::digest(secret).into();
    Clients::new(vec![Client { id: id.to_owned(), secret_sha256, secret_file: None }])
}
