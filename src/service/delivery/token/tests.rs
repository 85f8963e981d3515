use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::time::sleep;

use super::super::Confidential;
use super::answer::Lifetime;
use super::*;

/// The clock of the runtime, which goes on only where everybody waits.
fn clock() -> Instant {
    tokio::time::Instant::now().into_std()
}

/// A token server: how long it takes, and what it answers to the first, the second and so on; the last answer stays.
struct Server {
    source: TokenSource,
    requests: Arc<AtomicUsize>,
}

impl Server {
    fn new(takes: Duration, answers: impl Fn(usize) -> Result<Lifetime, TokenError> + Send + Sync + 'static) -> Self {
        let requests = Arc::new(AtomicUsize::new(0));
        let (counted, answers) = (requests.clone(), Arc::new(answers));
        let fetch = move || {
            let (counted, answers) = (counted.clone(), answers.clone());
            Box::pin(async move {
                let number = counted.fetch_add(1, Ordering::SeqCst) + 1;
                sleep(takes).await;
                answers(number).map(|lifetime| Issued { token: Confidential::new(format!("token-{number}")), lifetime })
            }) as Fetching
        };
        Self { source: TokenSource::new(fetch, clock), requests }
    }

    fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }

    async fn token(&self) -> Result<String, TokenError> {
        self.source.token().await.map(|token| token.reveal().to_owned())
    }
}

const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

const fn lives(life: u64) -> Lifetime {
    Lifetime::For(seconds(life))
}

const DOWN: TokenError = TokenError::Status { status: 503, code: None };

// contract 13.1f
#[tokio::test(start_paused = true)]
async fn all_who_wait_share_one_request_and_no_more_wait() {
    let server = Arc::new(Server::new(seconds(5), |_| Ok(lives(3600))));
    let tasks: Vec<_> = (0..MAX_WAITING + 20)
        .map(|_| {
            let server = server.clone();
            tokio::spawn(async move { server.token().await })
        })
        .collect();
    let mut results = Vec::new();
    for task in tasks {
        results.push(task.await.unwrap());
    }
    assert_eq!(results.iter().filter(|result| **result == Ok("token-1".to_owned())).count(), MAX_WAITING);
    assert_eq!(results.iter().filter(|result| **result == Err(TokenError::Crowded)).count(), 20);
    assert_eq!(server.requests(), 1);
    // Those who leave make room.
    assert_eq!(server.token().await, Ok("token-1".to_owned()));
}

// contract 13.1e
#[tokio::test(start_paused = true)]
async fn nobody_waits_for_a_renewal() {
    let server = Server::new(seconds(5), |_| Ok(lives(100)));
    assert_eq!(server.token().await, Ok("token-1".to_owned()));
    sleep(seconds(89)).await;
    assert_eq!(server.token().await, Ok("token-1".to_owned()));
    assert_eq!(server.requests(), 1);
    sleep(seconds(1)).await;
    for _ in 0..50 {
        let begin = tokio::time::Instant::now();
        assert_eq!(server.token().await, Ok("token-1".to_owned()));
        assert_eq!(begin.elapsed(), Duration::ZERO);
        tokio::task::yield_now().await;
    }
    assert_eq!(server.requests(), 2);
    sleep(seconds(6)).await;
    assert_eq!(server.token().await, Ok("token-2".to_owned()));
    assert_eq!(server.requests(), 2);
}

// contract 13.1e, 13.1g
#[tokio::test(start_paused = true)]
async fn the_old_token_serves_to_its_end_where_the_renewal_fails() {
    let server = Server::new(Duration::ZERO, |number| if number == 1 { Ok(lives(100)) } else { Err(DOWN) });
    assert_eq!(server.token().await, Ok("token-1".to_owned()));
    sleep(seconds(90)).await;
    for _ in 0..10 {
        assert_eq!(server.token().await, Ok("token-1".to_owned()));
        sleep(seconds(1)).await;
    }
    // At 90, 91, 93 and 97 s: the waits double.
    assert_eq!(server.requests(), 5);
    sleep(Duration::from_millis(1)).await;
    assert_eq!(server.token().await, Err(DOWN));
}

// contract 13.1g
#[tokio::test(start_paused = true)]
async fn a_failure_fails_all_who_wait_and_is_not_kept() {
    let server = Server::new(seconds(1), |number| if number <= 2 { Err(DOWN) } else { Ok(lives(100)) });
    let both = tokio::join!(server.token(), server.token());
    assert_eq!(both, (Err(DOWN), Err(DOWN)));
    assert_eq!(server.requests(), 1);
    // The next one waits for a second, and then for the answer, instead of getting the old failure.
    let begin = tokio::time::Instant::now();
    assert_eq!(server.token().await, Err(DOWN));
    assert_eq!(begin.elapsed(), seconds(2));
    assert_eq!(server.token().await, Ok("token-3".to_owned()));
    assert_eq!(begin.elapsed(), seconds(5));
    assert_eq!(server.requests(), 3);
}

// contract 13.1d
#[tokio::test(start_paused = true)]
async fn a_token_without_a_life_serves_one_of_those_who_wait() {
    let server = Server::new(seconds(1), |_| Ok(Lifetime::OneDelivery));
    let (first, second, third) = tokio::join!(server.token(), server.token(), server.token());
    let mut tokens = [first.unwrap(), second.unwrap(), third.unwrap()];
    tokens.sort();
    assert_eq!(tokens, ["token-1", "token-2", "token-3"]);
    assert_eq!(server.requests(), 3);
}

// contract 13.1i
#[tokio::test(start_paused = true)]
async fn all_who_were_refused_with_one_token_share_the_next() {
    let server = Server::new(seconds(1), |_| Ok(lives(100)));
    let old = server.source.token().await.unwrap();
    let (first, second) = tokio::join!(server.source.instead_of(&old), server.source.instead_of(&old));
    assert_eq!([first.unwrap().reveal(), second.unwrap().reveal()], ["token-2", "token-2"]);
    // One who hears of it late does not throw the new one away.
    assert_eq!(server.source.instead_of(&old).await.unwrap().reveal(), "token-2");
    assert_eq!(server.requests(), 2);
}

// contract 13.1f: the request belongs to all, not to the one who began it.
#[tokio::test(start_paused = true)]
async fn a_request_outlives_the_one_who_began_it() {
    let server = Server::new(seconds(5), |_| Ok(lives(100)));
    assert!(tokio::time::timeout(seconds(1), server.token()).await.is_err());
    assert_eq!(server.token().await, Ok("token-1".to_owned()));
    assert_eq!(server.requests(), 1);
}

// contract 13.1f
#[tokio::test(start_paused = true)]
async fn a_request_that_is_broken_off_leaves_room_for_the_next() {
    let source = TokenSource::new(|| Box::pin(std::future::ready(Err(DOWN))), clock);
    let flight = Flight { shared: source.0.clone(), is_under_way: true };
    source.0.lock().flight = Some(watch::Sender::new(None));
    let waiting = async { source.token().await.map(drop) };
    let (result, ()) = tokio::join!(waiting, async { drop(flight) });
    assert_eq!(result, Err(TokenError::BrokenOff));
    assert_eq!(source.token().await.map(drop), Err(DOWN));
}
