//! The state of a service in PostgreSQL: one connection, which is made anew when it breaks. What has gathered while the database
//! worked goes to it next, in one statement. (Two connections judge a fifth less: their statements are half as long, and the
//! database plans each.) While there is no connection every question is answered with the reason at once.

use std::collections::{HashSet, VecDeque};
use std::future::Future;
use std::iter;
use std::pin::pin;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use tokio::runtime;
use tokio::sync::mpsc::Receiver;
use tokio::time::sleep;

use super::{Job, QUEUE, ReplySender, Settlement, TOGETHER, send};
use crate::service::log::TARGET;
use crate::state::{
    Attempt, Begun, Connector, Fingerprint, IdempotencyKey, IssuedToken, Judgement, MfaDestination, MfaGuess, MfaId,
    MfaSend, Policy, Postgres, Reservation, Reserved, Salt, TokenHash, Verified,
};
use crate::verification::MemoryError;

/// How long to wait before the second try to connect; before each further one twice as long.
const FIRST_WAIT: Duration = Duration::from_millis(100);
/// How long questions wait for the first try.
const SOON: Duration = Duration::from_millis(500);
/// The longest wait between tries.
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// Opens the state and starts its thread, which ends when nobody can ask any more.
pub fn start(connector: Arc<Connector>, policy: Policy, jobs: Receiver<Job>) -> Result<Salt, MemoryError> {
    let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
    let (opened, is_open) = std::sync::mpsc::channel();
    let named = thread::Builder::new().name("state".to_owned());
    named.spawn(move || {
        runtime.block_on(async {
            match Postgres::open(&connector).await {
                Ok(state) => {
                    let salt = state.salt().clone();
                    let _ = opened.send(Ok(salt.clone()));
                    let worker = Worker { connector, policy, salt, jobs, deferred: VecDeque::new() };
                    Box::pin(worker.run(state)).await;
                }
                Err(error) => drop(opened.send(Err(error))),
            }
        });
    })?;
    is_open.recv().unwrap_or(Err(MemoryError::Unreachable))
}

/// A guess and where its judgement goes.
type PendingGuess = (Attempt, ReplySender<Judgement>);

/// Those who ask, and a connection in its turn.
struct Worker {
    connector: Arc<Connector>,
    policy: Policy,
    /// What fingerprints in the queue were made with.
    salt: Salt,
    jobs: Receiver<Job>,
    /// Guesses for secrets of which another guess is being judged.
    deferred: VecDeque<PendingGuess>,
}

/// Why it no longer works.
enum End {
    /// Nobody can ask any more.
    Unused,
    /// Its connection is of no further use.
    Broken(MemoryError),
}

impl Worker {
    async fn run(mut self, mut state: Postgres) {
        while let End::Broken(error) = self.work(state).await {
            match self.connect(error).await {
                Some(connected) => state = connected,
                None => return,
            }
        }
    }

    /// Works off what is asked, in the order in which it came, as long as the connection serves.
    async fn work(&mut self, mut state: Postgres) -> End {
        let mut gathered = Vec::with_capacity(TOGETHER);
        loop {
            if self.deferred.is_empty() {
                tokio::select! {
                    biased;
                    () = state.closed() => return End::Broken(MemoryError::Unreachable),
                    came = self.jobs.recv_many(&mut gathered, TOGETHER) => if came == 0 { return End::Unused },
                }
            } else {
                while gathered.len() < TOGETHER
                    && let Ok(job) = self.jobs.try_recv()
                {
                    gathered.push(job);
                }
            }
            let together = self.sort(&mut gathered);
            if let Err(error) = together.work(&state, self.policy).await {
                return End::Broken(error);
            }
        }
    }

    /// What goes to the database together: of several guesses for one secret the first one.
    fn sort(&mut self, gathered: &mut Vec<Job>) -> Together {
        let mut together = Together::default();
        let mut secrets = HashSet::new();
        for (attempt, answer) in std::mem::take(&mut self.deferred) {
            self.add(attempt, answer, &mut secrets, &mut together);
        }
        for job in gathered.drain(..) {
            match job {
                Job::Judge(attempt, answer) => self.add(attempt, answer, &mut secrets, &mut together),
                Job::Issue(token, answer) => together.tokens.push((token, answer)),
                Job::ClientOf { hash, now, answer } => together.clients.push(((hash, now), answer)),
                Job::Reserve(reservation, answer) => together.reservations.push((reservation, answer)),
                Job::Settle { key, settlement, answer } => together.settlements.push(((key, settlement), answer)),
                Job::BeginMfa(begin, answer) => together.sends.push((begin, answer)),
                Job::VoidMfa(id, answer) => together.void.push((id, answer)),
                Job::VerifyMfa(guess, answer) => together.codes.push((guess, answer)),
                Job::UnlockDestination(destination, answer) => together.unlocked.push((destination, answer)),
                Job::Check(answer) => together.checks.push(answer),
                // Whatever is committed is where it belongs.
                Job::End(answer) => send(answer, Ok(())),
            }
        }
        together
    }

    fn add(
        &mut self,
        attempt: Attempt,
        answer: ReplySender<Judgement>,
        secrets: &mut HashSet<Fingerprint>,
        together: &mut Together,
    ) {
        if together.guesses.len() < TOGETHER && secrets.insert(attempt.secret) {
            together.guesses.push((attempt, answer));
        } else if self.deferred.len() < QUEUE {
            // It blocks its secret: those that come later for it are not judged before it.
            secrets.insert(attempt.secret);
            self.deferred.push_back((attempt, answer));
        } else {
            send(answer, Err(MemoryError::QueueFull));
        }
    }

    /// Makes a connection, however long it takes; none where nobody can ask any more. Meanwhile whoever asks hears why, unless
    /// it is soon mended.
    async fn connect(&mut self, mut error: MemoryError) -> Option<Postgres> {
        let Self { connector, salt, jobs, deferred, .. } = self;
        tracing::warn!(target: TARGET, cause = error.to_string(), "connection to the state lost");
        deferred.drain(..).for_each(|(_, answer)| send(answer, Err(error)));
        let mut waits = iter::successors(Some(FIRST_WAIT), |wait| Some((*wait * 2).min(LONGEST_WAIT)));
        let mut soon = pin!(sleep(SOON));
        let mut is_soon = true;
        let mut wait = Duration::ZERO;
        loop {
            let pause = sleep(wait);
            let mut connecting = pin!(async {
                pause.await;
                Postgres::reopen(connector, salt).await
            });
            error = loop {
                let mut gathered = Vec::new();
                tokio::select! {
                    biased;
                    connected = &mut connecting => match connected {
                        Ok(state) => {
                            tracing::info!(target: TARGET, "connected to the state again");
                            return Some(state);
                        }
                        Err(error) => break error,
                    },
                    () = &mut soon, if is_soon => is_soon = false,
                    came = jobs.recv_many(&mut gathered, TOGETHER), if !is_soon => {
                        if came == 0 {
                            return None;
                        }
                        for job in gathered {
                            job.refuse(error);
                        }
                    }
                }
            };
            is_soon = false;
            wait = waits.next().unwrap_or(LONGEST_WAIT);
        }
    }
}

/// Whose token it is at which time.
type TokenQuery = (TokenHash, i64);

/// What goes to the database together.
#[derive(Default)]
struct Together {
    guesses: Vec<PendingGuess>,
    tokens: Vec<(IssuedToken, ReplySender<()>)>,
    clients: Vec<(TokenQuery, ReplySender<Option<String>>)>,
    reservations: Vec<(Reservation, ReplySender<Reserved>)>,
    settlements: Vec<((IdempotencyKey, Settlement), ReplySender<()>)>,
    sends: Vec<(MfaSend, ReplySender<Begun>)>,
    void: Vec<(MfaId, ReplySender<()>)>,
    codes: Vec<(MfaGuess, ReplySender<Verified>)>,
    unlocked: Vec<(MfaDestination, ReplySender<()>)>,
    checks: Vec<ReplySender<()>>,
}

impl Together {
    /// Asks the database and answers. Once it does not answer, it is not asked any more.
    async fn work(self, state: &Postgres, policy: Policy) -> Result<(), MemoryError> {
        let mut health = Ok(());
        let (hashes, answers): (Vec<_>, Vec<_>) = self.clients.into_iter().unzip();
        let clients = asked(&mut health, state.clients_of(&hashes)).await;
        answer_all(answers, clients.map(|clients| clients.into_iter().map(Ok).collect()));
        let (tokens, answers): (Vec<_>, Vec<_>) = self.tokens.into_iter().unzip();
        let issued = asked(&mut health, state.issue(&tokens)).await;
        answer_all(answers, issued.map(|()| vec![Ok(()); tokens.len()]));
        for ((key, settlement), answer) in self.settlements {
            send(answer, asked(&mut health, settle(state, &key, settlement)).await);
        }
        for (reservation, answer) in self.reservations {
            send(answer, asked(&mut health, state.reserve(&reservation)).await);
        }
        if !self.checks.is_empty() {
            let checked = asked(&mut health, state.check()).await;
            self.checks.into_iter().for_each(|answer| send(answer, checked));
        }
        for (id, answer) in self.void {
            send(answer, asked(&mut health, state.void_mfa(&id)).await);
        }
        for (destination, answer) in self.unlocked {
            send(answer, asked(&mut health, state.unlock_destination(&destination)).await);
        }
        let (sends, answers): (Vec<_>, Vec<_>) = self.sends.into_iter().unzip();
        let begun = asked(&mut health, state.begin_mfa(&sends)).await;
        answer_all(answers, begun.map(|begun| begun.into_iter().map(Ok).collect()));
        let (guesses, answers): (Vec<_>, Vec<_>) = self.codes.into_iter().unzip();
        let verified = asked(&mut health, state.verify_mfa(&guesses)).await;
        answer_all(answers, verified.map(|verified| verified.into_iter().map(Ok).collect()));
        let (attempts, answers): (Vec<_>, Vec<_>) = self.guesses.into_iter().unzip();
        let judged = asked(&mut health, state.judge_distinct(&attempts, policy)).await;
        let failed =
            judged.iter().flatten().find_map(|judged| judged.err().filter(|error| *error != MemoryError::Busy));
        answer_all(answers, judged);
        health.and(failed.map_or(Ok(()), Err))
    }
}

async fn settle(state: &Postgres, key: &IdempotencyKey, settlement: Settlement) -> Result<(), MemoryError> {
    match settlement {
        Settlement::Answered { kept, expires } => state.answer(key, &kept, expires).await,
        Settlement::Released => state.release(key).await,
    }
}

/// Asks, unless the connection is of no further use.
async fn asked<T>(
    health: &mut Result<(), MemoryError>,
    question: impl Future<Output = Result<T, MemoryError>>,
) -> Result<T, MemoryError> {
    (*health)?;
    let answer = question.await;
    match answer {
        Ok(_) | Err(MemoryError::Busy) => {}
        Err(error) => *health = Err(error),
    }
    answer
}

fn answer_all<T>(answers: Vec<ReplySender<T>>, results: Result<Vec<Result<T, MemoryError>>, MemoryError>) {
    match results {
        Ok(results) => answers.into_iter().zip(results).for_each(|(answer, result)| send(answer, result)),
        Err(error) => answers.into_iter().for_each(|answer| send(answer, Err(error))),
    }
}

impl Job {
    fn refuse(self, error: MemoryError) {
        match self {
            Self::Judge(_, answer) => send(answer, Err(error)),
            Self::Issue(_, answer)
            | Self::Check(answer)
            | Self::Settle { answer, .. }
            | Self::VoidMfa(_, answer)
            | Self::UnlockDestination(_, answer) => send(answer, Err(error)),
            Self::ClientOf { answer, .. } => send(answer, Err(error)),
            Self::Reserve(_, answer) => send(answer, Err(error)),
            Self::BeginMfa(_, answer) => send(answer, Err(error)),
            Self::VerifyMfa(_, answer) => send(answer, Err(error)),
            Self::End(answer) => send(answer, Ok(())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::otp::UnixTime;
    use crate::state::Address;
    use crate::{Adapter, Examination, Operation, Parameters};
    use tokio::sync::{mpsc, oneshot};

    fn worker() -> Worker {
        let address = Address::parse("postgres://localhost/totp").unwrap();
        Worker {
            connector: Arc::new(Connector::new(address, None)),
            policy: Policy::default(),
            salt: Salt::new([0; Salt::BYTES]),
            jobs: mpsc::channel(1).1,
            deferred: VecDeque::new(),
        }
    }

    /// A guess for the secret with this number, which its time tells from others.
    fn job(secret: u32, now: u64) -> (Job, oneshot::Receiver<Result<Judgement, MemoryError>>) {
        let secret = data_encoding::BASE32_NOPAD.encode(&secret.to_be_bytes());
        let document = format!("<TOTP><Password>000000</Password><Secret>{secret}</Secret></TOTP>");
        let mut entropy = |_: &mut _| Ok(());
        let mut adapter = Adapter::new(Some(UnixTime(now)), &mut entropy);
        let examined = adapter.examine(Operation::VerifyPassword, &Parameters::default(), document.as_bytes());
        let Examination::Guess(guess) = examined else { panic!("{examined:?}") };
        let (answer, answered) = oneshot::channel();
        (Job::Judge(Attempt::of(&guess, &Salt::new([0; Salt::BYTES])), answer), answered)
    }

    fn times(guesses: impl IntoIterator<Item = PendingGuess>) -> Vec<i64> {
        guesses.into_iter().map(|(attempt, _)| attempt.now).collect()
    }

    // contract 15.5c: of several for one secret the first goes, and the others keep their order, whatever comes later.
    #[test]
    fn a_secret_goes_once_and_keeps_its_order() {
        let mut worker = worker();
        let mut sort = |jobs: &[(u32, u64)]| {
            let mut gathered = jobs.iter().map(|&(secret, now)| job(secret, now).0).collect();
            times(worker.sort(&mut gathered).guesses)
        };
        assert_eq!(sort(&[(1, 10), (2, 20), (1, 11), (1, 12), (3, 30)]), [10, 20, 30]);
        assert_eq!(sort(&[(1, 13), (2, 21)]), [11, 21]);
        assert_eq!(sort(&[]), [12]);
        assert_eq!(sort(&[(1, 14)]), [13]);
        assert_eq!(sort(&[]), [14]);
        assert_eq!(sort(&[]), [0_i64; 0]);
    }

    #[test]
    fn no_more_wait_than_may() {
        let mut worker = worker();
        let (mut gathered, answers): (Vec<_>, Vec<_>) = (0..QUEUE as u64 + 3).map(|now| job(1, now)).unzip();
        assert_eq!(times(worker.sort(&mut gathered).guesses), [0]);
        let refused = answers.into_iter().filter_map(|mut answer| answer.try_recv().ok());
        assert_eq!(refused.collect::<Vec<_>>(), [Err(MemoryError::QueueFull), Err(MemoryError::QueueFull)]);
        assert_eq!(worker.deferred.len(), QUEUE);
    }
}
