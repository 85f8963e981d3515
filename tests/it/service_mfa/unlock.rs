//! `unlock --destination`: wrong codes of a destination are forgotten (contract 14.3e).

use insta::assert_snapshot;

use super::{Mfa, NUMBER, SENDER, SMS, another, configure, limited, right, said, wrong};
use crate::common::{Folder, Ran, totp_adapter};

const DELIVERY: &str = "[[delivery]]\nname = 'p'\nkind = 'webhook'\nurl = 'https://gateway.example/'\n";

fn unlock(folder: &Folder, arguments: &str, input: &str) -> Ran {
    let arguments = ["unlock"].into_iter().chain(arguments.split_whitespace());
    totp_adapter(arguments).folder(folder.path()).stdin(input).run()
}

/// A destination whose wrong codes are used up, and its open request with the code.
fn locked() -> (Mfa, String, String) {
    let mfa = Mfa::start("guesses = 2\nsends = 2");
    let sent = mfa.sent("");
    let code = mfa.code(&sent);
    for _ in 0..2 {
        assert_eq!(said(&mfa.verify(&sent, &another(&code))), wrong());
    }
    assert_eq!(said(&mfa.verify(&sent, &code)), limited());
    (mfa, sent, code)
}

// contract 14.3e: while the service runs, by the command line and by the input.
#[test]
fn a_destination_is_unlocked() {
    for (arguments, input) in [
        ("--destination +15551234567", ""),
        ("--destination -", "+15551234567"),
        ("--destination -", "+15551234567\n"),
        ("--destination -", "+15551234567\r\n"),
    ] {
        let (mfa, sent, code) = locked();
        // The numbers of others, and what is none, unlock nothing.
        for (arguments, input) in [
            ("--destination +15557654321", ""),
            ("--destination -", "+15557654321\n"),
            ("--destination -", "15551234567\n"),
        ] {
            unlock(&mfa.folder, &format!("--config t.toml {arguments}"), input);
            assert_eq!(said(&mfa.verify(&sent, &code)), limited());
        }
        let ran = unlock(&mfa.folder, &format!("--config t.toml {arguments}"), input);
        let unlocked = "<Ok description=\"The destination is unlocked.\"/>\n";
        assert_eq!((ran.stdout().as_str(), ran.stderr().as_str(), ran.code()), (unlocked, "", 0), "{ran}");
        // The tries of the request are those that were left, and the sends stay counted.
        assert_eq!(said(&mfa.verify(&sent, &another(&code))), wrong());
        assert_eq!(said(&mfa.verify(&sent, &code)).0, 404);
        let last = mfa.sent("");
        assert_eq!(said(&mfa.send(SMS, NUMBER, "")), limited());
        assert_eq!(said(&mfa.verify(&last, &mfa.code(&last))), right());
    }
}

// contract 14.3e: the same where there is nothing to forget.
#[test]
fn nothing_to_forget() {
    let mfa = Mfa::start("");
    for number in [NUMBER, SENDER] {
        let ran = unlock(&mfa.folder, &format!("--config t.toml --destination {number} --status-file status"), "");
        assert_eq!((ran.stdout().as_str(), ran.code()), ("<Ok description=\"The destination is unlocked.\"/>\n", 0));
        assert_eq!(mfa.folder.read("status"), "1\n");
    }
}

// contract 14.3e: what is wrong with it; no state is made, and no number is said.
#[test]
fn what_cannot_be_unlocked() {
    let folder = Folder::empty();
    configure(&folder, DELIVERY, "sms = 'p'");
    folder.write("none.toml", "state = 'state.db'\n");
    folder.write("wrong.toml", "state = 'state.db'\n[mfa]\nsms = 1\n");
    let said: Vec<String> = [
        ("--config t.toml --destination +15551234567", ""),
        ("--config none.toml --destination +15551234567", ""),
        ("--config wrong.toml --destination +15551234567", ""),
        ("--config missing.toml --destination +15551234567", ""),
        ("--config t.toml --destination 15551234567", ""),
        ("--config t.toml --destination +1", ""),
        ("--config t.toml --destination -1", ""),
        ("--config t.toml --destination", ""),
        ("--config t.toml --destination -", ""),
        ("--config t.toml --destination -", "\n"),
        ("--config t.toml --destination -", "15551234567\n"),
        ("--config t.toml --destination -", "+15551234567\n\n"),
        ("--config t.toml --destination -", " +15551234567\n"),
        ("--config t.toml --destination -", "+15551234567\r"),
        ("--config t.toml --destination -", "<Secret>GEZDGNBV</Secret>"),
        ("--config t.toml", ""),
        ("--destination +15551234567", ""),
        ("--state state.db --destination +15551234567", ""),
        ("--config t.toml --destination +15551234567 --account me", ""),
        ("--config t.toml --destination +15551234567 --state state.db", ""),
        ("--config t.toml --destination - --input number", ""),
        ("--config t.toml --destination +15551234567 --destination +15557654321", ""),
    ]
    .into_iter()
    .map(|(arguments, input)| {
        let ran = unlock(&folder, arguments, input);
        assert_eq!(ran.code(), 2, "{ran}");
        for text in [ran.stdout(), ran.stderr()] {
            assert!(!text.contains("5551234567") || text.contains("such as +15551234567"), "{text}");
        }
        format!("{arguments} {input:?}\n{}", ran.stdout())
    })
    .collect();
    assert_snapshot!(said.concat(), @r#"
    --config t.toml --destination +15551234567 ""
    <Error description="state not available: cannot open it: no such file or directory"/>
    --config none.toml --destination +15551234567 ""
    <Error description="wrong configuration: expected [mfa], the section of multi-factor codes"/>
    --config wrong.toml --destination +15551234567 ""
    <Error description="wrong configuration: wrong.toml:2: mfa.project is missing; expected 1 to 255 visible ASCII characters without a colon (serve --check shows all 4 mistakes)"/>
    --config missing.toml --destination +15551234567 ""
    <Error description="wrong configuration: missing.toml: cannot read the configuration: no such file or directory"/>
    --config t.toml --destination 15551234567 ""
    <Error description="wrong command line: expected a telephone number in E.164, such as +15551234567 for --destination; see --help"/>
    --config t.toml --destination +1 ""
    <Error description="wrong command line: expected a telephone number in E.164, such as +15551234567 for --destination; see --help"/>
    --config t.toml --destination -1 ""
    <Error description="wrong command line: unknown option; see --help"/>
    --config t.toml --destination ""
    <Error description="wrong command line: --destination needs a value; see --help"/>
    --config t.toml --destination - ""
    <Error description="unusable input: expected a telephone number in E.164, such as +15551234567"/>
    --config t.toml --destination - "\n"
    <Error description="unusable input: expected a telephone number in E.164, such as +15551234567"/>
    --config t.toml --destination - "15551234567\n"
    <Error description="unusable input: expected a telephone number in E.164, such as +15551234567"/>
    --config t.toml --destination - "+15551234567\n\n"
    <Error description="unusable input: expected a telephone number in E.164, such as +15551234567"/>
    --config t.toml --destination - " +15551234567\n"
    <Error description="unusable input: expected a telephone number in E.164, such as +15551234567"/>
    --config t.toml --destination - "+15551234567\r"
    <Error description="unusable input: expected a telephone number in E.164, such as +15551234567"/>
    --config t.toml --destination - "<Secret>GEZDGNBV</Secret>"
    <Error description="unusable input: expected a telephone number in E.164, such as +15551234567"/>
    --config t.toml ""
    <Error description="wrong command line: --config needs --account with the name of an account, or --destination with a telephone number; see --help"/>
    --destination +15551234567 ""
    <Error description="wrong command line: --config is missing: the configuration of the service; see --help"/>
    --state state.db --destination +15551234567 ""
    <Error description="wrong command line: --state cannot be used with --destination; see --help"/>
    --config t.toml --destination +15551234567 --account me ""
    <Error description="wrong command line: --destination cannot be used with --account; see --help"/>
    --config t.toml --destination +15551234567 --state state.db ""
    <Error description="wrong command line: --config cannot be used with --state; see --help"/>
    --config t.toml --destination - --input number ""
    <Error description="wrong command line: --config cannot be used with --input; see --help"/>
    --config t.toml --destination +15551234567 --destination +15557654321 ""
    <Error description="wrong command line: --destination is given more than once; see --help"/>
    "#);
    assert_eq!(folder.names(), ["mfa.token", "none.toml", "t.toml", "wrong.toml"]);
}

// contract 14.3e: the help says how.
#[test]
fn the_help_of_unlock() {
    let help = unlock(&Folder::empty(), "--help", "").stdout();
    assert!(help.contains("--destination <NUMBER>"), "{help}");
    assert!(help.contains("unlock --config totp-adapter.toml --destination - < number.txt"), "{help}");
}
