//! The memory of multi-factor codes, as what it decides and keeps, against a plain model of contract 14.3 and 14.4.

use std::collections::HashMap;
use std::sync::{Barrier, Mutex};
use std::thread;

use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use totp_adapter::state::{
    Begun, CodeHash, MfaDestination, MfaGuess, MfaId, MfaRequest, MfaSend, Quota, Sqlite, Verified,
};

use super::store::{Place, State};
use crate::on_each_store;

on_each_store! {
    a_code_verifies_once,
    wrong_codes_end_a_request,
    what_has_ended_is_gone,
    a_void_request_is_gone_and_its_send_counts,
    sends_have_a_limit,
    guesses_have_a_limit_over_all_requests,
    a_match_and_an_unlocking_forget_the_guesses,
    a_restart_forgets_nothing,
    sends_together_are_admitted_one_by_one,
    an_id_is_taken_once,
    guesses_together_are_decided_one_by_one,
    each_store_decides_as_the_model,
    in_parallel_three_are_looked_at,
    in_parallel_no_more_than_the_guesses_are_looked_at,
    in_parallel_one_right_code_matches,
    in_parallel_no_more_than_the_sends_are_admitted,
    batches_of_codes_keep_nobody_waiting,
    requests_and_destinations_go,
}

const NOW: i64 = 1_111_111_109;
const DAY: i64 = 86_400;
const RIGHT: CodeHash = CodeHash::new([1; 32]);
const WRONG: CodeHash = CodeHash::new([2; 32]);

fn quota(sends: u32, guesses: u32) -> Quota {
    Quota::new(sends, guesses).unwrap()
}

/// A quota that nobody reaches.
fn most() -> Quota {
    quota(Quota::MAX, Quota::MAX)
}

/// The id with a number, spread as random ones are.
fn id(number: u32) -> MfaId {
    let spread = u128::from(number + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835);
    MfaId::from_random(spread.to_be_bytes())
}

fn destination(state: &State, number: u32) -> MfaDestination {
    MfaDestination::of(&format!("+1555{number:07}"), state.salt())
}

/// A request with this number for a destination, with three attempts, which ends after a minute.
fn request(state: &State, number: u32, to: u32) -> MfaRequest {
    let destination = destination(state, to);
    MfaRequest { id: id(number), destination, code: RIGHT, attempts: 3, expires: NOW + 60 }
}

/// Begins the request with this number, for a destination.
fn begin(state: &mut State, number: u32, to: u32) -> MfaRequest {
    let request = request(state, number, to);
    assert_eq!(state.begin_mfa(&request, most(), NOW).unwrap(), Begun::Admitted);
    request
}

fn guess(number: u32, code: CodeHash) -> MfaGuess {
    MfaGuess { id: id(number), code, quota: most(), now: NOW }
}

fn verify(state: &mut State, guess: MfaGuess) -> Verified {
    state.verify_mfa(&[guess]).unwrap()[0]
}

/// What a state must do that has just been completed.
pub fn works(state: &mut State) {
    begin(state, 1, 1);
    assert_eq!(verify(state, guess(1, WRONG)), Verified::Mismatch);
    assert_eq!(verify(state, guess(1, RIGHT)), Verified::Match);
}

// contract 14.4b
fn a_code_verifies_once(place: &Place) {
    let (mut one, mut other) = (place.open(), place.open());
    begin(&mut one, 1, 1);
    begin(&mut one, 2, 1);
    assert_eq!(verify(&mut other, guess(1, RIGHT)), Verified::Match);
    for state in [&mut one, &mut other] {
        assert_eq!(verify(state, guess(1, RIGHT)), Verified::Gone);
    }
    // Another request for the same destination is another one.
    assert_eq!(verify(&mut one, guess(2, RIGHT)), Verified::Match);
    assert_eq!(place.count("mfa_request"), 0);
}

// contract 14.4b: the right one is not looked at after as many wrong ones as there are attempts.
fn wrong_codes_end_a_request(place: &Place) {
    let (mut one, mut other) = (place.open(), place.open());
    begin(&mut one, 1, 1);
    begin(&mut one, 2, 1);
    for state in [&mut one, &mut other] {
        assert_eq!(verify(state, guess(1, WRONG)), Verified::Mismatch);
    }
    assert_eq!(verify(&mut one, guess(1, WRONG)), Verified::Mismatch);
    assert_eq!(verify(&mut one, guess(1, RIGHT)), Verified::Gone);
    for (code, verified) in [(WRONG, Verified::Mismatch), (WRONG, Verified::Mismatch), (RIGHT, Verified::Match)] {
        assert_eq!(verify(&mut other, guess(2, code)), verified);
    }
    assert_eq!(place.count("mfa_request"), 0);
}

// contract 14.4a
fn what_has_ended_is_gone(place: &Place) {
    let mut state = place.open();
    for number in 1..=3 {
        begin(&mut state, number, 1);
    }
    assert_eq!(verify(&mut state, MfaGuess { now: NOW + 59, ..guess(1, RIGHT) }), Verified::Match);
    for code in [RIGHT, WRONG] {
        assert_eq!(verify(&mut state, MfaGuess { now: NOW + 60, ..guess(2, code) }), Verified::Gone);
        assert_eq!(verify(&mut state, MfaGuess { now: i64::MAX, ..guess(2, code) }), Verified::Gone);
        assert_eq!(verify(&mut state, guess(99, code)), Verified::Gone);
    }
    // Nothing of it was counted.
    let last = MfaGuess { quota: quota(1, 1), ..guess(3, WRONG) };
    assert_eq!(verify(&mut state, last), Verified::Mismatch);
    assert_eq!(verify(&mut state, last), Verified::Limited { seconds: 86_400 });
    assert_eq!(state.verify_mfa(&[]).unwrap(), []);
}

// contract 14.3b
fn a_void_request_is_gone_and_its_send_counts(place: &Place) {
    let (mut one, mut other) = (place.open(), place.open());
    let first = begin(&mut one, 1, 1);
    other.void_mfa(&first.id).unwrap();
    other.void_mfa(&id(99)).unwrap();
    assert_eq!(verify(&mut one, guess(1, RIGHT)), Verified::Gone);
    let second = request(&one, 2, 1);
    assert_eq!(one.begin_mfa(&second, quota(1, 1), NOW + 1).unwrap(), Begun::Limited { seconds: 599 });
    assert_eq!(place.count("mfa_request"), 0);
}

// contract 14.3a, 14.3c: what is refused is neither counted nor kept.
fn sends_have_a_limit(place: &Place) {
    let (mut one, mut other) = (place.open(), place.open());
    for (number, after) in [(1, 0), (2, 100)] {
        let request = request(&one, number, 1);
        assert_eq!(one.begin_mfa(&request, quota(2, 1), NOW + after).unwrap(), Begun::Admitted);
    }
    let third = request(&one, 3, 1);
    for (after, seconds) in [(100, 500), (100, 500), (599, 1)] {
        let limited = Begun::Limited { seconds };
        assert_eq!(other.begin_mfa(&third, quota(2, 1), NOW + after).unwrap(), limited);
    }
    assert_eq!(verify(&mut one, guess(3, RIGHT)), Verified::Gone);
    // Another destination has a budget of its own.
    let elsewhere = request(&one, 4, 2);
    assert_eq!(one.begin_mfa(&elsewhere, quota(2, 1), NOW + 100).unwrap(), Begun::Admitted);
    assert_eq!(other.begin_mfa(&third, quota(2, 1), NOW + 600).unwrap(), Begun::Admitted);
    let fifth = request(&one, 5, 1);
    assert_eq!(one.begin_mfa(&fifth, quota(2, 1), NOW + 600).unwrap(), Begun::Limited { seconds: 100 });
}

// contract 14.3d: R8, a new code is no new budget.
fn guesses_have_a_limit_over_all_requests(place: &Place) {
    let mut state = place.open();
    for number in 1..=3 {
        begin(&mut state, number, 1);
    }
    begin(&mut state, 4, 2);
    let offer = |number, code, now| MfaGuess { id: id(number), code, quota: quota(9, 4), now };
    for (number, after) in [(1, 0), (1, 1), (2, 2), (2, 3)] {
        assert_eq!(verify(&mut state, offer(number, WRONG, NOW + after)), Verified::Mismatch);
    }
    for (number, code) in [(3, RIGHT), (3, WRONG), (2, RIGHT)] {
        assert_eq!(verify(&mut state, offer(number, code, NOW + 3)), Verified::Limited { seconds: 86_397 });
    }
    let next = request(&state, 5, 1);
    assert_eq!(state.begin_mfa(&next, quota(9, 4), NOW + 3).unwrap(), Begun::Limited { seconds: 86_397 });
    assert_eq!(verify(&mut state, offer(4, RIGHT, NOW + 3)), Verified::Match);
    // A day after the first wrong guess there is one more.
    let next = MfaRequest { expires: NOW + 2 * DAY, ..next };
    assert_eq!(state.begin_mfa(&next, quota(9, 4), NOW + DAY).unwrap(), Begun::Admitted);
    assert_eq!(verify(&mut state, offer(5, WRONG, NOW + DAY)), Verified::Mismatch);
    assert_eq!(verify(&mut state, offer(5, RIGHT, NOW + DAY)), Verified::Limited { seconds: 1 });
    assert_eq!(verify(&mut state, offer(5, RIGHT, NOW + DAY + 1)), Verified::Match);
}

// contract 14.3e
fn a_match_and_an_unlocking_forget_the_guesses(place: &Place) {
    let mut state = place.open();
    for number in 1..=4 {
        begin(&mut state, number, 1);
    }
    let offer = |number, code| MfaGuess { quota: quota(4, 2), ..guess(number, code) };
    let sequence = |state: &mut State, number| {
        assert_eq!(verify(state, offer(number, WRONG)), Verified::Mismatch);
        assert_eq!(verify(state, offer(number, RIGHT)), Verified::Match);
    };
    sequence(&mut state, 1);
    sequence(&mut state, 2);
    for _ in 0..2 {
        assert_eq!(verify(&mut state, offer(3, WRONG)), Verified::Mismatch);
    }
    assert_eq!(verify(&mut state, offer(3, RIGHT)), Verified::Limited { seconds: 86_400 });
    let (locked, unknown) = (destination(&state, 1), destination(&state, 2));
    state.unlock_destination(&unknown).unwrap();
    assert_eq!(verify(&mut state, offer(3, RIGHT)), Verified::Limited { seconds: 86_400 });
    state.unlock_destination(&locked).unwrap();
    // What was guessed still counts for its request; sends are not forgotten.
    let next = request(&state, 5, 1);
    assert_eq!(state.begin_mfa(&next, quota(4, 2), NOW).unwrap(), Begun::Limited { seconds: 600 });
    assert_eq!(verify(&mut state, offer(3, WRONG)), Verified::Mismatch);
    assert_eq!(verify(&mut state, offer(3, RIGHT)), Verified::Gone);
    assert_eq!(verify(&mut state, offer(4, RIGHT)), Verified::Match);
}

// contract 14.4d: R5
fn a_restart_forgets_nothing(place: &Place) {
    for number in 1..=2 {
        begin(&mut place.open(), number, 1);
    }
    assert_eq!(verify(&mut place.open(), guess(1, RIGHT)), Verified::Match);
    assert_eq!(verify(&mut place.open(), guess(1, RIGHT)), Verified::Gone);
    for _ in 0..2 {
        assert_eq!(verify(&mut place.open(), guess(2, WRONG)), Verified::Mismatch);
    }
    let limited = MfaGuess { quota: quota(1, 2), ..guess(2, RIGHT) };
    assert_eq!(verify(&mut place.open(), limited), Verified::Limited { seconds: 86_400 });
    let mut state = place.open();
    let third = request(&state, 3, 1);
    assert_eq!(state.begin_mfa(&third, quota(2, 9), NOW).unwrap(), Begun::Limited { seconds: 600 });
    assert_eq!(verify(&mut state, guess(2, WRONG)), Verified::Mismatch);
    assert_eq!(verify(&mut place.open(), guess(2, RIGHT)), Verified::Gone);
}

// contract 14.3c, 14.4c
fn sends_together_are_admitted_one_by_one(place: &Place) {
    let mut state = place.open();
    let together = [
        (1, 1, Begun::Admitted),
        (2, 2, Begun::Admitted),
        (3, 1, Begun::Admitted),
        (4, 1, Begun::Limited { seconds: 600 }),
        (5, 2, Begun::Admitted),
    ];
    let send = |number, to| MfaSend { request: request(&state, number, to), quota: quota(2, 9), now: NOW };
    let sends = together.map(|(number, to, _)| send(number, to));
    assert_eq!(state.begin_all(&sends).unwrap(), together.map(|(_, _, begun)| begun));
    for (number, _, begun) in together {
        let verified = if begun == Begun::Admitted { Verified::Match } else { Verified::Gone };
        assert_eq!(verify(&mut state, guess(number, RIGHT)), verified);
    }
    assert_eq!(state.begin_all(&[]).unwrap(), []);
    assert_eq!((place.count("mfa_request"), place.count("mfa_destination")), (0, 2));
}

// contract 14.3a: where a request cannot be kept, no send is counted, and the one that has its id stays.
fn an_id_is_taken_once(place: &Place) {
    let mut state = place.open();
    begin(&mut state, 1, 1);
    let other = MfaRequest { code: WRONG, ..request(&state, 1, 2) };
    let sends = [request(&state, 2, 2), other].map(|request| MfaSend { request, quota: most(), now: NOW });
    assert!(state.begin_all(&sends).is_err());
    let mut state = place.open();
    assert_eq!(verify(&mut state, guess(2, RIGHT)), Verified::Gone);
    assert_eq!(verify(&mut state, guess(1, RIGHT)), Verified::Match);
    let next = request(&state, 3, 2);
    assert_eq!(state.begin_mfa(&next, quota(1, 1), NOW).unwrap(), Begun::Admitted);
}

// contract 14.4c: of those that are decided together, each sees what came before it.
fn guesses_together_are_decided_one_by_one(place: &Place) {
    let mut state = place.open();
    for number in 1..=3 {
        begin(&mut state, number, 1);
    }
    let offer = |number, code| MfaGuess { quota: quota(9, 4), ..guess(number, code) };
    let together = [
        (1, WRONG, Verified::Mismatch),
        (2, RIGHT, Verified::Match),
        (2, RIGHT, Verified::Gone),
        (1, WRONG, Verified::Mismatch),
        (9, RIGHT, Verified::Gone),
        (1, WRONG, Verified::Mismatch),
        (1, RIGHT, Verified::Gone),
        (3, WRONG, Verified::Mismatch),
        (3, WRONG, Verified::Mismatch),
        (3, RIGHT, Verified::Limited { seconds: 86_400 }),
    ];
    let guesses = together.map(|(number, code, _)| offer(number, code));
    assert_eq!(state.verify_mfa(&guesses).unwrap(), together.map(|(_, _, verified)| verified));
}

// contract 14.4f: with their destinations, 100,000 of them take 24 MB.
#[test]
fn open_requests_are_small() {
    const MANY: u32 = 10_000;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("state.db");
    let mut state = Sqlite::open(&file).unwrap();
    let salt = state.salt().clone();
    let send = |number: u32| {
        let destination = MfaDestination::of(&number.to_string(), &salt);
        let request = MfaRequest { id: id(number), destination, code: RIGHT, attempts: 20, expires: NOW + 7 * DAY };
        MfaSend { request, quota: most(), now: NOW }
    };
    for first in (0..MANY).step_by(250) {
        let sends: Vec<MfaSend> = (first..first + 250).map(send).collect();
        state.begin_mfa(&sends).unwrap();
    }
    state.close().unwrap();
    let length = std::fs::metadata(&file).unwrap().len();
    assert!(length < u64::from(MANY) * 250, "{length}");
}

/// One of the things that happen to requests and destinations.
#[derive(Clone, Debug)]
enum Event {
    /// So many seconds pass.
    Wait(i64),
    /// A code is to be sent.
    Begin { to: u32, attempts: u32, valid_for: i64 },
    /// A code is offered for one of the requests that were to be begun.
    Offer { request: prop::sample::Index, right: bool },
    /// A delivery has failed.
    Void { request: prop::sample::Index },
    /// Somebody unlocks a destination.
    Unlock { to: u32 },
}

fn histories() -> impl Strategy<Value = (Vec<Event>, Quota, usize)> {
    let wait = prop_oneof![Just(1), Just(59), Just(60), Just(599), Just(600), 0..1000_i64, Just(43_200), Just(DAY)];
    let valid_for = prop_oneof![Just(1), Just(60), Just(3600), Just(7 * DAY)];
    let begin = (0..2_u32, 1..4_u32, valid_for);
    let any = || any::<prop::sample::Index>();
    let event = prop_oneof![
        3 => wait.prop_map(Event::Wait),
        5 => begin.prop_map(|(to, attempts, valid_for)| Event::Begin { to, attempts, valid_for }),
        12 => (any(), prop::bool::weighted(0.2)).prop_map(|(request, right)| Event::Offer { request, right }),
        1 => any().prop_map(|request| Event::Void { request }),
        1 => (0..2_u32).prop_map(|to| Event::Unlock { to }),
    ];
    let quota = (1..6_u32, 1..8_u32).prop_map(|(sends, guesses)| quota(sends, guesses));
    (prop::collection::vec(event, 1..120), quota, 1..5_usize)
}

// contract 14.3b, 14.3c, 14.3d, 14.3e, 14.4a, 14.4b
fn each_store_decides_as_the_model(place: &Place) {
    let config = ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() };
    let decided = TestRunner::new(config)
        .run(&histories(), |(events, quota, at_once)| decides_as_the_model(place, events, quota, at_once));
    decided.unwrap();
}

/// What contract 14.3 and 14.4 say, in plain Rust, without a database: it remembers everything, and counts anew each time.
#[derive(Default)]
struct Model {
    /// Of each request its destination, how many attempts are left, and its end.
    requests: HashMap<u32, (u32, u32, i64)>,
    /// The times of all sends and wrong guesses, under their destinations.
    sends: HashMap<u32, Vec<i64>>,
    guesses: HashMap<u32, Vec<i64>>,
}

/// In how many seconds fewer than so many of these times are in a window.
fn wait(times: Option<&Vec<i64>>, limit: u32, window: i64, now: i64) -> i64 {
    let times = times.map_or(&[][..], Vec::as_slice);
    let counted = |now| times.iter().filter(|time| now - **time < window).count();
    let ends = times.iter().map(|time| time + window - now).filter(|wait| *wait > 0);
    let waits = std::iter::once(0).chain(ends);
    waits.filter(|wait| counted(now + wait) < limit as usize).min().unwrap()
}

impl Model {
    fn begin(&mut self, number: u32, to: u32, quota: Quota, (attempts, end): (u32, i64), now: i64) -> Begun {
        let sends = wait(self.sends.get(&to), quota.sends(), 600, now);
        let guesses = wait(self.guesses.get(&to), quota.guesses(), DAY, now);
        match u64::try_from(sends.max(guesses)).unwrap() {
            0 => {
                self.sends.entry(to).or_default().push(now);
                self.requests.insert(number, (to, attempts, end));
                Begun::Admitted
            }
            seconds => Begun::Limited { seconds },
        }
    }

    fn verify(&mut self, number: u32, right: bool, quota: Quota, now: i64) -> Verified {
        let Some((to, attempts, end)) = self.requests.get_mut(&number) else { return Verified::Gone };
        if *attempts == 0 || *end <= now {
            return Verified::Gone;
        }
        match u64::try_from(wait(self.guesses.get(to), quota.guesses(), DAY, now)).unwrap() {
            0 if right => {
                *attempts = 0;
                self.guesses.remove(to);
                Verified::Match
            }
            0 => {
                *attempts -= 1;
                self.guesses.entry(*to).or_default().push(now);
                Verified::Mismatch
            }
            seconds => Verified::Limited { seconds },
        }
    }
}

fn decides_as_the_model(place: &Place, events: Vec<Event>, quota: Quota, at_once: usize) -> Result<(), TestCaseError> {
    let place = place.another();
    let mut state = place.open();
    let mut model = Model::default();
    let (mut now, mut begun) = (NOW, 0_u32);
    let mut waiting: Vec<(MfaGuess, Verified)> = Vec::new();
    for event in events {
        // Number 0 is never begun.
        let chosen = |request: prop::sample::Index| u32::try_from(request.index(begun as usize + 1)).unwrap();
        if !matches!(event, Event::Wait(_) | Event::Offer { .. }) || waiting.len() >= at_once {
            let (guesses, expected): (Vec<MfaGuess>, Vec<Verified>) = waiting.drain(..).unzip();
            prop_assert_eq!(state.verify_mfa(&guesses).unwrap(), expected);
        }
        match event {
            Event::Wait(seconds) => now += seconds,
            Event::Begin { to, attempts, valid_for } => {
                begun += 1;
                let expires = now + valid_for;
                let request = MfaRequest { attempts, expires, ..request(&state, begun, to) };
                let expected = model.begin(begun, to, quota, (attempts, expires), now);
                prop_assert_eq!(state.begin_mfa(&request, quota, now).unwrap(), expected);
            }
            Event::Offer { request, right } => {
                let code = if right { RIGHT } else { WRONG };
                let number = chosen(request);
                waiting.push((MfaGuess { id: id(number), code, quota, now }, model.verify(number, right, quota, now)));
            }
            Event::Void { request } => {
                state.void_mfa(&id(chosen(request))).unwrap();
                model.requests.remove(&chosen(request));
            }
            Event::Unlock { to } => {
                let destination = destination(&state, to);
                state.unlock_destination(&destination).unwrap();
                model.guesses.remove(&to);
            }
        }
    }
    let (guesses, expected): (Vec<MfaGuess>, Vec<Verified>) = waiting.into_iter().unzip();
    prop_assert_eq!(state.verify_mfa(&guesses).unwrap(), expected);
    Ok(())
}

/// What guesses come to that so many connections make at once, each so many.
fn at_once(place: &Place, connections: u32, each: u32, offer: impl Fn(u32, u32) -> MfaGuess + Sync) -> Vec<Verified> {
    let barrier = Barrier::new(connections as usize);
    let verified = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for connection in 0..connections {
            let (barrier, verified, offer) = (&barrier, &verified, &offer);
            scope.spawn(move || {
                let mut state = place.open();
                barrier.wait();
                for round in 0..each {
                    let came = verify(&mut state, offer(connection, round));
                    verified.lock().unwrap().push(came);
                }
            });
        }
    });
    verified.into_inner().unwrap()
}

fn count(verified: &[Verified], wanted: Verified) -> usize {
    verified.iter().filter(|verified| **verified == wanted).count()
}

// contract 14.4c: R6, the bound holds for guesses at once, over several instances.
fn in_parallel_three_are_looked_at(place: &Place) {
    begin(&mut place.open(), 1, 1);
    let verified = at_once(place, 8, 25, |_, _| guess(1, WRONG));
    assert_eq!((count(&verified, Verified::Mismatch), count(&verified, Verified::Gone)), (3, 197));
    assert_eq!(verify(&mut place.open(), guess(1, RIGHT)), Verified::Gone);
}

// contract 14.3d, 14.4c: whatever requests they are for.
fn in_parallel_no_more_than_the_guesses_are_looked_at(place: &Place) {
    let mut state = place.open();
    for number in 0..8 {
        let request = MfaRequest { attempts: 20, ..request(&state, number, 1) };
        assert_eq!(state.begin_mfa(&request, most(), NOW).unwrap(), Begun::Admitted);
    }
    // Once nothing is kept of the destination, those who come make its row.
    let offer = |connection, round| MfaGuess { quota: quota(1, 10), ..guess((connection + round) % 8, WRONG) };
    let verified = at_once(place, 8, 10, offer);
    assert_eq!(count(&verified, Verified::Mismatch), 10);
    assert_eq!(count(&verified, Verified::Limited { seconds: 86_400 }), 70);
}

// contract 14.4c
fn in_parallel_one_right_code_matches(place: &Place) {
    begin(&mut place.open(), 1, 1);
    let verified = at_once(place, 32, 2, |_, _| guess(1, RIGHT));
    assert_eq!((count(&verified, Verified::Match), count(&verified, Verified::Gone)), (1, 63));
}

// contract 14.3c, 14.4c: also where nothing is kept of the destination yet.
fn in_parallel_no_more_than_the_sends_are_admitted(place: &Place) {
    let barrier = Barrier::new(8);
    let admitted: usize = thread::scope(|scope| {
        let threads: Vec<_> = (0..8)
            .map(|thread| {
                let barrier = &barrier;
                scope.spawn(move || {
                    let mut state = place.open();
                    barrier.wait();
                    let requests = (0..5).map(|round| request(&state, thread * 5 + round, 1));
                    let requests: Vec<MfaRequest> = requests.collect();
                    let begun = requests.iter().map(|request| state.begin_mfa(request, quota(7, 1), NOW).unwrap());
                    begun.filter(|begun| *begun == Begun::Admitted).count()
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    assert_eq!((admitted, place.count("mfa_request"), place.count("mfa_destination")), (7, 7, 1));
}

// contract 14.4c: those who come with the same requests in another order do not wait for each other for ever.
fn batches_of_codes_keep_nobody_waiting(place: &Place) {
    let is_guessed = |id: MfaId| id.as_bytes()[0] < 64;
    let mut state = place.open();
    for number in 0..40 {
        let begun = MfaRequest { attempts: 20, expires: NOW + DAY, ..request(&state, number, number % 7) };
        assert_eq!(state.begin_mfa(&begun, most(), NOW).unwrap(), Begun::Admitted);
    }
    let matches: usize = thread::scope(|scope| {
        let threads: Vec<_> = (0..4_usize)
            .map(|thread| {
                scope.spawn(move || {
                    let mut state = place.open();
                    let mut verified = Vec::new();
                    for round in 0..10 {
                        // After ten minutes nothing is kept of destinations, and those who begin let their rows go.
                        let now = NOW + 600 * round;
                        let code = if round == 9 { RIGHT } else { WRONG };
                        let offer = |number| MfaGuess { now, ..guess(number, code) };
                        let mut guesses: Vec<MfaGuess> = (0..40).map(offer).collect();
                        guesses.rotate_left(thread * 10);
                        if thread % 2 == 0 {
                            guesses.reverse();
                        }
                        // A few are guessed wrongly, until they are exhausted.
                        guesses.retain(|guess| round == 9 || is_guessed(guess.id));
                        verified.extend(state.verify_mfa(&guesses).unwrap());
                        let number = 1000 + u32::try_from(thread).unwrap() * 10 + u32::try_from(round).unwrap();
                        let next = request(&state, number, number % 9);
                        assert_eq!(state.begin_mfa(&next, most(), now).unwrap(), Begun::Admitted);
                    }
                    count(&verified, Verified::Match)
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    let guessed = (0..40).filter(|number| is_guessed(id(*number))).count();
    assert!((40 - guessed..=40).contains(&matches), "{matches}");
}

// contract 14.4f: what can no longer matter goes as others come, and what can stays.
fn requests_and_destinations_go(place: &Place) {
    let mut state = place.open();
    for number in 0..20 {
        begin(&mut state, number, number);
    }
    // One that is open for a week, and one with a wrong guess, which counts for a day.
    let long = MfaRequest { expires: NOW + 7 * DAY, ..request(&state, 20, 20) };
    assert_eq!(state.begin_mfa(&long, most(), NOW).unwrap(), Begun::Admitted);
    begin(&mut state, 21, 21);
    assert_eq!(verify(&mut state, guess(21, WRONG)), Verified::Mismatch);
    assert_eq!((place.count("mfa_request"), place.count("mfa_destination")), (22, 22));
    // A second before the sends no longer count, all destinations are there.
    for number in 100..300 {
        let later = MfaRequest { expires: NOW + DAY, ..request(&state, number, number) };
        assert_eq!(state.begin_mfa(&later, most(), NOW + 599).unwrap(), Begun::Admitted);
    }
    assert_eq!(place.count("mfa_destination"), 222);
    let requests = place.count("mfa_request");
    // Before the lowest keys few have a turn.
    assert!((201..=206).contains(&requests), "{requests}: 200 new ones, the long one, and perhaps a few more");
    for number in 1000..1400 {
        let later = MfaRequest { expires: NOW + DAY, ..request(&state, number, number) };
        assert_eq!(state.begin_mfa(&later, most(), NOW + DAY - 1).unwrap(), Begun::Admitted);
    }
    let destinations = place.count("mfa_destination");
    assert!(
        (401..=500).contains(&destinations),
        "{destinations}: 400 new ones, the guessed one, and perhaps a few more"
    );
    let guessed = MfaRequest { expires: NOW + 2 * DAY, ..request(&state, 2000, 21) };
    assert_eq!(state.begin_mfa(&guessed, quota(1, 1), NOW + DAY - 1).unwrap(), Begun::Limited { seconds: 1 });
    assert_eq!(verify(&mut state, MfaGuess { now: NOW + DAY, ..guess(20, RIGHT) }), Verified::Match);
}
