//! The program at a terminal (contract 5.9): a pseudo-terminal on its streams, and what appears on it.
#![cfg(unix)]

use std::fs::File;
use std::io::Write;
use std::process::Stdio;

use crate::common::terminal::{on_terminal, terminal};
use crate::common::{secret_document, totp_adapter};
use insta::assert_snapshot;

const QR: [&str; 4] = ["--operation", "GenerateAuthenticatorQRCode", "--account", "me"];

// contract 5.9a
#[test]
fn a_qr_code_is_drawn_and_can_be_read() {
    let (screen, stderr, code) = on_terminal(totp_adapter(QR).command(), 80, &secret_document());
    assert_eq!((stderr.as_str(), code), ("", 0));
    assert_eq!(read(&screen), "otpauth://totp/me?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
}

/// Turns half blocks back into pixels and lets a decoder read them.
fn read(screen: &str) -> String {
    let rows: Vec<Vec<[bool; 2]>> = screen.lines().map(halves).collect();
    let (width, height) = (rows[0].len(), rows.len() * 2);
    let scale = 4;
    let mut prepared = rqrr::PreparedImage::prepare_from_greyscale(width * scale, height * scale, |x, y| {
        let (x, y) = (x / scale, y / scale);
        if rows[y / 2][x][y % 2] { 0 } else { 255 }
    });
    prepared.detect_grids()[0].decode().unwrap().1
}

/// The upper and lower module of each column: whether they are dark. The foreground is black, the background white.
fn halves(line: &str) -> Vec<[bool; 2]> {
    let mut halves = Vec::new();
    let mut characters = line.chars();
    while let Some(character) = characters.next() {
        match character {
            '\u{1b}' => drop(characters.by_ref().find(char::is_ascii_alphabetic)),
            '\u{2588}' => halves.push([true, true]),
            '\u{2580}' => halves.push([true, false]),
            '\u{2584}' => halves.push([false, true]),
            ' ' => halves.push([false, false]),
            other => panic!("{other:?} in a QR code"),
        }
    }
    halves
}

// contract 5.9b: wider than the terminal.
#[test]
fn a_terminal_that_is_too_narrow() {
    let (screen, stderr, code) = on_terminal(totp_adapter(QR).command(), 40, &secret_document());
    assert_eq!((screen.as_str(), code), ("", 2));
    assert_snapshot!(stderr, @"totp-adapter: status -1: terminal too narrow: the QR code needs 41 columns, and the terminal has 40; --output writes it to a file");
}

// contract 5.9b: as wide as the code, or one that does not know its width.
#[test]
fn a_terminal_that_is_just_wide_enough() {
    for columns in [41, 0] {
        let (screen, stderr, code) = on_terminal(totp_adapter(QR).command(), columns, &secret_document());
        assert_eq!((stderr.as_str(), code), ("", 0), "{columns} columns");
        assert_eq!(read(&screen), "otpauth://totp/me?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
    }
}

// contract 4.4c, 5.9a: the same drawing in a file as at the terminal, and another one at the terminal where it is asked
// for.
#[test]
fn a_format_is_what_is_asked_for() {
    let with = |format: &str| totp_adapter(QR.into_iter().chain(["--format", format]));
    let (screen, stderr, code) = on_terminal(with("terminal").command(), 80, &secret_document());
    assert_eq!((stderr.as_str(), code), ("", 0));
    assert_eq!(with("terminal").stdin(secret_document()).run().stdout(), screen);
    assert_eq!(read(&screen), "otpauth://totp/me?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
    let (screen, stderr, code) = on_terminal(with("terminal").command(), 40, &secret_document());
    assert_eq!((screen.as_str(), stderr.contains("too narrow"), code), ("", true, 2));
    assert!(on_terminal(with("svg").command(), 40, &secret_document()).0.starts_with("<svg "));
}

// contract 5.9a: bytes where they were asked for.
#[test]
fn base64_and_an_explicit_output_are_not_drawn() {
    let base64 = totp_adapter(QR.into_iter().chain(["--base64"])).command();
    assert!(on_terminal(base64, 80, &secret_document()).0.starts_with("iVBORw0KGgo"));
    let file = tempfile::NamedTempFile::new().unwrap();
    let to_file = totp_adapter(QR.into_iter().chain(["--output", file.path().to_str().unwrap()])).command();
    assert_eq!(on_terminal(to_file, 80, &secret_document()), (String::new(), String::new(), 0));
    assert!(std::fs::read(file.path()).unwrap().starts_with(b"\x89PNG"));
}

// contract 5.9d, 5.6a: an <Error/> is not printed beside the line on stderr; a document is.
#[test]
fn errors_are_told_once() {
    let at =
        |arguments: &str, stdin: &str| on_terminal(totp_adapter(arguments.split_whitespace()).command(), 80, stdin);
    let (screen, stderr, code) = at("--operation GeneratePassword", "<Secret/>");
    assert_eq!((screen.as_str(), stderr.lines().count(), code), ("", 1, 2));
    let (screen, stderr, code) = at("--bogus", "");
    assert_eq!((screen.as_str(), stderr.lines().count(), code), ("", 1, 2));
    let (screen, stderr, code) = at("--operation GeneratePassword --now 59", &secret_document());
    assert_eq!((screen.as_str(), stderr.as_str(), code), ("<Password>287082</Password>\n", "", 0));
}

// contract 5.9c
#[test]
fn waiting_for_the_keyboard_is_announced() {
    let (user, program) = terminal(80);
    let mut command = totp_adapter(["--operation", "GeneratePassword", "--now", "59"]).command();
    let child = command.stdin(program).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(command);
    // Ctrl-D on a line of its own ends the input.
    File::from(user.try_clone().unwrap()).write_all(format!("{}\n\x04", secret_document()).as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.stdout, b"<Password>287082</Password>\n");
    assert_snapshot!(String::from_utf8(output.stderr).unwrap(), @"totp-adapter: waiting for a <Secret> document; Ctrl-D on a line of its own ends it");
}
