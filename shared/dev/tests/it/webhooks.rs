//! OMI's deliveries end to end: believed or not, applied once, explained to the operator.

mod effects;
mod explanation;
mod rotation;
mod signature;

use serde_json::{Value, json};
use switchboard_core::{Secret, Timestamp};
use switchboard_dev::credentials::OMI_WEBHOOK_SECRET;
use switchboard_providers::standard_webhooks::sign;

use crate::harness::{Answer, TestWorld};

/// The path of an old deployment.
const WEBHOOK: &str = "/api/webhook";

/// A delivery, each part of which can be made wrong.
#[derive(Clone, Debug)]
struct Delivery {
    id: String,
    timestamp: String,
    signature: String,
    body: Vec<u8>,
    content_type: &'static str,
    path: &'static str,
}

impl Delivery {
    /// A delivery signed with `secret` at `at`.
    fn signed(secret: &str, id: &str, at: Timestamp, body: impl Into<Vec<u8>>) -> Self {
        let body = body.into();
        Self {
            id: id.to_owned(),
            timestamp: at.epoch_secs().to_string(),
            signature: sign(&Secret::new(secret), id, at, &body).unwrap(),
            body,
            content_type: "application/json",
            path: WEBHOOK,
        }
    }

    /// A good delivery, signed now.
    fn of(world: &TestWorld, id: &str, body: &Value) -> Self {
        Self::signed(OMI_WEBHOOK_SECRET, id, world.now(), body.to_string())
    }

    /// Delivers it. `None` if it cannot even be written as a request.
    async fn try_send(&self, world: &TestWorld) -> Option<Answer> {
        let mut request = world.http().post(format!("{}{}", world.base(), self.path));
        for (name, value) in
            [("webhook-id", &self.id), ("webhook-timestamp", &self.timestamp), ("webhook-signature", &self.signature)]
        {
            request = request.header(name, reqwest::header::HeaderValue::from_bytes(value.as_bytes()).ok()?);
        }
        let request = request.header("content-type", self.content_type).body(self.body.clone());
        Some(Answer::read(request.send().await.unwrap()).await)
    }

    async fn send(&self, world: &TestWorld) -> Answer {
        self.try_send(world).await.unwrap()
    }
}

/// An event about a session.
fn event(kind: &str, session: &str) -> Value {
    json!({"event": kind, "data": {"sessionId": session}, "timestamp": "2026-11-20T12:00:00Z"})
}

/// The sender is told that we have it, and whether we had it before.
#[track_caller]
fn received(answer: &Answer, duplicate: bool) {
    answer.expect(200);
    assert_eq!(answer.json, json!({"received": true, "duplicate": duplicate}));
}

/// The sender is told that it is not believed, and nothing else.
#[track_caller]
fn not_believed(answer: &Answer) {
    answer.expect(401);
    assert!(answer.body.is_empty(), "{}", String::from_utf8_lossy(&answer.body));
    assert!(answer.header("x-request-id").is_some());
    assert_eq!(answer.header("content-type"), None);
}
