//! What holds for every input, shown with random ones; no other program is needed.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::common::{RFC_PASSWORD, RFC_SECRET, RFC_TIME};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use totp_adapter::key_uri_format::KeyUriFormat;
use totp_adapter::otp::{Algorithm, CodeParameters, Digits, Secret};
use totp_adapter::xml::{
    Document, EscapedText, MAX_DOCUMENT_BYTES, Parameter, ReadError, read_parameters, read_secret, write_error,
    write_key_uri, write_ok, write_parameters, write_password, write_secret,
};
use totp_adapter::{Adapter, Operation, Parameters, Reply, Status, UnixTime};

/// Beyond this, contract 3.3 asks for no more than that nothing panics.
const LAST_SECOND: u64 = 1 << 53;
/// The pieces of documents like ours: sound, damaged, and wrong.
const PIECES: &[&str] = &[
    "<TOTP>",
    "</TOTP>",
    "<Password>",
    "</Password>",
    "<Secret>",
    "</Secret>",
    "<Secret/>",
    "<Password/>",
    "<TOTP/>",
    "<Secret a='1' b=\"2\">",
    "<x:Secret xmlns:x='u'>",
    "</x:Secret>",
    "<y:Password>",
    "</y:Password>",
    "<TOTP xmlns='u' xmlns:y='v' y:a='' a=''>",
    "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ",
    "gezd gnbv",
    "MY======",
    "MZXW=",
    "A",
    "123456",
    "123 456",
    "081804",
    "12345",
    "\u{661}",
    "\u{e4}",
    "\u{1f511}",
    "-",
    "=",
    "<!-- c -->",
    "<!--",
    "-->",
    "--",
    "<?ConditionState 1?>",
    "<?",
    "?>",
    "<![CDATA[MZXW]]>",
    "<![CDATA[",
    "]]>",
    "&amp;",
    "&#77;",
    "&#x4D;",
    "&nbsp;",
    "&",
    "<",
    ">",
    "\"",
    "'",
    " ",
    "\t",
    "\n",
    "\r",
    "\r\n",
    "\u{85}",
    "\u{0}",
    "\u{feff}",
    "<?xml version='1.0'?>",
    "<?xml version='1.0' encoding='UTF-8'?>",
    "<?xml version='1.0' encoding='UTF-16'?>",
    "<!DOCTYPE TOTP>",
    "<a>",
    "</a>",
];

fn respond_at(time: Option<UnixTime>, operation: Operation, parameters: &Parameters, input: &[u8]) -> Reply {
    let mut entropy = |bytes: &mut [u8; 20]| {
        bytes.fill(0x5a);
        Ok(())
    };
    Adapter::new(time, &mut entropy).respond(operation, parameters, input)
}

fn parameters(code: CodeParameters) -> Parameters {
    Parameters { account: Some("john.doe".into()), code, ..Parameters::default() }
}

/// Every algorithm, number of digits and period.
fn codes() -> impl Strategy<Value = CodeParameters> {
    // Small periods and the extremes besides the usual ones.
    let period = prop_oneof![Just(1), Just(30), Just(60), 1..=600u32, Just(u32::MAX), 1..=u32::MAX];
    (select(&Algorithm::ALL), select(&Digits::ALL), period).prop_map(|(algorithm, digits, period)| CodeParameters {
        algorithm,
        digits,
        period: period.to_string().parse().unwrap(),
    })
}

/// Random times, and those around the ends of the range.
fn times(end: u64) -> impl Strategy<Value = u64> {
    prop_oneof![0..=600u64, 0..=end, end - 600..=end]
}

fn base32(bytes: &[u8]) -> String {
    data_encoding::BASE32_NOPAD.encode(bytes)
}

/// Every text that a document can have. Not CR: a reader may take it for LF (XML 1.0, section 2.11).
fn legal_text() -> impl Strategy<Value = String> {
    let legal = |&c: &char| c >= ' ' && !matches!(c, '\u{fffe}' | '\u{ffff}') || matches!(c, '\t' | '\n');
    let character =
        prop_oneof![select(vec!['<', '>', '&', '"', '\'', ']', '-', ' ']), any::<char>().prop_filter("legal", legal)];
    vec(character, 0..60).prop_map(String::from_iter)
}

/// What may stand between the pieces of a text, and what may stand around a root, without any effect (contract 2.1).
const SKIPPED: &[&str] = &[
    "",
    "",
    "",
    "<!-- Base32 -->",
    "<!---->",
    "<!-- <Secret>&no; - -->",
    "<?ConditionState 1?>",
    "<?p?>",
    "<?p ]]> <!-- ?>",
];
const SPACE: &[&str] = &["", "", " ", "\n", "\r\n", "\t", "\r"];
/// Declarations that agree with UTF-8.
const DECLARATIONS: &[&str] = &[
    "",
    "",
    "\u{feff}",
    "<?xml version='1.0'?>",
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>",
    "<?xml version = '1.1' encoding='utf-8' standalone='no' ?>",
    "\u{feff}<?xml version='1.0' encoding='csUTF8'?>",
];
/// A start-tag and the end-tag to it around a name, which stands for `*`.
const TAGS: &[(&str, &str)] = &[
    ("<*>", "</*>"),
    ("<*>", "</* >"),
    ("<* a='1' b = \">\">", "</*>"),
    ("<* xmlns='urn:n' >", "</*>"),
    ("<x:* xmlns:x='urn:n' x:a='' a='&lt;\"'>", "</x:*\n>"),
    ("<*\n\txml:lang=\"de\"\r\n>", "</*>"),
];

/// An element with this text, dressed up: tags, comments, processing instructions, CDATA sections, references, space.
fn element(name: &'static str, content: String) -> impl Strategy<Value = String> {
    let dress = (select(SKIPPED), select(SPACE), 0..4usize);
    (select(TAGS), vec(dress, content.len()), select(SKIPPED), select(SPACE)).prop_map(
        move |((start, end), dress, skipped, space)| {
            let mut text = String::new();
            for (character, (skipped, space, form)) in content.chars().zip(dress) {
                text += skipped;
                text += space;
                let piece = match form {
                    0 => format!("<![CDATA[{character}]]>"),
                    1 => format!("&#{};", u32::from(character)),
                    2 => format!("&#x{:04x};", u32::from(character)),
                    _ => character.to_string(),
                };
                text += &piece;
            }
            format!("{}{text}{skipped}{space}{}", start.replace('*', name), end.replace('*', name))
        },
    )
}

/// A sound document around an element.
fn document(root: impl Strategy<Value = String>) -> impl Strategy<Value = String> {
    let around = || {
        vec((select(SKIPPED), select(SPACE)), 0..3)
            .prop_map(|pieces| pieces.iter().map(|(a, b)| [*a, *b].concat()).collect::<String>())
    };
    (select(DECLARATIONS), around(), root, around())
        .prop_map(|(declaration, before, root, after)| [declaration, &before, &root, &after].concat())
}

/// A sound `<Secret>` document.
fn secret_document() -> impl Strategy<Value = String> {
    document(element("Secret", RFC_SECRET.to_owned()))
}

/// A sound `<TOTP>` document, its children in either order.
fn totp_document() -> impl Strategy<Value = String> {
    let children =
        (element("Password", RFC_PASSWORD.to_owned()), element("Secret", RFC_SECRET.to_owned()), any::<bool>());
    let root = (children, select(TAGS), vec((select(SKIPPED), select(SPACE)), 3)).prop_map(
        |((password, secret, swap), (start, end), between)| {
            let (first, second) = if swap { (secret, password) } else { (password, secret) };
            let [a, b, c] = [0, 1, 2].map(|place| [between[place].0, between[place].1].concat());
            let start = start.replace('*', "TOTP");
            format!("{start}{a}{first}{b}{second}{c}{}", end.replace('*', "TOTP"))
        },
    );
    document(root)
}

/// The line and column that a message ends with.
fn position(cause: &str) -> Option<(usize, usize)> {
    let (line, column) = cause.rsplit_once(" at line ")?.1.split_once(", column ")?;
    Some((line.parse().unwrap(), column.parse().unwrap()))
}

/// The lines of a document, whatever ends them.
fn lines(text: &str) -> Vec<usize> {
    let text = text.replace("\r\n", "\r\u{1}").replace('\r', "\n").replace("\n\u{1}", "\r\n");
    text.split('\n').map(|line| line.chars().count()).collect()
}

/// What holds for every answer (contract 1.1, 1.3 to 1.6).
fn check(operation: Operation, parameters: &Parameters, reply: Reply) -> Result<Option<String>, TestCaseError> {
    let bytes = reply.body.into_bytes();
    let document = str::from_utf8(&bytes);
    let name = document.ok().and_then(|document| document.split(['<', '>', ' ']).nth(1));
    match reply.status {
        Status::Success => prop_assert!(reply.cause.is_none()),
        Status::Error => prop_assert_eq!(name, Some("Error")),
        Status::Mismatch => {
            prop_assert_eq!(operation, Operation::VerifyPassword);
            let expected = "<Error description=\"The password provided is incorrect.\"/>\n";
            prop_assert_eq!(document, Ok(expected));
        }
    }
    if reply.status == Status::Success {
        match operation {
            Operation::GenerateSecret => prop_assert_eq!(name, Some("Secret")),
            Operation::GeneratePassword => {
                let digits = usize::from(parameters.code.digits.count());
                prop_assert_eq!(bytes.len(), "<Password></Password>\n".len() + digits);
            }
            Operation::VerifyPassword => prop_assert_eq!(name, Some("Ok")),
            Operation::GenerateAuthenticatorQRCode => prop_assert!(bytes.starts_with(b"\x89PNG")),
            Operation::ReadQr => prop_assert_eq!(name, Some("Secret")),
            _ => prop_assert!(false, "an operation that is not asked for"),
        }
    }
    Ok(reply.cause.map(|cause| cause.to_string()))
}

/// Every operation, on one input: no panic, an answer of the contract, a position inside the document.
fn answers(input: &[u8]) -> Result<(), TestCaseError> {
    for operation in Operation::OF_X4.into_iter().chain([Operation::ReadQr]) {
        let parameters = parameters(CodeParameters::default());
        let time = Some(UnixTime(RFC_TIME));
        let reply = catch_unwind(AssertUnwindSafe(|| respond_at(time, operation, &parameters, input)));
        let Ok(reply) = reply else { return Err(TestCaseError::fail("panic")) };
        let cause = check(operation, &parameters, reply)?;
        let text = str::from_utf8(input).map(|text| text.trim_start_matches('\u{feff}'));
        if let (Some((line, column)), Ok(text)) = (cause.as_deref().and_then(position), text) {
            let lines = lines(text);
            prop_assert!((1..=lines.len()).contains(&line), "{cause:?}");
            // Just behind the last character stands what is missing at the end; CR LF ends a line after its CR.
            prop_assert!((1..=lines[line - 1] + 1).contains(&column), "{cause:?}");
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    // contract 1.3a, 1.3b, 1.3d
    #[test]
    fn any_bytes_have_an_answer(input in vec(any::<u8>(), 0..300)) {
        answers(&input)?;
    }

    // contract 1.3a, 1.3b, 1.6b, 2.5a, 2.5b
    #[test]
    fn any_document_like_ours_has_an_answer(pieces in vec(select(PIECES), 0..24), encoding in 0..8) {
        let text = pieces.concat();
        answers(&match encoding {
            0 => [b"\xff\xfe".to_vec(), text.encode_utf16().flat_map(u16::to_le_bytes).collect()].concat(),
            1 => [b"\xfe\xff".to_vec(), text.encode_utf16().flat_map(u16::to_be_bytes).collect()].concat(),
            2 => ["\u{feff}".as_bytes(), text.as_bytes()].concat(),
            _ => text.into_bytes(),
        })?;
    }

    // contract 2.1a, 2.1b, 2.2a, 2.2b, 2.2c, 2.5c: nothing that is to be skipped has an effect.
    #[test]
    fn dress_has_no_effect(secret in secret_document(), totp in totp_document()) {
        let time = Some(UnixTime(RFC_TIME));
        let reply = respond_at(time, Operation::GeneratePassword, &Parameters::default(), secret.as_bytes());
        let expected = format!("<Password>{RFC_PASSWORD}</Password>\n");
        prop_assert_eq!(&reply.body.into_bytes()[..], expected.as_bytes());
        let reply = respond_at(time, Operation::VerifyPassword, &Parameters::default(), totp.as_bytes());
        prop_assert_eq!(reply.status, Status::Success);
    }

    // contract 1.3a, 1.6b: the same with a few mistakes in it.
    #[test]
    fn damaged_documents_have_an_answer(
        document in prop_oneof![secret_document(), totp_document()],
        mistakes in vec((select(PIECES), any::<prop::sample::Index>(), 0..12usize), 1..4),
    ) {
        let mut characters: Vec<char> = document.chars().collect();
        for (piece, place, lost) in mistakes {
            let start = place.index(characters.len() + 1);
            characters.splice(start..(start + lost).min(characters.len()), piece.chars());
        }
        answers(String::from_iter(characters).as_bytes())?;
    }

    // contract 1.6b: a character that XML does not allow is reported where it stands.
    #[test]
    fn a_fault_is_where_it_is_said_to_be(
        before in vec(select(vec!["\n", "\r", "\r\n", " ", "\t", "x", "\u{e4}", "\u{1f511}"]), 0..30),
        after in vec(select(PIECES), 0..5),
    ) {
        let before = format!("<Secret>{}", before.concat());
        let input = format!("{before}\u{1}{}", after.concat());
        prop_assume!(!input.contains("<!DOCTYPE"));
        let read = before.replace("\r\n", "\n").replace('\r', "\n");
        let last = read.rsplit('\n').next().unwrap();
        let expected = (read.matches('\n').count() + 1, last.chars().count() + 1);
        let reply = respond_at(None, Operation::GeneratePassword, &Parameters::default(), input.as_bytes());
        prop_assert_eq!(position(&reply.cause.unwrap().to_string()), Some(expected));
    }

    // contract 1.1c, 1.1d, 2.7e, 3.2a, 3.3b, 3.4a
    #[test]
    fn a_generated_password_verifies(
        key in vec(any::<u8>(), 1..=100),
        code in codes(),
        time in times(LAST_SECOND),
        skew in 0..=10u8,
    ) {
        let parameters = Parameters { skew: skew.to_string().parse().unwrap(), ..parameters(code) };
        let secret = base32(&key);
        let time = Some(UnixTime(time));
        let input = format!("<Secret>{secret}</Secret>");
        let reply = respond_at(time, Operation::GeneratePassword, &parameters, input.as_bytes());
        prop_assert_eq!(reply.status, Status::Success);
        let password = String::from_utf8(reply.body.into_bytes().to_vec()).unwrap();
        let input = format!("<TOTP>{password}<Secret>{secret}</Secret></TOTP>");
        let reply = respond_at(time, Operation::VerifyPassword, &parameters, input.as_bytes());
        prop_assert_eq!(reply.status, Status::Success);
    }

    // contract 3.3b
    #[test]
    fn no_time_panics(code in codes(), time in times(u64::MAX), skew in 0..=10u8) {
        let parameters = Parameters { skew: skew.to_string().parse().unwrap(), ..parameters(code) };
        let input = b"<TOTP><Password>123456</Password><Secret>GEZDGNBV</Secret></TOTP>";
        let reply = respond_at(Some(UnixTime(time)), Operation::VerifyPassword, &parameters, input);
        prop_assert!(reply.status != Status::Error);
        let reply = respond_at(Some(UnixTime(time)), Operation::GeneratePassword, &parameters, b"<Secret>MY</Secret>");
        prop_assert_eq!(reply.status, Status::Success);
    }

    // contract 1.5a, 1.6c: neither the answer nor the line for stderr has a piece of the secret or the password in it.
    #[test]
    fn no_fault_quotes_the_secret_or_the_password(
        key in vec(any::<u8>(), 15..40),
        password in "[0-9]{6}",
        pieces in vec(select(PIECES), 1..4),
        places in (0..200usize, 0..200usize),
    ) {
        let secret = base32(&key);
        let mut input = format!("<TOTP><Password>{password}</Password><Secret>{secret}</Secret></TOTP>");
        input.insert_str(places.0.min(input.len()), &pieces.concat());
        let cut = (0..=places.1.min(input.len())).rev().find(|&at| input.is_char_boundary(at)).unwrap();
        for input in [&input, &input[cut..], &input[..cut]] {
            for operation in [Operation::GeneratePassword, Operation::VerifyPassword] {
                let reply = respond_at(Some(UnixTime(59)), operation, &Parameters::default(), input.as_bytes());
                let cause = reply.cause.map_or_else(String::new, |cause| cause.to_string());
                let texts = [cause, String::from_utf8(reply.body.into_bytes().to_vec()).unwrap()];
                if reply.status != Status::Success {
                    for text in texts {
                        prop_assert!(!text.contains(&password), "{text}");
                        // Eight characters are 40 bits: no chance.
                        prop_assert!(!secret.as_bytes().windows(8).any(|piece| text.contains(str::from_utf8(piece).unwrap())), "{text}");
                    }
                }
            }
        }
    }

    // contract 2.7a, 2.7b: what is read is what was written, however it is grouped.
    #[test]
    fn base32_reads_what_it_writes(key in vec(any::<u8>(), 1..100), lower: bool, group in 1..9usize, padded: bool) {
        let canonical = base32(&key);
        let text = if padded { data_encoding::BASE32.encode(&key) } else { canonical.clone() };
        let text = if lower { text.to_ascii_lowercase() } else { text };
        let text = text.as_bytes().chunks(group).map(|group| str::from_utf8(group).unwrap()).collect::<Vec<_>>().join(" - ");
        let secret = Secret::from_base32(&text).unwrap();
        prop_assert_eq!(secret.as_bytes(), key);
        prop_assert_eq!(&*secret.to_base32(), &canonical);
    }

    // contract 2.9: whatever we write, we read.
    #[test]
    fn documents_read_as_written(text in legal_text()) {
        let document = write_secret(&text);
        prop_assert!(document.ends_with(b"</Secret>\n"));
        let document = Document::decode(&document).unwrap();
        let read = read_secret(&document).unwrap();
        prop_assert_eq!(read.as_str(), text.as_str());
        let uri = write_key_uri(&EscapedText::new(&text).unwrap());
        for document in [write_error(&text), write_ok(&text), write_password(&text), uri] {
            let document = Document::decode(&document).unwrap();
            let well_formed = matches!(read_secret(&document), Err(ReadError::WrongStructure { .. }));
            prop_assert!(well_formed);
        }
    }
}

/// Every text that a document can have, also with carriage returns.
fn foreign_text() -> impl Strategy<Value = String> {
    (legal_text(), select(vec!["", "\r", "\r\n", " ", "\t"])).prop_map(|(text, end)| [end, &text, end].concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    // contract 2.9, 4.6b, 4.6c, 5.1b: names come back as they stand, on one line.
    #[test]
    fn parameters_read_as_written(issuer in foreign_text(), account in foreign_text()) {
        let texts = [(Parameter::Issuer, &*issuer), (Parameter::Account, &*account), (Parameter::Digits, "6")];
        let legal = texts.map(|(parameter, text)| (parameter, EscapedText::new(text).unwrap()));
        let written = write_parameters(&legal);
        prop_assert_eq!(written.iter().filter(|byte| matches!(byte, b'\n' | b'\r')).count(), 1);
        prop_assert!(written.ends_with(b"</Parameters>\n"));
        let document = Document::decode(&written).unwrap();
        let read = read_parameters(&document).unwrap();
        for (parameter, text) in texts {
            prop_assert_eq!(read.text(parameter).unwrap().as_str(), text);
        }
        prop_assert!(read.text(Parameter::Period).is_none() && read.text(Parameter::Operation).is_none());
    }

    // contract 4.5k, 4.6a: of any text, a document or an error that quotes nothing; the document is one element on one
    // line.
    #[test]
    fn any_key_uri_has_a_document_or_a_fault(names in any::<String>(), mistake in any::<String>(), is_sound: bool) {
        let names: String = percent_encoding::utf8_percent_encode(&names, percent_encoding::NON_ALPHANUMERIC).collect();
        let mistake = if is_sound { String::new() } else { mistake };
        let uri = format!("otpauth://totp/{names}?secret={RFC_SECRET}{mistake}");
        for format in KeyUriFormat::ALL {
            match format.content(&uri) {
                Ok(content) => {
                    let document = content.document();
                    let document = str::from_utf8(&document).unwrap();
                    prop_assert!(document.ends_with(">\n") && document.lines().count() == 1, "{document}");
                    prop_assert!(format != KeyUriFormat::Secret || document.contains(RFC_SECRET));
                    prop_assert!(format != KeyUriFormat::Parameters || !document.contains(&RFC_SECRET[..8]));
                }
                Err(error) => {
                    prop_assert!(!is_sound || format == KeyUriFormat::Parameters, "{error}");
                    prop_assert!(!error.to_string().contains(&RFC_SECRET[..8]), "{error}");
                }
            }
        }
    }
}

// contract 2.6a: the limit is exact.
#[test]
fn the_size_limit() {
    let document = |bytes: usize| format!("<Secret>GEZDGNBV{}</Secret>", " ".repeat(bytes - 25));
    let reply = respond_at(
        Some(UnixTime(0)),
        Operation::GeneratePassword,
        &Parameters::default(),
        document(MAX_DOCUMENT_BYTES).as_bytes(),
    );
    assert_eq!(reply.status, Status::Success);
    let reply = respond_at(
        Some(UnixTime(0)),
        Operation::GeneratePassword,
        &Parameters::default(),
        document(MAX_DOCUMENT_BYTES + 1).as_bytes(),
    );
    assert!(reply.cause.unwrap().to_string().starts_with("too large"));
}
