//! What is already where an output is to go (contract 6.2). Nothing is changed here.

use std::fs;
use std::io;
use std::path::Path;

use crate::transport::files::beginning;
use totp_adapter::operation::Operation;
use totp_adapter::reply::{MATCH, MISMATCH};
use totp_adapter::status::Status;

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

/// Whether a file is a document that says what was wrong, or nothing.
pub fn is_error_document(place: &Path) -> bool {
    beginning(place).is_ok_and(|bytes| bytes.is_empty() || bytes.starts_with(ERROR))
}

#[cfg(test)]
mod tests {
    use super::*;

    // contract 6.2j, 6.2k
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

    // contract 6.2k
    #[test]
    fn documents_that_say_what_was_wrong() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("a.error.xml");
        for (content, is_error) in
            [("<Error description=\"x\"/>\n", true), ("", true), ("<Secret>MZXW6YTB</Secret>", false), ("mine", false)]
        {
            fs::write(&place, content).unwrap();
            assert_eq!(is_error_document(&place), is_error, "{content}");
        }
    }
}
