use switchboard_core::{Call, ProviderId};
use switchboard_store::{Change, Changed, Journaled, Reference, Store};

use super::{Bench, answered, at_once, delivery, heard, reserved, waiting};

const TWILIO: ProviderId = ProviderId::Twilio;

/// Makes a name stand for a call.
async fn name(store: &Store, call: &Call, external: &str) -> Changed {
    let reference = Reference { provider: TWILIO, external: external.to_owned(), leg: call.legs[0].id };
    let change = |_: &mut Call| Some(Change { references: vec![reference.clone()], ..Change::default() });
    store.call_change(call.id, change).await.unwrap()
}

/// Applies what waits under a name.
async fn drain(store: &Store, call: &Call, external: &str) -> usize {
    let all = store.waiting_list(TWILIO, external).await.unwrap();
    for waiting in &all {
        let heard = heard(call.legs[0].id, &waiting.observation, waiting.received_at);
        store.call_hear(call.id, None, heard, None, Some(waiting)).await.unwrap();
    }
    all.len()
}

#[tokio::test]
async fn a_name_stands_for_one_attempt_and_saying_so_again_is_no_conflict() {
    let bench = Bench::new().await;
    let (ours, theirs) = (reserved(&bench, 5).await, reserved(&bench, 5).await);
    for _ in 0..2 {
        assert!(matches!(name(&bench.store, &ours, "CA1").await, Changed::Done(_)));
    }
    assert!(matches!(name(&bench.store, &theirs, "CA1").await, Changed::ReferenceTaken));
    assert_eq!(bench.store.call_fetch_any(theirs.id).await.unwrap().as_ref(), Some(&theirs), "nothing else is written");
    let owner = bench.store.call_reference(TWILIO, "CA1").await.unwrap();
    assert_eq!(owner, Some((ours.id, ours.legs[0].id)));
    assert_eq!(bench.store.call_reference(ProviderId::Hamsa, "CA1").await.unwrap(), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_eight_calls_that_claim_one_name_at_once_one_has_it() {
    let bench = Bench::new().await;
    let mut calls = Vec::new();
    for _ in 0..8 {
        calls.push(reserved(&bench, 50).await);
    }
    let outcomes = at_once(8, |number| {
        let (store, call) = (bench.store.clone(), calls[number].clone());
        async move { matches!(name(&store, &call, "CA1").await, Changed::Done(_)) }
    })
    .await;
    assert_eq!(outcomes.iter().filter(|done| **done).count(), 1);
    let (owner, _) = bench.store.call_reference(TWILIO, "CA1").await.unwrap().unwrap();
    assert_eq!(Some(owner), outcomes.iter().position(|done| *done).map(|number| calls[number].id));
}

#[tokio::test]
async fn what_comes_before_the_bind_waits_for_it_and_what_comes_after_it_is_sent_to_its_owner() {
    let bench = Bench::new().await;
    let (store, now) = (&bench.store, bench.store.now());
    let call = answered(store, &reserved(&bench, 5).await).await;
    let early = waiting("CA1", "early", now);
    assert_eq!(store.delivery_wait(&delivery("early", now), &early).await.unwrap(), Some(Journaled::New));
    assert_eq!(store.delivery_wait(&delivery("early", now), &early).await.unwrap(), Some(Journaled::Duplicate));
    name(store, &call, "CA1").await;
    let late = store.delivery_wait(&delivery("late", now), &waiting("CA1", "late", now)).await.unwrap();
    assert_eq!(late, None, "the name has an owner: look again");
    assert_eq!(drain(store, &call, "CA1").await, 1);
    assert_eq!(drain(store, &call, "CA1").await, 0);
    let said = store.call_entries(call.id, None, 100).await.unwrap().entries;
    assert_eq!(said.iter().map(|entry| entry.kind.as_str()).collect::<Vec<_>>(), ["early"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delivery_and_a_bind_at_the_same_moment_lose_nothing_whichever_comes_first() {
    let bench = Bench::new().await;
    let (mut waited, mut sent_on) = (0, 0);
    for round in 0..16 {
        let (store, external) = (bench.store.clone(), format!("CA{round}"));
        let call = answered(&store, &reserved(&bench, 50).await).await;
        let deliver = {
            let (store, external, call) = (store.clone(), external.clone(), call.clone());
            async move {
                // Now the one has a head start, now the other.
                for _ in 0..round / 4 * 4 {
                    store.probe().await.unwrap();
                }
                let (now, key) = (store.now(), format!("delivery {external}"));
                let waiting = waiting(&external, "told", now);
                if store.delivery_wait(&delivery(&key, now), &waiting).await.unwrap().is_some() {
                    return true;
                }
                let heard = heard(call.legs[0].id, &waiting.observation, now);
                let taken = store.call_hear(call.id, None, heard, Some(&delivery(&key, now)), None).await.unwrap();
                assert!(matches!(taken, Changed::Done(_)), "{taken:?}");
                false
            }
        };
        let bind = {
            let (store, external, call) = (store.clone(), external.clone(), call.clone());
            async move {
                for _ in 0..round % 4 {
                    store.probe().await.unwrap();
                }
                assert!(matches!(name(&store, &call, &external).await, Changed::Done(_)));
                drain(&store, &call, &external).await;
            }
        };
        let (has_waited, ()) = tokio::join!(deliver, bind);
        waited += usize::from(has_waited);
        sent_on += usize::from(!has_waited);
        let said = store.call_entries(call.id, None, 100).await.unwrap().entries;
        assert_eq!(said.iter().filter(|entry| entry.kind == "told").count(), 1, "round {round}");
        assert!(store.waiting_list(TWILIO, &external).await.unwrap().is_empty(), "round {round}");
    }
    assert!(waited > 0 && sent_on > 0, "either order was seen: {waited}, {sent_on}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_is_applied_once_however_many_drain_it() {
    let bench = Bench::new().await;
    let (store, now) = (&bench.store, bench.store.now());
    let call = answered(store, &reserved(&bench, 5).await).await;
    let early = waiting("CA1", "early", now);
    store.delivery_wait(&delivery("early", now), &early).await.unwrap();
    name(store, &call, "CA1").await;
    let outcomes = at_once(6, |_| {
        let (store, call, early) = (bench.store.clone(), call.clone(), early.clone());
        async move {
            let heard = heard(call.legs[0].id, &early.observation, early.received_at);
            matches!(store.call_hear(call.id, None, heard, None, Some(&early)).await.unwrap(), Changed::Done(_))
        }
    })
    .await;
    assert_eq!(outcomes.iter().filter(|done| **done).count(), 1);
    assert_eq!(store.call_entries(call.id, None, 100).await.unwrap().entries.len(), 1);
}

#[tokio::test]
async fn who_may_be_up_at_a_number_is_known_from_the_fence_to_the_end_whoever_it_is() {
    let bench = Bench::new().await;
    let store = &bench.store;
    let call = reserved(&bench, 5).await;
    let to = call.to.clone().unwrap();
    let open = async || {
        let open = store.open_legs_to(&to).await.unwrap();
        open.iter().map(|open| (open.leg == call.legs[0].id, open.bound)).collect::<Vec<_>>()
    };
    assert_eq!(open().await, [], "nothing has been sent");
    let (leg, now) = (call.legs[0].id, store.now());
    super::change(store, &call, |call| assert!(call.begin_dialing(leg, now, now))).await;
    assert_eq!(open().await, [(true, false)]);
    super::change(store, &call, |call| call.outcome_lost(leg, "lost", now)).await;
    assert_eq!(open().await, [(true, false)]);
    let said = waiting("CA1", "told", now).observation;
    super::change(store, &call, |call| {
        call.observe(leg, &said, now);
    })
    .await;
    assert_eq!(open().await, [(true, false)], "it lives, and which record is its is still not known");
    super::change(store, &call, |call| call.bind(leg, Some("CA1"), &said, now)).await;
    assert_eq!(open().await, [(true, true)]);
    super::ended(store, &call, 5).await;
    assert_eq!(open().await, []);
}
