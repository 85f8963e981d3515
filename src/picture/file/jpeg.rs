//! JPEG. Of files with luma and chroma (YCbCr), as cameras make them, and of grey ones nothing but the luma is decoded:
//! the colours of a photograph of 50 megapixels would take 150 MB.

use memchr::memmem;
use zune_jpeg::JpegDecoder;
use zune_jpeg::errors::DecodeErrors;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

use super::jpeg_header::Header;
use super::{PictureKind, check_sides, max_pixels, rows_to_picture, within};
use crate::picture::canvas::{Picture, PixelFormat};
use crate::picture::error::{Measure, PictureError};
use crate::picture::grey::Grey;

/// What begins the segments that the decoder keeps, one entry each: profiles of colours, gain maps, and further parts of
/// descriptions (XMP), through all of which it goes anew at each part.
const KEPT: [&[u8]; 3] = [b"ICC_PROFILE\0", b"urn:iso:std:iso:ts:21496:-1\0", b"http://ns.adobe.com/xmp/extension/\0"];
/// The most of these: a profile has at most 255 parts, and 400 parts of a description fill a file.
const MAX_KEPT: u64 = 1000;
/// The most scans of a progressive file, each of which goes through all its pixels; encoders make about ten.
const MAX_SCANS: usize = 30;
/// Bytes of a coefficient while the decoder keeps those of the whole picture.
const COEFFICIENT_BYTES: u64 = 2;

const DAMAGED: PictureError = PictureError::Damaged { format: PictureKind::Jpeg.name() };

/// The pixels of a file.
pub(super) fn decode(file: &[u8]) -> Result<Picture, PictureError> {
    let kept = KEPT.iter().map(|name| memmem::find_iter(file, name).count() as u64).sum();
    within(Measure::Descriptions, MAX_KEPT, kept)?;
    let (format, out) = match colours(file)? {
        ColorSpace::Luma | ColorSpace::YCbCr => (PixelFormat::Grey, ColorSpace::Luma),
        _ => (PixelFormat::Rgb, ColorSpace::RGB),
    };
    let mut decoder = decoder(file, out)?;
    let (width, height) = decoder.dimensions().ok_or(DAMAGED)?;
    let header = Header::of(file).ok_or(DAMAGED)?;
    check_sides(PictureKind::Jpeg, width as u64, height as u64, max_pixels(bytes_per_pixel(&header, format)))?;
    let pixels = decoder.decode().map_err(|error| fault(&error))?;
    match format {
        PixelFormat::Grey => Grey::new(width, height, pixels.into()).map(Picture::from).ok_or(DAMAGED),
        PixelFormat::GreyAlpha | PixelFormat::Rgb | PixelFormat::Rgba => {
            rows_to_picture(width, height, format, &pixels.into())
        }
    }
}

/// What the decoder takes for a pixel: its samples, the grey made of colours, and the coefficients that it keeps unless
/// a part of the picture is whole as soon as it is read.
fn bytes_per_pixel(header: &Header, format: PixelFormat) -> u64 {
    let made = match format {
        PixelFormat::Grey => 0,
        PixelFormat::GreyAlpha | PixelFormat::Rgb | PixelFormat::Rgba => 1,
    };
    let kept = if header.is_one_scan() { 0 } else { header.kept_per_pixel(COEFFICIENT_BYTES) };
    format.samples() as u64 + made + kept
}

/// The kind of colours in a file.
fn colours(file: &[u8]) -> Result<ColorSpace, PictureError> {
    decoder(file, ColorSpace::Luma)?.input_colorspace().ok_or(DAMAGED)
}

/// A decoder to these colours that has read the headers.
fn decoder(file: &[u8], out: ColorSpace) -> Result<JpegDecoder<ZCursor<&[u8]>>, PictureError> {
    // The sides are limited by us, who can say how long they are.
    let options = DecoderOptions::default()
        .set_strict_mode(false)
        .set_max_width(u16::MAX.into())
        .set_max_height(u16::MAX.into())
        .jpeg_set_max_scans(MAX_SCANS)
        .jpeg_set_out_colorspace(out);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(file), options);
    decoder.decode_headers().map_err(|error| fault(&error))?;
    Ok(decoder)
}

/// What the decoder's error means. Its own message may quote the file.
fn fault(error: &DecodeErrors) -> PictureError {
    match error {
        DecodeErrors::Unsupported(_) => PictureError::NotSupported { format: PictureKind::Jpeg.name() },
        _ => DAMAGED,
    }
}
