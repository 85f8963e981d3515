//! Which version and level a text gets, and that decoders written by others read it.

use proptest::collection::vec;
use proptest::prelude::*;
use qrcode::EcLevel;

use super::super::image::png;
use super::*;

/// Text as long as `bytes`, of the characters of key URIs.
fn text(bytes: usize) -> String {
    "otpauth://totp/X4:alice%40example.com?secret=GEZDGNBVGY3TQOJQ&issuer=X4;".chars().cycle().take(bytes).collect()
}

fn decoded(symbol: &Symbol) -> String {
    let picture = image::load_from_memory(&png(symbol)).unwrap().into_luma8();
    let side = usize::try_from(picture.width()).unwrap();
    let mut picture = rqrr::PreparedImage::prepare_from_greyscale(side, side, |x, y| picture.as_raw()[y * side + x]);
    let grids = picture.detect_grids();
    assert_eq!(grids.len(), 1, "{symbol:?}");
    let (meta, content) = grids[0].decode().unwrap_or_else(|error| panic!("{symbol:?}: {error}"));
    assert_eq!(meta.version.0, usize::from(symbol.version()));
    content
}

/// At every level that the version before it could not hold the same text at.
#[test]
fn every_version_is_read_at_all_its_levels() {
    for version in VERSIONS {
        let before = if version == 1 { 0 } else { capacity(version - 1, ErrorCorrectionLevel::L) };
        let levels = ErrorCorrectionLevel::HIGHEST_FIRST.map(|level| (level, capacity(version, level)));
        for (level, bytes) in levels.into_iter().filter(|&(_level, bytes)| bytes > before) {
            let text = text(bytes);
            let symbol = Symbol::encode(text.as_bytes()).unwrap();
            assert_eq!((symbol.version(), symbol.error_correction_level()), (version, level));
            assert_eq!(decoded(&symbol), text, "{symbol:?}");
        }
    }
}

#[test]
fn the_largest_text_fits_and_one_byte_more_does_not() {
    assert_eq!(capacity(40, ErrorCorrectionLevel::L), CAPACITY);
    let symbol = Symbol::encode(&[b'a'; CAPACITY]).unwrap();
    assert_eq!((symbol.version(), symbol.error_correction_level()), (40, ErrorCorrectionLevel::L));
    let error = Symbol::encode(&[b'a'; CAPACITY + 1]).unwrap_err();
    assert_eq!(error.to_string(), "the key URI has 2954 bytes, and a QR code holds at most 2953");
}

#[test]
fn an_empty_text_has_a_symbol() {
    let symbol = Symbol::encode(b"").unwrap();
    assert_eq!((symbol.version(), symbol.width()), (1, 21));
    assert_eq!(decoded(&symbol), "");
}

#[test]
fn debug_shows_no_modules() {
    assert_eq!(format!("{:?}", Symbol::encode(b"secret").unwrap()), "Symbol { version: 1, level: H, .. }");
}

#[test]
fn nothing_is_dark_outside_the_symbol() {
    let symbol = Symbol::encode(b"").unwrap();
    assert!(symbol.is_dark(20, 0) && symbol.is_dark(0, 20));
    for (x, y) in [(21, 0), (0, 21), (64, 0), (usize::MAX, 0), (0, usize::MAX)] {
        assert!(!symbol.is_dark(x, y));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    /// Against qrcode's tables: the version is the smallest, the level the highest.
    #[test]
    fn version_and_level_are_the_best(data in vec(any::<u8>(), 0..=CAPACITY)) {
        let fits = |version: u8, level: EcLevel| {
            let mut bits = Bits::new(Version::Normal(version.into()));
            bits.push_byte_data(&data).is_ok() && bits.push_terminator(level).is_ok()
        };
        let symbol = Symbol::encode(&data).unwrap();
        let level = symbol.error_correction_level();
        prop_assert!(fits(symbol.version(), level.to_qrcode()));
        prop_assert!(symbol.version() == 1 || !fits(symbol.version() - 1, EcLevel::L));
        for higher in ErrorCorrectionLevel::HIGHEST_FIRST.into_iter().filter(|&it| it > level) {
            prop_assert!(!fits(symbol.version(), higher.to_qrcode()));
        }
    }

    /// No mask makes a symbol unreadable, and any byte may be in it.
    #[test]
    fn any_short_text_is_read(text in "\\PC{0,60}") {
        prop_assert_eq!(decoded(&Symbol::encode(text.as_bytes()).unwrap()), text);
    }
}
