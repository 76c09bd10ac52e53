//! Cases that earlier versions got wrong: each stands for a customer who would have lost something.

use std::time::Duration;

use serde_json::{Value, json};
use switchboard_auth::{SessionToken, SigningKeys};
use switchboard_core::{Scope, Secret, SessionId, TenantId};
use switchboard_dev::credentials::OMI_WEBHOOK_SECRET;
use switchboard_dev::sim::faults::Effect;
use switchboard_dev::sim::provider::Operation;
use switchboard_dev::world::BUCKET;
use switchboard_providers::standard_webhooks::sign;
use switchboard_store::{Bucket, BucketError};

use crate::harness::{Answer, TestWorld};
use crate::talk::{ALWAYS, asked_of_omi, go_wrong, mend, open, open_with_token, path_of, say, try_open};

const SESSION: &str = "/api/voice/session";

async fn deliver(world: &TestWorld, id: &str, body: &Value) -> Answer {
    let body = body.to_string();
    let signature = sign(&Secret::new(OMI_WEBHOOK_SECRET), id, world.now(), body.as_bytes()).unwrap();
    let caller = world.as_nobody().with("webhook-id", id).with("webhook-signature", &signature);
    let caller = caller.with("webhook-timestamp", &world.now().epoch_secs().to_string());
    caller.send_json(reqwest::Method::POST, "/api/webhook", Some(body.into_bytes())).await
}

#[tokio::test]
async fn an_error_with_very_many_words_is_kept_and_shown_in_part() {
    let world = TestWorld::start().await;
    let session = open(&world.as_local()).await;
    let data = json!({"sessionId": session, "code": "c", "message": "x".repeat(500_000)});
    deliver(&world, "m1", &json!({"event": "error.occurred", "data": data})).await.expect(200);
    let read = world.as_local().get(&path_of(&session)).await;
    assert_eq!(read.text("/lastError/message").len(), 1_000);
}

#[tokio::test]
async fn without_signing_keys_no_session_is_opened_that_nobody_could_use() {
    let parameters = [("SigningSecretName", "switchboard/none"), ("OmiMaxConcurrentSessions", "1")];
    let world = TestWorld::with(&parameters).await;
    for _ in 0..3 {
        try_open(&world.as_local()).await.refused(503, "unavailable");
    }
    assert!(asked_of_omi(&world).is_empty());
}

#[tokio::test]
async fn a_key_that_may_only_read_gets_no_token_that_may_talk() {
    let world = TestWorld::start().await;
    let session = open(&world.as_local()).await;
    let key = world.new_key("local", [Scope::VoiceRead]).await;
    let read = world.bearing(&key).get(&path_of(&session)).await;
    read.expect(200);
    assert_eq!(read.json.get("token"), None);
    say(&world.bearing(&key), &session, "Hello").await.refused(403, "forbidden");
}

#[tokio::test]
async fn a_context_of_any_depth_that_is_taken_is_given_again_too() {
    let world = TestWorld::start().await;
    for depth in [60, 120, 125] {
        let nested = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        let body = format!(r#"{{"userId":"u","context":{{"a":{nested}}}}}"#).into_bytes();
        let caller = world.as_local().with("idempotency-key", &format!("k{depth}"));
        let ask = async || caller.send_json(reqwest::Method::POST, SESSION, Some(body.clone())).await;
        let (first, again) = (ask().await, ask().await);
        first.expect(201);
        assert_eq!((again.status, again.json.get("context")), (201, first.json.get("context")), "{depth}");
    }
}

#[tokio::test]
async fn a_version_that_waits_and_cannot_be_read_does_not_take_down_the_one_in_use() {
    let world = TestWorld::start().await;
    let boot = world.boot("webhook");
    let client = boot.secrets_manager(&world.aws(&boot));
    for (id, text) in [("m1", "not json"), ("m2", r#"{"OMI_WEBHOOK_SECRET":"whsec_short"}"#)] {
        let put = client.put_secret_value().secret_id("switchboard/omi-webhook").secret_string(text);
        put.version_stages("AWSPENDING").send().await.unwrap();
        world.advance(Duration::from_secs(301)).await;
        deliver(&world, id, &json!({"event": "x"})).await.expect(200);
    }
}

#[tokio::test]
async fn an_opening_whose_reply_was_lost_is_undone_at_the_provider_and_can_be_tried_again() {
    let world = TestWorld::start().await;
    // Both attempts to open; the closing after them gets through.
    go_wrong(&world, Operation::Session, Effect::ResetAfterSend, 2).await;
    let caller = world.as_local().with("idempotency-key", "k");
    let failed = caller.post(SESSION, &json!({"userId": "u"})).await;
    failed.refused(502, "provider_unavailable");
    assert!(asked_of_omi(&world).iter().any(|request| request.method == "DELETE"));
    let again = caller.post(SESSION, &json!({"userId": "u"})).await;
    again.expect(201);
    assert_eq!(again.header("idempotent-replayed"), None);
}

#[tokio::test]
async fn an_opening_that_could_not_be_undone_names_the_session() {
    let world = TestWorld::start().await;
    go_wrong(&world, Operation::Session, Effect::ResetAfterSend, ALWAYS).await;
    let failed = world.as_local().post(SESSION, &json!({"userId": "u"})).await;
    failed.refused(502, "provider_unavailable");
    assert!(failed.text("/error/sessionId").starts_with("ses_"));
    mend(&world).await;
}

#[tokio::test]
async fn a_request_in_the_wrong_envelope_can_be_sent_again_in_the_right_one_with_its_key() {
    let world = TestWorld::start().await;
    let caller = world.as_local().with("idempotency-key", "k");
    let body = br#"{"userId":"u"}"#.to_vec();
    caller.send(reqwest::Method::POST, SESSION, Some(body.clone())).await.refused(415, "unsupported_media_type");
    caller.send_json(reqwest::Method::POST, SESSION, Some(body)).await.expect(201);
}

#[tokio::test]
async fn a_wrong_address_of_the_provider_ends_nobodys_session() {
    let world = TestWorld::start().await;
    let session = open(&world.as_local()).await;
    // Everything is 404, the question after its health included.
    go_wrong(&world, Operation::Process, Effect::Status(404), ALWAYS).await;
    go_wrong(&world, Operation::Status, Effect::Status(404), ALWAYS).await;
    say(&world.as_local(), &session, "Hello").await.refused(502, "provider_unavailable");
    go_wrong(&world, Operation::Session, Effect::Status(404), ALWAYS).await;
    try_open(&world.as_local()).await.refused(502, "provider_unavailable");
    mend(&world).await;
    say(&world.as_local(), &session, "Hello").await.expect(200);
}

#[tokio::test]
async fn a_session_that_the_provider_has_dropped_is_over_here_too() {
    let world = TestWorld::start().await;
    let session = open(&world.as_local()).await;
    go_wrong(&world, Operation::Process, Effect::Status(404), 1).await;
    say(&world.as_local(), &session, "Hello").await.refused(409, "session_ended");
    say(&world.as_local(), &session, "Hello").await.refused(409, "session_ended");
}

#[tokio::test]
async fn a_renewed_key_of_the_provider_is_used_at_once_when_the_old_one_is_refused() {
    let world = TestWorld::start().await;
    let session = open(&world.as_local()).await;
    let boot = world.boot("process");
    let client = boot.secrets_manager(&world.aws(&boot));
    let put = |key: &str| {
        let secret = json!({"OMI_API_KEY": key, "OMI_API_SECRET": "local-omi-api-secret", "OMI_APP_ID": "app_local"});
        client.put_secret_value().secret_id("switchboard/omi").secret_string(secret.to_string()).send()
    };
    // The process function has never fetched before and gets a key that the simulator refuses …
    put("omi_dev_wrong").await.unwrap();
    say(&world.as_local(), &session, "Hello").await.refused(502, "provider_unavailable");
    // … until the operator puts the right one in place; the next refusal makes it look again.
    put("omi_dev_local_0000000000000000").await.unwrap();
    world.advance(Duration::from_secs(30)).await;
    say(&world.as_local(), &session, "Hello").await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_the_provider_ends_while_it_is_opening_never_comes_to_life() {
    let world = TestWorld::with(&[("OmiMaxConcurrentSessions", "1")]).await;
    go_wrong(&world, Operation::Session, Effect::Slow(Duration::from_millis(400)), 1).await;
    let caller = world.as_local();
    let opening = try_open(&caller);
    let ending = async {
        let id = loop {
            if let Some(request) = asked_of_omi(&world).first() {
                break request.body.pointer("/sessionId").and_then(Value::as_str).unwrap().to_owned();
            }
            tokio::task::yield_now().await;
        };
        deliver(&world, "m1", &json!({"event": "session.ended", "data": {"sessionId": id}})).await.expect(200);
        id
    };
    let (opened, id) = tokio::join!(opening, ending);
    opened.refused(503, "unavailable");
    assert!(asked_of_omi(&world).iter().any(|request| request.method == "DELETE"), "the provider's side is closed");
    assert_eq!(world.as_local().get(&path_of(&id)).await.text("/status"), "ended");
    try_open(&world.as_local()).await.expect(201);
}

#[tokio::test]
async fn a_new_signing_key_is_used_within_five_minutes_and_believed_at_once() {
    let world = TestWorld::start().await;
    let (session, old) = open_with_token(&world.as_local()).await;
    let boot = world.boot("session");
    let client = boot.secrets_manager(&world.aws(&boot));
    let new = "another-signing-secret-of-more-than-32-bytes";
    let put = client.put_secret_value().secret_id("switchboard/signing");
    put.secret_string(json!({ "JWT_SECRET": new }).to_string()).send().await.unwrap();

    // Another process has the new key already; this one has not looked yet.
    let keys = SigningKeys::new(vec![Secret::new(new)]).unwrap();
    let id = SessionId::parse(&session).unwrap();
    let token = SessionToken::new(id, TenantId::parse("local").unwrap(), world.now()).sign(&keys, world.now()).unwrap();
    for token in [token.expose(), old.as_str()] {
        world.bearing(token).get(&path_of(&session)).await.expect(200);
    }

    let signed_by = |token: &str| token.split('.').next().unwrap().to_owned();
    world.advance(Duration::from_secs(301)).await;
    let (_, minted) = open_with_token(&world.as_local()).await;
    assert_eq!(signed_by(&minted), signed_by(token.expose()));
    assert_ne!(signed_by(&minted), signed_by(&old));
}

#[tokio::test]
async fn a_recording_is_removed_once_it_was_heard() {
    let world = TestWorld::start().await;
    let session = open(&world.as_local()).await;
    let recording = [b"OggS".as_slice(), &[7; 500]].concat();
    let asked = crate::talk::upload(&session, "audio/ogg", recording.len());
    let ticket = world.as_local().post(crate::talk::UPLOADS, &asked).await;
    let mut put = world.http().put(ticket.text("/url")).body(recording);
    for (name, value) in ticket.json["headers"].as_object().unwrap() {
        put = put.header(name, value.as_str().unwrap());
    }
    assert_eq!(put.send().await.unwrap().status().as_u16(), 200);

    let boot = world.boot("process");
    let bucket = Bucket::new(world.aws(&boot).bucket(BUCKET.to_owned()), boot.http());
    let key = format!("uploads/{}", ticket.text("/uploadId"));
    assert_eq!(bucket.get(&key, 1_000).await.unwrap().len(), 504);
    let turn = json!({"sessionId": session, "input": {"type": "audio", "uploadId": ticket.text("/uploadId")}});
    world.as_local().post(crate::talk::PROCESS, &turn).await.expect(200);
    assert!(matches!(bucket.get(&key, 1_000).await, Err(BucketError::Missing { .. })));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_very_many_turns_at_the_same_moment_every_one_that_was_taken_is_in_the_history() {
    let world = TestWorld::start().await;
    let session = open(&world.as_local()).await;
    let caller = world.as_local();
    let turns = (0..40).map(|number| {
        let (caller, session) = (caller.clone(), session.clone());
        async move { say(&caller, &session, &format!("my bill, question {number}")).await.status }
    });
    let statuses = futures_util::future::join_all(turns).await;
    assert_eq!(statuses, vec![200; 40]);
    let read = world.as_local().get(&format!("{}?limit=100", path_of(&session))).await;
    assert_eq!(read.json.pointer("/turns").and_then(Value::as_array).map(Vec::len), Some(80));
}

#[tokio::test]
async fn a_session_is_gone_thirty_days_after_its_timeout_whether_or_not_the_table_has_removed_it() {
    let world = TestWorld::start().await;
    let session = open(&world.as_local()).await;
    world.advance(Duration::from_secs(30 * 24 * 3_600 + 1_799)).await;
    world.as_local().get(&path_of(&session)).await.expect(200);
    world.advance(Duration::from_secs(1)).await;
    world.as_local().get(&path_of(&session)).await.refused(404, "not_found");
}
