//! The memory of used passwords through the program: the filter, `batch`, `stream` and `unlock` (contract 15).
#![cfg(feature = "state")]

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Stdio;

use crate::common::{Folder, RFC_PASSWORD, RFC_SECRET, RFC_TIME, Ran, totp_adapter, totp_document};
use insta::assert_snapshot;

const MATCH: &str = "<Ok description=\"The password matches.\"/>\n";
const MISMATCH: &str = "<Error description=\"The password provided is incorrect.\"/>\n";
/// The passwords of the RFC's key one step before and after that of its row.
const EARLIER: &str = "731029";
const LATER: &str = "050471";
/// Another step on.
const STILL_LATER: &str = "266759";
const WRONG: &str = "000000";

fn verify(folder: &Folder, more: &str, password: &str) -> Ran {
    let arguments = format!("--operation VerifyPassword --state state.db {more}");
    folder.prepare(&arguments).stdin(totp_document(password)).run()
}

/// At another time than that of the RFC's row.
fn verify_at(folder: &Folder, now: u64, password: &str) -> Ran {
    let now = now.to_string();
    let arguments = ["--operation", "VerifyPassword", "--state", "state.db", "--now", &now];
    totp_adapter(arguments).folder(folder.path()).stdin(totp_document(password)).run()
}

fn outcome(ran: &Ran) -> (String, i32) {
    (ran.stdout(), ran.code())
}

fn matched() -> (String, i32) {
    (MATCH.to_owned(), 0)
}

fn mismatched() -> (String, i32) {
    (MISMATCH.to_owned(), 1)
}

// contract 15.1a, 15.1b, 15.1c
#[test]
fn a_password_is_accepted_once() {
    let folder = Folder::new();
    assert_eq!(outcome(&verify(&folder, "", RFC_PASSWORD)), matched());
    let replay = verify(&folder, "", RFC_PASSWORD);
    let wrong = verify(&folder, "", WRONG);
    assert_eq!(outcome(&replay), mismatched());
    // Outside nothing tells one from the other; the line for the operator does.
    assert_eq!(outcome(&replay), outcome(&wrong));
    assert!(replay.stderr().starts_with("totp-adapter: status 403: replayed: "), "{}", replay.stderr());
    assert!(wrong.stderr().starts_with("totp-adapter: status 403: wrong password: "), "{}", wrong.stderr());
    let earlier = verify(&folder, "", EARLIER);
    assert_eq!(outcome(&earlier), mismatched());
    assert!(earlier.stderr().contains("replayed"), "{}", earlier.stderr());
    assert_eq!(outcome(&verify(&folder, "", LATER)), matched());
}

// contract 15.1a: the forms of the name; 15.2d: those of the password and the document.
#[test]
fn forms_make_no_other_password() {
    let folder = Folder::new();
    assert_eq!(outcome(&verify(&folder, "", RFC_PASSWORD)), matched());
    let spaced = format!(
        "<?xml version=\"1.0\"?>\n<TOTP>\n <Secret>gezd-gnbv gy3t-qojq gezd-gnbv gy3t-qojq</Secret>\n <Password>{} {}</Password></TOTP>",
        &RFC_PASSWORD[..3],
        &RFC_PASSWORD[3..],
    );
    for state in ["state.db", "./state.db", "sqlite:state.db"] {
        let ran = folder.prepare(&format!("--operation VerifyPassword --state {state}")).stdin(&spaced).run();
        assert_eq!(outcome(&ran), mismatched(), "{state}");
        assert!(ran.stderr().contains("replayed"), "{}", ran.stderr());
    }
    assert_eq!(folder.names(), ["secret.xml", "state.db", "state.db-shm", "state.db-wal"]);
}

/// SQLite takes some names for something else than files.
// contract 15.1a
#[test]
fn every_name_is_that_of_a_file() {
    for name in [":memory:", "file:state.db?mode=memory", "-state.db", "st%61te"] {
        let folder = Folder::empty();
        let ran = |_| {
            let arguments =
                ["--operation", "VerifyPassword", &format!("--state={name}"), "--now", &RFC_TIME.to_string()];
            totp_adapter(arguments).folder(folder.path()).stdin(totp_document(RFC_PASSWORD)).run().code()
        };
        assert_eq!([0, 1].map(ran), [0, 1], "{name}");
        assert!(folder.path().join(name).is_file(), "{name}");
    }
}

// contract 15.1d, 15.4b
#[test]
fn the_time_of_the_memory_is_that_of_the_run() {
    let folder = Folder::new();
    assert_eq!(outcome(&verify_at(&folder, RFC_TIME + 30, LATER)), matched());
    let back = verify_at(&folder, RFC_TIME - 30, EARLIER);
    assert_eq!(outcome(&back), mismatched());
    assert!(back.stderr().starts_with("totp-adapter: status 403: clock went back: "), "{}", back.stderr());
}

// contract 15.1e
#[test]
fn what_verifies_nothing_does_not_touch_the_state() {
    let folder = Folder::new();
    for (arguments, input) in [
        ("--operation GenerateSecret", ""),
        ("--operation GeneratePassword --input secret.xml", ""),
        ("--operation GenerateAuthenticatorQRCode --account me --input secret.xml", ""),
        ("--operation VerifyPassword", "<TOTP/>"),
        ("--operation VerifyPassword", &totp_document("12345")),
        ("--operation VerifyPassword", ""),
        ("stream --operation GeneratePassword", "<Secret>GEZDGNBV</Secret>\n"),
    ] {
        folder.prepare(&format!("{arguments} --state missing/state.db")).stdin(input).run();
        let ran = folder.prepare(&format!("{arguments} --state state.db")).stdin(input).run();
        assert!(!ran.stdout().contains("state not available"), "{ran}");
    }
    assert_eq!(folder.names(), ["secret.xml"]);
}

// contract 15.3a, 15.3c, 15.3d, 15.3f
#[test]
fn guessing_is_slowed_down() {
    let folder = Folder::new();
    for _ in 0..5 {
        assert_eq!(outcome(&verify(&folder, "", WRONG)), mismatched());
        // Not counted: what is malformed.
        assert_eq!(outcome(&verify(&folder, "", "12345")), mismatched());
    }
    let refused = verify(&folder, "", RFC_PASSWORD);
    assert_snapshot!(refused, @r#"
    $ totp-adapter --operation VerifyPassword --state state.db --now 1111111109
    < <TOTP><Password>081804</Password><Secret>GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ</Secret></TOTP>
    > <Error description="too many attempts: try again in 30 s"/>
    ! totp-adapter: status -1: too many attempts: try again in 30 s
    exit 2
    "#);
    assert_eq!(outcome(&verify_at(&folder, RFC_TIME + 30, RFC_PASSWORD)), matched());
    let folder = Folder::new();
    assert_eq!(outcome(&verify(&folder, "--attempts 1", WRONG)), mismatched());
    assert_eq!(verify(&folder, "--attempts 1", RFC_PASSWORD).code(), 2);
    assert_eq!(verify(&folder, "--attempts 0", RFC_PASSWORD).code(), 2);
    let folder = Folder::new();
    for _ in 0..20 {
        assert_eq!(outcome(&verify(&folder, "--attempts 0", WRONG)), mismatched());
    }
    assert_eq!(outcome(&verify(&folder, "--attempts 0", RFC_PASSWORD)), matched());
}

// contract 15.3b, 15.3e, 15.3f
#[test]
fn a_lock_is_final_until_it_is_unlocked() {
    let folder = Folder::new();
    let unlock = |input: &str| totp_adapter(["unlock", "--state", "state.db"]).folder(folder.path()).stdin(input).run();
    for _ in 0..2 {
        assert_eq!(outcome(&verify(&folder, "--lock-after 2", WRONG)), mismatched());
    }
    assert_snapshot!(verify(&folder, "", RFC_PASSWORD), @r#"
    $ totp-adapter --operation VerifyPassword --state state.db --now 1111111109
    < <TOTP><Password>081804</Password><Secret>GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ</Secret></TOTP>
    > <Error description="locked: unlock is needed"/>
    ! totp-adapter: status -1: locked: unlock is needed
    exit 2
    "#);
    let unlocked = ("<Ok description=\"The secret is unlocked.\"/>\n".to_owned(), 0);
    let secret = folder.read("secret.xml");
    assert_eq!(outcome(&unlock(&secret)), unlocked);
    assert_eq!(outcome(&verify(&folder, "", RFC_PASSWORD)), matched());
    // Also where nothing was locked, or never seen.
    assert_eq!(outcome(&unlock(&secret)), unlocked);
    assert_eq!(outcome(&unlock("<Secret>GEZDGNBV</Secret>")), unlocked);
    assert_eq!(outcome(&verify(&folder, "", RFC_PASSWORD)), mismatched());
    assert_snapshot!(unlock("<Secret>nonsense!</Secret>"), @r#"
    $ totp-adapter unlock --state state.db
    < <Secret>nonsense!</Secret>
    > <Error description="unusable secret: expected Base32 (the letters A to Z, the digits 2 to 7), found another character at line 1, column 17"/>
    ! totp-adapter: status -1: unusable secret: expected Base32 (the letters A to Z, the digits 2 to 7), found another character at line 1, column 17
    exit 2
    "#);
}

// contract 15.4a, 15.4c
#[test]
fn without_its_state_nothing_matches() {
    let folder = Folder::new();
    folder.write("text", "not a state");
    fs::create_dir(folder.path().join("folder")).unwrap();
    assert_eq!(verify(&folder, "", WRONG).code(), 1);
    fs::copy(folder.path().join("state.db"), folder.path().join("newer.db")).unwrap();
    let database = rusqlite::Connection::open(folder.path().join("newer.db")).unwrap();
    database.pragma_update(None, "journal_mode", "DELETE").unwrap();
    database.pragma_update(None, "application_id", 0x746f_7470).unwrap();
    database.pragma_update(None, "user_version", 1000).unwrap();
    drop(database);
    let answers: Vec<String> = ["text", "folder", "missing/state.db", "newer.db"]
        .into_iter()
        .map(|state| {
            let arguments = format!("--operation VerifyPassword --state {state}");
            let ran = folder.prepare(&arguments).stdin(totp_document(RFC_PASSWORD)).run();
            assert_eq!(ran.code(), 2);
            format!("{state}: {}", ran.stdout())
        })
        .collect();
    assert_snapshot!(answers.concat(), @r#"
    text: <Error description="state not available: it is not a state of this program"/>
    folder: <Error description="state not available: not a regular file"/>
    missing/state.db: <Error description="state not available: cannot open it: no such file or directory"/>
    newer.db: <Error description="state not available: a newer version of this program made it"/>
    "#);
    assert_eq!(folder.read("text"), "not a state");
}

// contract 15.4a: one who writes for too long does not make a password match.
#[test]
fn a_state_that_stays_busy_is_not_available() {
    let folder = Folder::new();
    assert_eq!(verify(&folder, "", WRONG).code(), 1);
    let database = rusqlite::Connection::open(folder.path().join("state.db")).unwrap();
    database.execute_batch("BEGIN IMMEDIATE").unwrap();
    let ran = verify(&folder, "", RFC_PASSWORD);
    assert_eq!(ran.code(), 2);
    assert!(ran.stdout().contains("state not available: another process keeps it busy"), "{ran}");
    database.execute_batch("ROLLBACK").unwrap();
    assert_eq!(outcome(&verify(&folder, "", RFC_PASSWORD)), matched());
}

// contract 15.6a: of several, the first one matches, however many threads there are.
#[test]
fn stream_judges_in_order() {
    let folder = Folder::empty();
    let mut input = String::new();
    // More than a block of records for each of several threads.
    for record in 0..5000 {
        let key = [b"a key for a stream ", &[b'A' + u8::try_from(record % 23).unwrap()][..]].concat();
        let secret = data_encoding::BASE32_NOPAD.encode(&key);
        let document = format!("<Secret>{secret}</Secret>");
        let password = if record < 46 { password_of(&folder, &document) } else { WRONG.to_owned() };
        let text = if record % 7 == 3 {
            "<TOTP/>".to_owned()
        } else {
            format!("<TOTP><Password>{password}</Password><Secret>{secret}</Secret></TOTP>")
        };
        writeln!(input, "{record}\t{text}").unwrap();
    }
    let run = |jobs: &str, state: &str| {
        let arguments = format!(
            "stream --operation VerifyPassword --columns id,document --attempts 0 --state {state} --jobs {jobs}"
        );
        let ran = folder.prepare(&arguments).stdin(&input).run();
        assert_eq!((ran.stderr().as_str(), ran.code()), ("", 0));
        ran.stdout()
    };
    let one = run("1", "one.db");
    assert_eq!(one.lines().filter(|line| line.contains("\t1\t")).count(), 23);
    assert_eq!(run("7", "seven.db"), one);
    // Once more, and nothing matches.
    assert!(!run("2", "one.db").contains("\t1\t"));
}

fn password_of(folder: &Folder, secret: &str) -> String {
    let ran = folder.prepare("--operation GeneratePassword").stdin(secret).run();
    ran.stdout().trim().trim_start_matches("<Password>").trim_end_matches("</Password>").to_owned()
}

// contract 15.1a, 15.4a, 7.2a: every record gets its line where the state is not there.
#[test]
fn stream_answers_each_record_without_a_state() {
    let folder = Folder::empty();
    let input = format!("{}\n<TOTP/>\n{}\n", totp_document(RFC_PASSWORD), totp_document(WRONG));
    let ran = folder.prepare("stream --operation VerifyPassword --state missing/state.db").stdin(input).run();
    assert_snapshot!(ran, @r#"
    $ totp-adapter stream --operation VerifyPassword --state missing/state.db --now 1111111109
    < <TOTP><Password>081804</Password><Secret>GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ</Secret></TOTP>
    < <TOTP/>
    < <TOTP><Password>000000</Password><Secret>GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ</Secret></TOTP>
    > -1	<Error description="state not available: cannot open it: no such file or directory"/>
    > 403	<Error description="The password provided is incorrect."/>
    > -1	<Error description="state not available: cannot open it: no such file or directory"/>
    exit 0
    "#);
}

// contract 15.6b: a password that has no place for its answer is not used up.
#[test]
fn batch_uses_no_password_up_for_nothing() {
    let folder = Folder::empty();
    folder.write("in/first.xml", totp_document(RFC_PASSWORD));
    folder.write("out/first.xml", MISMATCH);
    let run = |more: &str| {
        folder
            .prepare(&format!("batch --operation VerifyPassword --state state.db --output-dir out --quiet {more} in"))
            .run()
    };
    assert_eq!(run("").code(), 2);
    assert!(folder.read("out/first.error.xml").contains("the output exists"));
    assert_eq!(run("--overwrite").code(), 0);
    assert_eq!(folder.read("out/first.xml"), MATCH);
    assert_eq!(run("--overwrite").code(), 1);
    assert_eq!(folder.read("out/first.xml"), MISMATCH);
}

// contract 15.6c
#[test]
fn nothing_replaces_the_state() {
    let folder = Folder::new();
    assert_eq!(outcome(&verify(&folder, "", RFC_PASSWORD)), matched());
    let before = fs::read(folder.path().join("state.db")).unwrap();
    folder.write("totp.xml", totp_document(LATER));
    for arguments in [
        "--output state.db",
        "--status-file state.db",
        "--output ./state.db --overwrite",
        "--no-such-option --status-file state.db",
        "--output state.db-wal --overwrite",
        "--status-file state.db-wal",
        "--no-such-option --status-file state.db-wal",
        "--output state.db-shm --overwrite",
    ] {
        let ran = verify(&folder, arguments, LATER);
        assert_eq!(ran.code(), 2, "{ran}");
        assert!(ran.stdout().contains("are the same file") || arguments.starts_with("--no"), "{ran}");
    }
    let batch = "batch --operation VerifyPassword --state state.db --output-dir out totp.xml";
    let report = folder.prepare(&format!("{batch} --report state.db")).run();
    assert!(report.stdout().contains("--report and --state are the same file"), "{report}");
    assert_eq!(fs::read(folder.path().join("state.db")).unwrap(), before);
    assert!(verify(&folder, "", RFC_PASSWORD).stderr().contains("replayed"));
}

// contract 15.4d: a state that is gone while `stream` has it open stays gone; a new one would accept everything again.
#[test]
fn stream_makes_no_other_state() {
    use std::io::{BufRead, BufReader, Write};
    let folder = Folder::new();
    let now = RFC_TIME.to_string();
    let arguments = ["stream", "--operation", "VerifyPassword", "--state", "state.db", "--now", &now];
    let mut stream = std::process::Command::new(env!("CARGO_BIN_EXE_totp-adapter"))
        .args(arguments)
        .current_dir(folder.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let (mut records, mut answers) = (stream.stdin.take().unwrap(), BufReader::new(stream.stdout.take().unwrap()));
    let mut ask = || {
        writeln!(records, "{}", totp_document(RFC_PASSWORD)).unwrap();
        let mut answer = String::new();
        answers.read_line(&mut answer).unwrap();
        answer.split_once('\t').unwrap().0.to_owned()
    };
    assert_eq!([ask(), ask()], ["1", "403"]);
    let path = |name: &str| folder.path().join(name);
    fs::rename(path("state.db"), path("moved.db")).unwrap();
    assert_eq!([ask(), ask()], ["-1", "-1"]);
    assert!(!path("state.db").exists());
    fs::write(path("state.db"), "").unwrap();
    assert_eq!([ask(), ask()], ["-1", "-1"]);
    fs::rename(path("moved.db"), path("state.db")).unwrap();
    assert_eq!(ask(), "403");
    drop(records);
    assert!(stream.wait().unwrap().success());
}

// contract 15.3b: a state that was made only to be unlocked would hide that it is the wrong one.
#[test]
fn unlock_makes_no_state() {
    let folder = Folder::new();
    let unlock = totp_adapter(["unlock", "--state", "typo.db", "--input", "secret.xml"]).folder(folder.path()).run();
    assert_eq!(unlock.code(), 2);
    let cause = "state not available: cannot open it: no such file or directory";
    assert_eq!(unlock.stdout(), format!("<Error description=\"{cause}\"/>\n"));
    folder.write("empty.db", "");
    let unlock = totp_adapter(["unlock", "--state", "empty.db", "--input", "secret.xml"]).folder(folder.path()).run();
    assert_eq!((unlock.code(), folder.names()), (2, vec!["empty.db".to_owned(), "secret.xml".to_owned()]));
}

/// `kill -9` while answers come: what was answered is remembered.
// contract 15.2c, 15.5a
#[cfg(unix)]
#[test]
fn a_killed_process_forgets_nothing_that_it_answered() {
    use std::io::{BufRead, BufReader, Write};
    let folder = Folder::empty();
    let arguments = "stream --operation VerifyPassword --state state.db";
    for round in 0_u8..5 {
        let secret = data_encoding::BASE32_NOPAD.encode(&[b"killed ", &[b'A' + round][..]].concat());
        let password = password_of(&folder, &format!("<Secret>{secret}</Secret>"));
        let record = format!("<TOTP><Password>{password}</Password><Secret>{secret}</Secret></TOTP>\n");
        let mut command = folder.prepare(arguments).command();
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        stdin.write_all(record.as_bytes()).unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert!(line.starts_with("1\t"), "{line}");
        child.kill().unwrap();
        child.wait().unwrap();
        let again = folder.prepare(arguments).stdin(&record).run();
        assert!(again.stdout().starts_with("403\t"), "{again}");
    }
}

/// Whoever has the state has neither secrets nor passwords.
// contract 15.2a
#[test]
fn the_state_holds_no_secret() {
    let folder = Folder::new();
    verify(&folder, "", RFC_PASSWORD);
    verify(&folder, "", WRONG);
    for name in ["state.db", "state.db-wal"] {
        let bytes = fs::read(folder.path().join(name)).unwrap();
        for secret in [&b"12345678901234567890"[..], RFC_SECRET.as_bytes(), RFC_PASSWORD.as_bytes()] {
            assert!(!bytes.windows(secret.len()).any(|window| window == secret), "{name}");
        }
    }
}

// contract 15.3f
#[test]
fn wrong_command_lines() {
    let folder = Folder::new();
    let said: Vec<String> = [
        "--operation VerifyPassword --attempts 3",
        "--operation VerifyPassword --state state.db --attempts 101",
        "--operation VerifyPassword --state state.db --lock-after 1001",
        "--operation VerifyPassword --state=",
        "--operation VerifyPassword --state sqlite:",
        "unlock",
        "unlock --state state.db --attempts 3",
    ]
    .into_iter()
    .map(|arguments| {
        let ran = totp_adapter(arguments.split_whitespace()).folder(folder.path()).run();
        assert_eq!(ran.code(), 2);
        // With `serve` there are more.
        let said = ran.stdout().replace("--state-password-file, --config, --account, --destination, ", "");
        format!("{arguments}\n{said}")
    })
    .collect();
    assert_snapshot!(said.concat(), @r#"
    --operation VerifyPassword --attempts 3
    <Error description="wrong command line: --state is missing: the file of the state; see --help"/>
    --operation VerifyPassword --state state.db --attempts 101
    <Error description="wrong command line: expected a whole number of attempts from 0 (no limit) to 100 for --attempts; see --help"/>
    --operation VerifyPassword --state state.db --lock-after 1001
    <Error description="wrong command line: expected a whole number of attempts from 0 (never) to 1000 for --lock-after; see --help"/>
    --operation VerifyPassword --state=
    <Error description="wrong command line: expected sqlite:FILE, the name of a file, or postgres://USER@HOST/DATABASE for --state; see --help"/>
    --operation VerifyPassword --state sqlite:
    <Error description="wrong command line: expected sqlite:FILE, the name of a file, or postgres://USER@HOST/DATABASE for --state; see --help"/>
    unlock
    <Error description="wrong command line: --state is missing: the file of the state; see --help"/>
    unlock --state state.db --attempts 3
    <Error description="wrong command line: misplaced option; it does not belong to this command; see --help"/>
    "#);
    assert!(!Path::new(&folder.path().join("state.db")).exists());
}

/// An account of the service, locked and unlocked.
// contract 15.3h
#[cfg(feature = "serve")]
#[test]
fn an_account_is_unlocked_by_the_configuration() {
    let folder = Folder::new();
    folder.write("service.toml", "state = \"state.db\"\naccounts = \"accounts\"\n");
    folder.write("accounts/me.xml", folder.read("secret.xml"));
    for _ in 0..2 {
        assert_eq!(outcome(&verify(&folder, "--lock-after 2", WRONG)), mismatched());
    }
    assert!(verify(&folder, "", RFC_PASSWORD).stdout().contains("locked"));
    let unlock = |arguments: &str| {
        totp_adapter(["unlock"].into_iter().chain(arguments.split_whitespace())).folder(folder.path()).run()
    };
    assert_snapshot!(unlock("--config service.toml --account you"), @r#"
    $ totp-adapter unlock --config service.toml --account you
    > <Error description="unknown account: it is not enrolled"/>
    ! totp-adapter: status -1: unknown account: it is not enrolled
    exit 2
    "#);
    assert!(verify(&folder, "", RFC_PASSWORD).stdout().contains("locked"));
    assert_snapshot!(unlock("--config service.toml --account me --status-file status"), @r#"
    $ totp-adapter unlock --config service.toml --account me --status-file status
    > <Ok description="The secret is unlocked."/>
    exit 0
    "#);
    assert_eq!(folder.read("status"), "1\n");
    assert_eq!(outcome(&verify(&folder, "", RFC_PASSWORD)), matched());
    folder.write("wrong.toml", "state = \"state.db\"\nacounts = \"accounts\"\n");
    folder.write("more.toml", "lissen = 1\nacounts = \"accounts\"\n");
    folder.write("none.toml", "state = \"state.db\"\n");
    let said: Vec<String> = [
        "--config wrong.toml --account me",
        "--config more.toml --account me",
        "--config none.toml --account me",
        "--config missing.toml --account me",
        "--config service.toml --account ../me",
        "--config service.toml",
        "--account me",
        "--state state.db --account me",
        "--config service.toml --account me --state state.db",
        "--config service.toml --account me --input secret.xml",
        "--config service.toml --account me --output service.toml",
    ]
    .into_iter()
    .map(|arguments| format!("{arguments}\n{}", unlock(arguments).stdout()))
    .collect();
    assert_snapshot!(said.concat(), @r#"
    --config wrong.toml --account me
    <Error description="wrong configuration: wrong.toml:2: unknown key; did you mean accounts?"/>
    --config more.toml --account me
    <Error description="wrong configuration: more.toml:1: unknown key; did you mean listen? (serve --check shows all 2 mistakes)"/>
    --config none.toml --account me
    <Error description="wrong configuration: expected accounts, the folder of accounts"/>
    --config missing.toml --account me
    <Error description="wrong configuration: missing.toml: cannot read the configuration: no such file or directory"/>
    --config service.toml --account ../me
    <Error description="wrong command line: expected a name of 1 to 128 of A to Z, a to z, 0 to 9 and ._@+- that does not begin with a dot for --account; see --help"/>
    --config service.toml
    <Error description="wrong command line: --config needs --account with the name of an account, or --destination with a telephone number; see --help"/>
    --account me
    <Error description="wrong command line: --config is missing: the configuration of the service; see --help"/>
    --state state.db --account me
    <Error description="wrong command line: --state cannot be used with --account; see --help"/>
    --config service.toml --account me --state state.db
    <Error description="wrong command line: --config cannot be used with --state; see --help"/>
    --config service.toml --account me --input secret.xml
    <Error description="wrong command line: --config cannot be used with --input; see --help"/>
    --config service.toml --account me --output service.toml
    <Error description="wrong parameter: --output and --config are the same file"/>
    "#);
}

/// The filter, `stream`, `batch` and `unlock` with a state in PostgreSQL.
// contract 15.1g: a password that nobody asks for may be meant for another state.
#[cfg(feature = "serve")]
#[test]
fn a_file_has_no_password() {
    let folder = Folder::new();
    folder.write("password", "secret");
    let ran = verify(&folder, "--state-password-file password", RFC_PASSWORD);
    let cause = "wrong parameter: --state-password-file is only for a state in PostgreSQL";
    assert_eq!((ran.code(), ran.stderr()), (2, format!("totp-adapter: status -1: {cause}\n")));
    let unlock = totp_adapter(["unlock", "--state", "state.db", "--state-password-file", "password"]);
    let unlock = unlock.folder(folder.path()).stdin(format!("<Secret>{RFC_SECRET}</Secret>")).run();
    assert_eq!((unlock.code(), unlock.stderr()), (2, format!("totp-adapter: status -1: {cause}\n")));
    assert!(!folder.names().contains(&"state.db".to_owned()));
}

// contract 15.1g, 15.5d
#[cfg(feature = "serve")]
#[test]
fn a_database_remembers_as_a_file_does() {
    let Some(schema) = crate::common::schema::Schema::new() else { return };
    let state = schema.address("");
    let folder = Folder::new();
    let verify = |more: &str, password: &str| {
        let arguments = format!("--operation VerifyPassword --state {state} {more}");
        folder.prepare(&arguments).stdin(totp_document(password)).run()
    };
    assert_eq!(outcome(&verify("", EARLIER)), matched());
    let replay = verify("", EARLIER);
    assert_eq!(outcome(&replay), mismatched());
    assert!(replay.stderr().contains("replayed"), "{}", replay.stderr());

    let records = [EARLIER, RFC_PASSWORD, RFC_PASSWORD].map(|password| totp_document(password) + "\n").concat();
    let stream = folder.prepare(&format!("stream --operation VerifyPassword --state {state}")).stdin(records).run();
    let statuses: Vec<String> = stream.stdout().lines().map(|line| line.split('\t').next().unwrap().into()).collect();
    assert_eq!(statuses, ["403", "1", "403"]);

    folder.write("in/first.xml", totp_document(LATER));
    folder.write("in/second.xml", totp_document(LATER));
    let batch = format!("batch --operation VerifyPassword --state {state} --output-dir out --quiet --jobs 1 in");
    assert_eq!(folder.prepare(&batch).run().code(), 1);
    assert_eq!([folder.read("out/first.xml"), folder.read("out/second.xml")], [MATCH, MISMATCH]);

    assert_eq!(outcome(&verify("--lock-after 1", WRONG)), mismatched());
    assert!(verify("", WRONG).stdout().contains("locked: unlock is needed"));
    let unlock = format!("unlock --state {state} --input secret.xml");
    let unlocked = totp_adapter(unlock.split_whitespace()).folder(folder.path()).run();
    assert_eq!(unlocked.stdout(), "<Ok description=\"The secret is unlocked.\"/>\n");
    assert_eq!(outcome(&verify("", WRONG)), mismatched());
}

// contract 15.1h, 15.4a, 15.5h: no password and nothing else of an address is repeated.
#[cfg(feature = "serve")]
#[test]
fn addresses_that_cannot_be_used() {
    let folder = Folder::new();
    folder.write("empty", "");
    let said: Vec<String> = [
        "--state postgres://totp:hidden@127.0.0.1/totp",
        "--state postgres://totp@127.0.0.1/totp?password=hidden",
        "--state postgres:///totp",
        "--state postgres://127.0.0.1/totp?sslmode=hidden",
        "--state postgres://127.0.0.1/totp?hidden=1",
        "--state postgres://totp@127.0.0.1:1/hidden",
        "--state postgres://totp@127.0.0.1:1/hidden --state-password-file empty",
        "--state postgres://totp@127.0.0.1:1/hidden --state-password-file missing",
        "--state-password-file empty",
    ]
    .into_iter()
    .map(|arguments| {
        let arguments = format!("--operation VerifyPassword {arguments}");
        let ran = folder.prepare(&arguments).stdin(totp_document(RFC_PASSWORD)).run();
        assert_eq!(ran.code(), 2, "{arguments}");
        assert!(!(ran.stdout() + &ran.stderr()).contains("hidden"), "{}", ran.stdout());
        ran.stdout()
    })
    .collect();
    assert_snapshot!(said.concat(), @r#"
    <Error description="wrong command line: expected an address without a password (it belongs in a file) for --state; see --help"/>
    <Error description="wrong command line: expected an address without a password (it belongs in a file) for --state; see --help"/>
    <Error description="wrong command line: expected an address with a host (or ?host=/FOLDER, for the socket in a folder) for --state; see --help"/>
    <Error description="wrong command line: expected an address with sslmode=disable, prefer, require, verify-ca or verify-full for --state; see --help"/>
    <Error description="wrong command line: expected postgres://USER@HOST:PORT/DATABASE (and ?KEY=VALUE with parameters of PostgreSQL) for --state; see --help"/>
    <Error description="state not available: the database does not answer"/>
    <Error description="state not available: the file of its password is not one line of text"/>
    <Error description="state not available: the file of its password is not one line of text"/>
    <Error description="wrong command line: --state is missing: the file of the state; see --help"/>
    "#);
}

// contract 15.4a, 15.4e: a disk that is full, and one that can only be read: nothing matches, nothing is forgotten, and where there is room
// again all goes on.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_and_one_that_is_read_only() {
    use std::process::Command;
    const STEPS: &str = r#"
        set -e
        verify() { printf '%s' "$document" | "$program" --operation VerifyPassword --now "$1" --state disk/state.db || true; }
        mount -t tmpfs -o size=256k tmpfs disk
        verify "$now" 2>&1
        head -c 300k /dev/zero > disk/fill || true
        # The files still have room to the end of their pages.
        for _ in 1 2 3 4; do document=$other verify "$now" > rest 2>&1; done
        document=$later verify "$((now + 30))" 2>&1
        rm disk/fill
        document=$later verify "$((now + 30))" 2>&1
        mount -o remount,ro disk
        document=$last verify "$((now + 60))" 2>&1
        if [ "$serves" = true ]; then "$program" serve --listen 127.0.0.1:0 --state disk/state.db 2>&1 && exit 1; fi
        mount -o remount,rw disk
        document=$last verify "$((now + 60))" 2>&1
        verify "$now" 2>&1
    "#;
    let in_namespace = |command: &[&str]| {
        let mut unshare = Command::new("unshare");
        unshare.args(["--user", "--map-root-user", "--mount"]).args(command);
        unshare
    };
    let can = in_namespace(&["true"]).stderr(Stdio::null()).status().is_ok_and(|status| status.success());
    if !crate::common::available("a namespace for file systems (unshare)", can) {
        return;
    }
    let folder = Folder::new();
    fs::create_dir(folder.path().join("disk")).unwrap();
    let ran = in_namespace(&["sh", "-c", STEPS])
        .current_dir(folder.path())
        .env("program", env!("CARGO_BIN_EXE_totp-adapter"))
        .env("other", "<TOTP><Password>000000</Password><Secret>GEZDGNBVGY3TQOJQ</Secret></TOTP>")
        .env("serves", cfg!(feature = "serve").to_string())
        .env("now", RFC_TIME.to_string())
        .env("document", totp_document(RFC_PASSWORD))
        .env("later", totp_document(LATER))
        .env("last", totp_document(STILL_LATER))
        .output()
        .unwrap();
    let said = String::from_utf8(ran.stdout).unwrap();
    let refused = |why: &str| format!("<Error description=\"state not available: {why}\"/>\n");
    let documents: String = said.split_inclusive('\n').filter(|line| line.starts_with('<')).collect();
    let full = refused("no space left on its disk");
    let read_only = refused("it cannot be written");
    assert!(ran.status.success(), "{said}");
    assert_eq!(documents, [MATCH, &full, MATCH, &read_only, MATCH, MISMATCH].concat(), "{said}");
}
