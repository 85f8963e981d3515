//! Inboxes (contract 13.4), through the program.
#![cfg(feature = "serve")]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::Barrier;
use std::thread;

use crate::common::service::{Service, field, wait_for};
use insta::assert_snapshot;
use tempfile::TempDir;

const SECRET: &str = "a secret of 22 characters and more";

/// A folder with an inbox and two clients, of which one may post there.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("inbox")).unwrap();
    fs::create_dir(folder.path().join("second")).unwrap();
    fs::write(folder.path().join("client.secret"), SECRET).unwrap();
    let configuration = "state = 'state.db'\n\
         [[client]]\nid = 'verity'\nsecret_file = 'client.secret'\n\
         [[client]]\nid = 'workflow'\nsecret_file = 'client.secret'\n\
         [[client]]\nid = 'other'\nsecret_file = 'client.secret'\n\
         [[inbox]]\nname = 'verity'\nclients = ['verity', 'workflow']\ndirectory = 'inbox'\n\
         [[inbox]]\nname = 'second'\nclients = ['verity']\ndirectory = 'second'\n";
    fs::write(folder.path().join("t.toml"), configuration).unwrap();
    folder
}

fn start(folder: &TempDir) -> Service {
    Service::start_in(folder.path(), "--config t.toml")
}

fn token(service: &Service, client: &str) -> String {
    let form = format!("grant_type=client_credentials&client_id={client}&client_secret={}", SECRET.replace(' ', "+"));
    let response = service.post_with("/oauth2/token", "Content-Type: application/x-www-form-urlencoded\r\n", form);
    let text = response.text().strip_prefix("{\"access_token\":\"").unwrap();
    text.split('"').next().unwrap().to_owned()
}

/// The files of an inbox with their contents.
fn files(folder: &TempDir, inbox: &str) -> Vec<(String, Vec<u8>)> {
    let entries = fs::read_dir(folder.path().join(inbox)).unwrap();
    let mut files: Vec<_> = entries
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), fs::read(&path).unwrap()))
        .collect();
    files.sort();
    files
}

// contract 13.4a, 13.4b: what comes becomes a file, whole, for its owner alone.
#[test]
fn a_message_becomes_a_file() {
    let folder = folder();
    let service = start(&folder);
    let token = token(&service, "verity");
    let large: Vec<u8> = (0..=u8::MAX).cycle().take(1024 * 1024).collect();
    let messages: [(&str, &str, &[u8]); 5] = [
        ("a-1", "application/json; charset=utf-8", b"{\"code\":\"x\"}"),
        ("a-2", "application/soap+xml", b"\xef\xbb\xbf<a/>"),
        ("a-3", "text/plain", b"\0"),
        ("a-4", "", b"{"),
        ("a-5", "application/octet-stream", &large),
    ];
    for (id, media_type, body) in messages {
        let media_type = if media_type.is_empty() { String::new() } else { format!("Content-Type: {media_type}\r\n") };
        let headers = format!("Authorization: Bearer {token}\r\nX-Request-Id: {id}\r\n{media_type}");
        let answer = service.post_with("/inbox/verity", &headers, body);
        assert_eq!((answer.code(), answer.text()), (202, "{\"status\":\"accepted\"}\n"));
        assert_eq!(answer.header("Cache-Control"), Some("no-store"));
    }
    let found = files(&folder, "inbox");
    assert_eq!(found.len(), 5);
    for ((id, _, body), ending) in messages.into_iter().zip(["json", "xml", "bin", "bin", "bin"]) {
        let (name, content) = found.iter().find(|(name, _)| name.ends_with(&format!("Z-{id}.{ending}"))).unwrap();
        let time = name.split('-').next().unwrap();
        let is_digit = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        assert!(time.len() == 20 && is_digit(&time[..8]) && &time[8..9] == "T" && is_digit(&time[9..15]), "{name}");
        assert!(&time[15..16] == "." && is_digit(&time[16..19]) && &time[19..] == "Z", "{name}");
        assert_eq!(content, body, "{name}");
        assert_eq!(mode(&folder.path().join("inbox").join(name)), 0o600);
    }
    let line = service.logged("\"request_id\":\"a-1\"");
    assert_eq!(
        (field(&line, "route").unwrap(), field(&line, "name").unwrap()),
        ("/inbox/{name}".into(), "verity".into())
    );
    assert!(!service.log().concat().contains(&token));
    assert!(files(&folder, "second").is_empty());
}

#[cfg(unix)]
fn mode(file: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    fs::metadata(file).unwrap().permissions().mode() & 0o777
}

#[cfg(not(unix))]
fn mode(_: &Path) -> u32 {
    0o600
}

// contract 13.4c: the same is not written twice; another body with the same key is refused.
#[test]
fn a_message_that_is_sent_again() {
    let folder = folder();
    let service = start(&folder);
    let (verity, workflow) = (token(&service, "verity"), token(&service, "workflow"));
    let post = |path: &str, token: &str, key: &str, body: &[u8]| {
        let headers = format!("Authorization: Bearer {token}\r\nIdempotency-Key: {key}\r\n");
        service.post_with(path, &headers, body).code()
    };
    assert_eq!(post("/inbox/verity", &verity, "k", b"one"), 202);
    assert_eq!(post("/inbox/verity", &verity, "k", b"one"), 202);
    assert_eq!(post("/inbox/verity", &verity, "k", b"two"), 422);
    assert_eq!(files(&folder, "inbox").len(), 1);
    // The key of another client, of another inbox, and another key.
    assert_eq!(post("/inbox/verity", &workflow, "k", b"two"), 202);
    assert_eq!(post("/inbox/second", &verity, "k", b"two"), 202);
    assert_eq!(post("/inbox/verity", &verity, &"!~".repeat(127), b"one"), 202);
    assert_eq!((files(&folder, "inbox").len(), files(&folder, "second").len()), (3, 1));
    // Without a key nobody can tell.
    for _ in 0..2 {
        let headers = format!("Authorization: Bearer {verity}\r\n");
        assert_eq!(service.post_with("/inbox/second", &headers, b"two").code(), 202);
    }
    assert_eq!(files(&folder, "second").len(), 3);
    drop(service);
    let service = start(&folder);
    let headers = format!("Authorization: Bearer {verity}\r\nIdempotency-Key: k\r\n");
    assert_eq!(service.post_with("/inbox/verity", &headers, b"one").code(), 202);
    assert_eq!(files(&folder, "inbox").len(), 3);
}

// contract 13.4c: of many at once one is written, and all of them are told of it.
#[test]
fn the_same_message_many_times_at_once() {
    let folder = folder();
    let service = start(&folder);
    let headers = format!("Authorization: Bearer {}\r\nIdempotency-Key: k\r\n", token(&service, "verity"));
    let barrier = Barrier::new(32);
    let codes: Vec<u16> = thread::scope(|scope| {
        let threads: Vec<_> = (0..32)
            .map(|_| {
                scope.spawn(|| {
                    barrier.wait();
                    service.post_with("/inbox/verity", &headers, b"one").code()
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(codes, [202; 32]);
    assert_eq!(files(&folder, "inbox").len(), 1);
}

// contract 13.4d: what is wrong with a message; nothing is written.
#[test]
fn messages_that_are_refused() {
    let folder = folder();
    let service = start(&folder);
    let right = format!("Authorization: Bearer {}\r\n", token(&service, "verity"));
    let other = format!("Authorization: Bearer {}\r\n", token(&service, "other"));
    let refused = |headers: &str, body: &[u8]| {
        let answer = service.post_with("/inbox/verity", headers, body);
        assert_eq!(answer.header("Content-Type"), Some("application/json"));
        let authenticate = answer.header("Www-Authenticate").unwrap_or("-");
        format!("{} {authenticate} {}", answer.code(), answer.text())
    };
    let with_key = |key: &str| refused(&format!("{right}Idempotency-Key: {key}\r\n"), b"x");
    let large = vec![b'x'; 1024 * 1024 + 1];
    let said = [
        ("no token", refused("", b"x")),
        ("no token, too large", refused("", &large)),
        ("a wrong token", refused("Authorization: Bearer x\r\n", b"x")),
        ("the token of another client", refused(&other, b"x")),
        ("empty", refused(&right, b"")),
        ("too large", refused(&right, &large)),
        ("encoded", refused(&format!("{right}Content-Encoding: gzip\r\n"), b"x")),
        ("an empty key", with_key("")),
        ("a long key", with_key(&"k".repeat(256))),
        ("a key with a blank", with_key("a b")),
        ("a key that is not ASCII", with_key("\u{e4}")),
        ("two keys", refused(&format!("{right}Idempotency-Key: a\r\nIdempotency-Key: a\r\n"), b"x")),
    ]
    .map(|(what, said)| format!("{what}: {said}\n"));
    assert_snapshot!(said.concat(), @r#"
    no token: 401 Bearer {"error":"no token: expected one in Authorization: Bearer"}
    no token, too large: 401 Bearer {"error":"no token: expected one in Authorization: Bearer"}
    a wrong token: 401 Bearer error="invalid_token" {"error":"wrong token: it is not valid"}
    the token of another client: 403 Bearer error="insufficient_scope" {"error":"wrong client: the client of the token may not use this path"}
    empty: 400 - {"error":"wrong body: expected at least one byte"}
    too large: 413 - {"error":"too large: expected a body of at most 1048576 bytes"}
    encoded: 415 - {"error":"wrong encoding: expected no Content-Encoding but identity"}
    an empty key: 400 - {"error":"wrong Idempotency-Key: expected one of 1 to 255 visible ASCII characters"}
    a long key: 400 - {"error":"wrong Idempotency-Key: expected one of 1 to 255 visible ASCII characters"}
    a key with a blank: 400 - {"error":"wrong Idempotency-Key: expected one of 1 to 255 visible ASCII characters"}
    a key that is not ASCII: 400 - {"error":"wrong Idempotency-Key: expected one of 1 to 255 visible ASCII characters"}
    two keys: 400 - {"error":"wrong Idempotency-Key: expected one of 1 to 255 visible ASCII characters"}
    "#);
    assert_eq!(service.get("/inbox/verity").header("Allow"), Some("POST"));
    assert_eq!(service.post("/inbox/other", "x").code(), 404);
    assert!(files(&folder, "inbox").is_empty());
}

// contract 13.4c, 13.4d: whoever hears of a failure may send the same again.
#[cfg(target_os = "linux")]
#[test]
fn a_disk_that_is_full_and_a_folder_that_is_gone() {
    use rustix::process::{Pid, Resource, Rlimit, prlimit};
    let folder = folder();
    let service = start(&folder);
    let headers = format!("Authorization: Bearer {}\r\nIdempotency-Key: k\r\n", token(&service, "verity"));
    let post = || service.post_with("/inbox/verity", &headers, vec![b'x'; 1024 * 1024]);
    // The state is smaller than the message.
    let pid = Pid::from_raw(service.id().cast_signed());
    let limit = |current| prlimit(pid, Resource::Fsize, Rlimit { current, maximum: None }).unwrap();
    limit(Some(1_000_000));
    let full = post();
    assert_eq!(full.code(), 507);
    assert_eq!(full.text(), "{\"error\":\"cannot write: no space left on the disk of the inbox\"}");
    assert!(files(&folder, "inbox").is_empty());
    limit(None);
    let (here, gone) = (folder.path().join("inbox"), folder.path().join("gone"));
    fs::rename(&here, &gone).unwrap();
    let failed = post();
    assert_eq!((failed.code(), failed.text()), (500, "{\"error\":\"cannot write: see the log of the service\"}"));
    let line = service.logged("no such file or directory");
    assert_eq!(field(&line, "message").unwrap(), "message not taken");
    fs::rename(&gone, &here).unwrap();
    assert_eq!(post().code(), 202);
    assert_eq!(post().code(), 202);
    let found = files(&folder, "inbox");
    assert!(found.len() == 1 && found[0].1.len() == 1024 * 1024);
}

// contract 13.4c: a state that is away between the file and its answer keeps the key when it is back.
#[test]
fn a_state_that_is_away_behind_a_file() {
    let folder = folder();
    let service = start(&folder);
    let headers = format!("Authorization: Bearer {}\r\nIdempotency-Key: k\r\n", token(&service, "verity"));
    let post = || service.post_with("/inbox/verity", &headers, b"one").code();
    let state = rusqlite::Connection::open(folder.path().join("state.db")).unwrap();
    // The key is reserved and the file written; only that it was answered cannot be kept.
    state
        .execute_batch(
            "CREATE TRIGGER away BEFORE UPDATE OF answer ON idempotency BEGIN SELECT RAISE(ABORT, 'away'); END",
        )
        .unwrap();
    assert_eq!(post(), 202);
    service.logged("state not available");
    state.execute_batch("DROP TRIGGER away").unwrap();
    assert_eq!(post(), 202);
    assert_eq!(files(&folder, "inbox").len(), 1);
}

// contract 13.4c: it is written also where its caller has gone, and not once more when it comes again.
#[test]
fn a_caller_that_hangs_up() {
    let folder = folder();
    let service = start(&folder);
    let headers = format!("Authorization: Bearer {}\r\nIdempotency-Key: k\r\n", token(&service, "verity"));
    for _ in 0..20 {
        let mut caller = service.connect();
        caller.send(format!("POST /inbox/verity HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n{headers}\r\none"));
        drop(caller);
    }
    wait_for("the file", || (!files(&folder, "inbox").is_empty()).then_some(()));
    assert_eq!(service.post_with("/inbox/verity", &headers, b"one").code(), 202);
    let names: BTreeSet<String> = files(&folder, "inbox").into_iter().map(|(name, _)| name).collect();
    assert_eq!(names.len(), 1, "{names:?}");
}
