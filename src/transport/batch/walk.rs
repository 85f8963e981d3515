//! The files in a folder and the folders in it (contract 6.1). It opens folders, but no file.

use std::io;
use std::path::{Path, PathBuf};

use walkdir::{DirEntry, WalkDir};

use super::name::is_input;
use crate::operation::Input;

/// How many folders are open at once. Where they are nested deeper, the crate keeps the rest of the outer ones in memory.
const MAX_OPEN: usize = 128;

/// A walk through a folder.
pub struct Walk {
    root: PathBuf,
    /// What the operation reads, if anything.
    input: Option<Input>,
    entries: walkdir::IntoIter,
}

/// What a walk comes across.
pub enum Found {
    /// A document or picture, and its path below the folder.
    Input(PathBuf, PathBuf),
    /// Another file, or a symbolic link.
    Other,
    /// A folder that cannot be read, or a file that has vanished, and its path below the folder.
    Unreadable(PathBuf, PathBuf, io::Error),
}

impl Walk {
    /// A walk through this folder; the order is the file system's.
    pub fn new(root: PathBuf, input: Option<Input>) -> Self {
        Self { entries: WalkDir::new(&root).max_open(MAX_OPEN).into_iter(), root, input }
    }

    fn below(&self, path: &Path) -> PathBuf {
        path.strip_prefix(&self.root).unwrap_or(path).to_owned()
    }

    fn found(&self, entry: DirEntry) -> Found {
        if entry.file_type().is_file() && is_input(entry.file_name(), self.input) {
            let below = self.below(entry.path());
            return Found::Input(entry.into_path(), below);
        }
        Found::Other
    }

    fn unreadable(&self, error: walkdir::Error) -> Found {
        let path = error.path().unwrap_or(&self.root).to_owned();
        let below = self.below(&path);
        // Links are not followed, so there are no loops, which are the only errors without a cause.
        let cause = error.into_io_error().unwrap_or_else(|| io::ErrorKind::Other.into());
        Found::Unreadable(path, below, cause)
    }
}

impl Iterator for Walk {
    type Item = Found;

    fn next(&mut self) -> Option<Found> {
        loop {
            return match self.entries.next()? {
                Ok(entry) if entry.file_type().is_dir() => continue,
                Ok(entry) => Some(self.found(entry)),
                Err(error) => Some(self.unreadable(error)),
            };
        }
    }
}
