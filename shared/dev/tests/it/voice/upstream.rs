//! What becomes of a request when OMI fails: an honest error, and nothing half-done.

use std::time::Duration;

use serde_json::json;
use switchboard_dev::sim::faults::Effect;
use switchboard_dev::sim::provider::Operation;

use crate::harness::TestWorld;
use crate::rows::rows_that_matter;
use crate::talk::{ALWAYS, asked_of_omi, go_wrong, mend, open, path_of, read, say, try_open};

/// How OMI can fail a turn, what is answered, and whether OMI may have taken the turn all the same.
const TURNS: [(Effect, u16, &str, bool); 10] = [
    (Effect::Refuse, 502, "provider_unavailable", false),
    (Effect::Status(500), 502, "provider_unavailable", true),
    (Effect::Status(502), 502, "provider_unavailable", true),
    (Effect::Status(503), 503, "provider_busy", false),
    (Effect::Status(429), 503, "provider_busy", false),
    (Effect::Status(401), 502, "provider_unavailable", false),
    (Effect::Status(403), 502, "provider_unavailable", false),
    (Effect::Status(422), 422, "provider_rejected", false),
    (Effect::ResetAfterSend, 502, "provider_unavailable", true),
    (Effect::Garbage, 502, "provider_unavailable", true),
];

#[tokio::test]
async fn a_turn_that_omi_fails_is_an_error_and_leaves_the_session_as_it_was() {
    let world = TestWorld::start().await;
    let caller = world.as_local();
    let session = open(&caller).await;
    say(&caller, &session, "My name is Amal").await.expect(200);
    world.advance(Duration::from_secs(60)).await;
    let before = rows_that_matter(&world).await;
    for (effect, status, code, possible) in TURNS {
        go_wrong(&world, Operation::Process, effect, ALWAYS).await;
        let asked = asked_of_omi(&world).len();
        let failed = say(&caller, &session, "My name is Somebody Else").await;
        failed.refused(status, code);
        assert_eq!(failed.json.get("response"), None);
        let turn = failed.json.pointer("/error/turnId").and_then(serde_json::Value::as_str);
        assert_eq!(turn.is_some_and(|id| id.starts_with("trn_")), possible, "{effect:?}: {}", failed.json);
        assert_eq!(failed.header("retry-after").is_some(), code == "provider_busy", "{effect:?}");
        assert!(asked_of_omi(&world).len() <= asked + 1, "{effect:?}: a turn is not told twice");
        mend(&world).await;
        assert_eq!(rows_that_matter(&world).await, before, "{effect:?}");
    }
    say(&caller, &session, "Hello").await.expect(200);
}

#[tokio::test]
async fn a_slow_omi_is_waited_for() {
    let world = TestWorld::start().await;
    let caller = world.as_local();
    go_wrong(&world, Operation::Session, Effect::Slow(Duration::from_millis(50)), 1).await;
    let session = open(&caller).await;
    go_wrong(&world, Operation::Process, Effect::Slow(Duration::from_millis(50)), 1).await;
    say(&caller, &session, "Hello").await.expect(200);
    assert_eq!(read(&caller, &session).await.json["turns"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_session_that_omi_does_not_open_is_an_error_and_takes_no_room() {
    let world = TestWorld::with(&[("OmiMaxConcurrentSessions", "1")]).await;
    let caller = world.as_local();
    let before = rows_that_matter(&world).await;
    for (effect, status, code) in [
        (Effect::Refuse, 502, "provider_unavailable"),
        (Effect::Status(500), 502, "provider_unavailable"),
        (Effect::Status(429), 503, "provider_busy"),
        (Effect::Status(401), 502, "provider_unavailable"),
        (Effect::Status(422), 422, "provider_rejected"),
        (Effect::ResetAfterSend, 502, "provider_unavailable"),
        (Effect::Garbage, 502, "provider_unavailable"),
    ] {
        go_wrong(&world, Operation::Session, effect, ALWAYS).await;
        let failed = try_open(&caller).await;
        failed.refused(status, code);
        assert_eq!(failed.json.get("sessionId"), None);
        mend(&world).await;
        assert_eq!(rows_that_matter(&world).await, before, "{effect:?}: neither a session nor a slot is left");
    }
    let session = open(&caller).await;
    caller.delete(&path_of(&session)).await.expect(200);
}

#[tokio::test]
async fn opening_is_tried_again_because_the_same_id_opens_the_same_session() {
    let world = TestWorld::start().await;
    for effect in [Effect::ResetAfterSend, Effect::Status(500)] {
        go_wrong(&world, Operation::Session, effect, 1).await;
        let session = open(&world.as_local()).await;
        say(&world.as_local(), &session, "Hello").await.expect(200);
        let opened: Vec<_> = asked_of_omi(&world).into_iter().filter(|r| r.path == "/v1/sessions").collect();
        let ids: Vec<_> = opened.iter().rev().take(2).map(|request| request.body["sessionId"].clone()).collect();
        assert_eq!(ids, [json!(session), json!(session)], "{effect:?}");
    }
}

#[tokio::test]
async fn beyond_omis_limit_of_requests_nobody_is_asked_until_the_next_minute() {
    let world = TestWorld::with(&[("OmiRequestsPerMinute", "4")]).await;
    let caller = world.as_local();
    let session = open(&caller).await;
    for _ in 0..3 {
        say(&caller, &session, "Hello").await.expect(200);
    }
    let (asked, before) = (asked_of_omi(&world).len(), rows_that_matter(&world).await);
    for busy in [say(&caller, &session, "Hello").await, try_open(&caller).await] {
        busy.refused(503, "provider_busy");
        let wait: u64 = busy.header("retry-after").unwrap().parse().unwrap();
        assert!((1..=60).contains(&wait));
    }
    assert_eq!(asked_of_omi(&world).len(), asked);
    assert_eq!(rows_that_matter(&world).await, before);
    world.advance(Duration::from_secs(60)).await;
    say(&caller, &session, "Hello").await.expect(200);
}
