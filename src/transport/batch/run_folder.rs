//! The folder of one run, `.totp-adapter-…` inside the output folder (contract 6.2): files are written there and moved
//! to their places. It is locked while the run lives, so that others know it from those of runs that were killed.

use std::fs::{self, DirBuilder, DirEntry, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use tempfile::{TempDir, TempPath};

use totp_adapter::whole_file::{PREFIX, folder, move_to};

/// The file in the folder that is locked.
const LOCK: &str = "lock";

/// The file in the folder that tries out how files are moved.
const MOVED: &str = "moved";

/// The folder of this run; it is removed when it is dropped.
pub struct RunFolder {
    // Windows does not remove a folder with an open file in it, so this is dropped first.
    lock: Mutex<Option<File>>,
    folder: TempDir,
    /// How many files have been begun.
    files: AtomicU64,
    /// Whether there was nothing in the output folder before.
    pub is_first: bool,
}

impl RunFolder {
    /// Makes the output folder where it is missing, removes what dead runs have left in it, and makes this run's.
    pub fn new(output_dir: &Path) -> io::Result<Self> {
        // A short path from the root: every file is opened by it.
        let output_dir = std::path::absolute(output_dir)?;
        make_folders(&output_dir)?;
        let is_first = remove_dead(&output_dir)?;
        loop {
            let folder = new_folder(&output_dir)?;
            if let Some(lock) = lock_new(&folder.path().join(LOCK))? {
                return Ok(Self { lock: Mutex::new(Some(lock)), folder, files: AtomicU64::new(0), is_first });
            }
        }
    }

    /// Tries to move a file without replacing another, and to replace one.
    pub fn check_moves(&self) -> io::Result<()> {
        let place = self.folder.path().join(MOVED);
        self.put(&place, &[], false)?;
        match self.put(&place, &[], false) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
            Ok(()) => return Err(io::ErrorKind::Unsupported.into()),
        }
        fs::remove_file(place)
    }

    /// Removes the folder now, since a process that ends does not wait for what its threads still drop.
    pub fn remove(&self) {
        self.lock.lock().unwrap_or_else(PoisonError::into_inner).take();
        // What stays is removed by the next run.
        let _ = fs::remove_dir_all(self.folder.path());
    }

    /// Writes a file of mode 0600 and moves it to its place, in folders that are made where they are missing. A
    /// file that is there is replaced, or is an error of the kind `AlreadyExists`.
    pub fn put(&self, place: &Path, bytes: &[u8], replace: bool) -> io::Result<()> {
        let number = self.files.fetch_add(1, Ordering::Relaxed);
        let temporary = self.folder.path().join(number.to_string());
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&temporary)?;
        // From here on the file is removed where it does not get to its place.
        let temporary = TempPath::try_from_path(temporary)?;
        file.write_all(bytes)?;
        drop(file);
        match move_to(place, temporary, replace) {
            Err(error) if error.error.kind() == io::ErrorKind::NotFound => {
                make_folders(folder(place))?;
                Ok(move_to(place, error.path, replace)?)
            }
            result => Ok(result?),
        }
    }
}

/// A folder of our own. Nobody else can look into it while files are written there.
fn new_folder(output_dir: &Path) -> io::Result<TempDir> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(PREFIX);
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
    builder.tempdir_in(output_dir)
}

/// Makes a folder and those above it; only their owner can look into them.
fn make_folders(path: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// Locks a new file. None where another run, which took this one's folder for a dead one's, removes it.
fn lock_new(path: &Path) -> io::Result<Option<File>> {
    let lock = match File::create_new(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        lock => lock?,
    };
    match lock.try_lock() {
        Err(TryLockError::WouldBlock) => Ok(None),
        Ok(()) => Ok(path.exists().then_some(lock)),
        // A file system without locks: nobody can lock the file, and so nobody removes the folder.
        Err(TryLockError::Error(_)) => Ok(Some(lock)),
    }
}

/// Removes the folders of runs that have died; what cannot be removed does no harm. Tells whether there was anything.
fn remove_dead(output_dir: &Path) -> io::Result<bool> {
    let mut is_empty = true;
    for entry in fs::read_dir(output_dir)? {
        let entry = entry?;
        is_empty = false;
        if entry.file_name().as_encoded_bytes().starts_with(PREFIX.as_bytes()) && entry.file_type()?.is_dir() {
            remove_if_dead(&entry.path());
        }
    }
    Ok(is_empty)
}

fn remove_if_dead(folder: &Path) {
    let path: PathBuf = folder.join(LOCK);
    let _ = match File::options().read(true).write(true).open(&path) {
        Ok(lock) => match lock.try_lock() {
            // The lock is held meanwhile: whoever has just made the folder sees that it is lost.
            Ok(()) => remove_ours(folder),
            Err(TryLockError::WouldBlock | TryLockError::Error(_)) => Ok(()),
        },
        // Killed before there was a lock; a folder that is not empty is not ours, and stays.
        Err(error) if error.kind() == io::ErrorKind::NotFound => fs::remove_dir(folder),
        Err(error) => Err(error),
    };
}

/// Removes a folder of a run with what a run leaves in it; where there is anything else, it is not ours, and stays.
fn remove_ours(folder: &Path) -> io::Result<()> {
    let entries: Vec<_> = fs::read_dir(folder)?.collect::<io::Result<_>>()?;
    let is_ours = |entry: &DirEntry| {
        let name = entry.file_name();
        let bytes = name.as_encoded_bytes();
        let is_named = name == LOCK || name == MOVED || bytes.iter().all(u8::is_ascii_digit);
        is_named && entry.file_type().is_ok_and(|kind| kind.is_file())
    };
    if !entries.iter().all(is_ours) {
        return Ok(());
    }
    // The lock is the last: without it the folder would be taken for one that was killed before there was one.
    let (lock, others): (Vec<_>, Vec<_>) = entries.iter().partition(|entry| entry.file_name() == LOCK);
    others.into_iter().chain(lock).try_for_each(|entry| fs::remove_file(entry.path()))?;
    fs::remove_dir(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    // contract 6.2b
    #[cfg(unix)]
    #[test]
    fn only_the_owner_can_look_into_the_folder_of_a_run() {
        use std::os::unix::fs::PermissionsExt;
        let output = tempfile::tempdir().unwrap();
        let run = RunFolder::new(output.path()).unwrap();
        assert_eq!(fs::metadata(run.folder.path()).unwrap().permissions().mode() & 0o777, 0o700);
    }

    // contract 6.2l
    #[test]
    fn only_the_folders_of_dead_runs_are_removed() {
        let output = tempfile::tempdir().unwrap();
        let path = output.path();
        let living = RunFolder::new(path).unwrap();
        living.put(&living.folder.path().join("half"), b"x", false).unwrap();
        for (dead, files) in [
            ("dead", &[LOCK, MOVED, "17"][..]),
            ("early", &[]),
            ("foreign", &["a.xml"]),
            ("mixed", &[LOCK, "17", "secret.xml"]),
        ] {
            let folder = path.join(format!("{PREFIX}{dead}"));
            fs::create_dir(&folder).unwrap();
            for file in files {
                fs::write(folder.join(file), "").unwrap();
            }
        }
        fs::create_dir_all(path.join(format!("{PREFIX}deep/5"))).unwrap();
        fs::write(path.join(format!("{PREFIX}deep")).join(LOCK), "").unwrap();
        fs::write(path.join(format!("{PREFIX}file")), "").unwrap();
        let second = RunFolder::new(path).unwrap();
        let name = |run: &RunFolder| run.folder.path().file_name().unwrap().to_str().unwrap().to_owned();
        let kept = ["deep", "file", "foreign", "mixed"].map(|name| format!("{PREFIX}{name}"));
        let mut expected = [&kept[..], &[name(&living), name(&second)]].concat();
        expected.sort();
        assert_eq!(names(path), expected);
        assert_eq!(names(&path.join(&kept[3])), ["17", LOCK, "secret.xml"]);
        drop(second);
        drop(living);
        assert_eq!(names(path), kept);
    }

    // contract 6.2b, 6.2c
    #[test]
    fn a_file_is_moved_whole_and_replaces_only_where_it_may() {
        let output = tempfile::tempdir().unwrap();
        let run = RunFolder::new(&output.path().join("made/here")).unwrap();
        run.check_moves().unwrap();
        let place = output.path().join("made/here/sub/folder/a.xml");
        run.put(&place, b"first", false).unwrap();
        let error = run.put(&place, b"second", false).unwrap_err();
        assert_eq!((error.kind(), fs::read(&place).unwrap().as_slice()), (io::ErrorKind::AlreadyExists, &b"first"[..]));
        run.put(&place, b"third", true).unwrap();
        assert_eq!(fs::read(&place).unwrap(), b"third");
        assert_eq!(names(run.folder.path()), [LOCK]);
    }

    // contract 6.2l: runs that begin at the same time do not take each other for dead.
    #[test]
    fn many_runs_begin_at_once() {
        let output = tempfile::tempdir().unwrap();
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..50 {
                        let run = RunFolder::new(output.path()).unwrap();
                        run.put(&run.folder.path().join("x"), b"x", false).unwrap();
                    }
                });
            }
        });
        assert!(names(output.path()).is_empty());
    }
}
