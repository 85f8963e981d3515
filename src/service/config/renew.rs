//! What is read again while a service runs (contract 10.8): certificates and secret files, by the names that they had at the
//! start. The configuration itself is not read again.

use std::sync::Arc;

use rustls::ServerConfig;

use super::mistake::{Mistake, Place};
use super::secret::SecretFile;
use super::tls::TlsError;
use super::{Client, Configuration};

/// Certificates and secrets as their files have them now.
#[derive(Clone, Debug)]
pub struct Renewed {
    /// For new connections with TLS; none where there is no `[tls]`.
    pub tls: Option<Arc<ServerConfig>>,
    /// Every client, with its secret.
    pub clients: Vec<Client>,
    /// The keys of `[[skyvern]]`, in the order of the sections.
    pub skyvern_keys: Vec<SecretFile>,
    /// For new connections to the state.
    pub state_password: Option<SecretFile>,
}

impl Configuration {
    /// Loads certificates and secrets again, as SIGHUP asks for.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with the files; what was loaded before goes on being used. The texts name the keys.
    pub fn renew(&self) -> Result<Renewed, Vec<Mistake>> {
        let mut mistakes = Vec::new();
        let mut note = |name: &str, reason: &str| {
            mistakes.push(Mistake { place: Place::File, text: format!("cannot use the file of {name}: {reason}") });
        };
        let tls = self.tls.as_ref().and_then(|tls| match tls.load() {
            Ok(config) => Some(config),
            Err(errors) => {
                for error in errors {
                    match error {
                        TlsError::Certificate(reason) => note("tls.certificate_file", &reason),
                        TlsError::Key(reason) => note("tls.key_file", &reason),
                    }
                }
                None
            }
        });
        let mut clients = Vec::with_capacity(self.clients.len());
        for (index, client) in self.clients.iter().enumerate() {
            match client.reread() {
                Ok(client) => clients.push(client),
                Err(reason) => note(&format!("client.secret_file of client {}", index + 1), &reason),
            }
        }
        let mut skyvern_keys = Vec::with_capacity(self.skyvern.len());
        for (index, skyvern) in self.skyvern.iter().enumerate() {
            match skyvern.api_key.reread() {
                Ok(key) => skyvern_keys.push(key),
                Err(reason) => note(&format!("skyvern.api_key_file of section {}", index + 1), &reason),
            }
        }
        let state_password = self
            .state_password
            .as_ref()
            .and_then(|password| password.reread().map_err(|reason| note("state_password_file", &reason)).ok());
        if mistakes.is_empty() { Ok(Renewed { tls, clients, skyvern_keys, state_password }) } else { Err(mistakes) }
    }
}
