//! What the gateway refuses before any function sees it, in its own words.

use serde_json::json;

use super::Scene;
use crate::harness::{Answer, TestWorld};

#[track_caller]
fn in_the_gateways_words(answer: &Answer, status: u16, message: &str) {
    answer.expect(status);
    assert_eq!(answer.json, json!({ "message": message }));
    assert!(answer.header("apigw-requestid").is_some());
    assert_eq!(answer.header("x-request-id"), None, "no function was asked");
}

#[tokio::test]
async fn an_event_of_more_than_six_megabytes_reaches_no_function() {
    let scene = Scene::set().await;
    let world = &scene.world;
    let body = |bytes: usize| Some(vec![b' '; bytes]);
    for path in ["/api/voice/process", "/api/voice/session", "/api/webhook"] {
        for bytes in [6 * 1024 * 1024 + 200, 10 * 1024 * 1024 + 1, 12 * 1024 * 1024] {
            let answer = world.as_local().send_json(reqwest::Method::POST, path, body(bytes)).await;
            in_the_gateways_words(&answer, 413, "Request Entity Too Large");
        }
    }
    // What is not text travels as base64, a third longer.
    let binary = world.as_nobody().with("content-type", "application/octet-stream");
    let answer = binary.send(reqwest::Method::POST, "/api/webhook", body(4_800_000)).await;
    in_the_gateways_words(&answer, 413, "Request Entity Too Large");
    scene.is_untouched().await;
}

#[tokio::test]
async fn headers_of_more_than_ten_kilobytes_and_paths_that_cannot_be_decoded_reach_no_function() {
    let world = TestWorld::start().await;
    let long = world.as_local().with("x-long", &"x".repeat(10_300));
    in_the_gateways_words(&long.get("/api/health").await, 431, "Request Header Fields Too Large");
    for path in ["/api/voice/session/%ff", "/api/voice/session/%zz", "/api/voice/session/%25"] {
        in_the_gateways_words(&world.as_local().get(path).await, 400, "Bad Request");
    }
}
