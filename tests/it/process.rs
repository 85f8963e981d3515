//! The process among files, pipes and devices: what is written, what is kept, what is never left half.

use std::fs;
use std::io::{Read, Write};
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::common::{Folder, RFC_TIME, secret_document, totp_adapter, totp_document};
use insta::assert_snapshot;

const PASSWORD: &str = "--operation GeneratePassword --input secret.xml";
const PASSWORD_DOCUMENT: &str = "<Password>081804</Password>\n";

// contract 5.2a, 5.2e: with --input stdin is not touched, even one that never ends.
#[test]
fn input_from_a_file() {
    let folder = Folder::new();
    let mut child = folder.prepare(PASSWORD).command();
    let mut child = child.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let open_stdin = child.stdin.take().unwrap();
    assert!(child.wait().unwrap().success());
    drop(open_stdin);
    assert_snapshot!(folder.run("--operation GeneratePassword --input missing.xml"), @r#"
    $ totp-adapter --operation GeneratePassword --input missing.xml --now 1111111109
    > <Error description="cannot read the input: no such file or directory"/>
    ! totp-adapter: status -1: cannot read the input: no such file or directory (missing.xml)
    exit 2
    "#);
    assert_eq!(folder.run("--operation VerifyPassword --input missing.xml").code(), 2, "I/O is -1, not 403");
    assert_snapshot!(folder.run("--operation GeneratePassword --input ."), @r#"
    $ totp-adapter --operation GeneratePassword --input . --now 1111111109
    > <Error description="cannot read the input: is a directory"/>
    ! totp-adapter: status -1: cannot read the input: is a directory (.)
    exit 2
    "#);
    assert_eq!(folder.prepare("--operation GeneratePassword --input -").stdin(secret_document()).run().code(), 0);
}

// contract 1.1a: GenerateSecret waits for no input, nor does it open a file.
#[test]
fn generate_secret_ignores_every_input() {
    let folder = Folder::new();
    let mut command = folder.prepare("--operation GenerateSecret").command();
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let open_stdin = child.stdin.take().unwrap();
    assert!(child.wait().unwrap().success());
    drop(open_stdin);
    assert_eq!(folder.run("--operation GenerateSecret --input missing.xml").code(), 0);
}

// contract 5.2b, 5.2e: the reply whatever its status, whole, mode 0600; stdout stays empty.
#[test]
fn output_to_a_file() {
    let folder = Folder::new();
    let ran = folder.run(&format!("{PASSWORD} --output out.xml"));
    assert_eq!((ran.code(), ran.stdout().as_str(), ran.stderr().as_str()), (0, "", ""));
    assert_eq!(folder.read("out.xml"), PASSWORD_DOCUMENT);
    assert_mode_0600(&folder.path().join("out.xml"));
    assert_snapshot!(folder.prepare("--operation VerifyPassword --output out.xml").stdin(totp_document("1")).run(), @"
    $ totp-adapter --operation VerifyPassword --output out.xml --now 1111111109
    < <TOTP><Password>1</Password><Secret>GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ</Secret></TOTP>
    ! totp-adapter: status 403: wrong password: expected exactly 6 ASCII digits
    exit 1
    ");
    assert_eq!(folder.read("out.xml"), "<Error description=\"The password provided is incorrect.\"/>\n");
    assert_eq!(folder.run("--operation GeneratePassword --output out.xml").code(), 2);
    assert!(folder.read("out.xml").starts_with("<Error description=\"not well-formed: "));
    assert_eq!(folder.run(&format!("{PASSWORD} --output -")).stdout(), PASSWORD_DOCUMENT);
    assert_eq!(folder.names(), ["out.xml", "secret.xml"], "no temporary file stays");
}

#[cfg(unix)]
fn assert_mode_0600(file: &Path) {
    use std::os::unix::fs::PermissionsExt;
    assert_eq!(fs::metadata(file).unwrap().permissions().mode() & 0o7777, 0o600);
}

#[cfg(not(unix))]
fn assert_mode_0600(_: &Path) {}

// contract 5.2g, 5.2j: an enrolled key is not lost.
#[test]
fn generate_secret_does_not_replace_a_file() {
    let folder = Folder::new();
    assert_snapshot!(folder.run("--operation GenerateSecret --output secret.xml"), @r#"
    $ totp-adapter --operation GenerateSecret --output secret.xml --now 1111111109
    > <Error description="cannot write: the output file exists and may hold an enrolled secret; --overwrite replaces it"/>
    ! totp-adapter: status -1: cannot write: the output file exists and may hold an enrolled secret; --overwrite replaces it (secret.xml)
    exit 2
    "#);
    assert_eq!(folder.read("secret.xml"), secret_document());
    assert_eq!(folder.run("--operation GenerateSecret --output secret.xml --overwrite").code(), 0);
    assert_ne!(folder.read("secret.xml"), secret_document());
    // The operation cannot be known: it could have been this one.
    folder.write("keep.xml", "a key");
    folder.write("parameters.xml", "<Parameters><Operation>GenerateSecrets</Operation></Parameters>");
    let ran = folder.run("--parameters parameters.xml --output keep.xml");
    assert_eq!((ran.code(), folder.read("keep.xml").as_str()), (2, "a key"), "{ran}");
    assert!(ran.stderr().contains("for Operation"), "{ran}");
}

// contract 5.2h, 5.2i: whatever the operation, also where its answer is an error.
#[test]
fn a_document_with_a_secret_is_not_replaced() {
    let folder = Folder::new();
    for document in [
        secret_document(),
        totp_document("081804"),
        "<KeyURI>otpauth://totp/a?secret=MZXW6YTB</KeyURI>\n".to_owned(),
        "<Secret>half".to_owned(),
    ] {
        folder.write("kept.xml", &document);
        for arguments in [
            "--operation GeneratePassword --input secret.xml",
            "--operation VerifyPassword --input secret.xml",
            "--operation GenerateAuthenticatorQRCode --account me --input secret.xml",
            "--operation GeneratePassword --input missing.xml",
            "--operation GenerateSecret",
            "read-qr --input secret.xml",
        ] {
            let arguments = format!("{arguments} --output kept.xml --status-file status");
            let ran = totp_adapter(arguments.split_whitespace()).folder(folder.path()).run();
            assert_eq!((ran.code(), folder.read("status").as_str()), (2, "-1\n"), "{ran}");
            assert!(ran.stderr().contains("--overwrite replaces it (kept.xml)"), "{ran}");
            assert_eq!(folder.read("kept.xml"), document, "{ran}");
        }
    }
    assert_snapshot!(folder.run(&format!("{PASSWORD} --output kept.xml")), @r#"
    $ totp-adapter --operation GeneratePassword --input secret.xml --output kept.xml --now 1111111109
    > <Error description="cannot write: the existing file holds a secret, which would be lost; --overwrite replaces it"/>
    ! totp-adapter: status -1: cannot write: the existing file holds a secret, which would be lost; --overwrite replaces it (kept.xml)
    exit 2
    "#);
    assert_eq!(folder.run(&format!("{PASSWORD} --output kept.xml --overwrite")).code(), 0);
    // Other files are replaced as ever.
    assert_eq!(folder.run(&format!("{PASSWORD} --output kept.xml")).code(), 0);
    folder.write("kept.xml", "mine");
    assert_eq!(folder.run(&format!("{PASSWORD} --output kept.xml")).code(), 0);
}

// contract 5.2l: a new secret may take the place of an old one, but not the reason why there is none.
#[test]
fn an_error_replaces_no_secret() {
    let folder = Folder::new();
    folder.write("bad.png", "x");
    for arguments in [
        "--operation GenerateSecret --parameters missing",
        "--parameters missing",
        "--operation GeneratePassword --input bad.png",
        "read-qr --input bad.png",
        "read-qr --input missing",
    ] {
        let arguments = format!("{arguments} --overwrite --output secret.xml");
        let ran = totp_adapter(arguments.split_whitespace()).folder(folder.path()).run();
        assert_eq!((ran.code(), folder.read("secret.xml")), (2, secret_document()), "{ran}");
        assert!(ran.stdout().starts_with("<Error "), "{ran}");
    }
    // Another file holds what was asked for.
    folder.write("mine.xml", "mine");
    assert_eq!(folder.run("--operation GenerateSecret --parameters missing --overwrite --output mine.xml").code(), 2);
    assert!(folder.read("mine.xml").starts_with("<Error "));
}

// contract 5.2m: what is open is written to as it is, which spoils what is read from it.
#[cfg(target_os = "linux")]
#[test]
fn an_open_file_that_is_also_read() {
    let folder = Folder::new();
    let shell = |redirections: &str, arguments: &str| {
        let program = env!("CARGO_BIN_EXE_totp-adapter");
        let script = format!("'{program}' --operation {arguments} {redirections}");
        let output =
            std::process::Command::new("sh").args(["-c", &script]).current_dir(folder.path()).output().unwrap();
        (output.status.code(), folder.read("secret.xml") == secret_document())
    };
    assert_eq!(shell("< secret.xml", "GeneratePassword --output /dev/stdin"), (Some(2), true));
    assert_eq!(shell("3< secret.xml", "GeneratePassword --input secret.xml --output /dev/fd/3"), (Some(2), true));
    assert_eq!(shell("< secret.xml", "GeneratePassword --status-file /dev/stdin"), (Some(2), true));
    folder.write("other.xml", secret_document());
    assert_eq!(shell("3>> secret.xml", "GeneratePassword --input other.xml --output /dev/fd/3"), (Some(2), true));
    assert_eq!(shell("3>> secret.xml", "GenerateSecret --output /dev/fd/3"), (Some(2), true));
    folder.write("log", "before\n");
    assert_eq!(shell("3>> log", "GeneratePassword --input other.xml --output /dev/fd/3").0, Some(0));
    assert!(folder.read("log").starts_with("before\n<Password>"));
}

// contract 5.12d: also a secret that has come there since the beginning.
#[test]
fn a_secret_that_comes_where_the_status_goes() {
    let folder = Folder::new();
    folder.write("status", "an old status\n");
    let mut command = folder.prepare("--operation GeneratePassword --status-file status").command();
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    while folder.path().join("status").exists() {
        std::thread::sleep(Duration::from_millis(1));
    }
    folder.write("status", secret_document());
    child.stdin.take().unwrap().write_all(secret_document().as_bytes()).unwrap();
    assert_eq!((child.wait().unwrap().code(), folder.read("status")), (Some(2), secret_document()));
}

// contract 5.12e
#[test]
fn a_status_file_in_a_folder_that_is_missing() {
    let folder = Folder::empty();
    let ran = folder.run("--operation GenerateSecret --output secret.xml --status-file missing/status");
    assert_eq!((ran.code(), folder.names().len()), (2, 0), "{ran}");
}

// contract 5.2f: where the rename is impossible, the answer is -1 with the file's name, and the old file stays.
#[test]
fn an_output_that_cannot_be_written() {
    let folder = Folder::new();
    assert_snapshot!(folder.run(&format!("{PASSWORD} --output missing/out.xml")).stderr(), @"totp-adapter: status -1: cannot write the output into its folder: no such file or directory (missing/out.xml)");
    fs::create_dir(folder.path().join("folder")).unwrap();
    assert_snapshot!(folder.run(&format!("{PASSWORD} --output folder")).stderr(), @"totp-adapter: status -1: cannot write the output: is a directory (folder)");
    assert_snapshot!(folder.run(&format!("{PASSWORD} --output secret.xml/out.xml")).stderr(), @"totp-adapter: status -1: cannot write the output: not a directory (secret.xml/out.xml)");
    assert_eq!(folder.names(), ["folder", "secret.xml"]);
}

// contract 5.12a, 5.12b, 5.5e
#[test]
fn the_status_file() {
    let folder = Folder::new();
    let status = |arguments: &str, stdin: &str| {
        folder.write("status", "an old status, longer than any\n");
        let ran = folder.prepare(&format!("{arguments} --status-file status")).stdin(stdin).run();
        (ran.code(), folder.read("status"))
    };
    assert_eq!(status(PASSWORD, ""), (0, "1\n".into()));
    assert_eq!(status("--operation GeneratePassword", ""), (2, "-1\n".into()));
    assert_eq!(status("--operation VerifyPassword", &totp_document("1")), (1, "403\n".into()));
    assert_eq!(status("--operation GeneratePassword --exit-code zero", ""), (0, "-1\n".into()));
    // The output could not be written.
    assert_eq!(status(&format!("{PASSWORD} --output missing/out.xml"), ""), (2, "-1\n".into()));
    assert_mode_0600(&folder.path().join("status"));
    // The status file cannot be written.
    assert_snapshot!(folder.run(&format!("{PASSWORD} --status-file missing/status")), @r#"
    $ totp-adapter --operation GeneratePassword --input secret.xml --status-file missing/status --now 1111111109
    > <Error description="cannot write the status file: no such file or directory"/>
    ! totp-adapter: status -1: cannot write the status file: no such file or directory (missing/status)
    exit 2
    "#);
    fs::create_dir(folder.path().join("folder")).unwrap();
    assert_snapshot!(folder.run(&format!("{PASSWORD} --status-file folder")), @r#"
    $ totp-adapter --operation GeneratePassword --input secret.xml --status-file folder --now 1111111109
    > <Error description="cannot write the status file: is a directory"/>
    ! totp-adapter: status -1: cannot write the status file: is a directory (folder)
    exit 2
    "#);
}

// contract 5.12c: whatever else is wrong, the status of an earlier run does not survive.
#[test]
fn an_old_status_never_stays() {
    let folder = Folder::new();
    fs::create_dir(folder.path().join("folder")).unwrap();
    folder.write("parameters.xml", "<Parameters><skew>11</skew></Parameters>");
    for arguments in [
        "--output folder",
        "--output secret.xml",
        "--output missing/out.xml",
        "--output secret.xml/out.xml",
        "--parameters parameters.xml",
        "--parameters folder",
        "--bogus --output folder",
    ] {
        folder.write("status", "1\n");
        let ran = folder.run(&format!("{PASSWORD} {arguments} --status-file status --exit-code zero"));
        assert_eq!(folder.read("status"), "-1\n", "{ran}");
        assert_eq!(ran.stderr().lines().count(), 1, "{ran}");
    }
}

// contract 5.5e, 5.12d: where the status cannot be told, the exit code does not say that all is well.
#[test]
fn a_status_file_that_cannot_be_removed() {
    let folder = Folder::new();
    fs::create_dir(folder.path().join("folder")).unwrap();
    for (codes, expected) in [("unix", 2), ("zero", 2), ("x4", if cfg!(windows) { -1 } else { 255 })] {
        assert_eq!(folder.run(&format!("{PASSWORD} --status-file folder --exit-code {codes}")).code(), expected);
    }
    let wrong = folder.run("--bogus --status-file folder --exit-code zero");
    assert_eq!(wrong.code(), 2, "also beside a wrong command line: {wrong}");
}

// contract 5.5e: a device that is full is noticed at the end only; then both causes are told.
#[cfg(target_os = "linux")]
#[test]
fn a_status_that_cannot_be_written() {
    let folder = Folder::new();
    let mismatch = folder.prepare("--operation VerifyPassword --status-file /dev/full").stdin("<TOTP/>").run();
    assert_eq!(mismatch.code(), 2);
    assert_snapshot!(mismatch.stderr(), @"totp-adapter: status -1: wrong structure: expected exactly one Password and one Secret in TOTP, each with nothing but text, at line 1, column 8; cannot write the status file: no space left on device (/dev/full)");
}

// contract 5.2b: with a parameters file that is wrong, the reply goes to the output if that can cost no secret.
#[test]
fn a_wrong_parameters_file_and_an_output() {
    let folder = Folder::new();
    folder.write("parameters.xml", "<Parameters><skew>11</skew></Parameters>");
    folder.write("out.xml", "old");
    let ran = folder.run(&format!("{PASSWORD} --parameters parameters.xml --output out.xml"));
    assert_eq!((ran.code(), ran.stdout().as_str()), (2, ""), "{ran}");
    assert!(folder.read("out.xml").starts_with("<Error description=\"wrong parameter: "));
}

// contract 5.5d: an output that did not receive the answer is 2 also in the mode `zero`, however it was found.
#[test]
fn an_output_that_is_refused_is_not_written() {
    let folder = Folder::new();
    fs::create_dir(folder.path().join("folder")).unwrap();
    for arguments in
        ["GenerateSecret --output secret.xml", "GenerateSecret --output folder", "GenerateSecret --output a/b"]
    {
        let ran = folder.run(&format!("--operation {arguments} --exit-code zero"));
        assert_eq!(ran.code(), 2, "{ran}");
        assert!(ran.stdout().starts_with("<Error description=\"cannot write"), "{ran}");
    }
}

// contract 5.2g: of many at once, one wins, and its file is whole.
#[test]
fn concurrent_secrets() {
    let folder = Folder::new();
    let run = || {
        let mut command = folder.prepare("--operation GenerateSecret --output new.xml").command();
        command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    };
    let children: Vec<_> = std::iter::repeat_with(run).take(20).collect();
    let codes = children.into_iter().map(|mut child| child.wait().unwrap().code().unwrap());
    assert_eq!(codes.filter(|&code| code == 0).count(), 1);
    assert_eq!(folder.read("new.xml").len(), "<Secret></Secret>\n".len() + 32);
    assert_eq!(folder.names(), ["new.xml", "secret.xml"]);
}

// contract 5.12b: removed at the start, so that a run that is killed leaves no status behind.
#[test]
fn a_killed_run_leaves_no_status_and_no_output() {
    let folder = Folder::new();
    folder.write("status", "1\n");
    folder.write("out.xml", "old");
    let arguments = "--operation GeneratePassword --status-file status --output out.xml";
    let mut command = folder.prepare(arguments).command();
    let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
    child.stdin.as_mut().unwrap().write_all(b"<Secret>GEZDGNBV").unwrap();
    let deadline = Instant::now() + Duration::from_secs(20);
    while folder.path().join("status").exists() && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(10));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(folder.names(), ["out.xml", "secret.xml"]);
    assert_eq!(folder.read("out.xml"), "old");
}

// contract 2.6c: input is read no further than the limit.
#[test]
fn endless_input() {
    let mut command = totp_adapter(["--operation", "GeneratePassword"]).command();
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // Ends with an error when the program has left.
    while stdin.write_all(&[b'<'; 4096]).is_ok() {}
    let mut answer = String::new();
    child.stdout.take().unwrap().read_to_string(&mut answer).unwrap();
    assert_snapshot!(answer, @r#"<Error description="too large: expected a document of at most 65536 bytes"/>"#);
    assert_eq!(child.wait().unwrap().code(), Some(2));
}

// contract 5.8a
#[test]
fn input_that_does_not_end_in_time() {
    let folder = Folder::new();
    let arguments = "--operation GeneratePassword --input-timeout 1";
    let mut command = folder.prepare(arguments).command();
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(secret_document().as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    drop(stdin);
    assert_eq!(output.status.code(), Some(2));
    assert_snapshot!(String::from_utf8(output.stdout).unwrap(), @r#"<Error description="timed out: the input did not end within 1 s"/>"#);
    let in_time = folder.prepare("--operation GeneratePassword --input-timeout 86400").stdin(secret_document()).run();
    assert_eq!((in_time.code(), in_time.stdout().as_str()), (0, PASSWORD_DOCUMENT));
}

// contract 5.10a, 5.10b: an empty environment (which every test here has), any folder, nothing kept.
#[test]
fn nothing_is_needed_and_nothing_is_kept() {
    let folder = Folder::new();
    let verify = || totp_adapter(["--operation", "VerifyPassword", "--now", "59"]).folder(folder.path());
    for _ in 0..3 {
        assert_eq!(verify().stdin(totp_document("287082")).run().code(), 0, "verifies again and again");
    }
    assert_eq!(folder.names(), ["secret.xml"]);
}

/// What only Unix has: devices, descriptors, symbolic links and permissions.
#[cfg(unix)]
mod unix {
    use std::fs::File;
    use std::io::Seek;
    use std::os::fd::OwnedFd;
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::process::Command;

    use super::*;
    use crate::common::RFC_SECRET;

    // contract 5.5c, 5.5d: a result that could not be written whole is 2 in every mode but x4; one line, no panic.
    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk_or_a_descriptor_that_cannot_be_written() {
        let folder = Folder::new();
        let full = || File::options().write(true).open("/dev/full").unwrap();
        let read_only = || File::open("/dev/null").unwrap();
        for (codes, expected) in [("unix", 2), ("zero", 2), ("x4", 255)] {
            for (stdout, reason) in [(full(), "no space left on device"), (read_only(), "bad file descriptor")] {
                let mut command = folder.prepare(&format!("{PASSWORD} --exit-code {codes}")).command();
                let output = command.stdout(stdout).stderr(Stdio::piped()).output().unwrap();
                let line = format!("totp-adapter: status -1: cannot write standard output: {reason}\n");
                assert_eq!(output.status.code(), Some(expected));
                assert_eq!(String::from_utf8(output.stderr).unwrap(), line);
            }
        }
        assert_snapshot!(folder.run(&format!("{PASSWORD} --output /dev/full --exit-code zero")), @r#"
        $ totp-adapter --operation GeneratePassword --input secret.xml --output /dev/full --exit-code zero --now 1111111109
        > <Error description="cannot write the output: no space left on device"/>
        ! totp-adapter: status -1: cannot write the output: no space left on device (/dev/full)
        exit 2
        "#);
        for arguments in ["--help", "--version", "completions bash"] {
            let mut command = totp_adapter(arguments.split_whitespace()).command();
            let output = command.stdout(full()).stderr(Stdio::piped()).output().unwrap();
            assert_eq!(output.status.code(), Some(2), "{arguments}");
        }
    }

    // contract 5.5c
    #[test]
    fn a_reader_that_has_left() {
        let folder = Folder::new();
        let closed = || {
            let (reader, mut writer) = std::io::pipe().unwrap();
            drop(reader);
            // The child of another test has this end of the pipe as well between its fork and its exec.
            while writer.write_all(b" ").is_ok() {
                std::thread::sleep(Duration::from_millis(5));
            }
            OwnedFd::from(writer)
        };
        let output = folder.prepare(PASSWORD).command().stdout(closed()).stderr(Stdio::piped()).output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        assert_snapshot!(String::from_utf8(output.stderr).unwrap(), @"totp-adapter: status -1: cannot write standard output: broken pipe");
        // Help is for people, who have seen what they wanted.
        let output = totp_adapter(["--help"]).command().stdout(closed()).stderr(Stdio::piped()).output().unwrap();
        assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), &b""[..]));
        // Where stderr cannot be written either, the exit code remains.
        let output = folder.prepare("--operation GeneratePassword").command().stderr(closed()).output().unwrap();
        assert_eq!(output.status.code(), Some(2));
    }

    // contract 5.2c: a symbolic link is followed.
    #[test]
    fn symbolic_links_are_followed() {
        let folder = Folder::new();
        fs::create_dir(folder.path().join("folder")).unwrap();
        symlink("folder/new.xml", folder.path().join("link")).unwrap();
        symlink("link", folder.path().join("link-to-link")).unwrap();
        assert_eq!(folder.run(&format!("{PASSWORD} --output link-to-link")).code(), 0);
        assert_eq!(folder.read("folder/new.xml"), PASSWORD_DOCUMENT);
        assert_mode_0600(&folder.path().join("folder/new.xml"));
        assert_eq!(folder.run("--operation GenerateSecret --output link").code(), 2);
        assert_eq!(folder.read("folder/new.xml"), PASSWORD_DOCUMENT);
        assert!(fs::symlink_metadata(folder.path().join("link")).unwrap().is_symlink());
        symlink("loop", folder.path().join("loop")).unwrap();
        assert_snapshot!(folder.run(&format!("{PASSWORD} --output loop")).stderr(), @"totp-adapter: status -1: cannot write the output: too many levels of symbolic links (loop)");
    }

    // contract 5.2d: what is no regular file is written to as it is.
    #[cfg(target_os = "linux")]
    #[test]
    fn pipes_devices_and_descriptors_are_written_to_as_they_are() {
        let folder = Folder::new();
        assert_eq!(folder.run(&format!("{PASSWORD} --output /dev/stdout")).stdout(), PASSWORD_DOCUMENT);
        assert_eq!(folder.run(&format!("{PASSWORD} --output /dev/stderr")).stderr(), PASSWORD_DOCUMENT);
        assert_eq!(folder.run(&format!("{PASSWORD} --output /dev/null")).code(), 0);
        // The very file that the shell opened, after what it has written there already.
        let script = format!(
            "{{ echo before; \"$0\" {PASSWORD} --now {RFC_TIME} --output /dev/stdout; echo after; }} > out; \
             \"$0\" {PASSWORD} --now {RFC_TIME} --output /dev/fd/3 3>third"
        );
        let program = env!("CARGO_BIN_EXE_totp-adapter");
        let shell = Command::new("sh").args(["-c", &script, program]).current_dir(folder.path()).status().unwrap();
        assert!(shell.success());
        assert_eq!(folder.read("out"), format!("before\n{PASSWORD_DOCUMENT}after\n"));
        assert_eq!(folder.read("third"), PASSWORD_DOCUMENT);
        // A named pipe stays one.
        let fifo = folder.path().join("fifo");
        assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
        let mut command = folder.prepare(&format!("{PASSWORD} --output fifo --status-file /dev/null")).command();
        let mut writer = command.spawn().unwrap();
        assert_eq!(fs::read_to_string(&fifo).unwrap(), PASSWORD_DOCUMENT);
        assert!(writer.wait().unwrap().success());
    }

    // contract 2.6c: input is read no further than the limit, and one byte to see that it is passed.
    #[test]
    fn a_large_file_on_standard_input() {
        let folder = Folder::new();
        folder.write("large.xml", " ".repeat(200_000));
        let mut large = File::open(folder.path().join("large.xml")).unwrap();
        let mut command = folder.prepare("--operation GeneratePassword").command();
        let output = command.stdin(large.try_clone().unwrap()).output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        // Whoever opened the file shares its position.
        assert_eq!(large.stream_position().unwrap(), 64 * 1024 + 1);
    }

    // contract 1.3c, 5.2a: a descriptor that cannot be read is no empty document, which would be a 403.
    #[test]
    fn a_descriptor_that_cannot_be_read() {
        let write_only = File::options().write(true).open("/dev/null").unwrap();
        let mut command = totp_adapter(["--operation", "VerifyPassword"]).command();
        let output = command.stdin(write_only).output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        assert_snapshot!(String::from_utf8(output.stderr).unwrap(), @"totp-adapter: status -1: cannot read the input: bad file descriptor");
    }

    // contract 5.2d: only the kernel's own descriptors are taken for such, not what a folder's name resembles.
    #[test]
    fn a_link_in_a_folder_called_fd() {
        let folder = Folder::new();
        fs::create_dir(folder.path().join("fd")).unwrap();
        folder.write("out.xml", "old");
        symlink("../out.xml", folder.path().join("fd/1")).unwrap();
        let ran = folder.run(&format!("{PASSWORD} --output fd/1"));
        assert_eq!((ran.code(), ran.stdout().as_str()), (0, ""), "{ran}");
        assert_eq!(folder.read("out.xml"), PASSWORD_DOCUMENT);
    }

    // contract 5.12c: nothing is answered beside an old status that stays.
    #[cfg(target_os = "linux")]
    #[test]
    fn a_status_file_that_the_system_keeps() {
        let ran = Folder::new().run(&format!("{PASSWORD} --status-file /proc/version"));
        assert!(ran.stdout().starts_with("<Error description=\"cannot write the status file: "), "{ran}");
        assert_eq!(ran.code(), 2, "{ran}");
    }

    // contract 5.8a: opening belongs to the time: a named pipe opens only when its writer does.
    #[test]
    fn a_named_pipe_that_nobody_writes() {
        let folder = Folder::new();
        assert!(Command::new("mkfifo").arg(folder.path().join("fifo")).status().unwrap().success());
        let ran = folder.run("--operation VerifyPassword --input fifo --input-timeout 1");
        assert_eq!(ran.code(), 2, "I/O is -1, not 403: {ran}");
    }

    // contract 5.2k: a secret that the shell has on standard input or output is a file, too.
    #[test]
    fn redirected_files_are_not_replaced() {
        let folder = Folder::new();
        let secret = || File::open(folder.path().join("secret.xml")).unwrap();
        for arguments in ["--output secret.xml", "--status-file secret.xml"] {
            let mut command = folder.prepare(&format!("--operation GeneratePassword {arguments}")).command();
            let output = command.stdin(secret()).output().unwrap();
            assert_eq!(output.status.code(), Some(2), "{arguments}");
            assert_eq!(folder.read("secret.xml"), secret_document());
        }
        // Also where there is a parameters file.
        folder.write("parameters.xml", "<Parameters><Operation>GeneratePassword</Operation></Parameters>");
        let mut command = folder.prepare("--parameters parameters.xml --output secret.xml").command();
        assert_eq!(command.stdin(secret()).output().unwrap().status.code(), Some(2));
        assert_eq!(folder.read("secret.xml"), secret_document());
        // Any other file is replaced.
        folder.write("out.xml", "old");
        let mut command = folder.prepare("--operation GeneratePassword --output out.xml").command();
        assert_eq!(command.stdin(secret()).output().unwrap().status.code(), Some(0));
        assert_eq!(folder.read("out.xml"), PASSWORD_DOCUMENT);
        // Nor is the parameters file.
        let document = "<Parameters><Operation>GeneratePassword</Operation></Parameters>";
        folder.write("parameters.xml", document);
        for arguments in ["--output parameters.xml", "--status-file parameters.xml"] {
            let mut command = folder.prepare(&format!("--parameters - --input secret.xml {arguments}")).command();
            let output = command.stdin(File::open(folder.path().join("parameters.xml")).unwrap()).output().unwrap();
            assert_eq!(output.status.code(), Some(2), "{arguments}");
            assert_eq!(folder.read("parameters.xml"), document);
        }
        let new = File::create(folder.path().join("new.xml")).unwrap();
        let mut command = folder.prepare("--operation GenerateSecret --status-file new.xml").command();
        assert_eq!(command.stdout(new).stderr(Stdio::null()).status().unwrap().code(), Some(2));
        assert!(folder.read("new.xml").starts_with("<Error "), "the status is not beside the result");
        let to_stdout = folder.run(&format!("{PASSWORD} --status-file /dev/stdout"));
        assert_eq!(to_stdout.code(), 2, "{to_stdout}");
    }

    // contract 5.2b: whenever it is killed, a run leaves the whole file or none, and nothing beside it.
    #[cfg(target_os = "linux")]
    #[test]
    fn killed_runs_leave_nothing_half() {
        let folder = Folder::new();
        // The least of some runs: the others were measured while something else had the processor.
        let duration = |_| {
            let start = Instant::now();
            folder.run("--operation GenerateSecret --output new.xml");
            let duration = start.elapsed();
            fs::remove_file(folder.path().join("new.xml")).unwrap();
            duration
        };
        let whole_run = (0..5).map(duration).min().unwrap();
        let mut written = 0;
        // Some file systems (NFS, overlayfs of older kernels) know no files without a name.
        let has_unnamed_files = {
            use rustix::fs::{Mode, OFlags, open};
            open(folder.path(), OFlags::TMPFILE | OFlags::WRONLY, Mode::RUSR | Mode::WUSR).is_ok()
        };
        for part in 0..200 {
            let mut command = folder.prepare("--operation GenerateSecret --output new.xml").command();
            let mut child = command.spawn().unwrap();
            std::thread::sleep(whole_run * part / 100);
            child.kill().unwrap();
            child.wait().unwrap();
            let mut names = folder.names();
            if !has_unnamed_files {
                names.retain(|name| !name.starts_with(".totp-adapter-"));
            }
            if names.len() > 1 {
                assert_eq!(names, ["new.xml", "secret.xml"]);
                assert_eq!(folder.read("new.xml").len(), "<Secret></Secret>\n".len() + 32);
                fs::remove_file(folder.path().join("new.xml")).unwrap();
                written += 1;
            }
        }
        assert!(written > 0, "every run was killed too early");
    }

    // contract 5.5c: no panic where not even stderr takes a line.
    #[cfg(target_os = "linux")]
    #[test]
    fn no_panic_without_stderr() {
        let full = || File::options().write(true).open("/dev/full").unwrap();
        for arguments in ["--help", "--operation GeneratePassword", "--bogus"] {
            let mut command = totp_adapter(arguments.split_whitespace()).command();
            assert_eq!(
                command.stdin(Stdio::null()).stdout(full()).stderr(full()).status().unwrap().code(),
                Some(2),
                "{arguments}"
            );
        }
    }

    // contract 5.8b: the parameters file is input, too.
    #[test]
    fn a_parameters_file_that_does_not_end_in_time() {
        let folder = Folder::new();
        assert!(Command::new("mkfifo").arg(folder.path().join("fifo")).status().unwrap().success());
        let ran = folder.run("--operation GenerateSecret --parameters fifo --input-timeout 1");
        assert!(ran.stdout().starts_with("<Error description=\"timed out: the parameters file "), "{ran}");
        assert!(ran.stderr().ends_with("(fifo)\n"), "{ran}");
    }

    // contract 5.4d: a file is called as it was on the command line.
    #[test]
    fn names_behind_links_are_not_told() {
        let folder = Folder::new();
        folder.write("hidden.xml", "a key");
        symlink("hidden.xml", folder.path().join("link")).unwrap();
        let ran = folder.run("--operation GenerateSecret --output link");
        assert!(ran.stderr().ends_with("(link)\n"), "{ran}");
        symlink("missing/hidden", folder.path().join("status")).unwrap();
        let ran = folder.run(&format!("{PASSWORD} --status-file status"));
        assert!(ran.stderr().ends_with("(status)\n"), "{ran}");
    }

    // contract 5.4c: a file name stays on the one line, whatever it contains.
    #[test]
    fn the_line_on_stderr_stays_one_line() {
        let folder = Folder::new();
        let ran = totp_adapter(["--operation", "GeneratePassword", "--input", "a\nb\x1b[31m\u{2028}\u{202e}"])
            .folder(folder.path())
            .run();
        assert_eq!(ran.stderr().lines().count(), 1, "{ran}");
        assert!(!ran.stderr().contains(['\x1b', '\u{2028}', '\u{202e}']), "{ran}");
        assert!(!ran.stdout().contains("31m"), "{ran}");
    }

    // contract 5.2b: the mode of a file that is replaced does not widen the new one's.
    #[test]
    fn a_replaced_file_gets_mode_0600() {
        let folder = Folder::new();
        folder.write("out.xml", "old");
        fs::set_permissions(folder.path().join("out.xml"), fs::Permissions::from_mode(0o666)).unwrap();
        folder.run(&format!("{PASSWORD} --output out.xml"));
        assert_mode_0600(&folder.path().join("out.xml"));
    }

    // contract 5.2a, 5.8c: Node.js may have made the pipe non-blocking; the program waits all the same.
    #[test]
    fn input_that_is_not_there_yet_on_a_non_blocking_pipe() {
        let (reader, mut writer) = std::io::pipe().unwrap();
        rustix::io::ioctl_fionbio(&reader, true).unwrap();
        let folder = Folder::new();
        let mut command = folder.prepare("--operation GeneratePassword").command();
        let child = command.stdin(OwnedFd::from(reader)).stdout(Stdio::piped()).spawn().unwrap();
        for piece in ["<Secret>", RFC_SECRET, "</Secret>"] {
            std::thread::sleep(Duration::from_millis(30));
            writer.write_all(piece.as_bytes()).unwrap();
        }
        drop(writer);
        let output = child.wait_with_output().unwrap();
        assert_eq!(String::from_utf8(output.stdout).unwrap(), PASSWORD_DOCUMENT);
    }

    // contract 5.5c: a non-blocking output that is full is no failure; the answer still arrives whole.
    #[test]
    fn output_to_a_non_blocking_pipe_that_is_full() {
        let (mut reader, mut writer) = std::io::pipe().unwrap();
        rustix::io::ioctl_fionbio(&writer, true).unwrap();
        while writer.write(&[b' '; 4096]).is_ok() {}
        let folder = Folder::new();
        let mut command = folder.prepare(PASSWORD).command();
        let mut child = command.stdout(OwnedFd::from(writer)).spawn().unwrap();
        drop(command);
        std::thread::sleep(Duration::from_millis(100));
        let mut received = String::new();
        reader.read_to_string(&mut received).unwrap();
        assert_eq!(received.trim_start(), PASSWORD_DOCUMENT);
        assert!(child.wait().unwrap().success());
    }
}
