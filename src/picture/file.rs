//! From a file to grey pixels, within limits; knows nothing of what they show.

use std::io::Cursor;

use image::error::ImageError;
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, ImageResult, Limits};

use super::chunks;
use super::error::{Measure, PictureError};
use super::grey::{Grey, Transparent};
use super::photograph;

/// The largest file that is read, in bytes.
pub const MAX_PICTURE_BYTES: usize = 10_000_000;
/// The longest width or height, in pixels: the runs along a row fit into the 16 bits that the reader of symbols has.
pub(super) const MAX_SIDE: u32 = 16_384;
/// The most pixels of a PNG or BMP: a screen of 3840 × 2160.
const MAX_SCREEN_PIXELS: u64 = 3840 * 2160;
/// The most pixels of what takes longer or more memory to decode, GIF, WebP and some kinds of JPEG: a screen of
/// 2560 × 1440.
pub(super) const MAX_SLOW_PIXELS: u64 = 2560 * 1440;
/// The most bytes that the pixels take when decoded: a screen of four bytes a pixel.
const MAX_PIXEL_BYTES: u64 = MAX_SCREEN_PIXELS * 4;
/// The most bytes that a decoder may ask for beside them. Those of GIF decode a frame apart from the picture.
const MAX_FRAME_BYTES: u64 = MAX_SLOW_PIXELS * 4;
/// Profiles of colours in a PNG, which may be small in the file only.
const MAX_PROFILE_BYTES: u64 = 4_000_000;

/// A decoded picture.
pub(super) enum Pixels {
    /// The page behind it makes no difference.
    Opaque(Grey),
    /// Some of the page behind it shows.
    Transparent(Transparent),
}

/// The pixels of a file; of an animation, those of the first frame.
pub(super) fn decode(file: &[u8]) -> Result<Pixels, PictureError> {
    if file.len() > MAX_PICTURE_BYTES {
        return Err(PictureError::TooManyBytes);
    }
    let kind = Kind::of(file)?;
    match kind.format {
        ImageFormat::Png => chunks::check_png(file)?,
        ImageFormat::WebP => chunks::check_webp(file, kind.max_pixels)?,
        ImageFormat::Jpeg => {
            if let Some(photograph) = photograph::grey(file)? {
                return Ok(Pixels::Opaque(photograph));
            }
        }
        // The others have nothing that the limits of their decoders do not hold.
        _ => {}
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
    max_bytes_beside: u64,
}

impl Kind {
    /// What the first bytes of a file say that it is.
    fn of(file: &[u8]) -> Result<Self, PictureError> {
        let format = image::guess_format(file).map_err(|_| PictureError::NotAPicture)?;
        let (name, max_pixels, max_bytes_beside) = match format {
            ImageFormat::Png => ("PNG", MAX_SCREEN_PIXELS, MAX_PROFILE_BYTES),
            ImageFormat::Bmp => ("BMP", MAX_SCREEN_PIXELS, 0),
            ImageFormat::Jpeg => (photograph::NAME, MAX_SLOW_PIXELS, 0),
            ImageFormat::Gif => ("GIF", MAX_SLOW_PIXELS, MAX_FRAME_BYTES),
            ImageFormat::WebP => ("WebP", MAX_SLOW_PIXELS, 0),
            _ => return Err(PictureError::NotAPicture),
        };
        Ok(Self { format, name, max_pixels, max_bytes_beside })
    }

    /// The picture, if it is within the limits by what the file says of itself and by what its decoder asks for.
    fn decode(&self, file: &[u8]) -> Result<DynamicImage, PictureError> {
        let fault = |error| self.fault(&error);
        let mut decoder = self.decoder(file).map_err(fault)?;
        let (width, height) = decoder.dimensions();
        within(Measure::SidePixels, MAX_SIDE.into(), width.max(height).into())?;
        within(Measure::Pixels, self.max_pixels, u64::from(width) * u64::from(height))?;
        within(Measure::PixelBytes, MAX_PIXEL_BYTES, decoder.total_bytes())?;
        decoder.set_limits(self.limits()).map_err(fault)?;
        DynamicImage::from_decoder(decoder).map_err(fault)
    }

    /// The decoder, before it decodes a pixel.
    fn decoder<'a>(&self, file: &'a [u8]) -> ImageResult<impl ImageDecoder + 'a> {
        let mut reader = ImageReader::with_format(Cursor::new(file), self.format);
        reader.limits(self.limits());
        reader.into_decoder()
    }

    /// What the decoder keeps by itself: PNG's and GIF's count what they ask for. The sides are checked by us, who can say
    /// how long they are.
    fn limits(&self) -> Limits {
        let mut limits = Limits::no_limits();
        limits.max_alloc = Some(self.max_bytes_beside);
        limits
    }

    /// What a decoder's error means. Its own message may quote the file.
    fn fault(&self, error: &ImageError) -> PictureError {
        let format = self.name;
        match error {
            ImageError::Limits(_) => PictureError::TooMuchMemory { limit: self.max_bytes_beside },
            ImageError::Unsupported(_) => PictureError::NotSupported { format },
            ImageError::Decoding(_) | ImageError::Encoding(_) | ImageError::Parameter(_) | ImageError::IoError(_) => {
                PictureError::Damaged { format }
            }
        }
    }
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
