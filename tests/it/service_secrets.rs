//! What a service works on stands neither in its log, at any level, nor in its metrics (contract 10.5d): requests of all kinds,
//! right and wrong, each with something in it that is known again.
#![cfg(all(feature = "serve", unix))]

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::net::Shutdown;
use std::sync::Arc;

use crate::common::Folder;
use crate::common::service::{Response, Service, password, post, wait_for};
use data_encoding::{BASE32_NOPAD, BASE64};
use rustix::process::Signal;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use serde_json::Value;

/// What must not come out again.
#[derive(Default)]
struct Marks(RefCell<Vec<String>>);

impl Marks {
    /// Keeps a text.
    fn keep(&self, text: impl Into<String>) -> String {
        let text = text.into();
        assert!(text.len() >= 6, "{text} could be anywhere");
        self.0.borrow_mut().push(text.clone());
        text
    }

    /// A new word, which can stand everywhere in a request.
    fn word(&self) -> String {
        let number = self.0.borrow().len();
        self.keep(format!("xMARKx{number}x"))
    }

    /// A new secret in Base32.
    fn secret(&self) -> String {
        let number = self.0.borrow().len();
        let key = self.keep(format!("the key of mark {number}"));
        self.keep(BASE32_NOPAD.encode(key.as_bytes()))
    }

    /// Nothing of it in the log, nor in the metrics.
    fn check(&self, service: &Service, least: usize) {
        let log: Vec<String> = service.log().iter().map(|line| without_numbers(line)).collect();
        assert!(log.len() >= least, "only {} lines", log.len());
        // Sums of seconds have digits of all kinds.
        let metrics = service.get("/metrics");
        let metrics = metrics.text().lines().filter(|line| !line.starts_with("totp_adapter_request_seconds_sum"));
        let metrics: Vec<String> = metrics.map(str::to_owned).collect();
        for mark in self.0.borrow().iter() {
            for line in log.iter().chain(&metrics) {
                assert!(!line.contains(mark), "{mark} in {line}");
            }
        }
        let all = [log.concat(), metrics.concat()].concat().to_lowercase();
        assert!(!all.contains("xmarkx"), "in another case");
    }
}

/// A line without what is random or a time, in which a password of six digits may stand by chance.
fn without_numbers(line: &str) -> String {
    match serde_json::from_str::<Value>(line) {
        Ok(Value::Object(mut object)) => {
            for name in ["timestamp", "request_id", "milliseconds"] {
                object.remove(name);
            }
            Value::Object(object).to_string()
        }
        _ => line.to_owned(),
    }
}

const CLIENT_SECRET: &str = "the-secret-of-a-client-0123";

/// A folder with a configuration, accounts and clients, each with marks.
fn folder(marks: &Marks, more: &str) -> Folder {
    let folder = Folder::empty();
    folder.write(
        "t.toml",
        format!(
            "state = \"state.db\"\naccounts = \"accounts\"\n{more}\n\
             [[client]]\nid = \"workflow\"\nsecret_file = \"secret\"\n[[client]]\nid = \"other\"\nsecret_file = \"secret\"\n"
        ),
    );
    folder.write("secret", marks.keep(CLIENT_SECRET));
    folder.write("accounts/right.xml", format!("<Secret>{}</Secret>", marks.secret()));
    let uri = format!("otpauth://totp/{}:{}?secret={}", marks.word(), marks.word(), marks.secret());
    folder.write("accounts/uri.xml", format!("<KeyURI>{uri}</KeyURI>"));
    folder.write("accounts/wrong.xml", format!("<Secret>{}!</Secret>", marks.word()));
    folder.write("accounts/kind.xml", format!("<{0}>{0}</{0}>", marks.word()));
    folder.write("accounts/broken.xml", format!("<Secret>{}", marks.word()));
    folder.write(
        "accounts/hotp.xml",
        format!("<KeyURI>otpauth://{}/{}?secret={}</KeyURI>", marks.word(), marks.word(), marks.word()),
    );
    folder.write("accounts/beside.xml", format!("<Secret>{}</Secret>", marks.secret()));
    let word = marks.word();
    folder.write("accounts/beside.parameters.xml", format!("<Parameters><digits>{word}</digits></Parameters>"));
    folder
}

/// The text of an element that is all of a document, kept.
fn text(marks: &Marks, response: &Response) -> String {
    assert_eq!(response.code(), 200, "{}", response.text());
    let text = response.text().split(['<', '>']).nth(2).unwrap();
    marks.keep(text)
}

fn totp(password: &str, secret: &str) -> String {
    format!("<TOTP><Password>{password}</Password><Secret>{secret}</Secret></TOTP>")
}

/// Secrets and passwords, right and wrong, until they are refused.
fn operations(service: &Service, marks: &Marks) {
    let made = text(marks, &service.post("/x4/GenerateSecret", marks.word()));
    let document = format!("<Secret>{made}</Secret>");
    text(marks, &service.post("/x4/GeneratePassword?digits=8", &document));
    let current = text(marks, &service.post("/x4/GeneratePassword", &document));
    for _ in 0..2 {
        service.post("/x4/VerifyPassword", totp(&current, &made));
    }
    let right: Vec<String> = (-4..=4).map(|step| password(&made, step * 30)).collect();
    let wrong = (0..100).map(|number| format!("9{number:05}")).find(|text| !right.contains(text)).unwrap();
    let wrong = marks.keep(wrong);
    let codes: BTreeSet<u16> = (0..7).map(|_| service.post("/x4/VerifyPassword", totp(&wrong, &made)).code()).collect();
    assert_eq!(codes.into_iter().collect::<Vec<_>>(), [403, 429]);
    let names = format!("issuer={}&account={}", marks.word(), marks.word());
    let picture = service.post(&format!("/x4/GenerateAuthenticatorQRCode?{names}"), &document);
    assert_eq!(service.post("/read-qr", &picture.body).code(), 200);
    for format in ["uri", "parameters"] {
        assert_eq!(service.post(&format!("/read-qr?format={format}"), &picture.body).code(), 200);
    }
    // The same, broken in its middle, and what is none.
    let mut broken = picture.body;
    let middle = broken.len() / 2;
    broken[middle] ^= 0xff;
    for picture in [broken, marks.word().into_bytes(), [b"\x89PNG\r\n\x1a\n", marks.word().as_bytes()].concat()] {
        assert_eq!(service.post("/read-qr", picture).code(), 422);
    }
}

/// Documents that cannot be used, and queries.
fn malformed(service: &Service, marks: &Marks) {
    let word = || marks.word();
    let documents = [
        word(),
        format!("<{0}>", word()),
        format!("<{0}>{0}</{0}>", word()),
        format!("<Secret {}=\"{}\">GEZDGNBV</Secret>", word(), word()),
        format!("<Secret>{}</Secret>", word()),
        format!("<Secret>{0}{0}</Secret>", word()),
        format!("<!DOCTYPE {0} [<!ENTITY {0} \"{0}\">]><Secret>&{0};</Secret>", word()),
        format!("<Secret>&{};</Secret>", word()),
        format!("<?xml version=\"1.0\" encoding=\"{}\"?><Secret/>", word()),
        format!("<!--{}--><Secret><{}/></Secret>", word(), word()),
        format!("<TOTP><Password>{}</Password><Secret>{}</Secret></TOTP>", word(), word()),
        format!("<TOTP><Password>{0}</Password><Password>{0}</Password></TOTP>", word()),
        totp("12345", &word()),
        totp(&word(), &marks.secret()),
        totp("123456", "A"),
        format!("<KeyURI>otpauth://{0}/{0}?{0}={0}</KeyURI>", word()),
        format!("<Secret>{}</Secret>{}", word(), " ".repeat(70_000)),
    ];
    let paths = [
        "/x4/GeneratePassword",
        "/x4/VerifyPassword",
        "/x4/GenerateAuthenticatorQRCode?account=a",
        "/x4/GenerateSecret",
    ];
    let accounts = ["/accounts/right/GeneratePassword", "/accounts/right/VerifyPassword", "/accounts/x/VerifyPassword"];
    for path in paths.into_iter().chain(accounts).chain(["/read-qr", "/healthz"]) {
        for document in &documents {
            service.post(path, document);
        }
        for query in ["issuer", "account", "algorithm", "digits", "period", "skew", "format", &word()] {
            let separator = if path.contains('?') { '&' } else { '?' };
            service.post(
                &format!("{path}{separator}{query}={0}&{0}=%{0}", word()),
                format!("<Secret>{}</Secret>", word()),
            );
            service.post(&format!("{path}{separator}{query}={}%ff%00", word()), format!("<Secret>{}</Secret>", word()));
        }
    }
    for issuer in ["%3a", "%00", "%ff", "a"] {
        let query = format!("issuer={}{issuer}&account={}", word(), "y".repeat(3000));
        service
            .post(&format!("/x4/GenerateAuthenticatorQRCode?{query}"), format!("<Secret>{}</Secret>", marks.secret()));
    }
}

fn accounts(service: &Service, marks: &Marks) {
    for name in ["right", "uri", "wrong", "kind", "broken", "hotp", "beside", &marks.word(), &marks.secret()] {
        for operation in ["GeneratePassword", "VerifyPassword", "GenerateAuthenticatorQRCode", &marks.word()] {
            for body in [String::new(), totp("000000", &marks.word()), format!("<Password>{}</Password>", marks.word())]
            {
                let response = service.post(&format!("/accounts/{name}/{operation}"), body);
                if response.code() == 200 && operation == "GeneratePassword" {
                    text(marks, &response);
                }
            }
        }
    }
}

/// A request of a caller, whatever comes of it.
fn send(service: &Service, request: impl AsRef<[u8]>) -> String {
    let mut caller = service.connect();
    // The service may have ended the connection before all of it was sent.
    let _ = caller.stream.write_all(request.as_ref());
    let _ = caller.stream.shutdown(Shutdown::Write);
    let (mut answer, mut bytes) = (Vec::new(), [0; 8192]);
    while let Ok(length @ 1..) = caller.read(&mut bytes) {
        answer.extend_from_slice(&bytes[..length]);
    }
    String::from_utf8_lossy(&answer).into_owned()
}

fn with_headers(path: &str, headers: &str, body: &str) -> String {
    format!("POST {path} HTTP/1.1\r\nHost: localhost\r\n{headers}Content-Length: {}\r\n\r\n{body}", body.len())
}

/// Tokens and those who ask for them.
fn tokens(service: &Service, marks: &Marks) {
    let word = || marks.word();
    let form = "Content-Type: application/x-www-form-urlencoded\r\n";
    let grant = "grant_type=client_credentials";
    let basic = |id: &str, secret: &str| {
        let encoded = marks.keep(BASE64.encode(format!("{id}:{secret}").as_bytes()));
        format!("{form}Authorization: Basic {encoded}\r\n")
    };
    let mut issued = Vec::new();
    for (headers, body) in [
        (form.to_owned(), format!("{grant}&client_id=workflow&client_secret={CLIENT_SECRET}")),
        (basic("other", CLIENT_SECRET), grant.to_owned()),
        (form.to_owned(), format!("{grant}&client_id=workflow&client_secret={}", word())),
        (form.to_owned(), format!("{grant}&client_id={}&client_secret={CLIENT_SECRET}", word())),
        (form.to_owned(), format!("grant_type={}&client_id=workflow&client_secret={CLIENT_SECRET}", word())),
        (form.to_owned(), format!("{grant}&client_id=workflow&client_secret={CLIENT_SECRET}&scope={}", word())),
        (form.to_owned(), format!("{0}=%{0}&{grant}", word())),
        (form.to_owned(), format!("{0}{1}", word(), "x".repeat(9000))),
        (basic("workflow", &word()), grant.to_owned()),
        (basic(&word(), CLIENT_SECRET), format!("{grant}&client_secret={CLIENT_SECRET}")),
        (format!("{form}Authorization: Basic {}\r\n", word()), grant.to_owned()),
        (format!("{form}Authorization: {} {}\r\n", word(), word()), grant.to_owned()),
        ("Content-Type: application/json\r\n".to_owned(), format!("{{\"client_secret\":\"{}\"}}", word())),
        (format!("Content-Type: {}\r\n", word()), word()),
    ] {
        let answer = send(service, with_headers(&format!("/oauth2/token?{}={}", word(), word()), &headers, &body));
        if let Some((_, rest)) = answer.split_once("\"access_token\":\"") {
            issued.push(marks.keep(rest.split('"').next().unwrap()));
        }
    }
    assert_eq!(issued.len(), 2);
    issued.extend([word(), format!("{}\u{e4}", word()), String::new()]);
    for token in issued {
        for scheme in ["Bearer", "bearer", "Basic", "Digest", ""] {
            let headers = format!("Authorization: {scheme} {token}\r\n");
            send(service, with_headers("/x4/GenerateSecret", &headers, ""));
            send(service, with_headers("/x4/GenerateSecret", &headers.repeat(2), ""));
        }
    }
}

/// What is no request, or one that this service does not take.
fn heads(service: &Service, marks: &Marks) {
    let word = || marks.word();
    for first in [
        format!("{0}\r\n\r\n", word()),
        format!("{} / HTTP/1.1", word()),
        format!("GET /{} HTTP/1.1", word()),
        format!("GET {} HTTP/1.1", word()),
        format!("GET /{0}?{0} {0}", word()),
        format!("GET http://{0}:{0}@{0}/{0}?{0}#{0} HTTP/1.1", word()),
        format!("GET http://{0}:{0}@localhost/{0} HTTP/1.1", word()),
        format!("CONNECT {}:443 HTTP/1.1", word()),
        format!("OPTIONS * HTTP/{}", word()),
        format!("POST /x4/{}/%{} HTTP/1.1", word(), word()),
        format!("POST /accounts/{}/{} HTTP/1.1", word(), word()),
        format!("GET /{}{} HTTP/1.1", word(), "x".repeat(70_000)),
        "PRI * HTTP/2.0".to_owned(),
    ] {
        send(service, format!("{first}\r\nHost: localhost\r\n{}: {}\r\n\r\n{}", word(), word(), word()));
    }
    for header in [
        "Host",
        "Expect",
        "Content-Encoding",
        "Transfer-Encoding",
        "Content-Length",
        "Connection",
        "Upgrade",
        "Cookie",
        "Sec-Fetch-Site",
        "X-Request-Id",
        "Content-Type",
        "Authorization",
        "Referer",
        "Origin",
        "Trailer",
    ] {
        for value in [format!("a {}", word()), format!("\u{e4}{}", word()), format!("\0{}", word()), "x".repeat(70_000)]
        {
            send(service, with_headers("/x4/GeneratePassword", &format!("{header}: {value}\r\n"), &word()));
        }
    }
    for chunks in [
        format!("5;{0}=\"{0}\"\r\n<Secr\r\n0\r\n{0}: {0}\r\n\r\n", word()),
        format!("{}\r\n", word()),
        format!("ff\r\n{}", word()),
        format!("5\r\n<Secr{}\r\n", word()),
    ] {
        let head = "POST /x4/GeneratePassword HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n";
        send(service, format!("{head}{chunks}"));
    }
}

/// Bodies that do not come to an end.
fn slow(marks: &Marks) {
    let service = Service::configured("[limits]\nrequest_seconds = 1", "--log-level debug");
    let head = format!(
        "POST /x4/VerifyPassword?{}=1 HTTP/1.1\r\nHost: localhost\r\nContent-Length: 500\r\n\r\n",
        marks.word()
    );
    let path = "POST /x4/VerifyPassword HTTP/1.1\r\nHost: localhost\r\nContent-Length: 500\r\n\r\n";
    let mut callers: Vec<_> = [head, format!("{path}<TOTP>{}", marks.word())]
        .map(|request| {
            let mut caller = service.connect();
            caller.send(request);
            caller
        })
        .into();
    let codes: Vec<u16> = callers.iter_mut().map(|caller| caller.response().code()).collect();
    assert_eq!(codes, [400, 408]);
    marks.check(&service, 2);
}

/// Everything at once, at the level that tells most.
// contract 10.5d
#[test]
fn what_comes_in_is_in_no_log() {
    let marks = Marks::default();
    let open = folder(&marks, "");
    let service = Service::start_in(open.path(), "--config t.toml --log-level debug");
    operations(&service, &marks);
    malformed(&service, &marks);
    accounts(&service, &marks);
    heads(&service, &marks);
    slow(&marks);
    tokens(&service, &marks);
    // Secrets that cannot be used when they are read again.
    for secret in [marks.word(), format!("{0}\n{0}\n{0}", marks.word()), format!("\u{feff}{}", marks.word().repeat(3))]
    {
        open.write("secret", secret);
        let before = service.log().len();
        service.signal(Signal::HUP);
        wait_for("the mistake", || (service.log().len() > before).then_some(()));
    }
    // A state that is away.
    fs::rename(open.path().join("state.db"), open.path().join("elsewhere.db")).unwrap();
    let secret = marks.secret();
    assert_eq!(service.post("/x4/VerifyPassword", totp(&password(&secret, 0), &secret)).code(), 503);
    assert!(service.post("/x4/VerifyPassword", totp(&marks.keep("876501"), &secret)).code() == 503);
    marks.check(&service, 500);

    let closed = folder(&marks, "[operations]\nclients = [\"workflow\"]");
    let service = Service::start_in(closed.path(), "--config t.toml --log-level debug");
    tokens(&service, &marks);
    malformed(&service, &marks);
    accounts(&service, &marks);
    heads(&service, &marks);
    marks.check(&service, 500);
}

/// A caller over TLS that asks for a name and trusts nobody.
fn distrusts(service: &Service, name: &str) {
    let configuration = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(RootCertStore::empty())
        .with_no_client_auth();
    let name = ServerName::try_from(name.to_owned()).unwrap();
    let connection = ClientConnection::new(Arc::new(configuration), name).unwrap();
    let mut stream = StreamOwned::new(connection, service.connect().stream);
    assert!(stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n").is_err());
}

/// Handshakes that fail, each in its own way.
// contract 10.5d
#[test]
fn what_is_no_handshake_is_in_no_log() {
    let marks = Marks::default();
    let folder = Folder::empty();
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    folder.write("certificate.pem", made.cert.pem());
    folder.write("key.pem", made.signing_key.serialize_pem());
    for line in made.signing_key.serialize_pem().lines().filter(|line| !line.starts_with('-') && line.len() > 20) {
        marks.keep(line);
    }
    let files = "certificate_file = \"certificate.pem\"\nkey_file = \"key.pem\"";
    folder.write("t.toml", format!("state = \"state.db\"\nmetrics_listen = \"127.0.0.1:0\"\n[tls]\n{files}"));
    let service = Service::start_in(folder.path(), "--config t.toml --log-level debug");
    let word = || marks.word();
    for bytes in [
        format!("GET /{0}?{0} HTTP/1.1\r\nHost: {0}\r\n\r\n", word()).into_bytes(),
        [b"\x16\x03\x01\x00\x20", word().as_bytes(), &[0; 32]].concat(),
        [b"\x15\x03\x03\x00\x02\x02\x28", word().as_bytes()].concat(),
        word().into_bytes(),
        post("/x4/GeneratePassword", word()),
    ] {
        send(&service, bytes);
    }
    distrusts(&service, &format!("{}.example", word()));
    folder.write("key.pem", format!("-----BEGIN PRIVATE KEY-----\n{0}\n-----END PRIVATE KEY-----\n{0}", word()));
    service.signal(Signal::HUP);
    service.logged("the old certificates and secrets stay");
    let failed = || service.log().iter().filter(|line| line.contains("connection failed")).count();
    wait_for("the failed handshakes", || (failed() >= 5).then_some(()));
    for mark in marks.0.borrow().iter() {
        assert!(!service.log().concat().to_lowercase().contains(&mark.to_lowercase()), "{mark}");
    }
}
