//! From a file to grey pixels, within limits; knows nothing of what they show.
//!
//! PNG, GIF and the palettes of BMP come row by row, and of JPEG and lossy WebP nothing but the luma is decoded: so a
//! picture of 50 megapixels takes 50 MB. What comes as a whole may be as large as fits into the same memory.

mod bmp;
mod gif;
mod jpeg;
mod jpeg_header;
mod png;
mod webp;

use zeroize::Zeroizing;

use super::canvas::{Canvas, Picture, PixelFormat};
use super::error::{Measure, PictureError};

/// The largest file that is read, in bytes.
pub const MAX_PICTURE_BYTES: usize = 24_000_000;
/// The most memory that one picture takes with its file, and with the program that reads it, in bytes.
pub const MAX_PICTURE_MEMORY: usize = 160_000_000;
/// What of it is left for the program itself and for the search.
const PROGRAM_BYTES: usize = 8_000_000;
/// The longest width or height, in pixels: the runs along a row fit into the 16 bits that the reader of symbols has.
pub(super) const MAX_SIDE: u64 = 16_384;
/// The most pixels of a picture: 8192 × 6144, what cameras call 50 megapixels.
pub(super) const MAX_PIXELS: u64 = 8192 * 6144;
/// The most pixels of a picture with transparency: their greys, their alphas, what is seen on a page, and what the
/// search makes of that.
pub(super) const MAX_TRANSPARENT_PIXELS: u64 = max_pixels(5);
/// The most bytes that a decoder may keep beside pixels, of descriptions and the like.
const MAX_BESIDE_BYTES: usize = 4_000_000;

/// The pixels of a file; of an animation, those of the first frame.
pub(super) fn decode(file: &[u8]) -> Result<Picture, PictureError> {
    if file.len() > MAX_PICTURE_BYTES {
        return Err(PictureError::TooManyBytes);
    }
    match PictureKind::of(file).ok_or(PictureError::NotAPicture)? {
        PictureKind::Png => png::decode(file),
        PictureKind::Jpeg => jpeg::decode(file),
        PictureKind::Gif => gif::decode(file),
        PictureKind::Bmp => bmp::decode(file),
        PictureKind::WebP => webp::decode(file),
    }
}

/// A kind of file that is read.
#[derive(Clone, Copy)]
enum PictureKind {
    Png,
    Jpeg,
    Gif,
    Bmp,
    WebP,
}

impl PictureKind {
    /// What the first bytes of a file say that it is.
    fn of(file: &[u8]) -> Option<Self> {
        match file {
            [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1A, b'\n', ..] => Some(Self::Png),
            [0xFF, 0xD8, 0xFF, ..] => Some(Self::Jpeg),
            [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Some(Self::Gif),
            [b'B', b'M', ..] => Some(Self::Bmp),
            [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some(Self::WebP),
            _ => None,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Png => "PNG",
            Self::Jpeg => "JPEG",
            Self::Gif => "GIF",
            Self::Bmp => "BMP",
            Self::WebP => "WebP",
        }
    }
}

/// The most pixels, by the bytes that each takes until it is grey.
const fn max_pixels(bytes: u64) -> u64 {
    let max = (MAX_PICTURE_MEMORY - MAX_PICTURE_BYTES - PROGRAM_BYTES) as u64 / bytes;
    if max < MAX_PIXELS { max } else { MAX_PIXELS }
}

/// Refuses a picture that has no pixels or too many, or whose sides are too long.
fn check_sides(kind: PictureKind, width: u64, height: u64, max_pixels: u64) -> Result<(), PictureError> {
    if width == 0 || height == 0 {
        return Err(PictureError::Damaged { format: kind.name() });
    }
    within(Measure::SidePixels, MAX_SIDE, width.max(height))?;
    within(Measure::Pixels, max_pixels, width * height)
}

/// Refuses what is beyond a limit.
fn within(measure: Measure, limit: u64, found: u64) -> Result<(), PictureError> {
    if found > limit { Err(PictureError::TooLarge { measure, limit, found }) } else { Ok(()) }
}

/// Grey pixels of colours that came as a whole: of at least one pixel.
fn rows_to_picture(
    width: usize,
    height: usize,
    format: PixelFormat,
    pixels: &Zeroizing<Vec<u8>>,
) -> Result<Picture, PictureError> {
    let mut canvas = Canvas::new(width, height, MAX_TRANSPARENT_PIXELS);
    for (y, row) in pixels.chunks_exact(width * format.samples()).enumerate() {
        canvas.place(0, y, format, row)?;
    }
    Ok(canvas.into_picture().expect("a picture has pixels"))
}
