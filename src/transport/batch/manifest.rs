//! A table of inputs (contract 6.1): CSV with a header. It does not look for the files.

use std::io::{self, Read};

use csv::{ByteRecord, Reader, ReaderBuilder, StringRecord};
use memchr::memchr_iter;
use thiserror::Error;

use super::inputs::BatchInput;
use super::report;
use super::table::TableError;
use crate::transport::error::reason;
use crate::transport::records::MAX_RECORD_BYTES;
use totp_adapter::named;
use totp_adapter::status::Status;

/// Why a table or one of its rows cannot be used. No variant holds anything of it.
#[derive(Debug, Error)]
pub enum ManifestError {
    /// It is no text, or was none when it was looked at.
    #[error("wrong manifest: {0}")]
    Text(TableError),
    /// The first row is not the one that is needed.
    #[error(
        "wrong manifest: the first row must name the column input (except for GenerateSecret), and may name \
         output, issuer and account, each once, separated by commas"
    )]
    Header,
    /// A quotation mark that is not closed.
    #[error("wrong manifest: a quotation mark is not closed, in line {line} or below")]
    Quote { line: u64 },
    /// Other separators than commas.
    #[error("wrong manifest: the columns are separated by {0}; save the table with commas")]
    Separator(&'static str),
    /// Too many cells or too few.
    #[error("wrong manifest: expected {expected} columns in line {line}, found {found}")]
    Cells { expected: usize, line: u64, found: usize },
    /// The row names no file.
    #[error("wrong manifest: the column input is empty in line {line}")]
    NoInput { line: u64 },
    /// A row that does not end.
    #[error(
        "wrong manifest: a row from line {line} on is longer than {MAX_RECORD_BYTES} bytes \
         (is a quotation mark missing?); the rows after it are left out"
    )]
    TooLong { line: u64 },
    /// It cannot be read any further.
    #[error("cannot read the manifest after line {line}: {}", reason(.error))]
    Read { error: io::Error, line: u64 },
}

/// Checks that the last row of a table has an end: a quotation mark that is not closed would make one cell of all rows
/// behind it. A row without an end that is longer than rows may be is found when it is read.
///
/// # Errors
///
/// [`ManifestError::Quote`] where a quotation mark is not closed; [`ManifestError::Read`] where the table cannot be read.
pub fn check_quotes(table: impl Read) -> Result<(), ManifestError> {
    /// A row that no table has: it is the last one, unless it lies within quotation marks.
    const END: &[u8] = b"\n\x01";
    let table = Limited { reader: table.chain(END), left: 0 };
    let mut reader = ReaderBuilder::new().has_headers(false).flexible(true).from_reader(table);
    let mut record = ByteRecord::new();
    let (mut line, mut is_end, mut uncounted) = (1, false, None);
    loop {
        reader.get_mut().left = MAX_RECORD_BYTES;
        match reader.read_byte_record(&mut record).map_err(csv::Error::into_kind) {
            Ok(true) => {
                let behind = uncounted.unwrap_or(0);
                line = record.position().map_or(0, csv::Position::line) + behind;
                uncounted.get_or_insert_with(|| uncounted_lines(&reader, record.as_slice()));
                is_end = record.iter().eq([&END[1..]]);
            }
            Ok(false) if is_end => return Ok(()),
            Ok(false) => return Err(ManifestError::Quote { line }),
            Err(csv::ErrorKind::Io(error)) if error.kind() == io::ErrorKind::FileTooLarge => return Ok(()),
            Err(csv::ErrorKind::Io(error)) => return Err(ManifestError::Read { error, line }),
            // Of records of bytes, of any length, the crate has no other errors to report.
            Err(_) => return Err(ManifestError::Header),
        }
    }
}

/// A table that is read row by row.
pub struct Manifest<R> {
    reader: Reader<Limited<R>>,
    columns: Vec<Option<ManifestColumn>>,
    record: StringRecord,
    needs_input: bool,
    ended: bool,
    /// What the crate's number of a line lacks.
    uncounted: u64,
}

impl<R: Read> Manifest<R> {
    /// Reads the header.
    pub fn new(table: R, needs_input: bool) -> Result<Self, ManifestError> {
        let table = Limited { reader: table, left: 0 };
        let reader = ReaderBuilder::new().has_headers(false).flexible(true).from_reader(table);
        let (columns, record) = (Vec::new(), StringRecord::new());
        let mut manifest = Self { reader, columns, record, needs_input, ended: false, uncounted: 0 };
        manifest.read_record()?;
        manifest.uncounted = uncounted_lines(&manifest.reader, manifest.record.as_slice().as_bytes());
        let has_status = report::is_header(&manifest.record);
        let columns = manifest.record.iter().map(|cell| cell.parse().ok());
        // In other tables it is about something else, a person perhaps.
        let columns = columns.map(|column| column.filter(|column| has_status || *column != ManifestColumn::Status));
        let columns: Vec<Option<ManifestColumn>> = columns.collect();
        let count = |column| columns.iter().filter(|other| **other == Some(column)).count();
        let is_repeated = ManifestColumn::ALL.into_iter().any(|column| count(column) > 1);
        // A table with none of the columns is most likely one with other separators.
        let is_foreign = columns.iter().all(Option::is_none);
        if is_foreign && let Some(separator) = manifest.record.get(0).and_then(other_separator) {
            return Err(ManifestError::Separator(separator));
        }
        if is_repeated || is_foreign || needs_input && count(ManifestColumn::Input) == 0 {
            return Err(ManifestError::Header);
        }
        manifest.columns = columns;
        Ok(manifest)
    }

    /// The next row, or why it cannot be used; an empty cell says nothing. Spreadsheets leave rows without content, which are none.
    pub fn next_row(&mut self) -> Option<Result<BatchInput, ManifestError>> {
        loop {
            match self.read_record() {
                Ok(true) if self.record.iter().all(|cell| cell.trim().is_empty()) => {}
                Ok(true) => return Some(self.row()),
                Ok(false) => return None,
                Err(error) => return Some(Err(error)),
            }
        }
    }

    /// Reads the next record; after an error there is none.
    fn read_record(&mut self) -> Result<bool, ManifestError> {
        if self.ended {
            return Ok(false);
        }
        let line = self.reader.position().line() + self.uncounted;
        self.reader.get_mut().left = MAX_RECORD_BYTES;
        let result = self.reader.read_record(&mut self.record).map_err(|error| match error.into_kind() {
            csv::ErrorKind::Io(error) if error.kind() == io::ErrorKind::FileTooLarge => ManifestError::TooLong { line },
            csv::ErrorKind::Io(error) => ManifestError::Read { error, line },
            csv::ErrorKind::Utf8 { .. } => ManifestError::Text(TableError::Windows1252 { line }),
            // Of records of any length, the crate has no other errors to report.
            _ => ManifestError::Header,
        });
        self.ended = !matches!(result, Ok(true));
        result
    }

    fn row(&self) -> Result<BatchInput, ManifestError> {
        let line = self.record.position().map_or(0, csv::Position::line) + self.uncounted;
        let (expected, found) = (self.columns.len(), self.record.len());
        if expected != found {
            return Err(ManifestError::Cells { expected, line, found });
        }
        let mut row = BatchInput::default();
        for (column, cell) in self.columns.iter().zip(&self.record) {
            let Some(column) = column else { continue };
            match column {
                ManifestColumn::Status => row.has_failed = cell != Status::Success.text(),
                ManifestColumn::Input | ManifestColumn::Output | ManifestColumn::Issuer | ManifestColumn::Account
                    if cell.is_empty() => {}
                ManifestColumn::Input => row.file = Some(cell.into()),
                ManifestColumn::Output => row.output = Some(cell.into()),
                ManifestColumn::Issuer => row.issuer = Some(cell.to_owned()),
                ManifestColumn::Account => row.account = Some(cell.to_owned()),
            }
        }
        if self.needs_input && row.file.is_none() && !row.has_failed {
            return Err(ManifestError::NoInput { line });
        }
        Ok(row)
    }
}

/// How many line feeds behind the first row the crate has not counted, and so none of those behind later rows: where rows end
/// with a carriage return as well, it takes the line feed for a part of the next one.
fn uncounted_lines<R: Read>(reader: &Reader<R>, first_row: &[u8]) -> u64 {
    let behind_first = 2 + memchr_iter(b'\n', first_row).count() as u64;
    behind_first.saturating_sub(reader.position().line())
}

/// What separates the columns of a first row that has no commas, if one of them matters.
fn other_separator(row: &str) -> Option<&'static str> {
    let separates = |separator: char| {
        row.split(separator).count() > 1
            && row.split(separator).any(|cell| cell.trim().parse::<ManifestColumn>().is_ok())
    };
    [(';', "semicolons"), ('\t', "tabs")].into_iter().find(|(separator, _)| separates(*separator)).map(|(_, name)| name)
}

/// The columns that matter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ManifestColumn {
    Input,
    Output,
    Issuer,
    Account,
    Status,
}

named!(parsed ManifestColumn { Input = "input", Output = "output", Issuer = "issuer", Account = "account", Status = "status" });

/// A reader that fails where a record takes too much: the CSV reader would keep all of it.
struct Limited<R> {
    reader: R,
    left: usize,
}

impl<R: Read> Read for Limited<R> {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        if self.left == 0 {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let read = self.reader.read(room)?;
        self.left = self.left.saturating_sub(read);
        Ok(read)
    }
}

#[cfg(test)]
mod tests;
