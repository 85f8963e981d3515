//! The state of the service (contract 15): a queue of questions, and whoever works them off together. What has gathered while
//! the last ones were written goes next, so that under load one write serves many. It knows neither HTTP nor documents.

mod postgres;
mod sqlite;

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};

use crate::state::{
    Address, Attempt, Begun, CodeHash, Connector, IdempotencyKey, IssuedToken, Judgement, Location, MfaDestination,
    MfaGuess, MfaId, MfaRequest, MfaSend, Policy, Quota, Reservation, Reserved, Salt, TokenHash, Verified,
};
use crate::verification::{Guess, MemoryError};
use zeroize::Zeroizing;

/// How many questions may wait: more are refused, since they would wait longer than their callers do.
const QUEUE: usize = 1024;
/// How many of them are worked off together.
const TOGETHER: usize = 256;

/// The state of a service. Clones ask the same one.
#[derive(Clone)]
pub struct Store {
    jobs: mpsc::Sender<Job>,
    salt: Arc<Salt>,
    /// What opens connections to a database, if there is one.
    connector: Option<Arc<Connector>>,
}

/// Where an answer goes; nobody may be waiting for it any more.
type ReplySender<T> = oneshot::Sender<Result<T, MemoryError>>;

/// A question. It is worked off also where its caller has gone: a guess counts, whoever waits for it.
enum Job {
    Judge(Attempt, ReplySender<Judgement>),
    Issue(IssuedToken, ReplySender<()>),
    ClientOf { hash: TokenHash, now: i64, answer: ReplySender<Option<String>> },
    Reserve(Reservation, ReplySender<Reserved>),
    Settle { key: IdempotencyKey, settlement: Settlement, answer: ReplySender<()> },
    BeginMfa(MfaSend, ReplySender<Begun>),
    VoidMfa(MfaId, ReplySender<()>),
    VerifyMfa(MfaGuess, ReplySender<Verified>),
    UnlockDestination(MfaDestination, ReplySender<()>),
    Check(ReplySender<()>),
    End(ReplySender<()>),
}

/// What becomes of a request that was reserved.
enum Settlement {
    /// It was carried out: this is kept of the answer, until then, in seconds since 1970.
    Answered { kept: Vec<u8>, expires: i64 },
    /// It was not.
    Released,
}

impl Store {
    /// Opens the state, a database with this password where it asks for one, and begins to work.
    ///
    /// # Errors
    ///
    /// [`MemoryError`] where it cannot be opened.
    pub fn open(location: &Location, password: Option<Zeroizing<String>>, policy: Policy) -> Result<Self, MemoryError> {
        let (jobs, queue) = mpsc::channel(QUEUE);
        let (salt, connector) = match location {
            Location::Sqlite(file) => (sqlite::start(file, policy, queue)?, None),
            Location::Postgres(address) => {
                let address = Address::parse(address).map_err(|_| MemoryError::Address)?;
                let connector = Arc::new(Connector::new(address, password));
                (postgres::start(connector.clone(), policy, queue)?, Some(connector))
            }
        };
        Ok(Self { jobs, salt: Arc::new(salt), connector })
    }

    /// Takes another password, for connections to a database that are opened from now on.
    pub fn set_password(&self, password: Option<Zeroizing<String>>) {
        if let Some(connector) = &self.connector {
            connector.set_password(password);
        }
    }

    /// What the state says of a guess, which it has counted.
    ///
    /// # Errors
    ///
    /// [`MemoryError`] where it cannot say anything.
    pub async fn judge(&self, guess: &Guess) -> Result<Judgement, MemoryError> {
        let attempt = Attempt::of(guess, &self.salt);
        self.ask(|answer| Job::Judge(attempt, answer)).await
    }

    /// Keeps a token.
    ///
    /// # Errors
    ///
    /// [`MemoryError`] where it may not be kept.
    pub async fn issue(&self, token: IssuedToken) -> Result<(), MemoryError> {
        self.ask(|answer| Job::Issue(token, answer)).await
    }

    /// The id of the client that a token was issued to; none where it is not valid at this time, in seconds since 1970.
    ///
    /// # Errors
    ///
    /// [`MemoryError`] where the state cannot tell.
    pub async fn client_of(&self, hash: TokenHash, now: i64) -> Result<Option<String>, MemoryError> {
        self.ask(|answer| Job::ClientOf { hash, now, answer }).await
    }

    /// Reserves a request that may be repeated for whoever asks first.
    ///
    /// # Errors
    ///
    /// [`MemoryError`] where the state cannot say anything.
    pub async fn reserve(&self, reservation: Reservation) -> Result<Reserved, MemoryError> {
        self.ask(|answer| Job::Reserve(reservation, answer)).await
    }

    /// Keeps what was answered to a request that was reserved until it is forgotten, in seconds since 1970.
    ///
    /// # Errors
    ///
    /// [`MemoryError`] where it may not be kept.
    pub async fn answer(&self, key: IdempotencyKey, kept: Vec<u8>, expires: i64) -> Result<(), MemoryError> {
        let settlement = Settlement::Answered { kept, expires };
        self.ask(|answer| Job::Settle { key, settlement, answer }).await
    }

    /// Forgets a request that was reserved and not carried out.
    ///
    /// # Errors
    ///
    /// [`MemoryError`] where it may not be forgotten: then nobody else carries it out until its reservation ends.
    pub async fn release(&self, key: IdempotencyKey) -> Result<(), MemoryError> {
        self.ask(|answer| Job::Settle { key, settlement: Settlement::Released, answer }).await
    }

    /// What stands for the destination with this number in E.164.
    #[must_use]
    pub fn destination(&self, number: &str) -> MfaDestination {
        MfaDestination::of(number, &self.salt)
    }

    /// Counts a send and keeps its request, or says why not; `now` is in seconds since 1970.
    ///
    /// # Errors
    ///
    /// [`MemoryError`] where it may not be kept; the send may have been counted all the same.
    pub async fn begin_mfa(&self, request: MfaRequest, quota: Quota, now: i64) -> Result<Begun, MemoryError> {
        self.ask(|answer| Job::BeginMfa(MfaSend { request, quota, now }, answer)).await
    }

    /// Ends a request whose code was not delivered. Its send stays counted.
    ///
    /// # Errors
    ///
    /// [`MemoryError`] where the request may still be open: it takes guesses until it ends.
    pub async fn void_mfa(&self, id: MfaId) -> Result<(), MemoryError> {
        self.ask(|answer| Job::VoidMfa(id, answer)).await
    }

    /// What the state says of a code that is offered for a request, which it has counted; `now` is in seconds since 1970.
    ///
    /// # Errors
    ///
    /// [`MemoryError`] where it cannot say anything.
    pub async fn verify_mfa(&self, id: MfaId, code: CodeHash, quota: Quota, now: i64) -> Result<Verified, MemoryError> {
        self.ask(|answer| Job::VerifyMfa(MfaGuess { id, code, quota, now }, answer)).await
    }

    /// Forgets the wrong guesses for a destination.
    ///
    /// # Errors
    ///
    /// [`MemoryError`] where they may not be forgotten.
    pub async fn unlock_destination(&self, destination: MfaDestination) -> Result<(), MemoryError> {
        self.ask(|answer| Job::UnlockDestination(destination, answer)).await
    }

    /// Whether the state answers.
    ///
    /// # Errors
    ///
    /// [`MemoryError`] where it does not.
    pub async fn check(&self) -> Result<(), MemoryError> {
        self.ask(Job::Check).await
    }

    /// Ends the work once all that was asked before is answered. The state is then whole where it is kept: SQLite's log of
    /// changes is gone, unless other processes need it.
    ///
    /// # Errors
    ///
    /// [`MemoryError`] where the log stays. Nothing is lost by that.
    pub async fn end(&self) -> Result<(), MemoryError> {
        let (answer, answered) = oneshot::channel();
        self.jobs.send(Job::End(answer)).await.map_err(|_| MemoryError::Closed)?;
        answered.await.unwrap_or(Err(MemoryError::Closed))
    }

    /// How many questions wait.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.jobs.max_capacity() - self.jobs.capacity()
    }

    async fn ask<T>(&self, job: impl FnOnce(ReplySender<T>) -> Job) -> Result<T, MemoryError> {
        let (answer, answered) = oneshot::channel();
        self.jobs.try_send(job(answer)).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => MemoryError::QueueFull,
            mpsc::error::TrySendError::Closed(_) => MemoryError::Closed,
        })?;
        answered.await.unwrap_or(Err(MemoryError::Closed))
    }
}

/// Whoever asked may have gone.
fn send<T>(answer: ReplySender<T>, result: Result<T, MemoryError>) {
    let _ = answer.send(result);
}

#[cfg(test)]
mod tests {
    use std::env;
    use std::process::{self, Command, Stdio};
    use std::sync::Arc;
    use std::task::{Context, Poll, Wake, Waker};
    use std::thread;

    use super::*;

    const IS_CHILD: &str = "TOTP_ADAPTER_STATE_PANICS";

    /// The exit code of a child whose panic was not that of the writer, or did not end it.
    const OUTLIVED: i32 = 77;

    /// A caller who panics when the answer comes: in the thread that sends it, which is the state's.
    struct Panics;

    impl Wake for Panics {
        fn wake(self: Arc<Self>) {
            if thread::current().name() != Some("state") {
                process::exit(OUTLIVED);
            }
            panic!("with a secret");
        }
    }

    // contract 11.1c: who would wait longer than anybody does is refused at once; who waits is answered.
    #[tokio::test]
    async fn no_more_wait_than_can_be_served() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("state.db");
        let store = Store::open(&Location::Sqlite(file.clone()), None, Policy::default()).unwrap();
        assert_eq!((store.check().await, store.waiting()), (Ok(()), 0));
        let other = rusqlite::Connection::open(file).unwrap();
        other.execute_batch("BEGIN IMMEDIATE").unwrap();
        let mut context = Context::from_waker(Waker::noop());
        let mut asked = Vec::new();
        let refused = (0..=QUEUE + 2 * TOGETHER).find_map(|_| {
            let mut check = Box::pin(store.check());
            match check.as_mut().poll(&mut context) {
                Poll::Ready(answer) => Some(answer),
                Poll::Pending => {
                    asked.push(check);
                    None
                }
            }
        });
        assert_eq!(refused, Some(Err(MemoryError::QueueFull)));
        // Some are being worked off.
        assert!(asked.len() >= QUEUE && store.waiting() >= QUEUE - TOGETHER);
        other.execute_batch("ROLLBACK").unwrap();
        for check in asked {
            let answer = check.await;
            // A slow machine may have kept it waiting for as long as SQLite does.
            assert!(matches!(answer, Ok(()) | Err(MemoryError::Busy)), "{answer:?}");
        }
        assert_eq!(store.check().await, Ok(()));
    }

    // contract 10.8c: no request could be answered any more.
    #[test]
    fn a_panic_of_the_writer_ends_the_process() {
        if env::var_os(IS_CHILD).is_some() {
            crate::stderr::end_with_any_panic();
            crate::service::guard::install();
            let folder = tempfile::tempdir().unwrap();
            let location = Location::Sqlite(folder.path().join("state.db"));
            let store = Store::open(&location, None, Policy::default()).unwrap();
            let waker = Waker::from(Arc::new(Panics));
            let mut waiting = Vec::new();
            loop {
                // Where the answer is there before anybody waits for it, nobody is woken: another one is asked for.
                let mut asked = Box::pin(store.check());
                match asked.as_mut().poll(&mut Context::from_waker(&waker)) {
                    Poll::Pending => waiting.push(asked),
                    Poll::Ready(Err(MemoryError::Closed)) => process::exit(OUTLIVED),
                    Poll::Ready(Ok(()) | Err(_)) => thread::yield_now(),
                }
            }
        }
        let mut child = Command::new(env::current_exe().unwrap());
        let name = "service::store::tests::a_panic_of_the_writer_ends_the_process";
        let output =
            child.args(["--exact", name, "--nocapture"]).env(IS_CHILD, "1").stdout(Stdio::null()).output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert!(stderr.starts_with("totp-adapter: internal error at "), "{stderr}");
        assert!(stderr.ends_with("; please report it\n") && stderr.lines().count() == 1, "{stderr}");
        assert_eq!(output.status.code(), Some(2));
    }
}
