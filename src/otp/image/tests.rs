//! The picture, decoded by another crate, pixel by pixel.

use ::image::{DynamicImage, load_from_memory};
use proptest::prelude::*;

use super::*;

const BLACK_PIXEL: u8 = 0;
const WHITE_PIXEL: u8 = 255;

fn pixels(file: &[u8]) -> Vec<Vec<u8>> {
    let DynamicImage::ImageLuma8(picture) = load_from_memory(file).unwrap() else { panic!("not grey-scale") };
    picture.rows().map(|row| row.map(|pixel| pixel.0[0]).collect()).collect()
}

#[test]
fn the_header_says_512_by_512_one_bit_greyscale() {
    for bytes in [0, 120, 2953] {
        let file = png(&Symbol::encode(&vec![b'a'; bytes]).unwrap());
        assert_eq!(&file[..8], b"\x89PNG\r\n\x1a\n");
        assert_eq!(&file[12..29], b"IHDR\x00\x00\x02\x00\x00\x00\x02\x00\x01\x00\x00\x00\x00");
        assert_eq!(&file[file.len() - 8..file.len() - 4], b"IEND");
        let mut reader = png::Decoder::new(std::io::Cursor::new(&*file)).read_info().unwrap();
        let mut buffer = vec![0; reader.output_buffer_size().unwrap()];
        let frame = reader.next_frame(&mut buffer).unwrap();
        assert_eq!((frame.width, frame.height, frame.bit_depth), (512, 512, BitDepth::One));
        assert_eq!(frame.color_type, ColorType::Grayscale);
        reader.finish().unwrap();
    }
}

#[test]
fn the_same_symbol_gives_the_same_bytes() {
    let file = || png(&Symbol::encode(b"otpauth://totp/alice?secret=GEZDGNBVGY3TQOJQ").unwrap());
    assert_eq!(*file(), *file());
}

#[test]
fn a_picture_stays_small_and_is_written_in_one_place() {
    let noise: Vec<u8> = (0..2953_u32).map(|i| i.wrapping_mul(2_654_435_761).to_be_bytes()[0]).collect();
    assert!(png(&Symbol::encode(&noise[..120]).unwrap()).len() <= 1000);
    for bytes in (0..=2953).step_by(7) {
        let symbol = Symbol::encode(&noise[..bytes]).unwrap();
        let file = png(&symbol);
        assert_eq!(file.capacity(), capacity(&symbol), "{bytes} bytes of text, {} of picture", file.len());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_pixel_is_that_of_its_module(data in proptest::collection::vec(any::<u8>(), 0..=2953)) {
        let symbol = Symbol::encode(&data).unwrap();
        let rows = pixels(&png(&symbol));
        prop_assert_eq!(rows.len(), 512);
        prop_assert!(rows.iter().all(|row| row.len() == 512));

        // The upper left finder pattern's corner and the ends of both upper finder patterns tell
        // place and scale.
        let top = rows.iter().position(|row| row.contains(&BLACK_PIXEL)).unwrap();
        let left = rows[top].iter().position(|&pixel| pixel == BLACK_PIXEL).unwrap();
        let right = rows[top].iter().rposition(|&pixel| pixel == BLACK_PIXEL).unwrap() + 1;
        let bottom = rows.iter().rposition(|row| row.contains(&BLACK_PIXEL)).unwrap() + 1;
        let scale = (right - left) / symbol.width();
        prop_assert_eq!(right - left, scale * symbol.width(), "whole pixels to a module");
        prop_assert_eq!(bottom - top, right - left, "square");

        let margins = [top, left, 512 - right, 512 - bottom];
        prop_assert!(margins.iter().all(|&margin| margin >= 4 * scale), "quiet zone");
        prop_assert!(margins.iter().max().unwrap() - margins.iter().min().unwrap() <= 1, "centred");
        prop_assert!((scale + 1) * (symbol.width() + 8) > 512, "as large as fits");

        for (y, row) in rows.iter().enumerate() {
            for (x, &pixel) in row.iter().enumerate() {
                let inside = (left..right).contains(&x) && (top..bottom).contains(&y);
                let dark = inside && symbol.is_dark((x - left) / scale, (y - top) / scale);
                let expected = if dark { BLACK_PIXEL } else { WHITE_PIXEL };
                prop_assert_eq!(pixel, expected, "{}, {}", x, y);
            }
        }
    }
}
