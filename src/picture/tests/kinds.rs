//! Every kind of file, in the varieties that it has.

use std::borrow::Cow;

use png::{BitDepth, ColorType};

use super::*;

#[test]
fn every_kind_of_file() {
    let picture = drawn(URI);
    for format in [ImageFormat::Png, ImageFormat::Bmp, ImageFormat::Jpeg] {
        assert_eq!(texts(&file(picture.clone(), format)), Ok(vec![URI.to_owned()]), "{format:?}");
    }
    let colours = DynamicImage::from(picture.clone()).into_rgb8();
    for format in [ImageFormat::Png, ImageFormat::Bmp, ImageFormat::Jpeg, ImageFormat::WebP] {
        assert_eq!(texts(&file(colours.clone(), format)), Ok(vec![URI.to_owned()]), "{format:?}");
    }
    assert_eq!(
        texts(&file(DynamicImage::from(picture.clone()).into_rgba8(), ImageFormat::Gif)),
        Ok(vec![URI.to_owned()])
    );
    let deep = DynamicImage::from(picture);
    for deep in [png(deep.to_luma16()), png(deep.to_rgba16())] {
        assert_eq!(texts(&deep), Ok(vec![URI.to_owned()]));
    }
}

#[test]
fn of_an_animation_the_first_frame() {
    let first = DynamicImage::from(drawn(URI)).into_rgba8();
    let second = DynamicImage::from(drawn(OTHER_URI)).into_rgba8();
    let mut file = Vec::new();
    GifEncoder::new(&mut file).encode_frames([first, second].map(Frame::new)).unwrap();
    assert_eq!(texts(&file), Ok(vec![URI.to_owned()]));
}

/// Whether each pixel of a picture is light, row by row.
fn light(picture: &GrayImage) -> impl Iterator<Item = Vec<bool>> {
    picture.rows().map(|row| row.map(|pixel| pixel[0] > 127).collect())
}

/// Places of so many bits in bytes, the first in the highest bits.
fn packed(places: &[u8], bits: usize) -> Vec<u8> {
    places
        .chunks(8 / bits)
        .map(|places| (0..).zip(places).map(|(at, place)| place << (8 - bits - at * bits)).sum())
        .collect()
}

#[test]
fn palettes_of_png() {
    let picture = drawn(URI);
    for (depth, bits) in [(BitDepth::One, 1), (BitDepth::Two, 2), (BitDepth::Four, 4), (BitDepth::Eight, 8)] {
        let rows = light(&picture).flat_map(|row| packed(&row.into_iter().map(u8::from).collect::<Vec<_>>(), bits));
        let mut file = Vec::new();
        let mut encoder = png::Encoder::new(&mut file, picture.width(), picture.height());
        encoder.set_color(ColorType::Indexed);
        encoder.set_depth(depth);
        encoder.set_palette([0, 0, 120, 250, 240, 230].as_slice());
        encoder.write_header().unwrap().write_image_data(&rows.collect::<Vec<_>>()).unwrap();
        assert_eq!(texts(&file), Ok(vec![URI.to_owned()]), "{bits}");
    }
}

/// A PNG whose pixels come in seven passes (section 8.2).
fn interlaced(width: u32, height: u32, color: ColorType, pixel: impl Fn(u32, u32) -> Vec<u8>) -> Vec<u8> {
    let mut info = png::Info::with_size(width, height);
    (info.color_type, info.bit_depth, info.interlaced) = (color, BitDepth::Eight, true);
    let mut pixels = Vec::new();
    for (x, y, across, down) in
        [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
    {
        for y in (y..height).step_by(down) {
            pixels.push(0);
            pixels.extend((x..width).step_by(across).flat_map(|x| pixel(x, y)));
        }
    }
    let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut zlib, &pixels).unwrap();
    let mut file = Vec::new();
    let mut writer = png::Encoder::with_info(&mut file, info).unwrap().write_header().unwrap();
    writer.write_chunk(png::chunk::IDAT, &zlib.finish().unwrap()).unwrap();
    drop(writer);
    assert_eq!(file[28], 1, "the method of interlacing (section 11.2.1)");
    file
}

#[test]
fn interlaced_png() {
    let picture = drawn(URI);
    let (width, height) = picture.dimensions();
    let grey = interlaced(width, height, ColorType::Grayscale, |x, y| vec![picture.get_pixel(x, y)[0]]);
    assert_eq!(texts(&grey), Ok(vec![URI.to_owned()]));
    let ink = interlaced(width, height, ColorType::Rgba, |x, y| vec![9, 9, 9, 255 - picture.get_pixel(x, y)[0]]);
    assert_eq!(texts(&ink), Ok(vec![URI.to_owned()]));
}

/// A GIF of black and white with a frame that stands somewhere in a larger picture.
fn gif(picture: &GrayImage, [left, top]: [u16; 2], [width, height]: [u16; 2], is_interlaced: bool) -> Vec<u8> {
    let rows: Vec<Vec<bool>> = light(picture).collect();
    let order: Vec<usize> = if is_interlaced {
        [(0, 8), (4, 8), (2, 4), (1, 2)].iter().flat_map(|&(first, step)| (first..rows.len()).step_by(step)).collect()
    } else {
        (0..rows.len()).collect()
    };
    let places: Vec<u8> = order.into_iter().flat_map(|y| rows[y].iter().map(|&light| u8::from(light))).collect();
    let [frame_width, frame_height] = [picture.width(), picture.height()].map(|side| u16::try_from(side).unwrap());
    let frame = gif::Frame {
        left,
        top,
        width: frame_width,
        height: frame_height,
        interlaced: is_interlaced,
        buffer: Cow::Owned(places),
        ..gif::Frame::default()
    };
    let mut file = Vec::new();
    let mut encoder = gif::Encoder::new(&mut file, width, height, &[0, 0, 0, 255, 255, 255]).unwrap();
    encoder.write_frame(&frame).unwrap();
    drop(encoder);
    file
}

#[test]
fn frames_of_gif() {
    let picture = drawn(URI);
    let side = u16::try_from(picture.width()).unwrap();
    for (place, sides) in [([0, 0], [side, side]), ([70, 30], [side + 100, side + 50]), ([0, 0], [side - 2, side - 3])]
    {
        for is_interlaced in [false, true] {
            let file = gif(&picture, place, sides, is_interlaced);
            assert_eq!(texts(&file), Ok(vec![URI.to_owned()]), "{place:?} {sides:?} {is_interlaced}");
        }
    }
    // Fewer rows than the frame has.
    let file = gif(&picture, [0, 0], [side, side], false);
    assert_eq!(texts(&file[..file.len() - 300]), Err(PictureError::Damaged { format: "GIF" }));
}

/// A BMP with this header behind the size of the header, the rows from the bottom.
fn bmp(header: &[u8], beside: &[u8], rows: impl DoubleEndedIterator<Item = Vec<u8>>) -> Vec<u8> {
    let number = |number: usize| u32::try_from(number).unwrap().to_le_bytes();
    let pixels: Vec<u8> = rows
        .rev()
        .flat_map(|mut row| {
            row.resize(row.len().next_multiple_of(4), 0);
            row
        })
        .collect();
    let offset = 18 + header.len() + beside.len();
    let size = offset + pixels.len();
    [b"BM", &number(size)[..], &[0; 4], &number(offset), &number(header.len() + 4), header, beside, &pixels].concat()
}

/// A header of 40 bytes, without its size (BITMAPINFOHEADER).
fn info_header(width: u32, height: u32, bits: u16, compression: u32) -> Vec<u8> {
    let numbers = [&width.to_le_bytes()[..], &height.to_le_bytes(), &[1, 0], &bits.to_le_bytes()].concat();
    [numbers, compression.to_le_bytes().to_vec(), vec![0; 20]].concat()
}

#[test]
fn palettes_of_bmp() {
    let picture = drawn(URI);
    let (width, height) = picture.dimensions();
    for bits in [1, 2, 4, 8] {
        let mut palette = vec![0; 4 << bits];
        palette[4..7].fill(250);
        let rows: Vec<Vec<u8>> =
            light(&picture).map(|row| packed(&row.into_iter().map(u8::from).collect::<Vec<_>>(), bits)).collect();
        let header = info_header(width, height, u16::try_from(bits).unwrap(), 0);
        assert_eq!(texts(&bmp(&header, &palette, rows.clone().into_iter())), Ok(vec![URI.to_owned()]), "{bits}");
        let header = info_header(width, height.wrapping_neg(), u16::try_from(bits).unwrap(), 0);
        let from_top = bmp(&header, &palette, rows.clone().into_iter().rev());
        assert_eq!(texts(&from_top), Ok(vec![URI.to_owned()]), "{bits}");
        assert_eq!(texts(&from_top[..from_top.len() - 1]), Err(PictureError::Damaged { format: "BMP" }));
        if bits != 2 {
            let [width, height] = [width, height].map(|side| u16::try_from(side).unwrap().to_le_bytes());
            let header = [&width[..], &height, &[1, 0], &u16::try_from(bits).unwrap().to_le_bytes()].concat();
            let palette: Vec<u8> = palette.chunks(4).flat_map(|colour| &colour[..3]).copied().collect();
            assert_eq!(texts(&bmp(&header, &palette, rows.into_iter())), Ok(vec![URI.to_owned()]), "{bits}");
        }
    }
}

#[test]
fn runs_of_bmp() {
    let picture = drawn(URI);
    let rows: Vec<Vec<u8>> = light(&picture)
        .map(|row| row.into_iter().flat_map(|is_light| [1, u8::from(is_light)]).chain([0, 0]).collect())
        .collect();
    // Rows of even length are not filled up.
    assert!(rows.iter().all(|row| row.len() % 4 == 2));
    let mut palette = vec![0; 4 * 256];
    palette[4..7].fill(250);
    let header = info_header(picture.width(), picture.height(), 8, 1);
    let mut file = bmp(&header, &palette, std::iter::empty());
    file.extend(rows.into_iter().rev().flatten().chain([0, 1]));
    assert_eq!(texts(&file), Ok(vec![URI.to_owned()]));
}

#[test]
fn small_samples_of_bmp() {
    let picture = drawn(URI);
    let rows: Vec<Vec<u8>> =
        light(&picture).map(|row| row.into_iter().flat_map(|light| [u8::from(light) * 255; 2]).collect()).collect();
    let header = info_header(picture.width(), picture.height(), 16, 0);
    assert_eq!(texts(&bmp(&header, &[], rows.into_iter())), Ok(vec![URI.to_owned()]));
}

/// The luma of a lossy frame has rows of whole macroblocks.
#[test]
fn a_lossy_webp() {
    for file in [&include_bytes!("lossy.webp")[..], include_bytes!("lossy-alpha.webp")] {
        assert_eq!(texts(file), Ok(vec![URI.to_owned()]));
    }
}

/// A progressive one, one of red, green and blue, and one for print.
#[test]
fn varieties_of_jpeg() {
    for file in [&include_bytes!("progressive.jpg")[..], include_bytes!("rgb.jpg"), include_bytes!("cmyk.jpg")] {
        assert_eq!(texts(file), Ok(vec![URI.to_owned()]));
    }
}
