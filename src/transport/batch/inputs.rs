//! The inputs of a run, one after the other, in the order in which they are named or found (contract 6.1). It opens
//! folders, lists and tables, but no document, and keeps none of the names.

use std::iter::Peekable;
use std::path::{Path, PathBuf};

use super::name::{Name, NameError};
use super::source::InputSource;
use super::walk::Walk;
use crate::cli;
use crate::transport::error::RunError;
use crate::transport::files::canonical_name;
use totp_adapter::operation::{self, Operation};

/// What is at the next place where an input may be.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct BatchInput {
    /// The file to read; none where a secret is made from nothing.
    pub file: Option<PathBuf>,
    /// The path of its output below the output folder; none where there can be none, not even one that says why.
    pub output: Option<PathBuf>,
    /// Whom the account is with, if that is said for this input.
    pub issuer: Option<String>,
    /// The account, if it is said for this input.
    pub account: Option<String>,
    /// Whether it is a row of a report that has a status for it, and not 1.
    pub has_failed: bool,
    /// Why there can be no answer to it, in words that quote nothing.
    pub wrong: Option<String>,
}

impl BatchInput {
    /// A file or folder by its name.
    pub fn named(path: PathBuf) -> Self {
        Self { file: Some(path), ..Self::default() }.placed(0)
    }

    /// The same with an output, also where none is said: as the file is called, or for the secret with this number, from 1.
    pub fn placed(mut self, number: u64) -> Self {
        self.output = self.output.or_else(|| {
            let file = self.file.as_ref().map(|file| file.file_name().unwrap_or_default().into());
            Some(file.unwrap_or_else(|| format!("secret-{number:06}").into()))
        });
        self
    }

    /// A part of a list or table that cannot be used, and why.
    pub fn broken(part: &Path, wrong: String) -> Self {
        Self { file: Some(part.to_owned()), wrong: Some(wrong), ..Self::default() }
    }
}

/// The inputs that are still to come. A file in a folder that is no document is none.
pub struct Inputs {
    source: InputSource,
    /// What the operation reads, if anything.
    reads: Option<operation::Input>,
    /// The folder that is being walked, if one is.
    walk: Option<Peekable<Walk>>,
    /// The folder of the outputs, by its one name.
    output_dir: PathBuf,
    /// Those folders of inputs that are inside that of the outputs, from there.
    within_output: Vec<PathBuf>,
}

impl Inputs {
    /// Opens what names the inputs; the folder of the outputs need not be there yet.
    pub fn new(given: cli::GivenInputs, null: bool, operation: Operation, output_dir: &Path) -> Result<Self, RunError> {
        let source = InputSource::open(given, null, operation)?;
        let output_dir = canonical_name(output_dir);
        let mut inputs = Self { source, reads: operation.input(), walk: None, output_dir, within_output: Vec::new() };
        given.paths().iter().filter(|path| path.is_dir()).try_for_each(|folder| inputs.admit(folder))?;
        Ok(inputs)
    }

    /// Whether the next item is there without waiting for whoever writes the list.
    pub fn is_at_hand(&mut self) -> bool {
        self.walk.as_mut().is_some_and(|walk| walk.peek().is_some()) || self.source.is_at_hand()
    }

    /// The name for an output, which none of the inputs may have.
    pub fn name(&self, output: &Path) -> Result<Name, NameError> {
        let name = Name::of(output, self.reads)?;
        let is_read = self.within_output.iter().any(|folder| name.result("").starts_with(folder));
        if is_read { Err(NameError::AmongInputs) } else { Ok(name) }
    }

    /// The name for the document that says of an input what is wrong.
    pub fn name_of_wrong(&self, output: &Path) -> Option<Name> {
        Name::of(output, self.reads).ok()
    }

    /// Looks where a folder of inputs lies. One that the outputs go to, or that has their folder in it, would find
    /// them as inputs the next time.
    fn admit(&mut self, folder: &Path) -> Result<(), RunError> {
        let Ok(place) = folder.canonicalize() else { return Ok(()) };
        if self.output_dir.starts_with(&place) {
            return Err(RunError::OutputInside.about(Some(folder)));
        }
        if let Ok(within) = place.strip_prefix(&self.output_dir) {
            self.within_output.push(within.to_owned());
        }
        Ok(())
    }
}

impl Iterator for Inputs {
    type Item = Option<BatchInput>;

    fn next(&mut self) -> Option<Option<BatchInput>> {
        loop {
            if let Some(found) = self.walk.as_mut().and_then(Iterator::next) {
                return Some(found);
            }
            self.walk = None;
            let input = self.source.next()?;
            let may_be_folder = input.wrong.is_none() && self.source.names_folders();
            match &input.file {
                Some(folder) if may_be_folder && folder.is_dir() => match self.admit(folder) {
                    Ok(()) => self.walk = Some(Walk::new(folder.clone(), self.reads).peekable()),
                    Err(error) => return Some(Some(BatchInput { wrong: Some(error.to_string()), ..input })),
                },
                Some(_) | None => return Some(Some(input)),
            }
        }
    }
}
