//! The standard streams as the files that they are: without a buffer, which would keep a copy of a secret, and without
//! the standard library's habit of taking one that cannot be read for empty and one that cannot be written for written.

use std::fs::File;
use std::io;
use std::time::Duration;

/// How long to wait before trying again where someone made a stream non-blocking, as Node.js may.
pub const RETRY: Duration = Duration::from_millis(5);

/// Standard input as a descriptor: the standard library's handle would make a buffer, even only to be asked what it is.
#[cfg(unix)]
pub fn stdin() -> std::os::fd::BorrowedFd<'static> {
    rustix::stdio::stdin()
}

/// See the Unix twin.
#[cfg(windows)]
pub fn stdin() -> io::Stdin {
    io::stdin()
}

/// Standard output, likewise.
#[cfg(unix)]
pub fn stdout() -> std::os::fd::BorrowedFd<'static> {
    rustix::stdio::stdout()
}

/// See the Unix twin.
#[cfg(windows)]
pub fn stdout() -> io::Stdout {
    io::stdout()
}

/// A descriptor of its own for the same open file.
#[cfg(unix)]
pub fn own(stream: impl std::os::fd::AsFd) -> io::Result<File> {
    Ok(stream.as_fd().try_clone_to_owned()?.into())
}

/// See the Unix twin.
#[cfg(windows)]
pub fn own(stream: impl std::os::windows::io::AsHandle) -> io::Result<File> {
    Ok(stream.as_handle().try_clone_to_owned()?.into())
}
