//! Which pages may reach the local world: none by a name of their own, none across sites but those that are named.

use serde_json::{Value, json};
use switchboard_dev::credentials::OPENAI_API_KEY;
use switchboard_dev::sim::page::Page;

use crate::harness::{Answer, TestWorld};
use crate::rows::rows_that_matter;

/// The application's page.
const APP: &str = "https://app.example.com";
/// A stranger's page.
const EVIL: &str = "https://evil.example";

/// Every server of the world with a path at which it would answer.
fn servers(world: &TestWorld) -> [String; 7] {
    let ends = world.world.endpoints();
    let base = world.base();
    [
        format!("{base}/api/health"),
        format!("{base}/_sim/clock"),
        ends.dynamodb.clone(),
        ends.secrets_manager.clone(),
        format!("{}/x", ends.s3),
        format!("{}/health", ends.omi),
        format!("{}/models", ends.openai),
    ]
}

async fn ask(world: &TestWorld, url: &str, headers: &[(&str, &str)]) -> Answer {
    let request = headers.iter().fold(world.http().get(url), |request, (name, value)| request.header(*name, *value));
    Answer::read(request.send().await.unwrap()).await
}

fn may_be_read_by(answer: &Answer) -> Option<&str> {
    answer.header("access-control-allow-origin")
}

#[tokio::test]
async fn a_name_that_a_stranger_could_own_reaches_no_server() {
    let world = TestWorld::start().await;
    for url in servers(&world) {
        let port = reqwest::Url::parse(&url).unwrap().port().unwrap();
        for host in ["evil.example", "localhost.evil.example", "127.0.0.1.nip.io", "10.0.0.1", "0.0.0.0", "local", ""] {
            let answer = ask(&world, &url, &[("host", &format!("{host}:{port}"))]).await;
            assert_eq!(answer.status, 421, "{url} as {host}");
            assert_eq!(answer.text("/error/code"), "misdirected_request");
            assert_eq!(may_be_read_by(&answer), None);
        }
        for host in [format!("localhost:{port}"), format!("127.0.0.1:{port}"), format!("[::1]:{port}")] {
            let answer = ask(&world, &url, &[("host", &host)]).await;
            assert_ne!(answer.status, 421, "{url} as {host}");
        }
    }
}

#[tokio::test]
async fn a_page_of_a_stranger_reads_nothing_and_changes_nothing() {
    let world = TestWorld::start().await;
    let before = rows_that_matter(&world).await;
    let now = world.now();
    for url in servers(&world) {
        for headers in [
            [("origin", EVIL), ("sec-fetch-site", "cross-site")],
            [("origin", EVIL), ("sec-fetch-site", "same-origin")],
            [("origin", "null"), ("sec-fetch-site", "none")],
            [("origin", "http://localhost:1"), ("sec-fetch-site", "same-site")],
            [("origin", "https://localhost"), ("sec-fetch-site", "same-site")],
            [("accept", "text/html"), ("sec-fetch-site", "cross-site")],
            [("accept", "text/html"), ("sec-fetch-site", "same-site")],
        ] {
            let answer = ask(&world, &url, &headers).await;
            assert_eq!(answer.status, 403, "{url} {headers:?}");
            assert_eq!(may_be_read_by(&answer), None, "{url} {headers:?}");
        }
    }
    for path in ["/api/voice/session", "/_sim/clock", "/_sim/faults", "/_sim/sweep"] {
        let caller = world.as_nobody().with("origin", EVIL).with("content-type", "text/plain");
        let body = json!({"userId": "u", "advanceSecs": 60, "provider": "omi", "fault": "hang"}).to_string();
        caller.send(reqwest::Method::POST, path, Some(body.into_bytes())).await.expect(403);
        // Nor does it get leave to try.
        let preflight = caller.with("access-control-request-method", "POST");
        let answer = preflight.send(reqwest::Method::OPTIONS, path, None).await;
        assert_eq!((answer.status, may_be_read_by(&answer)), (403, None), "{path}");
    }
    assert_eq!(rows_that_matter(&world).await, before);
    assert_eq!(world.now(), now);
}

#[tokio::test]
async fn a_page_that_is_named_may_call_the_api_and_nothing_else() {
    let world = TestWorld::with(&[("CorsOrigin", "https://app.example.com,https://other.example.com")]).await;
    let page = world.as_nobody().with("origin", APP).with("sec-fetch-site", "cross-site");
    let opened = page.post("/api/voice/session", &json!({"userId": "u"})).await;
    opened.expect(201);
    assert_eq!(may_be_read_by(&opened), Some(APP));
    assert!(opened.header("access-control-expose-headers").unwrap().contains("x-request-id"));
    assert_eq!(opened.header("access-control-allow-credentials"), None);
    let other = world.as_nobody().with("origin", "https://other.example.com").get("/api/health").await;
    assert_eq!(may_be_read_by(&other), Some("https://other.example.com"));
    // Errors can be read, too; without a page nobody is named, and caches are told to keep the answers apart.
    let error = page.post("/api/voice/session", &json!({})).await;
    error.refused_field(400, "invalid_request", "userId");
    assert_eq!(may_be_read_by(&error), Some(APP));
    let plain = world.as_nobody().get("/api/health").await;
    assert_eq!((may_be_read_by(&plain), plain.header("vary")), (None, Some("origin")));
    for near in [
        "https://app.example.com.evil.example",
        "http://app.example.com",
        "https://app.example.com:8443",
        "https://example.com",
    ] {
        let answer = world.as_nobody().with("origin", near).get("/api/health").await;
        assert_eq!((answer.status, may_be_read_by(&answer)), (403, None), "{near}");
    }
    for headers in [[("origin", APP), ("sec-fetch-site", "cross-site")], [("origin", APP), ("accept", "*/*")]] {
        let control = ask(&world, &format!("{}/_sim/clock", world.base()), &headers).await;
        assert_eq!((control.status, may_be_read_by(&control)), (403, None), "the control plane is for no page");
    }
}

#[tokio::test]
async fn a_page_that_is_named_and_the_worlds_own_bring_their_offers_to_openai_themselves() {
    let world = TestWorld::with(&[("CorsOrigin", APP)]).await;
    let openai = &world.world.endpoints().openai;
    let mint = world.http().post(format!("{openai}/realtime/client_secrets")).bearer_auth(OPENAI_API_KEY);
    let minted = Answer::read(mint.body(r#"{"session":{"type":"realtime"}}"#).send().await.unwrap()).await;
    minted.expect(200);
    let own = world.base().to_owned();
    let by_number = own.replace("localhost", "127.0.0.1");
    for (origin, status) in [(APP, 201), (&own, 201), (&by_number, 201), (EVIL, 403)] {
        let request = world.http().post(format!("{openai}/realtime/calls")).bearer_auth(minted.text("/value"));
        let request = request.header("origin", origin).header("sec-fetch-site", "cross-site");
        let offer = Page::open().unwrap().offer().to_owned();
        let answer = request.header("content-type", "application/sdp").body(offer).send().await.unwrap();
        assert_eq!(answer.status(), status, "{origin}");
        assert_eq!(answer.headers().contains_key("access-control-allow-origin"), status == 201, "{origin}");
    }
    let metered: Value = world.as_nobody().get("/_sim/meter").await.json;
    assert_eq!((&metered["dials"], &metered["linesUp"]), (&json!(3), &json!(3)));
}

#[tokio::test]
async fn the_worlds_own_pages_and_programs_are_let_in() {
    let world = TestWorld::start().await;
    let base = world.base().to_owned();
    for path in ["/api/health", "/_sim/clock"] {
        let url = format!("{base}{path}");
        ask(&world, &url, &[]).await.expect(200);
        ask(&world, &url, &[("sec-fetch-site", "none")]).await.expect(200);
        ask(&world, &url, &[("origin", &base), ("sec-fetch-site", "same-origin")]).await.expect(200);
        let twice = ask(&world, &url, &[("origin", &base), ("origin", EVIL)]).await;
        twice.expect(403);
    }
}

#[tokio::test]
async fn a_wildcard_opens_the_api_to_every_page_in_a_deployment_but_not_the_local_world() {
    let world = TestWorld::with(&[("CorsOrigin", "*")]).await;
    let answer = world.as_nobody().with("origin", EVIL).get("/api/health").await;
    assert_eq!((answer.status, may_be_read_by(&answer)), (403, None));
    let own = world.base().to_owned();
    let answer = world.as_nobody().with("origin", &own).get("/api/health").await;
    answer.expect(200);
    assert_eq!(may_be_read_by(&answer), Some("*"));
    assert_eq!(answer.header("access-control-allow-credentials"), None);
}
