//! From a file to grey pixels, within limits; knows nothing of what they show.

use std::io::Cursor;

use image::error::ImageError;
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, ImageResult, Limits};

use super::error::{Measure, PictureError};
use super::grey::{Grey, Transparent};
use super::photograph;

/// The largest file that is read, in bytes.
pub const MAX_PICTURE_BYTES: usize = 10_000_000;
/// The longest width or height, in pixels: the runs along a row fit into the 16 bits that the reader of symbols has.
pub(super) const MAX_SIDE: u32 = 16_384;
/// The most pixels of a PNG or BMP: a screen of 3840 × 2160.
const MAX_SCREEN_PIXELS: u64 = 3840 * 2160;
/// The most pixels of what takes longer to decode: GIF, WebP and most kinds of JPEG.
pub(super) const MAX_SLOW_PIXELS: u64 = 2048 * 2048;
/// The most bytes that the pixels take when decoded, and that a decoder may ask for: a screen of four bytes a pixel.
const MAX_PIXEL_BYTES: u64 = MAX_SCREEN_PIXELS * 4;

/// A decoded picture.
pub(super) enum Pixels {
    /// The page behind it makes no difference.
    Opaque(Grey),
    /// Some of the page behind it shows.
    Transparent(Transparent),
}

/// The pixels of a file; of an animation, those of the first frame.
pub(super) fn decode(file: &[u8]) -> Result<Pixels, PictureError> {
    within(Measure::Bytes, MAX_PICTURE_BYTES as u64, file.len() as u64)?;
    let kind = Kind::of(file)?;
    if matches!(kind.format, ImageFormat::Jpeg)
        && let Some(photograph) = photograph::grey(file)?
    {
        return Ok(Pixels::Opaque(photograph));
    }
    Ok(pixels(kind.decode(file)?))
}

/// Refuses what is beyond a limit.
pub(super) fn within(measure: Measure, limit: u64, found: u64) -> Result<(), PictureError> {
    if found > limit { Err(PictureError::TooLarge { measure, limit, found }) } else { Ok(()) }
}

/// One of the kinds of file that are read.
struct Kind {
    format: ImageFormat,
    name: &'static str,
    max_pixels: u64,
}

impl Kind {
    /// What the first bytes of a file say that it is.
    fn of(file: &[u8]) -> Result<Self, PictureError> {
        let format = image::guess_format(file).map_err(|_| PictureError::NotAPicture)?;
        let (name, max_pixels) = match format {
            ImageFormat::Png => ("PNG", MAX_SCREEN_PIXELS),
            ImageFormat::Bmp => ("BMP", MAX_SCREEN_PIXELS),
            ImageFormat::Jpeg => (photograph::NAME, MAX_SLOW_PIXELS),
            ImageFormat::Gif => ("GIF", MAX_SLOW_PIXELS),
            ImageFormat::WebP => ("WebP", MAX_SLOW_PIXELS),
            _ => return Err(PictureError::NotAPicture),
        };
        Ok(Self { format, name, max_pixels })
    }

    /// The picture, if it is within the limits by what the file says of itself and by what its decoder asks for.
    fn decode(&self, file: &[u8]) -> Result<DynamicImage, PictureError> {
        let fault = |error| self.fault(&error);
        let mut decoder = self.decoder(file).map_err(fault)?;
        let (width, height) = decoder.dimensions();
        within(Measure::SidePixels, MAX_SIDE.into(), width.max(height).into())?;
        within(Measure::Pixels, self.max_pixels, u64::from(width) * u64::from(height))?;
        within(Measure::PixelBytes, MAX_PIXEL_BYTES, decoder.total_bytes())?;
        // What the pixels take is the decoder's to count only where it decodes more than the picture.
        decoder.set_limits(limits()).map_err(fault)?;
        DynamicImage::from_decoder(decoder).map_err(fault)
    }

    /// The decoder, before it decodes a pixel.
    fn decoder<'a>(&self, file: &'a [u8]) -> ImageResult<impl ImageDecoder + 'a> {
        let mut reader = ImageReader::with_format(Cursor::new(file), self.format);
        reader.limits(limits());
        reader.into_decoder()
    }

    /// What a decoder's error means. Its own message may quote the file.
    fn fault(&self, error: &ImageError) -> PictureError {
        let format = self.name;
        match error {
            ImageError::Limits(_) => PictureError::TooMuchMemory { limit: MAX_PIXEL_BYTES },
            ImageError::Unsupported(_) => PictureError::NotSupported { format },
            ImageError::Decoding(_) | ImageError::Encoding(_) | ImageError::Parameter(_) | ImageError::IoError(_) => {
                PictureError::Damaged { format }
            }
        }
    }
}

/// The limits that a decoder keeps by itself. The sides are checked by us, who can say how long they are.
fn limits() -> Limits {
    let mut limits = Limits::no_limits();
    limits.max_alloc = Some(MAX_PIXEL_BYTES);
    limits
}

/// Grey pixels, or those of a picture that the page shows through.
fn pixels(image: DynamicImage) -> Pixels {
    if !image.color().has_alpha() {
        return Pixels::Opaque(Grey::from(image.into_luma8()));
    }
    let transparent = match image {
        DynamicImage::ImageRgba8(image) => Transparent::from(image),
        other => Transparent::from(other.into_luma_alpha8()),
    };
    if transparent.is_opaque() { Pixels::Opaque(transparent.over(u8::MAX)) } else { Pixels::Transparent(transparent) }
}
