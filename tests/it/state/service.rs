//! The memory of multi-factor codes as a service uses it: many ask at once, some of them do not wait, and several instances have
//! one state.

use std::pin::pin;
use std::task::{Context, Waker};

use tokio::runtime::Runtime;
use totp_adapter::service::store::Store;
use totp_adapter::state::{Begun, CodeHash, MfaId, MfaRequest, Policy, Quota, Verified};

use super::store::Place;
use crate::common::schema::runtime;
use crate::on_each_store;

on_each_store! {
    what_a_service_asks,
    whoever_has_gone_has_guessed,
    many_at_once_over_two_instances,
}

const NOW: i64 = 1_111_111_109;
const RIGHT: CodeHash = CodeHash::new([1; 32]);
const WRONG: CodeHash = CodeHash::new([2; 32]);

fn store(place: &Place) -> Store {
    Store::open(&place.location(), None, Policy::default()).unwrap()
}

fn id(number: u8) -> MfaId {
    MfaId::from_random([number; MfaId::BYTES])
}

fn request(store: &Store, number: u8) -> MfaRequest {
    let destination = store.destination("+15551234567");
    MfaRequest { id: id(number), destination, code: RIGHT, attempts: 3, expires: NOW + 60 }
}

async fn begin(store: &Store, number: u8) {
    let begun = store.begin_mfa(request(store, number), Quota::default(), NOW).await;
    assert_eq!(begun, Ok(Begun::Admitted));
}

async fn verify(store: &Store, number: u8, code: CodeHash) -> Verified {
    store.verify_mfa(id(number), code, Quota::default(), NOW).await.unwrap()
}

// contract 14.3b, 14.3d, 14.3e, 14.4b
fn what_a_service_asks(place: &Place) {
    runtime().block_on(async {
        let store = store(place);
        for number in 1..=3 {
            begin(&store, number).await;
        }
        assert_eq!(verify(&store, 1, WRONG).await, Verified::Mismatch);
        assert_eq!(verify(&store, 1, RIGHT).await, Verified::Match);
        store.void_mfa(id(2)).await.unwrap();
        assert_eq!(verify(&store, 2, RIGHT).await, Verified::Gone);
        let few = Quota::new(9, 1).unwrap();
        let offer = |code| store.verify_mfa(id(3), code, few, NOW);
        assert_eq!(offer(WRONG).await, Ok(Verified::Mismatch));
        let seconds = 86_400;
        assert_eq!(offer(RIGHT).await, Ok(Verified::Limited { seconds }));
        assert_eq!(store.begin_mfa(request(&store, 4), few, NOW).await, Ok(Begun::Limited { seconds }));
        store.unlock_destination(store.destination("+15551234567")).await.unwrap();
        assert_eq!(offer(RIGHT).await, Ok(Verified::Match));
        store.end().await.unwrap();
    });
}

// contract 14.4e: R12, a hang-up loses the answer, never the count.
fn whoever_has_gone_has_guessed(place: &Place) {
    runtime().block_on(async {
        let store = store(place);
        begin(&store, 1).await;
        begin(&store, 2).await;
        let mut context = Context::from_waker(Waker::noop());
        for (number, code) in [(1, WRONG), (1, WRONG), (2, RIGHT), (1, WRONG)] {
            // It is asked, and nobody waits for the answer.
            let asked = pin!(verify(&store, number, code));
            let _ = asked.poll(&mut context);
        }
        assert_eq!(verify(&store, 1, RIGHT).await, Verified::Gone);
        assert_eq!(verify(&store, 2, RIGHT).await, Verified::Gone);
        store.end().await.unwrap();
    });
}

/// What comes of a code that many offer at once, half of them to each of two instances.
fn offered_at_once(runtime: &Runtime, instances: &[Store; 2], number: u8, code: CodeHash, times: usize) -> usize {
    runtime.block_on(async {
        let offers: Vec<_> = (0..times)
            .map(|turn| {
                let store = instances[turn % 2].clone();
                tokio::spawn(async move { verify(&store, number, code).await })
            })
            .collect();
        let mut looked_at = 0;
        for offer in offers {
            match offer.await.unwrap() {
                Verified::Match | Verified::Mismatch => looked_at += 1,
                Verified::Gone => {}
                limited @ Verified::Limited { .. } => panic!("{limited:?}"),
            }
        }
        looked_at
    })
}

// contract 14.4c
fn many_at_once_over_two_instances(place: &Place) {
    let runtime = runtime();
    let instances = [store(place), store(place)];
    runtime.block_on(begin(&instances[0], 1));
    runtime.block_on(begin(&instances[1], 2));
    assert_eq!(offered_at_once(&runtime, &instances, 1, WRONG, 200), 3);
    assert_eq!(offered_at_once(&runtime, &instances, 2, RIGHT, 200), 1);
    for store in instances {
        runtime.block_on(store.end()).unwrap();
    }
}
