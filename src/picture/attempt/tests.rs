//! A picture for every attempt that no other attempt reads, and codes in both polarities.

use image::imageops::{self, FilterType};
use image::{GrayImage, Luma};
use qrcode::{EcLevel, QrCode};

use super::*;

const URI: &str = "otpauth://totp/ACME:a?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=ACME";

/// The symbol of a text, with its quiet zone.
fn drawn(text: &str, [side, dark]: [u32; 2]) -> GrayImage {
    let code = QrCode::with_error_correction_level(text, EcLevel::M).unwrap();
    let (width, colors) = (u32::try_from(code.width()).unwrap(), code.to_colors());
    GrayImage::from_fn((width + 8) * side, (width + 8) * side, |x, y| {
        let (column, row) = ((x / side).wrapping_sub(4), (y / side).wrapping_sub(4));
        let is_dark = column < width && row < width && colors[(row * width + column) as usize] == qrcode::Color::Dark;
        Luma([if is_dark && x % side < dark && y % side < dark { 0 } else { 255 }])
    })
}

/// How a picture of a code is made: none of the numbers but the first two and the greys have to differ from zero.
#[derive(Clone, Copy)]
struct Sample {
    /// The side of the place of a module, and that of the square in it which is drawn, in pixels.
    module: [u32; 2],
    /// The sigma of a Gaussian blur, in hundredths of a module.
    blur: u8,
    /// The size that the picture is scaled down to, in hundredths; 0 leaves it.
    shrunk: u32,
    /// The greys of dark and of light modules.
    greys: [u8; 2],
    /// The grey of a page that the code lies on; the quiet zone is cut off, but for a pixel.
    page: Option<u8>,
}

const PLAIN: Sample = Sample { module: [8, 8], blur: 0, shrunk: 0, greys: [0, 255], page: None };

impl Sample {
    fn picture(self, text: &str) -> GrayImage {
        let mut picture = drawn(text, self.module);
        if self.blur > 0 {
            let side = f32::from(u16::try_from(self.module[0]).unwrap());
            picture = imageops::blur(&picture, side * f32::from(self.blur) / 100.0);
        }
        if self.shrunk > 0 {
            let side = picture.width() * self.shrunk / 100;
            picture = imageops::resize(&picture, side, side, FilterType::Triangle);
        }
        picture = between(picture, self.greys);
        match self.page {
            Some(page) => on_page(&picture, 4 * self.module[0] - 1, page),
            None => picture,
        }
    }
}

/// The picture without so many pixels at each edge, on a page.
fn on_page(picture: &GrayImage, edge: u32, page: u8) -> GrayImage {
    let side = picture.width() - 2 * edge;
    let symbol = imageops::crop_imm(picture, edge, edge, side, side).to_image();
    let mut on_page = GrayImage::from_pixel(side + 80, side + 80, Luma([page]));
    imageops::replace(&mut on_page, &symbol, 40, 40);
    on_page
}

fn inverted(mut picture: GrayImage) -> GrayImage {
    imageops::invert(&mut picture);
    picture
}

/// Black and white become these greys.
fn between(mut picture: GrayImage, [dark, light]: [u8; 2]) -> GrayImage {
    for pixel in picture.pixels_mut() {
        let part = i32::from(pixel.0[0]) * (i32::from(light) - i32::from(dark)) / 255;
        pixel.0[0] = u8::try_from(i32::from(dark) + part).unwrap();
    }
    picture
}

fn grey(picture: GrayImage) -> Grey {
    Grey::new(picture.width() as usize, picture.height() as usize, picture.into_raw().into()).unwrap()
}

/// The attempts that read the picture, by their number.
fn readers(picture: &Grey) -> Vec<usize> {
    let sizes = Sizes::of(picture);
    let reads = |attempt: &Binarization| {
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

/// What every attempt is for: a picture that no other reads.
const ONLY: [Sample; ALWAYS.len() + UNTIL_FOUND.len()] = [
    Sample { module: [24, 12], ..PLAIN },
    Sample { module: [16, 8], ..PLAIN },
    Sample { module: [9, 5], greys: [200, 255], ..PLAIN },
    Sample { module: [12, 12], page: Some(0), ..PLAIN },
    Sample { module: [8, 6], greys: [0, 100], page: Some(60), ..PLAIN },
    Sample { module: [5, 2], greys: [200, 255], ..PLAIN },
    Sample { blur: 49, greys: [100, 130], ..PLAIN },
    Sample { module: [3, 2], shrunk: 61, greys: [100, 130], ..PLAIN },
    Sample { module: [3, 2], greys: [100, 130], ..PLAIN },
    Sample { module: [6, 6], greys: [0, 60], page: Some(250), ..PLAIN },
    Sample { module: [5, 5], blur: 52, greys: [100, 130], ..PLAIN },
    Sample { module: [5, 5], blur: 54, shrunk: 93, ..PLAIN },
    Sample { module: [3, 3], blur: 54, ..PLAIN },
];

// contract 9.2c, 9.2d: in both polarities, and each attempt is needed.
#[test]
fn every_attempt_reads_what_no_other_does() {
    let mut wrong = Vec::new();
    for (number, sample) in ONLY.into_iter().enumerate() {
        let picture = sample.picture(URI);
        for picture in [picture.clone(), inverted(picture)] {
            let readers = readers(&grey(picture));
            if readers != [number] {
                wrong.push((number, readers));
            }
        }
    }
    assert_eq!(wrong, []);
}

/// The texts that a search for `otpauth` URIs finds, sorted.
fn found(picture: GrayImage) -> Vec<String> {
    let mut findings = Findings::default();
    search(&grey(picture), &|text| text.starts_with("otpauth:"), &|| true, &mut findings);
    let mut texts: Vec<String> =
        findings.into_texts().unwrap_or_default().iter().map(|text| text.to_string()).collect();
    texts.sort();
    texts
}

// contract 9.2c: the search goes through all attempts.
#[test]
fn pictures_that_one_attempt_reads_are_read() {
    for (number, sample) in ONLY.into_iter().enumerate() {
        let picture = sample.picture(URI);
        assert_eq!(found(picture.clone()), [URI], "{number}");
        assert_eq!(found(inverted(picture)), [URI], "{number}, inverted");
    }
}

// contract 9.2b: none of two keys is taken silently, however they are drawn.
#[test]
fn a_usual_code_beside_an_unusual_one() {
    const OTHER: &str = "otpauth://totp/ACME:b?secret=MZXW6YTBOJRGC6RAMZXW6YTBOJRGC6RA&issuer=ACME";
    let usual = PLAIN.picture(URI);
    let dotted = Sample { module: [8, 5], ..PLAIN };
    let dim = Sample { greys: [215, 255], ..PLAIN };
    for sample in [PLAIN, dotted, dim] {
        let other = sample.picture(OTHER);
        for other in [other.clone(), inverted(other)] {
            let mut both = GrayImage::from_pixel(usual.width() + other.width(), usual.height(), Luma([255]));
            imageops::replace(&mut both, &usual, 0, 0);
            imageops::replace(&mut both, &other, usual.width().into(), 0);
            assert_eq!(found(both), [URI, OTHER]);
        }
    }
}
