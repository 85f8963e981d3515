//! The inputs of a run, one after the other, in the order in which they are named or found (contract 6.1). It opens
//! folders, lists and tables, but no document, and keeps none of the names.

use std::fs;
use std::iter::Peekable;
use std::path::{Path, PathBuf};

use super::given::{Given, Source};
use super::manifest::Row;
use super::name::{Name, WrongName};
use super::walk::{Found, Walk};
use crate::cli;
use crate::operation::{Input, Operation};
use crate::transport::fault::{Fault, reason};
use crate::transport::files::canonical_name;

/// What is at the next place where an input may be.
pub enum Item {
    /// A document to work on.
    Task(Task),
    /// An input that cannot be one; the name, if there is one, is that of the document that says why.
    Failed { input: PathBuf, name: Option<Name>, description: String },
    /// A row of a manifest that has failed before.
    Skipped { input: PathBuf },
    /// A file in a folder that is no document.
    Other,
}

/// A document to work on.
pub struct Task {
    /// Where it is; nowhere where a secret is made from nothing.
    pub input: Option<PathBuf>,
    /// Where its output goes.
    pub name: Name,
    /// Whom the account is with, if that is said for this document.
    pub issuer: Option<String>,
    /// The account, if it is said for this document.
    pub account: Option<String>,
}

/// The inputs that are still to come.
pub struct Inputs {
    source: Source,
    /// What the operation reads, if anything.
    input: Option<Input>,
    /// The folder that is being walked, if one is.
    walk: Option<Peekable<Walk>>,
    /// The folder of the outputs, by its one name.
    output_dir: PathBuf,
    /// Those folders of inputs that are inside that of the outputs, from there.
    within_output: Vec<PathBuf>,
}

impl Inputs {
    /// Opens what names the inputs; the folder of the outputs need not be there yet.
    pub fn new(given: cli::Inputs, null: bool, operation: Operation, output_dir: &Path) -> Result<Self, Fault> {
        let source = Source::open(given, null, operation)?;
        let output_dir = canonical_name(output_dir);
        let mut inputs = Self { source, input: operation.input(), walk: None, output_dir, within_output: Vec::new() };
        if let cli::Inputs::Paths(paths) = given {
            paths.iter().filter(|path| path.is_dir()).try_for_each(|folder| inputs.admit(folder))?;
        }
        Ok(inputs)
    }

    /// Whether the next item is there without waiting for whoever writes the list.
    pub fn is_at_hand(&mut self) -> bool {
        self.walk.as_mut().is_some_and(|walk| walk.peek().is_some()) || self.source.is_at_hand()
    }

    /// Looks where a folder of inputs lies. One that the outputs go to, or that has their folder in it, would find
    /// them as inputs the next time.
    fn admit(&mut self, folder: &Path) -> Result<(), Fault> {
        let Ok(place) = folder.canonicalize() else { return Ok(()) };
        if self.output_dir.starts_with(&place) {
            return Err(Fault::OutputInside { folder: folder.to_owned() });
        }
        if let Ok(within) = place.strip_prefix(&self.output_dir) {
            self.within_output.push(within.to_owned());
        }
        Ok(())
    }

    /// The item of a file, or none where it is a folder and a walk begins.
    fn of_path(&mut self, input: PathBuf) -> Option<Item> {
        if input.as_os_str().as_encoded_bytes().contains(&0) {
            let description = "cannot read: expected names that end with line feeds, found a byte of zero (is --null missing, or \
                               is the list in UTF-16?)";
            return Some(Item::Failed { input, name: None, description: description.to_owned() });
        }
        let name = PathBuf::from(input.file_name().unwrap_or_default());
        if !fs::metadata(&input).is_ok_and(|metadata| metadata.is_dir()) {
            return Some(self.task(input, &name));
        }
        match self.admit(&input) {
            Ok(()) => {
                self.walk = Some(Walk::new(input, self.input).peekable());
                None
            }
            Err(fault) => Some(self.failed(input, &name, fault.to_string())),
        }
    }

    fn of_found(&self, found: Found) -> Item {
        match found {
            Found::Input(input, below) => self.task(input, &below),
            Found::Other => Item::Other,
            Found::Unreadable(input, below, error) => {
                let name = if below == Path::new("") { input.file_name().unwrap_or_default().into() } else { below };
                let expected = "cannot read: expected a folder that can be read, found: ";
                self.failed(input, &name, format!("{expected}{}", reason(&error)))
            }
        }
    }

    fn of_row(&self, row: Row, number: u64) -> Item {
        if row.has_failed {
            return Item::Skipped { input: row.input.unwrap_or_default() };
        }
        let item = match (row.input, row.output) {
            (Some(input), Some(output)) => self.task(input, &output),
            (Some(input), None) => {
                let name = PathBuf::from(input.file_name().unwrap_or_default());
                self.task(input, &name)
            }
            (None, Some(output)) => self.task(PathBuf::new(), &output),
            (None, None) => Item::Task(Task::of_secret(number)),
        };
        match item {
            Item::Task(task) => Item::Task(Task { issuer: row.issuer, account: row.account, ..task }),
            Item::Failed { .. } | Item::Skipped { .. } | Item::Other => item,
        }
    }

    /// A task whose output is at this path below the folder of the outputs.
    fn task(&self, input: PathBuf, below: &Path) -> Item {
        let name = Name::of(below, self.input).and_then(|name| {
            let is_read = self.within_output.iter().any(|folder| name.result("").starts_with(folder));
            if is_read { Err(WrongName::AmongInputs) } else { Ok(name) }
        });
        match name {
            Ok(name) => {
                let input = Some(input).filter(|input| !input.as_os_str().is_empty());
                Item::Task(Task { input, name, issuer: None, account: None })
            }
            Err(wrong) => Item::Failed { input, name: None, description: wrong.to_string() },
        }
    }

    fn failed(&self, input: PathBuf, below: &Path, description: String) -> Item {
        Item::Failed { input, name: Name::of(below, self.input).ok(), description }
    }
}

impl Task {
    fn of_secret(number: u64) -> Self {
        Self { input: None, name: Name::of_secret(number), issuer: None, account: None }
    }
}

impl Iterator for Inputs {
    type Item = Item;

    fn next(&mut self) -> Option<Item> {
        loop {
            if let Some(found) = self.walk.as_mut().and_then(Iterator::next) {
                return Some(self.of_found(found));
            }
            self.walk = None;
            let item = match self.source.next()? {
                Given::Path(path) => self.of_path(path),
                Given::Row(row, number) => Some(self.of_row(row, number)),
                Given::Number(number) => Some(Item::Task(Task::of_secret(number))),
                Given::Broken(input, description) => Some(Item::Failed { input, name: None, description }),
            };
            if item.is_some() {
                return item;
            }
        }
    }
}
