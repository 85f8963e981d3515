//! The QR Code symbol of a text (ISO/IEC 18004:2015): which version and level it gets and which
//! modules are dark; knows neither what the text means nor how a symbol is shown.

use std::fmt;
use std::hint::black_box;
use std::mem;

use qrcode::bits::Bits;
use qrcode::canvas::{Canvas, Module};
use qrcode::ec::construct_codewords;
use qrcode::types::Mode;
use qrcode::{Color, Version};
use zeroize::Zeroizing;

use super::error_correction::ErrorCorrectionLevel;
use super::mask::{Draft, Matrix};

#[cfg(test)]
mod tests;

/// The least width in modules of the light border around a symbol (ISO/IEC 18004:2015, 6.3.8).
pub const QUIET_ZONE: usize = 4;

/// The most bytes a symbol can hold: version 40 at level L in byte mode (ISO/IEC 18004:2015, Table
/// 7).
pub const CAPACITY: usize = 2953;

/// The smallest and the largest version (ISO/IEC 18004:2015, Table 1).
const VERSIONS: std::ops::RangeInclusive<u8> = 1..=40;

/// Why a text has no symbol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SymbolError {
    /// Not even the largest symbol holds it; a shorter one is needed.
    #[error("the key URI has {bytes} bytes, and a QR code holds at most {CAPACITY}")]
    TooLong {
        /// Bytes of the text; at most 2953 would have been possible.
        bytes: usize,
    },
}

/// A square of dark and light modules that a reader turns back into a text.
///
/// Its modules are as secret as the text: they are wiped when it is dropped, and `Debug` does not
/// show them.
pub struct Symbol {
    version: u8,
    level: ErrorCorrectionLevel,
    rows: Box<Zeroizing<Matrix>>,
}

impl Symbol {
    /// The symbol of `data` in byte mode without ECI: of the smallest version that holds it, at the
    /// highest error correction level that still fits into that version, under the mask with the
    /// least penalty (ISO/IEC 18004:2015, 7.1 to 7.9).
    ///
    /// # Errors
    ///
    /// [`SymbolError::TooLong`] for more than 2953 bytes.
    pub fn encode(data: &[u8]) -> Result<Self, SymbolError> {
        let (version, level) = smallest_fit(data.len())?;
        let draft = draft(canvas(data, version, level), version, level);
        Ok(Self { version, level, rows: draft.masked(draft.best_mask()) })
    }

    /// The version, 1 to 40, which determines the width.
    #[must_use]
    pub const fn version(&self) -> u8 {
        self.version
    }

    /// The error correction level.
    #[must_use]
    pub const fn error_correction_level(&self) -> ErrorCorrectionLevel {
        self.level
    }

    /// Modules along one side, 21 to 177, without the quiet zone.
    #[must_use]
    pub fn width(&self) -> usize {
        self.rows.width()
    }

    /// Whether the module in column `x`, row `y` is dark, both counted from 0 at the upper left.
    /// Outside the symbol, where its quiet zone is, nothing is.
    #[must_use]
    pub fn is_dark(&self, x: usize, y: usize) -> bool {
        x < self.width() && self.rows.lines().get(y).is_some_and(|row| row.is_dark(x))
    }
}

impl fmt::Debug for Symbol {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Symbol")
            .field("version", &self.version)
            .field("level", &self.level)
            .finish_non_exhaustive()
    }
}

/// The smallest version that holds this many bytes at any level, and the highest level at which it
/// does.
fn smallest_fit(bytes: usize) -> Result<(u8, ErrorCorrectionLevel), SymbolError> {
    let fits = |version, level| bytes <= capacity(version, level);
    VERSIONS
        .flat_map(|version| ErrorCorrectionLevel::HIGHEST_FIRST.map(|level| (version, level)))
        .find(|&(version, level)| fits(version, level))
        .ok_or(SymbolError::TooLong { bytes })
}

/// How many bytes fit after the mode indicator and the character count indicator (7.4.5, Tables 3
/// and 7).
pub(super) fn capacity(version: u8, level: ErrorCorrectionLevel) -> usize {
    let version = Version::Normal(version.into());
    let bits = Bits::new(version).max_len(level.to_qrcode()).expect("every level exists in versions 1 to 40");
    let indicators = version.mode_bits_count() + Mode::Byte.length_bits_count(version);
    (bits - indicators) / u8::BITS as usize
}

/// The unmasked symbol as qrcode draws it. `data` fits, as [`smallest_fit`] has seen to.
///
/// What qrcode allocates and frees on the way is out of reach and not wiped.
pub(super) fn canvas(data: &[u8], version: u8, level: ErrorCorrectionLevel) -> Canvas {
    let (version, level) = (Version::Normal(version.into()), level.to_qrcode());
    let mut bits = Bits::new(version);
    bits.push_byte_data(data).expect("the character count fits");
    bits.push_terminator(level).expect("the data fits");
    let codewords = Zeroizing::new(bits.into_bytes());
    let (data, correction) =
        construct_codewords(&codewords, version, level).expect("every level exists in versions 1 to 40");
    let (data, correction) = (Zeroizing::new(data), Zeroizing::new(correction));

    let mut canvas = Canvas::new(version, level);
    canvas.draw_all_functional_patterns();
    canvas.draw_data(&data, &correction);
    canvas
}

/// Moves the modules of an unmasked symbol out of qrcode's canvas, leaving nothing there.
pub(super) fn draft(mut canvas: Canvas, version: u8, level: ErrorCorrectionLevel) -> Draft {
    let width = usize::try_from(Version::Normal(version.into()).width()).expect("a width is positive");
    let mut draft = Draft::new(width, level);
    for (y, row) in (0..width).zip(0_i16..) {
        for (x, column) in (0..width).zip(0_i16..) {
            // The canvas marks function patterns as masked already; a remainder bit is empty, which
            // is light (7.7.3).
            let (color, maskable) = match mem::replace(canvas.get_mut(column, row), Module::Empty) {
                Module::Masked(color) => (color, false),
                Module::Unmasked(color) => (color, true),
                Module::Empty => (Color::Light, true),
            };
            if color == Color::Dark {
                draft.darken(x, y);
            }
            if maskable {
                draft.open_to_masking(x, y);
            }
        }
    }
    // Without a reader of the emptied canvas, the compiler might spare itself emptying it.
    black_box(&canvas);
    draft
}
