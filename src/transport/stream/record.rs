//! One record taken apart into its columns (contract 7.1, 7.3). It does not look into the document.

use thiserror::Error;
use zeroize::Zeroizing;

use super::base64;
use crate::cli::{Column, Columns};
use crate::transport::session::Names;
use totp_adapter::operation::Operation;

/// What a record says. Of the names an empty cell says nothing.
pub struct Record<'a> {
    /// What to do.
    pub operation: Operation,
    /// Whose it is.
    pub names: Names<'a>,
    /// The document, empty where the operation takes none.
    pub document: DocumentBytes<'a>,
}

/// A document as it stands in the record, or what it encodes.
pub enum DocumentBytes<'a> {
    /// A part of the record.
    Plain(&'a [u8]),
    /// Bytes of its own.
    Decoded(Zeroizing<Vec<u8>>),
}

impl DocumentBytes<'_> {
    /// The bytes.
    pub fn bytes(&self) -> &[u8] {
        match self {
            Self::Plain(bytes) => bytes,
            Self::Decoded(bytes) => bytes,
        }
    }
}

/// Why a record cannot be taken apart. No variant holds anything of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum RecordError {
    /// The record is longer than the limit.
    #[error("too long: expected a record of at most {0} bytes")]
    TooLong(usize),
    /// An id that would not stand on one line, or that NUL would cut.
    #[error("wrong record: the id has a line break or NUL")]
    Id,
    /// Too many columns or too few.
    #[error("wrong record: expected {expected} columns separated by tabs, found {found}")]
    Columns { expected: usize, found: usize },
    /// The operation is none of the four.
    #[error("wrong record: expected {} in the column operation", Operation::EXPECTED)]
    Operation,
    /// Neither the record nor the command line names the operation.
    #[error("wrong record: no operation; expected {} in the column operation, or for --operation", Operation::EXPECTED)]
    NoOperation,
    /// The document is no Base64.
    #[error("wrong record: expected Base64 or a data URL of it in the column document-base64")]
    Base64,
    /// A data URL whose document is percent-encoded, or that has none.
    #[error("wrong record: expected a data URL with ;base64 before its comma in the column document-base64")]
    DataUrl,
}

/// The id of a record, where it is sound, and what the record says; `operation` is the one of records that name none.
pub fn take_apart<'a>(
    columns: &Columns,
    operation: Option<Operation>,
    max_bytes: usize,
    record: &'a [u8],
) -> (Option<&'a [u8]>, Result<Record<'a>, RecordError>) {
    let cells = Cells::of(columns, record);
    let operation = cells.operation(operation);
    let is_whole = record.len() <= max_bytes;
    let fits = cells.fit(operation);
    // A record that was cut may have more tabs, unless they belong to the document.
    let is_counted = fits && (is_whole || matches!(columns.as_slice(), [.., Column::Document]));
    // With a tab too many or too few, only the first cell is surely the one of its column; and without any tab it may
    // be the document. The last cell of a record that was cut may go on.
    let is_sound = |(index, _): &(usize, &[u8])| {
        let is_ended = index + 1 < cells.found;
        is_counted && (is_whole || is_ended) || *index == 0 && is_ended
    };
    let id = cells.id().filter(is_sound).map(|(_, id)| id);
    let one_line = id.filter(|id| memchr::memchr3(b'\n', b'\r', 0, id).is_none());
    let result = if !is_whole {
        Err(RecordError::TooLong(max_bytes))
    } else if one_line != id {
        Err(RecordError::Id)
    } else if !fits {
        Err(RecordError::Columns { expected: columns.as_slice().len(), found: cells.found })
    } else {
        operation.and_then(|operation| cells.record(operation))
    };
    (one_line, result)
}

/// The cells of a record.
struct Cells<'a, 'c> {
    columns: &'c [Column],
    record: &'a [u8],
    found: usize,
}

impl<'a, 'c> Cells<'a, 'c> {
    fn of(columns: &'c Columns, record: &'a [u8]) -> Self {
        let columns = columns.as_slice();
        // A document in the last column may have tabs of its own.
        let found = match columns {
            [Column::Document] => 1,
            [.., Column::Document] => columns.len().min(tabs(record) + 1),
            _ => tabs(record) + 1,
        };
        Self { columns, record, found }
    }

    fn iter(&self) -> impl Iterator<Item = (Column, &'a [u8])> {
        self.columns.iter().copied().zip(self.record.splitn(self.columns.len(), |byte| *byte == b'\t'))
    }

    /// The cell of a column, with its place.
    fn id(&self) -> Option<(usize, &'a [u8])> {
        let (index, (_, id)) = self.iter().enumerate().find(|(_, (column, _))| *column == Column::Id)?;
        Some((index, id))
    }

    /// The operation that the record names, or this one.
    fn operation(&self, default: Option<Operation>) -> Result<Operation, RecordError> {
        match self.iter().find(|(column, _)| *column == Column::Operation) {
            Some((_, name)) if !name.is_empty() => {
                let name = std::str::from_utf8(name).map_err(|_| RecordError::Operation)?;
                name.parse().map_err(|_| RecordError::Operation)
            }
            Some(_) | None => default.ok_or(RecordError::NoOperation),
        }
    }

    /// Whether there are as many cells as columns. The document may be absent where the operation takes none.
    fn fit(&self, operation: Result<Operation, RecordError>) -> bool {
        let may_be_absent = operation.is_ok_and(|operation| operation.input().is_none())
            && matches!(self.columns, [.., Column::Document | Column::DocumentBase64]);
        self.found == self.columns.len() || may_be_absent && self.found + 1 == self.columns.len()
    }

    fn record(&self, operation: Operation) -> Result<Record<'a>, RecordError> {
        let mut record = Record { operation, names: Names::default(), document: DocumentBytes::Plain(&[]) };
        for (column, cell) in self.iter() {
            let name = Some(cell).filter(|cell| !cell.is_empty());
            match column {
                Column::Id | Column::Operation => {}
                Column::Issuer => record.names.issuer = name,
                Column::Account => record.names.account = name,
                Column::Document | Column::DocumentBase64 if operation.input().is_none() => {}
                Column::Document => record.document = DocumentBytes::Plain(cell),
                Column::DocumentBase64 => record.document = DocumentBytes::Decoded(base64::decode(cell)?),
            }
        }
        Ok(record)
    }
}

fn tabs(record: &[u8]) -> usize {
    memchr::memchr_iter(b'\t', record).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transport::records::MAX_RECORD_BYTES;

    /// The id, then the cells or the error.
    fn taken_apart(columns: &str, operation: Operation, record: &str) -> (Option<String>, Result<String, RecordError>) {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        let columns = columns.parse().unwrap();
        let (id, record) = take_apart(&columns, Some(operation), MAX_RECORD_BYTES, record.as_bytes());
        let record = record.map(|record| {
            let names =
                [record.names.issuer, record.names.account].map(|name| name.map_or("-".to_owned(), text)).join(" ");
            format!("{} {names} {}", record.operation.name(), text(record.document.bytes()))
        });
        (id.map(text), record)
    }

    const PASSWORD: Operation = Operation::GeneratePassword;

    // contract 7.1b, 7.1d
    #[test]
    fn columns_in_any_order() {
        let id = |id: &str| Some(id.to_owned());
        let says = |text: &str| Ok(text.to_owned());
        assert_eq!(taken_apart("document", PASSWORD, "<a\t/>"), (None, says("GeneratePassword - - <a\t/>")));
        assert_eq!(taken_apart("id,document", PASSWORD, "7\t<a\t/>"), (id("7"), says("GeneratePassword - - <a\t/>")));
        assert_eq!(taken_apart("document,id", PASSWORD, "<a/>\t7"), (id("7"), says("GeneratePassword - - <a/>")));
        assert_eq!(
            taken_apart("id,document-base64", PASSWORD, "7\tPGEvPg=="),
            (id("7"), says("GeneratePassword - - <a/>"))
        );
        let all = "operation,issuer,account,id,document";
        assert_eq!(
            taken_apart(all, PASSWORD, "VerifyPassword\tX4\tme\t\t<a/>"),
            (id(""), says("VerifyPassword X4 me <a/>"))
        );
        assert_eq!(taken_apart(all, PASSWORD, "\t\t\tj k\t"), (id("j k"), says("GeneratePassword - - ")));
    }

    // contract 7.1e: the document may be absent for GenerateSecret, and then does not matter.
    #[test]
    fn an_absent_document() {
        let secret = Operation::GenerateSecret;
        let nothing = || Ok("GenerateSecret - - ".to_owned());
        assert_eq!(taken_apart("id,document", secret, "7"), (Some("7".into()), nothing()));
        assert_eq!(
            taken_apart("operation,id,document-base64", PASSWORD, "GenerateSecret\t7"),
            (Some("7".into()), nothing())
        );
        assert_eq!(taken_apart("id,document-base64", secret, "7\tno Base64"), (Some("7".into()), nothing()));
        let wrong = RecordError::Columns { expected: 2, found: 1 };
        assert_eq!(taken_apart("id,document", PASSWORD, "<Secret>MZXW6YTB</Secret>"), (None, Err(wrong)));
        assert_eq!(taken_apart("document,id", secret, "<a/>"), (None, Err(wrong)));
    }

    // contract 7.3a
    #[test]
    fn an_id_is_given_only_where_it_is_sound() {
        let wrong = |expected, found| Err(RecordError::Columns { expected, found });
        assert_eq!(taken_apart("id,document-base64", PASSWORD, "7\tPGEvPg==\t"), (Some("7".into()), wrong(2, 3)));
        assert_eq!(taken_apart("document,id", PASSWORD, "<Secret>MZXW\t6YTB</Secret>\t7"), (None, wrong(2, 3)));
        assert_eq!(
            taken_apart("operation,id,document", PASSWORD, "7\t<a/>"),
            (None, Err(RecordError::Columns { expected: 3, found: 2 }))
        );
        for id in ["7\r", "7\n8", "\0"] {
            assert_eq!(taken_apart("id,document", PASSWORD, &format!("{id}\t<a/>")), (None, Err(RecordError::Id)));
        }
        let long = "x".repeat(MAX_RECORD_BYTES);
        for (columns, record, id) in [
            ("id,document", format!("7\t{long}"), Some("7")),
            ("operation,id,document", format!("\t7\t{long}"), Some("7")),
            ("account,id,document-base64", format!("me\t7\t{long}"), None),
            ("id,document", format!("7{long}"), None),
            ("document,id", format!("{long}\t7"), None),
            ("document", format!("{long}x"), None),
        ] {
            let expected = (id.map(str::to_owned), Err(RecordError::TooLong(MAX_RECORD_BYTES)));
            assert_eq!(taken_apart(columns, PASSWORD, &record), expected, "{columns}");
        }
        assert!(taken_apart("document", PASSWORD, &long).1.is_ok());
    }

    // contract 7.3a
    #[test]
    fn cells_that_say_nothing_usable() {
        assert_eq!(taken_apart("operation,document", PASSWORD, "password\t<a/>").1, Err(RecordError::Operation));
        assert_eq!(taken_apart("document-base64", PASSWORD, "PGEvP").1, Err(RecordError::Base64));
        assert_eq!(taken_apart("document-base64", PASSWORD, "data:,<a/>").1, Err(RecordError::DataUrl));
        let (_, record) = take_apart(&"operation,document".parse().unwrap(), None, MAX_RECORD_BYTES, b"\t<a/>");
        assert_eq!(record.err(), Some(RecordError::NoOperation));
    }
}
