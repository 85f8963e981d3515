//! Codes for Skyvern (contract 12.1), through the program. Skyvern's own code asks in `tests/service/skyvern_asks.py`.
#![cfg(feature = "serve")]

use std::fs;

use crate::common::secret_document;
use crate::common::service::{Response, Service, field, password};
use data_encoding::HEXLOWER;
use hmac::{Hmac, KeyInit, Mac};
use insta::assert_snapshot;
use serde_json::Value;
use sha2::Sha256;
use tempfile::TempDir;

/// The keys of the two vectors below.
const KEYS: [&str; 2] = ["k", "test-api-key"];
/// What Skyvern 1.0.56 signs, with its signature.
const SIGNED: [(&str, &str); 2] = [
    (r#"{"task_id":"tsk_123"}"#, "51c73869b48c1d5704b8266ec4b8b822ead51420a972d5fc6abb7559e612b7de"),
    (
        r#"{"task_id":"tsk_123","workflow_run_id":"wr_9","workflow_permanent_id":"wpid_7"}"#,
        "c9391128a2f678103ae5af70b32f81487abd7c27e0bbe74c2aedefba7a5a2e8b",
    ),
];
const OTHER_SECRET: &str = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP";

/// A folder with two accounts and two paths, of which the second has accounts of single tasks.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    fs::create_dir(folder.path().join("accounts")).unwrap();
    write("accounts/billing.xml", &secret_document());
    write("accounts/other.xml", &format!("<Secret>{OTHER_SECRET}</Secret>"));
    write("accounts/other.parameters.xml", "<Parameters><digits>8</digits></Parameters>");
    write("first.key", &format!("{}\n", KEYS[0]));
    write("second.key", KEYS[1]);
    write(
        "t.toml",
        "state = 'state.db'\naccounts = 'accounts'\n\
         [[skyvern]]\npath = 'billing'\naccount = 'billing'\napi_key_file = 'first.key'\nminimum_rest = 0\n\
         [[skyvern]]\npath = 'second'\naccount = 'billing'\napi_key_file = 'second.key'\nminimum_rest = 0\n\
         [skyvern.tasks]\ntsk_other = 'other'\nwpid_other = 'other'\ntsk_late = 'late'\n",
    );
    folder
}

fn start(folder: &TempDir) -> Service {
    Service::start_in(folder.path(), "--config t.toml")
}

fn signature(key: &str, body: &[u8]) -> String {
    let mut hmac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).unwrap();
    hmac.update(body);
    HEXLOWER.encode(&hmac.finalize().into_bytes())
}

/// A question as Skyvern puts it, to the second path.
fn signed(service: &Service, body: impl AsRef<[u8]>) -> Response {
    let body = body.as_ref();
    let signature = signature(KEYS[1], body);
    let headers = format!(
        "content-type: application/json\r\nx-skyvern-timestamp: -32400\r\nx-skyvern-signature: {signature}\r\n"
    );
    service.post_with("/skyvern/second", &headers, body)
}

fn code(answer: &Response) -> String {
    let document: Value = serde_json::from_str(answer.text()).unwrap();
    document["verification_code"].as_str().unwrap().to_owned()
}

/// The password of a secret now, and that of the step before: it may have ended meanwhile.
fn passwords(secret: &str) -> [String; 2] {
    [password(secret, 0), password(secret, -30)]
}

// contract 12.1a, 12.1b, 12.1d: the signatures that Skyvern itself makes.
#[test]
fn a_task_gets_the_code_of_its_account() {
    let folder = folder();
    let service = start(&folder);
    for ((body, signature), path) in SIGNED.into_iter().zip(["/skyvern/billing", "/skyvern/second"]) {
        let headers = format!("Content-Type: application/json; charset=utf-8\r\nX-Skyvern-Signature: {signature}\r\n");
        let answer = service.post_with(path, &headers, body.as_bytes());
        assert_eq!(
            (answer.code(), answer.header("Content-Type")),
            (200, Some("application/json")),
            "{}",
            answer.text()
        );
        assert_eq!(answer.header("Cache-Control"), Some("no-store"));
        assert!(passwords(crate::common::RFC_SECRET).contains(&code(&answer)), "{}", answer.text());
        let expected = format!("{{\"task_id\":\"tsk_123\",\"verification_code\":\"{}\"}}", code(&answer));
        assert_eq!(answer.text(), expected);
        // Every question about a task has the same signature, and each is answered.
        assert_eq!(service.post_with(path, &headers, body.as_bytes()).code(), 200);
    }
    let line = service.logged("\"name\":\"billing\"");
    assert_eq!(field(&line, "route").unwrap(), "/skyvern/{path}");
    assert_eq!(
        (field(&line, "account").unwrap(), field(&line, "http_status").unwrap()),
        ("billing".into(), "200".into())
    );
    assert!(!service.log().concat().contains("tsk_123"));
    for unknown in ["/skyvern", "/skyvern/", "/skyvern/other", "/skyvern/billing/", "/skyvern/bill%69ng"] {
        assert_eq!(service.get(unknown).code(), 404, "{unknown}");
    }
    assert_eq!(service.get("/skyvern/billing").header("Allow"), Some("POST"));
}

// contract 12.1c, 12.1d: whose code it is; what is no text counts as absent.
#[test]
fn the_account_of_a_task() {
    let folder = folder();
    let service = start(&folder);
    let long = format!(r#"{{"task_id":"{}"}}"#, "t".repeat(60_000));
    for (body, secret, task) in [
        (r"{}", crate::common::RFC_SECRET, None),
        (r#"{"task_id":"tsk_1"}"#, crate::common::RFC_SECRET, Some("tsk_1")),
        (r#"{"task_id":"tsk_other"}"#, OTHER_SECRET, Some("tsk_other")),
        (r#"{"workflow_permanent_id":"wpid_other"}"#, OTHER_SECRET, None),
        (r#"{"task_id":"tsk_1","workflow_permanent_id":"wpid_other"}"#, OTHER_SECRET, Some("tsk_1")),
        (r#"{"workflow_run_id":"tsk_other"}"#, crate::common::RFC_SECRET, None),
        (r#"{ "task_id": "tsk_1" }"#, crate::common::RFC_SECRET, Some("tsk_1")),
        (r#"{"task_id":"\u0074sk_other"}"#, OTHER_SECRET, Some("tsk_other")),
        (r#"{"task_id":"a\"b\\c\u00e4\n"}"#, crate::common::RFC_SECRET, Some("a\"b\\cä\n")),
        (r#"{"task_id":7,"workflow_permanent_id":["wpid_other"]}"#, crate::common::RFC_SECRET, None),
        (r#"{"task_id":null,"x":{"task_id":"tsk_other"}}"#, crate::common::RFC_SECRET, None),
        (r#"{"task_id":1e999,"workflow_permanent_id":"\ud800"}"#, crate::common::RFC_SECRET, None),
        (r#"{"task_id":""}"#, crate::common::RFC_SECRET, Some("")),
        (&long, crate::common::RFC_SECRET, Some(&"t".repeat(60_000))),
    ] {
        let answer = signed(&service, body);
        assert_eq!(answer.code(), 200, "{body}: {}", answer.text());
        let document: Value = serde_json::from_str(answer.text()).unwrap();
        assert_eq!(document.get("task_id").map(|task| task.as_str().unwrap()), task, "{body}");
        let code = code(&answer);
        if secret == OTHER_SECRET {
            // Eight digits end as six do.
            assert!(code.len() == 8 && passwords(secret).iter().any(|six| code.ends_with(six)), "{body}: {code}");
        } else {
            assert!(passwords(secret).contains(&code), "{body}: {code}");
        }
    }
}

// contract 12.1b: what is wrong, in its order.
#[test]
fn questions_that_are_refused() {
    let folder = folder();
    let service = start(&folder);
    let body = SIGNED[0].0.as_bytes();
    let right = format!("X-Skyvern-Signature: {}\r\n", SIGNED[0].1);
    let json = "Content-Type: application/json\r\n";
    let refused = |headers: &str, body: &[u8]| {
        let answer = service.post_with("/skyvern/billing", headers, body);
        assert_eq!((answer.header("X4-Status"), answer.header("Cache-Control")), (None, Some("no-store")));
        format!("{} {}", answer.code(), answer.text())
    };
    let wrong = |signature: &str| refused(&format!("{json}X-Skyvern-Signature: {signature}\r\n"), body);
    let sign = |body: &[u8]| format!("{json}X-Skyvern-Signature: {}\r\n", signature(KEYS[0], body));
    let other_key = signature(KEYS[1], body);
    let deep = "[".repeat(30_000);
    let said = [
        ("none", refused(json, body)),
        ("nothing at all", refused("", b"")),
        ("not hexadecimal", wrong("x")),
        ("half", wrong(&SIGNED[0].1[..32])),
        ("upper case", wrong(&SIGNED[0].1.to_uppercase())),
        ("of another key", wrong(&other_key)),
        ("of another body", wrong(SIGNED[1].1)),
        ("two", refused(&format!("{json}{right}{right}"), body)),
        ("wrong, and too large", refused(json, &vec![b' '; 64 * 1024 + 1])),
        ("wrong, and no type", refused("X-Skyvern-Signature: x\r\n", b"[")),
        ("no type", refused(&right, body)),
        ("a form", refused(&format!("Content-Type: application/x-www-form-urlencoded\r\n{right}"), body)),
        ("text", refused(&format!("Content-Type: text/plain\r\n{right}"), body)),
        ("two types", refused(&format!("{json}{json}{right}"), body)),
        ("nothing", refused(&sign(b""), b"")),
        ("an array", refused(&sign(b"[]"), b"[]")),
        ("a text", refused(&sign(b"\"a\""), b"\"a\"")),
        ("half an object", refused(&sign(b"{\"task_id\":"), b"{\"task_id\":")),
        ("more than an object", refused(&sign(b"{}{}"), b"{}{}")),
        ("a byte order mark", refused(&sign(b"\xef\xbb\xbf{}"), b"\xef\xbb\xbf{}")),
        ("UTF-16", refused(&sign(b"\xff\xfe{\0}\0"), b"\xff\xfe{\0}\0")),
        ("not UTF-8", refused(&sign(b"{\"task_id\":\"\xe4\"}"), b"{\"task_id\":\"\xe4\"}")),
        ("deep nesting", refused(&sign(deep.as_bytes()), deep.as_bytes())),
    ]
    .map(|(what, said)| format!("{what}: {said}\n"));
    assert_snapshot!(said.concat(), @r#"
    none: 401 {"error":"invalid signature"}
    nothing at all: 401 {"error":"invalid signature"}
    not hexadecimal: 401 {"error":"invalid signature"}
    half: 401 {"error":"invalid signature"}
    upper case: 401 {"error":"invalid signature"}
    of another key: 401 {"error":"invalid signature"}
    of another body: 401 {"error":"invalid signature"}
    two: 401 {"error":"invalid signature"}
    wrong, and too large: 413 {"error":"too large: expected a body of at most 65536 bytes"}
    wrong, and no type: 401 {"error":"invalid signature"}
    no type: 415 {"error":"unsupported media type: expected application/json"}
    a form: 415 {"error":"unsupported media type: expected application/json"}
    text: 415 {"error":"unsupported media type: expected application/json"}
    two types: 415 {"error":"unsupported media type: expected application/json"}
    nothing: 400 {"error":"wrong body: expected a JSON object"}
    an array: 400 {"error":"wrong body: expected a JSON object"}
    a text: 400 {"error":"wrong body: expected a JSON object"}
    half an object: 400 {"error":"wrong body: expected a JSON object"}
    more than an object: 400 {"error":"wrong body: expected a JSON object"}
    a byte order mark: 400 {"error":"wrong body: expected a JSON object"}
    UTF-16: 400 {"error":"wrong body: expected a JSON object"}
    not UTF-8: 400 {"error":"wrong body: expected a JSON object"}
    deep nesting: 400 {"error":"wrong body: expected a JSON object"}
    "#);
    assert!(!service.log().concat().contains(SIGNED[0].1));
}

// contract 12.1d, 12.1e: of an account that cannot be used there is no code; the log says why.
#[test]
fn accounts_that_have_no_code() {
    let folder = folder();
    let service = start(&folder);
    let body = r#"{"task_id":"tsk_late"}"#;
    let absent = signed(&service, body);
    assert_eq!((absent.code(), absent.text()), (500, r#"{"error":"unusable account: see the log of the service"}"#));
    let line = service.logged("account not available");
    assert_eq!(field(&line, "account").unwrap(), "late");
    assert_eq!(field(&line, "cause").unwrap(), "unknown account: it is not enrolled");
    let late = folder.path().join("accounts/late.xml");
    fs::write(&late, "<Secret>GEZD").unwrap();
    assert_eq!(signed(&service, body).code(), 500);
    // It is there at once.
    fs::write(&late, secret_document()).unwrap();
    assert_eq!(signed(&service, body).code(), 200);
}

// contract 10.8b: the keys are read again.
#[cfg(unix)]
#[test]
fn a_new_key() {
    let folder = folder();
    let service = start(&folder);
    assert_eq!(signed(&service, "{}").code(), 200);
    fs::write(folder.path().join("second.key"), "").unwrap();
    service.signal(rustix::process::Signal::HUP);
    let line = service.logged("the old certificates and secrets stay");
    let cause = "cannot use the file of skyvern.api_key_file of section 2: it is empty";
    assert_eq!(field(&line, "cause").unwrap(), cause);
    assert_eq!(signed(&service, "{}").code(), 200);
    fs::write(folder.path().join("second.key"), "another").unwrap();
    service.signal(rustix::process::Signal::HUP);
    service.logged("certificates and secrets read again");
    assert_eq!(signed(&service, "{}").code(), 401);
}
