//! The life of the service and of its connections (contract 10.1, 10.5, 10.7, 10.8), through the program.
#![cfg(feature = "serve")]

use std::collections::BTreeSet;
use std::fs;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use crate::common::service::{Caller, DEADLINE, Service, password, post, wait_for};
use crate::common::{Folder, secret_document, totp_adapter};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

// contract 10.1d: before anything is logged.
#[test]
fn an_address_in_use() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let ran = totp_adapter(["serve", "--state", "state.db", "--listen", "127.0.0.1:0", "--listen", &address]);
    let folder = Folder::empty();
    let ran = ran.folder(folder.path()).run();
    assert_eq!((ran.code(), ran.stdout().as_str()), (2, ""));
    let expected = format!("totp-adapter: cannot listen on {address}: address already in use\n");
    assert_eq!(ran.stderr(), expected);
}

// contract 10.1b, 10.5b, 10.6b: what is served where, with the ports that were taken; metrics on an address of their own are nowhere else.
#[test]
fn several_addresses() {
    let service = Service::configured("metrics_listen = \"127.0.0.1:0\"", "--listen 127.0.0.1:0");
    let log = service.log();
    let address = |line: &String| crate::common::service::field(line, "address").unwrap();
    let served: Vec<(String, String)> =
        log[1..4].iter().map(|line| (address(line), crate::common::service::field(line, "serves").unwrap())).collect();
    assert!(log[4].contains("listening"), "{log:#?}");
    assert_eq!(address(&log[4]), format!("{}, {}", served[0].0, served[1].0));
    let code = |address: &str, path: &str| {
        let mut caller = Caller::over(TcpStream::connect(address).unwrap());
        caller.send(format!("GET {path} HTTP/1.1\r\nHost: {address}\r\n\r\n"));
        caller.response().code()
    };
    for (address, serves) in &served {
        let is_main = serves != "metrics";
        assert_eq!(code(address, "/metrics"), if is_main { 404 } else { 200 });
        for path in ["/healthz", "/readyz"] {
            assert_eq!(code(address, path), if is_main { 200 } else { 404 });
        }
    }
    assert_eq!(served[2].1, "metrics");
}

// contract 10.7e, 10.7i: 408, in the form of the path, and on the wire where there is no path yet.
#[test]
fn slow_requests() {
    let service = Service::configured("[limits]\nrequest_seconds = 1", "");
    for (path, error) in [
        ("/x4/GeneratePassword", "<Error description=\"timed out: the request did not end within 1 s\"/>\n"),
        ("/read-qr", "<Error description=\"timed out: the request did not end within 1 s\"/>\n"),
    ] {
        let mut caller = service.connect();
        caller.send(format!("POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 50\r\n\r\n<Secret>"));
        let response = caller.response();
        assert_eq!((response.code(), response.text()), (408, error));
        assert_eq!((response.header("X4-Status"), response.header("Connection")), (Some("-1"), Some("close")));
        assert!(caller.rest().is_empty());
    }
    // One byte after the other does not help.
    let mut caller = service.connect();
    caller.send("POST /x4/GeneratePassword HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n");
    let mut drops = caller.stream.try_clone().unwrap();
    let drip = thread::spawn(move || {
        while drops.write_all(b"1\r\n \r\n").is_ok() {
            thread::sleep(Duration::from_millis(50));
        }
    });
    assert_eq!(caller.response().code(), 408);
    caller.stream.shutdown(Shutdown::Both).unwrap();
    drip.join().unwrap();
}

// contract 10.7e: 10 s for a head, from its first byte; a connection that says nothing has longer.
#[test]
fn slow_heads() {
    let service = Service::start("");
    let mut silent = service.connect();
    let mut used = service.connect();
    used.send("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assert_eq!(used.response().code(), 200);
    let begin = Instant::now();
    let mut slow = service.connect();
    slow.send("GET /healthz HTTP/1.1\r\nHo");
    let response = slow.response();
    assert!(begin.elapsed() >= Duration::from_secs(10));
    assert_eq!((response.code(), response.header("Connection")), (408, Some("close")));
    assert_eq!(response.text(), "{\"error\":\"timed out: the request did not end within 10 s\"}\n");
    assert!(slow.rest().is_empty());
    for caller in [&mut silent, &mut used] {
        caller.send("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
        assert_eq!(caller.response().code(), 200);
    }
}

// contract 10.7j: more than the limit wait, and are served when others have gone.
#[test]
fn more_connections_than_the_limit() {
    let service = Service::configured("[limits]\nconnections = 2", "");
    let mut first = service.connect();
    let mut second = service.connect();
    for caller in [&mut first, &mut second] {
        caller.send("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
        assert_eq!(caller.response().code(), 200);
    }
    let mut third = service.connect();
    third.send("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
    third.stream.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
    let error = third.read(&mut [0; 1]).unwrap_err();
    assert!(matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut), "{error}");
    third.stream.set_read_timeout(Some(DEADLINE)).unwrap();
    drop(first);
    assert_eq!(third.response().code(), 200);
}

// contract 10.7j: an address where nobody comes takes nothing of the limit away from the others.
#[test]
fn one_limit_for_all_addresses() {
    let service = Service::configured("[limits]\nconnections = 1", "--listen 127.0.0.1:0");
    let line = service.logged("listening");
    let addresses = crate::common::service::field(&line, "address").unwrap();
    for address in addresses.split(", ").cycle().take(6) {
        let mut caller = Caller::over(TcpStream::connect(address).unwrap());
        caller.stream.set_read_timeout(Some(DEADLINE)).unwrap();
        caller.send("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
        assert_eq!(caller.response().code(), 200);
    }
}

/// A lack of descriptors is not the end.
#[cfg(target_os = "linux")]
#[test]
fn no_more_descriptors() {
    use rustix::process::{Pid, Resource, Rlimit, getrlimit, prlimit};
    let mut service = Service::start("");
    let id = Pid::from_raw(i32::try_from(service.id()).unwrap());
    let open = fs::read_dir(format!("/proc/{}/fd", service.id())).unwrap().count() as u64;
    let usual = getrlimit(Resource::Nofile);
    prlimit(id, Resource::Nofile, Rlimit { current: Some(open + 2), maximum: usual.maximum }).unwrap();
    let callers: Vec<_> = (0..20).map(|_| service.connect()).collect();
    service.logged("cannot accept connections");
    drop(callers);
    prlimit(id, Resource::Nofile, usual).unwrap();
    assert_eq!(service.get("/healthz").code(), 200);
    assert!(service.is_alive());
}

#[cfg(unix)]
mod signals {
    use super::*;
    use rustix::process::Signal;

    /// A request whose body the service has begun to read.
    fn unfinished(service: &Service, length: usize) -> Caller<TcpStream> {
        let mut caller = service.connect();
        caller.send(format!(
            "POST /x4/GeneratePassword HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: {length}\r\n\r\n"
        ));
        assert_eq!(caller.response().code(), 100);
        caller
    }

    // contract 10.8a: what is in flight is answered, new connections are refused, silent ones are closed; exit 0.
    #[test]
    fn an_end_in_order() {
        for signal in [Signal::TERM, Signal::INT] {
            let mut service = Service::start("");
            let mut silent = service.connect();
            silent.send("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
            assert_eq!(silent.response().code(), 200);
            let document = secret_document();
            let (begin, end) = document.split_at(10);
            let mut caller = unfinished(&service, document.len());
            caller.send(begin);
            service.signal(signal);
            service.logged("ending");
            assert!(silent.rest().is_empty());
            wait_for("the listener's end", || TcpStream::connect(service.address).err());
            caller.send(end);
            let response = caller.response();
            assert_eq!((response.code(), response.header("Connection")), (200, Some("close")));
            assert_eq!(service.ended(), Some(0));
            service.logged("ended");
        }
    }

    // contract 10.8e: what is copied then is all of it, unless another process has the file open.
    #[test]
    fn the_state_after_an_end_in_order() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("state.db");
        let names = || {
            let names = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name());
            names.map(|name| name.into_string().unwrap()).collect::<BTreeSet<String>>()
        };
        let document = |secret: &str| {
            let password = password(secret, 0);
            format!("<TOTP><Password>{password}</Password><Secret>{secret}</Secret></TOTP>")
        };
        let [first, second] = ["GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"].map(document);
        let mut service = Service::start_in(folder.path(), "--state state.db");
        assert_eq!(service.post("/x4/VerifyPassword", &first).code(), 200);
        assert_eq!(names().len(), 3);
        service.signal(Signal::TERM);
        assert_eq!(service.ended(), Some(0));
        assert_eq!(names(), BTreeSet::from(["state.db".to_owned()]));
        let mut service = Service::start_in(folder.path(), "--state state.db");
        assert_eq!(service.post("/x4/VerifyPassword", &first).code(), 403);
        assert_eq!(service.post("/x4/VerifyPassword", &second).code(), 200);
        let other = rusqlite::Connection::open(&file).unwrap();
        assert_eq!(other.query_row("SELECT count(*) FROM verifier", [], |row| row.get(0)), Ok(2));
        service.signal(Signal::TERM);
        assert_eq!(service.ended(), Some(0));
        assert_eq!(names().len(), 3);
        drop(other);
        let service = Service::start_in(folder.path(), "--state state.db");
        assert_eq!(service.post("/x4/VerifyPassword", &second).code(), 403);
    }

    // contract 10.8a: under load every request is answered or its connection is closed; none is broken off.
    #[test]
    fn an_end_under_load() {
        let mut service = Service::start("");
        let address = service.address;
        let callers: Vec<_> = (0..16)
            .map(|_| {
                thread::spawn(move || {
                    let request = post("/x4/GeneratePassword", secret_document());
                    let mut answered = 0;
                    'connections: while let Ok(mut stream) = TcpStream::connect(address) {
                        for _ in 0..10 {
                            if stream.write_all(&request).is_err() {
                                continue 'connections;
                            }
                            let mut text = String::new();
                            while !text.ends_with("</Password>\n") {
                                let mut bytes = [0; 1024];
                                match stream.read(&mut bytes) {
                                    Ok(length) if length > 0 => text += std::str::from_utf8(&bytes[..length]).unwrap(),
                                    // Closed between two requests, before this one was read.
                                    Ok(_) | Err(_) if text.is_empty() => continue 'connections,
                                    other => panic!("{other:?} after {text}"),
                                }
                            }
                            assert!(text.starts_with("HTTP/1.1 200"), "{text}");
                            answered += 1;
                        }
                    }
                    answered
                })
            })
            .collect();
        wait_for("load", || (service.log().len() > 500).then_some(()));
        service.signal(Signal::TERM);
        assert_eq!(service.ended(), Some(0));
        let answered: usize = callers.into_iter().map(|caller| caller.join().unwrap()).sum();
        assert!(answered >= 490, "{answered}");
    }

    // contract 10.8a: no request holds the end up for ever, and a second signal not at all.
    #[test]
    fn an_end_that_does_not_wait() {
        let mut service = Service::start("");
        let _caller = unfinished(&service, 50);
        let begin = Instant::now();
        service.signal(Signal::TERM);
        service.logged("ending");
        service.signal(Signal::INT);
        assert_eq!(service.ended(), Some(130));
        assert!(begin.elapsed() < Duration::from_secs(9));

        let mut service = Service::start("");
        let _caller = unfinished(&service, 50);
        let begin = Instant::now();
        service.signal(Signal::TERM);
        assert_eq!(service.ended(), Some(0));
        assert!(begin.elapsed() >= Duration::from_secs(9));
    }

    /// The HTTP status of a request for a token.
    fn token(service: &Service, secret: &str) -> u16 {
        let form = format!("grant_type=client_credentials&client_id=a&client_secret={secret}");
        let head = "POST /oauth2/token HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded";
        service.ask(&format!("{head}\r\nContent-Length: {}\r\n\r\n{form}", form.len())).code()
    }

    // contract 10.8b: new secrets of clients; with a mistake the old ones stay, and tokens stay whatever happens.
    #[test]
    fn new_secrets() {
        let folder = Folder::empty();
        let (first, second) = ("the-first-secret-of-a-client", "the-second-secret-of-a-client");
        folder.write("secret", first);
        folder.write("t.toml", "state = \"state.db\"\n[[client]]\nid = \"a\"\nsecret_file = \"secret\"\n");
        let service = Service::start_in(folder.path(), "--config t.toml");
        assert_eq!((token(&service, first), token(&service, second)), (200, 401));
        folder.write("secret", "short");
        service.signal(Signal::HUP);
        let line = service.logged("the old certificates and secrets stay");
        assert!(line.contains("client.secret_file of client 1: expected at least 22 characters"), "{line}");
        assert_eq!((token(&service, first), token(&service, "short")), (200, 401));
        folder.write("secret", second);
        service.signal(Signal::HUP);
        service.logged("certificates and secrets read again");
        assert_eq!((token(&service, first), token(&service, second)), (401, 200));
    }

    // contract 10.8b: new certificates for new connections; with a mistake the old ones stay, and the log says why.
    #[test]
    fn new_certificates() {
        let folder = Folder::empty();
        let first = certificate(&folder);
        let mut service = secure(&folder);
        assert_eq!(health(&service, &first), Some(200));
        let mut old = connect(&service, &first);
        old.send("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
        assert_eq!(old.response().code(), 200);

        let key = fs::read(folder.path().join("key.pem")).unwrap();
        let certificate_file = fs::read(folder.path().join("certificate.pem")).unwrap();
        let mut reloads = 0;
        let mut reload = |words: &str| {
            reloads += 1;
            service.signal(Signal::HUP);
            wait_for(words, || {
                let log = service.log();
                let of_reloads: Vec<_> = log.iter().filter(|line| line.contains("certificates")).collect();
                (of_reloads.len() == reloads).then(|| assert!(of_reloads[reloads - 1].contains(words), "{log:#?}"))
            });
        };
        fs::write(folder.path().join("key.pem"), "nonsense").unwrap();
        reload("cannot use the file of tls.key_file: expected a private key in PEM");
        fs::remove_file(folder.path().join("key.pem")).unwrap();
        reload("no such file or directory");
        fs::write(folder.path().join("key.pem"), &key).unwrap();
        fs::write(folder.path().join("certificate.pem"), "").unwrap();
        reload("cannot use the file of tls.certificate_file: ");
        let other = Folder::empty();
        certificate(&other);
        fs::copy(other.path().join("certificate.pem"), folder.path().join("certificate.pem")).unwrap();
        reload("it is not the key of the first certificate");
        fs::write(folder.path().join("certificate.pem"), certificate_file).unwrap();
        reload("certificates and secrets read again");
        assert_eq!(health(&service, &first), Some(200));

        let second = certificate(&folder);
        assert_eq!(health(&service, &second), None);
        reload("certificates and secrets read again");
        assert_eq!((health(&service, &first), health(&service, &second)), (None, Some(200)));
        old.send("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
        assert_eq!(old.response().code(), 200);
        assert!(service.is_alive());
        // Without certificates, the signal is nothing to end of.
        let mut plain = Service::start("");
        plain.signal(Signal::HUP);
        assert_eq!(plain.get("/healthz").code(), 200);
        assert!(plain.is_alive());
    }
}

/// Writes a new certificate for localhost with its key and returns it.
fn certificate(folder: &Folder) -> String {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    folder.write("certificate.pem", made.cert.pem());
    folder.write("key.pem", made.signing_key.serialize_pem());
    made.cert.pem()
}

fn secure(folder: &Folder) -> Service {
    secured(folder, "")
}

/// The same with further sections of a configuration.
fn secured(folder: &Folder, more: &str) -> Service {
    let file = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (certificate, key) = (file("certificate.pem"), file("key.pem"));
    Service::configured(&format!("[tls]\ncertificate_file = \"{certificate}\"\nkey_file = \"{key}\"\n{more}"), "")
}

type Secure = StreamOwned<ClientConnection, TcpStream>;

/// A caller that trusts this certificate only.
fn connect(service: &Service, certificate: &str) -> Caller<Secure> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap()).unwrap();
    let mut configuration = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    configuration.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let connection =
        ClientConnection::new(Arc::new(configuration), ServerName::try_from("localhost").unwrap()).unwrap();
    Caller::over(StreamOwned::new(connection, service.connect().stream))
}

/// The HTTP status of a question over TLS; nothing where the certificate is another.
fn health(service: &Service, certificate: &str) -> Option<u16> {
    let mut caller = connect(service, certificate);
    let asked = caller.stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    asked.ok().map(|()| {
        let code = caller.response().code();
        assert_eq!(caller.stream.conn.alpn_protocol(), Some(&b"http/1.1"[..]));
        assert!(caller.rest().is_empty());
        code
    })
}

// contract 10.7d, 10.7e: a body that is too large, and a caller that is silent, also over TLS.
#[test]
fn over_tls() {
    let folder = Folder::empty();
    let certificate = certificate(&folder);
    let service = secure(&folder);
    let mut silent = service.connect();
    let begin = Instant::now();
    let mut caller = connect(&service, &certificate);
    caller.send(post("/x4/GeneratePassword", secret_document()));
    assert_eq!(caller.response().code(), 200);
    caller.send("POST /x4/GeneratePassword HTTP/1.1\r\nHost: localhost\r\nContent-Length: 20000000\r\n\r\n");
    for _ in 0..200 {
        caller.send(vec![b'x'; 100_000]);
    }
    assert_eq!(caller.response().code(), 413);
    assert!(caller.rest().is_empty());
    // What is not TLS is not answered in HTTP.
    let mut plain = service.connect();
    plain.send("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assert!(!plain.rest().starts_with(b"HTTP"));
    // A handshake has 10 s.
    assert!(silent.rest().is_empty());
    assert!(begin.elapsed() >= Duration::from_secs(10));
    assert_eq!(health(&service, &certificate), Some(200));
}

// contract 10.7e: over TLS, handshakes and heads have 10 s, and whole requests what is configured. What ends first shows the
// limit from above, whatever the machine's speed.
#[test]
fn slow_over_tls() {
    let folder = Folder::empty();
    let certificate = certificate(&folder);
    let service = secured(&folder, "[limits]\nrequest_seconds = 15\n");
    let begin = Instant::now();
    let mut unfinished = connect(&service, &certificate);
    unfinished.send("POST /x4/GeneratePassword HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\n<Sec");
    let mut silent = service.connect();
    let mut slow = connect(&service, &certificate);
    slow.send("GET /healthz HTTP/1.1\r\nHo");
    let response = slow.response();
    assert!(begin.elapsed() >= Duration::from_secs(10));
    assert_eq!((response.code(), response.header("Connection")), (408, Some("close")));
    assert_eq!(response.text(), "{\"error\":\"timed out: the request did not end within 10 s\"}\n");
    let response = unfinished.response();
    assert!(begin.elapsed() >= Duration::from_secs(15));
    assert_eq!((response.code(), response.header("X4-Status")), (408, Some("-1")));
    assert_eq!(response.header("Connection"), Some("close"));
    silent.stream.set_nonblocking(true).unwrap();
    assert_eq!(silent.stream.read(&mut [0]).unwrap(), 0, "the handshake had 10 s");
    for caller in [&mut slow, &mut unfinished] {
        assert!(caller.rest().is_empty());
    }
}

// contract 10.3a: certificates that cannot be used at the start.
#[test]
fn no_certificate() {
    let folder = Folder::empty();
    folder.write("t.toml", "[tls]\ncertificate_file = \"none.pem\"\nkey_file = \"none.pem\"");
    let ran = totp_adapter(["serve", "--config", "t.toml"]).folder(folder.path()).run();
    assert_eq!(ran.code(), 2);
    assert!(ran.stderr().starts_with("t.toml:2: ") && ran.stderr().contains("\nt.toml:3: "), "{}", ran.stderr());
}
