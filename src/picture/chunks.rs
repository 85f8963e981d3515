//! What the chunks of a file say and its decoder believes: where it sets no limit of its own, this does.

use std::iter;

use super::error::{Measure, PictureError};
use super::file::within;

/// The most texts in a PNG (section 11.3.3): the decoder keeps some hundred bytes for each, be it empty.
const MAX_PNG_TEXTS: u64 = 1000;
/// Bytes of a PNG before its first chunk (section 5.2).
const PNG_SIGNATURE_BYTES: usize = 8;
/// Bytes of a chunk of a PNG behind its data (section 5.3).
const PNG_CRC_BYTES: usize = 4;
/// Bytes of a WebP before its first chunk (RFC 9649, section 2.4).
const WEBP_HEADER_BYTES: usize = 12;
/// Bytes of an `ANMF` chunk before those of its frame (RFC 9649, section 2.7.1.1).
const ANMF_HEADER_BYTES: usize = 16;

/// Refuses a PNG with too many texts.
pub(super) fn check_png(file: &[u8]) -> Result<(), PictureError> {
    let texts = png_chunks(file).filter(|&kind| matches!(kind, b"tEXt" | b"zTXt" | b"iTXt"));
    within(Measure::Texts, MAX_PNG_TEXTS, texts.map(|_| 1).sum())
}

/// Refuses a WebP with a frame that has more pixels, also where the file as a whole claims fewer: the decoder compares
/// the two only when the frame is decoded.
pub(super) fn check_webp(file: &[u8], max_pixels: u64) -> Result<(), PictureError> {
    check_frames(file.get(WEBP_HEADER_BYTES..).unwrap_or_default(), max_pixels)
}

fn check_frames(chunks: &[u8], max_pixels: u64) -> Result<(), PictureError> {
    for (kind, data) in riff_chunks(chunks) {
        if kind == b"ANMF" {
            check_frames(data.get(ANMF_HEADER_BYTES..).unwrap_or_default(), max_pixels)?;
        } else if let Some(pixels) = vp8_pixels(data) {
            within(Measure::Pixels, max_pixels, pixels)?;
        }
    }
    Ok(())
}

/// The types of the chunks of a PNG (section 5.3).
fn png_chunks(file: &[u8]) -> impl Iterator<Item = &[u8; 4]> {
    let mut rest = file.get(PNG_SIGNATURE_BYTES..).unwrap_or_default();
    iter::from_fn(move || {
        let (length, after) = rest.split_first_chunk()?;
        let (kind, after) = after.split_first_chunk()?;
        let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
        rest = after.get(length.saturating_add(PNG_CRC_BYTES)..).unwrap_or_default();
        Some(kind)
    })
}

/// The chunks of a WebP with their data, the last perhaps cut (RFC 9649, section 2.3).
fn riff_chunks(chunks: &[u8]) -> impl Iterator<Item = (&[u8; 4], &[u8])> {
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
