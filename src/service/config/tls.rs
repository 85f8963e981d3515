//! `[tls]`: a certificate and its key, loaded as the server loads them.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{Error, ServerConfig};

use super::file;
use super::reader::Reader;
use super::secret::warn_of_others;
use super::section::{Section, Value};

pub(super) const KEYS: &[&str] = &["certificate_file", "key_file"];

/// The most bytes of a file in PEM; chains have a few thousand.
const MAX_BYTES: usize = 1024 * 1024;
/// The protocols that are offered in the handshake (RFC 7301).
const PROTOCOLS: [&[u8]; 1] = [b"http/1.1"];

/// `[tls]`: the files of a certificate and its key, which are read again on SIGHUP.
#[derive(Clone)]
pub struct Tls {
    /// `certificate_file`: in PEM, the certificate first, then those that lead to its root.
    pub certificate_file: PathBuf,
    /// `key_file`: the private key of the first certificate in PEM (PKCS #8, PKCS #1 or SEC 1), without a passphrase.
    pub key_file: PathBuf,
    /// What TLS is spoken with, as the files had it.
    pub server: Arc<ServerConfig>,
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { certificate_file, key_file, server: _ } = self;
        let mut shown = f.debug_struct("Tls");
        shown.field("certificate_file", certificate_file).field("key_file", key_file).finish_non_exhaustive()
    }
}

/// Why a certificate and its key cannot be used.
#[derive(Debug)]
pub(super) enum TlsError {
    /// The file of the certificate, and what is wrong with it.
    Certificate(String),
    /// The file of the key, and what is wrong with it.
    Key(String),
}

impl Tls {
    /// Reads the section, and loads what it names. Each file is looked at even where the other is of no use.
    pub(super) fn read(section: &Section<'_, '_>, reader: &mut Reader<'_>) -> Option<Self> {
        let certificate = Pem::read(section, "certificate_file", chain, reader);
        let key = Pem::read(section, "key_file", private_key, reader);
        if let Some(key) = &key {
            warn_of_others(&key.value, &key.file, reader);
        }
        let (certificate, key) = (certificate?, key?);
        let (value, reason) = match server_config(certificate.content, key.content) {
            Ok(server) => {
                let server = Arc::new(server);
                return Some(Self { certificate_file: certificate.file, key_file: key.file, server });
            }
            Err(TlsError::Certificate(reason)) => (certificate.value, reason),
            Err(TlsError::Key(reason)) => (key.value, reason),
        };
        value.unusable("file", &reason, reader);
        None
    }

    /// Loads certificate and key as they are now.
    pub(super) fn load(&self) -> Result<Arc<ServerConfig>, Vec<TlsError>> {
        let (chain, key) = (chain(&self.certificate_file), private_key(&self.key_file));
        match (chain, key) {
            (Ok(chain), Ok(key)) => server_config(chain, key).map(Arc::new).map_err(|error| vec![error]),
            (Err(chain), Err(key)) => Err(vec![TlsError::Certificate(chain), TlsError::Key(key)]),
            (Err(chain), Ok(_)) => Err(vec![TlsError::Certificate(chain)]),
            (Ok(_), Err(key)) => Err(vec![TlsError::Key(key)]),
        }
    }
}

/// A file that the section names, and what is in it.
struct Pem<'t, 'i, T> {
    value: Value<'t, 'i>,
    file: PathBuf,
    content: T,
}

impl<'t, 'i, T> Pem<'t, 'i, T> {
    fn read(
        section: &Section<'t, 'i>,
        key: &'static str,
        load: fn(&Path) -> Result<T, String>,
        reader: &mut Reader<'_>,
    ) -> Option<Self> {
        let Some(value) = section.value(key) else {
            reader.absent(section.at, format!("{} is missing", section.name_of(key)));
            return None;
        };
        let file = value.path("the name of a file in PEM", reader)?;
        match load(&file) {
            Ok(content) => Some(Self { value, file, content }),
            Err(reason) => {
                value.unusable("file", &reason, reader);
                None
            }
        }
    }
}

fn chain(file: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    const EXPECTED: &str = "expected certificates in PEM (-----BEGIN CERTIFICATE-----)";
    let bytes = file::read(file, MAX_BYTES).map_err(|error| error.to_string())?;
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&bytes).collect();
    match chain {
        Ok(chain) if !chain.is_empty() => Ok(chain),
        Ok(_) | Err(_) => Err(EXPECTED.to_owned()),
    }
}

fn private_key(file: &Path) -> Result<PrivateKeyDer<'static>, String> {
    let bytes = file::read(file, MAX_BYTES).map_err(|error| error.to_string())?;
    // RFC 7468, section 11, and the older form of OpenSSL.
    let is_encrypted = memchr::memmem::find(&bytes, b"ENCRYPTED").is_some();
    PrivateKeyDer::from_pem_slice(&bytes).map_err(|_| {
        let expected = if is_encrypted {
            "the private key is encrypted; expected one without a passphrase"
        } else {
            "expected a private key in PEM (-----BEGIN PRIVATE KEY-----)"
        };
        expected.to_owned()
    })
}

fn server_config(chain: Vec<CertificateDer<'static>>, key: PrivateKeyDer<'static>) -> Result<ServerConfig, TlsError> {
    let provider = ring::default_provider();
    if provider.key_provider.load_private_key(key.clone_key()).is_err() {
        let expected = "expected a key of RSA (2048 bits or more), ECDSA (P-256, P-384) or Ed25519";
        return Err(TlsError::Key(expected.to_owned()));
    }
    let builder = ServerConfig::builder_with_provider(Arc::new(provider))
        .with_safe_default_protocol_versions()
        .expect("ring has the suites of TLS 1.2 and 1.3");
    let mut config = builder.with_no_client_auth().with_single_cert(chain, key).map_err(|error| {
        if matches!(error, Error::InconsistentKeys(_)) {
            TlsError::Key("it is not the key of the first certificate in tls.certificate_file".to_owned())
        } else {
            TlsError::Certificate("expected certificates of X.509 version 3".to_owned())
        }
    })?;
    config.alpn_protocols = PROTOCOLS.map(<[u8]>::to_vec).to_vec();
    Ok(config)
}
