//! The ways in and out: each takes bytes from somewhere, lets [`totp_adapter::adapter::Adapter`] answer, and puts the answer
//! where it belongs. Only here are the terminal, standard input and output,
//! and the files that the command line names. Clocks, entropy and files that appear whole are those of [`totp_adapter::system`]
//! and [`totp_adapter::whole_file`].

pub mod batch;
pub mod filter;
#[cfg(feature = "serve")]
pub mod health;
#[cfg(feature = "serve")]
pub mod push;
#[cfg(feature = "serve")]
pub mod serve;
pub mod stream;

mod byte_order_mark;
mod delivery;
mod error;
mod files;
mod in_order;
mod parameters;
mod records;
mod session;
mod terminal;

use std::io;

use files::Destination;
use totp_adapter::exit_codes::ExitCodes;
use totp_adapter::status::Status;
use totp_adapter::stderr::tell;

/// Prints a text on standard output and gives the exit code. A reader that leaves early has seen what it wanted.
#[must_use]
pub fn print(text: &[u8]) -> i32 {
    let exit_codes = ExitCodes::default();
    match Destination::Stdout.write(text) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            tell(&format!("cannot write to standard output: {}", error::reason(&error)));
            exit_codes.not_written()
        }
        Ok(()) | Err(_) => exit_codes.written(Status::Success),
    }
}
