//! Trust in one certificate that is at hand, as that of a service on the same machine: no authority, name or date is looked at.

use std::path::Path;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{WebPkiSupportedAlgorithms, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, Error, SignatureScheme};

use super::super::super::config::read_file;
use super::options::tls_builder;

/// The most bytes of the file, which may hold all that leads to its root.
const MAX_BYTES: usize = 256 * 1024;
/// What Windows's editors put before a text in UTF-8.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// The one certificate that a server may show.
#[derive(Debug)]
pub struct PinnedCertificate {
    certificate: CertificateDer<'static>,
    algorithms: WebPkiSupportedAlgorithms,
}

impl PinnedCertificate {
    /// Reads the first certificate of a file (PEM).
    ///
    /// # Errors
    ///
    /// Why the file cannot be used.
    pub fn read(file: &Path) -> Result<Self, String> {
        let bytes = read_file(file, MAX_BYTES)?;
        let pem = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&bytes);
        let certificate = CertificateDer::from_pem_slice(pem)
            .ok()
            .filter(|certificate| ParsedCertificate::try_from(certificate).is_ok())
            .ok_or("expected a certificate in PEM (-----BEGIN CERTIFICATE-----)")?;
        let algorithms = ring::default_provider().signature_verification_algorithms;
        Ok(Self { certificate: certificate.into_owned(), algorithms })
    }

    pub(super) fn tls(self) -> ClientConfig {
        let verifier = std::sync::Arc::new(self);
        tls_builder().dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth()
    }
}

impl ServerCertVerifier for PinnedCertificate {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if *end_entity == self.certificate {
            Ok(ServerCertVerified::assertion())
        } else {
            Err(Error::InvalidCertificate(CertificateError::ApplicationVerificationFailure))
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signature, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signature, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}
