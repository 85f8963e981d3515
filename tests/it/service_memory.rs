//! Verification by the service (contract 11.1, 15): once for each password, whoever asks, and however many at once.
#![cfg(feature = "serve")]

use std::fs;
use std::io::Write;
use std::net::Shutdown;
use std::sync::Barrier;
use std::thread;
use std::time::Instant;

use crate::common::service::{DEADLINE, Response, Service, password, post, wait_for};
use crate::common::totp_adapter;
use data_encoding::BASE32_NOPAD;

const MATCH: &str = "<Ok description=\"The password matches.\"/>\n";
const MISMATCH: &str = "<Error description=\"The password provided is incorrect.\"/>\n";

/// A secret of its own for each test, in Base32.
fn secret(name: &str) -> String {
    BASE32_NOPAD.encode(format!("a key of the test {name}").as_bytes())
}

/// A password that is none of those around now.
fn wrong(secret: &str) -> String {
    let right: Vec<String> = (-4..=4).map(|step| password(secret, step * 30)).collect();
    (0..10).map(|number| format!("{number:06}")).find(|text| !right.contains(text)).unwrap()
}

fn document(secret: &str, password: &str) -> String {
    format!("<TOTP><Password>{password}</Password><Secret>{secret}</Secret></TOTP>")
}

fn verify(service: &Service, secret: &str, password: &str) -> Response {
    service.post("/x4/VerifyPassword", document(secret, password))
}

fn outcome(response: &Response) -> (u16, &str, Option<&str>) {
    (response.code(), response.text(), response.header("X4-Status"))
}

const MATCHED: (u16, &str, Option<&str>) = (200, MATCH, Some("1"));
const MISMATCHED: (u16, &str, Option<&str>) = (403, MISMATCH, Some("403"));

fn metric(service: &Service, name: &str) -> u64 {
    let text = service.get("/metrics").text().to_owned();
    let value = text.lines().find_map(|line| line.strip_prefix(&format!("totp_adapter_{name} ")));
    value.map_or(0, |value| value.parse().unwrap())
}

// contract 15.1b, 15.1c: R1, also step n, then n - 1.
#[test]
fn a_password_is_accepted_once() {
    let service = Service::start("");
    let secret = secret("once");
    let (now, earlier) = (password(&secret, 0), password(&secret, -30));
    assert_eq!(outcome(&verify(&service, &secret, &now)), MATCHED);
    let again = verify(&service, &secret, &now);
    assert_eq!(outcome(&again), MISMATCHED);
    assert_eq!(outcome(&verify(&service, &secret, &earlier)), MISMATCHED);
    // A replay is in nothing different from a wrong password, headers included.
    let of_wrong = verify(&service, &secret, &wrong(&secret));
    let names = |response: &Response| {
        response.head.lines().skip(1).map(|line| line.split(':').next().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(outcome(&of_wrong), MISMATCHED);
    assert_eq!(names(&again), names(&of_wrong));
    service.logged("\"cause\":\"replayed\"");
    service.logged("\"cause\":\"wrong password\"");
    assert_eq!(metric(&service, "verifications_total{result=\"match\"}"), 1);
    // The step may have ended meanwhile.
    let offsets = ["0", "-1"].map(|offset| metric(&service, &format!("matched_step_total{{offset=\"{offset}\"}}")));
    assert!([[1, 0], [0, 1]].contains(&offsets), "{offsets:?}");
    assert_eq!(metric(&service, "verifications_total{result=\"replayed\"}"), 2);
    assert_eq!(metric(&service, "verifications_total{result=\"mismatch\"}"), 1);
}

// contract 15.2c: of a thousand who offer the same password at once, one gets in.
#[test]
fn of_a_thousand_at_once_one_matches() {
    let service = Service::start("");
    let secret = secret("thousand");
    let request = post("/x4/VerifyPassword", document(&secret, &password(&secret, 0)));
    let (callers, each) = (50, 20);
    let barrier = Barrier::new(callers);
    let codes: Vec<u16> = thread::scope(|scope| {
        let threads: Vec<_> = (0..callers)
            .map(|_| {
                scope.spawn(|| {
                    let mut caller = service.connect();
                    barrier.wait();
                    (0..each)
                        .map(|_| {
                            caller.send(&request);
                            caller.response().code()
                        })
                        .collect::<Vec<_>>()
                })
            })
            .collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(codes.len(), 1000);
    assert_eq!(codes.iter().filter(|code| **code == 200).count(), 1);
    assert!(codes.iter().all(|code| [200, 403].contains(code)));
}

// contract 15.2c, 15.3a, 15.3c: R6, a bound of 5 holds for 200 guesses at once; R7, other parameters are no new budget.
#[test]
fn of_200_guesses_at_once_five_are_looked_at() {
    let service = Service::start("");
    let secret = secret("guesses");
    let wrong = wrong(&secret);
    let codes: Vec<u16> = thread::scope(|scope| {
        let threads: Vec<_> = (0..200)
            .map(|number| {
                let (query, password) =
                    if number % 2 == 0 { ("", wrong.clone()) } else { ("?digits=8", format!("{wrong}00")) };
                let document = document(&secret, &password);
                let service = &service;
                scope.spawn(move || service.post(&format!("/x4/VerifyPassword{query}"), document).code())
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(codes.iter().filter(|code| **code == 403).count(), 5);
    assert_eq!(codes.iter().filter(|code| **code == 429).count(), 195);
    let refused = verify(&service, &secret, &password(&secret, 0));
    assert_eq!((refused.code(), refused.header("X4-Status")), (429, Some("-1")));
    let seconds: u64 = refused.header("Retry-After").unwrap().parse().unwrap();
    assert!((1..=30).contains(&seconds), "{seconds}");
    assert_eq!(refused.text(), format!("<Error description=\"too many attempts: try again in {seconds} s\"/>\n"));
    assert_eq!(metric(&service, "verifications_total{result=\"throttled\"}"), 196);
}

// contract 11.1c, 15.3e: a final lock has no Retry-After; `unlock` opens it while the service runs.
#[test]
fn a_final_lock_is_429_without_an_end() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("t.toml"), "state = \"state.db\"\n[verification]\nlock_after = 2\n").unwrap();
    let service = Service::start_in(folder.path(), "--config t.toml");
    let secret = secret("lock");
    for _ in 0..2 {
        assert_eq!(outcome(&verify(&service, &secret, &wrong(&secret))), MISMATCHED);
    }
    let locked = verify(&service, &secret, &password(&secret, 0));
    assert_eq!(outcome(&locked), (429, "<Error description=\"locked: unlock is needed\"/>\n", Some("-1")));
    assert_eq!(locked.header("Retry-After"), None);
    let unlock = totp_adapter(["unlock", "--state", "state.db"]).folder(folder.path());
    assert_eq!(unlock.stdin(format!("<Secret>{secret}</Secret>")).run().code(), 0);
    assert_eq!(outcome(&verify(&service, &secret, &password(&secret, 0))), MATCHED);
}

// contract 10.2a, 15.1b: what `one_time = false` lets pass, and what it does not.
#[test]
fn passwords_that_may_verify_again() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("t.toml"), "state = \"state.db\"\n[verification]\none_time = false\nattempts = 1\n")
        .unwrap();
    let service = Service::start_in(folder.path(), "--config t.toml");
    let secret = secret("again");
    for _ in 0..3 {
        assert_eq!(outcome(&verify(&service, &secret, &password(&secret, 0))), MATCHED);
    }
    assert_eq!(outcome(&verify(&service, &secret, &wrong(&secret))), MISMATCHED);
    assert_eq!(verify(&service, &secret, &password(&secret, 0)).code(), 429);
}

// contract 15.2c: R12, a guess counts although its caller has gone.
#[test]
fn a_caller_that_hangs_up_has_guessed_all_the_same() {
    let service = Service::start("");
    let secret = secret("hangs up");
    let request = post("/x4/VerifyPassword", document(&secret, &wrong(&secret)));
    for _ in 0..5 {
        let mut caller = service.connect();
        caller.stream.write_all(&request).unwrap();
        caller.stream.shutdown(Shutdown::Both).unwrap();
    }
    // Until the last of them is counted, a right password would match; so a wrong one asks.
    wait_for("the guesses to count", || {
        let response = verify(&service, &secret, "12345");
        assert_eq!(response.code(), 403);
        let state = service.get("/metrics").text().to_owned();
        let counted: u64 = state
            .lines()
            .find_map(|line| {
                line.strip_prefix("totp_adapter_requests_total{http_status=\"403\",route=\"/x4/VerifyPassword\"} ")
            })
            .map_or(0, |count| count.parse().unwrap());
        (counted > 5).then_some(())
    });
    assert_eq!(verify(&service, &secret, &password(&secret, 0)).code(), 429);
}

// contract 10.8d, 15.5a: what was answered survives `kill -9` under load.
#[cfg(unix)]
#[test]
fn a_killed_service_forgets_nothing_that_it_answered() {
    use rustix::process::Signal;
    let folder = tempfile::tempdir().unwrap();
    let secrets: Vec<(String, String)> = (0..400)
        .map(|number| {
            let secret = secret(&format!("killed {number}"));
            let password = password(&secret, 0);
            (secret, password)
        })
        .collect();
    let mut service = Service::start_in(folder.path(), "--state state.db");
    let address = service.address;
    let answered: Vec<usize> = thread::scope(|scope| {
        let threads: Vec<_> = (0..8)
            .map(|thread| {
                let secrets = &secrets;
                scope.spawn(move || {
                    let mut matched = Vec::new();
                    let mut caller =
                        std::net::TcpStream::connect(address).map(crate::common::service::Caller::over).unwrap();
                    for number in (thread..secrets.len()).step_by(8) {
                        let (secret, password) = &secrets[number];
                        let request = post("/x4/VerifyPassword", document(secret, password));
                        if caller.stream.write_all(&request).is_err() {
                            break;
                        }
                        let Some(code) = caller.code_if_it_comes() else { break };
                        assert_eq!(code, 200);
                        matched.push(number);
                    }
                    matched
                })
            })
            .collect();
        wait_for("some answers", || (metric(&service, "verifications_total{result=\"match\"}") > 20).then_some(()));
        service.signal(Signal::KILL);
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    service.ended();
    assert!(answered.len() > 20, "{}", answered.len());
    let service = Service::start_in(folder.path(), "--state state.db");
    for number in answered {
        let (secret, password) = &secrets[number];
        assert_eq!(outcome(&verify(&service, secret, password)), MISMATCHED);
    }
}

// contract 11.1g, 15.4a, 10.6a: a state that another process keeps busy is 503, never a match; what needs none is served.
#[test]
fn without_its_state_nothing_matches() {
    let folder = tempfile::tempdir().unwrap();
    let service = Service::start_in(folder.path(), "--state state.db");
    assert_eq!(service.get("/readyz").code(), 200);
    let secret = secret("busy");
    let database = rusqlite::Connection::open(folder.path().join("state.db")).unwrap();
    database.execute_batch("BEGIN IMMEDIATE").unwrap();
    let begin = Instant::now();
    let refused = verify(&service, &secret, &password(&secret, 0));
    assert!(begin.elapsed() < DEADLINE);
    assert_eq!(
        (refused.code(), refused.header("X4-Status"), refused.header("Retry-After")),
        (503, Some("-1"), Some("1"))
    );
    assert!(refused.text().contains("state not available: "), "{}", refused.text());
    assert_eq!(service.get("/readyz").code(), 503);
    assert_eq!(service.get("/healthz").code(), 200);
    assert_eq!(service.post("/x4/GeneratePassword", format!("<Secret>{secret}</Secret>")).code(), 200);
    database.execute_batch("ROLLBACK").unwrap();
    assert_eq!(outcome(&verify(&service, &secret, &password(&secret, 0))), MATCHED);
    assert!(metric(&service, "state_errors_total") >= 1);
}

// contract 11.1h: its caller could not wait for the state, which judges it later.
#[test]
fn a_verification_that_came_too_late_may_have_counted() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("short.toml"), "state = 'state.db'\n[limits]\nrequest_seconds = 1\n").unwrap();
    let service = Service::start_in(folder.path(), "--config short.toml");
    let database = rusqlite::Connection::open(folder.path().join("state.db")).unwrap();
    // On a slow machine SQLite may give up before the file is free: then it has not counted.
    let has_counted = (0..5).any(|number| {
        let secret = secret(&format!("late {number}"));
        let password = password(&secret, 0);
        database.execute_batch("BEGIN IMMEDIATE").unwrap();
        let late = verify(&service, &secret, &password);
        database.execute_batch("ROLLBACK").unwrap();
        assert_eq!((late.code(), late.header("Retry-After")), (503, Some("1")));
        let words = "<Error description=\"state not available: it did not answer in time\"/>\n";
        assert_eq!(late.text(), words);
        outcome(&verify(&service, &secret, &password)) == MISMATCHED
    });
    assert!(has_counted);
}

/// As on a full disk: that it may be written shows only when it is. The signal of the system (SIGXFSZ) ends nothing.
// contract 10.6a, 15.4a
#[cfg(target_os = "linux")]
#[test]
fn a_state_that_cannot_grow_is_not_ready_until_it_can() {
    use rustix::process::{Pid, Resource, Rlimit, prlimit};
    let folder = tempfile::tempdir().unwrap();
    let service = Service::start_in(folder.path(), "--state state.db");
    let secret = secret("full");
    let pid = Pid::from_raw(service.id().cast_signed());
    let limit = |current| prlimit(pid, Resource::Fsize, Rlimit { current, maximum: None }).unwrap();
    limit(Some(0));
    let refused = verify(&service, &secret, &password(&secret, 0));
    assert_eq!(refused.code(), 503);
    let words = "<Error description=\"state not available: its disk fails (SQLite error 778)\"/>\n";
    assert_eq!(refused.text(), words);
    for _ in 0..2 {
        assert_eq!(service.get("/readyz").code(), 503);
    }
    limit(None);
    for _ in 0..2 {
        assert_eq!(service.get("/readyz").code(), 200);
    }
    assert_eq!(outcome(&verify(&service, &secret, &password(&secret, 0))), MATCHED);
}

/// A file that somebody takes away would otherwise be written to, and forgotten with the process.
// contract 15.4d
#[cfg(unix)]
#[test]
fn a_state_that_was_taken_away_is_not_available() {
    let folder = tempfile::tempdir().unwrap();
    let service = Service::start_in(folder.path(), "--state state.db");
    let secret = secret("away");
    assert_eq!(outcome(&verify(&service, &secret, &wrong(&secret))), MISMATCHED);
    fs::rename(folder.path().join("state.db"), folder.path().join("elsewhere.db")).unwrap();
    assert_eq!(verify(&service, &secret, &password(&secret, 0)).code(), 503);
    assert_eq!(service.get("/readyz").code(), 503);
    fs::rename(folder.path().join("elsewhere.db"), folder.path().join("state.db")).unwrap();
    assert_eq!(outcome(&verify(&service, &secret, &password(&secret, 0))), MATCHED);
}

// contract 15.1f: the service and the filter use one state.
#[test]
fn the_filter_and_the_service_share_a_state() {
    let folder = tempfile::tempdir().unwrap();
    let service = Service::start_in(folder.path(), "--state state.db");
    let secret = secret("shared");
    let password = password(&secret, 0);
    assert_eq!(outcome(&verify(&service, &secret, &password)), MATCHED);
    let filter = totp_adapter(["--operation", "VerifyPassword", "--state", "state.db"]).folder(folder.path());
    let ran = filter.stdin(document(&secret, &password)).run();
    assert_eq!((ran.code(), ran.stdout().as_str()), (1, MISMATCH));
    assert!(ran.stderr().contains("replayed"), "{ran}");
}

// contract 15.3g
#[test]
fn a_hundred_failures_are_a_warning() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("t.toml"), "state = \"state.db\"\n[verification]\nattempts = 0\n").unwrap();
    let service = Service::start_in(folder.path(), "--config t.toml");
    let secret = secret("hundred");
    let wrong = wrong(&secret);
    let mut caller = service.connect();
    let request = post("/x4/VerifyPassword", document(&secret, &wrong));
    for _ in 0..99 {
        caller.send(&request);
        assert_eq!(caller.response().code(), 403);
    }
    assert!(!service.log().iter().any(|line| line.contains("\"level\":\"WARN\"")));
    caller.send(&request);
    assert_eq!(caller.response().code(), 403);
    let line = service.logged("\"level\":\"WARN\"");
    assert!(line.contains("\"failures\":100"), "{line}");
}
