//! Small pictures of our own, in every kind of file, and files that are none.

use std::cell::Cell;
use std::io::Cursor;

use image::codecs::gif::GifEncoder;
use image::{DynamicImage, Frame, GrayImage, ImageFormat, Luma, LumaA, Rgba, RgbaImage};
use proptest::prelude::*;
use qrcode::bits::{Bits, ExtendedMode};
use qrcode::types::Mode;
use qrcode::{EcLevel, QrCode, Version};

use super::*;

mod kinds;
mod limits;
mod pages;

const URI: &str = "otpauth://totp/ACME:a?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=ACME";
const OTHER_URI: &str = "otpauth://totp/b?secret=GEZDGNBVGY3TQOJQ";
const SCALE: u32 = 4;

/// The symbol of a text, black on white, with its quiet zone.
fn drawn(text: impl AsRef<[u8]>) -> GrayImage {
    modules(&QrCode::with_error_correction_level(text, EcLevel::M).unwrap())
}

fn modules(code: &QrCode) -> GrayImage {
    let (width, colors) = (u32::try_from(code.width()).unwrap(), code.to_colors());
    let side = (width + 8) * SCALE;
    GrayImage::from_fn(side, side, |x, y| {
        let (x, y) = ((x / SCALE).wrapping_sub(4), (y / SCALE).wrapping_sub(4));
        let is_dark = x < width && y < width && colors[(y * width + x) as usize] == qrcode::Color::Dark;
        Luma([if is_dark { 0 } else { 255 }])
    })
}

/// The symbol of bits that we put together (ISO/IEC 18004, section 7.4).
fn drawn_bits(push: impl FnOnce(&mut Bits)) -> GrayImage {
    let mut bits = Bits::new(Version::Normal(4));
    push(&mut bits);
    bits.push_terminator(EcLevel::M).unwrap();
    modules(&QrCode::with_bits(bits, EcLevel::M).unwrap())
}

fn inverted(mut picture: GrayImage) -> GrayImage {
    image::imageops::invert(&mut picture);
    picture
}

/// Two pictures of one height side by side.
fn beside(left: &GrayImage, right: &GrayImage) -> GrayImage {
    let mut both = GrayImage::from_pixel(left.width() + right.width(), left.height().max(right.height()), Luma([255]));
    image::imageops::replace(&mut both, left, 0, 0);
    image::imageops::replace(&mut both, right, left.width().into(), 0);
    both
}

fn file(picture: impl Into<DynamicImage>, format: ImageFormat) -> Vec<u8> {
    let mut file = Cursor::new(Vec::new());
    picture.into().write_to(&mut file, format).unwrap();
    file.into_inner()
}

fn png(picture: impl Into<DynamicImage>) -> Vec<u8> {
    file(picture, ImageFormat::Png)
}

/// Reads with time enough, for key URIs.
fn texts(file: &[u8]) -> Result<Vec<String>, PictureError> {
    let is_wanted = |text: &str| text.starts_with("otpauth://");
    Ok(read(file, &is_wanted, &|| true)?.iter().map(|text| text.to_string()).collect())
}

#[test]
fn inverted_and_mirrored_and_turned() {
    let picture = drawn(URI);
    for picture in [
        inverted(picture.clone()),
        image::imageops::flip_horizontal(&picture),
        image::imageops::rotate90(&picture),
        image::imageops::rotate180(&picture),
    ] {
        assert_eq!(texts(&png(picture)), Ok(vec![URI.to_owned()]));
    }
}

#[test]
fn several_codes() {
    let both = texts(&png(beside(&drawn(URI), &drawn(OTHER_URI)))).unwrap();
    assert!(both.len() == 2 && both.iter().any(|text| text == URI) && both.iter().any(|text| text == OTHER_URI));
    let twice = beside(&drawn(URI), &drawn(URI));
    assert_eq!(texts(&png(twice)), Ok(vec![URI.to_owned()]));
    let with_help = texts(&png(beside(&drawn("https://example.org/help"), &drawn(URI)))).unwrap();
    assert!(with_help.iter().any(|text| text == URI));
}

#[test]
fn a_code_and_an_inverted_one_in_the_same_picture() {
    let both = texts(&png(beside(&drawn(URI), &inverted(drawn(OTHER_URI))))).unwrap();
    assert_eq!(both, [URI, OTHER_URI]);
}

#[test]
fn what_is_not_wanted_is_answered_too() {
    assert_eq!(texts(&png(drawn("https://example.org"))), Ok(vec!["https://example.org".to_owned()]));
}

#[test]
fn encodings() {
    let text = "otpauth://totp/B\u{fc}cher \u{65e5}\u{672c}?secret=GEZDGNBVGY3TQOJQ";
    assert_eq!(texts(&png(drawn(text))), Ok(vec![text.to_owned()]));
    let latin_1 = b"otpauth://totp/B\xfccher?secret=GEZDGNBVGY3TQOJQ";
    assert_eq!(texts(&png(drawn(latin_1))), Ok(vec!["otpauth://totp/B\u{fc}cher?secret=GEZDGNBVGY3TQOJQ".to_owned()]));
    let declared = drawn_bits(|bits| {
        bits.push_eci_designator(26).unwrap();
        bits.push_byte_data("otpauth://totp/\u{fc}".as_bytes()).unwrap();
    });
    assert_eq!(texts(&png(declared)), Ok(vec!["otpauth://totp/\u{fc}".to_owned()]));
    // The second bytes of some of these characters are letters of ASCII.
    let shift_jis = b"otpauth://totp/\x93\xfa\x96\x7b:\x83\x65\x83\x58\x83\x67?secret=GEZDGNBVGY3TQOJQ";
    let text = "otpauth://totp/\u{65e5}\u{672c}:\u{30c6}\u{30b9}\u{30c8}?secret=GEZDGNBVGY3TQOJQ";
    assert_eq!(texts(&png(drawn(shift_jis))), Ok(vec![text.to_owned()]));
    // No reason to withhold the secret.
    let broken = drawn_bits(|bits| {
        bits.push_eci_designator(26).unwrap();
        bits.push_byte_data(b"otpauth://totp/a\xffb?secret=GEZDGNBVGY3TQOJQ").unwrap();
    });
    assert_eq!(texts(&png(broken)), Ok(vec!["otpauth://totp/a\u{fffd}b?secret=GEZDGNBVGY3TQOJQ".to_owned()]));
    let binary = drawn_bits(|bits| {
        bits.push_eci_designator(26).unwrap();
        bits.push_byte_data(b"otpauth://totp/\0\xff\xfe").unwrap();
    });
    assert_eq!(texts(&png(binary)), Err(PictureError::NoText));
}

#[test]
fn nothing_is_left_out_of_a_text_that_is_not_of_its_encoding() {
    let broken = drawn_bits(|bits| {
        bits.push_eci_designator(26).unwrap();
        bits.push_byte_data(b"otpauth://totp/a?secret=GEZD").unwrap();
        bits.push_eci_designator(26).unwrap();
        bits.push_byte_data(b"GNBV\xff\xfe").unwrap();
    });
    assert_eq!(texts(&png(broken)), Ok(vec!["otpauth://totp/a?secret=GEZDGNBV\u{fffd}\u{fffd}".to_owned()]));
}

#[test]
fn an_empty_code_has_no_text() {
    assert_eq!(texts(&png(drawn_bits(|_| ()))), Err(PictureError::NoText));
}

/// Structured append (ISO/IEC 18004, section 8): mode, place, number of parts less one, parity in two halves. The crate
/// puts four bits in only as modes, of which that of digits is 1.
#[test]
fn a_part_of_a_text() {
    let part = drawn_bits(|bits| {
        bits.push_mode_indicator(ExtendedMode::StructuredAppend).unwrap();
        for _ in 0..4 {
            bits.push_mode_indicator(ExtendedMode::Data(Mode::Numeric)).unwrap();
        }
        bits.push_byte_data(b"otpauth://totp/a?secret=GEZD").unwrap();
    });
    assert_eq!(texts(&png(part)), Err(PictureError::Part));
}

#[test]
fn no_code() {
    for picture in [GrayImage::new(1, 1), GrayImage::new(300, 2), GrayImage::from_pixel(200, 200, Luma([128]))] {
        assert_eq!(texts(&png(picture)), Err(PictureError::NoCode));
    }
}

#[test]
fn no_time() {
    let file = png(drawn(URI));
    assert_eq!(read(&file, &|_| true, &|| false).unwrap_err(), PictureError::OutOfTime);
    let questions = Cell::new(0);
    let count = || {
        questions.set(questions.get() + 1);
        true
    };
    assert!(read(&file, &|_| true, &count).is_ok());
    assert!(questions.get() >= 3, "{}", questions.get());
}

#[test]
fn crowds() {
    let finder = |x: u32, y: u32| {
        let ring = (x % 8).abs_diff(3).max((y % 8).abs_diff(3));
        Luma([if ring == 2 || ring > 3 { 255 } else { 0 }])
    };
    assert_eq!(texts(&png(GrayImage::from_fn(2000, 1000, finder))), Err(PictureError::Crowded));
}

#[test]
fn no_picture() {
    for bytes in [&b""[..], b"otpauth://totp/a?secret=GEZD", b"<html>", b"%PDF-1.4\n", b"II*\0\x08\0\0\0", &[0; 100]] {
        assert_eq!(texts(bytes), Err(PictureError::NotAPicture));
    }
}

#[test]
fn truncated_files_are_damaged_or_read() {
    let picture = DynamicImage::from(drawn(URI)).into_rgb8();
    for format in [ImageFormat::Png, ImageFormat::Bmp, ImageFormat::Jpeg, ImageFormat::WebP] {
        let file = file(picture.clone(), format);
        assert!(matches!(texts(&file[..30]), Err(PictureError::Damaged { .. })), "{format:?}");
        for length in (30..file.len()).step_by(file.len() / 40) {
            assert!(texts(&file[..length]).map_or(true, |texts| texts == [URI]), "{format:?} {length}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    /// Any bytes behind the first ones of each kind of file.
    #[test]
    fn any_bytes(kind in 0..6_usize, bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let heads: [&[u8]; 6] =
            [b"", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", b"\xff\xd8\xff", b"GIF89a", b"BM", b"RIFF\x24\x01\0\0WEBPVP8 "];
        prop_assert!(texts(&[heads[kind], &bytes].concat()).is_err());
    }

    /// A good file with some bytes replaced: a text that comes out is the one that was drawn, or none.
    #[test]
    fn some_other_bytes(kind in 0..3_usize, changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6)) {
        let formats = [ImageFormat::Png, ImageFormat::Bmp, ImageFormat::Jpeg];
        let mut file = file(drawn("otpauth://totp/a"), formats[kind]);
        for (at, byte) in changes {
            let at = at.index(file.len());
            file[at] = byte;
        }
        prop_assert!(texts(&file).map_or(true, |texts| texts == ["otpauth://totp/a"]));
    }

    /// Blocks of black and white, as hostile as they come: an answer, and no symbol that was not drawn.
    #[test]
    fn any_modules(width in 1..60_usize, scale in 1..5_u32, bits in prop::collection::vec(any::<bool>(), 1..2000)) {
        let height = (bits.len() / width).max(1);
        let pixel = |x: u32, y: u32| {
            let at = (y / scale) as usize * width + (x / scale) as usize;
            Luma([if bits.get(at).copied().unwrap_or(false) { 20 } else { 230 }])
        };
        let [wide, high] = [width, height].map(|side| u32::try_from(side).unwrap() * scale);
        prop_assert!(texts(&png(GrayImage::from_fn(wide, high, pixel))).is_err());
    }
}
