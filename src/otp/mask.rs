//! Data masking (ISO/IEC 18004:2015, 7.8) and the format information that names the mask (7.9);
//! knows neither what the modules say nor how they are shown.
//!
//! qrcode places the modules, but its own choice of the mask is not used: it takes fifty times as long (a usual key URI
//! becomes a symbol in 0.93 ms with it, in 0.02 ms with this one), and it frees eight canvases unwiped, each of which
//! holds the secret.

use zeroize::{Zeroize, Zeroizing};

use super::error_correction::ErrorCorrectionLevel;
use matrix::Line;
pub use matrix::Matrix;
use penalty::penalty;

mod matrix;
mod penalty;
#[cfg(test)]
mod tests;

/// A data mask, named by its data mask pattern reference (ISO/IEC 18004:2015, Table 10).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the reference says all")]
#[rustfmt::skip]
pub enum DataMask { Mask000, Mask001, Mask010, Mask011, Mask100, Mask101, Mask110, Mask111 }

/// How many data masks there are.
const MASKS: usize = DataMask::ALL.len();
/// Every pattern repeats itself after this many rows and after as many columns: the least common
/// multiple of 2, 3, 4 and 6.
const PATTERN_PERIOD: usize = 12;

impl DataMask {
    /// All masks in the order of their references.
    pub const ALL: [Self; 8] = [
        Self::Mask000,
        Self::Mask001,
        Self::Mask010,
        Self::Mask011,
        Self::Mask100,
        Self::Mask101,
        Self::Mask110,
        Self::Mask111,
    ];

    /// Whether the mask inverts the module in row `i`, column `j`: the conditions of Table 10.
    const fn inverts(self, i: usize, j: usize) -> bool {
        match self {
            Self::Mask000 => (i + j).is_multiple_of(2),
            Self::Mask001 => i.is_multiple_of(2),
            Self::Mask010 => j.is_multiple_of(3),
            Self::Mask011 => (i + j).is_multiple_of(3),
            Self::Mask100 => (i / 2 + j / 3).is_multiple_of(2),
            Self::Mask101 => i * j % 2 + i * j % 3 == 0,
            Self::Mask110 => (i * j % 2 + i * j % 3).is_multiple_of(2),
            Self::Mask111 => ((i + j) % 2 + i * j % 3).is_multiple_of(2),
        }
    }
}

/// Which way the lines of a matrix run through the symbol.
#[derive(Clone, Copy)]
enum Reading {
    Rows,
    Columns,
}

/// The repeating lines of the pattern of each mask.
type Patterns = [[Line; PATTERN_PERIOD]; MASKS];

static ROW_PATTERNS: Patterns = patterns(Reading::Rows);
static COLUMN_PATTERNS: Patterns = patterns(Reading::Columns);

const fn patterns(reading: Reading) -> Patterns {
    let mut patterns = [[Line::LIGHT; PATTERN_PERIOD]; MASKS];
    let mut mask = 0;
    while mask < MASKS {
        let mut line = 0;
        while line < PATTERN_PERIOD {
            patterns[mask][line] = pattern_line(DataMask::ALL[mask], line, reading);
            line += 1;
        }
        mask += 1;
    }
    patterns
}

const fn pattern_line(mask: DataMask, line: usize, reading: Reading) -> Line {
    let mut pattern = Line::LIGHT;
    let mut index = 0;
    while index < matrix::MAX_WIDTH {
        let inverts = match reading {
            Reading::Rows => mask.inverts(line, index),
            Reading::Columns => mask.inverts(index, line),
        };
        if inverts {
            pattern.darken(index);
        }
        index += 1;
    }
    pattern
}

/// A symbol whose modules are placed but not masked yet, and whose format information is still
/// light.
pub struct Draft {
    level: ErrorCorrectionLevel,
    rows: Layers,
    columns: Layers,
}

impl Draft {
    /// A draft of `width` modules a side, all light and none in the encoding region.
    #[must_use]
    pub fn new(width: usize, level: ErrorCorrectionLevel) -> Self {
        Self { level, rows: Layers::new(width, Reading::Rows), columns: Layers::new(width, Reading::Columns) }
    }

    /// Darkens the module in column `x`, row `y`.
    pub fn darken(&mut self, x: usize, y: usize) {
        self.rows.dark.darken(y, x);
        self.columns.dark.darken(x, y);
    }

    /// Puts the module in column `x`, row `y` into the part of the encoding region that is masked:
    /// the codewords and the remainder bits, not the format and version information (7.8.2).
    pub fn open_to_masking(&mut self, x: usize, y: usize) {
        self.rows.maskable.darken(y, x);
        self.columns.maskable.darken(x, y);
    }

    /// The mask whose symbol has the least penalty (7.8.3), the first of them where several have
    /// it.
    #[must_use]
    pub fn best_mask(&self) -> DataMask {
        let (best, _penalty) = DataMask::ALL
            .into_iter()
            .zip(self.penalties())
            .min_by_key(|&(_mask, penalty)| penalty)
            .expect("there are eight masks");
        best
    }

    /// The rows of the complete symbol under `mask`.
    #[must_use]
    pub fn masked(&self, mask: DataMask) -> Box<Zeroizing<Matrix>> {
        // Boxed while it is still light, so that no dark module is left behind on a stack.
        let mut rows = Box::new(Zeroizing::new(Matrix::light(self.rows.dark.width())));
        self.rows.write_masked(mask, self.level, &mut rows);
        rows
    }

    /// The penalties of the complete symbol under each mask, its format information included.
    fn penalties(&self) -> [u32; MASKS] {
        let width = self.rows.dark.width();
        let mut rows = Zeroizing::new(Matrix::light(width));
        let mut columns = Zeroizing::new(Matrix::light(width));
        DataMask::ALL.map(|mask| {
            self.rows.write_masked(mask, self.level, &mut rows);
            self.columns.write_masked(mask, self.level, &mut columns);
            penalty(&rows, &columns)
        })
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        self.rows.dark.zeroize();
        self.columns.dark.zeroize();
    }
}

/// A draft in one reading.
struct Layers {
    reading: Reading,
    dark: Matrix,
    maskable: Matrix,
}

impl Layers {
    const fn new(width: usize, reading: Reading) -> Self {
        Self { reading, dark: Matrix::light(width), maskable: Matrix::light(width) }
    }

    /// Overwrites `symbol` with this draft under `mask` and its format information.
    fn write_masked(&self, mask: DataMask, level: ErrorCorrectionLevel, symbol: &mut Matrix) {
        let patterns = match self.reading {
            Reading::Rows => &ROW_PATTERNS,
            Reading::Columns => &COLUMN_PATTERNS,
        };
        let pattern = patterns[mask as usize].iter().cycle();
        let layers = self.dark.lines().iter().zip(self.maskable.lines());
        for ((line, (&dark, &maskable)), &pattern) in symbol.lines_mut().iter_mut().zip(layers).zip(pattern) {
            *line = dark ^ (pattern & maskable);
        }
        self.draw_format_information(format_information(level, mask), symbol);
    }

    fn draw_format_information(&self, information: u16, symbol: &mut Matrix) {
        let width = symbol.width();
        let dark_bits = (0..FORMAT_BITS).filter(|bit| information >> bit & 1 == 1);
        for (x, y) in dark_bits.flat_map(|bit| format_modules(bit, width)) {
            match self.reading {
                Reading::Rows => symbol.darken(y, x),
                Reading::Columns => symbol.darken(x, y),
            }
        }
    }
}

/// Bits of the format information: 5 of data and 10 of error correction (7.9.1).
const FORMAT_BITS: usize = 15;
const FORMAT_CORRECTION_BITS: usize = 10;
/// Bits of the format information that name the mask.
const FORMAT_MASK_BITS: usize = 3;
/// x^10 + x^8 + x^5 + x^4 + x^2 + x + 1 (Annex C.2).
const FORMAT_GENERATOR: u16 = 0b101_0011_0111;
/// Keeps the format information from being all light (7.9.1).
const FORMAT_XOR: u16 = 0b101_0100_0001_0010;
/// The row, and the column, that both copies of the format information lie along (7.9.1).
const FORMAT_LINE: usize = 8;
/// Column and row of each bit of the first copy, least significant first: down column 8 and left
/// along row 8, stepping over the timing patterns (7.9.1).
#[rustfmt::skip]
const FIRST_COPY: [(usize, usize); FORMAT_BITS] = [
    (8, 0), (8, 1), (8, 2), (8, 3), (8, 4), (8, 5), (8, 7), (8, 8),
    (7, 8), (5, 8), (4, 8), (3, 8), (2, 8), (1, 8), (0, 8),
];
/// Bits of the second copy that lie in row 8; the others lie in column 8.
const SECOND_COPY_IN_ROW: usize = 8;

/// The format information: level and mask as a BCH (15,5) codeword, masked itself (7.9.1, Table 12,
/// Annex C.2).
fn format_information(level: ErrorCorrectionLevel, mask: DataMask) -> u16 {
    let indicator = match level {
        ErrorCorrectionLevel::L => 0b01,
        ErrorCorrectionLevel::M => 0b00,
        ErrorCorrectionLevel::Q => 0b11,
        ErrorCorrectionLevel::H => 0b10,
    };
    let data = (indicator << FORMAT_MASK_BITS | mask as u16) << FORMAT_CORRECTION_BITS;
    let remainder = (FORMAT_CORRECTION_BITS..FORMAT_BITS).rev().fold(data, |dividend, bit| {
        if dividend >> bit & 1 == 1 { dividend ^ FORMAT_GENERATOR << (bit - FORMAT_CORRECTION_BITS) } else { dividend }
    });
    (data | remainder) ^ FORMAT_XOR
}

/// Column and row of the two modules that hold bit `bit` of the format information in a symbol of
/// `width` modules.
const fn format_modules(bit: usize, width: usize) -> [(usize, usize); 2] {
    let second = if bit < SECOND_COPY_IN_ROW {
        (width - 1 - bit, FORMAT_LINE)
    } else {
        (FORMAT_LINE, width - FORMAT_BITS + bit)
    };
    [FIRST_COPY[bit], second]
}
