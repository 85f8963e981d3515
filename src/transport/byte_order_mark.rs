//! The mark with which a text says how its characters are encoded (The Unicode Standard, section 23.8). It does not look
//! at what follows.

use std::io::{self, Read};

use thiserror::Error;

/// The mark of UTF-8.
const UTF_8: [u8; 3] = [0xef, 0xbb, 0xbf];
/// The marks of UTF-16, little and big endian.
const UTF_16: [[u8; 2]; 2] = [[0xff, 0xfe], [0xfe, 0xff]];

/// The text is in UTF-16, as its byte order mark says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the text is in UTF-16; convert it to UTF-8")]
pub struct Utf16Error;

impl Utf16Error {
    /// This error, if it is the cause of that one.
    pub fn of(error: &io::Error) -> Option<Self> {
        error.get_ref()?.downcast_ref().copied()
    }
}

/// What the first bytes of an input are.
enum Start {
    /// They may become a mark.
    Open,
    /// The mark of UTF-8, whole.
    Mark,
    /// A mark of UTF-16.
    Utf16,
    /// The text, which has no mark.
    Text,
}

impl Start {
    fn of(bytes: &[u8]) -> Self {
        if bytes == UTF_8 {
            Self::Mark
        } else if UTF_16.iter().any(|mark| bytes.starts_with(mark)) {
            Self::Utf16
        } else if UTF_8.starts_with(bytes) || UTF_16.iter().any(|mark| mark.starts_with(bytes)) {
            Self::Open
        } else {
            Self::Text
        }
    }
}

/// A text without the byte order mark of UTF-8 at its start. A mark that is met later belongs to the text.
///
/// Reading a text in UTF-16 is an error: [`Utf16Error`] of the kind [`io::ErrorKind::InvalidData`].
pub struct TextReader<R> {
    reader: R,
    /// The first bytes, until they have been given away.
    start: [u8; UTF_8.len()],
    length: usize,
    /// Whether the first bytes are known to be no mark, or have been dropped.
    is_past_mark: bool,
}

impl<R: Read> TextReader<R> {
    /// The text of a reader that stands at its start.
    pub fn new(reader: R) -> Self {
        Self { reader, start: [0; UTF_8.len()], length: 0, is_past_mark: false }
    }

    /// Reads no more than it takes to tell whether there is a mark. After an error it can be called again.
    fn pass_mark(&mut self) -> io::Result<()> {
        while !self.is_past_mark {
            match Start::of(&self.start[..self.length]) {
                Start::Open => match self.reader.read(&mut self.start[self.length..])? {
                    0 => self.is_past_mark = true,
                    read => self.length += read,
                },
                Start::Mark => (self.length, self.is_past_mark) = (0, true),
                Start::Utf16 => return Err(io::Error::new(io::ErrorKind::InvalidData, Utf16Error)),
                Start::Text => self.is_past_mark = true,
            }
        }
        Ok(())
    }
}

impl<R: Read> Read for TextReader<R> {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        self.pass_mark()?;
        if self.length == 0 {
            return self.reader.read(room);
        }
        let given = self.length.min(room.len());
        room[..given].copy_from_slice(&self.start[..given]);
        self.start.copy_within(given..self.length, 0);
        self.length -= given;
        Ok(given)
    }
}

#[cfg(test)]
mod tests {
    use std::iter;

    use proptest::collection::vec;
    use proptest::prelude::*;
    use proptest::sample::select;

    use super::*;

    /// A reader that gives at most so many bytes at once, and says before each piece that it has to be asked again.
    struct Slow<'a> {
        bytes: &'a [u8],
        piece: usize,
        is_ready: bool,
    }

    impl Read for Slow<'_> {
        fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
            self.is_ready = !self.is_ready;
            if self.is_ready {
                return Err(io::ErrorKind::Interrupted.into());
            }
            let room_length = room.len().min(self.piece);
            self.bytes.read(&mut room[..room_length])
        }
    }

    fn text_of(bytes: &[u8], piece: usize, room: usize) -> io::Result<Vec<u8>> {
        let mut reader = TextReader::new(Slow { bytes, piece, is_ready: false });
        let (mut text, mut room) = (Vec::new(), vec![0; room]);
        loop {
            match reader.read(&mut room) {
                Ok(0) => return Ok(text),
                Ok(read) => text.extend_from_slice(&room[..read]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    // contract 7.1i: the mark goes once, at the very start, however small the pieces are in which it comes.
    #[test]
    fn a_mark_at_the_start_is_dropped() {
        for (bytes, text) in [
            (&b""[..], &b""[..]),
            (b"\xef\xbb\xbf", b""),
            (b"\xef\xbb\xbfa", b"a"),
            (b"\xef\xbb\xbf\xef\xbb\xbfa", b"\xef\xbb\xbfa"),
            (b"\xef\xbb\xbf\xff\xfea", b"\xff\xfea"),
            (b"a\xef\xbb\xbf", b"a\xef\xbb\xbf"),
            (b"\n\xef\xbb\xbf", b"\n\xef\xbb\xbf"),
            (b"\xef", b"\xef"),
            (b"\xef\xbb", b"\xef\xbb"),
            (b"\xef\xbba", b"\xef\xbba"),
            (b"\xef\xbfa", b"\xef\xbfa"),
            (b"\xff", b"\xff"),
            (b"\xfeab", b"\xfeab"),
            (b"\xff\xff\xfe", b"\xff\xff\xfe"),
        ] {
            for (piece, room) in iter::zip([1, 2, 3, 4, 9, 9, 9], [9, 9, 9, 9, 1, 2, 3]) {
                assert_eq!(text_of(bytes, piece, room).unwrap(), text, "{bytes:?} by {piece}, {room}");
            }
        }
    }

    // contract 7.1j, 7.4b
    #[test]
    fn utf_16_is_an_error_each_time() {
        for bytes in [&b"\xff\xfea\0"[..], b"\xfe\xff\0a", b"\xff\xfe", b"\xfe\xff"] {
            for piece in 1..4 {
                let error = text_of(bytes, piece, 9).unwrap_err();
                assert_eq!((error.kind(), Utf16Error::of(&error)), (io::ErrorKind::InvalidData, Some(Utf16Error)));
            }
            let mut reader = TextReader::new(bytes);
            for _ in 0..3 {
                assert!(reader.read(&mut [0; 9]).is_err());
            }
        }
        assert_eq!(Utf16Error::of(&io::ErrorKind::InvalidData.into()), None);
        assert_eq!(Utf16Error::of(&io::Error::other("x")), None);
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

        // contract 7.1i
        #[test]
        fn nothing_else_changes(
            bytes in vec(prop_oneof![select(vec![0xef, 0xbb, 0xbf, 0xff, 0xfe, b'\n']), any::<u8>()], 0..9),
            piece in 1..5_usize,
            room in 1..5_usize,
        ) {
            match text_of(&bytes, piece, room) {
                Ok(text) => prop_assert_eq!(&text[..], bytes.strip_prefix(&UTF_8).unwrap_or(&bytes)),
                Err(_) => prop_assert!(UTF_16.iter().any(|mark| bytes.starts_with(mark))),
            }
        }
    }
}
