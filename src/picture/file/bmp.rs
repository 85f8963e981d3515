//! BMP. Of pixels that are places in a palette, which may be many in a small file, there are never more than a row; the
//! others come as a whole, which is no more than the file has.

use std::io::Cursor;

use image::codecs::bmp::BmpDecoder;
use image::error::ImageError;
use image::{ColorType, ImageDecoder};
use zeroize::Zeroizing;

use super::{MAX_PIXELS, MAX_TRANSPARENT_PIXELS, PictureKind, check_sides, max_pixels, rows_to_picture};
use crate::picture::canvas::{Canvas, Picture, PixelFormat, luma};
use crate::picture::error::PictureError;

/// Red, green, blue and alpha, and the grey and the alpha that are made of them.
const WHOLE_BYTES: u64 = 4 + 1 + 1;
/// Rows are filled up to whole numbers of these (BITMAPINFOHEADER).
const ROW_BITS: usize = 32;

const DAMAGED: PictureError = PictureError::Damaged { format: PictureKind::Bmp.name() };

/// The pixels of a file.
pub(super) fn decode(file: &[u8]) -> Result<Picture, PictureError> {
    let decoder = BmpDecoder::new(Cursor::new(file)).map_err(|error| fault(&error))?;
    let (width, height) = decoder.dimensions();
    check_sides(PictureKind::Bmp, width.into(), height.into(), MAX_PIXELS)?;
    let (width, height) = (width as usize, height as usize);
    if let (Some(colours), Some(rows)) = (decoder.get_palette(), PaletteRows::of(file, width)) {
        return rows.picture(width, height, colours);
    }
    check_sides(PictureKind::Bmp, width as u64, height as u64, max_pixels(WHOLE_BYTES))?;
    let format = if decoder.color_type() == ColorType::Rgba8 { PixelFormat::Rgba } else { PixelFormat::Rgb };
    let mut pixels = Zeroizing::new(vec![0; width * height * format.samples()]);
    decoder.read_image(&mut pixels).map_err(|error| fault(&error))?;
    rows_to_picture(width, height, format, &pixels)
}

/// The rows of a file without compression whose pixels are places in a palette. The decoder has read the headers and
/// found them sound; it makes colours of such pixels.
struct PaletteRows<'a> {
    bits: usize,
    is_top_down: bool,
    row_bytes: usize,
    bytes: &'a [u8],
}

impl<'a> PaletteRows<'a> {
    /// Nothing where pixels are compressed, or not in a palette.
    fn of(file: &'a [u8], width: usize) -> Option<Self> {
        /// The size of the oldest header (BITMAPCOREHEADER), whose fields are shorter.
        const CORE_HEADER: u32 = 12;
        let (offset, header) = (field(file, 10)?, field(file, 14)?);
        let (bits, compression, height) = if header == CORE_HEADER {
            (field(file, 22)? >> 16, 0, 0)
        } else {
            (field(file, 26)? >> 16, field(file, 30)?, field(file, 22)?.cast_signed())
        };
        let bits = usize::try_from(bits).ok().filter(|bits| matches!(bits, 1 | 2 | 4 | 8) && compression == 0)?;
        let row_bytes = (width * bits).div_ceil(ROW_BITS) * (ROW_BITS / 8);
        let bytes = file.get(usize::try_from(offset).ok()?..).unwrap_or_default();
        Some(Self { bits, is_top_down: height < 0, row_bytes, bytes })
    }

    fn picture(&self, width: usize, height: usize, colours: &[[u8; 3]]) -> Result<Picture, PictureError> {
        let greys: Vec<u8> = colours.iter().copied().map(luma).collect();
        let mut canvas = Canvas::new(width, height, MAX_TRANSPARENT_PIXELS);
        let mut row = Zeroizing::new(vec![0; width]);
        for y in 0..height {
            let bytes = self.bytes.get(y * self.row_bytes..(y + 1) * self.row_bytes).ok_or(DAMAGED)?;
            for (pixel, place) in row.iter_mut().zip(self.places(bytes)) {
                *pixel = greys.get(place).copied().unwrap_or_default();
            }
            let y = if self.is_top_down { y } else { height - 1 - y };
            canvas.place(0, y, PixelFormat::Grey, &row)?;
        }
        canvas.into_picture().ok_or(DAMAGED)
    }

    /// The pixels of a row, the first in the highest bits of a byte.
    fn places(&self, row: &[u8]) -> impl Iterator<Item = usize> {
        let (bits, mask) = (self.bits, (1 << self.bits) - 1);
        row.iter()
            .flat_map(move |&byte| (0..8 / bits).rev().map(move |place| usize::from(byte) >> (place * bits) & mask))
    }
}

/// A number in the headers.
fn field(file: &[u8], at: usize) -> Option<u32> {
    file.get(at..)?.first_chunk().copied().map(u32::from_le_bytes)
}

/// What the decoder's error means. Its own message may quote the file.
fn fault(error: &ImageError) -> PictureError {
    match error {
        ImageError::Unsupported(_) => PictureError::NotSupported { format: PictureKind::Bmp.name() },
        ImageError::Limits(_)
        | ImageError::Decoding(_)
        | ImageError::Encoding(_)
        | ImageError::Parameter(_)
        | ImageError::IoError(_) => DAMAGED,
    }
}
