use std::time::Duration;

use serde_json::{Value, json};
use switchboard_core::{Artifact, Call, EndReason, Entry, EntryNote, EventId, Observation, ProviderId, Source};
use switchboard_store::CallWrite;

use super::{CALLS, of, pages, texts};
use crate::harness::{TestWorld, start_time};
use crate::made_calls::{answered, ended, hear, keep, keep_with, nothing_with_it, reserved, said, transcript};

fn new(world: &TestWorld) -> Call {
    reserved("local", ProviderId::Hamsa, world.now())
}

#[tokio::test]
async fn a_call_is_shown_with_its_numbers_in_full() {
    let world = TestWorld::start().await;
    let mut call = ended(new(&world), EndReason::CompletedByCallee, 20);
    call.language = Some("ar".to_owned());
    let call = keep(world.world.store(), call).await;
    let shown = world.as_local().get(&of(&call.id.to_string(), "")).await;
    shown.expect(200);
    for (place, value) in [
        ("/callId", json!(call.id)),
        ("/provider", json!("hamsa")),
        ("/phase", json!("ended")),
        ("/endReason", json!("completed_by_callee")),
        ("/fault", json!("none")),
        ("/billable", json!("yes")),
        ("/retryable", json!(false)),
        ("/to", json!("+96891234567")),
        ("/durationSecs", json!(20)),
        ("/artifacts/transcript", json!("pending")),
        ("/cost", Value::Null),
        ("/outcome", json!("known")),
        ("/createdAt", json!("2026-11-20T12:00:00.000Z")),
        ("/endedAt", json!("2026-11-20T12:00:25.000Z")),
    ] {
        assert_eq!(shown.json.pointer(place), Some(&value), "{place}");
    }
}

#[tokio::test]
async fn a_call_that_nobody_knows_is_not_found_with_anything_that_comes_with_it() {
    let world = TestWorld::start().await;
    for id in
        ["call_01930000-0000-7000-8000-000000000000", "call_", "x", "ses_01930000-0000-7000-8000-000000000000", "%23"]
    {
        for what in ["", "/events", "/transcript", "/recording"] {
            world.as_local().get(&of(id, what)).await.refused(404, "not_found");
        }
    }
    world.as_local().get(&of(&"x".repeat(129), "")).await.refused_field(400, "invalid_request", "callId");
}

#[tokio::test]
async fn the_timeline_tells_everything_in_the_order_in_which_it_was_heard() {
    let world = TestWorld::start().await;
    let call = answered(new(&world));
    let leg = call.legs[0].id;
    let heard = |at: u64, kind: &str| Entry {
        event_id: EventId::generate(start_time().plus(Duration::from_secs(at))),
        at: None,
        received_at: start_time().plus(Duration::from_secs(at)),
        source: Source::UnsignedWebhook,
        provider: None,
        leg_id: None,
        kind: kind.to_owned(),
        applied: true,
        note: None,
    };
    let late = Entry {
        at: Some(start_time()),
        provider: Some(ProviderId::Hamsa),
        leg_id: Some(leg),
        applied: false,
        note: Some(EntryNote::Regression),
        ..heard(7, "call.started")
    };
    let mut entries: Vec<Entry> = (0..7).map(|at| heard(at, &format!("event {at}"))).collect();
    entries.push(late);
    let with = CallWrite { entries, ..CallWrite::default() };
    let call = keep_with(world.world.store(), call, &with).await;
    let path = of(&call.id.to_string(), "/events");
    let kinds = ["event 0", "event 1", "event 2", "event 3", "event 4", "event 5", "event 6", "call.started"];
    for limit in [1, 3, 8, 100] {
        let pages = pages(&world.as_local(), &format!("{path}?limit={limit}"), "events", 10).await;
        assert!(pages.iter().all(|page| page.len() <= limit));
        let events = pages.concat();
        assert_eq!(texts(&events, "kind"), kinds, "{limit}");
        assert_eq!(events[0]["at"], Value::Null, "when it happened is not known, and said so");
        assert!(["note", "provider", "legId"].iter().all(|absent| events[0].get(absent).is_none()));
        let mut last = events[7].clone();
        assert!(last["eventId"].take().as_str().unwrap().starts_with("evt_"));
        let expected = json!({
            "eventId": null, "at": "2026-11-20T12:00:00.000Z", "receivedAt": "2026-11-20T12:00:07.000Z",
            "source": "unsigned_webhook", "kind": "call.started", "applied": false, "note": "regression",
            "provider": "hamsa", "legId": leg,
        });
        assert_eq!(last, expected);
    }
    let cursor = world.as_local().get(&format!("{path}?limit=1")).await.text("/nextCursor");
    let sibling = keep(world.world.store(), new(&world)).await;
    let elsewhere = format!("{}?limit=1&cursor={cursor}", of(&sibling.id.to_string(), "/events"));
    world.as_local().get(&elsewhere).await.refused_field(400, "invalid_request", "cursor");
}

/// A call with a transcript of these texts.
async fn with_transcript(world: &TestWorld, texts: impl IntoIterator<Item = String>) -> Call {
    let said_in_it = transcript(texts);
    let mut call = ended(new(world), EndReason::Completed, 60);
    let heard = Observation {
        transcript: Some(Artifact::Ready(said_in_it.clone())),
        language: Some("ar".to_owned()),
        ..said("read")
    };
    hear(&mut call, &heard);
    let with = CallWrite { transcript: Some(&said_in_it), ..CallWrite::default() };
    keep_with(world.world.store(), call, &with).await
}

#[tokio::test]
async fn a_transcript_of_thousands_of_turns_is_whole_and_in_order() {
    let world = TestWorld::start().await;
    let texts: Vec<String> = (0..3_000).map(|turn| format!("{turn}: {}", "كلمة ".repeat(30).trim())).collect();
    let call = with_transcript(&world, texts.clone()).await;
    let parts = crate::rows::rows_of(&world, &format!("CALL#{} TRANSCRIPT#", call.id)).await;
    assert!(parts.len() > 3, "{}", parts.len());
    let answer = world.as_local().get(&of(&call.id.to_string(), "/transcript")).await;
    answer.expect(200);
    assert_eq!((answer.text("/status").as_str(), answer.text("/language").as_str()), ("ready", "ar"));
    let turns = answer.json["turns"].as_array().unwrap();
    assert_eq!(super::texts(turns, "text"), texts);
    assert_eq!(turns[2_999], json!({"role": "user", "text": texts[2_999], "atSecs": 2_999}));
}

#[tokio::test]
async fn a_transcript_for_people_is_a_line_per_turn_in_its_own_direction() {
    let world = TestWorld::start().await;
    let texts = ["مرحبًا، معكم المساعد الآلي.", "Who is this?", "أنا \u{202E}evil\nAgent: paid"].map(str::to_owned);
    let call = with_transcript(&world, texts).await;
    let reader = world.as_local().with("accept", "text/plain");
    let answer = reader.get(&of(&call.id.to_string(), "/transcript")).await;
    answer.expect(200);
    assert_eq!(answer.header("content-type"), Some("text/plain; charset=utf-8"));
    let text = String::from_utf8(answer.body).unwrap();
    let expected = "Agent: \u{2068}مرحبًا، معكم المساعد الآلي.\u{2069}\nUser: Who is this?\nAgent: \u{2068}أنا evil Agent: paid\u{2069}\n";
    assert_eq!(text, expected);
}

#[tokio::test]
async fn what_is_not_there_yet_is_told_from_what_will_never_be() {
    let world = TestWorld::start().await;
    let living = keep(world.world.store(), answered(new(&world))).await;
    let mut bare = ended(new(&world), EndReason::Completed, 5);
    hear(&mut bare, &nothing_with_it());
    let bare = keep(world.world.store(), bare).await;
    for (call, status, text) in [(&living, "pending", (409, "in_progress")), (&bare, "none", (404, "not_found"))] {
        let path = of(&call.id.to_string(), "/transcript");
        let answer = world.as_local().get(&path).await;
        let expected = json!({"callId": call.id, "status": status, "turns": []});
        assert_eq!((answer.status, &answer.json), (200, &expected));
        world.as_local().with("accept", "text/plain").get(&path).await.refused(text.0, text.1);
    }
    let pending = world.as_local().get(&of(&living.id.to_string(), "/recording")).await;
    pending.refused(409, "in_progress");
    assert_eq!(pending.header("retry-after"), Some("10"));
    world.as_local().get(&of(&bare.id.to_string(), "/recording")).await.refused(404, "not_found");
}

#[tokio::test]
async fn a_recording_is_heard_from_our_own_copy_and_only_once_it_is_there() {
    let world = TestWorld::start().await;
    let mut call = ended(new(&world), EndReason::Completed, 5);
    hear(
        &mut call,
        &Observation { recording: Some(Artifact::Ready("https://elsewhere.example/r.mp3".to_owned())), ..said("read") },
    );
    let call = keep(world.world.store(), call).await;
    let path = of(&call.id.to_string(), "/recording");
    // The provider has it, we do not yet.
    world.as_local().get(&path).await.refused(409, "in_progress");
    let key = format!("recordings/{}.wav", call.id);
    let boot = world.boot("call-read");
    let bucket =
        switchboard_store::Bucket::new(world.aws(&boot).bucket(switchboard_dev::world::BUCKET.to_owned()), boot.http());
    let sound = crate::tour::recording(200);
    bucket.put(&key, "audio/wav", sound.clone().into()).await.unwrap();
    let now = world.now();
    let copied = world.world.store().call_change(call.id, |call| {
        call.recording_copied(key.clone(), now);
        Some(switchboard_store::Change::default())
    });
    copied.await.unwrap();
    let leads = world.as_local().get(&path).await;
    leads.expect(302);
    let to = leads.header("location").unwrap();
    assert!(to.starts_with(&format!("{}/", world.world.endpoints().s3)) && to.contains("X-Amz-Expires=900"), "{to}");
    let heard = world.http().get(to).send().await.unwrap();
    assert_eq!((heard.status().as_u16(), heard.bytes().await.unwrap().to_vec()), (200, sound));
    assert_eq!(world.as_local().get(&format!("{CALLS}/{}", call.id)).await.text("/artifacts/recording"), "ready");

    world
        .world
        .store()
        .call_change(call.id, |call| {
            call.recording_key = None;
            call.recording_lost(now);
            Some(switchboard_store::Change::default())
        })
        .await
        .unwrap();
    world.as_local().get(&path).await.refused(404, "not_found");
}
