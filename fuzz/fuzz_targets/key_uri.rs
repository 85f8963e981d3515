//! Any text as a key URI. What holds is in the file that is included.
#![no_main]

#[path = "../../tests/it/seeds/key_uri.rs"]
mod key_uri;
#[path = "../../tests/it/seeds/words.rs"]
mod words;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| key_uri::check(bytes));
