//! `batch` as a process: many files, one output for each, whatever the files are and whenever it ends.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use crate::common::{Folder, RFC_PASSWORD, RFC_SECRET, Ran, fixtures, secret_document, totp_adapter, totp_document};
use insta::assert_snapshot;
use totp_adapter::{Operation, Status};

const PASSWORD: &str = "batch --operation GeneratePassword --output-dir out";
const PASSWORD_DOCUMENT: &str = "<Password>081804</Password>\n";

/// The lines of a report below its header, in the order of their text, where folders have none.
fn sorted(report: &str) -> String {
    let mut lines: Vec<&str> = report.lines().skip(1).collect();
    lines.sort_unstable();
    lines.join("\n")
}

/// Every file below a folder, by its path from there.
fn files(folder: &Path) -> Vec<String> {
    let entries = walkdir::WalkDir::new(folder).sort_by_file_name().into_iter().map(Result::unwrap);
    let files = entries.filter(|entry| !entry.file_type().is_dir());
    files.map(|entry| entry.path().strip_prefix(folder).unwrap().to_str().unwrap().to_owned()).collect()
}

/// The summary without its time.
fn summary(ran: &Ran) -> String {
    let stderr = ran.stderr();
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
    stderr.rsplit_once("; ").unwrap().0.to_owned()
}

// contract 6.1a, 6.2a, 6.3a, 6.3b, 6.5b
#[test]
fn folders_and_files() {
    let folder = Folder::new();
    for name in ["in/a.xml", "in/sub/.b.XML", "in/.hidden/c.xml", "in/old.error.xml", "in/notes.txt", "key"] {
        folder.write(name, secret_document());
    }
    folder.write("in/bad.xml", "<Secret>0</Secret>");
    let ran = folder.run(&format!("{PASSWORD} secret.xml in key missing.xml --report report.csv"));
    assert_eq!(
        (summary(&ran).as_str(), ran.code(), ran.stdout().as_str()),
        ("totp-adapter: 7 inputs: 5 successful, 0 mismatches, 2 errors, 0 skipped; 2 other files left alone", 2, "")
    );
    assert_eq!(
        files(&folder.path().join("out")),
        [".hidden/c.xml", "a.xml", "bad.error.xml", "key.xml", "missing.error.xml", "secret.xml", "sub/.b.xml",]
    );
    assert_eq!(folder.read("out/sub/.b.xml"), PASSWORD_DOCUMENT);
    let report = folder.read("report.csv");
    let lines: Vec<_> = report.lines().collect();
    assert_eq!((lines[0], lines[1]), ("input,output,status,description", "secret.xml,secret.xml,1,"));
    assert_eq!(
        lines[6..],
        ["key,key.xml,1,", "missing.xml,missing.error.xml,-1,cannot read the input: no such file or directory",]
    );
    assert_snapshot!(lines[2..6].iter().find(|line| line.contains("bad")).unwrap(), @r#"in/bad.xml,bad.error.xml,-1,"unusable secret: expected Base32 (the letters A to Z, the digits 2 to 7), found another character at line 1, column 9""#);
    assert_snapshot!(folder.read("out/bad.error.xml"), @r#"<Error description="unusable secret: expected Base32 (the letters A to Z, the digits 2 to 7), found another character at line 1, column 9"/>"#);
}

// contract 6.1a, 6.4a: every fixture, on one thread and on several, is answered as the filter answers it.
#[test]
fn the_corpus() {
    for operation in Operation::OF_X4 {
        let folder = Folder::empty();
        let mut expected = Vec::new();
        let mut table = String::from("input,output\n");
        for fixture in fixtures(operation) {
            if fixture.parameters_file().is_some() && operation != Operation::GenerateSecret {
                continue;
            }
            writeln!(table, "{},{}.xml", fixture.file.to_str().unwrap(), fixture.name).unwrap();
            expected.push(fixture);
        }
        folder.write("table.csv", table);
        for jobs in [1, 4] {
            let run = format!("batch --operation {} --manifest table.csv --report report.csv", operation.name());
            let ran = folder.run(&format!("{run} --output-dir {jobs} --jobs {jobs} --quiet"));
            assert_eq!(ran.stderr(), "");
            let report = folder.read("report.csv");
            for (fixture, line) in expected.iter().zip(report.lines().skip(1)) {
                // The account, which draws a QR code, is missing.
                let is_drawn = operation == Operation::GenerateAuthenticatorQRCode;
                let status = if is_drawn { Status::Error } else { fixture.status };
                assert!(line.contains(&format!(",{status},")), "{line}");
                let ending = if status == Status::Error { "error.xml" } else { "xml" };
                let document = folder.read(&format!("{jobs}/{}.{ending}", fixture.name));
                if operation != Operation::GenerateSecret {
                    let arguments =
                        format!("--operation {} --input {}", operation.name(), fixture.file.to_str().unwrap());
                    assert_eq!(document, folder.run(&arguments).stdout());
                }
            }
            assert_eq!(report.lines().count(), expected.len() + 1);
            assert_eq!(files(&folder.path().join(jobs.to_string())).len(), expected.len());
        }
    }
}

// contract 6.1e: names in lists, of files and folders, with every end that a line can have.
#[test]
fn lists_of_names() {
    let folder = Folder::new();
    folder.write("in/a.xml", secret_document());
    folder.write("two\nlines.xml", secret_document());
    folder.write("list", "secret.xml\r\n\nin\nmissing\n\n./in/a.xml");
    folder.write("null", "two\nlines.xml\0secret.xml\0");
    folder.run(&format!("{PASSWORD} --files-from list --report report.csv"));
    assert_snapshot!(folder.read("report.csv"), @"
    input,output,status,description
    secret.xml,secret.xml,1,
    in/a.xml,a.xml,1,
    missing,missing.error.xml,-1,cannot read the input: no such file or directory
    ./in/a.xml,,-1,wrong parameter: an earlier input of this run has the same output
    ");
    let ran = folder.run("batch --operation GeneratePassword --files-from null --null --output-dir null-out --quiet");
    assert_eq!(
        (ran.code(), folder.names_in("null-out")),
        (0, vec!["secret.xml".to_owned(), "two\nlines.xml".to_owned()])
    );
    let ran = folder
        .prepare("batch --operation GeneratePassword --files-from - --output-dir stdin-out")
        .stdin("secret.xml")
        .run();
    assert_eq!((ran.code(), folder.names_in("stdin-out")), (0, vec!["secret.xml".to_owned()]));
}

// contract 4.4e, 6.2a: the ending says what it is; of an SVG in a table it is not part of the name.
#[test]
fn formats_of_qr_codes() {
    let folder = Folder::new();
    folder.write("table.csv", "input,output\nsecret.xml,a.svg\n");
    for (format, name, start) in
        [("png", "a.png", "\u{fffd}PNG"), ("svg", "a.svg", "<svg "), ("terminal", "a.txt", "\x1b[")]
    {
        let ran = folder.run(&format!(
            "batch --operation GenerateAuthenticatorQRCode --account me --format {format} --manifest table.csv --output-dir {format}"
        ));
        assert_eq!((ran.code(), folder.names_in(format)), (0, vec![name.to_owned()]));
        let drawn = std::fs::read(folder.path().join(format).join(name)).unwrap();
        assert!(String::from_utf8_lossy(&drawn).starts_with(start), "{format}");
    }
    let ran = folder.run("batch --operation GeneratePassword --format svg --output-dir passwords secret.xml");
    assert_eq!((ran.code(), folder.names_in("passwords")), (0, vec!["secret.xml".to_owned()]));
}

// contract 6.1g, 6.1h, 6.1k, 6.1l: from new secrets to QR codes.
#[test]
fn the_report_of_new_secrets_is_a_manifest() {
    let folder = Folder::empty();
    folder.write("users.csv", "account,department\njohn@example.org,1\n\"Doe, Jane\",2\n\u{a0},3\n");
    let secrets = "batch --operation GenerateSecret --output-dir secrets --issuer X4 --report";
    assert_eq!(folder.run(&format!("{secrets} secrets.csv --manifest users.csv")).code(), 0);
    assert_snapshot!(folder.read("secrets.csv"), @r#"
    input,output,status,description,issuer,account
    secrets/secret-000001.xml,secret-000001.xml,1,,X4,john@example.org
    secrets/secret-000002.xml,secret-000002.xml,1,,X4,"Doe, Jane"
    secrets/secret-000003.xml,secret-000003.xml,1,,X4, 
    "#);
    folder.write("secrets/secret-000002.xml", "<Secret/>");
    let qr = "batch --operation GenerateAuthenticatorQRCode --output-dir qr --manifest";
    assert_eq!(folder.run(&format!("{qr} secrets.csv --report qr.csv")).code(), 2);
    assert_snapshot!(folder.read("qr.csv"), @r#"
    input,output,status,description
    secrets/secret-000001.xml,secret-000001.png,1,
    secrets/secret-000002.xml,secret-000002.error.xml,-1,"unusable secret: expected Base32 characters, found none at line 1, column 1"
    secrets/secret-000003.xml,secret-000003.error.xml,-1,wrong parameter: the account is missing or only white space
    "#);
    assert_eq!(folder.names_in("qr"), ["secret-000001.png", "secret-000002.error.xml", "secret-000003.error.xml"]);
    // What has failed is not tried again.
    assert_eq!(folder.run(&format!("{qr} qr.csv --account me --report again.csv --overwrite")).code(), 0);
    assert_snapshot!(folder.read("again.csv"), @"
    input,output,status,description
    secrets/secret-000001.xml,secret-000001.png,1,
    secrets/secret-000002.xml,,,skipped: the manifest has a status other than 1
    secrets/secret-000003.xml,,,skipped: the manifest has a status other than 1
    ");

    assert_eq!(folder.run(&format!("{secrets} more.csv --count 3")).code(), 2, "no secret is replaced");
    assert_eq!(folder.run("batch --operation GenerateSecret --output-dir new --count 12").code(), 0);
    let names = folder.names_in("new");
    assert_eq!((names.len(), names[11].as_str()), (12, "secret-000012.xml"));
}

// contract 6.1f, 6.1m, 6.2f, 6.3a, 6.3e: what is wrong with a row is its own -1.
#[test]
fn manifests() {
    let folder = Folder::new();
    folder.write(
        "table.csv",
        "input,output,status,description\n\
        secret.xml,deep/er/x.y.xml,1,\n\
        secret.xml,../x,1,\n\
        secret.xml,/tmp/x,1,\n\
        secret.xml,a.error.xml,1,\n\
        secret.xml,deep//er/./x.y,1,\n\
        secret.xml,skipped.xml,-1,\n\
        secret.xml\n\
        .,dir,1,\n\
        secret.xml,,1,\n",
    );
    assert_eq!(folder.run(&format!("{PASSWORD} --manifest table.csv --report report.csv")).code(), 2);
    assert_snapshot!(folder.read("report.csv"), @r#"
    input,output,status,description
    secret.xml,deep/er/x.y.xml,1,
    secret.xml,,-1,wrong parameter: the output is not a path below the output folder
    secret.xml,,-1,wrong parameter: the output is not a path below the output folder
    secret.xml,,-1,"wrong parameter: the output ends in .error.xml, which is reserved for errors"
    secret.xml,,-1,wrong parameter: an earlier input of this run has the same output
    secret.xml,,,skipped: the manifest has a status other than 1
    table.csv,,-1,"wrong manifest: expected 4 columns in line 8, found 1"
    .,dir.error.xml,-1,cannot read the input: not a regular file
    secret.xml,secret.xml,1,
    "#);
    assert_eq!(files(&folder.path().join("out")), ["deep/er/x.y.xml", "dir.error.xml", "secret.xml"]);
    for (table, expected) in [("", 2), ("secret.xml\n", 2), ("input;output\n", 2), ("input\n,\n", 2)] {
        folder.write("table.csv", table);
        assert_eq!(folder.run(&format!("{PASSWORD} --manifest table.csv")).code(), expected, "{table}");
    }
    assert_snapshot!(folder.run(&format!("{PASSWORD} --manifest report.csv/x")), @r#"
    $ totp-adapter batch --operation GeneratePassword --output-dir out --manifest report.csv/x --now 1111111109
    > <Error description="cannot read the manifest: not a directory"/>
    ! totp-adapter: status -1: cannot read the manifest: not a directory (report.csv/x)
    exit 2
    "#);
    folder.write("table.csv", "name,input,input\n");
    assert_snapshot!(folder.run(&format!("{PASSWORD} --manifest table.csv")), @r#"
    $ totp-adapter batch --operation GeneratePassword --output-dir out --manifest table.csv --now 1111111109
    > <Error description="wrong manifest: the first row must name the column input (except for GenerateSecret), and may name output, issuer and account, each once, separated by commas"/>
    ! totp-adapter: status -1: wrong manifest: the first row must name the column input (except for GenerateSecret), and may name output, issuer and account, each once, separated by commas (table.csv)
    exit 2
    "#);
}

// contract 6.1n: what a row does not say, the option does.
#[test]
fn empty_cells() {
    let folder = Folder::new();
    folder.write("table.csv", "input,output,issuer,account\nsecret.xml,a,,\nsecret.xml,b,X,\nsecret.xml,c,,jo\n");
    let options = "--operation GenerateAuthenticatorQRCode --output-dir out --issuer X4 --account me";
    assert_eq!(folder.run(&format!("batch {options} --manifest table.csv")).code(), 0);
    for (name, issuer, account) in [("a", "X4", "me"), ("b", "X", "me"), ("c", "X4", "jo")] {
        let options = format!("--issuer {issuer} --account {account} --input secret.xml");
        let drawn = folder.run(&format!("--operation GenerateAuthenticatorQRCode {options}")).output.stdout;
        assert!(fs::read(folder.path().join(format!("out/{name}.png"))).unwrap() == drawn, "{name}");
    }
}

// contract 6.2c, 6.2e, 6.3e: nothing is replaced unless it is asked for, and a -1 is never a result.
#[test]
fn outputs_that_exist() {
    let folder = Folder::new();
    folder.write("in/a.xml", secret_document());
    folder.write("in/b.xml", secret_document());
    folder.write("out/a.xml", "mine");
    folder.write("out/b.error.xml", "old");
    let run = |more: &str| {
        let ran = folder.run(&format!("{PASSWORD} in --report report.csv {more}"));
        format!("{}\nexit {}\n{}", sorted(&folder.read("report.csv")), ran.code(), folder.names_in("out").join(" "))
    };
    assert_snapshot!(run(""), @r#"
    in/a.xml,a.error.xml,-1,"cannot write: the output exists; --overwrite replaces it, --skip-existing keeps it"
    in/b.xml,b.xml,1,
    exit 2
    a.error.xml a.xml b.error.xml b.xml
    "#);
    assert_eq!(folder.read("out/a.xml"), "mine");
    assert_snapshot!(run("--skip-existing"), @"
    in/a.xml,a.xml,1,skipped: the output exists
    in/b.xml,b.xml,1,skipped: the output exists
    exit 0
    a.xml b.error.xml b.xml
    ");
    assert_eq!(folder.read("out/a.xml"), "mine");
    folder.write("in/b.xml", "");
    assert_snapshot!(run("--overwrite"), @r#"
    in/a.xml,a.xml,1,
    in/b.xml,,-1,"not well-formed: expected the root element Secret, found an empty document; cannot write the output: file exists"
    exit 2
    a.xml b.error.xml b.xml
    "#);
    assert_eq!(
        (folder.read("out/a.xml").as_str(), folder.read("out/b.xml").as_str()),
        (PASSWORD_DOCUMENT, PASSWORD_DOCUMENT)
    );
    // Only --skip-existing looks into what is there.
    let folder = Folder::new();
    folder.write("out/secret.xml", "");
    assert_eq!(folder.run(&format!("{PASSWORD} secret.xml")).code(), 2);
    assert_eq!(folder.read("out/secret.xml"), "");
    assert_snapshot!(folder.run(&format!("{PASSWORD} in --overwrite --skip-existing")).stderr(), @"totp-adapter: status -1: wrong command line: --overwrite cannot be used with --skip-existing; see --help");
}

// contract 6.2n: an input that fails has no result, so that no later run takes an older one for it; a secret stays.
#[test]
fn an_older_result_is_none_of_an_input_that_fails() {
    let folder = Folder::new();
    folder.write("in/a.xml", secret_document());
    let run = |more: &str| {
        let ran = folder.run(&format!("{PASSWORD} in --report report.csv {more}"));
        format!("{}\nexit {}\n{}", sorted(&folder.read("report.csv")), ran.code(), folder.names_in("out").join(" "))
    };
    assert_snapshot!(run(""), @"
    in/a.xml,a.xml,1,
    exit 0
    a.xml
    ");
    folder.write("in/a.xml", "<x>");
    let failed = run("--overwrite");
    assert!(failed.ends_with("exit 2\na.error.xml"), "{failed}");
    assert_eq!(run("--skip-existing"), failed);
    // The same run has no input whose secret it could lose.
    folder.write("out/a.xml", secret_document());
    assert!(run("--overwrite").ends_with("exit 2\na.error.xml a.xml"));
    assert_eq!(folder.read("out/a.xml"), secret_document());
}

// contract 6.2h, 6.6a: a mismatch is a result, also where it is skipped.
#[test]
fn mismatches() {
    let folder = Folder::empty();
    folder.write("in/right.xml", totp_document(RFC_PASSWORD));
    folder.write("in/wrong.xml", totp_document("000000"));
    let verify = "batch --operation VerifyPassword in --output-dir out --report report.csv";
    for (more, code) in [
        ("", 1),
        ("--skip-existing", 1),
        ("--skip-existing --exit-code zero", 0),
        ("--overwrite --exit-code x4", 403 % 256),
    ] {
        let ran = folder.run(&format!("{verify} {more}"));
        assert_eq!(ran.code(), code, "{ran}");
        let report = sorted(&folder.read("report.csv"));
        assert!(
            report.starts_with("in/right.xml,right.xml,1,") && report.contains("\nin/wrong.xml,wrong.xml,403,"),
            "{report}"
        );
        assert_eq!(folder.names_in("out"), ["right.xml", "wrong.xml"]);
    }
    assert_eq!(folder.read("out/wrong.xml"), "<Error description=\"The password provided is incorrect.\"/>\n");
    folder.write("in/bad.xml", totp_document("1").replace(RFC_SECRET, "0"));
    assert_eq!(folder.run(&format!("{verify} --skip-existing")).code(), 2);
    assert_eq!(folder.run(&format!("{verify} --skip-existing --exit-code zero")).code(), 0);
}

// contract 6.2d: the first input of a name has it.
#[test]
fn inputs_of_the_same_name() {
    let folder = Folder::new();
    folder.write("in/secret.xml", "<Secret/>");
    folder.write("in/secret.XML", secret_document());
    // Which of the two in the folder comes first is the file system's.
    for (output_dir, order, expected) in [("a", "secret.xml in", 1), ("b", "in secret.xml", 0)] {
        let run = format!("batch --operation GeneratePassword --output-dir {output_dir} {order} --report report.csv");
        assert_eq!(folder.run(&format!("{run} --jobs 4")).code(), 2);
        let report = folder.read("report.csv");
        let claimed = ",,-1,wrong parameter: an earlier input of this run has the same output";
        assert_eq!(report.matches(claimed).count(), 2, "{report}");
        assert_eq!(folder.names_in(output_dir).len(), 1);
        assert!(report.matches("secret.xml,secret.xml,1,").count() >= expected, "{report}");
    }
}

// contract 6.1s, 6.2g, 6.3g: no run reads what it writes or replaces what it reads.
#[test]
fn inputs_and_outputs_stay_apart() {
    let folder = Folder::new();
    folder.write("in/a.xml", secret_document());
    folder.write("in/in/a.xml", secret_document());
    let before = files(folder.path());
    for arguments in [
        "--output-dir in in",
        "--output-dir in/out in",
        "--output-dir in/not/yet in/../in secret.xml",
        "--output-dir missing/../in in",
        "--output-dir a/b/.././../in/new in",
    ] {
        let ran = folder.run(&format!("batch --operation GeneratePassword {arguments}"));
        assert_eq!(ran.code(), 2);
        assert!(ran.stdout().contains("the output folder is a folder of inputs, or lies in one"), "{ran}");
        assert_eq!(files(folder.path()), before);
    }
    for (report, inputs) in [
        ("in/a.xml", "in"),
        ("in/report.csv", "in"),
        ("secret.xml", "in secret.xml"),
        ("secret.xml", "--files-from list"),
        ("list", "--files-from list"),
    ] {
        folder.write("list", "secret.xml\n");
        let ran = folder.run(&format!("{PASSWORD} {inputs} --report {report}"));
        assert!(ran.code() == 2 && ran.stdout().contains("report"), "{ran}");
        assert_eq!((folder.read("secret.xml"), folder.read("list").as_str()), (secret_document(), "secret.xml\n"));
    }
    // A report by a way that the run itself makes.
    let ran = folder.run("batch --operation GeneratePassword --output-dir x/z secret.xml in --report x/../in/a.xml");
    assert!(ran.code() == 2 && ran.stdout().contains("report"), "{ran}");
    folder.write("notes.csv", "mine");
    let ran = folder.run("batch --operation GeneratePassword --output-dir y/z secret.xml --report y/../notes.csv");
    assert_eq!((ran.code(), folder.read("notes.csv").as_str()), (2, "mine"), "{ran}");
    for inputs in ["in", "secret.xml", "in/in/a.xml"] {
        let ran = folder.run(&format!("batch --operation GeneratePassword --output-dir . {inputs} --overwrite"));
        let secrets = ["secret.xml", "in/a.xml", "in/in/a.xml"].map(|name| folder.read(name));
        assert_eq!(secrets, [(); 3].map(|()| secret_document()), "{ran}");
    }
    // The result of in/in/a.xml would have been in/a.xml.
    assert_eq!(folder.read("a.xml"), PASSWORD_DOCUMENT);
}

// contract 6.2g, 6.2i: no secret is replaced by something else, whatever its place and whenever it is read.
#[test]
fn overwriting_destroys_no_secret() {
    let folder = Folder::new();
    let secrets = ["secret.xml", "new/secret.xml", "b.xml", "out/in/b.xml"];
    for name in secrets {
        folder.write(name, secret_document());
    }
    folder.write("table.csv", "input,output\nsecret.xml,b\nb.xml,secret\n");
    for arguments in [
        "--output-dir . new/secret.xml secret.xml",
        "--output-dir . --manifest table.csv",
        "--output-dir out out/in b.xml",
    ] {
        folder.run(&format!("batch --operation GeneratePassword --overwrite {arguments}"));
        folder.run(&format!("batch --operation GenerateAuthenticatorQRCode --account me --overwrite {arguments}"));
        for name in secrets {
            assert_eq!(folder.read(name), secret_document(), "{arguments}");
        }
    }
    // All documents that hold one.
    for document in [
        "<KeyURI>otpauth://totp/a?secret=MZXW6YTB</KeyURI>\n",
        "<?xml version='1.0'?>\n<k:KeyURI xmlns:k='u'>otpauth://totp/a?secret=MZXW6YTB</k:KeyURI>",
        "<TOTP><Secret>MZXW6YTB</Secret>",
    ] {
        folder.write("kept/b.xml", document);
        let ran =
            folder.run("batch --operation GeneratePassword --overwrite --output-dir kept b.xml --report report.csv");
        assert_eq!((ran.code(), folder.read("kept/b.xml").as_str()), (2, document));
    }
    assert_snapshot!(folder.read("report.csv"), @r#"
    input,output,status,description
    b.xml,b.error.xml,-1,"cannot write: the existing file holds a secret, which would be lost"
    "#);
    // A new secret may take the place of an old one, but not of the one that it is called after.
    let ran = folder.run("batch --operation GenerateSecret --overwrite --output-dir . secret.xml new/b.xml");
    assert_eq!((ran.code(), folder.read("secret.xml")), (2, secret_document()));
    assert_ne!(folder.read("b.xml"), secret_document());
}

// contract 6.2g: what names the inputs, and what says how they are worked on, stays.
#[test]
fn the_files_of_a_run_are_not_replaced() {
    let folder = Folder::new();
    for (name, content, arguments) in [
        ("m.xml", "input,output\nsecret.xml,m\n", "--operation GeneratePassword --manifest m.xml"),
        ("secret-000001.xml", "account\nA\n", "--operation GenerateSecret --manifest secret-000001.xml"),
        ("list.xml", "list.xml\n", "--operation GeneratePassword --files-from ./list.xml"),
        (
            "p.xml",
            "<Parameters><Operation>GeneratePassword</Operation></Parameters>",
            "--parameters p.xml --manifest ../table.csv",
        ),
    ] {
        folder.write("table.csv", "input,output\n../secret.xml,p\n");
        folder.write(format!("in/{name}"), content);
        let arguments = format!("batch {arguments} --output-dir . --overwrite");
        let ran = totp_adapter(arguments.split_whitespace()).folder(&folder.path().join("in")).run();
        assert_eq!((ran.code(), folder.read(&format!("in/{name}")).as_str()), (2, content), "{ran}");
    }
}

// contract 6.3g: a report is not one by its beginning alone, and may have become something else meanwhile.
#[test]
fn what_a_report_replaces() {
    let folder = Folder::new();
    let header = "input,output,status,description";
    for (content, is_replaced) in [
        (format!("{header}\na.xml,a.xml,1,\n"), true),
        (format!("{header},issuer,account\r\n"), true),
        (format!("\u{feff}{header}\r\n"), true),
        (String::new(), true),
        (format!("{header},note\na.xml,a.xml,1,,mine\n"), false),
        (format!("{header}s\n"), false),
    ] {
        folder.write("report.csv", &content);
        let ran = folder.run(&format!("{PASSWORD} secret.xml --overwrite --report report.csv"));
        assert_eq!((ran.code(), folder.read("report.csv") != content), (if is_replaced { 0 } else { 2 }, is_replaced));
    }
    folder.write("new/secret-000001.xml", "");
    let secrets = "batch --operation GenerateSecret --count 1 --output-dir new --overwrite";
    let ran = folder.run(&format!("{secrets} --report new/secret-000001.xml"));
    assert!(ran.code() == 2 && folder.read("new/secret-000001.xml").starts_with("<Secret>"), "{ran}");
}

// contract 6.2k: what is no document that says what was wrong is not treated as one.
#[test]
fn a_file_that_is_called_like_an_error() {
    let folder = Folder::new();
    for (input, code) in [("secret.xml", 0), ("missing/secret.xml", 2)] {
        folder.write("out/secret.error.xml", secret_document());
        let ran = folder.run(&format!("{PASSWORD} {input} --report report.csv"));
        assert_eq!((ran.code(), folder.read("out/secret.error.xml")), (code, secret_document()));
    }
    assert_snapshot!(sorted(&folder.read("report.csv")), @"missing/secret.xml,,-1,cannot read the input: no such file or directory; cannot write the output: file exists");
}

// contract 6.2j: nothing is taken for a match that is none; an empty file is no output.
#[test]
fn outputs_that_are_left() {
    let folder = Folder::empty();
    for name in ["empty", "right", "wrong", "other"] {
        folder.write(format!("in/{name}.xml"), totp_document("000000"));
    }
    folder.write("out/empty.xml", "");
    folder.write("out/right.xml", "<Ok description=\"The password matches.\"/>\n");
    folder.write("out/wrong.xml", "<Error description=\"The password provided is incorrect.\"/>\n");
    folder.write("out/other.xml", "<Ok/>\n");
    folder.run("batch --operation VerifyPassword in --output-dir out --skip-existing --report report.csv");
    assert_snapshot!(sorted(&folder.read("report.csv")), @"
    in/empty.xml,empty.xml,403,The password provided is incorrect.
    in/other.xml,other.error.xml,-1,cannot write: the existing output is not an answer of this operation
    in/right.xml,right.xml,1,skipped: the output exists
    in/wrong.xml,wrong.xml,403,skipped: the output exists
    ");
}

// contract 5.6a, 6.1q, 6.3g, 6.6b
#[test]
fn a_run_that_cannot_begin() {
    let folder = Folder::new();
    folder.write("file", "");
    let run = |arguments: &str| folder.run(&format!("batch {arguments}")).stderr();
    assert_snapshot!(run(""), @"totp-adapter: status -1: wrong command line: --output-dir is missing: the folder for the results; see --help");
    assert_snapshot!(run("--operation GeneratePassword --output-dir out"), @"totp-adapter: status -1: wrong command line: no inputs; name files or folders, or use --files-from, --manifest or --count; see --help");
    assert_snapshot!(run("--operation GeneratePassword --output-dir out secret.xml --count 3"), @"totp-adapter: status -1: wrong command line: --count cannot be used with file or folder arguments; see --help");
    assert_snapshot!(run("--operation GeneratePassword --output-dir out --count 3"), @"totp-adapter: status -1: wrong parameter: --count is only for GenerateSecret");
    assert_snapshot!(run("--operation GenerateSecret --output-dir out --count 0"), @"totp-adapter: status -1: wrong command line: expected a whole number from 1 to 999999999 for --count; see --help");
    assert_snapshot!(run("--operation GeneratePassword --output-dir out secret.xml --null"), @"totp-adapter: status -1: wrong command line: --null cannot be used with file or folder arguments; see --help");
    assert_snapshot!(run("--output-dir out secret.xml"), @"totp-adapter: status -1: wrong parameter: no operation; expected GenerateSecret, GeneratePassword, VerifyPassword or GenerateAuthenticatorQRCode for --operation, or for Operation in the parameters file");
    assert_snapshot!(run("--operation GeneratePassword --output-dir file secret.xml"), @"totp-adapter: status -1: cannot write the output folder: file exists (file)");
    assert_snapshot!(run("--operation GeneratePassword --output-dir out --files-from missing"), @"totp-adapter: status -1: cannot read the list of names: no such file or directory (missing)");
    folder.write("other.csv", "a,b\n");
    assert_snapshot!(run("--operation GeneratePassword --output-dir out secret.xml --report other.csv"), @"totp-adapter: status -1: cannot write the report: the existing file is neither empty nor an older report (other.csv)");
    fs::remove_file(folder.path().join("other.csv")).unwrap();
    assert_snapshot!(run("--operation GeneratePassword --output-dir out secret.xml --report missing/report.csv"), @"totp-adapter: status -1: cannot write the report: no such file or directory (missing/report.csv)");
    assert_snapshot!(run("--operation GeneratePassword --output-dir out --parameters - --files-from -"), @"totp-adapter: status -1: wrong parameter: --parameters needs a file, since standard input is read for something else");
    assert_snapshot!(run("--operation GeneratePassword --output-dir out secret.xml --reprot x"), @"totp-adapter: status -1: wrong command line: unknown option; did you mean --report?");
    // The folder was made for a report that might have been in it.
    assert!(folder.names_in("out").is_empty());
    assert_eq!(folder.names(), ["file", "out", "secret.xml"]);
    let x4 = folder.run("batch --operation GeneratePassword --output-dir file secret.xml --exit-code x4");
    assert_eq!(x4.code(), 255);
}

// contract 6.3b, 6.5c: also to standard output; and what is no UTF-8 is escaped.
#[test]
fn the_report_on_standard_output() {
    let folder = Folder::new();
    let ran = folder.run(&format!("{PASSWORD} secret.xml --report - --quiet"));
    assert_snapshot!(ran, @"
    $ totp-adapter batch --operation GeneratePassword --output-dir out secret.xml --report - --quiet --now 1111111109
    > input,output,status,description
    > secret.xml,secret.xml,1,
    exit 0
    ");
}

/// What only Unix has.
#[cfg(unix)]
mod unix {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::process::{Command, Stdio};
    use std::thread;
    use std::time::{Duration, Instant};

    use rustix::process::{Pid, Signal, kill_process};

    use super::*;
    use crate::common::available;

    // contract 6.2b
    #[test]
    fn only_the_owner_can_look() {
        let folder = Folder::new();
        folder.write("in/sub/a.xml", secret_document());
        folder.run(&format!("{PASSWORD} in secret.xml missing --report report.csv"));
        let mode = |name: &str| fs::metadata(folder.path().join(name)).unwrap().permissions().mode() & 0o777;
        assert_eq!(["out", "out/sub"].map(mode), [0o700; 2]);
        assert_eq!(["out/sub/a.xml", "out/secret.xml", "out/missing.error.xml", "report.csv"].map(mode), [0o600; 4]);
    }

    // contract 6.1b, 6.1r, 6.3a: links to folders are not followed, and what is no file does not stop the others.
    #[test]
    fn what_is_no_regular_file() {
        let folder = Folder::new();
        folder.write("in/a.xml", secret_document());
        symlink("..", folder.path().join("in/loop.xml")).unwrap();
        symlink("nowhere", folder.path().join("dangling.xml")).unwrap();
        symlink("secret.xml", folder.path().join("named.xml")).unwrap();
        let pipe = folder.path().join("pipe.xml");
        assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let ran = folder.run(&format!("{PASSWORD} in pipe.xml /dev/zero dangling.xml named.xml --report report.csv"));
        assert_eq!(
            summary(&ran),
            "totp-adapter: 5 inputs: 2 successful, 0 mismatches, 3 errors, 0 skipped; 1 other file left alone"
        );
        assert_snapshot!(folder.read("report.csv"), @"
        input,output,status,description
        in/a.xml,a.xml,1,
        pipe.xml,pipe.error.xml,-1,cannot read the input: not a regular file
        /dev/zero,zero.error.xml,-1,cannot read the input: not a regular file
        dangling.xml,dangling.error.xml,-1,cannot read the input: no such file or directory
        named.xml,named.xml,1,
        ");
    }

    // contract 6.3c: names of bytes are processed, and escaped in the report only.
    #[test]
    fn names_that_are_not_utf_8() {
        let folder = Folder::empty();
        let name = |end: &str| PathBuf::from(OsStr::from_bytes(&[b"J\xf6rg", end.as_bytes()].concat()));
        folder.write(Path::new("in").join(name(".xml")), secret_document());
        folder.run(&format!("{PASSWORD} in --report report.csv"));
        assert_eq!(fs::read(folder.path().join("out").join(name(".xml"))).unwrap(), PASSWORD_DOCUMENT.as_bytes());
        assert_eq!(sorted(&folder.read("report.csv")), "in/J\\xf6rg.xml,J\\xf6rg.xml,1,");
    }

    // contract 6.4b: memory does not grow with the files but for what tells their names apart.
    //
    // Long names: one of them kept for each file would be 1.1 MiB, what is granted 0.6. What is measured is the memory that
    // the program asked for, while it waits for more: which pages of the program itself are there is for the system to say.
    #[cfg(target_os = "linux")]
    #[test]
    fn memory() {
        let held = |count: usize| {
            let folder = Folder::empty();
            let names: Vec<String> = (0..count).map(|number| format!("{number:0>240}")).collect();
            for name in &names {
                folder.write(name, secret_document());
            }
            let run = "batch --operation GeneratePassword --files-from - --output-dir out --quiet --jobs 2";
            let mut child = folder.prepare(run).command().stdin(Stdio::piped()).spawn().unwrap();
            let mut stdin = child.stdin.take().unwrap();
            std::io::Write::write_all(&mut stdin, format!("{}\n", names.join("\n")).as_bytes()).unwrap();
            // The outputs and the run's own folder.
            wait_for(&folder.path().join("out"), count + 1);
            let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
            drop(stdin);
            assert!(child.wait().unwrap().success());
            let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).unwrap();
            line.trim().strip_suffix(" kB").unwrap().parse().unwrap()
        };
        let (few, many): (usize, usize) = (held(500), held(5_000));
        assert!(many - few.min(many) <= 5_000 * 32 / 1024 + 512, "{few} KiB for 500, {many} KiB for 5,000");
    }

    /// Waits until so many files are there, or a while.
    fn wait_for(folder: &Path, files: usize) {
        let start = Instant::now();
        while fs::read_dir(folder).map_or(0, Iterator::count) < files {
            assert!(start.elapsed() < Duration::from_secs(120), "nothing happens");
            thread::sleep(Duration::from_millis(5));
        }
    }

    // contract 6.6c: what was done is whole and in the report, and nothing else is there.
    #[test]
    fn interrupted_runs() {
        for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143)] {
            let folder = Folder::empty();
            let run = "batch --operation GenerateSecret --count 100000 --output-dir out --report report.csv";
            let mut command = folder.prepare(run).command();
            let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
            wait_for(&folder.path().join("out"), 200);
            kill_process(Pid::from_child(&child), signal).unwrap();
            let output = child.wait_with_output().unwrap();
            assert_eq!(output.status.code(), Some(code));
            let stderr = String::from_utf8(output.stderr).unwrap();
            assert!(stderr.starts_with("totp-adapter: interrupted after ") && stderr.lines().count() == 1, "{stderr}");
            let report = folder.read("report.csv");
            let outputs: Vec<&str> = report.lines().skip(1).map(|line| line.split(',').nth(1).unwrap()).collect();
            assert!(outputs.len() < 100_000);
            assert_eq!(outputs, folder.names_in("out"));
        }
    }

    // contract 6.6e: whoever ends a process and its group sends it two signals.
    #[test]
    fn a_run_that_is_interrupted_twice_at_once() {
        let folder = Folder::empty();
        let run = "batch --operation GenerateSecret --count 100000 --output-dir out --report report.csv --quiet";
        let child = folder.prepare(run).command().spawn().unwrap();
        wait_for(&folder.path().join("out"), 200);
        for _ in 0..3 {
            kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
            thread::sleep(Duration::from_millis(1));
        }
        assert_eq!(child.wait_with_output().unwrap().status.code(), Some(143));
        let outputs = folder.names_in("out");
        assert_eq!(folder.read("report.csv").lines().count(), outputs.len() + 1);
        assert!(outputs.iter().all(|name| name.starts_with("secret-")), "{outputs:?}");
    }

    // contract 6.2k: to open it would be to wait for a writer.
    #[test]
    fn a_pipe_that_is_called_like_an_error() {
        let folder = Folder::new();
        fs::create_dir(folder.path().join("out")).unwrap();
        let pipe = folder.path().join("out/secret.error.xml");
        assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        assert_eq!(folder.run(&format!("{PASSWORD} secret.xml")).code(), 0);
        assert_eq!(folder.run(&format!("{PASSWORD} missing/secret.xml")).code(), 2);
        assert_eq!(folder.names_in("out"), ["secret.error.xml", "secret.xml"]);
    }

    // contract 6.6c: one that waits for names ends too, and has done all that it got.
    #[test]
    fn an_interrupted_list() {
        let folder = Folder::new();
        folder.write("in/a.xml", secret_document());
        folder.write("in/b.xml", secret_document());
        let mut command = folder.prepare(&format!("{PASSWORD} --files-from - --report report.csv --jobs 3")).command();
        let mut child = command.stdin(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        std::io::Write::write_all(child.stdin.as_mut().unwrap(), b"secret.xml\nin\n").unwrap();
        // The outputs and the run's own folder: names are worked on before the next one is there.
        wait_for(&folder.path().join("out"), 4);
        kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(143));
        assert_eq!(folder.names_in("out"), ["a.xml", "b.xml", "secret.xml"]);
        let report = sorted(&folder.read("report.csv"));
        assert_eq!(report, "in/a.xml,a.xml,1,\nin/b.xml,b.xml,1,\nsecret.xml,secret.xml,1,");
    }

    // contract 6.2c, 6.2l, 6.6d: killed at any moment and run again, all is there, whole, and nothing else.
    #[test]
    fn killed_runs_are_resumed() {
        let folder = Folder::empty();
        for number in 0..300 {
            folder.write(format!("in/{number}.xml"), secret_document());
        }
        let resumed = format!("{PASSWORD} in --skip-existing --quiet --report report.csv");
        for part in 0..40 {
            let mut child = folder.prepare(&resumed).command().spawn().unwrap();
            thread::sleep(Duration::from_micros(part * 700));
            child.kill().unwrap();
            child.wait().unwrap();
            let names = fs::read_dir(folder.path().join("out")).map_or(0, Iterator::count);
            if names > 250 {
                fs::remove_dir_all(folder.path().join("out")).unwrap();
            }
        }
        assert_eq!(folder.run(&resumed).code(), 0);
        assert_eq!(sorted(&folder.read("report.csv")).lines().count(), 300);
        let names = folder.names_in("out");
        assert_eq!(names.len(), 300);
        assert!(names.iter().all(|name| folder.read(&format!("out/{name}")) == PASSWORD_DOCUMENT));
    }

    // contract 6.2b: one does the work of the other, and neither harms it.
    #[test]
    fn two_runs_into_one_folder() {
        let folder = Folder::empty();
        for number in 0..400 {
            folder.write(format!("in/{number}.xml"), secret_document());
        }
        for more in ["--skip-existing", "--overwrite", ""] {
            let run = || folder.prepare(&format!("{PASSWORD} in --quiet {more}")).command().spawn().unwrap();
            let codes = [run(), run()].map(|mut child| child.wait().unwrap().code());
            let names = folder.names_in("out");
            let results = names.iter().filter(|name| !name.ends_with(".error.xml"));
            assert_eq!(results.clone().count(), 400);
            assert!(results.into_iter().all(|name| folder.read(&format!("out/{name}")) == PASSWORD_DOCUMENT));
            if more.is_empty() {
                // Whichever comes second says that the output exists.
                assert!(codes.contains(&Some(2)));
            } else {
                assert_eq!((codes, names.len()), ([Some(0); 2], 400));
            }
            fs::remove_dir_all(folder.path().join("out")).unwrap();
        }
    }

    // contract 6.3f: a report that cannot be written ends the run with 2, and stops nothing before.
    #[cfg(target_os = "linux")]
    #[test]
    fn a_report_that_cannot_be_written() {
        for secrets in [1, 2000] {
            let folder = Folder::empty();
            let run = "batch --operation GenerateSecret --output-dir out --report /dev/full --quiet --count";
            let ran = folder.run(&format!("{run} {secrets}"));
            assert_eq!((ran.code(), folder.names_in("out").len()), (2, secrets));
            let reason = "cannot write the report: no space left on device";
            assert!(ran.stderr().contains(reason) && ran.stderr().lines().count() == 1, "{}", ran.stderr());
        }
    }

    // contract 6.4a: a thread for every processor that the program may use, unless the user chose a number.
    #[cfg(target_os = "linux")]
    #[test]
    fn all_processors_work() {
        crate::common::assert_default_jobs(|jobs| {
            let folder = Folder::new();
            let mut command = folder.prepare(&format!("{PASSWORD} --files-from - {jobs}")).command();
            let mut child = command.stdin(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
            std::io::Write::write_all(child.stdin.as_mut().unwrap(), b"secret.xml\n").unwrap();
            // The output and the run's own folder.
            wait_for(&folder.path().join("out"), 2);
            child
        });
    }

    // contract 5.2f, 6.3a: a disk that is full in the middle.
    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk() {
        let folder = Folder::empty();
        for number in 100..400 {
            folder.write(format!("in/{number}.xml"), secret_document());
        }
        fs::create_dir(folder.path().join("out")).unwrap();
        let run = folder.prepare(&format!("{PASSWORD} in --report report.csv --jobs 2")).command();
        let program = run.get_program().to_str().unwrap().to_owned();
        let arguments: Vec<_> = run.get_args().map(|argument| argument.to_str().unwrap().to_owned()).collect();
        let mount = "mount -t tmpfs -o size=600k none out";
        let script = format!("{mount} && {program} {}; echo $?; ls -A out; cat out/*", arguments.join(" "));
        let unshare = |script: &str| {
            Command::new("unshare").args(["-r", "-m", "sh", "-c", script]).current_dir(folder.path()).output()
        };
        let can_mount = unshare(mount).is_ok_and(|output| output.status.success());
        if !available("a mount namespace", can_mount) {
            return;
        }
        let output = unshare(&script).unwrap();
        let stdout = String::from_utf8(output.stdout).unwrap();
        assert!(stdout.starts_with("2\n"), "{stdout}");
        let report = folder.read("report.csv");
        let is_full = ",-1,cannot write the output: no space left on device";
        let (full, written): (Vec<_>, Vec<_>) = report.lines().skip(1).partition(|line| line.contains(is_full));
        assert!(full.len() > 10 && written.len() > 10 && full.len() + written.len() == 300, "{report}");
        // As many outputs as the report says, all of them whole.
        assert_eq!(stdout.matches(PASSWORD_DOCUMENT).count(), written.len());
        assert!(!stdout.contains(".totp-adapter-"));
    }

    // contract 6.2m: one clear error before the first document.
    #[cfg(target_os = "linux")]
    #[test]
    fn a_file_system_that_cannot_move_without_replacing() {
        let folder = Folder::new();
        let run = folder.prepare(&format!("{PASSWORD} secret.xml")).command();
        let inject =
            ["-f", "-o", "/dev/null", "-e", "inject=renameat2:error=EINVAL", "-e", "inject=link,linkat:error=EPERM"];
        let strace = |extra: &[&str]| {
            let mut strace = Command::new("strace");
            strace.args(extra).arg(run.get_program()).args(run.get_args()).current_dir(folder.path()).output()
        };
        let can_trace = strace(&["-f", "-o", "/dev/null"]).is_ok_and(|output| output.status.code() == Some(0));
        if !available("strace", can_trace) {
            return;
        }
        fs::remove_dir_all(folder.path().join("out")).unwrap();
        let output = strace(&inject).unwrap();
        assert_eq!(output.status.code(), Some(2));
        assert_snapshot!(String::from_utf8(output.stderr).unwrap(), @"totp-adapter: status -1: cannot write: the file system of the output folder cannot move files without replacing others: operation not permitted (out)");
        assert!(folder.names_in("out").is_empty());
    }

    /// What a run shows on a terminal. Until enough of it is there, or a long while, nobody reads its standard output.
    fn screen(folder: &Folder, run: &str, kind: &str, is_enough: impl Fn(&str) -> bool) -> String {
        use crate::common::terminal::terminal;
        use std::io::{self, Read};
        let (user, program) = terminal(100);
        let mut command = folder.prepare(run).command();
        command.env("TERM", kind);
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(program).spawn().unwrap();
        drop(command);
        let mut stdout = child.stdout.take().unwrap();
        let (enough, is_shown) = std::sync::mpsc::channel();
        let reader = thread::spawn(move || {
            let _ = is_shown.recv_timeout(Duration::from_secs(60));
            io::copy(&mut stdout, &mut io::sink()).unwrap()
        });
        let (mut user, mut screen, mut piece) = (fs::File::from(user), Vec::new(), [0; 4096]);
        loop {
            if is_enough(&String::from_utf8_lossy(&screen)) {
                // Once is enough; then the reader is gone.
                let _ = enough.send(());
            }
            // On Linux the end of a terminal is an error.
            match user.read(&mut piece) {
                Ok(0) | Err(_) => break,
                Ok(read) => screen.extend_from_slice(&piece[..read]),
            }
        }
        reader.join().unwrap();
        assert!(child.wait().unwrap().success());
        String::from_utf8_lossy(&screen).into_owned()
    }

    // contract 6.5a, 6.5c: the report of so many files does not fit into a pipe, so that the run cannot end before the
    // bar is seen.
    #[test]
    fn a_bar_on_a_terminal() {
        for (quiet, kind, has_bar, has_sum) in
            [("", "xterm", true, true), ("", "dumb", false, true), ("--quiet", "xterm", false, false)]
        {
            let folder = Folder::empty();
            let run = format!("batch --operation GenerateSecret --count 5000 --output-dir out --report - {quiet}");
            let shows_bar = |screen: &str| screen.contains("/5000 [") && screen.contains("0 mismatches, 0 errors");
            let screen = screen(&folder, &run, kind, |screen| !has_bar || shows_bar(screen));
            assert_eq!(shows_bar(&screen), has_bar, "{screen:?}");
            assert_eq!(screen.contains("totp-adapter: 5000 inputs: 5000 successful"), has_sum, "{screen:?}");
        }
    }

    // contract 6.5a: a list that can be read only once is not counted.
    #[test]
    fn a_bar_for_a_list_from_a_pipe() {
        let folder = Folder::new();
        let pipe = folder.path().join("list");
        assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let writer = thread::spawn(move || fs::write(pipe, "secret.xml\n").unwrap());
        let screen = screen(&folder, &format!("{PASSWORD} --files-from list"), "xterm", |_| true);
        writer.join().unwrap();
        assert!(screen.contains("totp-adapter: 1 input: 1 successful"), "{screen:?}");
    }
}
