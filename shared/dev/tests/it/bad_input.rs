//! What malformed, oversized and misdirected requests get, on every route: status, code and field, and nothing half-written.

mod bodies;
mod fields;
mod gateway;
mod paths;

use serde_json::{Value, json};

use crate::harness::{Answer, TestWorld};
use crate::rows::rows_that_matter;
use crate::talk::{asked_of_omi, open};

/// The error's form, whatever went wrong.
#[track_caller]
fn has_the_envelope(answer: &Answer) {
    assert_eq!(answer.members(""), ["error"], "{}", answer.json);
    for text in ["/error/code", "/error/message", "/error/requestId"] {
        assert!(!answer.text(text).is_empty());
    }
    let extra = ["nearest", "sessionId", "turnId", "callId", "missing", "suggestion"];
    for name in answer.members("/error") {
        assert!(["code", "details", "message", "requestId"].contains(&name) || extra.contains(&name), "{name}");
    }
    for detail in answer.json["error"]["details"].as_array().unwrap() {
        let names: Vec<&String> = detail.as_object().unwrap().keys().collect();
        assert_eq!(names, ["field", "message"]);
        assert!(detail["message"].as_str().is_some_and(|message| !message.is_empty()));
    }
    assert_eq!(answer.header("content-type"), Some("application/json; charset=utf-8"));
    assert_eq!(answer.header("x-request-id"), answer.json["error"]["requestId"].as_str());
}

/// A world with a session, and what it was like before anything bad came in.
struct Scene {
    world: TestWorld,
    session: String,
    rows: std::collections::BTreeMap<String, Value>,
    asked: usize,
}

impl Scene {
    async fn set() -> Self {
        let world = TestWorld::start().await;
        let session = open(&world.as_local()).await;
        let (rows, asked) = (rows_that_matter(&world).await, asked_of_omi(&world).len());
        Self { world, session, rows, asked }
    }

    /// Fails the test if anything that came in since has left a trace, here or at OMI.
    async fn is_untouched(&self) {
        assert_eq!(rows_that_matter(&self.world).await, self.rows);
        assert_eq!(asked_of_omi(&self.world).len(), self.asked);
    }

    /// The routes that read a JSON body: method, path, a body that would do, and the first field that it must have.
    fn json_routes(&self) -> [(reqwest::Method, String, Value, &'static str); 5] {
        use reqwest::Method;
        let session = &self.session;
        let text = json!({"type": "text", "content": "Hello"});
        [
            (Method::POST, "/api/voice/session".into(), json!({"userId": "u"}), "userId"),
            (Method::PATCH, format!("/api/voice/session/{session}"), json!({"context": {"a": 1}}), "context"),
            (Method::POST, "/api/voice/process".into(), json!({"sessionId": session, "input": text}), "sessionId"),
            (
                Method::POST,
                "/api/voice/uploads".into(),
                json!({"sessionId": session, "mimeType": "audio/wav", "bytes": 5}),
                "sessionId",
            ),
            (Method::POST, "/api/webhooks/explain".into(), json!({"requestId": "r"}), "requestId"),
        ]
    }
}
