//! Why there is no text in a picture: one kind a variant. Nothing that came in is quoted.

use std::fmt;

use thiserror::Error;

use super::file::MAX_PICTURE_BYTES;

/// What to do with a picture that is too large.
const ADVICE: &str = "; send the part of the picture with the code";

/// Why a picture gave no text. The message begins with the kind of error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PictureError {
    /// The bytes begin like none of the kinds of file: send a picture.
    #[error("not a picture: expected a PNG, JPEG, GIF, BMP or WebP file")]
    NotAPicture,
    /// The file ends early, or contradicts its kind's standard: send the whole file.
    #[error("damaged picture: the {format} file is incomplete or invalid")]
    Damaged {
        /// The kind of file that it begins like.
        format: &'static str,
    },
    /// Correct perhaps, but of a variety that is not read (arithmetic coding, 12 bits): save the picture anew.
    #[error("not supported: the {format} file is of an unusual variety; save the picture again")]
    NotSupported {
        /// The kind of file that it is.
        format: &'static str,
    },
    /// The file is larger than any that is read to its end: send the part of the picture with the code.
    #[error("too large: expected a file of at most {MAX_PICTURE_BYTES} bytes{ADVICE}")]
    TooManyBytes,
    /// Beyond a limit on what the file says of itself: send the part of the picture with the code.
    #[error("too large: expected at most {limit} {measure}, found {found}{ADVICE}")]
    TooLarge {
        /// What is counted.
        measure: Measure,
        /// How much is accepted.
        limit: u64,
        /// How much there is.
        found: u64,
    },
    /// What stands in the file beside the pixels takes more memory than is accepted: send the part of the picture with the code.
    #[error("too large: expected at most {limit} bytes of descriptions in the file{ADVICE}")]
    TooMuchMemory {
        /// How much is accepted.
        limit: usize,
    },
    /// No attempt found a code: send a sharper or a larger picture, or the part of it with the code.
    #[error("no QR code: the picture has none that can be read")]
    NoCode,
    /// As [`PictureError::NoCode`], but not every attempt was made: send the part of the picture with the code.
    #[error("no QR code: none was found in the time for a picture{ADVICE}")]
    OutOfTime,
    /// The only codes are parts of a message over several (ISO/IEC 18004, structured append): send one code.
    #[error("incomplete QR code: it has only a part of a text over several codes")]
    Part,
    /// A code was found and corrected, but what it holds is no text.
    #[error("unreadable QR code: it has no text")]
    NoText,
    /// The decoder of the file panicked: save the picture anew, and report this.
    #[error("undecodable picture: internal error of its decoder; please report it")]
    DecoderFailed,
    /// An attempt panicked, and no other found a code: send the part of the picture with the code, and report this.
    #[error("unsearchable picture: internal error of the search for codes; please report it")]
    SearchFailed,
    /// More patterns that resemble those of codes than are looked at: send the part of the picture with the code.
    #[error("crowded picture: too many patterns resemble a QR code{ADVICE}")]
    Crowded,
}

/// What a limit counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Measure {
    /// The longer of width and height.
    SidePixels,
    /// Width times height.
    Pixels,
    /// Width times height, where some of the pixels are transparent.
    TransparentPixels,
    /// Parts of the descriptions beside the pixels.
    Descriptions,
}

impl fmt::Display for Measure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SidePixels => "pixels a side",
            Self::Pixels => "pixels for a picture of this kind",
            Self::TransparentPixels => "pixels for a picture with transparency",
            Self::Descriptions => "parts of descriptions in a file",
        })
    }
}
