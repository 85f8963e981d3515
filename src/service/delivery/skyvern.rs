//! Codes and messages for Skyvern (contract 12.2): `POST …/v1/credentials/totp`, tried again while that may help. It does not know
//! where a code comes from.

use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use thiserror::Error;
use tokio::time::{Instant, sleep, timeout_at};
use zeroize::Zeroizing;

use super::error::{Failure, explained, of_status};
use super::http::{EndpointUrl, HttpClient, JSON, confidential_header};
use super::json::{object, write_object};
use super::{Confidential, Deliver, Delivered, Delivering, DeliveryError, EndpointError, Message};

/// The path of Skyvern's own clients.
const PATH: &str = "/v1/credentials/totp";
/// That of older ones, which Skyvern also serves.
const OLDER_PATH: &str = "/api/v1/totp";
const API_KEY: HeaderName = HeaderName::from_static("x-api-key");
/// How long the second try waits after the first, and how long one waits at most after another.
const FIRST_WAIT: Duration = Duration::from_secs(1);
const MAX_WAIT: Duration = Duration::from_secs(16);

/// A server of Skyvern, and the key to it. Clones share its connections.
#[derive(Clone)]
pub struct Skyvern {
    endpoint: EndpointUrl,
    api_key: HeaderValue,
    client: HttpClient,
}

/// What Skyvern receives. It finds the code in the content itself, where that has more than ten characters.
#[derive(Clone, Debug)]
pub struct SkyvernMessage {
    /// `totp_identifier`: whose code it is, as the credential or the task names it.
    pub identifier: Confidential,
    /// `content`: the code, or the message with the code in it.
    pub content: Confidential,
    /// `task_id`: the task that it is for.
    pub task_id: Option<String>,
    /// `workflow_id`: the workflow that it is for.
    pub workflow_id: Option<String>,
    /// `workflow_run_id`: the run that it is for.
    pub workflow_run_id: Option<String>,
    /// `source`: where it comes from, such as `app`, `email` or `sms`.
    pub source: Option<String>,
}

/// What Skyvern says of a message that it has taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Note {
    /// It keeps the message, and has found no code in it.
    #[error("Skyvern has stored the message, and found no code in it")]
    NoCode,
}

/// Why Skyvern did not take a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum SkyvernError {
    /// It answered with another status than 200.
    #[error("{}{}", expectation(*.status), explained_skyvern(*.status))]
    Status {
        /// Its HTTP status.
        status: u16,
    },
    /// It answered with 200 and something else than Skyvern answers.
    #[error("expected the answer of a Skyvern server, found another one with status 200")]
    Answer,
}

fn expectation(status: u16) -> String {
    let expected = match status {
        400 => "a task, workflow and run that Skyvern knows, and content that it can read",
        401 | 403 => "an API key that Skyvern accepts",
        402 => "credits that Skyvern reads the content for",
        404 | 405 => "the address of a Skyvern server",
        422 => "a message that Skyvern takes",
        429 => "a Skyvern server that takes more messages for now",
        500..=599 => "a Skyvern server that is available, with what it depends on",
        _ => "200 from Skyvern",
    };
    format!("expected {expected}, found {status}")
}

const fn explained_skyvern(status: u16) -> &'static str {
    match status {
        300..=399 => explained(status),
        _ => "",
    }
}

impl SkyvernError {
    pub(super) const fn failure(self) -> Failure {
        match self {
            Self::Status { status } => of_status(status),
            Self::Answer => Failure::Refused,
        }
    }
}

/// A try that failed.
struct Failed {
    error: DeliveryError,
    /// Whether another try may help, and how long Skyvern asks to wait for it.
    again: Option<Duration>,
}

impl Skyvern {
    /// The server at an address, which may end in the path of its codes.
    ///
    /// # Errors
    ///
    /// [`EndpointError`] where the address cannot be completed.
    pub fn new(base: EndpointUrl, api_key: &ApiKey, client: HttpClient) -> Result<Self, EndpointError> {
        Ok(Self { endpoint: Self::address(base)?, api_key: api_key.0.clone(), client })
    }

    /// The whole address of a server's codes.
    ///
    /// # Errors
    ///
    /// [`EndpointError`] where the address cannot be completed; a whole one always can.
    pub fn address(base: EndpointUrl) -> Result<EndpointUrl, EndpointError> {
        base.completed(PATH, &[PATH, OLDER_PATH])
    }

    /// The same server, with another key to it.
    #[must_use]
    pub fn with_key(&self, api_key: &ApiKey) -> Self {
        Self { api_key: api_key.0.clone(), ..self.clone() }
    }

    /// Sends a message, again and again with growing waits while Skyvern cannot be reached or says that it cannot take it now,
    /// for so long at most.
    ///
    /// # Errors
    ///
    /// [`DeliveryError`], that of the last try.
    pub async fn send_within(&self, message: &SkyvernMessage, limit: Duration) -> Result<Delivered, DeliveryError> {
        let end = Instant::now() + limit;
        let late = || DeliveryError::Late { seconds: limit.as_secs() };
        let mut wait = FIRST_WAIT;
        loop {
            let Ok(tried) = timeout_at(end, self.send(message)).await else { return Err(late()) };
            let failed = match tried {
                Ok(delivered) => return Ok(delivered),
                Err(failed) => failed,
            };
            match failed.again {
                Some(asked) if Instant::now() + asked.max(wait) < end => sleep(asked.max(wait)).await,
                Some(_) | None => return Err(failed.error),
            }
            wait = (wait * 2).min(MAX_WAIT);
        }
    }

    async fn send(&self, message: &SkyvernMessage) -> Result<Delivered, Failed> {
        let mut headers = HeaderMap::new();
        headers.insert(API_KEY, self.api_key.clone());
        let answer = match self.client.post(&self.endpoint, JSON, headers, message.body()).await {
            Ok(answer) => answer,
            Err(error) => {
                let again = error.is_connect().then_some(Duration::ZERO);
                return Err(Failed { error: error.into(), again });
            }
        };
        match answer.status {
            200 => match answer.body().await {
                Ok(body) => delivered(&body).map_err(|error| Failed { error: error.into(), again: None }),
                Err(error) => Err(Failed { error: error.into(), again: None }),
            },
            status => {
                let may_help = matches!(status, 429 | 502 | 503 | 504);
                let again = may_help.then(|| answer.retry_after().unwrap_or_default());
                answer.leave().await;
                Err(Failed { error: SkyvernError::Status { status }.into(), again })
            }
        }
    }
}

/// What an answer with status 200 says. One that is not Skyvern's comes from somebody in its place, who has stored nothing.
fn delivered(body: &[u8]) -> Result<Delivered, SkyvernError> {
    let answer = object(body).ok_or(SkyvernError::Answer)?;
    match answer.get("code").and_then(serde_json::Value::as_str) {
        Some("") => Ok(Delivered::AcceptedWith(Note::NoCode)),
        Some(_) => Ok(Delivered::Accepted),
        None if answer.contains_key("totp_code_id") => Ok(Delivered::AcceptedWith(Note::NoCode)),
        None => Err(SkyvernError::Answer),
    }
}

impl SkyvernMessage {
    /// The body of a request, in the order of Skyvern's own clients.
    fn body(&self) -> Zeroizing<Vec<u8>> {
        write_object(&[
            ("totp_identifier", Some(self.identifier.reveal())),
            ("task_id", self.task_id.as_deref()),
            ("workflow_id", self.workflow_id.as_deref()),
            ("workflow_run_id", self.workflow_run_id.as_deref()),
            ("source", self.source.as_deref()),
            ("content", Some(self.content.reveal())),
        ])
    }
}

impl Deliver for Skyvern {
    fn deliver<'a>(&'a self, message: &'a Message) -> Delivering<'a> {
        let message = SkyvernMessage {
            identifier: message.to.clone(),
            content: message.text.clone(),
            task_id: None,
            workflow_id: None,
            workflow_run_id: None,
            source: None,
        };
        Box::pin(async move { self.send_within(&message, self.client.limit()).await })
    }
}

/// The key to a server of Skyvern. `Debug` does not show it.
#[derive(Clone)]
pub struct ApiKey(HeaderValue);

impl ApiKey {
    /// What it takes.
    pub const EXPECTED: &str = "a key of visible ASCII characters";

    /// Takes a key.
    #[must_use]
    pub fn new(key: &str) -> Option<Self> {
        let is_visible = !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_graphic());
        confidential_header(key).filter(|_| is_visible).map(Self)
    }
}

impl std::fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ApiKey(redacted)")
    }
}

impl std::fmt::Debug for Skyvern {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Skyvern(redacted)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message() -> SkyvernMessage {
        SkyvernMessage {
            identifier: Confidential::new("john@example.org".to_owned()),
            content: Confidential::new("081804".to_owned()),
            task_id: None,
            workflow_id: None,
            workflow_run_id: None,
            source: None,
        }
    }

    // contract 12.2a: recorded from the real client, 1.0.56.
    #[test]
    fn the_body_is_that_of_skyverns_own_client() {
        let body = message().body();
        assert_eq!(*body, b"{\"totp_identifier\":\"john@example.org\",\"content\":\"081804\"}");
        let text = |text: &str| Some(text.to_owned());
        let all = SkyvernMessage {
            identifier: Confidential::new("jö\"hn\n".to_owned()),
            content: Confidential::new("ü/\u{2028}\u{7f}\u{1}\u{1f600}<&".to_owned()),
            task_id: text("t"),
            workflow_id: text("w"),
            workflow_run_id: text("wr"),
            source: text("app"),
        };
        let expected = "{\"totp_identifier\":\"jö\\\"hn\\n\",\"task_id\":\"t\",\"workflow_id\":\"w\",\"workflow_run_id\":\"wr\",\
                        \"source\":\"app\",\"content\":\"ü/\u{2028}\u{7f}\\u0001\u{1f600}<&\"}";
        assert_eq!(std::str::from_utf8(&all.body()).unwrap(), expected);
        assert!(!format!("{:?}", message()).contains("081804"));
    }

    // contract 12.2g, 12.2h
    #[test]
    fn answers_with_200() {
        for (body, expected) in [
            ("{\"totp_code_id\":\"o\",\"code\":\"123456\"}", Ok(Delivered::Accepted)),
            ("{\"totp_code_id\":\"o\",\"code\":\"\"}", Ok(Delivered::AcceptedWith(Note::NoCode))),
            ("{\"totp_code_id\":\"o\",\"code\":null}", Ok(Delivered::AcceptedWith(Note::NoCode))),
            ("{\"totp_code_id\":\"o\"}", Ok(Delivered::AcceptedWith(Note::NoCode))),
            ("{\"status\":\"ok\"}", Err(SkyvernError::Answer)),
            ("<html>Sign in</html>", Err(SkyvernError::Answer)),
            ("", Err(SkyvernError::Answer)),
        ] {
            assert_eq!(delivered(body.as_bytes()), expected, "{body}");
        }
    }

    #[test]
    fn keys_fit_into_a_header() {
        assert!(ApiKey::new("eyJhbGciOi.J9-_~").is_some());
        for key in ["", "a b", "a\n", "ä", "\u{7f}"] {
            assert!(ApiKey::new(key).is_none(), "{key:?}");
        }
        assert_eq!(format!("{:?}", ApiKey::new("key").unwrap()), "ApiKey(redacted)");
    }
}
