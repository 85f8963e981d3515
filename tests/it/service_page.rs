//! The page and the description of the service, tried by programs that we did not write: a browser, a reader of QR codes,
//! an app's codes, a validator and a client made of the description. Where one is missing, a test says so on stderr and
//! skips; with `REQUIRE_INTEROPERABILITY` in the environment it fails instead.
#![cfg(feature = "serve")]

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::common::service::Service;
use crate::common::{Folder, available, prepared, program, project, secret_document};

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

/// Whether the description of a service is sound, and what the service does is in it.
fn is_as_described(python: &Path, service: &Service, credentials: &[&str]) -> bool {
    let script = project().join("tests/service/openapi.py");
    let base = base(service);
    let arguments = [script.as_os_str(), base.as_ref()].into_iter().chain(credentials.iter().map(OsStr::new));
    last_line(python, arguments) == "ok: the service is as described"
}

fn python_with_schemathesis() -> Option<PathBuf> {
    let python = prepared("INTEROPERABILITY_PYTHON")?;
    let modules = Command::new(&python).args(["-c", "import schemathesis, openapi_spec_validator"]).output().unwrap();
    available("schemathesis or openapi-spec-validator", modules.status.success()).then_some(python)
}

// contract 10.6c
#[test]
fn the_service_is_as_described() {
    let Some(python) = python_with_schemathesis() else { return };
    assert!(is_as_described(&python, &Service::start(""), &[]));
}

/// Accounts, tokens, Skyvern, an inbox, codes for a second factor.
const ALL_PARTS: &str = "accounts = 'accounts'\n\
    [[skyvern]]\npath = 'billing'\naccount = 'billing'\napi_key_file = 'secret'\n\
    [[inbox]]\nname = 'verity'\nclients = ['workflow']\ndirectory = 'inbox'\n\
    [[delivery]]\nname = 'nowhere'\nkind = 'command'\ncommand = ['cat']\n\
    [mfa]\nproject = 'project'\ntoken_file = 'secret'\nkey_file = 'mfa.key'\nsms = 'nowhere'\ncall = 'nowhere'\nsends = 40\n";
const PROJECT: &str = "project:a-secret-of-more-than-22-characters";

// contract 10.6c
#[test]
fn a_service_with_all_its_parts_is_as_described() {
    let Some(python) = python_with_schemathesis() else { return };
    let folder = Folder::empty();
    folder.write("secret", "a-secret-of-more-than-22-characters");
    folder.write("accounts/billing.xml", secret_document());
    fs::create_dir(folder.path().join("inbox")).unwrap();
    folder.write("service.toml", format!("state = 'state.db'\n{ALL_PARTS}{TOKENS}"));
    let service = Service::start_in(folder.path(), "--config service.toml");
    let form = "grant_type=client_credentials&client_id=workflow&client_secret=a-secret-of-more-than-22-characters";
    let answer = service.post_with("/oauth2/token", "Content-Type: application/x-www-form-urlencoded\r\n", form);
    let answer: serde_json::Value = serde_json::from_str(answer.text()).unwrap();
    assert!(is_as_described(&python, &service, &[answer["access_token"].as_str().unwrap(), PROJECT]));
    assert!(fs::read_dir(folder.path().join("inbox")).unwrap().count() > 10);
    // Its requests were taken for those of the project.
    let metrics = service.get("/metrics").text().to_owned();
    let requests = |route: &str, http_status: &str| {
        let name = format!(
            "totp_adapter_requests_total{{http_status=\"{http_status}\",route=\"/api/relay/rest/mfa/{route}\"}} "
        );
        metrics.lines().find_map(|line| line.strip_prefix(&name)).map_or(0, |count| count.parse::<u64>().unwrap())
    };
    for route in ["sms", "call"] {
        assert!(requests(route, "200") > 2 && requests(route, "422") > 10, "{metrics}");
    }
    assert!(requests("{id}/verify", "404") > 5 && requests("{id}/verify", "422") > 2, "{metrics}");
}
