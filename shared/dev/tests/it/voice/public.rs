//! Sessions without a credential, where the deployment opens them to the public.

use serde_json::json;

use crate::harness::TestWorld;
use crate::talk::{PROCESS, SESSIONS, UPLOADS, end_of, open, open_with_token, path_of, read, say, turn, upload};

#[tokio::test]
async fn the_lines_of_an_old_deployment_work_without_a_credential() {
    let world = TestWorld::start().await;
    let nobody = world.as_nobody();
    let context = json!({"customerName": "John Doe", "issue": "Internet connectivity problem"});
    let opened = nobody.post(SESSIONS, &json!({"userId": "test-user-123", "context": context})).await;
    opened.expect(201);
    let session = opened.text("/sessionId");
    let answer = say(&nobody, &session, "Hello, I need help with my internet connection").await;
    answer.expect(200);
    assert!(!answer.text("/response/text").is_empty());
    // Reading and ending take the token that came with the session.
    for refused in [nobody.get(&path_of(&session)).await, nobody.delete(&path_of(&session)).await] {
        refused.refused(401, "unauthenticated");
    }
    let bearer = world.bearing(&opened.text("/token"));
    assert_eq!(read(&bearer, &session).await.json["turns"].as_array().unwrap().len(), 2);
    bearer.post(&end_of(&session), &json!({})).await.expect(200);
}

#[tokio::test]
async fn without_public_sessions_nothing_is_done_for_nobody() {
    let world = TestWorld::with(&[("PublicSessions", "false")]).await;
    let nobody = world.as_nobody();
    nobody.post(SESSIONS, &json!({"userId": "u"})).await.refused(401, "unauthenticated");
    let session = open(&world.as_local()).await;
    nobody.post(PROCESS, &turn(&session, "Hello")).await.refused(401, "unauthenticated");
    assert_eq!(read(&world.as_local(), &session).await.json["turns"], json!([]));
}

#[tokio::test]
async fn the_public_and_the_tenants_never_reach_each_others_sessions() {
    let world = TestWorld::start().await;
    let (public, _) = open_with_token(&world.as_nobody()).await;
    for key in [world.as_local(), world.as_other()] {
        key.get(&path_of(&public)).await.refused(404, "not_found");
        key.patch(&path_of(&public), &json!({"context": {"a": 1}})).await.refused(404, "not_found");
        key.delete(&path_of(&public)).await.refused(404, "not_found");
        key.post(&end_of(&public), &json!({})).await.refused(404, "not_found");
        key.post(PROCESS, &turn(&public, "Hello")).await.refused(404, "not_found");
        key.post(UPLOADS, &upload(&public, "audio/wav", 100)).await.refused(404, "not_found");
        let private = open(&key).await;
        world.as_nobody().post(PROCESS, &turn(&private, "Hello")).await.refused(404, "not_found");
    }
    say(&world.as_nobody(), &public, "Still mine").await.expect(200);
}
