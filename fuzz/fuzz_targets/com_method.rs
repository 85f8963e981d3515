//! Any document as Verity's `UPDATE_COM_METHOD`. What holds is in the file that is included.
#![no_main]

#[path = "../../tests/it/seeds/com_method.rs"]
mod com_method;
#[path = "../../tests/it/seeds/words.rs"]
mod words;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| com_method::check(bytes));
