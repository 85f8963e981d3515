//! Grey pixels, and what can be made of them so that a code in them is found; it does not look for one.

use zeroize::Zeroizing;

/// Pixels of 8 bits, 0 is black.
#[derive(Clone)]
pub(super) struct Grey {
    width: usize,
    height: usize,
    pixels: Zeroizing<Vec<u8>>,
}

impl Grey {
    /// Rows from top to bottom; nothing where their pixels are not as many as the sides say, or none.
    pub fn new(width: usize, height: usize, pixels: Zeroizing<Vec<u8>>) -> Option<Self> {
        (!pixels.is_empty() && width * height == pixels.len()).then_some(Self { width, height, pixels })
    }

    pub fn width(&self) -> usize {
        self.width
    }

    pub fn height(&self) -> usize {
        self.height
    }

    pub fn pixels(&self) -> &[u8] {
        &self.pixels
    }

    /// The rows from top to bottom.
    pub fn rows(&self) -> impl Iterator<Item = &[u8]> {
        self.pixels.chunks_exact(self.width)
    }

    /// Half as wide and high, each pixel the mean of four: less noise, narrower gaps between modules, and modules that fit
    /// the window of a threshold. Those of a last column or row without a partner stand for themselves.
    pub fn halved(&self) -> Self {
        let (width, height) = (self.width.div_ceil(2), self.height.div_ceil(2));
        let mut pixels = Zeroizing::new(Vec::with_capacity(width * height));
        for rows in self.pixels.chunks(2 * self.width) {
            let (above, below) = (&rows[..self.width], &rows[rows.len() - self.width..]);
            let pairs = above.chunks(2).zip(below.chunks(2));
            pixels.extend(pairs.map(|(above, below)| {
                let ends = [above[0], above[above.len() - 1], below[0], below[below.len() - 1]];
                part_of_byte(ends.into_iter().map(u32::from).sum::<u32>() / 4)
            }));
        }
        Self { width, height, pixels }
    }

    /// Each pixel the mean of itself and its eight neighbours; one at an edge stands for those beyond.
    pub fn blurred(&self) -> Self {
        let row = |y: usize| &self.pixels[y * self.width..][..self.width];
        let mut pixels = Zeroizing::new(Vec::with_capacity(self.pixels.len()));
        let mut sums = Zeroizing::new(vec![0_u16; self.width + 2]);
        for y in 0..self.height {
            let above_and_here = row(y.saturating_sub(1)).iter().zip(row(y));
            let below = row((y + 1).min(self.height - 1));
            for (sum, ((&above, &here), &below)) in sums[1..].iter_mut().zip(above_and_here.zip(below)) {
                *sum = u16::from(above) + u16::from(here) + u16::from(below);
            }
            (sums[0], sums[self.width + 1]) = (sums[1], sums[self.width]);
            pixels.extend(sums.windows(3).map(|sums| part_of_byte(u32::from(sums.iter().sum::<u16>()) / 9)));
        }
        Self { pixels, ..*self }
    }

    /// So many times as wide and high, interpolated: modules of one or two pixels become as large as finder patterns need.
    pub fn enlarged(&self, times: usize) -> Self {
        let places = |count: usize| (0..count * times).map(move |place| Between::of(place, times, count));
        let columns: Vec<Between> = places(self.width).collect();
        let mut pixels = Zeroizing::new(Vec::with_capacity(self.pixels.len() * times * times));
        let mut row = Zeroizing::new(vec![0; self.width]);
        for y in places(self.height) {
            let [above, below] = y.pixels.map(|y| &self.pixels[y * self.width..][..self.width]);
            for (mean, pair) in row.iter_mut().zip(above.iter().zip(below)) {
                *mean = y.mean([*pair.0, *pair.1].map(u32::from));
            }
            pixels.extend(columns.iter().map(|x| {
                let mean = x.mean(x.pixels.map(|x| row[x]));
                part_of_byte(mean / (x.whole() * y.whole()))
            }));
        }
        Self { width: self.width * times, height: self.height * times, pixels }
    }
}

/// A mean of bytes.
fn part_of_byte(mean: u32) -> u8 {
    u8::try_from(mean).expect("a mean of bytes is a byte")
}

/// A place between two pixels of a row or column, as parts of a whole.
struct Between {
    pixels: [usize; 2],
    parts: [u32; 2],
}

impl Between {
    /// Where the middle of a pixel lies in a picture with so many times fewer of them, `count` in all: counted in halves
    /// of the smaller pixels.
    fn of(place: usize, times: usize, count: usize) -> Self {
        let halves = (2 * place + 1).saturating_sub(times);
        let (pixel, after) = (halves / (2 * times), halves % (2 * times));
        let parts = [2 * times - after, after].map(|halves| u32::try_from(halves).expect("a part of few pixels"));
        Self { pixels: [pixel, (pixel + 1).min(count - 1)], parts }
    }

    /// The mean of the greys of the two pixels, times the whole.
    fn mean(&self, greys: [u32; 2]) -> u32 {
        greys[0] * self.parts[0] + greys[1] * self.parts[1]
    }

    fn whole(&self) -> u32 {
        self.parts.iter().sum()
    }
}
