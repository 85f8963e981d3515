//! The headers of a JPEG up to its first scan, read as the decoder reads them: what they say of the memory that it will
//! take, which it does not tell.

/// Frames that the decoder reads, of which the last is progressive (ISO/IEC 10918-1, table B.1).
const FRAMES: [u8; 3] = [0xC0, 0xC1, PROGRESSIVE];
const PROGRESSIVE: u8 = 0xC2;
/// The start of a scan.
const SCAN: u8 = 0xDA;
/// The first segment of most files, of which the decoder reads five bytes where there are four.
const APP0: u8 = 0xE0;
const APP0_READ_BYTES: usize = 5;
/// The most components of a frame that is decoded.
const MAX_COMPONENTS: usize = 4;

/// What counts of the headers.
pub(super) struct Header {
    frame: u8,
    /// How many samples each component has across and down for those of the others (B.2.2).
    sampling: Vec<[u64; 2]>,
    /// Components of the first scan.
    in_first_scan: usize,
}

impl Header {
    /// Nothing where no scan follows a frame.
    pub fn of(file: &[u8]) -> Option<Self> {
        let mut frame = None;
        for (marker, data) in segments(file) {
            if FRAMES.contains(&marker) {
                frame = Some((marker, sampling(data)?));
            } else if marker == SCAN {
                let (frame, sampling) = frame?;
                return Some(Self { frame, sampling, in_first_scan: usize::from(*data.first()?) });
            }
        }
        None
    }

    /// Whether a part of the picture is whole as soon as it is read.
    pub fn is_one_scan(&self) -> bool {
        self.frame != PROGRESSIVE && self.in_first_scan == self.sampling.len()
    }

    /// What the decoder keeps for each pixel, at most, where a coefficient takes so many bytes. Where a component is
    /// sampled more often down than across, it keeps as many rows more.
    pub fn kept_per_pixel(&self, bytes: u64) -> u64 {
        let most = |side: usize| self.sampling.iter().map(|sampling| sampling[side]).max().unwrap_or(1).max(1);
        let (across, down) = (most(0), most(1));
        let samples: u64 = self.sampling.iter().map(|[across, down]| across * down).sum();
        (bytes * samples * down.div_ceil(across)).div_ceil(across * down)
    }
}

/// The sampling factors in the header of a frame: of three bytes a component, the halves of the second.
fn sampling(frame: &[u8]) -> Option<Vec<[u64; 2]>> {
    let [_depth, _, _, _, _, components, factors @ ..] = frame else { return None };
    let (factors, _) = factors.as_chunks::<3>();
    let factors = factors.get(..usize::from(*components)).filter(|factors| factors.len() <= MAX_COMPONENTS)?;
    Some(factors.iter().map(|&[_, factor, _]| [u64::from(factor >> 4), u64::from(factor & 15)]).collect())
}

/// The markers with what follows them, up to the first scan. As the decoder does, it skips what stands between segments,
/// and fills before a marker (B.1.1.2).
fn segments(file: &[u8]) -> impl Iterator<Item = (u8, &[u8])> {
    let mut rest = file.get(2..).unwrap_or_default();
    std::iter::from_fn(move || {
        let marker = next_marker(&mut rest)?;
        let (length, after) = rest.split_first_chunk()?;
        let length = usize::from(u16::from_be_bytes(*length)).checked_sub(2)?;
        let data = &after[..length.min(after.len())];
        let length = if marker == APP0 && length + 1 == APP0_READ_BYTES { APP0_READ_BYTES } else { length };
        rest = after.get(length..).unwrap_or_default();
        Some((marker, data))
    })
}

/// The byte behind the next 0xFF, zeros and further 0xFF left out; a zero right before it makes it no marker.
fn next_marker(rest: &mut &[u8]) -> Option<u8> {
    let mut last = 0;
    loop {
        let mut byte = next(rest)?;
        if last == 0xFF {
            while matches!(byte, 0 | 0xFF) {
                last = byte;
                byte = next(rest)?;
            }
        }
        if last == 0xFF {
            return Some(byte);
        }
        last = byte;
    }
}

fn next(rest: &mut &[u8]) -> Option<u8> {
    let (&first, after) = rest.split_first()?;
    *rest = after;
    Some(first)
}
