//! The error correction levels of QR Code and their names; it knows neither symbols nor codewords.

use qrcode::EcLevel;

/// How much of a symbol may be damaged and still be read (ISO/IEC 18004:2015, 7.5.1), least first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ErrorCorrectionLevel {
    /// About 7 % of the codewords.
    L,
    /// About 15 %.
    M,
    /// About 25 %.
    Q,
    /// About 30 %.
    H,
}

impl ErrorCorrectionLevel {
    pub(super) const HIGHEST_FIRST: [Self; 4] = [Self::H, Self::Q, Self::M, Self::L];

    pub(super) const fn to_qrcode(self) -> EcLevel {
        match self {
            Self::L => EcLevel::L,
            Self::M => EcLevel::M,
            Self::Q => EcLevel::Q,
            Self::H => EcLevel::H,
        }
    }
}
