//! Session tokens: for one session, for a day, for what a person in that session does.

use std::time::Duration;

use serde_json::json;

use crate::harness::TestWorld;
use crate::talk::{PROCESS, SESSIONS, UPLOADS, end_of, open_with_token, path_of, read, say, try_open, turn, upload};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const SECOND: Duration = Duration::from_secs(1);

#[tokio::test]
async fn a_token_reads_talks_uploads_and_ends_in_its_own_session() {
    let world = TestWorld::start().await;
    let (session, token) = open_with_token(&world.as_local()).await;
    let bearer = world.bearing(&token);
    assert_eq!(read(&bearer, &session).await.text("/sessionId"), session);
    say(&bearer, &session, "Hello").await.expect(200);
    bearer.post(UPLOADS, &upload(&session, "audio/wav", 100)).await.expect(201);
    bearer.delete(&path_of(&session)).await.expect(200);
    bearer.post(&end_of(&session), &json!({})).await.expect(200);
}

#[tokio::test]
async fn a_token_changes_no_context_opens_no_session_and_has_no_business_in_another() {
    let world = TestWorld::start().await;
    let (session, token) = open_with_token(&world.as_local()).await;
    let (sibling, _) = open_with_token(&world.as_local()).await;
    let (foreign, _) = open_with_token(&world.as_other()).await;
    let bearer = world.bearing(&token);
    bearer.patch(&path_of(&session), &json!({"context": {"a": 1}})).await.refused(403, "forbidden");
    try_open(&bearer).await.refused(403, "forbidden");
    bearer.post("/api/webhooks/explain", &json!({"requestId": "x"})).await.refused(403, "forbidden");
    for other in [&sibling, &foreign] {
        bearer.get(&path_of(other)).await.refused(403, "forbidden");
        bearer.delete(&path_of(other)).await.refused(403, "forbidden");
        bearer.post(&end_of(other), &json!({})).await.refused(403, "forbidden");
        bearer.post(PROCESS, &turn(other, "Hello")).await.refused(403, "forbidden");
        bearer.post(UPLOADS, &upload(other, "audio/wav", 100)).await.refused(403, "forbidden");
    }
    assert_eq!(read(&world.as_local(), &sibling).await.text("/status"), "active");
}

#[tokio::test]
async fn a_token_holds_for_a_day_and_reading_does_not_make_it_live_longer() {
    let world = TestWorld::start().await;
    let (session, token) = open_with_token(&world.as_local()).await;
    world.advance(DAY / 2).await;
    let renewed = read(&world.bearing(&token), &session).await.text("/token");
    let fresh = read(&world.as_local(), &session).await.text("/token");
    world.advance(DAY / 2 - SECOND).await;
    for token in [&token, &renewed, &fresh] {
        assert_eq!(read(&world.bearing(token), &session).await.text("/status"), "expired");
    }
    world.advance(SECOND).await;
    for token in [&token, &renewed] {
        world.bearing(token).get(&path_of(&session)).await.refused(401, "unauthenticated");
    }
    // The application's own key is not bound to the first token's life.
    read(&world.bearing(&fresh), &session).await;
}

#[tokio::test]
async fn a_credential_that_does_not_hold_is_refused_everywhere_and_never_taken_for_none() {
    let world = TestWorld::start().await;
    let (session, token) = open_with_token(&world.as_local()).await;
    let mut parts: Vec<&str> = token.split('.').collect();
    let swapped = format!("{}.{}.{}", parts[0], parts[2], parts[1]);
    parts.pop();
    let unsigned = format!("{}.", parts.join("."));
    let wrong = ["x", "a.b.c", "sk_sb_local_0000000000000001", "sk_sb_", "sk_sb_nobody_0", &swapped, &unsigned];
    let headers = wrong.iter().map(|credential| format!("Bearer {credential}"));
    let schemes = [format!("Basic {token}"), token.clone(), "Bearer".to_owned(), format!("Bearer {token} x")];
    for header in headers.chain(schemes) {
        let caller = world.as_nobody().with("authorization", &header);
        for answer in [
            caller.get(&path_of(&session)).await,
            caller.post(SESSIONS, &json!({"userId": "u"})).await,
            caller.post(PROCESS, &turn(&session, "Hello")).await,
        ] {
            answer.refused(401, "unauthenticated");
            assert_eq!(answer.header("www-authenticate"), Some("Bearer"), "{header}");
        }
    }
}
