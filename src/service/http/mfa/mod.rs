//! Codes for a second factor (contract 14), as SignalWire's REST API has them: a code leaves by a delivery, and what a person types is
//! verified against what the state keeps of it.

pub(in crate::service) mod code;
mod error;
mod message;
pub(in crate::service) mod parameters;
#[cfg(test)]
mod tests;
mod ways;

use std::sync::{Arc, PoisonError, RwLock};

use axum::http::{HeaderMap, StatusCode};
use constant_time_eq::constant_time_eq_32;
use serde::Serialize;
use sha2::{Digest, Sha256};
use tokio::time::{Instant, timeout_at};
use zeroize::Zeroizing;

use super::answer::{Answer, JSON};
use super::caller::Callers;
use super::idempotency::{self, Turn};
use super::oauth::{basic, split};
use super::refusal::Refusal;
use super::request_id::RequestId;
use super::route::{Call, Endpoint, Routes, Verb};
use super::{Contract, Service, media_type};
use crate::service::PhoneNumber;
use crate::service::config::{self, DeliveryConfig, Destinations, MfaChannels, MfaKey, MfaLimits, SecretFile};
use crate::service::delivery::{Channel, Confidential, Message};
use crate::service::guard::guarded_future;
use crate::service::log::TARGET;
use crate::service::metrics::MfaResult;
use crate::state::{Begun, IdempotencyKey, MfaId, MfaRequest, Verified};
use crate::system;
use crate::verification::MemoryError;
use code::{Code, RandomnessError};
use error::MfaError;
pub use error::refuse;
use parameters::{Asked, BodyFormat, BodyParameters, ParameterError};
use ways::{Way, Ways};

/// The most bytes of a request.
const MAX_BYTES: usize = 64 * 1024;

const SMS: &str = "/api/relay/rest/mfa/sms";
const CALL: &str = "/api/relay/rest/mfa/call";
const VERIFY: &str = "/api/relay/rest/mfa/{id}/verify";

/// Adds the paths of multi-factor codes, where they are configured.
#[must_use]
pub fn routes(routes: Routes) -> Routes {
    let Some(mfa) = routes.mfa() else { return routes };
    let endpoint = |path| Endpoint {
        path,
        name: None,
        verb: Verb::Post,
        contract: Contract::Mfa,
        callers: Callers::Anyone,
        any_origin: false,
    };
    let mut routes = routes;
    for (path, channel) in [(SMS, Channel::Sms), (CALL, Channel::Call)] {
        if mfa.way(channel).is_some() {
            let mfa = mfa.clone();
            routes = routes.with(endpoint(path), move |service, call| send(mfa.clone(), channel, service, call));
        }
    }
    routes.with(endpoint(VERIFY), move |service, call| verify(mfa.clone(), service, call))
}

/// The answer to a code that was sent.
#[derive(Serialize)]
struct Sent<'a> {
    id: String,
    success: bool,
    to: &'a str,
    channel: &'static str,
}

/// Codes as configured. It is not `Debug`: it has keys.
pub struct MfaService {
    project: String,
    credentials: RwLock<Credentials>,
    channels: MfaChannels,
    key: MfaKey,
    ways: RwLock<Ways>,
    destinations: Destinations,
    limits: MfaLimits,
}

impl Credentials {
    fn new(project: &str, token: &SecretFile) -> Self {
        let hash = |text: &str| Sha256::digest(text.as_bytes()).into();
        Self { project: hash(project), token: hash(token.reveal()) }
    }
}

/// Who may call: the hashes of the project and of its token, so that a comparison tells nothing by its duration.
struct Credentials {
    project: [u8; 32],
    token: [u8; 32],
}

impl MfaService {
    /// Codes as configured, kept under this key.
    #[must_use]
    pub fn new(mfa: &config::Mfa, key: MfaKey, deliveries: &[DeliveryConfig]) -> Self {
        Self {
            project: mfa.project.clone(),
            credentials: RwLock::new(Credentials::new(&mfa.project, &mfa.token)),
            key,
            channels: mfa.channels.clone(),
            ways: RwLock::new(Ways::new(&mfa.channels, deliveries)),
            destinations: mfa.destinations.clone(),
            limits: mfa.limits,
        }
    }

    /// Takes the token and the deliveries as they were read again.
    pub fn renew(&self, token: &SecretFile, deliveries: &[DeliveryConfig]) {
        *self.credentials.write().unwrap_or_else(PoisonError::into_inner) = Credentials::new(&self.project, token);
        *self.ways.write().unwrap_or_else(PoisonError::into_inner) = Ways::new(&self.channels, deliveries);
    }

    /// The way of a channel, if codes leave by it.
    fn way(&self, channel: Channel) -> Option<Arc<Way>> {
        self.ways.read().unwrap_or_else(PoisonError::into_inner).of(channel)
    }

    /// Checks who calls (RFC 7617).
    fn check(&self, headers: &HeaderMap) -> Result<(), MfaError> {
        let mut values = headers.get_all(axum::http::header::AUTHORIZATION).iter();
        let (Some(value), None) = (values.next(), values.next()) else { return Err(MfaError::Unauthorized) };
        let credentials = basic(value).ok_or(MfaError::Unauthorized)?;
        let (project, token) = split(&credentials).ok_or(MfaError::Unauthorized)?;
        let hash = |part: &[u8]| <[u8; 32]>::from(Sha256::digest(part));
        let known = self.credentials.read().unwrap_or_else(PoisonError::into_inner);
        let is_project = constant_time_eq_32(&known.project, &hash(project));
        let is_token = constant_time_eq_32(&known.token, &hash(token));
        if is_project & is_token { Ok(()) } else { Err(MfaError::Unauthorized) }
    }
}

/// How the body of a request is written, JSON or a form.
fn format(headers: &HeaderMap) -> Result<BodyFormat, MfaError> {
    if media_type::is(headers, JSON) {
        Ok(BodyFormat::Json)
    } else if media_type::is(headers, "application/x-www-form-urlencoded") {
        Ok(BodyFormat::Urlencoded)
    } else {
        Err(MfaError::MediaType)
    }
}

async fn send(mfa: Arc<MfaService>, channel: Channel, service: Arc<Service>, call: Call) -> Answer {
    let (deadline, request_id) = (call.upload.deadline(), call.id.clone());
    let (asked, key) = match asked(&mfa, channel, call).await {
        Ok(asked) => asked,
        Err(error) => return error.into(),
    };
    let to = asked.to.clone();
    let order = Order { asked, channel, request_id: request_id.clone() };
    let sender = service.clone();
    // It ends also where the caller has gone: a message that has left counts.
    let sending = tokio::spawn(guarded_future(async move {
        match key {
            None => begin(&mfa, &sender, order).await,
            Some(key) => begin_once(&mfa, &sender, order, key, deadline).await,
        }
    }));
    match sending.await {
        Ok(Ok(Ok(id))) => sent(&id, &to, channel),
        Ok(Ok(Err(error))) => error.into(),
        Ok(Err(panicked)) => {
            service.panicked(&panicked, Some(&request_id));
            refuse(Refusal::Internal)
        }
        // The service is ending.
        Err(_) => MfaError::State.into(),
    }
}

fn sent(id: &MfaId, to: &PhoneNumber, channel: Channel) -> Answer {
    let sent = Sent { id: id.to_string(), success: true, to: to.reveal(), channel: channel.name() };
    Answer::new(StatusCode::OK, JSON, serde_json::to_vec(&sent).expect("texts are written as JSON"))
}

/// Who asks, then what is asked for, and the key by which a repetition is known.
async fn asked(mfa: &MfaService, channel: Channel, call: Call) -> Result<(Asked, Option<IdempotencyKey>), MfaError> {
    let headers = call.head.headers;
    mfa.check(&headers)?;
    let key = idempotency::key(&headers)?.map(|key| IdempotencyKey::of(&[b"mfa", channel.name().as_bytes()], key));
    let body = call.upload.read(MAX_BYTES).await?;
    let parameters =
        BodyParameters::read(&body, format(&headers)?).map_err(|mistake| MfaError::Parameters(vec![mistake]))?;
    let asked = Asked::read(&parameters, channel, &mfa.destinations, &mfa.limits).map_err(MfaError::Parameters)?;
    Ok((asked, key))
}

/// What is to be sent, and by whose request.
struct Order {
    asked: Asked,
    channel: Channel,
    request_id: RequestId,
}

/// The same as before, or a new one.
async fn begin_once(
    mfa: &MfaService,
    service: &Arc<Service>,
    order: Order,
    key: IdempotencyKey,
    deadline: Instant,
) -> Result<MfaId, MfaError> {
    match idempotency::turn(service, key, order.asked.fingerprint(), deadline).await? {
        Turn::Over(kept) => std::str::from_utf8(&kept).ok().and_then(MfaId::parse).ok_or(MfaError::State),
        Turn::Ours(reserving) => {
            let seconds = order.asked.valid_for.into();
            let begun = begin(mfa, service, order).await;
            match &begun {
                Ok(id) => reserving.answered(service, id.to_string().into_bytes(), seconds).await,
                Err(_) => reserving.released(service).await,
            }
            begun
        }
    }
}

/// Keeps the request, then lets its code leave. Where it does not, the request is void.
async fn begin(mfa: &MfaService, service: &Service, order: Order) -> Result<MfaId, MfaError> {
    let Order { asked, channel, request_id } = order;
    let way = mfa.way(channel).ok_or(MfaError::Gone)?;
    let now = system::seconds().ok_or(MfaError::System)?;
    let mut bytes = [0; MfaId::BYTES];
    getrandom::fill(&mut bytes).map_err(|_| MfaError::System)?;
    let id = MfaId::from_random(bytes);
    let code = Code::random(asked.token_length, asked.allow_alphas, |bytes| {
        getrandom::fill(bytes).map_err(|_| RandomnessError)
    });
    let code = code.map_err(|RandomnessError| MfaError::System)?;
    let request = MfaRequest {
        id,
        destination: service.store.destination(asked.to.reveal()),
        code: code.hash(&mfa.key, &id),
        attempts: asked.max_attempts.into(),
        expires: now + i64::from(asked.valid_for),
    };
    match service.store.begin_mfa(request, mfa.limits.quota, now).await.map_err(|error| failed(service, error))? {
        Begun::Admitted => {}
        Begun::Limited { seconds } => {
            service.metrics.mfa(MfaResult::Limited);
            return Err(MfaError::Limited { seconds });
        }
    }
    let text = match channel {
        Channel::Sms => code.in_message(asked.message.reveal()),
        Channel::Call => code.in_call(asked.message.reveal()),
    };
    let text = Confidential::new(text);
    let message =
        Message { id: id.to_string(), channel, to: confidential(asked.to), from: asked.from.map(confidential), text };
    match way.delivery.deliver(&message).await {
        Ok(_) => {
            service.metrics.delivered(&way.name, true);
            service.metrics.mfa(MfaResult::Sent);
            Ok(id)
        }
        Err(error) => {
            service.metrics.delivered(&way.name, false);
            service.metrics.mfa(MfaResult::Failed);
            let cause = error.to_string();
            let request_id = request_id.as_str();
            tracing::error!(target: TARGET, request_id, name = way.name, cause, "message not delivered");
            if let Err(error) = service.store.void_mfa(id).await {
                service.state_failed(error);
            }
            Err(MfaError::Delivery)
        }
    }
}

async fn verify(mfa: Arc<MfaService>, service: Arc<Service>, call: Call) -> Answer {
    match verified(&mfa, &service, call).await {
        Ok(is_right) => Answer::new(StatusCode::OK, JSON, format!("{{\"success\":{is_right}}}")),
        Err(error) => error.into(),
    }
}

async fn verified(mfa: &MfaService, service: &Service, call: Call) -> Result<bool, MfaError> {
    let headers = call.head.headers;
    mfa.check(&headers)?;
    let deadline = call.upload.deadline();
    let body = call.upload.read(MAX_BYTES).await?;
    let wrong = |mistake| MfaError::Parameters(vec![mistake]);
    let parameters = BodyParameters::read(&body, format(&headers)?).map_err(wrong)?;
    let token = Zeroizing::new(parameters.required_text("token").map_err(wrong)?.to_owned());
    let code = Code::typed(&token)
        .ok_or_else(|| wrong(ParameterError("token must be a text that is not blank".to_owned())))?;
    // What cannot be an id is as unknown as one that nobody has.
    let id = call.head.uri.path().split('/').nth(5).and_then(MfaId::parse);
    let id = id.ok_or_else(|| gone(service))?;
    let (hash, now) = (code.hash(&mfa.key, &id), system::seconds().ok_or(MfaError::System)?);
    let verified = timeout_at(deadline, service.store.verify_mfa(id, hash, mfa.limits.quota, now)).await;
    match verified.unwrap_or(Err(MemoryError::Late)).map_err(|error| failed(service, error))? {
        Verified::Match => {
            service.metrics.mfa(MfaResult::Match);
            Ok(true)
        }
        Verified::Mismatch => {
            service.metrics.mfa(MfaResult::Mismatch);
            Ok(false)
        }
        Verified::Gone => Err(gone(service)),
        Verified::Limited { seconds } => {
            service.metrics.mfa(MfaResult::Limited);
            Err(MfaError::Limited { seconds })
        }
    }
}

fn confidential(number: PhoneNumber) -> Confidential {
    Confidential::new(number.into_text())
}

fn gone(service: &Service) -> MfaError {
    service.metrics.mfa(MfaResult::Gone);
    MfaError::Gone
}

fn failed(service: &Service, error: MemoryError) -> MfaError {
    service.state_failed(error);
    MfaError::State
}
