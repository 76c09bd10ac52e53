use std::collections::BTreeMap;

use switchboard_core::{AlarmKind, Call, Duty, EndReason, Timestamp};
use switchboard_store::{CallWrite, Reserved, Store, Written};

use super::{Bench, PRINCIPAL, acme, answered, change, draft, ended, free, reserve, reserved};
use crate::made_calls;

/// The figures of the day, by provider and name.
async fn figures(bench: &Bench) -> BTreeMap<String, i64> {
    let now = bench.store.now();
    let days = bench.store.figures(&acme(), now, now).await.unwrap();
    let named = |day: switchboard_store::DayFigures| {
        day.counts.into_iter().map(move |(name, count)| (format!("{} {name}", day.provider), count))
    };
    days.into_iter().flat_map(named).filter(|(_, count)| *count != 0).collect()
}

/// What calls add up to, added up from the calls themselves.
async fn added_up(bench: &Bench, calls: &[Call]) -> BTreeMap<String, i64> {
    let mut sums: BTreeMap<String, i64> = BTreeMap::new();
    for call in calls {
        let contribution = bench.store.call_fetch_any(call.id).await.unwrap().unwrap().contribution();
        let provider = contribution.provider.map_or("none", |provider| provider.as_str());
        for (name, count) in contribution.counts {
            *sums.entry(format!("{provider} {name}")).or_default() += count;
        }
    }
    sums
}

#[tokio::test]
async fn the_figures_are_what_the_calls_add_up_to_after_every_change() {
    let bench = Bench::new().await;
    let store = &bench.store;
    let mut calls = Vec::new();
    for at in 0..9_u32 {
        let call = reserved(&bench, 50).await;
        calls.push(call.clone());
        if at % 3 == 0 {
            let now = store.now();
            change(store, &call, |call| assert!(call.take_back(EndReason::NotDialled, now))).await;
        } else {
            let call = ended(store, &answered(store, &call).await, at * 40).await;
            let cost = made_calls::cost(i64::from(at) * 1_000);
            change(store, &call, |call| made_calls::hear(call, &cost)).await;
            // Told again, and longer than it was told at first.
            if at % 2 == 0 {
                ended(store, &call, at * 50).await;
            }
        }
        assert_eq!(figures(&bench).await, added_up(&bench, &calls).await, "after call {at}");
    }
    let figures = figures(&bench).await;
    assert_eq!(
        (figures["twilio total"], figures["twilio end.not_dialled"], figures["twilio end.completed"]),
        (9, 3, 6)
    );
}

async fn spent(bench: &Bench) -> (i64, i64) {
    let day: String = bench.store.now().to_string().chars().take(10).collect();
    let of_tenant = bench.store.spend_of_day(&acme(), &day, None).await.unwrap();
    let of_key = bench.store.spend_of_day(&acme(), &day, Some(PRINCIPAL)).await.unwrap();
    (of_tenant, of_key)
}

#[tokio::test]
async fn what_a_call_may_cost_is_held_back_until_it_is_known_what_it_did_cost() {
    let bench = Bench::new().await;
    let store = &bench.store;
    let Reserved::Now(call) = reserve(store, draft(&bench, 6_000), 5, &free()).await else { panic!("refused") };
    assert_eq!(spent(&bench).await, (6_000, 6_000));
    let call = answered(store, &call).await;
    assert_eq!(spent(&bench).await, (6_000, 6_000));
    // A hundred seconds of the six hundred that were allowed.
    let call = ended(store, &call, 100).await;
    assert_eq!(spent(&bench).await, (1_000, 1_000));
    let cost = made_calls::cost(1_234);
    change(store, &call, |call| made_calls::hear(call, &cost)).await;
    assert_eq!(spent(&bench).await, (1_234, 1_234));
}

#[tokio::test]
async fn what_was_held_back_for_a_call_that_was_not_dialled_is_given_back_and_taken_again_if_it_lives() {
    let bench = Bench::new().await;
    let (store, now) = (&bench.store, bench.store.now());
    let Reserved::Now(call) = reserve(store, draft(&bench, 6_000), 5, &free()).await else { panic!("refused") };
    let leg = call.legs[0].id;
    change(store, &call, |call| {
        assert!(call.begin_dialing(leg, now, now));
        call.not_dialled(leg, EndReason::NotDialled, "", now);
    })
    .await;
    assert_eq!(spent(&bench).await, (0, 0));
    let ringing = super::waiting("", "ringing", now).observation;
    change(store, &call, |call| {
        call.observe(leg, &ringing, now);
    })
    .await;
    assert_eq!(spent(&bench).await, (6_000, 6_000));
}

/// The kinds of a tenant's alarms, open or closed.
async fn alarms(store: &Store, open: bool) -> Vec<(AlarmKind, bool)> {
    let listed = store.alarms_list(&acme(), open, None, 10).await.unwrap().alarms;
    listed.iter().map(|alarm| (alarm.kind, alarm.closed_at.is_some())).collect()
}

#[tokio::test]
async fn an_alarm_is_listed_as_open_from_the_change_that_raises_it_to_the_one_that_settles_it() {
    let bench = Bench::new().await;
    let (store, now) = (&bench.store, bench.store.now());
    let call = answered(store, &reserved(&bench, 5).await).await;
    assert_eq!((alarms(store, true).await, alarms(store, false).await), (vec![], vec![]));
    for _ in 0..2 {
        change(store, &call, |call| call.raise(AlarmKind::CannotEnd, "why", now)).await;
        assert_eq!(alarms(store, true).await, [(AlarmKind::CannotEnd, false)], "one of its kind at a time");
    }
    let listed = store.alarms_list(&acme(), true, None, 10).await.unwrap().alarms;
    assert_eq!((listed[0].call, listed[0].reason.as_str()), (Some(call.id), "why"));
    let other = switchboard_core::TenantId::parse("other").unwrap();
    assert!(store.alarms_list(&other, true, None, 10).await.unwrap().alarms.is_empty());
    ended(store, &call, 20).await;
    assert_eq!(alarms(store, true).await, []);
    assert_eq!(alarms(store, false).await, [(AlarmKind::CannotEnd, true)]);
}

/// Whether the index has a call as due at a moment.
async fn is_due(store: &Store, call: &Call, at: Timestamp) -> bool {
    let mut due = Vec::new();
    for shard in 0..Store::due_shards() {
        due.extend(store.calls_due(shard, at, 100).await.unwrap());
    }
    due.contains(&call.id)
}

#[tokio::test]
async fn a_call_is_found_when_its_next_duty_is_due_not_before_and_not_when_there_is_none() {
    let bench = Bench::new().await;
    let store = &bench.store;
    let mut call = reserved(&bench, 5).await;
    let now = store.now();
    let mut moments = Vec::new();
    for step in 0..3 {
        call = match step {
            0 => call,
            1 => {
                let bound = answered(store, &call).await;
                change(store, &bound, |call| call.done(Duty::Drain, now)).await
            }
            _ => ended(store, &call, 20).await,
        };
        let next = call.duties.next_at().unwrap();
        assert!(is_due(store, &call, next).await, "step {step}");
        assert!(!is_due(store, &call, next.minus(std::time::Duration::from_millis(1))).await, "step {step}");
        moments.push(next);
    }
    moments.dedup();
    assert_eq!(moments.len(), 3, "it moves with what is due next: {moments:?}");
    let write = CallWrite { before: Some(&call), ..CallWrite::default() };
    let mut done = call.clone();
    done.stop_collecting(now);
    assert_eq!(done.duties.next_at(), None);
    assert!(matches!(store.call_write(done, &write).await.unwrap(), Written::Done(_)));
    assert!(!is_due(store, &call, now.plus(super::ALLOWED * 100)).await);
}
