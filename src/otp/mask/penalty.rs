//! The four penalty rules for a masked symbol (ISO/IEC 18004:2015, 7.8.3.1 and Table 11), on whole
//! lines at a time; knows no masks.
//!
//! A line of *marks* is the answer to a question asked of every module of a line at once: a mark at
//! `i` says that what was looked for begins at module `i`. Rules on columns are the rules on rows
//! of the transposed symbol.

use super::matrix::{Line, MAX_WORDS, Matrix, WORD_BITS};

/// Weight of a run of modules of one colour.
const N1: u32 = 3;
/// Weight of a block of modules of one colour.
const N2: u32 = 3;
/// Weight of a pattern that looks like a finder pattern.
const N3: u32 = 40;
/// Weight of each step away from as many dark modules as light ones.
const N4: u32 = 10;

/// Modules in the pattern dark 1 : light 1 : dark 3 : light 1 : dark 1.
const FINDER_LENGTH: usize = 7;
/// Modules in the light area that makes such a pattern a penalty.
const LIGHT_AREA: usize = 4;
/// Steps of 5 % in the whole symbol.
const STEPS_IN_WHOLE: u32 = 20;
/// Steps of 5 % in the half of it that should be dark.
const STEPS_IN_HALF: u32 = 10;

/// The penalty of the complete symbol, given by rows and again by columns. Less is better.
pub fn penalty(rows: &Matrix, columns: &Matrix) -> u32 {
    // In as few words as the lines need: most symbols need one, which is several times as fast.
    match rows.width().div_ceil(WORD_BITS) {
        1 => penalty_in_words::<1>(rows, columns),
        2 => penalty_in_words::<2>(rows, columns),
        _ => penalty_in_words::<MAX_WORDS>(rows, columns),
    }
}

fn penalty_in_words<const WORDS: usize>(rows: &Matrix, columns: &Matrix) -> u32 {
    let extent = Line::<WORDS>::dark_up_to(rows.width());
    let rows = || rows.lines().iter().map(|row| row.narrowed());
    let columns = || columns.lines().iter().map(|column| column.narrowed());
    let in_lines: u32 = rows().chain(columns()).map(|line| runs(line, extent) + finder_likes(line, extent)).sum();
    let between_rows: u32 = rows().zip(rows().skip(1)).map(|(upper, lower)| blocks(upper, lower, extent)).sum();
    let dark: u32 = rows().map(Line::dark_count).sum();
    in_lines + between_rows + imbalance(dark, rows().len())
}

/// Adjacent modules of one colour: a run of 5 + i modules costs N1 + i.
fn runs<const WORDS: usize>(line: Line<WORDS>, extent: Line<WORDS>) -> u32 {
    let pairs = pairs(line, extent);
    let fives = pairs & pairs.ahead(1) & pairs.ahead(2) & pairs.ahead(3);
    // A run of 5 + i modules holds 1 + i fives, each beginning a module after the one before it.
    let first_fives = fives & !fives.behind(1);
    let first = first_fives.dark_count();
    N1 * first + (fives.dark_count() - first)
}

/// Blocks of one colour: m × n modules cost N2 × (m - 1) × (n - 1), which is N2 for each 2 × 2
/// block, overlapping ones included.
fn blocks<const WORDS: usize>(upper: Line<WORDS>, lower: Line<WORDS>, extent: Line<WORDS>) -> u32 {
    N2 * (pairs(upper, extent) & pairs(lower, extent) & !(upper ^ lower)).dark_count()
}

/// Patterns like a finder pattern: each run of runs dark 1 : light 1 : dark 3 : light 1 : dark 1
/// costs N3 where four light modules precede or follow it, and N3 only once where they do both.
///
/// What Table 11 leaves open is settled here by the standard's words:
/// * The quiet zone is no light area. What is evaluated is the complete symbol (7.8.3.1), and the
///   quiet zone surrounds the symbol (6.3.8): the four light modules are the symbol's own, and
///   beyond its edge is no colour at all. (libqrencode counts the quiet zone, which charges the
///   finder patterns themselves alike under every mask.)
/// * A ratio is one of runs, so the outer dark runs are one module wide: beyond them is light, or
///   the edge.
/// * The ratio's unit is a module, as in the finder patterns that it could be mistaken for
///   (6.3.3).
/// * A light area of more than four modules (Note 3) contains one of four (the table itself).
fn finder_likes<const WORDS: usize>(line: Line<WORDS>, extent: Line<WORDS>) -> u32 {
    let (dark, light) = (line, !line & extent);
    let core = dark & light.ahead(1) & dark.ahead(2) & dark.ahead(3) & dark.ahead(4) & light.ahead(5) & dark.ahead(6);
    let patterns = core & !dark.behind(1) & !dark.ahead(FINDER_LENGTH);
    let light_areas = light & light.ahead(1) & light.ahead(2) & light.ahead(3);
    let beside_light = light_areas.behind(LIGHT_AREA) | light_areas.ahead(FINDER_LENGTH);
    N3 * (patterns & beside_light).dark_count()
}

/// The proportion of dark modules: N4 for each full 5 % between it and 50 %.
fn imbalance(dark: u32, width: usize) -> u32 {
    let total = u32::try_from(width * width).expect("a symbol has at most 177 x 177 modules");
    N4 * ((STEPS_IN_WHOLE * dark).abs_diff(STEPS_IN_HALF * total) / total)
}

/// Marks the modules whose next neighbour in the line has their colour.
fn pairs<const WORDS: usize>(line: Line<WORDS>, extent: Line<WORDS>) -> Line<WORDS> {
    !(line ^ line.ahead(1)) & extent.ahead(1)
}

#[cfg(test)]
pub fn in_line(modules: &[bool]) -> u32 {
    let mut line = Line::<MAX_WORDS>::LIGHT;
    (0..modules.len()).filter(|&index| modules[index]).for_each(|index| line.darken(index));
    let extent = Line::dark_up_to(modules.len());
    runs(line, extent) + finder_likes(line, extent)
}
