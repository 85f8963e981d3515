//! The metrics of the service (contract 10.6) and their text. Each service has its own registry; nothing is global.

use std::sync::OnceLock;

use prometheus::{
    Encoder, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, Opts, Registry, TextEncoder,
};

/// The HTTP statuses that the service answers with.
const HTTP_STATUSES: [u16; 17] = [200, 202, 400, 401, 403, 404, 405, 408, 413, 415, 421, 422, 429, 500, 502, 503, 507];
/// The upper bounds of the histogram, in seconds: from a bare answer to the default of `request_seconds`.
const SECONDS: [f64; 14] = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0];

/// The metrics of a service.
pub struct Metrics {
    registry: Registry,
    requests: IntCounterVec,
    request_seconds: HistogramVec,
    verifications: [IntCounter; Verification::ALL.len()],
    /// Passwords that matched, by how many steps off they were.
    matched_step: IntCounterVec,
    /// Token requests that got one.
    pub tokens_issued: IntCounter,
    /// Token requests that got none.
    pub tokens_refused: IntCounter,
    /// Verifications that wait for the state.
    pub state_queue: IntGauge,
    /// What the state could not answer.
    pub state_errors: IntCounter,
    mfa: [IntCounter; MfaResult::ALL.len()],
    deliveries: IntCounterVec,
    /// Messages that an inbox could not take.
    pub inbox_errors: IntCounter,
    /// Panics of requests.
    pub panics: IntCounter,
}

/// What a verification came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verification {
    /// The password matched.
    Match,
    /// It did not.
    Mismatch,
    /// It was accepted before.
    Replayed,
    /// It was not looked at.
    Throttled,
}

impl Verification {
    const ALL: [Self; 4] = [Self::Match, Self::Mismatch, Self::Replayed, Self::Throttled];

    const fn label(self) -> &'static str {
        match self {
            Self::Match => "match",
            Self::Mismatch => "mismatch",
            Self::Replayed => "replayed",
            Self::Throttled => "throttled",
        }
    }
}

/// What became of a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MfaResult {
    /// It was sent.
    Sent,
    /// It could not be delivered.
    Failed,
    /// It was right.
    Match,
    /// It was wrong.
    Mismatch,
    /// There was no request for it.
    Gone,
    /// Too many were sent or tried.
    Limited,
}

impl MfaResult {
    const ALL: [Self; 6] = [Self::Sent, Self::Failed, Self::Match, Self::Mismatch, Self::Gone, Self::Limited];

    const fn label(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Failed => "failed",
            Self::Match => "match",
            Self::Mismatch => "mismatch",
            Self::Gone => "gone",
            Self::Limited => "limited",
        }
    }
}

/// The metrics of a route, with its labels resolved once.
pub struct RouteMetrics {
    route: &'static str,
    requests: IntCounterVec,
    by_status: [OnceLock<IntCounter>; HTTP_STATUSES.len()],
    seconds: Histogram,
}

impl Metrics {
    /// Metrics that are all zero.
    #[must_use]
    pub fn new() -> Self {
        let registry = Registry::new();
        let verifications = counters(&registry, "verifications_total", "Passwords by what became of them", &["result"]);
        let mfa = counters(&registry, "mfa_total", "Codes by what became of them", &["result"]);
        let tokens = counters(&registry, "tokens_total", "Token requests", &["result"]);
        Self {
            requests: counters(&registry, "requests_total", "Requests", &["route", "http_status"]),
            request_seconds: histograms(&registry, "request_seconds", "How long requests took", &["route"]),
            verifications: Verification::ALL.map(|result| verifications.with_label_values(&[result.label()])),
            matched_step: counters(
                &registry,
                "matched_step_total",
                "Matches by steps off the current one",
                &["offset"],
            ),
            mfa: MfaResult::ALL.map(|result| mfa.with_label_values(&[result.label()])),
            deliveries: counters(&registry, "deliveries_total", "Deliveries", &["name", "result"]),
            tokens_issued: tokens.with_label_values(&["issued"]),
            tokens_refused: tokens.with_label_values(&["refused"]),
            state_queue: registered(&registry, IntGauge::new(name("state_queue"), "What waits for the state")),
            state_errors: registered(&registry, IntCounter::new(name("state_errors_total"), "Failures of the state")),
            inbox_errors: registered(
                &registry,
                IntCounter::new(name("inbox_errors_total"), "Messages that could not be written"),
            ),
            panics: registered(&registry, IntCounter::new(name("panics_total"), "Panics of requests")),
            registry,
        }
    }

    /// The metrics of a route.
    #[must_use]
    pub fn of_route(&self, route: &'static str) -> RouteMetrics {
        RouteMetrics {
            route,
            requests: self.requests.clone(),
            by_status: [const { OnceLock::new() }; HTTP_STATUSES.len()],
            seconds: self.request_seconds.with_label_values(&[route]),
        }
    }

    /// Counts a verification.
    pub fn verified(&self, result: Verification) {
        self.verifications[result as usize].inc();
    }

    /// Counts what became of a code.
    pub fn mfa(&self, result: MfaResult) {
        self.mfa[result as usize].inc();
    }

    /// Counts a delivery by the name of its section.
    pub fn delivered(&self, name: &str, is_delivered: bool) {
        self.deliveries.with_label_values(&[name, if is_delivered { "delivered" } else { "failed" }]).inc();
    }

    /// Counts a match this many steps off the current one.
    pub fn matched(&self, offset: i64) {
        self.matched_step.with_label_values(&[&offset.to_string()]).inc();
    }

    /// All of them in Prometheus's text format 0.0.4.
    #[must_use]
    pub fn text(&self) -> Vec<u8> {
        let mut text = Vec::new();
        TextEncoder::new().encode(&self.registry.gather(), &mut text).expect("a vector takes every byte");
        text
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl RouteMetrics {
    /// Counts a request that was answered with this HTTP status after this many seconds.
    pub fn answered(&self, http_status: u16, seconds: f64) {
        let counter = || self.requests.with_label_values(&[self.route, &http_status.to_string()]);
        match HTTP_STATUSES.iter().position(|status| *status == http_status) {
            Some(index) => self.by_status[index].get_or_init(counter).inc(),
            None => counter().inc(),
        }
        self.seconds.observe(seconds);
    }
}

fn name(name: &str) -> String {
    format!("totp_adapter_{name}")
}

fn counters(registry: &Registry, metric: &str, help: &str, labels: &[&str]) -> IntCounterVec {
    registered(registry, IntCounterVec::new(Opts::new(name(metric), help), labels))
}

fn histograms(registry: &Registry, metric: &str, help: &str, labels: &[&str]) -> HistogramVec {
    let options = HistogramOpts::new(name(metric), help).buckets(SECONDS.to_vec());
    registered(registry, HistogramVec::new(options, labels))
}

fn registered<M: prometheus::core::Collector + Clone + 'static>(
    registry: &Registry,
    metric: prometheus::Result<M>,
) -> M {
    let metric = metric.expect("names and labels are constants of the right form");
    registry.register(Box::new(metric.clone())).expect("every name is registered once");
    metric
}
