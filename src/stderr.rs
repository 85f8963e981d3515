//! What the program says on standard error: one line at a time, also where a panic ends it.

use std::io::{self, Write};
use std::{panic, process};

use crate::exit_codes::ExitCodes;
use crate::picture;

/// Writes a line that begins with the name of the program, in one piece, so that the lines of processes that share it do not
/// mix. Where that fails, nobody can be told, and the exit code remains.
pub fn tell(line: &str) {
    eprint_line(&format!("totp-adapter: {line}"));
}

/// Writes a line as it is, in one piece, for those who read lines that begin with a place.
pub fn eprint_line(line: &str) {
    let _ = io::stderr().write_all(format!("{line}\n").as_bytes());
}

/// Makes every panic end the process, in whichever thread it was, so that nothing continues with what is half done. Only
/// its place is printed, since its message may quote the input. Caught panics are not reported.
pub fn end_with_any_panic() {
    panic::set_hook(Box::new(|panic| {
        if !picture::is_guarded() {
            let place = panic.location().map_or_else(String::new, |location| format!(" at {location}"));
            tell(&format!("internal error{place}; please report it"));
            process::exit(ExitCodes::default().not_written());
        }
    }));
}
