use std::time::Instant;

use proptest::prelude::*;

use super::*;

fn read(message: impl AsRef<[u8]>) -> Result<(String, Option<String>), MailError> {
    let mail = super::read(&Zeroizing::new(message.as_ref().to_vec()))?;
    Ok((mail.text.reveal().to_owned(), mail.address.map(|address| address.reveal().to_owned())))
}

fn text(message: impl AsRef<[u8]>) -> String {
    read(message).unwrap().0
}

const BOTH: &str = "To: me@example.org\r\nMIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary=b\r\n\r\n\
    --b\r\nContent-Type: text/html\r\n\r\n<p>Code <b>081804</b></p>\r\n\
    --b\r\nContent-Type: text/plain\r\n\r\nPlain 081804\r\n--b--\r\n";

// contract 12.3b
#[test]
fn whom_a_mail_is_for() {
    let address = |fields: &str| read(format!("{fields}Subject: a\n\ntext")).unwrap().1;
    let all = "To: c@example.org\nX-Original-To: b@example.org\ndelivered-to: a@example.org\n";
    for (fields, expected) in [
        (all, "a@example.org"),
        ("To: c@example.org\nX-Original-To: b@example.org\n", "b@example.org"),
        ("To: \"Doe, John\" <c@example.org>, d@example.org\n", "c@example.org"),
        ("Delivered-To: first@example.org\nDelivered-To: second@example.org\n", "first@example.org"),
        ("Delivered-To: <a@example.org>\n", "a@example.org"),
        ("To: undisclosed-recipients:;\nCc: d@example.org\nX-Original-To: b@example.org\n", "b@example.org"),
        ("To: friends: e@example.org, f@example.org;\n", "e@example.org"),
        ("To:\n  folded@example.org\n", "folded@example.org"),
    ] {
        assert_eq!(address(fields).as_deref(), Some(expected), "{fields}");
    }
    assert_eq!(address("To: undisclosed-recipients:;\n"), None);
    assert_eq!(address(&format!("To: {}@example.org\n", "a".repeat(400))), None);
    assert_eq!(address(""), None);
}

// contract 12.3c, 12.3d
#[test]
fn the_text_of_a_mail() {
    assert_eq!(text("Subject: a\n\n 081804 \r\n"), "081804");
    assert_eq!(text(BOTH), "Plain 081804");
    assert_eq!(text(BOTH.replace("Plain 081804", " ")), "Code 081804");
    assert_eq!(text("Subject: a\nContent-Type: text/html; charset=utf-8\n\n<p>a</p><p>ü</p>"), "a\nü");
    assert_eq!(text("Subject: a\nContent-Transfer-Encoding: base64\n\nMDgxODA0\n"), "081804");
    assert_eq!(
        text(
            "Subject: a\nContent-Type: text/plain; charset=iso-8859-15\nContent-Transfer-Encoding: quoted-printable\n\n=A4=\n 081804"
        ),
        "€ 081804"
    );
    assert_eq!(text(b"Subject: a\nContent-Type: text/plain; charset=klingon\n\n\xe4 081804"), "\u{fffd} 081804");
    assert_eq!(
        text("Subject: a\nContent-Type: text/plain; charset=iso-2022-jp\n\n\u{1b}$B%3!<%I\u{1b}(B 081804"),
        "コード 081804"
    );
    assert_eq!(text("From me@example.org Thu Nov 26 06:00:00 2026\nSubject: a\n\n081804"), "081804");
}

// contract 12.3i
#[test]
fn broken_mails() {
    let as_base64 = |body: &str| format!("Subject: a\nContent-Transfer-Encoding: base64\n\n{body}");
    let in_parts = |part: &str| format!("Subject: a\nContent-Type: multipart/mixed; boundary=b\n\n--b\n{part}");
    let is_quoted = "Content-Transfer-Encoding: quoted-printable\n\n";
    for (message, expected) in [
        ("Subject: a\nContent-Type: garbage garbage\n\n081804\n".to_owned(), "081804"),
        ("Subject: a\nContent-Type: text; charset=iso-8859-15\nTo: b@example.org\n\n081804\n".to_owned(), "081804"),
        (as_base64("MDgx\r\nODA0\r\n"), "081804"),
        (as_base64("MDgxODA0Cg==\n\n-- \nThe list\n"), "081804\n\n\n-- \nThe list"),
        (as_base64("MDgxODA0Cg==\nList\n"), "081804\n\nList"),
        (as_base64("MDgxODA0\n\nList\n"), "081804\n\nList"),
        (as_base64("MDgxODA0\n_____\nList\n"), "081804\n_____\nList"),
        (as_base64("MDgxODA"), "08180"),
        (
            as_base64("MDgxODA0Cg==\nList\n").replace("Content-T", "Content-Type: text/plain\nContent-T"),
            "081804\n\nList",
        ),
        (in_parts("\n081804\n"), "081804"),
        (in_parts("Content-Transfer-Encoding: base64\n\nMDgx\nODA0\n"), "081804"),
        (
            in_parts("Content-Transfer-Encoding: base64\n\nMDgxODA0\n\n-- \nThe list\n--b--\n"),
            "081804\n\n-- \nThe list",
        ),
        (in_parts(&format!("{is_quoted}081=\n80=34 = ==3D\n")), "081804 = =="),
        (in_parts("\n081804\n--b\nContent-Type: image/png\nContent-Transfer-Encoding: base64\n\niVBO"), "081804"),
        (
            in_parts(
                "Content-Type: multipart/alternative; boundary=c\n\n--c\nContent-Type: text/html\n\n<p>081804</p>\n",
            ),
            "081804",
        ),
        (format!("Subject: a\n{is_quoted}081=\n80=34 ==\n"), "081804 ="),
        (format!("Subject: a\n{is_quoted}081804==3D=xy=\n"), "081804===xy"),
    ] {
        assert_eq!(text(&message), expected, "{message:?}");
    }
    for message in
        [as_base64("Your code is 081804\n"), as_base64("!!!MDgxODA0\n"), in_parts("") + &as_base64("-\n")[11..]]
    {
        assert_eq!(read(&message), Err(MailError::Encoding), "{message:?}");
    }
    // What follows a type that is none stays.
    assert_eq!(text(b"Subject: a\nContent-Type: text; charset=iso-8859-15\n\n\xa4 081804"), "€ 081804");
    // An attachment that cannot be read takes nothing away.
    let attached = "--b\nContent-Disposition: attachment\nContent-Transfer-Encoding: base64\n\n-\n--b--\n";
    assert_eq!(text(in_parts(&format!("\n081804\n{attached}"))), "081804");
}

// contract 12.3c
#[test]
fn a_long_text_is_cut_between_characters() {
    let long = text(format!("Subject: a\nContent-Type: text/plain; charset=utf-8\n\nx{}", "ü".repeat(MAX_TEXT_BYTES)));
    assert_eq!(long.len(), MAX_TEXT_BYTES - 1);
    assert!(long.ends_with('ü'));
}

// contract 12.3f
#[test]
fn nested_parts_and_attachments() {
    let mut nested = "Content-Type: text/plain\n\n081804\n".to_owned();
    for level in 0..50 {
        nested = format!("Content-Type: multipart/mixed; boundary=b{level}\n\n--b{level}\n{nested}\n--b{level}--\n");
    }
    assert_eq!(text(format!("Subject: a\n{nested}")), "081804");
    let forwarded = "Subject: a\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\n081804\n\
        --b\nContent-Type: message/rfc822\n\nSubject: b\n\n999999\n\
        --b\nContent-Type: text/plain\nContent-Disposition: attachment; filename=a.txt\n\n888888\n--b--\n";
    assert_eq!(text(forwarded), "081804");
}

// contract 12.3f
#[test]
fn what_is_no_mail_with_a_text() {
    for (message, error) in [
        ("", MailError::Form),
        ("\n\n", MailError::Form),
        ("081804", MailError::Form),
        ("hello world\nhow are you\n", MailError::Form),
        ("{\"a\": \"b\"}", MailError::Form),
        ("\n\nSubject: a\n\n081804", MailError::Form),
        ("Subject: a\n\n \n", MailError::NoText),
        ("Subject: a\nContent-Type: image/png\nContent-Transfer-Encoding: base64\n\niVBORw0KGgo=\n", MailError::NoText),
        ("Subject: a\nContent-Type: text/html\n\n<p><img src=a></p><style>1</style>", MailError::NoText),
    ] {
        assert_eq!(read(message), Err(error), "{message:?}");
    }
    assert_eq!(read(vec![b'a'; MAX_BYTES + 1]), Err(MailError::TooLarge));
}

// contract 12.3f
#[test]
fn hostile_mails_end() {
    let deep = format!("Subject: a\n{}", "Content-Type: message/rfc822\n\n".repeat(200_000));
    let many = format!(
        "Subject: a\nContent-Type: multipart/mixed; boundary=b\n\n{}",
        "--b\nContent-Type: multipart/mixed; boundary=missing\n\n".repeat(100_000)
    );
    let digest = format!("Subject: a\n{}", "Content-Type: multipart/digest; boundary=b\n\n--b\n".repeat(50_000));
    for message in [deep, many, digest, "Subject: a\nContent-Type: text/html\n\n<".repeat(10_000)] {
        let begin = Instant::now();
        let message = Zeroizing::new(message.into_bytes());
        let _ = read_within(&message, Duration::from_secs(1));
        assert!(begin.elapsed() < PATIENCE);
    }
}

/// What mails are made of, in any order.
const PIECES: [&str; 24] = [
    "To: me@example.org\n",
    "From: \"a <b\" <c",
    "Subject: =?utf-8?q?=C3?=\n",
    "\n",
    "\r\n",
    "--b\n",
    "--b--\n",
    "081804",
    "ü",
    "Content-Type: multipart/alternative; boundary=b\n",
    "Content-Type: multipart/mixed; boundary=\"b\n",
    " boundary=b\n",
    "Content-Type: text/html; charset=utf-7\n",
    "Content-Type: text/plain; charset=utf-16\n",
    "Content-Type: message/rfc822\n",
    "Content-Transfer-Encoding: base64\n",
    "Content-Transfer-Encoding: quoted-printable\n",
    "MDgxODA0",
    "=C3=",
    "<p>",
    "<style ",
    "&#x110000;",
    "\u{0}",
    "Delivered-To:",
];

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    // contract 12.3c, 12.3f
    #[test]
    fn any_mail_has_an_answer(pieces in prop::collection::vec(prop::sample::select(&PIECES[..]), 0..40)) {
        match read(pieces.concat()) {
            Ok((text, _)) => {
                prop_assert!((1..=MAX_TEXT_BYTES).contains(&text.len()));
                prop_assert_eq!(text.trim(), &*text);
            }
            Err(error) => prop_assert!(!matches!(error, MailError::Internal(_) | MailError::Late), "{}", error),
        }
    }
}
