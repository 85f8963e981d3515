//! Deliveries of the service through webhooks: many at once, and tokens that are renewed meanwhile.
#![cfg(all(feature = "serve", unix))]

use std::io::Write;
use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::common::Folder;
use crate::common::recorder::{Action, Recorder};
use crate::common::service::{Service, post};

const MANY: usize = 1000;
const SMS: &str = "/api/relay/rest/mfa/sms";
/// `project` and the token, by base64.
const CREDENTIALS: &str = "Basic cHJvamVjdDphLXRva2VuLW9mLW1vcmUtdGhhbi0yMi1jaGFyYWN0ZXJz";

/// A service that sends codes by a webhook with tokens of a server.
fn service(folder: &Folder, server: &Recorder) -> Service {
    folder.write("mfa.token", "a-token-of-more-than-22-characters");
    let authentication = format!(
        r#"{{"type":"OAuth2","version":"v1","data":{{"url":"{}","grant_type":"client_credentials","client_id":"id","client_secret":"secret"}}}}"#,
        server.url("/token")
    );
    folder.write("authentication.json", authentication);
    let configuration = format!(
        "state = 'state.db'\n[[delivery]]\nname = 'gateway'\nkind = 'webhook'\nurl = '{}'\n\
         authentication_file = 'authentication.json'\n[limits]\nconnections = 2000\n\
         [mfa]\nproject = 'project'\ntoken_file = 'mfa.token'\nkey_file = 'mfa.key'\nsms = 'gateway'\n",
        server.url("/webhook")
    );
    folder.write("t.toml", configuration);
    Service::start_in(folder.path(), "--config t.toml")
}

/// A request for a code to one of many people.
fn send(number: usize) -> Vec<u8> {
    let body = format!("to=%2B1555{number:07}");
    let request = post(SMS, body);
    let head = format!("Authorization: {CREDENTIALS}\r\nContent-Type: application/x-www-form-urlencoded\r\n");
    let first_line = request.iter().position(|byte| *byte == b'\n').unwrap() + 1;
    [&request[..first_line], head.as_bytes(), &request[first_line..]].concat()
}

/// The program and the test need more open files than some systems allow at first.
fn allow_many_files() {
    let limit = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit }).unwrap();
}

// contract 13.1f: of all that wait for the first token, none asks for one of its own, and none is lost.
#[test]
fn a_thousand_deliveries_ask_for_one_token() {
    allow_many_files();
    let server = Recorder::start(|request, _| match request.path() {
        "/token" => {
            Action::Late(Duration::from_millis(300), 200, br#"{"access_token":"t","expires_in":3600}"#.to_vec())
        }
        _ => Action::answer(202, ""),
    });
    let folder = Folder::empty();
    let service = service(&folder, &server);
    let mut callers: Vec<_> = (0..MANY).map(|_| service.connect()).collect();
    for (number, caller) in callers.iter_mut().enumerate() {
        caller.stream.write_all(&send(number)).unwrap();
    }
    for caller in &mut callers {
        let answer = caller.response();
        assert_eq!(answer.code(), 200, "{}", answer.text());
    }
    assert_eq!(server.requests("/token").len(), 1);
    let messages = server.requests("/webhook");
    assert_eq!(messages.len(), MANY);
    assert!(messages.iter().all(|message| message.header("authorization") == Some("Bearer t")));
}
