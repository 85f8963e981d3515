//! Finds and reads the symbols in dark and light pixels (ISO/IEC 18004, section 12), with the parts of rxing: its own
//! search for several symbols is without limits. It knows nothing of where the pixels come from.

use std::cmp::Reverse;

use encoding_rs::SHIFT_JIS;
use rxing::common::cpp_essentials::{ConcentricPattern, DecoderResult};
use rxing::common::{BitMatrix, DetectorRXingResult};
use rxing::qrcode::cpp_port::decoder::Decode;
use rxing::qrcode::cpp_port::detector::{
    FindFinderPatterns, FinderPatternSet, FinderPatternSets, GenerateFinderPatternSets, SampleQR,
};
use zeroize::Zeroizing;

use super::error::PictureError;
use super::findings::Findings;

/// The most finder patterns, the squares in three corners of a symbol, that are combined: a third as many symbols.
const MAX_FINDER_PATTERNS: usize = 400;
/// The most runs of pixels that look like a row through a finder pattern: the search for them takes time by the square.
const MAX_LIKENESSES: usize = 12_000;
/// The search looks at every third row.
const ROW_STEP: usize = 3;

/// Adds what the symbols in these dark pixels say, while there is time.
pub(super) fn search(picture: &BitMatrix, has_time: &dyn Fn() -> bool, findings: &mut Findings) {
    if likenesses(picture) > MAX_LIKENESSES {
        findings.add_reason(PictureError::Crowded);
        return;
    }
    let mut read = Vec::new();
    for set in finder_pattern_sets(picture, findings) {
        if !has_time() {
            findings.add_reason(PictureError::OutOfTime);
            return;
        }
        let patterns = [set.bl, set.tl, set.tr];
        if !patterns.iter().any(|pattern| read.contains(pattern))
            && let Some(symbol) = symbol(picture, &set)
        {
            read.extend(patterns);
            add(&symbol, findings);
        }
    }
}

/// The runs of black, white, black, white and black in the rows that the search looks at whose widths are about
/// 1 : 1 : 3 : 1 : 1, by a tolerance that is wider than that of the search.
fn likenesses(picture: &BitMatrix) -> usize {
    let rows = (0..picture.height()).skip(ROW_STEP - 1).step_by(ROW_STEP);
    rows.map(|y| likenesses_in_row((0..picture.width()).map(|x| picture.get(x, y)))).sum()
}

fn likenesses_in_row(pixels: impl Iterator<Item = bool>) -> usize {
    let (mut count, mut runs, mut run, mut was_black) = (0, [0; 5], 0, false);
    for is_black in pixels {
        if is_black != was_black {
            runs = [runs[1], runs[2], runs[3], runs[4], run];
            count += usize::from(was_black && is_like_finder_pattern(runs));
            (run, was_black) = (0, is_black);
        }
        run += 1;
    }
    count
}

/// Whether each width is off by at most three quarters of a module and half a pixel, all times 28.
fn is_like_finder_pattern(runs: [i32; 5]) -> bool {
    let sum: i32 = runs.iter().sum();
    let is_near = |(run, modules): (i32, i32)| (28 * run - 4 * modules * sum).abs() <= 3 * sum + 14;
    runs[0] > 0 && runs[2] >= 3 && runs.into_iter().zip([1, 1, 3, 1, 1]).all(is_near)
}

/// The finder patterns by threes, the most plausible first. The largest of too many are kept: they are the least likely
/// to be something else.
fn finder_pattern_sets(picture: &BitMatrix, findings: &mut Findings) -> FinderPatternSets {
    let mut patterns = FindFinderPatterns(picture, true, 0);
    if patterns.len() > MAX_FINDER_PATTERNS {
        findings.add_reason(PictureError::Crowded);
        patterns.sort_by_key(|pattern: &ConcentricPattern| Reverse(pattern.size));
        patterns.truncate(MAX_FINDER_PATTERNS);
    }
    GenerateFinderPatternSets(&mut patterns)
}

/// The symbol between three finder patterns, its errors corrected, if there is one.
fn symbol(picture: &BitMatrix, set: &FinderPatternSet) -> Option<DecoderResult<bool>> {
    let modules = SampleQR(picture, set).ok()?;
    Decode(modules.getBits()).ok()
}

/// Adds what a symbol says.
fn add(symbol: &DecoderResult<bool>, findings: &mut Findings) {
    if symbol.structuredAppend().count > 1 {
        findings.add_reason(PictureError::Part);
        return;
    }
    match text(symbol) {
        Some(text) => findings.add_text(text),
        None => findings.add_reason(PictureError::NoText),
    }
}

/// The text of a symbol. Without an indication of its encoding (ISO/IEC 18004, 7.4.2, ECI) it is taken for UTF-8, as
/// nearly all writers mean it, and only where it cannot be that for what its bytes look like. What cannot be decoded in part
/// has that part replaced: between the ASCII characters of a URI stand names, and the rest is as good without them.
fn text(symbol: &DecoderResult<bool>) -> Option<Zeroizing<String>> {
    let content = symbol.content();
    let bytes = content.bytes();
    if !symbol.isValid() || bytes.is_empty() {
        return None;
    }
    if !content.has_eci
        && let Ok(text) = str::from_utf8(bytes)
    {
        return Some(Zeroizing::new(text.to_owned()));
    }
    let text = Zeroizing::new(symbol.text());
    if is_whole(&text, bytes) {
        return Some(text);
    }
    if !content.has_eci
        && let Some(text) = SHIFT_JIS.decode_without_bom_handling_and_without_replacement(bytes)
    {
        return Some(Zeroizing::new(text.into_owned()));
    }
    let is_text = !bytes.iter().any(u8::is_ascii_control);
    is_text.then(|| Zeroizing::new(String::from_utf8_lossy(bytes).into_owned()))
}

/// Whether nothing was left out of a text, for rxing drops a part that is not of its encoding: as far as can be seen where an
/// ASCII byte is a character, which in Shift JIS and its like is not always so.
fn is_whole(text: &str, bytes: &[u8]) -> bool {
    let ascii = bytes.iter().copied().filter(u8::is_ascii);
    text.bytes().filter(u8::is_ascii).eq(ascii) && !text.contains(char::REPLACEMENT_CHARACTER)
}
