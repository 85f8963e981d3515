//! The memory of used passwords, as what it decides and keeps, against a plain model of contract 15.2 and 15.3. Every test runs on
//! SQLite and, where `POSTGRES_URL` names a database that it may make schemas in, on PostgreSQL: `tests/service/postgresql.py`
//! starts one.
#![cfg(feature = "state")]

mod mfa;
mod model;
#[cfg(feature = "serve")]
mod postgres;
#[cfg(feature = "serve")]
mod service;
mod store;

use std::collections::HashSet;
use std::fs;
use std::process::Command;
use std::sync::Barrier;

use crate::on_each_store;
use model::Model;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use store::{Place, State};
use totp_adapter::otp::{CodeParameters, Secret, UnixTime};
use totp_adapter::state::{
    Attempt, IdempotencyKey, IssuedToken, Judgement, Policy, Reservation, Reserved, Salt, Sqlite, TokenHash,
};
use totp_adapter::verification::MemoryError;
use totp_adapter::{Adapter, Examination, Guess, Operation, Parameters, Verdict};

on_each_store! {
    a_password_is_accepted_once_and_no_earlier_one_after_it,
    wrong_passwords_slow_the_next_ones_down,
    what_is_not_counted,
    a_final_lock_lasts_until_somebody_unlocks_it,
    a_clock_that_went_back_is_told_apart,
    other_parameters_are_other_passwords_of_the_same_budget,
    nothing_is_remembered_for_ever,
    each_store_judges_as_the_model,
    in_parallel_one_is_accepted,
    in_parallel_no_more_than_five_are_looked_at,
    in_parallel_each_set_of_parameters_has_one_accepted,
    batches_at_once_keep_nobody_waiting,
    tokens_are_valid_until_they_end,
    first_starts_at_once,
    newer_states_are_refused_and_stay,
    older_states_are_completed,
    a_request_is_carried_out_once,
    of_many_one_carries_a_request_out,
}

const NOW: u64 = 1_111_111_109;
const DAY: u64 = 86_400;

fn policy(attempts: u8, lock_after: u16, one_time: bool) -> Policy {
    Policy {
        one_time,
        attempts: attempts.to_string().parse().unwrap(),
        lock_after: lock_after.to_string().parse().unwrap(),
    }
}

/// A guess as the adapter makes it: the password of a step, or a wrong one.
fn guess(secret: &str, code: CodeParameters, now: u64, step: Option<u64>) -> Guess {
    let period = u64::from(code.period.seconds());
    let key = Secret::from_base32(secret).unwrap();
    let current = now / period;
    let steps = current.saturating_sub(1)..=current + 1;
    let right: Vec<String> = steps.map(|step| password(&key, code, step)).collect();
    let digits = usize::from(code.digits.count());
    let wrong = || (0..100).map(|number| format!("{number:0digits$}")).find(|text| !right.contains(text)).unwrap();
    let text = step.map_or_else(wrong, |step| password(&key, code, step));
    let document = format!("<TOTP><Password>{text}</Password><Secret>{secret}</Secret></TOTP>");
    let mut entropy = |_: &mut _| Ok(());
    let mut adapter = Adapter::new(Some(UnixTime(now)), &mut entropy);
    let parameters = Parameters { code, ..Parameters::default() };
    match adapter.examine(Operation::VerifyPassword, &parameters, document.as_bytes()) {
        Examination::Guess(guess) => guess,
        other @ (Examination::Answer(_) | Examination::Unlock(_)) => panic!("{other:?}"),
    }
}

fn password(key: &Secret, code: CodeParameters, step: u64) -> String {
    let time = UnixTime(step * u64::from(code.period.seconds()));
    totp_adapter::otp::Password::generate(key, code, time).as_str().to_owned()
}

const SECRET: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

fn judge(state: &mut State, policy: Policy, guess: &Guess) -> Judgement {
    let attempt = Attempt::of(guess, state.salt());
    state.judge(&[attempt], policy).unwrap()[0]
}

/// What a usual guess at a time comes to.
fn offer(state: &mut State, now: u64, step: Option<u64>) -> Verdict {
    judge(state, Policy::default(), &guess(SECRET, CodeParameters::default(), now, step)).verdict
}

// contract 15.1b: not again, nor one of an earlier step; R1: step n, then n - 1.
fn a_password_is_accepted_once_and_no_earlier_one_after_it(place: &Place) {
    let mut state = place.open();
    let step = NOW / 30;
    assert_eq!(offer(&mut state, NOW, Some(step)), Verdict::Accepted);
    assert_eq!(offer(&mut state, NOW, Some(step)), Verdict::Replayed);
    assert_eq!(offer(&mut state, NOW, Some(step - 1)), Verdict::Replayed);
    assert_eq!(offer(&mut state, NOW, Some(step + 1)), Verdict::Accepted);
    assert_eq!(offer(&mut state, NOW + 30, Some(step + 1)), Verdict::Replayed);
    assert_eq!(offer(&mut state, NOW + 30, Some(step + 2)), Verdict::Accepted);
}

// contract 15.3a, 15.3b: the delays, in full; R9: after one has passed, the next is longer.
fn wrong_passwords_slow_the_next_ones_down(place: &Place) {
    let mut state = place.open();
    for _ in 0..5 {
        assert_eq!(offer(&mut state, NOW, None), Verdict::Wrong);
    }
    let mut now = NOW;
    for delay in [30, 60, 120, 240, 480, 960, 1920, 3600, 3600] {
        // Right ones are not looked at either, and nothing of it counts.
        assert_eq!(offer(&mut state, now, Some(now / 30)), Verdict::Throttled { seconds: delay });
        assert_eq!(offer(&mut state, now + delay - 1, None), Verdict::Throttled { seconds: 1 });
        now += delay;
        assert_eq!(offer(&mut state, now, None), Verdict::Wrong);
    }
    now += 3600;
    assert_eq!(offer(&mut state, now, Some(now / 30)), Verdict::Accepted);
    // A match forgets the failures.
    for _ in 0..5 {
        assert_eq!(offer(&mut state, now, None), Verdict::Wrong);
    }
    assert_eq!(offer(&mut state, now, None), Verdict::Throttled { seconds: 30 });
}

// contract 15.3c, 15.3d: replays are not counted, and a right password that is not looked at is not used up.
fn what_is_not_counted(place: &Place) {
    let mut state = place.open();
    // The first second of a step, so that its password is right for 60 s more.
    let now = NOW / 30 * 30;
    assert_eq!(offer(&mut state, now, Some(now / 30 - 1)), Verdict::Accepted);
    for _ in 0..20 {
        assert_eq!(offer(&mut state, now, Some(now / 30 - 1)), Verdict::Replayed);
    }
    for _ in 0..5 {
        assert_eq!(offer(&mut state, now, None), Verdict::Wrong);
    }
    assert_eq!(offer(&mut state, now, Some(now / 30)), Verdict::Throttled { seconds: 30 });
    assert_eq!(offer(&mut state, now + 30, Some(now / 30)), Verdict::Accepted);
}

// contract 15.3b, 15.3e
fn a_final_lock_lasts_until_somebody_unlocks_it(place: &Place) {
    let mut state = place.open();
    let (limits, usual) = (policy(0, 3, true), CodeParameters::default());
    for failures in 1..=3 {
        let judgement = judge(&mut state, limits, &guess(SECRET, usual, NOW, None));
        assert_eq!((judgement.verdict, judgement.failures), (Verdict::Wrong, failures));
    }
    for now in [NOW, NOW + DAY, NOW + 400 * DAY] {
        assert_eq!(judge(&mut state, limits, &guess(SECRET, usual, now, Some(now / 30))).verdict, Verdict::Locked);
        // Also where the lock is no longer asked for.
        assert_eq!(offer(&mut state, now, Some(now / 30)), Verdict::Locked);
    }
    let fingerprint = state.salt().of_secret(&Secret::from_base32(SECRET).unwrap());
    state.unlock(&fingerprint).unwrap();
    assert_eq!(offer(&mut state, NOW, Some(NOW / 30)), Verdict::Accepted);
    // What was accepted is remembered beyond an unlocking.
    state.unlock(&fingerprint).unwrap();
    assert_eq!(offer(&mut state, NOW, Some(NOW / 30)), Verdict::Replayed);
}

// contract 15.4b
fn a_clock_that_went_back_is_told_apart(place: &Place) {
    let mut state = place.open();
    assert_eq!(offer(&mut state, NOW, Some(NOW / 30 + 1)), Verdict::Accepted);
    assert_eq!(offer(&mut state, NOW, Some(NOW / 30)), Verdict::Replayed);
    assert_eq!(offer(&mut state, NOW - 30, Some(NOW / 30)), Verdict::ClockWentBack);
    assert_eq!(offer(&mut state, NOW - 60, Some(NOW / 30 - 2)), Verdict::ClockWentBack);
    assert_eq!(offer(&mut state, NOW - 60 + 120, Some(NOW / 30 + 2)), Verdict::Accepted);
}

// contract 15.2a: a budget of failures is a secret's, steps are those of a set of parameters.
fn other_parameters_are_other_passwords_of_the_same_budget(place: &Place) {
    let mut state = place.open();
    let eight = CodeParameters { digits: totp_adapter::otp::Digits::Eight, ..CodeParameters::default() };
    let six = CodeParameters::default();
    let step = NOW / 30;
    let mut verdict = |code, step| judge(&mut state, Policy::default(), &guess(SECRET, code, NOW, step)).verdict;
    for _ in 0..2 {
        for code in [six, eight] {
            assert!(matches!(verdict(code, Some(step)), Verdict::Accepted | Verdict::Replayed));
            assert_eq!(verdict(code, Some(step)), Verdict::Replayed);
        }
    }
    assert_eq!(verdict(six, Some(step + 1)), Verdict::Accepted);
    assert_eq!(verdict(eight, Some(step)), Verdict::Replayed);
    assert_eq!(verdict(eight, Some(step + 1)), Verdict::Accepted);
    for code in [six, eight, six, eight, six] {
        assert_eq!(verdict(code, None), Verdict::Wrong);
    }
    assert_eq!(verdict(eight, None), Verdict::Throttled { seconds: 30 });
}

// contract 15.2b: of two steps with the same password, the higher one is used up.
#[test]
fn two_steps_with_one_password() {
    // The RFC's key has the password 746629 at both.
    let (earlier, later) = (103_424, 103_427);
    let parameters = Parameters { skew: "3".parse().unwrap(), ..Parameters::default() };
    let document = format!("<TOTP><Password>746629</Password><Secret>{SECRET}</Secret></TOTP>");
    for step in [earlier, later] {
        let time = Some(UnixTime(step * 30));
        let mut entropy = |_: &mut _| Ok(());
        let mut adapter = Adapter::new(time, &mut entropy);
        match adapter.examine(Operation::VerifyPassword, &parameters, document.as_bytes()) {
            Examination::Guess(guess) => assert_eq!(guess.matched_step(), Some(later)),
            other @ (Examination::Answer(_) | Examination::Unlock(_)) => panic!("{other:?}"),
        }
    }
}

// contract 15.2e: what can no longer match goes, and what cannot is kept.
fn nothing_is_remembered_for_ever(place: &Place) {
    let mut state = place.open();
    let secrets: Vec<String> =
        (0..200_u32).map(|number| data_encoding::BASE32_NOPAD.encode(&number.to_be_bytes())).collect();
    let usual = CodeParameters::default();
    for secret in &secrets {
        judge(&mut state, policy(5, 0, true), &guess(secret, usual, NOW, Some(NOW / 30)));
    }
    judge(&mut state, policy(5, 1, true), &guess(SECRET, usual, NOW, None));
    let rows = || place.count("verifier");
    assert_eq!(rows(), 201);
    // A second before their day is over, all are there.
    for secret in &secrets {
        judge(&mut state, policy(5, 0, true), &guess(secret, usual, NOW + DAY - 1, None));
    }
    assert_eq!(rows(), 201);
    let new: Vec<Attempt> = (1000..3000_u32)
        .map(|number| data_encoding::BASE32_NOPAD.encode(&number.to_be_bytes()))
        .map(|secret| Attempt::of(&guess(&secret, usual, NOW + 3 * DAY, None), state.salt()))
        .collect();
    for together in new.chunks(50) {
        state.judge(together, policy(5, 0, true)).unwrap();
    }
    let left = rows();
    // Whose turn comes is chance: some twenty have none, and in forty runs it was never more than fifty.
    assert!((2001..=2101).contains(&left), "{left}: 2000 new ones, the locked one, and perhaps a few that had no turn");
    // The lock is still there.
    assert_eq!(offer(&mut state, NOW + 3 * DAY, None), Verdict::Locked);
}

// contract 15.5a
#[cfg(unix)]
#[test]
fn only_the_owner_may_read_the_file() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let mode = |name: &str| fs::metadata(folder.path().join(name)).unwrap().permissions().mode() & 0o777;
    let place = Place::in_folder(folder.path());
    let mut state = place.open();
    offer(&mut state, NOW, None);
    for name in ["state.db", "state.db-wal", "state.db-shm"] {
        assert_eq!(mode(name), 0o600, "{name}");
    }
    drop(state);
    fs::set_permissions(folder.path().join("state.db"), fs::Permissions::from_mode(0o644)).unwrap();
    place.open();
    assert_eq!(mode("state.db"), 0o600);
}

// contract 15.4c: what is no state stays as it is.
#[test]
fn other_files_are_refused_and_stay() {
    let folder = tempfile::tempdir().unwrap();
    let refused = |name: &str| Sqlite::open(&folder.path().join(name)).err().unwrap();
    let place = |name: &str| folder.path().join(name);

    fs::write(place("text"), "what somebody wrote".repeat(100)).unwrap();
    assert_eq!(refused("text"), MemoryError::Foreign);
    assert_eq!(fs::read(place("text")).unwrap(), "what somebody wrote".repeat(100).into_bytes());

    let database = rusqlite::Connection::open(place("other.db")).unwrap();
    database.execute_batch("CREATE TABLE verifier (a); INSERT INTO verifier VALUES (1)").unwrap();
    drop(database);
    let before = fs::read(place("other.db")).unwrap();
    assert_eq!(refused("other.db"), MemoryError::Foreign);
    assert_eq!(fs::read(place("other.db")).unwrap(), before);

    drop(Sqlite::open(&place("newer.db")).unwrap());
    let database = rusqlite::Connection::open(place("newer.db")).unwrap();
    database.pragma_update(None, "user_version", 1000).unwrap();
    assert_eq!(refused("newer.db"), MemoryError::Newer);

    fs::create_dir(place("folder")).unwrap();
    assert_eq!(refused("folder"), MemoryError::NotAFile);
    assert_eq!(refused("missing/state.db"), MemoryError::File(std::io::ErrorKind::NotFound));
    // An empty file is one that nobody has used yet.
    fs::write(place("empty.db"), "").unwrap();
    assert!(Sqlite::open(&place("empty.db")).is_ok());
}

#[cfg(unix)]
#[test]
fn a_pipe_is_no_state() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    assert_eq!(Sqlite::open(&pipe).err().unwrap(), MemoryError::NotAFile);
}

// contract 15.4d: where a file has two names, SQLite's log is beside one of them, and who comes by the other does not see it.
#[cfg(unix)]
#[test]
fn a_file_with_two_names_is_no_state() {
    let folder = tempfile::tempdir().unwrap();
    let (one, other) = (folder.path().join("one.db"), folder.path().join("other.db"));
    drop(Sqlite::open(&one).unwrap());
    fs::hard_link(&one, &other).unwrap();
    assert_eq!(Sqlite::open(&other).err().unwrap(), MemoryError::SeveralNames);
    fs::remove_file(&one).unwrap();
    assert!(Sqlite::open(&other).is_ok());
}

// contract 15.4d: what was written last is in SQLite's log.
#[cfg(unix)]
#[test]
fn a_log_that_is_gone_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let place = Place::in_folder(folder.path());
    let mut state = place.open();
    assert_eq!(offer(&mut state, NOW, Some(NOW / 30)), Verdict::Accepted);
    let attempt = Attempt::of(&guess(SECRET, CodeParameters::default(), NOW, Some(NOW / 30 + 1)), state.salt());
    let log = folder.path().join("state.db-wal");
    fs::rename(&log, folder.path().join("elsewhere")).unwrap();
    for _ in 0..2 {
        assert_eq!(state.judge(&[attempt], Policy::default()), Err(MemoryError::Replaced));
    }
    fs::rename(folder.path().join("elsewhere"), &log).unwrap();
    assert_eq!(state.judge(&[attempt], Policy::default()).unwrap()[0].verdict, Verdict::Accepted);
}

/// One of the things that happen to a verifier.
#[derive(Clone, Debug)]
enum Event {
    /// So many seconds pass; the clock may also go back.
    Wait(i64),
    /// A wrong password, or one so many steps off the current one.
    Offer { secret: usize, code: usize, step: Option<i64> },
    /// Somebody unlocks a secret.
    Unlock { secret: usize },
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let wait = prop_oneof![Just(1), Just(29), Just(30), Just(31), 0..4000_i64, Just(86_400), -100..0_i64];
    let step = prop_oneof![2 => Just(None), 3 => (-1..=1_i64).prop_map(Some)];
    let offer = (0..2_usize, 0..3_usize, step).prop_map(|(secret, code, step)| Event::Offer { secret, code, step });
    let unlock = (0..2_usize).prop_map(|secret| Event::Unlock { secret });
    let event = prop_oneof![3 => wait.prop_map(Event::Wait), 12 => offer, 1 => unlock];
    prop::collection::vec(event, 1..120)
}

fn limits() -> impl Strategy<Value = Policy> {
    let attempts = prop_oneof![Just(0), Just(1), Just(2), Just(5)];
    let lock_after = prop_oneof![3 => Just(0), 1 => Just(1), 1 => Just(4), 1 => Just(9)];
    (attempts, lock_after, prop::bool::weighted(0.8)).prop_map(|(attempts, lock, once)| policy(attempts, lock, once))
}

fn codes() -> [CodeParameters; 3] {
    let usual = CodeParameters::default();
    [
        usual,
        CodeParameters { digits: totp_adapter::otp::Digits::Eight, ..usual },
        CodeParameters { period: "60".parse().unwrap(), ..usual },
    ]
}

/// What happens, who judges it, and how many guesses are judged together.
fn histories() -> impl Strategy<Value = (Vec<Event>, Policy, usize)> {
    (events(), limits(), 1..5_usize)
}

// contract 15.1b, 15.2b, 15.3a, 15.5c
fn each_store_judges_as_the_model(place: &Place) {
    let config = ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() };
    let mut runner = TestRunner::new(config);
    let judged =
        runner.run(&histories(), |(events, policy, at_once)| judges_as_the_model(place, events, policy, at_once));
    judged.unwrap();
}

/// A clock that goes back, but not to where what has been forgotten since would still count: nobody knows when that was.
struct Clock {
    now: u64,
    latest: u64,
    offers: Vec<u64>,
}

impl Clock {
    fn wait(&mut self, seconds: i64) {
        let forgotten = self.offers.iter().map(|offer| offer + DAY).filter(|end| *end <= self.latest).max();
        self.now = self.now.saturating_add_signed(seconds).max(forgotten.unwrap_or(0));
        self.latest = self.latest.max(self.now);
    }

    fn offer(&mut self) -> u64 {
        self.offers.push(self.now);
        self.now
    }
}

fn judges_as_the_model(place: &Place, events: Vec<Event>, policy: Policy, at_once: usize) -> Result<(), TestCaseError> {
    let place = place.another();
    let mut state = place.open();
    let mut model = Model::new(policy);
    let secrets = [SECRET, "GEZDGNBVGY3TQOJR"];
    let mut clock = Clock { now: NOW, latest: NOW, offers: Vec::new() };
    let mut waiting: Vec<(Attempt, Judgement)> = Vec::new();
    for event in events {
        match event {
            Event::Wait(seconds) => clock.wait(seconds),
            Event::Offer { secret, code, step } => {
                let now = clock.offer();
                let code = codes()[code];
                let current = now / u64::from(code.period.seconds());
                let guess = guess(secrets[secret], code, now, step.map(|step| current.saturating_add_signed(step)));
                let attempt = Attempt::of(&guess, state.salt());
                waiting.push((attempt, model.judge(&attempt)));
            }
            Event::Unlock { secret } => {
                flush(&mut state, policy, &mut waiting)?;
                let fingerprint = state.salt().of_secret(&Secret::from_base32(secrets[secret]).unwrap());
                state.unlock(&fingerprint).unwrap();
                model.unlock(&fingerprint);
            }
        }
        if waiting.len() >= at_once {
            flush(&mut state, policy, &mut waiting)?;
        }
    }
    flush(&mut state, policy, &mut waiting)
}

fn flush(state: &mut State, policy: Policy, waiting: &mut Vec<(Attempt, Judgement)>) -> Result<(), TestCaseError> {
    let (attempts, expected): (Vec<Attempt>, Vec<Judgement>) = waiting.drain(..).unzip();
    prop_assert_eq!(state.judge(&attempts, policy).unwrap(), expected);
    Ok(())
}

// contract 15.2c: of many who offer the same password at once, one gets in, whichever connection it uses.
fn in_parallel_one_is_accepted(place: &Place) {
    let accepted: usize = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8)
            .map(|_| {
                scope.spawn(|| {
                    let mut state = place.open();
                    let verdicts = (0..25).map(|_| offer(&mut state, NOW, Some(NOW / 30)));
                    verdicts.filter(|verdict| *verdict == Verdict::Accepted).count()
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    assert_eq!(accepted, 1);
}

// contract 15.2c, 15.3a: R6, the bound holds for guesses at once.
fn in_parallel_no_more_than_five_are_looked_at(place: &Place) {
    let looked_at: usize = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8)
            .map(|_| {
                scope.spawn(|| {
                    let mut state = place.open();
                    (0..25).filter(|_| offer(&mut state, NOW, None) == Verdict::Wrong).count()
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    assert_eq!(looked_at, 5);
}

// contract 15.2c, 15.2d: several sets of parameters take turns in one row, and none has two that are accepted.
fn in_parallel_each_set_of_parameters_has_one_accepted(place: &Place) {
    let accepted: Vec<usize> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..6)
            .map(|thread| {
                scope.spawn(move || {
                    let mut state = place.open();
                    let code = codes()[thread % 3];
                    let step = NOW / u64::from(code.period.seconds());
                    let guess = guess(SECRET, code, NOW, Some(step));
                    let verdicts = (0..10).map(|_| judge(&mut state, Policy::default(), &guess).verdict);
                    (thread % 3, verdicts.filter(|verdict| *verdict == Verdict::Accepted).count())
                })
            })
            .collect();
        let counts: Vec<_> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
        (0..3).map(|code| counts.iter().filter(|(of, _)| *of == code).map(|(_, accepted)| accepted).sum()).collect()
    });
    assert_eq!(accepted, [1, 1, 1]);
}

// contract 15.5e: those who come with the same secrets in another order do not wait for each other for ever.
fn batches_at_once_keep_nobody_waiting(place: &Place) {
    let secrets: Vec<String> =
        (0..40_u32).map(|number| data_encoding::BASE32_NOPAD.encode(&(number * 7919).to_be_bytes())).collect();
    let accepted: usize = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4)
            .map(|thread| {
                let secrets = &secrets;
                scope.spawn(move || {
                    let mut state = place.open();
                    let mut accepted = 0;
                    for round in 0..10 {
                        let mut attempts: Vec<Attempt> = secrets
                            .iter()
                            .map(|secret| {
                                guess(secret, CodeParameters::default(), NOW + 30 * round, Some(NOW / 30 + round))
                            })
                            .map(|guess| Attempt::of(&guess, state.salt()))
                            .collect();
                        attempts.rotate_left(thread * 10);
                        if thread % 2 == 0 {
                            attempts.reverse();
                        }
                        let judgements = state.judge(&attempts, Policy::default()).unwrap();
                        accepted += judgements.iter().filter(|j| j.verdict == Verdict::Accepted).count();
                    }
                    accepted
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    // Whoever is late offers what others have left behind: each password is accepted once at most, and the last ones are.
    assert!((40..=400).contains(&accepted), "{accepted}");
}

// contract 13.3b, 15.5d: a token that one connection has issued is good at another one.
fn tokens_are_valid_until_they_end(place: &Place) {
    let (mut one, mut other) = (place.open(), place.open());
    let now = NOW.cast_signed();
    let token = |name: u32, client: &str, issued: i64| IssuedToken {
        hash: TokenHash::of(&name.to_be_bytes()),
        client: client.to_owned(),
        issued,
        expires: issued + 3660,
    };
    one.issue(&token(1, "workflow", now)).unwrap();
    one.issue(&token(2, "verity", now + 10)).unwrap();
    let mut client_of = |name: u32, now: i64| other.client_of(&TokenHash::of(&name.to_be_bytes()), now).unwrap();
    assert_eq!(client_of(1, now).as_deref(), Some("workflow"));
    assert_eq!(client_of(1, now + 3659).as_deref(), Some("workflow"));
    assert_eq!(client_of(1, now + 3660), None);
    assert_eq!(client_of(2, now + 3660).as_deref(), Some("verity"));
    assert_eq!(client_of(3, now), None);
    // Those that have ended go, as others come.
    for name in 100..140 {
        one.issue(&token(name, "workflow", now + 86_400)).unwrap();
    }
    assert_eq!(place.count("token"), 40);
}

// contract 15.4c: what an older program remembers counts.
fn older_states_are_completed(place: &Place) {
    for version in [1, 2] {
        let place = place.another();
        assert_eq!(offer(&mut place.open(), NOW, Some(NOW / 30)), Verdict::Accepted);
        assert_eq!(place.open().reserve(&reservation(1, 1, 0)).unwrap(), Reserved::New);
        place.make_older(version);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| place.open());
            }
        });
        let mut state = place.open();
        assert_eq!(offer(&mut state, NOW, Some(NOW / 30)), Verdict::Replayed);
        let expected = if version == 1 { Reserved::New } else { Reserved::Pending };
        assert_eq!(state.reserve(&reservation(1, 1, 0)).unwrap(), expected);
        assert_eq!(place.count("idempotency"), 1);
        mfa::works(&mut state);
    }
}

/// A request that is reserved for 60 s.
fn reservation(key: u32, request: u8, after: i64) -> Reservation {
    let now = NOW.cast_signed() + after;
    let key = IdempotencyKey::of(&[b"test"], &key.to_be_bytes());
    Reservation { key, request: [request; 32], now, until: now + 60 }
}

// contract 13.4c, 13.4d
fn a_request_is_carried_out_once(place: &Place) {
    let (mut one, mut other) = (place.open(), place.open());
    let day = NOW.cast_signed() + 86_400;
    let first = reservation(1, 1, 0);
    assert_eq!(one.reserve(&first).unwrap(), Reserved::New);
    assert_eq!(other.reserve(&reservation(1, 1, 59)).unwrap(), Reserved::Pending);
    assert_eq!(other.reserve(&reservation(1, 2, 59)).unwrap(), Reserved::Different);
    assert_eq!(other.reserve(&reservation(2, 1, 0)).unwrap(), Reserved::New);
    one.answer(&first.key, b"answer", day).unwrap();
    for after in [0, 60, 86_399] {
        assert_eq!(other.reserve(&reservation(1, 1, after)).unwrap(), Reserved::Answered(b"answer".to_vec()));
        assert_eq!(other.reserve(&reservation(1, 2, after)).unwrap(), Reserved::Different);
    }
    // What was answered is not released.
    other.release(&first.key).unwrap();
    assert_eq!(one.reserve(&first).unwrap(), Reserved::Answered(b"answer".to_vec()));
    assert_eq!(one.reserve(&reservation(1, 2, 86_400)).unwrap(), Reserved::New);
    assert_eq!(one.reserve(&reservation(1, 1, 86_401)).unwrap(), Reserved::Different);
    // A failure frees the key; so does the end of who had it.
    one.release(&first.key).unwrap();
    assert_eq!(one.reserve(&reservation(1, 1, 86_401)).unwrap(), Reserved::New);
    assert_eq!(one.reserve(&reservation(1, 1, 86_460)).unwrap(), Reserved::Pending);
    assert_eq!(one.reserve(&reservation(1, 1, 86_461)).unwrap(), Reserved::New);
    // Those that are over go, as others come.
    for key in 100..140 {
        assert_eq!(one.reserve(&reservation(key, 1, 2 * 86_400)).unwrap(), Reserved::New);
    }
    assert_eq!(place.count("idempotency"), 40);
}

// contract 13.4d, 15.5d
fn of_many_one_carries_a_request_out(place: &Place) {
    for key in 0..10 {
        let threads = 4;
        let barrier = Barrier::new(threads);
        let reserved: Vec<Reserved> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..threads)
                .map(|_| {
                    scope.spawn(|| {
                        let mut state = place.open();
                        barrier.wait();
                        state.reserve(&reservation(key, 1, 0)).unwrap()
                    })
                })
                .collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert_eq!(reserved.iter().filter(|reserved| **reserved == Reserved::New).count(), 1, "{reserved:?}");
        assert_eq!(reserved.iter().filter(|reserved| **reserved == Reserved::Pending).count(), 3, "{reserved:?}");
    }
}

// contract 15.4c: a program that does not know a state's structure leaves it alone.
fn newer_states_are_refused_and_stay(place: &Place) {
    offer(&mut place.open(), NOW, None);
    place.make_newer();
    assert_eq!(place.try_open().err(), Some(MemoryError::Newer));
    assert_eq!(place.count("verifier"), 1);
}

// contract 15.5l
#[test]
fn the_log_of_changes_stays_short() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("state.db");
    for round in 0..300 {
        let mut state = Sqlite::open(&file).unwrap();
        let now = NOW + 60 * round;
        let guess = guess(SECRET, CodeParameters::default(), now, Some(now / 30));
        let attempt = Attempt::of(&guess, state.salt());
        assert_eq!(state.judge(&[attempt], Policy::default()).unwrap()[0].verdict, Verdict::Accepted);
    }
    let length = fs::metadata(folder.path().join("state.db-wal")).unwrap().len();
    assert!(length < 80 * 4120, "{length}");
}

// contract 15.5b, 15.5d: several first starts at once make one state.
fn first_starts_at_once(place: &Place) {
    for _ in 0..10 {
        let place = place.another();
        let salts: HashSet<_> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..6).map(|_| scope.spawn(|| place.open())).collect();
            let secret = Secret::from_base32(SECRET).unwrap();
            threads.into_iter().map(|thread| thread.join().unwrap().salt().of_secret(&secret)).collect()
        });
        assert_eq!(salts.len(), 1);
    }
}

// contract 15.5b: a first start waits for another one, also where SQLite itself does not.
#[test]
fn a_first_start_waits_for_another() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("state.db");
    let other = rusqlite::Connection::open(&file).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    std::thread::scope(|scope| {
        let opening = scope.spawn(|| Sqlite::open(&file).is_ok());
        std::thread::sleep(std::time::Duration::from_millis(200));
        assert!(!opening.is_finished(), "it waits");
        other.execute_batch("ROLLBACK").unwrap();
        assert!(opening.join().unwrap());
    });
}

/// What a salt is made of does not show.
#[test]
fn a_salt_is_wiped() {
    fn wiped<T: zeroize::ZeroizeOnDrop>() {}
    wiped::<Salt>();
}
