//! Paths and what becomes of a request to one. Every request, whatever its path, goes through [`Route::answer`]: its id, the
//! order of checks (contract 10.7), its panic, its line in the log and its metrics are there and nowhere else.

use std::borrow::Cow;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request};
use axum::http::request::Parts;
use axum::http::{Method, Response, StatusCode};
use axum::routing::any;
use tokio::time::Instant;

use super::answer::Answer;
use super::caller::Callers;
use super::mfa::MfaService;
use super::origin::{self, Arrival};
use super::refusal::Refusal;
use super::request_id::RequestId;
use super::skyvern::Asker;
use super::upload::Upload;
use super::{Contract, Service};
use crate::service::config::Inbox;
use crate::service::connection::Connection;
use crate::service::guard::guarded_future;
use crate::service::log::TARGET;
use crate::service::metrics::RouteMetrics;

/// A path and who may ask what of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// The path, with names in braces for its variable parts.
    pub path: &'static str,
    /// What stands in the place of a part that the configuration names; none where there is no such part.
    pub name: Option<String>,
    /// The method that it takes.
    pub verb: Verb,
    /// The contract that it belongs to.
    pub contract: Contract,
    /// Who may call it.
    pub callers: Callers,
    /// Whether it answers whatever `Host` and site a request names.
    pub any_origin: bool,
}

/// The methods of an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// `GET`, and `HEAD` as HTTP has it.
    Get,
    Post,
}

impl Verb {
    /// Whether a method is among them.
    fn takes(self, method: &Method) -> bool {
        match self {
            Self::Get => method == Method::GET || method == Method::HEAD,
            Self::Post => method == Method::POST,
        }
    }

    /// All of them, as in `Allow`.
    const fn allowed(self) -> &'static str {
        match self {
            Self::Get => "GET, HEAD",
            Self::Post => "POST",
        }
    }
}

/// A request that has passed all checks but those of its contract. It is not `Debug`: its head may have a token.
pub struct Call {
    pub head: Parts,
    /// The body.
    pub upload: Upload,
    /// The id of the request.
    pub id: RequestId,
    /// The client whose token came; none where the path needs none.
    pub client: Option<String>,
}

type Handler = Box<dyn Fn(Arc<Service>, Call) -> Pin<Box<dyn Future<Output = Answer> + Send>> + Send + Sync>;

/// The paths of a service.
pub struct Routes {
    service: Arc<Service>,
    routes: Vec<Arc<Route>>,
}

impl Routes {
    /// No paths yet.
    #[must_use]
    pub fn new(service: Arc<Service>) -> Self {
        Self { service, routes: Vec::new() }
    }

    /// Whether accounts are served.
    #[must_use]
    pub fn has_accounts(&self) -> bool {
        self.service.accounts.is_some()
    }

    /// Who may call the operations, if anybody may.
    #[must_use]
    pub fn callers_of_operations(&self) -> Option<Callers> {
        Callers::of_operations(&self.service.access)
    }

    /// Where Skyvern asks.
    #[must_use]
    pub fn skyvern(&self) -> &[Arc<Asker>] {
        &self.service.skyvern
    }

    /// Codes for a second factor, where they are configured.
    #[must_use]
    pub fn mfa(&self) -> Option<Arc<MfaService>> {
        self.service.mfa.clone()
    }

    /// Where clients may post messages.
    #[must_use]
    pub fn inboxes(&self) -> &[Inbox] {
        &self.service.inboxes
    }

    /// Whether anybody may get tokens.
    #[must_use]
    pub fn has_clients(&self) -> bool {
        self.service.clients.are_there()
    }

    /// Adds a path.
    #[must_use]
    pub fn with<F>(
        mut self,
        endpoint: Endpoint,
        handler: impl Fn(Arc<Service>, Call) -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = Answer> + Send + 'static,
    {
        let handler: Handler = Box::new(move |service, call| Box::pin(handler(service, call)));
        let metrics = self.service.metrics.of_route(endpoint.path);
        let target = Target::Known { endpoint, handler };
        self.routes.push(Arc::new(Route { service: self.service.clone(), target, metrics }));
        self
    }

    /// The paths.
    #[cfg(test)]
    pub fn routes(&self) -> &[Arc<Route>] {
        &self.routes
    }

    /// The router, whose other paths are 404.
    pub fn into_router(self) -> Router {
        let metrics = self.service.metrics.of_route(Target::UNKNOWN);
        let unknown = Arc::new(Route { service: self.service, target: Target::Unknown, metrics });
        let router = self.routes.into_iter().fold(Router::new(), |router, route| {
            let path = route.path();
            router.route(&path, any(move |request| route.clone().answer(request)))
        });
        router.fallback(move |request| unknown.clone().answer(request))
    }
}

/// A path with what answers there.
pub struct Route {
    service: Arc<Service>,
    target: Target,
    metrics: RouteMetrics,
}

enum Target {
    Known { endpoint: Endpoint, handler: Handler },
    Unknown,
}

impl Target {
    /// What stands for all unknown paths in log and metrics: a path could hold anything.
    const UNKNOWN: &'static str = "unknown";

    const fn template(&self) -> &'static str {
        match self {
            Self::Known { endpoint, .. } => endpoint.path,
            Self::Unknown => Self::UNKNOWN,
        }
    }

    fn name(&self) -> Option<&str> {
        match self {
            Self::Known { endpoint, .. } => endpoint.name.as_deref(),
            Self::Unknown => None,
        }
    }
}

impl Route {
    /// The endpoint, but for the one of unknown paths.
    #[cfg(test)]
    pub fn endpoint(&self) -> Option<&Endpoint> {
        match &self.target {
            Target::Known { endpoint, .. } => Some(endpoint),
            Target::Unknown => None,
        }
    }

    /// The path with the name in its place.
    fn path(&self) -> Cow<'static, str> {
        let template = self.target.template();
        match (self.target.name(), template.rsplit_once('/')) {
            (Some(name), Some((folder, _))) => format!("{folder}/{name}").into(),
            (Some(_), None) | (None, _) => template.into(),
        }
    }

    /// Answers to a request.
    pub async fn answer(self: Arc<Self>, request: Request) -> Response<Body> {
        let begin = Instant::now();
        let (mut head, body) = request.into_parts();
        let ConnectInfo(connection) =
            head.extensions.remove::<ConnectInfo<Connection>>().expect("every connection is known to its requests");
        let answering = connection.begin();
        let id = RequestId::of(&head.headers);
        let method = method_name(&head.method);
        let contract = match &self.target {
            Target::Known { endpoint, .. } => endpoint.contract,
            Target::Unknown => Contract::of_path(head.uri.path()),
        };
        let upload = Upload::new(body, &head, begin, self.service.request_limit, connection.clone());
        let answer = match guarded_future(self.checked(
            Call { head, upload, id: id.clone(), client: None },
            &connection,
            contract,
        ))
        .await
        {
            Ok(answer) => answer,
            Err(panicked) => {
                self.service.panicked(&panicked, Some(&id));
                contract.refuse(Refusal::Internal)
            }
        };
        self.record(&answer, &id, method, begin);
        drop(answering);
        answer.into_response(&id, contract.may_be_stored(), connection.is_left_unread())
    }

    /// The checks in the order of contract 10.7; those after the caller are the handler's.
    async fn checked(&self, call: Call, connection: &Connection, contract: Contract) -> Answer {
        let Target::Known { endpoint, handler } = &self.target else { return contract.refuse(Refusal::Path) };
        match self.admitted(endpoint, &call.head, connection).await {
            Ok(client) => handler(self.service.clone(), Call { client, ..call }).await,
            Err(refusal) => contract.refuse(refusal),
        }
    }

    /// The client that calls, where the path asks for one.
    async fn admitted(
        &self,
        endpoint: &Endpoint,
        head: &Parts,
        connection: &Connection,
    ) -> Result<Option<String>, Refusal> {
        if !endpoint.verb.takes(&head.method) {
            return Err(Refusal::Method { allowed: endpoint.verb.allowed() });
        }
        if !endpoint.any_origin {
            let target = head.uri.authority().map(host_and_port);
            let arrival = Arrival { local: connection.local(), version: head.version, target, headers: &head.headers };
            origin::check(self.service.host_names.as_deref(), &arrival)?;
        }
        endpoint.callers.check(&self.service, &head.headers).await
    }

    /// The request in log and metrics.
    fn record(&self, answer: &Answer, id: &RequestId, method: &str, begin: Instant) {
        let seconds = begin.elapsed().as_secs_f64();
        self.metrics.answered(answer.code.as_u16(), seconds);
        // To the microsecond: what is left of the binary fraction is of no use.
        let milliseconds = (seconds * 1e6).round() / 1e3;
        macro_rules! line {
            ($level:expr) => {
                tracing::event!(
                    target: TARGET,
                    $level,
                    request_id = id.as_str(),
                    method,
                    route = self.target.template(),
                    name = self.target.name(),
                    account = answer.account.as_deref(),
                    http_status = answer.code.as_u16(),
                    status = answer.status.map(crate::status::Status::code),
                    cause = answer.cause.as_deref(),
                    milliseconds,
                )
            };
        }
        if answer.code >= StatusCode::INTERNAL_SERVER_ERROR {
            line!(tracing::Level::ERROR);
        } else {
            line!(tracing::Level::INFO);
        }
    }
}

/// An authority without a user, which HTTP does not allow there.
fn host_and_port(authority: &axum::http::uri::Authority) -> &str {
    let text = authority.as_str();
    text.rsplit_once('@').map_or(text, |(_, host)| host)
}

/// The name of a method in the log: one that HTTP does not have could be anything.
fn method_name(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        Method::PATCH => "PATCH",
        Method::CONNECT => "CONNECT",
        Method::TRACE => "TRACE",
        _ => "other",
    }
}
