//! A symbol as a PNG picture, 512 × 512 pixels of black and white; knows nothing of what the symbol
//! says.

use std::io::{self, Write};

use flate2::Compression;
use flate2::write::ZlibEncoder;
use png::{BitDepth, ColorType, Encoder, chunk};
use zeroize::Zeroizing;

use super::symbol::{QUIET_ZONE, Symbol};

#[cfg(test)]
mod tests;

/// Pixels along one side of the picture.
pub const IMAGE_SIDE: usize = 512;

const PIXELS_PER_BYTE: usize = 8;
/// A scanline: its filter type, then its pixels (PNG, section 9.2).
const SCANLINE_BYTES: usize = 1 + IMAGE_SIDE / PIXELS_PER_BYTE;
/// Filter type None: the others make a picture of two colours larger (PNG, section 9.2).
const FILTER_NONE: u8 = 0;
/// Eight white pixels: in a grey-scale picture of one bit, 0 is black and 1 is white (PNG, section
/// 6.1).
const WHITE: u8 = 0xFF;
/// The leftmost pixel of a byte is its highest bit (PNG, section 7.2).
const LEFTMOST: u8 = 0x80;
/// A scanline of white pixels.
const BLANK: [u8; SCANLINE_BYTES] = {
    let mut scanline = [WHITE; SCANLINE_BYTES];
    scanline[0] = FILTER_NONE;
    scanline
};

/// zlib's level, 1 to 9: higher ones take up to twice as long and save 2 % at most.
const DEFLATE_LEVEL: u32 = 3;
/// Room for the picture of any symbol, so that it is written in one place and nothing is left
/// behind in another.
const PNG_CAPACITY: usize = 8 * 1024;

/// The picture of `symbol` as a PNG file (ISO/IEC 15948): [`IMAGE_SIDE`] pixels a side, one bit per
/// pixel, black on white.
///
/// Modules are equal squares of whole pixels, as large as leave [`QUIET_ZONE`] modules of white on
/// every side; the symbol is centred to within a pixel. The same symbol gives the same bytes.
#[must_use]
pub fn png(symbol: &Symbol) -> Zeroizing<Vec<u8>> {
    let side = u32::try_from(IMAGE_SIDE).expect("512 fits into 32 bits");
    let mut file = Zeroizing::new(Vec::with_capacity(PNG_CAPACITY));
    let mut encoder = Encoder::new(&mut *file, side, side);
    encoder.set_color(ColorType::Grayscale);
    encoder.set_depth(BitDepth::One);
    let mut writer = encoder.write_header().expect("a vector takes whatever is written");
    // Not `write_image_data`, which compresses scanline by scanline: that takes twice the time for
    // a larger file.
    writer.write_chunk(chunk::IDAT, &compressed_scanlines(symbol)).expect("a vector takes whatever is written");
    writer.finish().expect("a vector takes whatever is written");
    file
}

fn compressed_scanlines(symbol: &Symbol) -> Zeroizing<Vec<u8>> {
    let mut compressed = Zeroizing::new(Vec::with_capacity(PNG_CAPACITY));
    let mut zlib = ZlibEncoder::new(&mut *compressed, Compression::new(DEFLATE_LEVEL));
    write_scanlines(symbol, &mut zlib).and_then(|()| zlib.finish()).expect("a vector takes whatever is written");
    compressed
}

/// Where a symbol lies in the picture.
struct Layout {
    /// Pixels along one side of a module: as many as leave the quiet zone its width.
    scale: usize,
    /// Pixels to the left of the symbol, and above it.
    before: usize,
    /// Pixels to the right of the symbol, and below it: as many, or one more.
    after: usize,
}

impl Layout {
    const fn of(symbol_width: usize) -> Self {
        let scale = IMAGE_SIDE / (symbol_width + 2 * QUIET_ZONE);
        let white = IMAGE_SIDE - scale * symbol_width;
        let before = white / 2;
        Self { scale, before, after: white - before }
    }
}

/// Writes the picture top to bottom, all scanlines of a row of modules at once.
fn write_scanlines(symbol: &Symbol, picture: &mut impl Write) -> io::Result<()> {
    let layout = Layout::of(symbol.width());
    picture.write_all(&BLANK.repeat(layout.before))?;
    let mut module_row = Zeroizing::new(BLANK.repeat(layout.scale));
    for y in 0..symbol.width() {
        let scanline = scanline(symbol, y, &layout);
        for copy in module_row.chunks_exact_mut(SCANLINE_BYTES) {
            copy.copy_from_slice(&*scanline);
        }
        picture.write_all(&module_row)?;
    }
    picture.write_all(&BLANK.repeat(layout.after))
}

/// Any of the scanlines of row `y` of the symbol: they are all the same.
fn scanline(symbol: &Symbol, y: usize, layout: &Layout) -> Zeroizing<[u8; SCANLINE_BYTES]> {
    let mut scanline = Zeroizing::new(BLANK);
    let (_filter, pixels) = scanline.split_at_mut(1);
    for x in (0..symbol.width()).filter(|&x| symbol.is_dark(x, y)) {
        let left = layout.before + x * layout.scale;
        for pixel in left..left + layout.scale {
            pixels[pixel / PIXELS_PER_BYTE] &= !(LEFTMOST >> (pixel % PIXELS_PER_BYTE));
        }
    }
    scanline
}
