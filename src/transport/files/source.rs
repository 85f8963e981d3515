//! Where documents come from: standard input or a file, no further than the limit and no longer than the timeout.

use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use zeroize::Zeroizing;

use super::InputStream;
use crate::transport::error::RunError;

/// The first buffer; usual documents have a tenth of it.
const USUAL_BYTES: usize = 1024;
/// How much larger the next buffer is. To wipe one touches all of it, so that a large one is there only where it is
/// needed.
const GROWTH: usize = 8;

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

    /// Reads to the end, but at most one byte beyond `max_bytes`: enough to tell that the input is too large.
    pub fn read(
        &self,
        what: &'static str,
        max_bytes: usize,
        timeout: Option<Duration>,
    ) -> Result<Zeroizing<Vec<u8>>, RunError> {
        let enough = max_bytes + 1;
        let result = match timeout {
            None => self.read_enough(enough),
            Some(limit) => {
                self.read_within(enough, limit).ok_or_else(|| RunError::Timeout { what, limit }.about(self.file()))?
            }
        };
        result.map_err(|error| RunError::Read { what, error }.about(self.file()))
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
    fn read_within(&self, enough: usize, timeout: Duration) -> Option<io::Result<Zeroizing<Vec<u8>>>> {
        let (sender, receiver) = mpsc::sync_channel(1);
        let source = self.clone();
        // Nobody listens any more after the timeout.
        let started = thread::Builder::new().spawn(move || drop(sender.send(source.read_enough(enough))));
        match started {
            Ok(_) => receiver.recv_timeout(timeout).ok(),
            Err(error) => Some(Err(error)),
        }
    }

    fn read_enough(&self, enough: usize) -> io::Result<Zeroizing<Vec<u8>>> {
        let stream = match self {
            Self::Stdin => InputStream::standard()?,
            Self::File(file) => InputStream::open(file)?,
        };
        read_enough(enough, stream)
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

/// Reads to the end or until there is enough.
fn read_enough(enough: usize, mut reader: impl Read) -> io::Result<Zeroizing<Vec<u8>>> {
    let mut bytes = USUAL_BYTES.min(enough);
    let mut input = Zeroizing::new(Vec::with_capacity(bytes));
    read_up_to(bytes, &mut reader, &mut input)?;
    while input.len() == bytes && bytes < enough {
        bytes = (bytes * GROWTH).min(enough);
        // No buffer grows by itself: a copy of a secret would be left behind.
        let mut larger = Zeroizing::new(Vec::with_capacity(bytes));
        larger.extend_from_slice(&input);
        input = larger;
        read_up_to(bytes, &mut reader, &mut input)?;
    }
    Ok(input)
}

/// Reads until there are so many bytes or the input ends.
fn read_up_to(bytes: usize, reader: &mut impl Read, document: &mut Vec<u8>) -> io::Result<()> {
    let missing = bytes - document.len();
    reader.take(missing as u64).read_to_end(document).map(drop)
}
