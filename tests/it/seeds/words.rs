//! What holds for the words of every error.
#![allow(dead_code, reason = "each fuzz target includes this, and not each has a text")]

/// No word of ours begins like this; an input has it wherever the fuzzer puts a `~`.
pub const MARKER: &str = "hunter2";

/// The text of an input, with the marker in it.
pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).replace('~', MARKER)
}

/// An error is one sentence without a final period, and repeats nothing of the input.
pub fn check(words: &str) {
    assert!(!words.is_empty() && words.len() <= 500 && words.trim() == words, "{words}");
    assert!(!words.contains(MARKER) && !words.contains(char::is_control) && !words.ends_with('.'), "{words}");
}
