//! The bar on a terminal, and the line at the end (contract 6.5).

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Instant;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::inputs::Inputs;
use super::report::{Counts, Report};
use totp_adapter::stderr::tell;

/// What is shown until the inputs are counted.
const COUNTING: &str = "{pos} inputs [{elapsed}, {per_sec}] {msg}";
/// What is shown from then on.
const COUNTED: &str = "{wide_bar} {pos}/{len} [{elapsed}, {eta} left, {per_sec}] {msg}";

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
pub struct ProgressDisplay {
    tally: Arc<Tally>,
    /// Hidden with `--quiet`, where stderr is no terminal, and where that is dumb: `TERM` is `dumb` or, but for Windows, unset.
    bar: ProgressBar,
    start: Instant,
    is_quiet: bool,
}

impl ProgressDisplay {
    /// Begins. `again` lists the inputs a second time, to count them while the run goes on.
    pub fn begin(tally: Arc<Tally>, is_quiet: bool, again: impl FnOnce() -> Option<Inputs>) -> Self {
        let target = if is_quiet { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
        let bar = ProgressBar::with_draw_target(None, target).with_style(style(COUNTING));
        if !bar.is_hidden()
            && let Some(inputs) = again()
        {
            count(inputs, Arc::clone(&tally));
        }
        Self { tally, bar, start: Instant::now(), is_quiet }
    }

    /// Draws the numbers as they are now.
    pub fn draw(&self) {
        if self.bar.is_hidden() {
            return;
        }
        let counts = self.tally.counts();
        let total = self.tally.total.load(Ordering::Relaxed);
        if total > 0 && self.bar.length().is_none() {
            self.bar.set_style(style(COUNTED));
        }
        self.bar.set_message(format!("{} mismatches, {} errors", counts.mismatches, counts.errors));
        self.bar.update(|state| {
            state.set_pos(counts.inputs());
            if total > 0 {
                // Inputs may have come since they were counted.
                state.set_len(total.max(counts.inputs()));
            }
        });
    }

    /// Takes the bar away and tells the sum.
    pub fn end(&self, report: &Report, is_interrupted: bool) {
        self.bar.finish_and_clear();
        if !self.is_quiet {
            let interrupted = if is_interrupted { "interrupted after " } else { "" };
            let error = report.untold_error.as_ref();
            let error =
                error.map_or_else(String::new, |error| format!("; the first error (--report has all): {error}"));
            tell(&format!("{interrupted}{}{error}; {:.1} s", report.counts, self.start.elapsed().as_secs_f64()));
        }
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).expect("every template here is sound")
}

/// Counts inputs in a thread that ends with the process.
fn count(inputs: Inputs, tally: Arc<Tally>) {
    let counting = move || {
        let total = inputs.flatten().count();
        tally.total.store(total as u64, Ordering::Relaxed);
    };
    // Without the thread the bar shows no time left.
    let _ = thread::Builder::new().spawn(counting);
}
