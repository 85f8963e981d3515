//! Codes that are offered: right and wrong ones, too many, too late, and many at once.

use std::thread;

use super::{
    FORM, JSON, Mfa, NUMBER, SMS, another, at_once, caller, count, fault, gone, id, limited, now, results, right, said,
    start, verification, wrong,
};
use crate::common::service::{Caller, wait_for};

fn open_requests(mfa: &Mfa) -> i64 {
    mfa.database().query_row("SELECT count(*) FROM mfa WHERE attempts > 0", [], |row| row.get(0)).unwrap()
}

fn expires(mfa: &Mfa) -> i64 {
    mfa.database().query_row("SELECT max(expires) FROM mfa WHERE attempts > 0", [], |row| row.get(0)).unwrap()
}

// contract 14.4a, 14.4b: nothing tells unknown, expired, exhausted, used and void requests apart.
#[test]
fn what_has_ended_has_ended() {
    let mfa = Mfa::with("sends = 1000", |_, number| super::Action::answer(if number == 1 { 500 } else { 200 }, ""));
    assert_eq!(mfa.send(SMS, NUMBER, "").code(), 502);
    let void = mfa.phone.requests("/phone")[0].text().split('"').nth(3).unwrap().to_owned();
    let exhausted = mfa.sent(r#","max_attempts":1"#);
    assert_eq!(said(&mfa.verify(&exhausted, &another(&mfa.code(&exhausted)))), wrong());
    let used = mfa.sent("");
    assert_eq!(said(&mfa.verify(&used, &mfa.code(&used))), right());
    let expired = mfa.sent(r#","valid_for":1"#);
    let end = expires(&mfa);
    wait_for("the end of the code", || (now() >= end).then_some(()));
    let open = mfa.sent("");
    let mut heads = Vec::new();
    let upper = open.to_uppercase();
    for (id, code) in [
        (&void, mfa.code(&void)),
        (&exhausted, mfa.code(&exhausted)),
        (&used, mfa.code(&used)),
        (&expired, mfa.code(&expired)),
        (&"00000000-0000-4000-8000-000000000000".to_owned(), "123456".to_owned()),
        (&"hunter2".to_owned(), "123456".to_owned()),
        (&"sms".to_owned(), "123456".to_owned()),
        (&format!("%{:02x}{}", open.as_bytes()[0], &open[1..]), mfa.code(&open)),
        (&upper, mfa.code(&open)),
        (&open.replace('-', ""), mfa.code(&open)),
    ] {
        if *id == open {
            // No letter is in it.
            continue;
        }
        for token in [&code, &another(&code)] {
            let answer = mfa.verify(id, token);
            assert_eq!(said(&answer), gone(), "{id}");
            let varies = |line: &&str| !line.starts_with("X-Request-Id") && !line.starts_with("Date");
            heads.push(answer.head.lines().filter(varies).collect::<Vec<_>>().join("\n"));
        }
    }
    assert!(heads.iter().all(|head| *head == heads[0]), "{heads:?}");
    // None of these was a guess of its destination: a wrong code for what has ended tells nothing.
    assert_eq!(said(&mfa.verify(&open, &mfa.code(&open))), right());
}

// contract 14.4b: as many wrong ones as were asked for, and none after a right one.
#[test]
fn as_many_tries_as_were_asked_for() {
    let mfa = Mfa::start("sends = 1000\nguesses = 1000");
    for attempts in [1, 2, 20] {
        for is_right_at_last in [true, false] {
            let sent = mfa.sent(&format!(r#","max_attempts":{attempts}"#));
            let code = mfa.code(&sent);
            for _ in 1..attempts {
                assert_eq!(said(&mfa.verify(&sent, &another(&code))), wrong());
            }
            if is_right_at_last {
                assert_eq!(said(&mfa.verify(&sent, &code)), right());
            } else {
                assert_eq!(said(&mfa.verify(&sent, &another(&code))), wrong());
            }
            assert_eq!(said(&mfa.verify(&sent, &code)), gone());
            assert_eq!(said(&mfa.verify(&sent, &another(&code))), gone());
        }
    }
}

// contract 14.4b: the code of one request is none for another.
#[test]
fn each_request_has_its_own_code() {
    let mfa = Mfa::start("");
    let [one, other] = [0; 2].map(|_| mfa.sent(r#","token_length":20"#));
    assert_eq!(said(&mfa.verify(&one, &mfa.code(&other))), wrong());
    assert_eq!(said(&mfa.verify(&other, &mfa.code(&one))), wrong());
    assert_eq!(said(&mfa.verify(&one, &mfa.code(&one))), right());
    assert_eq!(said(&mfa.verify(&other, &mfa.code(&other))), right());
}

// contract 14.4c: R3, of many who offer the right code at once, at two instances, one gets in.
#[test]
fn of_sixty_right_ones_at_once_one_matches() {
    let mfa = Mfa::start("");
    let second = start(&mfa.folder);
    let sent = mfa.sent("");
    let body = format!("token={}", mfa.code(&sent));
    let found = at_once(60, |number| {
        let service = if number % 2 == 0 { &mfa.service } else { &second };
        said(&service.post_with(&verification(&sent), &format!("{}{FORM}", caller()), &body))
    });
    assert_eq!((count(&found, &right()), count(&found, &gone())), (1, 59));
    let matches = [&mfa.service, &second].map(|service| super::metric(service, "mfa_total{result=\"match\"}"));
    assert_eq!(matches.iter().sum::<u64>(), 1);
}

// contract 14.4b, 14.4c: R6, of many wrong ones at once, at two instances, no more are looked at.
#[test]
fn of_sixty_wrong_ones_at_once_four_are_looked_at() {
    let mfa = Mfa::start("");
    let second = start(&mfa.folder);
    let sent = mfa.sent(r#","max_attempts":4"#);
    let body = format!("token={}", another(&mfa.code(&sent)));
    let found = at_once(60, |number| {
        let service = if number % 2 == 0 { &mfa.service } else { &second };
        said(&service.post_with(&verification(&sent), &format!("{}{FORM}", caller()), &body))
    });
    assert_eq!((count(&found, &wrong()), count(&found, &gone())), (4, 56));
    assert_eq!(said(&mfa.verify(&sent, &mfa.code(&sent))), gone());
}

// contract 14.4d, 10.8d: R5, what was sent, tried and used is known to the next one, too.
#[test]
fn a_killed_service_forgets_nothing() {
    let mfa = Mfa::start("sends = 3\nguesses = 3");
    let [open, used] = [0; 2].map(|_| mfa.sent(""));
    assert_eq!(said(&mfa.verify(&used, &mfa.code(&used))), right());
    for _ in 0..2 {
        assert_eq!(said(&mfa.verify(&open, &another(&mfa.code(&open)))), wrong());
    }
    let mfa = mfa.restarted();
    assert_eq!(said(&mfa.verify(&used, &mfa.code(&used))), gone());
    let third = mfa.sent("");
    assert_eq!(said(&mfa.send(SMS, NUMBER, "")), limited());
    // The third of one request, and of the destination.
    assert_eq!(said(&mfa.verify(&open, &another(&mfa.code(&open)))), wrong());
    let mfa = mfa.restarted();
    assert_eq!(said(&mfa.verify(&open, &mfa.code(&open))), gone());
    assert_eq!(said(&mfa.verify(&third, &mfa.code(&third))), limited());
}

// contract 14.4e: R12, a hang-up loses the answer, never the count.
#[test]
fn a_guess_counts_whoever_waits_for_it() {
    let mfa = Mfa::start("guesses = 1000");
    for (token, others) in [("wrong", 3), ("right", 0)] {
        let sent = mfa.sent(r#","max_attempts":3"#);
        let code = mfa.code(&sent);
        let typed = if token == "right" { code.clone() } else { another(&code) };
        let body = format!("token={typed}");
        let path = verification(&sent);
        let headers = format!("{}{FORM}", caller());
        let request =
            format!("POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n{headers}\r\n{body}", body.len());
        for _ in 0..others.max(1) {
            let mut caller = mfa.service.connect();
            caller.send(&request);
            drop(caller);
        }
        wait_for("the end of the request", || (open_requests(&mfa) == 0).then_some(()));
        assert_eq!(said(&mfa.verify(&sent, &code)), gone());
    }
}

// contract 14.4g: never a match, and not counted where nothing could be written.
#[test]
fn without_its_state_nothing_matches() {
    let mfa = Mfa::start("");
    let sent = mfa.sent(r#","max_attempts":1"#);
    let code = mfa.code(&sent);
    let database = mfa.database();
    database.execute_batch("BEGIN IMMEDIATE").unwrap();
    let answers = at_once(2, |number| {
        let answer = mfa.verify(&sent, &[code.clone(), another(&code)][number]);
        assert_eq!(answer.header("Content-Type"), Some("application/json"));
        (said(&answer), answer.header("Retry-After").map(str::to_owned))
    });
    database.execute_batch("ROLLBACK").unwrap();
    for answer in answers {
        assert_eq!(answer, (fault(503, "Service Unavailable"), Some("1".to_owned())));
    }
    assert_eq!(said(&mfa.verify(&sent, &code)), right());
    assert_eq!(results(&mfa.service), [("match", 1), ("sent", 1)]);
}

// contract 14.4g: who cannot wait for the state is told so; the guess may have counted.
#[test]
fn a_guess_that_came_too_late() {
    let mfa = Mfa::start("[limits]\nrequest_seconds = 2");
    let sent = mfa.sent("");
    let code = mfa.code(&sent);
    let database = mfa.database();
    database.execute_batch("BEGIN IMMEDIATE").unwrap();
    let late = mfa.verify(&sent, &code);
    database.execute_batch("ROLLBACK").unwrap();
    assert_eq!((said(&late), late.header("Retry-After")), (fault(503, "Service Unavailable"), Some("1")));
    mfa.service.logged("did not answer in time");
    wait_for("the state", || (mfa.service.get("/readyz").code() == 200).then_some(()));
    assert!([gone(), right()].contains(&said(&mfa.verify(&sent, &code))));
}

// contract 10.5c: a line for each, by the template of its path, with the kind of what went wrong.
#[test]
fn a_line_for_each_request() {
    let mfa = Mfa::start("sends = 1");
    let asked = |path: &str, body: &str, name: &str| {
        mfa.post(path, &format!("{JSON}X-Request-Id: {name}\r\n"), body);
        let line = mfa.service.logged(&format!("\"request_id\":\"{name}\""));
        ["route", "http_status", "cause"]
            .map(|field| crate::common::service::field(&line, field).unwrap_or_default())
            .join(" ")
    };
    let to = format!(r#"{{"to":"{NUMBER}"}}"#);
    assert_eq!(asked(SMS, &to, "a-1"), "/api/relay/rest/mfa/sms 200 ");
    assert_eq!(asked(SMS, &to, "a-2"), "/api/relay/rest/mfa/sms 429 Too Many Requests");
    assert_eq!(asked(SMS, "{}", "a-3"), "/api/relay/rest/mfa/sms 422 Unprocessable Entity");
    let verify = verification("hunter2");
    assert_eq!(asked(&verify, r#"{"token":"1"}"#, "a-4"), "/api/relay/rest/mfa/{id}/verify 404 Not Found");
    assert_eq!(asked(&verify, "", "a-5"), "/api/relay/rest/mfa/{id}/verify 422 Unprocessable Entity");
    assert!(!mfa.service.log().concat().contains("hunter2"));
}

/// Many callers who send codes and guess at once, each for a number of its own, on connections that stay.
// contract 14.4c
#[test]
fn many_who_do_not_disturb_each_other() {
    let mfa = Mfa::start("");
    let address = mfa.service.address;
    thread::scope(|scope| {
        for number in 0..16 {
            let mfa = &mfa;
            scope.spawn(move || {
                let to = format!("+1555000{number:04}");
                let mut caller_of = Caller::over(std::net::TcpStream::connect(address).unwrap());
                let mut ask = |path: &str, body: String| {
                    let headers = format!("{}{JSON}", caller());
                    caller_of.send(format!(
                        "POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n{headers}\r\n{body}",
                        body.len()
                    ));
                    caller_of.response()
                };
                for _ in 0..5 {
                    let sent = id(&ask(SMS, format!(r#"{{"to":"{to}"}}"#)));
                    let code = mfa.code(&sent);
                    assert_eq!(
                        said(&ask(&verification(&sent), format!(r#"{{"token":"{}"}}"#, another(&code)))),
                        wrong()
                    );
                    assert_eq!(said(&ask(&verification(&sent), format!(r#"{{"token":"{code}"}}"#))), right());
                }
            });
        }
    });
    assert_eq!(results(&mfa.service), [("match", 80), ("mismatch", 80), ("sent", 80)]);
}
