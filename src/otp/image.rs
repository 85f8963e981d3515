//! A symbol as a PNG picture, 512 × 512 pixels of black and white; knows nothing of what the symbol
//! says.

use std::io::Write;

use flate2::write::ZlibEncoder;
use flate2::{Compress, Compression};
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
/// Eight pixels, the leftmost in the highest bit (PNG, section 7.2): in a grey-scale picture of one bit, 0 is black and
/// 1 is white (PNG, section 6.1).
const WHITE: u8 = 0xFF;
const BLACK: u8 = 0x00;
/// A scanline of white pixels.
const BLANK: [u8; SCANLINE_BYTES] = {
    let mut scanline = [WHITE; SCANLINE_BYTES];
    scanline[0] = FILTER_NONE;
    scanline
};

/// zlib's level, 1 to 9: the next higher one saves 7 % and takes three times as long.
const DEFLATE_LEVEL: u32 = 6;
/// The binary logarithm of the bytes that zlib looks back over, 9 to 15 (RFC 1950, section 2.2): 126 scanlines. Twice as
/// many save nothing, but more memory that a process touches for the first time, which is as slow as the search in it.
const WINDOW_BITS: u8 = 13;
/// What zlib is given at a time: it finds less at the ends of pieces (all at once would save a byte), and a process touches
/// memory for the first time as slowly as zlib searches it.
const PIECE_BYTES: usize = 128 * SCANLINE_BYTES;
/// Room in the file for everything but rows of modules: chunks and their headers, the head of the compressed data.
const FRAME_BYTES: usize = 512;
/// Room in the file for each row of modules. The file of any symbol fits, so that it is written in one place and nothing is
/// left behind in another; with more room for all, wiping it would touch memory that nothing else does.
const MODULE_ROW_BYTES: usize = 40;

/// The picture of `symbol` as a PNG file (ISO/IEC 15948): [`IMAGE_SIDE`] pixels a side, one bit per
/// pixel, black on white.
///
/// Modules are equal squares of whole pixels, as large as leave [`QUIET_ZONE`] modules of white on
/// every side; the symbol is centred to within a pixel. The same symbol always has the same bytes.
#[must_use]
pub fn png(symbol: &Symbol) -> Zeroizing<Vec<u8>> {
    let side = u32::try_from(IMAGE_SIDE).expect("512 fits into 32 bits");
    let mut file = Zeroizing::new(Vec::with_capacity(capacity(symbol)));
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

/// Room for the file of this symbol, in bytes.
fn capacity(symbol: &Symbol) -> usize {
    FRAME_BYTES + MODULE_ROW_BYTES * symbol.width()
}

/// The picture top to bottom, all scanlines of a row of modules alike.
fn compressed_scanlines(symbol: &Symbol) -> Zeroizing<Vec<u8>> {
    let layout = Layout::of(symbol.width());
    let mut compressed = Zeroizing::new(Vec::with_capacity(capacity(symbol)));
    let mut compressor = Compressor::new(&mut compressed);
    compressor.add(&BLANK, layout.before);
    for y in 0..symbol.width() {
        compressor.add(&scanline(symbol, y, &layout), layout.scale);
    }
    compressor.add(&BLANK, layout.after);
    compressor.finish();
    compressed
}

/// Scanlines on their way through zlib.
struct Compressor<'a> {
    zlib: ZlibEncoder<&'a mut Vec<u8>>,
    piece: Zeroizing<Vec<u8>>,
}

impl<'a> Compressor<'a> {
    fn new(compressed: &'a mut Vec<u8>) -> Self {
        let deflate = Compress::new_with_window_bits(Compression::new(DEFLATE_LEVEL), true, WINDOW_BITS);
        Self {
            zlib: ZlibEncoder::new_with_compress(compressed, deflate),
            piece: Zeroizing::new(Vec::with_capacity(PIECE_BYTES)),
        }
    }

    fn add(&mut self, scanline: &[u8; SCANLINE_BYTES], times: usize) {
        for _ in 0..times {
            if self.piece.len() == PIECE_BYTES {
                self.zlib.write_all(&self.piece).expect("a vector takes whatever is written");
                self.piece.clear();
            }
            self.piece.extend_from_slice(scanline);
        }
    }

    fn finish(mut self) {
        let rest = self.zlib.write_all(&self.piece);
        rest.and_then(|()| self.zlib.finish()).expect("a vector takes whatever is written");
    }
}

/// Where a symbol lies in the picture.
struct Layout {
    /// Pixels along one side of a module: as many as leave the quiet zone its width.
    scale: usize,
    /// Pixels to the left of the symbol, and above it.
    before: usize,
    /// Pixels to the right of it, and below it: as many, or one more.
    after: usize,
}

impl Layout {
    const fn of(symbol_width: usize) -> Self {
        let scale = IMAGE_SIDE / (symbol_width + 2 * QUIET_ZONE);
        let margins = IMAGE_SIDE - scale * symbol_width;
        Self { scale, before: margins / 2, after: margins - margins / 2 }
    }
}

/// Any of the scanlines of row `y` of the symbol: they are all the same.
fn scanline(symbol: &Symbol, y: usize, layout: &Layout) -> Zeroizing<[u8; SCANLINE_BYTES]> {
    let mut scanline = Zeroizing::new(BLANK);
    let (_filter, pixels) = scanline.split_at_mut(1);
    for x in (0..symbol.width()).filter(|&x| symbol.is_dark(x, y)) {
        let left = layout.before + x * layout.scale;
        blacken(pixels, left, left + layout.scale);
    }
    scanline
}

/// Blackens the pixels from `left` to the one before `right`, byte by byte. The pixel `right` exists: at least the quiet
/// zone is there.
fn blacken(pixels: &mut [u8], left: usize, right: usize) {
    let (first, last) = (left / PIXELS_PER_BYTE, right / PIXELS_PER_BYTE);
    let white_before = !(WHITE >> (left % PIXELS_PER_BYTE));
    let white_after = WHITE >> (right % PIXELS_PER_BYTE);
    if first == last {
        pixels[first] &= white_before | white_after;
    } else {
        pixels[first] &= white_before;
        pixels[first + 1..last].fill(BLACK);
        pixels[last] &= white_after;
    }
}
