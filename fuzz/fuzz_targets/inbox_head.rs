//! Any head of a message for an inbox. What holds is in the file that is included.
#![no_main]

#[path = "../../tests/it/seeds/head.rs"]
mod head;
#[path = "../../tests/it/seeds/inbox_head.rs"]
mod inbox_head;
#[path = "../../tests/it/seeds/words.rs"]
mod words;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| inbox_head::check(bytes));
