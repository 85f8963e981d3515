//! A stream of bytes as records that end with a certain byte. No more of one is kept than a limit, and none is waited
//! for while others are at hand.

use std::io::{self, Read};
use std::thread;

use memchr::{memchr, memchr_iter, memrchr};
use zeroize::Zeroizing;

use super::descriptor::RETRY;

/// The most bytes of a record, without what ends it (contract 7.1).
pub const MAX_RECORD_BYTES: usize = 128 * 1024;
/// What is kept of a longer one: enough to see that it is, also where its last byte is a carriage return.
const KEPT_BYTES: usize = MAX_RECORD_BYTES + 2;
/// How much is read at once: so little that the answers to the shortest of records stay small.
const READ_BYTES: usize = 32 * 1024;

/// Takes records from a reader.
pub struct Records<R> {
    reader: R,
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
    end: u8,
}

impl Block {
    /// Room for records.
    pub fn new() -> Self {
        Self { bytes: Zeroizing::new(vec![0; KEPT_BYTES + READ_BYTES]), length: 0, end: b'\n' }
    }

    /// The records, without what ends them; of one that is too long at least [`MAX_RECORD_BYTES`] and one more.
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

impl<R: Read> Records<R> {
    /// Records that end with this byte; the last one may do without.
    pub fn new(reader: R, end: u8) -> Self {
        Self { reader, end, rest: Zeroizing::new(Vec::with_capacity(READ_BYTES)), ended: false }
    }

    /// Takes at least one record, and those that came along with it. False where there are no more, as after an error.
    pub fn take(&mut self, block: &mut Block) -> io::Result<bool> {
        block.end = self.end;
        block.bytes[..self.rest.len()].copy_from_slice(&self.rest);
        block.length = self.rest.len();
        self.rest.clear();
        while !self.ended {
            if block.length >= KEPT_BYTES {
                self.skip(block)?;
                return Ok(true);
            }
            let read = self.read(&mut block.bytes[block.length..])?;
            let new = block.length..block.length + read;
            block.length = new.end;
            if let Some(last) = memrchr(self.end, &block.bytes[new.clone()]) {
                let rest = new.start + last + 1..new.end;
                self.rest.extend_from_slice(&block.bytes[rest.clone()]);
                block.length = rest.start;
                return Ok(true);
            }
        }
        let last = block.length > 0;
        if last {
            block.bytes[block.length] = self.end;
            block.length += 1;
        }
        Ok(last)
    }

    /// Passes over the rest of a record that is too long.
    fn skip(&mut self, block: &mut Block) -> io::Result<()> {
        block.length = KEPT_BYTES + 1;
        block.bytes[KEPT_BYTES] = self.end;
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
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => thread::sleep(RETRY),
                Err(error) => {
                    self.ended = true;
                    return Err(error);
                }
            }
        }
    }
}
