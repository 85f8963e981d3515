//! Messages that leave before the answer, and those that do not.

use std::fs;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use serde_json::Value;

use super::{
    CALL, FORM, JSON, Mfa, NUMBER, SENDER, SMS, at_once, caller, code_in, configure, database, fault, gone, id,
    limited, metric, results, right, said, start, verification,
};
use crate::common::Folder;
use crate::common::recorder::{Action, Recorder};
#[cfg(unix)]
use crate::common::service::wait_for;
use crate::common::service::{Service, field};

fn open_requests(database: &Connection) -> i64 {
    database.query_row("SELECT count(*) FROM mfa WHERE attempts > 0", [], |row| row.get(0)).unwrap()
}

/// The code that a telephone was told last.
fn last_code(phone: &Recorder) -> (String, String) {
    let message: Value = serde_json::from_str(phone.requests("/phone").last().unwrap().text()).unwrap();
    (message["id"].as_str().unwrap().to_owned(), code_in(message["text"].as_str().unwrap()))
}

// contract 14.3a: when the message comes, the request and its send are kept.
#[test]
fn a_request_is_kept_before_its_message_leaves() {
    let folder = Folder::empty();
    let file = folder.path().join("state.db");
    let phone = Recorder::start(move |_, _| {
        let database = Connection::open(&file).unwrap();
        let sends = "SELECT length(sends) FROM mfa WHERE id = x''";
        let bytes: i64 = database.query_row(sends, [], |row| row.get(0)).unwrap();
        assert_eq!((open_requests(&database), bytes), (1, 8));
        Action::answer(200, "")
    });
    let delivery = format!("[[delivery]]\nname = 'p'\nkind = 'webhook'\nurl = '{}'\n", phone.url("/phone"));
    configure(&folder, &delivery, "sms = 'p'");
    let service = start(&folder);
    // A telephone that found something else would have closed the connection.
    let sent = service.post_with(SMS, &format!("{}{JSON}", caller()), format!(r#"{{"to":"{NUMBER}"}}"#));
    assert_eq!(sent.code(), 200);
}

// contract 14.3a, 14.4g: what cannot be kept does not leave, and does not count.
#[test]
fn without_its_state_nothing_leaves() {
    let mfa = Mfa::start("sends = 1");
    let database = mfa.database();
    database.execute_batch("BEGIN IMMEDIATE").unwrap();
    let refused = mfa.send(SMS, NUMBER, "");
    database.execute_batch("ROLLBACK").unwrap();
    assert_eq!((said(&refused), refused.header("Retry-After")), (fault(503, "Service Unavailable"), Some("1")));
    assert_eq!(mfa.messages(), 0);
    mfa.service.logged("state not available");
    assert_eq!(mfa.metric("state_errors_total"), 1);
    assert_eq!(mfa.send(SMS, NUMBER, "").code(), 200);
    assert_eq!((mfa.messages(), results(&mfa.service)), (1, vec![("sent", 1)]));
}

/// As on a full disk.
// contract 14.3a
#[cfg(target_os = "linux")]
#[test]
fn a_state_that_cannot_grow() {
    use rustix::process::{Pid, Resource, Rlimit, prlimit};
    let mfa = Mfa::start("sends = 2");
    let sent = mfa.sent("");
    let code = mfa.code(&sent);
    let pid = Pid::from_raw(mfa.service.id().cast_signed());
    let limit = |current| prlimit(pid, Resource::Fsize, Rlimit { current, maximum: None }).unwrap();
    limit(Some(0));
    let unavailable = (fault(503, "Service Unavailable"), Some("1"));
    let refused = mfa.send(SMS, NUMBER, "");
    assert_eq!((said(&refused), refused.header("Retry-After")), unavailable);
    let refused = mfa.verify(&sent, &code);
    assert_eq!((said(&refused), refused.header("Retry-After")), unavailable);
    let refused = mfa.post(SMS, &format!("{JSON}Idempotency-Key: k\r\n"), format!(r#"{{"to":"{NUMBER}"}}"#));
    assert_eq!((said(&refused), refused.header("Retry-After")), unavailable);
    limit(None);
    assert_eq!(mfa.messages(), 1);
    assert_eq!(said(&mfa.verify(&sent, &code)), right());
    let sent = mfa.post(SMS, &format!("{JSON}Idempotency-Key: k\r\n"), format!(r#"{{"to":"{NUMBER}"}}"#));
    assert_eq!((sent.code(), mfa.messages()), (200, 2));
    assert_eq!(said(&mfa.send(SMS, NUMBER, "")), limited());
}

// contract 14.3b, 14.4a: a message that did not leave leaves no code; its send counts.
#[test]
fn a_delivery_that_fails() {
    for (action, reason) in [
        (Action::answer(500, "hunter2"), "not delivered: expected 200 or 202 from the webhook, found 500"),
        (Action::answer(201, ""), "not delivered: expected 200 or 202 from the webhook, found 201"),
        (Action::Garbage, "not delivered: "),
        (Action::Close, "not delivered: "),
    ] {
        let mfa =
            Mfa::with("sends = 2", move |_, number| if number > 1 { Action::answer(200, "") } else { action.clone() });
        let failed = mfa.send(SMS, NUMBER, "");
        assert_eq!((said(&failed), failed.header("Retry-After")), (fault(502, "Bad Gateway"), None));
        let line = mfa.service.logged("message not delivered");
        assert!(field(&line, "cause").unwrap().starts_with(reason), "{line}");
        assert_eq!((field(&line, "name").unwrap(), field(&line, "level").unwrap()), ("phone".into(), "ERROR".into()));
        let (void, code) = last_code(&mfa.phone);
        assert_eq!(said(&mfa.verify(&void, &code)), gone());
        assert_eq!(open_requests(&mfa.database()), 0);
        let sent = mfa.sent("");
        assert_eq!(said(&mfa.send(SMS, NUMBER, "")), limited());
        assert_eq!(said(&mfa.verify(&sent, &mfa.code(&sent))), right());
        let counted = results(&mfa.service);
        assert_eq!(counted, [("failed", 1), ("gone", 1), ("limited", 1), ("match", 1), ("sent", 1)]);
        for result in ["delivered", "failed"] {
            assert_eq!(mfa.metric(&format!("deliveries_total{{name=\"phone\",result=\"{result}\"}}")), 1);
        }
    }
}

/// A state that is away when the message has failed.
// contract 14.3b
#[cfg(unix)]
#[test]
fn a_request_that_cannot_be_made_void() {
    let folder = Folder::empty();
    let (here, away) = (folder.path().join("state.db"), folder.path().join("away.db"));
    let phone = Recorder::start(move |_, _| {
        fs::rename(&here, &away).unwrap();
        Action::answer(500, "")
    });
    let delivery = format!("[[delivery]]\nname = 'p'\nkind = 'webhook'\nurl = '{}'\n", phone.url("/phone"));
    configure(&folder, &delivery, "sms = 'p'");
    let service = start(&folder);
    let failed = service.post_with(SMS, &format!("{}{JSON}", caller()), format!(r#"{{"to":"{NUMBER}"}}"#));
    assert_eq!(said(&failed), fault(502, "Bad Gateway"));
    service.logged("message not delivered");
    service.logged("state not available");
    assert_eq!(metric(&service, "state_errors_total"), 1);
}

// contract 14.3b, 13.2c: after 10 s nobody waits any more, and the message counts as one that did not leave.
#[cfg(unix)]
#[test]
fn a_delivery_that_hangs() {
    let folder = Folder::empty();
    let phone = Recorder::start(|_, _| Action::Silence);
    let hangs = "[[delivery]]\nname = 'hangs'\nkind = 'command'\n\
        command = ['/bin/sh', '-c', 'echo $$ > hanging; sleep 600; echo never > late']\n";
    let silent = format!("[[delivery]]\nname = 'silent'\nkind = 'webhook'\nurl = '{}'\n", phone.url("/phone"));
    configure(&folder, &format!("{hangs}{silent}"), "sms = 'hangs'\ncall = 'silent'\nsends = 3");
    let service = start(&folder);
    let ask = |path: &str| service.post_with(path, &format!("{}{JSON}", caller()), format!(r#"{{"to":"{NUMBER}"}}"#));
    let begin = Instant::now();
    let failed = at_once(2, |number| {
        let failed = ask([SMS, CALL][number]);
        (said(&failed), begin.elapsed() >= Duration::from_secs(10))
    });
    for failed in failed {
        assert_eq!(failed, (fault(502, "Bad Gateway"), true));
    }
    let causes = ["hangs", "silent"].map(|name| {
        let is_its = |line: &String| line.contains("not delivered") && line.contains(name);
        field(&wait_for("the reason", || service.log().into_iter().find(is_its)), "cause").unwrap()
    });
    assert_eq!(causes, ["not delivered: the command did not end within 10 s", "not delivered: no answer within 10 s"]);
    assert_eq!(open_requests(&database(&folder)), 0);
    let hanging = rustix::process::Pid::from_raw(folder.read("hanging").trim().parse().unwrap()).unwrap();
    wait_for("the end of the command", || rustix::process::test_kill_process(hanging).is_err().then_some(()));
    assert!(!folder.names().contains(&"late".to_owned()));
    let (void, code) = last_code(&phone);
    let verify = |id: &str, code: &str| {
        service.post_with(&verification(id), &format!("{}{FORM}", caller()), format!("token={code}"))
    };
    assert_eq!(said(&verify(&void, &code)), gone());
    assert_eq!(results(&service), [("failed", 2), ("gone", 1)]);
}

/// A service whose text messages leave by this script.
#[cfg(unix)]
fn by_command(folder: &Folder, script: &str) -> Service {
    fs::create_dir_all(folder.path().join("outbox")).unwrap();
    let command = format!("['/bin/sh', '-c', '{script}', '-', '{{to}}', '{{from}}', '{{channel}}', '{{id}}']");
    let delivery = format!("[[delivery]]\nname = 'gateway'\nkind = 'command'\ncommand = {command}\n");
    configure(folder, &delivery, "sms = 'gateway'\ncall = 'gateway'\nsends = 1000");
    start(folder)
}

// contract 13.2a, 13.2b, 13.2e, 14.2b: what a command gets.
#[cfg(unix)]
#[test]
fn a_command_delivers() {
    let folder = Folder::empty();
    let service = by_command(&folder, "umask 077; cat > outbox/$4; echo \"$1 $2 $3\" > outbox/$4.arguments; echo out");
    for (path, channel, from) in [(SMS, "sms", ""), (CALL, "call", SENDER)] {
        let body = format!(r#"{{"to":"{NUMBER}","from":"{from}","message":"Ü \"$(id)\"\n:"}}"#);
        let sent = id(&service.post_with(path, &format!("{}{JSON}", caller()), body));
        assert_eq!(folder.read(&format!("outbox/{sent}.arguments")), format!("{NUMBER} {from} {channel}\n"));
        let text = folder.read(&format!("outbox/{sent}"));
        let code = code_in(&text);
        let spoken: String =
            if channel == "call" { code.chars().flat_map(|c| [',', ' ', c]).skip(2).collect() } else { code.clone() };
        assert_eq!(text, format!("Ü \"$(id)\"\n: {spoken}"));
        let verify = service.post_with(&verification(&sent), &format!("{}{FORM}", caller()), format!("token={code}"));
        assert_eq!(said(&verify), right());
    }
    assert_eq!(metric(&service, "deliveries_total{name=\"gateway\",result=\"delivered\"}"), 2);
}

// contract 14.3b: the reason is in the log, and the answer has none of it.
#[cfg(unix)]
#[test]
fn a_command_that_fails() {
    for (script, reason) in [
        ("cat; exit 3", "not delivered: the command ended with exit code 3"),
        ("kill -9 $$", "not delivered: a signal ended the command"),
    ] {
        let folder = Folder::empty();
        let service = by_command(&folder, script);
        let failed = service.post_with(SMS, &format!("{}{JSON}", caller()), format!(r#"{{"to":"{NUMBER}"}}"#));
        assert_eq!(said(&failed), fault(502, "Bad Gateway"));
        assert_eq!(field(&service.logged("message not delivered"), "cause").unwrap(), reason);
        assert_eq!(open_requests(&database(&folder)), 0);
    }
}
