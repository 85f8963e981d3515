//! A table as the bytes of UTF-8 text (contract 6.1): opened, and looked at to its end before the first of its rows is taken. It
//! knows nothing of rows and columns.
//!
//! A secret that is made for a name that cannot be read is made for nobody, so that no secret is made before the whole table is
//! known to be text. What comes from a pipe is kept in memory, and beyond [`MAX_MEMORY_BYTES`] in a file without a name.

use std::fs::{File, Metadata};
use std::io::{self, Read, Seek};

use memchr::{memchr, memchr_iter};
use tempfile::{SpooledTempFile, spooled_tempfile};
use thiserror::Error;

use crate::transport::byte_order_mark::{TextReader, Utf16Error};
use crate::transport::error::ChangedError;
use crate::transport::files::InputStream;

/// How much of a table from a pipe is kept in memory.
const MAX_MEMORY_BYTES: usize = 1 << 20;
/// How much is looked at at once.
const BLOCK_BYTES: usize = 64 * 1024;

/// A table that is UTF-8 to its end, or was when it was looked at.
pub enum Table {
    /// A file, and what it was when it was looked at.
    File(File, Metadata),
    /// What came from a pipe.
    Spooled(SpooledTempFile),
}

/// Why a table is not text. No variant holds anything of it.
#[derive(Debug, Error)]
pub enum TableError {
    /// It cannot be read, or not be kept.
    #[error(transparent)]
    Read(#[from] io::Error),
    /// It has the mark of UTF-16, or as many bytes of zero as a text in ASCII has in UTF-16.
    #[error(
        "the table seems to be in UTF-16 (\"Unicode text\"); save it as \"CSV UTF-8\", or convert it with \
         iconv -f UTF-16 -t UTF-8"
    )]
    Utf16,
    /// It has a byte of zero, which no text has.
    #[error("the table is not a text: it has a zero byte in line {line}")]
    Zero {
        /// The line, from 1.
        line: u64,
    },
    /// It has bytes that are not UTF-8.
    #[error(
        "the table seems to be in windows-1252 (plain \"CSV\" of Windows), by its line {line}; save it as \
         \"CSV UTF-8\", or convert it with iconv -f WINDOWS-1252 -t UTF-8"
    )]
    Windows1252 {
        /// The line, from 1.
        line: u64,
    },
}

impl Table {
    /// Looks at a table to its end, and goes back to its begin.
    ///
    /// # Errors
    ///
    /// [`TableError`] where it cannot be read, or is not UTF-8.
    pub fn new(stream: InputStream) -> Result<Self, TableError> {
        match stream {
            InputStream::File(mut file) if file.metadata()?.is_file() => {
                let metadata = file.metadata()?;
                check(&mut file)?;
                file.rewind()?;
                Ok(Self::File(file, metadata))
            }
            mut stream @ (InputStream::File(_) | InputStream::Console(_)) => {
                let mut spooled = spooled_tempfile(MAX_MEMORY_BYTES);
                io::copy(&mut stream, &mut spooled)?;
                spooled.rewind()?;
                check(&mut spooled)?;
                spooled.rewind()?;
                Ok(Self::Spooled(spooled))
            }
        }
    }
}

impl Table {
    /// Goes back to the begin.
    pub fn rewind(&mut self) -> io::Result<()> {
        match self {
            Self::File(file, _) => file.rewind(),
            Self::Spooled(spooled) => spooled.rewind(),
        }
    }
}

impl Read for Table {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::File(file, before) => {
                let read = file.read(room)?;
                // What was taken by then is half of one table and half of another.
                if read == 0 && !room.is_empty() && is_changed(before, &file.metadata()?) {
                    return Err(io::Error::other(ChangedError));
                }
                Ok(read)
            }
            Self::Spooled(spooled) => spooled.read(room),
        }
    }
}

fn is_changed(before: &Metadata, now: &Metadata) -> bool {
    before.len() != now.len() || before.modified().ok() != now.modified().ok()
}

/// Reads to the end.
fn check(table: &mut impl Read) -> Result<(), TableError> {
    let mut table = TextReader::new(table);
    let mut block = vec![0; BLOCK_BYTES];
    let (mut kept, mut line) = (0, 1);
    loop {
        let read = match table.read(&mut block[kept..]) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) if Utf16Error::of(&error).is_some() => return Err(TableError::Utf16),
            read => read?,
        };
        let bytes = &block[..kept + read];
        // In UTF-16 every character of ASCII has such a byte; a table of text has none.
        if let Some(zero) = memchr(0, bytes) {
            let is_utf_16 = line == 1 && memchr_iter(0, bytes).count() * 3 >= bytes.len();
            let line = line + lines(&bytes[..zero]);
            return Err(if is_utf_16 { TableError::Utf16 } else { TableError::Zero { line } });
        }
        let text = match std::str::from_utf8(bytes) {
            Ok(text) => text.len(),
            // The rest of the last character is in the next block.
            Err(error) if error.error_len().is_none() && read > 0 => error.valid_up_to(),
            Err(error) => return Err(TableError::Windows1252 { line: line + lines(&bytes[..error.valid_up_to()]) }),
        };
        if read == 0 {
            return Ok(());
        }
        line += lines(&bytes[..text]);
        kept = bytes.len() - text;
        block.copy_within(text..text + kept, 0);
    }
}

fn lines(text: &[u8]) -> u64 {
    memchr_iter(b'\n', text).count() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(table: &[u8], piece: usize) -> Result<(), String> {
        struct Pieces<'a>(&'a [u8], usize);
        impl Read for Pieces<'_> {
            fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
                self.0.take(self.1 as u64).read(room).inspect(|read| self.0 = &self.0[*read..])
            }
        }
        check(&mut Pieces(table, piece)).map_err(|error| error.to_string())
    }

    // contract 6.1h
    #[test]
    fn tables_that_are_no_text() {
        let utf_16 = |unit: fn(u16) -> [u8; 2], text: &str| -> Vec<u8> { text.encode_utf16().flat_map(unit).collect() };
        for piece in [1, 2, 3, usize::MAX] {
            for text in ["", "account\n", "\u{feff}account\nJ\u{f6}rg \u{20ac} \u{1f511}\n\u{1f511}"] {
                assert_eq!(checked(text.as_bytes(), piece), Ok(()), "{text}");
            }
            for table in [&b"account\nmax\nJ\xf6rg\n"[..], b"account\r\nmax\r\n\xe2\x82", b"a\nb\n\x80"] {
                assert!(
                    checked(table, piece)
                        .unwrap_err()
                        .contains("windows-1252 (plain \"CSV\" of Windows), by its line 3"),
                    "{piece}"
                );
            }
            assert!(checked(b"account\nann\nj\0\n", piece).unwrap_err().contains("a zero byte in line 3"));
            for unit in [u16::to_le_bytes, u16::to_be_bytes] {
                for text in ["\u{feff}account\n", "account\n"] {
                    let error = checked(&utf_16(unit, text), piece).unwrap_err();
                    assert!(error.contains("seems to be in UTF-16"), "{error}");
                }
            }
        }
    }

    // contract 6.1v
    #[test]
    fn a_table_that_is_changed_while_it_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("table.csv");
        for (added, is_error) in [("", false), ("more\n", true)] {
            std::fs::write(&place, "input\na.xml\n").unwrap();
            let mut table = Table::new(InputStream::open(&place).unwrap()).unwrap();
            std::io::Write::write_all(&mut File::options().append(true).open(&place).unwrap(), added.as_bytes())
                .unwrap();
            let mut text = String::new();
            let error = table.read_to_string(&mut text).err().map(|error| crate::transport::error::reason(&error));
            assert_eq!(error.as_deref(), is_error.then_some("the file was changed while it was read"));
        }
    }

    #[test]
    fn characters_across_blocks() {
        for before in BLOCK_BYTES - 4..BLOCK_BYTES + 2 {
            let text = format!("{}\u{1f511}\u{20ac}\n", "x".repeat(before));
            assert_eq!(checked(text.as_bytes(), usize::MAX), Ok(()));
            let broken = [text.as_bytes(), b"\xff"].concat();
            assert!(checked(&broken, usize::MAX).unwrap_err().contains("line 2"), "{before}");
        }
    }
}
