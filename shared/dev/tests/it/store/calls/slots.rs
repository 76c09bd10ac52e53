use std::time::Duration;

use switchboard_core::{Call, EndReason};
use switchboard_store::{Reserved, StoreError};

use super::{ALLOWED, Bench, answered, at_once, change, draft, ended, free, reserve, reserved};

/// Whether another call would be told that there are too many.
async fn is_full(bench: &Bench, limit: u32) -> bool {
    match reserve(&bench.store, draft(bench, 1), limit, &free()).await {
        Reserved::Full => true,
        Reserved::Now(call) => {
            let now = bench.store.now();
            change(&bench.store, &call, |call| assert!(call.take_back(EndReason::NotDialled, now))).await;
            false
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sixty_calls_at_once_get_exactly_the_twenty_slots_there_are() {
    let bench = Bench::new().await;
    let outcomes = at_once(60, |_| {
        let (store, call) = (bench.store.clone(), draft(&bench, 1));
        async move {
            let policy = free();
            let counts = switchboard_store::DialCounts { policy: &policy, to: None };
            let with = switchboard_store::Reservation { key: None, limit: 20, counts };
            // Whoever meets too many others is told to try again, and has taken nothing.
            loop {
                match store.call_reserve(call.clone(), &with).await {
                    Err(StoreError::Contended { .. }) => {}
                    outcome => return outcome.unwrap(),
                }
            }
        }
    })
    .await;
    let slots: std::collections::BTreeSet<u32> = outcomes
        .iter()
        .filter_map(|outcome| match outcome {
            Reserved::Now(call) => call.slot.as_ref().unwrap().number,
            _ => None,
        })
        .collect();
    let refused = outcomes.iter().filter(|outcome| matches!(outcome, Reserved::Full)).count();
    assert_eq!((slots.len(), refused), (20, 40));
}

#[tokio::test]
async fn a_call_gives_its_slot_back_when_it_is_over_and_not_before() {
    let bench = Bench::new().await;
    let call = answered(&bench.store, &reserved(&bench, 1).await).await;
    assert!(is_full(&bench, 1).await);
    ended(&bench.store, &call, 20).await;
    assert!(!is_full(&bench, 1).await);
}

/// A call that counts as not dialled.
async fn given_up(bench: &Bench, limit: u32) -> Call {
    let (call, now) = (reserved(bench, limit).await, bench.store.now());
    let leg = call.legs[0].id;
    change(&bench.store, &call, |call| {
        assert!(call.begin_dialing(leg, now, now));
        call.not_dialled(leg, EndReason::NotDialled, "", now);
    })
    .await
}

#[tokio::test]
async fn a_call_that_comes_back_to_life_counts_even_beyond_the_limit() {
    let bench = Bench::new().await;
    let (store, now) = (&bench.store, bench.store.now());
    let first = given_up(&bench, 1).await;
    let second = answered(store, &reserved(&bench, 1).await).await;
    let ringing = super::waiting("", "ringing", now).observation;
    let first = change(store, &first, |call| {
        call.observe(call.legs[0].id, &ringing, now);
    })
    .await;
    assert_eq!(first.slot.as_ref().unwrap().number, None, "its own slot is somebody else's by now");
    ended(store, &second, 20).await;
    assert!(is_full(&bench, 1).await, "there is one slot, and one call that lives");
    assert!(!is_full(&bench, 2).await);
    change(store, &first, |call| call.extend_slot(now.plus(ALLOWED * 10), now)).await;
    bench.advance(ALLOWED * 5);
    assert!(is_full(&bench, 1).await, "its place is kept for longer like any other");
    let first = store.call_fetch_any(first.id).await.unwrap().unwrap();
    ended(store, &first, 20).await;
    assert!(!is_full(&bench, 1).await);
}

#[tokio::test]
async fn a_slot_whose_lease_has_passed_is_anybodys_and_its_first_holder_takes_it_from_nobody() {
    let bench = Bench::new().await;
    let first = answered(&bench.store, &reserved(&bench, 1).await).await;
    let lease = first.slot.as_ref().unwrap().lease_until.since(bench.store.now());
    bench.advance(lease - Duration::from_millis(1));
    assert!(is_full(&bench, 1).await);
    bench.advance(Duration::from_millis(1));
    let second = answered(&bench.store, &reserved(&bench, 1).await).await;
    // The first one is over, and has nothing to give back.
    ended(&bench.store, &first, 20).await;
    assert!(is_full(&bench, 1).await);
    ended(&bench.store, &second, 20).await;
    assert!(!is_full(&bench, 1).await);
}
