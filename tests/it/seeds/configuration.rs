//! Any text as the configuration of a service: mistakes come in the order of the lines, none repeats what stands in the text, and
//! a second reading says the same.

use std::path::Path;

use totp_adapter::service::config::{self, Mistake, Overrides, Place};

use super::words;

// contract 10.3a, 10.3c
pub fn check(bytes: &[u8]) {
    let text = words::text(bytes);
    // Files that are named are not there: what is read is the text alone.
    let read = || config::read(&text, Path::new("/nonexistent"), &Overrides::default());
    let lines = text.matches('\n').count() + 1;
    let shown = match read() {
        Ok((configuration, warnings)) => {
            for warning in &warnings {
                words::check(&warning.line(Path::new("x.toml")));
            }
            format!("{configuration:?}")
        }
        Err(mistakes) => {
            check_mistakes(&mistakes, lines);
            format!("{mistakes:?}")
        }
    };
    let again =
        read().map_or_else(|mistakes| format!("{mistakes:?}"), |(configuration, _)| format!("{configuration:?}"));
    assert_eq!(again, shown);
}

fn check_mistakes(mistakes: &[Mistake], lines: usize) {
    assert!(!mistakes.is_empty() && mistakes.is_sorted_by_key(|mistake| mistake.place));
    for mistake in mistakes {
        words::check(&mistake.line(Path::new("x.toml")));
        match mistake.place {
            Place::File | Place::Option(_) => {}
            Place::Line(line) => assert!((1..=lines).contains(&line)),
        }
    }
}
