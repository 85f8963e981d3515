//! `stream` as a process: one line for every record, in order, whatever comes in and whoever reads.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::common::{
    Fixture, RFC_PASSWORD, RFC_SECRET, RFC_TIME, Ran, fixtures, secret_document, totp_adapter, totp_document,
};
use data_encoding::BASE64;
use insta::{allow_duplicates, assert_snapshot};
use totp_adapter::symbol_format::SymbolFormat;
use totp_adapter::xml::{Document, Parameter, read_parameters};
use totp_adapter::{Adapter, Operation, Parameters, UnixTime};

/// The most bytes of a record (contract 7.1).
const MAX_RECORD_BYTES: usize = 128 * 1024;

fn command(arguments: &str) -> Command {
    let now = RFC_TIME.to_string();
    totp_adapter(["stream", "--now", &now].into_iter().chain(arguments.split_whitespace())).command()
}

fn run(arguments: &str, input: impl AsRef<[u8]>) -> Ran {
    totp_adapter(["stream"].into_iter().chain(arguments.split_whitespace()).chain(["--now", &RFC_TIME.to_string()]))
        .stdin(input)
        .run()
}

/// The lines of a run that ended as it should.
fn lines(arguments: &str, input: impl AsRef<[u8]>) -> Vec<String> {
    let ran = run(arguments, input);
    assert_eq!((ran.stderr().as_str(), ran.code()), ("", 0));
    let stdout = ran.stdout();
    assert!(stdout.is_empty() || stdout.ends_with('\n'));
    stdout.lines().map(str::to_owned).collect()
}

fn answered(password: &str) -> String {
    format!("1\t<Password>{password}</Password>")
}

// contract 7.1a, 7.2a, 7.4a
#[test]
fn every_line_is_answered_by_a_line() {
    let secret = secret_document();
    let password = answered(RFC_PASSWORD);
    for (input, count) in [
        (String::new(), 0),
        (secret.clone(), 1),
        (format!("{secret}\n{secret}"), 2),
        (format!("{secret}\r\n{secret}\r"), 2),
        (format!("{secret}\n").repeat(3000), 3000),
    ] {
        assert_eq!(lines("--operation GeneratePassword", input), vec![password.clone(); count]);
    }
    let input = format!("{}\n{}\n\n{}x", totp_document(RFC_PASSWORD), totp_document("000000"), totp_document("123456"));
    assert_snapshot!(lines("--operation VerifyPassword", input).join("\n"), @r#"
    1	<Ok description="The password matches."/>
    403	<Error description="The password provided is incorrect."/>
    403	<Error description="The password provided is incorrect."/>
    403	<Error description="The password provided is incorrect."/>
    "#);
    let input = format!("a\t{secret}\nb\tX\t{secret}\nc\n\t\t\n");
    assert_snapshot!(lines("--operation GeneratePassword --columns id,account,document", input).join("\n"), @r#"
    a	-1	<Error description="wrong record: expected 3 columns separated by tabs, found 2"/>
    b	1	<Password>081804</Password>
    	-1	<Error description="wrong record: expected 3 columns separated by tabs, found 1"/>
    	-1	<Error description="not well-formed: expected the root element Secret, found an empty document"/>
    "#);
}

// contract 7.1h: NUL ends a record, and line feeds belong to the document.
#[test]
fn records_that_end_with_nul() {
    let document = format!("<Secret>\r\n{RFC_SECRET}\r\n</Secret>\r\n");
    let input = format!("1\t{document}\0two\nlines\t{document}\0\t{document}");
    let got = lines("--operation GeneratePassword --columns id,document --null", input).join("\n");
    assert_snapshot!(got, @r#"
    1	1	<Password>081804</Password>
    	-1	<Error description="wrong record: the id has a line break or NUL"/>
    	1	<Password>081804</Password>
    "#);
}

// contract 7.1i: what some editors and shells write before a text belongs neither to the id nor to the name.
#[test]
fn a_byte_order_mark_before_the_first_record() {
    let secret = secret_document();
    let password = answered(RFC_PASSWORD);
    for (columns, records, answers) in [
        ("document", format!("\u{feff}{secret}\n{secret}"), vec![password.clone(), password.clone()]),
        ("id,document", format!("\u{feff}a\t{secret}"), vec![format!("a\t{password}")]),
        ("id,document --null", format!("\u{feff}a\t{secret}"), vec![format!("a\t{password}")]),
        // Only the first mark is one.
        (
            "id,document",
            format!("a\t{secret}\n\u{feff}b\t{secret}"),
            vec![format!("a\t{password}"), format!("\u{feff}b\t{password}")],
        ),
        ("document", "\u{feff}".to_owned(), vec![]),
    ] {
        assert_eq!(lines(&format!("--operation GeneratePassword --columns {columns}"), records), answers, "{columns}");
    }
    let code = |input: String| lines("--operation GenerateAuthenticatorQRCode --columns account,document", input);
    assert_eq!(code(format!("\u{feff}me\t{secret}")), code(format!("me\t{secret}")));
}

// contract 7.1j, 7.4b: its lines end in the middle of characters.
#[test]
fn a_text_in_utf_16() {
    let text: Vec<u16> = format!("\u{feff}a\t{}\r\n", secret_document()).encode_utf16().collect();
    for bytes in [u16::to_le_bytes, u16::to_be_bytes] {
        let input: Vec<u8> = text.iter().flat_map(|unit| bytes(*unit)).collect();
        let ran = run("--operation GeneratePassword --columns id,document", input);
        assert_eq!((ran.stdout().as_str(), ran.code()), ("", 2));
        allow_duplicates! {
            assert_snapshot!(ran.stderr(), @"totp-adapter: status -1: cannot read standard input: the text is in UTF-16; convert it to UTF-8");
        }
    }
}

// contract 7.1g: what a record does not say, the option does.
#[test]
fn empty_cells() {
    let operation = "GenerateAuthenticatorQRCode";
    let secret = secret_document();
    let input = format!("\t\t\t{secret}\n\tX\t\t{secret}\n\t\tjo\t{secret}\nGeneratePassword\tX\tjo\t{secret}\n");
    let options = format!("--operation {operation} --issuer X4 --account me");
    let got = lines(&format!("{options} --columns operation,issuer,account,document"), input);
    for (got, (issuer, account)) in got.iter().zip([("X4", "me"), ("X", "me"), ("X4", "jo")]) {
        let expected = lines(&format!("--operation {operation} --issuer {issuer} --account {account}"), &secret);
        assert!(*got == expected[0], "{issuer}, {account}");
    }
    assert_eq!(got[3], answered(RFC_PASSWORD));
}

// contract 7.1e, 7.1f: there is no document to wait for.
#[test]
fn secrets_need_no_document() {
    let secrets = lines("--operation GenerateSecret --columns id", "a\n\nc");
    let ids: Vec<_> = secrets.iter().map(|line| line.split_once("\t1\t<Secret>").unwrap().0).collect();
    assert_eq!(ids, ["a", "", "c"]);
    assert!(secrets.iter().all(|line| line.ends_with("</Secret>")) && secrets[0][1..] != secrets[2][1..]);
    assert_eq!(lines("--operation GenerateSecret", "\n<garbage\n").len(), 2);
    assert_eq!(lines("--columns operation,id,document", "GenerateSecret\t7\nGeneratePassword\t7").len(), 2);
}

/// What the library answers to a fixture, on one line.
fn expected(fixture: &Fixture, parameters: &Parameters) -> String {
    let mut entropy = |_: &mut _| Ok(());
    let mut adapter = Adapter::new(Some(UnixTime(RFC_TIME)), &mut entropy);
    let reply = adapter.respond(fixture.operation, parameters, &fixture.bytes());
    format!("{}\t{}", reply.status, String::from_utf8(reply.body.into_line(SymbolFormat::Png).to_vec()).unwrap())
}

/// Issuer and account of a fixture; none where it has other parameters, or names that no cell can hold.
fn names(fixture: &Fixture) -> Option<(Parameters, String)> {
    let Some(file) = fixture.parameters_file() else { return Some((Parameters::default(), "\t".to_owned())) };
    let bytes = fs::read(file).unwrap();
    let document = Document::decode(&bytes).unwrap();
    let texts = read_parameters(&document).unwrap();
    let text = |parameter| texts.text(parameter).map_or("", |text| text.as_str());
    let cells = [text(Parameter::Issuer), text(Parameter::Account)];
    let others = [Parameter::Algorithm, Parameter::Digits, Parameter::Period, Parameter::Skew];
    if others.iter().any(|other| texts.text(*other).is_some()) || cells.concat().contains(['\t', '\n']) {
        return None;
    }
    let [issuer, account] = cells.map(|cell| Some(cell.into()).filter(|cell: &Vec<u8>| !cell.is_empty()));
    Some((Parameters { issuer, account, ..Parameters::default() }, cells.join("\t")))
}

// contract 7.2b, 7.3b: everything about the document follows section 1.
#[test]
fn the_corpus_is_answered_as_by_the_filter() {
    let (mut input, mut output) = (String::new(), String::new());
    for operation in Operation::OF_X4.into_iter().filter(|operation| *operation != Operation::GenerateSecret) {
        for fixture in fixtures(operation) {
            let Some((parameters, cells)) = names(&fixture) else { continue };
            let bytes = fixture.bytes();
            if bytes.len() > MAX_RECORD_BYTES / 2 {
                continue;
            }
            let base64 = BASE64.encode(&bytes);
            writeln!(input, "{}\t{cells}\t{}\t{base64}", operation.name(), fixture.name).unwrap();
            write!(output, "{}\t{}", fixture.name, expected(&fixture, &parameters)).unwrap();
        }
    }
    assert!(output.lines().count() > 400);
    let columns = "--columns operation,issuer,account,id,document-base64";
    for jobs in ["1", "3"] {
        let got = lines(&format!("{columns} --jobs {jobs}"), &input);
        for (got, expected) in got.iter().zip(output.lines()) {
            assert_eq!(got, expected);
        }
        assert_eq!(got.len(), output.lines().count());
    }
}

// contract 7.1a, 7.3a, 7.3c, 7.3d: a clear sentence, its own -1, and the next record is where it was.
#[test]
fn records_that_cannot_be_taken_apart() {
    let good = format!("good\t{}\n", BASE64.encode(secret_document().as_bytes()));
    let long = "x".repeat(MAX_RECORD_BYTES);
    let bad = format!("long\t{long}\n{long}{long}\nno Base64\t<Secret/>\nthree\tx\tx\none\nby\0te\tx\n\n");
    let bad: Vec<&str> = bad.lines().chain([""]).collect();
    let got = lines("--operation GeneratePassword --columns id,document-base64", bad.join(&format!("\n{good}")));
    let (bad, good): (Vec<_>, Vec<_>) = got.iter().partition(|line| !line.starts_with("good\t1\t<Password>"));
    assert_eq!(good.len(), 7);
    assert_snapshot!(bad.into_iter().cloned().collect::<Vec<_>>().join("\n"), @r#"
    long	-1	<Error description="too long: expected a record of at most 131072 bytes"/>
    	-1	<Error description="too long: expected a record of at most 131072 bytes"/>
    no Base64	-1	<Error description="wrong record: expected Base64 or a data URL of it in the column document-base64"/>
    three	-1	<Error description="wrong record: expected 2 columns separated by tabs, found 3"/>
    	-1	<Error description="wrong record: expected 2 columns separated by tabs, found 1"/>
    	-1	<Error description="wrong record: the id has a line break or NUL"/>
    	-1	<Error description="wrong record: expected 2 columns separated by tabs, found 1"/>
    "#);

    let just = format!("{}{}", secret_document(), " ".repeat(MAX_RECORD_BYTES - secret_document().len()));
    let input = format!("{just}\n{just} \n{just}\r\n{just} \r\n{just}");
    assert_snapshot!(lines("--operation GeneratePassword", input).join("\n"), @r#"
    -1	<Error description="too large: expected a document of at most 65536 bytes"/>
    -1	<Error description="too long: expected a record of at most 131072 bytes"/>
    -1	<Error description="too large: expected a document of at most 65536 bytes"/>
    -1	<Error description="too long: expected a record of at most 131072 bytes"/>
    -1	<Error description="too large: expected a document of at most 65536 bytes"/>
    "#);
}

// contract 5.6a, 7.1f
#[test]
fn a_stream_that_cannot_begin() {
    assert_snapshot!(run("", ""), @r#"
    $ totp-adapter stream --now 1111111109
    > <Error description="wrong parameter: no operation; expected GenerateSecret, GeneratePassword, VerifyPassword or GenerateAuthenticatorQRCode for --operation, or for Operation in the parameters file"/>
    ! totp-adapter: status -1: wrong parameter: no operation; expected GenerateSecret, GeneratePassword, VerifyPassword or GenerateAuthenticatorQRCode for --operation, or for Operation in the parameters file
    exit 2
    "#);
    assert_snapshot!(run("--operation GeneratePassword --columns id", ""), @r#"
    $ totp-adapter stream --operation GeneratePassword --columns id --now 1111111109
    > <Error description="wrong parameter: --columns needs document or document-base64, unless --operation is GenerateSecret"/>
    ! totp-adapter: status -1: wrong parameter: --columns needs document or document-base64, unless --operation is GenerateSecret
    exit 2
    "#);
    assert_snapshot!(run("--operation GenerateSecret --columns id,operation", ""), @r#"
    $ totp-adapter stream --operation GenerateSecret --columns id,operation --now 1111111109
    > <Error description="wrong parameter: --columns needs document or document-base64, unless --operation is GenerateSecret"/>
    ! totp-adapter: status -1: wrong parameter: --columns needs document or document-base64, unless --operation is GenerateSecret
    exit 2
    "#);
    assert_snapshot!(run("--operation GeneratePassword --columns id,secret", "").stderr(), @"totp-adapter: status -1: wrong command line: expected names out of id, operation, issuer, account and either document or document-base64, separated by commas and each at most once, for --columns; see --help");
    assert_snapshot!(run("--operation GeneratePassword --colums id", "").stderr(), @"totp-adapter: status -1: wrong command line: unknown option; did you mean --columns?");
    assert_snapshot!(run("--operation GeneratePassword --jobs 0", "").stderr(), @"totp-adapter: status -1: wrong command line: expected a whole number from 1 to 1024 for --jobs; see --help");
    assert_snapshot!(run("--operation GeneratePassword GEZDGNBV", "").stderr(), @"totp-adapter: status -1: wrong command line: unexpected argument; secrets and passwords are read from the document, never from arguments; see --help");
    assert_snapshot!(run("--operation GeneratePassword --parameters -", "<Parameters/>").stderr(), @"totp-adapter: status -1: wrong parameter: --parameters needs a file, since standard input is read for something else");
    assert_snapshot!(run("--operation GeneratePassword --parameters missing.xml", "").stderr(), @"totp-adapter: status -1: cannot read the parameters file: no such file or directory (missing.xml)");
}

/// A stream that is still open.
struct Open {
    child: Child,
}

impl Open {
    fn new(mut command: Command) -> Self {
        Self { child: command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap() }
    }

    fn send(&mut self, bytes: &[u8]) {
        self.child.stdin.as_mut().unwrap().write_all(bytes).unwrap();
    }

    /// Waits for the end, but not forever, and gives what was written to stderr and the exit code.
    fn end(&mut self) -> (String, i32) {
        let start = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(start.elapsed() < Duration::from_secs(30), "the process does not end");
            thread::sleep(Duration::from_millis(5));
        };
        let mut stderr = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
        (stderr, status.code().unwrap())
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

// contract 7.5a: a co-process has each answer before it sends the next record, also in pieces.
#[test]
fn each_answer_at_once() {
    for jobs in ["1", "2", "5"] {
        let mut stream = Open::new(command(&format!("--operation GeneratePassword --jobs {jobs}")));
        let mut answers = BufReader::new(stream.child.stdout.take().unwrap()).lines();
        let record = format!("{}\n", secret_document());
        for _ in 0..50 {
            stream.send(record.as_bytes());
            assert_eq!(answers.next().unwrap().unwrap(), answered(RFC_PASSWORD));
        }
        let (first, second) = record.split_at(20);
        stream.send(first.as_bytes());
        thread::sleep(Duration::from_millis(20));
        stream.send(format!("{second}{record}{first}").as_bytes());
        for _ in 0..2 {
            assert_eq!(answers.next().unwrap().unwrap(), answered(RFC_PASSWORD));
        }
        drop(stream.child.stdin.take());
        assert!(answers.next().unwrap().unwrap().starts_with("-1\t<Error description=\"not well-formed:"));
        assert!(answers.next().is_none());
        assert_eq!(stream.end(), (String::new(), 0));
    }
}

// contract 7.5b: also while the input stays open.
#[test]
fn a_reader_that_leaves() {
    for jobs in ["1", "4"] {
        let mut stream = Open::new(command(&format!("--operation GeneratePassword --jobs {jobs}")));
        drop(stream.child.stdout.take());
        // The child of another test has this end of the pipe as well between its fork and its exec, and until then the
        // first answers are taken.
        let record = format!("{}\n", secret_document());
        let mut sent = || stream.child.stdin.as_mut().unwrap().write_all(record.as_bytes());
        let has_ended = (0..4000).any(|_| {
            thread::sleep(Duration::from_millis(5));
            sent().is_err()
        });
        assert!(has_ended, "the process goes on without a reader");
        assert_eq!(stream.end(), (String::new(), 0));
    }
}

// contract 7.2a, 7.6b: many small records on several threads, each with an answer of its own.
#[test]
fn the_order_is_kept() {
    let mut input = String::new();
    for number in 0..40_000 {
        // Some take a thousand times longer than others.
        let operation = if number % 997 == 0 { "GenerateAuthenticatorQRCode" } else { "GeneratePassword" };
        let secret = data_encoding::BASE32_NOPAD.encode(format!("key {number}").as_bytes());
        writeln!(input, "{number}\t{operation}\t<Secret>{secret}</Secret>").unwrap();
    }
    let stream = |jobs| lines(&format!("--columns id,operation,document --account me --jobs {jobs}"), &input);
    let one = stream(1);
    assert_eq!(one.len(), 40_000);
    assert!(one.iter().enumerate().all(|(number, line)| line.starts_with(&format!("{number}\t1\t"))));
    assert!(one == stream(4));
}

/// What only Unix has.
#[cfg(unix)]
mod unix {
    use super::*;

    /// The most memory that a process had, in KiB.
    #[cfg(target_os = "linux")]
    fn peak(child: &Child) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        line.trim().strip_suffix(" kB").unwrap().parse().unwrap()
    }

    // contract 7.6a: a thread for every processor that the program may use, unless the user chose a number.
    #[cfg(target_os = "linux")]
    #[test]
    fn all_processors_work() {
        crate::common::assert_default_jobs(|jobs| {
            let mut command = command(&format!("--operation GeneratePassword {jobs}"));
            let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
            child.stdin.as_mut().unwrap().write_all(format!("{}\n", secret_document()).as_bytes()).unwrap();
            child.stdout.as_mut().unwrap().read_exact(&mut [0; 8]).unwrap();
            child
        });
    }

    // contract 7.6c: whoever does not read is not read from.
    #[cfg(target_os = "linux")]
    #[test]
    fn a_slow_reader() {
        for record in ["\n".to_owned(), format!("{}\n", secret_document()), "x".repeat(60_000) + "\n"] {
            let mut stream = Open::new(command("--operation GenerateAuthenticatorQRCode --account me --jobs 4"));
            let mut stdin = stream.child.stdin.take().unwrap();
            let bytes = record.repeat(64 * 1024 * 1024 / record.len());
            let writer = thread::spawn(move || stdin.write_all(bytes.as_bytes()));
            thread::sleep(Duration::from_secs(2));
            assert!(!writer.is_finished(), "64 MiB were taken in");
            let peak = peak(&stream.child);
            assert!(peak < 48 * 1024, "{peak} KiB");
            drop(stream);
            assert!(writer.join().unwrap().is_err());
        }
    }

    // contract 7.1a, 7.3c: a line without an end is one record, and is not kept.
    #[cfg(target_os = "linux")]
    #[test]
    fn a_line_without_an_end() {
        let mut stream = Open::new(command("--operation GeneratePassword"));
        let bytes = vec![b'x'; 1024 * 1024];
        for _ in 0..300 {
            stream.send(&bytes);
        }
        let peak = peak(&stream.child);
        assert!(peak < 16 * 1024, "{peak} KiB");
        stream.send(format!("\n{}", secret_document()).as_bytes());
        drop(stream.child.stdin.take());
        let mut stdout = String::new();
        stream.child.stdout.take().unwrap().read_to_string(&mut stdout).unwrap();
        assert_snapshot!(stdout, @r#"
        -1	<Error description="too long: expected a record of at most 131072 bytes"/>
        1	<Password>081804</Password>
        "#);
    }

    // contract 5.5c, 7.4b: the exit code is about the streams, not about the statuses.
    #[test]
    fn streams_that_fail() {
        let mut full = command("--operation GeneratePassword");
        full.stdout(File::options().write(true).open("/dev/full").unwrap()).stderr(Stdio::piped());
        let mut full = full.stdin(Stdio::piped()).spawn().unwrap();
        let _ = full.stdin.take().unwrap().write_all(secret_document().as_bytes());
        let output = full.wait_with_output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_snapshot!(stderr, @"totp-adapter: status -1: cannot write standard output: no space left on device");
        assert_eq!(output.status.code(), Some(2));

        let output = command("--operation GeneratePassword").stdin(File::open("/").unwrap()).output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_snapshot!(stderr, @"totp-adapter: status -1: cannot read standard input: is a directory");
        assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0));
    }

    // contract 7.1b: what is no text comes through where it is no matter, and is refused where it is.
    #[test]
    fn bytes_that_are_no_text() {
        let input = [b"J\xf6rg\tJ\xf6rg\t", secret_document().as_bytes()].concat();
        let columns = "--columns id,account,document --operation";
        let ran = run(&format!("{columns} GeneratePassword"), &input);
        assert_eq!(ran.output.stdout, b"J\xf6rg\t1\t<Password>081804</Password>\n");
        let ran = run(&format!("{columns} GenerateAuthenticatorQRCode"), &input);
        assert!(ran.stdout().contains("\t-1\t<Error description=\"wrong parameter: the account is not Unicode"));
    }
}

// contract 4.4e, 7.2b: as the filter draws it.
#[test]
fn a_qr_code_as_svg() {
    let arguments = "--operation GenerateAuthenticatorQRCode --account me --format svg";
    let got = run(arguments, secret_document()).stdout();
    let base64 = got.strip_prefix("1\t").and_then(|line| line.strip_suffix('\n')).unwrap();
    let drawn = totp_adapter(arguments.split(' ')).stdin(secret_document()).run().output.stdout;
    assert_eq!(BASE64.decode(base64.as_bytes()).unwrap(), drawn);
    assert!(drawn.starts_with(b"<svg "));
}
