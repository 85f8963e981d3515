//! Any bytes as the body of a request for a code or about one, in JSON and as a form. What holds is in the file that is included.
#![no_main]

#[path = "../../tests/it/seeds/mfa_body.rs"]
mod mfa_body;
#[path = "../../tests/it/seeds/words.rs"]
mod words;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| mfa_body::check(bytes));
