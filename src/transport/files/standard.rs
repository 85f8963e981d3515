//! The standard streams as the files that they are: without a buffer, which would keep a copy of a secret, and without
//! the standard library's habit of taking one that cannot be read for empty and one that cannot be written for written.
//! A console of Windows is the exception: its characters are UTF-16, and the standard library translates them.

use std::fs::{File, OpenOptions};
use std::io::{self, IsTerminal, Read, Write};
use std::path::Path;
use std::thread;
use std::time::Duration;

/// How long to wait before trying again where someone made a stream non-blocking, as Node.js may.
const RETRY: Duration = Duration::from_millis(5);

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

/// A standard stream, or a file by its name.
#[derive(Debug)]
pub enum Stream<C> {
    /// The console of Windows that a standard stream is.
    Console(C),
    /// Anything else.
    File(File),
}

/// What is read.
pub type InputStream = Stream<io::Stdin>;
/// What is written as it is: standard output, or a pipe or device by its name.
pub type OutputStream = Stream<io::Stdout>;

impl InputStream {
    /// Standard input.
    ///
    /// # Errors
    ///
    /// Where the system has no further descriptor, or standard input is closed.
    pub fn standard() -> io::Result<Self> {
        Ok(if is_console(&stdin()) { Self::Console(io::stdin()) } else { Self::File(own(stdin())?) })
    }

    /// A file, a pipe or a device by its name.
    ///
    /// # Errors
    ///
    /// Where the system cannot open it for reading.
    pub fn open(file: &Path) -> io::Result<Self> {
        File::open(file).map(Self::File)
    }
}

impl Read for InputStream {
    /// Reads once, and waits for a non-blocking input that is not there yet.
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Console(console) => console.read(room),
            Self::File(file) => patiently(|| file.read(room)),
        }
    }
}

impl OutputStream {
    /// Standard output.
    ///
    /// # Errors
    ///
    /// Where the system has no further descriptor, or standard output is closed.
    pub fn standard() -> io::Result<Self> {
        Ok(if is_console(&stdout()) { Self::Console(io::stdout()) } else { Self::File(own(stdout())?) })
    }

    /// A pipe, a device or an open descriptor by its name.
    ///
    /// # Errors
    ///
    /// Where the system cannot open it for writing.
    pub fn open(file: &Path) -> io::Result<Self> {
        OpenOptions::new().append(true).open(file).map(Self::File)
    }
}

impl Write for OutputStream {
    /// Writes once, and waits for a non-blocking output that is full.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Console(console) => {
                let written = console.write(bytes)?;
                // The standard library would keep what comes after the last line end.
                console.flush()?;
                Ok(written)
            }
            Self::File(file) => patiently(|| file.write(bytes)),
        }
    }

    /// Nothing is kept.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Tries again where a non-blocking stream is not ready.
fn patiently(mut attempt: impl FnMut() -> io::Result<usize>) -> io::Result<usize> {
    loop {
        match attempt() {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => thread::sleep(RETRY),
            result => return result,
        }
    }
}

/// Elsewhere a terminal takes and gives bytes.
fn is_console(stream: &impl IsTerminal) -> bool {
    cfg!(windows) && stream.is_terminal()
}
