//! Who may call a path (contract 11.4): the place of every check of a caller.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;

use super::Service;
use super::refusal::Refusal;
use crate::service::config::Access;
use crate::state::TokenHash;
use crate::system;

/// Whose calls a path takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Callers {
    /// Anybody's.
    Anyone,
    /// Those of clients with a token, by their ids.
    Clients(Arc<[String]>),
}

impl Callers {
    /// Who may call the operations, if anybody may.
    #[must_use]
    pub fn of_operations(access: &Access) -> Option<Self> {
        match access {
            Access::Open => Some(Self::Anyone),
            Access::Clients(clients) => Some(Self::Clients(clients.as_slice().into())),
            Access::Nobody => None,
        }
    }

    /// The client that calls, by the headers of the request; none where anybody may.
    ///
    /// # Errors
    ///
    /// [`Refusal::NoToken`], [`Refusal::Token`] or [`Refusal::Client`]; [`Refusal::State`] where nobody can tell.
    pub async fn check(&self, service: &Service, headers: &HeaderMap) -> Result<Option<String>, Refusal> {
        let clients = match self {
            Self::Anyone => return Ok(None),
            Self::Clients(clients) => clients,
        };
        let hash = bearer(headers)?;
        let client = service.tokens.client_of(service, hash).await?.ok_or(Refusal::Token)?;
        if clients.contains(&client) { Ok(Some(client)) } else { Err(Refusal::Client) }
    }
}

/// The token of a request (RFC 6750, section 2.1).
fn bearer(headers: &HeaderMap) -> Result<TokenHash, Refusal> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let value = values.next().ok_or(Refusal::NoToken)?.as_bytes();
    if values.next().is_some() {
        return Err(Refusal::Token);
    }
    match value.split_at_checked(7) {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case(b"Bearer ") => Ok(TokenHash::of(token.trim_ascii())),
        Some(_) | None => Err(Refusal::NoToken),
    }
}

/// Tokens that were found in the state, so that it is not asked again for each request: none is taken back before its end.
#[derive(Default)]
pub struct Tokens(Mutex<HashMap<TokenHash, Known>>);

struct Known {
    client: String,
    /// When the state is asked again.
    until: i64,
}

impl Tokens {
    /// How many are kept.
    const MOST: usize = 4096;
    /// How long one is kept, in seconds; a token that ends meanwhile is valid as much longer.
    const SECONDS: i64 = 10;

    async fn client_of(&self, service: &Service, hash: TokenHash) -> Result<Option<String>, Refusal> {
        let now = system::seconds().ok_or(Refusal::State)?;
        if let Some(client) = self.known(&hash, now) {
            return Ok(Some(client));
        }
        let found = service.store.client_of(hash, now).await.map_err(|error| {
            service.state_failed(error);
            Refusal::State
        })?;
        if let Some(client) = &found {
            self.keep(hash, Known { client: client.clone(), until: now + Self::SECONDS }, now);
        }
        Ok(found)
    }

    fn known(&self, hash: &TokenHash, now: i64) -> Option<String> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Also where the clock went back.
        let is_fresh = |known: &&Known| (now..=now + Self::SECONDS).contains(&known.until);
        known.get(hash).filter(is_fresh).map(|known| known.client.clone())
    }

    fn keep(&self, hash: TokenHash, token: Known, now: i64) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= Self::MOST {
            known.retain(|_, known| known.until > now);
        }
        if known.len() < Self::MOST {
            known.insert(hash, token);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(number: usize) -> TokenHash {
        TokenHash::of(&number.to_be_bytes())
    }

    fn keep(tokens: &Tokens, number: usize, now: i64) {
        let known = Known { client: number.to_string(), until: now + Tokens::SECONDS };
        tokens.keep(hash(number), known, now);
    }

    // contract 13.3b: what was found is asked for again after 10 s, and where the clock went back.
    #[test]
    fn a_token_is_known_for_a_while() {
        let tokens = Tokens::default();
        assert_eq!(tokens.known(&hash(1), 100), None);
        keep(&tokens, 1, 100);
        for (now, is_known) in [(99, false), (100, true), (110, true), (111, false)] {
            assert_eq!(tokens.known(&hash(1), now).is_some(), is_known, "{now}");
        }
        assert_eq!(tokens.known(&hash(1), 100).as_deref(), Some("1"));
        assert_eq!(tokens.known(&hash(2), 100), None);
    }

    /// Whoever has many tokens takes no memory for it.
    #[test]
    fn no_more_are_known_than_there_is_room_for() {
        let tokens = Tokens::default();
        for number in 0..=Tokens::MOST {
            keep(&tokens, number, 100);
        }
        assert!(tokens.known(&hash(Tokens::MOST - 1), 100).is_some());
        assert_eq!(tokens.known(&hash(Tokens::MOST), 100), None);
        // Those that are over make room.
        keep(&tokens, Tokens::MOST, 110);
        assert!(tokens.known(&hash(Tokens::MOST), 110).is_some());
        assert_eq!(tokens.0.lock().unwrap().len(), 1);
    }
}
