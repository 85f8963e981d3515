//! Isolates panics of requests: where one panics, the others go on, and the place of the panic is known. The message is not
//! kept, since it may quote what the program worked on. It knows nothing of HTTP.

use std::cell::{Cell, RefCell};
use std::future::{Future, poll_fn};
use std::panic::{self, AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Once;
use std::task::Poll;

thread_local! {
    static IS_GUARDED: Cell<bool> = const { Cell::new(false) };
    static PLACE: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// A panic was caught. It holds the place in the source and nothing of the message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Panicked {
    /// File, line and column.
    pub place: String,
}

/// Keeps the panic hook from reporting panics that are caught here, and from ending the process. Only the first call counts: each
/// more would be one more hook that every panic goes through.
pub fn install() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        let previous = panic::take_hook();
        panic::set_hook(Box::new(move |panic| {
            if IS_GUARDED.get() {
                let place = panic.location().map_or_else(String::new, ToString::to_string);
                PLACE.set(Some(place));
            } else {
                previous(panic);
            }
        }));
    });
}

/// What `work` returns, unless it panics. Whatever it was changing by then has to be right at every moment.
///
/// # Errors
///
/// [`Panicked`] where it panics.
pub fn guarded<T>(work: impl FnOnce() -> T) -> Result<T, Panicked> {
    let outer = IS_GUARDED.replace(true);
    let result = catch_unwind(AssertUnwindSafe(work));
    IS_GUARDED.set(outer);
    result.map_err(|_| Panicked { place: PLACE.take().unwrap_or_default() })
}

/// The same for a future, whichever threads it runs on.
///
/// # Errors
///
/// [`Panicked`] where it panics.
pub async fn guarded_future<F: Future>(future: F) -> Result<F::Output, Panicked> {
    let mut future = pin!(future);
    poll_fn(|context| match guarded(|| future.as_mut().poll(context)) {
        Ok(Poll::Pending) => Poll::Pending,
        Ok(Poll::Ready(output)) => Poll::Ready(Ok(output)),
        Err(panicked) => Poll::Ready(Err(panicked)),
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    // contract 10.8c
    #[test]
    fn a_panic_is_caught_and_the_marker_is_as_before() {
        assert_eq!(guarded(|| guarded(|| panic!("with a secret")).is_err() && IS_GUARDED.get()), Ok(true));
        assert!(!IS_GUARDED.get());
    }

    // contract 10.8c: also behind a point where the future waited, perhaps for another thread.
    #[tokio::test]
    async fn a_panic_of_a_future_is_caught() {
        let result = guarded_future(async {
            tokio::task::yield_now().await;
            assert!(IS_GUARDED.get());
            panic!("with a secret")
        });
        assert!(result.await.is_err());
        assert!(!IS_GUARDED.get());
        assert_eq!(guarded_future(async { 1 }).await, Ok(1));
    }
}
