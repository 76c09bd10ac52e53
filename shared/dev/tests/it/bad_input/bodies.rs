//! Bodies that are no JSON object, or not said to be one.

use serde_json::{Value, json};

use super::{Scene, has_the_envelope};

#[tokio::test]
async fn a_body_that_is_no_json_object_is_told_so_on_every_route() {
    let scene = Scene::set().await;
    let caller = scene.world.as_local();
    for (method, path, good, required) in scene.json_routes() {
        let values: Vec<Value> = good.as_object().unwrap().values().cloned().collect();
        let truncated = good.to_string().trim_end_matches('}').to_owned();
        let mut latin = good.to_string().into_bytes();
        latin.splice(1..1, *b"\"x\":\"\xe9\",");
        let bodies: [Vec<u8>; 13] = [
            Vec::new(),
            b" \n".to_vec(),
            b"{".to_vec(),
            truncated.into_bytes(),
            b"{'userId': 'u'}".to_vec(),
            format!("{good}{good}").into_bytes(),
            format!("{good},").into_bytes(),
            latin,
            b"null".to_vec(),
            b"\"text\"".to_vec(),
            b"17".to_vec(),
            // The values in the order of the fields are not the object.
            Value::Array(values).to_string().into_bytes(),
            b"[]".to_vec(),
        ];
        for body in bodies {
            let shown = String::from_utf8_lossy(&body).into_owned();
            let answer = caller.send_json(method.clone(), &path, Some(body)).await;
            assert_eq!(answer.status, 400, "{method} {path} {shown}");
            answer.refused_field(400, "invalid_request", "body");
            has_the_envelope(&answer);
        }
        let empty = caller.send_json(method.clone(), &path, Some(b"{}".to_vec())).await;
        empty.refused_field(400, "invalid_request", required);
        has_the_envelope(&empty);
    }
    scene.is_untouched().await;
}

#[tokio::test]
async fn a_body_must_say_that_it_is_json() {
    let scene = Scene::set().await;
    for (method, path, good, _) in scene.json_routes() {
        let body = good.to_string().into_bytes();
        for content_type in
            ["text/plain", "application/x-www-form-urlencoded", "application/jsonp", "multipart/form-data", "json"]
        {
            let caller = scene.world.as_local().with("content-type", content_type);
            let answer = caller.send(method.clone(), &path, Some(body.clone())).await;
            answer.refused(415, "unsupported_media_type");
            has_the_envelope(&answer);
        }
        let answer = scene.world.as_local().send(method.clone(), &path, Some(body.clone())).await;
        answer.refused(415, "unsupported_media_type");
    }
    scene.is_untouched().await;
    for content_type in ["application/json; charset=utf-8", "Application/JSON", "application/vnd.api+json"] {
        let caller = scene.world.as_local().with("content-type", content_type);
        let body = json!({"userId": "u"}).to_string().into_bytes();
        caller.send(reqwest::Method::POST, "/api/voice/session", Some(body)).await.expect(201);
    }
}

#[tokio::test]
async fn a_body_beyond_what_a_route_takes_is_refused_unread() {
    let scene = Scene::set().await;
    let caller = scene.world.as_local();
    let padded = |value: &Value, bytes: usize| {
        let text = value.to_string();
        [text.as_str(), &" ".repeat(bytes - text.len())].concat().into_bytes()
    };
    // Routes without recordings take bodies of one size.
    let most = session::ROUTES[0].max_body;
    for (method, path, good, _) in scene.json_routes() {
        if path == "/api/voice/process" {
            continue;
        }
        let answer = caller.send_json(method.clone(), &path, Some(padded(&good, most + 1))).await;
        answer.refused(413, "payload_too_large");
        has_the_envelope(&answer);
    }
    let webhook = scene.world.as_nobody();
    for path in ["/api/webhook", "/webhooks/omi"] {
        let answer = webhook.send_json(reqwest::Method::POST, path, Some(vec![b' '; 5 * 1024 * 1024 + 1])).await;
        answer.refused(413, "payload_too_large");
        has_the_envelope(&answer);
    }
    scene.is_untouched().await;
    let good = padded(&json!({"userId": "u"}), most);
    caller.send_json(reqwest::Method::POST, "/api/voice/session", Some(good)).await.expect(201);
}

#[tokio::test]
async fn an_idempotency_key_has_its_form_and_belongs_to_one_request() {
    let scene = Scene::set().await;
    let path = "/api/voice/session";
    for key in ["", "a b", &"k".repeat(256)] {
        let caller = scene.world.as_local().with("idempotency-key", key);
        let answer = caller.post(path, &json!({"userId": "u"})).await;
        answer.refused_field(400, "invalid_request", "Idempotency-Key");
        has_the_envelope(&answer);
    }
    scene.is_untouched().await;
    let caller = scene.world.as_local().with("idempotency-key", &"k".repeat(255));
    let first = caller.post(path, &json!({"userId": "u", "context": {"a": 1, "b": 2}})).await;
    first.expect(201);
    let other = caller.post(path, &json!({"userId": "v", "context": {"a": 1, "b": 2}})).await;
    other.refused(422, "idempotency_mismatch");
    has_the_envelope(&other);
    let laid_out_anew = b"{ \"context\" : {\"b\":2, \"a\":1.0},\n\"userId\":\"\\u0075\" }".to_vec();
    let replayed = caller.send_json(reqwest::Method::POST, path, Some(laid_out_anew)).await;
    replayed.expect(201);
    assert_eq!(replayed.header("idempotent-replayed"), Some("true"));
    assert_eq!(replayed.text("/sessionId"), first.text("/sessionId"));
}
