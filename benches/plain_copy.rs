//! What `totp-adapter batch` is measured beside (`many.py`): a copy of the files of a folder, in the same threads and
//! with the same create-and-rename, and nothing else.
//!
//! ```sh
//! plain_copy THREADS INPUT-FOLDER OUTPUT-FOLDER
//! ```
//!
//! Each file is read, written to a file of mode 0600 in a temporary folder inside the output folder, and moved to its
//! place without replacing another. It is a benchmark only so that Cargo builds it as it builds the program, for the
//! target that is asked for; `cargo bench` does not run it.

use std::env;
use std::fs::{self, File, ReadDir};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::thread;

use rustix::fs::{CWD, RenameFlags, renameat_with};

fn main() -> io::Result<()> {
    let arguments: Vec<PathBuf> = env::args_os().skip(1).map(PathBuf::from).collect();
    let [threads, input, output] = &arguments[..] else { panic!("expected: THREADS INPUT-FOLDER OUTPUT-FOLDER") };
    let threads: usize = threads.to_str().and_then(|number| number.parse().ok()).expect("a number of threads");
    fs::create_dir(output)?;
    let temporary = tempfile::tempdir_in(output)?;
    let entries = Mutex::new(fs::read_dir(input)?);
    thread::scope(|scope| {
        let copying = || scope.spawn(|| copy(&entries, temporary.path(), output));
        let copies: Vec<_> = (0..threads).map(|_| copying()).collect();
        copies.into_iter().try_for_each(|copy| copy.join().expect("no thread panics"))
    })
}

/// Copies files until there are no more.
fn copy(entries: &Mutex<ReadDir>, temporary: &Path, output: &Path) -> io::Result<()> {
    loop {
        let Some(entry) = entries.lock().expect("no thread panics").next() else { return Ok(()) };
        let entry = entry?;
        let bytes = fs::read(entry.path())?;
        let name = entry.file_name();
        let written = temporary.join(&name);
        let mut file = File::options().write(true).create_new(true).mode(0o600).open(&written)?;
        file.write_all(&bytes)?;
        drop(file);
        renameat_with(CWD, &written, CWD, output.join(&name), RenameFlags::NOREPLACE)?;
    }
}
