//! `Idempotency-Key`, over HTTP.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};

use crate::harness::{Answer, TestWorld};

const SESSION: &str = "/api/voice/session";

async fn open(world: &TestWorld, key: &str, body: &Value) -> Answer {
    world.as_local().with("idempotency-key", key).post(SESSION, body).await
}

#[tokio::test(flavor = "multi_thread")]
async fn sixty_four_requests_with_one_key_open_one_session() {
    let world = TestWorld::start().await;
    let body = json!({"userId": "u"});
    let requests = (0..64).map(|_| open(&world, "one", &body));
    let answers = futures_util::future::join_all(requests).await;
    let mut ids = BTreeSet::new();
    for answer in &answers {
        match answer.status {
            201 => drop(ids.insert(answer.text("/sessionId"))),
            _ => {
                answer.refused(409, "in_progress");
                assert!(answer.header("retry-after").is_some());
            }
        }
    }
    assert_eq!(ids.len(), 1);
    let upstream = world.as_nobody().get("/_sim/requests?provider=omi").await;
    assert_eq!(upstream.json.pointer("/requests").and_then(Value::as_array).map(Vec::len), Some(1));
}

#[tokio::test]
async fn a_repetition_gets_the_first_answer_with_a_token_of_its_own() {
    let world = TestWorld::start().await;
    let first = open(&world, "k", &json!({"userId": "u", "context": {"a": 1}})).await;
    first.expect(201);
    assert_eq!(first.header("idempotent-replayed"), None);
    let id = first.text("/sessionId");
    world.as_local().patch(&format!("{SESSION}/{id}"), &json!({"context": {"a": 2}})).await.expect(200);
    world.advance(Duration::from_secs(3)).await;

    // Another order of fields and other spaces are the same request.
    let again = world
        .as_local()
        .with("idempotency-key", "k")
        .with("content-type", "application/json")
        .send(reqwest::Method::POST, SESSION, Some(br#" {"context":{"a": 1},  "userId":"u"} "#.to_vec()))
        .await;
    again.expect(201);
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    let without_token = |answer: &Answer| {
        let mut json = answer.json.clone();
        json.as_object_mut().unwrap().remove("token");
        json
    };
    assert_eq!(without_token(&again), without_token(&first));
    let token = again.text("/token");
    assert_ne!(token, first.text("/token"));
    world.bearing(&token).get(&format!("{SESSION}/{id}")).await.expect(200);
}

#[tokio::test]
async fn the_same_key_with_another_body_or_another_path_is_refused() {
    let world = TestWorld::start().await;
    open(&world, "k", &json!({"userId": "u"})).await.expect(201);
    open(&world, "k", &json!({"userId": "v"})).await.refused(422, "idempotency_mismatch");

    let mut ids = Vec::new();
    for key in ["a", "b"] {
        ids.push(open(&world, key, &json!({"userId": "u"})).await.text("/sessionId"));
    }
    let end = |id: String| {
        let caller = world.as_local().with("idempotency-key", "end");
        async move { caller.post(&format!("{SESSION}/{id}/end"), &json!({})).await }
    };
    end(ids[0].clone()).await.expect(200);
    end(ids[1].clone()).await.refused(422, "idempotency_mismatch");
}

#[tokio::test]
async fn a_key_of_one_tenant_or_route_means_nothing_to_another_and_nothing_without_a_credential() {
    let world = TestWorld::start().await;
    let body = json!({"userId": "u"});
    let ours = open(&world, "k", &body).await.text("/sessionId");
    let theirs = world.as_other().with("idempotency-key", "k").post(SESSION, &body).await;
    theirs.expect(201);
    assert_ne!(theirs.text("/sessionId"), ours);
    let turn = json!({"sessionId": ours, "input": {"type": "text", "content": "hello"}});
    world.as_local().with("idempotency-key", "k").post("/api/voice/process", &turn).await.expect(200);
    let anonymous = async || world.as_nobody().with("idempotency-key", "k").post(SESSION, &body).await;
    assert_ne!(anonymous().await.text("/sessionId"), anonymous().await.text("/sessionId"));
}

#[tokio::test]
async fn a_turn_that_was_taken_is_not_taken_again() {
    let world = TestWorld::start().await;
    let id = open(&world, "s", &json!({"userId": "u"})).await.text("/sessionId");
    let turn = json!({"sessionId": id, "input": {"type": "text", "content": "hello"}});
    let take = async || world.as_local().with("idempotency-key", "t").post("/api/voice/process", &turn).await;
    let (first, second) = (take().await, take().await);
    first.expect(200);
    assert_eq!(first.json, second.json);
    let read = world.as_local().get(&format!("{SESSION}/{id}")).await;
    assert_eq!(read.json.pointer("/turns").and_then(Value::as_array).map(Vec::len), Some(2));
}

#[tokio::test]
async fn a_failure_that_did_nothing_frees_the_key_and_one_that_may_have_done_something_keeps_it() {
    let world = TestWorld::start().await;
    let id = open(&world, "s", &json!({"userId": "u"})).await.text("/sessionId");
    let turn = json!({"sessionId": id, "input": {"type": "text", "content": "hello"}});
    let take = async |key: &str| world.as_local().with("idempotency-key", key).post("/api/voice/process", &turn).await;
    let fault = async |body: Value| world.as_nobody().post("/_sim/faults", &body).await.expect(200);
    fault(json!({"provider": "omi", "operation": "process", "fault": "status", "status": 503})).await;
    take("nothing").await.refused(503, "provider_busy");
    take("nothing").await.expect(200);

    fault(json!({"provider": "omi", "operation": "process", "fault": "reset_after_send"})).await;
    let lost = take("maybe").await;
    lost.refused(502, "provider_unavailable");
    assert!(lost.text("/error/turnId").starts_with("trn_"));
    let again = take("maybe").await;
    again.expect(502);
    assert_eq!((again.header("idempotent-replayed"), &again.json), (Some("true"), &lost.json));
}

#[tokio::test]
async fn a_key_that_is_not_one_is_refused_by_name() {
    let world = TestWorld::start().await;
    for key in ["", "a b", &"k".repeat(256)] {
        open(&world, key, &json!({"userId": "u"})).await.refused_field(400, "invalid_request", "Idempotency-Key");
    }
    open(&world, &"k".repeat(255), &json!({"userId": "u"})).await.expect(201);
}
