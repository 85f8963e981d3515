//! What can be wrong with a document: one kind a variant, what was expected, and where. Nothing that came in is quoted.

use std::fmt;

use thiserror::Error;

/// A place in a document, counted in characters of the decoded text (a byte order mark is none of them).
/// A line ends with LF, CR or both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// From 1.
    pub line: usize,
    /// From 1.
    pub column: usize,
}

impl Position {
    /// The place of the character that begins at the byte `offset` of `text`.
    pub(super) fn of(text: &str, offset: usize) -> Self {
        let mut position = Self { line: 1, column: 1 };
        for (index, c) in text[..offset].char_indices() {
            match c {
                // The LF of this pair counts the line.
                '\r' if text[index + 1..].starts_with('\n') => position.column += 1,
                '\r' | '\n' => position = Self { line: position.line + 1, column: 1 },
                _ => position.column += 1,
            }
        }
        position
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)
    }
}

/// Why a document was not accepted (contract 1.4, 1.6). The message begins with the kind of error.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ReadError {
    /// More bytes than 64 KiB (contract 2.6): send less.
    #[error("too large: expected a document of at most {limit} bytes")]
    TooLarge {
        /// The number of bytes that are accepted.
        limit: usize,
    },
    /// More elements inside one another than 16 (contract 2.6): send the documents of the contract.
    #[error("too deep: expected elements nested at most {limit} deep, found more at {at}")]
    TooDeep {
        /// The number of levels that are accepted.
        limit: usize,
        /// Where the first element beyond it begins.
        at: Position,
    },
    /// No document at all, or nothing but white space: send one.
    #[error("not well-formed: expected {expected}, found an empty document")]
    Empty {
        /// What the operation takes.
        expected: &'static str,
    },
    /// Correct perhaps, but of no use here: a DOCTYPE (contract 2.4) or an encoding (contract 2.5).
    #[error("not supported: expected {expected} at {at}")]
    NotSupported {
        /// What is accepted instead.
        expected: &'static str,
        /// Where it stands.
        at: Position,
    },
    /// Against XML 1.0, Namespaces in XML 1.0 or the encoding of the document (2.2, 2.3, 2.5).
    #[error("not well-formed: expected {expected} at {at}")]
    NotWellFormed {
        /// What the grammar demands.
        expected: &'static str,
        /// Where it does.
        at: Position,
    },
    /// Well-formed, but not the document that the operation takes (1.1, 2.2).
    #[error("wrong structure: expected {expected} at {at}")]
    WrongStructure {
        /// What the operation takes.
        expected: &'static str,
        /// Where the document departs from it.
        at: Position,
    },
}

/// An error whose place is still an offset into the text: [`OffsetError::in_text`] turns it into what users read.
#[derive(Debug)]
pub(super) struct OffsetError {
    pub kind: OffsetErrorKind,
    pub offset: usize,
}

#[derive(Debug)]
pub(super) enum OffsetErrorKind {
    TooDeep { limit: usize },
    Empty(&'static str),
    NotSupported(&'static str),
    NotWellFormed(&'static str),
    WrongStructure(&'static str),
}

impl OffsetError {
    pub fn not_well_formed(expected: &'static str, offset: usize) -> Self {
        Self { kind: OffsetErrorKind::NotWellFormed(expected), offset }
    }

    pub fn not_supported(expected: &'static str, offset: usize) -> Self {
        Self { kind: OffsetErrorKind::NotSupported(expected), offset }
    }

    pub fn in_text(self, text: &str) -> ReadError {
        let at = Position::of(text, self.offset);
        match self.kind {
            OffsetErrorKind::TooDeep { limit } => ReadError::TooDeep { limit, at },
            OffsetErrorKind::Empty(expected) => ReadError::Empty { expected },
            OffsetErrorKind::NotSupported(expected) => ReadError::NotSupported { expected, at },
            OffsetErrorKind::NotWellFormed(expected) => ReadError::NotWellFormed { expected, at },
            OffsetErrorKind::WrongStructure(expected) => ReadError::WrongStructure { expected, at },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // contract 1.6b
    #[test]
    fn every_line_end_counts_once_and_columns_are_characters() {
        let text = "a\nb\r\nc\rdäx";
        for (offset, line, column) in
            [(0, 1, 1), (1, 1, 2), (2, 2, 1), (4, 2, 3), (5, 3, 1), (7, 4, 1), (8, 4, 2), (10, 4, 3), (11, 4, 4)]
        {
            assert_eq!(Position::of(text, offset), Position { line, column }, "{offset}");
        }
    }
}
