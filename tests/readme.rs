//! The README's commands, run in its order in one folder, give the output that it shows.
#![cfg(unix)]

mod common;

use std::env;
use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use common::page::{Shown, shown};
use common::terminal::on_terminal;
use common::{free_port, program, project, totp_adapter};

/// Commands that build or install: `.ci/run` runs the builds and `cargo test` itself.
const NOT_RUN: [&str; 5] =
    ["cargo install", "cargo build", "cargo test", "rustup target add", "cp target/x86_64-unknown-linux-musl"];
/// The port of the service.
const PORT: &str = "6238";
/// Other programs that the README shows.
const PROGRAMS: [&str; 4] = ["zbarimg", "oathtool", "xsltproc", "rsvg-convert"];

/// The secret in a text, if there is one.
fn secret_in(text: &str) -> Option<&str> {
    text.split_once("<Secret>")?.1.split_once("</Secret>").map(|(secret, _)| secret)
}

/// A text without the time at the end of a summary.
fn without_time(text: &str) -> String {
    let lines = text.lines().map(|line| match line.rsplit_once("; ") {
        Some((rest, time)) if line.starts_with("totp-adapter: ") && time.ends_with(" s") => rest,
        Some(_) | None => line,
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn without_password(text: &str) -> String {
    match text.strip_prefix("<Password>") {
        Some(rest) if rest.len() > 6 && rest.as_bytes()[..6].iter().all(u8::is_ascii_digit) => {
            format!("<Password>(six digits){}", &rest[6..])
        }
        Some(_) | None => text.to_owned(),
    }
}

/// What is started in the background, until the end of the test.
#[derive(Default)]
struct Background(Vec<Child>);

impl Drop for Background {
    fn drop(&mut self) {
        for child in &mut self.0 {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl Background {
    fn start(&mut self, command: &str, folder: &Path) {
        let script = format!("exec {}", as_installed(command));
        let mut command = Command::new("sh");
        command
            .args(["-c", &script])
            .current_dir(folder)
            .env("PATH", path())
            .env("HOME", folder)
            .env_remove("XDG_STATE_HOME");
        self.0.push(command.stdin(Stdio::null()).stdout(Stdio::null()).spawn().unwrap());
    }
}

/// The program as it is called once it is built.
fn as_installed(command: &str) -> String {
    command
        .replace("cargo run --release -- ", "totp-adapter ")
        .replace("cargo run --release --features serve -- ", "totp-adapter ")
}

/// The folders of programs, with that of the one under test first.
fn path() -> OsString {
    let programs = Path::new(env!("CARGO_BIN_EXE_totp-adapter")).parent().unwrap();
    let path = env::var_os("PATH").unwrap_or_default();
    env::join_paths([programs.to_owned()].into_iter().chain(env::split_paths(&path))).unwrap()
}

fn run(command: &str, folder: &Path) -> String {
    let command = as_installed(command);
    // The words that other programs have for their own machine (zbarimg looks for a message bus) are theirs.
    let is_ours = !PROGRAMS.iter().any(|name| command.starts_with(name));
    let script = format!("{}\n{command}", if is_ours { "exec 2>&1" } else { "" });
    let output = Command::new("sh")
        .args(["-c", &script])
        .current_dir(folder)
        .env("PATH", path())
        .env("LC_ALL", "C")
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap()
}

// contract 1.2b, 4.1a, 5.1a, 8.1a: as the README shows them.
#[test]
fn the_commands_give_the_output_that_is_shown() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["schemas", "fixtures"] {
        symlink(project().join(name), folder.path().join(name)).unwrap();
    }
    let commands = shown("README.md", "console");
    let shown_secret = commands.iter().find_map(|shown| secret_in(&shown.output)).unwrap().to_owned();
    let mut ran = 0;
    let mut background = Background::default();
    let port = free_port().to_string();
    for Shown { command, output } in &commands {
        let is_of_service = command.contains("--features serve") || command.contains(PORT);
        if is_of_service && !(cfg!(feature = "serve") && program("curl")) {
            continue;
        }
        if let Some(command) = command.strip_suffix(" &") {
            background.start(&format!("{command} --listen 127.0.0.1:{port}"), folder.path());
            continue;
        }
        let command = &command.replace(PORT, &port);
        let missing = PROGRAMS.iter().any(|name| command.starts_with(name) && !program(name));
        if missing || NOT_RUN.iter().any(|prefix| command.starts_with(prefix)) {
            continue;
        }
        // Without rsvg-convert there is no picture to read.
        if command.contains("qr-of-svg.png") && command.starts_with("zbarimg") && !program("rsvg-convert") {
            continue;
        }
        // Without oathtool the file that it would have left is missing, too.
        if command.contains("$(cat password)") && !folder.path().join("password").exists() {
            continue;
        }
        let got = run(command, folder.path());
        let secret = fs::read_to_string(folder.path().join("secret.xml")).unwrap();
        let got = got.replace(secret_in(&secret).unwrap(), &shown_secret);
        let comparable = |text: &str| without_time(&without_password(text));
        assert_eq!(comparable(&got), comparable(output), "$ {command}");
        ran += 1;
    }
    assert!(ran > 15, "only {ran} commands ran");
}

// contract 5.9a: the drawing in the README is the one of its secret.
#[test]
fn the_drawing() {
    let shown_secret =
        shown("README.md", "console").iter().find_map(|shown| secret_in(&shown.output)).unwrap().to_owned();
    let drawings = shown("README.md", "console terminal");
    let Shown { command, output } = &drawings[0];
    let arguments = command.strip_prefix("totp-adapter ").unwrap().strip_suffix(" --input secret.xml").unwrap();
    let arguments = arguments.split('"').enumerate().flat_map(|(index, part)| {
        // Every second part stands in quotation marks.
        let words: Vec<&str> = if index % 2 == 1 { vec![part] } else { part.split_whitespace().collect() };
        words
    });
    let document = format!("<Secret>{shown_secret}</Secret>");
    let (screen, stderr, code) = on_terminal(totp_adapter(arguments).command(), 80, &document);
    assert_eq!((stderr.as_str(), code), ("", 0));
    let visible = |text: &str| -> Vec<String> {
        let lines = text.lines().map(|line| line.trim_end().to_owned());
        lines.filter(|line| !line.is_empty()).collect()
    };
    let plain: String =
        screen.split('\u{1b}').map(|part| part.split_once('m').map_or(part, |(_, text)| text)).collect();
    assert_eq!(visible(&plain), visible(output));
}
