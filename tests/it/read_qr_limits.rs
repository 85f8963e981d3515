//! Pictures at the limits of `read-qr` and beyond them, in every way into the process: nothing else ends with one.

use std::fs;
use std::io::{Cursor, Write};

use crate::common::{Folder, Ran, project, secret_document, totp_adapter};
use data_encoding::BASE64;
use image::{DynamicImage, GrayImage, ImageFormat, Luma, imageops};
use insta::assert_snapshot;
use totp_adapter::picture::{MAX_PICTURE_BYTES, MAX_PICTURE_MEMORY};

/// The program's picture of RFC 6238's key.
fn picture() -> Vec<u8> {
    let arguments = ["--operation", "GenerateAuthenticatorQRCode", "--account", "me"];
    totp_adapter(arguments).stdin(secret_document()).run().output.stdout
}

fn encoded(picture: impl Into<DynamicImage>, format: ImageFormat) -> Vec<u8> {
    let mut file = Cursor::new(Vec::new());
    picture.into().write_to(&mut file, format).unwrap();
    file.into_inner()
}

/// A PNG of rows, with nothing but them.
fn png_of_rows(width: u32, height: u32, color: png::ColorType, row: impl Fn(u32) -> Vec<u8>) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, width, height);
    encoder.set_color(color);
    encoder.set_compression(png::Compression::Fast);
    let mut writer = encoder.write_header().unwrap();
    let mut stream = writer.stream_writer().unwrap();
    (0..height).for_each(|y| stream.write_all(&row(y)).unwrap());
    stream.finish().unwrap();
    drop(writer);
    file
}

/// The PNG with a chunk of noise that nobody knows, behind its first one: so many bytes in all.
fn filled(picture: &[u8], bytes: usize) -> Vec<u8> {
    /// Signature and first chunk (sections 5.2 and 11.2.1).
    const HEAD_BYTES: usize = 33;
    /// Length, kind and check of a chunk (section 5.3).
    const CHUNK_BYTES: usize = 12;
    let mut state = 1_u32;
    let noise = std::iter::repeat_with(|| {
        // xorshift
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state.to_le_bytes()[1]
    });
    let noise: Vec<u8> = noise.take(bytes - picture.len() - CHUNK_BYTES).collect();
    let mut file = Vec::new();
    let mut writer = png::Encoder::new(&mut file, 1, 1).write_header().unwrap();
    writer.write_chunk(png::chunk::ChunkType(*b"noIs"), &noise).unwrap();
    drop(writer);
    file.drain(..HEAD_BYTES);
    file.truncate(noise.len() + CHUNK_BYTES);
    let file = [&picture[..HEAD_BYTES], &file, &picture[HEAD_BYTES..]].concat();
    assert_eq!(file.len(), bytes);
    file
}

/// A WebP of frames in frames, so many bytes.
fn frames_in_frames(bytes: usize) -> Vec<u8> {
    let chunk =
        |kind: &[u8], length: usize, data: &[u8]| [kind, &u32::try_from(length).unwrap().to_le_bytes(), data].concat();
    let frames = (0..bytes / 24).rev().flat_map(|level| chunk(b"ANMF", 16 + 24 * level, &[0; 16]));
    let frames: Vec<u8> = frames.collect();
    let head = chunk(b"VP8X", 10, &[0, 0, 0, 0, 99, 0, 0, 99, 0, 0]);
    chunk(b"RIFF", 4 + head.len() + frames.len(), &[b"WEBP", &head[..], &frames].concat())
}

fn read_qr(picture: &[u8]) -> Ran {
    totp_adapter(["read-qr"]).stdin(picture).run()
}

/// What a picture is refused with.
fn refusal(picture: &[u8]) -> String {
    let ran = read_qr(picture);
    assert_eq!(ran.code(), 2);
    let stderr = ran.stderr();
    let cause = stderr.strip_prefix("totp-adapter: status -1: ").unwrap().trim_end();
    assert!(ran.stdout().contains("<Error description=\""), "{}", ran.stdout());
    cause.to_owned()
}

// contract 9.3a, 9.3d
#[test]
fn hostile_pictures() {
    let mut claimed = Vec::new();
    let mut header = png::Encoder::new(&mut claimed, 65_535, 65_535).write_header().unwrap();
    header.write_chunk(png::chunk::IDAT, &[]).unwrap();
    drop(header);
    assert_snapshot!(refusal(&claimed), @"too large: expected at most 16384 pixels a side, found 65535; send the part of the picture with the code");
    assert_snapshot!(refusal(&vec![0x89; MAX_PICTURE_BYTES + 1]), @"too large: expected a file of at most 24000000 bytes; send the part of the picture with the code");
    assert_snapshot!(refusal(&frames_in_frames(1_000_000)), @"damaged picture: the WebP file is incomplete or invalid");
    // As many codes as fit.
    let code = qrcode::QrCode::new("https://example.org/").unwrap().render::<Luma<u8>>().build();
    let code = imageops::resize(&code, 58, 58, imageops::FilterType::Nearest);
    let mut crowd = GrayImage::from_pixel(1800, 1800, Luma([255]));
    for number in 0..900 {
        imageops::replace(&mut crowd, &code, number % 30 * 60, number / 30 * 60);
    }
    assert_snapshot!(refusal(&encoded(crowd, ImageFormat::Png)), @"no key URI: the QR code in the picture has no otpauth URI");
}

// contract 9.3a, 9.4a: the largest file is read, a larger one refused, and none ends the run.
#[test]
fn a_batch_at_the_limits() {
    let folder = Folder::empty();
    folder.write("in/deep.webp", frames_in_frames(1_000_000));
    folder.write("in/largest.png", filled(&picture(), MAX_PICTURE_BYTES));
    folder.write("in/larger.png", filled(&picture(), MAX_PICTURE_BYTES + 1));
    folder.write("in/usual.png", picture());
    let arguments = "batch read-qr --output-dir out --report report.csv --quiet in";
    assert_eq!(totp_adapter(arguments.split(' ')).folder(folder.path()).run().code(), 2);
    let mut report: Vec<String> = folder.read("report.csv").lines().map(str::to_owned).collect();
    report[1..].sort();
    assert_snapshot!(report.join("\n"), @"
    input,output,status,description
    in/deep.webp,deep.error.xml,-1,damaged picture: the WebP file is incomplete or invalid
    in/larger.png,larger.error.xml,-1,too large: expected a file of at most 24000000 bytes; send the part of the picture with the code
    in/largest.png,largest.xml,1,
    in/usual.png,usual.xml,1,
    ");
    assert_eq!(folder.read("out/largest.xml"), format!("{}\n", secret_document()));
}

// contract 9.3a, 9.5b, 9.5c: likewise in a stream, where a record has room for the largest file.
#[test]
fn a_stream_at_the_limits() {
    let record = |picture: &[u8]| BASE64.encode(picture);
    let records = [
        record(&frames_in_frames(1_000_000)),
        record(&filled(&picture(), MAX_PICTURE_BYTES)),
        record(&filled(&picture(), MAX_PICTURE_BYTES + 1)),
        "A".repeat(BASE64.encode_len(MAX_PICTURE_BYTES) + 128 * 1024 + 1),
        record(&picture()),
    ];
    let ran = totp_adapter(["stream", "read-qr", "--jobs", "1"]).stdin(records.join("\n")).run();
    assert_eq!(ran.code(), 0, "{}", ran.stderr());
    assert_snapshot!(ran.stdout(), @r#"
    -1	<Error description="damaged picture: the WebP file is incomplete or invalid"/>
    1	<Secret>GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ</Secret>
    -1	<Error description="too large: expected a file of at most 24000000 bytes; send the part of the picture with the code"/>
    -1	<Error description="too long: expected a record of at most 32131072 bytes"/>
    1	<Secret>GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ</Secret>
    "#);
}

/// A JPEG that claims to have other sides, and perhaps to be progressive (ISO/IEC 10918-1, B.2.2).
#[cfg(target_os = "linux")]
fn jpeg_head(kind: u8, width: u16, height: u16) -> Vec<u8> {
    let mut file = encoded(DynamicImage::new_rgb8(64, 64), ImageFormat::Jpeg);
    let frame = file.windows(2).position(|marker| marker == [0xFF, 0xC0]).unwrap();
    file[frame + 1] = kind;
    file[frame + 5..frame + 7].copy_from_slice(&height.to_be_bytes());
    file[frame + 7..frame + 9].copy_from_slice(&width.to_be_bytes());
    file
}

// contract 9.3a: the pictures that take the most memory, with some more for a program that is not optimised, and a time
// of the processor that is ample for it. The system ends what asks for more.
#[cfg(target_os = "linux")]
#[test]
fn memory_and_time() {
    use std::process::Command;

    /// What the program takes beside a picture when it is not optimised, in KiB.
    const PROGRAM_KIB: usize = 12_000;

    let stripes = |x: u32| if x & 8 == 0 { 0 } else { 255 };
    let opaque = png_of_rows(8192, 6144, png::ColorType::Rgb, |_| (0..8192).flat_map(|x| [stripes(x); 3]).collect());
    // What is half transparent is searched on a light and on a dark page, and without a page.
    let transparent = png_of_rows(6400, 4000, png::ColorType::Rgba, |y| {
        (0..6400).flat_map(|x| [stripes(x), 0, 0, y.to_le_bytes()[0]]).collect()
    });
    let colours = image::RgbaImage::from_fn(4276, 4276, |x, y| image::Rgba([stripes(x), 0, 0, y.to_le_bytes()[0]]));
    let folder = Folder::empty();
    for (name, file) in [
        ("opaque", filled(&opaque, MAX_PICTURE_BYTES)),
        ("transparent", filled(&transparent, MAX_PICTURE_BYTES)),
        ("photograph", jpeg_head(0xC0, 8192, 6144)),
        ("progressive", jpeg_head(0xC2, 4276, 4276)),
        ("lossless", encoded(DynamicImage::from(colours.clone()).into_rgb8(), ImageFormat::WebP)),
        ("lossless with alpha", encoded(colours, ImageFormat::WebP)),
    ] {
        folder.write("picture", file);
        let kib = MAX_PICTURE_MEMORY / 1024 + PROGRAM_KIB;
        let program = env!("CARGO_BIN_EXE_totp-adapter");
        let limited = format!("ulimit -t 20; ulimit -v {kib}; exec '{program}' read-qr --input picture");
        let output = Command::new("sh").args(["-c", &limited]).current_dir(folder.path()).output().unwrap();
        let answer = String::from_utf8(output.stdout).unwrap();
        assert!(
            answer.starts_with("<Error ") && !answer.contains("too large") && output.status.code() == Some(2),
            "{name}: {answer}{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
}

// contract 9.3a: a picture in which the search would go on for minutes, and the time of the processor that it may take,
// with plenty for a program that is not optimised. The system ends what takes more.
#[cfg(target_os = "linux")]
#[test]
fn a_search_without_end() {
    use std::process::Command;

    /// As many finder patterns across and down as are still looked at, of so many modules with what is around them.
    const PATTERNS: u32 = 20;
    const PITCH: u32 = 12;
    const SCALE: u32 = 4;
    let mut picture = image::RgbaImage::from_fn(PATTERNS * PITCH * SCALE, PATTERNS * PITCH * SCALE, |x, y| {
        let module = |at: u32| (at / SCALE % PITCH).abs_diff(5);
        let ring = module(x).max(module(y));
        let grey = if ring == 3 || ring < 2 { 0 } else { 255 };
        image::Rgba([grey, grey, grey, 255])
    });
    // All of it is searched anew on each page.
    picture.put_pixel(0, 0, image::Rgba([255, 255, 255, 250]));
    let folder = Folder::empty();
    folder.write("picture.png", encoded(picture, ImageFormat::Png));
    let limited = format!("ulimit -t 8; exec '{}' read-qr --input picture.png", env!("CARGO_BIN_EXE_totp-adapter"));
    let output = Command::new("sh").args(["-c", &limited]).current_dir(folder.path()).output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_snapshot!(stderr, @"totp-adapter: status -1: no QR code: none was found in the time for a picture; send the part of the picture with the code");
}

// contract 9.3a, 9.3b, 9.5b: the help and the rules say what holds.
#[test]
fn limits_are_said_as_they_are() {
    let contract = fs::read_to_string(project().join("schemas/README.md")).unwrap();
    let rule = |number: &str| contract.split("\n\n").find(|rule| rule.starts_with(number)).unwrap().to_owned();
    let help = |arguments: &str| totp_adapter(arguments.split(' ')).run().stdout();
    let file = format!("{} MB", MAX_PICTURE_BYTES / 1_000_000);
    let memory = format!("{} MB", MAX_PICTURE_MEMORY / 1_000_000);
    let record = format!("{} MB", BASE64.encode_len(MAX_PICTURE_BYTES) / 1_000_000);
    for (text, says) in [
        (rule("**9.3a** "), vec![&file, &memory, &record]),
        (rule("**9.5a** "), vec![&file]),
        (help("read-qr --help"), vec![&file]),
        (help("batch read-qr --help"), vec![&memory]),
        (help("stream read-qr --help"), vec![&file, &memory, &record]),
    ] {
        for words in says {
            assert!(text.contains(words.as_str()), "{words}: {text}");
        }
    }
}
