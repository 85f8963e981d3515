//! What is wrong with a configuration, and where. Its texts are ours: they name keys that exist, and quote nothing that
//! stands in the file, since it may be a misplaced secret.

use std::fmt;
use std::path::Path;

use crate::wording::printable;

/// Where a mistake is. Mistakes are reported in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// The file as a whole.
    File,
    /// A line of it, from 1.
    Line(usize),
    /// An option that takes the place of a key.
    Option(&'static str),
}

/// Why a configuration cannot be used: one place, one thing that was expected. It displays without its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// Where it is.
    pub place: Place,
    pub(super) text: String,
}

/// What an operator should know of a configuration that can be used. It displays without its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// Where its cause is.
    pub place: Place,
    pub(super) text: String,
}

impl Mistake {
    /// The line for people: the place, with the file as it was named, and what was expected.
    #[must_use]
    pub fn line(&self, file: &Path) -> String {
        line(self.place, file, &self.text)
    }
}

impl Warning {
    /// The line for people: the place, with the file as it was named, and what to know.
    #[must_use]
    pub fn line(&self, file: &Path) -> String {
        line(self.place, file, &format!("warning: {}", self.text))
    }
}

fn line(place: Place, file: &Path, text: &str) -> String {
    match place {
        Place::File => format!("{}: {text}", printable(file)),
        Place::Line(line) => format!("{}:{line}: {text}", printable(file)),
        Place::Option(option) => format!("{option}: {text}"),
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
