//! What the user gives as inputs (contract 6.1): names on the command line, in a list or in a table, or a number. It
//! does not look at the files that are named.

use std::collections::VecDeque;
use std::io;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use super::manifest::{Manifest, ManifestError, Row, check_quotes};
use super::name::path;
use super::table::{Table, TableError};
use crate::cli;
use crate::operation::Operation;
use crate::transport::fault::Fault;
use crate::transport::files::{InputStream, is_stdin};
use crate::transport::records::{Block, MAX_RECORD_BYTES, Records};

/// The next thing that is given.
pub enum Given {
    /// The name of a file or folder.
    Path(PathBuf),
    /// A row of a table and its number, from 1.
    Row(Row, u64),
    /// The number of a secret, from 1.
    Number(u64),
    /// A part of a list or table that cannot be used, and why.
    Broken(PathBuf, String),
}

/// What is given and not taken yet.
pub enum Source {
    /// The command line.
    Paths(std::vec::IntoIter<PathBuf>),
    /// A list, and the names of its last block.
    List { file: PathBuf, records: Records<InputStream>, block: Block, names: VecDeque<PathBuf> },
    /// A table, and the number of the next row.
    Table { file: PathBuf, table: Box<Manifest<Table>>, number: u64 },
    /// So many secrets.
    Count(RangeInclusive<u32>),
}

const LIST: &str = "a list of names";
const MANIFEST: &str = "a manifest";

impl Source {
    /// Opens a list or a table.
    pub fn open(given: cli::Inputs, null: bool, operation: Operation) -> Result<Self, Fault> {
        let unreadable = |what| move |file: &Path, error| Fault::Read { what, file: Some(file.to_owned()), error };
        Ok(match given {
            cli::Inputs::Paths(paths) => Self::Paths(Vec::from(paths).into_iter()),
            cli::Inputs::List(file) => {
                let list = open(file).map_err(|error| unreadable(LIST)(file, error))?;
                let records = Records::new(list, if null { 0 } else { b'\n' });
                Self::List {
                    file: file.to_owned(),
                    records,
                    block: Block::new(MAX_RECORD_BYTES),
                    names: VecDeque::new(),
                }
            }
            cli::Inputs::Manifest(file) => {
                let table = open(file).map_err(|error| unreadable(MANIFEST)(file, error))?;
                let mut table = Table::new(table).map_err(|error| match error {
                    TableError::Read(error) => unreadable(MANIFEST)(file, error),
                    TableError::Utf16 | TableError::Zero { .. } | TableError::Windows1252 { .. } => {
                        wrong(file, &ManifestError::Text(error))
                    }
                })?;
                check_quotes(&mut table).map_err(|error| wrong(file, &error))?;
                table.rewind().map_err(|error| unreadable(MANIFEST)(file, error))?;
                let table = Manifest::new(table, operation.input().is_some()).map_err(|error| wrong(file, &error))?;
                Self::Table { file: file.to_owned(), table: Box::new(table), number: 1 }
            }
            cli::Inputs::Count(count) => Self::Count(1..=count.get()),
        })
    }

    /// Whether the next thing is there without waiting for whoever writes the list.
    pub fn is_at_hand(&self) -> bool {
        match self {
            Self::List { names, .. } => !names.is_empty(),
            Self::Paths(_) | Self::Table { .. } | Self::Count(_) => true,
        }
    }
}

impl Iterator for Source {
    type Item = Given;

    fn next(&mut self) -> Option<Given> {
        match self {
            Self::Paths(paths) => paths.next().map(Given::Path),
            Self::List { file, records, block, names } => {
                while names.is_empty() {
                    match records.take(block) {
                        Ok(true) => names.extend(names_in(block)),
                        Ok(false) => return None,
                        Err(error) => {
                            let fault = Fault::Read { what: LIST, file: None, error };
                            return Some(Given::Broken(file.clone(), fault.to_string()));
                        }
                    }
                }
                names.pop_front().map(Given::Path)
            }
            Self::Table { file, table, number, .. } => {
                let row = table.next_row()?;
                *number += 1;
                Some(match row {
                    Ok(row) => Given::Row(row, *number - 1),
                    Err(error) => Given::Broken(file.clone(), error.to_string()),
                })
            }
            Self::Count(numbers) => numbers.next().map(|number| Given::Number(number.into())),
        }
    }
}

fn wrong(file: &Path, error: &ManifestError) -> Fault {
    Fault::Manifest { file: file.to_owned(), reason: error.to_string() }
}

/// The names in a block. Empty lines are none.
fn names_in(block: &Block) -> impl Iterator<Item = PathBuf> {
    block.records().filter(|name| !name.is_empty()).map(path)
}

fn open(file: &Path) -> io::Result<InputStream> {
    if is_stdin(file) { InputStream::standard() } else { InputStream::open(file) }
}
