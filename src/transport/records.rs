//! A text as records that end with a certain byte. No more of one is kept than a limit, and none is waited for while
//! others are at hand.

use std::io::{self, Read};

use memchr::{memchr, memchr_iter, memrchr};
use zeroize::Zeroizing;

use super::byte_order_mark::TextReader;

/// The most bytes of a record, without what ends it (contract 7.1).
pub const MAX_RECORD_BYTES: usize = 128 * 1024;
/// What is kept beyond the limit: enough to see that a record is longer, also where its last byte is a carriage return.
const EXCESS_BYTES: usize = 2;
/// How much is read at once: so little that the answers to the shortest of records stay small.
const READ_BYTES: usize = 32 * 1024;

/// Takes records from a reader. A byte order mark before the first one is dropped.
pub struct Records<R> {
    reader: TextReader<R>,
    end: u8,
    /// The beginning of the record that has not ended yet.
    rest: Zeroizing<Vec<u8>>,
    ended: bool,
}

/// Some whole records.
pub struct Block {
    /// Never grows, which would leave a copy behind.
    bytes: Zeroizing<Vec<u8>>,
    length: usize,
    /// What is kept of one record.
    kept: usize,
    end: u8,
}

impl Block {
    /// Room for records of at most so many bytes.
    pub fn new(max_record_bytes: usize) -> Self {
        let kept = max_record_bytes + EXCESS_BYTES;
        Self { bytes: Zeroizing::new(vec![0; kept + READ_BYTES]), length: 0, kept, end: b'\n' }
    }

    /// The records, without what ends them; of one that is too long at least one byte more than the limit.
    pub fn records(&self) -> impl Iterator<Item = &[u8]> {
        let bytes = &self.bytes[..self.length];
        let mut begin = 0;
        memchr_iter(self.end, bytes).map(move |end| {
            let record = &bytes[begin..end];
            begin = end + 1;
            // A line may end as on Windows.
            if self.end == b'\n' { record.strip_suffix(b"\r").unwrap_or(record) } else { record }
        })
    }
}

impl Block {
    /// Ends the last record of the input, if there is one that has no end.
    fn end_last(&mut self) -> bool {
        if self.length == 0 {
            return false;
        }
        self.bytes[self.length] = self.end;
        self.length += 1;
        true
    }
}

impl<R: Read> Records<R> {
    /// Records that end with this byte; the last one may do without.
    pub fn new(reader: R, end: u8) -> Self {
        Self {
            reader: TextReader::new(reader),
            end,
            rest: Zeroizing::new(Vec::with_capacity(READ_BYTES)),
            ended: false,
        }
    }

    /// Takes at least one record, and those that came along with it. False where there are no more, as after an error.
    ///
    /// # Errors
    ///
    /// Those of the reader, and [`super::byte_order_mark::Utf16Error`] where the text is in UTF-16: it has no records.
    pub fn take(&mut self, block: &mut Block) -> io::Result<bool> {
        block.end = self.end;
        block.bytes[..self.rest.len()].copy_from_slice(&self.rest);
        block.length = self.rest.len();
        self.rest.clear();
        // What has not been searched for an end yet; behind a record that was too long there may be whole ones.
        let mut new = 0..block.length;
        loop {
            if let Some(last) = memrchr(self.end, &block.bytes[new.clone()]) {
                let rest = new.start + last + 1..new.end;
                self.rest.extend_from_slice(&block.bytes[rest.clone()]);
                block.length = rest.start;
                return Ok(true);
            }
            if block.length >= block.kept {
                self.skip(block)?;
                return Ok(true);
            }
            if self.ended {
                return Ok(block.end_last());
            }
            let read = self.read(&mut block.bytes[block.length..])?;
            new = block.length..block.length + read;
            block.length = new.end;
        }
    }

    /// Passes over the rest of a record that is too long.
    fn skip(&mut self, block: &mut Block) -> io::Result<()> {
        block.length = block.kept + 1;
        block.bytes[block.kept] = self.end;
        let scratch = &mut block.bytes[block.length..];
        while !self.ended {
            let read = self.read(scratch)?;
            if let Some(end) = memchr(self.end, &scratch[..read]) {
                self.rest.extend_from_slice(&scratch[end + 1..read]);
                break;
            }
        }
        Ok(())
    }

    /// Reads once, without waiting for more than there is.
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        let length = READ_BYTES.min(room.len());
        let room = &mut room[..length];
        loop {
            match self.reader.read(room) {
                Ok(read) => {
                    self.ended = read == 0;
                    return Ok(read);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    self.ended = true;
                    return Err(error);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    /// A reader that gives no more at once than someone who writes in these pieces.
    struct Pieces<'a> {
        bytes: &'a Cell<&'a [u8]>,
        lengths: std::iter::Cycle<std::vec::IntoIter<usize>>,
    }

    impl Read for Pieces<'_> {
        fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
            let bytes = self.bytes.get();
            let length = self.lengths.next().unwrap().min(room.len()).min(bytes.len());
            let (piece, rest) = bytes.split_at(length);
            room[..length].copy_from_slice(piece);
            self.bytes.set(rest);
            Ok(length)
        }
    }

    /// The records of an input, and after how many bytes of it each was at hand.
    fn taken(bytes: &[u8], end: u8, lengths: Vec<usize>) -> Vec<(Vec<u8>, usize)> {
        let left = Cell::new(bytes);
        let mut records = Records::new(Pieces { bytes: &left, lengths: lengths.into_iter().cycle() }, end);
        let mut block = Block::new(MAX_RECORD_BYTES);
        let mut taken = Vec::new();
        while records.take(&mut block).unwrap() {
            let read = bytes.len() - left.get().len();
            taken.extend(
                block.records().map(|record| (record[..record.len().min(MAX_RECORD_BYTES + 1)].to_vec(), read)),
            );
        }
        assert!(!records.take(&mut block).unwrap());
        taken
    }

    /// Lengths of records, most of them short, some about the limit and beyond it.
    fn lengths() -> impl Strategy<Value = Vec<usize>> {
        let around = MAX_RECORD_BYTES - 3..MAX_RECORD_BYTES + 4;
        vec(prop_oneof![8 => 0..90_usize, 1 => 0..40_000_usize, 1 => around, 1 => 0..400_000_usize], 0..30)
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

        // contract 7.1a, 7.3c, 7.5a: one record is one record, however it comes, and is at hand with the piece that
        // ends it.
        #[test]
        fn records_come_as_they_were_sent(
            records in lengths(),
            pieces in vec(1..50_000_usize, 1..10),
            end in prop_oneof![Just(b'\n'), Just(0)],
            is_ended: bool,
            is_marked: bool,
        ) {
            let mut bytes = if is_marked { "\u{feff}".as_bytes().to_vec() } else { Vec::new() };
            let mut expected = Vec::new();
            for (number, length) in records.iter().enumerate() {
                let record = vec![b"abcdefghijkl"[number % 12]; *length];
                bytes.extend_from_slice(&record);
                bytes.push(end);
                expected.push((record[..record.len().min(MAX_RECORD_BYTES + 1)].to_vec(), bytes.len()));
            }
            if !is_ended && records.last().is_some_and(|length| *length > 0) {
                bytes.pop();
            }
            let taken = taken(&bytes, end, pieces);
            prop_assert_eq!(taken.len(), expected.len());
            for ((record, read), (expected, ends)) in taken.into_iter().zip(expected) {
                prop_assert!(record == expected);
                // Not even a piece more has been read than the one with its end.
                prop_assert!(read < ends + 50_000, "{} bytes were read for a record that ends at {}", read, ends);
            }
        }
    }
}
