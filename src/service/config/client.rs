//! `[[client]]`: who may get tokens (contract 13.3).

use std::fmt;
use std::path::PathBuf;

use data_encoding::HEXLOWER_PERMISSIVE;
use sha2::{Digest, Sha256};

use super::reader::{At, Reader};
use super::secret::{client_secret_sha256, warn_of_others};
use super::section::{Section, Value};

pub(super) const KEYS: &[&str] = &["id", "secret_file", "secret_sha256"];

const EXPECTED_ID: &str = "1 to 255 printable ASCII characters";
const MAX_ID_BYTES: usize = 255;
const ONE_SECRET: &str = "expected either client.secret_file or client.secret_sha256";

/// `[[client]]`: who may get tokens (contract 13.3). `Debug` leaves the hash out: behind `secret_sha256` may be a secret that
/// can be guessed from it.
#[derive(Clone)]
pub struct Client {
    /// `id`: its name, 1 to 255 printable ASCII characters (RFC 6749, appendix A.1); no other client has it.
    pub id: String,
    /// The SHA-256 of its secret: of what stands in `secret_file`, without one line end at its end, at least 22 characters;
    /// or `secret_sha256` itself, 64 hexadecimal digits.
    pub secret_sha256: [u8; 32],
    /// `secret_file`, which is read again on SIGHUP; none where the configuration has the SHA-256 itself.
    pub secret_file: Option<PathBuf>,
}

/// A client as far as it can be read: its id counts as known, whatever else is wrong with it.
pub(super) struct NamedClient {
    pub id: String,
    pub at: At,
    pub client: Option<Client>,
}

/// Where a secret is.
enum ClientSecret {
    File(PathBuf, [u8; 32]),
    Hash([u8; 32]),
}

/// The clients in the order of the file.
pub(super) fn read(value: &Value<'_, '_>, reader: &mut Reader<'_>) -> Vec<NamedClient> {
    let mut clients: Vec<NamedClient> = Vec::new();
    for section in value.sections(KEYS, reader) {
        let id = id(&section, reader);
        let secret = secret(&section, reader);
        let Some((id, at)) = id else { continue };
        if clients.iter().any(|client| client.id == id) {
            reader.wrong(at, "client.id is the id of an earlier client");
        }
        let client = secret.map(|secret| Client::new(id.clone(), secret));
        clients.push(NamedClient { id, at, client });
    }
    clients
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("id", &self.id).field("secret_file", &self.secret_file).finish_non_exhaustive()
    }
}

impl Client {
    fn new(id: String, secret: ClientSecret) -> Self {
        match secret {
            ClientSecret::File(file, secret_sha256) => Self { id, secret_sha256, secret_file: Some(file) },
            ClientSecret::Hash(secret_sha256) => Self { id, secret_sha256, secret_file: None },
        }
    }

    /// The same with the secret that its file has now.
    pub(super) fn reread(&self) -> Result<Self, String> {
        let secret_sha256 = match &self.secret_file {
            Some(file) => client_secret_sha256(file)?,
            None => self.secret_sha256,
        };
        Ok(Self { secret_sha256, ..self.clone() })
    }
}

fn id(section: &Section<'_, '_>, reader: &mut Reader<'_>) -> Option<(String, At)> {
    let value = section.required("id", EXPECTED_ID, reader)?;
    let text = value.text(EXPECTED_ID, reader)?;
    // RFC 6749, appendix A.1: VSCHAR.
    if text.len() > MAX_ID_BYTES || !text.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
        value.expected(EXPECTED_ID, reader);
        return None;
    }
    Some((text.to_owned(), value.at))
}

fn secret(section: &Section<'_, '_>, reader: &mut Reader<'_>) -> Option<ClientSecret> {
    match (section.value("secret_file"), section.value("secret_sha256")) {
        (Some(file), None) => secret_of_file(&file, reader),
        (None, Some(hash)) => secret_of_hash(&hash, reader),
        (Some(_), Some(hash)) => {
            reader.wrong(hash.at, format!("{ONE_SECRET}, found both"));
            None
        }
        (None, None) => {
            reader.absent(section.at, format!("{ONE_SECRET}, found neither"));
            None
        }
    }
}

fn secret_of_file(value: &Value<'_, '_>, reader: &mut Reader<'_>) -> Option<ClientSecret> {
    let file = value.path("the name of a file", reader)?;
    match client_secret_sha256(&file) {
        Ok(hash) => {
            warn_of_others(value, &file, reader);
            Some(ClientSecret::File(file, hash))
        }
        Err(reason) => {
            value.unusable("file", &reason, reader);
            None
        }
    }
}

fn secret_of_hash(value: &Value<'_, '_>, reader: &mut Reader<'_>) -> Option<ClientSecret> {
    const EXPECTED: &str = "the SHA-256 of a secret in 64 hexadecimal digits";
    let text = value.text(EXPECTED, reader)?;
    let hash: Option<[u8; 32]> =
        HEXLOWER_PERMISSIVE.decode(text.as_bytes()).ok().and_then(|bytes| bytes.try_into().ok());
    let Some(hash) = hash else {
        value.expected(EXPECTED, reader);
        return None;
    };
    // What a script makes of a file that is empty or not there.
    if [&b""[..], b"\n"].iter().any(|empty| *Sha256::digest(empty) == hash) {
        value.expected("the SHA-256 of a secret, which an empty text is not,", reader);
        return None;
    }
    Some(ClientSecret::Hash(hash))
}
