//! Modules as bits of machine words; knows neither masks nor penalties nor what a module means.

use std::ops::{BitAnd, BitOr, BitOrAssign, BitXor, Not};

use zeroize::Zeroize;

/// Modules along one side of the largest symbol, version 40 (ISO/IEC 18004, 5.3.1.1 and Table 1).
pub const MAX_WIDTH: usize = 177;

const BITS: usize = u64::BITS as usize;
const WORDS: usize = MAX_WIDTH.div_ceil(BITS);

/// One row or column of modules: bit `i` is module `i` counted from the left or the top, a set bit is a dark module.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Line([u64; WORDS]);

impl Line {
    /// No dark module.
    pub const LIGHT: Self = Self([0; WORDS]);

    /// The first `length` modules dark, the others light.
    pub fn dark_up_to(length: usize) -> Self {
        Self(std::array::from_fn(|word| match length.saturating_sub(word * BITS) {
            0 => 0,
            dark if dark < BITS => (1 << dark) - 1,
            _whole_word => u64::MAX,
        }))
    }

    /// This line with module `index` dark.
    pub const fn with_dark(mut self, index: usize) -> Self {
        self.0[index / BITS] |= 1 << (index % BITS);
        self
    }

    /// Whether module `index` is dark.
    pub const fn is_dark(self, index: usize) -> bool {
        self.0[index / BITS] >> (index % BITS) & 1 == 1
    }

    /// How many modules are dark.
    pub fn dark_count(self) -> u32 {
        self.0.iter().map(|word| word.count_ones()).sum()
    }

    /// Module `i` of the result is module `i + distance` of this line; `distance` is 1 to 63.
    pub fn ahead(self, distance: usize) -> Self {
        let from_next = |word: usize| self.0.get(word + 1).map_or(0, |next| next << (BITS - distance));
        Self(std::array::from_fn(|word| self.0[word] >> distance | from_next(word)))
    }

    /// Module `i` of the result is module `i - distance` of this line; `distance` is 1 to 63.
    pub fn behind(self, distance: usize) -> Self {
        let from_previous =
            |word: usize| word.checked_sub(1).map_or(0, |previous| self.0[previous] >> (BITS - distance));
        Self(std::array::from_fn(|word| self.0[word] << distance | from_previous(word)))
    }
}

impl Not for Line {
    type Output = Self;

    fn not(self) -> Self {
        Self(self.0.map(|word| !word))
    }
}

impl BitAnd for Line {
    type Output = Self;

    fn bitand(self, other: Self) -> Self {
        Self(std::array::from_fn(|word| self.0[word] & other.0[word]))
    }
}

impl BitOr for Line {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(std::array::from_fn(|word| self.0[word] | other.0[word]))
    }
}

impl BitOrAssign for Line {
    fn bitor_assign(&mut self, other: Self) {
        *self = *self | other;
    }
}

impl BitXor for Line {
    type Output = Self;

    fn bitxor(self, other: Self) -> Self {
        Self(std::array::from_fn(|word| self.0[word] ^ other.0[word]))
    }
}

impl Zeroize for Line {
    fn zeroize(&mut self) {
        self.0.zeroize();
    }
}

/// A square of modules, read line by line; whether its lines are rows or columns is its owner's to know.
pub struct Matrix {
    width: usize,
    lines: [Line; MAX_WIDTH],
}

impl Matrix {
    /// A square of `width` light modules a side; `width` is at most [`MAX_WIDTH`].
    pub const fn light(width: usize) -> Self {
        Self { width, lines: [Line::LIGHT; MAX_WIDTH] }
    }

    /// Modules along one side.
    pub const fn width(&self) -> usize {
        self.width
    }

    /// The lines, first to last.
    pub fn lines(&self) -> &[Line] {
        &self.lines[..self.width]
    }

    /// The lines, first to last, to be changed.
    pub fn lines_mut(&mut self) -> &mut [Line] {
        &mut self.lines[..self.width]
    }

    /// Darkens module `index` of line `line`.
    pub fn darken(&mut self, line: usize, index: usize) {
        self.lines[line] = self.lines[line].with_dark(index);
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

    #[test]
    fn shifts_carry_modules_across_words() {
        for index in 0..MAX_WIDTH {
            let line = Line::LIGHT.with_dark(index);
            for distance in [1, 4, 7, 63] {
                let ahead = index.checked_sub(distance).map_or(Line::LIGHT, |moved| Line::LIGHT.with_dark(moved));
                assert!(line.ahead(distance) == ahead, "{index} - {distance}");
                if index + distance < MAX_WIDTH {
                    assert!(line.behind(distance) == Line::LIGHT.with_dark(index + distance), "{index} + {distance}");
                }
            }
        }
    }

    #[test]
    fn dark_up_to_darkens_exactly_that_many() {
        for length in 0..=MAX_WIDTH {
            let line = Line::dark_up_to(length);
            assert!((0..MAX_WIDTH).all(|index| line.is_dark(index) == (index < length)));
            assert_eq!(line.dark_count() as usize, length);
        }
    }
}
