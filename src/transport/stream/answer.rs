//! Records to lines (contract 7.2): what stands in a record is answered as the filter answers it.

use std::mem;

use zeroize::Zeroizing;

use super::record::take_apart;
use crate::cli::{Column, Columns};
use crate::transport::session::Session;
use totp_adapter::operation::Operation;
use totp_adapter::reply::{Body, Reply};
use totp_adapter::symbol_format::SymbolFormat;
use totp_adapter::verification::{Examination, Guess, MemoryError};

/// What holds for all records.
pub struct Answerer {
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

impl Answerer {
    /// Adds the line that answers to a record.
    pub fn answer(&self, record: &[u8], lines: &mut Lines) {
        let (id, record) = take_apart(&self.columns, self.operation, self.max_record_bytes, record);
        if self.columns.contains(Column::Id) {
            lines.append(id.unwrap_or_default());
            lines.append(b"\t");
        }
        let record = match record {
            Ok(record) => record,
            Err(error) => return lines.end(Reply::error(&error.to_string()), self.format),
        };
        match self.session.examine(record.operation, record.names, record.document.bytes()) {
            Examination::Guess(guess) if self.session.remembers() => lines.defer(guess),
            Examination::Guess(guess) => lines.end(guess.without_memory(), self.format),
            Examination::Answer(reply) => lines.end(reply, self.format),
            // No column can ask for it.
            Examination::Unlock(_) => lines.end(Reply::of(Err(MemoryError::Absent.into())), self.format),
        }
    }

    /// Answers to what was deferred. Whoever calls this keeps the order of the records: of two with the same password, the
    /// first one matches.
    pub fn settle(&self, lines: &mut Lines) {
        if lines.deferred.is_empty() {
            return;
        }
        let (ends, guesses): (Vec<usize>, Vec<Guess>) = lines.deferred.drain(..).unzip();
        let unsettled = mem::replace(lines, Lines::new());
        let mut begin = 0;
        for (end, reply) in ends.into_iter().zip(self.session.judge_all(guesses)) {
            lines.append(&unsettled.bytes[begin..end]);
            lines.end(reply, self.format);
            begin = end;
        }
        lines.append(&unsettled.bytes[begin..]);
    }
}

/// Lines that have not been written yet.
pub struct Lines {
    bytes: Zeroizing<Vec<u8>>,
    /// What is still to be judged, and behind which byte the answer to it belongs.
    deferred: Vec<(usize, Guess)>,
}

impl Lines {
    /// More than the answers to a block of usual records take.
    const USUAL_BYTES: usize = 64 * 1024;

    /// No lines.
    pub fn new() -> Self {
        Self { bytes: Zeroizing::new(Vec::with_capacity(Self::USUAL_BYTES)), deferred: Vec::new() }
    }

    /// The lines, once nothing in them is deferred.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Forgets the lines.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.deferred.clear();
    }

    /// Adds what a line ends with.
    fn end(&mut self, reply: Reply, format: SymbolFormat) {
        self.append(reply.status.text().as_bytes());
        self.append(b"\t");
        match reply.body {
            Body::Constant(document) => self.append(document),
            body => self.append(&body.into_line(format)),
        }
    }

    /// Leaves the end of a line to [`Answerer::settle`].
    fn defer(&mut self, guess: Guess) {
        self.deferred.push((self.bytes.len(), guess));
    }

    /// As `extend_from_slice`, which would leave a copy behind when the buffer grows.
    fn append(&mut self, bytes: &[u8]) {
        let length = self.bytes.len() + bytes.len();
        if length > self.bytes.capacity() {
            let mut larger = Zeroizing::new(Vec::with_capacity(length * 2));
            larger.extend_from_slice(&self.bytes);
            self.bytes = larger;
        }
        self.bytes.extend_from_slice(bytes);
    }
}
