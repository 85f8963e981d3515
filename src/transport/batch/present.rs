//! What is already where an output is to go (contract 6.2). Nothing is changed here.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

use zeroize::Zeroizing;

use crate::operation::Operation;
use crate::reply::{MATCH, MISMATCH};
use crate::status::Status;
use crate::xml::{self, Document, MAX_DOCUMENT_BYTES};

/// How documents begin that say what was wrong.
const ERROR: &[u8] = b"<Error ";

/// An output of an earlier run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Present {
    /// There is none.
    Nothing,
    /// A file without content, as a machine that loses power may leave it: no output is empty.
    Empty,
    /// The output of an operation that came to this status.
    Output(Status),
    /// A file that is no output of the operation, or cannot be read.
    Other,
}

impl Present {
    /// Looks at a place. Only the answers to a verification tell what it came to; other outputs are successes.
    pub fn at(place: &Path, operation: Operation) -> Self {
        match fs::metadata(place) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Self::Nothing,
            Ok(metadata) if !metadata.is_file() => Self::Other,
            Ok(metadata) if metadata.len() == 0 => Self::Empty,
            Ok(_) if operation != Operation::VerifyPassword => Self::Output(Status::Success),
            Ok(_) => match beginning(place) {
                Ok(document) if *document == MATCH => Self::Output(Status::Success),
                Ok(document) if *document == MISMATCH => Self::Output(Status::Mismatch),
                Ok(_) | Err(_) => Self::Other,
            },
            Err(_) => Self::Other,
        }
    }
}

/// Whether a file is a document with a secret, which would be lost if it were replaced.
pub fn holds_secret(place: &Path) -> bool {
    let Ok(bytes) = beginning(place) else { return false };
    Document::decode(&bytes)
        .is_ok_and(|document| xml::read_secret(&document).is_ok() || xml::read_totp(&document).is_ok())
}

/// Whether a file is a document that says what was wrong, or nothing.
pub fn is_error_document(place: &Path) -> bool {
    beginning(place).is_ok_and(|bytes| bytes.is_empty() || bytes.starts_with(ERROR))
}

/// As much of a file as a document may have, and one byte more.
pub fn beginning(place: &Path) -> io::Result<Zeroizing<Vec<u8>>> {
    const ENOUGH: usize = MAX_DOCUMENT_BYTES + 1;
    // The buffer has its length from the start: one that grew would leave a copy behind.
    let length = fs::metadata(place)?.len().min(ENOUGH as u64);
    let mut bytes = Zeroizing::new(Vec::with_capacity(usize::try_from(length).unwrap_or(ENOUGH)));
    File::open(place)?.take(length).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    // contract 6.2
    #[test]
    fn what_is_there_is_told_apart() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("a.xml");
        let present = |operation| Present::at(&place, operation);
        let verify = Operation::VerifyPassword;
        assert_eq!(present(verify), Present::Nothing);
        for (content, verified) in [
            (&b""[..], Present::Empty),
            (MATCH, Present::Output(Status::Success)),
            (MISMATCH, Present::Output(Status::Mismatch)),
            (b"<Ok/>\n", Present::Other),
            (b"<Password>081804</Password>\n", Present::Other),
        ] {
            fs::write(&place, content).unwrap();
            assert_eq!(present(verify), verified);
            let expected = if content.is_empty() { Present::Empty } else { Present::Output(Status::Success) };
            assert_eq!(present(Operation::GeneratePassword), expected);
        }
        assert_eq!(Present::at(folder.path(), verify), Present::Other);
    }

    #[test]
    fn files_that_are_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("a.xml");
        let is = |content: &str| {
            fs::write(&place, content).unwrap();
            (holds_secret(&place), is_error_document(&place))
        };
        assert_eq!(is("<?xml version='1.0'?><Secret>MZXW6YTB</Secret>"), (true, false));
        assert_eq!(is("<TOTP><Password/><Secret>MZXW6YTB</Secret></TOTP>"), (true, false));
        assert_eq!(is("<Error description=\"x\"/>\n"), (false, true));
        assert_eq!(is(""), (false, true));
        assert_eq!(is("<Password>081804</Password>\n"), (false, false));
    }
}
