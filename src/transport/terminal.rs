//! A person at a terminal: a QR code to point a phone at, and a word while the program waits (contract 5.9).

use std::io::IsTerminal;

use zeroize::Zeroizing;

use super::error::RunError;
use super::files::{stdin, stdout};
use totp_adapter::operation::Input;
use totp_adapter::otp::{Symbol, half_blocks};
use totp_adapter::stderr::tell;
use totp_adapter::symbol_format::SymbolFormat;

/// Draws a QR code for the terminal that standard output is.
pub fn draw(symbol: &Symbol) -> Result<Zeroizing<Vec<u8>>, RunError> {
    let needed = half_blocks::columns(symbol);
    let found = terminal_size::terminal_size_of(stdout()).map(|(width, _)| usize::from(width.0));
    match found {
        // A terminal that does not know its width says 0.
        Some(found) if found > 0 && found < needed => Err(RunError::TerminalTooNarrow { needed, found }),
        Some(_) | None => {
            enable_colours();
            Ok(SymbolFormat::Terminal.draw(symbol))
        }
    }
}

/// Tells someone at the keyboard what the program waits for.
pub fn announce_wait(input: Input) {
    match input {
        Input::Document(kind) => announce_text(&format!("a <{}> document", kind.root())),
        _ => announce("waiting for a picture; --input or '<' reads one from a file"),
    }
}

/// The same for anything that can be typed.
pub fn announce_text(what: &str) {
    const END: &str = if cfg!(windows) { "Ctrl-Z and Enter" } else { "Ctrl-D" };
    announce(&format!("waiting for {what}; {END} on a line of its own ends it"));
}

fn announce(words: &str) {
    if stdin().is_terminal() {
        tell(words);
    }
}

#[cfg(windows)]
fn enable_colours() {
    // A console that cannot draw colours shows the codes; nothing is lost.
    let _ = anstyle_query::windows::enable_ansi_colors();
}

#[cfg(not(windows))]
fn enable_colours() {}
