//! `push skyvern` (contract 12.2, 12.3): from a secret, a text or a mail to what Skyvern receives, and how long that is worth
//! telling.

use std::time::Duration;

use tokio::time::sleep;
use zeroize::Zeroizing;

use super::{PushError, SkyvernContent, SkyvernRequest, mail, run, secret};
use crate::adapter::secret_in;
use crate::error::Error;
use crate::otp::{CodeParameters, Password, Secret, Skew, UnixTime};
use crate::service::delivery::{ApiKey, Confidential, Delivered, DeliveryError, HttpClient, Skyvern, SkyvernMessage};
use crate::system;
use crate::xml::MAX_DOCUMENT_BYTES;

/// The most bytes of a content.
const MAX_CONTENT_BYTES: usize = 64 * 1024;
/// The byte order mark of UTF-8, which some programs put before what they pass on.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// A server of Skyvern, and what lacks its content.
pub struct SkyvernPush {
    server: Skyvern,
    task_id: Option<String>,
    workflow_id: Option<String>,
    workflow_run_id: Option<String>,
    source: Option<String>,
    content: Content,
}

/// What the input is.
enum Content {
    Password { identifier: Confidential, code: CodeParameters, skew: Skew, minimum_rest: u32 },
    Text { identifier: Confidential, give_up: Duration },
    Mail { identifier: Option<Confidential>, give_up: Duration },
}

impl SkyvernPush {
    pub(super) fn prepare(request: &SkyvernRequest, client: HttpClient) -> Result<Self, PushError> {
        let content = Content::of(&request.content)?;
        let wrong_url = |expected| PushError::Parameter { option: "--url", expected };
        let base = client.endpoint(&request.url).map_err(|error| wrong_url(error.expected()))?;
        let key = secret("--api-key-file", &request.api_key_file)?;
        let key = ApiKey::new(&key).ok_or_else(|| PushError::File {
            option: "--api-key-file",
            reason: format!("expected {}", ApiKey::EXPECTED),
        })?;
        Ok(Self {
            server: Skyvern::new(base, &key, client).map_err(|error| wrong_url(error.expected()))?,
            task_id: request.task_id.clone(),
            workflow_id: request.workflow_id.clone(),
            workflow_run_id: request.workflow_run_id.clone(),
            source: request.source.clone(),
            content,
        })
    }

    pub(super) const fn input(&self) -> &'static str {
        match self.content {
            Content::Password { .. } => "a <Secret> document",
            Content::Text { .. } => "a text",
            Content::Mail { .. } => "a mail message",
        }
    }

    pub(super) const fn max_bytes(&self) -> usize {
        match self.content {
            Content::Password { .. } => MAX_DOCUMENT_BYTES,
            Content::Text { .. } => MAX_CONTENT_BYTES,
            Content::Mail { .. } => mail::MAX_BYTES,
        }
    }

    pub(super) fn push(self, input: &Zeroizing<Vec<u8>>) -> Result<Delivered, PushError> {
        match &self.content {
            Content::Password { identifier, code, skew, minimum_rest } => {
                let secret = secret_in(input)?;
                system::time().ok_or(Error::Clock)?;
                run(self.send_password(identifier, &secret, *code, *skew, *minimum_rest))
            }
            Content::Text { identifier, give_up } => {
                let content = text(input)?;
                run(self.send(identifier.clone(), content, *give_up))
            }
            Content::Mail { identifier, give_up } => {
                let mail = mail::read(input)?;
                let identifier = identifier.clone().or(mail.address).ok_or(mail::MailError::NoAddress)?;
                run(self.send(identifier, mail.text, *give_up))
            }
        }
    }

    async fn send_password(
        &self,
        identifier: &Confidential,
        secret: &Secret,
        code: CodeParameters,
        skew: Skew,
        minimum_rest: u32,
    ) -> Result<Delivered, DeliveryError> {
        let mut now = now();
        while let Some(wait) = wait_for_step(now, code, minimum_rest) {
            sleep(wait).await;
            now = self::now();
        }
        let password = Password::generate(secret, code, now);
        let content = Confidential::new(password.as_str().to_owned());
        self.send(identifier.clone(), content, acceptance(now, code, skew)).await
    }

    async fn send(
        &self,
        identifier: Confidential,
        content: Confidential,
        give_up: Duration,
    ) -> Result<Delivered, DeliveryError> {
        let message = SkyvernMessage {
            identifier,
            content,
            task_id: self.task_id.clone(),
            workflow_id: self.workflow_id.clone(),
            workflow_run_id: self.workflow_run_id.clone(),
            source: self.source.clone(),
        };
        self.server.send_within(&message, give_up).await
    }
}

impl Content {
    fn of(content: &SkyvernContent) -> Result<Self, PushError> {
        let kept = |identifier: &String| Confidential::new(identifier.clone());
        Ok(match content {
            SkyvernContent::Password { code, minimum_rest, .. } if *minimum_rest >= code.period.seconds() => {
                let expected = "a whole number of seconds from 0 to less than --period";
                return Err(PushError::Parameter { option: "--minimum-rest", expected });
            }
            SkyvernContent::Password { identifier, code, skew, minimum_rest } => {
                Self::Password { identifier: kept(identifier), code: *code, skew: *skew, minimum_rest: *minimum_rest }
            }
            SkyvernContent::Text { identifier, give_up } => {
                Self::Text { identifier: kept(identifier), give_up: *give_up }
            }
            SkyvernContent::Mail { identifier, give_up } => {
                Self::Mail { identifier: identifier.as_ref().map(kept), give_up: *give_up }
            }
        })
    }
}

/// The time of the clock, which was found to stand after 1970.
fn now() -> UnixTime {
    system::time().unwrap_or(UnixTime(0))
}

/// How long to wait until the next step begins, where the current one ends too soon.
fn wait_for_step(now: UnixTime, code: CodeParameters, minimum_rest: u32) -> Option<Duration> {
    let rest = code.period.rest(now);
    (rest <= u64::from(minimum_rest)).then(|| Duration::from_secs(rest))
}

/// How long the password of now is accepted: to the end of its step, and for the steps of the skew.
fn acceptance(now: UnixTime, code: CodeParameters, skew: Skew) -> Duration {
    Duration::from_secs(code.period.rest(now) + u64::from(code.period.seconds()) * u64::from(skew.steps()))
}

/// A content as it came, without a byte order mark, which is no part of a text.
fn text(input: &[u8]) -> Result<Confidential, PushError> {
    if input.len() > MAX_CONTENT_BYTES {
        return Err(PushError::Input("a text of at most 64 KiB"));
    }
    let bytes = input.strip_prefix(BYTE_ORDER_MARK).unwrap_or(input);
    let text = std::str::from_utf8(bytes).map_err(|_| PushError::Input("a text in UTF-8"))?;
    if text.trim().is_empty() {
        return Err(PushError::Input("a text, found nothing"));
    }
    Ok(Confidential::new(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(period: &str) -> CodeParameters {
        CodeParameters { period: period.parse().unwrap(), ..CodeParameters::default() }
    }

    // contract 12.2c
    #[test]
    fn a_password_that_ends_soon_is_not_sent() {
        for (now, wait) in [(0, None), (19, None), (20, Some(10)), (25, Some(5)), (29, Some(1)), (30, None)] {
            let expected = wait.map(Duration::from_secs);
            assert_eq!(wait_for_step(UnixTime(now), code("30"), 10), expected, "{now}");
        }
        assert_eq!(wait_for_step(UnixTime(29), code("30"), 0), None);
    }

    // contract 12.2f
    #[test]
    fn a_password_is_sent_as_long_as_it_is_accepted() {
        let seconds = |now, skew: &str| acceptance(UnixTime(now), code("30"), skew.parse().unwrap()).as_secs();
        assert_eq!([seconds(0, "1"), seconds(19, "1"), seconds(29, "0"), seconds(30, "10")], [60, 41, 1, 330]);
    }

    // contract 12.2d
    #[test]
    fn a_content_is_sent_as_it_is() {
        let accepted = |input: &[u8]| text(input).map(|text| text.reveal().to_owned());
        for input in ["123456", " 123456\r\n", "ü\u{feff}", "a\0b"] {
            assert_eq!(accepted(input.as_bytes()).unwrap(), input);
        }
        assert_eq!(accepted("\u{feff}123456".as_bytes()).unwrap(), "123456");
        for input in [&b""[..], b" \n", b"\xef\xbb\xbf", b"\xff\xfe1\0", b"\xc3", &vec![b'x'; MAX_CONTENT_BYTES + 1]] {
            assert!(accepted(input).is_err(), "{}", input.len());
        }
        assert!(accepted(&vec![b'x'; MAX_CONTENT_BYTES]).is_ok());
    }
}
