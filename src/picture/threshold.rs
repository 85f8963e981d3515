//! Parts the dark pixels of a picture from the light ones; it knows nothing of what they show.

use std::ops::Range;

use rxing::common::{BIT_FIELD_BASE_BITS, BitArray, BitFieldBaseType, BitMatrix};
use zeroize::{DefaultIsZeroes, Zeroizing};

use super::grey::Grey;

/// Which modules of a symbol are the dark ones of ISO/IEC 18004.
#[derive(Clone, Copy, Debug)]
pub(super) enum Polarity {
    DarkOnLight,
    /// Reflectance reversal (ISO/IEC 18004, section 5.2).
    LightOnDark,
}

/// By what a pixel counts as dark.
#[derive(Clone, Copy, Debug)]
pub(super) enum Threshold {
    /// It is nearer to the darkest than to the lightest grey around it: for uneven light, for several pages in one picture.
    LocalMiddle,
    /// It is darker than the mean around it: for modules that do not fill their places, beside finder patterns that do.
    LocalMean,
    /// It belongs to the darker of two classes: for noise, for large modules.
    Global,
    /// It belongs to the darker part of the darker class: for a symbol that touches a page which is darker than its light
    /// modules.
    DarkHalf,
}

/// The side of the squares of pixels that have one limit, in pixels.
const BLOCK: usize = 8;
/// How many blocks around a pixel's own count for its limit, to each side: a window of 40 pixels.
const BLOCKS_AROUND: usize = 2;
/// The least difference of greys in such a window that is more than noise.
const MIN_CONTRAST: u8 = 12;
/// How far below the mean of such a window a limit is, in greys: noise of a scanner or a JPEG is less.
const BELOW_MEAN: u8 = 4;

impl Polarity {
    pub const ALL: [Self; 2] = [Self::DarkOnLight, Self::LightOnDark];

    /// The bits of a grey that are turned over so that the modules to be found are the dark ones.
    fn mask(self) -> u8 {
        match self {
            Self::DarkOnLight => 0,
            Self::LightOnDark => u8::MAX,
        }
    }
}

impl Threshold {
    /// The pixels that count as dark, in pictures of this polarity.
    pub fn dark(self, picture: &Grey, polarity: Polarity) -> BitMatrix {
        let [width, height] = [picture.width(), picture.height()]
            .map(|side| u32::try_from(side).expect("the sides of a picture are limited"));
        let mut matrix = BitMatrix::new(width, height).expect("a picture has pixels");
        let limits = BlockLimits::new(self, picture, polarity.mask());
        let mut bits = BitArray::with_size(picture.width());
        for ((y, row), limits) in (0..height).zip(picture.rows()).zip(limits.rows()) {
            set_below(row, limits, polarity.mask(), &mut bits);
            matrix.setRow(y, &bits);
        }
        matrix
    }
}

/// Sets the bits of the pixels that are below the limit of their block.
fn set_below(row: &[u8], limits: &[u8], mask: u8, bits: &mut BitArray) {
    const BLOCKS: usize = BIT_FIELD_BASE_BITS / BLOCK;
    for (place, (pixels, limits)) in row.chunks(BIT_FIELD_BASE_BITS).zip(limits.chunks(BLOCKS)).enumerate() {
        let mut word: BitFieldBaseType = 0;
        for (block, (pixels, &limit)) in pixels.chunks(BLOCK).zip(limits).enumerate() {
            let mut are_below = [0; BLOCK];
            for (is_below, pixel) in are_below.iter_mut().zip(pixels) {
                *is_below = u8::from(pixel ^ mask < limit);
            }
            word |= BitFieldBaseType::from(gathered(are_below)) << (block * BLOCK);
        }
        bits.setBulk(place * BIT_FIELD_BASE_BITS, word);
    }
}

/// Bytes of 0 or 1 as the bits of one, the first the lowest. The product has byte `n` at bit `56 + n`, and nothing else up
/// there: in a third of the time of shifts one by one.
fn gathered(bytes: [u8; BLOCK]) -> u8 {
    const FACTOR: u64 = 0x0102_0408_1020_4080;
    u64::from_le_bytes(bytes).wrapping_mul(FACTOR).to_le_bytes()[7]
}

/// The grey that a dark pixel is below, for every block of a picture.
struct BlockLimits {
    /// Blocks in a row.
    width: usize,
    limits: Zeroizing<Vec<u8>>,
}

impl BlockLimits {
    fn new(threshold: Threshold, picture: &Grey, mask: u8) -> Self {
        let width = picture.width().div_ceil(BLOCK);
        let everywhere = |limit: u8| Zeroizing::new(vec![limit; width * picture.height().div_ceil(BLOCK)]);
        let limits = match threshold {
            Threshold::LocalMiddle => Blocks::of(picture).limits(|around| around.middle(mask)),
            Threshold::LocalMean => Blocks::of(picture).limits(|around| around.mean(mask)),
            Threshold::Global => everywhere(Histogram::of(picture, mask).limit()),
            Threshold::DarkHalf => {
                let histogram = Histogram::of(picture, mask);
                everywhere(histogram.below(histogram.limit()).limit())
            }
        };
        Self { width, limits }
    }

    /// The limits for each row of pixels.
    fn rows(&self) -> impl Iterator<Item = &[u8]> {
        self.limits.chunks_exact(self.width).flat_map(|row| std::iter::repeat_n(row, BLOCK))
    }
}

/// What is known of the greys of some pixels.
#[derive(Clone, Copy, Default)]
struct Greys {
    darkest: u8,
    lightest: u8,
    sum: u32,
    count: u32,
}

impl DefaultIsZeroes for Greys {}

impl Greys {
    const NONE: Self = Self { darkest: u8::MAX, lightest: u8::MIN, sum: 0, count: 0 };

    fn of(pixels: &[u8]) -> Self {
        Self {
            darkest: pixels.iter().copied().fold(u8::MAX, u8::min),
            lightest: pixels.iter().copied().fold(u8::MIN, u8::max),
            sum: pixels.iter().copied().map(u32::from).sum(),
            count: u32::try_from(pixels.len()).expect("a block is small"),
        }
    }

    fn and(self, other: Self) -> Self {
        Self {
            darkest: self.darkest.min(other.darkest),
            lightest: self.lightest.max(other.lightest),
            sum: self.sum + other.sum,
            count: self.count + other.count,
        }
    }

    /// The limit in the middle, or one that nothing is below where the greys differ too little.
    fn middle(self, mask: u8) -> u8 {
        let is_flat = self.lightest - self.darkest < MIN_CONTRAST;
        if is_flat { u8::MIN } else { self.darkest.midpoint(self.lightest) ^ mask }
    }

    /// The limit somewhat below the mean.
    fn mean(self, mask: u8) -> u8 {
        let mean = u8::try_from(self.sum / self.count).expect("a mean of bytes is a byte");
        (mean ^ mask).saturating_sub(BELOW_MEAN)
    }
}

/// The greys of each block.
struct Blocks {
    width: usize,
    blocks: Zeroizing<Vec<Greys>>,
}

impl Blocks {
    fn of(picture: &Grey) -> Self {
        let width = picture.width().div_ceil(BLOCK);
        let mut blocks = Zeroizing::new(vec![Greys::NONE; width * picture.height().div_ceil(BLOCK)]);
        for (y, row) in picture.rows().enumerate() {
            for (block, pixels) in blocks[y / BLOCK * width..][..width].iter_mut().zip(row.chunks(BLOCK)) {
                *block = block.and(Greys::of(pixels));
            }
        }
        Self { width, blocks }
    }

    /// The limit for each block, by the greys of the blocks around it.
    fn limits(&self, limit: impl Fn(Greys) -> u8) -> Zeroizing<Vec<u8>> {
        let height = self.blocks.len() / self.width;
        let mut limits = Zeroizing::new(Vec::with_capacity(self.blocks.len()));
        for y in 0..height {
            let rows = around(y, height);
            let rows = &self.blocks[rows.start * self.width..rows.end * self.width];
            limits.extend((0..self.width).map(|x| {
                let columns = around(x, self.width);
                let blocks = rows.chunks_exact(self.width).flat_map(|row| &row[columns.clone()]);
                limit(blocks.copied().fold(Greys::NONE, Greys::and))
            }));
        }
        limits
    }
}

/// The blocks whose greys count for one, out of so many in a row or column.
fn around(block: usize, count: usize) -> Range<usize> {
    block.saturating_sub(BLOCKS_AROUND)..(block + BLOCKS_AROUND + 1).min(count)
}

/// How many pixels there are of each grey.
struct Histogram([u32; 256]);

impl Histogram {
    fn of(picture: &Grey, mask: u8) -> Self {
        let mut counts = [0; 256];
        for &pixel in picture.pixels() {
            counts[usize::from(pixel ^ mask)] += 1;
        }
        Self(counts)
    }

    /// The greys below a limit.
    fn below(&self, limit: u8) -> Self {
        let mut counts = self.0;
        counts[usize::from(limit)..].fill(0);
        Self(counts)
    }

    /// The lightest of the dark greys, where dark and light differ most, and one more: Otsu's method, which makes the
    /// variance between the two classes the largest. Of one grey all pixels are light.
    fn limit(&self) -> u8 {
        let count: f64 = self.0.iter().copied().map(f64::from).sum();
        let sum: f64 = self.weighted().map(|(_, weighted)| weighted).sum();
        let (mut dark_count, mut dark_sum, mut best) = (0.0, 0.0, (0.0, u8::MIN));
        for ((grey, weighted), &number) in self.weighted().zip(&self.0) {
            dark_count += f64::from(number);
            dark_sum += weighted;
            let light_count = count - dark_count;
            if dark_count == 0.0 || light_count == 0.0 {
                continue;
            }
            let difference = dark_sum / dark_count - (sum - dark_sum) / light_count;
            let variance = dark_count * light_count * difference * difference;
            if variance > best.0 {
                best = (variance, grey.saturating_add(1));
            }
        }
        best.1
    }

    /// Each grey, and the sum of its pixels.
    fn weighted(&self) -> impl Iterator<Item = (u8, f64)> {
        (u8::MIN..=u8::MAX).zip(self.0).map(|(grey, number)| (grey, f64::from(grey) * f64::from(number)))
    }
}
