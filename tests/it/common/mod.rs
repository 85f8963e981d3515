//! What the tests share: the corpus of fixtures, the program as a process, RFC 6238's key and time.

pub mod page;
#[cfg(feature = "serve")]
pub mod recorder;
#[cfg(feature = "serve")]
pub mod schema;
#[cfg(feature = "serve")]
pub mod service;
#[cfg(unix)]
pub mod terminal;

use std::env;
use std::ffi::OsStr;
use std::fmt;
use std::fs;
use std::io::{self, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{self, Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;
use totp_adapter::{Operation, Status};

/// RFC 6238, appendix B: the ASCII key `12345678901234567890` in Base32.
pub const RFC_SECRET: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
/// RFC 6238, appendix B: the row with the code 07081804.
pub const RFC_TIME: u64 = 1_111_111_109;
/// The last six digits of that row.
pub const RFC_PASSWORD: &str = "081804";

/// The folder of the project.
pub fn project() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The document `<Secret>` with the RFC's key.
pub fn secret_document() -> String {
    format!("<Secret>{RFC_SECRET}</Secret>")
}

/// The document `<TOTP>` with a password and the RFC's key.
pub fn totp_document(password: &str) -> String {
    format!("<TOTP><Password>{password}</Password><Secret>{RFC_SECRET}</Secret></TOTP>")
}

/// A port of this machine that nobody has, for a program that does not say which port it took.
///
/// It is below the ports that systems choose from (Linux from 32,768, IANA from 49,152): one of those may be another
/// connection's a moment later, and the connection of the one that waits for the program may even reach itself.
pub fn free_port() -> u16 {
    static TRIED: AtomicU16 = AtomicU16::new(0);
    let first = process::id() % 1_000 * 12;
    (0..12_000)
        .map(|_| 20_000 + u16::try_from((first + u32::from(TRIED.fetch_add(1, Ordering::Relaxed))) % 12_000).unwrap())
        .find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok())
        .expect("a port is free")
}

/// Whether what a test needs is there; if not, says so where the test's output is not captured.
pub fn available(what: &str, found: bool) -> bool {
    if !found {
        assert!(env::var_os("REQUIRE_INTEROPERABILITY").is_none(), "{what} is missing");
        let _ = io::stderr().write_all(format!("SKIPPED: {what} is missing\n").as_bytes());
    }
    found
}

/// Whether a program is on the `PATH`.
pub fn program(name: &str) -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    available(name, env::split_paths(&path).any(|folder| folder.join(name).is_file()))
}

/// A path that a test needs and that `.ci/run` gives in the environment.
pub fn prepared(variable: &str) -> Option<PathBuf> {
    let path = env::var_os(variable).map(PathBuf::from);
    available(variable, path.is_some()).then(|| path.unwrap())
}

/// A document of `fixtures/` and what its folders say of it.
pub struct Fixture {
    pub operation: Operation,
    pub status: Status,
    pub file: PathBuf,
    pub name: String,
}

impl Fixture {
    /// The bytes that come in.
    pub fn bytes(&self) -> Vec<u8> {
        fs::read(&self.file).unwrap()
    }

    /// The parameters beside it, if there are any.
    pub fn parameters_file(&self) -> Option<PathBuf> {
        let file = self.file.with_extension("parameters.xml");
        file.exists().then_some(file)
    }
}

/// Every fixture of an operation, sorted by folder and name.
pub fn fixtures(operation: Operation) -> Vec<Fixture> {
    let mut fixtures = Vec::new();
    for (folder, status) in [("ok", Status::Success), ("mismatch", Status::Mismatch), ("reject", Status::Error)] {
        let Ok(files) = fs::read_dir(project().join("fixtures").join(operation.name()).join(folder)) else { continue };
        let mut files: Vec<PathBuf> = files.map(|entry| entry.unwrap().path()).collect();
        files.sort();
        files.retain(|file| !file.to_str().unwrap().ends_with(".parameters.xml"));
        fixtures.extend(files.into_iter().map(|file| {
            let name = format!("{folder}/{}", file.file_stem().unwrap().to_str().unwrap());
            Fixture { operation, status, file, name }
        }));
    }
    assert!(!fixtures.is_empty(), "no fixtures of {}", operation.name());
    fixtures
}

/// Holds that a program has as many threads without `--jobs` as the processors that it may use, and more than with one.
/// The argument starts a program with these options; it has done a first piece of work and waits for the next.
#[cfg(target_os = "linux")]
pub fn assert_default_jobs(start: impl Fn(&str) -> Child) {
    let jobs = thread::available_parallelism().unwrap().get();
    if !available("a second processor", jobs > 1) {
        return;
    }
    let threads = |child: &Child| fs::read_dir(format!("/proc/{}/task", child.id())).unwrap().count();
    let end = |mut child: Child| child.kill().and_then(|()| child.wait()).unwrap();
    let one = start("--jobs 1");
    let expected = threads(&one) - 1 + jobs;
    end(one);
    let child = start("");
    let begin = Instant::now();
    while threads(&child) < expected && begin.elapsed() < Duration::from_secs(30) {
        thread::sleep(Duration::from_millis(5));
    }
    let found = threads(&child);
    end(child);
    assert_eq!(found, expected);
}

/// A folder of its own to run in.
pub struct Folder(TempDir);

impl Folder {
    /// A folder with `secret.xml`, RFC 6238's key, in it.
    pub fn new() -> Self {
        let folder = Self::empty();
        folder.write("secret.xml", secret_document());
        folder
    }

    /// A folder with nothing in it.
    pub fn empty() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// Writes a file, and makes the folders that it is in.
    pub fn write(&self, name: impl AsRef<Path>, content: impl AsRef<[u8]>) {
        let file = self.path().join(name);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, content).unwrap();
    }

    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path().join(name)).unwrap()
    }

    /// What is in the folder itself.
    pub fn names(&self) -> Vec<String> {
        self.names_in(".")
    }

    /// What is in a folder of it.
    pub fn names_in(&self, folder: &str) -> Vec<String> {
        let entries = fs::read_dir(self.path().join(folder)).unwrap();
        let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    /// Prepares a run in the folder, at the time of the RFC's row.
    pub fn prepare(&self, arguments: &str) -> Run {
        let now = RFC_TIME.to_string();
        totp_adapter(arguments.split_whitespace().chain(["--now", &now])).folder(self.path())
    }

    pub fn run(&self, arguments: &str) -> Ran {
        self.prepare(arguments).run()
    }
}

/// A run of the program in an empty environment.
pub struct Run {
    command: Command,
    shown: String,
    stdin: Vec<u8>,
}

/// What came of a run. It displays as one text: arguments, input, both outputs and the exit code.
pub struct Ran {
    shown: String,
    stdin: Vec<u8>,
    pub output: Output,
}

/// Prepares a run with these arguments.
pub fn totp_adapter<S: AsRef<OsStr>>(arguments: impl IntoIterator<Item = S>) -> Run {
    let mut command = Command::new(env!("CARGO_BIN_EXE_totp-adapter"));
    command.env_clear();
    let mut shown = String::from("$ totp-adapter");
    for argument in arguments {
        command.arg(argument.as_ref());
        let text = argument.as_ref().to_string_lossy();
        let quoted = text.is_empty() || text.contains([' ', '\'', '<']);
        let quote = if quoted { "'" } else { "" };
        shown.extend([" ", quote, &text, quote]);
    }
    Run { command, shown, stdin: Vec::new() }
}

impl Run {
    /// Sets what comes in on standard input; nothing by default.
    pub fn stdin(mut self, bytes: impl AsRef<[u8]>) -> Self {
        self.stdin = bytes.as_ref().to_vec();
        self
    }

    /// Sets the folder that the program starts in.
    pub fn folder(mut self, folder: &Path) -> Self {
        self.command.current_dir(folder);
        self
    }

    /// The command, to give it other streams.
    pub fn command(self) -> Command {
        self.command
    }

    /// Runs it to its end. The program may leave before it has read everything.
    pub fn run(mut self) -> Ran {
        let streams = self.command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = streams.spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let bytes = self.stdin.clone();
        let writer = thread::spawn(move || drop(stdin.write_all(&bytes)));
        let output = child.wait_with_output().unwrap();
        writer.join().unwrap();
        Ran { shown: self.shown, stdin: self.stdin, output }
    }
}

impl Ran {
    pub fn stdout(&self) -> String {
        String::from_utf8_lossy(&self.output.stdout).into_owned()
    }

    pub fn stderr(&self) -> String {
        String::from_utf8_lossy(&self.output.stderr).into_owned()
    }

    /// The exit code, of a program that ended by itself.
    pub fn code(&self) -> i32 {
        self.output.status.code().unwrap()
    }
}

impl fmt::Display for Ran {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.shown)?;
        for (mark, bytes) in [("<", &self.stdin), (">", &self.output.stdout), ("!", &self.output.stderr)] {
            match std::str::from_utf8(bytes) {
                Ok(text) => text.lines().try_for_each(|line| writeln!(f, "{mark} {line}"))?,
                Err(_) => writeln!(f, "{mark} (bytes that begin with {})", bytes[..8].escape_ascii())?,
            }
        }
        write!(f, "exit {}", self.code())
    }
}
