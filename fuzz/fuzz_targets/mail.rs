//! Any bytes as a mail, as `push skyvern --mail` takes it. What holds is in the file that is included.
#![no_main]

#[path = "../../tests/it/seeds/mail.rs"]
mod mail;
#[path = "../../tests/it/seeds/words.rs"]
mod words;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| mail::check(bytes));
