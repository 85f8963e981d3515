//! Any head and body as a question of Skyvern, with its signature. What holds is in the file that is included.
#![no_main]

#[path = "../../tests/it/seeds/head.rs"]
mod head;
#[path = "../../tests/it/seeds/signature.rs"]
mod signature;
#[path = "../../tests/it/seeds/words.rs"]
mod words;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| signature::check(bytes));
