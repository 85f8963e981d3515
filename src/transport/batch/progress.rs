//! The bar on a terminal, and the line at the end (contract 6.5).

use std::io::{self, IsTerminal, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Instant;

use kdam::{Bar, BarExt};

use super::inputs::Inputs;
use super::report::{Counts, Report};
use totp_adapter::stderr::tell;

/// The numbers as they are now, for whoever draws them.
#[derive(Default)]
pub struct Tally {
    counts: Mutex<Counts>,
    /// How many inputs there are, once they are counted.
    total: AtomicU64,
}

impl Tally {
    /// Takes over the numbers.
    pub fn set(&self, counts: Counts) {
        *self.counts.lock().unwrap_or_else(PoisonError::into_inner) = counts;
    }

    fn counts(&self) -> Counts {
        *self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is shown while a run lasts.
pub struct Progress {
    tally: Arc<Tally>,
    /// None where there is no terminal, or nobody wants it.
    bar: Option<Bar>,
    start: Instant,
    is_quiet: bool,
}

impl Progress {
    /// Begins; the second look at the inputs counts them, while the run goes on.
    pub fn begin(tally: Arc<Tally>, is_quiet: bool, again: impl FnOnce() -> Option<Inputs>) -> Self {
        let is_shown = !is_quiet && io::stderr().is_terminal();
        if is_shown && let Some(inputs) = again() {
            count(inputs, Arc::clone(&tally));
        }
        let bar = is_shown.then(bar_of_unknown_length);
        Self { tally, bar, start: Instant::now(), is_quiet }
    }

    /// Draws the numbers as they are now, unless that was done just before.
    pub fn draw(&mut self) {
        let Some(bar) = &mut self.bar else { return };
        let counts = self.tally.counts();
        bar.counter = count_of(counts.inputs());
        if !bar.should_refresh() {
            return;
        }
        // Inputs may have come since they were counted.
        bar.total = match count_of(self.tally.total.load(Ordering::Relaxed)) {
            0 => 0,
            total => total.max(bar.counter),
        };
        bar.set_postfix(format!("{} mismatches, {} errors", counts.mismatches, counts.errors));
        // The rate is that of the time until now, which only this call sets.
        bar.elapsed_time();
        show(&bar.render());
    }

    /// Takes the bar away and tells the sum.
    pub fn end(&self, report: &Report, is_interrupted: bool) {
        if self.bar.is_some() {
            show("");
        }
        if !self.is_quiet {
            let interrupted = if is_interrupted { "interrupted after " } else { "" };
            let error = report.untold_error.as_ref();
            let error =
                error.map_or_else(String::new, |error| format!("; the first error (--report has all): {error}"));
            tell(&format!("{interrupted}{}{error}; {:.1} s", report.counts, self.start.elapsed().as_secs_f64()));
        }
    }
}

fn bar_of_unknown_length() -> Bar {
    let mut bar = Bar::default();
    " inputs".clone_into(&mut bar.unit);
    // As wide as the terminal is at that moment.
    bar.dynamic_ncols = true;
    bar
}

fn count_of(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// Writes over the line that the terminal shows, but for its last column, behind which some consoles begin a new one. The
/// bar's own way begins a new one where it is too narrow.
fn show(line: &str) {
    let width = terminal_size::terminal_size_of(io::stderr()).map_or(80, |(width, _)| usize::from(width.0));
    let columns = width.saturating_sub(1);
    // Where it fails, the line at the end will fail as well.
    let _ = io::stderr().write_all(format!("\r{line:<columns$.columns$}\r").as_bytes());
}

/// Counts inputs in a thread that ends with the process.
fn count(inputs: Inputs, tally: Arc<Tally>) {
    let counting = move || {
        let total = inputs.flatten().count();
        tally.total.store(total as u64, Ordering::Relaxed);
    };
    // Without the thread there is no time left to tell.
    let _ = thread::Builder::new().spawn(counting);
}
