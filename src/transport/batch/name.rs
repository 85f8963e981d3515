//! The NAME of an output (contract 6.2): its path below the output folder, without its ending. It touches no file.

use std::collections::HashSet;
use std::ffi::{OsStr, OsString};
use std::hash::{BuildHasher, RandomState};
use std::path::{Component, Path, PathBuf};

use thiserror::Error;

use totp_adapter::operation::Input;

/// How documents end.
const DOCUMENT: &str = "xml";
/// How pictures end that `read-qr` reads: of JPEG and BMP also as browsers and Windows call them.
const PICTURES: [&str; 11] = ["png", "jpg", "jpeg", "jpe", "jfif", "pjpeg", "pjp", "gif", "bmp", "dib", "webp"];
/// How else an output in a manifest may end. Not as drawings for a terminal do: inputs are called so too.
const DRAWINGS: [&str; 2] = ["png", "svg"];
/// What stands before `.xml` in the names of documents that say what was wrong.
const ERROR: &str = "error";

/// A path below the output folder, without its ending.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name(OsString);

/// Why a path cannot be that of an output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum NameError {
    /// It is absolute, empty, or leads out of the folder.
    #[error("wrong parameter: the output is not a path below the output folder")]
    NotBelow,
    /// It ends as the documents do that say what was wrong.
    #[error("wrong parameter: the output ends in .error.xml, which is reserved for errors")]
    Reserved,
    /// It is in a folder of inputs.
    #[error("wrong parameter: the output lies in a folder of inputs")]
    AmongInputs,
    /// Another input of the run has it.
    #[error("wrong parameter: an earlier input of this run has the same output")]
    Claimed,
}

impl Name {
    /// The name for a path below the folder of the outputs, of an operation that reads this.
    pub fn of(path: &Path, input: Option<Input>) -> Result<Self, NameError> {
        let mut below = PathBuf::new();
        for part in path.components() {
            match part {
                Component::Normal(part) => below.push(part),
                Component::CurDir => {}
                Component::Prefix(_) | Component::RootDir | Component::ParentDir => return Err(NameError::NotBelow),
            }
        }
        let file = below.file_name().ok_or(NameError::NotBelow)?;
        // The ending of an input, or of an output in a manifest, is not part of its NAME.
        let others = match input {
            Some(Input::Picture) => &PICTURES[..],
            _ => &DRAWINGS,
        };
        let stem = [DOCUMENT].iter().chain(others).find_map(|ending| without(file, ending)).unwrap_or(file);
        if without(stem, ERROR).is_some() {
            return Err(NameError::Reserved);
        }
        // `with_file_name` would leave only the folder of a file that is called `.xml`.
        let folder = below.parent().unwrap_or(Path::new("")).join("");
        let mut name = folder.into_os_string();
        name.push(stem);
        Ok(Self(name))
    }

    /// Where the result goes: a file with this ending, below the output folder.
    pub fn result(&self, ending: &str) -> PathBuf {
        self.with(&[ending])
    }

    /// Where the document goes that says what was wrong.
    pub fn error(&self) -> PathBuf {
        self.with(&[ERROR, DOCUMENT])
    }

    fn with(&self, endings: &[&str]) -> PathBuf {
        let mut path = self.0.clone();
        for ending in endings {
            path.push(".");
            path.push(ending);
        }
        path.into()
    }
}

/// The name of a file in a list or table.
#[cfg(unix)]
pub fn path(name: &[u8]) -> PathBuf {
    use std::os::unix::ffi::OsStrExt;
    OsStr::from_bytes(name).into()
}

/// Windows has names in Unicode; there is no file with what replaces the rest.
#[cfg(windows)]
pub fn path(name: &[u8]) -> PathBuf {
    String::from_utf8_lossy(name).into_owned().into()
}

/// Whether a file in a folder is one to work on. An operation that reads nothing takes the names of documents.
pub fn is_input(file: &OsStr, input: Option<Input>) -> bool {
    match input {
        Some(Input::Picture) => PICTURES.iter().any(|ending| without(file, ending).is_some()),
        _ => without(file, DOCUMENT).is_some_and(|stem| without(stem, ERROR).is_none()),
    }
}

/// The names of the files in folders that are worked on, in words.
pub fn patterns(input: Option<Input>) -> String {
    let endings = match input {
        Some(Input::Picture) => &PICTURES[..],
        _ => &[DOCUMENT],
    };
    endings.iter().map(|ending| format!("*.{ending}")).collect::<Vec<_>>().join(", ")
}

/// A file name without this ending, if it has it in any case. All of the name may be the ending.
fn without<'a>(file: &'a OsStr, ending: &str) -> Option<&'a OsStr> {
    let path = Path::new(file);
    if path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case(ending)) {
        return path.file_stem();
    }
    file.eq_ignore_ascii_case(format!(".{ending}")).then_some(OsStr::new(""))
}

/// The names that inputs of this run have claimed, as hashes of 8 bytes with as much again for the table. Of a million
/// names two have the same hash with a chance of one to thirty million; the second is then said to be claimed, and is
/// not in the next run.
#[derive(Default)]
pub struct Claims {
    hashes: HashSet<u64>,
    state: RandomState,
}

impl Claims {
    /// Claims a name; false where it has been claimed before.
    pub fn claim(&mut self, name: &Name) -> bool {
        self.hashes.insert(self.hash(name))
    }

    /// Whether a name has been claimed.
    pub fn contains(&self, name: &Name) -> bool {
        self.hashes.contains(&self.hash(name))
    }

    fn hash(&self, name: &Name) -> u64 {
        // There, names that differ only in case are usually the same file.
        if cfg!(any(windows, target_os = "macos")) {
            self.state.hash_one(name.0.to_string_lossy().to_lowercase())
        } else {
            self.state.hash_one(&name.0)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use totp_adapter::xml::DocumentKind;

    fn outputs(path: &str) -> Result<(PathBuf, PathBuf), NameError> {
        outputs_of(path, Some(Input::Document(DocumentKind::Secret)))
    }

    fn outputs_of(path: &str, input: Option<Input>) -> Result<(PathBuf, PathBuf), NameError> {
        Name::of(Path::new(path), input).map(|name| (name.result("png"), name.error()))
    }

    // contract 6.2a
    #[test]
    fn the_name_is_the_path_without_its_ending() {
        for (path, name) in [
            ("a.xml", "a"),
            ("a.XML", "a"),
            ("sub/./a.xml", "sub/a"),
            ("a.png", "a"),
            ("a.svg", "a"),
            ("a.txt", "a.txt"),
            ("a.jpg", "a.jpg"),
            ("a.webp", "a.webp"),
            ("john.doe@example.org", "john.doe@example.org"),
            ("a.xml.xml", "a.xml"),
            (".xml", ""),
            ("sub/.Xml", "sub/"),
            ("xml", "xml"),
            ("sub.xml/a", "sub.xml/a"),
            ("a.errors.xml", "a.errors"),
        ] {
            assert_eq!(outputs(path), Ok((format!("{name}.png").into(), format!("{name}.error.xml").into())), "{path}");
        }
    }

    // contract 6.2f: nothing is written elsewhere, and no result where errors stand.
    #[test]
    fn names_that_no_output_may_have() {
        for path in ["", ".", "..", "/a.xml", "../a.xml", "a/../../b.xml", "a/.."] {
            assert_eq!(outputs(path), Err(NameError::NotBelow), "{path}");
        }
        for path in ["a.error.xml", "a.error", "sub/a.Error.XML", ".error.xml", "a.error.png"] {
            assert_eq!(outputs(path), Err(NameError::Reserved), "{path}");
        }
    }

    // contract 6.1a
    #[test]
    fn documents_in_folders() {
        let is = |name: &str| is_input(OsStr::new(name), Some(Input::Document(DocumentKind::Secret)));
        assert!(is("a.xml") && is("a.XmL") && is(".hidden.xml") && is(".xml") && is("error.xml"));
        assert!(!is("a.error.xml") && !is("A.ERROR.XML") && !is("axml") && !is("a.xml~") && !is(".error.xml"));
    }

    // contract 9.4a, 9.4b
    #[test]
    fn pictures_in_folders() {
        let is = |name: &str| is_input(OsStr::new(name), Some(Input::Picture));
        assert!(is("a.png") && is("a.JPG") && is("a.jpeg") && is("a.gif") && is("a.bmp") && is("a.b.webp"));
        assert!(is("a.jfif") && is("a.jpe") && is("a.pjpeg") && is("a.PJP") && is("a.dib"));
        assert!(!is("a.xml") && !is("png") && !is("a.png~") && !is("a.svg"));
        for picture in ["a.png", "a.jpg", "a.JPEG", "a.jfif", "a.pjpeg", "a.gif", "a.bmp", "a.dib", "a.webp"] {
            assert_eq!(outputs_of(picture, Some(Input::Picture)), outputs("a.xml"), "{picture}");
        }
    }

    // contract 6.2d
    #[test]
    fn a_name_is_claimed_once() {
        let mut claims = Claims::default();
        let mut claim = |path: &str| claims.claim(&Name::of(Path::new(path), None).unwrap());
        assert!(claim("a.xml") && claim("sub/a.xml") && claim("b"));
        assert!(!claim("a.png") && !claim("./a") && !claim("sub//a.XML"));
    }
}
