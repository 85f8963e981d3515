//! The Windows program under Wine (contract 5.11): the four operations, files, and exit codes of 32 bits.
//! It is the program of `cargo build --release --target x86_64-pc-windows-gnu`, named by `WINDOWS_PROGRAM`; beside it is
//! the library that `tests/windows/bcryptprimitives.c` becomes.
#![cfg(target_os = "linux")]

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::common::{RFC_TIME, prepared, secret_document, totp_document};
use tempfile::TempDir;

/// A Windows of its own, with the program in its only folder.
struct Windows {
    folder: TempDir,
    program: PathBuf,
}

impl Windows {
    fn new() -> Option<Self> {
        let program = prepared("WINDOWS_PROGRAM").filter(|_| crate::common::program("wine"))?;
        Some(Self { folder: TempDir::new().unwrap(), program })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Runs the program below `cmd`, which prints the whole exit code: stdout without that line, and the code.
    fn run(&self, arguments: &str, input: &[u8]) -> (Vec<u8>, i64) {
        fs::copy(&self.program, self.path("totp-adapter.exe")).unwrap();
        // Wine before version 9 lacks this library of Windows.
        let library = "bcryptprimitives.dll";
        fs::copy(self.program.with_file_name(library), self.path(library)).unwrap();
        let script = format!("@totp-adapter.exe {arguments} --now {RFC_TIME}\r\n@>code echo %ERRORLEVEL%\r\n");
        fs::write(self.path("run.bat"), script).unwrap();
        let mut command = wine(self.folder.path());
        command.args(["cmd", "/c", "run.bat"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(input).unwrap();
        let output = child.wait_with_output().unwrap();
        let code = fs::read_to_string(self.path("code")).unwrap();
        (output.stdout, code.trim().parse().unwrap())
    }
}

fn wine(folder: &Path) -> Command {
    let mut command = Command::new("wine");
    command.current_dir(folder).env("WINEPREFIX", folder.join("prefix")).env("WINEDEBUG", "-all");
    // On a desktop a new prefix would offer to download Mono and Gecko, and wait for the answer.
    command.env("WINEDLLOVERRIDES", "mscoree=d;mshtml=d");
    command
}

impl Drop for Windows {
    fn drop(&mut self) {
        // Ends what runs in this prefix, and nothing else.
        let _ = Command::new("wineserver").arg("-k").env("WINEPREFIX", self.path("prefix")).status();
    }
}

// contract 5.11, 5.2b, 5.5a, 5.12a
#[test]
fn the_windows_program() {
    let Some(windows) = Windows::new() else { return };
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let secret = secret_document();

    let (document, code) = windows.run("--operation GenerateSecret", b"");
    assert_eq!((text(document).len(), code), ("<Secret></Secret>\n".len() + 32, 0));
    let (document, code) = windows.run("--operation GeneratePassword", secret.as_bytes());
    assert_eq!((text(document).as_str(), code), ("<Password>081804</Password>\n", 0));
    let (document, code) = windows.run("--operation VerifyPassword", totp_document("081804").as_bytes());
    assert_eq!((text(document).as_str(), code), ("<Ok description=\"The password matches.\"/>\n", 0));
    let (picture, code) =
        windows.run("--operation GenerateAuthenticatorQRCode --issuer SoftProject --account john", secret.as_bytes());
    assert_eq!((&picture[..4], code), (&b"\x89PNG"[..], 0));
    let native = crate::common::totp_adapter(
        "--operation GenerateAuthenticatorQRCode --issuer SoftProject --account john".split(' '),
    );
    assert_eq!(pixels(&picture), pixels(&native.stdin(&secret).run().output.stdout));

    for (input, expected) in [(totp_document("081804"), 1), (totp_document("000000"), 403)] {
        let (_, code) = windows.run("--operation VerifyPassword --exit-code x4", input.as_bytes());
        assert_eq!(code, expected);
    }
    assert_eq!(windows.run("--operation GeneratePassword --exit-code x4", b"").1, -1);
    assert_eq!(windows.run("--operation wrong --exit-code x4", b"").1, -1);

    fs::write(windows.path("secret.xml"), &secret).unwrap();
    let arguments = "--operation GeneratePassword --input secret.xml --output out.xml --status-file status";
    assert_eq!(windows.run(arguments, b""), (Vec::new(), 0));
    assert_eq!(fs::read_to_string(windows.path("out.xml")).unwrap(), "<Password>081804</Password>\n");
    assert_eq!(fs::read_to_string(windows.path("status")).unwrap(), "1\n");
    assert_eq!(windows.run(arguments, b"").1, 0, "an existing file is replaced");
    let (_, code) = windows.run("--operation GenerateSecret --output secret.xml", b"");
    assert_eq!((code, fs::read_to_string(windows.path("secret.xml")).unwrap()), (2, secret));
    let (document, code) = windows.run("--operation GeneratePassword --input secret.xml --output NUL", b"");
    assert_eq!((document, code), (Vec::new(), 0));
    let (document, code) = windows.run("--operation GeneratePassword --input missing.xml", b"");
    assert_eq!(code, 2);
    assert!(text(document).starts_with("<Error description=\"cannot read the input: "));
    let names = fs::read_dir(windows.folder.path()).unwrap().map(|entry| entry.unwrap().file_name());
    assert!(
        names.into_iter().all(|name| !name.to_str().unwrap().starts_with(".totp-adapter-")),
        "no temporary file stays"
    );
}

// contract 6.1a, 6.2a, 7.2a: the same ways in and out as elsewhere.
#[test]
fn batch_and_stream_on_windows() {
    let Some(windows) = Windows::new() else { return };
    let names = |folder: &str| {
        let entries = fs::read_dir(windows.path(folder)).unwrap();
        let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    };
    let secrets = "batch --operation GenerateSecret --count 2 --output-dir secrets --report secrets.csv";
    assert_eq!(windows.run(secrets, b"").1, 0);
    let results = ["secret-000001.xml", "secret-000002.xml"];
    assert_eq!(names("secrets"), results);
    let report = fs::read_to_string(windows.path("secrets.csv")).unwrap();
    assert!(report.contains("\nsecrets\\secret-000002.xml,secret-000002.xml,1,,,\n"), "{report}");
    for (more, code, expected) in [("", 0, 2), ("--skip-existing", 0, 2), ("--overwrite", 0, 2), ("", 2, 4)] {
        let (_, got) = windows.run(&format!("batch --operation GeneratePassword secrets --output-dir out {more}"), b"");
        assert_eq!((got, names("out").len()), (code, expected), "{more}");
    }
    let records = format!("1\t{}\r\n2\tx", secret_document());
    let (lines, code) = windows.run("stream --operation GeneratePassword --columns id,document", records.as_bytes());
    let lines = String::from_utf8(lines).unwrap();
    assert!(lines.starts_with("1\t1\t<Password>081804</Password>\n2\t-1\t<Error "), "{lines}");
    assert_eq!((lines.lines().count(), code), (2, 0));
}

fn pixels(png: &[u8]) -> Vec<u8> {
    image::load_from_memory(png).unwrap().to_luma8().into_raw()
}
