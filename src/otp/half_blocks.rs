//! A symbol as text for a terminal, two rows of modules to a line; knows nothing of what the symbol
//! says or where it is shown.
//!
//! qrcode's own text renderer takes no symbol but qrcode's and sets no colours: under a dark theme
//! it draws a negative, which not every app reads.

use zeroize::Zeroizing;

use super::symbol::{QUIET_ZONE, Symbol};

/// Black on white in the 256 colours of xterm: entries 16 and 231 of the colour cube, which no
/// theme changes (ECMA-48, 8.3.117).
const BLACK_ON_WHITE: &str = "\x1b[38;5;16;48;5;231m";
/// The terminal's own colours again, before the line ends, so that none of ours run on beside the
/// symbol.
const LINE_END: &str = "\x1b[0m\n";
/// Rows of modules in a line of text.
const ROWS_PER_LINE: usize = 2;
/// The most bytes of a character used here, in UTF-8.
const BYTES_PER_CHARACTER: usize = '█'.len_utf8();

/// How many columns of a terminal [`half_blocks`] takes, 29 to 185: one for each column of modules,
/// quiet zone included.
#[must_use]
pub fn columns(symbol: &Symbol) -> usize {
    symbol.width() + 2 * QUIET_ZONE
}

/// `symbol` as lines of `▀`, `▄`, `█` and space, each two modules high, with [`QUIET_ZONE`] modules
/// of white around it and its own colours, so that it is black on white whatever the terminal's
/// are.
///
/// The number of rows is odd; the last line's lower half is one more row of quiet zone.
#[must_use]
pub fn half_blocks(symbol: &Symbol) -> Zeroizing<String> {
    let columns = columns(symbol);
    let lines = columns.div_ceil(ROWS_PER_LINE);
    let line_bytes = BLACK_ON_WHITE.len() + columns * BYTES_PER_CHARACTER + LINE_END.len();
    // Room for all of it, so that nothing is left behind where a shorter text was.
    let mut text = Zeroizing::new(String::with_capacity(lines * line_bytes));
    for upper_row in (0..columns).step_by(ROWS_PER_LINE) {
        text.push_str(BLACK_ON_WHITE);
        text.extend((0..columns).map(|column| half_block(symbol, column, upper_row)));
        text.push_str(LINE_END);
    }
    text
}

/// The character for the module in `column` and `upper_row` and for the one below it, both counted
/// from the quiet zone's edge.
fn half_block(symbol: &Symbol, column: usize, upper_row: usize) -> char {
    let upper = is_dark(symbol, column, upper_row);
    let lower = is_dark(symbol, column, upper_row + 1);
    match (upper, lower) {
        (true, true) => '█',
        (true, false) => '▀',
        (false, true) => '▄',
        (false, false) => ' ',
    }
}

/// [`Symbol::is_dark`], counted from the quiet zone's edge.
fn is_dark(symbol: &Symbol, column: usize, row: usize) -> bool {
    match (column.checked_sub(QUIET_ZONE), row.checked_sub(QUIET_ZONE)) {
        (Some(x), Some(y)) => symbol.is_dark(x, y),
        (None, _) | (_, None) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a terminal would show, read back module by module: the quiet zone is there, and each
    /// module in its place.
    #[test]
    fn every_module_is_shown_in_its_place() {
        for bytes in [0, 20, 120, 2953] {
            let symbol = Symbol::encode(&vec![b'a'; bytes]).unwrap();
            let text = half_blocks(&symbol);
            for (line, shown) in text.lines().enumerate() {
                let shown = shown.strip_prefix(BLACK_ON_WHITE).unwrap().strip_suffix("\x1b[0m").unwrap();
                assert_eq!(shown.chars().count(), columns(&symbol));
                for (column, character) in shown.chars().enumerate() {
                    let dark = |row: usize| {
                        let (x, y) = (column.wrapping_sub(QUIET_ZONE), row.wrapping_sub(QUIET_ZONE));
                        symbol.is_dark(x, y)
                    };
                    assert_eq!(matches!(character, '█' | '▀'), dark(2 * line));
                    assert_eq!(matches!(character, '█' | '▄'), dark(2 * line + 1));
                }
            }
            assert_eq!(text.lines().count(), columns(&symbol).div_ceil(2));
            assert!(text.ends_with(LINE_END));
        }
    }

    #[test]
    fn nothing_is_allocated_twice() {
        let text = half_blocks(&Symbol::encode(&[0; 2953]).unwrap());
        let columns: usize = 185;
        assert!(text.capacity() <= columns.div_ceil(2) * (BLACK_ON_WHITE.len() + columns * 3 + LINE_END.len()));
    }
}
