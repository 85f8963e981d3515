//! Where a state is kept (contract 15.1).

use std::fmt;
use std::path::{Path, PathBuf};

use crate::otp::OutOfRangeError;

/// Where a state is kept. `Debug` does not show the address of a database: somebody may have put a password into it.
#[derive(Clone, PartialEq, Eq)]
pub enum Location {
    /// In a file of SQLite.
    Sqlite(PathBuf),
    /// In a database of PostgreSQL, by its `postgres://` or `postgresql://` address.
    Postgres(String),
}

impl Location {
    /// The accepted values, in words.
    pub const EXPECTED: &'static str = "sqlite:FILE, the name of a file, or postgres://USER@HOST/DATABASE";

    /// Reads `sqlite:FILE`, `postgres://…` or the name of a file, any bytes of the file system.
    ///
    /// # Errors
    ///
    /// [`OutOfRangeError`] where no file is named.
    pub fn parse(text: &std::ffi::OsStr) -> Result<Self, OutOfRangeError> {
        let bytes = text.as_encoded_bytes();
        if let Some(text) = text.to_str() {
            if text.starts_with("postgres://") || text.starts_with("postgresql://") {
                return Ok(Self::Postgres(text.to_owned()));
            }
            if let Some(file) = text.strip_prefix("sqlite:") {
                // Other programs take what follows for a host, a relative name or an absolute one.
                let is_url = file.starts_with("//");
                return if is_url {
                    Err(OutOfRangeError { expected: Self::EXPECTED })
                } else {
                    Self::of_file(file.into())
                };
            }
        }
        if bytes.starts_with(b"sqlite:") {
            return Err(OutOfRangeError { expected: Self::EXPECTED });
        }
        Self::of_file(text.into())
    }

    /// The file, where it is one.
    #[must_use]
    pub fn file(&self) -> Option<&Path> {
        match self {
            Self::Sqlite(file) => Some(file),
            Self::Postgres(_) => None,
        }
    }

    /// The files of a state that is in one: its own, and those that SQLite has beside it.
    #[must_use]
    pub fn files(&self) -> Vec<PathBuf> {
        self.file().map_or_else(Vec::new, |file| vec![file.to_owned(), log_of(file), beside(file, "-shm")])
    }

    fn of_file(file: PathBuf) -> Result<Self, OutOfRangeError> {
        if file.as_os_str().is_empty() {
            Err(OutOfRangeError { expected: Self::EXPECTED })
        } else {
            Ok(Self::Sqlite(file))
        }
    }
}

/// SQLite's log of changes beside the file of a state.
pub(super) fn log_of(file: &Path) -> PathBuf {
    beside(file, "-wal")
}

fn beside(file: &Path, ending: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

impl fmt::Debug for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(file) => f.debug_tuple("Sqlite").field(file).finish(),
            Self::Postgres(_) => f.write_str("Postgres(redacted)"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // contract 15.1a, 15.1g, 15.1h: `Debug` shows no address, which may have a password in it.
    #[test]
    fn what_is_named() {
        let shown = |text: &str| Location::parse(text.as_ref()).map_or("none".to_owned(), |named| format!("{named:?}"));
        for (text, named) in [
            ("state.db", "Sqlite(\"state.db\")"),
            ("sqlite:state.db", "Sqlite(\"state.db\")"),
            ("sqlite:/state.db", "Sqlite(\"/state.db\")"),
            ("//state.db", "Sqlite(\"//state.db\")"),
            ("postgres://me:secret@host/name", "Postgres(redacted)"),
            ("postgresql://host", "Postgres(redacted)"),
            ("postgres:host", "Sqlite(\"postgres:host\")"),
            ("sqlite:", "none"),
            ("", "none"),
            ("sqlite://state.db", "none"),
            ("sqlite:///state.db", "none"),
        ] {
            assert_eq!(shown(text), named, "{text}");
        }
    }
}
