//! From a picture to the texts of the QR codes in it; it knows neither key URIs nor documents.
//!
//! On the way: `file` decodes a file row by row onto a `canvas` of grey pixels and enforces the limits, `attempt` prepares
//! them in one way after the other, and `symbols` finds and reads the codes (ISO/IEC 18004) in what it prepared. `guard`
//! stands around all of them.
//!
//! What shows a secret is wiped where the memory is ours: grey pixels, their preparations, the colours of what is decoded
//! as a whole, the texts. The decoders of files and the reader of symbols keep other buffers (rows, coefficients,
//! thresholded pixels, codewords), which they release without wiping them.

mod attempt;
mod canvas;
mod error;
mod file;
mod findings;
mod grey;
mod guard;
mod symbols;
mod threshold;

#[cfg(test)]
mod tests;

use zeroize::Zeroizing;

pub use error::{Measure, PictureError};
pub use file::{MAX_PICTURE_BYTES, MAX_PICTURE_MEMORY};
use findings::Findings;
use guard::guarded;
pub use guard::is_guarded;

/// The texts of the QR codes in the picture that `file` holds: PNG, JPEG, GIF, BMP or WebP, of an animation the first
/// frame. Equal texts count once; the order is that of their discovery.
///
/// The picture is searched as it is and inverted, and then in further ways until one of them finds a text that
/// `is_wanted`: what is not wanted is found on the way, so where nothing is wanted the texts are all that was found.
///
/// `has_time` is asked before every attempt and between codes: nothing here reads a clock. What it cannot interrupt takes
/// some 0.3 s at most. Decoding comes before the first question and is not interrupted: the limits keep it to about half a
/// second, and all of it to [`MAX_PICTURE_MEMORY`] bytes.
///
/// A panic of a decoder or of the reader of symbols becomes an error. A panic hook is called nevertheless: that of the program
/// is silent then, while the standard library's tells the panic's message. Under `panic = "abort"` it ends the process.
///
/// # Errors
///
/// [`PictureError`] where there is no picture within the limits, or no text in it.
pub fn read(
    file: &[u8],
    is_wanted: &dyn Fn(&str) -> bool,
    has_time: &dyn Fn() -> bool,
) -> Result<Vec<Zeroizing<String>>, PictureError> {
    let mut findings = Findings::default();
    let picture = guarded(|| file::decode(file)).unwrap_or(Err(PictureError::DecoderFailed))?;
    picture.on_pages().any(|page| attempt::search(&page, is_wanted, has_time, &mut findings));
    findings.into_texts()
}
