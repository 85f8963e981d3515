//! What the user gives as inputs (contract 6.1): names on the command line, in a list or in a table, or a number. It
//! does not look at the files that are named.

use std::collections::VecDeque;
use std::io;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use super::inputs::BatchInput;
use super::manifest::{Manifest, ManifestError, check_quotes};
use super::name::path;
use super::table::{Table, TableError};
use crate::cli;
use crate::transport::error::RunError;
use crate::transport::files::{InputStream, is_stdin};
use crate::transport::records::{Block, MAX_RECORD_BYTES, Records};
use totp_adapter::operation::Operation;

/// What is given and not taken yet.
pub enum InputSource {
    /// The command line.
    Paths(std::vec::IntoIter<PathBuf>),
    /// A list, and the names of its last block.
    List { file: PathBuf, records: Records<InputStream>, block: Block, names: VecDeque<PathBuf> },
    /// A table, and the number of the last row.
    Table { file: PathBuf, table: Box<Manifest<Table>>, number: u64 },
    /// So many secrets.
    Count(RangeInclusive<u32>),
}

const LIST: &str = "the list of names";
const MANIFEST: &str = "the manifest";

impl InputSource {
    /// Opens a list or a table.
    pub fn open(given: cli::GivenInputs, null: bool, operation: Operation) -> Result<Self, RunError> {
        Ok(match given {
            cli::GivenInputs::Paths(paths) => Self::Paths(Vec::from(paths).into_iter()),
            cli::GivenInputs::List(file) => {
                let records = Records::new(open(file, LIST)?, if null { 0 } else { b'\n' });
                let (file, names) = (file.to_owned(), VecDeque::new());
                Self::List { file, records, block: Block::new(MAX_RECORD_BYTES), names }
            }
            cli::GivenInputs::Manifest(file) => {
                let wrong = |error: ManifestError| RunError::Manifest(error.to_string()).about(Some(file));
                let mut table = Table::new(open(file, MANIFEST)?).map_err(|error| match error {
                    TableError::Read(error) => unreadable(MANIFEST, file, error),
                    TableError::Utf16 | TableError::Zero { .. } | TableError::Windows1252 { .. } => {
                        wrong(ManifestError::Text(error))
                    }
                })?;
                check_quotes(&mut table).map_err(wrong)?;
                table.rewind().map_err(|error| unreadable(MANIFEST, file, error))?;
                let table = Manifest::new(table, operation.input().is_some()).map_err(wrong)?;
                Self::Table { file: file.to_owned(), table: Box::new(table), number: 0 }
            }
            cli::GivenInputs::Count(count) => Self::Count(1..=count.get()),
        })
    }

    /// Whether the next thing is there without waiting for whoever writes the list.
    pub fn is_at_hand(&self) -> bool {
        match self {
            Self::List { names, .. } => !names.is_empty(),
            Self::Paths(_) | Self::Table { .. } | Self::Count(_) => true,
        }
    }

    /// Whether a folder stands for what is in it.
    pub const fn names_folders(&self) -> bool {
        match self {
            Self::Paths(_) | Self::List { .. } => true,
            Self::Table { .. } | Self::Count(_) => false,
        }
    }
}

impl Iterator for InputSource {
    type Item = BatchInput;

    fn next(&mut self) -> Option<BatchInput> {
        match self {
            Self::Paths(paths) => paths.next().map(BatchInput::named),
            Self::List { file, records, block, names } => {
                while names.is_empty() {
                    match records.take(block) {
                        // Empty lines are no names.
                        Ok(true) => names.extend(block.records().filter(|name| !name.is_empty()).map(path)),
                        Ok(false) => return None,
                        Err(error) => {
                            let error = RunError::Read { what: LIST, error };
                            return Some(BatchInput::broken(file, error.to_string()));
                        }
                    }
                }
                let name = names.pop_front()?;
                if name.as_os_str().as_encoded_bytes().contains(&0) {
                    let error = "cannot read: expected names that end with line feeds, found a byte of zero (is --null missing, or \
                                 is the list in UTF-16?)";
                    return Some(BatchInput::broken(&name, error.to_owned()));
                }
                Some(BatchInput::named(name))
            }
            Self::Table { file, table, number } => {
                let row = table.next_row()?;
                *number += 1;
                Some(match row {
                    Ok(row) => row.placed(*number),
                    Err(error) => BatchInput::broken(file, error.to_string()),
                })
            }
            Self::Count(numbers) => numbers.next().map(|number| BatchInput::default().placed(number.into())),
        }
    }
}

fn open(file: &Path, what: &'static str) -> Result<InputStream, RunError> {
    let stream = if is_stdin(file) { InputStream::standard() } else { InputStream::open(file) };
    stream.map_err(|error| unreadable(what, file, error))
}

fn unreadable(what: &'static str, file: &Path, error: io::Error) -> RunError {
    RunError::Read { what, error }.about(Some(file))
}
