//! Small servers of the tests: each answers as it is told and keeps what came.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// A request as it came.
#[derive(Clone, Debug)]
pub struct Request {
    /// The first line and the fields, in lower case but for the first line and values.
    pub head: String,
    pub body: Vec<u8>,
}

impl Request {
    pub fn path(&self) -> &str {
        self.head.split(' ').nth(1).unwrap()
    }

    /// A field by its name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head
            .lines()
            .find_map(|line| line.split_once(": ").filter(|(found, _)| *found == name).map(|(_, value)| value))
    }

    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }
}

/// What a server does with a request.
#[derive(Clone)]
pub enum Action {
    /// Answers with a status, further fields and a body.
    Answer(u16, &'static str, Vec<u8>),
    /// The same, after a while.
    Late(Duration, u16, Vec<u8>),
    /// Goes on sending as long as anybody reads.
    Endless,
    /// Closes the connection.
    Close,
    /// Sends what is not HTTP.
    Garbage,
    /// Never answers.
    Silence,
}

impl Action {
    /// An answer without further fields.
    pub fn answer(status: u16, body: &str) -> Self {
        Self::Answer(status, "", body.as_bytes().to_vec())
    }
}

/// A server that ends with its test.
pub struct Recorder {
    pub address: SocketAddr,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl Recorder {
    /// A server that looks at the path, and at how many requests have come for it, the first one being 1.
    pub fn start(act: impl Fn(&Request, usize) -> Action + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (kept, act) = (requests.clone(), Arc::new(act));
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (kept, act) = (kept.clone(), act.clone());
                thread::spawn(move || serve(&stream.unwrap(), &kept, &*act));
            }
        });
        Self { address, requests }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// What has come for a path.
    pub fn requests(&self, path: &str) -> Vec<Request> {
        self.requests.lock().unwrap().iter().filter(|request| request.path() == path).cloned().collect()
    }

    /// Every path, in the order in which it was asked for.
    pub fn paths(&self) -> Vec<String> {
        self.requests.lock().unwrap().iter().map(|request| request.path().to_owned()).collect()
    }
}

fn serve(mut stream: &TcpStream, kept: &Mutex<Vec<Request>>, act: &(impl Fn(&Request, usize) -> Action + ?Sized)) {
    let mut held = Vec::new();
    while let Some(request) = request(stream, &mut held) {
        let number = {
            let mut kept = kept.lock().unwrap();
            kept.push(request.clone());
            kept.iter().filter(|other| other.path() == request.path()).count()
        };
        let sent = match act(&request, number) {
            Action::Answer(status, fields, body) => answer(stream, status, fields, &body),
            Action::Late(wait, status, body) => {
                thread::sleep(wait);
                answer(stream, status, "", &body)
            }
            Action::Endless => endless(stream),
            Action::Close => return,
            Action::Garbage => {
                let _ = stream.write_all(b"220 mail.example ESMTP\r\n");
                return;
            }
            Action::Silence => {
                // Until the other end leaves.
                let _ = stream.read(&mut [0; 1]);
                return;
            }
        };
        if sent.is_err() {
            return;
        }
    }
}

fn answer(mut stream: &TcpStream, status: u16, fields: &str, body: &[u8]) -> std::io::Result<()> {
    // RFC 9110: this status has no body.
    let length = if status == 204 { String::new() } else { format!("Content-Length: {}\r\n", body.len()) };
    stream.write_all(&[format!("HTTP/1.1 {status} Status\r\n{length}{fields}\r\n").as_bytes(), body].concat())
}

fn endless(mut stream: &TcpStream) -> std::io::Result<()> {
    stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 67108864\r\n\r\n{\"access_token\":\"")?;
    let piece = vec![b'x'; 65536];
    loop {
        stream.write_all(&piece)?;
    }
}

fn request(mut stream: &TcpStream, held: &mut Vec<u8>) -> Option<Request> {
    let mut more = |held: &mut Vec<u8>| {
        let mut bytes = vec![0; 65536];
        let length = stream.read(&mut bytes).ok().filter(|length| *length > 0)?;
        held.extend_from_slice(&bytes[..length]);
        Some(())
    };
    let end = loop {
        if let Some(end) = held.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
            break end + 4;
        }
        more(held)?;
    };
    let mut request = Request { head: String::from_utf8(held.drain(..end).collect()).unwrap(), body: Vec::new() };
    let length: usize = request.header("content-length").map_or(0, |length| length.parse().unwrap());
    while held.len() < length {
        more(held)?;
    }
    request.body = held.drain(..length).collect();
    Some(request)
}
