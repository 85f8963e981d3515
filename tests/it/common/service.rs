//! The service as a process on a free port, and callers that speak HTTP byte by byte, also wrongly.

use std::fs;
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use tempfile::TempDir;

use super::totp_adapter;

/// Longer than anything here takes, on any machine.
pub const DEADLINE: Duration = Duration::from_secs(60);

/// A service that ends with its test.
pub struct Service {
    child: Child,
    /// Where its state is, if that is its own.
    folder: Option<TempDir>,
    log: Arc<Mutex<Vec<String>>>,
    pub address: SocketAddr,
}

impl Service {
    /// Starts `serve` on a free port of 127.0.0.1 with a state of its own, with these further arguments, and waits until it
    /// listens.
    pub fn start(arguments: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let state = folder.path().join("state.db");
        let mut service = Self::start_in(folder.path(), &format!("--state {} {arguments}", state.to_str().unwrap()));
        service.folder = Some(folder);
        service
    }

    /// The same with these lines of a configuration, which may end with sections.
    pub fn configured(configuration: &str, arguments: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("t.toml"), format!("state = \"state.db\"\n{configuration}")).unwrap();
        let mut service = Self::start_in(folder.path(), &format!("--config t.toml {arguments}"));
        service.folder = Some(folder);
        service
    }

    /// Starts `serve` on a free port of 127.0.0.1 in a folder, with these further arguments, and waits until it listens.
    pub fn start_in(folder: &Path, arguments: &str) -> Self {
        let all = ["serve", "--listen", "127.0.0.1:0"].into_iter().chain(arguments.split_whitespace());
        Self::of(totp_adapter(all).folder(folder).command())
    }

    /// Starts a command that serves and logs JSON, and waits until it listens.
    pub fn of(mut command: Command) -> Self {
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        let log = Arc::new(Mutex::new(Vec::new()));
        let lines = log.clone();
        thread::spawn(move || {
            for line in stderr.lines() {
                lines.lock().unwrap().push(line.unwrap());
            }
        });
        let mut service = Self { child, folder: None, log, address: ([127, 0, 0, 1], 0).into() };
        let line = service.logged("\"message\":\"listening\"");
        service.address = field(&line, "address").unwrap().split(", ").next().unwrap().parse().unwrap();
        service
    }

    /// The first line of the log that has a text in it, once there is one.
    pub fn logged(&self, text: &str) -> String {
        wait_for(text, || self.log().into_iter().find(|line| line.contains(text)))
    }

    /// The log so far.
    pub fn log(&self) -> Vec<String> {
        self.log.lock().unwrap().clone()
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal.
    #[cfg(unix)]
    pub fn signal(&self, signal: rustix::process::Signal) {
        let id = rustix::process::Pid::from_raw(i32::try_from(self.child.id()).unwrap()).unwrap();
        rustix::process::kill_process(id, signal).unwrap();
    }

    /// Waits for its end and returns its exit code.
    pub fn ended(&mut self) -> Option<i32> {
        wait_for("the end of the service", || self.child.try_wait().unwrap()).code()
    }

    pub fn is_alive(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    pub fn connect(&self) -> Caller<TcpStream> {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        stream.set_write_timeout(Some(DEADLINE)).unwrap();
        Caller { stream, held: Vec::new() }
    }

    /// Sends a request on a connection of its own.
    pub fn ask(&self, request: &str) -> Response {
        let mut caller = self.connect();
        caller.send(request);
        caller.response()
    }

    /// `GET` of a path.
    pub fn get(&self, path: &str) -> Response {
        self.ask(&format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n"))
    }

    /// `POST` of a body to a path, with further headers, each with its line end.
    pub fn post_with(&self, path: &str, headers: &str, body: impl AsRef<[u8]>) -> Response {
        let mut caller = self.connect();
        caller.send(post_with(path, headers, body));
        caller.response()
    }

    /// `POST` of a body to a path with its query.
    pub fn post(&self, path: &str, body: impl AsRef<[u8]>) -> Response {
        let mut caller = self.connect();
        caller.send(post(path, body));
        caller.response()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The bytes of a sound `POST`.
pub fn post(path: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    post_with(path, "", body)
}

/// The same with further headers.
fn post_with(path: &str, headers: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    let body = body.as_ref();
    let length = body.len();
    let head = format!("POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n{headers}\r\n");
    [head.as_bytes(), body].concat()
}

/// Waits until there is something, and fails after a long time.
pub fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let begin = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(begin.elapsed() < DEADLINE, "waited in vain for {what}");
        thread::sleep(Duration::from_millis(5));
    }
}

/// A value of a line of the log, as it stands there; texts without their quotes.
pub fn field(line: &str, name: &str) -> Option<String> {
    let (_, rest) = line.split_once(&format!("\"{name}\":"))?;
    let value = match rest.strip_prefix('"') {
        Some(text) => text.split('"').next()?,
        None => rest.split([',', '}']).next()?,
    };
    Some(value.to_owned())
}

/// The names of a line of the log, in their order; no value here has a comma before a quote.
pub fn names(line: &str) -> Vec<String> {
    let inner = line.trim_start_matches('{').trim_end_matches('}');
    inner.split(",\"").map(|pair| pair.trim_start_matches('"').split('"').next().unwrap().to_owned()).collect()
}

/// A connection of a caller.
pub struct Caller<S> {
    pub stream: S,
    held: Vec<u8>,
}

impl<S: Read + Write> Caller<S> {
    pub fn over(stream: S) -> Self {
        Self { stream, held: Vec::new() }
    }

    pub fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.write_all(bytes.as_ref()).unwrap();
        self.stream.flush().unwrap();
    }

    /// Reads one response, no further; what came before, as `100 Continue`, is one of its own.
    pub fn response(&mut self) -> Response {
        let end = loop {
            if let Some(end) = self.held.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
                break end + 4;
            }
            assert!(self.more() > 0, "a whole head, not {:?}", String::from_utf8_lossy(&self.held));
        };
        let head = String::from_utf8(self.held.drain(..end).collect()).unwrap();
        let mut response = Response { head, body: Vec::new() };
        let length: usize = response.header("Content-Length").map_or(0, |length| length.parse().unwrap());
        while self.held.len() < length {
            assert!(self.more() > 0, "a whole body after {}", response.head);
        }
        response.body = self.held.drain(..length).collect();
        response
    }

    /// The status of a response, unless the connection breaks off before it.
    pub fn code_if_it_comes(&mut self) -> Option<u16> {
        let mut bytes = [0; 8192];
        while !self.held.windows(4).any(|bytes| bytes == b"\r\n\r\n") {
            let length = self.read(&mut bytes).ok().filter(|length| *length > 0)?;
            self.held.extend_from_slice(&bytes[..length]);
        }
        Some(self.response().code())
    }

    /// The response to `HEAD` of `/healthz`, which has a length and no body.
    pub fn response_to_head(&mut self) -> Response {
        self.send("HEAD /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        Response { head: String::from_utf8(self.rest()).unwrap(), body: Vec::new() }
    }

    /// Reads to the end of the connection; a reset is none.
    pub fn rest(&mut self) -> Vec<u8> {
        while self.more() > 0 {}
        std::mem::take(&mut self.held)
    }

    fn more(&mut self) -> usize {
        let mut bytes = [0; 8192];
        let length = self.read(&mut bytes).unwrap();
        self.held.extend_from_slice(&bytes[..length]);
        length
    }

    /// Reads once more when the machine was halted meanwhile, which ends a read that has a deadline.
    pub fn read(&mut self, bytes: &mut [u8]) -> std::io::Result<usize> {
        loop {
            match self.stream.read(bytes) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                read => return read,
            }
        }
    }
}

/// A response as it came.
#[derive(Debug)]
pub struct Response {
    pub head: String,
    pub body: Vec<u8>,
}

impl Response {
    pub fn code(&self) -> u16 {
        self.head.split(' ').nth(1).unwrap().parse().unwrap()
    }

    /// A header by its exact name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }

    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }
}

/// The password of a secret by the program itself, at a time so many seconds from now.
pub fn password(secret: &str, offset: i64) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let now = now.saturating_add_signed(offset).to_string();
    let ran = totp_adapter(["--operation", "GeneratePassword", "--now", &now])
        .stdin(format!("<Secret>{secret}</Secret>"))
        .run();
    ran.stdout().split(['<', '>']).nth(2).unwrap().to_owned()
}
