//! The configuration of `serve` as an operator meets it: every mistake with its line, and what a sound one says.
#![cfg(feature = "serve")]

use std::fmt::Write;
use std::fs;
use std::path::Path;

use crate::common::recorder::{Action, Recorder};
use crate::common::service::Service;
use crate::common::{Folder, Ran, project, secret_document, totp_adapter};
use data_encoding::HEXLOWER;
use insta::{assert_debug_snapshot, assert_snapshot};
use proptest::prelude::*;
use proptest::sample::select;
use totp_adapter::service::config::{self, Configuration, DeliveryKind, MfaLimits, Mistake, Overrides, Warning};
use totp_adapter::service::delivery::{Channel, Confidential, Message};

/// A secret of the least length.
const SECRET: &str = "0123456789abcdefghijkl";
/// Its SHA-256, by coreutils.
const SECRET_SHA256: &str = "26594ba2c73ebc172047f2305663bc2c5e6ff60a88182eef43e353f48fc95b94";

/// A folder with everything that the configurations of these tests name.
fn prepared() -> Folder {
    let folder = Folder::empty();
    for name in ["server.pem", "server.key", "other.key", "encrypted.key", "encrypted-pkcs8.key"] {
        folder.write(name, fs::read(project().join("fixtures/configuration").join(name)).unwrap());
    }
    fs::create_dir(folder.path().join("inbox")).unwrap();
    folder.write("accounts/alice.xml", "<Secret>GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ</Secret>");
    folder.write("secret", format!("{SECRET}\n"));
    folder.write("short", &SECRET[1..]);
    folder.write("lines", format!("{SECRET}\n{SECRET}\n"));
    folder.write("mark", format!("\u{feff}{SECRET}"));
    folder.write("latin-1", b"0123456789abcdefghijk\xe4");
    folder.write("empty", "");
    folder.write("line-end", "\n");
    folder.write("large", "x".repeat(4097));
    folder.write("broken.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
    folder.write("authentication", authentication("http://auth.example/token"));
    folder.write("method", method("https://gateway.example/hook", "https://auth.example/token"));
    folder.write("type", r#"{"type":"hunter2","version":"v1","data":{}}"#);
    folder.write("version", r#"{"type":"OAuth2","version":"hunter2","data":{}}"#);
    folder.write("send", "#!/bin/sh\npwd >&2\n");
    folder.write("31-bytes", &SECRET.repeat(2)[..31]);
    folder.write("33-bytes", &SECRET.repeat(2)[..33]);
    for name in folder.names() {
        restrict(&folder, &name, 0o600);
    }
    restrict(&folder, "accounts/alice.xml", 0o600);
    restrict(&folder, "send", 0o700);
    folder
}

/// Verity's authentication v1 with a token server.
fn authentication(url: &str) -> String {
    format!(
        r#"{{"type":"OAuth2","version":"v1","data":{{"url":"{url}","grant_type":"client_credentials","client_id":"me","client_secret":"{SECRET}"}}}}"#
    )
}

/// Verity's message about a webhook.
fn method(url: &str, token_url: &str) -> String {
    format!(r#"{{"comMethod":{{"type":2,"value":"{url}","authentication":{}}}}}"#, authentication(token_url))
}

#[cfg(unix)]
fn restrict(folder: &Folder, name: &str, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    let file = folder.path().join(name);
    if file.is_file() {
        fs::set_permissions(file, fs::Permissions::from_mode(mode)).unwrap();
    }
}

#[cfg(not(unix))]
fn restrict(_folder: &Folder, _name: &str, _mode: u32) {}

fn serve(folder: &Folder, arguments: &str) -> Ran {
    totp_adapter(["serve"].into_iter().chain(arguments.split_whitespace())).folder(folder.path()).run()
}

/// Checks a configuration in a folder.
fn check(folder: &Folder, text: impl AsRef<[u8]>) -> Ran {
    folder.write("totp-adapter.toml", text);
    serve(folder, "--config totp-adapter.toml --check")
}

/// What is wrong with configurations: each after its lines.
fn mistakes<'a>(texts: impl IntoIterator<Item = &'a str>) -> String {
    let folder = prepared();
    let mut shown = String::new();
    for text in texts {
        let ran = check(&folder, text);
        assert_eq!((ran.stdout().as_str(), ran.code()), ("", 2), "{text}\n{ran}");
        let lines = text.trim_end_matches('\n');
        writeln!(shown, "{lines}\n! {}\n", ran.stderr().trim_end().replace('\n', "\n! ")).unwrap();
    }
    shown
}

fn read(folder: &Path, text: &str) -> Result<(Configuration, Vec<Warning>), Vec<Mistake>> {
    config::read(text, folder, &Overrides::default())
}

// contract 10.3b, 10.3c, 15.1h: types, ranges, addresses and names.
#[test]
fn values_out_of_range() {
    let shown = mistakes([
        "listen = 6238",
        "listen = ''",
        "listen = []",
        "listen = 'localhost:6238'",
        "listen = '127.0.0.1'",
        "listen = '127.0.0.1:65536'",
        "listen = ['127.0.0.1:1', 2,\n  '::1:3']",
        "host_names = 'totp.example'",
        "host_names = ['totp.example:6238', '', 'a..b', 'https://totp.example', 5]",
        "state = ''",
        "state = 5",
        "state = 'sqlite:'",
        "state = 'sqlite://state.db'",
        "state = 'sqlite:///var/lib/state.db'",
        "state = 'accounts'",
        "state = 'postgres://totp:hunter2@db.example/totp'",
        "state = 'postgres://db.example/totp?user=totp&password=hunter2'",
        "metrics_listen = ['127.0.0.1:9238']",
        "metrics_listen = '127.0.0.1'",
        "accounts = 5",
        "accounts = ''",
        "accounts = \"a\\u0000b\"",
        "limits = 5",
        "[[limits]]\nconnections = 5",
        "[limits]\nrequest_seconds = 0",
        "[limits]\nrequest_seconds = 3601\nconnections = 0",
        "[limits]\nrequest_seconds = 1.5\nconnections = 65537",
        "[limits]\nrequest_seconds = '30'\nconnections = -1",
        "[limits]\nconnections = 99999999999999999999999999999999999999999999999",
        "[verification]\nskew = 11",
        "[verification]\nskew = -1\none_time = 'no'\nattempts = 101\nlock_after = 1001",
        "[verification]\none_time = 0\nattempts = true\nlock_after = 1979-05-27",
    ]);
    assert_snapshot!("values", shown);
}

// contract 10.3b, 10.3c: unknown keys with the nearest one, repeated keys, and what is not TOML. None is repeated.
#[test]
fn unknown_and_repeated_keys() {
    let shown = mistakes([
        "lissen = 'x'",
        "LISTEN = 'x'",
        "host-names = []",
        "GEZDGNBVGY3TQOJQ = 'x'",
        "'GEZD GNBV' = 5",
        "attempts = 5",
        "[limits]\nlisten = 'x'",
        "[limits]\nrequest_second = 5\nconection = 5",
        "[limit]\nconnections = 5",
        "[mfas]\nproject = 'x'",
        "project = 'x'\n[delivery]\nname = 'a'",
        "[[delivery]]\nauthenticaton_file = 5\n[mfa]\nsend = 5\nurl = 'x'",
        "[limits.more]\nx = 5",
        "limits.conections = 5",
        "[[client]]\nid = 'a'\nsecret = 'hunter2'",
        "listen = '127.0.0.1:1'\nlisten = '127.0.0.1:2'",
        "listen = '127.0.0.1:1'\n'listen' = '127.0.0.1:2'",
        "GEZDGNBVGY3TQOJQ = 1\nGEZDGNBVGY3TQOJQ = 2",
        "[limits]\n[limits]",
        "[client]\nid = 'a'",
        "limits = 5\n[limits]\nconnections = 5",
        "listen = '127.0.0.1:1'\n[listen.more]\nx = 5",
        "client = [5]",
    ]);
    assert_snapshot!("keys", shown);
}

// contract 10.3a, 10.3b: several syntax errors in one pass, and what can be read in spite of them.
#[test]
fn what_is_not_toml() {
    let shown = mistakes([
        "listen",
        "listen = ",
        "listen = localhost",
        "listen = 'x",
        "listen = \"\"\"x",
        "listen = ['127.0.0.1:1' '127.0.0.1:2']",
        "listen = ['127.0.0.1:1',",
        "accounts = \"C:\\Users\\x\"",
        "[limits\nconnections = 0",
        "= 5",
        "[]\nx = 5",
        "listen = hunter2\n[limits]\nconnections = 0\nrequest_seconds = = 5\n[verification]\nskew = 11",
        "[[client]]\nid = 'a'\nsecret_file =",
        "\u{0}",
        "listen = '127.0.0.1:1'\rstate = 'x'",
    ]);
    assert_snapshot!("toml", shown);
}

// contract 10.3b, 10.4a, 10.4b: clients, names that refer to nothing, and addresses beyond this machine.
#[test]
fn clients_and_who_may_call() {
    let hash = format!("secret_sha256 = '{SECRET_SHA256}'");
    let long = format!("[[client]]\nid = '{}'\n{hash}", "x".repeat(256));
    let twice = format!("[[client]]\nid = 'a'\n{hash}\n[[client]]\nid = 'a'\n{hash}");
    let no_id = format!("[[client]]\n{hash}");
    let ids = format!("[[client]]\nid = \"a\\n\"\n{hash}\n[[client]]\nid = 'ä'\n{hash}\n[[client]]\nid = ''\n{hash}");
    let both = format!("[[client]]\nid = 'a'\nsecret_file = 'secret'\n{hash}");
    let repeated = format!("[operations]\nclients = ['a', 'a']\n[[client]]\nid = 'a'\n{hash}");
    let open = format!("[operations]\nopen = true\nclients = ['a']\n[[client]]\nid = 'a'\n{hash}");
    let shown = mistakes([
        "[[client]]",
        &no_id,
        "[[client]]\nid = 'a'",
        &both,
        &long,
        &ids,
        &twice,
        "[[client]]\nid = 'a'\nsecret_sha256 = 'hunter2'",
        "[[client]]\nid = 'a'\nsecret_sha256 = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'",
        "[[client]]\nid = 'a'\nsecret_sha256 = '01ba4719c80b6fe911b091a7c05124b64eeece964e09c058ef8f9805daca546b'",
        "[[client]]\nid = 'a'\nsecret_sha256 = '26594ba2c73ebc172047f2305663bc2c5e6ff60a88182eef43e353f48fc95b9x'",
        "[[client]]\nid = 'a'\nsecret_sha256 = '26594ba2c73ebc172047f2305663bc2c5e6ff60a88182eef43e353f48fc95b9400'",
        "[[client]]\nid = 'a'\nsecret_file = 'missing'",
        "[[client]]\nid = 'a'\nsecret_file = 'short'",
        "[[client]]\nid = 'a'\nsecret_file = 'empty'",
        "[[client]]\nid = 'a'\nsecret_file = 'line-end'",
        "[[client]]\nid = 'a'\nsecret_file = 'lines'",
        "[[client]]\nid = 'a'\nsecret_file = 'mark'",
        "[[client]]\nid = 'a'\nsecret_file = 'latin-1'",
        "[[client]]\nid = 'a'\nsecret_file = 'large'",
        "[[client]]\nid = 'a'\nsecret_file = 'accounts'",
        "[operations]\nclients = 'a'",
        "[operations]\nclients = ['a', 5]",
        "[operations]\nopen = 'yes'",
        &open,
        &repeated,
        "listen = '0.0.0.0:6238'",
        "listen = ['127.0.0.1:1', '[::]:2', '[::1]:3', '192.0.2.1:4', '[::ffff:127.0.0.1]:5']",
        "listen = '0.0.0.0:6238'\n[operations]\nopen = false",
    ]);
    assert_snapshot!("clients", shown);
}

// contract 10.3b: files and folders, certificates, listeners; `state_password_file` belongs to PostgreSQL.
#[test]
fn files_and_listeners() {
    let shown = mistakes([
        "accounts = 'missing'",
        "accounts = 'secret'",
        "state = 'missing/state.db'",
        "state = 'secret/state.db'",
        "state_password_file = 'secret'",
        "state = 'sqlite:state.db'\nstate_password_file = 'secret'",
        "state = 'postgres://totp@db.example/totp'\nstate_password_file = 'missing'",
        "state = 'postgres://totp@db.example/totp'\nstate_password_file = 'empty'",
        "[tls]",
        "[tls]\ncertificate_file = 'server.pem'",
        "[tls]\nkey_file = 'server.key'",
        "[tls]\ncertificate_file = 'missing'\nkey_file = 'missing'",
        "[tls]\ncertificate_file = 'empty'\nkey_file = 'empty'",
        "[tls]\ncertificate_file = 'accounts'\nkey_file = 5",
        "[tls]\ncertificate_file = 'server.key'\nkey_file = 'server.pem'",
        "[tls]\ncertificate_file = 'server.pem'\nkey_file = 'other.key'",
        "[tls]\ncertificate_file = 'server.pem'\nkey_file = 'encrypted.key'",
        "[tls]\ncertificate_file = 'server.pem'\nkey_file = 'encrypted-pkcs8.key'",
        "[tls]\ncertificate_file = 'broken.pem'\nkey_file = 'server.key'",
        "listen = ['127.0.0.1:1', '127.0.0.1:1']",
        "listen = ['127.0.0.1:1', '0.0.0.0:1']\n[operations]\nopen = true",
        "listen = ['127.0.0.1:1', '[::ffff:127.0.0.1]:1']",
        "listen = '127.0.0.1:1'\nmetrics_listen = '127.0.0.1:1'",
        "metrics_listen = '127.0.0.1:6238'",
        "metrics_listen = '0.0.0.0:6238'",
    ]);
    assert_snapshot!("files", shown);
}

// contract 10.3a: all mistakes, in the order of the lines, whatever finds them.
#[test]
fn all_mistakes_at_once() {
    assert_snapshot!(mistakes(["\
accounts = 'missing'
listen = ['0.0.0.0:1', 'x']
[operations]
clients = ['nobody']
[[client]]
id = 'a'
[limits]
conections = 0
connections = 0
connections = 1
[tls]
key_file = 'missing'
[verification]
skew = eleven
attempts = 1000"]), @"
    accounts = 'missing'
    listen = ['0.0.0.0:1', 'x']
    [operations]
    clients = ['nobody']
    [[client]]
    id = 'a'
    [limits]
    conections = 0
    connections = 0
    connections = 1
    [tls]
    key_file = 'missing'
    [verification]
    skew = eleven
    attempts = 1000
    ! totp-adapter.toml:1: cannot use the folder of accounts: no such file or directory
    ! totp-adapter.toml:2: expected an address and a port such as 127.0.0.1:6238 or [::1]:6238 for listen
    ! totp-adapter.toml:8: unknown key; did you mean connections?
    ! totp-adapter.toml:9: expected a whole number of connections from 1 to 65536 for limits.connections
    ! totp-adapter.toml:10: repeated key: expected connections once
    ! totp-adapter.toml:12: cannot use the file of tls.key_file: no such file or directory
    ! totp-adapter.toml:14: expected quotes around a text
    ! totp-adapter.toml:15: expected a whole number of attempts from 0 (no limit) to 100 for verification.attempts
    ");
}

// contract 10.3a, 10.3b: whatever the file is, one clear sentence.
#[test]
fn files_that_are_no_configuration() {
    let folder = prepared();
    let utf_16 = |mark: [u8; 2]| [&mark[..], b"#\0\n\0"].concat();
    let nested = format!("a = {}", "[".repeat(100_000));
    let dotted = format!("{}a = 1", "a.".repeat(100_000));
    let mut shown = String::new();
    for content in [
        utf_16([0xff, 0xfe]),
        utf_16([0xfe, 0xff]),
        b"# \n# \xe4\n".to_vec(),
        nested.into_bytes(),
        dotted.into_bytes(),
        vec![b'#'; 1024 * 1024 + 1],
    ] {
        let ran = check(&folder, content);
        assert_eq!((ran.stdout().as_str(), ran.code()), ("", 2));
        shown.push_str(&ran.stderr());
    }
    for name in ["missing", "accounts"] {
        shown.push_str(&serve(&folder, &format!("--config {name} --check")).stderr());
    }
    assert_snapshot!(shown, @"
    totp-adapter.toml: expected text in UTF-8, found UTF-16
    totp-adapter.toml: expected text in UTF-8, found UTF-16
    totp-adapter.toml:2: expected text in UTF-8
    totp-adapter.toml:1: nested too deeply: expected keys, sections and lists
    totp-adapter.toml: nested too deeply: expected keys, sections and lists
    totp-adapter.toml: cannot read the configuration: expected at most 1048576 bytes
    missing: cannot read the configuration: no such file or directory
    accounts: cannot read the configuration: it is a folder
    ");
}

// contract 10.3b: nobody waits for a pipe.
#[cfg(unix)]
#[test]
fn a_pipe_is_not_waited_for() {
    let folder = prepared();
    let pipe = folder.path().join("pipe");
    rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, rustix::fs::Mode::from_raw_mode(0o600)).unwrap();
    let configuration =
        "[tls]\ncertificate_file = 'pipe'\nkey_file = 'pipe'\n[[client]]\nid = 'a'\nsecret_file = 'pipe'";
    let shown = serve(&folder, "--config pipe --check").stderr() + &check(&folder, configuration).stderr();
    assert_snapshot!(shown, @"
    pipe: cannot read the configuration: it is a pipe, a socket or a device
    totp-adapter.toml:2: cannot use the file of tls.certificate_file: it is a pipe, a socket or a device
    totp-adapter.toml:3: cannot use the file of tls.key_file: it is a pipe, a socket or a device
    totp-adapter.toml:6: cannot use the file of client.secret_file: it is a pipe, a socket or a device
    ");
}

// contract 10.3b: files that are unreadable.
#[cfg(unix)]
#[test]
fn files_without_the_right_to_read() {
    let folder = prepared();
    restrict(&folder, "secret", 0);
    if !crate::common::available("a user who may not read everything", fs::read(folder.path().join("secret")).is_err())
    {
        return;
    }
    let ran = check(&folder, "[[client]]\nid = 'a'\nsecret_file = 'secret'");
    let expected = "totp-adapter.toml:3: cannot use the file of client.secret_file: permission denied\n";
    assert_eq!((ran.stderr().as_str(), ran.code()), (expected, 2));
}

// contract 10.2d, 10.3e: an empty file is sound, with a byte order mark or without; so is none.
#[test]
fn nothing_is_a_sound_configuration() {
    let folder = Folder::empty();
    let expected = "configuration is sound\n\
                    http://127.0.0.1:6238: operations for whoever reaches the address; metrics\n\
                    state: SQLite in the usual place\n";
    for ran in [check(&folder, ""), check(&folder, "\u{feff}# nothing\r\n"), serve(&folder, "--check")] {
        assert_eq!((ran.stdout().as_str(), ran.stderr().as_str(), ran.code()), (expected, "", 0));
    }
    assert!(matches!(read(folder.path(), "\u{feff}"), Ok((_, warnings)) if warnings.is_empty()));
}

const WHOLE: &str = r#"
listen = ["127.0.0.1:6238", "[::]:443"]
host_names = ["Totp.Example.", "192.0.2.1", "::1"]
state = "postgres://totp@db.example/totp"
state_password_file = "secret"
accounts = "accounts"
metrics_listen = "127.0.0.1:9238"
proxy = "http://proxy.example:3128"
ca_file = "server.pem"

[tls]
certificate_file = "server.pem"
key_file = "server.key"

[limits]
request_seconds = 3600
connections = 65_536

[verification]
skew = 10
one_time = false
attempts = 0x64
lock_after = 1000

[operations]
clients = ["workflow", "other"]

[[client]]
id = "workflow"
secret_file = "secret"

[[client]]
id = "other"
secret_sha256 = "0123456789abcdef0123456789ABCDEF0123456789abcdef0123456789abcdef"

[[skyvern]]
path = "billing"
account = "alice"
api_key_file = "secret"
minimum_rest = 29
tasks = { tsk_123 = "alice" }

[[inbox]]
name = "verity"
clients = ["other"]
directory = "inbox"

[[delivery]]
name = "gateway"
kind = "webhook"
url = "http://gateway.example/messages"
authentication_file = "authentication"
insecure_http = true

[[delivery]]
name = "modem"
kind = "command"
command = ["./send", "{to}", ""]

[[delivery]]
name = "robot"
kind = "skyvern"
url = "https://skyvern.example"
api_key_file = "secret"

[mfa]
project = "7b3a"
token_file = "secret"
key_file = "mfa.key"
sms = "gateway"
call = "modem"
destinations = ["+49", "+41"]
sends = 1000
guesses = 1
valid_for = 1
max_attempts = 19
token_length = 20
"#;

// contract 10.2a, 10.3e: every key; what would be served where.
#[test]
fn a_whole_configuration() {
    let folder = prepared();
    assert_snapshot!(check(&folder, WHOLE), @"
    $ totp-adapter serve --config totp-adapter.toml --check
    > configuration is sound
    > https://127.0.0.1:6238: operations and accounts for 2 clients with a token
    > https://[::]:443: operations and accounts for 2 clients with a token
    > 127.0.0.1:9238: metrics
    > state: PostgreSQL
    > accounts: accounts
    > /skyvern/billing: codes of alice
    > /inbox/verity: files in inbox
    > delivery gateway: a webhook
    > delivery modem: a command
    > delivery robot: Skyvern
    > /api/relay/rest/mfa: codes by sms (gateway) and call (modem)
    ! totp-adapter.toml:61: warning: no section names this delivery: nothing leaves by it
    exit 0
    ");
    let (configuration, warnings) = read(Path::new(""), "state = 'state.db'").unwrap();
    assert_eq!(format!("{:?}", configuration.state), "Some(Sqlite(\"state.db\"))");
    assert!(warnings.is_empty());
    let (mut configuration, _) = read(folder.path(), WHOLE).unwrap();
    // The folder has another name each time.
    configuration.accounts = configuration.accounts.map(|name| name.strip_prefix(folder.path()).unwrap().to_owned());
    configuration.tls = None;
    configuration.clients.iter_mut().for_each(|client| client.secret_file = None);
    assert_eq!(configuration.skyvern[0].api_key.reveal(), SECRET);
    assert_eq!(configuration.skyvern.len(), 1);
    configuration.skyvern.clear();
    configuration.inboxes.iter_mut().for_each(|inbox| inbox.directory = "inbox".into());
    assert_eq!(HEXLOWER.encode(&configuration.clients[0].secret_sha256), SECRET_SHA256);
    assert_eq!(HEXLOWER.encode(&configuration.clients[1].secret_sha256), "0123456789abcdef".repeat(4));
    assert_eq!(configuration.state_password.take().unwrap().reveal(), SECRET);
    configuration.ca_file = configuration.ca_file.map(|name| name.strip_prefix(folder.path()).unwrap().to_owned());
    let names: Vec<_> = configuration.deliveries.iter().map(|delivery| delivery.name.as_str()).collect();
    assert_eq!(names, ["gateway", "modem", "robot"]);
    configuration.deliveries.clear();
    let mfa = configuration.mfa.as_mut().unwrap();
    assert_eq!(mfa.token.reveal(), SECRET);
    (mfa.token.file, mfa.key_file) = ("secret".into(), "mfa.key".into());
    assert_debug_snapshot!("whole", configuration);
}

// contract 10.2a: the operator's page has every key, with the default of the program.
#[test]
fn every_key_is_on_the_page() {
    let page = fs::read_to_string(project().join("schemas/service-operation.md")).unwrap();
    let rows: Vec<Vec<&str>> =
        page.lines().filter_map(|line| line.strip_prefix("| ")).map(|row| row.split(" | ").collect()).collect();
    let row = |key: &str| rows.iter().find(|row| row[0].contains(&format!("`{key}`")));
    // Several sections have keys of one name.
    let mut section = "";
    for line in WHOLE.lines() {
        if line.starts_with('[') {
            section = line;
        } else if let Some((key, _)) = line.split_once(" = ") {
            let is_row = |row: &&Vec<&str>| row[0].contains(section) && row[0].contains(&format!("`{key}`"));
            assert!(rows.iter().any(|row| is_row(&row)), "{section} {key}");
        }
    }
    let Configuration { listen, limits, skew, policy, .. } = Configuration::default();
    let mfa = MfaLimits::default();
    for (key, default) in [
        ("listen", format!("`{}`", listen[0])),
        ("request_seconds", limits.request.as_secs().to_string()),
        ("connections", limits.connections.to_string()),
        ("skew", (0..=10).find(|steps: &u8| steps.to_string().parse() == Ok(skew)).unwrap().to_string()),
        ("one_time", format!("`{}`", policy.one_time)),
        ("attempts", policy.attempts.limit().unwrap_or(0).to_string()),
        ("lock_after", policy.lock_after.limit().unwrap_or(0).to_string()),
        ("sends", mfa.quota.sends().to_string()),
        ("guesses", mfa.quota.guesses().to_string()),
        ("valid_for", mfa.valid_for.to_string()),
        ("max_attempts", mfa.max_attempts.to_string()),
        ("token_length", mfa.token_length.to_string()),
    ] {
        let row = row(key).unwrap();
        assert_eq!(row.last().unwrap().trim_end_matches(" |"), default, "{key}");
    }
}

// contract 10.3b: what looks alike and does not stand in each other's way.
#[test]
fn listeners_beside_each_other() {
    let folder = Folder::empty();
    for listen in
        ["'0.0.0.0:1', '[::]:1'", "'127.0.0.1:1', '127.0.0.2:1', '127.0.0.1:2'", "'127.0.0.1:0', '127.0.0.1:0'"]
    {
        let text = format!("listen = [{listen}]\nmetrics_listen = '127.0.0.1:0'\n[operations]\nopen = true");
        assert_eq!(check(&folder, text).stderr(), "", "{listen}");
    }
}

// contract 10.2b: names are relative to the file, not to where the program starts.
#[test]
fn names_are_relative_to_the_file() {
    let folder = prepared();
    folder.write("etc/totp-adapter.toml", "accounts = '../accounts'\nstate = 'sqlite:../accounts/state.db'");
    let ran = serve(&folder, "--config etc/totp-adapter.toml --check");
    assert_eq!(ran.stderr(), "");
    assert!(ran.stdout().contains("state: SQLite in etc/../accounts/state.db\naccounts: etc/../accounts\n"), "{ran}");
    let ran = serve(&folder, "--config etc/totp-adapter.toml --check --state x.db");
    assert!(ran.stdout().contains("state: SQLite in x.db\n"), "{ran}");
}

// contract 10.3e: it makes no file and needs no database.
#[test]
fn a_check_leaves_nothing_behind() {
    let folder = prepared();
    let before = folder.names();
    for state in ["state.db", "sqlite:accounts/state.db", "postgres://totp@[::1]:1/totp"] {
        let ran = check(&folder, format!("state = '{state}'"));
        assert_eq!((ran.stderr().as_str(), ran.code()), ("", 0), "{state}");
    }
    fs::remove_file(folder.path().join("totp-adapter.toml")).unwrap();
    assert_eq!(folder.names(), before);
}

// contract 10.1b, 10.4a: options take the place of keys, and what holds for these holds for them.
#[test]
fn options_take_the_place_of_keys() {
    let folder = prepared();
    folder.write("open.toml", "listen = '0.0.0.0:1'\nstate = 'accounts'");
    assert_snapshot!(serve(&folder, "--config open.toml --check --listen [::1]:0 --listen [::1]:0 --state x.db"), @"
    $ totp-adapter serve --config open.toml --check --listen [::1]:0 --listen [::1]:0 --state x.db
    > configuration is sound
    > http://[::1]:0: operations for whoever reaches the address; metrics
    > http://[::1]:0: operations for whoever reaches the address; metrics
    > state: SQLite in x.db
    exit 0
    ");
    folder.write("closed.toml", "metrics_listen = '127.0.0.1:1'");
    assert_snapshot!(serve(&folder, "--config closed.toml --check --listen 0.0.0.0:1 --listen 127.0.0.1:1 --state accounts"), @"
    $ totp-adapter serve --config closed.toml --check --listen 0.0.0.0:1 --listen 127.0.0.1:1 --state accounts
    ! closed.toml:1: metrics_listen has an address and port of listen
    ! --listen: an earlier address and port includes this one
    ! --listen: an address that is not loopback needs operations.clients, or operations.open = true
    ! --state: the state is a folder; expected a file
    exit 2
    ");
    // A mistake in the file is one, whatever the options say.
    folder.write("wrong.toml", "listen = 'x'\nstate = ''");
    assert_snapshot!(serve(&folder, "--config wrong.toml --check --listen 127.0.0.1:1 --state x.db"), @"
    $ totp-adapter serve --config wrong.toml --check --listen 127.0.0.1:1 --state x.db
    ! wrong.toml:1: expected an address and a port such as 127.0.0.1:6238 or [::1]:6238 for listen
    ! wrong.toml:2: expected sqlite:FILE, the name of a file, or postgres://USER@HOST/DATABASE for state
    exit 2
    ");
    folder.write("password.toml", "state_password_file = 'secret'");
    let ran = serve(&folder, "--config password.toml --check --state postgres://totp@db.example/totp");
    assert_eq!((ran.stderr().as_str(), ran.code()), ("", 0));
}

// contract 10.3a: with a mistake nothing is served, with or without `--check`.
#[test]
fn nothing_is_served_with_a_mistake() {
    let folder = prepared();
    folder.write("totp-adapter.toml", "listen = 'x'");
    let expected =
        "totp-adapter.toml:1: expected an address and a port such as 127.0.0.1:6238 or [::1]:6238 for listen\n";
    for arguments in ["--config totp-adapter.toml", "--config totp-adapter.toml --check"] {
        let ran = serve(&folder, arguments);
        assert_eq!((ran.stdout().as_str(), ran.stderr().as_str(), ran.code()), ("", expected, 2));
    }
}

// contract 10.2c: one line end at the end of a secret file is not part of the secret.
#[test]
fn one_line_end_is_not_part_of_a_secret() {
    let folder = prepared();
    for end in ["", "\n", "\r\n"] {
        folder.write("secret", format!("{SECRET}{end}"));
        let (configuration, _) = read(folder.path(), "[[client]]\nid = 'a'\nsecret_file = 'secret'").unwrap();
        assert_eq!(HEXLOWER.encode(&configuration.clients[0].secret_sha256), SECRET_SHA256);
    }
    for wrong in ["\n\n", "\r", "\r\r\n", "\n\r\n", "\t"] {
        folder.write("secret", format!("{SECRET}{wrong}"));
        assert!(read(folder.path(), "[[client]]\nid = 'a'\nsecret_file = 'secret'").is_err(), "{wrong:?}");
    }
    // Blanks are part of it.
    folder.write("secret", format!("{SECRET} \n"));
    let (configuration, _) = read(folder.path(), "[[client]]\nid = 'a'\nsecret_file = 'secret'").unwrap();
    assert_ne!(HEXLOWER.encode(&configuration.clients[0].secret_sha256), SECRET_SHA256);
}

// contract 10.3d: a warning stops nothing.
#[cfg(unix)]
#[test]
fn a_secret_that_others_can_read_is_a_warning() {
    let folder = prepared();
    for (mode, warns) in [(0o600, false), (0o640, false), (0o604, true), (0o602, true), (0o644, true)] {
        for name in ["secret", "server.key", "authentication"] {
            restrict(&folder, name, mode);
        }
        restrict(&folder, "server.pem", 0o644);
        let ran = check(&folder, WHOLE.replace("[::]:443", "[::1]:443"));
        assert_eq!(ran.code(), 0);
        assert!(ran.stdout().starts_with("configuration is sound\n"));
        // The delivery that no section names is the one that is left.
        assert_eq!(ran.stderr().lines().count(), if warns { 8 } else { 1 }, "{mode:o}: {ran}");
    }
    assert_snapshot!(check(&folder, WHOLE).stderr(), @"
    totp-adapter.toml:5: warning: others can read or replace the file of state_password_file; mode 0600 keeps them out
    totp-adapter.toml:13: warning: others can read or replace the file of tls.key_file; mode 0600 keeps them out
    totp-adapter.toml:30: warning: others can read or replace the file of client.secret_file; mode 0600 keeps them out
    totp-adapter.toml:39: warning: others can read or replace the file of skyvern.api_key_file; mode 0600 keeps them out
    totp-adapter.toml:52: warning: others can read or replace the file of delivery.authentication_file; mode 0600 keeps them out
    totp-adapter.toml:61: warning: no section names this delivery: nothing leaves by it
    totp-adapter.toml:64: warning: others can read or replace the file of delivery.api_key_file; mode 0600 keeps them out
    totp-adapter.toml:68: warning: others can read or replace the file of mfa.token_file; mode 0600 keeps them out
    ");
}

// contract 10.3f
#[test]
fn an_account_with_a_short_secret_is_a_warning() {
    let folder = Folder::new();
    fs::create_dir(folder.path().join("accounts")).unwrap();
    let warned = |files: &[(&str, &str)]| {
        for (name, document) in files {
            let name = format!("accounts/{name}");
            folder.write(&name, document);
            restrict(&folder, &name, 0o600);
        }
        let ran = check(&folder, "accounts = 'accounts'\n");
        assert_eq!(ran.code(), 0);
        ran.stderr()
    };
    // 128 bits are enough; what is no account, or cannot be read, is told elsewhere.
    let strong = [
        ("strong.xml", "<Secret>GEZDGNBVGY3TQOJQGEZDGNBVGY</Secret>"),
        ("weak.txt", "<Secret>GEZDGNBVGY3TQOJQ</Secret>"),
        ("broken.xml", "<Secret>GEZDGNBV"),
    ];
    assert_eq!(warned(&strong), "");
    let one = warned(&[("w.xml", "<Secret>GEZDGNBVGY3TQOJQGEZDGNBV</Secret>")]);
    let two = warned(&[("a@b.xml", "<Secret>GEZDGNBVGY3TQOJQ</Secret>")]);
    assert_snapshot!(one + &two, @"
    totp-adapter.toml:1: warning: expected secrets of at least 128 bits (RFC 4226, section 4); the account w has fewer
    totp-adapter.toml:1: warning: expected secrets of at least 128 bits (RFC 4226, section 4); 2 accounts, of which a@b is the first, have fewer
    ");
}

// contract 10.3d: accounts have secrets, too.
#[cfg(unix)]
#[test]
fn an_account_that_others_can_read_is_a_warning() {
    let folder = Folder::new();
    fs::create_dir(folder.path().join("accounts")).unwrap();
    for (name, mode) in [("closed.xml", 0o600), ("group.xml", 0o640), ("open.xml", 0o604), ("notes.txt", 0o644)] {
        let name = format!("accounts/{name}");
        folder.write(&name, secret_document());
        restrict(&folder, &name, mode);
    }
    assert_snapshot!(check(&folder, "accounts = 'accounts'\n").stderr(), @"totp-adapter.toml:1: warning: others can read or replace secrets; the account open has another mode than 0600");
    restrict(&folder, "accounts/group.xml", 0o606);
    assert_snapshot!(check(&folder, "accounts = 'accounts'\n").stderr(), @"totp-adapter.toml:1: warning: others can read or replace secrets; 2 accounts, of which group is the first, have another mode than 0600");
}

// contract 10.3b, 10.3h, 10.4c, 12.1a, 12.1e: sections of Skyvern.
#[test]
fn where_skyvern_asks() {
    let right = "path = 'a'\naccount = 'alice'\napi_key_file = 'secret'";
    let with = |more: &str| format!("accounts = 'accounts'\n[[skyvern]]\n{right}\n{more}");
    let shown = mistakes([
        "[[skyvern]]",
        "accounts = 'accounts'\n[[skyvern]]",
        "[skyvern]\npath = 'a'",
        "[[skyvern]]\npath = 'a'\naccount = 'alice'\napi_key_file = 'secret'",
        "accounts = 'accounts'\n[[skyvern]]\npath = 'a/b'\naccount = '../alice'\napi_key_file = 'missing'\nminimum_rest = -1",
        "accounts = 'accounts'\n[[skyvern]]\npath = 5\naccount = ''\napi_key_file = 'empty'\nminimum_rest = 4294967295",
        &with("minimum_rest = 30"),
        &with("minimum_rest = 29\ntasks = 'a'"),
        &with("tasks = { tsk_1 = 5, tsk_2 = 'a b' }"),
        &with("[skyvern.tasks]\ntsk_1 = '.alice'"),
        &with(&format!("[[skyvern]]\n{right}")),
    ]);
    assert_snapshot!("skyvern", shown);
    let folder = prepared();
    folder.write("accounts/broken.xml", "<Secret>GEZD");
    restrict(&folder, "accounts/broken.xml", 0o600);
    folder.write(
        "accounts/fast.xml",
        "<KeyURI>otpauth://totp/me?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&amp;period=10</KeyURI>",
    );
    restrict(&folder, "accounts/fast.xml", 0o600);
    let text = with("[skyvern.tasks]\ntsk_1 = 'later'\ntsk_2 = 'broken'\ntsk_3 = 'alice'\ntsk_4 = 'fast'");
    let text = text.replace("'a'\n", "'billing'\n") + "\n[operations]\nclients = []";
    assert_snapshot!(check(&folder, text), @"
    $ totp-adapter serve --config totp-adapter.toml --check
    > configuration is sound
    > http://127.0.0.1:6238: operations for nobody; metrics
    > state: SQLite in the usual place
    > accounts: accounts
    > /skyvern/billing: codes of alice
    ! totp-adapter.toml:7: warning: the account of skyvern.tasks is not enrolled yet
    ! totp-adapter.toml:8: warning: unusable account: not well-formed: expected the end-tag of every element at line 1, column 13, for skyvern.tasks
    ! totp-adapter.toml:10: warning: expected skyvern.minimum_rest, as the period of the account is not above 10 s, for skyvern.tasks
    exit 0
    ");
}

// contract 12.1b, 10.8b: a key with a blank after it, as an editor may leave one, would only ever refuse what Skyvern signs.
#[test]
fn keys_of_skyvern() {
    let text = "accounts = 'accounts'\n[[skyvern]]\npath = 'a'\naccount = 'alice'\napi_key_file = 'key'";
    let folder = prepared();
    folder.write("key", "key \n");
    restrict(&folder, "key", 0o600);
    let words = "expected a key of visible ASCII characters";
    let ran = check(&folder, text);
    assert_eq!(ran.stderr(), format!("totp-adapter.toml:5: cannot use the file of skyvern.api_key_file: {words}\n"));
    folder.write("key", "key\n");
    let (configuration, _) = read(folder.path(), text).unwrap();
    assert_eq!(configuration.renew().unwrap().skyvern_keys[0].reveal(), "key");
    folder.write("key", "schlüssel");
    let mistakes = configuration.renew().unwrap_err();
    let told = format!("cannot use the file of skyvern.api_key_file of section 1: {words}");
    assert_eq!(mistakes[0].to_string(), told);
}

// contract 10.3b, 13.4a: sections of inboxes.
#[test]
fn inboxes() {
    let client = "[[client]]\nid = 'a'\nsecret_file = 'secret'\n";
    let with = |section: &str| format!("{client}[[inbox]]\n{section}");
    let right = "name = 'a'\nclients = ['a']\ndirectory = 'inbox'\n";
    let shown = mistakes([
        "[[inbox]]",
        "inbox = 'accounts'",
        &with("name = 'a b'\nclients = []\ndirectory = 'missing'"),
        &with("name = ''\nclients = 'a'\ndirectory = 'secret'"),
        &with("name = 'a'\nclients = ['a', 'nobody', 'a']\ndirectory = 5\nfolder = 'accounts'"),
        &with(&format!("{right}[[inbox]]\n{right}")),
        &format!("accounts = 'accounts'\n{}", with("name = 'a'\nclients = ['a']\ndirectory = 'accounts/../accounts'")),
    ]);
    assert_snapshot!("inboxes", shown);
}

// contract 10.3b: an inbox that nobody can write to would lose what comes. Root can write anywhere.
#[cfg(unix)]
#[test]
fn an_inbox_that_cannot_be_written() {
    let folder = prepared();
    fs::create_dir(folder.path().join("closed")).unwrap();
    restrict(&folder, "closed", 0o500);
    let text =
        "[[client]]\nid = 'a'\nsecret_file = 'secret'\n[[inbox]]\nname = 'a'\nclients = ['a']\ndirectory = 'closed'";
    let ran = check(&folder, text);
    if rustix::process::geteuid().is_root() {
        assert_eq!(ran.code(), 0, "{ran}");
    } else {
        let expected = "totp-adapter.toml:7: cannot use the folder of inbox.directory: permission denied\n";
        assert_eq!((ran.stderr().as_str(), ran.code()), (expected, 2));
    }
}

// contract 10.3g
#[test]
fn a_client_that_no_section_names_is_a_warning() {
    let folder = prepared();
    let clients = "[[client]]\nid = 'a'\nsecret_file = 'secret'\n[[client]]\nid = 'b'\nsecret_file = 'secret'\n";
    let warned = |operations: &str| {
        let ran = check(&folder, format!("{clients}{operations}"));
        assert_eq!(ran.code(), 0, "{ran}");
        ran.stderr()
    };
    assert_eq!(warned("[operations]\nclients = ['b', 'a']"), "");
    assert_snapshot!(warned("[operations]\nclients = ['b']") + &warned(""), @"
    totp-adapter.toml:2: warning: no section names this client: its tokens open nothing
    totp-adapter.toml:2: warning: no section names this client: its tokens open nothing
    totp-adapter.toml:5: warning: no section names this client: its tokens open nothing
    ");
}

// contract 10.8b: certificates and secret files are read again; with a mistake nothing is taken over.
#[test]
fn secrets_are_read_again() {
    let folder = prepared();
    let (configuration, _) = read(folder.path(), WHOLE).unwrap();
    let renewed = configuration.renew().unwrap();
    assert!(renewed.tls.is_some());
    let hashes = |clients: &[config::Client]| clients.iter().map(|client| client.secret_sha256).collect::<Vec<_>>();
    assert_eq!(hashes(&renewed.clients), hashes(&configuration.clients));

    folder.write("secret", format!("another-{SECRET}"));
    let renewed = configuration.renew().unwrap();
    assert_eq!(renewed.state_password.unwrap().reveal(), format!("another-{SECRET}"));
    assert_ne!(renewed.clients[0].secret_sha256, configuration.clients[0].secret_sha256);
    assert_eq!(renewed.clients[1].secret_sha256, configuration.clients[1].secret_sha256);

    folder.write("secret", "hunter2");
    folder.write("server.key", fs::read(folder.path().join("other.key")).unwrap());
    let told = |mistakes: Vec<Mistake>| mistakes.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
    assert_snapshot!(told(configuration.renew().unwrap_err()), @"
    cannot use the file of tls.key_file: it is not the key of the first certificate in tls.certificate_file
    cannot use the file of client.secret_file of client 1: expected at least 22 characters
    cannot use the file of mfa.token_file: expected at least 22 characters
    ");
    fs::remove_file(folder.path().join("secret")).unwrap();
    folder.write("server.pem", "");
    folder.write("server.key", "");
    assert_snapshot!(told(configuration.renew().unwrap_err()), @"
    cannot use the file of tls.certificate_file: it is empty
    cannot use the file of tls.key_file: it is empty
    cannot use the file of client.secret_file of client 1: no such file or directory
    cannot use the file of skyvern.api_key_file of section 1: no such file or directory
    cannot use the file of state_password_file: no such file or directory
    cannot use the file of delivery.api_key_file of section 3: no such file or directory
    cannot use the file of mfa.token_file: no such file or directory
    ");
    assert!(Configuration::default().renew().unwrap().tls.is_none());
}

// contract 10.3b, 10.3i, 10.9d: the way out of deliveries.
#[test]
fn proxy_and_roots() {
    let shown = mistakes([
        "proxy = 'proxy.example:3128'",
        "proxy = 5\nca_file = ''",
        "proxy = 'http://me:hunter2@proxy.example:3128'",
        "proxy = 'socks5://proxy.example:3128'",
        "ca_file = 'missing'",
        "ca_file = 'server.key'\nproxy = ''",
        "ca_file = 'broken.pem'\n[[delivery]]\nname = 'a'\nkind = 'webhook'\nurl = 'ftp://a.example'",
        "[mfa]\nproxy = 'http://proxy.example:3128'",
    ]);
    assert_snapshot!("way_out", shown);
}

// contract 10.3b, 10.3c, 10.3i, 10.3k, 13.1l: sections of deliveries.
#[test]
fn deliveries() {
    let with = |section: &str| format!("[[delivery]]\nname = 'a'\n{section}");
    let hook = "kind = 'webhook'\nurl = 'https://gateway.example/'";
    let shown = mistakes([
        "[[delivery]]",
        "[delivery]\nname = 'a'",
        "[[delivery]]\nname = 'a b'\nkind = 'hunter2'\nurl = 5",
        &with("kind = 5"),
        &with(&format!("{hook}\n{}", with(hook))),
        &with("kind = 'webhook'"),
        &with("kind = 'webhook'\nauthentication_file = 'authentication'"),
        &with("kind = 'webhook'\nurl = 'http://gateway.example/'\nauthentication_file = 'missing'"),
        &with("kind = 'webhook'\nurl = 'http://gateway.example/'\nauthentication_file = 'authentication'"),
        &with(
            "kind = 'webhook'\nurl = 'https://me:hunter2@gateway.example/'\ncommand = ['send']\napi_key_file = 'secret'",
        ),
        &with("kind = 'webhook'\nurl = 'gateway.example'\ninsecure_http = 'yes'"),
        &with(&format!("{hook}\nauthentication_file = 'authentication'")),
        &with("kind = 'webhook'\nurl = 'https://gateway.example/other'\nauthentication_file = 'method'"),
        &with(&format!("{hook}\nauthentication_file = 'type'")),
        &with(&format!("{hook}\nauthentication_file = 'version'")),
        &with(&format!("{hook}\nauthentication_file = 'secret'")),
        &with(&format!("{hook}\nauthentication_file = 'accounts'")),
        &with("kind = 'skyvern'"),
        &with("kind = 'skyvern'\nurl = 'https://skyvern.example/?hunter2'\napi_key_file = 'latin-1'"),
        &with(
            "kind = 'skyvern'\nurl = 'http://skyvern.example/'\napi_key_file = 'missing'\nauthentication_file = 'method'",
        ),
    ]);
    assert_snapshot!("deliveries", shown);
    let folder = prepared();
    folder.write("key", "a key with blanks");
    let ran = check(&folder, with("kind = 'skyvern'\nurl = 'https://skyvern.example/'\napi_key_file = 'key'"));
    assert_snapshot!(ran.stderr(), @"totp-adapter.toml:5: cannot use the file of delivery.api_key_file: expected a key of visible ASCII characters");
    folder.write("hook", method("http://gateway.example/hunter2", "https://auth.example/"));
    let ran = check(&folder, with("kind = 'webhook'\nauthentication_file = 'hook'"));
    assert_snapshot!(ran.stderr(), @"totp-adapter.toml:4: cannot use the file of delivery.authentication_file: expected an address with https:// (http:// reaches this machine only, unless it is allowed to be insecure) for the address of the webhook");
}

// contract 10.3i, 13.2b, 13.2e: commands, and where their programs are looked for.
#[cfg(unix)]
#[test]
fn commands() {
    let with = |command: &str| format!("[[delivery]]\nname = 'a'\nkind = 'command'\n{command}");
    let shown = mistakes(
        [
            &with(""),
            &with("command = './send {to}'"),
            &with("command = []"),
            &with("command = ['./send',\n5,\n'{to}',\n7]"),
            &with("command = ['']"),
            &with("command = ['{to}']"),
            &with("command = ['./send', '{text}']"),
            &with("command = [\"./send\", \"\\u0000\"]"),
            &with("command = [\n'./missing',\n'{to}']"),
            &with("command = ['./secret']"),
            &with("command = ['accounts/']"),
            &with("command = ['send']"),
            &with("command = ['./send']\nurl = 'https://gateway.example/'\ninsecure_http = 5"),
        ]
        .map(String::as_str),
    );
    assert_snapshot!("commands", shown);
    let folder = prepared();
    let ran = |path: &str, command: &str| {
        folder.write("etc/totp-adapter.toml", with(command));
        let arguments = ["serve", "--config", "etc/totp-adapter.toml", "--check"];
        let mut command = totp_adapter(arguments).folder(folder.path()).command();
        command.env("PATH", path.replace('@', folder.path().to_str().unwrap()));
        command.output().unwrap().status.code()
    };
    for (path, command, exit_code) in [
        ("@/accounts:@", "command = ['send']", 0),
        ("@/accounts", "command = ['send']", 2),
        // Relative to where the command works.
        ("..", "command = ['send']", 0),
        (".", "command = ['send']", 2),
        ("", "command = ['../send']", 0),
        ("@", "command = ['./send']", 2),
    ] {
        assert_eq!(ran(path, command), Some(exit_code), "{path} {command}");
    }
    let whole = folder.path().join("send");
    assert_eq!(ran("", &format!("command = ['{}']", whole.display())), Some(0));
}

const DELIVERY: &str = "[[delivery]]\nname = 'a'\nkind = 'webhook'\nurl = 'https://gateway.example/'\n";
const MFA: &str = "[mfa]\nproject = 'p'\ntoken_file = 'secret'\nkey_file = 'mfa.key'\n";

// contract 10.2f, 10.2g, 10.2h, 10.3b, 10.3i: multi-factor codes.
#[test]
fn multi_factor_codes() {
    let with = |keys: &str| format!("{DELIVERY}{MFA}{keys}");
    let project = |project: &str| with("sms = 'a'").replace("'p'", project);
    let token = |file: &str| with("sms = 'a'").replace("'secret'", &format!("'{file}'"));
    let key = |file: &str| with("sms = 'a'").replace("'mfa.key'", &format!("'{file}'"));
    let shown = mistakes([
        "[mfa]",
        "[[mfa]]\nproject = 'p'",
        &project("''"),
        &project("5"),
        &project("'a b'"),
        &project("'a:b'"),
        &project("'ä'"),
        &project(&format!("'{}'", "x".repeat(256))),
        &token("short"),
        &token("missing"),
        &token("lines"),
        &key("31-bytes"),
        &key("33-bytes"),
        &key("large"),
        &key("empty"),
        &key("accounts"),
        &key("missing/mfa.key"),
        &with(""),
        &with("sms = 'b'\ncall = 'hunter2 '"),
        &with("sms = 5\ncall = ''"),
        &with("sms = 'a'\ndestinations = []"),
        &with("sms = 'a'\ndestinations = '+49'"),
        &with("sms = 'a'\ndestinations = ['49',\n'+',\n'+49 170', 5,\n'+1234567890123456', '+49']"),
        &with("sms = 'a'\nsends = 0\nguesses = 0\nvalid_for = 0\nmax_attempts = 0\ntoken_length = 3"),
        &with("sms = 'a'\nsends = 1001\nguesses = 1001\nvalid_for = 604801\nmax_attempts = 21\ntoken_length = 21"),
        &with("sms = 'a'\nsends = '5'\nguesses = 1.5\nvalid_for = -1\nmax_attempts = true\ntoken_length = [4]"),
    ]);
    assert_snapshot!("mfa", shown);
    // A delivery with a mistake has a name all the same.
    let ran = check(&prepared(), with("sms = 'a'").replace("https", "ftp"));
    assert_eq!(ran.stderr().lines().count(), 1, "{ran}");
}

// contract 10.2f, 10.2h, 10.3e: what is absent, and what is at the edge.
#[test]
fn defaults_of_multi_factor_codes() {
    let folder = prepared();
    let (configuration, warnings) = read(folder.path(), &format!("{DELIVERY}{MFA}call = 'a'")).unwrap();
    assert!(warnings.is_empty());
    let mfa = configuration.mfa.unwrap();
    assert_eq!(mfa.limits, MfaLimits::default());
    assert_debug_snapshot!((&mfa.channels, &mfa.destinations, mfa.limits));
    assert_eq!(mfa.channels.delivery(Channel::Sms), None);
    assert!(mfa.channels.delivery(Channel::Call).is_some());
    for limits in [
        "sends = 1\nguesses = 1\nvalid_for = 1\nmax_attempts = 1\ntoken_length = 4",
        "sends = 1000\nguesses = 1000\nvalid_for = 604800\nmax_attempts = 20\ntoken_length = 20",
    ] {
        assert_eq!(check(&folder, format!("{DELIVERY}{MFA}sms = 'a'\n{limits}")).code(), 0, "{limits}");
    }
    let project = format!("{DELIVERY}{MFA}sms = 'a'\ncall = 'a'").replace("'p'", &format!("'{}'", "~".repeat(255)));
    assert!(check(&folder, project).stdout().ends_with("/api/relay/rest/mfa: codes by sms (a) and call (a)\n"));
    assert!(Configuration::default().mfa.is_none());
}

// contract 10.3j
#[test]
fn a_delivery_that_no_section_names_is_a_warning() {
    let folder = prepared();
    let other = DELIVERY.replace("'a'", "'b'");
    let warned = |mfa: &str| {
        let ran = check(&folder, format!("{DELIVERY}{other}{mfa}"));
        assert_eq!(ran.code(), 0, "{ran}");
        ran.stderr()
    };
    assert_eq!(warned(&format!("{MFA}sms = 'a'\ncall = 'b'")), "");
    assert_snapshot!(warned(&format!("{MFA}sms = 'a'")) + &warned(""), @"
    totp-adapter.toml:6: warning: no section names this delivery: nothing leaves by it
    totp-adapter.toml:2: warning: no section names this delivery: nothing leaves by it
    totp-adapter.toml:6: warning: no section names this delivery: nothing leaves by it
    ");
}

// contract 10.3d: the key that codes are kept under, too.
#[cfg(unix)]
#[test]
fn a_key_that_others_can_read_is_a_warning() {
    let folder = prepared();
    folder.write("mfa.key", [7; 32]);
    restrict(&folder, "mfa.key", 0o644);
    let ran = check(&folder, format!("{DELIVERY}{MFA}sms = 'a'"));
    assert_eq!(ran.code(), 0);
    assert_snapshot!(ran.stderr(), @"totp-adapter.toml:8: warning: others can read or replace the file of mfa.key_file; mode 0600 keeps them out");
}

// contract 10.2g, 10.3e: `--check` does not make the key, a start does; of two at once both have the same.
#[cfg(unix)]
#[test]
fn the_first_start_makes_the_key() {
    use std::os::unix::fs::PermissionsExt;
    let folder = prepared();
    assert_eq!(check(&folder, format!("state = 'state.db'\n{DELIVERY}{MFA}sms = 'a'")).code(), 0);
    assert!(!folder.names().contains(&"mfa.key".to_owned()));
    let start = || Service::start_in(folder.path(), "--config totp-adapter.toml");
    let services =
        std::thread::scope(|scope| [scope.spawn(start), scope.spawn(start)].map(|start| start.join().unwrap()));
    let file = folder.path().join("mfa.key");
    let key = fs::read(&file).unwrap();
    assert_eq!((key.len(), fs::metadata(&file).unwrap().permissions().mode() & 0o777), (32, 0o600));
    drop(services);
    drop(start());
    assert_eq!(fs::read(&file).unwrap(), key);
    let (configuration, _) =
        config::load(Some(&folder.path().join("totp-adapter.toml")), &Overrides::default()).unwrap();
    assert_eq!(configuration.mfa.unwrap().key().unwrap().reveal()[..], key[..]);
}

// contract 10.2g: a key that cannot be made ends the start with one line. Nobody makes a file in /proc, but root only hears so
// when he tries.
#[cfg(target_os = "linux")]
#[test]
fn a_key_that_cannot_be_made() {
    let folder = prepared();
    folder.write("totp-adapter.toml", format!("{DELIVERY}{MFA}sms = 'a'").replace("mfa.key", "/proc/mfa.key"));
    let ran = serve(&folder, "--config totp-adapter.toml --listen 127.0.0.1:0 --state state.db");
    let expected = if rustix::process::geteuid().is_root() {
        "totp-adapter: cannot create the file of mfa.key_file: no such file or directory\n"
    } else {
        "totp-adapter.toml:8: cannot use the folder of mfa.key_file: permission denied\n"
    };
    assert_eq!((ran.stderr().as_str(), ran.code()), (expected, 2));
}

// contract 10.3i: a link that leads nowhere is no place for a key.
#[cfg(unix)]
#[test]
fn a_key_behind_a_broken_link() {
    let folder = prepared();
    std::os::unix::fs::symlink("nowhere", folder.path().join("link")).unwrap();
    let ran = check(&folder, format!("{DELIVERY}{MFA}sms = 'a'").replace("mfa.key", "link"));
    assert_eq!(ran.code(), 2);
    assert_snapshot!(ran.stderr(), @"totp-adapter.toml:8: cannot use the file of mfa.key_file: no such file or directory");
}

// contract 10.8b, 13.1l: what deliveries and codes need is read again; with a mistake nothing is taken over.
#[test]
fn secrets_of_deliveries_are_read_again() {
    let folder = prepared();
    folder.write("key", SECRET);
    let hook = "[[delivery]]\nname = 'b'\nkind = 'webhook'\nauthentication_file = 'method'\n";
    let robot = "[[delivery]]\nname = 'c'\nkind = 'skyvern'\nurl = 'https://skyvern.example'\napi_key_file = 'key'\n";
    let (configuration, _) = read(folder.path(), &format!("{DELIVERY}{hook}{robot}{MFA}sms = 'a'")).unwrap();
    let names = |deliveries: &[config::DeliveryConfig]| {
        deliveries.iter().map(|delivery| delivery.name.clone()).collect::<Vec<_>>()
    };

    folder.write("secret", format!("another-{SECRET}"));
    folder.write("method", method("https://other.example/hook", "https://auth.example/token"));
    let renewed = configuration.renew().unwrap();
    assert_eq!(renewed.mfa_token.unwrap().reveal(), format!("another-{SECRET}"));
    assert_eq!(names(&renewed.deliveries), names(&configuration.deliveries));
    assert!(matches!(renewed.deliveries[2].kind, DeliveryKind::Skyvern(_)));

    folder.write("secret", "hunter2");
    folder.write("method", r#"{"type":"hunter2"}"#);
    folder.write("key", "hunter 2");
    let told = || configuration.renew().unwrap_err().iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
    assert_snapshot!(told(), @"
    cannot use the file of delivery.authentication_file of section 2: authentication type not supported
    cannot use the file of delivery.api_key_file of section 3: expected a key of visible ASCII characters
    cannot use the file of mfa.token_file: expected at least 22 characters
    ");
    folder.write("secret", SECRET);
    folder.write("method", authentication("https://auth.example/token"));
    fs::remove_file(folder.path().join("key")).unwrap();
    assert_snapshot!(told(), @"
    cannot use the file of delivery.authentication_file of section 2: expected an UPDATE_COM_METHOD message or a comMethod with the address
    cannot use the file of delivery.api_key_file of section 3: no such file or directory
    ");
    folder.write("method", method("http://gateway.example/hunter2", "https://auth.example/token"));
    folder.write("key", SECRET);
    assert_snapshot!(told(), @"cannot use the file of delivery.authentication_file of section 2: expected an address with https:// (http:// reaches this machine only, unless it is allowed to be insecure) for the address of the webhook");
}

// contract 13.1l: an address that is named in the section is the only one, also later.
#[test]
fn the_address_of_the_section_stays() {
    let folder = prepared();
    let text = "[[delivery]]\nname = 'a'\nkind = 'webhook'\nurl = 'https://gateway.example/hook'\nauthentication_file = 'method'";
    let (configuration, _) = read(folder.path(), text).unwrap();
    assert!(configuration.renew().is_ok());
    folder.write("method", method("https://other.example/", "https://auth.example/token"));
    let mistakes = configuration.renew().unwrap_err();
    let expected = "cannot use the file of delivery.authentication_file of section 1: expected the same address as for delivery.url";
    assert_eq!(mistakes.iter().map(ToString::to_string).collect::<Vec<_>>(), [expected]);
}

fn message() -> Message {
    Message {
        id: "7".to_owned(),
        channel: Channel::Sms,
        to: Confidential::new("+491701234567".to_owned()),
        from: None,
        text: Confidential::new("Your code is: 123456".to_owned()),
    }
}

/// Delivers a message by the delivery of this place.
fn deliver(configuration: &Configuration, place: usize) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let way = configuration.deliveries[place].way();
    runtime.block_on(way.deliver(&message())).unwrap();
}

// contract 10.2e, 13.1l, 13.2f: every kind delivers, and after a renewal with what the files have then.
#[test]
fn messages_leave_by_every_kind() {
    let recorder = Recorder::start(|request, _| match request.path() {
        "/token" => Action::answer(200, r#"{"access_token":"t","expires_in":60}"#),
        "/v1/credentials/totp" => Action::answer(200, r#"{"totp_code_id":"o","code":"123456"}"#),
        _ => Action::answer(202, ""),
    });
    let folder = prepared();
    folder.write("method", method(&recorder.url("/hook"), &recorder.url("/token")));
    folder.write("key", "first");
    let (open, skyvern) = (recorder.url("/open"), recorder.url(""));
    // No proxy stands between this machine and itself.
    let text = format!(
        "proxy = 'http://127.0.0.1:9'
        [[delivery]]\nname = 'open'\nkind = 'webhook'\nurl = '{open}'
        [[delivery]]\nname = 'hook'\nkind = 'webhook'\nauthentication_file = 'method'
        [[delivery]]\nname = 'robot'\nkind = 'skyvern'\nurl = '{skyvern}'\napi_key_file = 'key'"
    );
    let (mut configuration, _) = read(folder.path(), &text).unwrap();
    (0..3).for_each(|place| deliver(&configuration, place));
    let body = r#"{"id":"7","channel":"sms","to":"+491701234567","text":"Your code is: 123456"}"#;
    for (path, bearer) in [("/open", None), ("/hook", Some("Bearer t"))] {
        let [request] = &recorder.requests(path)[..] else { panic!("{path}") };
        assert_eq!((request.text(), request.header("authorization")), (body, bearer));
    }
    folder.write("key", "second");
    configuration.deliveries = configuration.renew().unwrap().deliveries;
    deliver(&configuration, 2);
    let asked = recorder.requests("/v1/credentials/totp");
    let body = r#"{"totp_identifier":"+491701234567","content":"Your code is: 123456"}"#;
    assert!(asked.iter().all(|request| request.text() == body));
    assert_eq!(
        asked.iter().map(|request| request.header("x-api-key").unwrap()).collect::<Vec<_>>(),
        ["first", "second"]
    );
}

// contract 10.2e, 10.9e: a delivery and its request for a token take the proxy to other machines.
#[test]
fn deliveries_take_the_proxy() {
    let proxy = Recorder::start(|request, _| match request.path() {
        "http://auth.example/token" => Action::answer(200, r#"{"access_token":"t","expires_in":60}"#),
        _ => Action::answer(202, ""),
    });
    let folder = prepared();
    let hook = "url = 'http://gateway.example/messages'\nauthentication_file = 'authentication'\ninsecure_http = true";
    let text = format!("proxy = '{}'\n[[delivery]]\nname = 'a'\nkind = 'webhook'\n{hook}", proxy.url(""));
    let (configuration, _) = read(folder.path(), &text).unwrap();
    deliver(&configuration, 0);
    assert_eq!(proxy.paths(), ["http://auth.example/token", "http://gateway.example/messages"]);
}

// contract 13.2e: wherever the program was started, the command works in the folder of the configuration.
#[cfg(unix)]
#[test]
fn a_command_works_in_the_folder_of_the_configuration() {
    let folder = prepared();
    folder.write("etc/send", "#!/bin/sh\ncat > received\n");
    restrict(&folder, "etc/send", 0o700);
    let text = "[[delivery]]\nname = 'a'\nkind = 'command'\ncommand = ['./send', '{to}']";
    // A relative name of the folder, as one has who starts the program beside it.
    let here = std::env::current_dir().unwrap();
    let up: std::path::PathBuf = here.components().skip(1).map(|_| "..").collect();
    let etc = up.join(folder.path().join("etc").strip_prefix("/").unwrap());
    let (configuration, _) = read(&etc, text).unwrap();
    deliver(&configuration, 0);
    assert_eq!(folder.read("etc/received"), "Your code is: 123456");
}

// contract 10.3i: no file is made by looking, and a folder in which the key cannot be made is a mistake. Root can write anywhere.
#[cfg(unix)]
#[test]
fn a_key_in_a_closed_folder() {
    let folder = prepared();
    fs::create_dir(folder.path().join("closed")).unwrap();
    fs::set_permissions(folder.path().join("closed"), std::os::unix::fs::PermissionsExt::from_mode(0o500)).unwrap();
    let ran = check(&folder, format!("{DELIVERY}{MFA}sms = 'a'").replace("mfa.key", "closed/mfa.key"));
    if rustix::process::geteuid().is_root() {
        assert_eq!(ran.code(), 0, "{ran}");
    } else {
        let expected = "totp-adapter.toml:8: cannot use the folder of mfa.key_file: permission denied\n";
        assert_eq!((ran.stderr().as_str(), ran.code()), (expected, 2));
    }
    assert_eq!(folder.names_in("closed"), Vec::<String>::new());
}

// contract 10.5d: no secret in `Debug`.
#[test]
fn no_secret_is_in_debug() {
    let folder = prepared();
    folder.write("mfa.key", [b'k'; 32]);
    let (configuration, _) = read(folder.path(), WHOLE).unwrap();
    let key = configuration.mfa.as_ref().unwrap().key().unwrap();
    assert_eq!(format!("{key:?}"), "MfaKey(redacted)");
    for shown in [format!("{configuration:?}"), format!("{:?}", configuration.renew().unwrap())] {
        for secret in
            [SECRET, "db.example", "gateway.example", "skyvern.example", "auth.example", "proxy.example", "kkkk"]
        {
            assert!(!shown.contains(secret), "{secret}: {shown}");
        }
    }
}

// contract 5.6b, 10.5a: wrong command lines, in words that quote nothing.
#[test]
fn wrong_command_lines() {
    let folder = Folder::empty();
    let wrong = |arguments: &str| {
        let ran = serve(&folder, arguments);
        assert_eq!(ran.code(), 2);
        ran.stderr()
    };
    let shown = [
        "--listen hunter2",
        "--listen",
        "--listen 127.0.0.1",
        "--log-format xml",
        "--log-level trace",
        "--log-level INFO",
        "--config",
        "--config a --config b",
        "--state sqlite:",
        "--chek",
        "hunter2",
        "--hunter2",
        "--operation GeneratePassword",
    ];
    assert_snapshot!(shown.map(wrong).concat(), @"
    totp-adapter: status -1: wrong command line: expected an address and a port such as 127.0.0.1:6238 or [::1]:6238 for --listen; see --help
    totp-adapter: status -1: wrong command line: --listen needs a value; see --help
    totp-adapter: status -1: wrong command line: expected an address and a port such as 127.0.0.1:6238 or [::1]:6238 for --listen; see --help
    totp-adapter: status -1: wrong command line: expected text or json for --log-format; see --help
    totp-adapter: status -1: wrong command line: expected error, warn, info or debug for --log-level; see --help
    totp-adapter: status -1: wrong command line: expected error, warn, info or debug for --log-level; did you mean info?
    totp-adapter: status -1: wrong command line: --config needs a value; see --help
    totp-adapter: status -1: wrong command line: --config is given more than once; see --help
    totp-adapter: status -1: wrong command line: expected sqlite:FILE, the name of a file, or postgres://USER@HOST/DATABASE for --state; see --help
    totp-adapter: status -1: wrong command line: unknown option; did you mean --check?
    totp-adapter: status -1: wrong command line: unexpected argument; secrets and passwords are read from the document, never from arguments; see --help
    totp-adapter: status -1: wrong command line: unknown option; see --help
    totp-adapter: status -1: wrong command line: misplaced option; it does not belong to this command; see --help
    ");
}

/// What stands in a file and must not come out again.
const MARKER: &str = "hunter2";

fn piece() -> impl Strategy<Value = String> {
    let words = [
        "listen",
        "host_names",
        "state",
        "state_password_file",
        "accounts",
        "metrics_listen",
        "tls",
        "limits",
        "verification",
        "operations",
        "client",
        "delivery",
        "mfa",
        "kind",
        "command",
        "proxy",
        "sms",
        "destinations",
        "certificate_file",
        "key_file",
        "request_seconds",
        "connections",
        "skew",
        "one_time",
        "attempts",
        "lock_after",
        "clients",
        "open",
        "id",
        "secret_file",
        "secret_sha256",
        "hunter2",
        "=",
        ".",
        "[",
        "]",
        "[[",
        "]]",
        "{",
        "}",
        ",",
        "'",
        "\"",
        "\"\"\"",
        "'''",
        "#",
        "\n",
        "\r\n",
        "\r",
        " ",
        "5",
        "-1",
        "true",
        "1979-05-27",
        "'hunter2'",
        "\"hunter2\"",
        "'127.0.0.1:1'",
        "'0.0.0.0:1'",
        "= 'hunter2'\n",
        "= 5\n",
        "\\",
        "\u{0}",
        "\u{feff}",
        "ä",
        "[tls]\n",
        "[limits]\n",
        "[operations]\n",
        "[[client]]\n",
        "[[delivery]]\n",
        "[mfa]\n",
        "name = 'a'\n",
        "kind = 'command'\n",
        "kind = 'webhook'\n",
        "command = ['hunter2']\n",
        "url = 'https://hunter2.example'\n",
        "id = 'a'\n",
        "clients = ['a']\n",
    ];
    prop_oneof![9 => select(words.to_vec()).prop_map(str::to_owned), 1 => any::<String>()]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    // contract 10.3a, 10.3c: any text is a configuration or a list of mistakes in the order of the lines, none of which
    // repeats what stands there.
    #[test]
    fn no_text_comes_out_again(pieces in proptest::collection::vec(piece(), 0..40)) {
        let text = pieces.concat();
        let lines = text.matches('\n').count() + 1;
        match read(Path::new("/nowhere"), &text) {
            Ok((_, warnings)) => prop_assert!(warnings.is_empty()),
            Err(mistakes) => {
                prop_assert!(!mistakes.is_empty());
                prop_assert!(mistakes.is_sorted_by_key(|mistake| mistake.place));
                for mistake in mistakes {
                    let line = mistake.line(Path::new("x.toml"));
                    prop_assert!(!line.contains(MARKER) && !line.contains(char::is_control), "{line}");
                    if let config::Place::Line(line) = mistake.place {
                        prop_assert!((1..=lines).contains(&line));
                    }
                }
            }
        }
    }
}
