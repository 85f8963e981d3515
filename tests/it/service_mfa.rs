//! Multi-factor codes through the program (contract 14), as a caller of SignalWire's API and a person with a telephone see them.
#![cfg(feature = "serve")]

mod bodies;
mod callers;
mod codes;
mod deliveries;
mod guesses;
mod life;
mod limits;
mod repetitions;
#[cfg(unix)]
mod secrets;
mod unlock;

use std::sync::Barrier;
use std::thread;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::common::Folder;
use crate::common::recorder::{Action, Recorder, Request};
use crate::common::service::{Response, Service};
use data_encoding::BASE64;
use rusqlite::Connection;
use serde_json::Value;

const PROJECT: &str = "7b3a5c1e-0000-4000-8000-000000000000";
const TOKEN: &str = "PT0123456789abcdef0123456789abcdef";
const NUMBER: &str = "+15551234567";
const SENDER: &str = "+15557654321";

const SMS: &str = "/api/relay/rest/mfa/sms";
const CALL: &str = "/api/relay/rest/mfa/call";
const JSON: &str = "Content-Type: application/json\r\n";
const FORM: &str = "Content-Type: application/x-www-form-urlencoded\r\n";

/// Status and body.
type Said = (u16, String);

fn said(response: &Response) -> Said {
    (response.code(), response.text().to_owned())
}

fn right() -> Said {
    (200, r#"{"success":true}"#.to_owned())
}

fn wrong() -> Said {
    (200, r#"{"success":false}"#.to_owned())
}

fn fault(code: u16, words: &str) -> Said {
    (code, format!(r#"{{"error":"{words}"}}"#))
}

fn gone() -> Said {
    fault(404, "Not Found")
}

fn limited() -> Said {
    fault(429, "Too Many Requests")
}

/// One mistake in the parameters of a request, or several.
fn mistakes(details: &[&str]) -> Said {
    let wrong =
        |detail: &&str| format!(r#"{{"detail":"{detail}","status":"422","title":"Invalid Attribute","code":"422"}}"#);
    let errors: Vec<String> = details.iter().map(wrong).collect();
    (422, format!(r#"{{"errors":[{}]}}"#, errors.join(",")))
}

/// The header of a caller.
fn basic(credentials: impl AsRef<[u8]>) -> String {
    format!("Authorization: Basic {}\r\n", BASE64.encode(credentials.as_ref()))
}

fn caller() -> String {
    basic(format!("{PROJECT}:{TOKEN}"))
}

fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs().try_into().unwrap()
}

/// A service that sends codes, and a telephone: the webhook to which its messages go.
struct Mfa {
    folder: Folder,
    service: Service,
    phone: Recorder,
}

impl Mfa {
    /// With a telephone that takes every message, these further lines of `[mfa]`, and sections behind it.
    fn start(more: &str) -> Self {
        Self::with(more, |_, _| Action::answer(202, ""))
    }

    /// The same with a telephone that does this with a message.
    fn with(more: &str, act: impl Fn(&Request, usize) -> Action + Send + Sync + 'static) -> Self {
        let folder = Folder::empty();
        let phone = Recorder::start(act);
        let delivery = format!("[[delivery]]\nname = 'phone'\nkind = 'webhook'\nurl = '{}'\n", phone.url("/phone"));
        configure(&folder, &delivery, &format!("sms = 'phone'\ncall = 'phone'\n{more}"));
        let service = start(&folder);
        Self { folder, service, phone }
    }

    /// The same after a `kill -9`.
    fn restarted(self) -> Self {
        let Self { folder, service, phone } = self;
        drop(service);
        let service = start(&folder);
        Self { folder, service, phone }
    }

    /// A request of the right caller, with further headers.
    fn post(&self, path: &str, headers: &str, body: impl AsRef<[u8]>) -> Response {
        self.service.post_with(path, &format!("{}{headers}", caller()), body)
    }

    /// Has a code sent, with these parameters in JSON beside `to`.
    fn send(&self, path: &str, to: &str, parameters: &str) -> Response {
        self.post(path, JSON, format!(r#"{{"to":"{to}"{parameters}}}"#))
    }

    /// The id of a code that was sent to [`NUMBER`].
    fn sent(&self, parameters: &str) -> String {
        id(&self.send(SMS, NUMBER, parameters))
    }

    /// Offers what a person typed.
    fn verify(&self, id: &str, token: &str) -> Response {
        self.post(&verification(id), JSON, format!(r#"{{"token":"{token}"}}"#))
    }

    /// How many messages have come.
    fn messages(&self) -> usize {
        self.phone.requests("/phone").len()
    }

    /// The message for a request.
    fn message(&self, id: &str) -> Value {
        let requests = self.phone.requests("/phone");
        let mut messages = requests.iter().map(|request| serde_json::from_str::<Value>(request.text()).unwrap());
        messages.find(|message| message["id"] == id).expect("a message for the request")
    }

    /// The code in it.
    fn code(&self, id: &str) -> String {
        code_in(self.message(id)["text"].as_str().unwrap())
    }

    fn database(&self) -> Connection {
        database(&self.folder)
    }

    fn metric(&self, name: &str) -> u64 {
        metric(&self.service, name)
    }
}

/// Writes a configuration with `[mfa]`, its deliveries and its token.
fn configure(folder: &Folder, deliveries: &str, mfa: &str) {
    let keys = format!("project = '{PROJECT}'\ntoken_file = 'mfa.token'\nkey_file = 'mfa.key'");
    folder.write("t.toml", format!("state = 'state.db'\n{deliveries}[mfa]\n{keys}\n{mfa}\n"));
    folder.write("mfa.token", format!("{TOKEN}\n"));
}

fn start(folder: &Folder) -> Service {
    Service::start_in(folder.path(), "--config t.toml --log-level debug")
}

fn database(folder: &Folder) -> Connection {
    Connection::open(folder.path().join("state.db")).unwrap()
}

fn metric(service: &Service, name: &str) -> u64 {
    let text = service.get("/metrics").text().to_owned();
    let value = text.lines().find_map(|line| line.strip_prefix(&format!("totp_adapter_{name} ")));
    value.map_or(0, |value| value.parse().unwrap())
}

/// The metrics of codes that are not 0, in the order of their names.
fn results(service: &Service) -> Vec<(&'static str, u64)> {
    let results = ["failed", "gone", "limited", "match", "mismatch", "sent"];
    let counted = results.map(|result| (result, metric(service, &format!("mfa_total{{result=\"{result}\"}}"))));
    counted.into_iter().filter(|(_, count)| *count > 0).collect()
}

fn verification(id: &str) -> String {
    format!("/api/relay/rest/mfa/{id}/verify")
}

/// The id in the answer to a code that was sent.
fn id(response: &Response) -> String {
    assert_eq!(response.code(), 200, "{}", response.text());
    let answer: Value = serde_json::from_str(response.text()).unwrap();
    answer["id"].as_str().unwrap().to_owned()
}

/// The code in the text of a message, whose words end with a colon.
fn code_in(text: &str) -> String {
    text.rsplit_once(": ").unwrap().1.replace(", ", "")
}

/// Another code of the same length.
fn another(code: &str) -> String {
    format!("{}{}", if code.starts_with('1') { '2' } else { '1' }, &code[1..])
}

/// What so many who begin at once get.
fn at_once<T: Send>(count: usize, act: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let (barrier, act) = (Barrier::new(count), &act);
    thread::scope(|scope| {
        let barrier = &barrier;
        let start = |number| {
            scope.spawn(move || {
                barrier.wait();
                act(number)
            })
        };
        let threads: Vec<_> = (0..count).map(start).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}

/// How many of them are this.
fn count<T: PartialEq>(all: &[T], one: &T) -> usize {
    all.iter().filter(|other| *other == one).count()
}
