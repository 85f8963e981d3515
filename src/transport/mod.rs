//! The ways in and out: each takes bytes from somewhere, lets [`crate::adapter::Adapter`] answer, and puts the answer
//! where it belongs. Only here are clocks, files, terminals and standard streams touched.

pub mod filter;

mod fault;
mod input;
mod output;
mod parameters;
mod places;
mod system;
mod terminal;

use std::io;

use output::Destination;

/// Prints a text on standard output and gives the exit code. A reader that leaves early has seen what it wanted.
#[must_use]
pub fn print(text: &[u8]) -> i32 {
    match Destination::Stdout.write(text) {
        Ok(()) => 0,
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => 0,
        Err(error) => {
            eprintln!("totp-adapter: cannot write to standard output: {}", fault::reason(&error));
            2
        }
    }
}
