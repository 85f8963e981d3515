//! The commands of the operator's page, run in its order in one folder by one shell, give the output that it shows.
#![cfg(all(feature = "serve", unix))]

use std::env;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::common::page::{Shown, shown};
use crate::common::{free_port, program, project};

/// The port that the page shows.
const SHOWN_PORT: &str = "6238";
/// What stands between the outputs of two commands.
const MARK: &str = "-- next --";

fn without_password(text: &str) -> String {
    match text.strip_prefix("<Password>") {
        Some(rest) if rest.len() > 6 && rest.as_bytes()[..6].iter().all(u8::is_ascii_digit) => {
            format!("<Password>(six digits){}", &rest[6..])
        }
        Some(_) | None => text.to_owned(),
    }
}

// contract 10.3a, 10.3e, 11.3a, 11.4, 13.3a, 15.3b: as the page shows them.
#[test]
fn the_commands_give_the_output_that_is_shown() {
    if ![program("curl"), program("openssl")].into_iter().all(|found| found) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let commands = shown("schemas/service-operation.md", "console");
    assert!(commands.len() > 15, "only {} commands", commands.len());
    let port = free_port().to_string();
    let lines: Vec<String> =
        commands.iter().map(|shown| format!("{}\necho '{MARK}'\n", shown.command.replace(SHOWN_PORT, &port))).collect();
    let script = lines.concat();
    let programs = Path::new(env!("CARGO_BIN_EXE_totp-adapter")).parent().unwrap();
    let path =
        env::join_paths([programs.to_owned()].into_iter().chain(env::split_paths(&env::var_os("PATH").unwrap())));
    let output = Command::new("sh")
        // The service ends with the shell, and holds none of its pipes open.
        .args(["-c", &format!("exec 2>&1\ntrap 'kill $!' EXIT\n{}", script.replace(".log &", ".log > /dev/null &"))])
        .current_dir(folder.path())
        .env("PATH", path.unwrap())
        .env("LC_ALL", "C")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let stdout = String::from_utf8(output.stdout).unwrap().replace(&port, SHOWN_PORT);
    let got: Vec<&str> = stdout.split(&format!("{MARK}\n")).collect();
    for (Shown { command, output }, got) in commands.iter().zip(got) {
        let log = || fs::read_to_string(folder.path().join("service.log")).unwrap_or_default();
        assert_eq!(without_password(got), without_password(output), "$ {command}\nthe log:\n{}", log());
    }
}

/// The unit names a program and options that there are.
#[test]
fn the_unit_of_systemd_is_sound() {
    if !program("systemd-analyze") {
        return;
    }
    let unit = project().join("schemas/systemd/totp-adapter.service");
    let security = Command::new("systemd-analyze")
        .args(["security", "--offline=true", "--threshold=15", "--no-pager"])
        .arg(unit)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&security.stdout);
    assert!(security.status.success(), "{text}{}", String::from_utf8_lossy(&security.stderr));
    assert!(text.contains("exposure level for totp-adapter.service: 1.2"), "{text}");
}
