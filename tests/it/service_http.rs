//! Requests to the service (contract 10.5 to 10.7, 11.1, 11.2), byte by byte, through the program.
#![cfg(feature = "serve")]

use std::fmt::Write as _;
use std::fs;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::common::service::{Response, Service, field, names, post};
use crate::common::{Fixture, fixtures, secret_document, totp_adapter, totp_document};
use totp_adapter::xml::{Document, MAX_DOCUMENT_BYTES, Parameter, read_parameters};
use totp_adapter::{Operation, Status};

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

/// What a form has of a text: every byte encoded, but for blanks, which are `+`.
fn encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |mut form, byte| {
        match byte {
            b' ' => form.push('+'),
            byte => write!(form, "%{byte:02X}").unwrap(),
        }
        form
    })
}

/// The parameters beside a fixture: as a query, and the skew.
fn query(fixture: &Fixture) -> (String, Option<u64>) {
    const NAMES: [Parameter; 6] = [
        Parameter::Issuer,
        Parameter::Account,
        Parameter::Algorithm,
        Parameter::Digits,
        Parameter::Period,
        Parameter::Skew,
    ];
    let Some(file) = fixture.parameters_file() else { return (String::new(), None) };
    let bytes = fs::read(file).unwrap();
    let document = Document::decode(&bytes).unwrap();
    let texts = read_parameters(&document).unwrap();
    let text = |parameter| match parameter {
        Parameter::Issuer | Parameter::Account => texts.text(parameter).map(|text| text.as_str().to_owned()),
        _ => texts.text(parameter).map(|text| text.trimmed().to_owned()),
    };
    let pairs: Vec<String> = NAMES
        .into_iter()
        .filter_map(|name| text(name).map(|text| format!("{}={}", name.name(), encoded(&text))))
        .collect();
    (pairs.join("&"), text(Parameter::Skew).map(|text| text.parse().unwrap()))
}

/// Two answers of the same second: that of the service and that of the process.
fn answers(service: &Service, fixture: &Fixture, path: &str) -> (Response, crate::common::Ran) {
    loop {
        let second = now();
        let response = service.post(path, fixture.bytes());
        let mut arguments = vec!["--operation".into(), fixture.operation.name().into()];
        if let Some(file) = fixture.parameters_file() {
            arguments.extend(["--parameters".into(), file.into_os_string()]);
        }
        let ran = totp_adapter(&arguments).stdin(fixture.bytes()).run();
        if now() == second {
            return (response, ran);
        }
    }
}

// contract 11.1a, 11.1b, 11.1c: the whole corpus; the service's answers are the process's to the byte, and its statuses are those of the table.
#[test]
fn the_service_answers_as_the_process() {
    let service = Service::configured("[verification]\nattempts = 0", "");
    let mut codes = std::collections::BTreeMap::new();
    for operation in Operation::OF_X4 {
        for fixture in fixtures(operation) {
            let (query, skew) = query(&fixture);
            let path = format!("/x4/{}?{query}", operation.name());
            let (response, ran) = answers(&service, &fixture, &path);
            let name = format!("{} {}", operation.name(), fixture.name);
            let code = response.code();
            *codes.entry(code).or_insert(0) += 1;
            if skew.is_some_and(|skew| skew > 1) {
                assert_eq!((code, response.header("X4-Status")), (400, Some("-1")), "{name}");
                continue;
            }
            let status = match ran.code() {
                0 => Status::Success,
                1 => Status::Mismatch,
                2 => Status::Error,
                other => panic!("{name}: {other}"),
            };
            if operation == Operation::VerifyPassword && fixture.bytes().len() > MAX_DOCUMENT_BYTES {
                assert_eq!((code, response.header("X4-Status")), (413, Some("-1")), "{name}");
                continue;
            }
            assert_eq!(response.header("X4-Status"), Some(status.to_string().as_str()), "{name}");
            match operation {
                Operation::GenerateSecret => assert_eq!(response.body.len(), ran.output.stdout.len(), "{name}"),
                _ => assert!(response.body == ran.output.stdout, "{name}: {response:?}\n{ran}"),
            }
            let expected: &[u16] = match status {
                Status::Success => &[200],
                Status::Mismatch => &[403],
                Status::Error if operation == Operation::GenerateAuthenticatorQRCode => &[400, 413, 422],
                Status::Error => &[413, 422],
            };
            assert!(expected.contains(&code), "{name}: {code}");
            let is_drawing = status == Status::Success && operation == Operation::GenerateAuthenticatorQRCode;
            let content_type = if is_drawing { "image/png" } else { "application/xml; charset=utf-8" };
            assert_eq!(response.header("Content-Type"), Some(content_type), "{name}");
        }
    }
    // An empty corpus is no success.
    for code in [200, 400, 403, 413, 422] {
        assert!(codes.contains_key(&code), "{codes:?}");
    }
}

// contract 11.1e: what is generated verifies, and the header says how long.
#[test]
fn a_password_and_the_end_of_its_step() {
    let service = Service::start("");
    for period in [30, 1, 60, 4_294_967_295_u64] {
        let (response, second) = loop {
            let second = now();
            let response = service.post(&format!("/x4/GeneratePassword?period={period}"), secret_document());
            if now() == second {
                break (response, second);
            }
        };
        let until = (second / period + 1) * period;
        assert_eq!(response.header("X4-Valid-Until"), Some(until.to_string().as_str()));
        if period == 30 {
            let password = response.text().trim_start_matches("<Password>").trim_end_matches("</Password>\n");
            let verified = service.post("/x4/VerifyPassword", totp_document(password));
            assert_eq!((verified.code(), verified.header("X4-Status")), (200, Some("1")));
            assert_eq!(verified.text(), "<Ok description=\"The password matches.\"/>\n");
        }
    }
    for (path, body) in [("/x4/GenerateSecret", String::new()), ("/x4/GeneratePassword", "<Secret/>".to_owned())] {
        assert_eq!(service.post(path, body).header("X4-Valid-Until"), None, "{path}");
    }
}

// contract 4.4d, 11.1a, 11.1c: every format with its type; the operations that draw nothing ignore it.
#[test]
fn formats() {
    let service = Service::start("");
    for (format, content_type) in
        [("png", "image/png"), ("svg", "image/svg+xml"), ("terminal", "text/plain; charset=utf-8")]
    {
        let path = format!("/x4/GenerateAuthenticatorQRCode?issuer=A+B&account=%C3%A4&format={format}");
        let response = service.post(&path, secret_document());
        let arguments =
            ["--operation", "GenerateAuthenticatorQRCode", "--issuer", "A B", "--account", "ä", "--format", format];
        let ran = totp_adapter(arguments).stdin(secret_document()).run();
        assert_eq!(response.header("Content-Type"), Some(content_type));
        assert!(response.code() == 200 && response.body == ran.output.stdout, "{format}");
        let secret = service.post(&format!("/x4/GeneratePassword?format={format}"), secret_document());
        assert_eq!((secret.code(), secret.header("Content-Type")), (200, Some("application/xml; charset=utf-8")));
    }
}

// contract 11.2
#[test]
fn pictures() {
    let service = Service::start("");
    let picture = service.post("/x4/GenerateAuthenticatorQRCode?account=me", secret_document()).body;
    for format in ["secret", "uri", "parameters"] {
        let response = service.post(&format!("/read-qr?format={format}"), &picture);
        let ran = totp_adapter(["read-qr", "--format", format]).stdin(&picture).run();
        assert_eq!((response.code(), response.header("X4-Status")), (200, Some("1")));
        assert!(response.body == ran.output.stdout, "{format}");
    }
    let none = service.post("/read-qr", "GIF");
    assert_eq!((none.code(), none.header("X4-Status")), (422, Some("-1")));
    assert_eq!(none.text(), totp_adapter(["read-qr"]).stdin("GIF").run().stdout());
    assert_eq!(service.post("/read-qr?digits=6", &picture).code(), 400);
}

// contract 11.2: pictures that take long take no thread from the others.
#[test]
fn pictures_hold_nobody_up() {
    const SIDE: u32 = 1500;
    // On a slow machine the last one waits long.
    let service = Service::configured("[limits]\nrequest_seconds = 3600", "");
    let mut number = 1_u32;
    let noise = image::GrayImage::from_fn(SIDE, SIDE, |_, _| {
        number = number.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        image::Luma([(number >> 24) as u8])
    });
    let mut picture = std::io::Cursor::new(Vec::new());
    noise.write_to(&mut picture, image::ImageFormat::Png).unwrap();
    let mut callers: Vec<_> = (0..12).map(|_| service.connect()).collect();
    for caller in &mut callers {
        caller.send(post("/read-qr", picture.get_ref()));
    }
    for _ in 0..3 {
        assert_eq!(service.post("/x4/GeneratePassword", secret_document()).code(), 200);
    }
    let last = &mut callers[11];
    last.stream.set_nonblocking(true).unwrap();
    assert!(last.stream.peek(&mut [0]).is_err(), "some picture is still being read");
    last.stream.set_nonblocking(false).unwrap();
    for caller in &mut callers {
        assert_eq!(caller.response().code(), 422);
    }
}

// contract 10.7a, 10.7b: header names in title case, no caches, the length of every answer.
#[test]
fn what_belongs_to_every_answer() {
    let service = Service::start("");
    let response = service.ask("POST /x4/GenerateSecret HTTP/1.1\r\nhost: LOCALHOST\r\nX-REQUEST-ID: a.B_9-\r\n\r\n");
    for (name, value) in [("X-Request-Id", "a.B_9-"), ("Cache-Control", "no-store"), ("X4-Status", "1")] {
        assert_eq!(response.header(name), Some(value));
    }
    for line in response.head.lines().skip(1).filter(|line| !line.is_empty()) {
        let name = line.split(':').next().unwrap();
        assert!(name.split('-').all(|part| part.starts_with(|c: char| c.is_ascii_uppercase())), "{line}");
    }
    let made = service.ask("GET /healthz HTTP/1.1\r\nHost: evil.example\r\nX-Request-Id: a b\r\n\r\n");
    assert_eq!((made.code(), made.text()), (200, "{\"status\":\"alive\"}\n"));
    assert!(made.header("X-Request-Id").unwrap().len() == 16);
    let head = service.connect().response_to_head();
    assert_eq!((head.code(), head.header("Content-Length")), (200, Some("19")));
}

// contract 10.7c, 10.7f, 10.7g: absolute targets, several hosts and HTTP/1.0 over the wire.
#[test]
fn hosts_over_the_wire() {
    let service = Service::start("");
    let port = service.address.port();
    for (request, code) in [
        (format!("GET /readyz HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n"), 200),
        ("GET /readyz HTTP/1.1\r\nHost: evil.example\r\n\r\n".to_owned(), 421),
        ("GET /readyz HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n".to_owned(), 421),
        ("GET /readyz HTTP/1.1\r\n\r\n".to_owned(), 421),
        ("GET /readyz HTTP/1.0\r\n\r\n".to_owned(), 200),
        ("GET /readyz HTTP/1.0\r\nHost: evil.example\r\n\r\n".to_owned(), 421),
        ("GET http://localhost/readyz HTTP/1.1\r\nHost: evil.example\r\n\r\n".to_owned(), 200),
        ("GET http://evil.example/readyz HTTP/1.1\r\nHost: localhost\r\n\r\n".to_owned(), 421),
        ("GET http://evil.example@localhost/readyz HTTP/1.1\r\nHost: localhost\r\n\r\n".to_owned(), 200),
        ("GET http://localhost@evil.example/readyz HTTP/1.1\r\nHost: localhost\r\n\r\n".to_owned(), 421),
        ("GET /healthz HTTP/1.1\r\nHost: evil.example\r\nSec-Fetch-Site: cross-site\r\n\r\n".to_owned(), 200),
        ("GET /readyz HTTP/1.1\r\nHost: localhost\r\nSec-Fetch-Site: cross-site\r\n\r\n".to_owned(), 403),
        ("OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n".to_owned(), 404),
        ("GET /x4/../healthz HTTP/1.1\r\nHost: localhost\r\n\r\n".to_owned(), 404),
        ("FETCH /readyz HTTP/1.1\r\nHost: localhost\r\n\r\n".to_owned(), 405),
        ("FETCH /nothing HTTP/1.1\r\nHost: evil.example\r\n\r\n".to_owned(), 404),
    ] {
        assert_eq!(service.ask(&request).code(), code, "{request}");
    }
}

/// The address of this machine in its network; none where it has none.
fn address_in_a_network() -> Option<std::net::IpAddr> {
    let socket = std::net::UdpSocket::bind("0.0.0.0:0").unwrap();
    // Nothing is sent: the system only says which address it would send from.
    socket.connect("192.0.2.1:9").ok()?;
    socket.local_addr().ok().map(|address| address.ip()).filter(|address| !address.is_loopback())
}

// contract 10.7f, 10.7g: beyond loopback, any host until somebody says which, and then these only.
#[test]
fn hosts_in_a_network() {
    let address = address_in_a_network();
    if !crate::common::available("an address in a network", address.is_some()) {
        return;
    }
    let address = address.unwrap();
    for (names, expected) in [("", [200, 200, 200, 200]), ("host_names = [\"totp.example\"]\n", [421, 403, 421, 200])] {
        let service =
            Service::configured(&format!("{names}[operations]\nopen = true"), &format!("--listen {address}:0"));
        let listening = field(&service.logged("\"listening\""), "address").unwrap();
        let (_, there) = listening.split_once(", ").unwrap();
        let code = |host: &str, more: &str| {
            let mut caller = crate::common::service::Caller::over(std::net::TcpStream::connect(there).unwrap());
            caller.send(format!("GET /readyz HTTP/1.1\r\nHost: {host}\r\n{more}\r\n"));
            caller.response().code()
        };
        let site = "Sec-Fetch-Site: cross-site\r\n";
        let codes = [code("evil.example", ""), code(there, site), code("localhost", ""), code("Totp.Example:1", "")];
        assert_eq!(codes, expected, "{names}");
        assert_eq!(code(there, ""), 200);
        // On loopback, nothing is exempt but what always is.
        let evil = "HTTP/1.1\r\nHost: evil.example\r\n\r\n";
        assert_eq!(service.ask(&format!("GET /readyz {evil}")).code(), 421);
        assert_eq!(service.ask(&format!("GET /healthz {evil}")).code(), 200);
    }
}

// contract 10.7h: what a query says counts on the paths of the operations, and nowhere else.
#[test]
fn queries() {
    let service = Service::start("");
    for path in ["/healthz", "/readyz", "/metrics", "/openapi.json", "/"] {
        for query in ["a=1&a=1", "%zz", "digits=9", "?"] {
            assert_eq!(service.get(&format!("{path}?{query}")).code(), 200, "{path}?{query}");
        }
    }
    for query in ["digits=8&digits=8", "x=1", "digits=%zz", "digits=%3", "Digits=8", "digits=9", "skew=2"] {
        let response = service.post(&format!("/x4/GeneratePassword?{query}"), secret_document());
        assert_eq!((response.code(), response.header("X4-Status")), (400, Some("-1")), "{query}");
        assert!(response.text().starts_with("<Error description=\"wrong parameter: "), "{query}");
    }
    for query in ["digits=%38", "%64igits=8", "&digits=8&", "", "&&"] {
        let response = service.post(&format!("/x4/GeneratePassword?{query}"), secret_document());
        let digits = response.text().trim().len() - "<Password></Password>".len();
        assert_eq!((response.code(), digits), (200, if query.contains('8') { 8 } else { 6 }), "{query}");
    }
    let drawn = |query: &str| {
        service.post(&format!("/x4/GenerateAuthenticatorQRCode?format=svg&account={query}"), secret_document()).body
    };
    assert!(drawn("a+b") == drawn("a%20b") && drawn("a+b") != drawn("a%2Bb"));
}

// contract 11.1d: nobody waits for a body that does not count, however it is sent.
#[test]
fn a_secret_needs_no_body() {
    let service = Service::start("");
    for more in [
        "Content-Length: 99999999999",
        "Transfer-Encoding: chunked",
        "Content-Length: 5\r\nContent-Encoding: gzip",
        "Content-Length: 5\r\nContent-Type: image/png",
    ] {
        let response = service.ask(&format!("POST /x4/GenerateSecret HTTP/1.1\r\nHost: localhost\r\n{more}\r\n\r\n"));
        assert_eq!((response.code(), response.header("X4-Status")), (200, Some("1")), "{more}");
    }
}

// contract 11.1f: what the document says of itself, or its first bytes.
#[test]
fn encodings_of_documents() {
    let service = Service::start("");
    let utf_16: Vec<u8> = format!("\u{feff}{}", secret_document()).encode_utf16().flat_map(u16::to_be_bytes).collect();
    let latin_1 =
        [b"<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><!--\xe4-->", secret_document().as_bytes()].concat();
    let no_utf_8 = [b"<!--\xe4-->", secret_document().as_bytes()].concat();
    for charset in ["utf-8", "iso-8859-1", "utf-16", "us-ascii", "nonsense"] {
        for (body, code) in [(&utf_16, 200), (&latin_1, 200), (&no_utf_8, 422), (&secret_document().into_bytes(), 200)]
        {
            let mut caller = service.connect();
            caller.send(format!(
                "POST /x4/GeneratePassword HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/xml; charset={charset}\r\n\
                 Content-Length: {}\r\n\r\n",
                body.len()
            ));
            caller.send(body);
            assert_eq!(caller.response().code(), code, "{charset}: {}", body.escape_ascii());
        }
    }
}

// contract 10.7d, 11.1c: the answer arrives although the caller goes on sending what nobody wants.
#[test]
fn a_body_that_is_too_large() {
    const PIECE: usize = 100_000;
    let service = Service::start("");
    let piece = vec![b'x'; PIECE];
    for operation in ["GeneratePassword", "VerifyPassword", "GenerateAuthenticatorQRCode?account=a"] {
        for framing in ["Content-Length: 100000000", "Transfer-Encoding: chunked"] {
            let mut caller = service.connect();
            caller.send(format!("POST /x4/{operation} HTTP/1.1\r\nHost: localhost\r\n{framing}\r\n\r\n"));
            for _ in 0..1000 {
                if framing.starts_with('T') {
                    caller.send(format!("{PIECE:x}\r\n"));
                }
                caller.send(&piece);
                if framing.starts_with('T') {
                    caller.send("\r\n");
                }
            }
            let response = caller.response();
            assert_eq!((response.code(), response.header("X4-Status")), (413, Some("-1")), "{operation} {framing}");
            assert_eq!(
                response.text(),
                "<Error description=\"too large: expected a document of at most 65536 bytes\"/>\n"
            );
            assert_eq!(response.header("Connection"), Some("close"));
            assert!(caller.rest().is_empty());
        }
    }
    let most = format!("<Secret>GEZDGNBV{}</Secret>", " ".repeat(MAX_DOCUMENT_BYTES - 25));
    assert_eq!(most.len(), MAX_DOCUMENT_BYTES);
    assert_eq!(service.post("/x4/GeneratePassword", &most).code(), 200);
    assert_eq!(service.post("/x4/GeneratePassword", most + " ").code(), 413);
    let picture = service.ask("POST /read-qr HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999999999\r\n\r\n");
    assert_eq!((picture.code(), picture.header("Connection")), (413, Some("close")));
}

// contract 10.7c, 10.7d, 11.1d: leave to send is given only for what will be read.
#[test]
fn expect_continue() {
    let service = Service::start("");
    let head = |path: &str, more: &str| {
        format!("POST {path} HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\n{more}\r\n\r\n")
    };
    for (path, more, code) in [
        ("/x4/GeneratePassword", "Content-Length: 65537", 413),
        ("/x4/GeneratePassword", "Content-Length: 9\r\nContent-Encoding: gzip", 415),
        ("/x4/GeneratePassword", "Transfer-Encoding: chunked\r\nContent-Encoding: gzip", 415),
        ("/x4/GeneratePassword?x=1", "Content-Length: 9", 400),
        ("/x4/GeneratePassword", "Content-Length: 9\r\nHost: localhost", 421),
        ("/x4/GeneratePassword", "Content-Length: 9\r\nSec-Fetch-Site: cross-site", 403),
        ("/x4/Nothing", "Content-Length: 9", 404),
        ("/healthz", "Content-Length: 9", 405),
        ("/x4/GenerateSecret", "Content-Length: 9", 200),
    ] {
        let mut caller = service.connect();
        caller.send(head(path, more));
        let response = caller.response();
        assert_eq!((response.code(), response.header("Connection")), (code, Some("close")), "{path} {more}");
        assert!(caller.rest().is_empty());
    }
    let mut caller = service.connect();
    let document = secret_document();
    caller.send(head("/x4/GeneratePassword", &format!("Content-Length: {}", document.len())));
    assert_eq!(caller.response().code(), 100);
    caller.send(&document);
    assert_eq!(caller.response().code(), 200);
    caller.send(post("/x4/GeneratePassword", &document));
    assert_eq!(caller.response().code(), 200);
}

// contract 10.7i: pieces of any size, and bodies that break off.
#[test]
fn bodies_in_pieces() {
    let service = Service::start("");
    let mut caller = service.connect();
    for _ in 0..2 {
        caller.send("POST /x4/GeneratePassword HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n");
        for byte in secret_document().bytes() {
            caller.send(format!("1;x=\"y\"\r\n{}\r\n", char::from(byte)));
        }
        caller.send("0\r\nX-Trailer: 1\r\n\r\n");
        assert_eq!(caller.response().code(), 200);
    }
    for broken in ["zz\r\n", "5\r\n<Secrxx", "5\r\n<Sec", "", "-1\r\n", "5\r\n<Secr\r\n"] {
        let mut caller = service.connect();
        caller.send("POST /x4/GeneratePassword HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n");
        caller.send(broken);
        caller.stream.shutdown(std::net::Shutdown::Write).unwrap();
        let response = caller.response();
        assert_eq!((response.code(), response.header("X4-Status")), (400, Some("-1")), "{broken}");
        assert!(caller.rest().is_empty());
    }
    // A caller that has sent all, and says that it will send nothing more, is answered.
    let mut caller = service.connect();
    caller.send(post("/x4/GeneratePassword", secret_document()));
    caller.stream.shutdown(std::net::Shutdown::Write).unwrap();
    assert_eq!(caller.response().code(), 200);
}

// contract 10.5c, 10.7a, 10.7i: what is no request ends its own connection, and no other.
#[test]
fn what_is_no_request() {
    let service = Service::start("");
    let long = "x".repeat(70_000);
    for (wrong, code) in [
        ("\0\0\0\r\n\r\n".to_owned(), 400),
        ("GET\r\n\r\n".to_owned(), 400),
        ("GET / HTTP/1.1\r\nHost localhost\r\n\r\n".to_owned(), 400),
        ("GET / HTTP/1.1\r\nA\u{e4}: b\r\n\r\n".to_owned(), 400),
        ("POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n".to_owned(), 400),
        ("POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n".to_owned(), 400),
        ("POST / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n".to_owned(), 400),
        (format!("GET /{long} HTTP/1.1\r\n\r\n"), 431),
        (format!("GET / HTTP/1.1\r\nA: {long}{long}{long}\r\n\r\n"), 431),
    ] {
        let mut caller = service.connect();
        caller.send(&wrong);
        let response = caller.response();
        let found = response.code();
        let id = response.header("X-Request-Id").unwrap();
        let line = service.logged(id);
        assert_eq!(field(&line, "http_status"), Some(found.to_string()), "{line}");
        assert_eq!(response.header("Connection"), Some("close"));
        assert!(response.text().starts_with("{\"error\":\""), "{response:?}");
        // Which limit is met first depends on how the bytes come.
        assert!(found == code || [found, code] == [414, 431], "{found}: {}", &wrong[..wrong.len().min(60)]);
        assert!(caller.rest().is_empty());
    }
    let mut caller = service.connect();
    caller.send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    caller.rest();
    assert_eq!(service.get("/healthz").code(), 200);
}

// contract 10.5d: a request with any one byte wrong is answered or dropped, and quoted nowhere.
#[test]
fn every_byte_may_be_wrong() {
    let mut service = Service::start("--log-level debug");
    let sound = post("/x4/GeneratePassword?issuer=MARKER", "<Secret>MARKERAAMARKERAA</Secret>");
    for index in 0..sound.len() {
        for wrong in [0, b'\n', b' ', b'%', b'&', b':', b'9', 0xff] {
            let mut request = sound.clone();
            request[index] = wrong;
            let mut caller = service.connect();
            caller.send(&request);
            caller.stream.shutdown(std::net::Shutdown::Write).unwrap();
            let answer = String::from_utf8_lossy(&caller.rest()).into_owned();
            let code = answer.split(' ').nth(1).unwrap_or("none");
            let expected = ["none", "200", "400", "404", "405", "413", "415", "421", "422"];
            assert!(expected.contains(&code), "{index} {wrong}: {answer}");
            assert!(!answer.contains("MARKER"), "{index} {wrong}: {answer}");
        }
    }
    assert!(service.is_alive());
    assert!(!service.log().concat().contains("MARKER"));
}

/// Requests one after the other, also without waiting, on one connection.
#[test]
fn a_connection_serves_many() {
    let service = Service::start("");
    let mut caller = service.connect();
    let requests = post("/x4/GeneratePassword", secret_document()).repeat(100);
    caller.send(&requests);
    for _ in 0..100 {
        let response = caller.response();
        assert_eq!((response.code(), response.header("Connection")), (200, None));
    }
    caller.send("GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    assert_eq!(caller.response().header("Connection"), Some("close"));
    assert!(caller.rest().is_empty());
}

// contract 10.5c, 10.5d: one line a request, with these names and no others; nothing of what came in.
#[test]
fn the_log() {
    let service = Service::start("--log-level debug");
    let secret = "MARKERAAMARKERAA";
    let document = format!("<Secret>{secret}</Secret>");
    let mut expected = Vec::new();
    for (request, route, code, status, cause) in [
        (post("/x4/GeneratePassword?digits=8", &document), "/x4/GeneratePassword", 200, Some(1), None),
        (
            post("/x4/GeneratePassword?MARKER=1", &document),
            "/x4/GeneratePassword",
            400,
            Some(-1),
            Some("wrong parameter"),
        ),
        (post("/x4/GeneratePassword", "<MARKER>"), "/x4/GeneratePassword", 422, Some(-1), Some("not well-formed")),
        (post("/x4/VerifyPassword", "<MARKER/>"), "/x4/VerifyPassword", 403, Some(403), Some("wrong structure")),
        (post("/x4/MARKER", ""), "unknown", 404, Some(-1), Some("unknown operation")),
        (
            b"GET /MARKER?MARKER HTTP/1.1\r\nHost: MARKER\r\nMARKER: MARKER\r\n\r\n".to_vec(),
            "unknown",
            404,
            None,
            Some("unknown path"),
        ),
        (b"MARKER /healthz HTTP/1.1\r\nHost: MARKER\r\n\r\n".to_vec(), "/healthz", 405, None, Some("wrong method")),
        (b"GET /healthz HTTP/1.1\r\nHost: MARKER\r\n\r\n".to_vec(), "/healthz", 200, None, None),
    ] {
        let mut caller = service.connect();
        caller.send(&request);
        let id = caller.response().header("X-Request-Id").unwrap().to_owned();
        let line = service.logged(&id);
        let mut all = vec!["timestamp", "level", "request_id", "method", "route", "http_status"];
        all.extend(status.map(|_| "status"));
        all.extend(cause.map(|_| "cause"));
        all.push("milliseconds");
        assert_eq!(names(&line), all, "{line}");
        assert_eq!(field(&line, "route").as_deref(), Some(route));
        assert_eq!(field(&line, "http_status"), Some(u16::to_string(&code)));
        assert_eq!(field(&line, "status"), status.map(|status: i32| status.to_string()));
        assert_eq!(field(&line, "cause").as_deref(), cause);
        let method = field(&line, "method").unwrap();
        assert!(["GET", "POST", "other"].contains(&method.as_str()), "{line}");
        assert!(field(&line, "milliseconds").unwrap().parse::<f64>().unwrap() >= 0.0);
        expected.push(id);
    }
    let log = service.log();
    assert_eq!(log.len(), expected.len() + 3, "{log:#?}");
    assert!(!log.concat().contains("MARKER"), "{log:#?}");
    assert!(field(&log[0], "version").is_some() && field(&log[1], "serves").is_some(), "{log:#?}");
}

// contract 10.5a: text for people, and only what is important enough.
#[test]
fn other_logs() {
    let service = Service::start("--log-level info");
    service.get("/healthz");
    service.logged("/healthz");
    let text = crate::common::totp_adapter([
        "serve",
        "--listen",
        "127.0.0.1:0",
        "--log-format",
        "text",
        "--state",
        "state.db",
    ]);
    let folder = tempfile::tempdir().unwrap();
    let text = text.folder(folder.path()).command();
    let mut child = { text }.stderr(std::process::Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(child.stderr.take().unwrap()), &mut line).unwrap();
    child.kill().and_then(|()| child.wait()).unwrap();
    assert!(line.contains(" INFO totp-adapter version=") && !line.contains(['{', '\u{1b}']), "{line}");
}

// contract 10.6b
#[test]
fn metrics() {
    let service = Service::start("");
    service.post("/x4/GeneratePassword", secret_document());
    service.post("/x4/GeneratePassword", "");
    service.post("/x4/VerifyPassword", totp_document("12345"));
    service.get("/MARKER");
    let metrics = service.get("/metrics");
    assert_eq!(metrics.header("Content-Type"), Some("text/plain; version=0.0.4; charset=utf-8"));
    for line in [
        "totp_adapter_requests_total{http_status=\"200\",route=\"/x4/GeneratePassword\"} 1",
        "totp_adapter_requests_total{http_status=\"422\",route=\"/x4/GeneratePassword\"} 1",
        "totp_adapter_requests_total{http_status=\"404\",route=\"unknown\"} 1",
        "totp_adapter_request_seconds_count{route=\"/x4/GeneratePassword\"} 2",
        "totp_adapter_verifications_total{result=\"mismatch\"} 1",
        "totp_adapter_verifications_total{result=\"match\"} 0",
        "totp_adapter_panics_total 0",
    ] {
        assert!(metrics.text().lines().any(|found| found == line), "{line}\n{}", metrics.text());
    }
    assert!(!metrics.text().contains("MARKER"));
}
