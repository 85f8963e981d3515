//! `kind = "skyvern"`: a server of Skyvern and the key to it (contract 13.2). It sends nothing.

use std::path::PathBuf;

use super::super::reader::Reader;
use super::super::secret::{SecretFile, secret_file};
use super::super::section::Section;
use super::{RereadError, endpoint};
use crate::service::delivery::{ApiKey, EndpointError, EndpointUrl, HttpClient, Skyvern};

const KEY: &str = "api_key_file";

/// `kind = "skyvern"`: a server of Skyvern at a checked address, with a key that fits into a header.
#[derive(Clone, Debug)]
pub struct SkyvernDelivery {
    server: Skyvern,
    api_key_file: PathBuf,
}

impl SkyvernDelivery {
    pub(super) const fn server(&self) -> &Skyvern {
        &self.server
    }

    /// The same with the key that its file has now.
    pub(super) fn reread(&self) -> Result<Self, RereadError> {
        let secret = SecretFile::read_api_key(&self.api_key_file).map_err(|reason| RereadError { key: KEY, reason })?;
        Ok(Self { server: self.server.with_key(&api_key(&secret)), api_key_file: self.api_key_file.clone() })
    }
}

fn api_key(secret: &SecretFile) -> ApiKey {
    ApiKey::new(secret.reveal()).expect("it was read as an API key")
}

/// The server of a section. Address and key are looked at even where the other is of no use.
pub(super) fn read(section: &Section<'_, '_>, client: &HttpClient, reader: &mut Reader<'_>) -> Option<SkyvernDelivery> {
    let secret = secret_file(section, KEY, SecretFile::read_api_key, reader);
    let address = read_address(section, client, reader);
    let (secret, address) = (secret?, address?);
    let server = Skyvern::new(address, &api_key(&secret), client.clone())
        .expect("the address was completed, which cannot fail twice");
    Some(SkyvernDelivery { server, api_key_file: secret.file })
}

fn read_address(section: &Section<'_, '_>, client: &HttpClient, reader: &mut Reader<'_>) -> Option<EndpointUrl> {
    let url = section.required("url", EndpointError::Form.expected(), reader)?;
    endpoint(&url, |text| Skyvern::address(client.endpoint(text)?), reader)
}
