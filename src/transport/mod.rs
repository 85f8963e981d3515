//! The ways in and out: each takes bytes from somewhere, lets [`crate::adapter::Adapter`] answer, and puts the answer
//! where it belongs. Only here are clocks, files, terminals and standard streams touched.

pub mod batch;
pub mod filter;
#[cfg(feature = "serve")]
pub mod push;
#[cfg(feature = "serve")]
pub mod serve;
pub mod stream;

mod byte_order_mark;
mod delivery;
mod fault;
mod files;
mod in_order;
mod parameters;
mod records;
mod session;
mod terminal;

use std::io::{self, Write};
use std::{panic, process};

use crate::picture;
use crate::status::{ExitCodes, Status};
use files::Destination;

/// Prints a text on standard output and gives the exit code. A reader that leaves early has seen what it wanted.
#[must_use]
pub fn print(text: &[u8]) -> i32 {
    let exit_codes = ExitCodes::default();
    match Destination::Stdout.write(text) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            tell(&format!("cannot write to standard output: {}", fault::reason(&error)));
            exit_codes.not_written()
        }
        Ok(()) | Err(_) => exit_codes.written(Status::Success),
    }
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

/// Writes a line to stderr, in one piece, so that the lines of processes that share it do not mix. Where that fails,
/// nobody can be told, and the exit code remains.
fn tell(line: &str) {
    eprint_line(&format!("totp-adapter: {line}"));
}

/// Writes a line to stderr as it is, in one piece, for those who read lines that begin with a place.
fn eprint_line(line: &str) {
    let _ = io::stderr().write_all(format!("{line}\n").as_bytes());
}
