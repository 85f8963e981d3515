//! What all sections share while a configuration is read: the places, the folder that names are relative to, and what has
//! been found wrong so far. It knows no key.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::mistake::{Mistake, Place, Warning};

/// Reads on after a mistake, so that all of them come to light at once.
pub(super) struct Reader<'a> {
    text: &'a str,
    folder: &'a Path,
    /// Where each line begins.
    lines: Vec<usize>,
    /// Lines that are not TOML: what is read from them means nothing.
    broken: BTreeSet<usize>,
    /// Whether one of them would begin a section: the keys below it seem to belong to another.
    is_header_broken: bool,
    mistakes: Vec<(At, String)>,
    warnings: Vec<(At, String)>,
}

/// Where something stands, to the byte: the order of the report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum At {
    /// The file as a whole.
    File,
    /// So many bytes after its start.
    Byte(usize),
    /// An option that takes the place of a key.
    Option(&'static str),
}

impl<'a> Reader<'a> {
    pub(super) fn new(text: &'a str, folder: &'a Path) -> Self {
        let lines = std::iter::once(0).chain(text.match_indices('\n').map(|(end, _)| end + 1)).collect();
        let (broken, is_header_broken) = (BTreeSet::new(), false);
        Self { text, folder, lines, broken, is_header_broken, mistakes: Vec::new(), warnings: Vec::new() }
    }

    /// A name in the file, relative to the file.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Notes that a line is not TOML; the first mistake of a line explains the others.
    pub(super) fn broken(&mut self, at: At, text: &str) {
        match self.place(at) {
            Place::Line(line) if !self.broken.insert(line) => {}
            Place::File | Place::Line(_) | Place::Option(_) => self.mistakes.push((at, text.to_owned())),
        }
        self.is_header_broken |= self.line(at).trim_start().starts_with('[');
    }

    /// The line of a place in the text; empty for any other.
    pub(super) fn line(&self, at: At) -> &'a str {
        let Place::Line(line) = self.place(at) else { return "" };
        self.text[self.lines[line - 1]..].lines().next().unwrap_or_default()
    }

    /// Notes a mistake.
    pub(super) fn wrong(&mut self, at: At, text: impl Into<String>) {
        match self.place(at) {
            Place::Line(line) if self.broken.contains(&line) => {}
            Place::File | Place::Line(_) | Place::Option(_) => self.mistakes.push((at, text.into())),
        }
    }

    /// Notes that something is absent, unless it may stand on a line that is not TOML.
    pub(super) fn absent(&mut self, at: At, text: impl Into<String>) {
        if self.broken.is_empty() {
            self.wrong(at, text);
        }
    }

    /// Notes a key that its section does not have, unless the header of its own section may be broken.
    pub(super) fn unknown(&mut self, at: At, text: String) {
        if !self.is_header_broken {
            self.wrong(at, text);
        }
    }

    /// Notes what stops nothing.
    pub(super) fn warn(&mut self, at: At, text: String) {
        self.warnings.push((at, text));
    }

    /// Everything that was noted, in order: mistakes, or where there is none, warnings.
    pub(super) fn finish(mut self) -> Result<Vec<Warning>, Vec<Mistake>> {
        let mut mistakes = std::mem::take(&mut self.mistakes);
        let mut warnings = std::mem::take(&mut self.warnings);
        mistakes.sort_by_key(|(at, _)| *at);
        warnings.sort_by_key(|(at, _)| *at);
        if mistakes.is_empty() {
            Ok(warnings.into_iter().map(|(at, text)| Warning { place: self.place(at), text }).collect())
        } else {
            let mut mistakes: Vec<_> =
                mistakes.into_iter().map(|(at, text)| Mistake { place: self.place(at), text }).collect();
            // Of a list on one line, several elements may be wrong in the same way.
            mistakes.dedup();
            Err(mistakes)
        }
    }

    fn place(&self, at: At) -> Place {
        match at {
            At::File => Place::File,
            At::Byte(byte) => Place::Line(self.lines.partition_point(|start| *start <= byte)),
            At::Option(option) => Place::Option(option),
        }
    }
}
