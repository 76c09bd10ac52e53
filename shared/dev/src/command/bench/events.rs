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
    let session = open_session(world).await?;
    let process = json!({"sessionId": session, "input": {"type": "text", "content": "Hello"}});
    Ok(BTreeMap::from([
        ("session".to_owned(), event("GET", &format!("/api/voice/session/{session}"), &[], None)),
        ("process".to_owned(), event("POST", "/api/voice/process", &[], Some(&process.to_string()))),
        ("webhook".to_owned(), delivery(world)?),
        ("health".to_owned(), event("GET", "/api/health", &[], None)),
        ("admin".to_owned(), event("POST", "/api/webhooks/explain", &[], Some(r#"{"requestId":"none"}"#))),
    ]))
}

/// The bare function's event.
pub(super) fn bare() -> String {
    event("GET", "/", &[], None)
}

async fn open_session(world: &World) -> Result<String, Failed> {
    let lazy = switchboard_lambda::lazy_http_client();
    let http = std::sync::LazyLock::force(&lazy).as_ref().map_err(|what| Failed(what.clone()))?;
    let answer = http
        .post(format!("{}/api/voice/session", world.endpoints().gateway))
        .bearer_auth(LOCAL_KEY)
        .header("content-type", "application/json")
        .body(r#"{"userId":"bench"}"#)
        .send()
        .await?
        .text()
        .await?;
    let answer: Value = serde_json::from_str(&answer)?;
    let id = answer.get("sessionId").and_then(Value::as_str);
    id.map(str::to_owned).ok_or_else(|| Failed(format!("no session could be opened: {answer}")))
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
