//! Skyvern asks for the code of a task (contract 12.1): a request signed with its API key, and the code as JSON.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, PoisonError, RwLock};

use axum::http::{HeaderMap, HeaderName, StatusCode};
use data_encoding::HEXLOWER;
use hmac::{Hmac, KeyInit, Mac};
use serde::Serialize;
use serde_json::value::RawValue;
use sha2::Sha256;
use thiserror::Error;

use super::answer::{Answer, JSON};
use super::caller::Callers;
use super::media_type;
use super::refusal::Refusal;
use super::route::{Call, Endpoint, Routes, Verb};
use super::upload::UploadError;
use super::{Contract, Service, accounts};
use crate::account::Account;
use crate::otp::{Password, UnixTime};
use crate::service::accounts::AccountName;
use crate::service::config::{SecretFile, SkyvernConfig};
use crate::system;

/// Who signs, by its key: lower-case hexadecimal HMAC-SHA-256 of the body as it came.
const SIGNATURE: HeaderName = HeaderName::from_static("x-skyvern-signature");
/// The most bytes of a request: what is asked takes some hundred.
const MAX_BYTES: usize = 64 * 1024;

/// Adds the paths at which Skyvern asks.
#[must_use]
pub fn routes(routes: Routes) -> Routes {
    let askers = routes.skyvern().to_vec();
    askers.into_iter().fold(routes, |routes, asker| {
        let endpoint = Endpoint {
            path: "/skyvern/{path}",
            name: Some(asker.path.clone()),
            verb: Verb::Post,
            contract: Contract::Skyvern,
            callers: Callers::Anyone,
            any_origin: false,
        };
        routes.with(endpoint, move |service, call| answer(asker.clone(), service, call))
    })
}

/// Who asks at one path. It is not `Debug`: it has a key.
pub struct Asker {
    path: String,
    account: AccountName,
    tasks: BTreeMap<String, AccountName>,
    minimum_rest: u64,
    key: RwLock<SecretFile>,
}

/// Why there is no code.
#[derive(Debug, Error)]
pub enum CodeError {
    /// As on every path, or more came than is taken.
    #[error(transparent)]
    Upload(#[from] UploadError),
    /// The request is not signed with the key of its path: use the API key of `api_key_file`.
    #[error("invalid signature")]
    Signature,
    /// The body is said to be something else, or nothing is said of it.
    #[error("unsupported media type: expected application/json")]
    MediaType,
    /// The body is not a JSON object.
    #[error("wrong body: expected a JSON object")]
    Body,
    /// The account has no code now: the log says why.
    #[error("unusable account: see the log of the service")]
    Account(#[from] CodeAccountError),
    /// The clock of the system cannot be used.
    #[error("internal error: the clock is before 1970")]
    Clock,
}

/// Why an account has no code to give out.
#[derive(Debug, Error)]
pub enum CodeAccountError {
    /// Its files cannot be used.
    #[error("{0}")]
    Account(String),
    /// None of its codes would ever be given out.
    #[error("expected an account whose period is longer than skyvern.minimum_rest")]
    Period,
}

/// The form of a refusal where Skyvern asks.
#[must_use]
pub fn refuse(refusal: Refusal) -> Answer {
    CodeError::Upload(refusal.into()).into()
}

impl From<CodeError> for Answer {
    fn from(error: CodeError) -> Self {
        let words = error.to_string();
        let (code, header) = match error {
            CodeError::Upload(error) => (error.code(), error.header()),
            CodeError::Signature => (StatusCode::UNAUTHORIZED, None),
            CodeError::MediaType => (StatusCode::UNSUPPORTED_MEDIA_TYPE, None),
            CodeError::Body => (StatusCode::BAD_REQUEST, None),
            CodeError::Account(_) | CodeError::Clock => (StatusCode::INTERNAL_SERVER_ERROR, None),
        };
        Answer::error(code, header, &words)
    }
}

/// What is asked. Whatever is not a text counts as absent.
#[derive(Debug, PartialEq, Eq)]
pub struct CodeRequest {
    /// The task that needs a code.
    pub task_id: Option<String>,
    /// The workflow that it belongs to.
    pub workflow_permanent_id: Option<String>,
}

impl CodeRequest {
    /// Reads a JSON object. Its other members may be anything.
    fn read(body: &[u8]) -> Result<Self, serde_json::Error> {
        // Not a struct: serde reads one from an array, too.
        let members: HashMap<String, &RawValue> = serde_json::from_slice(body)?;
        let text = |name| members.get(name).and_then(|value| serde_json::from_str(value.get()).ok());
        Ok(Self { task_id: text("task_id"), workflow_permanent_id: text("workflow_permanent_id") })
    }
}

#[derive(Serialize)]
struct CodeAnswer<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    task_id: Option<&'a str>,
    verification_code: &'a str,
}

impl Asker {
    /// Who asks, as configured.
    #[must_use]
    pub fn new(skyvern: &SkyvernConfig) -> Self {
        let SkyvernConfig { path, account, api_key, minimum_rest, tasks } = skyvern.clone();
        let path = path.to_string();
        Self { path, account, tasks, minimum_rest, key: RwLock::new(api_key) }
    }

    /// Takes the key as it was read again.
    pub fn renew(&self, key: SecretFile) {
        *self.key.write().unwrap_or_else(PoisonError::into_inner) = key;
    }

    /// Reads what is asked: who asks, its type and its form, in this order (contract 12.1b).
    ///
    /// # Errors
    ///
    /// [`CodeError::Signature`], [`CodeError::MediaType`] or [`CodeError::Body`].
    pub fn question(&self, headers: &HeaderMap, body: &[u8]) -> Result<CodeRequest, CodeError> {
        self.check(headers, body)?;
        if !media_type::is(headers, JSON) {
            return Err(CodeError::MediaType);
        }
        CodeRequest::read(body).map_err(|_| CodeError::Body)
    }

    /// Checks the signature over the body as it came: other writers put blanks elsewhere.
    fn check(&self, headers: &HeaderMap, body: &[u8]) -> Result<(), CodeError> {
        let mut signatures = headers.get_all(SIGNATURE).iter();
        let (Some(signature), None) = (signatures.next(), signatures.next()) else { return Err(CodeError::Signature) };
        let signature = HEXLOWER.decode(signature.as_bytes()).map_err(|_| CodeError::Signature)?;
        let key = self.key.read().unwrap_or_else(PoisonError::into_inner);
        let mut hmac = Hmac::<Sha256>::new_from_slice(key.reveal().as_bytes()).expect("HMAC takes a key of any length");
        hmac.update(body);
        // In constant time.
        hmac.verify_slice(&signature).map_err(|_| CodeError::Signature)
    }

    /// The account of a task: by its id, then by that of its workflow, else that of the path.
    fn account_of(&self, question: &CodeRequest) -> &AccountName {
        let ids = [&question.task_id, &question.workflow_permanent_id];
        ids.into_iter().flatten().find_map(|id| self.tasks.get(id)).unwrap_or(&self.account)
    }

    /// The current code; none where it ends too soon, so that the next question gets a fresh one.
    fn code(&self, account: &Account, time: UnixTime) -> Result<Option<Password>, CodeAccountError> {
        let parameters = account.code_parameters();
        if self.minimum_rest >= parameters.period.seconds().into() {
            return Err(CodeAccountError::Period);
        }
        Ok((parameters.period.rest(time) > self.minimum_rest)
            .then(|| Password::generate(account.secret(), parameters, time)))
    }
}

async fn answer(asker: Arc<Asker>, service: Arc<Service>, call: Call) -> Answer {
    let (name, result) = match question(&asker, call).await {
        Ok(question) => {
            let name = asker.account_of(&question);
            (Some(name), code(&asker, &service, name, &question).await)
        }
        Err(error) => (None, Err(error)),
    };
    let account = name.map(|name| name.as_str().to_owned());
    if let Err(CodeError::Account(error)) = &result {
        let cause = error.to_string();
        tracing::error!(target: crate::service::log::TARGET, account, cause, "account not available");
    }
    Answer { account, ..result.unwrap_or_else(Answer::from) }
}

/// What is asked, whose size comes before everything else (contract 12.1b).
async fn question(asker: &Asker, call: Call) -> Result<CodeRequest, CodeError> {
    let headers = call.head.headers;
    let body = call.upload.read(MAX_BYTES).await?;
    asker.question(&headers, &body)
}

async fn code(
    asker: &Asker,
    service: &Service,
    name: &AccountName,
    question: &CodeRequest,
) -> Result<Answer, CodeError> {
    let found = accounts::account(service, name).await;
    let account = found.as_ref().as_ref().map_err(|error| CodeAccountError::Account(error.to_string()))?;
    let code = asker.code(account, system::time().ok_or(CodeError::Clock)?)?;
    let verification_code = code.as_ref().map_or("", Password::as_str);
    let answer = CodeAnswer { task_id: question.task_id.as_deref(), verification_code };
    let body = serde_json::to_vec(&answer).expect("two texts are written as JSON");
    Ok(Answer::new(StatusCode::OK, JSON, body))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::http::parts::tests::skyvern;

    const DOCUMENT: &[u8] = b"<Secret>GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ</Secret>";

    // contract 12.1d: a step that ends too soon has no code.
    #[test]
    fn a_code_has_some_time_left() {
        let asker = |minimum_rest| Asker::new(&SkyvernConfig { minimum_rest, ..skyvern("billing") });
        let account = Account::read(DOCUMENT, None).unwrap();
        let is_given = |minimum_rest, time| asker(minimum_rest).code(&account, UnixTime(time)).unwrap().is_some();
        for (minimum_rest, last) in [(0, 29), (1, 28), (10, 19), (28, 1), (29, 0)] {
            let given: Vec<u64> = (60..90).filter(|time| is_given(minimum_rest, *time)).collect();
            assert_eq!(given, (60..=60 + last).collect::<Vec<_>>(), "{minimum_rest}");
        }
        // RFC 6238, appendix B, the last six digits.
        let code = asker(0).code(&account, UnixTime(59)).unwrap().unwrap();
        assert_eq!(code.as_str(), "287082");
    }

    // contract 12.1e: none would ever be given out.
    #[test]
    fn a_period_that_is_too_short() {
        let account = Account::read(DOCUMENT, Some(b"<Parameters><period>10</period></Parameters>")).unwrap();
        let asker = |minimum_rest| Asker::new(&SkyvernConfig { minimum_rest, ..skyvern("billing") });
        for minimum_rest in [10, 11] {
            let result = asker(minimum_rest).code(&account, UnixTime(60));
            assert!(matches!(result, Err(CodeAccountError::Period)), "{minimum_rest}");
        }
        assert!(asker(9).code(&account, UnixTime(60)).is_ok());
    }
}
