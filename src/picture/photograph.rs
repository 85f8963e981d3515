//! JPEG files of grey pixels or of luma and chroma (YCbCr), as cameras make them, read without their colours: those of a
//! photograph of 12 megapixels would take 36 MB.

use zune_core::bytestream::ZCursor;
use zune_core::colorspace::ColorSpace;
use zune_core::options::DecoderOptions;
use zune_jpeg::JpegDecoder;
use zune_jpeg::errors::DecodeErrors;

use super::error::{Measure, PictureError};
use super::file::{MAX_SIDE, MAX_SLOW_PIXELS, within};
use super::grey::Grey;

/// The kind of file.
pub(super) const NAME: &str = "JPEG";
/// The most pixels of a file that is not progressive: 4096 × 3072, what cameras call 12 megapixels.
const MAX_PIXELS: u64 = 4096 * 3072;

/// The luma of the pixels; nothing where the file holds colours of another kind, CMYK or RGB.
pub(super) fn grey(file: &[u8]) -> Result<Option<Grey>, PictureError> {
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(file), options());
    decoder.decode_headers().map_err(|error| fault(&error))?;
    let (Some(info), Some(colours)) = (decoder.info(), decoder.input_colorspace()) else { return Ok(None) };
    if !matches!(colours, ColorSpace::Luma | ColorSpace::YCbCr) {
        return Ok(None);
    }
    let (width, height) = (usize::from(info.width), usize::from(info.height));
    let max_pixels = if info.sof.is_progressive() { MAX_SLOW_PIXELS } else { MAX_PIXELS };
    within(Measure::SidePixels, MAX_SIDE.into(), width.max(height) as u64)?;
    within(Measure::Pixels, max_pixels, (width * height) as u64)?;
    let pixels = decoder.decode().map_err(|error| fault(&error))?;
    Grey::new(width, height, pixels).map(Some).ok_or(PictureError::Damaged { format: NAME })
}

/// Nothing but luma. The sides are limited by us, who can say how long they are.
fn options() -> DecoderOptions {
    DecoderOptions::default()
        .set_strict_mode(false)
        .set_max_width(u16::MAX.into())
        .set_max_height(u16::MAX.into())
        .jpeg_set_out_colorspace(ColorSpace::Luma)
}

/// What the decoder's error means. Its own message may quote the file.
fn fault(error: &DecodeErrors) -> PictureError {
    match error {
        DecodeErrors::Unsupported(_) => PictureError::NotSupported { format: NAME },
        _ => PictureError::Damaged { format: NAME },
    }
}
