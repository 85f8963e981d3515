//! Masks and penalties against a second implementation, module by module, in the order of the
//! standard's text.

use qrcode::canvas::{Canvas, MaskPattern};
use qrcode::{Color, Version};

use super::super::error_correction::ErrorCorrectionLevel;
use super::super::symbol::{canvas, capacity, draft};
use super::*;

const LEVELS: [ErrorCorrectionLevel; 4] =
    [ErrorCorrectionLevel::L, ErrorCorrectionLevel::M, ErrorCorrectionLevel::Q, ErrorCorrectionLevel::H];

const PATTERNS: [MaskPattern; 8] = [
    MaskPattern::Checkerboard,
    MaskPattern::HorizontalLines,
    MaskPattern::VerticalLines,
    MaskPattern::DiagonalLines,
    MaskPattern::LargeCheckerboard,
    MaskPattern::Fields,
    MaskPattern::Diamonds,
    MaskPattern::Meadow,
];

/// Rows of modules, true is dark.
type Modules = Vec<Vec<bool>>;

/// The complete symbol under a mask, as qrcode masks it and draws its format information.
fn masked_by_qrcode(canvas: &Canvas, pattern: MaskPattern, width: usize) -> Modules {
    let mut canvas = canvas.clone();
    canvas.apply_mask(pattern);
    canvas.into_colors().chunks(width).map(|row| row.iter().map(|&color| color == Color::Dark).collect()).collect()
}

fn transposed(rows: &Modules) -> Modules {
    (0..rows.len()).map(|x| rows.iter().map(|row| row[x]).collect()).collect()
}

/// Lengths and colours of the runs of a line, in order.
fn runs(line: &[bool]) -> Vec<(usize, bool)> {
    line.chunk_by(|a, b| a == b).map(|run| (run.len(), run[0])).collect()
}

fn naive_run_penalty(line: &[bool]) -> u32 {
    runs(line).iter().map(|&(length, _)| if length >= 5 { 3 + count(length - 5) } else { 0 }).sum()
}

fn count(modules: usize) -> u32 {
    modules.try_into().unwrap()
}

fn naive_block_penalty(rows: &Modules) -> u32 {
    let mut penalty = 0;
    for y in 1..rows.len() {
        for x in 1..rows.len() {
            let color = rows[y][x];
            if rows[y - 1][x] == color && rows[y][x - 1] == color && rows[y - 1][x - 1] == color {
                penalty += 3;
            }
        }
    }
    penalty
}

fn naive_finder_penalty(line: &[bool]) -> u32 {
    let runs = runs(line);
    let mut penalty = 0;
    for first in 0..runs.len() {
        let Some(five) = runs.get(first..first + 5) else {
            break;
        };
        let ratio = five == [(1, true), (1, false), (3, true), (1, false), (1, true)];
        let before = first > 0 && runs[first - 1].0 >= 4;
        let after = runs.get(first + 5).is_some_and(|run| run.0 >= 4);
        if ratio && (before || after) {
            penalty += 40;
        }
    }
    penalty
}

fn naive_imbalance_penalty(rows: &Modules) -> u32 {
    let dark = count(rows.iter().flatten().filter(|&&dark| dark).count());
    let total = count(rows.len() * rows.len());
    // How far from 50 %, in hundredths of a module: |dark * 100 / total - 50| / 5, without a fraction lost.
    (dark * 100).abs_diff(total * 50) / (total * 5) * 10
}

fn naive_penalty(rows: &Modules) -> u32 {
    let columns = transposed(rows);
    let in_lines: u32 =
        rows.iter().chain(&columns).map(|line| naive_run_penalty(line) + naive_finder_penalty(line)).sum();
    in_lines + naive_block_penalty(rows) + naive_imbalance_penalty(rows)
}

/// Bytes without a pattern, the same ones for the same seed (xorshift).
fn noise(seed: u32, bytes: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9E37_79B9) | 1;
    std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state.to_le_bytes()[1]
    })
    .take(bytes)
    .collect()
}

/// The penalties of `data`, and that mask, format information and choice are right on the way.
fn check(data: &[u8], version: u8, level: ErrorCorrectionLevel) {
    let case = format!("version {version}, level {level:?}, {} bytes", data.len());
    let canvas = canvas(data, version, level);
    let draft = draft(canvas.clone(), version, level);
    let width = draft.rows.dark.width();
    assert_eq!(width, usize::try_from(Version::Normal(version.into()).width()).unwrap());

    let expected = PATTERNS.map(|pattern| masked_by_qrcode(&canvas, pattern, width));
    for (mask, expected) in DataMask::ALL.into_iter().zip(&expected) {
        let rows = draft.masked(mask);
        let actual: Modules = rows.lines().iter().map(|row| (0..width).map(|x| row.is_dark(x)).collect()).collect();
        assert!(actual == *expected, "{case}, {mask:?}");
    }

    let penalties = expected.each_ref().map(naive_penalty);
    assert_eq!(draft.penalties(), penalties, "{case}");
    let least = penalties.iter().min().unwrap();
    let first = penalties.iter().position(|penalty| penalty == least).unwrap();
    assert_eq!(draft.best_mask(), DataMask::ALL[first], "{case}");
}

#[test]
fn every_version_and_level_scores_as_module_by_module() {
    for version in 1..=40 {
        for (level, share) in LEVELS.into_iter().zip([1, 2, 3, 4]) {
            let bytes = capacity(version, level) / share;
            check(&noise(version.into(), bytes), version, level);
        }
    }
}

/// Long runs, large blocks and one-sided proportions, which noise does not bring about.
#[test]
fn monotonous_data_scores_as_module_by_module() {
    for version in [1, 6, 11, 12, 27, 28] {
        for byte in [0x00, 0xFF, 0x5D, 0xAA] {
            for level in LEVELS {
                check(&vec![byte; capacity(version, level)], version, level);
            }
        }
    }
}

/// Lines that data seldom brings about: finder-like patterns at the edges and across words, near
/// misses, runs to the edge.
#[test]
fn lines_score_as_module_by_module() {
    const FINDER: [bool; 7] = [true, false, true, true, true, false, true];
    for width in [21, 65, 177] {
        for start in 0..=width - FINDER.len() {
            for surroundings in 0..1_u32 << 10 {
                let mut line = vec![start % 2 == 0; width];
                line[start..start + FINDER.len()].copy_from_slice(&FINDER);
                for bit in 0..5 {
                    let dark = |bit: usize| surroundings >> bit & 1 == 1;
                    if let Some(before) = start.checked_sub(bit + 1) {
                        line[before] = dark(bit);
                    }
                    if let Some(after) = line.get_mut(start + FINDER.len() + bit) {
                        *after = dark(5 + bit);
                    }
                }
                let expected = naive_run_penalty(&line) + naive_finder_penalty(&line);
                assert_eq!(penalty::in_line(&line), expected, "{width} {start} {surroundings:b}");
            }
        }
    }
}

#[test]
fn format_information_is_the_standards() {
    // ISO/IEC 18004:2015, Annex C.2, Table C.1: the first and last of each level.
    let cases = [
        (ErrorCorrectionLevel::M, DataMask::Mask000, 0x5412),
        (ErrorCorrectionLevel::M, DataMask::Mask111, 0x4AA0),
        (ErrorCorrectionLevel::L, DataMask::Mask000, 0x77C4),
        (ErrorCorrectionLevel::H, DataMask::Mask111, 0x083B),
        (ErrorCorrectionLevel::Q, DataMask::Mask111, 0x2BED),
    ];
    for (level, mask, information) in cases {
        assert_eq!(format_information(level, mask), information, "{level:?} {mask:?}");
    }
}
