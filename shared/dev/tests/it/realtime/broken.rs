//! Brokers that die at every pause, and answers of OpenAI and of the table that are lost, garbled, refused or late: OpenAI is asked
//! for one call at most, and what is left behind is over within two minutes.

use switchboard_core::{CallId, EndReason, Leg};

use super::*;
use crate::process::{Death, Process};
use crate::rows::rows_of;
use crate::wire::{Gate, Mishap, is_bind};

/// How long it may take until nothing is left of a call that its page never heard of, in seconds.
const SETTLED_SECS: u64 = 120;
/// No process pauses so often.
const MOST_PAUSES: usize = 400;

/// The person of a schedule.
fn user(at: usize) -> String {
    format!("user-{at}")
}

/// A process that has worked before: its secrets are fetched, its connections are open.
async fn process(world: &TestWorld) -> Process {
    let process = Process::start(world, "realtime-token").await;
    let held = Held::told(&process.post(OPEN, "warm", &wish("warm")).await);
    process.post(&end_of(&held.rts), "warm", &json!({})).await.expect(200);
    process
}

/// A world that never refuses for want of slots or minutes.
async fn roomy() -> TestWorld {
    TestWorld::with(&[("RealtimeTenantMaxConcurrent", "2000"), ("RealtimeTenantMinutesPerDay", "100000")]).await
}

/// How many calls OpenAI was asked for since it had been asked so often.
fn asked_since(world: &TestWorld, before: usize) -> usize {
    asked_of_openai(world, Operation::Sdp).len() - before
}

/// Every call that was written down.
async fn all_calls(world: &TestWorld) -> Vec<Call> {
    let rows = rows_of(world, "CALL#").await;
    let ids: std::collections::BTreeSet<String> =
        rows.iter().filter_map(|row| row["pk"].as_str()?.strip_prefix("CALL#").map(str::to_owned)).collect();
    let mut calls = Vec::new();
    for id in ids {
        calls.push(kept(world, &id).await);
    }
    calls
}

/// Two minutes later nothing is up, nothing holds a slot, and every call is over or known to be unknown. Answers how each ended.
async fn comes_to_rest(world: &TestWorld) -> Vec<Option<EndReason>> {
    pass(world, SETTLED_SECS).await;
    assert_eq!(meter(world).lines_up, 0);
    assert_eq!(slots_held(world, "").await, 0, "a slot was left behind");
    let calls = all_calls(world).await;
    for call in &calls {
        assert!(!call.is_live(), "{:?} after {SETTLED_SECS} s: {:?}", call.phase(), call.legs);
        assert!(
            call.alarms.is_empty(),
            "nobody has to be told of a page that never heard of its call: {:?}",
            call.alarms
        );
        let dialled = call.legs.iter().any(Leg::may_have_been_dialled);
        if !dialled {
            assert_eq!(call.lease.as_ref().unwrap().counted_secs, 0, "what was certainly not used is given back");
        }
    }
    calls.iter().map(|call| call.end().map(|end| end.reason)).collect()
}

#[tokio::test]
async fn a_broker_that_is_killed_at_any_pause_has_asked_for_one_call_at_most() {
    let mut reasons = Vec::new();
    for sent_is_done in [true, false] {
        let world = roomy().await;
        let process = process(&world).await;
        let (mut asked_for, mut statuses) = (0, Vec::new());
        for after in 0..MOST_PAUSES {
            let (key, body, before) =
                (format!("key-{after}"), wish(&user(after)), asked_of_openai(&world, Operation::Sdp).len());
            let answered = process.post_until(Death { after, sent_is_done }, OPEN, &key, &body).await;
            // Whoever asked asks again, elsewhere: at once it is under way, or it was done.
            let again = world.as_local().with("idempotency-key", &key).post(OPEN, &body).await;
            assert!(
                asked_since(&world, before) <= 1,
                "killed after {after} pauses: asked {} times",
                asked_since(&world, before)
            );
            asked_for += asked_since(&world, before);
            statuses.push(again.status);
            if answered.is_some() {
                assert_eq!(again.header("idempotent-replayed"), Some("true"));
                break;
            }
            assert!(matches!(again.status, 201 | 409 | 504), "{}", again.json);
            assert!(after + 1 < MOST_PAUSES, "it never comes to an end");
        }
        assert!(asked_for > 1, "nobody died behind the fence");
        reasons.extend(comes_to_rest(&world).await);
        // When whoever was first is known to be gone, a key still means what it meant: nobody is asked for another call.
        let before = asked_of_openai(&world, Operation::Sdp).len();
        for (after, first) in statuses.into_iter().enumerate() {
            let again = world.as_local().with("idempotency-key", &format!("key-{after}"));
            let again = again.post(OPEN, &wish(&user(after))).await;
            assert_eq!(again.status, if first == 409 { 504 } else { first }, "{}", again.json);
        }
        assert_eq!(asked_since(&world, before), 0);
    }
    // Death came before the fence, behind it, and after OpenAI's answer.
    for reason in [EndReason::NotDialled, EndReason::Unknown, EndReason::LeaseExpired] {
        assert!(reasons.contains(&Some(reason)), "{reason:?}: {reasons:?}");
    }
}

#[tokio::test]
async fn whatever_becomes_of_openais_answer_it_is_asked_once_and_the_page_is_told_what_is_known() {
    let world = roomy().await;
    let local = world.as_local();
    for (at, (effect, times, status)) in [
        (Effect::ResetAfterSend, 1, 504),
        (Effect::Garbage, 1, 504),
        (Effect::Status(500), 1, 504),
        (Effect::Status(502), 1, 504),
        (Effect::Status(503), 1, 503),
        (Effect::Status(429), 1, 503),
        (Effect::Status(400), 1, 422),
        (Effect::Status(401), 1, 502),
        (Effect::Status(404), 1, 422),
        (Effect::Refuse, 2, 502),
        (Effect::Slow(Duration::from_millis(300)), 1, 201),
        (Effect::LieOk, 1, 201),
    ]
    .into_iter()
    .enumerate()
    {
        let before = asked_of_openai(&world, Operation::Sdp).len();
        go_wrong(&world, Operation::Sdp, effect, times).await;
        let keyed = local.clone().with("idempotency-key", &format!("key-{at}"));
        let answer = keyed.post(OPEN, &wish(&user(at))).await;
        talk::mend(&world).await;
        assert_eq!(answer.status, status, "{effect:?}: {}", answer.json);
        assert_eq!(asked_since(&world, before), usize::from(effect != Effect::Refuse), "{effect:?}");
        if status == 504 {
            answer.refused(504, "provider_timeout");
            // What may have happened is named, and is not done again for the same key.
            let call = CallId::parse(&answer.text("/error/callId")).expect("the call has a name");
            let again = keyed.post(OPEN, &wish(&user(at))).await;
            assert_eq!((again.status, again.text("/error/callId")), (504, call.to_string()), "{effect:?}");
            assert_eq!(asked_since(&world, before), 1, "{effect:?}");
            let shown = read(&world, &call.to_string()).await;
            assert_eq!((&shown["outcome"], &shown["cost"]), (&json!("unknown"), &Value::Null), "{effect:?}: {shown}");
        }
        if effect == Effect::Refuse || status == 503 {
            // Certainly not done: the same key may try again, and is answered.
            let again = keyed.post(OPEN, &wish(&user(at))).await;
            again.expect(201);
        }
    }
    comes_to_rest(&world).await;
    for call in all_calls(&world).await {
        let unknown = call.outcome_is_unknown();
        let bound = call.legs[0].reference.is_some();
        assert!(unknown || bound || !call.legs[0].may_have_been_dialled(), "{:?}", call.legs);
    }
}

#[tokio::test]
async fn an_answer_that_never_comes_is_not_waited_for_beyond_the_gateways_patience() {
    let world = TestWorld::start().await;
    go_wrong(&world, Operation::Sdp, Effect::Hang, 1).await;
    let answer = world.as_local().post(OPEN, &wish("ada")).await;
    answer.refused(504, "provider_timeout");
    assert!(CallId::parse(&answer.text("/error/callId")).is_some());
    assert_eq!(asked_of_openai(&world, Operation::Sdp).len(), 1);
    comes_to_rest(&world).await;
}

#[tokio::test]
async fn whatever_becomes_of_the_tables_answers_openai_is_asked_for_one_call() {
    const KINDS: [(bool, Mishap, &str); 3] = [
        (false, Mishap::Lost, "lost"),
        (false, Mishap::Denied, "denied"),
        (true, Mishap::Refused, "refused from there on"),
    ];
    let world = roomy().await;
    let first = process(&world).await;
    let before = first.wire.seen();
    first.post(OPEN, "healthy", &wish("healthy")).await.expect(201);
    let requests = first.wire.seen() - before;
    assert!(requests > 5, "{requests}");
    // Side by side: the pauses before the retries of AWS's SDK are long.
    let lanes = KINDS.into_iter().enumerate().map(|(lane, (always, mishap, name))| {
        let world = &world;
        async move {
            let process = process(world).await;
            for from in 0..requests {
                let at = lane * 1_000 + from;
                let (mut seen, limit) = (0, from);
                process.wire.whenever(
                    move |_, _| {
                        seen += 1;
                        if always { seen > limit } else { seen == limit + 1 }
                    },
                    mishap.clone(),
                );
                let key = format!("key-{at}");
                let answer = process.post(OPEN, &key, &wish(&user(at))).await;
                process.wire.mend();
                assert!(matches!(answer.status, 201 | 409 | 500 | 503 | 504), "{name} {from}: {}", answer.json);
                let again = world.as_local().with("idempotency-key", &key).post(OPEN, &wish(&user(at))).await;
                assert!(matches!(again.status, 201 | 409 | 500 | 503 | 504), "{name} {from}: {}", again.json);
            }
        }
    });
    futures_util::future::join_all(lanes).await;
    // Each person was asked for at most once for the first request and once for the second, if the first certainly did nothing.
    let mut asked: std::collections::BTreeMap<String, usize> = std::collections::BTreeMap::new();
    for request in asked_of_openai(&world, Operation::Sdp) {
        let person = request.headers["openai-safety-identifier"].as_str().unwrap().to_owned();
        *asked.entry(person).or_default() += 1;
    }
    let warm_ones = asked.values().filter(|count| **count > 1).count();
    assert!(warm_ones <= 1, "only whoever warmed the processes was asked for more than once: {asked:?}");
    comes_to_rest(&world).await;
}

#[tokio::test]
async fn a_call_that_is_ended_while_its_offer_is_handed_on_is_hung_up_and_its_page_is_told() {
    let world = TestWorld::start().await;
    let process = process(&world).await;
    let gate = Gate::default();
    process.wire.once(is_bind, Mishap::HeldBefore(gate.clone()));
    let opening = tokio::spawn(process.post(OPEN, "key", &wish("ada")));
    gate.reached().await;
    let call = all_calls(&world).await.into_iter().find(Call::is_live).unwrap().id.to_string();
    calls::end(&world, &call).await.expect(202);
    assert_eq!(meter(&world).lines_up, 1, "nobody can hang up what has no name yet");
    gate.open();
    let answer = opening.await.unwrap();
    answer.refused(409, "session_ended");
    assert_eq!(answer.text("/error/callId"), call);
    let shown = read(&world, &call).await;
    assert_eq!((&shown["phase"], &shown["endReason"]), (&json!("ended"), &json!("ended_by_request")), "{shown}");
    assert_eq!((meter(&world).lines_up, slots_held(&world, "").await), (0, 0));
}
