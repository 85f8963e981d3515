//! Files that are too large, or claim to be, and those that are just not.

use std::thread;

use super::*;

fn too_large(measure: Measure, limit: u64, found: u64) -> Result<Vec<String>, PictureError> {
    Err(PictureError::TooLarge { measure, limit, found })
}

/// A PNG (sections 11.2.1 and 11.2.3) that says what its pixels are and has none.
fn png_head(width: u32, height: u32, depth: png::BitDepth) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, width, height);
    encoder.set_depth(depth);
    encoder.set_color(png::ColorType::Rgba);
    encoder.write_header().unwrap().write_chunk(png::chunk::IDAT, &[]).unwrap();
    file
}

// contract 9.3c
#[test]
fn limits_of_png() {
    assert_eq!(texts(&vec![0; MAX_PICTURE_BYTES + 1]), Err(PictureError::TooManyBytes));
    for depth in [png::BitDepth::Eight, png::BitDepth::Sixteen] {
        let head = |width, height| texts(&png_head(width, height, depth));
        assert_eq!(head(16_385, 1), too_large(Measure::SidePixels, 16_384, 16_385));
        assert_eq!(head(8193, 6144), too_large(Measure::Pixels, 50_331_648, 50_337_792));
        assert_eq!(head(8192, 6144), Err(PictureError::Damaged { format: "PNG" }));
    }
}

/// Rows of one pixel value each, as PNG.
fn png_of_rows(width: u32, height: u32, color: png::ColorType, row: impl Fn(u32) -> Vec<u8>) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, width, height);
    encoder.set_color(color);
    encoder.set_compression(png::Compression::Fast);
    let mut writer = encoder.write_header().unwrap();
    let mut stream = writer.stream_writer().unwrap();
    (0..height).for_each(|y| std::io::Write::write_all(&mut stream, &row(y)).unwrap());
    stream.finish().unwrap();
    drop(writer);
    file
}

// contract 9.3c: only what is seen in part takes the memory of what is seen in part.
#[test]
fn limits_of_transparency() {
    let picture = |height, alpha| {
        texts(&png_of_rows(8192, height, png::ColorType::GrayscaleAlpha, |y| {
            [7, if y + 1 == height { alpha } else { 255 }].repeat(8192)
        }))
    };
    assert_eq!(picture(3126, 254), too_large(Measure::TransparentPixels, 25_600_000, 25_608_192));
    assert_eq!(picture(3125, 254), Err(PictureError::NoCode));
    assert_eq!(picture(3126, 255), Err(PictureError::NoCode));
}

// contract 9.3c: two screens side by side, what is scanned at 600 dots an inch, and a code of thousands of pixels.
#[test]
fn sizes_that_people_have() {
    let code = drawn(URI);
    let picture = |width: u32, height: u32| {
        png_of_rows(width, height, png::ColorType::Grayscale, |y| {
            let inside = |x: u32| x.checked_sub(width / 2).zip(y.checked_sub(height / 2));
            let pixel =
                |x: u32| inside(x).and_then(|(x, y)| code.get_pixel_checked(x, y)).map_or(230, |pixel| pixel[0]);
            (0..width).map(pixel).collect()
        })
    };
    for (width, height) in [(7680, 2160), (4960, 7016)] {
        assert_eq!(texts(&picture(width, height)), Ok(vec![URI.to_owned()]), "{width} {height}");
    }
    let scale = 4096 / code.width();
    let large = png_of_rows(4096, 4096, png::ColorType::Grayscale, |y| {
        let pixel = |x| code.get_pixel_checked(x / scale, y / scale).map_or(255, |pixel| pixel[0]);
        (0..4096).map(pixel).collect()
    });
    assert_eq!(texts(&large), Ok(vec![URI.to_owned()]));
}

/// Texts and profiles are left alone, be they ever so many or so large when they are decompressed.
#[test]
fn texts_and_profiles_of_png() {
    let picture = drawn(URI);
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, picture.width(), picture.height());
    for _ in 0..2000 {
        encoder.add_text_chunk("Comment".to_owned(), String::new()).unwrap();
    }
    encoder.add_ztxt_chunk("Comment".to_owned(), "A".repeat(9_000_000)).unwrap();
    let mut writer = encoder.write_header().unwrap();
    let profile = [b"p\0\0".to_vec(), zlib(&vec![0; 9_000_000])].concat();
    writer.write_chunk(png::chunk::iCCP, &profile).unwrap();
    writer.write_image_data(&picture).unwrap();
    drop(writer);
    assert_eq!(texts(&file), Ok(vec![URI.to_owned()]));
}

fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut zlib, bytes).unwrap();
    zlib.finish().unwrap()
}

/// What the decoder keeps though nobody asks for it.
#[test]
fn descriptions_of_png() {
    let with_description = |bytes: usize| {
        let mut file = Vec::new();
        let mut writer = png::Encoder::new(&mut file, 9, 9).write_header().unwrap();
        writer.write_chunk(png::chunk::eXIf, &vec![0; bytes]).unwrap();
        writer.write_image_data(&[0; 81]).unwrap();
        drop(writer);
        texts(&file)
    };
    assert_eq!(with_description(1_000_000), Err(PictureError::NoCode));
    assert_eq!(with_description(5_000_000), Err(PictureError::TooMuchMemory { limit: 4_000_000 }));
}

/// A WebP that claims 100 by 100 pixels, and has these chunks.
fn webp(chunks: &[u8]) -> Vec<u8> {
    let extended = riff_chunk(b"VP8X", &[0, 0, 0, 0, 99, 0, 0, 99, 0, 0]);
    riff_chunk(b"RIFF", &[b"WEBP", &extended[..], chunks].concat())
}

fn riff_chunk(kind: &[u8], data: &[u8]) -> Vec<u8> {
    let length = u32::try_from(data.len()).unwrap().to_le_bytes();
    [kind, &length[..], data, &b"\0"[..data.len() % 2]].concat()
}

// contract 9.3c: limits that the decoders do not set.
#[test]
fn limits_of_webp() {
    // A frame of 16,383 by 2 pixels, with scales in the highest bits, and one of 5,060 by 5,060.
    let frame = |sides: [u8; 4]| [&b"\0\0\0\x9d\x01\x2a"[..], &sides].concat();
    let (wide, large) = (frame([0xff, 0xff, 2, 0x40]), frame([0xc4, 0x13, 0xc4, 0x13]));
    let odd = riff_chunk(b"EXIF", b"odd");
    assert_eq!(texts(&webp(&riff_chunk(b"VP8 ", &wide))), Err(PictureError::Damaged { format: "WebP" }));
    let found = too_large(Measure::Pixels, 25_600_000, 25_603_600);
    assert_eq!(texts(&webp(&[odd.clone(), riff_chunk(b"VP8 ", &large)].concat())), found);
    let animated =
        riff_chunk(b"ANMF", &[&[0; 16][..], &riff_chunk(b"ALPH", b""), &riff_chunk(b"VP8 ", &large)].concat());
    assert_eq!(texts(&webp(&[odd, animated].concat())), found);

    // Lossless ones, by their header (section 3.4 of its specification): width, height, alpha.
    let lossless = |width: u32, height: u32| {
        let head = (width - 1) | (height - 1) << 14;
        texts(&riff_chunk(
            b"RIFF",
            &[&b"WEBP"[..], &riff_chunk(b"VP8L", &[&[0x2f], &head.to_le_bytes()[..]].concat())].concat(),
        ))
    };
    assert_eq!(lossless(4285, 4285), too_large(Measure::Pixels, 18_285_714, 18_361_225));
    assert_eq!(lossless(7680, 2160), Err(PictureError::Damaged { format: "WebP" }));
}

// contract 9.3a: frames hold no frames, however deep a file says that they do.
#[test]
fn frames_in_frames_of_webp() {
    let depth = 1_000_000 / 24;
    let mut frames = Vec::new();
    for level in (0..depth).rev() {
        let inside = u32::try_from(16 + 24 * level).unwrap();
        frames.extend([&b"ANMF"[..], &inside.to_le_bytes(), &[0; 16]].concat());
    }
    // As much of a stack as the least that a thread has.
    let answer = thread::Builder::new().stack_size(512 * 1024).spawn(move || texts(&webp(&frames))).unwrap().join();
    assert_eq!(answer.unwrap(), Err(PictureError::Damaged { format: "WebP" }));
}

/// Replaces the kind and the sides in the header of a frame (ISO/IEC 10918-1, B.2.2).
fn jpeg_head(kind: u8, width: u16, height: u16) -> Vec<u8> {
    let mut file = file(DynamicImage::from(drawn(URI)).into_rgb8(), ImageFormat::Jpeg);
    let frame = file.windows(2).position(|marker| marker == [0xFF, 0xC0]).unwrap();
    file[frame + 1] = kind;
    file[frame + 5..frame + 7].copy_from_slice(&height.to_be_bytes());
    file[frame + 7..frame + 9].copy_from_slice(&width.to_be_bytes());
    file
}

// contract 9.3c
#[test]
fn limits_of_jpeg() {
    const BASELINE: u8 = 0xC0;
    const PROGRESSIVE: u8 = 0xC2;
    assert_eq!(texts(&jpeg_head(BASELINE, 65_535, 1)), too_large(Measure::SidePixels, 16_384, 65_535));
    assert_eq!(texts(&jpeg_head(BASELINE, 8193, 6144)), too_large(Measure::Pixels, 50_331_648, 50_337_792));
    assert!(!matches!(texts(&jpeg_head(BASELINE, 8192, 6144)), Err(PictureError::TooLarge { .. })));
    // Coefficients of two bytes for luma and two chromas, which are as wide as the encoder of these tests makes them.
    assert_eq!(texts(&jpeg_head(PROGRESSIVE, 8192, 4096)), too_large(Measure::Pixels, 18_285_714, 33_554_432));
    // A scan of the luma alone: all of it is kept until the others come.
    let mut parts = jpeg_head(BASELINE, 8192, 4096);
    let scan = parts.windows(2).position(|marker| marker == [0xFF, 0xDA]).unwrap();
    parts.splice(scan + 2..scan + 14, [0, 8, 1, 1, 0, 0, 63, 0]);
    assert_eq!(texts(&parts), too_large(Measure::Pixels, 18_285_714, 33_554_432));
}

// contract 9.3a: what the decoder keeps of each, and goes through anew at each.
#[test]
fn descriptions_of_jpeg() {
    let segment = |marker: u8, data: &[u8]| {
        [&[0xFF, marker], &u16::try_from(data.len() + 2).unwrap().to_be_bytes()[..], data].concat()
    };
    let profile = segment(0xE2, b"ICC_PROFILE\0\x01\x01");
    let gain_map = segment(0xE2, b"urn:iso:std:iso:ts:21496:-1\0\0\0\0\0");
    let description = |part: u32| {
        let head = b"http://ns.adobe.com/xmp/extension/\0";
        segment(0xE1, &[&head[..], &[b'A'; 32], &u32::MAX.to_be_bytes(), &part.to_be_bytes(), b"x"].concat())
    };
    let with = |segments: Vec<Vec<u8>>| {
        let mut file = file(drawn(URI), ImageFormat::Jpeg);
        file.splice(2..2, segments.concat());
        texts(&file)
    };
    for kind in [&|_| profile.clone(), &|_| gain_map.clone(), &description] as [&dyn Fn(u32) -> Vec<u8>; 3] {
        assert_eq!(with((0..1000).map(kind).collect()), Ok(vec![URI.to_owned()]));
        assert_eq!(with((0..1001).map(kind).collect()), too_large(Measure::Descriptions, 1000, 1001));
    }
}

// contract 9.3c: many pixels in a small file.
#[test]
fn limits_of_bmp_and_gif() {
    let runs = |width: u32, height: u32| {
        let sides = [width.to_le_bytes(), height.to_le_bytes()].concat();
        let header = [&40_u32.to_le_bytes()[..], &sides, &[1, 0, 8, 0, 1, 0, 0, 0], &[0; 20]].concat();
        texts(&[b"BM\0\0\0\0\0\0\0\0", &1078_u32.to_le_bytes()[..], &header, &[0; 1024], &[0, 1]].concat())
    };
    assert_eq!(runs(16_385, 1), too_large(Measure::SidePixels, 16_384, 16_385));
    assert_eq!(runs(8192, 2605), too_large(Measure::Pixels, 21_333_333, 21_340_160));
    assert_eq!(runs(8192, 2604), Err(PictureError::NoCode));

    let gif = |screen: [u16; 2], frame: [u16; 2]| {
        let [width, height] = screen.map(u16::to_le_bytes);
        let frame = frame.map(u16::to_le_bytes).concat();
        let screen = [b"GIF89a", &width[..], &height, &[0x80, 0, 0], &[0; 6]].concat();
        texts(&[screen, b",\0\0\0\0".to_vec(), frame, vec![0, 2, 0, b';']].concat())
    };
    assert_eq!(gif([8193, 6144], [1, 1]), too_large(Measure::Pixels, 50_331_648, 50_337_792));
    assert_eq!(gif([9, 9], [8193, 6144]), too_large(Measure::Pixels, 50_331_648, 50_337_792));
    assert_eq!(gif([8192, 6144], [9, 9]), too_large(Measure::TransparentPixels, 25_600_000, 50_331_648));
    for sides in [[0, 9], [9, 0]] {
        assert_eq!(gif([9, 9], sides), Err(PictureError::Damaged { format: "GIF" }));
        assert_eq!(gif(sides, [9, 9]), Err(PictureError::Damaged { format: "GIF" }));
    }
}
