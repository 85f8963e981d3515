//! GIF, row by row: its pixels are places in a palette, and become grey as they come.

use std::num::NonZeroU64;

use ::gif::{DecodeOptions, Decoder, DecodingError, Frame, MemoryLimit};
use zeroize::Zeroizing;

use super::{MAX_BESIDE_BYTES, MAX_PIXELS, MAX_TRANSPARENT_PIXELS, PictureKind, check_sides};
use crate::picture::canvas::{Canvas, Picture, PixelFormat, luma};
use crate::picture::error::PictureError;

/// The grey and the alpha of each place in a palette.
type Palette = [[u8; 2]; 256];

/// The first row of each of the four parts of an interlaced frame, and the step to its next one (GIF89a, appendix E).
const INTERLACED: [(usize, usize); 4] = [(0, 8), (4, 8), (2, 4), (1, 2)];

/// The pixels of the first frame, where it stands.
pub(super) fn decode(file: &[u8]) -> Result<Picture, PictureError> {
    let fault = |error| fault(&error);
    let mut decoder = options().read_info(file).map_err(fault)?;
    let (width, height) = (usize::from(decoder.width()), usize::from(decoder.height()));
    check_sides(PictureKind::Gif, width as u64, height as u64, MAX_PIXELS)?;
    let frame = decoder.next_frame_info().map_err(fault)?.ok_or(DAMAGED)?.clone();
    check_sides(PictureKind::Gif, frame.width.into(), frame.height.into(), MAX_PIXELS)?;
    let palette = palette(decoder.palette().map_err(fault)?, frame.transparent);

    let mut canvas = Canvas::new(width, height, MAX_TRANSPARENT_PIXELS);
    if !covers(&frame, width, height) {
        canvas.clear()?;
    }
    draw(&mut decoder, &frame, &palette, &mut canvas)?;
    canvas.into_picture().ok_or(DAMAGED)
}

const DAMAGED: PictureError = PictureError::Damaged { format: PictureKind::Gif.name() };

fn options() -> DecodeOptions {
    let mut options = DecodeOptions::new();
    options.set_memory_limit(MemoryLimit::Bytes(NonZeroU64::new(MAX_BESIDE_BYTES as u64).expect("more than nothing")));
    options
}

/// The palette of a frame. A place beyond its end is transparent.
fn palette(colours: &[u8], transparent: Option<u8>) -> Palette {
    let mut palette = [[0; 2]; 256];
    for (place, &colours) in palette.iter_mut().zip(colours.as_chunks().0) {
        *place = [luma(colours), u8::MAX];
    }
    if let Some(transparent) = transparent {
        palette[usize::from(transparent)][1] = 0;
    }
    palette
}

/// Whether a frame leaves nothing of the picture free.
fn covers(frame: &Frame<'_>, width: usize, height: usize) -> bool {
    (frame.left, frame.top) == (0, 0) && usize::from(frame.width) >= width && usize::from(frame.height) >= height
}

/// Draws a frame in the order in which its rows come.
fn draw(
    decoder: &mut Decoder<&[u8]>,
    frame: &Frame<'_>,
    palette: &Palette,
    canvas: &mut Canvas,
) -> Result<(), PictureError> {
    let (width, height) = (usize::from(frame.width), usize::from(frame.height));
    let mut places = Zeroizing::new(vec![0; width]);
    let mut row = Zeroizing::new(vec![[0; 2]; width]);
    let order = if frame.interlaced { &INTERLACED[..] } else { &[(0, 1)] };
    for y in order.iter().flat_map(|&(first, step)| (first..height).step_by(step)) {
        if !decoder.fill_buffer(&mut places).map_err(|error| fault(&error))? {
            return Err(DAMAGED);
        }
        for (pixel, &place) in row.iter_mut().zip(places.iter()) {
            *pixel = palette[usize::from(place)];
        }
        let (x, y) = (usize::from(frame.left), usize::from(frame.top) + y);
        canvas.place(x, y, PixelFormat::GreyAlpha, row.as_flattened())?;
    }
    Ok(())
}

/// What the decoder's error means. Its own message may quote the file.
fn fault(error: &DecodingError) -> PictureError {
    match error {
        DecodingError::MemoryLimit | DecodingError::OutOfMemory => {
            PictureError::TooMuchMemory { limit: MAX_BESIDE_BYTES }
        }
        _ => DAMAGED,
    }
}
