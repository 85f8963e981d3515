//! Deliveries to a webhook, as Verity makes them: with a token, which is renewed once where the webhook refuses it. Success is
//! 200 or 202 and nothing else.

use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use tokio::time::error::Elapsed;
use tokio::time::{Instant, timeout_at};
use zeroize::Zeroizing;

use super::authentication::{Authentication, AuthenticationError, Bearer};
use super::http::{EndpointUrl, HttpClient, JSON, confidential_header};
use super::json::write_object;
use super::token::{Token, TokenError};
use super::{Deliver, Delivered, Delivering, DeliveryError, Message};

/// A webhook. Clones share its connections and tokens.
#[derive(Clone)]
pub struct Webhook {
    endpoint: EndpointUrl,
    bearer: Option<Bearer>,
    client: HttpClient,
}

/// What kind of document a body is (RFC 9110, section 8.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContentType(HeaderValue);

impl ContentType {
    /// What it takes.
    pub const EXPECTED: &str = "a media type such as application/json";

    /// Reads a media type, with or without parameters.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let is_token = |part: &str| {
            !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b))
        };
        let (kind, subtype) = text.split(';').next()?.trim_end().split_once('/')?;
        let is_visible = text.bytes().all(|byte| (b' '..=b'~').contains(&byte));
        (is_token(kind) && is_token(subtype) && is_visible).then(|| HeaderValue::from_str(text).ok().map(Self))?
    }
}

impl Default for ContentType {
    fn default() -> Self {
        Self(JSON)
    }
}

impl Webhook {
    /// A webhook at an address; with an authentication it never gets anything without a token.
    ///
    /// # Errors
    ///
    /// [`AuthenticationError::Url`] where the address of the token server cannot be used.
    pub fn new(
        endpoint: EndpointUrl,
        authentication: Option<Authentication>,
        client: HttpClient,
    ) -> Result<Self, AuthenticationError> {
        let bearer = authentication.map(|authentication| authentication.bearer(&client)).transpose()?;
        Ok(Self { endpoint, bearer, client })
    }

    /// Delivers a document as it is, within the limit of the client.
    ///
    /// # Errors
    ///
    /// [`DeliveryError`] where the webhook did not take it.
    pub async fn deliver_document(
        &self,
        content_type: &ContentType,
        document: &Zeroizing<Vec<u8>>,
    ) -> Result<Delivered, DeliveryError> {
        let end = Instant::now() + self.client.limit();
        self.deliver_until(end, content_type, document).await.map(|()| Delivered::Accepted)
    }

    async fn deliver_until(
        &self,
        end: Instant,
        content_type: &ContentType,
        document: &Zeroizing<Vec<u8>>,
    ) -> Result<(), DeliveryError> {
        let seconds = self.client.limit().as_secs();
        let send = async |token: Option<&str>| {
            let token = token.map(|token| Zeroizing::new(token.to_owned()));
            let sent = timeout_at(end, self.send(content_type, document.clone(), token)).await;
            sent.unwrap_or(Err(DeliveryError::Late { seconds }))
        };
        let in_time =
            |token: Result<Result<Token, TokenError>, Elapsed>| token.unwrap_or(Err(TokenError::Late { seconds }));
        match &self.bearer {
            None => send(None).await,
            Some(Bearer::Fixed(token)) => send(Some(token.reveal())).await,
            Some(Bearer::Issued(source)) => {
                let token = in_time(timeout_at(end, source.token()).await)?;
                match send(Some(token.reveal())).await {
                    Err(DeliveryError::Webhook { status: 401 }) => {
                        let token = in_time(timeout_at(end, source.instead_of(&token)).await)?;
                        send(Some(token.reveal())).await
                    }
                    result => result,
                }
            }
        }
    }

    async fn send(
        &self,
        content_type: &ContentType,
        document: Zeroizing<Vec<u8>>,
        token: Option<Zeroizing<String>>,
    ) -> Result<(), DeliveryError> {
        let mut headers = HeaderMap::new();
        if let Some(token) = token {
            let bearer = Zeroizing::new(format!("Bearer {}", *token));
            headers.insert(AUTHORIZATION, confidential_header(&bearer).expect("a token was checked when it came"));
        }
        let answer = self.client.post(&self.endpoint, content_type.0.clone(), headers, document).await?;
        let status = answer.status;
        answer.leave().await;
        match status {
            200 | 202 => Ok(()),
            status => Err(DeliveryError::Webhook { status }),
        }
    }
}

impl Deliver for Webhook {
    fn deliver<'a>(&'a self, message: &'a Message) -> Delivering<'a> {
        let document = write_object(&[
            ("id", Some(&message.id)),
            ("channel", Some(message.channel.name())),
            ("to", Some(message.to.reveal())),
            ("from", message.from.as_ref().map(super::Confidential::reveal)),
            ("text", Some(message.text.reveal())),
        ]);
        Box::pin(async move { self.deliver_document(&ContentType::default(), &document).await })
    }
}

impl std::fmt::Debug for Webhook {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Webhook").field("is_authenticated", &self.bearer.is_some()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // contract 13.5c
    #[test]
    fn media_types() {
        for text in ["application/json", "application/json; charset=utf-8", "text/xml", "application/vnd.a+json"] {
            assert!(ContentType::parse(text).is_some(), "{text}");
        }
        for text in [
            "",
            "json",
            "/json",
            "application/",
            "a b/c",
            "text/plain\r\nX: 1",
            "text/plän",
            "a/b/c",
            "text/plain; a=\u{7f}",
        ] {
            assert!(ContentType::parse(text).is_none(), "{text:?}");
        }
    }
}
