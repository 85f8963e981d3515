//! The page and the description of the service, tried by programs that we did not write: a browser, a reader of QR codes,
//! an app's codes, a validator and a client made of the description. Where one is missing, a test says so on stderr and
//! skips; with `REQUIRE_INTEROPERABILITY` in the environment it fails instead.
#![cfg(feature = "serve")]

mod common;

use std::ffi::OsStr;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use common::service::Service;
use common::{Folder, available, prepared, program, project};

/// The folder with the modules of Node that the browser needs, if all else is there, too.
fn browser() -> Option<PathBuf> {
    let programs = ["node", "chromium", "zbarimg", "oathtool", "curl"];
    if !programs.map(program).into_iter().all(|found| found) {
        return None;
    }
    let modules = prepared("INTEROPERABILITY_NODE")?;
    let has = |module: &str| available(module, modules.join("node_modules").join(module).is_dir());
    (has("playwright-core") && has("axe-core")).then_some(modules)
}

/// The last line that a script says, which must succeed.
fn last_line<S: AsRef<OsStr>>(program: impl AsRef<OsStr>, arguments: impl IntoIterator<Item = S>) -> String {
    let ran = Command::new(program).args(arguments).output().unwrap();
    let (stdout, stderr) = (String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
    assert!(ran.status.success(), "{stdout}{stderr}");
    stdout.lines().last().unwrap_or_default().to_owned()
}

/// Where a service is reached.
fn base(service: &Service) -> String {
    format!("http://{}", service.address)
}

/// Tries the page of a service that is started with these options; the copy of the script has this name.
fn try_page(name: &str, options: &str, folder: &Folder, expected: &str) {
    let Some(modules) = browser() else { return };
    let service = Service::start_in(folder.path(), &format!("--state state.db {options}"));
    // Node finds modules from the script's own folder upwards.
    let script = modules.join(name);
    fs::copy(project().join("tests/service/page.mjs"), &script).unwrap();
    assert_eq!(last_line("node", [script.as_os_str(), base(&service).as_ref()]), expected);
}

/// A configuration that asks for tokens.
const TOKENS: &str =
    "[operations]\nclients = [\"workflow\"]\n[[client]]\nid = \"workflow\"\nsecret_file = \"secret\"\n";

// contract 10.10a, 10.10b: a person makes a secret, scans it, and verifies a password once.
#[test]
fn a_person_tries_the_service() {
    try_page("page.mjs", "", &Folder::empty(), "ok: the page was tried");
}

// contract 10.10a, 11.4
#[test]
fn the_page_asks_for_a_token() {
    let folder = Folder::empty();
    folder.write("secret", "a-secret-of-more-than-22-characters");
    folder.write("service.toml", TOKENS);
    try_page("page_tokens.mjs", "--config service.toml", &folder, "ok: the page asks for a token");
}

// contract 10.6c: the description is sound, and what the service does is in it.
#[test]
fn the_service_is_as_described() {
    let Some(python) = prepared("INTEROPERABILITY_PYTHON") else { return };
    let modules = Command::new(&python).args(["-c", "import schemathesis, openapi_spec_validator"]).output().unwrap();
    if !available("schemathesis or openapi-spec-validator", modules.status.success()) {
        return;
    }
    let service = Service::start("");
    let script = project().join("tests/service/openapi.py");
    assert_eq!(last_line(python, [script.as_os_str(), base(&service).as_ref()]), "ok: the service is as described");
}
