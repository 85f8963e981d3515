//! One connection: how long it may be silent, and an end in which the last answer arrives. It sees bytes, and knows of HTTP
//! only whether a request is being answered.

use std::io::{self, IoSlice};
use std::mem::MaybeUninit;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, Sleep, sleep_until};

use super::http::{late_head, wrong_head};

/// How long the head of a request may take from its first byte (contract 10.7).
const HEAD: Duration = Duration::from_secs(10);
/// How long a connection may be silent between requests, or leave an answer unread (contract 10.7).
const IDLE: Duration = Duration::from_secs(75);
/// How long a caller may go on sending what nobody reads, after the answer.
const LINGER: Duration = Duration::from_secs(30);
/// How long such a caller may be silent.
const LINGER_SILENCE: Duration = Duration::from_secs(5);

/// What is known of a connection. Clones are the same one.
#[derive(Clone, Debug)]
pub struct Connection(Arc<ConnectionState>);

#[derive(Debug)]
struct ConnectionState {
    local: IpAddr,
    /// Odd while a request is being answered; it grows with every begin and every end.
    turns: AtomicU32,
    unread: AtomicBool,
}

impl Connection {
    /// A connection that came to this address.
    #[must_use]
    pub fn new(local: IpAddr) -> Self {
        let local = local.to_canonical();
        Self(Arc::new(ConnectionState { local, turns: AtomicU32::new(0), unread: AtomicBool::new(false) }))
    }

    /// The address that it came to; never IPv4 in the form of IPv6.
    #[must_use]
    pub fn local(&self) -> IpAddr {
        self.0.local
    }

    /// A request has come; it is being answered until the result is dropped.
    #[must_use]
    pub fn begin(&self) -> Answering {
        self.0.turns.fetch_add(1, Ordering::Relaxed);
        Answering(self.clone())
    }

    /// Something of a request will not be read: this is its last one.
    pub fn leave_unread(&self) {
        self.0.unread.store(true, Ordering::Relaxed);
    }

    /// Whether something of a request will not be read.
    #[must_use]
    pub fn is_left_unread(&self) -> bool {
        self.0.unread.load(Ordering::Relaxed)
    }

    fn turns(&self) -> u32 {
        self.0.turns.load(Ordering::Relaxed)
    }
}

/// A request that is being answered.
#[derive(Debug)]
pub struct Answering(Connection);

impl Drop for Answering {
    fn drop(&mut self) {
        self.0.0.turns.fetch_add(1, Ordering::Relaxed);
    }
}

/// A stream of bytes with the limits of a connection.
pub struct Wire<S> {
    stream: S,
    connection: Connection,
    /// The turns of the connection when it was last looked at, and since when there have been so many.
    turns: u32,
    since: Instant,
    /// When the first byte of a head came that is not yet whole.
    head: Option<Instant>,
    /// Since when the caller has not taken what is written.
    stalled: Option<Instant>,
    /// Rings at the next deadline or before; it is set anew only when it rang, which saves it a turn for every request.
    alarm: Pin<Box<Sleep>>,
    closing: Closing,
    _permit: Option<OwnedSemaphorePermit>,
}

/// How far the closing of a connection has come.
enum Closing {
    /// It is in use.
    None,
    /// There is no sound head; so much of the answer to that is written.
    Refusing { answer: Vec<u8>, written: usize },
    /// Everything is written; what still comes is dropped.
    Lingering { until: Instant, silent_until: Instant },
}

impl<S: AsyncRead + AsyncWrite + Unpin> Wire<S> {
    /// A stream that holds its permit as long as it lives.
    pub fn new(stream: S, connection: Connection, permit: Option<OwnedSemaphorePermit>) -> Self {
        let now = Instant::now();
        let turns = connection.turns();
        let alarm = Box::pin(sleep_until(now + IDLE));
        Self {
            stream,
            connection,
            turns,
            since: now,
            head: None,
            stalled: None,
            alarm,
            closing: Closing::None,
            _permit: permit,
        }
    }

    /// Looks whether a request has begun or ended, and says whether one is being answered.
    fn is_answering(&mut self) -> bool {
        let turns = self.connection.turns();
        if turns != self.turns {
            self.turns = turns;
            self.since = Instant::now();
            self.head = None;
        }
        turns % 2 == 1
    }

    /// Ready when the deadline is over.
    fn poll_deadline(&mut self, context: &mut Context<'_>, deadline: Instant) -> Poll<()> {
        loop {
            if self.alarm.deadline() > deadline || self.alarm.is_elapsed() {
                self.alarm.as_mut().reset(deadline);
            }
            ready!(self.alarm.as_mut().poll(context));
            if Instant::now() >= deadline {
                return Poll::Ready(());
            }
        }
    }

    /// Nothing has come: waits no longer than it may. A silent connection ends as if its caller had ended it.
    fn poll_silence(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.is_answering() {
            // The answer has its own limits.
            return Poll::Pending;
        }
        let deadline = self.head.map_or(self.since + IDLE, |head| head + HEAD);
        ready!(self.poll_deadline(context, deadline));
        if self.head.is_some() {
            self.closing = Closing::Refusing { answer: late_head(HEAD), written: 0 };
            return self.poll_refusal(context);
        }
        Poll::Ready(Ok(()))
    }

    /// Answers to a head that took too long, as far as the caller takes it, and then ends the connection.
    fn poll_refusal(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if let Poll::Ready(Ok(())) = self.poll_refusal_written(context) {
            let _ = Pin::new(&mut self.stream).poll_shutdown(context);
        }
        Poll::Ready(Ok(()))
    }

    /// Writes what is left of the answer to a head that is not sound.
    fn poll_refusal_written(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if let Closing::Refusing { answer, written } = &mut self.closing {
            while *written < answer.len() {
                match ready!(Pin::new(&mut self.stream).poll_write(context, &answer[*written..]))? {
                    0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                    bytes => *written += bytes,
                }
            }
        }
        Pin::new(&mut self.stream).poll_flush(context)
    }

    /// Whether hyper refuses a head by itself with what it writes, so that the service's answer takes its place.
    fn is_refusal(&mut self, bytes: &[u8]) -> bool {
        if self.is_answering() || self.head.is_none() {
            return false;
        }
        let Some(answer) = wrong_head(bytes) else { return false };
        self.closing = Closing::Refusing { answer, written: 0 };
        true
    }

    /// What writing came to; a caller that takes nothing for too long is given up.
    fn poll_written<T>(&mut self, context: &mut Context<'_>, result: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if result.is_ready() {
            self.stalled = None;
            return result;
        }
        let since = *self.stalled.get_or_insert_with(Instant::now);
        ready!(self.poll_deadline(context, since + IDLE));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }

    /// Drops what still comes until the caller ends the connection, for a while. If it were closed with bytes that nobody
    /// has read, TCP would reset it, and the caller could lose the answer (RFC 9112, section 9.6).
    fn poll_linger(&mut self, context: &mut Context<'_>, until: Instant) -> Poll<io::Result<()>> {
        let mut bytes = [MaybeUninit::uninit(); 8192];
        loop {
            let mut buffer = ReadBuf::uninit(&mut bytes);
            let read = Pin::new(&mut self.stream).poll_read(context, &mut buffer);
            let Closing::Lingering { silent_until, .. } = &mut self.closing else { return Poll::Ready(Ok(())) };
            match read {
                Poll::Ready(Ok(())) if !buffer.filled().is_empty() => *silent_until = Instant::now() + LINGER_SILENCE,
                Poll::Ready(Ok(()) | Err(_)) => return Poll::Ready(Ok(())),
                Poll::Pending => {
                    let deadline = until.min(*silent_until);
                    ready!(self.poll_deadline(context, deadline));
                    return Poll::Ready(Ok(()));
                }
            }
            if Instant::now() >= until {
                return Poll::Ready(Ok(()));
            }
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Wire<S> {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let wire = self.get_mut();
        if matches!(wire.closing, Closing::Refusing { .. }) {
            return wire.poll_refusal(context);
        }
        let before = buffer.filled().len();
        let read = Pin::new(&mut wire.stream).poll_read(context, buffer);
        if read.is_pending() {
            return wire.poll_silence(context);
        }
        if buffer.filled().len() > before && !wire.is_answering() && wire.head.is_none() {
            wire.head = Some(Instant::now());
        }
        read
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Wire<S> {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let wire = self.get_mut();
        if wire.is_refusal(bytes) {
            return Poll::Ready(Ok(bytes.len()));
        }
        let result = Pin::new(&mut wire.stream).poll_write(context, bytes);
        wire.poll_written(context, result)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let wire = self.get_mut();
        if slices.first().is_some_and(|bytes| wire.is_refusal(bytes)) {
            return Poll::Ready(Ok(slices.iter().map(|slice| slice.len()).sum()));
        }
        let result = Pin::new(&mut wire.stream).poll_write_vectored(context, slices);
        wire.poll_written(context, result)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let wire = self.get_mut();
        let result = wire.poll_refusal_written(context);
        wire.poll_written(context, result)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let wire = self.get_mut();
        if !matches!(wire.closing, Closing::Lingering { .. }) {
            let result = Pin::new(&mut wire.stream).poll_shutdown(context);
            ready!(wire.poll_written(context, result))?;
            wire.is_answering();
            if !wire.connection.is_left_unread() && wire.head.is_none() {
                return Poll::Ready(Ok(()));
            }
            let now = Instant::now();
            wire.closing = Closing::Lingering { until: now + LINGER, silent_until: now + LINGER_SILENCE };
        }
        match wire.closing {
            Closing::Lingering { until, .. } => wire.poll_linger(context, until),
            Closing::None | Closing::Refusing { .. } => Poll::Ready(Ok(())),
        }
    }
}

#[cfg(test)]
mod tests;
