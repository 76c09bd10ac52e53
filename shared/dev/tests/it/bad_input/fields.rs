//! Fields with wrong values, each named by its path.

use serde_json::{Value, json};

use super::{Scene, has_the_envelope};
use crate::talk::path_of;

/// A text of so many characters.
fn long(chars: usize) -> String {
    "x".repeat(chars)
}

#[tokio::test]
async fn each_wrong_field_of_a_new_session_is_named() {
    let scene = Scene::set().await;
    let with = |name: &str, value: Value| json!({"userId": "u", name: value});
    for (body, field) in [
        (json!({"provider": "omi"}), "userId"),
        (with("userId", json!(null)), "userId"),
        (with("userId", json!(7)), "userId"),
        (with("userId", json!(["u"])), "userId"),
        (with("userId", json!("")), "userId"),
        (with("userId", json!(long(129))), "userId"),
        (with("provider", json!({})), "provider"),
        (with("provider", json!("nobody")), "provider"),
        (with("language", json!(7)), "language"),
        (with("language", json!("en_US")), "language"),
        (with("language", json!("")), "language"),
        (with("language", json!(long(40))), "language"),
        (with("context", json!([])), "context"),
        (with("context", json!("x")), "context"),
        (with("context", json!(true)), "context"),
        (with("context", json!({"k": long(32 * 1024 - 7)})), "context"),
    ] {
        let answer = scene.world.as_local().post("/api/voice/session", &body).await;
        answer.refused_field(400, "invalid_request", field);
        has_the_envelope(&answer);
    }
    // Every wrong field of one request, not the first alone.
    let several = json!({"userId": "", "language": "?", "context": {"k": long(40_000)}});
    let answer = scene.world.as_local().post("/api/voice/session", &several).await;
    answer.refused(400, "invalid_request");
    let details = answer.json["error"]["details"].as_array().unwrap();
    let fields: Vec<&str> = details.iter().filter_map(|detail| detail["field"].as_str()).collect();
    assert_eq!(fields, ["userId", "language", "context"]);
    scene.is_untouched().await;
    for body in [with("userId", json!("é".repeat(128))), with("provider", json!(null)), with("language", json!(null))]
    {
        scene.world.as_local().post("/api/voice/session", &body).await.expect(201);
    }
}

#[tokio::test]
async fn each_wrong_field_of_a_turn_is_named() {
    let scene = Scene::set().await;
    let session = scene.session.as_str();
    let input = |input: Value| json!({"sessionId": session, "input": input});
    let audio =
        |content: Value, mime_type: Value| input(json!({"type": "audio", "content": content, "mimeType": mime_type}));
    for (body, field) in [
        (json!({"input": {"type": "text", "content": "x"}}), "sessionId"),
        (json!({"sessionId": 7, "input": {"type": "text", "content": "x"}}), "sessionId"),
        (json!({"sessionId": long(129), "input": {"type": "text", "content": "x"}}), "sessionId"),
        (json!({"sessionId": session}), "input"),
        (input(json!("Hello")), "input"),
        (input(json!(null)), "input"),
        (input(json!(["text", "Hello", null, null])), "input"),
        (input(json!({"content": "x"})), "input.type"),
        (input(json!({"type": "video", "content": "x"})), "input.type"),
        (input(json!({"type": 1, "content": "x"})), "input.type"),
        (input(json!({"type": "text"})), "input.content"),
        (input(json!({"type": "text", "content": ""})), "input.content"),
        (input(json!({"type": "text", "content": " \n\t"})), "input.content"),
        (input(json!({"type": "text", "content": 7})), "input.content"),
        (input(json!({"type": "text", "content": {"a": 1}})), "input.content"),
        (input(json!({"type": "text", "content": long(8_001)})), "input.content"),
        (input(json!({"type": "audio"})), "input.content"),
        (input(json!({"type": "audio", "content": "UklGRiQAAABXQVZF"})), "input.mimeType"),
        (audio(json!("UklGRiQAAABXQVZF"), json!("video/mp4")), "input.mimeType"),
        (audio(json!("UklGRiQAAABXQVZF"), json!("")), "input.mimeType"),
        (audio(json!("UklGRiQAAABXQVZF"), json!(7)), "input.mimeType"),
        // Not base64: another alphabet, spaces, a data URL, a length that cannot be, bits that say nothing.
        (audio(json!("UklGR-QAAABXQVZ_"), json!("audio/wav")), "input.content"),
        (audio(json!("UklG RiQAAABXQVZF"), json!("audio/wav")), "input.content"),
        (audio(json!("data:audio/wav;base64,UklGRiQAAABXQVZF"), json!("audio/wav")), "input.content"),
        (audio(json!("UklGRiQAAABXQVZFA"), json!("audio/wav")), "input.content"),
        (audio(json!("UklGRiQAAABXQVZFAB=="), json!("audio/wav")), "input.content"),
        // Not audio, not this audio, nothing at all.
        (audio(json!("PGh0bWw+PGJvZHk+PC9ib2R5Pg=="), json!("audio/wav")), "input.content"),
        (audio(json!("UklGRiQAAABXQVZF"), json!("audio/ogg")), "input.content"),
        (audio(json!("UklG"), json!("audio/wav")), "input.content"),
        (audio(json!(""), json!("audio/wav")), "input.content"),
        (input(json!({"type": "audio", "uploadId": 7})), "input.uploadId"),
        (input(json!({"type": "audio", "uploadId": "upl_1", "content": "AA"})), "input"),
    ] {
        let answer = scene.world.as_local().post("/api/voice/process", &body).await;
        assert_eq!(answer.status, 400, "{body}: {}", answer.json);
        answer.refused_field(400, "invalid_request", field);
        has_the_envelope(&answer);
    }
    for unknown in ["upl_1", "", "trn_01930000-0000-7000-8000-000000000000", "upl_01930000-0000-7000-8000-000000000000"]
    {
        let body = input(json!({"type": "audio", "uploadId": unknown}));
        scene.world.as_local().post("/api/voice/process", &body).await.refused(404, "not_found");
    }
    scene.is_untouched().await;
}

#[tokio::test]
async fn each_wrong_field_of_the_other_routes_is_named() {
    let scene = Scene::set().await;
    let (caller, session) = (scene.world.as_local(), scene.session.as_str());
    let ticket = |name: &str, value: Value| {
        let mut body = json!({"sessionId": session, "mimeType": "audio/wav", "bytes": 5_000});
        body[name] = value;
        body
    };
    for (body, field) in [
        (json!({"mimeType": "audio/wav", "bytes": 5}), "sessionId"),
        (ticket("sessionId", json!(null)), "sessionId"),
        (ticket("sessionId", json!(long(129))), "sessionId"),
        (json!({"sessionId": session, "bytes": 5}), "mimeType"),
        (ticket("mimeType", json!("text/html")), "mimeType"),
        (ticket("mimeType", json!("")), "mimeType"),
        (ticket("mimeType", json!(7)), "mimeType"),
        (json!({"sessionId": session, "mimeType": "audio/wav"}), "bytes"),
        (ticket("bytes", json!(0)), "bytes"),
        (ticket("bytes", json!(-1)), "bytes"),
        (ticket("bytes", json!(1.5)), "bytes"),
        (ticket("bytes", json!("5000")), "bytes"),
        (ticket("bytes", json!(11 * 1024 * 1024)), "bytes"),
        (ticket("bytes", json!(1e300)), "bytes"),
    ] {
        let answer = caller.post("/api/voice/uploads", &body).await;
        assert_eq!(answer.status, 400, "{body}: {}", answer.json);
        answer.refused_field(400, "invalid_request", field);
        has_the_envelope(&answer);
    }
    for context in [json!(null), json!([]), json!("x"), json!(7)] {
        let answer = caller.patch(&path_of(session), &json!({ "context": context })).await;
        answer.refused_field(400, "invalid_request", "context");
    }
    for id in [json!(null), json!(7), json!(""), json!(long(129))] {
        let answer = caller.post("/api/webhooks/explain", &json!({"requestId": id})).await;
        answer.refused_field(400, "invalid_request", "requestId");
    }
    for deep in ["2", "yes", ""] {
        caller.get(&format!("/api/health?deep={deep}")).await.refused_field(400, "invalid_request", "deep");
    }
    scene.is_untouched().await;
}

#[tokio::test]
async fn json_that_is_nested_without_end_or_holds_half_a_character_is_malformed() {
    let scene = Scene::set().await;
    let nested = format!(r#"{{"userId":"u","context":{{"a":{}1{}}}}}"#, "[".repeat(10_000), "]".repeat(10_000));
    for body in [nested.as_str(), r#"{"userId":"\ud83d"}"#, "{\"userId\":\"a\u{0}b\"}", r#"{"userId":1e999}"#] {
        let caller = scene.world.as_local();
        let answer =
            caller.send_json(reqwest::Method::POST, "/api/voice/session", Some(body.as_bytes().to_vec())).await;
        answer.refused(400, "invalid_request");
        has_the_envelope(&answer);
    }
    scene.is_untouched().await;
    // As deep as a client may reasonably go, which is deeper than DynamoDB's own maps do.
    let nested = format!(r#"{{"userId":"u","context":{{"a":{}1{}}}}}"#, "[".repeat(100), "]".repeat(100));
    let body = Some(nested.into_bytes());
    scene.world.as_local().send_json(reqwest::Method::POST, "/api/voice/session", body).await.expect(201);
}
