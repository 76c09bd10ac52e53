//! The gateway as a client sees it, with functions that tell what they were given.

use futures_util::FutureExt;
use http::StatusCode;
use lambda_http::request::RequestContext;
use serde_json::{Value, json};
use switchboard_core::Timestamp;
use tower::ServiceExt;

use super::*;
use crate::clock::ScriptedClock;

fn spec(name: &str, routes: &[(&str, &str)], timeout_secs: u64) -> FunctionSpec {
    FunctionSpec {
        name: name.to_owned(),
        logical_id: format!("{name}-id"),
        routes: routes.iter().map(|(method, path)| ((*method).to_owned(), (*path).to_owned())).collect(),
        timeout: Duration::from_secs(timeout_secs),
        memory_mb: 256,
        environment: BTreeMap::new(),
    }
}

/// Answers with what it was called with.
fn echo(name: &'static str) -> Function {
    Arc::new(move |request| {
        async move {
            let context = request.lambda_context();
            let RequestContext::ApiGatewayV2(gateway) = request.request_context() else { panic!("another event") };
            let told = json!({
                "function": name,
                "method": request.method().as_str(),
                "rawPath": request.raw_http_path(),
                "id": request.path_parameters().first("id"),
                "query": request.uri().query(),
                "twice": request.query_string_parameters().all("q"),
                "cookie": request.headers().get("cookie").map(|value| value.to_str().unwrap()),
                "text": matches!(request.body(), lambda_http::Body::Text(_)),
                "bytes": request.body().len(),
                "routeKey": gateway.route_key, "sourceIp": gateway.http.source_ip, "timeEpoch": gateway.time_epoch,
                "deadline": context.deadline, "functionName": context.env_config.function_name,
            });
            http::Response::new(lambda_http::Body::Text(told.to_string()))
        }
        .boxed()
    })
}

fn function<F: Future<Output = http::Response<lambda_http::Body>> + Send + 'static>(
    make: impl Fn() -> F + Send + Sync + 'static,
) -> Function {
    Arc::new(move |_| make().boxed())
}

fn noon() -> Timestamp {
    Timestamp::parse("2026-11-20T12:00:00Z").unwrap()
}

fn gateway(specs: &[FunctionSpec], functions: Vec<(&str, Function)>) -> Result<Gateway, GatewayError> {
    let functions = functions.into_iter().map(|(name, function)| (name.to_owned(), function)).collect();
    Gateway::new(specs, functions, Arc::new(ScriptedClock::fixed(noon())), "localhost")
}

fn one(function: Function, timeout_secs: u64) -> Router {
    gateway(&[spec("one", &[("ANY", "$default")], timeout_secs)], vec![("one", function)]).unwrap().into_router()
}

async fn ask(router: &Router, request: http::Request<Body>) -> (StatusCode, String) {
    let response = router.clone().oneshot(request).await.unwrap();
    let status = response.status();
    let body = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

fn post(path: &str, body: impl Into<Body>) -> http::Request<Body> {
    http::Request::post(path).header("host", "localhost:3000").body(body.into()).unwrap()
}

#[tokio::test]
async fn a_request_reaches_the_function_of_its_route_whole() {
    let specs = [
        spec("session", &[("GET", "/api/voice/session/{id}"), ("POST", "/api/voice/session")], 9),
        spec("health", &[("ANY", "$default")], 60),
    ];
    let functions = vec![("session", echo("session")), ("health", echo("health"))];
    let router = gateway(&specs, functions).unwrap().into_router();
    let request = http::Request::get("/api/voice/session/a%20b?q=1%2B1&q=2")
        .header("host", "localhost:3000")
        .header("cookie", "a=1; b=2")
        .extension(ConnectInfo(SocketAddr::from(([127, 0, 0, 7], 40_000))))
        .body(Body::from("hello"))
        .unwrap();
    let (status, body) = ask(&router, request).await;
    assert_eq!(status, StatusCode::OK);
    let millis = noon().epoch_millis();
    assert_eq!(
        serde_json::from_str::<Value>(&body).unwrap(),
        json!({
            "function": "session", "method": "GET", "rawPath": "/api/voice/session/a b", "id": "a b",
            "query": "q=1%2B1&q=2", "twice": ["1+1", "2"], "cookie": "a=1; b=2", "text": false, "bytes": 5,
            "routeKey": "GET /api/voice/session/{id}", "sourceIp": "127.0.0.7", "timeEpoch": millis,
            "deadline": millis + 9000, "functionName": "session",
        })
    );
    let (_, body) = ask(&router, post("/nowhere", "{}")).await;
    let told: Value = serde_json::from_str(&body).unwrap();
    assert_eq!((&told["function"], &told["deadline"]), (&json!("health"), &json!(millis + 30_000)));
}

#[tokio::test]
async fn paths_that_no_url_parser_likes_reach_the_function_all_the_same() {
    let router = one(echo("one"), 9);
    for path in ["/", "//", "/a%23b", "/%5c", "/a%0ab", "/%00", "/%E2%80%AE", "/..%2f..", "/a;b,c|d?x=%", "/[::1]@x"] {
        let Ok(request) = http::Request::get(path).header("host", "[::1]:3000").body(Body::empty()) else { continue };
        assert_eq!(ask(&router, request).await.0, StatusCode::OK, "{path}");
    }
    assert_eq!(ask(&router, post("/100%25", "")).await.0, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn what_is_too_large_is_refused_before_a_function_is_called() {
    let router = one(echo("one"), 9);
    let (entity, headers) =
        (r#"{"message":"Request Entity Too Large"}"#, r#"{"message":"Request Header Fields Too Large"}"#);
    let json = |size: usize| {
        let mut request = post("/", vec![b'x'; size]);
        request.headers_mut().insert("content-type", "application/json".parse().unwrap());
        request
    };
    assert_eq!(ask(&router, json(6_200_000)).await.0, StatusCode::OK);
    assert_eq!(ask(&router, json(6_291_556)).await, (StatusCode::PAYLOAD_TOO_LARGE, entity.to_owned()));
    // Without a type it travels as base64, a third longer.
    assert_eq!(ask(&router, post("/", vec![0; 4_600_000])).await.0, StatusCode::OK);
    assert_eq!(ask(&router, post("/", vec![0; 4_800_000])).await, (StatusCode::PAYLOAD_TOO_LARGE, entity.to_owned()));
    assert_eq!(ask(&router, post("/", vec![0; BODY_LIMIT + 1])).await.1, entity);
    let mut request = post("/", "");
    request.headers_mut().insert("x-long", "x".repeat(10_150).parse().unwrap());
    assert_eq!(ask(&router, request).await.0, StatusCode::OK);
    let mut request = post("/", "");
    request.headers_mut().insert("x-long", "x".repeat(10_250).parse().unwrap());
    assert_eq!(ask(&router, request).await, (StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, headers.to_owned()));
}

#[tokio::test(start_paused = true)]
async fn a_function_that_takes_too_long_is_cut_off_at_its_own_limit_or_the_gateways() {
    for (timeout_secs, expected_secs) in [(5, 5), (60, 30)] {
        let router = one(function(std::future::pending), timeout_secs);
        let started = tokio::time::Instant::now();
        let answer = ask(&router, post("/", "")).await;
        assert_eq!(answer, (StatusCode::SERVICE_UNAVAILABLE, r#"{"message":"Service Unavailable"}"#.to_owned()));
        assert_eq!(started.elapsed().as_secs(), expected_secs);
    }
}

#[tokio::test]
async fn a_function_that_panics_or_says_too_much_is_an_internal_error() {
    let expected = (StatusCode::INTERNAL_SERVER_ERROR, r#"{"message":"Internal Server Error"}"#.to_owned());
    let panics = one(function(|| async { panic!("on purpose") }), 9);
    assert_eq!(ask(&panics, post("/", "")).await, expected);
    let large = || async { http::Response::new(lambda_http::Body::Text("x".repeat(PAYLOAD_LIMIT))) };
    assert_eq!(ask(&one(function(large), 9), post("/", "")).await, expected);
}

#[tokio::test]
async fn a_function_goes_on_when_its_client_hangs_up() {
    let (done, finished) = tokio::sync::watch::channel(false);
    let done = Arc::new(done);
    let (go, gate) = tokio::sync::watch::channel(false);
    let router = one(
        function(move || {
            let (done, mut gate) = (Arc::clone(&done), gate.clone());
            async move {
                gate.wait_for(|open| *open).await.unwrap();
                done.send_replace(true);
                http::Response::default()
            }
        }),
        9,
    );
    let mut asking = Box::pin(ask(&router, post("/", "")));
    assert!(futures_util::poll!(&mut asking).is_pending());
    tokio::task::yield_now().await;
    drop(asking);
    go.send_replace(true);
    let mut finished = finished;
    finished.wait_for(|done| *done).await.unwrap();
}

#[tokio::test]
async fn the_control_planes_paths_are_no_functions() {
    let router = one(echo("one"), 9);
    for path in ["/_sim", "/_sim/", "/_sim/clock", "/%5fsim/clock"] {
        assert_eq!(ask(&router, post(path, "")).await.0, StatusCode::NOT_FOUND, "{path}");
    }
    assert_eq!(ask(&router, post("/_simulation", "")).await.0, StatusCode::OK);
    let no_default = gateway(&[spec("one", &[("GET", "/a")], 9)], vec![("one", echo("one"))]).unwrap().into_router();
    assert_eq!(
        ask(&no_default, post("/a", "")).await,
        (StatusCode::NOT_FOUND, r#"{"message":"Not Found"}"#.to_owned())
    );
}

#[test]
fn a_template_and_functions_that_differ_do_not_make_a_gateway() {
    let a = || spec("a", &[("GET", "/a")], 9);
    for (specs, functions, expected) in [
        (vec![a()], vec![], "the template deploys a"),
        (vec![a()], vec![("a", echo("a")), ("b", echo("b"))], "the function b is composed"),
        (vec![a(), spec("b", &[("GET", "/a")], 9)], vec![("a", echo("a")), ("b", echo("b"))], "GET /a to two"),
        (vec![spec("a", &[("GET", "a")], 9)], vec![("a", echo("a"))], "cannot have"),
    ] {
        let error = gateway(&specs, functions).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
}
