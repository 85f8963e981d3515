//! How errors of the system and names of files are told: on one line, in the words of this program.

use std::io;
use std::path::Path;

/// The reason of an I/O error in lower case, without final period, number or file name.
#[must_use]
pub fn reason(error: &io::Error) -> String {
    // An error with a number has the operating system's words; any other may have been given a file name.
    let words = match error.raw_os_error() {
        Some(_) => error.to_string(),
        None if error.kind() == io::ErrorKind::NotFound => "no such file or directory".to_owned(),
        None => error.kind().to_string(),
    };
    let words = words.split(" (os error").next().unwrap_or_default().trim_end_matches('.');
    let mut characters = words.chars();
    characters.next().map_or_else(String::new, |first| first.to_lowercase().chain(characters).collect())
}

/// A file name that stays on one line and reads in one direction, whatever it contains.
#[must_use]
pub fn printable(file: &Path) -> String {
    let mut name = String::new();
    for c in file.display().to_string().chars() {
        match c {
            '\'' | '"' => name.push(c),
            c => name.extend(c.escape_debug()),
        }
    }
    name
}
