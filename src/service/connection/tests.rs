//! Connections whose clock the tests turn.

use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::time::{advance, timeout};

use super::*;

/// Both ends of a connection: the caller's and the service's.
fn connected(bytes: usize) -> (DuplexStream, Wire<DuplexStream>, Connection) {
    let (caller, stream) = duplex(bytes);
    let connection = Connection::new("::ffff:127.0.0.1".parse().unwrap());
    (caller, Wire::new(stream, connection.clone(), None), connection)
}

/// Whether reading ends within a time, and with how many bytes.
async fn read_within(wire: &mut Wire<DuplexStream>, limit: Duration) -> Option<usize> {
    timeout(limit, wire.read(&mut [0; 1024])).await.ok().map(Result::unwrap)
}

const MOMENT: Duration = Duration::from_millis(1);
/// A moment less than a connection may be silent.
const NEARLY_IDLE: Duration = Duration::from_millis(IDLE.as_secs() * 1000 - 1);

#[tokio::test]
async fn an_address_is_never_ipv4_in_ipv6() {
    assert_eq!(connected(1).2.local(), IpAddr::from([127, 0, 0, 1]));
}

// contract 10.7e: 75 s, before the first request as between two; not hyper's time for heads.
#[tokio::test(start_paused = true)]
async fn a_silent_connection_ends() {
    let (mut caller, mut wire, connection) = connected(1024);
    assert_eq!(read_within(&mut wire, NEARLY_IDLE).await, None);
    caller.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
    assert_eq!(read_within(&mut wire, MOMENT).await, Some(18));
    let answering = connection.begin();
    // As long as the answer takes, there is no limit here.
    assert_eq!(read_within(&mut wire, IDLE * 2).await, None);
    drop(answering);
    assert_eq!(read_within(&mut wire, NEARLY_IDLE).await, None);
    assert_eq!(read_within(&mut wire, MOMENT * 2).await, Some(0));
}

// contract 10.7e: 10 s from the first byte of a head, however many more come, and then 408.
#[tokio::test(start_paused = true)]
async fn a_head_that_takes_too_long_is_answered() {
    let (mut caller, mut wire, _) = connected(1024);
    assert_eq!(read_within(&mut wire, Duration::from_secs(60)).await, None);
    for _ in 0..9 {
        caller.write_all(b"G").await.unwrap();
        assert_eq!(read_within(&mut wire, MOMENT).await, Some(1));
        assert_eq!(read_within(&mut wire, Duration::from_secs(1)).await, None);
    }
    caller.write_all(b"E").await.unwrap();
    assert_eq!(read_within(&mut wire, MOMENT).await, Some(1));
    assert_eq!(read_within(&mut wire, Duration::from_millis(1100)).await, Some(0));
    assert_eq!(read_within(&mut wire, MOMENT).await, Some(0));
    drop(wire);
    let mut answer = String::new();
    caller.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 408 Request Timeout\r\n") && answer.ends_with("\"}\n"), "{answer}");
    assert!(answer.contains("\r\nConnection: close\r\n"), "{answer}");
}

// contract 10.7e: a head that came whole and was answered at once leaves no time behind.
#[tokio::test(start_paused = true)]
async fn the_next_head_has_its_own_time() {
    let (mut caller, mut wire, connection) = connected(1024);
    for _ in 0..3 {
        caller.write_all(b"GET").await.unwrap();
        assert_eq!(read_within(&mut wire, MOMENT).await, Some(3));
        drop(connection.begin());
        assert_eq!(read_within(&mut wire, HEAD * 2).await, None);
    }
}

// contract 10.7e: a caller that does not take its answer.
#[tokio::test(start_paused = true)]
async fn an_answer_that_nobody_takes_is_given_up() {
    let (_caller, mut wire, _) = connected(4);
    let written = timeout(NEARLY_IDLE, wire.write_all(b"12345678")).await;
    assert!(written.is_err(), "it waits");
    let error = timeout(MOMENT * 2, wire.write_all(b"5678")).await.expect("not longer").unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::TimedOut);
}

// contract 10.7d: after an answer to a request that was not read whole, what comes is dropped: as long as something comes, but
// not for ever.
#[tokio::test(start_paused = true)]
async fn the_end_waits_for_a_caller_that_sends() {
    let (mut caller, mut wire, connection) = connected(1024);
    connection.leave_unread();
    let end = tokio::spawn(async move { wire.shutdown().await });
    let begin = Instant::now();
    while !end.is_finished() {
        let _ = caller.write_all(&[0; 512]).await;
        advance(Duration::from_secs(1)).await;
        assert!(begin.elapsed() < LINGER * 2);
    }
    assert!(begin.elapsed() >= LINGER);

    for (silence, sends) in [(LINGER_SILENCE, true), (Duration::ZERO, false)] {
        let (mut caller, mut wire, connection) = connected(1024);
        connection.leave_unread();
        let begin = Instant::now();
        if sends {
            caller.write_all(&[0; 512]).await.unwrap();
            wire.shutdown().await.unwrap();
        } else {
            drop(caller);
            wire.shutdown().await.unwrap();
        }
        assert!(begin.elapsed() >= silence && begin.elapsed() < silence + Duration::from_secs(1));
    }
}

// contract 10.8a: where all was read, nobody is waited for.
#[tokio::test(start_paused = true)]
async fn an_end_in_order_does_not_wait() {
    let (mut caller, mut wire, connection) = connected(1024);
    caller.write_all(b"GET").await.unwrap();
    assert_eq!(read_within(&mut wire, MOMENT).await, Some(3));
    drop(connection.begin());
    timeout(MOMENT, wire.shutdown()).await.unwrap().unwrap();
}
