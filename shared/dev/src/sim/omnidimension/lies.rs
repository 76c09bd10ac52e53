//! What the simulated OmniDimension answers when it says that it did what it did not do.

use axum::Json;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{Method, Uri};
use serde_json::{Map, Value, json};

use super::operation;
use crate::random::uuid;
use crate::sim::provider::Operation;

/// A request id that no call will ever have: requests are counted from far below it.
const NO_REQUEST: u64 = 900_000_000;

/// The answer to a request that was not served.
pub(super) fn lie(method: &Method, uri: &Uri, body: &Bytes) -> Response {
    let wish: Map<String, Value> = serde_json::from_slice(body).unwrap_or_default();
    let number = NO_REQUEST + u64::from(u32::from_be_bytes(first_bytes()) % 1_000_000);
    let answer = match operation(method, uri.path()) {
        Operation::Place => {
            let count = wish.get("call_context").and_then(Value::as_object).map_or(0, Map::len);
            json!({"success": true, "status": "dispatched", "requestId": number, "custom_variables_count": count})
        }
        Operation::Get | Operation::List => json!({"call_log_data": [], "total_records": 0}),
        Operation::Session => json!({"session_id": number, "token": format!("sess_{}", uuid().simple()),
            "expires_at": null, "ws_url": "wss://live.omnidim.io/chat/start_voice_chat?request_token=none"}),
        Operation::Balance => {
            json!({"success": true, "organization": {}, "balance": {}, "plan": {}, "concurrency": {}})
        }
        Operation::Agents if *method == Method::GET => {
            json!({"success": true, "bots": [], "phone_numbers": [], "total_records": 0})
        }
        Operation::Agents => json!({"success": true, "id": number, "name": wish.get("name"), "status": "Completed"}),
        _ => json!({"success": true}),
    };
    Json(answer).into_response()
}

fn first_bytes() -> [u8; 4] {
    let [a, b, c, d, ..] = *uuid().as_bytes();
    [a, b, c, d]
}
