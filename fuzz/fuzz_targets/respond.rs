//! Any document and parameters through the program as one total function: nothing panics, every answer has the form
//! of the contract, no answer says anything of the secret, and what one operation makes the others take.
//!
//! The input is the document, then optionally [`SEPARATOR`] and the parameters; so every fixture is an input as it stands.
#![no_main]

use arbitrary::{Arbitrary, Unstructured};
use libfuzzer_sys::fuzz_target;
use totp_adapter::adapter::EntropyError;
use totp_adapter::otp::{Algorithm, CodeParameters, Digits};
use totp_adapter::reply::Body;
use totp_adapter::xml::{Document, read_secret, read_totp};
use totp_adapter::{Adapter, Operation, Parameters, Reply, Status, UnixTime};

fuzz_target!(|request: Request<'_>| {
    for operation in Operation::OF_X4 {
        let reply = request.respond(operation, request.document);
        check_form(operation, &reply);
        request.check_silence(operation, &reply);
        request.check_consequence(operation, &reply);
    }
});

/// Two bytes that no text in UTF-8 has; the dictionary knows them.
const SEPARATOR: [u8; 2] = [0xc0, 0xc1];
/// RFC 6238, appendix B: the time of the row with the code 07081804, for inputs without parameters.
const RFC_TIME: u64 = 1_111_111_109;

/// A request of any kind.
#[derive(Debug)]
struct Request<'a> {
    document: &'a [u8],
    parameters: Parameters,
    time: Option<UnixTime>,
    entropy: Option<u8>,
}

/// What follows the separator.
#[derive(Arbitrary)]
struct Tail {
    algorithm: u8,
    digits: u8,
    period: Option<u32>,
    skew: Option<u8>,
    time: Option<u64>,
    entropy: Option<u8>,
    issuer: Option<Vec<u8>>,
    account: Option<Vec<u8>>,
}

impl<'a> Arbitrary<'a> for Request<'a> {
    fn arbitrary(unstructured: &mut Unstructured<'a>) -> arbitrary::Result<Self> {
        let input = unstructured.bytes(unstructured.len())?;
        let separator = input.windows(SEPARATOR.len()).rposition(|window| window == SEPARATOR);
        let Some(at) = separator else { return Ok(Self::of_document(input)) };
        let tail = Tail::arbitrary_take_rest(Unstructured::new(&input[at + SEPARATOR.len()..]))?;
        let parameters = Parameters {
            issuer: tail.issuer,
            account: tail.account,
            code: CodeParameters {
                algorithm: Algorithm::ALL[usize::from(tail.algorithm) % Algorithm::ALL.len()],
                digits: Digits::ALL[usize::from(tail.digits) % Digits::ALL.len()],
                period: tail.period.and_then(|seconds| seconds.to_string().parse().ok()).unwrap_or_default(),
            },
            skew: tail.skew.and_then(|steps| steps.to_string().parse().ok()).unwrap_or_default(),
            ..Parameters::default()
        };
        Ok(Self { document: &input[..at], parameters, time: tail.time.map(UnixTime), entropy: tail.entropy })
    }

    fn arbitrary_take_rest(mut unstructured: Unstructured<'a>) -> arbitrary::Result<Self> {
        Self::arbitrary(&mut unstructured)
    }
}

impl<'a> Request<'a> {
    fn of_document(document: &'a [u8]) -> Self {
        let parameters = Parameters { account: Some("john.doe@example.org".into()), ..Parameters::default() };
        Self { document, parameters, time: Some(UnixTime(RFC_TIME)), entropy: Some(0x5a) }
    }

    fn respond(&self, operation: Operation, document: &[u8]) -> Reply {
        let mut entropy = |bytes: &mut [u8; 20]| {
            bytes.fill(self.entropy.ok_or(EntropyError)?);
            Ok(())
        };
        Adapter::new(self.time, &mut entropy).respond(operation, &self.parameters, document)
    }

    /// Contract 1.6: the cause is one line and quotes nothing. A piece of a secret or password in it would show when
    /// every character is replaced by another of its kind; to look for pieces finds our own words, which libFuzzer
    /// learns from the comparison.
    fn check_silence(&self, operation: Operation, reply: &Reply) {
        let Some(cause) = reply.cause.as_ref().map(ToString::to_string) else { return };
        assert!(cause.starts_with(|c: char| c.is_ascii_lowercase()), "{cause}");
        assert!(!cause.ends_with('.') && !cause.contains(char::is_control), "{cause}");
        let Ok(document) = Document::decode(self.document) else { return };
        let [plain, replaced] = if operation == Operation::VerifyPassword {
            let Ok(texts) = read_totp(&document) else { return };
            let (password, secret) = (texts.password.as_str(), texts.secret.as_str());
            [same as fn(char) -> char, other].map(|replace| {
                let (password, secret) = (element("Password", password, replace), element("Secret", secret, replace));
                format!("<TOTP>{password}{secret}</TOTP>")
            })
        } else {
            let Ok(secret) = read_secret(&document) else { return };
            [same as fn(char) -> char, other].map(|replace| element("Secret", secret.as_str(), replace))
        };
        let [plain, replaced] = [plain, replaced].map(|document| self.respond(operation, document.as_bytes()).cause);
        // Another password may match, or no longer.
        if plain.is_some() && replaced.is_some() {
            assert_eq!(plain, replaced);
        }
    }

    /// What an answer of status 1 makes of the operations that take it.
    fn check_consequence(&self, operation: Operation, reply: &Reply) {
        let answer = match &reply.body {
            Body::Xml(document) => document.as_slice(),
            Body::Constant(document) => document,
            Body::Symbol(_) => &[],
            other => panic!("{other:?} is new"),
        };
        match (operation, reply.status) {
            (Operation::GenerateSecret, Status::Success) => {
                let expected = if self.time.is_some() { Status::Success } else { Status::Error };
                assert_eq!(self.respond(Operation::GeneratePassword, answer).status, expected);
            }
            (Operation::GeneratePassword, Status::Success) => {
                let document = Document::decode(self.document).expect("it was read");
                let secret = read_secret(&document).expect("it was read");
                let secret = element("Secret", secret.as_str(), same);
                let password = std::str::from_utf8(answer).expect("the answer is text").trim_end();
                let totp = format!("<TOTP>{password}{secret}</TOTP>");
                // References may have made the text longer than a document may be.
                if totp.len() <= totp_adapter::xml::MAX_DOCUMENT_BYTES {
                    assert_eq!(self.respond(Operation::VerifyPassword, totp.as_bytes()).status, Status::Success);
                }
            }
            (Operation::VerifyPassword, Status::Success) => {
                assert!(self.time.is_some());
                assert!(read_totp(&Document::decode(self.document).expect("it was read")).is_ok());
            }
            (Operation::GenerateAuthenticatorQRCode, Status::Success) | (_, Status::Error | Status::Mismatch) => {}
            (other, Status::Success) => panic!("{other:?} was not asked"),
        }
    }
}

/// An element with a text of which every character is replaced.
fn element(name: &str, text: &str, replace: fn(char) -> char) -> String {
    let reference = |c: char| match replace(c) {
        plain @ ('A'..='Z' | 'a'..='z' | '0'..='9' | ' ' | '-' | '=') => plain.to_string(),
        special => format!("&#{};", u32::from(special)),
    };
    format!("<{name}>{}</{name}>", text.chars().map(reference).collect::<String>())
}

fn same(c: char) -> char {
    c
}

/// Another character that is as good in a secret or a password, or as bad.
fn other(c: char) -> char {
    match c {
        'Z' => 'A',
        'z' => 'a',
        '7' => '2',
        '1' => '8',
        '9' => '0',
        'A'..='Y' | 'a'..='y' | '2'..='6' | '0' | '8' => char::from_u32(u32::from(c) + 1).expect("ASCII"),
        _ => c,
    }
}

/// Contract 1.1, 1.3, 1.5, 1.6, 2.9.
fn check_form(operation: Operation, reply: &Reply) {
    assert!([1, -1, 403].contains(&reply.status.code()));
    assert!(reply.status != Status::Mismatch || operation == Operation::VerifyPassword);
    assert_eq!(reply.cause.is_none(), reply.status == Status::Success);
    let document = match &reply.body {
        Body::Symbol(symbol) => {
            assert_eq!((operation, reply.status), (Operation::GenerateAuthenticatorQRCode, Status::Success));
            return check_picture(&totp_adapter::otp::image::png(symbol));
        }
        Body::Xml(document) => std::str::from_utf8(document).expect("the answer is UTF-8"),
        Body::Constant(document) => std::str::from_utf8(document).expect("the answer is UTF-8"),
        other => panic!("{other:?} is new"),
    };
    assert!(document.ends_with('\n') && document.lines().count() == 1, "{document}");
    let tree = roxmltree::Document::parse(document.trim_end()).expect("the answer is well-formed");
    let root = tree.root_element();
    assert_eq!(root.children().filter(|child| !child.is_text()).count(), 0);
    match (reply.status, operation) {
        (Status::Mismatch, _) => {
            assert_eq!(document, "<Error description=\"The password provided is incorrect.\"/>\n");
        }
        (Status::Error, _) => {
            assert!(document.starts_with("<Error description=\"") && document.ends_with("\"/>\n"), "{document}");
            assert_eq!(root.attribute("description"), reply.cause.as_ref().map(ToString::to_string).as_deref());
        }
        (Status::Success, Operation::VerifyPassword) => {
            assert_eq!(document, "<Ok description=\"The password matches.\"/>\n");
        }
        (Status::Success, Operation::GenerateSecret) => {
            let base32 = root.text().expect("a secret");
            assert_eq!((root.tag_name().name(), base32.len()), ("Secret", 32));
            assert!(base32.bytes().all(|byte| matches!(byte, b'A'..=b'Z' | b'2'..=b'7')), "{base32}");
        }
        (Status::Success, Operation::GeneratePassword) => {
            let digits = root.text().expect("a password");
            assert!(root.tag_name().name() == "Password" && (6..=8).contains(&digits.len()), "{digits}");
            assert!(digits.bytes().all(|byte| byte.is_ascii_digit()), "{digits}");
        }
        (Status::Success, _) => panic!("not asked"),
    }
}

/// A PNG of 512x512 pixels, one bit each, grey-scale (PNG, section 11.2.1).
fn check_picture(png: &[u8]) {
    const BEGINNING: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\x02\0\0\0\x02\0\x01\0";
    assert!(png.starts_with(BEGINNING) && png.ends_with(b"IEND\xae\x42\x60\x82"));
}
