use std::time::Duration;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::Value;
use switchboard_core::{Call, Channel, EndReason, Phase, PhoneNumber, ProviderId, Scope, Timestamp};

use super::{CALLS, pages, texts};
use crate::harness::{TestWorld, start_time};
use crate::made_calls::{answered, ended, keep, reserved, unanswered};

/// Calls in the history that is paged through.
const CALLS_MADE: usize = 150;
/// Filters and limits that are tried on it.
const LISTS: usize = 40;
/// The most pages of one list: a page of one call each, and what six months without any cost.
const MOST_PAGES: usize = CALLS_MADE + 5;

/// A moment of the last thirteen months, now and then at the very border of two months.
fn moment() -> impl Strategy<Value = Timestamp> {
    let border = |month: u32| Timestamp::parse(&format!("2026-{month:02}-01T00:00:00Z")).unwrap();
    prop_oneof![
        3 => (0_u64..395 * 24 * 60).prop_map(|minutes| start_time().minus(Duration::from_secs(minutes * 60))),
        1 => (1_u32..12, -1_i64..2).prop_map(move |(month, off)| {
            Timestamp::from_epoch_millis(border(month).epoch_millis() + off)
        }),
    ]
}

fn number() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["+96891234567", "+96891234568", "+14155550100"])
}

fn call() -> impl Strategy<Value = Call> {
    let provider = prop::sample::select(vec![ProviderId::Hamsa, ProviderId::Omnidimension, ProviderId::Twilio]);
    (moment(), provider, number(), any::<bool>(), 0_u8..5).prop_map(|(at, provider, to, web, life)| {
        let mut call = reserved("local", provider, at);
        call.to = PhoneNumber::from_e164(to);
        if web {
            call.channel = Channel::Web;
        }
        match life {
            0 => call,
            1 => answered(call),
            2 => unanswered(call, EndReason::Busy),
            3 => unanswered(call, EndReason::NoAnswer),
            _ => ended(call, EndReason::Completed, 20),
        }
    })
}

/// What is asked for, as the query has it and as a rule told apart from the product's.
#[derive(Clone, Debug, Default)]
struct Asked {
    phase: Option<Phase>,
    reason: Option<EndReason>,
    provider: Option<ProviderId>,
    channel: Option<Channel>,
    to: Option<&'static str>,
    since: Option<Timestamp>,
    until: Option<Timestamp>,
}

impl Asked {
    fn query(&self) -> String {
        let pairs = [
            ("phase", self.phase.map(|phase| phase.as_str().to_owned())),
            ("endReason", self.reason.map(|reason| reason.as_str().to_owned())),
            ("provider", self.provider.map(|provider| provider.to_string())),
            ("channel", self.channel.map(|channel| channel.as_str().to_owned())),
            ("to", self.to.map(|to| to.replace('+', "%2B"))),
            ("since", self.since.map(|since| since.to_string())),
            ("until", self.until.map(|until| until.to_string())),
        ];
        let given = pairs.into_iter().filter_map(|(name, value)| Some(format!("&{name}={}", value?)));
        given.collect()
    }

    fn takes(&self, call: &Call) -> bool {
        let ended_by = call.end().map(|end| end.reason);
        [
            self.phase.is_none_or(|phase| phase == call.phase()),
            self.reason.is_none_or(|reason| ended_by == Some(reason)),
            self.provider.is_none_or(|provider| call.legs[0].provider == provider),
            self.channel.is_none_or(|channel| channel == call.channel),
            self.to.is_none_or(|to| call.to.as_ref().unwrap().expose() == to),
            self.since.is_none_or(|since| call.created_at >= since),
            self.until.is_none_or(|until| call.created_at < until),
        ]
        .into_iter()
        .all(|holds| holds)
    }
}

fn asked() -> impl Strategy<Value = Asked> {
    let rarely = |of| prop::option::weighted(0.3, of);
    (
        prop::option::weighted(
            0.2,
            prop::sample::select(vec![Phase::Reserved, Phase::InProgress, Phase::Ended, Phase::Ringing]),
        ),
        prop::option::weighted(
            0.2,
            prop::sample::select(vec![EndReason::Busy, EndReason::Completed, EndReason::Unknown]),
        ),
        prop::option::weighted(
            0.2,
            prop::sample::select(vec![ProviderId::Hamsa, ProviderId::Twilio, ProviderId::Openai]),
        ),
        prop::option::weighted(0.2, prop::sample::select(vec![Channel::Phone, Channel::Web])),
        prop::option::weighted(0.2, number()),
        (rarely(moment().boxed()), rarely(moment().boxed())),
    )
        .prop_map(|(phase, reason, provider, channel, to, (since, until))| {
            let swapped = since.zip(until).is_some_and(|(since, until)| since >= until);
            let (since, until) = if swapped { (None, until) } else { (since, until) };
            Asked { phase, reason, provider, channel, to, since, until }
        })
}

#[tokio::test]
async fn every_call_that_fits_is_on_exactly_one_page_newest_first_whatever_the_filter_and_the_limit() {
    let world = TestWorld::start().await;
    let mut runner = TestRunner::deterministic();
    let mut made = Vec::new();
    for _ in 0..CALLS_MADE {
        let call = call().new_tree(&mut runner).unwrap().current();
        made.push(keep(world.world.store(), call).await);
    }
    // Somebody else's are in none of the lists.
    keep(world.world.store(), reserved("other", ProviderId::Hamsa, start_time())).await;
    made.sort_by_key(|call| std::cmp::Reverse((call.created_at, call.id.to_string())));
    let mut found = 0;
    for round in 0..LISTS {
        let asked = if round == 0 { Asked::default() } else { asked().new_tree(&mut runner).unwrap().current() };
        let limit = prop::sample::select(vec![1, 2, 7, 50, 100]).new_tree(&mut runner).unwrap().current();
        let path = format!("{CALLS}?limit={limit}{}", asked.query());
        // A principal of its own, so that no round meets the limit of requests of another.
        let reader = world.new_key("local", [Scope::CallsRead]).await;
        let pages = pages(&world.bearing(&reader), &path, "calls", MOST_PAGES).await;
        assert!(pages.iter().all(|page| page.len() <= limit), "{path}");
        let listed: Vec<Value> = pages.concat();
        let expected: Vec<String> =
            made.iter().filter(|call| asked.takes(call)).map(|call| call.id.to_string()).collect();
        assert_eq!(texts(&listed, "callId"), expected, "{path}");
        found += expected.len();
    }
    assert!(found > CALLS_MADE * 3, "filters that let nothing pass test nothing");
}

#[tokio::test]
async fn calls_that_are_no_longer_kept_are_not_listed() {
    let world = TestWorld::start().await;
    let days = |days: u64| start_time().minus(Duration::from_secs(days * 24 * 60 * 60));
    let kept = keep(world.world.store(), reserved("local", ProviderId::Hamsa, days(399))).await;
    keep(world.world.store(), reserved("local", ProviderId::Hamsa, days(401))).await;
    for path in [CALLS.to_owned(), format!("{CALLS}?since=2020-01-01T00:00:00Z")] {
        let listed = pages(&world.as_local(), &path, "calls", 5).await.concat();
        assert_eq!(texts(&listed, "callId"), [kept.id.to_string()]);
    }
}

#[tokio::test]
async fn a_number_is_found_however_it_is_written_in_the_query() {
    let world = TestWorld::start().await;
    let call = keep(world.world.store(), reserved("local", ProviderId::Hamsa, start_time())).await;
    for to in ["%2B96891234567", "+96891234567", "96891234567", "+968%209123%204567", "0096891234567", "968-9123-4567"]
    {
        let found = world.as_local().get(&format!("{CALLS}?to={to}")).await;
        found.expect(200);
        assert_eq!(found.text("/calls/0/callId"), call.id.to_string(), "{to}");
    }
    let other = world.as_local().get(&format!("{CALLS}?to=%2B96891234568")).await;
    assert_eq!(other.json["calls"], serde_json::json!([]));
}

#[tokio::test]
async fn what_is_wrong_in_a_query_is_named() {
    let world = TestWorld::start().await;
    for (query, field) in [
        ("phase=over", "phase"),
        ("phase=", "phase"),
        ("endReason=hung_up", "endReason"),
        ("provider=nobody", "provider"),
        ("channel=fax", "channel"),
        ("to=nobody", "to"),
        ("to=", "to"),
        ("since=yesterday", "since"),
        ("until=2026-11-20", "until"),
        ("since=2026-11-20T00:00:00Z&until=2026-11-20T00:00:00Z", "until"),
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("limit=many", "limit"),
        ("cursor=AAAA", "cursor"),
    ] {
        world.as_local().get(&format!("{CALLS}?{query}")).await.refused_field(400, "invalid_request", field);
    }
    let both = world.as_local().get(&format!("{CALLS}?phase=x&channel=y")).await;
    assert_eq!(both.json["error"]["details"].as_array().unwrap().len(), 2, "{}", both.json);
    world.as_local().get(&format!("{CALLS}?nothing=known&since=2026-11-20T04:00:00+04:00")).await.expect(200);
}

#[tokio::test]
async fn a_cursor_is_good_for_its_tenant_its_list_and_its_filter_and_for_nothing_else() {
    let world = TestWorld::start().await;
    for tenant in ["local", "local", "local", "other", "other"] {
        keep(world.world.store(), answered(reserved(tenant, ProviderId::Hamsa, start_time()))).await;
    }
    let cursor = world.as_local().get(&format!("{CALLS}?limit=1&channel=phone")).await.text("/nextCursor");
    for limit in [1, 100] {
        world.as_local().get(&format!("{CALLS}?limit={limit}&channel=phone&cursor={cursor}")).await.expect(200);
    }
    for path in [
        format!("{CALLS}?limit=1&cursor={cursor}"),
        format!("{CALLS}?limit=1&channel=web&cursor={cursor}"),
        format!("{CALLS}?limit=1&channel=phone&phase=in_progress&cursor={cursor}"),
        format!("/api/hamsa/jobs?limit=1&channel=phone&cursor={cursor}"),
        format!("/api/alarms?cursor={cursor}"),
    ] {
        world.as_local().get(&path).await.refused_field(400, "invalid_request", "cursor");
    }
    let foreign = world.as_other().get(&format!("{CALLS}?limit=1&channel=phone&cursor={cursor}")).await;
    foreign.refused_field(400, "invalid_request", "cursor");
}
