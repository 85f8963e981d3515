//! A symbol as an SVG picture (Scalable Vector Graphics 1.1) for web pages and print; knows nothing of what the symbol
//! says.

use std::fmt::{self, Write as _};
use std::ops::Range;

use zeroize::Zeroizing;

use super::image::IMAGE_SIDE;
use super::symbol::{QUIET_ZONE, Symbol};

/// Room for all but the runs.
const FRAME_BYTES: usize = 256;
/// Room for a run: the first of a row is `M4 180.5h177` at its longest, any other `m177 0h177`.
const RUN_BYTES: usize = "M4 180.5h177".len();

/// `symbol` as an SVG document on one line: black on white, with [`QUIET_ZONE`] modules of white around it. The unit is a
/// module. Shown at its own size, each module is as many whole pixels wide as fit into a picture of [`IMAGE_SIDE`].
///
/// Runs of dark modules are strokes, which take half the bytes of outlines. There is neither a script nor a reference to
/// anything outside, and the same symbol always has the same bytes.
#[must_use]
pub fn svg(symbol: &Symbol) -> Zeroizing<Vec<u8>> {
    let side = symbol.width() + 2 * QUIET_ZONE;
    let pixels = IMAGE_SIDE / side * side;
    let mut svg = Zeroizing::new(String::with_capacity(capacity(symbol)));
    let mut write = |part: fmt::Arguments<'_>| svg.write_fmt(part).expect("a String takes any text");
    // Edges of modules are to stay sharp, and neighbouring rows without a seam (SVG 1.1, section 11.7.4).
    write(format_args!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{pixels}\" height=\"{pixels}\" viewBox=\"0 0 {side} {side}\" \
         shape-rendering=\"crispEdges\"><rect width=\"{side}\" height=\"{side}\" fill=\"#fff\"/><path stroke=\"#000\" d=\""
    ));
    for y in 0..symbol.width() {
        write_row(symbol, y, &mut write);
    }
    write(format_args!("\"/></svg>\n"));
    Zeroizing::new(std::mem::take(&mut *svg).into_bytes())
}

/// Room for the document of this symbol, so that no buffer grows and leaves a copy behind.
fn capacity(symbol: &Symbol) -> usize {
    let runs: usize = (0..symbol.width()).map(|y| runs(symbol, y).count()).sum();
    FRAME_BYTES + RUN_BYTES * runs
}

/// Moves to each run of a row and strokes it, through the middle of the row (SVG 1.1, sections 8.3.2 and 8.3.4).
fn write_row(symbol: &Symbol, y: usize, write: &mut impl FnMut(fmt::Arguments<'_>)) {
    let mut pen = None;
    for Range { start, end } in runs(symbol, y) {
        match pen {
            None => write(format_args!("M{} {}.5", start + QUIET_ZONE, y + QUIET_ZONE)),
            Some(pen) => write(format_args!("m{} 0", start - pen)),
        }
        write(format_args!("h{}", end - start));
        pen = Some(end);
    }
}

/// The runs of dark modules in row `y`, from left to right.
fn runs(symbol: &Symbol, y: usize) -> impl Iterator<Item = Range<usize>> {
    let mut x = 0;
    std::iter::from_fn(move || {
        let start = (x..symbol.width()).find(|&x| symbol.is_dark(x, y))?;
        // Outside the symbol nothing is dark.
        x = (start..=symbol.width()).find(|&x| !symbol.is_dark(x, y))?;
        Some(start..x)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The modules that a path strokes, read by the letters of the specification.
    fn stroked(path: &str, side: usize) -> Vec<Vec<bool>> {
        let mut modules = vec![vec![false; side]; side];
        let (mut x, mut y) = (0, 0);
        let starts: Vec<usize> =
            path.match_indices(['M', 'm', 'h']).map(|(index, _)| index).chain([path.len()]).collect();
        for range in starts.windows(2) {
            let (letter, numbers) = path[range[0]..range[1]].split_at(1);
            let number = |text: &str| text.parse::<usize>().unwrap();
            match (letter, numbers.split_once(' ')) {
                ("M", Some((to, row))) => (x, y) = (number(to), number(row.strip_suffix(".5").unwrap())),
                ("m", Some((by, "0"))) => x += number(by),
                ("h", None) => {
                    modules[y][x..x + number(numbers)].fill(true);
                    x += number(numbers);
                }
                other => panic!("{other:?}"),
            }
        }
        modules
    }

    // contract 4.4b: every module is in its place, and the quiet zone is there.
    #[test]
    fn every_module_is_stroked() {
        for bytes in [0, 20, 120, 2953] {
            let symbol = Symbol::encode(&vec![b'a'; bytes]).unwrap();
            let svg = svg(&symbol);
            let side = symbol.width() + 2 * QUIET_ZONE;
            let text = str::from_utf8(&svg).unwrap();
            let path = text.split_once(" d=\"").unwrap().1.split_once('"').unwrap().0;
            for (y, row) in stroked(path, side).iter().enumerate() {
                for (x, &is_dark) in row.iter().enumerate() {
                    let expected = symbol.is_dark(x.wrapping_sub(QUIET_ZONE), y.wrapping_sub(QUIET_ZONE));
                    assert_eq!(is_dark, expected, "{bytes} bytes: {x}, {y}");
                }
            }
            assert!(text.contains(&format!("viewBox=\"0 0 {side} {side}\"")));
        }
    }

    #[test]
    fn the_buffer_does_not_grow() {
        for bytes in [0, 120, 2953] {
            let symbol = Symbol::encode(&vec![0; bytes]).unwrap();
            assert_eq!(svg(&symbol).capacity(), capacity(&symbol));
        }
    }

    // contract 4.4b
    #[test]
    fn the_usual_one_is_small() {
        let uri = "otpauth://totp/SoftProject%20GmbH:john.doe%40example.org?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ\
                   &issuer=SoftProject%20GmbH";
        let bytes = svg(&Symbol::encode(uri.as_bytes()).unwrap()).len();
        assert!(bytes < 6000, "{bytes} bytes");
    }
}
