//! Where answers go: standard output, what is no regular file, or a file that is replaced whole or not at all.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::source::is_standard_stream;
use super::{OutputStream, ReplaceError, Replaceable};
use crate::transport::error::RunError;
use totp_adapter::whole_file::{self, Unfinished, folder};

/// How many symbolic links are followed; the kernel's own limit on Linux.
const MAX_LINKS: usize = 40;

/// Where bytes go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Destination {
    /// Standard output.
    Stdout,
    /// A pipe, a device or an open descriptor, written to as it is.
    Special(PathBuf),
    /// A regular file, or none yet; symbolic links have been followed.
    File(PathBuf),
}

impl Destination {
    /// The destination of an option: a name, `-`, or nothing for standard output.
    pub fn of(option: Option<&Path>, what: &'static str) -> Result<Self, RunError> {
        match option {
            Some(file) if !is_standard_stream(file) => {
                Self::of_file(file).map_err(|error| RunError::Write { what, error }.about(Some(file)))
            }
            Some(_) | None => Ok(Self::Stdout),
        }
    }

    fn of_file(file: &Path) -> io::Result<Self> {
        let mut file = file.to_owned();
        for _ in 0..MAX_LINKS {
            if is_reserved(&file) {
                return Ok(Self::Special(file));
            }
            if let Some(destination) = descriptor(&file) {
                return Ok(destination);
            }
            let kind = match fs::symlink_metadata(&file) {
                Ok(metadata) => metadata.file_type(),
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::File(file)),
                Err(error) => return Err(error),
            };
            if kind.is_file() {
                return Ok(Self::File(file));
            } else if kind.is_dir() {
                return Err(io::ErrorKind::IsADirectory.into());
            } else if !kind.is_symlink() {
                return Ok(Self::Special(file));
            }
            file = folder(&file).join(fs::read_link(&file)?);
        }
        // The operating system gives up here too, and has the words for it.
        Err(fs::metadata(file).err().unwrap_or_else(|| io::ErrorKind::InvalidInput.into()))
    }

    /// Writes all bytes: to a stream as they are, to a file whole or not at all.
    pub fn write(&self, bytes: &[u8]) -> io::Result<()> {
        let mut opened = self.open()?;
        opened.write_all(bytes)?;
        opened.finish(true)
    }

    /// As [`Destination::write`], but a file is replaced only where that is allowed, and what is written to as it is is
    /// kept where it holds a secret.
    ///
    /// # Errors
    ///
    /// [`WriteError::Kept`] where a file stays that is there; [`WriteError::System`] for anything else.
    pub fn write_over(&self, bytes: &[u8], replaceable: Replaceable) -> Result<(), WriteError> {
        match self {
            Self::Stdout => {}
            Self::Special(file) => replaceable.in_place().check(file)?,
            Self::File(file) => {
                // Not replaced, so that what appears only now is not lost; some file systems can do nothing else.
                if !file.exists() {
                    match whole_file::create(file, bytes) {
                        Ok(()) => return Ok(()),
                        Err(error) if replaceable == Replaceable::Nothing && !file.exists() => return Err(error.into()),
                        Err(_) => {}
                    }
                }
                replaceable.check(file)?;
            }
        }
        Ok(self.write(bytes)?)
    }

    /// Opens it to be written piece by piece.
    pub fn open(&self) -> io::Result<OpenDestination> {
        match self {
            Self::Stdout => OutputStream::standard().map(OpenDestination::Stream),
            Self::Special(file) => OutputStream::open(file).map(OpenDestination::Stream),
            Self::File(file) => Unfinished::new(file).map(OpenDestination::File),
        }
    }

    /// The file that is written, if it is one: replaced, or written to as it is.
    pub fn written_file(&self) -> Option<&Path> {
        match self {
            Self::Special(file) if file.is_file() => Some(file),
            Self::Stdout | Self::Special(_) => None,
            Self::File(file) => Some(file),
        }
    }

    /// The file that is replaced, if it is one.
    pub fn file(&self) -> Option<&Path> {
        match self {
            Self::Stdout | Self::Special(_) => None,
            Self::File(file) => Some(file),
        }
    }
}

/// What is written piece by piece.
#[derive(Debug)]
pub enum OpenDestination {
    /// A file, whole or not at all.
    File(Unfinished),
    /// What is written to as it is.
    Stream(OutputStream),
}

impl OpenDestination {
    /// Puts a file in its place; what is there is replaced, or is an error of the kind `AlreadyExists`.
    pub fn finish(self, replace: bool) -> io::Result<()> {
        match self {
            Self::File(file) => file.finish(replace),
            Self::Stream(_) => Ok(()),
        }
    }
}

impl Write for OpenDestination {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::File(file) => file.write(bytes),
            Self::Stream(stream) => stream.write(bytes),
        }
    }

    /// Nothing is kept.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Why a destination was not written.
#[derive(Debug, Error)]
pub enum WriteError {
    /// A file is there that stays.
    #[error(transparent)]
    Kept(#[from] ReplaceError),
    /// The system cannot do it.
    #[error(transparent)]
    System(#[from] io::Error),
}

/// What the name of an open descriptor (`/dev/fd/3`, to which `/dev/stdout` and the like are links) leads to. Such a
/// file must not be replaced, even if it is a regular one: whoever opened it reads that very file.
fn descriptor(name: &Path) -> Option<Destination> {
    let folder = folder(name).canonicalize().ok()?;
    // On Linux `/dev/fd` is a link into `/proc`, and the descriptors are links; elsewhere both are what they seem.
    let own = [format!("/proc/{}/fd", std::process::id()), "/dev/fd".to_owned()];
    let is_own = own.iter().any(|own| folder == Path::new(own));
    let is_descriptor = is_own || folder.starts_with("/proc") && folder.ends_with("fd");
    is_descriptor.then(|| match name.file_name() {
        Some(number) if is_own && number == "1" => Destination::Stdout,
        Some(_) | None => Destination::Special(name.to_owned()),
    })
}

/// Of the devices that Windows finds in every folder, those that people write to.
fn is_reserved(file: &Path) -> bool {
    let name = file.file_name().unwrap_or_default();
    cfg!(windows) && ["NUL", "CON"].iter().any(|device| name.eq_ignore_ascii_case(device))
}

#[cfg(test)]
mod tests {
    use super::*;

    // contract 5.2g, 5.2h
    #[test]
    fn files_are_replaced_as_far_as_that_is_allowed() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("a.xml");
        let output = Destination::File(place.clone());
        for (there, replaceable, is_written) in [
            (None, Replaceable::Nothing, true),
            (Some("mine"), Replaceable::Nothing, false),
            (Some("mine"), Replaceable::AllButSecrets, true),
            (Some("<Secret>MY</Secret>"), Replaceable::AllButSecrets, false),
            (Some("<Secret>MY</Secret>"), Replaceable::Everything, true),
            (None, Replaceable::AllButSecrets, true),
        ] {
            let _ = fs::remove_file(&place);
            if let Some(content) = there {
                fs::write(&place, content).unwrap();
            }
            assert_eq!(output.write_over(b"new", replaceable).is_ok(), is_written, "{there:?} {replaceable:?}");
            assert_eq!(fs::read_to_string(&place).unwrap(), if is_written { "new" } else { there.unwrap() });
        }
    }
}
