//! `push` through the program, against servers that behave and servers that do not (contract 10.9, 12.2, 12.3, 13.1, 13.5).
#![cfg(feature = "serve")]

mod deliveries;
#[cfg(unix)]
mod pages;

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::common::recorder::{Action, Recorder};
use crate::common::{Folder, RFC_SECRET, Ran, secret_document, totp_adapter};
use insta::assert_snapshot;
use rcgen::{CertifiedKey, generate_simple_self_signed};

const DELIVERED: &str = "<Ok description=\"The password was delivered.\"/>\n";
const DOCUMENT_DELIVERED: &str = "<Ok description=\"The document was delivered.\"/>\n";
const STORED: &str = "{\"totp_code_id\":\"otp_1\",\"code\":\"123456\"}";
const KEY: &str = "key-of-the-api";
const SECRETS: [&str; 6] = [KEY, "word-of-the-client", "token-of-the-server", "+15551234567", "081804", "127.0.0.1"];

/// A folder with the key to Skyvern.
fn folder() -> Folder {
    let folder = Folder::new();
    folder.write("skyvern.key", format!("{KEY}\n"));
    folder
}

fn push(folder: &Folder, arguments: &[&str], stdin: impl AsRef<[u8]>) -> Ran {
    let ran = totp_adapter(["push"].iter().chain(arguments)).folder(folder.path()).stdin(stdin).run();
    for secret in SECRETS {
        assert!(!ran.stderr().contains(secret) && !ran.stdout().contains(secret), "{ran}");
    }
    ran
}

/// With the arguments that Skyvern always needs.
fn skyvern(folder: &Folder, url: &str, more: &str, stdin: impl AsRef<[u8]>) -> Ran {
    let given = ["skyvern", "--url", url, "--api-key-file", "skyvern.key"];
    let arguments: Vec<&str> = given.into_iter().chain(more.split_whitespace()).collect();
    push(folder, &arguments, stdin)
}

fn content(folder: &Folder, server: &Recorder, more: &str, text: impl AsRef<[u8]>) -> Ran {
    skyvern(folder, &server.url(""), &format!("--identifier +15551234567 --content {more}"), text)
}

fn mail(folder: &Folder, server: &Recorder, more: &str, message: impl AsRef<[u8]>) -> Ran {
    skyvern(folder, &server.url(""), &format!("--mail --exit-code mda {more}"), message)
}

/// The one line on standard error.
fn cause(ran: &Ran) -> String {
    let stderr = ran.stderr();
    let line = stderr.strip_prefix("totp-adapter: status -1: ").unwrap_or_else(|| panic!("{ran}"));
    assert_eq!(line.lines().count(), 1, "{ran}");
    let cause = line.trim_end().to_owned();
    assert_eq!(ran.stdout(), format!("<Error description=\"{cause}\"/>\n"));
    cause
}

fn skyvern_server() -> Recorder {
    Recorder::start(|_, _| Action::answer(200, STORED))
}

// contract 12.2a, 12.2b, 12.2e
#[test]
fn a_password_is_sent() {
    let (folder, server) = (folder(), skyvern_server());
    let more = "--identifier me@example.org --period 4000000000 --task-id t --workflow-id w --workflow-run-id r";
    let ran = skyvern(&folder, &server.url("/"), more, secret_document());
    assert_eq!((ran.stdout().as_str(), ran.stderr().as_str(), ran.code()), (DELIVERED, "", 0));
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs().to_string();
    let computed = totp_adapter(["--operation", "GeneratePassword", "--period", "4000000000", "--now", &now]);
    let password = computed.stdin(secret_document()).run().stdout().split(['<', '>']).nth(2).unwrap().to_owned();
    let requests = server.requests("/v1/credentials/totp");
    let [request] = &requests[..] else { panic!("{requests:?}") };
    let expected = format!(
        "{{\"totp_identifier\":\"me@example.org\",\"task_id\":\"t\",\"workflow_id\":\"w\",\"workflow_run_id\":\"r\",\"source\":\"app\",\"content\":\"{password}\"}}"
    );
    assert_eq!(request.text(), expected);
    assert_eq!(request.header("x-api-key"), Some(KEY));
    assert_eq!(request.header("content-type"), Some("application/json"));
    assert!(!request.text().contains(RFC_SECRET));
}

// contract 12.2b
#[test]
fn the_address_may_be_whole() {
    let (folder, server) = (folder(), skyvern_server());
    for path in ["/v1/credentials/totp", "/api/v1/totp", "/behind/"] {
        let ran = skyvern(&folder, &server.url(path), "--identifier me --content --source sms", "123456");
        assert_eq!(ran.stdout(), DELIVERED, "{ran}");
    }
    assert_eq!(server.paths(), ["/v1/credentials/totp", "/api/v1/totp", "/behind/v1/credentials/totp"]);
    let last = server.requests("/behind/v1/credentials/totp").pop().unwrap();
    assert_eq!(last.text(), "{\"totp_identifier\":\"me\",\"source\":\"sms\",\"content\":\"123456\"}");
}

// contract 12.2c
#[test]
fn a_password_that_ends_soon_gives_way_to_the_next() {
    let (folder, server) = (folder(), skyvern_server());
    let began = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let ran = skyvern(&folder, &server.url(""), "--identifier me --period 4 --minimum-rest 3", secret_document());
    assert_eq!(ran.stdout(), DELIVERED, "{ran}");
    let sent = server.requests("/v1/credentials/totp").pop().unwrap();
    let ended = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let mut candidates = (began..=ended).filter(|second| second % 4 == 0).map(|second| {
        let arguments = ["--operation", "GeneratePassword", "--period", "4", "--now", &second.to_string()];
        totp_adapter(arguments).stdin(secret_document()).run().stdout().split(['<', '>']).nth(2).unwrap().to_owned()
    });
    assert!(candidates.any(|password| sent.text().contains(&password)), "{}", sent.text());
    let wrong = skyvern(&folder, &server.url(""), "--identifier me --minimum-rest 30", secret_document());
    let expected =
        "wrong parameter: expected a whole number of seconds from 0 to less than --period for --minimum-rest";
    assert_eq!(cause(&wrong), expected);
}

// contract 12.2d
#[test]
fn contents_as_they_come() {
    let (folder, server) = (folder(), skyvern_server());
    for (input, sent) in [("123456\r\n", "123456\\r\\n"), ("\u{feff}ü \"1\"", "ü \\\"1\\\"")] {
        assert_eq!(content(&folder, &server, "", input).stdout(), DELIVERED);
        let request = server.requests("/v1/credentials/totp").pop().unwrap();
        assert_eq!(request.text(), format!("{{\"totp_identifier\":\"+15551234567\",\"content\":\"{sent}\"}}"));
    }
    let before = server.paths().len();
    for (input, expected) in [
        (Vec::new(), "a text, found nothing"),
        (b" \r\n".to_vec(), "a text, found nothing"),
        (b"\xef\xbb\xbf".to_vec(), "a text, found nothing"),
        (b"\xff\xfe0\08\0".to_vec(), "a text in UTF-8"),
        (vec![b'x'; 64 * 1024 + 1], "a text of at most 64 KiB"),
    ] {
        assert_eq!(cause(&content(&folder, &server, "", input)), format!("wrong input: expected {expected}"));
    }
    assert!(cause(&skyvern(&folder, &server.url(""), "--identifier me", "garbage")).starts_with("not well-formed: "));
    assert!(
        cause(&skyvern(&folder, &server.url(""), "--identifier me", "<Secret>1</Secret>"))
            .starts_with("unusable secret: ")
    );
    assert_eq!(server.paths().len(), before, "what cannot be used is not sent");
    assert_eq!(content(&folder, &server, "", vec![b'x'; 64 * 1024]).stdout(), DELIVERED);
}

// contract 12.2f
#[test]
fn what_may_pass_is_tried_again() {
    let folder = folder();
    for status in [429, 502, 503, 504] {
        let server = Recorder::start(move |_, number| match number {
            1 => Action::answer(status, ""),
            2 => Action::Answer(status, "Retry-After: 2\r\n", Vec::new()),
            _ => Action::answer(200, STORED),
        });
        let begin = Instant::now();
        let ran = content(&folder, &server, "", "123456");
        assert_eq!(ran.stdout(), DELIVERED, "{ran}");
        assert_eq!(server.paths().len(), 3);
        assert!(begin.elapsed() >= Duration::from_secs(3), "{:?}", begin.elapsed());
    }
}

// contract 12.2f
#[test]
fn the_server_may_name_a_time() {
    let folder = folder();
    let server = Recorder::start(|_, number| {
        let then = SystemTime::now() + Duration::from_secs(4);
        let fields = format!("Retry-After: {}\r\n", httpdate::fmt_http_date(then));
        match number {
            1 => Action::Answer(503, fields.leak(), Vec::new()),
            _ => Action::answer(200, STORED),
        }
    });
    let begin = Instant::now();
    assert_eq!(content(&folder, &server, "", "123456").stdout(), DELIVERED);
    assert!(begin.elapsed() >= Duration::from_secs(2), "{:?}", begin.elapsed());
    let server =
        Recorder::start(|_, _| Action::Answer(503, "Retry-After: Fri, 31 Dec 2100 23:59:59 GMT\r\n", Vec::new()));
    assert!(cause(&content(&folder, &server, "", "123456")).ends_with("found 503"));
    assert_eq!(server.paths().len(), 1);
}

// contract 12.2f
#[test]
fn what_will_not_pass_in_time_is_given_up() {
    let folder = folder();
    let server = Recorder::start(|_, _| Action::Answer(503, "Retry-After: 3600\r\n", Vec::new()));
    let begin = Instant::now();
    let ran = content(&folder, &server, "", "123456");
    assert_eq!(
        cause(&ran),
        "not delivered: expected a Skyvern server that is available, with what it depends on, found 503"
    );
    assert_eq!(server.paths().len(), 1);
    assert!(begin.elapsed() < Duration::from_secs(50));
    let ran = skyvern(&folder, "http://127.0.0.1:1", "--identifier me --content --give-up 2", "123456");
    assert_eq!(cause(&ran), "not delivered: cannot connect: connection refused");
    let server = Recorder::start(|_, _| Action::Silence);
    let ran = content(&folder, &server, "--give-up 1", "123456");
    assert_eq!(cause(&ran), "not delivered: no answer within 1 s");
    // A connection that broke may have delivered: once is enough.
    for action in [Action::Close, Action::Garbage] {
        let server = Recorder::start(move |_, _| action.clone());
        let ran = content(&folder, &server, "", "123456");
        assert_eq!(cause(&ran), "not delivered: the connection broke, or the answer was not HTTP");
        assert_eq!(server.paths().len(), 1);
    }
}

// contract 12.2g, 12.3g, 12.3h
#[test]
fn what_skyvern_refuses() {
    let folder = folder();
    for (status, body, code, expected) in [
        (
            400,
            "{\"detail\":\"Invalid task id: 081804\"}",
            65,
            "a task, workflow and run that Skyvern knows, and content that it can read, found 400",
        ),
        (401, "", 77, "an API key that Skyvern accepts, found 401"),
        (402, "", 65, "credits that Skyvern reads the content for, found 402"),
        (403, "{\"detail\":\"Invalid credentials\"}", 77, "an API key that Skyvern accepts, found 403"),
        (404, "", 65, "the address of a Skyvern server, found 404"),
        (422, "", 65, "a message that Skyvern takes, found 422"),
        (500, "", 75, "a Skyvern server that is available, with what it depends on, found 500"),
        (201, STORED, 65, "200 from Skyvern, found 201"),
        (200, "<html>", 65, "the answer of a Skyvern server, found another one with status 200"),
    ] {
        let server = Recorder::start(move |_, _| Action::answer(status, body));
        let ran = content(&folder, &server, "--exit-code mda", "123456");
        assert_eq!((cause(&ran), ran.code()), (format!("not delivered: expected {expected}"), code));
        assert_eq!(server.paths().len(), 1);
    }
}

// contract 12.2h
#[test]
fn a_message_without_a_code_is_told() {
    let (folder, server) =
        (folder(), Recorder::start(|_, _| Action::answer(200, "{\"totp_code_id\":\"o\",\"code\":\"\"}")));
    let ran = content(&folder, &server, "", "hello, dear customer");
    assert_snapshot!(format!("{}{}exit {}", ran.stdout(), ran.stderr(), ran.code()), @r#"
    <Ok description="The password was delivered."/>
    totp-adapter: status 1: Skyvern has stored the message, and found no code in it
    exit 0
    "#);
}

// contract 10.9a, 10.9b
#[test]
fn redirects_are_not_followed_and_answers_end() {
    let folder = folder();
    let other = skyvern_server();
    let target: &'static str =
        Box::leak(format!("Location: {}\r\n", other.url("/v1/credentials/totp")).into_boxed_str());
    let server = Recorder::start(move |_, _| Action::Answer(307, target, Vec::new()));
    let ran = content(&folder, &server, "", "123456");
    assert_eq!(cause(&ran), "not delivered: expected 200 from Skyvern, found 307 (redirects are not followed)");
    let ran = push(&folder, &["webhook", "--url", &server.url("/hook")], "{}");
    let expected = "not delivered: expected 200 or 202 from the webhook, found 307 (redirects are not followed)";
    assert_eq!(cause(&ran), expected);
    assert!(other.paths().is_empty());
    let server = Recorder::start(|_, _| Action::Endless);
    let ran = content(&folder, &server, "", "123456");
    assert_eq!(cause(&ran), "not delivered: the answer is longer than 64 KiB");
}

// contract 10.9c, 10.9d
#[test]
fn addresses_that_are_not_safe() {
    let folder = folder();
    let secure = "an address with https:// (http:// reaches this machine only, unless it is allowed to be insecure)";
    for (url, expected) in [
        ("http://gateway.example", secure),
        ("ftp://gateway.example", "an address such as https://host.example/path"),
        ("https://me:word@gateway.example", "an address without user and password"),
        ("https://gateway.example?key=word", "an address without a query"),
    ] {
        let ran = skyvern(&folder, url, "--identifier me --content", "123456");
        assert_eq!(cause(&ran), format!("wrong parameter: expected {expected} for --url"));
    }
    let ran =
        skyvern(&folder, "http://gateway.invalid", "--identifier me --content --give-up 1 --insecure-http", "123456");
    assert_eq!(cause(&ran), "not delivered: cannot connect: unknown host");
    let ran = skyvern(&folder, "https://gateway.example", "--identifier me --content --proxy socks5://a", "123456");
    assert!(cause(&ran).ends_with("expected an address such as https://host.example/path for --proxy; see --help"));
}

// contract 10.9e
#[test]
fn proxies_are_those_of_the_command_line() {
    let folder = folder();
    let (server, proxy) = (skyvern_server(), Recorder::start(|_, _| Action::answer(200, STORED)));
    let mut command = totp_adapter([
        "push",
        "skyvern",
        "--url",
        &server.url(""),
        "--api-key-file",
        "skyvern.key",
        "--identifier",
        "me",
        "--content",
    ])
    .folder(folder.path())
    .command();
    for name in ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"] {
        command.env(name, proxy.url(""));
    }
    folder.write("text", "123456");
    let text = std::fs::File::open(folder.path().join("text")).unwrap();
    assert!(command.stdin(text).output().unwrap().status.success());
    // What is on this machine is not asked for elsewhere.
    let more = format!("--identifier me --content --insecure-http --give-up 1 --proxy {}", proxy.url(""));
    assert_eq!(skyvern(&folder, &server.url(""), &more, "123456").stdout(), DELIVERED);
    assert!(proxy.paths().is_empty());
    assert_eq!(server.paths().len(), 2);
    assert_eq!(skyvern(&folder, "http://gateway.invalid", &more, "123456").stdout(), DELIVERED);
    assert_eq!(proxy.paths(), ["http://gateway.invalid/v1/credentials/totp"]);
    // Through TLS a proxy is asked for a way, and nothing else.
    let proxy = Recorder::start(|_, _| Action::answer(407, ""));
    let more = format!("--identifier me --content --give-up 1 --proxy {}", proxy.url(""));
    let ran = skyvern(&folder, "https://gateway.invalid", &more, "123456");
    assert_eq!(cause(&ran), "not delivered: cannot connect: the proxy does not lead to the host");
    assert_eq!(proxy.paths()[0], "gateway.invalid:443");
}

/// A server that speaks TLS with this certificate and takes every message.
fn tls_server(certified: &CertifiedKey<rcgen::KeyPair>) -> std::net::SocketAddr {
    use rustls::pki_types::PrivatePkcs8KeyDer;
    use std::io::{Read, Write};
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    let key = PrivatePkcs8KeyDer::from(certified.signing_key.serialize_der());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certified.cert.der().clone()], key.into())
        .unwrap();
    let config = std::sync::Arc::new(config);
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let connection = rustls::ServerConnection::new(config.clone()).unwrap();
            let mut stream = rustls::StreamOwned::new(connection, stream.unwrap());
            if stream.read(&mut [0; 8192]).is_ok() {
                let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", STORED.len());
                let _ = stream.write_all(format!("{head}{STORED}").as_bytes());
                let _ = stream.flush();
            }
        }
    });
    address
}

// contract 10.9f
#[test]
fn certificates_are_verified() {
    let folder = folder();
    // By their numbers: a small system does not even know the name localhost.
    let certified = |name: &str| generate_simple_self_signed([name.to_owned()]).unwrap();
    let (here, elsewhere) = (certified("127.0.0.1"), certified("gateway.example"));
    let (port, other_port) = (tls_server(&here).port(), tls_server(&elsewhere).port());
    folder.write("ca.pem", here.cert.pem());
    folder.write("elsewhere.pem", elsewhere.cert.pem());
    folder.write("other.pem", certified("127.0.0.1").cert.pem());
    folder.write("empty.pem", "nothing");
    let ask = |port: u16, more: &str| {
        skyvern(
            &folder,
            &format!("https://127.0.0.1:{port}"),
            &format!("--identifier me --content --give-up 1 {more}"),
            "123456",
        )
    };
    assert_eq!(ask(port, "--ca-file ca.pem").stdout(), DELIVERED);
    let unknown = "not delivered: cannot connect: no trusted authority issued the certificate";
    assert_eq!(cause(&ask(port, "")), unknown);
    assert_eq!(cause(&ask(port, "--insecure-http")), unknown);
    let ran = ask(port, "--ca-file other.pem");
    assert!(cause(&ran).starts_with("not delivered: cannot connect: "), "{ran}");
    assert!(cause(&ran).contains("the certificate"), "{ran}");
    let ran = ask(other_port, "--ca-file elsewhere.pem");
    assert_eq!(cause(&ran), "not delivered: cannot connect: the certificate is for another host");
    let ran = ask(port, "--ca-file empty.pem");
    assert_eq!(cause(&ran), "cannot use the CA file: expected certificates in PEM (-----BEGIN CERTIFICATE-----)");
    assert_eq!(cause(&ask(port, "--ca-file missing")), "cannot use the CA file: no such file or directory");
}

// contract 12.2i
#[test]
fn keys_that_cannot_be_used() {
    let (folder, server) = (folder(), skyvern_server());
    for (key, reason) in [
        ("", "it is empty"),
        ("\n", "expected a secret before the line end"),
        ("a b", "expected a key of visible ASCII characters"),
        ("a\nb", "expected one line without control characters or a byte order mark"),
        ("ä", "expected a key of visible ASCII characters"),
    ] {
        folder.write("skyvern.key", key);
        let ran = content(&folder, &server, "", "123456");
        assert_eq!(cause(&ran), format!("cannot use the file of --api-key-file: {reason}"));
    }
    std::fs::remove_file(folder.path().join("skyvern.key")).unwrap();
    let ran = content(&folder, &server, "--exit-code mda", "123456");
    assert_eq!(
        (cause(&ran).as_str(), ran.code()),
        ("cannot use the file of --api-key-file: no such file or directory", 75)
    );
    assert!(server.paths().is_empty());
}

// contract 12.3a, 12.3b, 12.3c
#[test]
fn a_mail_is_sent() {
    let (folder, server) = (folder(), skyvern_server());
    let message = "Delivered-To: a@example.org\nTo: b@example.org\nSubject: Code\n\nYour code is 999999\n";
    assert_eq!(mail(&folder, &server, "", message).stdout(), DELIVERED);
    assert_eq!(mail(&folder, &server, "--identifier c --task-id t", message).stdout(), DELIVERED);
    let sent = server.requests("/v1/credentials/totp");
    assert_eq!(
        sent.iter().map(crate::common::recorder::Request::text).collect::<Vec<_>>(),
        [
            "{\"totp_identifier\":\"a@example.org\",\"source\":\"email\",\"content\":\"Your code is 999999\"}",
            "{\"totp_identifier\":\"c\",\"task_id\":\"t\",\"source\":\"email\",\"content\":\"Your code is 999999\"}",
        ]
    );
}

// contract 12.3e, 12.3f, 12.3g
#[test]
fn mails_that_cannot_be_used() {
    let (folder, server) = (folder(), skyvern_server());
    for (message, expected) in [
        ("", "expected a mail message with header fields (RFC 5322)"),
        ("hello", "expected a mail message with header fields (RFC 5322)"),
        ("To: a@example.org\n\n \n", "the mail has no text"),
        (
            "Subject: a\n\nhello",
            "the mail has no address in Delivered-To, X-Original-To or To, and --identifier is missing",
        ),
    ] {
        let ran = mail(&folder, &server, "", message);
        assert_eq!((cause(&ran), ran.code()), (format!("wrong input: {expected}"), 65));
    }
    let too_large = [b"To: a@example.org\n\n".to_vec(), vec![b'x'; 25 * 1024 * 1024]].concat();
    assert_eq!(cause(&mail(&folder, &server, "", too_large)), "wrong input: expected a mail of at most 25 MiB");
    assert!(server.paths().is_empty());
    let attachment = "MDgxODA0\n".repeat(20_000_000 / 9);
    let large = format!(
        "To: a@example.org\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nYour code is 999999\n--b\nContent-Type: application/pdf\nContent-Transfer-Encoding: base64\n\n{attachment}--b--\n"
    );
    assert_eq!(mail(&folder, &server, "", large).stdout(), DELIVERED);
    assert!(server.requests("/v1/credentials/totp")[0].text().ends_with("\"content\":\"Your code is 999999\"}"));
}

// contract 12.3g
#[test]
fn exit_codes_of_mail_systems() {
    let (folder, server) = (folder(), skyvern_server());
    let message = "To: a@example.org\n\nhello";
    assert_eq!(mail(&folder, &server, "", message).code(), 0);
    assert_eq!(mail(&folder, &server, "--unknown", message).code(), 64);
    assert_eq!(skyvern(&folder, "http://gateway.example", "--mail --exit-code mda", message).code(), 64);
    assert_eq!(skyvern(&folder, "http://127.0.0.1:1", "--mail --exit-code mda --give-up 1", message).code(), 75);
    // Elsewhere this scheme does not exist.
    let ran = totp_adapter(["--operation", "GenerateSecret", "--exit-code", "mda"]).run();
    assert_eq!(ran.code(), 2, "{ran}");
}

// contract 12.2e, 13.5a
#[test]
fn outputs_and_status_files_are_those_of_the_filter() {
    let (folder, server) = (folder(), skyvern_server());
    let ran = content(&folder, &server, "--output answer.xml --status-file status", "123456");
    assert_eq!(
        (ran.stdout().as_str(), folder.read("answer.xml").as_str(), folder.read("status").as_str()),
        ("", DELIVERED, "1\n")
    );
    let ran = content(&folder, &server, "--output answer.xml --status-file status --source", "123456");
    assert_eq!((ran.code(), folder.read("status").as_str()), (2, "-1\n"));
    let before = server.paths().len();
    // An answer that would replace a secret, or the key, has no place: nothing is sent.
    for more in ["--output secret.xml", "--output skyvern.key", "--status-file skyvern.key"] {
        let ran = content(&folder, &server, more, "123456");
        assert_eq!(ran.code(), 2, "{ran}");
    }
    assert_eq!(folder.read("skyvern.key"), format!("{KEY}\n"));
    assert_eq!(server.paths().len(), before);
}

// contract 12.2d, 13.5b
#[test]
fn wrong_command_lines() {
    let folder = folder();
    for (arguments, expected) in [
        ("", "push needs webhook or skyvern"),
        ("webhook", "no address of the webhook; name it with --url, or in the file of --authentication"),
        ("skyvern --api-key-file a --identifier b", "--url is missing: the address of the server"),
        ("skyvern --url a --identifier b", "--api-key-file is missing: the file with the API key"),
        ("skyvern --url a --api-key-file b", "--identifier is missing: whose code it is"),
        ("skyvern --url a --api-key-file b --identifier c --give-up 1", "--give-up needs --content or --mail"),
        ("skyvern --url a --api-key-file b --content --mail", "--content cannot be used with --mail"),
        (
            "skyvern --url a --api-key-file b --identifier c --content --period 60",
            "--period cannot be used with --content",
        ),
        ("webhook --url a --content-type json", "expected a media type such as application/json for --content-type"),
    ] {
        let arguments: Vec<&str> = arguments.split_whitespace().collect();
        let ran = push(&folder, &arguments, "");
        assert_eq!(cause(&ran), format!("wrong command line: {expected}; see --help"));
    }
}

/// What authenticates a webhook of a server by tokens of the same server.
fn authentication(server: &Recorder) -> String {
    format!(
        r#"{{"@type":"did:sov:123456789abcdefghi1234;spec/configs/0.6/UPDATE_COM_METHOD","@id":"1","comMethod":{{"id":"webhook","type":2,"value":"{}","packaging":{{"pkgType":"plain"}},"authentication":{{"type":"OAuth2","version":"v1","data":{{"url":"{}","grant_type":"client_credentials","client_id":"me","client_secret":"word-of-the-client"}}}}}}}}"#,
        server.url("/hook"),
        server.url("/token")
    )
}

/// Delivers to a server with tokens.
fn webhook(folder: &Folder, server: &Recorder, document: impl AsRef<[u8]>) -> Ran {
    folder.write("authentication.json", authentication(server));
    push(folder, &["webhook", "--authentication", "authentication.json"], document)
}

const TOKEN: &str = "{\"access_token\":\"token-of-the-server\",\"expires_in\":3600}";

/// A server whose webhook and token server act so.
fn server(
    token: impl Fn(usize) -> Action + Send + Sync + 'static,
    hook: impl Fn(usize) -> Action + Send + Sync + 'static,
) -> Recorder {
    Recorder::start(move |request, number| if request.path() == "/token" { token(number) } else { hook(number) })
}

// contract 13.1a, 13.1b, 13.1h, 13.5a, 13.5b, 13.5c
#[test]
fn a_document_is_delivered_as_it_is() {
    let folder = folder();
    for status in [200, 202] {
        let server = server(|_| Action::answer(200, TOKEN), move |_| Action::answer(status, ""));
        let ran = webhook(&folder, &server, b"\xef\xbb\xbf<a>\0\xff</a>\r\n");
        assert_eq!((ran.stdout().as_str(), ran.stderr().as_str(), ran.code()), (DOCUMENT_DELIVERED, "", 0));
        let (token, hook) = (server.requests("/token"), server.requests("/hook"));
        let form = "grant_type=client_credentials&client_id=me&client_secret=word-of-the-client";
        assert_eq!(token[0].text(), form);
        assert_eq!(token[0].header("content-type"), Some("application/x-www-form-urlencoded"));
        assert_eq!(token[0].header("authorization"), None);
        assert_eq!(hook[0].body, b"\xef\xbb\xbf<a>\0\xff</a>\r\n");
        assert_eq!(hook[0].header("authorization"), Some("Bearer token-of-the-server"));
        assert_eq!(hook[0].header("content-type"), Some("application/json"));
        assert_eq!((token.len(), hook.len()), (1, 1));
    }
    let server = Recorder::start(|_, _| Action::answer(200, ""));
    let ran = push(&folder, &["webhook", "--url", &server.url("/hook"), "--content-type", "text/xml"], "<a/>");
    assert_eq!(ran.stdout(), DOCUMENT_DELIVERED);
    let hook = &server.requests("/hook")[0];
    assert_eq!((hook.header("authorization"), hook.header("content-type")), (None, Some("text/xml")));
    let ran = push(&folder, &["webhook", "--url", &server.url("/hook")], "");
    assert_eq!(cause(&ran), "wrong input: expected a document, found nothing");
}

// contract 13.1c, 13.1d
#[test]
fn token_servers_that_behave_badly() {
    let folder = folder();
    let html = "expected a JSON object from the token server";
    for (action, expected) in [
        (Action::answer(201, TOKEN), "expected 200 from the token server, found 201"),
        (Action::answer(204, ""), "expected 200 from the token server, found 204"),
        (Action::answer(302, ""), "expected 200 from the token server, found 302 (redirects are not followed)"),
        (
            Action::answer(401, "{\"error\":\"invalid_client\"}"),
            "expected 200 from the token server, found 401 (invalid_client)",
        ),
        (Action::answer(500, "081804"), "expected 200 from the token server, found 500"),
        (Action::answer(200, "<html>"), html),
        (Action::answer(200, ""), html),
        (Action::answer(200, "{\"access_token\":1}"), "expected an access_token that is a text from the token server"),
        (
            Action::answer(200, "{\"access_token\":\"a\",\"expires_in\":\"soon\"}"),
            "expected a number of seconds for expires_in from the token server",
        ),
        (Action::Endless, "from the token server: the answer is longer than 64 KiB"),
        (Action::Close, "from the token server: the connection broke, or the answer was not HTTP"),
    ] {
        let server = server(move |_| action.clone(), |_| Action::answer(200, ""));
        assert_eq!(cause(&webhook(&folder, &server, "{}")), format!("no token: {expected}"));
        // Nothing is sent without a token.
        assert_eq!(server.paths(), ["/token"]);
    }
    let hook = Recorder::start(|_, _| Action::answer(200, ""));
    folder.write("down.json", authentication(&hook).replace(&hook.url("/token"), "http://127.0.0.1:1/token"));
    let ran = push(&folder, &["webhook", "--authentication", "down.json"], "{}");
    assert_eq!(cause(&ran), "no token: from the token server: cannot connect: connection refused");
    assert!(hook.paths().is_empty());
    for body in [
        "{\"access_token\":\"token-of-the-server\"}",
        "{\"access_token\":\"token-of-the-server\",\"expires_in\":\"3600\"}",
        "{\"access_token\":\"token-of-the-server\",\"expires_in\":0}",
        "{\"access_token\":\"token-of-the-server\",\"expires_in\":-1,\"token_type\":7}",
    ] {
        let late = Action::Late(Duration::from_secs(1), 200, body.as_bytes().to_vec());
        let server = server(move |_| late.clone(), |_| Action::answer(202, ""));
        assert_eq!(webhook(&folder, &server, "{}").stdout(), DOCUMENT_DELIVERED);
    }
}

// contract 13.1h, 13.1i
#[test]
fn a_webhook_that_refuses_a_token_gets_one_more() {
    let folder = folder();
    let tokens = |number| {
        Action::Answer(200, "", format!("{{\"access_token\":\"token-{number}\",\"expires_in\":3600}}").into_bytes())
    };
    let once = server(tokens, |number| Action::answer(if number == 1 { 401 } else { 202 }, ""));
    assert_eq!(webhook(&folder, &once, "{}").stdout(), DOCUMENT_DELIVERED);
    assert_eq!(once.paths(), ["/token", "/hook", "/token", "/hook"]);
    let bearers: Vec<_> =
        once.requests("/hook").iter().map(|hook| hook.header("authorization").unwrap().to_owned()).collect();
    assert_eq!(bearers, ["Bearer token-1", "Bearer token-2"]);
    assert!(once.requests("/hook").iter().all(|hook| hook.body == b"{}"));
    let always = server(tokens, |_| Action::answer(401, ""));
    let refused = "not delivered: expected 200 or 202 from the webhook, found 401 (it does not accept the token)";
    assert_eq!(cause(&webhook(&folder, &always, "{}")), refused);
    assert_eq!(always.paths(), ["/token", "/hook", "/token", "/hook"]);
    // The fixed token of v2 stays the same.
    folder.write("v2.json", r#"{"type":"OAuth2","version":"v2","data":{"token":"token-of-the-server"}}"#);
    let fixed = Recorder::start(|_, _| Action::answer(401, ""));
    let ran = push(&folder, &["webhook", "--authentication", "v2.json", "--url", &fixed.url("/hook")], "{}");
    assert_eq!((cause(&ran).as_str(), fixed.paths().len()), (refused, 1));
    assert_eq!(fixed.requests("/hook")[0].header("authorization"), Some("Bearer token-of-the-server"));
}

// contract 13.1h
#[test]
fn only_200_and_202_are_a_success() {
    let folder = folder();
    for status in [201, 203, 204, 206, 400, 403, 404, 500, 503] {
        let server = server(|_| Action::answer(200, TOKEN), move |_| Action::answer(status, ""));
        let expected = format!("not delivered: expected 200 or 202 from the webhook, found {status}");
        assert_eq!(cause(&webhook(&folder, &server, "{}")), expected);
        assert_eq!(server.requests("/hook").len(), 1, "{status} is not tried again");
    }
}

// contract 13.1j, 13.5b, 13.5d
#[test]
fn addresses_and_authentications_that_do_not_fit() {
    let (folder, server) = (folder(), Recorder::start(|_, _| Action::answer(200, TOKEN)));
    folder.write("authentication.json", authentication(&server));
    let with =
        |more: &[&str]| push(&folder, &[&["webhook", "--authentication", "authentication.json"], more].concat(), "{}");
    assert_eq!(with(&["--url", &server.url("/hook")]).stdout(), DOCUMENT_DELIVERED);
    let ran = with(&["--url", &server.url("/other")]);
    assert_eq!(cause(&ran), "wrong parameter: --url and the file of --authentication have different addresses");
    for (document, expected) in [
        (r#"{"type":"OAuth2","version":"v2","data":{"token":"t"}}"#, None),
        (r#"{"type":"Basic"}"#, Some("authentication type not supported: Basic")),
        (
            r#"{"type":"OAuth2","version":"v1","data":{"url":""}}"#,
            Some("required fields missing: grant_type, client_id, client_secret"),
        ),
        ("secret", Some("expected a JSON object")),
        (
            r#"{"type":"OAuth2","version":"v1","data":{"url":"http://auth.example","grant_type":"a","client_id":"b","client_secret":"c"}}"#,
            Some(
                "cannot use the url of the token server: expected an address with https:// (http:// reaches this machine only, unless it is allowed to be insecure)",
            ),
        ),
    ] {
        folder.write("authentication.json", document);
        let expected = match expected {
            None => {
                "wrong parameter: no address of the webhook; name it with --url, or in the file of --authentication"
                    .to_owned()
            }
            Some(expected) => format!("cannot use the file of --authentication: {expected}"),
        };
        let url = server.url("/hook");
        let ran = if document.contains("v2") { with(&[]) } else { with(&["--url", &url]) };
        assert_eq!(cause(&ran), expected);
    }
}
