//! Limits: requests in a window, requests to a provider, keys that were taken back.

use std::time::Duration;

use serde_json::json;

use crate::harness::TestWorld;
use crate::installation::Installation;

const SESSION: &str = "/api/voice/session";

#[tokio::test]
async fn the_voice_posts_share_one_limit_per_principal_and_say_where_the_caller_stands() {
    let world = TestWorld::with(&[("RateLimitMaxRequests", "3"), ("RateLimitWindowMs", "900000")]).await;
    let opened = world.as_local().post(SESSION, &json!({"userId": "u"})).await;
    opened.expect(201);
    let standing = |answer: &crate::harness::Answer| {
        ["ratelimit-limit", "ratelimit-remaining", "ratelimit-reset"]
            .map(|name| answer.header(name).unwrap().to_owned())
    };
    // Windows begin at multiples of their length, and the world begins on the hour.
    assert_eq!(standing(&opened), ["3", "2", "900"]);
    let turn = json!({"sessionId": opened.text("/sessionId"), "input": {"type": "text", "content": "hello"}});
    world.as_local().post("/api/voice/process", &turn).await.expect(200);
    world.advance(Duration::from_secs(60)).await;
    world.as_local().post("/api/voice/uploads", &json!({})).await.expect(400);
    let refused = world.as_local().post(SESSION, &json!({"userId": "u"})).await;
    refused.refused(429, "rate_limited");
    assert_eq!(refused.header("retry-after"), Some("840"));
    assert_eq!(standing(&refused), ["3", "0", "840"]);

    // Reading has a limit of its own; another key and another window have theirs.
    let read = world.as_local().get(&format!("{SESSION}/{}", opened.text("/sessionId"))).await;
    assert_eq!((read.status, read.header("ratelimit-limit")), (200, Some("600")));
    world.as_other().post(SESSION, &json!({"userId": "u"})).await.expect(201);
    world.advance(Duration::from_secs(840)).await;
    world.as_local().post(SESSION, &json!({"userId": "u"})).await.expect(201);
}

#[tokio::test]
async fn callers_without_a_credential_are_limited_by_address_and_webhooks_not_at_all() {
    let world = TestWorld::with(&[("RateLimitMaxRequests", "2")]).await;
    for _ in 0..2 {
        world.as_nobody().post(SESSION, &json!({"userId": "u"})).await.expect(201);
    }
    world.as_nobody().post(SESSION, &json!({"userId": "u"})).await.refused(429, "rate_limited");
    world.as_local().post(SESSION, &json!({"userId": "u"})).await.expect(201);
    for _ in 0..5 {
        let delivery = world.as_nobody().post("/api/webhook", &json!({})).await;
        assert_eq!((delivery.status, delivery.header("ratelimit-limit")), (401, None));
    }
}

#[tokio::test]
async fn a_limit_holds_over_two_installations_of_the_functions_on_one_table() {
    let world = TestWorld::with(&[("RateLimitMaxRequests", "10")]).await;
    let second = Installation::beside(&world).await;
    let body = json!({"userId": "u"});
    let mut served = 0;
    for _ in 0..12 {
        let caller = world.as_local();
        let (here, there) = tokio::join!(caller.post(SESSION, &body), second.post(SESSION, None, &body));
        served += usize::from(here.status == 201) + usize::from(there.status == 201);
    }
    assert_eq!(served, 10);
}

#[tokio::test]
async fn one_idempotency_key_holds_over_two_installations_of_the_functions_on_one_table() {
    let world = TestWorld::start().await;
    let second = Installation::beside(&world).await;
    let body = json!({"userId": "u"});
    let first = world.as_local().with("idempotency-key", "k").post(SESSION, &body).await;
    let again = second.post(SESSION, Some("k"), &body).await;
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    assert_eq!(first.text("/sessionId"), again.text("/sessionId"));
}

#[tokio::test]
async fn the_provider_is_asked_no_more_often_than_its_limit_and_the_caller_told_when() {
    let world = TestWorld::with(&[("OmiRequestsPerMinute", "3")]).await;
    let id = world.as_local().post(SESSION, &json!({"userId": "u"})).await.text("/sessionId");
    let turn = json!({"sessionId": id, "input": {"type": "text", "content": "hello"}});
    let take = async || world.as_local().post("/api/voice/process", &turn).await;
    take().await.expect(200);
    take().await.expect(200);
    let refused = take().await;
    refused.refused(503, "provider_busy");
    assert_eq!(refused.header("retry-after"), Some("60"));
    // A session that cannot be opened for lack of budget takes no slot.
    world.as_local().post(SESSION, &json!({"userId": "u"})).await.refused(503, "provider_busy");
    world.advance(Duration::from_secs(60)).await;
    take().await.expect(200);
}

#[tokio::test]
async fn a_revoked_key_stops_within_a_minute() {
    let world = TestWorld::start().await;
    let id = world.as_local().post(SESSION, &json!({"userId": "u"})).await.text("/sessionId");
    let path = format!("{SESSION}/{id}");
    world.as_local().get(&path).await.expect(200);
    assert!(world.world.store().api_key_revoke("local").await.unwrap());
    world.advance(Duration::from_secs(60)).await;
    world.as_local().get(&path).await.refused(401, "unauthenticated");
}
