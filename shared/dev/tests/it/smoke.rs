//! A conversation from beginning to end.

use serde_json::json;

use crate::harness::TestWorld;

#[tokio::test]
async fn a_person_opens_a_session_talks_and_ends_it() {
    let world = TestWorld::start().await;
    let opened = world.as_local().post("/api/voice/session", &json!({"userId": "u1"})).await;
    opened.expect(201);
    let id = opened.text("/sessionId");

    let turn = json!({"sessionId": id, "input": {"type": "text", "content": "Hello, my internet is down"}});
    let answered = world.as_local().post("/api/voice/process", &turn).await;
    answered.expect(200);
    assert!(!answered.text("/response/text").is_empty());

    let read = world.as_local().get(&format!("/api/voice/session/{id}")).await;
    read.expect(200);
    assert_eq!(read.json.pointer("/turns/0/text"), Some(&json!("Hello, my internet is down")));
    assert_eq!(read.json.pointer("/turns/1/role"), Some(&json!("agent")));

    let ended = world.as_local().delete(&format!("/api/voice/session/{id}")).await;
    ended.expect(200);
    assert_eq!(ended.text("/status"), "ended");
    world.as_local().post("/api/voice/process", &turn).await.refused(409, "session_ended");
}
