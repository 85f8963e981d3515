//! The files in a folder and the folders in it (contract 6.1). It opens folders, and no file but those that are called as the
//! attributes of another file are.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use walkdir::{DirEntry, FilterEntry, WalkDir};

use super::inputs::BatchInput;
use super::name::is_input;
use crate::transport::error::reason;
use totp_adapter::operation;

/// How many folders are open at once. Where they are nested deeper, the crate keeps the rest of the outer ones in memory.
const MAX_OPEN: usize = 128;

/// How macOS calls the file that has the attributes of another one, on file systems without room for them (RFC 1740, AppleDouble).
const APPLE_DOUBLE_PREFIX: &[u8] = b"._";
/// The first bytes of such a file (RFC 1740, appendix B).
const APPLE_DOUBLE_MAGIC: [u8; 4] = [0x00, 0x05, 0x16, 0x07];
/// How Kubernetes calls the folders of a volume in which it keeps its versions; links lead to the files in the current one.
const VERSIONS_PREFIX: &[u8] = b"..";

/// A walk through a folder.
pub struct Walk {
    root: PathBuf,
    /// What the operation reads, if anything.
    reads: Option<operation::Input>,
    entries: FilterEntry<walkdir::IntoIter, fn(&DirEntry) -> bool>,
}

impl Walk {
    /// A walk through this folder; the order is the file system's.
    pub fn new(root: PathBuf, reads: Option<operation::Input>) -> Self {
        let entries = WalkDir::new(&root).max_open(MAX_OPEN).into_iter().filter_entry(is_walked as fn(&_) -> _);
        Self { root, reads, entries }
    }

    fn below(&self, path: &Path) -> PathBuf {
        path.strip_prefix(&self.root).unwrap_or(path).to_owned()
    }

    fn found(&self, entry: DirEntry) -> Option<BatchInput> {
        let is_found = is_input(entry.file_name(), self.reads) && is_file(&entry) && !is_apple_double(&entry);
        let output = is_found.then(|| self.below(entry.path()))?;
        Some(BatchInput { file: Some(entry.into_path()), output: Some(output), ..BatchInput::default() })
    }

    fn unreadable(&self, error: walkdir::Error) -> BatchInput {
        let path = error.path().unwrap_or(&self.root).to_owned();
        let below = Some(self.below(&path)).filter(|below| below != Path::new(""));
        // Links are not followed, so there are no loops, which are the only errors without a cause.
        let cause = error.into_io_error().unwrap_or_else(|| io::ErrorKind::Other.into());
        let wrong = format!("cannot read the folder: {}", reason(&cause));
        BatchInput { file: Some(path), output: below, wrong: Some(wrong), ..BatchInput::default() }.placed(0)
    }
}

/// The documents or pictures; none for another file, or a symbolic link to a folder.
impl Iterator for Walk {
    type Item = Option<BatchInput>;

    fn next(&mut self) -> Option<Option<BatchInput>> {
        loop {
            return match self.entries.next()? {
                Ok(entry) if entry.file_type().is_dir() => continue,
                Ok(entry) => Some(self.found(entry)),
                Err(error) => Some(Some(self.unreadable(error))),
            };
        }
    }
}

/// Whether a walk goes into what it comes across, if that is a folder.
fn is_walked(entry: &DirEntry) -> bool {
    let is_version = entry.file_type().is_dir() && entry.file_name().as_encoded_bytes().starts_with(VERSIONS_PREFIX);
    // The folder that was named is meant, whatever it is called.
    !is_version || entry.depth() == 0
}

/// Whether it is a file, or a symbolic link to one. A link to nothing counts too: whoever called it so expects a file.
fn is_file(entry: &DirEntry) -> bool {
    if entry.path_is_symlink() {
        return fs::metadata(entry.path()).map_or(true, |metadata| metadata.is_file());
    }
    entry.file_type().is_file()
}

/// Whether it holds nothing but the attributes of another file. What cannot be read is left to whoever reads all of it.
fn is_apple_double(entry: &DirEntry) -> bool {
    let mut magic = [0; APPLE_DOUBLE_MAGIC.len()];
    entry.file_name().as_encoded_bytes().starts_with(APPLE_DOUBLE_PREFIX)
        && File::open(entry.path()).and_then(|mut file| file.read_exact(&mut magic)).is_ok()
        && magic == APPLE_DOUBLE_MAGIC
}
