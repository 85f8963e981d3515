//! What operators and their machines ask (contract 10.6): health, readiness, metrics. Faults are JSON.

use std::sync::Arc;

use axum::http::StatusCode;

use super::answer::{Answer, JSON, json_fault};
use super::caller::Callers;
use super::page::{self, WebPage};
use super::refusal::Refusal;
use super::route::{Call, Endpoint, Routes, Verb};
use super::{Contract, Service};

/// Prometheus's text format.
const METRICS: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Why a question of an operator is not answered.
#[derive(Debug, thiserror::Error)]
pub enum OperatorError {
    /// As on every path.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The state does not answer.
    #[error("not ready: the state does not answer")]
    NotReady,
}

/// Adds health, readiness, the description of the service and its page.
#[must_use]
pub fn routes(routes: Routes) -> Routes {
    routes
        .with(endpoint("/healthz", true), healthz)
        .with(endpoint("/readyz", false), readyz)
        .with(endpoint("/openapi.json", false), description)
        .with(endpoint("/", false), page)
}

/// Adds the metrics.
#[must_use]
pub fn metrics_routes(routes: Routes) -> Routes {
    routes.with(endpoint("/metrics", false), metrics)
}

const fn endpoint(path: &'static str, any_origin: bool) -> Endpoint {
    Endpoint { path, name: None, verb: Verb::Get, contract: Contract::Operations, callers: Callers::Anyone, any_origin }
}

async fn healthz(_: Arc<Service>, _: Call) -> Answer {
    Answer::new(StatusCode::OK, JSON, "{\"status\":\"alive\"}\n")
}

async fn readyz(service: Arc<Service>, _: Call) -> Answer {
    if service.is_ready().await {
        Answer::new(StatusCode::OK, JSON, "{\"status\":\"ready\"}\n")
    } else {
        OperatorError::NotReady.into()
    }
}

async fn description(service: Arc<Service>, _: Call) -> Answer {
    Answer::new(StatusCode::OK, JSON, service.description.clone())
}

async fn page(service: Arc<Service>, _: Call) -> Answer {
    let WebPage { body, headers } = service.page.clone();
    headers
        .into_iter()
        .fold(Answer::new(StatusCode::OK, page::TYPE, body), |answer, header| answer.with_header(Some(header)))
}

async fn metrics(service: Arc<Service>, _: Call) -> Answer {
    service.metrics.state_queue.set(i64::try_from(service.store.waiting()).unwrap_or(i64::MAX));
    Answer::new(StatusCode::OK, METRICS, service.metrics.text())
}

/// The form of a refusal on the paths of operators, and on unknown paths.
#[must_use]
pub fn refuse(refusal: Refusal) -> Answer {
    OperatorError::Refused(refusal).into()
}

impl From<OperatorError> for Answer {
    fn from(error: OperatorError) -> Self {
        let words = error.to_string();
        let (code, header) = match error {
            OperatorError::Refused(refusal) => (refusal.code(), refusal.header()),
            OperatorError::NotReady => (StatusCode::SERVICE_UNAVAILABLE, None),
        };
        Answer::new(code, JSON, json_fault(&words) + "\n").with_header(header).with_cause(&words)
    }
}
