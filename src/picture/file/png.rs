//! PNG, row by row: of its colours there is never more than a row.

use std::io::Cursor;

use ::png::{BitDepth, ColorType, Decoder, DecodingError, InterlaceInfo, Limits, Reader, Transformations};

use super::{MAX_BESIDE_BYTES, MAX_PIXELS, MAX_TRANSPARENT_PIXELS, PictureKind, check_sides};
use crate::picture::canvas::{Canvas, Picture, PixelFormat};
use crate::picture::error::PictureError;

const DAMAGED: PictureError = PictureError::Damaged { format: PictureKind::Png.name() };

/// The pixels; of an animation, those of its default image.
pub(super) fn decode(file: &[u8]) -> Result<Picture, PictureError> {
    let mut reader = reader(file).map_err(|error| fault(&error))?;
    let (width, height) = reader.info().size();
    check_sides(PictureKind::Png, width.into(), height.into(), MAX_PIXELS)?;
    // The frame of an animation that is also its default image has the size of both (section 11.3.6.2).
    if reader.info().frame_control.is_some_and(|frame| (frame.width, frame.height) != (width, height)) {
        return Err(DAMAGED);
    }
    let format = format(reader.output_color_type());
    let mut canvas = Canvas::new(width as usize, height as usize, MAX_TRANSPARENT_PIXELS);
    let mut y = 0;
    while let Some(row) = reader.next_interlaced_row().map_err(|error| fault(&error))? {
        match row.interlace() {
            InterlaceInfo::Null(_) => canvas.place(0, y, format, row.data())?,
            InterlaceInfo::Adam7(info) => canvas.place_interlaced(info, format, row.data())?,
        }
        y += 1;
    }
    canvas.into_picture().ok_or(DAMAGED)
}

/// A reader of rows of 8 bits a sample. Texts and profiles are left alone: they may be small in the file only.
fn reader(file: &[u8]) -> Result<Reader<Cursor<&[u8]>>, DecodingError> {
    let mut decoder = Decoder::new_with_limits(Cursor::new(file), Limits { bytes: MAX_BESIDE_BYTES });
    decoder.set_ignore_text_chunk(true);
    decoder.set_ignore_iccp_chunk(true);
    decoder.set_transformations(Transformations::EXPAND | Transformations::STRIP_16);
    decoder.read_info()
}

/// What the samples of a row are, as the transformations leave them.
fn format((color, depth): (ColorType, BitDepth)) -> PixelFormat {
    debug_assert_eq!(depth, BitDepth::Eight);
    match color {
        ColorType::Grayscale | ColorType::Indexed => PixelFormat::Grey,
        ColorType::GrayscaleAlpha => PixelFormat::GreyAlpha,
        ColorType::Rgb => PixelFormat::Rgb,
        ColorType::Rgba => PixelFormat::Rgba,
    }
}

/// What the decoder's error means. Its own message may quote the file.
fn fault(error: &DecodingError) -> PictureError {
    match error {
        DecodingError::LimitsExceeded => PictureError::TooMuchMemory { limit: MAX_BESIDE_BYTES },
        DecodingError::IoError(_) | DecodingError::Format(_) | DecodingError::Parameter(_) => DAMAGED,
    }
}
