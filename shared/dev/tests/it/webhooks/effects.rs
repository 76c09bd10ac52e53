//! What follows from a delivery, and what does not.

use std::time::Duration;

use serde_json::{Value, json};
use switchboard_dev::credentials::OMI_WEBHOOK_SECRET;
use switchboard_dev::world::BUCKET;
use switchboard_store::Bucket;

use super::{Delivery, event, received};
use crate::harness::TestWorld;
use crate::rows::{rows_of, rows_that_matter};
use crate::talk::{asked_of_omi, open, path_of, read, say, try_open};

async fn deliver(world: &TestWorld, id: &str, body: &Value) {
    received(&Delivery::of(world, id, body).send(world).await, false);
}

#[tokio::test]
async fn a_session_that_omi_ends_is_ended_and_its_place_is_free_and_nothing_reopens_it() {
    let world = TestWorld::with(&[("OmiMaxConcurrentSessions", "1")]).await;
    let caller = world.as_local();
    let session = open(&caller).await;
    say(&caller, &session, "Hello").await.expect(200);
    try_open(&caller).await.refused(429, "concurrency_limit");
    world.advance(Duration::from_secs(60)).await;
    let mut ending = event("session.ended", &session);
    ending["timestamp"] = json!("2026-11-20T12:00:30Z");
    let delivery = Delivery::of(&world, "msg_end", &ending);
    received(&delivery.send(&world).await, false);

    let ended = read(&caller, &session).await;
    assert_eq!(ended.text("/status"), "ended");
    assert_eq!(ended.text("/endedAt"), "2026-11-20T12:00:30.000Z", "when OMI says");
    assert_eq!(ended.json["turns"].as_array().unwrap().len(), 2);
    say(&caller, &session, "Hello?").await.refused(409, "session_ended");
    let next = open(&caller).await;

    // Late, again, and everything else that OMI may still say about it.
    world.advance(Duration::from_secs(120)).await;
    received(&Delivery::of(&world, "msg_end", &ending).send(&world).await, true);
    for (number, kind) in
        ["session.ended", "session.created", "session.updated", "voice.processed", "ai.response"].iter().enumerate()
    {
        deliver(&world, &format!("msg_late_{number}"), &event(kind, &session)).await;
        let still = read(&caller, &session).await;
        assert_eq!(
            (still.text("/status"), still.text("/endedAt")),
            (ended.text("/status"), ended.text("/endedAt")),
            "{kind}"
        );
    }
    assert_eq!(read(&caller, &next).await.text("/status"), "active", "nobody else's place was given away");
    try_open(&caller).await.refused(429, "concurrency_limit");
    // OMI has closed its side already; it is not told to.
    let told = asked_of_omi(&world).len();
    let end = caller.delete(&path_of(&session)).await;
    assert_eq!(end.text("/endedAt"), ended.text("/endedAt"));
    assert_eq!(asked_of_omi(&world).len(), told);
}

#[tokio::test]
async fn a_session_that_was_ended_here_stays_ended_when_omi_says_so_too() {
    let world = TestWorld::start().await;
    let caller = world.as_local();
    let session = open(&caller).await;
    let end = caller.delete(&path_of(&session)).await;
    // The simulator's own deliveries come with the clock.
    world.advance(Duration::from_secs(60)).await;
    deliver(&world, "msg_end", &event("session.ended", &session)).await;
    assert_eq!(caller.delete(&path_of(&session)).await.json, end.json);
}

#[tokio::test]
async fn an_error_that_omi_reports_is_seen_on_the_session_and_stops_nothing() {
    let world = TestWorld::start().await;
    let caller = world.as_local();
    let session = open(&caller).await;
    assert_eq!(read(&caller, &session).await.json.get("lastError"), None);
    let body = json!({"event": "error.occurred", "timestamp": "2026-11-20T12:00:00Z",
        "data": {"sessionId": session, "code": "no_speech", "message": "Nothing was heard"}});
    deliver(&world, "msg_error", &body).await;
    let seen = read(&caller, &session).await;
    let expected = json!({"code": "no_speech", "message": "Nothing was heard", "at": "2026-11-20T12:00:00.000Z"});
    assert_eq!(seen.json["lastError"], expected);
    assert_eq!(seen.text("/status"), "active");
    say(&caller, &session, "Hello").await.expect(200);
    // A sparse report is one too, and the last one counts.
    deliver(&world, "msg_sparse", &json!({"event": "error.occurred", "data": {"sessionId": session, "code": 7}})).await;
    assert_eq!(read(&caller, &session).await.text("/lastError/code"), "unknown");
    // An ended session shows what went wrong, and stays ended.
    caller.delete(&path_of(&session)).await.expect(200);
    deliver(&world, "msg_late", &body).await;
    let ended = read(&caller, &session).await;
    assert_eq!((ended.text("/status"), ended.text("/lastError/code")), ("ended".to_owned(), "no_speech".to_owned()));
}

#[tokio::test]
async fn whatever_is_signed_is_kept_even_if_nobody_can_read_it_and_changes_nothing() {
    let world = TestWorld::start().await;
    let session = open(&world.as_local()).await;
    let before = rows_that_matter(&world).await;
    let bodies: [(&str, Vec<u8>); 9] = [
        ("something.new", event("something.new", &session).to_string().into_bytes()),
        ("session.updated", event("session.updated", &session).to_string().into_bytes()),
        ("session.ended", event("session.ended", "ses_01930000-0000-7000-8000-000000000000").to_string().into_bytes()),
        ("session.ended", json!({"event": "session.ended", "data": false}).to_string().into_bytes()),
        ("session.ended", json!({"event": "session.ended"}).to_string().into_bytes()),
        ("unreadable", b"not json at all".to_vec()),
        ("unreadable", b"[1,2,3]".to_vec()),
        ("unreadable", json!({"event": 7, "data": {"sessionId": session}}).to_string().into_bytes()),
        ("unreadable", Vec::new()),
    ];
    for (number, (_, body)) in bodies.iter().enumerate() {
        let delivery = Delivery::signed(OMI_WEBHOOK_SECRET, &format!("msg_{number}"), world.now(), body.clone());
        received(&delivery.send(&world).await, false);
    }
    let kept = rows_of(&world, "DELIVERY#").await;
    let mut found: Vec<(&str, Vec<u8>)> = kept
        .iter()
        .map(|row| (row["kind"].as_str().unwrap(), row["body"].as_str().unwrap().as_bytes().to_vec()))
        .collect();
    let mut expected = bodies.to_vec();
    found.sort();
    expected.sort();
    assert_eq!(found, expected);
    let mut after = rows_that_matter(&world).await;
    after.retain(|key, _| !key.starts_with("DELIVERY#"));
    assert_eq!(after, before);
}

#[tokio::test]
async fn a_body_that_no_table_item_holds_is_kept_in_the_bucket_and_applied_all_the_same() {
    let world = TestWorld::start().await;
    let caller = world.as_local();
    let session = open(&caller).await;
    let boot = world.boot("webhook");
    let bucket = Bucket::new(world.aws(&boot).bucket(BUCKET.to_owned()), boot.http());
    let sized = |bytes: usize, kind: &str| {
        let empty = json!({"event": kind, "data": {"sessionId": session, "x": ""}}).to_string().len();
        json!({"event": kind, "data": {"sessionId": session, "x": "y".repeat(bytes - empty)}}).to_string()
    };
    for (id, body, in_bucket) in [
        ("msg_fits", sized(256 * 1024, "ai.response").into_bytes(), false),
        ("msg_over", sized(256 * 1024 + 1, "ai.response").into_bytes(), true),
        ("msg_binary", vec![0xff; 100], true),
        ("msg_huge", sized(4_000_000, "session.ended").into_bytes(), true),
    ] {
        let delivery = Delivery::signed(OMI_WEBHOOK_SECRET, id, world.now(), body.clone());
        received(&delivery.send(&world).await, false);
        received(&delivery.send(&world).await, true);
        let rows = rows_of(&world, "DELIVERY#").await;
        let row = rows.iter().find(|row| row["replayKey"] == json!(id)).unwrap();
        match row["bodyKey"].as_str() {
            Some(key) => assert_eq!(bucket.get(key, 5_000_000).await.unwrap().as_ref(), body, "{id}"),
            None => assert_eq!(row["body"].as_str().unwrap().as_bytes(), body, "{id}"),
        }
        assert_eq!(row["bodyKey"].is_string(), in_bucket, "{id}");
    }
    assert_eq!(read(&caller, &session).await.text("/status"), "ended");
}

#[tokio::test]
async fn simulated_omi_and_the_product_agree_about_every_delivery() {
    let world = TestWorld::start().await;
    let caller = world.as_local();
    let session = open(&caller).await;
    say(&caller, &session, "My name is Amal").await.expect(200);
    caller.patch(&path_of(&session), &json!({"context": {"a": 1}})).await.expect(200);
    caller.delete(&path_of(&session)).await.expect(200);
    world.advance(Duration::from_secs(1)).await;
    let deliveries = world.world.simulators().deliveries();
    assert_eq!((deliveries.pending().len(), deliveries.failed().len()), (0, 0));
    let kept = rows_of(&world, "DELIVERY#").await;
    let mut kinds: Vec<&str> = kept.iter().map(|row| row["kind"].as_str().unwrap()).collect();
    kinds.sort_unstable();
    assert_eq!(kinds, ["ai.response", "session.created", "session.ended", "session.updated"]);
}
