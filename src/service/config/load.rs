//! The file of a configuration as text, whatever the file is.

use std::path::Path;

use zeroize::Zeroizing;

use super::file;
use super::mistake::{Mistake, Place};
use super::read::read;
use super::{Configuration, Overrides, Warning};

/// The most bytes of a configuration.
const MAX_BYTES: usize = 1024 * 1024;
/// The marks of UTF-16, little and big endian (The Unicode Standard, section 23.8).
const UTF_16: [[u8; 2]; 2] = [[0xff, 0xfe], [0xfe, 0xff]];

/// Reads a configuration; without a file, the defaults, for which nothing is read.
///
/// # Errors
///
/// Every mistake, in the order of the lines; one where the file cannot be read as text.
pub fn load(file: Option<&Path>, overrides: &Overrides) -> Result<(Configuration, Vec<Warning>), Vec<Mistake>> {
    let Some(file) = file else { return read("", Path::new(""), overrides) };
    let text = text_of(file).map_err(|mistake| vec![mistake])?;
    read(&text, file.parent().unwrap_or(Path::new("")), overrides)
}

fn text_of(file: &Path) -> Result<Zeroizing<String>, Mistake> {
    let mistake = |place, text: String| Mistake { place, text };
    let bytes = file::read_any(file, MAX_BYTES)
        .map_err(|error| mistake(Place::File, format!("cannot read the configuration: {error}")))?;
    if UTF_16.iter().any(|mark| bytes.starts_with(mark)) {
        return Err(mistake(Place::File, "expected text in UTF-8, found UTF-16".to_owned()));
    }
    // The mark of UTF-8 is passed over by the parser.
    let text = std::str::from_utf8(&bytes).map_err(|error| {
        let line = memchr::memchr_iter(b'\n', &bytes[..error.valid_up_to()]).count() + 1;
        mistake(Place::Line(line), "expected text in UTF-8".to_owned())
    })?;
    Ok(Zeroizing::new(text.to_owned()))
}
