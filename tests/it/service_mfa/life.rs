//! Callers who leave, and a service that ends, while a message is under way.

use std::sync::{Arc, Mutex};

use super::{Action, JSON, Mfa, NUMBER, SMS, caller, id, limited, results, right, said};
use crate::common::service::wait_for;

/// A telephone that takes no message before the gate is opened, and then all of them with this status.
fn gated(more: &str, gate: &Arc<Mutex<()>>, status: u16) -> Mfa {
    let gate = gate.clone();
    Mfa::with(more, move |_, _| {
        drop(gate.lock());
        Action::answer(status, "")
    })
}

fn request(headers: &str) -> String {
    let body = format!(r#"{{"to":"{NUMBER}"}}"#);
    let length = body.len();
    let headers = format!("{}{JSON}{headers}", caller());
    format!("POST {SMS} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n{headers}\r\n{body}")
}

/// The id in the only message.
fn only_id(mfa: &Mfa) -> String {
    let [message] = &mfa.phone.requests("/phone")[..] else { panic!("one message") };
    message.text().split('"').nth(3).unwrap().to_owned()
}

// contract 14.4h: a code that has left counts, and is verified as any other.
#[test]
fn a_caller_that_does_not_wait_for_the_message() {
    let gate = Arc::new(Mutex::new(()));
    let closed = gate.lock().unwrap();
    let mfa = gated("sends = 1", &gate, 200);
    let mut gone = mfa.service.connect();
    gone.send(request("Idempotency-Key: k\r\n"));
    wait_for("the message", || (mfa.messages() == 1).then_some(()));
    drop(gone);
    // The service has seen that the caller is gone when it answers others; the message goes on.
    assert_eq!(mfa.service.get("/healthz").code(), 200);
    drop(closed);
    let delivered = || (mfa.metric("deliveries_total{name=\"phone\",result=\"delivered\"}") == 1).then_some(());
    wait_for("the end of the delivery", delivered);
    let sent = only_id(&mfa);
    assert_eq!(said(&mfa.send(SMS, NUMBER, "")), limited());
    // Its caller may come again, and hears of it.
    let again = mfa.post(SMS, &format!("{JSON}Idempotency-Key: k\r\n"), format!(r#"{{"to":"{NUMBER}"}}"#));
    assert_eq!(id(&again), sent);
    assert_eq!(mfa.messages(), 1);
    assert_eq!(said(&mfa.verify(&sent, &mfa.code(&sent))), right());
    assert_eq!(results(&mfa.service), [("limited", 1), ("match", 1), ("sent", 1)]);
}

// contract 14.3b, 14.3g, 14.4h: a message that fails when its caller has gone is one that did not leave.
#[test]
fn a_failure_that_nobody_waits_for() {
    let gate = Arc::new(Mutex::new(()));
    let closed = gate.lock().unwrap();
    let mfa = gated("sends = 2", &gate, 500);
    let mut leaver = mfa.service.connect();
    leaver.send(request("Idempotency-Key: k\r\n"));
    wait_for("the message", || (mfa.messages() == 1).then_some(()));
    drop(leaver);
    drop(closed);
    mfa.service.logged("message not delivered");
    let sent = only_id(&mfa);
    let open = || {
        mfa.database().query_row("SELECT count(*) FROM mfa WHERE attempts > 0", [], |row| row.get::<_, i64>(0)).unwrap()
    };
    wait_for("its end", || (open() == 0).then_some(()));
    assert_eq!(mfa.verify(&sent, &mfa.code(&sent)).code(), 404);
    let again = mfa.post(SMS, &format!("{JSON}Idempotency-Key: k\r\n"), format!(r#"{{"to":"{NUMBER}"}}"#));
    assert_eq!((again.code(), mfa.messages()), (502, 2));
    assert_eq!(said(&mfa.send(SMS, NUMBER, "")), limited());
}

/// Before the whole request has come there is none.
// contract 14.4h
#[test]
fn a_caller_that_breaks_off() {
    let mfa = Mfa::start("sends = 1");
    let whole = request("");
    let mut leaver = mfa.service.connect();
    leaver.send(&whole[..whole.len() - 1]);
    drop(leaver);
    assert_eq!(mfa.send(SMS, NUMBER, "").code(), 200);
    assert_eq!(mfa.messages(), 1);
}

// contract 10.8a: a message that is under way is waited for.
#[cfg(unix)]
#[test]
fn a_service_that_ends_while_a_message_is_under_way() {
    let gate = Arc::new(Mutex::new(()));
    let closed = gate.lock().unwrap();
    let mut mfa = gated("", &gate, 200);
    let mut waiting = mfa.service.connect();
    waiting.send(request(""));
    wait_for("the message", || (mfa.messages() == 1).then_some(()));
    mfa.service.signal(rustix::process::Signal::TERM);
    mfa.service.logged("\"message\":\"ending\"");
    drop(closed);
    let sent = id(&waiting.response());
    assert_eq!(mfa.service.ended(), Some(0));
    let mfa = mfa.restarted();
    assert_eq!(said(&mfa.verify(&sent, &mfa.code(&sent))), right());
}

// contract 14.3a, 14.4d: killed while the message is under way: the code that has left is verified.
#[test]
fn a_service_that_is_killed_while_a_message_is_under_way() {
    let gate = Arc::new(Mutex::new(()));
    let closed = gate.lock().unwrap();
    let mfa = gated("sends = 1", &gate, 200);
    let mut waiting = mfa.service.connect();
    waiting.send(request(""));
    wait_for("the message", || (mfa.messages() == 1).then_some(()));
    let mfa = mfa.restarted();
    drop(closed);
    let sent = only_id(&mfa);
    assert_eq!(said(&mfa.send(SMS, NUMBER, "")), limited());
    assert_eq!(said(&mfa.verify(&sent, &mfa.code(&sent))), right());
}
