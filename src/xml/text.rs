//! The character data of one element, which still knows where in the document each part of it stood.

use std::borrow::Cow;
use std::fmt;

use zeroize::Zeroize;

use super::characters::is_white_space;
use super::error::Position;

/// The character data of an element (contract 2.1): comments and processing instructions skipped, CDATA sections and
/// references resolved. It may be a secret: it is wiped when dropped, and `Debug` does not show it.
pub struct Text<'a> {
    source: &'a str,
    /// Borrowed from the source while it is one piece.
    content: Cow<'a, str>,
    /// Where the content begins; while it is empty, where the element or the last empty piece does.
    first: Piece,
    /// Where each further piece begins. Most texts have none, and this allocates nothing.
    further: Vec<Piece>,
}

/// Where a part of the content begins, here and in the source.
struct Piece {
    in_content: usize,
    in_source: usize,
    /// Whether the source has a reference here, which is longer than its character.
    is_reference: bool,
}

impl<'a> Text<'a> {
    /// The text, still empty, of an element that begins at the byte `offset` of the source.
    pub(super) fn new(source: &'a str, offset: usize) -> Self {
        Self {
            source,
            content: Cow::Borrowed(""),
            first: Piece { in_content: 0, in_source: offset, is_reference: false },
            further: Vec::new(),
        }
    }

    /// Appends a piece that stands in the source as it is.
    pub(super) fn push_str(&mut self, offset: usize, piece: &'a str) {
        self.begin_piece(offset, false);
        if self.content.is_empty() {
            self.content = Cow::Borrowed(piece);
        } else {
            self.owned().push_str(piece);
        }
    }

    /// Appends a character that a reference stands for.
    pub(super) fn push(&mut self, offset: usize, character: char) {
        self.begin_piece(offset, true);
        self.owned().push(character);
    }

    /// The text as it stands.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.content
    }

    /// The text without leading and trailing XML white space.
    #[must_use]
    pub fn trimmed(&self) -> &str {
        self.content.trim_matches(is_white_space)
    }

    /// Where the byte `index` of [`Text::as_str`] stands in the document.
    #[must_use]
    pub fn position(&self, index: usize) -> Position {
        let after = self.further.partition_point(|piece| piece.in_content <= index);
        let piece = self.further[..after].last().unwrap_or(&self.first);
        let offset = if piece.is_reference { 0 } else { index - piece.in_content };
        Position::of(self.source, (piece.in_source + offset).min(self.source.len()))
    }

    /// Where [`Text::trimmed`] begins.
    #[must_use]
    pub fn start(&self) -> Position {
        self.position(self.content.find(|c| !is_white_space(c)).unwrap_or(0))
    }

    fn begin_piece(&mut self, in_source: usize, is_reference: bool) {
        let piece = Piece { in_content: self.content.len(), in_source, is_reference };
        if self.content.is_empty() {
            self.first = piece;
        } else {
            self.further.push(piece);
        }
    }

    /// A buffer that never grows, so that no copy is left behind: no piece is longer than its source.
    fn owned(&mut self) -> &mut String {
        if let Cow::Borrowed(piece) = self.content {
            let mut content = String::with_capacity(self.source.len());
            content.push_str(piece);
            self.content = Cow::Owned(content);
        }
        self.content.to_mut()
    }
}

impl Drop for Text<'_> {
    fn drop(&mut self) {
        if let Cow::Owned(content) = &mut self.content {
            content.zeroize();
        }
    }
}

impl fmt::Debug for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Text(redacted)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // contract 1.6b: the place in the document, also after anything but text.
    #[test]
    fn places_in_a_text_of_several_pieces() {
        let source = "<S>AB<!-- -->C&#x44;E</S>";
        let mut text = Text::new(source, 0);
        text.push_str(3, "AB");
        text.push_str(13, "C");
        text.push(14, 'D');
        text.push_str(20, "E");
        assert_eq!(text.as_str(), "ABCDE");
        for (index, column) in [(0, 4), (1, 5), (2, 14), (3, 15), (4, 21), (5, 22)] {
            assert_eq!(text.position(index), Position { line: 1, column }, "{index}");
        }
    }

    // contract 1.6c
    #[test]
    fn debug_shows_nothing() {
        let mut text = Text::new("<S>AB</S>", 0);
        text.push_str(3, "AB");
        assert_eq!(format!("{text:?}"), "Text(redacted)");
    }
}
