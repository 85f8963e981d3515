//! WebP. Of a lossy picture nothing but its luma is decoded; the others come as a whole.

use std::io::Cursor;
use std::iter;

use image_webp::vp8::Vp8Decoder;
use image_webp::{DecodingError, WebPDecoder};
use zeroize::Zeroizing;

use super::{PictureKind, check_sides, max_pixels, rows_to_picture, within};
use crate::picture::canvas::{Picture, PixelFormat};
use crate::picture::error::{Measure, PictureError};
use crate::picture::grey::Grey;

/// Bytes of a file before its first chunk (RFC 9649, section 2.4).
const HEADER_BYTES: usize = 12;
/// Bytes of an `ANMF` chunk before those of its frame (RFC 9649, section 2.7.1.1).
const ANMF_HEADER_BYTES: usize = 16;
/// Bytes of a pixel until it is grey: colours with alpha, as they are decoded, and without it.
const LOSSLESS_BYTES: u64 = 4 + 3;
/// Luma and chroma take 1.5 bytes a pixel. The limit is that of the time: no other luma takes as long.
const LOSSY_BYTES: u64 = 5;
/// Colours with alpha of the frame and of all it lies on, the latter without alpha, and what the decoder keeps beside
/// them. A lossy picture with alpha takes somewhat less.
const FRAME_BYTES: u64 = 4 + 4 + 3 + 1;
/// The samples of a macroblock to a side, of which planes have whole numbers (RFC 6386, section 2).
const MACROBLOCK: usize = 16;

const DAMAGED: PictureError = PictureError::Damaged { format: PictureKind::WebP.name() };

/// The pixels; of an animation, those of the first frame.
pub(super) fn decode(file: &[u8]) -> Result<Picture, PictureError> {
    // The decoder compares a frame with the size of all only when it is decoded.
    let max = max_pixels(LOSSY_BYTES);
    lossy_frames(file).filter_map(vp8_pixels).try_for_each(|pixels| within(Measure::Pixels, max, pixels))?;
    let mut decoder = WebPDecoder::new(Cursor::new(file)).map_err(|error| fault(&error))?;
    let bytes = match (decoder.is_animated(), decoder.is_lossy(), decoder.has_alpha()) {
        (true, ..) | (false, true, true) => FRAME_BYTES,
        (false, false, _) => LOSSLESS_BYTES,
        (false, true, false) => LOSSY_BYTES,
    };
    let (width, height) = decoder.dimensions();
    check_sides(PictureKind::WebP, width.into(), height.into(), max_pixels(bytes))?;
    if bytes == LOSSY_BYTES {
        return luma(lossy_frames(file).next().ok_or(DAMAGED)?);
    }
    let format = if decoder.has_alpha() { PixelFormat::Rgba } else { PixelFormat::Rgb };
    let mut pixels = Zeroizing::new(vec![0; decoder.output_buffer_size().ok_or(DAMAGED)?]);
    decoder.read_image(&mut pixels).map_err(|error| fault(&error))?;
    rows_to_picture(width as usize, height as usize, format, &pixels)
}

/// The luma of a lossy frame.
fn luma(frame: &[u8]) -> Result<Picture, PictureError> {
    let frame = Vp8Decoder::decode_frame(frame).map_err(|error| fault(&error))?;
    let (width, height) = (usize::from(frame.width), usize::from(frame.height));
    let mut pixels = Zeroizing::new(frame.ybuf);
    let stride = width.next_multiple_of(MACROBLOCK);
    for y in 1..height {
        pixels.copy_within(y * stride..y * stride + width, y * width);
    }
    pixels.truncate(width * height);
    Grey::new(width, height, pixels).map(Picture::from).ok_or(DAMAGED)
}

/// The data of the lossy frames in a file, also of those in an animation. Frames hold no frames (RFC 9649, section 2.7).
fn lossy_frames(file: &[u8]) -> impl Iterator<Item = &[u8]> {
    let frame = |(kind, data)| (kind == b"VP8 ").then_some(data);
    chunks(file.get(HEADER_BYTES..).unwrap_or_default()).flat_map(move |chunk @ (kind, data)| {
        let animated = if kind == b"ANMF" { data.get(ANMF_HEADER_BYTES..).unwrap_or_default() } else { &[] };
        iter::once(chunk).chain(chunks(animated)).filter_map(frame)
    })
}

/// Chunks with their data, the last perhaps cut (RFC 9649, section 2.3).
fn chunks(chunks: &[u8]) -> impl Iterator<Item = (&[u8; 4], &[u8])> {
    let mut rest = chunks;
    iter::from_fn(move || {
        let (kind, after) = rest.split_first_chunk()?;
        let (length, after) = after.split_first_chunk()?;
        let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
        let data = &after[..length.min(after.len())];
        // Of an odd length, a byte is left out.
        rest = after.get(length.saturating_add(length % 2)..).unwrap_or_default();
        Some((kind, data))
    })
}

/// The pixels of a lossy frame, by its header (RFC 6386, section 9.1); none where this is no such frame.
fn vp8_pixels(data: &[u8]) -> Option<u64> {
    let [_, _, _, 0x9d, 0x01, 0x2a, sides @ ..] = data else { return None };
    let (sides, _) = sides.as_chunks();
    let &[width, height, ..] = sides else { return None };
    // The highest two bits are a scale.
    let [width, height] = [width, height].map(|side| u64::from(u16::from_le_bytes(side) & 0x3fff));
    Some(width * height)
}

/// What the decoder's error means. Its own message may quote the file.
fn fault(error: &DecodingError) -> PictureError {
    match error {
        DecodingError::UnsupportedFeature(_) => PictureError::NotSupported { format: PictureKind::WebP.name() },
        _ => DAMAGED,
    }
}
