//! `POST /api/voice/session`.

use std::time::Duration;

use serde_json::json;

use crate::harness::{TestWorld, start_time};
use crate::talk::{SESSIONS, asked_of_omi, path_of};

/// Everything that the answer has, by the contract.
const FIELDS: [&str; 9] =
    ["context", "createdAt", "expiresAt", "limits", "provider", "sessionId", "status", "token", "userId"];

#[tokio::test]
async fn a_new_session_is_answered_with_exactly_what_the_contract_names() {
    let world = TestWorld::start().await;
    let context = json!({"customerName": "John Doe", "nested": {"list": [1, null, "x"]}});
    let body = json!({"userId": "test-user-123", "context": context, "somethingNew": {"ignored": true}});
    let opened = world.as_local().post(SESSIONS, &body).await;
    opened.expect(201);
    assert_eq!(opened.members(""), FIELDS);
    assert!(opened.text("/sessionId").starts_with("ses_"));
    assert_eq!(opened.text("/token").split('.').count(), 3);
    assert_eq!(opened.text("/provider"), "omi");
    assert_eq!(opened.text("/status"), "active");
    assert_eq!(opened.text("/userId"), "test-user-123");
    assert_eq!(opened.json["context"], context);
    assert_eq!(opened.text("/createdAt"), start_time().to_string());
    assert_eq!(opened.text("/expiresAt"), start_time().plus(Duration::from_secs(1_800)).to_string());
    let limits = json!({"audioBytes": 10_485_760, "timeoutSecs": 1_800, "concurrentSessions": 50});
    assert_eq!(opened.json["limits"], limits);
    assert_eq!(opened.header("content-type"), Some("application/json; charset=utf-8"));
    assert_eq!(opened.header("cache-control"), Some("no-store"));
    assert!(opened.header("x-request-id").is_some());
}

#[tokio::test]
async fn reading_a_session_gives_the_same_and_its_history() {
    let world = TestWorld::start().await;
    let opened = world.as_local().post(SESSIONS, &json!({"userId": "u"})).await;
    let read = world.as_local().get(&path_of(&opened.text("/sessionId"))).await;
    read.expect(200);
    let mut fields: Vec<&str> = FIELDS.iter().copied().chain(["turns", "nextCursor"]).collect();
    fields.sort_unstable();
    assert_eq!(read.members(""), fields);
    assert_eq!(read.json["context"], json!({}));
    assert_eq!(read.json["turns"], json!([]));
    assert_eq!(read.json["nextCursor"], json!(null));
    for same in ["sessionId", "provider", "status", "userId", "context", "createdAt", "expiresAt", "limits"] {
        assert_eq!(read.json[same], opened.json[same], "{same}");
    }
}

#[tokio::test]
async fn omi_is_told_the_model_and_parameters_that_are_configured_and_the_language_that_was_asked_for() {
    let world = TestWorld::with(&[
        ("OmiModel", "omi-advanced"),
        ("OmiTemperature", "0.25"),
        ("OmiMaxTokens", "77"),
        ("OmiContextWindow", "1234"),
        ("OmiVoiceModel", "warm"),
        ("OmiLanguage", "ar"),
    ])
    .await;
    let plain = world.as_local().post(SESSIONS, &json!({"userId": "u", "context": {"a": 1}})).await;
    let english = world.as_local().post(SESSIONS, &json!({"userId": "u", "language": "en-GB"})).await;
    english.expect(201);
    let asked = asked_of_omi(&world);
    let config = json!({"model": "omi-advanced", "temperature": 0.25, "max_tokens": 77, "context_window": 1234,
        "voice_model": "warm", "language": "ar"});
    assert_eq!((asked[0].method.as_str(), asked[0].path.as_str()), ("POST", "/v1/sessions"));
    assert_eq!(asked[0].body, json!({"sessionId": plain.text("/sessionId"), "config": config, "context": {"a": 1}}));
    assert_eq!(asked[1].body["config"]["language"], json!("en-GB"));
    for header in ["authorization", "x-omi-app-id", "x-omi-timestamp", "x-omi-signature"] {
        assert!(asked[0].headers.get(header).is_some(), "{header}");
    }
}

#[tokio::test]
async fn a_provider_without_sessions_is_named_as_such_and_one_that_does_not_exist_is_a_wrong_value() {
    let world = TestWorld::start().await;
    for provider in ["hamsa", "omnidimension", "twilio", "openai"] {
        let refused = world.as_local().post(SESSIONS, &json!({"userId": "u", "provider": provider})).await;
        refused.refused(422, "unsupported_by_provider");
        assert_eq!(refused.text("/error/nearest"), "omi", "{provider}");
    }
    for provider in [json!("acme"), json!("OMI"), json!(""), json!(7)] {
        let refused = world.as_local().post(SESSIONS, &json!({"userId": "u", "provider": provider})).await;
        refused.refused_field(400, "invalid_request", "provider");
    }
    assert!(asked_of_omi(&world).is_empty());
    world.as_local().post(SESSIONS, &json!({"userId": "u", "provider": "omi"})).await.expect(201);
}
