//! Paths and methods that are not there, sessions that nobody knows, and preflights.

use serde_json::json;

use super::{Scene, has_the_envelope};
use crate::harness::TestWorld;
use crate::talk::{PROCESS, UPLOADS, end_of, path_of, turn, upload};

#[tokio::test]
async fn a_session_that_nobody_knows_is_not_found_on_every_route() {
    let scene = Scene::set().await;
    let caller = scene.world.as_local();
    let (upper, plain) = (scene.session.to_uppercase(), scene.session.replace("ses_", ""));
    let unknown = [
        "ses_01930000-0000-7000-8000-000000000000",
        "ses_",
        "x",
        "your-session-id",
        upper.as_str(),
        plain.as_str(),
        "trn_01930000-0000-7000-8000-000000000000",
        "%E2%82%AC",
        "SESSION%23x",
    ];
    for id in unknown {
        for answer in [
            caller.get(&path_of(id)).await,
            caller.patch(&path_of(id), &json!({"context": {"a": 1}})).await,
            caller.delete(&path_of(id)).await,
            caller.post(&end_of(id), &json!({})).await,
            caller.post(PROCESS, &turn(id, "Hello")).await,
            caller.post(UPLOADS, &upload(id, "audio/wav", 5)).await,
        ] {
            answer.refused(404, "not_found");
            has_the_envelope(&answer);
        }
    }
    // In a path the over-long id is a path that leads nowhere.
    caller.get(&path_of(&"x".repeat(500))).await.refused(404, "not_found");
    scene.is_untouched().await;
}

#[tokio::test]
async fn a_path_that_is_not_there_is_not_found_and_a_method_that_is_not_there_names_those_that_are() {
    let world = TestWorld::start().await;
    for path in
        ["/", "/api", "/api/voice/session/", "/api/voice/sessions", "/API/health", "/webhooks/nobody", "//api/health"]
    {
        let answer = world.as_nobody().get(path).await;
        answer.refused(404, "not_found");
        has_the_envelope(&answer);
    }
    for (method, path, allowed) in [
        ("GET", "/api/voice/session", "POST, OPTIONS"),
        ("PUT", "/api/voice/session/ses_1", "GET, PATCH, DELETE, OPTIONS"),
        ("POST", "/api/voice/session/ses_1", "GET, PATCH, DELETE, OPTIONS"),
        ("GET", "/api/voice/session/ses_1/end", "POST, OPTIONS"),
        ("DELETE", "/api/voice/process", "POST, OPTIONS"),
        ("PATCH", "/api/voice/uploads", "POST, OPTIONS"),
        ("GET", "/api/webhook", "POST, OPTIONS"),
        ("PUT", "/webhooks/omi", "POST, OPTIONS"),
        ("GET", "/api/webhooks/explain", "POST, OPTIONS"),
        ("POST", "/api/health", "GET, OPTIONS"),
        ("MADEUP", "/api/health", "GET, OPTIONS"),
    ] {
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        // No credential is asked for, and none is looked at.
        for caller in [world.as_nobody(), world.as_local(), world.bearing("garbage")] {
            let answer = caller.send(method.clone(), path, Some(b"{}".to_vec())).await;
            answer.refused(405, "method_not_allowed");
            has_the_envelope(&answer);
            assert_eq!(answer.header("allow"), Some(allowed), "{method} {path}");
            assert!(!answer.text("/error/message").contains("MADEUP"), "what a client made up is not repeated");
        }
    }
}

#[tokio::test]
async fn a_preflight_is_told_what_a_path_takes() {
    let world = TestWorld::start().await;
    let origin = world.base().to_owned();
    for (path, methods) in [
        ("/api/voice/session", "POST"),
        ("/api/voice/session/ses_1", "GET, PATCH, DELETE"),
        ("/api/voice/process", "POST"),
        ("/api/health", "GET"),
    ] {
        let caller = world.as_nobody().with("origin", &origin).with("access-control-request-method", "POST");
        let answer = caller.send(reqwest::Method::OPTIONS, path, None).await;
        answer.expect(204);
        assert!(answer.body.is_empty());
        assert_eq!(answer.header("access-control-allow-origin"), Some(origin.as_str()));
        assert_eq!(answer.header("access-control-allow-methods"), Some(methods), "{path}");
        let headers = answer.header("access-control-allow-headers").unwrap();
        for needed in ["authorization", "content-type", "idempotency-key"] {
            assert!(headers.split(", ").any(|header| header == needed), "{headers}");
        }
        assert_eq!(answer.header("access-control-allow-credentials"), None);
    }
    world.as_nobody().send(reqwest::Method::OPTIONS, "/nowhere", None).await.refused(404, "not_found");
}
