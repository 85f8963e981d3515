//! The command line of `stream` (contract section 7).

use std::num::NonZeroUsize;
use std::str::FromStr;

use clap::{Args, Subcommand};

use super::read_qr::ReadQr;
use super::{Asked, Request, jobs, named};
use crate::named::named;
use crate::otp::OutOfRange;
use crate::symbol_format::SymbolFormat;

/// What stands behind `stream`.
#[derive(Debug, Args)]
#[command(
    about = "Answer to every line of standard input with a line",
    args_conflicts_with_subcommands = true,
    subcommand_value_name = "read-qr",
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
    /// What to draw QR codes as [default: png]
    #[arg(long, value_name = "FORMAT", value_parser = named::<SymbolFormat, _>(SymbolFormat::PICTURES.map(SymbolFormat::name)))]
    format: Option<SymbolFormat>,
}

#[derive(Debug, Subcommand)]
enum StreamReadQr {
    /// Read the secret from the picture, in Base64, of every line
    #[command(
        after_help = READ_QR_AFTER_HELP,
        mut_arg("columns", |columns| {
            columns.help("The columns of a record, separated by a tab: document-base64, and perhaps id [default: document-base64]")
        })
    )]
    ReadQr(Box<ReadQr<RecordArguments>>),
}

/// What is asked of every record, as it was given.
pub type StreamArguments = Asked<RecordArguments>;

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
    /// The columns of a record, separated by tabs: see below [default: document]
    #[arg(long, value_name = "NAMES", value_parser = Columns::from_str)]
    pub columns: Option<Columns>,

    /// Records end with NUL instead of a line feed
    #[arg(long)]
    pub null: bool,

    /// How many threads work: 1 to 1024 [default: the processor's]
    #[arg(long, value_name = "THREADS", value_parser = jobs, allow_negative_numbers = true)]
    pub jobs: Option<NonZeroUsize>,
}

const READ_QR_AFTER_HELP: &str = "\
Each record is a picture of at most 24 MB in Base64 or as a data URL, or has such a column: --columns id,document-base64.
All else is as for stream, and the formats are those of read-qr: see their help. Each thread may take 160 MB of memory for
a picture and 32 MB for its record.

Example:
  for picture in *.png; do base64 -w0 \"$picture\"; echo; done | totp-adapter stream read-qr";

pub(super) const AFTER_HELP: &str = "\
Each record is answered by one line, in order: the status, a tab and the document, and before them the id and a tab
where there is such a column. A QR code is a picture in Base64. No record ends the process; at the end the exit code is 0.

Columns
  document         the XML document; as the last column it takes the rest of the record, tabs included
  document-base64  the same in Base64 or a data URL of it, for documents with line breaks or in UTF-16
  id               anything without a line break, handed through
  operation        instead of --operation, where it is not empty
  issuer, account  instead of --issuer and --account, where they are not empty

A record has at most 128 KiB. The document may be absent where the operation is GenerateSecret.

Examples:
  totp-adapter stream --operation VerifyPassword < documents.tsv > results.tsv
  totp-adapter stream --operation GenerateAuthenticatorQRCode --issuer X4 --columns id,account,document < users.tsv";

/// A column of a record (contract 7.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Column {
    /// Handed through to the answer.
    Id,
    /// The operation.
    Operation,
    /// Whom the account is with.
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

    /// Whether there is a column of this kind, be it a document in the one form or the other.
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
    type Err = OutOfRange;

    fn from_str(text: &str) -> Result<Self, OutOfRange> {
        const WRONG: OutOfRange = OutOfRange {
            expected: "names separated by commas out of id, operation, issuer, account and either document or \
                       document-base64, each at most once,",
        };
        let mut columns = Self(Vec::new());
        for name in text.split(',') {
            let column = name.parse().map_err(|OutOfRange { .. }| WRONG)?;
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
