//! Any head and body as a request for a token. What holds is in the file that is included.
#![no_main]

#[path = "../../tests/it/seeds/head.rs"]
mod head;
#[path = "../../tests/it/seeds/token.rs"]
mod token;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| token::check(bytes));
