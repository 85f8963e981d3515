//! Modules as bits of machine words; knows neither masks nor penalties nor what a module means.

use std::ops::{BitAnd, BitOr, BitOrAssign, BitXor, Not};

use zeroize::Zeroize;

/// Modules along one side of the largest symbol, version 40 (ISO/IEC 18004, 6.3.2 and Table 1).
pub const MAX_WIDTH: usize = 177;

/// Modules in a machine word.
pub const WORD_BITS: usize = u64::BITS as usize;
/// Machine words in a line of the largest symbol.
pub const MAX_WORDS: usize = MAX_WIDTH.div_ceil(WORD_BITS);

/// One row or column of modules: bit `i` is module `i` counted from the left or the top, a set bit
/// is a dark module.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Line<const WORDS: usize = MAX_WORDS>([u64; WORDS]);

impl<const WORDS: usize> Line<WORDS> {
    /// No dark module.
    pub const LIGHT: Self = Self([0; WORDS]);

    /// The beginning of this line, in fewer words.
    pub fn narrowed<const FEWER: usize>(self) -> Line<FEWER> {
        Line(std::array::from_fn(|word| self.0[word]))
    }

    /// The first `length` modules dark, the others light.
    pub fn dark_up_to(length: usize) -> Self {
        Self(std::array::from_fn(|word| match length.saturating_sub(word * WORD_BITS) {
            0 => 0,
            dark if dark < WORD_BITS => (1 << dark) - 1,
            _whole_word => u64::MAX,
        }))
    }

    /// Darkens module `index`.
    pub const fn darken(&mut self, index: usize) {
        self.0[index / WORD_BITS] |= 1 << (index % WORD_BITS);
    }

    /// Whether module `index` is dark.
    pub const fn is_dark(self, index: usize) -> bool {
        self.0[index / WORD_BITS] >> (index % WORD_BITS) & 1 == 1
    }

    /// How many modules are dark.
    pub fn dark_count(self) -> u32 {
        self.0.iter().map(|word| word.count_ones()).sum()
    }

    /// Module `i` of the result is module `i + distance` of this line; `distance` is 1 to 63.
    pub fn ahead(self, distance: usize) -> Self {
        let from_next = |word: usize| self.0.get(word + 1).map_or(0, |next| next << (WORD_BITS - distance));
        Self(std::array::from_fn(|word| self.0[word] >> distance | from_next(word)))
    }

    /// Module `i` of the result is module `i - distance` of this line; `distance` is 1 to 63.
    pub fn behind(self, distance: usize) -> Self {
        let from_previous =
            |word: usize| word.checked_sub(1).map_or(0, |previous| self.0[previous] >> (WORD_BITS - distance));
        Self(std::array::from_fn(|word| self.0[word] << distance | from_previous(word)))
    }
}

impl<const WORDS: usize> Not for Line<WORDS> {
    type Output = Self;

    fn not(self) -> Self {
        Self(self.0.map(|word| !word))
    }
}

impl<const WORDS: usize> BitAnd for Line<WORDS> {
    type Output = Self;

    fn bitand(self, other: Self) -> Self {
        Self(std::array::from_fn(|word| self.0[word] & other.0[word]))
    }
}

impl<const WORDS: usize> BitOr for Line<WORDS> {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(std::array::from_fn(|word| self.0[word] | other.0[word]))
    }
}

impl<const WORDS: usize> BitOrAssign for Line<WORDS> {
    fn bitor_assign(&mut self, other: Self) {
        *self = *self | other;
    }
}

impl<const WORDS: usize> BitXor for Line<WORDS> {
    type Output = Self;

    fn bitxor(self, other: Self) -> Self {
        Self(std::array::from_fn(|word| self.0[word] ^ other.0[word]))
    }
}

impl<const WORDS: usize> Zeroize for Line<WORDS> {
    fn zeroize(&mut self) {
        self.0.zeroize();
    }
}

/// A square of modules, read line by line; whether its lines are rows or columns is its owner's to
/// know.
pub struct Matrix {
    width: usize,
    lines: [Line; MAX_WIDTH],
}

impl Matrix {
    /// A square of `width` light modules a side; `width` is at most [`MAX_WIDTH`].
    #[must_use]
    pub const fn light(width: usize) -> Self {
        Self { width, lines: [Line::LIGHT; MAX_WIDTH] }
    }

    /// Modules along one side.
    #[must_use]
    pub const fn width(&self) -> usize {
        self.width
    }

    /// The lines, first to last.
    #[must_use]
    pub fn lines(&self) -> &[Line] {
        &self.lines[..self.width]
    }

    /// The lines, first to last, to be changed.
    pub fn lines_mut(&mut self) -> &mut [Line] {
        &mut self.lines[..self.width]
    }

    /// Darkens module `index` of line `line`.
    pub fn darken(&mut self, line: usize, index: usize) {
        self.lines[line].darken(index);
    }
}

impl Zeroize for Matrix {
    fn zeroize(&mut self) {
        self.lines.zeroize();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one_dark(index: usize) -> Line {
        let mut line = Line::LIGHT;
        line.darken(index);
        line
    }

    #[test]
    fn shifts_carry_modules_across_words() {
        for index in 0..MAX_WIDTH {
            let line = one_dark(index);
            for distance in [1, 4, 7, 63] {
                let ahead = index.checked_sub(distance).map_or(Line::LIGHT, one_dark);
                assert!(line.ahead(distance) == ahead, "{index} - {distance}");
                if index + distance < MAX_WIDTH {
                    assert!(line.behind(distance) == one_dark(index + distance), "{index} + {distance}");
                }
            }
        }
    }

    #[test]
    fn dark_up_to_darkens_exactly_that_many() {
        for length in 0..=MAX_WIDTH {
            let line: Line = Line::dark_up_to(length);
            assert!((0..MAX_WIDTH).all(|index| line.is_dark(index) == (index < length)));
            assert_eq!(line.dark_count() as usize, length);
        }
    }
}
