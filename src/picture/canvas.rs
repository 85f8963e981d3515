//! A picture that is filled row by row, and what is seen of it on a page; knows nothing of the files that rows come from.

use std::borrow::Cow;

use png::{Adam7Info, expand_interlaced_row};
use zeroize::Zeroizing;

use super::error::{Measure, PictureError};
use super::grey::Grey;

/// The weights of red, green and blue in the luma (ITU-R BT.709), in parts of 2^16.
const LUMA: [u32; 3] = [13_933, 46_871, 4_732];
/// Bits of a pixel in the planes of a canvas.
const PLANE_BITS: u8 = 8;

/// What the samples of a pixel are, 8 bits each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PixelFormat {
    Grey,
    GreyAlpha,
    Rgb,
    Rgba,
}

impl PixelFormat {
    /// Samples of a pixel.
    pub const fn samples(self) -> usize {
        match self {
            Self::Grey => 1,
            Self::GreyAlpha => 2,
            Self::Rgb => 3,
            Self::Rgba => 4,
        }
    }

    /// The greys of a row.
    fn greys(self, row: &[u8], to: &mut [u8]) {
        match self {
            Self::Grey => to.copy_from_slice(row),
            Self::GreyAlpha => fill(to, row.as_chunks().0, |&[grey, _]| grey),
            Self::Rgb => fill(to, row.as_chunks().0, |&colours| luma(colours)),
            Self::Rgba => fill(to, row.as_chunks().0, |&[red, green, blue, _]| luma([red, green, blue])),
        }
    }

    /// The alphas of a row; none where all of it is opaque.
    fn alphas(self, row: &[u8]) -> Option<impl Iterator<Item = u8>> {
        let has_alpha = match self {
            Self::Grey | Self::Rgb => false,
            Self::GreyAlpha | Self::Rgba => true,
        };
        let alphas = row.iter().copied().skip(self.samples() - 1).step_by(self.samples());
        let is_opaque = !has_alpha || alphas.clone().all(|alpha| alpha == u8::MAX);
        (!is_opaque).then_some(alphas)
    }
}

fn fill<T>(to: &mut [u8], from: &[T], grey: impl Fn(&T) -> u8) {
    for (to, from) in to.iter_mut().zip(from) {
        *to = grey(from);
    }
}

/// The luma of red, green and blue.
pub(super) fn luma(colours: [u8; 3]) -> u8 {
    let weighted: u32 = colours.into_iter().zip(LUMA).map(|(colour, weight)| u32::from(colour) * weight).sum();
    // The weights add up to 2^16, so the third byte is the mean.
    let [_, _, mean, _] = weighted.to_le_bytes();
    mean
}

/// A picture whose rows come one after the other: the grey of every pixel, and its alpha where there is one that is not
/// opaque.
pub(super) struct Canvas {
    width: usize,
    height: usize,
    greys: Zeroizing<Vec<u8>>,
    alphas: Option<Zeroizing<Vec<u8>>>,
    max_transparent: u64,
}

impl Canvas {
    /// Opaque and black. It becomes transparent only where it has at most `max_transparent` pixels.
    pub fn new(width: usize, height: usize, max_transparent: u64) -> Self {
        Self { width, height, greys: Zeroizing::new(vec![0; width * height]), alphas: None, max_transparent }
    }

    /// Makes all of it transparent, for rows that do not cover it.
    pub fn clear(&mut self) -> Result<(), PictureError> {
        self.alphas()?.fill(0);
        Ok(())
    }

    /// Places a row with its first pixel at `x`; what lies beyond an edge is left out.
    pub fn place(&mut self, x: usize, y: usize, format: PixelFormat, row: &[u8]) -> Result<(), PictureError> {
        if x >= self.width || y >= self.height {
            return Ok(());
        }
        let pixels = (row.len() / format.samples()).min(self.width - x);
        let row = &row[..pixels * format.samples()];
        let place = y * self.width + x..y * self.width + x + pixels;
        format.greys(row, &mut self.greys[place.clone()]);
        if let Some(alphas) = format.alphas(row) {
            self.alphas()?[place].iter_mut().zip(alphas).for_each(|(to, alpha)| *to = alpha);
        } else if let Some(plane) = &mut self.alphas {
            plane[place].fill(u8::MAX);
        }
        Ok(())
    }

    /// Places the pixels of a row of an interlaced PNG (section 8.2). Every pixel comes once.
    pub fn place_interlaced(&mut self, info: &Adam7Info, format: PixelFormat, row: &[u8]) -> Result<(), PictureError> {
        let mut greys = Zeroizing::new(vec![0; row.len() / format.samples()]);
        format.greys(row, &mut greys);
        expand_interlaced_row(&mut self.greys, self.width, &greys, info, PLANE_BITS);
        if let Some(alphas) = format.alphas(row) {
            greys.iter_mut().zip(alphas).for_each(|(to, alpha)| *to = alpha);
            let width = self.width;
            expand_interlaced_row(self.alphas()?, width, &greys, info, PLANE_BITS);
        }
        Ok(())
    }

    /// The picture that was placed; none where it has no pixels.
    pub fn into_picture(self) -> Option<Picture> {
        let grey = Grey::new(self.width, self.height, self.greys)?;
        Some(Picture { grey, alphas: self.alphas })
    }

    /// The alphas, of which all are opaque at first.
    fn alphas(&mut self) -> Result<&mut [u8], PictureError> {
        let pixels = self.greys.len();
        if pixels as u64 > self.max_transparent {
            let (limit, found) = (self.max_transparent, pixels as u64);
            return Err(PictureError::TooLarge { measure: Measure::TransparentPixels, limit, found });
        }
        Ok(self.alphas.get_or_insert_with(|| Zeroizing::new(vec![u8::MAX; pixels])))
    }
}

/// A decoded picture.
pub(super) struct Picture {
    grey: Grey,
    /// How much of each pixel is seen; nothing where all of all is.
    alphas: Option<Zeroizing<Vec<u8>>>,
}

impl From<Grey> for Picture {
    fn from(grey: Grey) -> Self {
        Self { grey, alphas: None }
    }
}

/// What a picture with transparency is looked at on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Page {
    /// Most pages are white.
    White,
    /// White modules on nothing want a black page.
    Black,
    /// The colours as if they were opaque: Windows' clipboard and its drawing functions leave an alpha of 0 behind where
    /// everything is meant to be seen.
    Ignored,
}

impl Page {
    const ALL: [Self; 3] = [Self::White, Self::Black, Self::Ignored];
}

impl Picture {
    /// What is seen on the pages one after the other. An opaque picture is the same on all of them, and a page on which
    /// nothing is seen is left out.
    pub fn on_pages(&self) -> impl Iterator<Item = Cow<'_, Grey>> {
        let pages = if self.alphas.is_some() { &Page::ALL[..] } else { &[Page::Ignored] };
        pages.iter().filter_map(|&page| self.on(page))
    }

    /// What is seen on a page; nothing where it is the same grey all over.
    fn on(&self, page: Page) -> Option<Cow<'_, Grey>> {
        let Some(alphas) = &self.alphas else { return Some(Cow::Borrowed(&self.grey)) };
        let page = match page {
            Page::White => u8::MAX,
            Page::Black => u8::MIN,
            Page::Ignored => return is_seen(self.grey.pixels().iter().copied()).then_some(Cow::Borrowed(&self.grey)),
        };
        let mixed = self.grey.pixels().iter().zip(alphas.iter()).map(|(&grey, &alpha)| mixed(grey, alpha, page));
        is_seen(mixed.clone()).then(|| {
            let mut pixels = Zeroizing::new(Vec::with_capacity(alphas.len()));
            pixels.extend(mixed);
            Cow::Owned(Grey::new(self.grey.width(), self.grey.height(), pixels).expect("as many pixels as before"))
        })
    }
}

/// Whether not all pixels are the same.
fn is_seen(mut pixels: impl Iterator<Item = u8>) -> bool {
    let first = pixels.next();
    pixels.any(|pixel| Some(pixel) != first)
}

/// A grey on a page that shines through it.
fn mixed(grey: u8, alpha: u8, page: u8) -> u8 {
    let [grey, alpha, page, whole] = [grey, alpha, page, u8::MAX].map(u32::from);
    u8::try_from((grey * alpha + page * (whole - alpha) + whole / 2) / whole).expect("a mean of bytes is a byte")
}
