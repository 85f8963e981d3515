//! The command line as a user meets it: arguments, input, outputs and exit code of a run in one snapshot.

use std::fs;
use std::path::Path;

use crate::common::{RFC_PASSWORD, RFC_TIME, Ran, secret_document, totp_adapter, totp_document};
use insta::assert_snapshot;

fn run(arguments: &str, stdin: &str) -> Ran {
    totp_adapter(arguments.split_whitespace()).stdin(stdin).run()
}

/// At the RFC's time.
fn run_then(arguments: &str, stdin: &str) -> Ran {
    run(&format!("{arguments} --now {RFC_TIME}"), stdin)
}

// contract 1.1c, 1.1d, 1.1e, 2.9, 5.4a, 5.4b
#[test]
fn the_operations() {
    assert_snapshot!(run_then("--operation GeneratePassword", &secret_document()), @"
    $ totp-adapter --operation GeneratePassword --now 1111111109
    < <Secret>GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ</Secret>
    > <Password>081804</Password>
    exit 0
    ");
    assert_snapshot!(run_then("--Operation GeneratePassword", &secret_document()), @"
    $ totp-adapter --Operation GeneratePassword --now 1111111109
    < <Secret>GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ</Secret>
    > <Password>081804</Password>
    exit 0
    ");
    assert_snapshot!(run_then("--operation VerifyPassword", &totp_document(RFC_PASSWORD)), @r#"
    $ totp-adapter --operation VerifyPassword --now 1111111109
    < <TOTP><Password>081804</Password><Secret>GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ</Secret></TOTP>
    > <Ok description="The password matches."/>
    exit 0
    "#);
    assert_snapshot!(
        run("--operation GenerateAuthenticatorQRCode --issuer SoftProject --account john", &secret_document()), @r"
    $ totp-adapter --operation GenerateAuthenticatorQRCode --issuer SoftProject --account john
    < <Secret>GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ</Secret>
    > (bytes that begin with \x89PNG\r\n\x1a\n)
    exit 0
    "
    );
}

// contract 5.1f, 5.6a: wherever the word stands; of what was typed only the nearest name is said.
#[test]
fn the_operation_as_a_word() {
    for arguments in ["GeneratePassword", "--skew 2 GeneratePassword", "GeneratePassword --exit-code zero"] {
        let ran = run_then(arguments, &secret_document());
        assert_eq!((ran.stdout().as_str(), ran.code()), ("<Password>081804</Password>\n", 0), "{arguments}");
    }
    let cause = |arguments: &str| {
        let ran = run(arguments, "");
        assert_eq!(ran.code(), 2, "{ran}");
        ran.stderr().trim_start_matches("totp-adapter: status -1: wrong command line: ").to_owned()
    };
    let twice = "--operation cannot be used with the operation as a word; see --help\n";
    assert_eq!(cause("GeneratePassword --operation GeneratePassword"), twice);
    assert_eq!(cause("--operation GeneratePassword GeneratePassword"), twice);
    for (word, nearest) in [
        ("generatepassword", "GeneratePassword"),
        ("GeneratePasword", "GeneratePassword"),
        ("Verify", "VerifyPassword"),
        ("readqr", "read-qr"),
        ("READ-QR", "read-qr"),
        ("bach", "batch"),
    ] {
        assert_eq!(cause(word), format!("unknown operation or command; did you mean {nearest}?\n"), "{word}");
    }
    assert_eq!(cause("--output x batch"), "batch must come before the options; see --help\n");
    let neither = "unexpected argument; secrets and passwords are read from the document, never from arguments; --input names a file; see --help\n";
    for word in
        ["123456", "''", &"GeneratePassword".repeat(5), "GeneratePassword GeneratePassword", "GeneratePassword x"]
    {
        assert_eq!(cause(word), neither, "{word}");
    }
}

// contract 1.1a, 1.1b: 20 random bytes, 32 characters; any input is ignored.
#[test]
fn generate_secret() {
    let secrets = ["", "garbage <"].map(|input| run("--operation GenerateSecret", input).stdout());
    for secret in &secrets {
        let base32 = secret.strip_prefix("<Secret>").unwrap().strip_suffix("</Secret>\n").unwrap();
        assert_eq!(base32.len(), 32);
        assert!(base32.bytes().all(|b| matches!(b, b'A'..=b'Z' | b'2'..=b'7')), "{base32}");
    }
    assert_ne!(secrets[0], secrets[1]);
}

// contract 1.4a, 1.4b, 1.4c, 1.5a, 1.5b, 5.4c, 5.5a
#[test]
fn a_mismatch() {
    assert_snapshot!(run_then("--operation VerifyPassword", &totp_document("123456")), @r#"
    $ totp-adapter --operation VerifyPassword --now 1111111109
    < <TOTP><Password>123456</Password><Secret>GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ</Secret></TOTP>
    > <Error description="The password provided is incorrect."/>
    ! totp-adapter: status 403: wrong password: it matches no time step within the skew
    exit 1
    "#);
    assert_snapshot!(run_then("--operation VerifyPassword", "<TOTP><Password>1"), @r#"
    $ totp-adapter --operation VerifyPassword --now 1111111109
    < <TOTP><Password>1
    > <Error description="The password provided is incorrect."/>
    ! totp-adapter: status 403: not well-formed: expected the end-tag of every element at line 1, column 18
    exit 1
    "#);
    assert_snapshot!(
        run_then("--operation VerifyPassword", "<TOTP><Password>1</Password><Secret>1</Secret></TOTP>"), @r#"
    $ totp-adapter --operation VerifyPassword --now 1111111109
    < <TOTP><Password>1</Password><Secret>1</Secret></TOTP>
    > <Error description="unusable secret: expected Base32 (the letters A to Z, the digits 2 to 7), found another character at line 1, column 37"/>
    ! totp-adapter: status -1: unusable secret: expected Base32 (the letters A to Z, the digits 2 to 7), found another character at line 1, column 37
    exit 2
    "#
    );
}

// contract 1.3c, 1.6a, 1.6b, 5.4c, 5.5a
#[test]
fn an_error() {
    assert_snapshot!(run_then("--operation GeneratePassword", ""), @r#"
    $ totp-adapter --operation GeneratePassword --now 1111111109
    > <Error description="not well-formed: expected the root element Secret, found an empty document"/>
    ! totp-adapter: status -1: not well-formed: expected the root element Secret, found an empty document
    exit 2
    "#);
    assert_snapshot!(run_then("--operation GeneratePassword", "<Secret>\n  GEZDGNBV 0\n</Secret>"), @r#"
    $ totp-adapter --operation GeneratePassword --now 1111111109
    < <Secret>
    <   GEZDGNBV 0
    < </Secret>
    > <Error description="unusable secret: expected Base32 (the letters A to Z, the digits 2 to 7), found another character at line 2, column 12"/>
    ! totp-adapter: status -1: unusable secret: expected Base32 (the letters A to Z, the digits 2 to 7), found another character at line 2, column 12
    exit 2
    "#);
    assert_snapshot!(run("--operation GenerateAuthenticatorQRCode", &secret_document()), @r#"
    $ totp-adapter --operation GenerateAuthenticatorQRCode
    < <Secret>GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ</Secret>
    > <Error description="wrong parameter: the account is missing or only white space"/>
    ! totp-adapter: status -1: wrong parameter: the account is missing or only white space
    exit 2
    "#);
}

// contract 1.2a: names and values are case-sensitive.
// contract 5.6a, 5.6b: the option, the accepted values and the nearest one; nothing that was typed.
#[test]
fn a_wrong_command_line() {
    assert_snapshot!(run("", "").to_string(), @r#"
    $ totp-adapter
    > <Error description="wrong parameter: no operation; expected GenerateSecret, GeneratePassword, VerifyPassword or GenerateAuthenticatorQRCode for --operation, or for Operation in the parameters file"/>
    ! totp-adapter: status -1: wrong parameter: no operation; expected GenerateSecret, GeneratePassword, VerifyPassword or GenerateAuthenticatorQRCode for --operation, or for Operation in the parameters file
    exit 2
    "#);
    assert_snapshot!(run("--operation generatepassword", "").to_string(), @r#"
    $ totp-adapter --operation generatepassword
    > <Error description="wrong command line: expected GenerateSecret, GeneratePassword, VerifyPassword or GenerateAuthenticatorQRCode for --operation; did you mean GeneratePassword?"/>
    ! totp-adapter: status -1: wrong command line: expected GenerateSecret, GeneratePassword, VerifyPassword or GenerateAuthenticatorQRCode for --operation; did you mean GeneratePassword?
    exit 2
    "#);
    assert_snapshot!(run("--operation", "").to_string(), @r#"
    $ totp-adapter --operation
    > <Error description="wrong command line: expected GenerateSecret, GeneratePassword, VerifyPassword or GenerateAuthenticatorQRCode for --operation; see --help"/>
    ! totp-adapter: status -1: wrong command line: expected GenerateSecret, GeneratePassword, VerifyPassword or GenerateAuthenticatorQRCode for --operation; see --help
    exit 2
    "#);
    assert_snapshot!(run("--Issuer x", "").to_string(), @r#"
    $ totp-adapter --Issuer x
    > <Error description="wrong command line: unknown option; did you mean --issuer?"/>
    ! totp-adapter: status -1: wrong command line: unknown option; did you mean --issuer?
    exit 2
    "#);
    assert_snapshot!(run("--isuer x", "").to_string(), @r#"
    $ totp-adapter --isuer x
    > <Error description="wrong command line: unknown option; did you mean --issuer?"/>
    ! totp-adapter: status -1: wrong command line: unknown option; did you mean --issuer?
    exit 2
    "#);
    assert_snapshot!(run("--skew 11", "").to_string(), @r#"
    $ totp-adapter --skew 11
    > <Error description="wrong command line: expected a whole number of time steps from 0 to 10 for --skew; see --help"/>
    ! totp-adapter: status -1: wrong command line: expected a whole number of time steps from 0 to 10 for --skew; see --help
    exit 2
    "#);
    assert_snapshot!(run("--skew -1", "").to_string(), @r#"
    $ totp-adapter --skew -1
    > <Error description="wrong command line: expected a whole number of time steps from 0 to 10 for --skew; see --help"/>
    ! totp-adapter: status -1: wrong command line: expected a whole number of time steps from 0 to 10 for --skew; see --help
    exit 2
    "#);
    assert_snapshot!(run("--digits 9", "").to_string(), @r#"
    $ totp-adapter --digits 9
    > <Error description="wrong command line: expected 6, 7 or 8 for --digits; see --help"/>
    ! totp-adapter: status -1: wrong command line: expected 6, 7 or 8 for --digits; see --help
    exit 2
    "#);
    assert_snapshot!(run("--period 0", "").to_string(), @r#"
    $ totp-adapter --period 0
    > <Error description="wrong command line: expected a whole number of seconds from 1 to 4294967295 for --period; see --help"/>
    ! totp-adapter: status -1: wrong command line: expected a whole number of seconds from 1 to 4294967295 for --period; see --help
    exit 2
    "#);
}

// contract 5.6a, 5.6b: as above, for the options with numbers and words.
#[test]
fn a_wrong_value() {
    assert_snapshot!(run("--now yesterday", ""), @r#"
    $ totp-adapter --now yesterday
    > <Error description="wrong command line: expected a whole number of seconds since 1970 from 0 to 18446744073709551615 for --now; see --help"/>
    ! totp-adapter: status -1: wrong command line: expected a whole number of seconds since 1970 from 0 to 18446744073709551615 for --now; see --help
    exit 2
    "#);
    assert_snapshot!(run("--input-timeout 0", ""), @r#"
    $ totp-adapter --input-timeout 0
    > <Error description="wrong command line: expected a whole number of seconds from 1 to 86400 for --input-timeout; see --help"/>
    ! totp-adapter: status -1: wrong command line: expected a whole number of seconds from 1 to 86400 for --input-timeout; see --help
    exit 2
    "#);
    assert_snapshot!(run("--algorithm sha1", ""), @r#"
    $ totp-adapter --algorithm sha1
    > <Error description="wrong command line: expected SHA1, SHA256 or SHA512 for --algorithm; did you mean SHA1?"/>
    ! totp-adapter: status -1: wrong command line: expected SHA1, SHA256 or SHA512 for --algorithm; did you mean SHA1?
    exit 2
    "#);
    assert_snapshot!(run("--exit-code posix", ""), @r#"
    $ totp-adapter --exit-code posix
    > <Error description="wrong command line: expected unix, x4 or zero for --exit-code; see --help"/>
    ! totp-adapter: status -1: wrong command line: expected unix, x4 or zero for --exit-code; see --help
    exit 2
    "#);
    assert_snapshot!(run("--status-file -", ""), @r#"
    $ totp-adapter --status-file -
    > <Error description="wrong command line: expected the name of a file for --status-file; see --help"/>
    ! totp-adapter: status -1: wrong command line: expected the name of a file for --status-file; see --help
    exit 2
    "#);
    assert_snapshot!(run("--base64=yes", ""), @r#"
    $ totp-adapter --base64=yes
    > <Error description="wrong command line: --base64 takes no value; see --help"/>
    ! totp-adapter: status -1: wrong command line: --base64 takes no value; see --help
    exit 2
    "#);
    assert_snapshot!(run("--now 1 --now 2", ""), @r#"
    $ totp-adapter --now 1 --now 2
    > <Error description="wrong command line: --now is given more than once; see --help"/>
    ! totp-adapter: status -1: wrong command line: --now is given more than once; see --help
    exit 2
    "#);
    assert_snapshot!(run("--input", "").stderr(), @"totp-adapter: status -1: wrong command line: --input needs a value; see --help");
    assert_snapshot!(run("completions bash --exit-code zero", "").stderr(), @"totp-adapter: status -1: wrong command line: misplaced option; it does not belong to this command; see --help");
    // Options of other commands, which must not be taken for slips of one of this command.
    assert_snapshot!(run("stream --exit-code unix", "").stderr(), @"totp-adapter: status -1: wrong command line: misplaced option; it does not belong to this command; see --help");
    assert_snapshot!(run("batch --columns=id a", "").stderr(), @"totp-adapter: status -1: wrong command line: misplaced option; it does not belong to this command; see --help");
    assert_snapshot!(run("--columns id", "").stderr(), @"totp-adapter: status -1: wrong command line: misplaced option; it does not belong to this command; see --help");
    // What stands behind a misspelt command belongs to that command.
    assert_snapshot!(run("batsh a.xml", "").stderr(), @"totp-adapter: status -1: wrong command line: unknown operation or command; did you mean batch?");
    assert_snapshot!(run("generatepassword a.xml", "").stderr(), @"totp-adapter: status -1: wrong command line: unknown operation or command; did you mean GeneratePassword?");
    assert_snapshot!(run("GeneratePassword a.xml", "").stderr(), @"totp-adapter: status -1: wrong command line: unexpected argument; secrets and passwords are read from the document, never from arguments; --input names a file; see --help");
    assert_snapshot!(run("GEZDGNBV a.xml", "").stderr(), @"totp-adapter: status -1: wrong command line: unexpected argument; secrets and passwords are read from the document, never from arguments; --input names a file; see --help");
    assert_snapshot!(run("--overwrite completions bash", "").stderr(), @"totp-adapter: status -1: wrong command line: unexpected argument; secrets and passwords are read from the document, never from arguments; --input names a file; see --help");
    assert_snapshot!(run("completions", ""), @r#"
    $ totp-adapter completions
    > <Error description="wrong command line: completions needs the name of a shell; see --help"/>
    ! totp-adapter: status -1: wrong command line: completions needs the name of a shell; see --help
    exit 2
    "#);
    assert_snapshot!(run("completions csh", ""), @r#"
    $ totp-adapter completions csh
    > <Error description="wrong command line: expected bash, elvish, fish, powershell or zsh for completions; did you mean zsh?"/>
    ! totp-adapter: status -1: wrong command line: expected bash, elvish, fish, powershell or zsh for completions; did you mean zsh?
    exit 2
    "#);
}

// contract 5.3, 5.6b
#[test]
fn a_misplaced_secret_is_not_repeated() {
    for arguments in [
        "GEZDGNBVGY3TQOJQ",
        "--GEZDGNBVGY3TQOJQ",
        "--secret GEZDGNBVGY3TQOJQ",
        "--secret=GEZDGNBVGY3TQOJQ",
        "--operation GEZDGNBVGY3TQOJQ",
        "--operation=GEZDGNBVGY3TQOJQ",
        "--operation GeneratePassword GEZDGNBVGY3TQOJQ",
        "--skew GEZDGNBVGY3TQOJQ",
        "--now=GEZDGNBVGY3TQOJQ",
        "--base64=GEZDGNBVGY3TQOJQ",
        "--exit-code GEZDGNBVGY3TQOJQ",
        "-sGEZDGNBVGY3TQOJQ",
        "-- GEZDGNBVGY3TQOJQ",
        "completions GEZDGNBVGY3TQOJQ",
        "completions bash GEZDGNBVGY3TQOJQ",
    ] {
        let ran = run(arguments, "");
        assert_eq!(ran.code(), 2, "{arguments}");
        assert!(!ran.stderr().contains("GEZDG") && !ran.stdout().contains("GEZDG"), "{ran}");
        assert_eq!(ran.stderr().lines().count(), 1, "{ran}");
    }
}

// contract 5.6c, 5.12c: wherever they stand, beside whatever is wrong.
#[test]
fn exit_code_and_status_file_are_honoured_beside_errors() {
    let folder = tempfile::tempdir().unwrap();
    for arguments in [
        "--exit-code x4 --status-file status --bogus",
        "--bogus --exit-code x4 --status-file status",
        "--bogus=1 --exit-code=x4 --status-file=status",
        "word --exit-code x4 --status-file status word",
        "--operation wrong --exit-code x4 --status-file status",
        "--input --exit-code x4 --status-file status",
        "--issuer --exit-code --bogus --exit-code x4 --status-file status",
        "--skew 99 --status-file status --exit-code x4 --exit-code x4",
        "completions nosuch --exit-code x4 --status-file status",
        "--status-file status --exit-code x4",
        "--issuer -- --bogus --exit-code x4 --status-file status",
    ] {
        let status = folder.path().join("status");
        fs::write(&status, "an old status\n").unwrap();
        let ran = totp_adapter(arguments.split_whitespace()).folder(folder.path()).run();
        assert_eq!(ran.code(), if cfg!(windows) { -1 } else { 255 }, "{ran}");
        assert_eq!(fs::read_to_string(status).unwrap(), "-1\n", "{ran}");
        assert!(ran.stdout().starts_with("<Error description=\"wrong "), "{ran}");
    }
    let ran = run("--bogus --exit-code zero", "");
    assert_eq!(ran.code(), 0, "{ran}");
    let ran = run("--issuer --exit-code x4", "");
    assert_eq!(ran.code(), 2, "a value is not an option: {ran}");
}

// contract 5.6c, 5.12c: also by names that are not Unicode.
#[cfg(unix)]
#[test]
fn files_whose_names_are_not_utf_8() {
    use std::ffi::{OsStr, OsString};
    use std::os::unix::ffi::OsStrExt;

    let name = OsStr::from_bytes(b"J\xf6rg");
    let joined = |option: &str| OsString::from_iter([OsStr::new(option), OsStr::new("="), name]);
    for arguments in [
        vec!["--status-file".into(), name.to_owned(), "--bogus".into()],
        vec!["--bogus".into(), joined("--status-file"), "--exit-code=x4".into()],
    ] {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(name), "1\n").unwrap();
        totp_adapter(&arguments).folder(folder.path()).run();
        assert_eq!(fs::read_to_string(folder.path().join(name)).unwrap(), "-1\n", "{arguments:?}");
    }
    // The status file is also the input: it stays.
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join(name), "<Password>1</Password>").unwrap();
    totp_adapter([joined("--input"), joined("--status-file"), "--bogus".into()]).folder(folder.path()).run();
    assert_eq!(fs::read_to_string(folder.path().join(name)).unwrap(), "<Password>1</Password>");
}

// contract 5.12d: whatever the option is mixed up with, the only copy of a secret stays.
#[test]
fn a_status_file_that_holds_a_secret_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let secret = folder.path().join("secret.xml");
    fs::write(&secret, secret_document()).unwrap();
    for arguments in ["--operation GenerateSecret --status-file secret.xml", "--bogus --status-file secret.xml"] {
        let ran = totp_adapter(arguments.split_whitespace()).folder(folder.path()).run();
        assert_eq!(ran.code(), 2, "{ran}");
        assert_eq!(fs::read_to_string(&secret).unwrap(), secret_document(), "{ran}");
    }
    let ran =
        totp_adapter(["--operation", "GenerateSecret", "--status-file", "secret.xml"]).folder(folder.path()).run();
    assert_snapshot!(ran.stderr(), @"totp-adapter: status -1: cannot write the status file: the existing file holds a secret, which would be lost (secret.xml)");
}

// contract 5.6c, 5.12d: a slip of the hand does not cost the secret.
#[test]
fn a_status_file_that_is_also_read_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let secret = folder.path().join("secret.xml");
    for arguments in [
        "--operation GeneratePassword --input secret.xml --status-file secret.xml",
        "--operation GeneratePassword --input secret.xml --status-file ./secret.xml --bogus",
        "--operation GeneratePassword --input secret.xml --output secret.xml",
        "--operation GeneratePassword --input secret.xml --output link.xml",
        "--parameters secret.xml --output secret.xml",
        "--operation GeneratePassword --parameters secret.xml --output secret.xml",
        "--operation GenerateSecret --parameters secret.xml --status-file secret.xml",
        "--operation GenerateSecret --overwrite --output secret.xml --status-file secret.xml",
    ] {
        fs::write(&secret, secret_document()).unwrap();
        link(&secret, &folder.path().join("link.xml"));
        let ran = totp_adapter(arguments.split_whitespace()).folder(folder.path()).run();
        assert_eq!(ran.code(), 2, "{ran}");
        assert_eq!(fs::read_to_string(&secret).unwrap(), secret_document(), "{ran}");
    }
}

// contract 5.2k: nor is a file written twice that does not exist yet.
#[test]
fn a_status_file_that_is_also_the_output() {
    let folder = tempfile::tempdir().unwrap();
    for (output, status) in [("new.xml", "./new.xml"), ("./new.xml", "new.xml")] {
        let arguments = ["--operation", "GenerateSecret", "--output", output, "--status-file", status];
        let ran = totp_adapter(arguments).folder(folder.path()).run();
        assert_eq!(ran.code(), 2, "{ran}");
        assert!(ran.stderr().contains("--status-file and --output are the same file"), "{ran}");
    }
    fs::create_dir(folder.path().join("folder")).unwrap();
    let arguments = ["--operation", "GenerateSecret", "--output", "new", "--status-file", "folder/new"];
    let ran = totp_adapter(arguments).folder(folder.path()).run();
    assert_eq!(ran.code(), 0, "one name in two folders is two files: {ran}");
}

#[cfg(unix)]
fn link(file: &Path, link: &Path) {
    let _ = std::os::unix::fs::symlink(file, link);
}

#[cfg(not(unix))]
fn link(file: &Path, link: &Path) {
    // Symbolic links need a privilege there; a second name for the same file serves here.
    fs::copy(file, link).unwrap();
}

// contract 5.5a
#[test]
fn exit_codes() {
    let low_byte = |code: i32| if cfg!(windows) { code } else { code & 0xff };
    for (codes, success, mismatch, error) in [("unix", 0, 1, 2), ("x4", 1, 403, -1), ("zero", 0, 0, 0)] {
        let run = |operation: &str, stdin: &str| {
            run_then(&format!("--exit-code {codes} --operation {operation}"), stdin).code()
        };
        assert_eq!(run("GeneratePassword", &secret_document()), success, "{codes}");
        assert_eq!(run("VerifyPassword", &totp_document("000000")), low_byte(mismatch), "{codes}");
        assert_eq!(run("GeneratePassword", ""), low_byte(error), "{codes}");
    }
}

// contract 3.2a, 3.3a, 3.4a, 3.4c
#[test]
fn time_skew_and_the_parameters_of_other_issuers() {
    let verify = |arguments: &str, password: &str| {
        run(&format!("--operation VerifyPassword {arguments}"), &totp_document(password)).code()
    };
    assert_eq!(verify("--now 59", "287082"), 0);
    assert_eq!(verify("--now 89", "287082"), 0);
    assert_eq!(verify("--now 90", "287082"), 1);
    assert_eq!(verify("--now 90 --skew 2", "287082"), 0);
    assert_eq!(verify("--now 60 --skew 0", "287082"), 1);
    assert_eq!(verify("--now 0 --skew 10", "755224"), 0);
    assert_eq!(verify("--now 59 --digits 8", "94287082"), 0);
    assert_eq!(verify("--now 59 --digits 8", "287082"), 1);
    assert_eq!(verify("--now 119 --period 60", "287082"), 0);
    let now = |seconds: &str| run(&format!("--operation GeneratePassword --now {seconds}"), &secret_document());
    assert_snapshot!(now("0"), @"
    $ totp-adapter --operation GeneratePassword --now 0
    < <Secret>GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ</Secret>
    > <Password>755224</Password>
    exit 0
    ");
    assert_snapshot!(now("9007199254740992"), @"
    $ totp-adapter --operation GeneratePassword --now 9007199254740992
    < <Secret>GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ</Secret>
    > <Password>803152</Password>
    exit 0
    ");
    assert_snapshot!(now("18446744073709551615"), @"
    $ totp-adapter --operation GeneratePassword --now 18446744073709551615
    < <Secret>GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ</Secret>
    > <Password>277486</Password>
    exit 0
    ");
    assert_eq!(verify("--now 18446744073709551615 --skew 10 --period 1", "000000"), 1);
}

// contract 3.3a: without --now it is the system clock.
#[test]
fn the_system_clock() {
    let seconds = || std::time::UNIX_EPOCH.elapsed().unwrap().as_secs();
    let of = |seconds| run(&format!("--operation GeneratePassword --now {seconds}"), &secret_document()).stdout();
    let before = of(seconds());
    let current = run("--operation GeneratePassword", &secret_document()).stdout();
    assert!(current == before || current == of(seconds()), "{current}");
}

// contract 5.1a, 5.1b, 5.1c
#[test]
fn parameters_from_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, content: &[u8]| fs::write(folder.path().join(name), content).unwrap();
    let run = |arguments: &str, stdin: &str| {
        totp_adapter(arguments.split_whitespace()).folder(folder.path()).stdin(stdin).run()
    };
    file("password.xml", b"<Parameters>\n  <Operation> GeneratePassword </Operation>\n</Parameters>");
    assert_snapshot!(run("--parameters password.xml --now 1111111109", &secret_document()), @"
    $ totp-adapter --parameters password.xml --now 1111111109
    < <Secret>GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ</Secret>
    > <Password>081804</Password>
    exit 0
    ");
    file("eight.xml", b"<Parameters><digits>8</digits><Operation>GeneratePassword</Operation></Parameters>");
    assert_snapshot!(run("--parameters eight.xml --now 1111111109", &secret_document()), @"
    $ totp-adapter --parameters eight.xml --now 1111111109
    < <Secret>GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ</Secret>
    > <Password>07081804</Password>
    exit 0
    ");
    // The command line wins.
    assert_snapshot!(run("--parameters eight.xml --digits 6 --now 1111111109", &secret_document()), @"
    $ totp-adapter --parameters eight.xml --digits 6 --now 1111111109
    < <Secret>GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ</Secret>
    > <Password>081804</Password>
    exit 0
    ");
    assert_snapshot!(run("--parameters eight.xml --operation VerifyPassword --now 59", &totp_document("94287082")), @r#"
    $ totp-adapter --parameters eight.xml --operation VerifyPassword --now 59
    < <TOTP><Password>94287082</Password><Secret>GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ</Secret></TOTP>
    > <Ok description="The password matches."/>
    exit 0
    "#);
}

// contract 5.1a, 5.1d: a fault in the file is -1 for every operation, whatever the command line says.
#[test]
fn a_wrong_parameters_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, content: &[u8]| fs::write(folder.path().join(name), content).unwrap();
    let run = |arguments: &str, stdin: &str| {
        totp_adapter(arguments.split_whitespace()).folder(folder.path()).stdin(stdin).run()
    };
    file("wrong.xml", b"<Parameters>\n<skew>\n  11</skew></Parameters>");
    assert_snapshot!(run("--parameters wrong.xml --operation VerifyPassword --skew 1", &totp_document("1")), @r#"
    $ totp-adapter --parameters wrong.xml --operation VerifyPassword --skew 1
    < <TOTP><Password>1</Password><Secret>GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ</Secret></TOTP>
    > <Error description="wrong parameter: in the parameters file: expected a whole number of time steps from 0 to 10 for skew at line 3, column 3"/>
    ! totp-adapter: status -1: wrong parameter: in the parameters file: expected a whole number of time steps from 0 to 10 for skew at line 3, column 3 (wrong.xml)
    exit 2
    "#);
    assert_snapshot!(run("--parameters wrong.xml --operation GenerateSecret", ""), @r#"
    $ totp-adapter --parameters wrong.xml --operation GenerateSecret
    > <Error description="wrong parameter: in the parameters file: expected a whole number of time steps from 0 to 10 for skew at line 3, column 3"/>
    ! totp-adapter: status -1: wrong parameter: in the parameters file: expected a whole number of time steps from 0 to 10 for skew at line 3, column 3 (wrong.xml)
    exit 2
    "#);
    file("operation.xml", b"<Parameters><Operation>generate</Operation></Parameters>");
    assert_snapshot!(run("--parameters operation.xml", ""), @r#"
    $ totp-adapter --parameters operation.xml
    > <Error description="wrong parameter: in the parameters file: expected GenerateSecret, GeneratePassword, VerifyPassword or GenerateAuthenticatorQRCode for Operation at line 1, column 24"/>
    ! totp-adapter: status -1: wrong parameter: in the parameters file: expected GenerateSecret, GeneratePassword, VerifyPassword or GenerateAuthenticatorQRCode for Operation at line 1, column 24 (operation.xml)
    exit 2
    "#);
    file("twice.xml", b"<Parameters><issuer/><issuer/></Parameters>");
    assert_snapshot!(run("--parameters twice.xml --operation GenerateSecret", ""), @r#"
    $ totp-adapter --parameters twice.xml --operation GenerateSecret
    > <Error description="wrong parameter: in the parameters file: wrong structure: expected Operation, issuer, account, algorithm, digits, period, skew in Parameters, each at most once and with nothing but text, at line 1, column 22"/>
    ! totp-adapter: status -1: wrong parameter: in the parameters file: wrong structure: expected Operation, issuer, account, algorithm, digits, period, skew in Parameters, each at most once and with nothing but text, at line 1, column 22 (twice.xml)
    exit 2
    "#);
    file("unknown.xml", b"<Parameters><secret/></Parameters>");
    assert_snapshot!(run("--parameters unknown.xml --operation GenerateSecret", ""), @r#"
    $ totp-adapter --parameters unknown.xml --operation GenerateSecret
    > <Error description="wrong parameter: in the parameters file: wrong structure: expected Operation, issuer, account, algorithm, digits, period, skew in Parameters, each at most once and with nothing but text, at line 1, column 13"/>
    ! totp-adapter: status -1: wrong parameter: in the parameters file: wrong structure: expected Operation, issuer, account, algorithm, digits, period, skew in Parameters, each at most once and with nothing but text, at line 1, column 13 (unknown.xml)
    exit 2
    "#);
    file("empty.xml", b"");
    assert_snapshot!(run("--parameters empty.xml --operation GenerateSecret", ""), @r#"
    $ totp-adapter --parameters empty.xml --operation GenerateSecret
    > <Error description="wrong parameter: in the parameters file: not well-formed: expected the root element Parameters, found an empty document"/>
    ! totp-adapter: status -1: wrong parameter: in the parameters file: not well-formed: expected the root element Parameters, found an empty document (empty.xml)
    exit 2
    "#);
    assert_snapshot!(run("--parameters missing.xml --operation GenerateSecret", ""), @r#"
    $ totp-adapter --parameters missing.xml --operation GenerateSecret
    > <Error description="cannot read the parameters file: no such file or directory"/>
    ! totp-adapter: status -1: cannot read the parameters file: no such file or directory (missing.xml)
    exit 2
    "#);
    file("none.xml", b"<Parameters/>");
    assert_snapshot!(run("--parameters none.xml", ""), @r#"
    $ totp-adapter --parameters none.xml
    > <Error description="wrong parameter: no operation; expected GenerateSecret, GeneratePassword, VerifyPassword or GenerateAuthenticatorQRCode for --operation, or for Operation in the parameters file"/>
    ! totp-adapter: status -1: wrong parameter: no operation; expected GenerateSecret, GeneratePassword, VerifyPassword or GenerateAuthenticatorQRCode for --operation, or for Operation in the parameters file
    exit 2
    "#);
    file("large.xml", " ".repeat(65537).as_bytes());
    assert_snapshot!(run("--parameters large.xml --operation GenerateSecret", ""), @r#"
    $ totp-adapter --parameters large.xml --operation GenerateSecret
    > <Error description="wrong parameter: in the parameters file: too large: expected a document of at most 65536 bytes"/>
    ! totp-adapter: status -1: wrong parameter: in the parameters file: too large: expected a document of at most 65536 bytes (large.xml)
    exit 2
    "#);
    // "-" is standard input, which the document cannot be at the same time.
    assert_eq!(run("--parameters -", "<Parameters><Operation>GenerateSecret</Operation></Parameters>").code(), 0);
    assert_snapshot!(run("--parameters - --operation GeneratePassword", "<Parameters/>"), @r#"
    $ totp-adapter --parameters - --operation GeneratePassword
    < <Parameters/>
    > <Error description="wrong parameter: --input needs a file, since --parameters is standard input"/>
    ! totp-adapter: status -1: wrong parameter: --input needs a file, since --parameters is standard input
    exit 2
    "#);
}

// contract 4.1b, 5.1a, 5.1b, 5.1e: umlauts in any encoding of 2.5, names as they stand, values that begin with a
// hyphen.
#[test]
fn display_names() {
    let folder = tempfile::tempdir().unwrap();
    let qr = |arguments: &[&str]| {
        let all = [&["--operation", "GenerateAuthenticatorQRCode"], arguments].concat();
        totp_adapter(all).folder(folder.path()).stdin(secret_document()).run()
    };
    let latin1 = b"<?xml version='1.0' encoding='ISO-8859-1'?><Parameters><account>J\xf6rg </account></Parameters>";
    fs::write(folder.path().join("latin1.xml"), latin1).unwrap();
    let from_file = qr(&["--parameters", "latin1.xml"]);
    let from_arguments = qr(&["--account", "J\u{f6}rg "]);
    assert_eq!(from_file.output.stdout, from_arguments.output.stdout);
    assert_ne!(from_file.output.stdout, qr(&["--account", "J\u{f6}rg"]).output.stdout);
    assert_eq!(qr(&["--account", "--operation", "--issuer", "-x"]).code(), 0);
    assert_eq!(qr(&["--account", "me", "--issuer", ""]).output.stdout, qr(&["--account", "me"]).output.stdout);
    assert_snapshot!(qr(&["--account", ""]), @r#"
    $ totp-adapter --operation GenerateAuthenticatorQRCode --account ''
    < <Secret>GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ</Secret>
    > <Error description="wrong parameter: the account is missing or only white space"/>
    ! totp-adapter: status -1: wrong parameter: the account is missing or only white space
    exit 2
    "#);
}

// contract 4.2c
#[cfg(unix)]
#[test]
fn a_name_that_is_not_unicode() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let name = OsStr::from_bytes(b"J\xf6rg");
    let qr = ["--operation", "GenerateAuthenticatorQRCode", "--account"].map(OsStr::new);
    let ran = totp_adapter(qr.into_iter().chain([name])).stdin(secret_document()).run();
    assert_snapshot!(ran.stderr(), @"totp-adapter: status -1: wrong parameter: the account is not Unicode; name it in the parameters file instead");
    let password = ["--operation", "GeneratePassword", "--now", "59", "--issuer"].map(OsStr::new);
    let ran = totp_adapter(password.into_iter().chain([name])).stdin(secret_document()).run();
    assert_eq!(ran.code(), 0, "the others ignore it: {ran}");
    // contract 5.6a: where a value has to be one of a list.
    let ran = totp_adapter([OsStr::new("--skew"), name]).run();
    assert_snapshot!(ran.stderr(), @"totp-adapter: status -1: wrong command line: an argument is not Unicode; see --help");
}

// contract 5.7a
#[test]
fn base64() {
    let qr = "--operation GenerateAuthenticatorQRCode --account me";
    let line = run(&format!("{qr} --base64"), &secret_document()).stdout();
    let png = data_encoding::BASE64.decode(line.strip_suffix('\n').unwrap().as_bytes()).unwrap();
    assert_eq!(png, run(qr, &secret_document()).output.stdout);
    assert!(png.starts_with(b"\x89PNG"));
    // The PNG and nothing else.
    assert_snapshot!(run_then("--operation GeneratePassword --base64", &secret_document()), @"
    $ totp-adapter --operation GeneratePassword --base64 --now 1111111109
    < <Secret>GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ</Secret>
    > <Password>081804</Password>
    exit 0
    ");
    assert_snapshot!(run("--operation GenerateAuthenticatorQRCode --base64", &secret_document()).stdout(), @r#"<Error description="wrong parameter: the account is missing or only white space"/>"#);
}

// contract 4.4a, 4.4d, 5.7a
#[test]
fn formats() {
    let qr = "--operation GenerateAuthenticatorQRCode --account me";
    let drawn = |format: &str| run(&format!("{qr} {format}"), &secret_document());
    assert_eq!(drawn("--format png").output.stdout, drawn("").output.stdout);
    let svg = drawn("--format svg").stdout();
    assert!(
        svg.starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"492\" height=\"492\" viewBox=\"0 0 41 41\"")
    );
    assert!(svg.ends_with("</svg>\n") && svg.lines().count() == 1, "{svg}");
    let line = drawn("--base64 --format svg").stdout();
    let decoded = data_encoding::BASE64.decode(line.strip_suffix('\n').unwrap().as_bytes()).unwrap();
    assert_eq!(decoded, svg.as_bytes());
    // The drawing and nothing else.
    assert_snapshot!(run_then("--operation GeneratePassword --format svg", &secret_document()), @"
    $ totp-adapter --operation GeneratePassword --format svg --now 1111111109
    < <Secret>GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ</Secret>
    > <Password>081804</Password>
    exit 0
    ");
    assert_snapshot!(run("--operation GenerateAuthenticatorQRCode --format svg", &secret_document()).stdout(), @r#"<Error description="wrong parameter: the account is missing or only white space"/>"#);
    assert_snapshot!(run("--format SVG", "").stderr(), @"totp-adapter: status -1: wrong command line: expected png, svg or terminal for --format; did you mean svg?");
    assert_snapshot!(run("stream --format terminal", "").stderr(), @"totp-adapter: status -1: wrong command line: expected png or svg for --format; see --help");
}

// contract 5.7b, 5.7c
#[test]
fn help_version_and_completions() {
    let help = run("--help", "");
    if cfg!(feature = "serve") {
        assert_snapshot!("help_with_serve", help);
    } else if cfg!(feature = "state") {
        assert_snapshot!("help_with_state", help);
    } else {
        assert_snapshot!(help);
    }
    assert_eq!(run("-h", "").stdout(), run("--help", "").stdout());
    assert_eq!(run("--version", "").stdout(), format!("totp-adapter {}\n", env!("CARGO_PKG_VERSION")));
    let first_lines = [
        ("read-qr", "Read the secret from a picture of its QR code"),
        ("batch", "Run an operation on many files, with one output for each"),
        ("batch read-qr", "Read the secret from every picture"),
        ("stream", "Answer each line of standard input with one line"),
        ("stream read-qr", "Read the secret from a picture in Base64 on each line"),
        ("completions", "Print a completion script for a shell"),
        ("man", "Print a manual page"),
    ];
    #[cfg(feature = "serve")]
    assert_eq!(run("serve --help", "").stdout().lines().next(), Some("Serve the operations over HTTP"));
    for (command, first_line) in first_lines {
        assert_eq!(run(&format!("{command} --help"), "").stdout().lines().next(), Some(first_line));
    }
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let ran = run(&format!("completions {shell}"), "");
        assert_eq!((ran.code(), ran.stderr().as_str()), (0, ""), "{shell}");
        assert!(ran.stdout().contains("status-file"), "{shell}");
    }
}

// contract 5.7d
#[test]
fn manual_pages() {
    let page = |arguments: &str| {
        let ran = run(arguments, "");
        assert_eq!((ran.code(), ran.stderr().as_str()), (0, ""), "{arguments}");
        ran.stdout()
    };
    let program = page("man");
    assert!(program.contains(".TH totp-adapter 1") && program.contains("status\\-file"), "{program}");
    let of_batch = page("man batch");
    assert!(of_batch.contains(".TH totp-adapter-batch 1") && of_batch.contains("output\\-dir"), "{of_batch}");
    // Of a command within a command, with what stands below its help.
    let of_pictures = page("man batch-read-qr");
    assert!(of_pictures.contains("totp\\-adapter batch read\\-qr"), "{of_pictures}");
    assert!(of_pictures.contains(".nf"), "{of_pictures}");
    // What is typed there may be a secret.
    let wrong = run("man hunter2", "").stderr();
    assert!(
        wrong.contains("wrong command line: expected read-qr, batch, batch-read-qr, ") && wrong.contains(" for man")
    );
    assert!(!wrong.contains("hunter2"), "{wrong}");
    assert!(run("man stream-read-q", "").stderr().ends_with("did you mean stream-read-qr?\n"));
}

/// Without the feature, a program says what it needs, whatever follows.
#[cfg(not(feature = "serve"))]
#[test]
fn serve_and_push_need_their_feature() {
    for (arguments, name) in [
        ("serve", "serve"),
        ("serve --config totp-adapter.toml --check", "serve"),
        ("serve --help", "serve"),
        ("serve --listen hunter2 --exit-code unix", "serve"),
        ("push skyvern --url hunter2", "push"),
        ("push", "push"),
        ("health http://hunter2@127.0.0.1/", "health"),
    ] {
        let words = "make one that has it with cargo build --release --features serve";
        let ran = run(arguments, "");
        let expected = format!("totp-adapter: status -1: wrong command line: this build has no {name}; {words}\n");
        assert_eq!((ran.stderr(), ran.code()), (expected, 2), "{arguments}");
    }
    assert_eq!(run("serve --exit-code x4", "").code(), 255);
    // A word elsewhere is a word too many.
    assert!(run("--issuer x serve", "").stderr().contains("unexpected argument"));
}

/// Without the feature, a program says what it needs.
#[cfg(not(feature = "state"))]
#[test]
fn unlock_and_state_need_their_feature() {
    for (arguments, name) in [
        ("unlock", "unlock"),
        ("unlock --state hunter2", "unlock"),
        ("--operation VerifyPassword --state hunter2", "--state"),
        ("--operation VerifyPassword --state=hunter2", "--state"),
        ("batch --operation VerifyPassword --state hunter2", "--state"),
        ("stream --state hunter2", "--state"),
    ] {
        let words = "make one that has it with cargo build --release --features state";
        let expected = format!("totp-adapter: status -1: wrong command line: this build has no {name}; {words}\n");
        let ran = run(arguments, "");
        assert_eq!((ran.stderr(), ran.code()), (expected, 2), "{arguments}");
    }
    // The value of another option is none.
    assert!(!run("--issuer --state --skew x", "").stderr().contains("--features"));
}
