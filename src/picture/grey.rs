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

    /// White for black.
    pub fn inverted(&self) -> Self {
        self.each(|pixel| !pixel)
    }

    /// Half as wide and high, each pixel the mean of four: less noise, and modules that fit the window of a threshold.
    /// What is too small for that stays as it is.
    pub fn halved(&self) -> Self {
        let (width, height) = ((self.width / 2).max(1), (self.height / 2).max(1));
        let (right, below) = (usize::from(self.width > 1), usize::from(self.height > 1));
        let mean = |x: usize, y: usize| {
            let [left_x, top_y] = [2 * x, 2 * y];
            let sum: u32 =
                [(left_x, top_y), (left_x + right, top_y), (left_x, top_y + below), (left_x + right, top_y + below)]
                    .map(|(x, y)| u32::from(self.pixels[y * self.width + x]))
                    .iter()
                    .sum();
            part_of_byte(sum / 4)
        };
        Self::resized(width, height, mean)
    }

    /// Each pixel with its eight neighbours, weighted by nearness: 4 to 2 to 1.
    pub fn blurred(&self) -> Self {
        let row = |y: usize, x: usize| {
            let (left, right) = (x.saturating_sub(1), (x + 1).min(self.width - 1));
            let pixel = |x: usize| u32::from(self.pixels[y * self.width + x]);
            pixel(left) + 2 * pixel(x) + pixel(right)
        };
        Self::resized(self.width, self.height, |x, y| {
            let (above, below) = (y.saturating_sub(1), (y + 1).min(self.height - 1));
            let sum = row(above, x) + 2 * row(y, x) + row(below, x);
            part_of_byte((sum + 8) / 16)
        })
    }

    /// So many times as wide and high, interpolated: modules of one or two pixels become as large as finder patterns need.
    pub fn enlarged(&self, times: usize) -> Self {
        let between = |place: usize, count: usize| Between::of(place, times, count);
        Self::resized(self.width * times, self.height * times, |x, y| {
            let (x, y) = (between(x, self.width), between(y, self.height));
            let in_row = |y: usize| x.mean(|x| self.pixels[y * self.width + x].into());
            part_of_byte(y.mean(in_row) / x.whole() / y.whole())
        })
    }

    /// Black where a pixel is darker than the mean of the square around it, `radius` pixels to each side, and white
    /// elsewhere: whatever the light, and finer than the blocks of the reader's own threshold.
    pub fn darker_than_around(&self, radius: usize) -> Self {
        let mut columns = ColumnSums::new(self, radius);
        let mut pixels = vec![u8::MAX; self.pixels.len()];
        for (y, row) in pixels.chunks_exact_mut(self.width).enumerate() {
            columns.move_to(y);
            columns.blacken(&self.pixels[y * self.width..][..self.width], row);
        }
        Self { pixels: Zeroizing::new(pixels), ..*self }
    }

    /// Black for the darker half of what is dark: parts a code from a dark page that touches it.
    pub fn dark_half(&self) -> Self {
        let histogram = Histogram::of(&self.pixels);
        let threshold = histogram.up_to(histogram.threshold()).threshold();
        self.each(|pixel| if pixel <= threshold { u8::MIN } else { u8::MAX })
    }

    fn each(&self, change: impl Fn(u8) -> u8) -> Self {
        let pixels = self.pixels.iter().map(|&pixel| change(pixel)).collect();
        Self { pixels: Zeroizing::new(pixels), ..*self }
    }

    fn resized(width: usize, height: usize, pixel: impl Fn(usize, usize) -> u8) -> Self {
        let mut pixels = Zeroizing::new(Vec::with_capacity(width * height));
        pixels.extend((0..height).flat_map(|y| (0..width).map(move |x| (x, y))).map(|(x, y)| pixel(x, y)));
        Self { width, height, pixels }
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

    /// The mean of what the two pixels have, times the whole.
    fn mean(&self, of: impl Fn(usize) -> u32) -> u32 {
        self.pixels.iter().zip(self.parts).map(|(&pixel, part)| of(pixel) * part).sum()
    }

    fn whole(&self) -> u32 {
        self.parts.iter().sum()
    }
}

/// The sums of the pixels of each column in a band of rows, which moves down the picture.
struct ColumnSums<'a> {
    picture: &'a Grey,
    radius: usize,
    sums: Vec<u32>,
    /// The band: from the first of these rows to the one before the second.
    rows: (usize, usize),
}

impl<'a> ColumnSums<'a> {
    fn new(picture: &'a Grey, radius: usize) -> Self {
        Self { picture, radius, sums: vec![0; picture.width], rows: (0, 0) }
    }

    /// Moves the band so that `y` is its middle, as far as there are rows.
    fn move_to(&mut self, y: usize) {
        let (first, end) = self.around(y, self.picture.height);
        for row in self.rows.1..end {
            self.change(row, |sum, pixel| *sum += pixel);
        }
        for row in self.rows.0..first {
            self.change(row, |sum, pixel| *sum -= pixel);
        }
        self.rows = (first, end);
    }

    fn change(&mut self, row: usize, change: impl Fn(&mut u32, u32)) {
        let pixels = &self.picture.pixels[row * self.picture.width..];
        for (sum, &pixel) in self.sums.iter_mut().zip(pixels) {
            change(sum, pixel.into());
        }
    }

    /// Blackens in `to` what is darker in `row`, the middle one of the band, than the mean around it.
    fn blacken(&self, row: &[u8], to: &mut [u8]) {
        let (mut sum, mut columns) = (0, (0, 0));
        let rows = self.rows.1 - self.rows.0;
        for (x, (&pixel, black)) in row.iter().zip(to).enumerate() {
            let (first, end) = self.around(x, row.len());
            sum += self.sums[columns.1..end].iter().sum::<u32>();
            sum -= self.sums[columns.0..first].iter().sum::<u32>();
            columns = (first, end);
            let pixels = u32::try_from(rows * (end - first)).expect("a window is a part of the picture");
            if u32::from(pixel) * pixels < sum {
                *black = u8::MIN;
            }
        }
    }

    /// What lies within the radius of a place, out of so many.
    fn around(&self, place: usize, count: usize) -> (usize, usize) {
        (place.saturating_sub(self.radius), (place + self.radius + 1).min(count))
    }
}

/// How many pixels there are of each grey.
struct Histogram([u32; 256]);

impl Histogram {
    fn of(pixels: &[u8]) -> Self {
        let mut counts = [0; 256];
        for &pixel in pixels {
            counts[usize::from(pixel)] += 1;
        }
        Self(counts)
    }

    /// The greys up to and with this one.
    fn up_to(&self, grey: u8) -> Self {
        let mut counts = self.0;
        counts[usize::from(grey) + 1..].fill(0);
        Self(counts)
    }

    /// The lightest of the dark greys, where dark and light differ most: Otsu's method, which makes the variance between
    /// the two classes the largest.
    fn threshold(&self) -> u8 {
        let count: f64 = self.0.iter().copied().map(f64::from).sum();
        let sum: f64 = self.weighted().map(|(_, weighted)| weighted).sum();
        let (mut dark_count, mut dark_sum, mut best) = (0.0, 0.0, (0.0, 0));
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
                best = (variance, grey);
            }
        }
        best.1
    }

    /// Each grey, and the sum of its pixels.
    fn weighted(&self) -> impl Iterator<Item = (u8, f64)> {
        (u8::MIN..=u8::MAX).zip(self.0).map(|(grey, number)| (grey, f64::from(grey) * f64::from(number)))
    }
}
