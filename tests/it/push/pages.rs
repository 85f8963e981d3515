//! The commands of the pages on Skyvern, Verity and SignalWire give the output that they show, against servers in place of those
//! that they name.

use std::env;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::common::page::{Shown, shown};
use crate::common::recorder::{Action, Recorder};
use crate::common::{free_port, program, project};

/// What stands between the outputs of two commands.
const MARK: &str = "-- next --";

/// A text with the same id and the same code as every other, where it has such.
fn with_fixed_code(text: &str) -> String {
    let mut text = text.to_owned();
    for (before, fixed) in [("\"id\":\"", "2ab93f8a-e54c-42f3-9232-c0c480063ab5"), ("Code is: ", "546048")] {
        if let Some((head, rest)) = text.split_once(before).filter(|(_, rest)| rest.len() > fixed.len()) {
            let (found, tail) = rest.split_at(fixed.len());
            assert!(found.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-'), "{found}");
            text = format!("{head}{before}{fixed}{tail}");
        }
    }
    text
}

/// Runs the commands of a page, with other addresses in place of those that it shows.
fn run(page: &str, addresses: &[(&str, String)]) {
    let folder = tempfile::tempdir().unwrap();
    let commands = shown(page, "console");
    assert!(commands.len() > 4, "only {} commands", commands.len());
    let lines: Vec<String> = commands.iter().map(|shown| format!("{}\necho '{MARK}'\n", shown.command)).collect();
    // A service ends with the shell, and holds none of its pipes open.
    let lines = lines.concat().replace(".log &", ".log > /dev/null &");
    let mut script = format!("exec 2>&1\ntrap '[ -z \"$!\" ] || kill $!' EXIT\n{lines}");
    for (shown, real) in addresses {
        script = script.replace(shown, real);
    }
    let programs = Path::new(env!("CARGO_BIN_EXE_totp-adapter")).parent().unwrap().to_owned();
    let path = env::join_paths([programs].into_iter().chain(env::split_paths(&env::var_os("PATH").unwrap())));
    let output = Command::new("sh")
        .args(["-c", &script])
        .current_dir(folder.path())
        .env("PATH", path.unwrap())
        .env("LC_ALL", "C")
        .env("SKYVERN_API_KEY", "key-of-the-page")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let mut stdout = String::from_utf8(output.stdout).unwrap();
    for (shown, real) in addresses {
        stdout = stdout.replace(real, shown);
    }
    for (Shown { command, output }, got) in commands.iter().zip(stdout.split(&format!("{MARK}\n"))) {
        assert_eq!(with_fixed_code(got), *output, "$ {command}");
    }
}

/// In place of what a page shows, the port of a service that runs with its configuration: what it shows is the service's own.
fn service_on(port: u16) -> [(&'static str, String); 2] {
    let listen = format!("listen = \"127.0.0.1:{port}\"\nstate =");
    [("state =", listen), ("127.0.0.1:6238", format!("127.0.0.1:{port}"))]
}

// contract 12.1b, 12.2a, 12.2d, 12.3a: as the page shows them.
#[test]
fn the_page_on_skyvern() {
    if !program("curl") {
        return;
    }
    let server = Recorder::start(|_, _| Action::answer(200, "{\"totp_code_id\":\"o\",\"code\":\"123456\"}"));
    let [state, address] = service_on(free_port());
    run("schemas/skyvern/README.md", &[("https://api.skyvern.com", server.url("")), state, address]);
    let sent = server.requests("/v1/credentials/totp");
    assert!(sent.iter().all(|request| request.header("x-api-key") == Some("key-of-the-page")));
    let contents: Vec<&str> = sent.iter().skip(1).map(crate::common::recorder::Request::text).collect();
    assert_eq!(
        contents,
        [
            r#"{"totp_identifier":"me@example.org","source":"sms","content":"Your code is 123456\n"}"#,
            r#"{"totp_identifier":"me@example.org","source":"email","content":"Your code is 123456. It is valid for ten minutes."}"#,
        ]
    );
}

// contract 13.1j, 13.5a, 13.5b, 13.5c: as the page shows them.
#[test]
fn the_page_on_verity() {
    let token = Recorder::start(|_, _| Action::answer(200, "{\"access_token\":\"t\",\"expires_in\":60}"));
    let hook = Recorder::start(|_, _| Action::answer(202, ""));
    run("schemas/verity/README.md", &[("https://hook.example", hook.url("")), ("https://auth.example", token.url(""))]);
    let sent = hook.requests("/messages");
    let bearers: Vec<_> = sent.iter().map(|request| request.header("authorization").unwrap()).collect();
    assert_eq!(bearers, ["Bearer t", "Bearer c29tZSB0b2tlbg"]);
    assert_eq!(sent[0].text(), "{\"question\": \"Is it you?\"}\n");
    assert!(sent[1].text().starts_with("<Secret>"));
}

// contract 14.1a, 14.1g, 14.2b, 14.3e, 14.4a, 14.4b: as the page shows them.
#[test]
fn the_page_on_signalwire() {
    if ![program("curl"), program("openssl")].into_iter().all(|found| found) {
        return;
    }
    run("schemas/signalwire/README.md", &service_on(free_port()));
}

/// The lines for mail systems name options that there are, and the ones that these need.
#[test]
fn the_lines_for_mail_systems() {
    let page = std::fs::read_to_string(project().join("schemas/skyvern/README.md")).unwrap();
    for kind in ["procmail", "postfix", "fetchmail"] {
        let block = page.split(&format!("```{kind}\n")).nth(1).unwrap().split("```").next().unwrap();
        let command = block.split_once("totp-adapter push").unwrap().1.replace("\n  --", " --");
        let command = command.lines().next().unwrap().trim_end_matches('"');
        let arguments = ["push"].into_iter().chain(command.split_whitespace());
        // So wrong an address that nothing is sent: all before it was understood.
        let arguments = arguments.map(|word| word.replace("https://api.skyvern.com", "ftp://a"));
        let ran = crate::common::totp_adapter(arguments).stdin("To: a@example.org\n\na").run();
        assert!(ran.stderr().contains("wrong parameter: expected an address such as"), "{ran}");
        assert_eq!(ran.code(), 64, "{ran}");
    }
}
