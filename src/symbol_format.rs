//! What a symbol is drawn as (contract 4.4).

use zeroize::Zeroizing;

use crate::named;
use crate::otp::{Symbol, half_blocks, image, svg};

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

named!(parsed SymbolFormat { Png = "png", Svg = "svg", Terminal = "terminal" });

impl SymbolFormat {
    /// The formats of pictures, which are handed on in Base64; what is for a terminal is of no use there.
    pub const PICTURES: [Self; 2] = [Self::Png, Self::Svg];

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
