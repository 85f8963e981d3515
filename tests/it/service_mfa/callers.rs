//! Who may have codes sent and verified, and what is said before anything is looked at.

use std::fs;

use super::{
    BASE64, CALL, FORM, JSON, Mfa, NUMBER, PROJECT, SMS, TOKEN, basic, caller, configure, fault, gone, id, mistakes,
    said, start, verification,
};
use crate::common::recorder::{Action, Recorder};
use crate::common::service::post;
#[cfg(unix)]
use crate::common::service::wait_for;
use crate::common::{Folder, totp_adapter};

const UNKNOWN: &str = "00000000-0000-4000-8000-000000000000";

// contract 14.1a, 14.1g: everything but the project and its token, once, by HTTP Basic.
#[test]
fn only_the_project_may_call() {
    let mfa = Mfa::start("");
    let encoded = |text: &str| BASE64.encode(text.as_bytes());
    let pair = format!("{PROJECT}:{TOKEN}");
    let wrong = [
        String::new(),
        "Authorization: \r\n".to_owned(),
        "Authorization: Basic\r\n".to_owned(),
        "Authorization: Basic \r\n".to_owned(),
        "Authorization: Basic ====\r\n".to_owned(),
        format!("Authorization: Basic {pair}\r\n"),
        format!("Authorization: {}\r\n", encoded(&pair)),
        format!("Authorization: Basic{}\r\n", encoded(&pair)),
        format!("Authorization: Bearer {TOKEN}\r\n"),
        format!("Authorization: Bearer {}\r\n", encoded(&pair)),
        format!("Authorization: Basic {}\r\n", &encoded(&pair)[1..]),
        format!("Authorization: Basic {}, Basic {}\r\n", encoded(&pair), encoded(&pair)),
        format!("Proxy-Authorization: Basic {}\r\n", encoded(&pair)),
        basic("") + &basic(&pair),
        caller() + &caller(),
        basic(PROJECT),
        basic(TOKEN),
        basic(":"),
        basic(format!("{PROJECT}{TOKEN}")),
        basic(format!("{PROJECT}:")),
        basic(format!(":{TOKEN}")),
        basic(format!("{TOKEN}:{PROJECT}")),
        basic(format!("{PROJECT}:{TOKEN} ")),
        basic(format!("{PROJECT}:{TOKEN}\n")),
        basic(format!(" {PROJECT}:{TOKEN}")),
        basic(format!("{PROJECT}::{TOKEN}")),
        basic(format!("{PROJECT}:{}", &TOKEN[1..])),
        basic(format!("{PROJECT}:{}", &TOKEN[..TOKEN.len() - 1])),
        basic(format!("{PROJECT}:{}", TOKEN.to_lowercase())),
        basic(format!("{}:{TOKEN}", PROJECT.to_uppercase())),
        basic([PROJECT.as_bytes(), b":\xff", TOKEN.as_bytes()].concat()),
    ];
    for path in [SMS, CALL, &verification(UNKNOWN)] {
        for headers in &wrong {
            let body = format!(r#"{{"to":"{NUMBER}","token":"123456"}}"#);
            let refused = mfa.service.post_with(path, &format!("{headers}{JSON}"), body);
            assert_eq!(said(&refused), fault(401, "Unauthorized"), "{path} {headers}");
            assert_eq!(refused.header("Www-Authenticate"), Some("Basic realm=\"totp-adapter\""), "{headers}");
            assert_eq!(refused.header("Content-Type"), Some("application/json"));
            assert_eq!(refused.header("Cache-Control"), Some("no-store"));
        }
    }
    assert_eq!(mfa.messages(), 0);
    // RFC 9110, section 11.1: the name of the scheme has no case.
    let lower = caller().replace("Basic", "bASIC");
    let sent = mfa.service.post_with(SMS, &format!("{lower}{JSON}"), format!(r#"{{"to":"{NUMBER}"}}"#));
    assert_eq!(sent.code(), 200);
    assert_eq!(mfa.messages(), 1);
}

// contract 14.1a: RFC 7617, section 2: the project ends at the first colon.
#[test]
fn a_token_with_colons() {
    let mfa = Mfa::start("");
    mfa.folder.write("mfa.token", format!(":{TOKEN}:"));
    let mfa = mfa.restarted();
    let ask = |headers: &str| {
        mfa.service.post_with(SMS, &format!("{headers}{JSON}"), format!(r#"{{"to":"{NUMBER}"}}"#)).code()
    };
    assert_eq!(ask(&basic(format!("{PROJECT}::{TOKEN}:"))), 200);
    assert_eq!(ask(&caller()), 401);
}

// contract 10.7c, 14.1b, 14.1g: of all that is wrong the first is said, and nothing is sent.
#[test]
fn one_check_after_the_other() {
    let mfa = Mfa::start("");
    let large = vec![b' '; 65537];
    let key = "Idempotency-Key: a b\r\n";
    let gzip = "Content-Encoding: gzip\r\n";
    let paths = [SMS, CALL, &verification(UNKNOWN)];
    for path in paths {
        let ask = |headers: &str, body: &[u8]| {
            let answer = mfa.service.post_with(path, headers, body);
            assert_eq!(answer.header("Content-Type"), Some("application/json"));
            assert_eq!(answer.header("Cache-Control"), Some("no-store"));
            if answer.code() == 413 {
                assert_eq!(answer.header("Connection"), Some("close"));
            }
            said(&answer)
        };
        let right = caller();
        assert_eq!(ask(&format!("{key}{gzip}"), &large), fault(401, "Unauthorized"));
        if path.ends_with("verify") {
            // It needs no key: a guess that comes again is one more.
            assert_eq!(ask(&format!("{right}{key}{gzip}"), &large), fault(413, "Payload Too Large"));
        } else {
            assert_eq!(ask(&format!("{right}{key}{gzip}"), &large), fault(400, "Bad Request"));
        }
        assert_eq!(ask(&format!("{right}{gzip}"), &large), fault(413, "Payload Too Large"));
        assert_eq!(ask(&format!("{right}{gzip}"), b"x"), fault(415, "Unsupported Media Type"));
        assert_eq!(ask(&right, b"x"), fault(415, "Unsupported Media Type"));
        assert_eq!(ask(&format!("{right}{JSON}"), b"x"), mistakes(&["expected a JSON object as body"]));
        assert_eq!(ask(&format!("{right}{JSON}Sec-Fetch-Site: cross-site\r\n"), b"x"), fault(403, "Forbidden"));
        let elsewhere = mfa.service.ask(&format!("POST {path} HTTP/1.1\r\nHost: evil.example\r\n\r\n"));
        assert_eq!(said(&elsewhere), fault(421, "Misdirected Request"));
        let read = mfa.service.get(path);
        assert_eq!((said(&read), read.header("Allow")), (fault(405, "Method Not Allowed"), Some("POST")));
    }
    for path in
        ["/api/relay/rest/mfa", "/api/relay/rest/mfa/fax", "/api/relay/rest/mfa/sms/", "/api/relay/rest/mfa/a/b"]
    {
        assert_eq!(said(&mfa.post(path, JSON, b"{}")), gone(), "{path}");
    }
    assert_eq!(mfa.messages(), 0);
}

// contract 10.7e, 14.1g
#[test]
fn a_body_that_does_not_end() {
    let mfa = Mfa::start("[limits]\nrequest_seconds = 1");
    let paths = [SMS, CALL, &verification(UNKNOWN)];
    let slow = paths.map(|path| {
        let mut slow = mfa.service.connect();
        let head = format!("POST {path} HTTP/1.1\r\nHost: localhost\r\n{}{JSON}", caller());
        slow.send(format!("{head}Content-Length: 10\r\n\r\n{{"));
        slow
    });
    for mut slow in slow {
        assert_eq!(said(&slow.response()), fault(408, "Request Timeout"));
    }
}

// contract 14.1b: 64 KiB are taken, whatever is in them.
#[test]
fn the_largest_body() {
    let mfa = Mfa::start("");
    let padded = |body: String, length: usize| format!("{body}{}", " ".repeat(length - body.len()));
    let parameters = format!(r#"{{"to":"{NUMBER}"}}"#);
    assert_eq!(mfa.post(SMS, JSON, padded(parameters.clone(), 65536)).code(), 200);
    let mut chunked = mfa.service.connect();
    let head =
        format!("POST {SMS} HTTP/1.1\r\nHost: localhost\r\n{}{JSON}Transfer-Encoding: chunked\r\n\r\n", caller());
    chunked.send(format!("{head}10001\r\n{}\r\n0\r\n\r\n", padded(parameters, 65537)));
    assert_eq!(said(&chunked.response()), fault(413, "Payload Too Large"));
    assert_eq!(mfa.messages(), 1);
}

// contract 10.2f, 14.1a: a channel without a delivery is no path.
#[test]
fn one_channel_alone() {
    for (channel, served, other) in [("sms", SMS, CALL), ("call", CALL, SMS)] {
        let folder = Folder::empty();
        let phone = Recorder::start(|_, _| Action::answer(200, ""));
        let delivery = format!("[[delivery]]\nname = 'p'\nkind = 'webhook'\nurl = '{}'\n", phone.url("/"));
        configure(&folder, &delivery, &format!("{channel} = 'p'"));
        let service = start(&folder);
        let ask = |path| service.post_with(path, &format!("{}{JSON}", caller()), format!(r#"{{"to":"{NUMBER}"}}"#));
        assert_eq!(said(&ask(other)), gone());
        assert!(id(&ask(served)).len() == 36);
        assert_eq!(phone.requests("/").len(), 1);
    }
}

// contract 10.8b, 14.1a: a new token holds from SIGHUP on, unless it cannot be used.
#[cfg(unix)]
#[test]
fn a_token_is_read_again() {
    use rustix::process::Signal;
    const OTHER: &str = "another-token-of-22-characters";
    let mfa = Mfa::start("");
    let ask = |token: &str| {
        let headers = format!("{}{FORM}", basic(format!("{PROJECT}:{token}")));
        mfa.service.post_with(&verification(UNKNOWN), &headers, "token=1").code()
    };
    mfa.folder.write("mfa.token", "short");
    mfa.service.signal(Signal::HUP);
    mfa.service.logged("the old certificates and secrets stay");
    assert_eq!((ask(TOKEN), ask("short")), (404, 401));
    mfa.folder.write("mfa.token", OTHER);
    mfa.service.signal(Signal::HUP);
    wait_for("the new token", || (ask(OTHER) == 404).then_some(()));
    assert_eq!(ask(TOKEN), 401);
    assert!(!mfa.service.log().concat().contains(OTHER));
}

// contract 10.8b, 13.1l: so does a new authentication of a delivery.
#[cfg(unix)]
#[test]
fn deliveries_are_read_again() {
    use rustix::process::Signal;
    let folder = Folder::empty();
    let phone = Recorder::start(|request, _| match request.path() {
        "/first" => Action::answer(200, r#"{"access_token":"a","expires_in":3600}"#),
        "/second" => Action::answer(200, r#"{"access_token":"b","expires_in":3600}"#),
        _ => Action::answer(200, ""),
    });
    let authenticate = |path: &str| {
        let data = format!(
            r#"{{"url":"{}","grant_type":"client_credentials","client_id":"c","client_secret":"s"}}"#,
            phone.url(path)
        );
        folder.write("authentication", format!(r#"{{"type":"OAuth2","version":"v1","data":{data}}}"#));
    };
    authenticate("/first");
    let url = phone.url("/phone");
    let delivery =
        format!("[[delivery]]\nname = 'p'\nkind = 'webhook'\nurl = '{url}'\nauthentication_file = 'authentication'\n");
    configure(&folder, &delivery, "sms = 'p'\nsends = 1000");
    let service = start(&folder);
    let bearer = || {
        let sent = service.post_with(SMS, &format!("{}{JSON}", caller()), format!(r#"{{"to":"{NUMBER}"}}"#));
        assert_eq!(sent.code(), 200);
        phone.requests("/phone").last().unwrap().header("authorization").unwrap().to_owned()
    };
    assert_eq!(bearer(), "Bearer a");
    authenticate("/second");
    service.signal(Signal::HUP);
    wait_for("the new authentication", || (bearer() == "Bearer b").then_some(()));
}

// contract 10.3e, 10.2g: what would be served; the key is not made.
#[test]
fn a_configuration_is_checked() {
    let folder = Folder::empty();
    let delivery = "[[delivery]]\nname = 'phone'\nkind = 'webhook'\nurl = 'https://gateway.example/messages'\n";
    configure(&folder, delivery, "sms = 'phone'\ncall = 'phone'");
    let check = || totp_adapter(["serve", "--config", "t.toml", "--check"]).folder(folder.path()).run();
    let ran = check();
    assert_eq!(ran.code(), 0, "{ran}");
    assert!(
        ran.stdout()
            .ends_with("delivery phone: a webhook\n/api/relay/rest/mfa: codes by sms (phone) and call (phone)\n")
    );
    assert!(!ran.stdout().contains(PROJECT) && !ran.stderr().contains(PROJECT));
    assert_eq!(folder.names(), ["mfa.token", "t.toml"]);
    configure(&folder, delivery, "sms = 'phone'\ncall = 'telephone'\nsends = 0");
    let ran = check();
    assert_eq!(ran.code(), 2, "{ran}");
    assert_eq!(ran.stderr().lines().count(), 2, "{ran}");
    fs::remove_file(folder.path().join("mfa.token")).unwrap();
    assert_eq!(check().stderr().lines().count(), 3);
}

// contract 10.7a: as on every path.
#[test]
fn a_request_has_an_id() {
    let mfa = Mfa::start("");
    let mut caller = mfa.service.connect();
    caller.send(post(SMS, b""));
    let refused = caller.response();
    assert!(refused.header("X-Request-Id").is_some_and(|id| !id.is_empty()));
    let named = mfa.post(SMS, &format!("{JSON}X-Request-Id: mine-1\r\n"), format!(r#"{{"to":"{NUMBER}"}}"#));
    assert_eq!(named.header("X-Request-Id"), Some("mine-1"));
    let line = mfa.service.logged("\"request_id\":\"mine-1\"");
    assert!(line.contains("\"route\":\"/api/relay/rest/mfa/sms\"") && line.contains("\"http_status\":200"), "{line}");
}
