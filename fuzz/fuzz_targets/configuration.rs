//! Any text as the configuration of a service. What holds is in the file that is included.
#![no_main]

#[path = "../../tests/it/seeds/configuration.rs"]
mod configuration;
#[path = "../../tests/it/seeds/words.rs"]
mod words;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| configuration::check(bytes));
