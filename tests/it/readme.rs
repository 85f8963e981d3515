//! The pages on the program: their commands, run in the order of a page in one folder, give the output that it shows, and
//! their links lead somewhere.
#![cfg(unix)]

use std::env;
use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::common::page::{Shown, shown};
use crate::common::{free_port, program, project};

/// Commands that build or install: `.ci/run` runs the builds and `cargo test` itself.
const NOT_RUN: [&str; 5] =
    ["cargo install", "cargo build", "cargo test", "rustup target add", "cp target/x86_64-unknown-linux-musl"];
/// The port of the service.
const PORT: &str = "6238";
/// The most that a newcomer reads in five minutes.
const README_BYTES: usize = 12 * 1024;
/// Pages whose commands run here.
const PAGES: [&str; 4] = ["README.md", "CONTRIBUTING.md", "schemas/README.md", "schemas/x4/README.md"];
/// Pages whose commands another test runs, and its file.
const OTHER_PAGES: [(&str, &str); 4] = [
    ("schemas/service-operation.md", "tests/it/service_pages.rs"),
    ("schemas/signalwire/README.md", "tests/it/push/pages.rs"),
    ("schemas/skyvern/README.md", "tests/it/push/pages.rs"),
    ("schemas/verity/README.md", "tests/it/push/pages.rs"),
];
/// Other programs that the pages show.
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

/// Whether what a command needs is missing here, or another test runs it.
fn is_left_out(command: &str, folder: &Path) -> bool {
    let is_of_service = command.contains("--features serve") || command.contains(PORT);
    let no_service = is_of_service && !(cfg!(feature = "serve") && program("curl"));
    let no_program = PROGRAMS.iter().any(|name| command.starts_with(name) && !program(name));
    // Without rsvg-convert there is no picture to read.
    let no_picture = command.contains("qr-of-svg.png") && command.starts_with("zbarimg") && !program("rsvg-convert");
    // Without oathtool the files that come of it are missing, too.
    let needs_password = ["$(cat password)", "< totp.xml"].iter().any(|file| command.contains(file));
    let no_password = needs_password && !folder.join("password").exists();
    let not_run = NOT_RUN.iter().any(|prefix| command.starts_with(prefix));
    no_service || no_program || no_picture || no_password || not_run
}

/// Runs the commands of a page; returns how many ran.
fn run_page(page: &str) -> usize {
    let folder = tempfile::tempdir().unwrap();
    for name in ["schemas", "fixtures"] {
        symlink(project().join(name), folder.path().join(name)).unwrap();
    }
    let commands = shown(page, "console");
    let shown_secret = commands.iter().find_map(|shown| secret_in(&shown.output)).unwrap_or_default();
    let mut ran = 0;
    let mut background = Background::default();
    let port = free_port().to_string();
    for Shown { command, output } in &commands {
        if is_left_out(command, folder.path()) {
            continue;
        }
        if let Some(command) = command.strip_suffix(" &") {
            background.start(&format!("{command} --listen 127.0.0.1:{port}"), folder.path());
            continue;
        }
        let mut got = run(&command.replace(PORT, &port), folder.path());
        if let Ok(document) = fs::read_to_string(folder.path().join("secret.xml")) {
            got = got.replace(secret_in(&document).unwrap(), shown_secret);
        }
        let comparable = |text: &str| without_time(&without_password(text));
        assert_eq!(comparable(&got), comparable(output), "{page}: $ {command}");
        ran += 1;
    }
    ran
}

// contract 1.2b, 4.1a, 5.1a, 8.1a: as the pages show them.
#[test]
fn the_commands_give_the_output_that_is_shown() {
    let ran: usize = PAGES.into_iter().map(run_page).sum();
    assert!(ran > 30, "only {ran} commands ran");
}

#[test]
fn the_readme_is_short() {
    let bytes = fs::read(project().join("README.md")).unwrap().len();
    assert!(bytes <= README_BYTES, "{bytes} bytes");
}

/// The pages of the project, as paths below its folder.
fn pages() -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> = ["", "benches", "fixtures", "schemas"].map(PathBuf::from).into();
    for entry in fs::read_dir(project().join("schemas")).unwrap() {
        let path = entry.unwrap().path();
        folders.extend(path.is_dir().then(|| path.strip_prefix(project()).unwrap().to_owned()));
    }
    let in_folder = |folder: &PathBuf| {
        let names = fs::read_dir(project().join(folder)).unwrap().map(|entry| entry.unwrap().file_name());
        names
            .map(|name| folder.join(name))
            .filter(|path| path.extension().is_some_and(|extension| extension == "md"))
            .collect::<Vec<_>>()
    };
    folders.iter().flat_map(in_folder).collect()
}

/// The lines of a page outside its blocks.
fn prose(page: &Path) -> String {
    let text = fs::read_to_string(project().join(page)).unwrap();
    let mut in_block = false;
    let lines = text.lines().filter(|line| {
        let is_fence = line.starts_with("```");
        in_block ^= is_fence;
        !in_block && !is_fence
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// Whether a file of the project has a text. One that is missing has none.
fn has(file: &str, text: &str) -> bool {
    fs::read_to_string(project().join(file)).is_ok_and(|content| content.contains(text))
}

/// Whether a test runs the blocks of a page that begin with `console` and this.
fn is_run(page: &str, kind: &str) -> bool {
    let Some(engine) = kind.strip_prefix(' ') else {
        let other = OTHER_PAGES.iter().find(|(other, _)| *other == page);
        let calls = ["run", "shown"].map(|call| format!("{call}(\"{page}\""));
        return PAGES.contains(&page) || other.is_some_and(|(_, test)| calls.iter().any(|call| has(test, call)));
    };
    // `tests/engines/readme.py` looks there.
    let folder = if matches!(engine, "xargs" | "parallel") { "shell" } else { engine };
    let test = format!("tests/engines/{}.py", engine.replace('-', "_"));
    page == format!("schemas/{folder}/README.md") && has(&test, &format!("run(\"{engine}\""))
}

#[test]
fn every_page_with_commands_is_run() {
    for page in pages() {
        let text = fs::read_to_string(project().join(&page)).unwrap();
        let page = page.to_str().unwrap();
        for fence in text.lines().filter(|line| line.trim_start().starts_with("```console")) {
            let kind = fence.strip_prefix("```console");
            assert!(kind.is_some_and(|kind| is_run(page, kind)), "no test runs the blocks {fence} of {page}");
        }
    }
}

/// A heading as the end of a link names it.
fn anchor(heading: &str) -> String {
    let characters = heading.trim_start_matches('#').trim().to_lowercase();
    characters.replace(' ', "-").chars().filter(|c| c.is_alphanumeric() || matches!(c, '-' | '_')).collect()
}

/// The links of a page to places of the project.
fn links(page: &Path) -> Vec<String> {
    let text = prose(page);
    let links = text.split("](").skip(1).map(|rest| rest.split(')').next().unwrap());
    links.filter(|link| !link.contains("://")).map(str::to_owned).collect()
}

#[test]
fn links_lead_somewhere() {
    for page in pages() {
        for link in links(&page) {
            let (file, place) = link.split_once('#').unwrap_or((&link, ""));
            let target = if file.is_empty() { page.clone() } else { page.parent().unwrap().join(file) };
            assert!(project().join(&target).exists(), "{}: {link}", page.display());
            let is_there =
                place.is_empty() || prose(&target).lines().any(|line| line.starts_with('#') && anchor(line) == place);
            assert!(is_there, "{}: {link}", page.display());
        }
    }
}

#[test]
fn the_readme_leads_to_every_page() {
    let links = links(Path::new("README.md"));
    assert!(pages().len() > 15, "only {} pages", pages().len());
    for page in pages().iter().filter(|page| page.as_path() != Path::new("README.md")) {
        assert!(links.iter().any(|link| Path::new(link) == page), "no link to {}", page.display());
    }
}
