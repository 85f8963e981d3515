//! Where documents come from: standard input or a file, no further than the limit and no longer than the timeout.

use std::fs::File;
use std::io::{self, IsTerminal, Read};
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use zeroize::Zeroizing;

use super::descriptor::{RETRY, own};
use super::fault::Fault;
use crate::xml::MAX_DOCUMENT_BYTES;

/// More than usual documents have.
const USUAL_BYTES: usize = 4 * 1024;

/// Where a document comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// Standard input.
    Stdin,
    /// A file, a pipe or a device by its name.
    File(PathBuf),
}

impl Source {
    /// The source of an option: a name, `-`, or nothing for standard input.
    pub fn of(option: Option<&Path>) -> Self {
        match option {
            Some(file) if !is_stdin(file) => Self::File(file.to_owned()),
            Some(_) | None => Self::Stdin,
        }
    }

    /// Reads to the end, but at most one byte beyond the limit: enough to tell that the document is too large.
    pub fn read(&self, what: &'static str, timeout: Option<Duration>) -> Result<Zeroizing<Vec<u8>>, Fault> {
        let file = || self.file().map(Path::to_owned);
        let result = match timeout {
            None => self.read_to_limit(),
            Some(limit) => self.read_within(limit).ok_or_else(|| Fault::Timeout { what, file: file(), limit })?,
        };
        result.map_err(|error| Fault::Read { what, file: file(), error })
    }

    /// The file, if it is one.
    pub fn file(&self) -> Option<&Path> {
        match self {
            Self::Stdin => None,
            Self::File(file) => Some(file),
        }
    }

    /// Reads in a thread of its own, which ends with the process where it comes too late. Opening is part of it: a
    /// named pipe opens only when its writer does.
    fn read_within(&self, timeout: Duration) -> Option<io::Result<Zeroizing<Vec<u8>>>> {
        let (sender, receiver) = mpsc::sync_channel(1);
        let source = self.clone();
        // Nobody listens any more after the timeout.
        let started = thread::Builder::new().spawn(move || drop(sender.send(source.read_to_limit())));
        match started {
            Ok(_) => receiver.recv_timeout(timeout).ok(),
            Err(error) => Some(Err(error)),
        }
    }

    fn read_to_limit(&self) -> io::Result<Zeroizing<Vec<u8>>> {
        match self {
            // The standard library knows what a Windows console needs; elsewhere its buffer would keep the secret.
            Self::Stdin if cfg!(windows) && io::stdin().is_terminal() => read_to_limit(io::stdin().lock()),
            Self::Stdin => read_to_limit(own(io::stdin())?),
            Self::File(file) => read_to_limit(File::open(file)?),
        }
    }
}

/// Whether a file is called `-`: standard input or output (contract 5.2).
pub fn is_standard_stream(file: &Path) -> bool {
    file == Path::new("-")
}

/// Whether a file is standard input by the one or the other name.
pub fn is_stdin(file: &Path) -> bool {
    is_standard_stream(file) || cfg!(unix) && file == Path::new("/dev/stdin")
}

fn read_to_limit(mut reader: impl Read) -> io::Result<Zeroizing<Vec<u8>>> {
    const ENOUGH: usize = MAX_DOCUMENT_BYTES + 1;
    // Neither buffer grows by itself: a copy of a secret would be left behind. Wiping touches all of a buffer, so the
    // large one is there only for documents that need it.
    let mut document = Zeroizing::new(Vec::with_capacity(USUAL_BYTES));
    read_up_to(USUAL_BYTES, &mut reader, &mut document)?;
    if document.len() < USUAL_BYTES {
        return Ok(document);
    }
    let mut large = Zeroizing::new(Vec::with_capacity(ENOUGH));
    large.extend_from_slice(&document);
    read_up_to(ENOUGH, &mut reader, &mut large)?;
    Ok(large)
}

/// Reads until the document has so many bytes or the input ends.
fn read_up_to(bytes: usize, reader: &mut impl Read, document: &mut Vec<u8>) -> io::Result<()> {
    loop {
        let missing = bytes - document.len();
        match reader.take(missing as u64).read_to_end(document) {
            Ok(_) => return Ok(()),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => thread::sleep(RETRY),
            Err(error) => return Err(error),
        }
    }
}
