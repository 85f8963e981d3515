//! How the service begins (contract 10.1, 10.2, 10.5, 10.6): where, with which state, and with nothing that nobody asked for.
#![cfg(feature = "serve")]

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};

use crate::common::service::{Caller, DEADLINE, Service, field, wait_for};
use crate::common::{Folder, Ran, free_port, secret_document, totp_adapter};
use serde_json::Value;

fn serve(folder: &Folder, arguments: &str) -> Ran {
    totp_adapter(["serve"].into_iter().chain(arguments.split_whitespace())).folder(folder.path()).run()
}

// contract 10.1a, 10.1d: whoever has the usual address, it is in use; so the program names it.
#[test]
fn the_usual_address() {
    let _taken = TcpListener::bind("127.0.0.1:6238");
    let ran = serve(&Folder::empty(), "--state state.db");
    let expected = "totp-adapter: cannot listen on 127.0.0.1:6238: address already in use\n";
    assert_eq!((ran.code(), ran.stdout().as_str(), ran.stderr().as_str()), (2, "", expected));
}

// contract 10.1d: a state that cannot be opened, in one line and before anything is logged.
#[test]
fn a_state_that_cannot_be_opened() {
    let folder = Folder::empty();
    folder.write("text", "no state");
    for (state, words) in [
        ("text", "totp-adapter: state not available: it is not a state of this program"),
        ("missing/state.db", "--state: cannot use the folder of the state: no such file or directory"),
    ] {
        let ran = serve(&folder, &format!("--listen 127.0.0.1:0 --state {state}"));
        let expected = format!("{words}\n");
        assert_eq!((ran.code(), ran.stdout(), ran.stderr()), (2, String::new(), expected));
    }
    let nowhere = serve(&folder, "--listen 127.0.0.1:0");
    assert_eq!(nowhere.code(), 2);
    assert!(nowhere.stderr().starts_with("totp-adapter: no place for the state: expected "), "{nowhere}");
    assert_eq!(nowhere.stderr().lines().count(), 1);
    assert_eq!(folder.read("text"), "no state");
    assert_eq!(folder.names(), ["text"]);
}

// contract 10.1c: where the state is by the environment, and who may look into the folders that are made for it.
#[cfg(unix)]
#[test]
fn the_usual_state() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::empty();
    let variables = [
        ("HOME", "home", ".local/state/totp-adapter", vec!["", ".local", ".local/state", ".local/state/totp-adapter"]),
        ("XDG_STATE_HOME", "xdg", "totp-adapter", vec!["", "totp-adapter"]),
        ("STATE_DIRECTORY", "system", "", vec![""]),
    ];
    // Each wins over those before it.
    for count in 1..=variables.len() {
        let mut command = totp_adapter(["serve", "--listen", "127.0.0.1:0"]).folder(folder.path()).command();
        for (name, value, _, _) in &variables[..count] {
            command.env(name, folder.path().join(value));
        }
        let _service = Service::of(command);
        let (_, root, below, folders) = &variables[count - 1];
        let root = folder.path().join(root);
        assert!(root.join(below).join("state.db").is_file(), "{}", root.display());
        for folder in folders {
            let mode = fs::metadata(root.join(folder)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o700, "{folder}");
        }
        assert_eq!(folder.names().len(), count);
    }
}

/// A configuration with everything that can be asked for, but for certificates.
const WHOLE: &str = "state = \"state.db\"\naccounts = \"accounts\"\nmetrics_listen = \"127.0.0.1:0\"\n\
    [[client]]\nid = \"a\"\nsecret_file = \"secret\"\n";

fn whole(folder: &Folder) {
    folder.write("etc/t.toml", WHOLE);
    folder.write("etc/secret", "a-secret-of-more-than-22-characters");
    folder.write("etc/accounts/me.xml", secret_document());
}

// contract 10.2b: what is named in the file is found beside it, and the state is made there.
#[test]
fn names_are_relative_to_the_file() {
    let folder = Folder::empty();
    whole(&folder);
    let service = Service::start_in(folder.path(), "--config etc/t.toml");
    assert_eq!(service.post("/accounts/me/GeneratePassword", "").code(), 200);
    assert!(folder.path().join("etc/state.db").is_file());
    assert_eq!(folder.names(), ["etc"]);
    // On the command line a name is relative to where the program starts.
    let _other = Service::start_in(folder.path(), "--config etc/t.toml --state other.db");
    assert!(folder.path().join("other.db").is_file());
}

/// The paths that a service describes, each with its method.
fn described(service: &Service) -> BTreeSet<String> {
    let response = service.get("/openapi.json");
    assert_eq!(response.code(), 200);
    let document: Value = serde_json::from_slice(&response.body).unwrap();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1."));
    let paths = document["paths"].as_object().unwrap();
    let methods = ["get", "post"];
    let of_path = |(path, item): (&String, &Value)| {
        methods.iter().filter(|method| !item[**method].is_null()).map(|method| format!("{method} {path}")).collect()
    };
    paths.iter().flat_map::<Vec<String>, _>(of_path).collect()
}

const ALWAYS: [&str; 4] = ["get /", "get /healthz", "get /openapi.json", "get /readyz"];
const OPERATIONS: [&str; 5] = [
    "post /read-qr",
    "post /x4/GenerateAuthenticatorQRCode",
    "post /x4/GeneratePassword",
    "post /x4/GenerateSecret",
    "post /x4/VerifyPassword",
];
const METRICS: [&str; 1] = ["get /metrics"];
const ACCOUNTS: [&str; 3] = [
    "post /accounts/{name}/GenerateAuthenticatorQRCode",
    "post /accounts/{name}/GeneratePassword",
    "post /accounts/{name}/VerifyPassword",
];
const TOKENS: [&str; 1] = ["post /oauth2/token"];

/// Whether a path is served.
fn is_served(service: &Service, path: &str) -> bool {
    let (method, path) = path.split_once(' ').unwrap();
    let path = path.replace("{name}", "me");
    let response = if method == "get" { service.get(&path) } else { service.post(&path, "") };
    ![404, 405].contains(&response.code())
}

// contract 10.2d, 10.4c, 10.6c: with an empty configuration the operations are served; with more, more; and it is described.
#[test]
fn what_nobody_asks_for_is_off() {
    let usual = Service::start("");
    let serves = |service: &Service| field(&service.logged("\"serves\":"), "serves").unwrap();
    assert_eq!(serves(&usual), "operations, health, metrics");
    assert_eq!(usual.log().iter().filter(|line| line.contains("\"serves\":")).count(), 1);
    let folder = Folder::empty();
    whole(&folder);
    let all = Service::start_in(folder.path(), "--config etc/t.toml");
    let folder = Folder::empty();
    whole(&folder);
    // Nobody may call the operations, which are no mistake on any address then.
    folder.write("etc/t.toml", format!("{WHOLE}[operations]\nclients = []\n"));
    let closed = Service::start_in(folder.path(), "--config etc/t.toml --listen 0.0.0.0:0");
    assert_eq!((serves(&all).as_str(), serves(&closed).as_str()), ("operations, health", "health"));
    let of = |groups: &[&[&str]]| groups.concat().into_iter().map(str::to_owned).collect::<BTreeSet<_>>();
    for (service, on, off) in [
        (&usual, of(&[&ALWAYS, &OPERATIONS, &METRICS]), of(&[&ACCOUNTS, &TOKENS])),
        // The metrics are on an address of their own.
        (&all, of(&[&ALWAYS, &OPERATIONS, &ACCOUNTS, &TOKENS]), of(&[&METRICS])),
        (&closed, of(&[&ALWAYS, &TOKENS]), of(&[&OPERATIONS, &ACCOUNTS, &METRICS])),
    ] {
        assert_eq!(&described(service) - &of(&[&METRICS]), &on - &of(&[&METRICS]));
        assert!(on.iter().all(|path| is_served(service, path)), "{on:?}");
        assert!(!off.iter().any(|path| is_served(service, path)), "{off:?}");
    }
    // No account was made, and nobody but the state has a file.
    assert_eq!(folder.names_in("etc/accounts"), ["me.xml"]);
}

// contract 10.4a, 10.6b: metrics are for this machine, unless they have an address.
#[test]
fn metrics_are_not_for_everybody() {
    let service = Service::configured("[operations]\nopen = true", "--listen 0.0.0.0:0");
    let addresses = field(&service.logged("\"listening\""), "address").unwrap();
    let port = addresses.rsplit(':').next().unwrap();
    let code = |path: &str| {
        let mut caller = Caller::over(TcpStream::connect(format!("127.0.0.1:{port}")).unwrap());
        caller.stream.set_read_timeout(Some(DEADLINE)).unwrap();
        caller.send(format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n"));
        caller.response().code()
    };
    assert_eq!((code("/healthz"), code("/metrics")), (200, 404));
    assert_eq!(service.get("/metrics").code(), 200);
}

/// The levels of what is logged by a service that warns of a file and meets an account that it cannot use.
#[cfg(unix)]
fn levels(folder: &Path, level: &str) -> BTreeSet<String> {
    let address = format!("127.0.0.1:{}", free_port());
    let arguments = ["serve", "--config", "t.toml", "--log-level", level, "--listen", &address];
    let mut command = totp_adapter(arguments).folder(folder).command();
    let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
    let mut caller = Caller::over(wait_for("the service", || TcpStream::connect(&address).ok()));
    caller.send(crate::common::service::post("/accounts/broken/GeneratePassword", ""));
    assert_eq!(caller.response().code(), 500);
    caller.send("GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    assert_eq!(caller.response().code(), 200);
    child.kill().unwrap();
    let mut log = String::new();
    child.stderr.take().unwrap().read_to_string(&mut log).unwrap();
    child.wait().unwrap();
    log.lines().map(|line| field(line, "level").unwrap()).collect()
}

// contract 10.5a: each level and what is more important.
#[cfg(unix)]
#[test]
fn levels_of_the_log() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::empty();
    folder.write("t.toml", WHOLE);
    folder.write("secret", "a-secret-of-more-than-22-characters");
    folder.write("accounts/broken.xml", "");
    fs::set_permissions(folder.path().join("secret"), fs::Permissions::from_mode(0o644)).unwrap();
    let all = ["ERROR", "WARN", "INFO"];
    for (level, count) in [("error", 1), ("warn", 2), ("info", 3), ("debug", 3)] {
        let expected: BTreeSet<String> = all[..count].iter().map(ToString::to_string).collect();
        assert_eq!(levels(folder.path(), level), expected, "{level}");
    }
}

/// The first line of a log on a terminal.
#[cfg(unix)]
fn on_terminal(mut command: Command) -> String {
    let (user, program) = crate::common::terminal::terminal(200);
    let mut child = command.stdin(Stdio::null()).stderr(program).spawn().unwrap();
    drop(command);
    let mut line = String::new();
    BufReader::new(fs::File::from(user)).read_line(&mut line).unwrap();
    child.kill().and_then(|()| child.wait()).unwrap();
    line
}

// contract 10.5a: text on a terminal, unless somebody asks for JSON.
#[cfg(unix)]
#[test]
fn the_log_on_a_terminal() {
    let folder = Folder::empty();
    let serve = |more: &str| {
        let arguments = format!("serve --listen 127.0.0.1:0 --state state.db {more}");
        on_terminal(totp_adapter(arguments.split_whitespace()).folder(folder.path()).command())
    };
    for more in ["", "--log-format text"] {
        let line = serve(more);
        assert!(line.contains(" INFO totp-adapter version=") && !line.contains(['{', '\u{1b}']), "{line}");
    }
    let line = serve("--log-format json");
    assert_eq!(field(&line, "message").as_deref(), Some("totp-adapter"), "{line}");
}
