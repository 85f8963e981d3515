//! Certificates of the service (contract 10.2, 10.8): from files to what TLS is spoken with. Errors are in words of ours.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use thiserror::Error;
use zeroize::Zeroizing;

use super::config::Tls;
use crate::transport::reason;

/// Why certificates cannot be used.
#[derive(Debug, Error)]
pub enum TlsError {
    /// A file cannot be read.
    #[error("cannot read the {what} file: {}", reason(.error))]
    Read {
        /// Which one.
        what: &'static str,
        /// What the system says.
        error: io::Error,
    },
    /// A file is not PEM, or has nothing of what is expected.
    #[error("wrong {what} file: expected {expected}")]
    Content {
        /// Which one.
        what: &'static str,
        /// What should be in it.
        expected: &'static str,
    },
    /// The key is another certificate's.
    #[error("wrong key file: expected the key of the certificate")]
    Mismatch,
}

/// More than any chain of certificates has.
const MAX_BYTES: usize = 1024 * 1024;
/// The names of the two files in errors.
const CERTIFICATE: &str = "certificate";
const KEY: &str = "key";

/// What TLS is spoken with.
///
/// # Errors
///
/// [`TlsError`] where a file cannot be used, or the two do not belong together.
pub fn load(tls: &Tls) -> Result<Arc<ServerConfig>, TlsError> {
    let wrong = |what, expected| TlsError::Content { what, expected };
    let expected = "certificates in PEM, the server's first";
    let chain: Vec<CertificateDer<'static>> =
        CertificateDer::pem_slice_iter(&read(&tls.certificate_file, CERTIFICATE)?)
            .collect::<Result<_, _>>()
            .map_err(|_| wrong(CERTIFICATE, expected))?;
    if chain.is_empty() {
        return Err(wrong(CERTIFICATE, expected));
    }
    let key =
        PrivateKeyDer::from_pem_slice(&read(&tls.key_file, KEY)?).map_err(|_| wrong(KEY, "a private key in PEM"))?;
    let mut configuration = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("ring has the cipher suites of the default versions")
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(|error| match error {
            rustls::Error::InconsistentKeys(_) => TlsError::Mismatch,
            // The other errors are rustls's, and it may add to them.
            _ => wrong(CERTIFICATE, "a certificate of a kind that TLS can use, and its key"),
        })?;
    // axum-server would offer HTTP/2, which is not served.
    configuration.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(configuration))
}

fn read(file: &Path, what: &'static str) -> Result<Zeroizing<Vec<u8>>, TlsError> {
    let failed = |error| TlsError::Read { what, error };
    // Opening a pipe would wait for its writer.
    if !fs::metadata(file).map_err(failed)?.is_file() {
        return Err(TlsError::Content { what, expected: "a regular file" });
    }
    let mut bytes = Zeroizing::new(Vec::with_capacity(MAX_BYTES));
    let length =
        File::open(file).and_then(|file| file.take(MAX_BYTES as u64).read_to_end(&mut bytes)).map_err(failed)?;
    if length == MAX_BYTES {
        return Err(TlsError::Content { what, expected: "less than 1 MiB" });
    }
    Ok(bytes)
}
