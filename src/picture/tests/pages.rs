//! Pictures with transparency.

use super::super::canvas::{Canvas, PixelFormat, luma};
use super::*;

#[test]
fn transparent_on_a_light_and_on_a_dark_page() {
    for ink in [0, 255] {
        let picture = drawn(URI);
        let grey = image::ImageBuffer::from_fn(picture.width(), picture.height(), |x, y| {
            LumaA([ink, 255 - picture.get_pixel(x, y)[0]])
        });
        assert_eq!(texts(&png(grey)), Ok(vec![URI.to_owned()]), "{ink}");
        let colours = RgbaImage::from_fn(picture.width(), picture.height(), |x, y| {
            Rgba([ink, ink, ink, 255 - picture.get_pixel(x, y)[0]])
        });
        assert_eq!(texts(&png(colours)), Ok(vec![URI.to_owned()]), "{ink}");
    }
}

/// Each pixel with an alpha.
fn with_alpha(picture: &GrayImage, alpha: impl Fn(u32, u32) -> u8) -> RgbaImage {
    RgbaImage::from_fn(picture.width(), picture.height(), |x, y| {
        let grey = picture.get_pixel(x, y)[0];
        Rgba([grey, grey, grey, alpha(x, y)])
    })
}

// contract 9.1b: what Windows' clipboard and drawing functions leave behind.
#[test]
fn colours_without_alpha() {
    let picture = drawn(URI);
    let invisible = DynamicImage::from(with_alpha(&picture, |_, _| 0));
    for file in [
        png(invisible.clone()),
        png(invisible.to_luma_alpha8()),
        png(invisible.to_rgba16()),
        file(invisible.clone(), ImageFormat::WebP),
        file(invisible, ImageFormat::Bmp),
    ] {
        assert_eq!(texts(&file), Ok(vec![URI.to_owned()]));
    }
    // A window that is opaque but where the code was drawn.
    let window = beside(&picture, &GrayImage::from_pixel(200, 200, Luma([90])));
    let window = with_alpha(&window, |x, _| if x < picture.width() { 0 } else { 255 });
    assert_eq!(texts(&png(window)), Ok(vec![URI.to_owned()]));
    // Nearly invisible.
    assert_eq!(texts(&png(with_alpha(&picture, |_, _| 1))), Ok(vec![URI.to_owned()]));
}

// contract 9.1b: an alpha of 16 bits that is less than one of 8 bits can say.
#[test]
fn an_alpha_of_16_bits() {
    let picture = drawn(URI);
    let faint = image::ImageBuffer::from_fn(picture.width(), picture.height(), |x, y| {
        let grey = u16::from(picture.get_pixel(x, y)[0]) * 257;
        Rgba([grey, grey, grey, 200])
    });
    assert_eq!(texts(&png(DynamicImage::ImageRgba16(faint))), Ok(vec![URI.to_owned()]));
}

/// The places of a palette that are not seen differ in their colours.
#[test]
fn a_palette_without_alpha() {
    let picture = drawn(URI);
    let places: Vec<u8> = picture.pixels().map(|pixel| u8::from(pixel[0] > 127)).collect();
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, picture.width(), picture.height());
    encoder.set_color(png::ColorType::Indexed);
    encoder.set_palette([0, 0, 0, 255, 255, 255].as_slice());
    encoder.set_trns([0, 0].as_slice());
    encoder.write_header().unwrap().write_image_data(&places).unwrap();
    assert_eq!(texts(&file), Ok(vec![URI.to_owned()]));
}

/// What is seen comes before what is not.
#[test]
fn a_code_that_is_seen_and_one_that_is_not() {
    let (seen, hidden) = (drawn(URI), drawn(OTHER_URI));
    let both = beside(&seen, &hidden);
    let both = with_alpha(&both, |x, _| if x < seen.width() { 255 } else { 0 });
    assert_eq!(texts(&png(both)), Ok(vec![URI.to_owned()]));
    assert_eq!(texts(&png(RgbaImage::new(300, 300))), Err(PictureError::NoCode));
}

fn pages(row: &[u8]) -> Vec<Vec<u8>> {
    let mut canvas = Canvas::new(2, 1, 2);
    canvas.place(0, 0, PixelFormat::GreyAlpha, row).unwrap();
    canvas.into_picture().unwrap().on_pages().map(|page| page.pixels().to_vec()).collect()
}

/// White, black, and none; but for those on which nothing is seen, which would take the time of the others.
#[test]
fn each_page_that_shows_something() {
    assert_eq!(pages(&[100, 128, 51, 255]), [vec![177, 51], vec![50, 51], vec![100, 51]]);
    assert_eq!(pages(&[0, 0, 200, 0]), [[0, 200]]);
    assert_eq!(pages(&[0, 0, 0, 255]), [[255, 0]]);
    assert_eq!(pages(&[7, 255, 7, 255]), [[7, 7]]);
    assert!(pages(&[7, 9, 7, 9]).is_empty());
}

/// Rows need not cover a picture, and may go beyond it.
#[test]
fn rows_beside_a_picture() {
    let mut canvas = Canvas::new(3, 2, 6);
    canvas.clear().unwrap();
    for (x, y) in [(1, 1), (3, 0), (0, 2)] {
        canvas.place(x, y, PixelFormat::Rgb, &[10, 10, 10, 255, 255, 255, 20, 20, 20]).unwrap();
    }
    let picture = canvas.into_picture().unwrap();
    let pages: Vec<Vec<u8>> = picture.on_pages().map(|page| page.pixels().to_vec()).collect();
    assert_eq!(pages, [[255, 255, 255, 255, 10, 255], [0, 0, 0, 0, 10, 255], [0, 0, 0, 0, 10, 255]]);
    assert_eq!(Canvas::new(0, 2, 6).into_picture().map(|_| ()), None);
}

#[test]
fn luma_of_colours() {
    let lumas = [[0, 0, 0], [255, 255, 255], [255, 0, 0], [0, 255, 0], [0, 0, 255], [93, 93, 93]].map(luma);
    assert_eq!(lumas, [0, 255, 54, 182, 18, 93]);
}
