//! The command line of `stream` (contract section 7).

use std::num::NonZeroUsize;
use std::str::FromStr;

use clap::{Args, Subcommand};

use super::read_qr::ReadQr;
use super::{BulkRequest, Request, jobs, named};
use totp_adapter::named;
use totp_adapter::otp::OutOfRangeError;
use totp_adapter::symbol_format::SymbolFormat;

/// The command line behind `stream`.
#[derive(Debug, Args)]
#[command(
    about = "Answer each line of standard input with one line",
    args_conflicts_with_subcommands = true,
    override_usage = "totp-adapter stream [OPTIONS]\n       totp-adapter stream read-qr [OPTIONS]",
    subcommand_help_heading = "Pictures in Base64",
    disable_help_subcommand = true
)]
pub(super) struct StreamCommand {
    #[command(subcommand)]
    read_qr: Option<StreamReadQr>,
    #[command(flatten)]
    request: Request,
    #[command(flatten)]
    records: RecordArguments,
    /// Format of QR codes [default: png]
    #[arg(long, value_name = "FORMAT", value_parser = named::<SymbolFormat, _>(SymbolFormat::PICTURES.map(SymbolFormat::name)))]
    format: Option<SymbolFormat>,
}

#[derive(Debug, Subcommand)]
enum StreamReadQr {
    /// Read the secret from a picture in Base64 on each line
    #[command(
        after_help = READ_QR_AFTER_HELP,
        mut_arg("columns", |columns| {
            columns.help("Columns of a record, separated by tabs: document-base64, and optionally id [default: document-base64]")
        })
    )]
    ReadQr(Box<ReadQr<RecordArguments>>),
}

/// What is asked of every record, as it was given.
pub type StreamArguments = BulkRequest<RecordArguments>;

impl From<StreamCommand> for StreamArguments {
    fn from(StreamCommand { read_qr, request, records, format }: StreamCommand) -> Self {
        match read_qr {
            Some(StreamReadQr::ReadQr(read_qr)) => read_qr.asked(),
            None => Self { request, way: records, format },
        }
    }
}

/// What records look like and who works on them, as it was given.
#[derive(Debug, Args)]
pub struct RecordArguments {
    /// Columns of a record, separated by tabs: see below [default: document]
    #[arg(long, value_name = "NAMES", value_parser = Columns::from_str)]
    pub columns: Option<Columns>,

    /// Records end with NUL instead of a line feed
    #[arg(long)]
    pub null: bool,

    /// Number of threads: 1 to 1024 [default: one per core]
    #[arg(long, value_name = "THREADS", value_parser = jobs, allow_negative_numbers = true)]
    pub jobs: Option<NonZeroUsize>,
}

const READ_QR_AFTER_HELP: &str = "\
Each record is a picture of at most 24 MB in Base64 or as a data URL, alone or behind an id: --columns id,document-base64.
Everything else works as in stream, and the formats are those of read-qr: see their help. Each thread may use 160 MB of
memory for a picture and 32 MB for its record.

Example:
  for picture in *.png; do base64 -w0 \"$picture\"; echo; done | totp-adapter stream read-qr";

pub(super) const AFTER_HELP: &str = "\
Each record is answered with one line, in order: the status, a tab and the document. With a column id, the id and a tab
come first. A QR code is a picture in Base64. No record ends the process; at the end the exit code is 0.

Columns
  document         the XML document; as the last column it takes the rest of the record, tabs included
  document-base64  the same in Base64 or a data URL of it, for documents with line breaks or in UTF-16
  id               any text without a line break, passed through
  operation        replaces --operation unless it is empty
  issuer, account  replace --issuer and --account unless they are empty

A record has at most 128 KiB. GenerateSecret needs no document.

Examples:
  totp-adapter stream --operation VerifyPassword < documents.tsv > results.tsv
  totp-adapter stream --operation GenerateAuthenticatorQRCode --issuer X4 --columns id,account,document < users.tsv";

/// A column of a record (contract 7.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Column {
    /// Passed through to the answer.
    Id,
    /// The operation.
    Operation,
    /// The issuer.
    Issuer,
    /// The account.
    Account,
    /// The document as it is.
    Document,
    /// The document in Base64.
    DocumentBase64,
}

named!(parsed Column {
    Id = "id",
    Operation = "operation",
    Issuer = "issuer",
    Account = "account",
    Document = "document",
    DocumentBase64 = "document-base64",
});

impl Column {
    /// What a record can have only one of: the document comes in one form or the other.
    const fn kind(self) -> Self {
        match self {
            Self::Document | Self::DocumentBase64 => Self::Document,
            Self::Id | Self::Operation | Self::Issuer | Self::Account => self,
        }
    }
}

/// The columns of a record: at least one, none of a kind twice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Columns(Vec<Column>);

impl Columns {
    /// A picture, which no line can have as it is.
    #[must_use]
    pub fn of_picture() -> Self {
        Self(vec![Column::DocumentBase64])
    }

    /// The columns in their order.
    #[must_use]
    pub fn as_slice(&self) -> &[Column] {
        &self.0
    }

    /// Whether there is a column of this kind; a document counts in either form.
    #[must_use]
    pub fn contains(&self, column: Column) -> bool {
        self.0.iter().any(|other| other.kind() == column.kind())
    }
}

impl Default for Columns {
    fn default() -> Self {
        Self(vec![Column::Document])
    }
}

impl FromStr for Columns {
    type Err = OutOfRangeError;

    fn from_str(text: &str) -> Result<Self, OutOfRangeError> {
        const WRONG: OutOfRangeError = OutOfRangeError {
            expected: "names out of id, operation, issuer, account and either document or document-base64, separated by \
                       commas and each at most once,",
        };
        let mut columns = Self(Vec::new());
        for name in text.split(',') {
            let column = name.parse().map_err(|OutOfRangeError { .. }| WRONG)?;
            if columns.contains(column) {
                return Err(WRONG);
            }
            columns.0.push(column);
        }
        Ok(columns)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // contract 7.1b
    #[test]
    fn columns_are_named_once_each() {
        let names =
            |text: &str| Some(text.parse::<Columns>().ok()?.0.into_iter().map(Column::name).collect::<Vec<_>>());
        assert_eq!(names("account,document,id"), Some(vec!["account", "document", "id"]));
        assert_eq!(names("operation,issuer,document-base64"), Some(vec!["operation", "issuer", "document-base64"]));
        for wrong in ["", "id,", "id,id", "document,document-base64", "Document", "id, document", "id;document"] {
            assert_eq!(names(wrong), None, "{wrong}");
        }
    }
}
