//! Any text as the configuration of a service: nothing panics, mistakes come in the order of the lines, and none of them
//! repeats what stands in the text.
//!
//! ```sh
//! cargo install cargo-fuzz && mkdir -p fuzz/corpus/configuration
//! cargo +nightly fuzz run -O --features serve configuration fuzz/corpus/configuration -- \
//!     -max_len=4096 -timeout=10 -rss_limit_mb=2048 -max_total_time=600
//! ```
#![no_main]

use std::path::Path;

use libfuzzer_sys::fuzz_target;
use totp_adapter::service::config::{self, Mistake, Overrides, Place};

/// No word of ours begins like this; the text has it wherever the fuzzer puts it.
const MARKER: &str = "hunter2";

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes).replace('~', MARKER);
    // Files that are named are not there: what is read is the text alone.
    if let Err(mistakes) = config::read(&text, Path::new("/nonexistent"), &Overrides::default()) {
        check(&mistakes, text.matches('\n').count() + 1);
    }
});

fn check(mistakes: &[Mistake], lines: usize) {
    assert!(!mistakes.is_empty() && mistakes.is_sorted_by_key(|mistake| mistake.place));
    for mistake in mistakes {
        let line = mistake.line(Path::new("x.toml"));
        assert!(!line.contains(MARKER) && !line.contains(char::is_control) && !line.ends_with('.'), "{line}");
        match mistake.place {
            Place::File | Place::Option(_) => {}
            Place::Line(line) => assert!((1..=lines).contains(&line)),
        }
    }
}
