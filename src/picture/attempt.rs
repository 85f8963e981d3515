//! The ways in which a picture is searched. Which, and in what order, is measured: on 756 pictures as of screens and
//! phones, each reads some that those before it do not, as few as come last.

use std::borrow::Cow;

use super::findings::Findings;
use super::grey::Grey;
use super::symbols::{self, Threshold};

/// One way to prepare a picture and to part its black from its white.
pub(super) struct Attempt(Preparation, Threshold);

/// What is done to the picture first.
#[derive(Clone, Copy)]
enum Preparation {
    AsItIs,
    /// For symbols on a dark page.
    Inverted,
    /// For noise, and for what comes from a screen's own pixels.
    BlurredAgainstAround,
    /// For much noise, much blur.
    HalvedAndBlurred,
    /// For symbols that touch a dark page.
    DarkHalf,
    /// For modules of one or two pixels.
    Enlarged {
        times: usize,
    },
}

/// All of them, in this order.
pub(super) const ATTEMPTS: [Attempt; 8] = [
    Attempt(Preparation::AsItIs, Threshold::OfBlocks),
    Attempt(Preparation::Inverted, Threshold::OfBlocks),
    Attempt(Preparation::AsItIs, Threshold::Global),
    Attempt(Preparation::BlurredAgainstAround, Threshold::Global),
    Attempt(Preparation::HalvedAndBlurred, Threshold::Global),
    Attempt(Preparation::DarkHalf, Threshold::Global),
    Attempt(Preparation::Enlarged { times: 2 }, Threshold::OfBlocks),
    Attempt(Preparation::Enlarged { times: 3 }, Threshold::OfBlocks),
];

/// Pixels around each pixel, to each side, that it is compared with.
const AROUND: usize = 12;
/// The most pixels of a picture for attempts that find codes in small pictures, and take long with large ones.
const SMALL: usize = 1_000_000;

impl Attempt {
    /// Whether the attempt is worth its time on this picture.
    pub fn suits(&self, picture: &Grey) -> bool {
        match self.0 {
            Preparation::AsItIs | Preparation::Inverted | Preparation::HalvedAndBlurred | Preparation::DarkHalf => true,
            Preparation::BlurredAgainstAround | Preparation::Enlarged { .. } => picture.pixels().len() <= SMALL,
        }
    }

    /// Whether the search may end with it. It goes on to the inverted picture and the other threshold in any case, so that of
    /// two codes both are found though one is inverted or has less contrast.
    pub fn may_be_last(&self) -> bool {
        !matches!(self, Self(Preparation::AsItIs | Preparation::Inverted, Threshold::OfBlocks))
    }

    /// Adds what is found in this way.
    pub fn search(&self, picture: &Grey, has_time: &dyn Fn() -> bool, findings: &mut Findings) {
        symbols::search(&self.prepared(picture), self.1, has_time, findings);
    }

    fn prepared<'a>(&self, picture: &'a Grey) -> Cow<'a, Grey> {
        match self.0 {
            Preparation::AsItIs => Cow::Borrowed(picture),
            Preparation::Inverted => Cow::Owned(picture.inverted()),
            Preparation::BlurredAgainstAround => Cow::Owned(picture.blurred().darker_than_around(AROUND)),
            Preparation::HalvedAndBlurred => Cow::Owned(picture.halved().blurred()),
            Preparation::DarkHalf => Cow::Owned(picture.dark_half()),
            Preparation::Enlarged { times } => Cow::Owned(picture.enlarged(times)),
        }
    }
}
