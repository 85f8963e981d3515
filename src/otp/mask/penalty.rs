//! The four penalty rules for a masked symbol (ISO/IEC 18004:2015, 7.8.3.1 and Table 11), on whole lines at a time; knows no masks.
//!
//! A line of *marks* is the answer to a question asked of every module of a line at once: a mark at `i` says that what was
//! looked for begins at module `i`. Rules on columns are the rules on rows of the transposed symbol.

use super::matrix::{Line, Matrix};

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
/// Steps of 5 % in the whole symbol, and in the half of it that should be dark.
const STEPS_IN_WHOLE: u32 = 20;
const STEPS_IN_HALF: u32 = 10;

/// The penalty of the complete symbol, given by rows and again by columns. Less is better.
pub fn penalty(rows: &Matrix, columns: &Matrix) -> u32 {
    let along_lines = |matrix: &Matrix| -> u32 {
        let extent = Line::dark_up_to(matrix.width());
        matrix.lines().iter().map(|&line| runs(line, extent) + finder_likes(line, extent)).sum()
    };
    along_lines(rows) + along_lines(columns) + blocks(rows) + imbalance(rows)
}

/// Adjacent modules of one colour: a run of 5 + i modules costs N1 + i.
fn runs(line: Line, extent: Line) -> u32 {
    let pairs = pairs(line, extent);
    let fives = pairs & pairs.ahead(1) & pairs.ahead(2) & pairs.ahead(3);
    // A run of 5 + i modules holds 1 + i fives, each beginning a module after the one before it.
    let first_fives = fives & !fives.behind(1);
    let first = first_fives.dark_count();
    N1 * first + (fives.dark_count() - first)
}

/// Blocks of one colour: m × n modules cost N2 × (m - 1) × (n - 1), which is N2 for each 2 × 2 block, overlapping ones included.
fn blocks(rows: &Matrix) -> u32 {
    let extent = Line::dark_up_to(rows.width());
    let squares = rows.lines().windows(2).map(|two| {
        let (upper, lower) = (two[0], two[1]);
        (pairs(upper, extent) & pairs(lower, extent) & !(upper ^ lower)).dark_count()
    });
    N2 * squares.sum::<u32>()
}

/// Patterns like a finder pattern: each run of runs dark 1 : light 1 : dark 3 : light 1 : dark 1 costs N3 where four light
/// modules precede or follow it, and N3 only once where they do both.
///
/// What Table 11 leaves open is settled here by its words:
/// * The quiet zone does not count as a light area. The area to be evaluated is the complete symbol (7.8.3.1), and the
///   quiet zone surrounds the symbol (6.3.8); so the four light modules must be the symbol's own, and the symbol's edge is no
///   colour at all. (libqrencode counts the quiet zone, which charges every finder pattern the same under every mask.)
/// * A ratio is one of runs, so both outer dark runs are exactly one module: beyond them is light, or the edge.
/// * The ratio's unit is a module, as in the finder patterns that it could be mistaken for (6.3.3.1).
/// * A light area wider than four modules contains one of four.
fn finder_likes(line: Line, extent: Line) -> u32 {
    let (dark, light) = (line, !line & extent);
    let core = dark & light.ahead(1) & dark.ahead(2) & dark.ahead(3) & dark.ahead(4) & light.ahead(5) & dark.ahead(6);
    let patterns = core & !dark.behind(1) & !dark.ahead(FINDER_LENGTH);
    let light_areas = light & light.ahead(1) & light.ahead(2) & light.ahead(3);
    let beside_light = light_areas.behind(LIGHT_AREA) | light_areas.ahead(FINDER_LENGTH);
    N3 * (patterns & beside_light).dark_count()
}

/// The proportion of dark modules: N4 for each full 5 % between it and 50 %.
fn imbalance(rows: &Matrix) -> u32 {
    let dark: u32 = rows.lines().iter().map(|line| line.dark_count()).sum();
    let total = u32::try_from(rows.width().pow(2)).expect("a symbol has at most 177 x 177 modules");
    N4 * ((STEPS_IN_WHOLE * dark).abs_diff(STEPS_IN_HALF * total) / total)
}

/// Marks the modules whose next neighbour in the line has their colour.
fn pairs(line: Line, extent: Line) -> Line {
    !(line ^ line.ahead(1)) & extent.ahead(1)
}
