//! Who may open calls and mint secrets, in which forms, and what every answer has.

use super::*;
use crate::sim::testbed::{PAGE, read};

const BOUNDARY: &str = "b0undary";

/// A part of a form: its name, its content type, and what is in it.
type Part<'a> = (&'a str, Option<&'a str>, String);

async fn post_form(bed: &Testbed, parts: &[Part<'_>]) -> (u16, Value) {
    let mut body = String::new();
    for (name, content_type, text) in parts {
        let content_type = content_type.map(|of| format!("content-type: {of}\r\n")).unwrap_or_default();
        body +=
            &format!("--{BOUNDARY}\r\ncontent-disposition: form-data; name=\"{name}\"\r\n{content_type}\r\n{text}\r\n");
    }
    body += &format!("--{BOUNDARY}--\r\n");
    let request = bed.to(Openai, "POST", "/realtime/calls");
    let request = request.header("content-type", format!("multipart/form-data; boundary={BOUNDARY}"));
    read(request.body(body).send().await.unwrap()).await
}

#[tokio::test]
async fn a_server_opens_a_call_with_a_form_whose_parts_are_of_the_right_types() {
    let bed = Testbed::start().await;
    let offer = || Page::open().unwrap().offer().to_owned();
    let session = || json!({"type": "realtime", "model": "gpt-realtime"}).to_string();
    const SDP: Option<&str> = Some("application/sdp");
    const JSON: Option<&str> = Some("application/json");
    for (parts, status, param) in [
        (vec![("sdp", SDP, offer()), ("session", JSON, session())], 201, ""),
        (vec![("session", Some("application/json; charset=utf-8"), session()), ("sdp", SDP, offer())], 201, ""),
        (vec![("sdp", SDP, offer())], 201, ""),
        (vec![("sdp", None, offer()), ("session", JSON, session())], 400, "sdp"),
        (vec![("sdp", Some("text/plain"), offer()), ("session", JSON, session())], 400, "sdp"),
        (vec![("sdp", SDP, offer()), ("session", None, session())], 400, "session"),
        (vec![("sdp", SDP, offer()), ("session", Some("text/plain"), session())], 400, "session"),
        (vec![("sdp", SDP, offer()), ("session", JSON, "{".to_owned())], 400, "session"),
        (
            vec![("sdp", SDP, offer()), ("session", JSON, json!({"type": "realtime", "voice": 1}).to_string())],
            400,
            "session.voice",
        ),
        (vec![("session", JSON, session())], 400, "sdp"),
        (vec![("sdp", SDP, offer()), ("workflow", JSON, session())], 400, "workflow"),
    ] {
        let (found, answer) = post_form(&bed, &parts).await;
        assert_eq!(found, status, "{answer}");
        assert_eq!(answer["error"]["param"].as_str().unwrap_or_default(), param, "{answer}");
    }
    assert_eq!(bed.simulators.meter().unwrap().dials, 3, "what was refused opened nothing");
}

#[tokio::test]
async fn an_offer_that_is_none_and_a_model_that_holds_no_sessions_are_refused() {
    let bed = Testbed::start().await;
    let offer = Page::open().unwrap().offer().to_owned();
    let without_sound = offer.replace("m=audio", "m=video");
    for (query, content_type, body, status, code) in [
        ("", "application/sdp", offer.as_str(), 201, ""),
        ("?model=gpt-realtime-mini", "application/sdp", offer.as_str(), 201, ""),
        ("?model=gpt-4o-realtime-preview-2024-10-01", "application/sdp", offer.as_str(), 403, "model_not_found"),
        ("?model=gpt-transcribe", "application/sdp", offer.as_str(), 400, "invalid_model"),
        ("", "application/sdp", "v=0", 400, "invalid_offer"),
        ("", "application/sdp", "", 400, "invalid_offer"),
        ("", "application/sdp", without_sound.as_str(), 400, "invalid_offer"),
        ("", "application/json", offer.as_str(), 400, "unsupported_content_type"),
        ("", "multipart/form-data", offer.as_str(), 400, "invalid_multipart"),
    ] {
        let request = bed.to(Openai, "POST", &format!("/realtime/calls{query}")).header("content-type", content_type);
        let (found, answer) = read(request.body(body.to_owned()).send().await.unwrap()).await;
        assert_eq!(
            (found, answer["error"]["code"].as_str().unwrap_or_default()),
            (status, code),
            "{query} {content_type}"
        );
    }
}

#[tokio::test]
async fn secrets_are_minted_within_bounds_and_shown_with_their_whole_session() {
    let bed = Testbed::start().await;
    let mint = async |body: Value| bed.ask(Openai, "POST", "/realtime/client_secrets", body).await;
    let session = json!({"type": "realtime", "audio": {"output": {"voice": "cedar"}}});
    let (status, minted) =
        mint(json!({"session": session, "expires_after": {"anchor": "created_at", "seconds": 7200}})).await;
    assert_eq!((status, &minted["session"]["audio"]["output"]["voice"]), (200, &json!("cedar")));
    assert!(minted["value"].as_str().unwrap().starts_with("ek_") && minted["session"]["object"] == "realtime.session");
    assert_eq!(minted["expires_at"], crate::sim::testbed::start_time().epoch_secs() + 7200);
    let (_, usual) = mint(json!({})).await;
    assert_eq!(usual["expires_at"], crate::sim::testbed::start_time().epoch_secs() + 600);
    let (_, transcribes) = mint(json!({"session": {"type": "transcription"}})).await;
    assert_eq!(transcribes["session"]["object"], "realtime.transcription_session");
    for (body, code, param) in [
        (json!({"expires_after": {"seconds": 9}}), "integer_below_min_value", "expires_after.seconds"),
        (json!({"expires_after": {"seconds": 7201}}), "integer_above_max_value", "expires_after.seconds"),
        (json!({"expires_after": {"anchor": "now"}}), "invalid_value", "expires_after.anchor"),
        (json!({"session": {}}), "missing_required_parameter", "session.type"),
        (json!({"session": {"type": "realtime", "temperature": 1}}), "unknown_parameter", "session.temperature"),
        (json!({"model": "gpt-realtime"}), "unknown_parameter", "model"),
        (json!([]), "invalid_json", ""),
    ] {
        let (status, refused) = mint(body.clone()).await;
        let error = &refused["error"];
        assert_eq!(
            (status, &error["code"], &error["type"]),
            (400, &json!(code), &json!("invalid_request_error")),
            "{body}"
        );
        assert_eq!(error["param"].as_str().unwrap_or_default(), param, "{body}");
    }
}

#[tokio::test]
async fn the_beta_is_over_on_every_path_that_it_had() {
    let bed = Testbed::start().await;
    let offer = Page::open().unwrap().offer().to_owned();
    for (path, beta) in [
        ("/realtime/client_secrets", Some("realtime=v1")),
        ("/realtime/calls", Some("realtime=v1")),
        ("/realtime/calls/rtc_1/hangup", Some("assistants=v2, realtime=v1")),
        ("/realtime/sessions", None),
        ("/realtime/transcription_sessions", None),
    ] {
        let request = bed.to(Openai, "POST", path).header("content-type", "application/sdp").body(offer.clone());
        let request = beta.into_iter().fold(request, |request, beta| request.header("openai-beta", beta));
        let (status, refused) = read(request.send().await.unwrap()).await;
        assert_eq!((status, &refused["error"]["code"]), (400, &json!("beta_api_shape_disabled")), "{path}");
        let message = "The Realtime Beta API is no longer supported. Please use /v1/realtime for the GA API.";
        assert_eq!(refused["error"]["message"], message);
    }
}

#[tokio::test]
async fn a_wrong_key_opens_nothing_and_a_secret_only_calls() {
    let bed = Testbed::start().await;
    let secret = mint(&bed, json!({"type": "realtime"})).await;
    let ask = async |method: &str, path: &str, authorization: Option<&str>| {
        let method = http::Method::from_bytes(method.as_bytes()).unwrap();
        let request = bed.client.request(method, format!("{}{path}", bed.base(Openai)));
        let request = authorization.into_iter().fold(request, |request, given| request.header("authorization", given));
        let answer = request.send().await.unwrap();
        assert!(answer.headers()["x-request-id"].to_str().unwrap().starts_with("req_"), "{path}");
        read(answer).await
    };
    let bearer = format!("Bearer {secret}");
    for (path, authorization) in [
        ("/models", None),
        ("/models", Some("Basic c2s6")),
        ("/models", Some("Bearer sk-wrong")),
        ("/models", Some(bearer.as_str())),
        ("/realtime/client_secrets", Some(bearer.as_str())),
        ("/realtime/calls/rtc_1/hangup", Some(bearer.as_str())),
        ("/chatkit/sessions", Some(bearer.as_str())),
        ("/realtime/calls", Some("Bearer ek_unknown")),
    ] {
        let method = if path == "/models" { "GET" } else { "POST" };
        let (status, refused) = ask(method, path, authorization).await;
        let code = if authorization.is_none_or(|given| given.starts_with("Basic")) {
            Value::Null
        } else {
            json!("invalid_api_key")
        };
        assert_eq!((status, &refused["error"]["code"]), (401, &code), "{path} {authorization:?}");
    }
    let server = format!("Bearer {}", crate::credentials::OPENAI_API_KEY);
    for (method, path, status) in [
        ("GET", "/models", 200),
        ("GET", "/models/gpt-realtime-2.1", 200),
        ("GET", "/models/gpt-4o-realtime-preview-2024-10-01", 404),
        ("GET", "/nothing", 404),
        ("POST", "/realtime/calls/rtc_1/wave", 404),
        ("GET", "/realtime/calls", 405),
    ] {
        let (found, answer) = ask(method, path, Some(&server)).await;
        assert_eq!(found, status, "{method} {path}");
        assert_eq!(answer.get("error").is_some(), status >= 400, "{answer}");
    }
    let (_, models) = ask("GET", "/models", Some(&server)).await;
    assert!(models["data"].as_array().unwrap().iter().any(|model| model["id"] == "gpt-realtime-2.1"));
}

#[tokio::test]
async fn the_page_that_is_named_may_read_answers_and_no_other_page_gets_any() {
    let bed = Testbed::start().await;
    let secret = mint(&bed, json!({"type": "realtime"})).await;
    let url = format!("{}/realtime/calls", bed.base(Openai));
    let from = async |origin: &str, method: http::Method| {
        let request =
            bed.client.request(method.clone(), &url).header("origin", origin).header("sec-fetch-site", "cross-site");
        let request = if method == http::Method::OPTIONS {
            request
                .header("access-control-request-method", "POST")
                .header("access-control-request-headers", "authorization,content-type")
        } else {
            let body = Page::open().unwrap().offer().to_owned();
            request.bearer_auth(&secret).header("content-type", "application/sdp").body(body)
        };
        request.send().await.unwrap()
    };
    let preflight = from(PAGE, http::Method::OPTIONS).await;
    assert_eq!(preflight.status(), 200);
    let allowed = preflight.headers()["access-control-allow-headers"].to_str().unwrap();
    assert!(allowed.contains("authorization") && allowed.contains("content-type"), "{allowed}");
    assert!(preflight.headers()["access-control-allow-methods"].to_str().unwrap().contains("POST"));
    let answer = from(PAGE, http::Method::POST).await;
    assert_eq!(
        (answer.status().as_u16(), &answer.headers()["access-control-allow-origin"]),
        (201, &"*".parse().unwrap())
    );
    assert!(answer.headers()["access-control-expose-headers"].to_str().unwrap().contains("Location"));
    for method in [http::Method::OPTIONS, http::Method::POST] {
        let refused = from("https://evil.example", method).await;
        assert_eq!(refused.status(), 403);
        assert!(!refused.headers().contains_key("access-control-allow-origin"));
    }
    let asked = bed.control("GET", "/_sim/requests?provider=openai", "").await;
    assert!(!asked.to_string().contains(&secret), "credentials are hashed");
    assert_eq!(asked["requests"].as_array().unwrap().len(), 2, "preflights and strangers are not among them");
}
