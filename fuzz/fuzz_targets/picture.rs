//! Any bytes through the reader of pictures: nothing panics, and every answer is texts or an error of one line. An input
//! that begins with [`PIXELS`] is the modules of a picture: so the search for symbols is reached, which few broken files
//! get to.
#![no_main]

use std::cell::Cell;
use std::time::{Duration, Instant};

use libfuzzer_sys::fuzz_target;
use totp_adapter::picture::{self, PictureError};

fuzz_target!(|bytes: &[u8]| {
    if let Some(bitmap) = bitmap(bytes) {
        check(&bitmap);
    } else {
        check(bytes);
    }
});

/// The most questions for time: a bound on what one small picture takes, whatever the machine.
const MAX_QUESTIONS: u32 = 2_000;
/// How long a large picture is searched, of which a few bytes may claim 50 megapixels.
const PATIENCE: Duration = Duration::from_secs(1);
/// The first byte of an input that is pixels: no kind of file begins with it.
const PIXELS: u8 = 0;
/// The most rows of pixels.
const MAX_SIDE: usize = 600;
/// Rows of a BMP file take whole units of four bytes.
const ROW_MULTIPLE: usize = 4;

/// Reads a file and looks at the answer.
fn check(file: &[u8]) {
    let questions = Cell::new(0);
    let begin = Instant::now();
    let has_time = || {
        questions.set(questions.get() + 1);
        questions.get() < MAX_QUESTIONS && begin.elapsed() < PATIENCE
    };
    match picture::read(file, &|text| text.starts_with("otpauth://"), &has_time) {
        Ok(texts) => {
            assert!(!texts.is_empty() && texts.iter().all(|text| !text.is_empty()));
            for (index, text) in texts.iter().enumerate() {
                assert!(!texts[..index].contains(text));
            }
        }
        Err(error) => check_error(error),
    }
}

/// An error is one line in lower case without a final period.
fn check_error(error: PictureError) {
    let message = error.to_string();
    assert!(message.starts_with(|c: char| c.is_ascii_lowercase()), "{message}");
    assert!(!message.ends_with('.') && !message.contains(char::is_control), "{message}");
}

/// A BMP file of grey pixels: the second byte is the number of pixels a module, the third the number of modules a row, and
/// each bit of the rest is a module.
fn bitmap(bytes: &[u8]) -> Option<Vec<u8>> {
    let [PIXELS, scale, across, modules @ ..] = bytes else { return None };
    let (scale, across) = (usize::from(scale % 4) + 1, usize::from(across % 180) + 1);
    let down = (modules.len() * 8 / across).min(MAX_SIDE / scale);
    if down == 0 {
        return None;
    }
    let is_dark = |x: usize, y: usize| {
        let module = y / scale * across + x / scale;
        modules[module / 8] >> (module % 8) & 1 == 1
    };
    Some(bmp(across * scale, down * scale, |x, y| if is_dark(x, y) { 30 } else { 220 }))
}

/// A BMP file of 24 bits a pixel, the rows from the top.
fn bmp(width: usize, height: usize, grey: impl Fn(usize, usize) -> u8) -> Vec<u8> {
    let (wide, high) = (i32::try_from(width).unwrap(), i32::try_from(height).unwrap());
    let mut file = b"BM\0\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0".to_vec();
    file.extend(wide.to_le_bytes());
    file.extend((-high).to_le_bytes());
    file.extend([1, 0, 24, 0]);
    file.extend([0; 24]);
    for y in 0..height {
        let mut row: Vec<u8> = (0..width).flat_map(|x| [grey(x, y); 3]).collect();
        row.resize(row.len().next_multiple_of(ROW_MULTIPLE), 0);
        file.extend(row);
    }
    file
}
