//! Requests for a code that come again with their Idempotency-Key.

use std::sync::{Arc, Mutex};

use super::{
    CALL, FORM, JSON, Mfa, NUMBER, SENDER, SMS, another, at_once, caller, fault, gone, id, limited, mistakes, now,
    right, said,
};
use crate::common::recorder::Action;
use crate::common::service::wait_for;

const OTHER: &str = "Idempotency-Key must come with the parameters that it came with before";

fn ask(mfa: &Mfa, path: &str, key: &str, parameters: &str) -> super::Response {
    let headers = format!("{JSON}Idempotency-Key: {key}\r\n");
    mfa.post(path, &headers, format!(r#"{{"to":"{NUMBER}"{parameters}}}"#))
}

// contract 14.3g: the same again is the same answer, in whatever form; other parameters are not.
#[test]
fn the_same_again_sends_nothing() {
    let mfa = Mfa::start("sends = 2");
    let first = ask(&mfa, SMS, "k", "");
    assert_eq!(first.code(), 200);
    for (headers, body) in [
        (JSON, r#"{"to":"+15551234567"}"#),
        (JSON, r#"{"x":1,"token_length":"6","valid_for":3600,"from":null,"to":"+15551234567","allow_alphas":false}"#),
        (FORM, "to=%2B15551234567&message=Your+Personal+Authorization+Code+is:"),
    ] {
        let again = mfa.post(SMS, &format!("{headers}Idempotency-Key: k\r\n"), body);
        assert_eq!(said(&again), said(&first), "{body}");
    }
    for parameters in [
        r#","from":"+15557654321""#,
        r#","message":"Code:""#,
        r#","token_length":7"#,
        r#","valid_for":3601"#,
        r#","max_attempts":4"#,
        r#","allow_alphas":true"#,
    ] {
        assert_eq!(said(&ask(&mfa, SMS, "k", parameters)), mistakes(&[OTHER]), "{parameters}");
    }
    let elsewhere = mfa.post(SMS, &format!("{JSON}Idempotency-Key: k\r\n"), format!(r#"{{"to":"{SENDER}"}}"#));
    assert_eq!(said(&elsewhere), mistakes(&[OTHER]));
    assert_eq!(mfa.messages(), 1);
    // A call is another thing, and so is the same key in another case.
    let called = ask(&mfa, CALL, "k", "");
    assert_eq!(called.code(), 200);
    assert_ne!(id(&called), id(&first));
    assert_eq!(said(&ask(&mfa, CALL, "k", "")), said(&called));
    assert_eq!(said(&ask(&mfa, SMS, "K", "")), limited());
    assert_eq!(mfa.messages(), 2);
    // It is known also after a match, and after the service was killed.
    let sent = id(&first);
    assert_eq!(said(&mfa.verify(&sent, &mfa.code(&sent))), right());
    let mfa = mfa.restarted();
    assert_eq!(said(&ask(&mfa, SMS, "k", "")), said(&first));
    assert_eq!(said(&ask(&mfa, SMS, "k", r#","token_length":7"#)), mistakes(&[OTHER]));
    assert_eq!(mfa.messages(), 2);
    assert_eq!(said(&mfa.verify(&sent, &mfa.code(&sent))), gone());
}

// contract 13.4c, 14.3g: what a key may be.
#[test]
fn keys_that_cannot_be_used() {
    let mfa = Mfa::start("sends = 1000");
    for key in ["", "a b", "\u{e4}", &"k".repeat(256), "a\r\nIdempotency-Key: a"] {
        assert_eq!(said(&ask(&mfa, SMS, key, "")), fault(400, "Bad Request"), "{key}");
    }
    assert_eq!(mfa.messages(), 0);
    for key in ["!", "~", &"k".repeat(255)] {
        assert_eq!(ask(&mfa, SMS, key, "").code(), 200, "{key}");
    }
    // Without one every request is another.
    assert_ne!(mfa.sent(""), mfa.sent(""));
    assert_eq!(mfa.messages(), 5);
}

// contract 14.3g: who comes while the message is under way waits for it.
#[test]
fn the_same_while_it_is_being_delivered() {
    let gate = Arc::new(Mutex::new(()));
    let closed = gate.lock().unwrap();
    let inner = gate.clone();
    let mfa = Mfa::with("sends = 1", move |_, _| {
        drop(inner.lock());
        Action::answer(202, "")
    });
    let headers = format!("{}{JSON}Idempotency-Key: k\r\n", caller());
    let body = format!(r#"{{"to":"{NUMBER}"}}"#);
    let request =
        format!("POST {SMS} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n{headers}\r\n{body}", body.len());
    let mut callers: Vec<_> = (0..12)
        .map(|_| {
            let mut caller = mfa.service.connect();
            caller.send(&request);
            caller
        })
        .collect();
    wait_for("the message", || (mfa.messages() == 1).then_some(()));
    // With other parameters nobody waits.
    assert_eq!(said(&ask(&mfa, SMS, "k", r#","token_length":7"#)), mistakes(&[OTHER]));
    drop(closed);
    let answers: Vec<_> = callers.iter_mut().map(|caller| said(&caller.response())).collect();
    assert!(answers.iter().all(|answer| *answer == answers[0] && answer.0 == 200), "{answers:?}");
    assert_eq!(mfa.messages(), 1);
}

// contract 14.3g: of many at once one is carried out.
#[test]
fn the_same_many_times_at_once() {
    let mfa = Mfa::start("sends = 1000");
    let answers = at_once(32, |_| said(&ask(&mfa, SMS, "k", "")));
    assert!(answers.iter().all(|answer| *answer == answers[0] && answer.0 == 200), "{answers:?}");
    assert_eq!(mfa.messages(), 1);
}

// contract 14.3g: a waiting one is told when it cannot wait any longer.
#[test]
fn nobody_waits_for_ever() {
    let gate = Arc::new(Mutex::new(()));
    let closed = gate.lock().unwrap();
    let inner = gate.clone();
    let mfa = Mfa::with("[limits]\nrequest_seconds = 3", move |_, _| {
        drop(inner.lock());
        Action::answer(202, "")
    });
    std::thread::scope(|scope| {
        let first = scope.spawn(|| ask(&mfa, SMS, "k", ""));
        wait_for("the message", || (mfa.messages() == 1).then_some(()));
        let waited = ask(&mfa, SMS, "k", "");
        assert_eq!((said(&waited), waited.header("Retry-After")), (fault(503, "Service Unavailable"), Some("1")));
        drop(closed);
        assert_eq!(said(&first.join().unwrap()), said(&ask(&mfa, SMS, "k", "")));
    });
    assert_eq!(mfa.messages(), 1);
}

// contract 14.3g: a state that is away between the message and its answer keeps the answer when it is back.
#[test]
fn a_state_that_is_away_behind_a_message() {
    let mfa = Mfa::start("");
    // The state is made with the first one.
    mfa.sent("");
    let state = mfa.database();
    state
        .execute_batch(
            "CREATE TRIGGER away BEFORE UPDATE OF answer ON idempotency BEGIN SELECT RAISE(ABORT, 'away'); END",
        )
        .unwrap();
    let first = ask(&mfa, SMS, "k", "");
    assert_eq!(first.code(), 200);
    mfa.service.logged("state not available");
    state.execute_batch("DROP TRIGGER away").unwrap();
    assert_eq!(said(&ask(&mfa, SMS, "k", "")), said(&first));
    assert_eq!(mfa.messages(), 2);
}

// contract 14.3g: what was not done may be done with the same key, and with other parameters.
#[test]
fn a_failure_frees_the_key() {
    let mfa =
        Mfa::with("guesses = 1\nsends = 1000", |_, number| Action::answer(if number > 2 { 200 } else { 500 }, ""));
    assert_eq!(said(&ask(&mfa, SMS, "k", r#","token_length":3"#)).0, 422);
    assert_eq!(said(&ask(&mfa, SMS, "k", "")), fault(502, "Bad Gateway"));
    assert_eq!(said(&ask(&mfa, SMS, "k", r#","token_length":7"#)), fault(502, "Bad Gateway"));
    let sent = ask(&mfa, SMS, "k", "");
    assert_eq!(said(&ask(&mfa, SMS, "k", "")), said(&sent));
    assert_eq!(mfa.messages(), 3);
    let sent = id(&sent);
    let code = mfa.code(&sent);
    assert_eq!(mfa.verify(&sent, &another(&code)).code(), 200);
    assert_eq!(said(&ask(&mfa, SMS, "l", "")), limited());
    let unlock = ["unlock", "--config", "t.toml", "--destination", NUMBER];
    assert_eq!(crate::common::totp_adapter(unlock).folder(mfa.folder.path()).run().code(), 0);
    assert_eq!(ask(&mfa, SMS, "l", r#","token_length":7"#).code(), 200);
}

// contract 14.3g: it is known as long as the code is valid.
#[test]
fn a_key_is_known_as_long_as_its_code() {
    let mfa = Mfa::start("");
    let short = r#","valid_for":1"#;
    let first = id(&ask(&mfa, SMS, "k", short));
    let expires: i64 = mfa.database().query_row("SELECT expires FROM idempotency", [], |row| row.get(0)).unwrap();
    wait_for("the end of the code", || (now() >= expires).then_some(()));
    let second = id(&ask(&mfa, SMS, "k", short));
    assert_ne!(first, second);
    ask(&mfa, SMS, "week", r#","valid_for":604800"#);
    let last: i64 = mfa.database().query_row("SELECT max(expires) FROM idempotency", [], |row| row.get(0)).unwrap();
    assert!((604_700..=604_800).contains(&(last - now())));
}
