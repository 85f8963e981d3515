//! What is read again while a service runs (contract 10.8): certificates and secret files, by the names that they had at the
//! start. The configuration itself is not read again, and neither are `mfa.key_file`, under whose key codes are kept, and
//! `ca_file`.

use std::sync::Arc;

use rustls::ServerConfig;

use super::mistake::{Mistake, Place};
use super::secret::SecretFile;
use super::tls::{Tls, TlsError};
use super::{Client, Configuration, DeliveryConfig};

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
    /// Every delivery, with its authentication or key, in the order of the sections. Its tokens are fetched again.
    pub deliveries: Vec<DeliveryConfig>,
    /// The secret of who has codes sent; none where there is no `[mfa]`.
    pub mfa_token: Option<SecretFile>,
}

impl Configuration {
    /// Loads certificates and secrets again, as SIGHUP asks for.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with the files; what was loaded before goes on being used. The texts name the keys.
    pub fn renew(&self) -> Result<Renewed, Vec<Mistake>> {
        let mut notes = Notes::default();
        let renewed = Renewed {
            tls: self.tls.as_ref().and_then(|tls| notes.load(tls)),
            clients: notes.each(&self.clients, |client, number| {
                client.reread().map_err(|reason| (format!("client.secret_file of client {number}"), reason))
            }),
            skyvern_keys: notes.each(&self.skyvern, |skyvern, number| {
                let name = || format!("skyvern.api_key_file of section {number}");
                skyvern.api_key.reread_api_key().map_err(|reason| (name(), reason))
            }),
            state_password: self
                .state_password
                .as_ref()
                .and_then(|password| notes.ok("state_password_file", password.reread())),
            deliveries: notes.each(&self.deliveries, |delivery, number| {
                delivery.reread().map_err(|file| (format!("delivery.{} of section {number}", file.key), file.reason))
            }),
            mfa_token: self.mfa.as_ref().and_then(|mfa| notes.ok("mfa.token_file", mfa.token.reread_long())),
        };
        if notes.0.is_empty() { Ok(renewed) } else { Err(notes.0) }
    }
}

/// What is wrong so far.
#[derive(Default)]
struct Notes(Vec<Mistake>);

impl Notes {
    fn wrong(&mut self, name: &str, reason: &str) {
        let text = format!("cannot use the file of {name}: {reason}");
        self.0.push(Mistake { place: Place::File, text });
    }

    fn ok<T>(&mut self, name: &str, result: Result<T, String>) -> Option<T> {
        result.map_err(|reason| self.wrong(name, &reason)).ok()
    }

    /// What is read again of each section, which has a number from 1. Where that fails, it says of which file and why.
    fn each<S, T>(&mut self, sections: &[S], reread: impl Fn(&S, usize) -> Result<T, (String, String)>) -> Vec<T> {
        let results = sections.iter().zip(1..).map(|(section, number)| reread(section, number));
        results.filter_map(|result| result.map_err(|(name, reason)| self.wrong(&name, &reason)).ok()).collect()
    }

    fn load(&mut self, tls: &Tls) -> Option<Arc<ServerConfig>> {
        let note = |error| match error {
            TlsError::Certificate(reason) => self.wrong("tls.certificate_file", &reason),
            TlsError::Key(reason) => self.wrong("tls.key_file", &reason),
        };
        tls.load().map_err(|errors| errors.into_iter().for_each(note)).ok()
    }
}
