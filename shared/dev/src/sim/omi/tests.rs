use std::time::Duration;

use super::super::testbed::{Testbed, read};
use super::speech::tests::wav;
use super::*;
use base64::Engine as _;

async fn audio(bed: &Testbed, id: &str, bytes: Vec<u8>) -> (u16, Value) {
    let context = br#"{"plan":"Home 100"}"#;
    form(bed, &[("sessionId", id.as_bytes()), ("context", context), ("audio\"; filename=\"audio.wav", &bytes)]).await
}

async fn form(bed: &Testbed, parts: &[(&str, &[u8])]) -> (u16, Value) {
    let mut body = Vec::new();
    for (name, bytes) in parts {
        body.extend(format!("--edge\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n").bytes());
        body.extend(*bytes);
        body.extend(b"\r\n");
    }
    body.extend(b"--edge--\r\n");
    let request = bed.request("POST", "/process/audio").header("content-type", "multipart/form-data; boundary=edge");
    read(request.body(body).send().await.unwrap()).await
}

#[tokio::test]
async fn a_session_is_opened_once_read_changed_and_ended_once() {
    let bed = Testbed::start().await;
    let body = json!({"sessionId": "ses_1", "config": {"model": "omi-advanced"}, "context": {"a": 1, "b": 2}});
    let (status, first) = bed.call("POST", "/sessions", body.clone()).await;
    assert_eq!((status, &first["status"]), (201, &json!("active")));
    assert_eq!(bed.call("POST", "/sessions", body).await, (200, first.clone()));
    assert_eq!(bed.call("GET", "/sessions/ses_1", json!(null)).await, (200, first));
    let (status, changed) = bed.call("PATCH", "/sessions/ses_1", json!({"context": {"a": null, "c": 3}})).await;
    assert_eq!((status, &changed["context"]), (200, &json!({"b": 2, "c": 3})));
    let (status, ended) = bed.call("DELETE", "/sessions/ses_1", json!(null)).await;
    assert_eq!((status, &ended["status"]), (200, &json!("ended")));
    for method in ["DELETE", "GET"] {
        let (status, gone) = bed.call(method, "/sessions/ses_1", json!(null)).await;
        assert_eq!((status, &gone["error"]["message"]), (404, &json!("Session not found")));
    }
    assert_eq!(bed.call("POST", "/sessions", json!({"sessionId": "ses_1"})).await.0, 409);
    bed.advance(1).await;
    assert_eq!(bed.gateway.events(), ["session.created", "session.updated", "session.ended"]);
    assert!(bed.gateway.received().iter().all(|hook| hook.body["data"]["sessionId"] == "ses_1"));
}

#[tokio::test]
async fn an_idle_session_expires_and_a_used_one_does_not() {
    let bed = Testbed::start().await;
    bed.open_session("idle").await;
    bed.open_session("used").await;
    bed.advance(29 * 60).await;
    bed.say("used", "hello").await;
    bed.advance(60).await;
    let (status, gone) = bed.call("GET", "/sessions/idle", json!(null)).await;
    assert_eq!((status, &gone["error"]["code"]), (410, &json!("session_expired")));
    assert_eq!(gone["error"]["message"], "Session expired");
    bed.say("used", "hello again").await;
}

#[tokio::test]
async fn a_text_turn_answers_remembers_and_tells_the_gateway() {
    let bed = Testbed::start().await;
    let context = json!({"customerName": "John Doe", "issue": "Internet connectivity problem"});
    bed.call("POST", "/sessions", json!({"sessionId": "ses_1", "context": context})).await;
    let first = bed.say("ses_1", "Hello, I need help with my internet connection").await;
    assert!(first["response"].as_str().unwrap().contains("John Doe"));
    assert_eq!(first["actions"][0]["type"], "run_line_test");
    assert_eq!(first["context"]["turnCount"], 1);
    assert_eq!(first["context"]["customerName"], "John Doe");
    let again = bed.say("ses_1", "it is about the internet again").await;
    assert!(again["response"].as_str().unwrap().contains("You told me earlier"), "{again}");
    bed.advance(1).await;
    assert_eq!(bed.gateway.events(), ["session.created", "ai.response", "ai.response"]);
    assert_eq!(bed.gateway.received()[1].body["data"]["response"], first["response"]);
}

#[tokio::test]
async fn a_recording_is_heard_answered_with_a_voice_and_told_in_order() {
    let bed = Testbed::start().await;
    bed.open_session("ses_1").await;
    let (status, answer) = audio(&bed, "ses_1", wav(&[1, 2, 3, 4], Some("Can I upgrade my plan?"))).await;
    assert_eq!((status, &answer["transcription"]), (200, &json!("Can I upgrade my plan?")));
    // The form's context was merged before the turn.
    assert!(answer["response"].as_str().unwrap().contains("Home 100"), "{answer}");
    assert_eq!(answer["audio"]["mimeType"], "audio/wav");
    let voice = base64::engine::general_purpose::STANDARD.decode(answer["audio"]["content"].as_str().unwrap());
    assert!(voice.unwrap().starts_with(b"RIFF"));
    bed.advance(1).await;
    assert_eq!(bed.gateway.events(), ["session.created", "voice.processed", "ai.response"]);
}

#[tokio::test]
async fn a_recording_without_speech_is_no_error_of_the_caller() {
    let bed = Testbed::start().await;
    bed.open_session("ses_1").await;
    for silence in [vec![], vec![0; 4000], wav(&[0x80; 4000], None)] {
        let (status, answer) = audio(&bed, "ses_1", silence).await;
        assert_eq!((status, &answer["transcription"]), (200, &json!("")));
    }
    bed.advance(1).await;
    assert_eq!(bed.gateway.events()[1..4], ["voice.processed", "error.occurred", "ai.response"]);
    assert_eq!(bed.gateway.received()[2].body["data"]["code"], "no_speech");
}

#[tokio::test]
async fn large_recordings_pass_up_to_ten_megabytes_and_not_above() {
    let bed = Testbed::start().await;
    bed.open_session("ses_1").await;
    let mut bytes = b"OggS".to_vec();
    bytes.resize(turns::LARGEST_AUDIO, 7);
    assert_eq!(audio(&bed, "ses_1", bytes.clone()).await.0, 200);
    bytes.push(7);
    let (status, refused) = audio(&bed, "ses_1", bytes).await;
    assert_eq!((status, &refused["error"]["code"]), (413, &json!("payload_too_large")));
}

#[tokio::test]
async fn wrong_requests_are_refused_by_their_own_statuses() {
    let bed = Testbed::start().await;
    bed.open_session("ses_1").await;
    let text = |id: &str, content: Value| json!({"sessionId": id, "input": {"type": "text", "content": content}});
    for (method, path, body, status) in [
        ("POST", "/sessions", json!({"sessionId": "a", "config": {"model": "gpt"}}), 422),
        ("POST", "/sessions", json!({}), 400),
        ("POST", "/process", text("unknown", json!("hi")), 404),
        ("POST", "/process", text("ses_1", json!("  ")), 400),
        ("POST", "/process", text("ses_1", json!(5)), 400),
        ("POST", "/process", json!({"sessionId": "ses_1"}), 400),
        ("POST", "/process", json!({"sessionId": "ses_1", "input": {"type": "audio"}}), 400),
        ("POST", "/process/audio", json!({"sessionId": "ses_1"}), 400),
        ("PATCH", "/sessions/ses_1", json!({"context": 1}), 400),
        ("PATCH", "/sessions/ses_1", json!({}), 400),
        ("PATCH", "/sessions/unknown", json!({"context": {}}), 404),
        ("PUT", "/sessions/ses_1", json!({}), 405),
        ("GET", "/nowhere", json!(null), 404),
    ] {
        let (got, answer) = bed.call(method, path, body.clone()).await;
        assert_eq!(got, status, "{method} {path} {body}: {answer}");
        assert!(answer["error"]["code"].is_string() && answer["error"]["message"].is_string(), "{answer}");
    }
    assert_eq!(audio(&bed, "ses_1", b"MZ".repeat(100)).await.0, 415);
    assert_eq!(audio(&bed, "unknown", wav(&[1], None)).await.0, 404);
    assert_eq!(form(&bed, &[("sessionId", b"ses_1")]).await.0, 400);
}

#[tokio::test]
async fn health_is_open_and_everything_else_wants_the_key() {
    let bed = Testbed::start().await;
    let (status, health) = read(bed.client.get(format!("{}/health", bed.omi)).send().await.unwrap()).await;
    assert_eq!((status, &health["status"], &health["uptime"]), (200, &json!("healthy"), &json!(0)));
    let verify = format!("{}/auth/verify", bed.omi);
    let (status, refused) = read(bed.client.get(&verify).bearer_auth("wrong").send().await.unwrap()).await;
    assert_eq!((status, refused), (401, json!({"error": {"code": "unauthorized", "message": "Invalid API Key"}})));
    let (status, verified) = bed.call("GET", "/auth/verify", json!(null)).await;
    assert_eq!((status, &verified["valid"]), (200, &json!(true)));
}

#[tokio::test]
async fn more_than_a_thousand_requests_a_minute_have_to_wait() {
    let bed = Testbed::start().await;
    for _ in 0..1000 {
        bed.request("GET", "/auth/verify").send().await.unwrap();
    }
    let refused = bed.request("GET", "/auth/verify").send().await.unwrap();
    assert_eq!((refused.status().as_u16(), refused.headers()["retry-after"].to_str().unwrap()), (429, "60"));
    bed.clock.advance(Duration::from_secs(60));
    assert_eq!(bed.call("GET", "/auth/verify", json!(null)).await.0, 200);
}
