//! The state of the service under load: 64 tasks, each with one guess at a time, against what a pool of eight connections does
//! with a transaction for each. Rates depend on the disk and on what else runs; the ratio says more.
//!
//! `python3 tests/service/postgresql.py cargo bench --features serve --bench store` starts a PostgreSQL for it.

use std::env;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::Mutex;
use tokio_postgres::{Client, NoTls, Statement};
use totp_adapter::otp::UnixTime;
use totp_adapter::service::store::Store;
use totp_adapter::state::{Attempt, Location, Policy, Salt};
use totp_adapter::{Adapter, Examination, Guess, Operation, Parameters};

const TASKS: usize = 64;
const CONNECTIONS: usize = 8;
const SECRETS: u32 = 20_000;
const NOW: u64 = 1_111_111_109;
const ROUND: Duration = Duration::from_secs(5);

#[tokio::main]
async fn main() {
    let guesses: Arc<[Guess]> = (0..SECRETS).map(guess).collect();
    let folder = tempfile::tempdir().unwrap();
    let file = Location::Sqlite(folder.path().join("state.db"));
    let Ok(url) = env::var("POSTGRES_URL") else {
        eprintln!("SKIPPED: POSTGRES_URL is missing");
        return;
    };
    // Nobody is slowed down: every guess is counted, and its row written.
    let policy = Policy { attempts: "0".parse().unwrap(), ..Policy::default() };
    let sqlite = Store::open(&file, None, policy).unwrap();
    let postgres = Store::open(&Location::Postgres(url.clone()), None, policy).unwrap();
    let pool = Arc::new(Pool::open(&url).await);
    for round in 1..=3 {
        let of_sqlite = of_store(&guesses, &sqlite).await;
        let of_postgres = of_store(&guesses, &postgres).await;
        let of_pool = of_pool(&guesses, &pool).await;
        println!(
            "round {round}: SQLite {of_sqlite:.0}/s, PostgreSQL {of_postgres:.0}/s, {CONNECTIONS} connections \
             {of_pool:.0}/s; PostgreSQL against these: {:.2}",
            of_postgres / of_pool
        );
    }
}

/// A wrong password for the secret with this number.
fn guess(number: u32) -> Guess {
    let secret = data_encoding::BASE32_NOPAD.encode(&[number.to_be_bytes(); 5].concat());
    let document = format!("<TOTP><Password>000000</Password><Secret>{secret}</Secret></TOTP>");
    let mut entropy = |_: &mut _| Ok(());
    let mut adapter = Adapter::new(Some(UnixTime(NOW)), &mut entropy);
    match adapter.examine(Operation::VerifyPassword, &Parameters::default(), document.as_bytes()) {
        Examination::Guess(guess) => guess,
        other @ (Examination::Answer(_) | Examination::Unlock(_)) => panic!("{other:?}"),
    }
}

/// How many guesses are judged in a second.
async fn of_store(guesses: &Arc<[Guess]>, store: &Store) -> f64 {
    let store = store.clone();
    rate(guesses, move |guesses, place| {
        let store = store.clone();
        async move { store.judge(&guesses[place]).await.map(drop).unwrap() }
    })
    .await
}

async fn of_pool(guesses: &Arc<[Guess]>, pool: &Arc<Pool>) -> f64 {
    let pool = pool.clone();
    rate(guesses, move |guesses, place| {
        let pool = pool.clone();
        async move { pool.judge(&guesses[place]).await }
    })
    .await
}

async fn rate<F>(guesses: &Arc<[Guess]>, judge: impl Fn(Arc<[Guess]>, usize) -> F + Clone + Send + 'static) -> f64
where
    F: Future<Output = ()> + Send,
{
    let next = Arc::new(AtomicUsize::new(0));
    let begin = Instant::now();
    let tasks: Vec<_> = (0..TASKS)
        .map(|_| {
            let (next, guesses, judge) = (next.clone(), guesses.clone(), judge.clone());
            tokio::spawn(async move {
                while begin.elapsed() < ROUND {
                    // Neighbours in time are no neighbours in the table.
                    let place = next.fetch_add(1, Ordering::Relaxed) * 7919 % guesses.len();
                    judge(guesses.clone(), place).await;
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    f64::from(u32::try_from(next.load(Ordering::Relaxed)).unwrap()) / begin.elapsed().as_secs_f64()
}

/// Connections of which each does one thing at a time, in a transaction of its own.
struct Pool {
    connections: Vec<Mutex<(Client, Statement)>>,
    next: AtomicUsize,
    salt: Salt,
}

impl Pool {
    async fn open(url: &str) -> Self {
        let mut connections = Vec::new();
        for _ in 0..CONNECTIONS {
            let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
            tokio::spawn(connection);
            client
                .batch_execute("CREATE SCHEMA IF NOT EXISTS pool; CREATE TABLE IF NOT EXISTS pool.used (code BYTEA PRIMARY KEY, step BIGINT, failures BIGINT)")
                .await
                .unwrap();
            // Less than a judgement: the last step and the failures, without a delay or an end.
            let statement = client
                .prepare(
                    "INSERT INTO pool.used AS u VALUES ($1, $2, 1) ON CONFLICT (code) DO UPDATE SET \
                     step = greatest(u.step, excluded.step), failures = u.failures + 1 RETURNING failures",
                )
                .await
                .unwrap();
            connections.push(Mutex::new((client, statement)));
        }
        Self { connections, next: AtomicUsize::new(0), salt: Salt::new([0; Salt::BYTES]) }
    }

    async fn judge(&self, guess: &Guess) {
        let attempt = Attempt::of(guess, &self.salt);
        let place = self.next.fetch_add(1, Ordering::Relaxed) % CONNECTIONS;
        let connection = self.connections[place].lock().await;
        let code: &[u8] = attempt.code.as_bytes();
        connection.0.query_one(&connection.1, &[&code, &attempt.step]).await.unwrap();
    }
}
