//! TLS to a database: whose certificates are good (PostgreSQL's manual, "Client Verification of Server Certificates").

use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use tokio_postgres::config::{SslMode, SslNegotiation};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::address::{Address, Roots, Trust};
use crate::system;
use crate::verification::MemoryError;

/// The protocol's name where TLS comes first, without PostgreSQL's own negotiation before it (`sslnegotiation=direct`).
const ALPN: &[u8] = b"postgresql";

/// What makes the TLS of a connection. Files are read anew, so that a connection that is made anew has the newest ones.
///
/// # Errors
///
/// [`MemoryError::Tls`] where there are no roots to trust.
pub(super) fn connector(address: &Address) -> Result<MakeRustlsConnect, MemoryError> {
    let provider = Arc::new(ring::default_provider());
    let verifier: Arc<dyn ServerCertVerifier> = match &address.trust {
        // Nothing is verified, or TLS not even used: no roots are needed.
        Trust::Any => Arc::new(AnyHost { authority: None, provider: provider.clone() }),
        Trust::Authority(roots) => {
            Arc::new(AnyHost { authority: Some(verifier(roots, &provider)?), provider: provider.clone() })
        }
        Trust::Host(roots) => verifier(roots, &provider)?,
    };
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|_| MemoryError::Tls)?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    if address.config.get_ssl_negotiation() == SslNegotiation::Direct
        && address.config.get_ssl_mode() != SslMode::Disable
    {
        config.alpn_protocols = vec![ALPN.to_vec()];
    }
    Ok(MakeRustlsConnect::new(config))
}

fn verifier(roots: &Roots, provider: &Arc<CryptoProvider>) -> Result<Arc<WebPkiServerVerifier>, MemoryError> {
    let store = match roots {
        Roots::System => system::roots(),
        Roots::File(file) => {
            let mut store = RootCertStore::empty();
            for certificate in CertificateDer::pem_file_iter(file).map_err(|_| MemoryError::Tls)? {
                store.add(certificate.map_err(|_| MemoryError::Tls)?).map_err(|_| MemoryError::Tls)?;
            }
            store
        }
    };
    // Without any it refuses.
    WebPkiServerVerifier::builder_with_provider(Arc::new(store), provider.clone()).build().map_err(|_| MemoryError::Tls)
}

/// For whatever host a certificate is.
#[derive(Debug)]
struct AnyHost {
    /// `verify-ca`: who must have signed it. `prefer` and `require`: nobody; who shows it has its key.
    authority: Option<Arc<WebPkiServerVerifier>>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for AnyHost {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let Some(authority) = &self.authority else { return Ok(ServerCertVerified::assertion()) };
        match authority.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now) {
            // The name is looked at when all else is right.
            Err(Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) => Ok(ServerCertVerified::assertion()),
            result => result,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        rustls::crypto::verify_tls12_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        rustls::crypto::verify_tls13_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
