//! The events to invoke functions with: each is decoded and answered as `expected.json` says.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use switchboard_core::{Secret, Timestamp};
use switchboard_dev::credentials::{OMI_WEBHOOK_SECRET, OPENAI_WEBHOOK_SECRET, TWILIO_AUTH_TOKEN};
use switchboard_dev::functions;
use switchboard_lambda::Boot;
use switchboard_providers::standard_webhooks;

use crate::harness::TestWorld;
use crate::repository::{entries, text};
use crate::signatures;

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

/// What events speak of, by the field of the answer that names it; each stands for one that another event has made.
const EXAMPLES: [(&str, &str); 6] = [
    ("agentId", "70001930"),
    ("sessionId", "ses_019aa0b0-7c00-7000-8000-000000000001"),
    ("callId", "call_019aa0b0-7c00-7000-8000-000000000002"),
    ("rtsId", "rts_019aa0b0-7c00-7000-8000-000000000003"),
    ("leaseSecret", "lse_1.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
    // A chat's.
    ("id", "cksess_0123456789abcdef0123456789abcdef"),
];

/// Has a function answer an event as its binary does. The schedule's answer nothing.
async fn answer(world: &TestWorld, file: &str, event: &Value) -> (Value, Value) {
    let name = function_of(file);
    let boot = Boot::new(world.world.environment(&name).unwrap().clone(), Arc::new(world.world.clock().clone()));
    let Some(function) = functions::compose(&name, &boot).unwrap() else {
        let run = functions::compose_scheduled(&name, &boot).unwrap().expect("the function is known");
        run().await.unwrap();
        return (Value::Null, Value::Null);
    };
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

/// The same event about what another one's answer names.
fn about(event: &Value, answer: &Value) -> Value {
    let mut text = event.to_string();
    for (field, example) in EXAMPLES {
        text = text.replace(example, answer[field].as_str().unwrap_or(example));
    }
    serde_json::from_str(&text).unwrap()
}

/// The same delivery as its sender would make it now: signed, or at an address that holds.
fn signed(world: &TestWorld, event: &Value) -> Value {
    match event["rawPath"].as_str().unwrap().split('/').collect::<Vec<_>>().as_slice() {
        ["", "webhooks", "twilio"] => signed_by_twilio(event),
        ["", "webhooks", "openai"] => signed_by_its_secret(event, OPENAI_WEBHOOK_SECRET, world.now()),
        ["", "webhooks", sender, _] => at_its_address(world, event, sender),
        _ => signed_by_its_secret(event, OMI_WEBHOOK_SECRET, world.now()),
    }
}

fn body_of(event: &Value) -> Vec<u8> {
    let body = event["body"].as_str().unwrap_or_default().to_owned();
    if event["isBase64Encoded"] == true { STANDARD.decode(body).unwrap() } else { body.into_bytes() }
}

fn signed_by_twilio(event: &Value) -> Value {
    let text = |pointer: &str| event.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let query = Some(text("/rawQueryString")).filter(|query| !query.is_empty());
    let query = query.map(|query| format!("?{query}")).unwrap_or_default();
    let url = format!("https://{}{}{query}", text("/requestContext/domainName"), text("/rawPath"));
    let mut signed = event.clone();
    let tag = signatures::twilio(TWILIO_AUTH_TOKEN, &url, &String::from_utf8(body_of(event)).unwrap());
    signed["headers"]["x-twilio-signature"] = json!(tag);
    signed
}

/// The token is in the path, and nowhere else.
fn at_its_address(world: &TestWorld, event: &Value, sender: &str) -> Value {
    let example = event.pointer("/pathParameters/token").and_then(Value::as_str).unwrap();
    let urls = world.world.simulators().webhook_urls();
    let known = urls.iter().find(|known| known.provider.as_str() == sender).expect("its agents report somewhere");
    let token = known.url.rsplit('/').next().unwrap();
    serde_json::from_str(&event.to_string().replace(example, token)).unwrap()
}

/// By Standard Webhooks. It keeps its own id: none is another's duplicate.
fn signed_by_its_secret(event: &Value, secret: &str, now: Timestamp) -> Value {
    let mut event = event.clone();
    let (body, id) = (body_of(&event), event["headers"]["webhook-id"].as_str().unwrap().to_owned());
    let tag = standard_webhooks::sign(&Secret::new(secret), &id, now, &body).unwrap();
    event["headers"]["webhook-timestamp"] = json!(now.epoch_secs().to_string());
    event["headers"]["webhook-signature"] = json!(tag);
    event
}

/// `status` and `code` are for an event by itself, `signed.status` for a webhook with a signature of now, and `after` for an
/// event behind another one, whose session or call it is about.
#[tokio::test]
async fn every_event_is_decoded_and_answered_as_it_says() {
    let mut files = entries("events");
    assert!(files.remove(EXPECTED), "{EXPECTED} says what to expect");
    let expected = expected();
    assert_eq!(files, expected.keys().cloned().collect(), "every event has an expected answer");
    let world = TestWorld::start().await;
    for (file, promised) in &expected {
        let (status, body) = answer(&world, file, &event(file)).await;
        assert_eq!(status, promised["status"], "{file}: {body}");
        assert!(promised["code"].is_null() || promised["code"] == body["error"]["code"], "{file}: {body}");
        if let Some(wanted) = promised.get("signed") {
            let (status, body) = answer(&world, file, &signed(&world, &event(file))).await;
            assert_eq!(status, wanted["status"], "{file}, signed: {body}");
        }
        if let Some(after) = promised.get("after") {
            let first = after["event"].as_str().unwrap();
            let (status, body) = answer(&world, first, &event(first)).await;
            assert_eq!(status, expected[first]["status"], "{first} before {file}: {body}");
            let (status, body) = answer(&world, file, &about(&event(file), &body)).await;
            assert_eq!(status, after["status"], "{file} after {first}: {body}");
        }
    }
}

#[test]
fn every_function_has_an_event() {
    let with_event: BTreeSet<String> = expected().keys().map(|file| function_of(file)).collect();
    assert_eq!(with_event, entries("functions"));
}
