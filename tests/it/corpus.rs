//! The whole corpus of fixtures, through the library and through the program.

use std::ffi::OsString;
use std::fmt::Write as _;
use std::fs;

use crate::common::{Fixture, Folder, RFC_TIME, fixtures, totp_adapter};
use totp_adapter::key_uri_format::KeyUriFormat;
use totp_adapter::otp::CodeParameters;
use totp_adapter::xml::{Document, Parameter, read_parameters};
use totp_adapter::{Adapter, Operation, Parameters, Reply, Status, UnixTime};

/// Reads a parameters file with our reader; its faults have tests of their own.
fn parameters_of(fixture: &Fixture) -> Parameters {
    let Some(file) = fixture.parameters_file() else { return Parameters::default() };
    let bytes = fs::read(file).unwrap();
    let document = Document::decode(&bytes).unwrap();
    let texts = read_parameters(&document).unwrap();
    let name = |parameter| texts.text(parameter).map(|text| text.as_str().into());
    let text = |parameter, default: &str| texts.text(parameter).map_or(default.to_owned(), |t| t.trimmed().to_owned());
    Parameters {
        issuer: name(Parameter::Issuer),
        account: name(Parameter::Account),
        code: CodeParameters {
            algorithm: text(Parameter::Algorithm, "SHA1").parse().unwrap(),
            digits: text(Parameter::Digits, "6").parse().unwrap(),
            period: text(Parameter::Period, "30").parse().unwrap(),
        },
        skew: text(Parameter::Skew, "1").parse().unwrap(),
        ..Parameters::default()
    }
}

fn respond(fixture: &Fixture) -> Reply {
    let mut entropy = |bytes: &mut [u8; 20]| {
        bytes.fill(0x5a);
        Ok(())
    };
    let mut adapter = Adapter::new(Some(UnixTime(RFC_TIME)), &mut entropy);
    adapter.respond(fixture.operation, &parameters_of(fixture), &fixture.bytes())
}

/// One line a fixture: its name, the answer, and the cause where it says more than the answer.
fn table(operation: Operation) -> String {
    let mut table = String::new();
    for fixture in fixtures(operation) {
        let reply = respond(&fixture);
        assert_eq!(reply.status, fixture.status, "{}: {:?}", fixture.name, reply.cause);
        let cause = reply.cause.clone();
        let document = match String::from_utf8(reply.body.into_bytes().to_vec()) {
            Ok(document) => document.trim_end().to_owned(),
            Err(_) => key_uri_of(&respond(&fixture)),
        };
        writeln!(table, "{}: {document}", fixture.name).unwrap();
        if let Some(cause) = cause.filter(|_| fixture.status == Status::Mismatch) {
            writeln!(table, "    {cause}").unwrap();
        }
    }
    table
}

/// What a decoder that we did not write reads in the QR code of a reply.
fn key_uri_of(reply: &Reply) -> String {
    let totp_adapter::reply::Body::Symbol(symbol) = &reply.body else { panic!("no QR code") };
    let image = image::load_from_memory(&totp_adapter::otp::image::png(symbol)).unwrap().to_luma8();
    let mut prepared = rqrr::PreparedImage::prepare(image);
    let grids = prepared.detect_grids();
    let mut bytes = Vec::new();
    grids[0].decode_to(&mut bytes).unwrap();
    let uri = String::from_utf8(bytes).unwrap();
    format!("version {}, level {:?}: {uri}", symbol.version(), symbol.error_correction_level())
}

// contract 1.1a
#[test]
fn generate_secret() {
    insta::assert_snapshot!(table(Operation::GenerateSecret));
}

// contract 1.1c, 1.2c, 1.3c, 1.6a, 1.6b, 1.7a, 1.7b, 1.7c, 2.1a, 2.1b, 2.2a, 2.2b, 2.2d, 2.3a, 2.3b, 2.3c, 2.3d, 2.3e, 2.3f
// contract 2.3g, 2.4, 2.5a, 2.5b, 2.5c, 2.5e, 2.6a, 2.6b, 2.7a, 2.7b, 2.7c, 2.7d, 2.7e
#[test]
fn generate_password() {
    insta::assert_snapshot!(table(Operation::GeneratePassword));
}

// contract 1.1d, 1.4a, 1.4b, 1.4c, 1.5a, 1.7a, 2.2c, 2.2d, 2.7c, 2.8a, 2.8b, 3.2a, 3.4c
#[test]
fn verify_password() {
    insta::assert_snapshot!(table(Operation::VerifyPassword));
}

// contract 1.1e, 1.2b, 1.6a, 4.1a, 4.1b, 4.1c, 4.1d, 4.2a, 4.2b, 4.2c, 4.3a
#[test]
fn generate_authenticator_qr_code() {
    insta::assert_snapshot!(table(Operation::GenerateAuthenticatorQRCode));
}

// contract 1.6b, 1.6c: no piece of a secret or password, no name and no value comes back.
#[test]
fn no_answer_quotes_what_came_in() {
    for operation in Operation::OF_X4 {
        for fixture in fixtures(operation).iter().filter(|fixture| fixture.status != Status::Success) {
            let cause = respond(fixture).cause.unwrap().to_string();
            for piece in ["GEZDGNBV", "gezdgnbv", "081804", "SoftProject", "john", "Doe"] {
                assert!(!cause.contains(piece), "{}: {cause}", fixture.name);
            }
            let first = cause.chars().next().unwrap();
            assert!(first.is_lowercase() && !cause.ends_with('.'), "{}: {cause}", fixture.name);
        }
    }
}

// contract 1.3a, 5.1a, 5.5a: the program gives the very bytes of the library, and the status as exit code.
#[test]
fn the_program_answers_as_the_library() {
    for operation in Operation::OF_X4 {
        for fixture in fixtures(operation).iter().filter(|fixture| fixture.operation != Operation::GenerateSecret) {
            let mut arguments: Vec<OsString> =
                ["--operation", operation.name(), "--now", &RFC_TIME.to_string()].map(OsString::from).into();
            if let Some(file) = fixture.parameters_file() {
                arguments.extend(["--parameters".into(), file.into()]);
            }
            let ran = totp_adapter(&arguments).stdin(fixture.bytes()).run();
            let reply = respond(fixture);
            assert_eq!(
                ran.code(),
                totp_adapter::exit_codes::ExitCodes::Unix.written(fixture.status),
                "{}",
                fixture.name
            );
            let line = reply.cause.as_ref().map(|cause| format!("totp-adapter: status {}: {cause}\n", reply.status));
            assert_eq!(ran.stderr(), line.unwrap_or_default(), "{}", fixture.name);
            assert_eq!(ran.output.stdout, *reply.body.into_bytes(), "{}", fixture.name);
        }
    }
}

/// The encodings of rule 2.5 by the names and aliases of IANA's registry of character sets. Two are left out: the
/// production `EncName` allows no colon, as in `ISO_8859-1:1987` and `ISO_646.irv:1991`.
const UTF_8: &[&str] = &["UTF-8", "csUTF8"];
const UTF_16_LITTLE_ENDIAN: &[&str] = &["UTF-16", "csUTF16", "UTF-16LE", "csUTF16LE"];
const UTF_16_BIG_ENDIAN: &[&str] = &["UTF-16", "csUTF16", "UTF-16BE", "csUTF16BE"];
const US_ASCII: &[&str] =
    &["US-ASCII", "iso-ir-6", "ANSI_X3.4-1968", "ANSI_X3.4-1986", "ISO646-US", "us", "IBM367", "cp367", "csASCII"];
const ISO_8859_1: &[&str] =
    &["ISO-8859-1", "ISO_8859-1", "iso-ir-100", "latin1", "l1", "IBM819", "CP819", "csISOLatin1"];
const WINDOWS_1252: &[&str] = &["windows-1252", "cswindows1252"];

/// The bytes of a text.
type Bytes<'a> = &'a dyn Fn(&str) -> Vec<u8>;

// contract 2.5a, 2.5b, 2.5c, 2.5d, 2.5e: every name is read, in any case, and stands for its encoding: a text that this
// encoding has is read, and
// bytes that only others have are refused.
#[test]
fn encodings_by_every_registered_name() {
    let utf_16 = |unit: fn(u16) -> [u8; 2]| move |text: &str| text.encode_utf16().flat_map(unit).collect::<Vec<u8>>();
    let one_byte = |text: &str| text.chars().map(|c| u8::try_from(c).unwrap()).collect::<Vec<u8>>();
    let (little, big) = (utf_16(u16::to_le_bytes), utf_16(u16::to_be_bytes));
    let utf_8 = |text: &str| text.as_bytes().to_vec();
    // The names, how a text becomes bytes, a comment that is read, and one that is refused.
    let encodings: [(&[&str], Bytes<'_>, &str, &[u8]); 6] = [
        (UTF_8, &utf_8, "\u{20ac}", b"\x80"),
        (UTF_16_LITTLE_ENDIAN, &little, "\u{feff}\u{20ac}", b"\x00\xd8"),
        (UTF_16_BIG_ENDIAN, &big, "\u{feff}\u{20ac}", b"\xd8\x00"),
        (US_ASCII, &one_byte, "\u{7f}", b"\x80"),
        (ISO_8859_1, &one_byte, "\u{81}\u{ff}", b"\x01"),
        (WINDOWS_1252, &one_byte, "\u{80}\u{ff}", b"\x81"),
    ];
    for (names, bytes, read, refused) in encodings {
        let (mark, read) = read.strip_prefix('\u{feff}').map_or(("", read), |read| ("\u{feff}", read));
        for name in names.iter().flat_map(|name| [(*name).to_owned(), name.to_lowercase(), name.to_uppercase()]) {
            let begin = bytes(&format!("{mark}<?xml version='1.0' encoding='{name}'?><!--"));
            let end = bytes(&format!("-->{}", crate::common::secret_document()));
            let password = |comment: &[u8]| {
                let mut entropy = |_: &mut _| unreachable!();
                let mut adapter = Adapter::new(Some(UnixTime(RFC_TIME)), &mut entropy);
                let document = [&begin, comment, &end].concat();
                adapter.respond(Operation::GeneratePassword, &Parameters::default(), &document).status
            };
            assert_eq!(password(&bytes(read)), Status::Success, "{name}");
            assert_eq!(password(refused), Status::Error, "{name}");
        }
    }
}

// contract 4.6e: what a picture says is not lost because it cannot be drawn again.
#[test]
fn names_that_are_read_and_not_drawn() {
    for (label, expected) in [
        ("A:", "<issuer>A</issuer><algorithm>"),
        ("%20", "<Parameters><algorithm>"),
        ("a%7Fb", "<Parameters><account>a\u{7f}b</account><algorithm>"),
    ] {
        let read = KeyUriFormat::Parameters.content(&format!("otpauth://totp/{label}?secret=GEZDGNBV"));
        let document = String::from_utf8(read.unwrap().document().to_vec()).unwrap();
        assert!(document.contains(expected), "{label}: {document}");
        let folder = Folder::new();
        folder.write("parameters.xml", document);
        let drawn =
            folder.run("--operation GenerateAuthenticatorQRCode --input secret.xml --parameters parameters.xml");
        assert!(drawn.code() == 2 && drawn.stderr().contains("status -1: wrong parameter: "), "{label}: {drawn}");
    }
}
