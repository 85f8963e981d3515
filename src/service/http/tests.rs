//! Requests to all paths, without sockets.

use std::collections::BTreeSet;
use std::fs;
use std::ops::Deref;

use axum::body::{Body, HttpBody, to_bytes};
use axum::extract::{ConnectInfo, Request};
use axum::http::{HeaderMap, Method};
use tempfile::TempDir;

use super::caller::Callers;
use super::route::{Endpoint, Route, Verb};
use super::*;
use crate::service::config::Client;
use crate::service::connection::Connection;
use crate::state::Location;
use parts::tests::{broken_delivery, inbox, mfa, skyvern};

const EVERYTHING: Served = Served { operations: true, metrics: true };
const TOO_MANY_BYTES: usize = 25 * 1024 * 1024;

/// A service with all its paths, an account and a state of its own.
pub(super) struct Tested {
    service: Arc<Service>,
    _folder: TempDir,
}

impl Deref for Tested {
    type Target = Arc<Service>;

    fn deref(&self) -> &Arc<Service> {
        &self.service
    }
}

pub(super) fn service(access: Access) -> Tested {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("billing.xml"), "<Secret>GEZDGNBVGY3TQOJQ</Secret>").unwrap();
    let state = Location::Sqlite(folder.path().join("state.db"));
    let configuration = Configuration {
        operations: access,
        accounts: Some(folder.path().to_owned()),
        clients: vec![Client { id: "workflow".to_owned(), secret_sha256: [0; 32], secret_file: None }],
        skyvern: vec![skyvern("billing")],
        inboxes: vec![inbox(folder.path().to_owned())],
        deliveries: vec![broken_delivery()],
        mfa: Some(mfa(folder.path().join("mfa.key"))),
        ..Configuration::default()
    };
    let store = Store::open(&state, None, configuration.policy).unwrap();
    let mfa_key = configuration.mfa.as_ref().map(|mfa| mfa.key().unwrap());
    Tested { service: Arc::new(Service::new(&configuration, mfa_key, store).unwrap()), _folder: folder }
}

/// A path as it is asked for.
fn uri(endpoint: &Endpoint) -> String {
    let id = "00000000-0000-4000-8000-000000000000";
    endpoint.path.replace("{name}", "billing").replace("{path}", "billing").replace("{id}", id)
}

pub(super) struct Answered {
    pub(super) code: u16,
    headers: HeaderMap,
    body: Vec<u8>,
    connection: Connection,
}

impl Answered {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    pub(super) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }
}

pub(super) async fn ask(route: &Arc<Route>, mut request: Request) -> Answered {
    let connection = Connection::new("127.0.0.1".parse().unwrap());
    request.extensions_mut().insert(ConnectInfo(connection.clone()));
    let (head, body) = route.clone().answer(request).await.into_parts();
    assert!(body.size_hint().exact().is_some(), "the length of an answer is known");
    let body = to_bytes(body, usize::MAX).await.unwrap().to_vec();
    Answered { code: head.status.as_u16(), headers: head.headers, body, connection }
}

/// The signature of `{}` with the key `key`, by openssl.
const SIGNED: &str = "a777724d943eb48dc69bca8a4a6d57a04db3f9ec7e1de4e581e860265bdf3032";

/// What is wrong with a request, in the order in which it is told.
const FAULTS: [&str; 7] = ["method", "host", "site", "caller", "query", "size", "encoding"];

/// A request with these faults; `caller` is one of the service.
pub(super) fn faulty(endpoint: &Endpoint, faults: &[&str]) -> Request {
    let has = |fault| faults.contains(&fault);
    let right = match endpoint.verb {
        Verb::Get => Method::GET,
        Verb::Post => Method::POST,
    };
    let account = if endpoint.path.ends_with("QRCode") { "account=me" } else { "" };
    let query = if has("query") { "&GEZDGNBV=1" } else { "" };
    let mut request = Request::builder()
        .method(if has("method") { Method::DELETE } else { right })
        .uri(format!("{}?{account}{query}", uri(endpoint)))
        .header("Host", if has("host") { "evil.example" } else { "localhost" });
    if has("site") {
        request = request.header("Sec-Fetch-Site", "cross-site");
    }
    let mut body = "x";
    if endpoint.contract == Contract::Skyvern {
        body = "{}";
        request = request.header("Content-Type", "application/json").header("X-Skyvern-Signature", SIGNED);
    }
    if endpoint.contract == Contract::Mfa {
        body = r#"{"to":"+15551234567","token":"123456"}"#;
        // `project:token`, by base64.
        request =
            request.header("Content-Type", "application/json").header("Authorization", "Basic cHJvamVjdDp0b2tlbg==");
    }
    if has("encoding") {
        request = request.header("Content-Encoding", "gzip");
    }
    request.body(if has("size") { Body::from(vec![b' '; TOO_MANY_BYTES]) } else { Body::from(body) }).unwrap()
}

/// The HTTP status of a request without a fault: no code leaves, and there is none to verify.
fn right(endpoint: &Endpoint) -> u16 {
    match endpoint.contract {
        Contract::Mfa if endpoint.path.ends_with("verify") => 404,
        Contract::Mfa => 502,
        Contract::X4 | Contract::OAuth | Contract::Skyvern | Contract::Inbox | Contract::Operations => 200,
    }
}

/// The HTTP status by which an endpoint tells a fault, or nothing where the fault does not matter to it.
fn told(endpoint: &Endpoint, fault: &str) -> Option<u16> {
    let is_operation = endpoint.contract == Contract::X4;
    let is_needless = endpoint.path.starts_with("/accounts") && !endpoint.path.ends_with("VerifyPassword");
    let reads_body = endpoint.verb == Verb::Post && endpoint.path != "/x4/GenerateSecret";
    let code = |told: bool, code| told.then_some(code);
    match fault {
        "method" => Some(405),
        "host" => code(!endpoint.any_origin, 421),
        "site" => code(!endpoint.any_origin, 403),
        "caller" => code(matches!(endpoint.callers, Callers::Clients(_)), 401),
        "query" => code(is_operation, 400),
        "size" | "encoding" if is_needless => Some(422),
        "size" => code(reads_body, 413),
        "encoding" => code(reads_body, 415),
        other => panic!("{other}"),
    }
}

// contract 10.7c: the order of checks, on every path: of all faults from one on, this one is told.
#[tokio::test]
async fn the_order_of_checks_on_every_path() {
    for (access, has_clients) in [(Access::Open, false), (Access::Clients(vec!["workflow".to_owned()]), true)] {
        for route in routes(&service(access), EVERYTHING).routes() {
            let endpoint = route.endpoint().unwrap();
            for first in 0..FAULTS.len() {
                // Where there are clients, nobody who comes without a token is admitted, whatever else is right.
                let is_closed = has_clients || endpoint.contract == Contract::Inbox;
                let is_there = |index, fault| if fault == "caller" { is_closed } else { index >= first };
                let there = FAULTS.iter().enumerate().filter(|(index, fault)| is_there(*index, **fault));
                let expected = there.map(|(_, fault)| *fault).find_map(|fault| told(endpoint, fault));
                let answered = ask(route, faulty(endpoint, &FAULTS[first..])).await;
                let place = format!("{} from {} on", endpoint.path, FAULTS[first]);
                assert_eq!(answered.code, expected.unwrap_or(right(endpoint)), "{place}: {}", answered.text());
                assert_eq!(
                    answered.connection.is_left_unread(),
                    answered.header("connection") == Some("close"),
                    "{place}"
                );
            }
        }
    }
}

// contract 10.7c, 10.7g, 11.4: a new path has to be added here, with its checks.
#[test]
fn every_path_and_who_may_call_it() {
    let found: BTreeSet<_> = routes(&service(Access::Clients(vec!["workflow".to_owned()])), EVERYTHING)
        .routes()
        .iter()
        .filter_map(|route| route.endpoint())
        .map(|endpoint| (endpoint.path, endpoint.verb == Verb::Post, endpoint.callers.clone(), endpoint.any_origin))
        .map(|(path, is_post, callers, any_origin)| {
            let callers = match callers {
                Callers::Anyone => "Anyone".to_owned(),
                Callers::Clients(ids) => format!("Clients {}", ids.join(" ")),
            };
            format!("{path} {is_post} {callers} {any_origin}")
        })
        .collect();
    let expected = [
        "/ false Anyone false",
        "/accounts/{name}/GenerateAuthenticatorQRCode true Clients workflow false",
        "/accounts/{name}/GeneratePassword true Clients workflow false",
        "/accounts/{name}/VerifyPassword true Clients workflow false",
        "/api/relay/rest/mfa/call true Anyone false",
        "/api/relay/rest/mfa/sms true Anyone false",
        "/api/relay/rest/mfa/{id}/verify true Anyone false",
        "/healthz false Anyone true",
        "/inbox/{name} true Clients workflow false",
        "/metrics false Anyone false",
        "/oauth2/token true Anyone false",
        "/openapi.json false Anyone false",
        "/read-qr true Clients workflow false",
        "/readyz false Anyone false",
        "/skyvern/{path} true Anyone false",
        "/x4/GenerateAuthenticatorQRCode true Clients workflow false",
        "/x4/GeneratePassword true Clients workflow false",
        "/x4/GenerateSecret true Clients workflow false",
        "/x4/VerifyPassword true Clients workflow false",
    ];
    assert_eq!(found, expected.into_iter().map(str::to_owned).collect());
}

// contract 10.7a, 10.7b, 10.7i: every fault comes in the form of its contract, with what belongs to every answer.
#[tokio::test]
async fn the_form_of_every_fault() {
    for access in [Access::Open, Access::Clients(Vec::new())] {
        for route in routes(&service(access), EVERYTHING).routes() {
            let endpoint = route.endpoint().unwrap();
            for fault in FAULTS {
                let mut request = faulty(endpoint, &[fault]);
                request.headers_mut().insert("x-request-id", "a-1".parse().unwrap());
                let answered = ask(route, request).await;
                assert_eq!(answered.header("x-request-id"), Some("a-1"));
                if answered.code == right(endpoint) {
                    continue;
                }
                let text = answered.text();
                assert!(!text.contains("evil") && !text.contains("GEZD") && !text.contains("gzip"), "{text}");
                match endpoint.contract {
                    Contract::X4 => {
                        assert!(text.starts_with("<Error description=\"") && text.ends_with("\"/>\n"), "{text}");
                        assert_eq!(answered.header("content-type"), Some("application/xml; charset=utf-8"));
                        assert_eq!(answered.header("cache-control"), Some("no-store"));
                        let is_mismatch = fault == "caller" && answered.code == 403;
                        assert_eq!(
                            answered.header("x4-status"),
                            Some(if is_mismatch { "403" } else { "-1" }),
                            "{text}"
                        );
                    }
                    Contract::OAuth | Contract::Skyvern | Contract::Inbox | Contract::Mfa | Contract::Operations => {
                        assert!(text.starts_with("{\"error\":\"") && text.trim_end().ends_with("\"}"), "{text}");
                        assert_eq!(answered.header("content-type"), Some("application/json"));
                        assert_eq!(answered.header("x4-status"), None);
                    }
                }
                let allow =
                    (answered.code == 405).then_some(if endpoint.verb == Verb::Get { "GET, HEAD" } else { "POST" });
                assert_eq!(answered.header("allow"), allow);
                assert_eq!(answered.header("www-authenticate"), (answered.code == 401).then_some("Bearer"));
            }
        }
    }
}

// contract 10.6c: the description has every path with its method, and no other, and every fault by its HTTP status.
#[tokio::test]
async fn the_description_is_of_what_is_served() {
    for access in [Access::Open, Access::Clients(Vec::new())] {
        let service = service(access);
        let description: serde_json::Value = serde_json::from_slice(&service.description).unwrap();
        let mut described: BTreeSet<&str> =
            description["paths"].as_object().unwrap().keys().map(String::as_str).collect();
        for route in routes(&service, EVERYTHING).routes() {
            let endpoint = route.endpoint().unwrap();
            assert!(described.remove(endpoint.path), "{}", endpoint.path);
            let method = if endpoint.verb == Verb::Get { "get" } else { "post" };
            let responses = &description["paths"][endpoint.path][method]["responses"];
            for fault in FAULTS {
                let code = ask(route, faulty(endpoint, &[fault])).await.code.to_string();
                assert!(responses[&code].is_object(), "{code} of {method} {}", endpoint.path);
            }
        }
        assert_eq!(described, BTreeSet::new());
    }
}

// contract 10.7c: what says `identity` says nothing.
#[tokio::test]
async fn encodings() {
    let routes = routes(&service(Access::Open), EVERYTHING);
    let route = routes.routes().iter().find(|route| route.endpoint().unwrap().path == "/x4/GeneratePassword").unwrap();
    for (encodings, code) in [
        (&["identity"][..], 200),
        (&[" Identity "], 200),
        (&[""], 200),
        (&["gzip"], 415),
        (&["identity", "br"], 415),
        (&["identity, gzip"], 415),
        (&["x"], 415),
    ] {
        let mut request = Request::post("/x4/GeneratePassword").header("Host", "localhost");
        for encoding in encodings {
            request = request.header("Content-Encoding", *encoding);
        }
        let answered = ask(route, request.body(Body::from("<Secret>GEZDGNBVGY3TQOJQ</Secret>")).unwrap()).await;
        assert_eq!(answered.code, code, "{encodings:?}");
    }
}

// contract 10.8c: a panic is that request's 500, in the form of its path, and is counted.
#[tokio::test]
async fn a_panic_is_one_requests_fault() {
    let service = service(Access::Open);
    let endpoint = |contract| Endpoint {
        path: "/x4/GeneratePassword",
        name: None,
        verb: Verb::Post,
        contract,
        callers: Callers::Anyone,
        any_origin: false,
    };
    for (contract, text) in [
        (Contract::X4, "<Error description=\"internal error: please report it with its time\"/>\n"),
        (Contract::Operations, "{\"error\":\"internal error: please report it with its time\"}\n"),
    ] {
        let routes = Routes::new(service.clone()).with(endpoint(contract), |_, call| async move {
            tokio::task::yield_now().await;
            panic!("{:?}", call.head.uri);
        });
        let answered = ask(&routes.routes()[0], faulty(&endpoint(contract), &[])).await;
        assert_eq!((answered.code, answered.text()), (500, text));
    }
    assert_eq!(service.metrics.panics.get(), 2);
    assert!(String::from_utf8(service.metrics.text()).unwrap().contains("\ntotp_adapter_panics_total 2\n"));
}

// contract 10.7i: the form of what is not served follows from what would be there.
#[test]
fn contracts_of_unknown_paths() {
    for path in ["/x4", "/x4/", "/x4/Nothing", "/accounts/a/b/c", "/read-qr/"] {
        assert_eq!(Contract::of_path(path), Contract::X4, "{path}");
    }
    for path in ["/api/relay/rest/mfa", "/api/relay/rest/mfa/call", "/api/relay/rest/mfa/a/verify/"] {
        assert_eq!(Contract::of_path(path), Contract::Mfa, "{path}");
    }
    for path in ["/", "*", "/api/relay/rest/mfas", "/x44", "/x4y/", "/healthz/", "/metrics", "/accountsx"] {
        assert_eq!(Contract::of_path(path), Contract::Operations, "{path}");
    }
}

// contract 10.7i, 11.1c: every refusal has words of the house, nothing to escape, and the status of the table.
#[test]
fn refusals_are_in_words() {
    let limit = Duration::from_secs(30);
    for (refusal, code) in [
        (Refusal::Path, 404),
        (Refusal::Method { allowed: "POST" }, 405),
        (Refusal::Host, 421),
        (Refusal::CrossSite, 403),
        (Refusal::NoToken, 401),
        (Refusal::Token, 401),
        (Refusal::Client, 403),
        (Refusal::Time(limit), 408),
        (Refusal::Head, 400),
        (Refusal::TargetLength, 414),
        (Refusal::HeadSize, 431),
        (Refusal::Incomplete, 400),
        (Refusal::Encoding, 415),
        (Refusal::Internal, 500),
    ] {
        assert_eq!(refusal.code().as_u16(), code);
        let words = refusal.to_string();
        assert!(words.starts_with(char::is_lowercase) && words.contains(": ") && !words.ends_with('.'), "{words}");
        assert!(!operations::refuse(refusal).body.is_empty());
    }
    // Only hyper's own answers are replaced: those of the service have an id.
    for (bytes, replaced) in [
        (&b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n"[..], true),
        (b"HTTP/1.0 431 Request Header Fields Too Large\r\n", true),
        (b"HTTP/1.1 400 Bad Request\r\nX-Request-Id: a\r\n\r\n", false),
        (b"HTTP/1.1 200 OK\r\n\r\n", false),
        (b"HTTP/1.", false),
        (b"<Error/>", false),
    ] {
        assert_eq!(wrong_head(bytes).is_some(), replaced, "{}", bytes.escape_ascii());
    }
    let wire = String::from_utf8(late_head(limit)).unwrap();
    assert!(wire.starts_with("HTTP/1.1 408 Request Timeout\r\n") && wire.contains("\r\nX-Request-Id: "), "{wire}");
}
