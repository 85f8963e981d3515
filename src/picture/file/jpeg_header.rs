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

#[cfg(test)]
mod tests {
    use super::*;

    fn segment(marker: u8, data: &[u8]) -> Vec<u8> {
        [&[0xFF, marker], &u16::try_from(data.len() + 2).unwrap().to_be_bytes()[..], data].concat()
    }

    /// A frame of components that are sampled so often, and a scan of some of them; `before` stands in front.
    fn header(before: &[u8], kind: u8, sampling: &[u8], in_scan: u8) -> Option<Header> {
        let count = u8::try_from(sampling.len()).unwrap();
        let components: Vec<u8> = (1..).zip(sampling).flat_map(|(id, &factors)| [id, factors, 0]).collect();
        let frame = [&[8, 0, 9, 0, 9, count][..], &components].concat();
        Header::of(&[b"\xFF\xD8", before, &segment(kind, &frame), &segment(SCAN, &[in_scan, 1, 0])].concat())
    }

    // contract 9.3c
    #[test]
    fn what_the_decoder_keeps() {
        let kept = |sampling: &[u8]| header(&[], PROGRESSIVE, sampling, 1).unwrap().kept_per_pixel(2);
        assert_eq!(kept(&[0x11]), 2);
        assert_eq!(kept(&[0x11, 0x11, 0x11]), 6);
        assert_eq!(kept(&[0x22, 0x11, 0x11]), 3);
        assert_eq!(kept(&[0x22, 0x22, 0x22]), 6);
        assert_eq!(kept(&[0x21, 0x11, 0x11]), 4);
        assert_eq!(kept(&[0x12, 0x11, 0x11]), 8);
        assert_eq!(kept(&[0x41, 0x11, 0x11]), 3);
        assert_eq!(kept(&[0x11, 0x22, 0x22, 0x11]), 5);
    }

    // contract 9.3c
    #[test]
    fn files_of_one_scan() {
        let is_one_scan = |kind, in_scan| header(&[], kind, &[0x11; 3], in_scan).unwrap().is_one_scan();
        assert!(is_one_scan(0xC0, 3));
        assert!(is_one_scan(0xC1, 3));
        assert!(!is_one_scan(0xC0, 1));
        assert!(!is_one_scan(PROGRESSIVE, 3));
    }

    /// As the decoder does: otherwise a file could hide from us what it shows to the decoder.
    #[test]
    fn what_stands_between_segments() {
        let kept = |before: &[u8]| Some(header(before, 0xC0, &[0x11; 3], 1)?.is_one_scan());
        let hidden = segment(SCAN, &[3]);
        assert_eq!(kept(&segment(0xFE, &hidden)), Some(false));
        assert_eq!(kept(b"\xFF\xFF\xFF"), Some(false));
        assert_eq!(kept(b"garbage"), Some(false));
        // A zero right before it makes it no marker.
        assert_eq!(kept(b"\xFF\x00\xDA"), Some(false));
        // The decoder reads one byte too many of this one, which is the first of a marker.
        assert_eq!(kept(&[segment(APP0, b"JFIF"), segment(0xC4, &[]), b"\0".to_vec()].concat()), Some(false));
        let swallowed = [segment(APP0, b"JFIF"), b"\xFF\xC0".to_vec()].concat();
        assert_eq!(kept(&swallowed), Some(false));
        assert!(kept(&segment(SCAN, &[3])).is_none());
        assert!(Header::of(b"\xFF\xD8\xFF").is_none());
        assert!(header(&[], 0xC0, &[0x11; 5], 3).is_none());
    }
}
