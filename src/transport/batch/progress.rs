//! The bar on a terminal, and the line at the end (contract 6.5).

use std::io::{self, IsTerminal};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Instant;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::inputs::{Inputs, Item};
use super::report::{Counts, Report};
use crate::transport::tell;

const UNKNOWN_TOTAL: &str = "{spinner} {pos} inputs, {per_sec}, {msg}";
const KNOWN_TOTAL: &str = "{wide_bar} {pos}/{len}, {per_sec}, {eta} left, {msg}";

/// The numbers as they are now, for whoever draws them.
#[derive(Default)]
pub struct Tally {
    inputs: AtomicU64,
    mismatches: AtomicU64,
    errors: AtomicU64,
    total: AtomicU64,
}

impl Tally {
    /// Takes over the numbers.
    pub fn set(&self, counts: &Counts) {
        self.inputs.store(counts.inputs(), Ordering::Relaxed);
        self.mismatches.store(counts.mismatches, Ordering::Relaxed);
        self.errors.store(counts.errors, Ordering::Relaxed);
    }
}

/// What is shown while a run lasts.
pub struct Progress {
    tally: Arc<Tally>,
    bar: ProgressBar,
    start: Instant,
    is_quiet: bool,
}

impl Progress {
    /// Begins; the second look at the inputs counts them, while the run goes on.
    pub fn begin(tally: Arc<Tally>, is_quiet: bool, again: impl FnOnce() -> Option<Inputs>) -> Self {
        let is_shown = !is_quiet && io::stderr().is_terminal();
        let bar = if is_shown {
            if let Some(inputs) = again() {
                count(inputs, Arc::clone(&tally));
            }
            ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr()).with_style(style(UNKNOWN_TOTAL))
        } else {
            ProgressBar::hidden()
        };
        Self { tally, bar, start: Instant::now(), is_quiet }
    }

    /// Draws the numbers as they are now.
    pub fn draw(&self) {
        if self.bar.is_hidden() {
            return;
        }
        let total = self.tally.total.load(Ordering::Relaxed);
        if total > 0 && self.bar.length().is_none() {
            self.bar.set_style(style(KNOWN_TOTAL));
            self.bar.set_length(total);
        }
        let (mismatches, errors) = (&self.tally.mismatches, &self.tally.errors);
        let (mismatches, errors) = (mismatches.load(Ordering::Relaxed), errors.load(Ordering::Relaxed));
        self.bar.set_message(format!("{mismatches} mismatches, {errors} errors"));
        self.bar.set_position(self.tally.inputs.load(Ordering::Relaxed));
        self.bar.tick();
    }

    /// Takes the bar away and tells the sum.
    pub fn end(&self, report: &Report, is_interrupted: bool) {
        self.bar.finish_and_clear();
        if !self.is_quiet {
            let interrupted = if is_interrupted { "interrupted after " } else { "" };
            let error = report.untold_error();
            let error =
                error.map_or_else(String::new, |error| format!("; the first error (--report has all): {error}"));
            tell(&format!("{interrupted}{}{error}; {:.1} s", report.counts, self.start.elapsed().as_secs_f64()));
        }
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).expect("the template is sound")
}

/// Counts inputs in a thread that ends with the process.
fn count(inputs: Inputs, tally: Arc<Tally>) {
    let counting = move || {
        let total = inputs.filter(|item| !matches!(item, Item::Other)).count();
        tally.total.store(total as u64, Ordering::Relaxed);
    };
    // Without the thread there is no time left to tell.
    let _ = thread::Builder::new().spawn(counting);
}
