//! The events to invoke functions with: each is decoded and answered as `expected.json` says.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use switchboard_core::{Secret, Timestamp};
use switchboard_dev::credentials::OMI_WEBHOOK_SECRET;
use switchboard_dev::functions;
use switchboard_lambda::Boot;
use switchboard_providers::standard_webhooks;

use crate::harness::TestWorld;
use crate::repository::{entries, text};

const EXPECTED: &str = "expected.json";

/// What is expected of each event, by the name of its file.
fn expected() -> BTreeMap<String, Value> {
    serde_json::from_str(&text(&format!("events/{EXPECTED}"))).unwrap()
}

/// The function that an event is for: the longest whose name the file's begins with.
fn function_of(file: &str) -> String {
    let functions = entries("functions")
        .into_iter()
        .filter(|name| file.starts_with(&format!("{name}-")) || file == format!("{name}.json"));
    functions.max_by_key(String::len).unwrap_or_else(|| panic!("{file} begins with no function's name"))
}

/// The session that events speak of; it stands for one that another event has opened.
const SESSION: &str = "ses_019aa0b0-7c00-7000-8000-000000000001";
/// Has a function answer an event as its binary does.
async fn answer(world: &TestWorld, file: &str, event: &Value) -> (Value, Value) {
    let name = function_of(file);
    let boot = Boot::new(world.world.environment(&name).unwrap().clone(), Arc::new(world.world.clock().clone()));
    let function = functions::compose(&name, &boot).unwrap().unwrap();
    let event = lambda_http::request::from_str(&event.to_string()).unwrap_or_else(|error| panic!("{file}: {error}"));
    let answer = function(event).await;
    let body = match answer.body() {
        lambda_http::Body::Text(text) => serde_json::from_str(text).unwrap(),
        _ => Value::Null,
    };
    (answer.status().as_u16().into(), body)
}

fn event(file: &str) -> Value {
    serde_json::from_str(&text(&format!("events/{file}"))).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// The same event about another session.
fn about(event: &Value, session: &str) -> Value {
    serde_json::from_str(&event.to_string().replace(SESSION, session)).unwrap()
}

/// The same delivery, signed now.
fn signed(event: &Value, now: Timestamp) -> Value {
    let mut event = event.clone();
    let body = event["body"].as_str().unwrap().to_owned();
    let body = if event["isBase64Encoded"] == true { STANDARD.decode(body).unwrap() } else { body.into_bytes() };
    let tag = standard_webhooks::sign(&Secret::new(OMI_WEBHOOK_SECRET), "msg_now", now, &body).unwrap();
    event["headers"]["webhook-id"] = json!("msg_now");
    event["headers"]["webhook-timestamp"] = json!(now.epoch_secs().to_string());
    event["headers"]["webhook-signature"] = json!(tag);
    event
}

/// `status` and `code` are for an event by itself, `signed.status` for a webhook with a signature of now, and `after` for an
/// event behind another one, whose session it is about.
#[tokio::test]
async fn every_event_is_decoded_and_answered_as_it_says() {
    let mut files = entries("events");
    assert!(files.remove(EXPECTED), "{EXPECTED} says what to expect");
    let expected = expected();
    assert_eq!(files, expected.keys().cloned().collect(), "every event has an expected answer");
    for (file, promised) in &expected {
        let world = TestWorld::start().await;
        let (status, body) = answer(&world, file, &event(file)).await;
        assert_eq!(status, promised["status"], "{file}: {body}");
        assert!(promised["code"].is_null() || promised["code"] == body["error"]["code"], "{file}: {body}");
        if let Some(wanted) = promised.get("signed") {
            let (status, body) = answer(&world, file, &signed(&event(file), world.now())).await;
            assert_eq!(status, wanted["status"], "{file}, signed: {body}");
        }
        if let Some(after) = promised.get("after") {
            let first = after["event"].as_str().unwrap();
            let (status, body) = answer(&world, first, &event(first)).await;
            assert_eq!(status, expected[first]["status"], "{first} before {file}: {body}");
            let session = body["sessionId"].as_str().unwrap_or(SESSION);
            let (status, body) = answer(&world, file, &about(&event(file), session)).await;
            assert_eq!(status, after["status"], "{file} after {first}: {body}");
        }
    }
}

#[test]
fn every_function_has_an_event() {
    let with_event: BTreeSet<String> = expected().keys().map(|file| function_of(file)).collect();
    assert_eq!(with_event, entries("functions"));
}
