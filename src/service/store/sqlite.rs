//! The state of a service in a file of SQLite: one thread has it, and commits together what has gathered.

use std::path::Path;
use std::thread;

use tokio::sync::mpsc::Receiver;

use super::{Job, ReplySender, Settlement, TOGETHER, send};
use crate::state::{IdempotencyKey, Policy, Salt, Sqlite};
use crate::verification::MemoryError;

/// Opens the file and starts its thread, which ends when nobody can ask any more.
pub fn start(file: &Path, policy: Policy, jobs: Receiver<Job>) -> Result<Salt, MemoryError> {
    let mut state = Sqlite::open(file)?;
    state.expect_many()?;
    // One that can only be read would refuse every guess.
    state.check()?;
    let salt = state.salt().clone();
    let writer = Writer { state, policy };
    let named = thread::Builder::new().name("state".to_owned());
    named.spawn(move || writer.run(jobs))?;
    Ok(salt)
}

struct Writer {
    state: Sqlite,
    policy: Policy,
}

impl Writer {
    fn run(mut self, mut jobs: Receiver<Job>) {
        let mut gathered = Vec::with_capacity(TOGETHER);
        while jobs.blocking_recv_many(&mut gathered, TOGETHER) > 0 {
            let mut guesses = Vec::with_capacity(gathered.len());
            let (mut sends, mut codes) = (Vec::new(), Vec::with_capacity(gathered.len()));
            let mut end = None;
            for job in gathered.drain(..) {
                match job {
                    Job::Judge(attempt, answer) => guesses.push((attempt, answer)),
                    Job::Issue(token, answer) => send(answer, self.state.issue(&token)),
                    Job::ClientOf { hash, now, answer } => send(answer, self.state.client_of(&hash, now)),
                    Job::Reserve(reservation, answer) => send(answer, self.state.reserve(&reservation)),
                    Job::Settle { key, settlement, answer } => send(answer, self.settle(&key, settlement)),
                    Job::BeginMfa(begin, answer) => sends.push((begin, answer)),
                    Job::VoidMfa(id, answer) => send(answer, self.state.void_mfa(&id)),
                    Job::VerifyMfa(guess, answer) => codes.push((guess, answer)),
                    Job::UnlockDestination(destination, answer) => {
                        send(answer, self.state.unlock_destination(&destination));
                    }
                    Job::Check(answer) => send(answer, self.state.check()),
                    Job::End(answer) => end = Some(answer),
                }
            }
            together(guesses, |attempts| self.state.judge(attempts, self.policy));
            together(sends, |sends| self.state.begin_mfa(sends));
            together(codes, |guesses| self.state.verify_mfa(guesses));
            if let Some(answer) = end {
                return send(answer, self.state.close());
            }
        }
    }

    fn settle(&mut self, key: &IdempotencyKey, settlement: Settlement) -> Result<(), MemoryError> {
        match settlement {
            Settlement::Answered { kept, expires } => self.state.answer(key, &kept, expires),
            Settlement::Released => self.state.release(key),
        }
    }
}

/// Asks what has gathered in one transaction.
fn together<Q, A>(gathered: Vec<(Q, ReplySender<A>)>, ask: impl FnOnce(&[Q]) -> Result<Vec<A>, MemoryError>) {
    if gathered.is_empty() {
        return;
    }
    let (questions, answers): (Vec<Q>, Vec<ReplySender<A>>) = gathered.into_iter().unzip();
    match ask(&questions) {
        Ok(results) => answers.into_iter().zip(results).for_each(|(answer, result)| send(answer, Ok(result))),
        Err(error) => answers.into_iter().for_each(|answer| send(answer, Err(error))),
    }
}
