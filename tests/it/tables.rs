//! Tables and lists as spreadsheets, shells and other systems write them, and the folders that people have: through `batch` as a
//! process.

use std::fs;

use crate::common::{Folder, Ran, secret_document, totp_adapter};
use insta::assert_snapshot;

const PASSWORD: &str = "batch --operation GeneratePassword --output-dir out";
const SECRETS: &str = "batch --operation GenerateSecret --output-dir out";
const PASSWORD_DOCUMENT: &str = "<Password>081804</Password>\n";
const HEADER: &str = "input,output,status,description";

/// The lines on stderr, the summary without its time.
fn told(ran: &Ran) -> String {
    let stderr = ran.stderr();
    let lines = stderr.lines().map(|line| match line.rsplit_once("; ") {
        Some((summary, time)) if time.ends_with(" s") => summary.to_owned(),
        Some(_) | None => line.to_owned(),
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// A text in UTF-16.
fn utf_16(unit: fn(u16) -> [u8; 2], text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(unit).collect()
}

// contract 6.1k, 6.1l: a column of another meaning that is called as the report's is.
#[test]
fn a_foreign_column_status() {
    let folder = Folder::empty();
    folder.write("users.csv", "status,account\nactive,jo\ninactive,ann\n");
    let ran = folder.run(&format!("{SECRETS} --manifest users.csv --report report.csv"));
    assert_eq!((ran.code(), folder.names_in("out").len()), (0, 2), "{ran}");
    // The report of this run is one, and what failed in it is left out.
    folder.write("out/secret-000001.xml", "<Secret/>");
    let qr = "batch --operation GenerateAuthenticatorQRCode --output-dir qr --manifest";
    assert_eq!(folder.run(&format!("{qr} report.csv --report qr.csv")).code(), 2);
    let again = folder.run(&format!("{qr} qr.csv --overwrite --account me"));
    assert_eq!(
        (told(&again).as_str(), again.code()),
        ("totp-adapter: 2 inputs: 1 successful, 0 mismatches, 0 errors, 1 skipped", 0)
    );
}

// contract 6.1u: a run in which nothing was left to do because all of it had failed before.
#[test]
fn rows_that_have_all_failed_before() {
    let folder = Folder::new();
    folder.write("failed.csv", format!("{HEADER}\nsecret.xml,a.xml,-1,x\nsecret.xml,b.xml,403,y\n"));
    let ran = folder.run(&format!("{PASSWORD} --manifest failed.csv --report report.csv"));
    assert_snapshot!(told(&ran), @"
    totp-adapter: 2 inputs: 0 successful, 0 mismatches, 0 errors, 2 skipped
    totp-adapter: status -1: no inputs: every row of the manifest has a status other than 1
    ");
    assert_eq!(ran.code(), 2);
    assert_eq!(folder.read("report.csv").lines().count(), 3);
    assert_eq!(folder.run(&format!("{PASSWORD} --manifest failed.csv --quiet --exit-code zero")).code(), 2);
    // What --skip-existing leaves out is done.
    folder.write("done.csv", format!("{HEADER}\nsecret.xml,a.xml,1,\nsecret.xml,b.xml,403,y\n"));
    assert_eq!(folder.run(&format!("{PASSWORD} --manifest done.csv")).code(), 0);
    assert_eq!(folder.run(&format!("{PASSWORD} --manifest done.csv --skip-existing")).code(), 0);
}

// contract 6.1j: nobody gets a secret for a row that says nothing.
#[test]
fn rows_of_empty_cells() {
    let folder = Folder::empty();
    folder.write("users.csv", "account,department\r\njo,Sales\r\n,\r\nann,\r\n\"\",\" \"\r\n,,\r\n,,,\r\n");
    let ran = folder.run(&format!("{SECRETS} --manifest users.csv --report report.csv"));
    assert_eq!(ran.code(), 0, "{ran}");
    assert_eq!(folder.names_in("out"), ["secret-000001.xml", "secret-000002.xml"]);
    assert_eq!(folder.read("report.csv").lines().count(), 3);
}

// contract 6.1h, 6.1i: no secret is made before all of the table is known to be text, also from a pipe.
#[test]
fn tables_that_are_not_utf_8() {
    let folder = Folder::empty();
    folder.write("ansi.csv", b"account\nann\nJ\xf6rg\n");
    folder.write("unicode.csv", utf_16(u16::to_le_bytes, "\u{feff}account\nJ\u{f6}rg\n"));
    folder.write("unmarked.csv", utf_16(u16::to_be_bytes, "account\nann\n"));
    // So long that it does not stay in memory.
    folder.write("long.csv", [b"account\n".to_vec(), b"ann\n".repeat(400_000), b"J\xf6rg\n".to_vec()].concat());
    assert_snapshot!(folder.run(&format!("{SECRETS} --manifest ansi.csv --report report.csv")), @r#"
    $ totp-adapter batch --operation GenerateSecret --output-dir out --manifest ansi.csv --report report.csv --now 1111111109
    > <Error description="wrong manifest: the table seems to be in windows-1252 (plain &quot;CSV&quot; of Windows), by its line 3; save it as &quot;CSV UTF-8&quot;, or convert it with iconv -f WINDOWS-1252 -t UTF-8"/>
    ! totp-adapter: status -1: wrong manifest: the table seems to be in windows-1252 (plain "CSV" of Windows), by its line 3; save it as "CSV UTF-8", or convert it with iconv -f WINDOWS-1252 -t UTF-8 (ansi.csv)
    exit 2
    "#);
    assert_snapshot!(folder.run(&format!("{SECRETS} --manifest unicode.csv --report report.csv")).stderr(), @r#"totp-adapter: status -1: wrong manifest: the table seems to be in UTF-16 ("Unicode text"); save it as "CSV UTF-8", or convert it with iconv -f UTF-16 -t UTF-8 (unicode.csv)"#);
    for table in ["ansi.csv", "unicode.csv", "unmarked.csv", "long.csv"] {
        let bytes = fs::read(folder.path().join(table)).unwrap();
        let run = format!("{SECRETS} --report report.csv --manifest");
        let piped = folder.prepare(&format!("{run} -")).stdin(bytes).run();
        for ran in [folder.run(&format!("{run} {table}")), piped] {
            assert_eq!(ran.code(), 2);
            assert!(ran.stderr().contains("wrong manifest: the table seems to be in"), "{ran}");
        }
        assert_eq!(folder.names(), ["ansi.csv", "long.csv", "unicode.csv", "unmarked.csv"]);
    }
    let marked = folder.prepare(&format!("{SECRETS} --manifest -")).stdin("\u{feff}account\nJ\u{f6}rg\n").run();
    assert_eq!((marked.code(), folder.names_in("out").len()), (0, 1));
}

// contract 6.3d: the report is UTF-8, so that the next run can read it.
#[cfg(unix)]
#[test]
fn names_on_the_command_line_that_are_not_utf_8() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    let folder = Folder::empty();
    let issuer = OsStr::from_bytes(b"--issuer=B\xfccher");
    let run = |more: &str| {
        let mut command = folder.prepare(&format!("{SECRETS} --count 1 --overwrite {more}")).command();
        command.arg(issuer).output().unwrap()
    };
    let output = run("--report report.csv");
    assert_eq!(output.status.code(), Some(2));
    assert_snapshot!(String::from_utf8(output.stderr).unwrap(), @"totp-adapter: status -1: wrong parameter: the issuer is not Unicode; name it in the parameters file instead");
    assert!(folder.names().is_empty());
    let dir = OsStr::from_bytes(b"--output-dir=o\xff");
    let mut command = folder.prepare("batch --operation GenerateSecret --count 1 --report report.csv").command();
    assert_eq!(command.arg(dir).output().unwrap().status.code(), Some(2));
    assert!(folder.names().is_empty());
    // Nobody reads it there, and GenerateSecret ignores it (1.2).
    assert_eq!(run("").status.code(), Some(0));
}

// contract 6.1i: nobody gets a secret for the rows behind a quotation mark that is not closed.
#[test]
fn a_quotation_mark_that_is_not_closed() {
    let folder = Folder::empty();
    folder.write("users.csv", "account\nann\n\"bob\njo\n");
    assert_snapshot!(folder.run(&format!("{SECRETS} --manifest users.csv")).stderr(), @"totp-adapter: status -1: wrong manifest: a quotation mark is not closed, in line 3 or below (users.csv)");
    let piped = folder.prepare(&format!("{SECRETS} --manifest -")).stdin(folder.read("users.csv")).run();
    assert_eq!((piped.code(), folder.names()), (2, vec!["users.csv".to_owned()]));
}

// contract 6.1h
#[test]
fn separators_that_are_no_commas() {
    let folder = Folder::empty();
    folder.write("users.csv", "account;department\njo;Sales\n");
    assert_snapshot!(folder.run(&format!("{SECRETS} --manifest users.csv")).stderr(), @"totp-adapter: status -1: wrong manifest: the columns are separated by semicolons; save the table with commas (users.csv)");
}

// contract 6.1o, 6.1p: a byte order mark before a list; a list in UTF-16 is one clear error.
#[test]
fn marks_before_lists() {
    let folder = Folder::new();
    folder.write("list", "\u{feff}secret.xml\n");
    folder.write("utf-16", utf_16(u16::to_le_bytes, "\u{feff}secret.xml\n"));
    let ran = folder.run(&format!("{PASSWORD} --files-from list"));
    assert_eq!((ran.code(), folder.read("out/secret.xml").as_str()), (0, PASSWORD_DOCUMENT), "{ran}");
    let ran = folder.run("batch --operation GeneratePassword --output-dir none --files-from utf-16");
    assert_eq!(ran.code(), 2);
    assert_snapshot!(told(&ran), @"totp-adapter: 1 input: 0 successful, 0 mismatches, 1 error, 0 skipped; the first error (--report has all): cannot read the list of names: the text is in UTF-16; convert it to UTF-8");
    assert!(folder.names_in("none").is_empty());
}

// contract 6.1t: a run that finds nothing says what it looked for.
#[test]
fn runs_without_inputs() {
    let folder = Folder::empty();
    folder.write("in/notes.txt", "");
    folder.write("in/a.error.xml", "");
    folder.write("table.csv", "input\n");
    folder.write("list", "\n\n");
    let run = |arguments: &str| {
        let arguments = format!("batch {arguments} --output-dir out");
        let ran = totp_adapter(arguments.split_whitespace()).folder(folder.path()).run();
        assert_eq!(ran.code(), 2, "{ran}");
        told(&ran)
    };
    assert_snapshot!(run("--operation GeneratePassword in"), @"
    totp-adapter: 0 inputs: 0 successful, 0 mismatches, 0 errors, 0 skipped; 2 other files left alone
    totp-adapter: status -1: no inputs: expected files, or folders with *.xml in them
    ");
    assert_snapshot!(run("read-qr in"), @"
    totp-adapter: 0 inputs: 0 successful, 0 mismatches, 0 errors, 0 skipped; 2 other files left alone
    totp-adapter: status -1: no inputs: expected files, or folders with *.png, *.jpg, *.jpeg, *.jpe, *.jfif, *.pjpeg, *.pjp, *.gif, *.bmp, *.dib, *.webp in them
    ");
    assert_snapshot!(run("--operation GeneratePassword --files-from list --quiet"), @"totp-adapter: status -1: no inputs: expected a list with names of files, or of folders with *.xml in them");
    assert_snapshot!(run("--operation GeneratePassword --manifest table.csv --quiet --exit-code zero"), @"totp-adapter: status -1: no inputs: expected a table with rows below its header");
}

// contract 6.1d: what Finder leaves beside files on foreign disks is not a document.
#[test]
fn attributes_of_macos() {
    let folder = Folder::empty();
    for name in ["in/a.xml", "in/._real.xml"] {
        folder.write(name, secret_document());
    }
    folder.write("in/._a.xml", b"\0\x05\x16\x07\0\x02\0\0Mac OS X");
    folder.write("in/b.xml", b"\0\x05\x16\x07\0\x02\0\0");
    let ran = folder.run(&format!("{PASSWORD} in"));
    assert_eq!(
        told(&ran).split(';').next().unwrap(),
        "totp-adapter: 3 inputs: 2 successful, 0 mismatches, 1 error, 0 skipped"
    );
    assert!(ran.stderr().contains("1 other file left alone"), "{ran}");
    assert_eq!(folder.names_in("out"), ["._real.xml", "a.xml", "b.error.xml"]);
}

// contract 6.1b, 6.1c: files by links, as in the volumes of Kubernetes, and no folders by links.
#[cfg(unix)]
#[test]
fn links_in_folders() {
    use std::os::unix::fs::symlink;

    let folder = Folder::empty();
    folder.write("volume/..2026_11_25/jo.xml", secret_document());
    let link = |to: &str, from: &str| symlink(to, folder.path().join(from)).unwrap();
    link("..2026_11_25", "volume/..data");
    link("..data/jo.xml", "volume/jo.xml");
    link("..data/gone.xml", "volume/gone.xml");
    let ran = folder.run(&format!("{PASSWORD} volume --report report.csv"));
    assert_eq!(
        (ran.code(), folder.names_in("out")),
        (2, vec!["gone.error.xml".to_owned(), "jo.xml".to_owned()]),
        "{ran}"
    );
    assert_eq!(folder.read("out/jo.xml"), PASSWORD_DOCUMENT);
    // The folder that is named is meant.
    let ran = folder.run("batch --operation GeneratePassword --output-dir named volume/..2026_11_25");
    assert_eq!((ran.code(), folder.names_in("named")), (0, vec!["jo.xml".to_owned()]));
}
