//! `proxy` and `ca_file`: the HTTP client of deliveries and their requests for tokens. It sends nothing, and does not know what
//! will be sent.

use std::path::PathBuf;

use super::reader::{At, Reader};
use super::section::{Section, Value};
use crate::service::delivery::{EndpointError, HttpClient, HttpOptions, OptionsError, ProxyAddress, SERVICE_LIMIT};

/// Both keys, and what is made of them.
#[derive(Debug, Default)]
pub(super) struct Outgoing {
    pub proxy: Option<ProxyAddress>,
    pub ca_file: Option<PathBuf>,
    /// None where nobody needs it, or where none can be made.
    pub client: Option<HttpClient>,
}

impl Outgoing {
    /// Reads both, and makes the client where one of them or a delivery is there: the roots of the system take their time.
    pub(super) fn read(top: &Section<'_, '_>, reader: &mut Reader<'_>) -> Self {
        let proxy = top.value("proxy");
        let ca_file = top.value("ca_file");
        if proxy.is_none() && ca_file.is_none() && top.value("delivery").is_none() {
            return Self::default();
        }
        let file = ca_file.and_then(|value| value.path("the name of a file in PEM", reader));
        let options = HttpOptions {
            proxy: proxy.and_then(|value| address(&value, reader)),
            ca_file: file.clone(),
            insecure_http: false,
            limit: SERVICE_LIMIT,
        };
        let client = match HttpClient::new(&options) {
            Err(OptionsError::CaFile(reason)) => {
                if let Some(value) = ca_file {
                    value.unusable("file", &reason, reader);
                }
                // What else is wrong with deliveries comes to light all the same.
                HttpClient::new(&HttpOptions { ca_file: None, ..options.clone() })
            }
            result => result,
        };
        let client = client.map_err(|error| reader.wrong(proxy.map_or(At::File, |value| value.at), error.to_string()));
        Self { proxy: options.proxy, ca_file: file, client: client.ok() }
    }
}

fn address(value: &Value<'_, '_>, reader: &mut Reader<'_>) -> Option<ProxyAddress> {
    const EXPECTED: &str = "an address such as http://proxy.example:3128";
    let text = value.text(EXPECTED, reader)?;
    let noted = |error| match error {
        EndpointError::Form => value.expected(EXPECTED, reader),
        EndpointError::Credentials | EndpointError::Insecure | EndpointError::Query => {
            value.expected(error.expected(), reader);
        }
    };
    ProxyAddress::parse(text).map_err(noted).ok()
}
