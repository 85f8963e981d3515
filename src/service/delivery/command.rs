//! Deliveries by a command of the operator (contract 13.2): the text on its standard input, everything else in its arguments, no
//! shell, no environment. It does not know what the command does.

mod cut;
mod template;

use std::io;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use thiserror::Error;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, ChildStdin};

pub use template::{CommandTemplate, CommandTemplateError};

use super::{Deliver, Delivered, Delivering, DeliveryError, Message};
use crate::service::log::TARGET;
use crate::wording::reason;

/// The most bytes of standard error that go to the log.
const MAX_STDERR_BYTES: usize = 64 * 1024;
/// How long what a command has written is still read after its end: others that it has started may hold its streams open.
const LAST_WORDS: Duration = Duration::from_millis(200);

/// A command that delivers messages.
#[derive(Clone, Debug)]
pub struct DeliveryCommand {
    template: CommandTemplate,
    folder: PathBuf,
    limit: Duration,
}

/// Why a command did not deliver a message.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum CommandError {
    /// It cannot be started.
    #[error("cannot start the command: {0}")]
    Start(String),
    /// It ended with another exit code than 0.
    #[error("the command ended with exit code {0}")]
    Exit(i32),
    /// A signal ended it.
    #[error("a signal ended the command")]
    Signal,
    /// It did not end in time, and was ended with all that it had started.
    #[error("the command did not end within {seconds} s")]
    Late {
        /// How long it may take.
        seconds: u64,
    },
}

impl DeliveryCommand {
    /// A command that runs in a folder, so long at most.
    #[must_use]
    pub const fn new(template: CommandTemplate, folder: PathBuf, limit: Duration) -> Self {
        Self { template, folder, limit }
    }

    async fn run(&self, message: &Message) -> Result<(), CommandError> {
        let mut child = self.start(message).map_err(|error| CommandError::Start(reason(&error)))?;
        let group = Group::of(&child);
        let (stdin, stderr) = (child.stdin.take(), child.stderr.take());
        let mut words = Vec::new();
        let work = async {
            let write = write(stdin, message.text.reveal());
            let end = child.wait();
            let read = read(stderr, &mut words);
            end_of(end, write, read).await
        };
        let ended = tokio::time::timeout(self.limit, work).await;
        let result = match ended {
            Ok(Ok(status)) => {
                // What it has left in the background may be the delivery itself.
                group.leave();
                judge(status)
            }
            Ok(Err(error)) => Err(CommandError::Start(reason(&error))),
            Err(_) => Err(CommandError::Late { seconds: self.limit.as_secs() }),
        };
        log(&words, message, result.is_ok());
        result
    }

    fn start(&self, message: &Message) -> io::Result<Child> {
        let mut command = tokio::process::Command::new(self.template.program(&self.folder));
        command.args(self.template.arguments(message)).current_dir(&self.folder).env_clear();
        if let Some(path) = std::env::var_os("PATH") {
            command.env("PATH", path);
        }
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped()).kill_on_drop(true);
        #[cfg(unix)]
        command.process_group(0);
        command.spawn()
    }
}

impl Deliver for DeliveryCommand {
    fn deliver<'a>(&'a self, message: &'a Message) -> Delivering<'a> {
        Box::pin(async move { self.run(message).await.map(|()| Delivered::Accepted).map_err(DeliveryError::from) })
    }
}

/// Waits for the end of a command while it is written to and read from, and a moment longer for its last words.
async fn end_of(
    end: impl Future<Output = io::Result<ExitStatus>>,
    write: impl Future<Output = ()>,
    read: impl Future<Output = ()>,
) -> io::Result<ExitStatus> {
    let mut read = std::pin::pin!(read);
    let mut write = std::pin::pin!(write);
    let mut end = std::pin::pin!(end);
    let (mut is_read, mut is_written) = (false, false);
    let status = loop {
        tokio::select! {
            status = &mut end => break status,
            () = &mut read, if !is_read => is_read = true,
            () = &mut write, if !is_written => is_written = true,
        }
    };
    if !is_read {
        // Whoever holds the stream open has had its time.
        let _ = tokio::time::timeout(LAST_WORDS, read).await;
    }
    status
}

/// A command that does not read the text may be right all the same: its exit code says so.
async fn write(stdin: Option<ChildStdin>, text: &str) {
    if let Some(mut stdin) = stdin {
        let _ = stdin.write_all(text.as_bytes()).await;
        let _ = stdin.shutdown().await;
    }
}

/// Reads to the end and keeps what the log takes, so that a command that writes more is not held up.
async fn read(stderr: Option<impl AsyncRead + Unpin>, words: &mut Vec<u8>) {
    let Some(mut stderr) = stderr else { return };
    let mut bytes = vec![0; 8192];
    while let Ok(length @ 1..) = stderr.read(&mut bytes).await {
        let rest = MAX_STDERR_BYTES - words.len();
        words.extend_from_slice(&bytes[..length.min(rest)]);
    }
}

fn judge(status: ExitStatus) -> Result<(), CommandError> {
    match status.code() {
        Some(0) => Ok(()),
        Some(code) => Err(CommandError::Exit(code)),
        None => Err(CommandError::Signal),
    }
}

fn log(words: &[u8], message: &Message, is_delivered: bool) {
    let words = cut::without(&String::from_utf8_lossy(words), message);
    match (words.is_empty(), is_delivered) {
        (true, _) => {}
        (false, true) => tracing::info!(target: TARGET, stderr = words, "a command wrote to standard error"),
        (false, false) => {
            tracing::warn!(target: TARGET, stderr = words, "a command that failed wrote to standard error");
        }
    }
}

/// The processes that a command has started, itself included. They end with it, unless they are left alone.
#[cfg(unix)]
struct Group(Option<rustix::process::Pid>);

#[cfg(unix)]
impl Group {
    /// It has the number of the command, which began it.
    fn of(child: &Child) -> Self {
        Self(child.id().and_then(|id| i32::try_from(id).ok()).and_then(rustix::process::Pid::from_raw))
    }

    /// Leaves them alone: without the drop that would end them.
    fn leave(self) {
        std::mem::forget(self);
    }
}

#[cfg(unix)]
impl Drop for Group {
    fn drop(&mut self) {
        if let Some(group) = self.0 {
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        }
    }
}

/// Elsewhere a command is ended alone, when it is dropped.
#[cfg(not(unix))]
struct Group;

#[cfg(not(unix))]
impl Group {
    const fn of(_: &Child) -> Self {
        Self
    }

    #[expect(clippy::unused_self, reason = "elsewhere it keeps them from being ended")]
    const fn leave(self) {}
}

#[cfg(all(test, unix))]
mod tests;
