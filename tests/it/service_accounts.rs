//! Accounts and the tokens of their callers (contract 11.3, 11.4, 13.3), through the program.
#![cfg(feature = "serve")]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::common::service::{Response, Service, field, names};
use crate::common::{RFC_SECRET, secret_document, totp_adapter};
use data_encoding::{BASE64, BASE64URL_NOPAD};
use insta::assert_snapshot;
use sha2::{Digest, Sha256};
use tempfile::TempDir;

const SECRET: &str = "a secret of 22 characters and more: 100%+";

/// A folder with a configuration, accounts and two clients, of which one may call the operations.
fn folder(clients: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("accounts")).unwrap();
    fs::write(folder.path().join("client.secret"), format!("{SECRET}\n")).unwrap();
    let configuration = format!(
        "state = \"state.db\"\naccounts = \"accounts\"\n{clients}\n[[client]]\nid = \"workflow: 1\"\nsecret_file = \"client.secret\"\n\
         [[client]]\nid = \"other\"\nsecret_file = \"client.secret\"\n"
    );
    fs::write(folder.path().join("t.toml"), configuration).unwrap();
    folder
}

const FOR_ONE: &str = "[operations]\nclients = [\"workflow: 1\"]";

fn start(folder: &Path) -> Service {
    Service::start_in(folder, "--config t.toml")
}

fn password(document: &str, more: &[&str]) -> String {
    let ran = totp_adapter(["--operation", "GeneratePassword"].iter().chain(more)).stdin(document).run();
    ran.stdout().replace("<Password>", "").replace("</Password>", "").trim().to_owned()
}

/// A request with further headers.
fn request(service: &Service, path: &str, headers: &[(&str, &str)], body: &str) -> Response {
    let headers: Vec<String> = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    service.post_with(path, &headers.concat(), body)
}

// contract 11.3a, 11.3b, 11.3d: the three operations, with a secret that nobody sends.
#[test]
fn an_account_is_enrolled_and_verified() {
    let folder = folder("");
    let service = start(folder.path());
    let absent = service.post("/accounts/john.doe@example.org/GeneratePassword", "");
    assert_eq!((absent.code(), absent.header("X4-Status")), (404, Some("-1")));
    assert_eq!(absent.text(), "<Error description=\"unknown account: it is not enrolled\"/>\n");
    // It is there at once.
    fs::write(folder.path().join("accounts/john.doe@example.org.xml"), secret_document()).unwrap();
    let generated = service.post("/accounts/john.doe%40example.org/GeneratePassword", "");
    assert_eq!(generated.code(), 200);
    let now: u64 = generated.header("X4-Valid-Until").unwrap().parse().unwrap();
    assert_eq!(now % 30, 0);
    let right = generated.text().trim().to_owned();
    let verify = |document: &str| service.post("/accounts/john.doe@example.org/VerifyPassword", document);
    assert_eq!(verify(&right).code(), 200);
    assert_eq!(verify(&right).code(), 403);
    assert_eq!(verify(&format!("<TOTP>{right}</TOTP>")).code(), 403);
    // The same secret in a document is the same one.
    let totp = format!("<TOTP>{right}<Secret>{RFC_SECRET}</Secret></TOTP>");
    assert_eq!(service.post("/x4/VerifyPassword", &totp).code(), 403);
    service.logged("\"account\":\"john.doe@example.org\"");
    assert!(!service.log().concat().contains(RFC_SECRET));
    let wrong_structure = verify(&totp);
    assert_eq!((wrong_structure.code(), wrong_structure.header("X4-Status")), (403, Some("403")));
    service.logged("\"cause\":\"wrong structure\"");
}

// contract 11.3b: what the code of an account shows.
#[test]
fn the_code_of_an_account() {
    let folder = folder("");
    let service = start(folder.path());
    let account = |name: &str, document: &str| fs::write(folder.path().join("accounts").join(name), document).unwrap();
    account("plain.xml", &secret_document());
    account("uri.xml", &format!("<KeyURI>otpauth://totp/X4:me?secret={RFC_SECRET}&amp;digits=8</KeyURI>"));
    let drawn = |path: &str| {
        let response = service.post(path, "");
        assert_eq!((response.code(), response.header("Content-Type")), (200, Some("image/png")), "{path}");
        let file = folder.path().join("code.png");
        fs::write(&file, &response.body).unwrap();
        let ran = totp_adapter(["read-qr", "--format", "uri", "--input", file.to_str().unwrap()]).run();
        ran.stdout().trim().replace("<KeyURI>otpauth://totp/", "").replace("</KeyURI>", "").replace(RFC_SECRET, "…")
    };
    let said = [
        "/accounts/plain/GenerateAuthenticatorQRCode",
        "/accounts/plain/GenerateAuthenticatorQRCode?issuer=A+B&account=you",
        "/accounts/uri/GenerateAuthenticatorQRCode",
        "/accounts/uri/GenerateAuthenticatorQRCode?account=you",
    ]
    .map(drawn);
    assert_snapshot!(said.join("\n"), @"
    plain?secret=…
    A%20B:you?secret=…&amp;issuer=A%20B
    X4:me?secret=…&amp;issuer=X4&amp;digits=8
    X4:you?secret=…&amp;issuer=X4&amp;digits=8
    ");
    let svg = service.post("/accounts/plain/GenerateAuthenticatorQRCode?format=svg", "");
    assert_eq!(svg.header("Content-Type"), Some("image/svg+xml"));
}

// contract 11.3c: parameters come from the files alone.
#[test]
fn the_parameters_of_an_account() {
    let folder = folder("");
    let service = start(folder.path());
    let accounts = folder.path().join("accounts");
    fs::write(
        accounts.join("eight.xml"),
        format!("<KeyURI>otpauth://totp/me?secret={RFC_SECRET}&amp;digits=8&amp;period=60</KeyURI>"),
    )
    .unwrap();
    let generate = || service.post("/accounts/eight/GeneratePassword", "").text().trim().to_owned();
    let expected = |more: &[&str]| {
        // The step may end between the two.
        (0..3).any(|_| generate() == format!("<Password>{}</Password>", password(&secret_document(), more)))
    };
    assert!(expected(&["--digits", "8", "--period", "60"]));
    fs::write(accounts.join("eight.parameters.xml"), "<Parameters><digits>7</digits><skew>10</skew></Parameters>")
        .unwrap();
    assert!(expected(&["--digits", "7", "--period", "60"]));
    for query in ["digits=7", "skew=1", "algorithm=SHA1", "period=60", "issuer=a"] {
        let refused = service.post(&format!("/accounts/eight/GeneratePassword?{query}"), "");
        assert_eq!((refused.code(), refused.header("X4-Status")), (400, Some("-1")), "{query}");
        assert_eq!(
            service.post(&format!("/accounts/eight/VerifyPassword?{query}"), "<Password>1</Password>").code(),
            400
        );
    }
    assert_eq!(service.post("/accounts/eight/GenerateAuthenticatorQRCode?digits=7", "").code(), 400);
    // The skew is the configuration's, not that of the file.
    let old =
        totp_adapter(["--operation", "GeneratePassword", "--digits", "7", "--period", "60", "--now", &before(300)]);
    let old = old.stdin(secret_document()).run().stdout();
    assert_eq!(service.post("/accounts/eight/VerifyPassword", old).code(), 403);
}

fn before(seconds: u64) -> String {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    (now - seconds).to_string()
}

// contract 11.3b, 11.3e, 10.7c: what cannot be used, in the order of checks; the log says why.
#[test]
fn accounts_that_cannot_be_used() {
    let folder = folder("");
    let service = start(folder.path());
    let accounts = folder.path().join("accounts");
    fs::create_dir(accounts.join("folder.xml")).unwrap();
    fs::write(accounts.join("empty.xml"), "").unwrap();
    fs::write(accounts.join("totp.xml"), "<TOTP/>").unwrap();
    fs::write(accounts.join("large.xml"), " ".repeat(65537)).unwrap();
    fs::write(accounts.join("secret.xml"), "<Secret>nonsense!</Secret>").unwrap();
    fs::write(accounts.join("hotp.xml"), "<KeyURI>otpauth://hotp/me?secret=GEZDGNBV</KeyURI>").unwrap();
    fs::write(accounts.join("beside.xml"), secret_document()).unwrap();
    fs::write(accounts.join("beside.parameters.xml"), "<Parameters><digits>5</digits></Parameters>").unwrap();
    let mut names = vec!["folder", "empty", "totp", "large", "secret", "hotp", "beside"];
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("nowhere.xml", accounts.join("dangling.xml")).unwrap();
        assert!(Command::new("mkfifo").arg(accounts.join("pipe.xml")).status().unwrap().success());
        names.extend(["dangling", "pipe"]);
    }
    let answers: Vec<String> = names
        .into_iter()
        .map(|name| {
            // Wrong in every other way, too: the account is told first.
            let response = service.post(&format!("/accounts/{name}/GeneratePassword?digits=1"), "x");
            assert_eq!((response.code(), response.header("X4-Status")), (500, Some("-1")), "{name}");
            assert!(service.logged(&format!("\"account\":\"{name}\"")).contains("unusable account: "));
            format!("{name}: {}", response.text())
        })
        .collect();
    assert_snapshot!(answers.concat(), @r#"
    folder: <Error description="unusable account: not a regular file"/>
    empty: <Error description="unusable account: expected a Secret or KeyURI document"/>
    totp: <Error description="unusable account: expected a Secret or KeyURI document"/>
    large: <Error description="unusable account: expected a file of at most 65536 bytes"/>
    secret: <Error description="unusable account: unusable secret: expected Base32 (the letters A to Z, the digits 2 to 7), found another character at line 1, column 17"/>
    hotp: <Error description="unusable account: unusable key URI: the type is hotp, and codes that depend on a counter are not supported"/>
    beside: <Error description="unusable account: parameters: expected 6, 7 or 8 for digits at line 1, column 21"/>
    dangling: <Error description="unusable account: cannot read its file: no such file or directory"/>
    pipe: <Error description="unusable account: not a regular file"/>
    "#);
    fs::write(accounts.join("sound.xml"), secret_document()).unwrap();
    for body in ["x", "<Secret>GEZDGNBV</Secret>", &" ".repeat(100_000)] {
        for operation in ["GeneratePassword", "GenerateAuthenticatorQRCode"] {
            assert_eq!(service.post(&format!("/accounts/sound/{operation}"), body).code(), 422);
        }
    }
    for name in [".hidden", "beside.parameters", "a%2Fb", "..", "a%00", "%ff", "", &"x".repeat(129)] {
        let response = service.post(&format!("/accounts/{name}/GeneratePassword"), "");
        assert_eq!((response.code(), response.header("X4-Status")), (404, Some("-1")), "{name}");
    }
    assert_eq!(service.post("/accounts/sound/GenerateSecret", "").code(), 404);
    assert_eq!(service.get("/accounts/sound/GeneratePassword").code(), 405);
    // A link to a file is followed.
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("sound.xml", accounts.join("link.xml")).unwrap();
        assert_eq!(service.post("/accounts/link/GeneratePassword", "").code(), 200);
    }
    // Where the whole folder is gone, nobody is told that there was no such account.
    fs::rename(&accounts, folder.path().join("elsewhere")).unwrap();
    assert_eq!(service.post("/accounts/sound/GeneratePassword", "").code(), 500);
}

const FORM: (&str, &str) = ("Content-Type", "application/x-www-form-urlencoded");

fn token(service: &Service, headers: &[(&str, &str)], body: &str) -> Response {
    request(service, "/oauth2/token", headers, body)
}

fn form_encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02x}") })
        .collect()
}

fn basic(id: &str, secret: &str) -> String {
    format!("Basic {}", BASE64.encode(format!("{id}:{secret}").as_bytes()))
}

fn access_token(response: &Response) -> String {
    assert_eq!(response.code(), 200, "{}", response.text());
    let text = response.text().strip_prefix("{\"access_token\":\"").unwrap();
    let (token, rest) = text.split_once('"').unwrap();
    assert_eq!(rest, ",\"token_type\":\"Bearer\",\"expires_in\":3600}");
    assert_eq!(token.len(), 43);
    token.to_owned()
}

// contract 10.2c, 11.4, 13.3a, 13.3b: from credentials to an answer.
#[test]
fn a_client_gets_a_token_and_calls() {
    let folder = folder(FOR_ONE);
    let service = start(folder.path());
    let grant = "grant_type=client_credentials";
    let credentials =
        |id: &str| format!("{grant}&client_id={}&client_secret={}", form_encoded(id), form_encoded(SECRET));
    let in_form = access_token(&token(&service, &[FORM], &credentials("workflow: 1")));
    let form_with_charset = ("Content-Type", "Application/X-WWW-Form-Urlencoded; charset=utf-8");
    let encoded = basic(&form_encoded("workflow: 1"), &form_encoded(SECRET));
    let in_basic = access_token(&token(&service, &[form_with_charset, ("Authorization", &encoded)], grant));
    let raw = basic("other", SECRET);
    let of_other =
        access_token(&token(&service, &[FORM, ("Authorization", &raw)], &format!("{grant}&client_id=other&scope=")));
    assert!(in_form != in_basic && in_basic != of_other);
    let ask = |path: &str, authorization: &str| {
        let headers = [("Authorization", authorization)];
        let headers = if authorization.is_empty() { &[][..] } else { &headers[..] };
        request(&service, path, headers, "<Secret>GEZDGNBVGY3TQOJQ</Secret>")
    };
    for path in ["/x4/GenerateSecret", "/x4/GeneratePassword", "/accounts/nobody/GeneratePassword", "/read-qr"] {
        for right in [&in_form, &in_basic] {
            assert!([200, 404, 422].contains(&ask(path, &format!("bearer  {right}")).code()), "{path}");
        }
        let authenticate = |authorization: &str| {
            let response = ask(path, authorization);
            assert_eq!(response.header("X4-Status"), Some("-1"));
            (response.code(), response.header("Www-Authenticate").unwrap().to_owned())
        };
        assert_eq!(authenticate(""), (401, "Bearer".to_owned()));
        assert_eq!(authenticate(&raw), (401, "Bearer".to_owned()));
        assert_eq!(authenticate("Bearer nonsense"), (401, "Bearer error=\"invalid_token\"".to_owned()));
        assert_eq!(
            authenticate(&format!("Bearer {of_other}")),
            (403, "Bearer error=\"insufficient_scope\"".to_owned())
        );
    }
    // Of two, none is to be trusted.
    let bearer = format!("Bearer {in_form}");
    let response = request(&service, "/x4/GenerateSecret", &[("Authorization", bearer.as_str()); 2], "");
    let told = (response.code(), response.header("Www-Authenticate"));
    assert_eq!(told, (401, Some("Bearer error=\"invalid_token\"")));
    assert_eq!(service.get("/healthz").code(), 200);
    // A token outlives the service, and the state has nothing that could be used as one.
    drop(service);
    for name in ["state.db", "state.db-wal"] {
        let bytes = fs::read(folder.path().join(name)).unwrap();
        assert!(!bytes.windows(in_form.len()).any(|window| window == in_form.as_bytes()));
    }
    let service = start(folder.path());
    let headers = [("Authorization", &*format!("Bearer {in_form}"))];
    assert_eq!(request(&service, "/x4/GenerateSecret", &headers, "").code(), 200);
}

// contract 13.3b, 13.3d: what the state keeps of a token, how long it is valid, and where.
#[test]
fn what_is_kept_of_a_token() {
    let folder = folder(FOR_ONE);
    let (first, second) = (start(folder.path()), start(folder.path()));
    let now = || before(0).parse::<i64>().unwrap();
    let form = format!(
        "grant_type=client_credentials&client_id={}&client_secret={}",
        form_encoded("workflow: 1"),
        form_encoded(SECRET)
    );
    let begin = now();
    let tokens = [0; 20].map(|_| access_token(&token(&first, &[FORM], &form)));
    let end = now();
    let distinct: BTreeSet<Vec<u8>> =
        tokens.iter().map(|token| BASE64URL_NOPAD.decode(token.as_bytes()).unwrap()).collect();
    assert!(distinct.len() == 20 && distinct.iter().all(|bits| bits.len() == 32));
    // No byte is the same in all: each is random.
    assert!((0..32).all(|byte| distinct.iter().map(|bits| bits[byte]).collect::<BTreeSet<_>>().len() > 1));

    let database = rusqlite::Connection::open(folder.path().join("state.db")).unwrap();
    for token in &tokens {
        let hash = Sha256::digest(token.as_bytes());
        let mut statement = database.prepare("SELECT client, expires FROM token WHERE hash = ?1").unwrap();
        let row = |row: &rusqlite::Row<'_>| Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?));
        let (client, expires) = statement.query_row([&hash[..]], row).unwrap();
        assert_eq!(client, "workflow: 1");
        assert!((begin + 3660..=end + 3660).contains(&expires), "{expires}");
    }
    let call = |service: &Service, token: &str| {
        request(service, "/x4/GenerateSecret", &[("Authorization", &format!("Bearer {token}"))], "").code()
    };
    assert_eq!((call(&first, &tokens[0]), call(&second, &tokens[0])), (200, 200));
    // One that has a moment left, and one that has ended; nobody has asked for either yet.
    let end_at = |token: &str, seconds: i64| {
        let hash = Sha256::digest(token.as_bytes());
        let values = rusqlite::params![seconds, &hash[..]];
        assert_eq!(database.execute("UPDATE token SET expires = ?1 WHERE hash = ?2", values).unwrap(), 1);
    };
    end_at(&tokens[1], now() + 600);
    end_at(&tokens[2], now());
    assert_eq!((call(&first, &tokens[1]), call(&first, &tokens[2]), call(&second, &tokens[2])), (200, 401, 401));
}

// contract 11.1c, 13.3f, 15.4d: where the state is away, nobody knows whose a token is, and there are no new ones.
#[cfg(unix)]
#[test]
fn tokens_while_the_state_is_away() {
    let folder = folder(FOR_ONE);
    let service = start(folder.path());
    let basic = basic(&form_encoded("workflow: 1"), &form_encoded(SECRET));
    let credentials = [FORM, ("Authorization", &*basic)];
    let issued = access_token(&token(&service, &credentials, "grant_type=client_credentials"));
    let place = |name: &str| folder.path().join(name);
    fs::rename(place("state.db"), place("elsewhere.db")).unwrap();
    let bearer = format!("Bearer {issued}");
    let call = || request(&service, "/x4/GenerateSecret", &[("Authorization", &bearer)], "");
    let refused = call();
    let told = (refused.code(), refused.header("X4-Status"), refused.header("Retry-After"));
    assert_eq!(told, (503, Some("-1"), Some("1")));
    let none = token(&service, &credentials, "grant_type=client_credentials");
    assert_eq!((none.code(), none.text()), (503, "{\"error\":\"temporarily_unavailable\"}"));
    assert_eq!(none.header("Retry-After"), Some("1"));
    service.logged("state not available");
    fs::rename(place("elsewhere.db"), place("state.db")).unwrap();
    assert_eq!(call().code(), 200);
}

// contract 10.5c: an account is in the log once it is known to be one.
#[test]
fn the_log_of_an_account() {
    let folder = folder("");
    fs::write(folder.path().join("accounts/john.xml"), secret_document()).unwrap();
    fs::write(folder.path().join("accounts/broken.xml"), "").unwrap();
    let service = start(folder.path());
    for (name, account, more) in [
        ("john", Some("john"), &["http_status", "status", "milliseconds"][..]),
        ("broken", Some("broken"), &["http_status", "status", "cause", "milliseconds"]),
        (RFC_SECRET, None, &["http_status", "status", "cause", "milliseconds"]),
        (".parameters", None, &["http_status", "status", "cause", "milliseconds"]),
    ] {
        let response = service.post(&format!("/accounts/{name}/GeneratePassword"), "");
        let line = service.logged(response.header("X-Request-Id").unwrap());
        let mut expected = vec!["timestamp", "level", "request_id", "method", "route"];
        expected.extend(account.map(|_| "account"));
        expected.extend(more);
        assert_eq!(names(&line), expected, "{line}");
        assert_eq!(field(&line, "account").as_deref(), account);
        assert_eq!(field(&line, "route").as_deref(), Some("/accounts/{name}/GeneratePassword"));
    }
    assert!(!service.log().concat().contains(RFC_SECRET));
}

// contract 13.3c, 10.7c: every error of RFC 6749, section 5.2, and their order.
#[test]
fn what_gets_no_token() {
    let folder = folder(FOR_ONE);
    let service = start(folder.path());
    let right = format!("client_id=other&client_secret={}", form_encoded(SECRET));
    let grant = "grant_type=client_credentials";
    let basic_right = basic("other", SECRET);
    let basic_wrong = basic("other", "wr0ng");
    let json = ("Content-Type", "application/json");
    let refused = |headers: &[(&str, &str)], body: &str| {
        let response = token(&service, headers, body);
        assert_eq!(response.header("Content-Type"), Some("application/json"));
        assert_eq!(response.header("Cache-Control"), Some("no-store"));
        assert_eq!(response.header("X4-Status"), None);
        assert!(!response.text().contains("wr0ng"));
        let authenticate = response.header("Www-Authenticate").unwrap_or("-");
        format!("{} {} {authenticate}", response.code(), response.text())
    };
    let both = format!("{grant}&{right}");
    let twice = format!("{grant}&{both}");
    let said = [
        ("another type", refused(&[json], "{}")),
        ("no type", refused(&[], &both)),
        ("nothing", refused(&[FORM], "")),
        ("no grant", refused(&[FORM], &right)),
        ("no client", refused(&[FORM], grant)),
        (
            "wrong client before wrong grant",
            refused(&[FORM], "client_id=other&client_secret=wr0ng&grant_type=password"),
        ),
        (
            "unknown client",
            refused(&[FORM], &format!("{grant}&client_id=nobody&client_secret={}", form_encoded(SECRET))),
        ),
        ("another grant", refused(&[FORM], &format!("grant_type=password&{right}"))),
        ("a scope", refused(&[FORM], &format!("{both}&scope=all"))),
        ("repeated", refused(&[FORM], &twice)),
        ("repeated, of no meaning", refused(&[FORM], &format!("{both}&x=1&x=1"))),
        ("broken escape", refused(&[FORM], &format!("{both}&scope=%zz"))),
        ("not UTF-8", refused(&[FORM, ("Authorization", &basic_right)], &format!("{grant}&client_id=%ff"))),
        ("basic", refused(&[FORM, ("Authorization", &basic_wrong)], grant)),
        ("no Base64", refused(&[FORM, ("Authorization", "Basic ???")], grant)),
        ("no colon", refused(&[FORM, ("Authorization", "Basic b3RoZXI=")], grant)),
        ("another scheme", refused(&[FORM, ("Authorization", "Bearer x")], grant)),
        ("both", refused(&[FORM, ("Authorization", &basic_right)], &both)),
        ("two headers", refused(&[FORM, ("Authorization", &basic_right), ("Authorization", &basic_right)], grant)),
        ("too large", refused(&[FORM], &format!("client_id=nobody&x={}", "x".repeat(9000)))),
        ("encoded", refused(&[FORM, ("Content-Encoding", "gzip")], &both)),
    ]
    .map(|(what, said)| format!("{what}: {said}\n"));
    assert_snapshot!(said.concat(), @r#"
    another type: 400 {"error":"invalid_request"} -
    no type: 400 {"error":"invalid_request"} -
    nothing: 401 {"error":"invalid_client"} -
    no grant: 400 {"error":"invalid_request"} -
    no client: 401 {"error":"invalid_client"} -
    wrong client before wrong grant: 401 {"error":"invalid_client"} -
    unknown client: 401 {"error":"invalid_client"} -
    another grant: 400 {"error":"unsupported_grant_type"} -
    a scope: 400 {"error":"invalid_scope"} -
    repeated: 400 {"error":"invalid_request"} -
    repeated, of no meaning: 400 {"error":"invalid_request"} -
    broken escape: 400 {"error":"invalid_request"} -
    not UTF-8: 400 {"error":"invalid_request"} -
    basic: 401 {"error":"invalid_client"} Basic realm="totp-adapter"
    no Base64: 401 {"error":"invalid_client"} Basic realm="totp-adapter"
    no colon: 401 {"error":"invalid_client"} Basic realm="totp-adapter"
    another scheme: 401 {"error":"invalid_client"} Basic realm="totp-adapter"
    both: 400 {"error":"invalid_request"} -
    two headers: 400 {"error":"invalid_request"} -
    too large: 413 {"error":"too large: expected a body of at most 8192 bytes"} -
    encoded: 415 {"error":"wrong encoding: expected no Content-Encoding but identity"} -
    "#);
    let get = service.get("/oauth2/token");
    assert_eq!((get.code(), get.header("Allow")), (405, Some("POST")));
    assert!(!service.log().concat().contains("wr0ng"));
    // Nobody gets a token where there are no clients.
    assert_eq!(Service::start("").post("/oauth2/token", grant).code(), 404);
}
