//! What leaves, beside what the official Python SDK sends for the same: recorded once against a local socket.

use std::collections::BTreeMap;

use serde_json::Value;

use super::*;
use crate::scripted::Arrived;

/// The SDK's requests, credentials and headers of its own apart.
const RECORDED: &str = include_str!("sdk_requests.json");
/// What both send of headers; the rest is the HTTP client's.
const HEADERS: [&str; 7] = [
    "accept",
    "authorization",
    "content-type",
    "openai-beta",
    "openai-organization",
    "openai-project",
    "openai-safety-identifier",
];

fn recorded() -> BTreeMap<String, Value> {
    let recorded: Value = serde_json::from_str(RECORDED).unwrap();
    let requests = recorded["requests"].as_array().unwrap().clone();
    requests.into_iter().map(|request| (request["operation"].as_str().unwrap().to_owned(), request)).collect()
}

/// A request of ours as the recording writes them.
fn written(arrived: &Arrived) -> Value {
    let (method, path) = arrived.line.split_once(' ').unwrap();
    let mut headers: BTreeMap<&str, &str> = arrived
        .headers
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .filter(|(name, _)| HEADERS.contains(name))
        .collect();
    let boundary = headers.get("content-type").and_then(|kind| kind.strip_prefix("multipart/form-data; boundary="));
    let Some(boundary) = boundary.map(str::to_owned) else {
        let body: Value = serde_json::from_str(&arrived.body).unwrap_or_default();
        return json!({"method": method, "path": path, "headers": headers, "body": body});
    };
    headers.insert("content-type", "multipart/form-data");
    let body = arrived.body.strip_suffix(&format!("\r\n--{boundary}--\r\n")).unwrap();
    let parts: Vec<Value> = format!("\r\n{body}").split(&format!("\r\n--{boundary}\r\n")).skip(1).map(part).collect();
    json!({"method": method, "path": path, "headers": headers, "parts": parts})
}

fn part(text: &str) -> Value {
    let (head, content) = text.split_once("\r\n\r\n").unwrap();
    let headers: BTreeMap<String, &str> = head
        .split("\r\n")
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_ascii_lowercase(), value))
        .collect();
    let content = match headers["content-type"] {
        "application/json" => serde_json::from_str(content).unwrap(),
        _ => Value::from(content),
    };
    json!({"headers": headers, "content": content})
}

async fn sent(operation: &str, session: &SessionConfig) -> Value {
    let (openai, server) = scripted(&[(200, "{}"), (404, "")]);
    let (call, wish) = (id("rtc_1"), ChatWish { user: user(), workflow: "wf_1".to_owned() });
    // What is made of the answer is not looked at here.
    match operation {
        "client_secret" => drop(openai.client_secret(session, Duration::from_secs(60), &user()).await),
        "broker" => drop(openai.broker(OFFER, session, &user()).await),
        "accept" => drop(openai.accept(&call, session).await),
        "reject" => drop(openai.reject(&call, Some(486)).await),
        "reject_default" => drop(openai.reject(&call, None).await),
        "hangup" => drop(openai.end_call(&call).await),
        "chat_session" => drop(openai.chat_session(&wish).await),
        "chat_cancel" => drop(openai.cancel_chat(&id("cksess_1")).await),
        "models" => drop(openai.reachable().await),
        other => panic!("no request of ours is like the SDK's {other}"),
    }
    let first = server.arrived().remove(0);
    if first.line.starts_with("POST") && first.body.is_empty() {
        assert_eq!(first.headers.get("content-length").map(String::as_str), Some("0"), "{operation}");
    }
    written(&first)
}

#[tokio::test]
async fn every_request_is_the_sdks_field_by_field() {
    let mut recorded = recorded();
    assert_eq!(recorded.len(), 9);
    let session = session(&recorded["client_secret"]["body"]["session"]);
    for (operation, expected) in &mut recorded {
        let expected = expected.as_object_mut().unwrap();
        expected.remove("operation");
        // The SDK names a media type for no body at all.
        if expected.get("body").is_some_and(Value::is_null) {
            expected["headers"].as_object_mut().unwrap().remove("content-type");
        }
        assert_eq!(sent(operation, &session).await, Value::Object(expected.clone()), "{operation}");
    }
}

#[test]
fn a_session_as_the_sdk_sends_it_is_left_as_it_is() {
    let recorded = &recorded()["client_secret"]["body"]["session"];
    let translated = translate::session(recorded.as_object().unwrap(), false).unwrap();
    assert_eq!((translated.session.as_json(), translated.dropped), (recorded.as_object().unwrap(), Vec::new()));
}
