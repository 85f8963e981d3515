//! What a symbol is drawn as (contract 4.4).

use std::str::FromStr;

use zeroize::Zeroizing;

use crate::otp::{OutOfRange, Symbol, half_blocks, image, svg};

/// What a QR code is drawn as. Default: PNG, which is X4's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SymbolFormat {
    /// A picture of 512x512 pixels.
    #[default]
    Png,
    /// An SVG document, for web pages and print.
    Svg,
    /// Half blocks and colours for a terminal.
    Terminal,
}

impl SymbolFormat {
    /// Every format, in the order in which help and errors name them.
    pub const ALL: [Self; 3] = [Self::Png, Self::Svg, Self::Terminal];
    /// The formats of pictures, which are handed on in Base64; what is for a terminal is of no use there.
    pub const PICTURES: [Self; 2] = [Self::Png, Self::Svg];
    /// The accepted values, in words.
    pub const EXPECTED: &'static str = "png, svg or terminal";

    /// The name on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Png => "png",
            Self::Svg => "svg",
            Self::Terminal => "terminal",
        }
    }

    /// How the names of files with such a drawing end.
    #[must_use]
    pub const fn ending(self) -> &'static str {
        match self {
            Self::Png => "png",
            Self::Svg => "svg",
            Self::Terminal => "txt",
        }
    }

    /// The bytes of a drawing.
    #[must_use]
    pub fn draw(self, symbol: &Symbol) -> Zeroizing<Vec<u8>> {
        match self {
            Self::Png => image::png(symbol),
            Self::Svg => svg::svg(symbol),
            Self::Terminal => Zeroizing::new(std::mem::take(&mut *half_blocks::half_blocks(symbol)).into_bytes()),
        }
    }
}

impl FromStr for SymbolFormat {
    type Err = OutOfRange;

    fn from_str(text: &str) -> Result<Self, OutOfRange> {
        let expected = Self::EXPECTED;
        Self::ALL.into_iter().find(|format| format.name() == text).ok_or(OutOfRange { expected })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expectations_name_every_format() {
        assert_eq!(SymbolFormat::EXPECTED.replace(" or ", ", "), SymbolFormat::ALL.map(SymbolFormat::name).join(", "));
        assert!(SymbolFormat::ALL.into_iter().all(|format| format.name().parse() == Ok(format)));
    }
}
