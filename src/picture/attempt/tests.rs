//! A picture for every attempt that no other attempt reads, and codes in both polarities.

use image::imageops::{self, FilterType};
use image::{GrayImage, Luma};
use qrcode::{EcLevel, QrCode};

use super::*;

const URI: &str = "otpauth://totp/ACME:a?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=ACME";

/// The symbol of a text, its quiet zone included; the dark pixels of each module are a square of `dark` pixels in one of
/// `side`.
fn drawn(text: &str, side: u32, dark: u32) -> GrayImage {
    let code = QrCode::with_error_correction_level(text, EcLevel::M).unwrap();
    let (width, colors) = (u32::try_from(code.width()).unwrap(), code.to_colors());
    GrayImage::from_fn((width + 8) * side, (width + 8) * side, |x, y| {
        let (column, row) = ((x / side).wrapping_sub(4), (y / side).wrapping_sub(4));
        let is_dark = column < width && row < width && colors[(row * width + column) as usize] == qrcode::Color::Dark;
        Luma([if is_dark && x % side < dark && y % side < dark { 0 } else { 255 }])
    })
}

fn resized(picture: &GrayImage, side: u32) -> GrayImage {
    imageops::resize(picture, side, side, FilterType::Triangle)
}

/// Noise of up to so many greys to each side (xorshift).
fn noisy(mut picture: GrayImage, most: i32) -> GrayImage {
    let mut state = 1_u32;
    for pixel in picture.pixels_mut() {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        let noise = i32::from(state.to_le_bytes()[1]) * (2 * most + 1) / 256 - most;
        pixel.0[0] = u8::try_from((i32::from(pixel.0[0]) + noise).clamp(0, 255)).unwrap();
    }
    picture
}

/// Black becomes `dark`, white becomes `light`.
fn between(mut picture: GrayImage, dark: u8, light: u8) -> GrayImage {
    for pixel in picture.pixels_mut() {
        let part = i32::from(pixel.0[0]) * (i32::from(light) - i32::from(dark)) / 255;
        pixel.0[0] = u8::try_from(i32::from(dark) + part).unwrap();
    }
    picture
}

fn grey(picture: GrayImage) -> Grey {
    Grey::new(picture.width() as usize, picture.height() as usize, picture.into_raw()).unwrap()
}

/// The attempts that read the picture, by their number.
fn readers(picture: &Grey) -> Vec<usize> {
    let sizes = Sizes::of(picture);
    let reads = |attempt: &Attempt| {
        let mut findings = Findings::default();
        attempt.search(&sizes, &|| true, &mut findings);
        findings.has(&|text| text == URI)
    };
    ALWAYS
        .iter()
        .chain(&UNTIL_FOUND)
        .enumerate()
        .filter(|(_, attempt)| reads(attempt))
        .map(|(number, _)| number)
        .collect()
}
