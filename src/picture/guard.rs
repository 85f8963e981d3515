//! Isolates panics of third-party decoders that parse untrusted bytes: where one panics, the rest goes on without it.
//! Decoders and readers of symbols are full of assertions and indices that only their authors could prove. An overflow of
//! the stack and a lack of memory are no panics: limits keep those away.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

thread_local! {
    static IS_GUARDED: Cell<bool> = const { Cell::new(false) };
}

/// Whether the thread is at work whose panic is caught: a panic hook has nothing to tell then, and no reason to end the
/// process.
#[must_use]
pub fn is_guarded() -> bool {
    IS_GUARDED.get()
}

/// What `work` returns, or nothing where it panics. Whatever it was changing by then has to be right at every moment.
pub(super) fn guarded<T>(work: impl FnOnce() -> T) -> Option<T> {
    IS_GUARDED.set(true);
    let result = catch_unwind(AssertUnwindSafe(work));
    IS_GUARDED.set(false);
    result.ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    // contract 9.3e
    #[test]
    fn a_panic_is_caught() {
        let mut found = Vec::new();
        let result = guarded(|| {
            assert!(is_guarded());
            found.push("before");
            assert!(found.is_empty(), "as an assertion of others");
        });
        assert_eq!(result, None);
        assert_eq!(found, ["before"]);
        assert!(!is_guarded());
        assert_eq!(guarded(|| 1), Some(1));
        assert!(!is_guarded());
    }
}
