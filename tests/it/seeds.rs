//! What the fuzz targets hold, held by the inputs of their corpus: each property is a function over bytes, in a file that the target
//! of the same name includes.

#[cfg(feature = "serve")]
mod com_method;
#[cfg(feature = "serve")]
mod configuration;
#[cfg(feature = "serve")]
mod head;
#[cfg(feature = "serve")]
mod inbox_head;
mod key_uri;
#[cfg(feature = "serve")]
mod mail;
#[cfg(feature = "serve")]
mod mfa_body;
#[cfg(feature = "serve")]
mod signature;
#[cfg(feature = "serve")]
mod token;
mod words;

use std::fs;

use crate::common::project;

/// The most inputs of a target, and the most bytes of all of them.
const MAX_INPUTS: usize = 30;
const MAX_BYTES: usize = 64 * 1024;

/// Looks at every input of a target.
fn hold(target: &str, check: fn(&[u8])) {
    let folder = project().join("tests/seeds").join(target);
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!((1..=MAX_INPUTS).contains(&files.len()), "{} inputs of {target}", files.len());
    let mut bytes = 0;
    for file in files {
        // The last one that is shown is the one that fails.
        println!("{}", file.display());
        let input = fs::read(&file).unwrap();
        bytes += input.len();
        check(&input);
    }
    assert!(bytes <= MAX_BYTES, "{bytes} bytes of {target}");
}

#[test]
fn key_uris() {
    hold("key_uri", key_uri::check);
}

#[cfg(feature = "serve")]
#[test]
fn authentications_of_webhooks() {
    hold("com_method", com_method::check);
}

#[cfg(feature = "serve")]
#[test]
fn configurations() {
    hold("configuration", configuration::check);
}

#[cfg(feature = "serve")]
#[test]
fn heads_of_messages() {
    hold("inbox_head", inbox_head::check);
}

#[cfg(feature = "serve")]
#[test]
fn mails() {
    hold("mail", mail::check);
}

#[cfg(feature = "serve")]
#[test]
fn bodies_about_codes() {
    hold("mfa_body", mfa_body::check);
}

#[cfg(feature = "serve")]
#[test]
fn questions_of_skyvern() {
    hold("signature", signature::check);
}

#[cfg(feature = "serve")]
#[test]
fn requests_for_tokens() {
    hold("token", token::check);
}
