//! What health says of OpenAI.

use axum::Router;
use switchboard_dev::listener::Listener;

use super::*;

const DEEP: &str = "/api/health?deep=1";

/// The check of our credentials in a deep look.
fn check(answer: &Answer) -> Option<Value> {
    let checks = answer.json["checks"].as_array().unwrap();
    checks.iter().find(|check| check["check"] == "openai_credentials").cloned()
}

#[tokio::test]
async fn a_key_that_is_missing_is_told_from_a_service_that_is_away() {
    for secret in ["switchboard/none", "switchboard/omi"] {
        let world = TestWorld::with(&[("OpenaiSecretName", secret)]).await;
        for path in ["/api/health", DEEP] {
            let health = world.as_local().get(path).await;
            health.expect(200);
            assert_eq!(
                (&health.json["status"], &health.json["services"]["openai"]),
                (&json!("healthy"), &json!("not_configured"))
            );
        }
        world.as_local().post(OPEN, &wish("ada")).await.refused(503, "unavailable");
        world.as_local().post(TOKEN, &json!({})).await.refused(503, "unavailable");
        assert_eq!(slots_held(&world, "").await, 0);
    }
    let world = TestWorld::start().await;
    go_wrong(&world, Operation::Status, Effect::Status(500), 1).await;
    let ill = world.as_nobody().get("/api/health").await;
    assert_eq!((&ill.json["status"], &ill.json["services"]["openai"]), (&json!("degraded"), &json!("disconnected")));
}

#[tokio::test]
async fn a_deep_look_asks_the_realtime_api_itself_and_a_shallow_one_makes_nothing() {
    let world = TestWorld::start().await;
    world.as_nobody().get("/api/health").await.expect(200);
    assert!(
        asked_of_openai(&world, Operation::Token).is_empty(),
        "anybody may ask whether it works; nothing is made for that"
    );
    let deep = world.as_local().get(DEEP).await;
    deep.expect(200);
    assert_eq!(check(&deep).unwrap()["ok"], true);
    let asked = asked_of_openai(&world, Operation::Token);
    assert_eq!((asked.len(), asked[0].path.as_str()), (1, "/v1/realtime/client_secrets"));
    assert_eq!(asked[0].body["expires_after"]["seconds"], 10, "what is made for a look ends at once");
    // A key that lists models and may not speak is found out.
    go_wrong(&world, Operation::Token, Effect::Status(401), 1).await;
    let refused = world.as_local().get(DEEP).await;
    assert_eq!((&refused.json["status"], &check(&refused).unwrap()["ok"]), (&json!("degraded"), &json!(false)));
}

#[tokio::test]
async fn an_api_that_was_retired_is_named_as_such() {
    let retired = json!({"error": {"type": "invalid_request_error", "code": "beta_api_shape_disabled",
        "message": "The Realtime Beta API is no longer supported. Please use /v1/realtime for the GA API."}});
    let listener = Listener::bind(0).await.unwrap();
    let base = format!("http://localhost:{}/v1", listener.port());
    let router = Router::new().fallback(async move || (http::StatusCode::BAD_REQUEST, axum::Json(retired)));
    let _serving = listener.serve(&router);
    let world = TestWorld::with(&[("OpenaiBaseUrl", &base)]).await;
    let deep = world.as_local().get(DEEP).await;
    let found = check(&deep).unwrap();
    assert_eq!((&deep.json["status"], &found["ok"]), (&json!("degraded"), &json!(false)));
    assert!(found["message"].as_str().unwrap().contains("retired API"), "{found}");
    // Whoever wants a call is told that it is the provider's doing, and nothing is left of it.
    let refused = world.as_local().post(OPEN, &wish("ada")).await;
    assert!((500..=504).contains(&refused.status), "{}", refused.json);
    assert_eq!(slots_held(&world, "").await, 0);
}
