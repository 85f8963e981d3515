//! Portions of work: taken one after the other, done by several threads at once, put out in the order in which they
//! were taken. It knows neither documents nor files.
//!
//! Every thread takes a portion, does it, waits for its turn and puts it out. There is never more at hand than one
//! portion for each thread, however slow the taker of the results is; and one thread alone hands nothing over.

use std::io;
use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// How often someone who waits for the end looks around.
const TICK: Duration = Duration::from_millis(50);

/// What the threads do.
pub trait Work: Send + Sync + 'static {
    /// Where portions are taken from, by one thread at a time.
    type Source: Send;
    /// What one thread has in hand; it is used again and again.
    type Portion;
    /// Where portions are put, by one thread at a time.
    type Sink: Send;

    /// Room for a portion.
    fn portion(&self) -> Self::Portion;

    /// Takes the next portion; none where the source has come to its end, also when it is asked again.
    fn take(&self, source: &mut Self::Source, portion: &mut Self::Portion) -> Option<()>;

    /// Does what is to be done.
    fn work(&self, portion: &mut Self::Portion);

    /// Puts a portion out; after a break nothing more is taken, but what has been taken is still put.
    fn put(&self, sink: &mut Self::Sink, portion: &mut Self::Portion) -> ControlFlow<()>;
}

/// The threads and what they share.
pub struct InOrder<W: Work> {
    shared: Arc<Shared<W>>,
}

struct Shared<W: Work> {
    work: W,
    source: Mutex<W::Source>,
    sink: Mutex<W::Sink>,
    progress: Mutex<Progress>,
    /// A portion has been put: it is the next one's turn.
    turn: Condvar,
    /// A thread has ended, or the last portion has been put.
    end: Condvar,
}

#[derive(Default)]
struct Progress {
    /// How many portions have been taken.
    taken: u64,
    /// How many portions have been put.
    put: u64,
    /// Nothing more is to be taken.
    stopped: bool,
    /// How many threads there are.
    threads: usize,
}

impl<W: Work> InOrder<W> {
    /// Starts the threads; where the system has not enough of them, fewer, but at least one.
    pub fn start(work: W, source: W::Source, sink: W::Sink, jobs: Option<NonZeroUsize>) -> io::Result<Self> {
        let jobs = jobs.or_else(|| thread::available_parallelism().ok()).map_or(1, NonZeroUsize::get);
        let shared = Arc::new(Shared {
            work,
            source: Mutex::new(source),
            sink: Mutex::new(sink),
            progress: Mutex::default(),
            turn: Condvar::new(),
            end: Condvar::new(),
        });
        for job in 0..jobs {
            lock(&shared.progress).threads += 1;
            let of_thread = Arc::clone(&shared);
            if let Err(error) = thread::Builder::new().spawn(move || of_thread.run()) {
                lock(&shared.progress).threads -= 1;
                if job == 0 {
                    return Err(error);
                }
                break;
            }
        }
        Ok(Self { shared })
    }

    /// What the threads do.
    pub fn work(&self) -> &W {
        &self.shared.work
    }

    /// Waits until everything has been put, or until the caller wants to stop and all that had been taken has been
    /// put. A thread that still waits for its source is left alone; it ends with the process.
    pub fn wait(&self, mut stop: impl FnMut() -> bool) -> MutexGuard<'_, W::Sink> {
        while !self.shared.has_ended() {
            // Nobody waits for what the caller does in between.
            if stop() {
                lock(&self.shared.progress).stopped = true;
            }
        }
        lock(&self.shared.sink)
    }
}

impl<W: Work> Shared<W> {
    fn run(&self) {
        let mut portion = self.work.portion();
        while let Some(number) = self.take(&mut portion) {
            self.work.work(&mut portion);
            self.put(number, &mut portion);
        }
        lock(&self.progress).threads -= 1;
        self.end.notify_all();
    }

    /// Whether there is nothing left to wait for; waits a little for it.
    fn has_ended(&self) -> bool {
        let goes_on =
            |progress: &mut Progress| progress.threads > 0 && !(progress.stopped && progress.put == progress.taken);
        let waited = self.end.wait_timeout_while(lock(&self.progress), TICK, goes_on);
        !waited.unwrap_or_else(PoisonError::into_inner).1.timed_out()
    }

    /// The number of a portion that has been taken.
    fn take(&self, portion: &mut W::Portion) -> Option<u64> {
        let mut source = lock(&self.source);
        if lock(&self.progress).stopped {
            return None;
        }
        self.work.take(&mut source, portion)?;
        let mut progress = lock(&self.progress);
        // What was taken too late is not done at all.
        if progress.stopped {
            return None;
        }
        progress.taken += 1;
        Some(progress.taken - 1)
    }

    fn put(&self, number: u64, portion: &mut W::Portion) {
        let mut progress = lock(&self.progress);
        while progress.put < number {
            progress = self.turn.wait(progress).unwrap_or_else(PoisonError::into_inner);
        }
        drop(progress);
        let flow = self.work.put(&mut lock(&self.sink), portion);
        let mut progress = lock(&self.progress);
        progress.put += 1;
        progress.stopped |= flow.is_break();
        if progress.stopped {
            self.end.notify_all();
        }
        self.turn.notify_all();
    }
}

/// A thread that panics ends the process (`super::end_with_any_panic`), so nothing goes on with what is half done.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    /// Squares of the numbers below an end, each as long as it likes.
    struct Squares {
        at_hand: AtomicUsize,
        most_at_hand: AtomicUsize,
        last_put: u64,
    }

    impl Squares {
        fn up_to(last_put: u64) -> Self {
            Self { at_hand: AtomicUsize::new(0), most_at_hand: AtomicUsize::new(0), last_put }
        }
    }

    impl Work for Squares {
        type Source = std::ops::Range<u64>;
        type Portion = u64;
        type Sink = Vec<u64>;

        fn portion(&self) -> u64 {
            0
        }

        fn take(&self, source: &mut Self::Source, portion: &mut u64) -> Option<()> {
            let at_hand = self.at_hand.fetch_add(1, Ordering::SeqCst) + 1;
            self.most_at_hand.fetch_max(at_hand, Ordering::SeqCst);
            *portion = source.next()?;
            Some(())
        }

        fn work(&self, portion: &mut u64) {
            thread::sleep(Duration::from_micros(*portion * 7919 % 300));
            *portion *= *portion;
        }

        fn put(&self, sink: &mut Vec<u64>, portion: &mut u64) -> ControlFlow<()> {
            self.at_hand.fetch_sub(1, Ordering::SeqCst);
            sink.push(*portion);
            if *portion == self.last_put * self.last_put { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        }
    }

    fn squares(numbers: std::ops::Range<u64>) -> Vec<u64> {
        numbers.map(|number| number * number).collect()
    }

    // contract 7.6b, 7.6c: order is kept, and no thread runs ahead.
    #[test]
    fn the_order_is_kept() {
        for jobs in [1, 2, 7] {
            let threads =
                InOrder::start(Squares::up_to(u64::MAX >> 32), 0..500, Vec::new(), NonZeroUsize::new(jobs)).unwrap();
            assert_eq!(*threads.wait(|| false), squares(0..500));
            // Each thread also comes once to the end of the source.
            assert!(threads.shared.work.most_at_hand.load(Ordering::SeqCst) <= jobs * 2);
        }
    }

    #[test]
    fn after_a_break_what_was_taken_is_still_put() {
        let threads = InOrder::start(Squares::up_to(100), 0..500, Vec::new(), NonZeroUsize::new(3)).unwrap();
        let put = threads.wait(|| false).clone();
        assert!((101..=104).contains(&put.len()), "{}", put.len());
        assert_eq!(put, squares(0..put.len() as u64));
    }

    #[test]
    fn who_stops_gets_what_was_taken() {
        let threads =
            InOrder::start(Squares::up_to(u64::MAX >> 32), 0..u64::MAX >> 40, Vec::new(), NonZeroUsize::new(3))
                .unwrap();
        let put = threads.wait(|| true).clone();
        assert_eq!(put, squares(0..put.len() as u64));
        assert_eq!(lock(&threads.shared.progress).taken, put.len() as u64);
    }
}
