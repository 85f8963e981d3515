//! What to say of a name that does not exist: the one that was perhaps meant, or all that there are. What was typed is compared,
//! never repeated: somebody may have pasted a secret there.

use std::borrow::Borrow;

/// How alike two names are at least, of 1, for one to be a slip of the other: clap's measure for options.
const SLIP: f64 = 0.7;
/// The most bytes that are compared: a secret may be long, and no name is half as long.
const MAX_COMPARED_BYTES: usize = 64;

/// The name that is most like what was typed, in whatever case, if one is like it.
#[must_use]
pub fn nearest<'n>(typed: &str, names: &[&'n str]) -> Option<&'n str> {
    if typed.len() > MAX_COMPARED_BYTES {
        return None;
    }
    let typed = typed.to_lowercase();
    let likeness = |name: &&'n str| (strsim::jaro(&typed, &name.to_lowercase()), *name);
    let best = names.iter().map(likeness).max_by(|(one, _), (other, _)| one.total_cmp(other));
    best.filter(|(likeness, _)| *likeness > SLIP).map(|(_, name)| name)
}

/// Names in a sentence: `a, b or c`.
#[must_use]
pub fn alternatives<S: Borrow<str>>(names: &[S]) -> String {
    match names {
        [] => String::new(),
        [only] => only.borrow().to_owned(),
        [others @ .., last] => format!("{} or {}", others.join(", "), last.borrow()),
    }
}
