//! The codes themselves, and what is kept of them.

use std::collections::BTreeSet;
use std::fs;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::{Mfa, at_once, gone, right, said, wrong};

// contract 14.2a: digits, or digits and letters that nobody takes for digits; never the same twice.
#[test]
fn what_a_code_consists_of() {
    let mfa = Mfa::start("sends = 1000");
    for (parameters, alphabet) in [
        (r#","token_length":20"#, "0123456789"),
        (r#","token_length":20,"allow_alphas":false"#, "0123456789"),
        (r#","token_length":20,"allow_alphas":true"#, "0123456789ABCDEFGHJKLMNPQRSTUVWXYZ"),
    ] {
        let codes: BTreeSet<String> = at_once(40, |_| mfa.code(&mfa.sent(parameters))).into_iter().collect();
        assert_eq!(codes.len(), 40);
        let found: BTreeSet<char> = codes.iter().flat_map(|code| code.chars()).collect();
        // That one of them is missing among 800 happens less than once in a hundred million runs.
        assert_eq!(found, alphabet.chars().collect(), "{parameters}");
    }
}

// contract 14.2a: compared without case.
#[test]
fn letters_of_either_case() {
    let mfa = Mfa::start("");
    for typed in [str::to_lowercase, str::to_uppercase] {
        let sent = mfa.sent(r#","token_length":20,"allow_alphas":true"#);
        assert_eq!(said(&mfa.verify(&sent, &typed(&mfa.code(&sent)))), right());
    }
}

// contract 14.2c: what the state has of a code is an HMAC; without the key the code does not match.
#[test]
fn a_code_is_kept_under_a_key() {
    let mfa = Mfa::start("");
    let sent = mfa.sent(r#","token_length":20"#);
    let code = mfa.code(&sent);
    let file = mfa.folder.path().join("mfa.key");
    let key = fs::read(&file).unwrap();
    assert_eq!(key.len(), 32);
    let id = u128::from_str_radix(&sent.replace('-', ""), 16).unwrap().to_be_bytes();
    let kept: Vec<u8> = mfa.database().query_row("SELECT code FROM mfa WHERE id = ?1", [id], |row| row.get(0)).unwrap();
    // Another program must still know the codes that this one has sent.
    let hash = Hmac::<Sha256>::new_from_slice(&key).unwrap().chain_update(id).chain_update(&code).finalize();
    assert_eq!(kept, hash.into_bytes().to_vec());
    for name in mfa.folder.names().iter().filter(|name| name.starts_with("state.db")) {
        let bytes = fs::read(mfa.folder.path().join(name)).unwrap();
        let has = |needle: &[u8]| bytes.windows(needle.len()).any(|window| window == needle);
        assert!(!has(&key) && !has(code.as_bytes()), "{name}");
    }
    fs::write(&file, [7; 32]).unwrap();
    let mfa = mfa.restarted();
    assert_eq!(said(&mfa.verify(&sent, &code)), wrong());
    fs::write(&file, key).unwrap();
    let mfa = mfa.restarted();
    assert_eq!(said(&mfa.verify(&sent, &code)), right());
}

// contract 10.2g: on SIGHUP the key stays.
#[cfg(unix)]
#[test]
fn the_key_is_not_read_again() {
    use super::{FORM, PROJECT, TOKEN, basic, verification};
    use crate::common::service::wait_for;
    let mfa = Mfa::start("");
    let sent = mfa.sent("");
    let code = mfa.code(&sent);
    fs::write(mfa.folder.path().join("mfa.key"), [7; 32]).unwrap();
    mfa.folder.write("mfa.token", format!("{TOKEN}{TOKEN}"));
    mfa.service.signal(rustix::process::Signal::HUP);
    let headers = format!("{}{FORM}", basic(format!("{PROJECT}:{TOKEN}{TOKEN}")));
    let ask = |token: &str| mfa.service.post_with(&verification(&sent), &headers, format!("token={token}"));
    // A blank token is no guess.
    wait_for("the new token", || (ask("").code() == 422).then_some(()));
    assert_eq!(said(&ask(&code)), right());
    assert_eq!(said(&ask(&code)), gone());
}
