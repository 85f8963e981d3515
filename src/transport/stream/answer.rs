//! Records to lines (contract 7.2): what stands in a record is answered as the filter answers it.

use zeroize::Zeroizing;

use super::record::{Record, RecordError, take_apart};
use crate::cli::{Column, Columns};
use crate::operation::Operation;
use crate::reply::{Body, Reply};
use crate::symbol_format::SymbolFormat;
use crate::transport::session::{Names, Session};

/// What holds for all records.
pub struct Answering {
    /// What records look like.
    pub columns: Columns,
    /// The operation of records that name none.
    pub operation: Option<Operation>,
    /// The most bytes of a record.
    pub max_record_bytes: usize,
    /// Who answers.
    pub session: Session,
    /// What QR codes are drawn as.
    pub format: SymbolFormat,
}

impl Answering {
    /// Adds the line that answers to a record.
    pub fn answer(&self, record: &[u8], lines: &mut Lines) {
        let (id, record) = take_apart(&self.columns, self.operation, self.max_record_bytes, record);
        if self.columns.contains(Column::Id) {
            lines.append(id.unwrap_or_default());
            lines.append(b"\t");
        }
        let reply = record.map_or_else(refusal, |record| self.respond(&record));
        lines.append(reply.status.text().as_bytes());
        lines.append(b"\t");
        match reply.body {
            Body::Constant(document) => lines.append(document),
            body => lines.append(&body.into_line(self.format)),
        }
    }

    fn respond(&self, record: &Record<'_>) -> Reply {
        let names = Names { issuer: record.issuer, account: record.account };
        self.session.respond(record.operation, names, record.document.bytes())
    }
}

fn refusal(error: RecordError) -> Reply {
    Reply::error(&error.to_string())
}

/// Lines that have not been written yet.
pub struct Lines(Zeroizing<Vec<u8>>);

impl Lines {
    /// More than the answers to a block of usual records take.
    const USUAL_BYTES: usize = 64 * 1024;

    /// No lines.
    pub fn new() -> Self {
        Self(Zeroizing::new(Vec::with_capacity(Self::USUAL_BYTES)))
    }

    /// The lines.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// Forgets the lines.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// As `extend_from_slice`, which would leave a copy behind when the buffer grows.
    fn append(&mut self, bytes: &[u8]) {
        let length = self.0.len() + bytes.len();
        if length > self.0.capacity() {
            let mut larger = Zeroizing::new(Vec::with_capacity(length * 2));
            larger.extend_from_slice(&self.0);
            self.0 = larger;
        }
        self.0.extend_from_slice(bytes);
    }
}
