//! What the simulated Hamsa answers when it says that it did what it did not do.

use axum::Json;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{Method, StatusCode, Uri};
use serde_json::{Map, Value, json};

use super::{TERMINATED, operation, succeeded};
use crate::random::uuid;
use crate::sim::provider::Operation;
use crate::sim::query::Parameters;

/// The answer to a request that was not served.
pub(super) fn lie(method: &Method, uri: &Uri, body: &Bytes) -> Response {
    let path = uri.path();
    let wish: Map<String, Value> = serde_json::from_slice(body).unwrap_or_default();
    let agent = wish.get("voiceAgentId").cloned().unwrap_or_default();
    // An id that exists nowhere.
    let id = uuid().to_string();
    match operation(method, path) {
        Operation::Place if path.ends_with("/phone-number/call") => {
            placed(&json!({"voiceAgentId": agent, "jobId": id}))
        }
        Operation::Place => placed(&job(&id, &agent)),
        Operation::End => {
            Json(json!({"success": true, "message": TERMINATED.0, "messageKey": TERMINATED.1})).into_response()
        }
        Operation::Get => {
            let query = Parameters::read(uri.query().unwrap_or_default());
            succeeded(&job(query.get("jobId").or(path.rsplit('/').next()).unwrap_or_default(), &agent))
        }
        Operation::List => succeeded(&json!({"total": 0, "filtered": 0, "calls": [], "jobs": []})),
        Operation::Token => placed(&json!({"liveKitAccessToken": "eyJhbGciOiJIUzI1NiJ9.e30.0", "jobId": id})),
        Operation::Agents => succeeded(&json!({"total": 0, "filtered": 0, "voiceAgents": []})),
        _ => succeeded(&json!({"id": id})),
    }
}

fn placed(data: &Value) -> Response {
    (StatusCode::CREATED, succeeded(data)).into_response()
}

fn job(id: &str, agent: &Value) -> Value {
    json!({"id": id, "title": null, "model": null, "type": "VOICE_AGENTS", "status": "PENDING", "voiceAgentId": agent,
        "agentDetails": null, "jobResponse": null, "mediaUrl": null, "callDuration": null})
}
