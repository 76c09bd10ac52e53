//! The request that each function is measured with: an ordinary one that reaches everything the function has.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use switchboard_auth::PresentedKey;
use switchboard_core::{Clock, Secret};
use switchboard_providers::standard_webhooks;

use super::Failed;
use crate::credentials::{LOCAL_KEY, OMI_WEBHOOK_SECRET};
use crate::world::World;

/// An event for each function, as JSON text.
pub(super) async fn prepare(world: &World) -> Result<BTreeMap<String, String>, Failed> {
    let session = made(world, "/api/voice/session", &json!({"userId": "bench"}), "sessionId").await?;
    let process = json!({"sessionId": session, "input": {"type": "text", "content": "Hello"}});
    let call = json!({"channel": "phone", "provider": "twilio", "to": STAYS});
    let id = made(world, "/api/calls", &call, "callId").await?;
    // Asked of the provider, and not placed: every start would leave lines behind.
    let trial = json!({"channel": "phone", "provider": "hamsa", "to": STAYS, "dryRun": true});
    Ok(BTreeMap::from([
        ("session".to_owned(), event("GET", &format!("/api/voice/session/{session}"), &[], None)),
        ("process".to_owned(), event("POST", "/api/voice/process", &[], Some(&process.to_string()))),
        ("webhook".to_owned(), delivery(world)?),
        ("health".to_owned(), event("GET", "/api/health", &[], None)),
        ("admin".to_owned(), event("POST", "/api/webhooks/explain", &[], Some(r#"{"requestId":"none"}"#))),
        ("agents".to_owned(), event("GET", "/api/numbers", &[], None)),
        ("call-create".to_owned(), event("POST", "/api/calls", &[], Some(&trial.to_string()))),
        ("call-end".to_owned(), event("POST", &format!("/api/calls/{id}/end"), &[], Some("{}"))),
        ("call-read".to_owned(), event("GET", &format!("/api/calls/{id}"), &[], None)),
        // Handed on to the provider, and counted nowhere.
        ("realtime-token".to_owned(), event("POST", "/api/chatkit/session", &[], Some(r#"{"user":"bench"}"#))),
        ("sweep".to_owned(), json!({"rounds": 1}).to_string()),
    ]))
}

/// A number of the simulated carrier that never hangs up.
const STAYS: &str = "+15005550004";

/// The bare function's event.
pub(super) fn bare() -> String {
    event("GET", "/", &[], None)
}

/// What a POST to the API makes, by the name that its answer gives it in `field`.
async fn made(world: &World, path: &str, body: &Value, field: &str) -> Result<String, Failed> {
    let lazy = switchboard_lambda::lazy_http_client();
    let http = std::sync::LazyLock::force(&lazy).as_ref().map_err(|what| Failed(what.clone()))?;
    let answer = http
        .post(format!("{}{path}", world.endpoints().gateway))
        .bearer_auth(LOCAL_KEY)
        .header("content-type", "application/json")
        .body(body.to_string())
        .send()
        .await?
        .text()
        .await?;
    let answer: Value = serde_json::from_str(&answer)?;
    let id = answer.get(field).and_then(Value::as_str);
    id.map(str::to_owned).ok_or_else(|| Failed(format!("{path} made nothing: {answer}")))
}

/// The same delivery again and again: new once, then a duplicate, verified each time.
fn delivery(world: &World) -> Result<String, Failed> {
    let body = r#"{"event":"ai.response","data":{},"timestamp":0}"#;
    let now = world.clock().now();
    let id = PresentedKey::generate().map_err(|error| Failed(error.to_string()))?.id().to_owned();
    let signature = standard_webhooks::sign(&Secret::new(OMI_WEBHOOK_SECRET), &id, now, body.as_bytes())?;
    let timestamp = now.epoch_secs().to_string();
    let headers = [
        ("webhook-id", id.as_str()),
        ("webhook-timestamp", timestamp.as_str()),
        ("webhook-signature", signature.as_str()),
    ];
    Ok(event("POST", "/api/webhook", &headers, Some(body)))
}

/// An API Gateway v2 event (payload format 2.0).
fn event(method: &str, path: &str, headers: &[(&str, &str)], body: Option<&str>) -> String {
    let mut all: serde_json::Map<String, Value> =
        headers.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
    all.insert("content-type".to_owned(), json!("application/json"));
    all.insert("authorization".to_owned(), json!(format!("Bearer {LOCAL_KEY}")));
    json!({
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": "",
        "headers": all,
        "requestContext": {
            "accountId": "000000000000",
            "apiId": "bench",
            "domainName": "localhost",
            "domainPrefix": "localhost",
            "http": {
                "method": method,
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": "127.0.0.1",
                "userAgent": "bench"
            },
            "requestId": "bench-request",
            "routeKey": "$default",
            "stage": "$default",
            "time": "20/Nov/2026:12:00:00 +0000",
            "timeEpoch": 1_795_176_000_000_i64
        },
        "body": body,
        "isBase64Encoded": false
    })
    .to_string()
}
