//! `health` (contract 10.6), as what watches a service starts it.
#![cfg(feature = "serve")]

use std::fs;
use std::net::TcpListener;
use std::time::{Duration, Instant};

use crate::common::recorder::{Action, Recorder};
use crate::common::service::{Service, password};
use crate::common::{Folder, RFC_SECRET, Ran, totp_adapter, totp_document};

/// Asks an address from a folder, with these further arguments.
fn health(folder: &Folder, url: &str, more: &str) -> Ran {
    let arguments = ["health", url].into_iter().chain(more.split_whitespace());
    let ran = totp_adapter(arguments).folder(folder.path()).run();
    // Only a command line that cannot be followed has a document (5.6).
    assert!(ran.stdout().is_empty() || ran.stderr().contains("wrong command line"), "{ran}");
    ran
}

/// The exit code and the line on standard error, without the name of the program.
fn outcome(ran: &Ran) -> (i32, String) {
    let stderr = ran.stderr();
    let line = stderr.strip_prefix("totp-adapter: ").unwrap_or(&stderr);
    (ran.code(), line.trim_end_matches('\n').to_owned())
}

fn unhealthy(why: &str) -> (i32, String) {
    (1, format!("not healthy: {why}"))
}

// contract 10.6d: the service itself, while its state answers, while it does not, and when the service has gone.
#[test]
fn a_service_and_its_state() {
    let folder = Folder::empty();
    let mut service = Service::start_in(folder.path(), "--state state.db");
    let url = |path: &str| format!("http://{}{path}", service.address);
    let (lives, ready) = (url("/healthz"), url("/readyz"));
    // The state has to be open for its loss to be seen.
    assert_eq!(service.post("/x4/VerifyPassword", totp_document(&password(RFC_SECRET, 0))).code(), 200);
    for url in [&lives, &ready] {
        assert_eq!(outcome(&health(&folder, url, "")), (0, String::new()), "{url}");
    }
    let state = |from: &str, to: &str| fs::rename(folder.path().join(from), folder.path().join(to)).unwrap();
    state("state.db", "elsewhere.db");
    assert_eq!(outcome(&health(&folder, &lives, "")), (0, String::new()));
    assert_eq!(outcome(&health(&folder, &ready, "")), unhealthy("HTTP status 503"));
    state("elsewhere.db", "state.db");
    assert_eq!(outcome(&health(&folder, &ready, "")), (0, String::new()));
    ending(&mut service, &folder, &lives);
}

/// While it ends, with a request in flight, and afterwards.
#[cfg(unix)]
fn ending(service: &mut Service, folder: &Folder, url: &str) {
    let mut caller = service.connect();
    caller.send("POST /x4/GeneratePassword HTTP/1.1\r\nHost: localhost\r\nContent-Length: 50\r\n\r\n");
    service.signal(rustix::process::Signal::TERM);
    service.logged("ending");
    assert_eq!(health(folder, url, "").code(), 1);
    assert!(service.is_alive());
    drop(caller);
    assert_eq!(service.ended(), Some(0));
    assert_eq!(outcome(&health(folder, url, "")), unhealthy("cannot connect: connection refused"));
}

#[cfg(not(unix))]
fn ending(_: &mut Service, _: &Folder, _: &str) {}

// contract 10.6d: a redirection is not followed, and only 2xx is healthy.
#[test]
fn every_answer() {
    let folder = Folder::empty();
    let server = Recorder::start(|request, _| match request.path() {
        "/moved" => Action::Answer(302, "Location: /200\r\n", Vec::new()),
        "/garbage" => Action::Garbage,
        "/close" => Action::Close,
        "/endless" => Action::Endless,
        path => Action::answer(path.trim_start_matches('/').parse().unwrap(), "a body"),
    });
    for (path, expected) in [
        ("/200", (0, String::new())),
        ("/204", (0, String::new())),
        ("/299", (0, String::new())),
        // What follows the head is not waited for.
        ("/endless", (0, String::new())),
        ("/300", unhealthy("HTTP status 300")),
        ("/404", unhealthy("HTTP status 404")),
        ("/500", unhealthy("HTTP status 500")),
        ("/moved", unhealthy("HTTP status 302")),
        ("/garbage", unhealthy("the connection broke, or the answer was not HTTP")),
        ("/close", unhealthy("the connection broke, or the answer was not HTTP")),
    ] {
        assert_eq!(outcome(&health(&folder, &server.url(path), "")), expected, "{path}");
    }
    assert_eq!(server.requests("/200").len(), 1);
    assert!(server.requests("/200")[0].head.starts_with("GET /200 HTTP/1.1"));
}

// contract 10.6d: an answer has 5 s, also where nobody even takes the connection.
#[test]
fn no_answer() {
    let folder = Folder::empty();
    let server = Recorder::start(|_, _| Action::Silence);
    let begin = Instant::now();
    assert_eq!(outcome(&health(&folder, &server.url("/"), "")), unhealthy("no answer within 5 s"));
    assert!(begin.elapsed() >= Duration::from_secs(5) && begin.elapsed() < Duration::from_secs(30));
    // Each read of this has a thousand heads, and no clock of one thread comes to its turn in time.
    let flood = flood();
    let begin = Instant::now();
    let ran = health(&folder, &format!("http://127.0.0.1:{flood}/"), "");
    assert_eq!(outcome(&ran), unhealthy("no answer within 5 s"));
    // Who starts the health command of the image waits no longer.
    assert!(begin.elapsed() < Duration::from_secs(10));
    let ended = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = ended.local_addr().unwrap().port();
    std::thread::spawn(move || ended.incoming().for_each(drop));
    let broken = unhealthy("cannot connect: the connection broke during the TLS handshake");
    let ran = health(&folder, &format!("https://127.0.0.1:{port}/"), "");
    assert!(outcome(&ran) == broken || ran.stderr().contains("connection reset"), "{ran}");
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let refused = unhealthy("cannot connect: connection refused");
    assert_eq!(outcome(&health(&folder, &format!("http://{nobody}/"), "")), refused);
    assert_eq!(health(&folder, "http://nosuch.invalid/", "").code(), 1);
}

/// A server that sends interim answers without end.
fn flood() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let heads = "HTTP/1.1 100 Continue\r\n\r\n".repeat(40_000);
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let _ = std::io::Read::read(&mut stream, &mut [0; 8192]);
        while std::io::Write::write_all(&mut stream, heads.as_bytes()).is_ok() {}
    });
    port
}

// contract 10.6e, 10.9d: nothing of an address is repeated, whatever is wrong with it.
#[test]
fn addresses() {
    let folder = Folder::empty();
    let wrong = |why: &str| (2, format!("status -1: wrong command line: expected {why} for the URL; see --help"));
    let (form, credentials) = ("an address such as https://host.example/path", "an address without user and password");
    for (url, expected) in [
        ("", wrong(form)),
        ("hunter2", wrong(form)),
        ("hunter2:6238", wrong(form)),
        ("ftp://hunter2.example/", wrong(form)),
        ("http://hunter2 .example/", wrong(form)),
        ("http://hunter2\"/", wrong(form)),
        ("https://hunter2..invalid/", wrong(form)),
        (&format!("http://127.0.0.1/{}", "hunter2".repeat(10_000)), wrong(form)),
        ("http://hunter2@127.0.0.1/", wrong(credentials)),
        ("http://me:hunter2@127.0.0.1/", wrong(credentials)),
    ] {
        let ran = health(&folder, url, "");
        assert_eq!(outcome(&ran), expected, "{url}");
        assert!(!ran.stdout().contains("hunter2"), "{ran}");
    }
    let server = Recorder::start(|_, _| Action::answer(503, "hunter2"));
    let ran = health(&folder, &server.url("/hunter2?token=hunter2#hunter2"), "");
    assert_eq!(outcome(&ran), unhealthy("HTTP status 503"));
    assert_eq!(server.paths(), ["/hunter2?token=hunter2"]);
    let missing = "status -1: wrong command line: health needs the URL of the service; see --help";
    assert_eq!(outcome(&totp_adapter(["health"]).run()), (2, missing.to_owned()));
}

/// A service with this certificate.
fn secure(folder: &Folder, certified: &rcgen::CertifiedKey<rcgen::KeyPair>) -> Service {
    folder.write("certificate.pem", certified.cert.pem());
    folder.write("key.pem", certified.signing_key.serialize_pem());
    let tls = "state = \"state.db\"\n[tls]\ncertificate_file = \"certificate.pem\"\nkey_file = \"key.pem\"\n";
    folder.write("t.toml", tls);
    Service::start_in(folder.path(), "--config t.toml")
}

/// A certificate for another name that signs itself, as `openssl req -x509` makes it: that of an authority.
fn certified() -> rcgen::CertifiedKey<rcgen::KeyPair> {
    let mut parameters = rcgen::CertificateParams::new(vec!["totp.example".to_owned()]).unwrap();
    parameters.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let signing_key = rcgen::KeyPair::generate().unwrap();
    rcgen::CertifiedKey { cert: parameters.self_signed(&signing_key).unwrap(), signing_key }
}

// contract 10.6f, 10.9f: without a file the system's authorities count; with one, its first certificate and no other.
#[test]
fn certificates() {
    let folder = Folder::empty();
    let certified = certified();
    let service = secure(&folder, &certified);
    let url = format!("https://{}/readyz", service.address);
    let ran = health(&folder, &url, "");
    assert_eq!(ran.code(), 1, "{ran}");
    assert!(ran.stderr().starts_with("totp-adapter: not healthy: cannot connect: "), "{ran}");
    assert!(ran.stderr().contains("certificate"), "{ran}");
    assert_eq!(outcome(&health(&folder, &url, "--certificate certificate.pem")), (0, String::new()));
    let other = self::certified().cert.pem();
    folder.write("other.pem", &other);
    folder.write("second.pem", format!("{other}{}", certified.cert.pem()));
    // With a byte order mark, as an editor may leave it.
    folder.write("first.pem", format!("\u{feff}{}{other}", certified.cert.pem()));
    let wrong = unhealthy("cannot connect: the certificate is not the expected one");
    for file in ["other.pem", "second.pem"] {
        assert_eq!(outcome(&health(&folder, &url, &format!("--certificate {file}"))), wrong, "{file}");
    }
    assert_eq!(outcome(&health(&folder, &url, "--certificate first.pem")), (0, String::new()));
    // HTTP where TLS is spoken, and TLS where HTTP is.
    assert_eq!(health(&folder, &url.replace("https", "http"), "").code(), 1);
    let plain = Service::start("");
    let plain_url = format!("https://{}/readyz", plain.address);
    let ran = health(&folder, &plain_url, "--certificate certificate.pem");
    assert_eq!(outcome(&ran), unhealthy("cannot connect: the server does not speak TLS"));
}

/// The one who shows a certificate must also have its key.
// contract 10.6f
#[test]
fn a_certificate_without_its_key() {
    let folder = Folder::empty();
    let (shown, key) = (certified(), rcgen::KeyPair::generate().unwrap());
    folder.write("certificate.pem", shown.cert.pem());
    let port = tls_server(&shown.cert, &key);
    let ran = health(&folder, &format!("https://127.0.0.1:{port}/"), "--certificate certificate.pem");
    assert_eq!(outcome(&ran), unhealthy("cannot connect: the certificate is not valid"));
}

/// A server of TLS that shows a certificate and signs with any key; rustls itself would not be made with another one's.
fn tls_server(certificate: &rcgen::Certificate, key: &rcgen::KeyPair) -> u16 {
    use rustls::pki_types::PrivateKeyDer;
    use rustls::server::ResolvesServerCert;
    #[derive(Debug)]
    struct Always(std::sync::Arc<rustls::sign::CertifiedKey>);
    impl ResolvesServerCert for Always {
        fn resolve(&self, _: rustls::server::ClientHello<'_>) -> Option<std::sync::Arc<rustls::sign::CertifiedKey>> {
            Some(self.0.clone())
        }
    }
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let key = rustls::crypto::ring::sign::any_supported_type(&key).unwrap();
    let certified = rustls::sign::CertifiedKey::new(vec![certificate.der().clone()], key);
    let config =
        rustls::ServerConfig::builder_with_provider(std::sync::Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_cert_resolver(std::sync::Arc::new(Always(std::sync::Arc::new(certified))));
    let config = std::sync::Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let connection = rustls::ServerConnection::new(config.clone()).unwrap();
            let mut stream = rustls::StreamOwned::new(connection, stream.unwrap());
            let _ = std::io::Write::write_all(&mut stream, b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
            let _ = std::io::Read::read(&mut stream, &mut [0; 8192]);
        }
    });
    port
}

// contract 10.6f: what cannot be used is no answer of the service.
#[test]
fn unusable_certificate_files() {
    let folder = Folder::empty();
    folder.write("empty.pem", "nothing");
    folder.write("hollow.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
    let cannot = |why: &str| (2, format!("cannot use the file of --certificate: {why}"));
    for (file, why) in [
        ("empty.pem", "expected a certificate in PEM (-----BEGIN CERTIFICATE-----)"),
        ("hollow.pem", "expected a certificate in PEM (-----BEGIN CERTIFICATE-----)"),
        ("missing.pem", "no such file or directory"),
    ] {
        let ran = health(&folder, "https://127.0.0.1:1/", &format!("--certificate {file}"));
        assert_eq!(outcome(&ran), cannot(why));
    }
    let ran = health(&folder, "http://127.0.0.1:1/", "--certificate empty.pem");
    assert_eq!(outcome(&ran), (2, "cannot use --certificate: expected an address with https://".to_owned()));
}
