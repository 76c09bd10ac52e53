use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::{Map, Value, json};
use switchboard_core::{Call, DURATION_BUCKETS_SECS, EndReason, EndingBy, ProviderId, Timestamp};
use switchboard_store::Change;

use crate::harness::{TestWorld, start_time};
use crate::made_calls::{answered, cost, end_after, hear, keep, reserved, unanswered};

const ANALYTICS: &str = "/api/analytics";
/// Calls that are recounted.
const CALLS_MADE: usize = 60;

/// What becomes of a call.
#[derive(Clone, Copy, Debug)]
enum Life {
    Reserved,
    Talking,
    Unanswered(EndReason),
    Talked(EndReason, u32, Option<i64>),
    /// Ended by its deadline, so many seconds after it.
    Forced(u32),
}

fn life() -> impl Strategy<Value = Life> {
    let reason = || prop::sample::select(EndReason::ALL.to_vec());
    prop_oneof![
        Just(Life::Reserved),
        Just(Life::Talking),
        prop::sample::select(vec![EndReason::Busy, EndReason::NoAnswer, EndReason::Unknown]).prop_map(Life::Unanswered),
        (reason(), 0_u32..2_000, prop::option::of(0_i64..2_000_000))
            .prop_map(|(reason, secs, cost)| Life::Talked(reason, secs, cost)),
        (0_u32..60).prop_map(Life::Forced),
    ]
}

/// Has a call live its life, change by change, so that the figures are made of differences.
async fn live(world: &TestWorld, provider: ProviderId, at: Timestamp, life: Life) -> Call {
    let store = world.world.store();
    let call = keep(store, reserved("local", provider, at)).await;
    let id = call.id;
    let change = async |change: &(dyn Fn(&mut Call) + Sync)| {
        // A retry must begin from the call as it is kept; the closure is given a fresh copy each time.
        let read = store.call_fetch_any(id).await.unwrap().unwrap();
        let mut after = read.clone();
        change(&mut after);
        store
            .call_change_from(read, move |call| {
                *call = after.clone();
                Some(Change::default())
            })
            .await
            .unwrap();
    };
    match life {
        Life::Reserved => {}
        Life::Talking => change(&|call| *call = answered(call.clone())).await,
        Life::Unanswered(reason) => change(&|call| *call = unanswered(call.clone(), reason)).await,
        Life::Talked(reason, secs, price) => {
            change(&|call| *call = answered(call.clone())).await;
            change(&|call| end(call, reason, secs)).await;
            if let Some(price) = price {
                change(&|call| hear(call, &cost(price))).await;
            }
        }
        Life::Forced(late) => {
            change(&|call| *call = answered(call.clone())).await;
            change(&|call| call.ask_to_end(EndingBy::Deadline, call.deadline_at)).await;
            change(&|call| end(call, EndReason::Completed, 600 + late)).await;
        }
    }
    store.call_fetch_any(id).await.unwrap().unwrap()
}

fn end(call: &mut Call, reason: EndReason, secs: u32) {
    let end = end_after(call, reason, secs);
    hear(call, &end);
}

/// The day of a moment, as in `2026-11-20`.
fn day_of(at: Timestamp) -> String {
    at.to_string().chars().take(10).collect()
}

/// The upper bound of the bucket of a duration.
fn bound(secs: u32) -> Value {
    json!(DURATION_BUCKETS_SECS.into_iter().find(|bound| secs <= *bound))
}

/// The figures of calls, counted from the calls themselves.
fn recounted(calls: &[&Call], days: &BTreeSet<String>) -> Value {
    let (mut reasons, mut providers): (BTreeMap<&str, u64>, BTreeMap<&str, u64>) = Default::default();
    let talked = |call: &&&Call| call.answered_at().is_some() && call.duration_secs().is_some();
    let mut lasted: Vec<u32> = calls.iter().filter(talked).map(|call| call.duration_secs().unwrap()).collect();
    lasted.sort_unstable();
    for call in calls {
        *providers.entry(call.provider().unwrap().as_str()).or_default() += 1;
        if let Some(end) = call.end() {
            *reasons.entry(end.reason.as_str()).or_default() += 1;
        }
    }
    let succeeded =
        |calls: &[&Call]| calls.iter().filter(|call| call.end().is_some_and(|end| end.reason.is_success())).count();
    let known = calls.iter().filter(|call| call.end().is_some_and(|end| end.reason != EndReason::Unknown)).count();
    let by_day = days.iter().map(|day| {
        let of_day: Vec<&Call> = calls.iter().copied().filter(|call| day_of(call.created_at) == *day).collect();
        json!({
            "day": day, "total": of_day.len(), "ended": of_day.iter().filter(|call| call.end().is_some()).count(),
            "succeeded": succeeded(&of_day),
            "durationSecs": of_day.iter().filter(talked).map(|call| call.duration_secs().unwrap()).sum::<u32>(),
        })
    });
    let rank = |percent: usize| lasted.get((lasted.len() * percent).div_ceil(100).saturating_sub(1));
    let cost: i64 = calls.iter().filter_map(|call| call.cost()).map(|cost| cost.micros()).sum();
    let rate = (known > 0).then(|| (succeeded(calls) as f64 / known as f64 * 10_000.0).round() / 10_000.0);
    json!({
        "calls": {"total": calls.len(), "byEndReason": reasons, "byProvider": providers, "byDay": by_day.collect::<Vec<_>>()},
        "durationSecs": {
            "total": lasted.iter().sum::<u32>(),
            "p50": rank(50).map_or(Value::Null, |secs| bound(*secs)),
            "p95": rank(95).map_or(Value::Null, |secs| bound(*secs)),
        },
        "successRate": rate,
        "costMicros": cost,
        "ghostSecsPrevented": calls.iter().map(|call| call.ghost_secs_prevented()).sum::<u64>(),
    })
}

/// The answer with its cost in a form that adds up, and without the span that it covers.
fn comparable(mut answer: Map<String, Value>) -> Value {
    let cost = answer.remove("cost").unwrap();
    let micros = cost["amount"].as_str().map_or(0, |amount| amount.parse::<switchboard_core::Micros>().unwrap().get());
    answer.insert("costMicros".to_owned(), json!(micros));
    answer.remove("since");
    answer.remove("until");
    Value::Object(answer)
}

#[tokio::test]
async fn the_figures_are_what_a_recount_of_the_calls_gives() {
    let world = TestWorld::start().await;
    let mut runner = TestRunner::deterministic();
    let providers = prop::sample::select(vec![ProviderId::Hamsa, ProviderId::Omnidimension, ProviderId::Twilio]);
    let one = (providers, 0_u64..70 * 24, life());
    let mut made = Vec::new();
    for _ in 0..CALLS_MADE {
        let (provider, hours, life) = one.new_tree(&mut runner).unwrap().current();
        made.push(live(&world, provider, start_time().minus(Duration::from_secs(hours * 3_600)), life).await);
    }
    let day = |back: u64| day_of(start_time().minus(Duration::from_secs(back * 24 * 60 * 60)));
    for (query, last, first) in [
        (String::new(), 0, 29),
        (format!("since={}T00:00:00Z", day(70)), 0, 70),
        (format!("since={}T12:00:00Z&until={}T00:00:00Z", day(50), day(20)), 21, 50),
        (format!("since={}T23:59:59Z&until={}T00:00:01Z", day(3), day(3 - 1)), 2, 3),
    ] {
        let days: BTreeSet<String> = (last..=first).map(day).collect();
        for provider in [None, Some(ProviderId::Hamsa), Some(ProviderId::Openai)] {
            let path = match provider {
                Some(provider) => format!("{ANALYTICS}?{query}&provider={provider}"),
                None => format!("{ANALYTICS}?{query}"),
            };
            let counted = |call: &&Call| {
                days.contains(&day_of(call.created_at)) && provider.is_none_or(|one| call.provider() == Some(one))
            };
            let calls: Vec<&Call> = made.iter().filter(counted).collect();
            let answer = world.as_local().get(&path).await;
            answer.expect(200);
            let figures = comparable(answer.json.as_object().unwrap().clone());
            assert_eq!(figures, recounted(&calls, &days), "{path}");
            let midnight = |day: &str| format!("{day}T00:00:00.000Z");
            assert_eq!(answer.text("/since"), midnight(days.first().unwrap()));
        }
    }
}

#[tokio::test]
async fn of_no_calls_nothing_is_claimed() {
    let world = TestWorld::start().await;
    let answer = world.as_local().get(ANALYTICS).await;
    answer.expect(200);
    let mut json = answer.json;
    assert_eq!(json["calls"]["byDay"].as_array().unwrap().len(), 30);
    json["calls"]["byDay"] = json!([]);
    let expected = json!({
        "since": "2026-10-22T00:00:00.000Z", "until": "2026-11-21T00:00:00.000Z",
        "calls": {"total": 0, "byEndReason": {}, "byProvider": {}, "byDay": []},
        "durationSecs": {"total": 0, "p50": null, "p95": null},
        "successRate": null, "cost": null, "ghostSecsPrevented": 0,
    });
    assert_eq!(json, expected);
}

#[tokio::test]
async fn a_span_that_cannot_be_answered_is_refused() {
    let world = TestWorld::start().await;
    for (query, field) in [
        ("since=2025-10-31T23:59:59Z", "since"),
        ("since=2026-11-21T00:00:00Z", "since"),
        ("since=2026-11-20T00:00:00Z&until=2026-11-19T00:00:00Z", "until"),
        ("since=soon", "since"),
        ("until=", "until"),
        ("provider=nobody", "provider"),
    ] {
        world.as_local().get(&format!("{ANALYTICS}?{query}")).await.refused_field(400, "invalid_request", field);
    }
    for query in ["since=2025-11-01T00:00:00Z", "until=2099-01-01T00:00:00Z", "since=2026-11-20T00:00:00+04:00"] {
        world.as_local().get(&format!("{ANALYTICS}?{query}")).await.expect(200);
    }
}
