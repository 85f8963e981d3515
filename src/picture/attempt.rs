//! The ways in which a picture is searched.
//!
//! Which they are is measured: each reads some of 780 pictures as of screens and phones, or of those of the tests, that the
//! others do not. On an AMD EPYC, a megapixel of a screen takes 0.6 ms to halve three times, and then for both polarities:
//!
//! | Size | Preparation and threshold | Time |
//! |---|---|---|
//! | an eighth | blurred, local mean | 0.1 ms |
//! | a quarter | blurred, local mean or global | 0.3 ms each |
//! | half | local middle | 1.3 ms |
//! | half | blurred, local mean or global | 1.3 ms each |
//! | whole | local middle | 4.6 ms |
//! | whole | global | 3.7 ms |
//! | whole | blurred, global | 5 ms |
//! | whole | dark half | 3.6 ms |
//! | whole | enlarged thrice, local middle | 60 ms |
//! | whole | enlarged four times, local middle or mean | 105 ms each |
//!
//! What is always searched takes 0.6 s for 50 megapixels.

use std::borrow::Cow;

use super::error::PictureError;
use super::findings::Findings;
use super::grey::Grey;
use super::guard::guarded;
use super::symbols;
use super::threshold::{Polarity, Threshold};

/// One way to prepare a picture and to part its dark pixels from its light ones. Both polarities are searched.
struct Binarization(Size, Preparation, Threshold);

/// How many times the picture is halved first: less noise, narrower gaps, and modules that fit the window of a threshold.
#[derive(Clone, Copy)]
enum Size {
    Whole,
    Half,
    Quarter,
    Eighth,
}

/// What is done to the picture of this size.
#[derive(Clone, Copy)]
enum Preparation {
    Original,
    /// For noise, for modules with gaps between them.
    Blurred,
    /// So many times, for much blur, for small modules.
    Enlarged(usize),
}

/// What is always searched, the cheapest first, so that two codes are both found though one is inverted, has less contrast
/// or gaps.
const ALWAYS: [Binarization; 8] = [
    Binarization(Size::Eighth, Preparation::Blurred, Threshold::LocalMean),
    Binarization(Size::Quarter, Preparation::Blurred, Threshold::LocalMean),
    Binarization(Size::Quarter, Preparation::Blurred, Threshold::Global),
    Binarization(Size::Half, Preparation::Original, Threshold::LocalMiddle),
    Binarization(Size::Half, Preparation::Blurred, Threshold::LocalMean),
    Binarization(Size::Half, Preparation::Blurred, Threshold::Global),
    Binarization(Size::Whole, Preparation::Original, Threshold::LocalMiddle),
    Binarization(Size::Whole, Preparation::Original, Threshold::Global),
];
/// What is searched besides, in this order, until a text is found that is wanted.
const UNTIL_FOUND: [Binarization; 5] = [
    Binarization(Size::Whole, Preparation::Blurred, Threshold::Global),
    Binarization(Size::Whole, Preparation::Original, Threshold::DarkHalf),
    Binarization(Size::Whole, Preparation::Enlarged(3), Threshold::LocalMiddle),
    Binarization(Size::Whole, Preparation::Enlarged(4), Threshold::LocalMiddle),
    Binarization(Size::Whole, Preparation::Enlarged(4), Threshold::LocalMean),
];

/// The most pixels of a picture that is blurred, which takes as many again: half a side of the largest pictures.
const MAX_BLURRED: usize = 13_000_000;
/// The most pixels of an enlarged picture: a screen of 1920 × 1080 three times as wide and high.
const MAX_ENLARGED: usize = 1920 * 1080 * 9;
/// The least pixels a side of a picture that is searched: the modules of the smallest symbol.
const MIN_SIDE: usize = 21;

/// Adds what the attempts find, in order; says whether the search is over.
pub(super) fn search(
    picture: &Grey,
    is_wanted: &dyn Fn(&str) -> bool,
    has_time: &dyn Fn() -> bool,
    findings: &mut Findings,
) -> bool {
    if !has_time() {
        findings.add_reason(PictureError::OutOfTime);
        return true;
    }
    let sizes = Sizes::of(picture);
    for attempt in &ALWAYS {
        attempt.search(&sizes, has_time, findings);
    }
    for attempt in &UNTIL_FOUND {
        if findings.has(is_wanted) {
            return true;
        }
        attempt.search(&sizes, has_time, findings);
    }
    findings.has(is_wanted) || !has_time()
}

impl Binarization {
    /// Adds what is found in this way, if it is worth its time on this picture and there is time.
    fn search(&self, sizes: &Sizes, has_time: &dyn Fn() -> bool, findings: &mut Findings) {
        let &Self(size, preparation, threshold) = self;
        let Some(picture) = sizes.picture(size).filter(|picture| preparation.suits(picture)) else { return };
        if !has_time() {
            return findings.add_reason(PictureError::OutOfTime);
        }
        let prepared = preparation.of(picture);
        for polarity in Polarity::ALL {
            if !has_time() {
                return findings.add_reason(PictureError::OutOfTime);
            }
            if guarded(|| symbols::search(&threshold.dark(&prepared, polarity), has_time, findings)).is_none() {
                findings.add_reason(PictureError::SearchFailed);
            }
        }
    }
}

impl Preparation {
    fn suits(self, picture: &Grey) -> bool {
        match self {
            Self::Original => true,
            Self::Blurred => picture.pixels().len() <= MAX_BLURRED,
            Self::Enlarged(times) => picture.pixels().len() * times * times <= MAX_ENLARGED,
        }
    }

    fn of(self, picture: &Grey) -> Cow<'_, Grey> {
        match self {
            Self::Original => Cow::Borrowed(picture),
            Self::Blurred => Cow::Owned(picture.blurred()),
            Self::Enlarged(times) => Cow::Owned(picture.enlarged(times)),
        }
    }
}

/// A picture in every size.
struct Sizes<'a> {
    whole: &'a Grey,
    half: Grey,
    quarter: Grey,
    eighth: Grey,
}

impl<'a> Sizes<'a> {
    fn of(whole: &'a Grey) -> Self {
        let half = whole.halved();
        let quarter = half.halved();
        let eighth = quarter.halved();
        Self { whole, half, quarter, eighth }
    }

    /// The picture in this size, if that is large enough for a symbol.
    fn picture(&self, size: Size) -> Option<&Grey> {
        let picture = match size {
            Size::Whole => self.whole,
            Size::Half => &self.half,
            Size::Quarter => &self.quarter,
            Size::Eighth => &self.eighth,
        };
        (picture.width().min(picture.height()) >= MIN_SIDE).then_some(picture)
    }
}

#[cfg(test)]
mod tests;
