//! Who may speak to the servers of the local world: programs on this machine, and pages that are named.
//!
//! They hold published credentials and answer without TLS, so a page of a stranger in the developer's browser must not
//! reach them: not by its own name pointed at 127.0.0.1 (`Host`), and not by a cross-site request (`Origin`,
//! `Sec-Fetch-Site`). Programs send neither of the latter two and pass. What the servers do is unknown here.

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_TYPE, HOST, ORIGIN};
use http::{HeaderMap, HeaderName, StatusCode};
use serde_json::json;

use crate::random;

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The rule for one server.
#[derive(Clone, Debug)]
pub struct Guard {
    kind: Kind,
}

#[derive(Clone, Debug)]
enum Kind {
    /// Pages of these origins may speak to it, as they may in production.
    Product { origins: Vec<String> },
    /// No page but its own may, whatever is configured: it moves the clock and forges faults.
    ControlPlane,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Refusal {
    Misdirected,
    ForeignPage,
}

impl Guard {
    /// For the gateway, the stand-ins and the simulators. `cors_origin` is the comma-separated list of origins of
    /// `CORS_ORIGIN`; a `*` in it names nobody, because "every page" is exactly whom this guards against.
    #[must_use]
    pub fn product(cors_origin: &str) -> Self {
        let origins = origins(cors_origin);
        Self { kind: Kind::Product { origins } }
    }

    /// For the control plane.
    #[must_use]
    pub fn control_plane() -> Self {
        Self { kind: Kind::ControlPlane }
    }

    fn refusal(&self, request: &http::request::Parts) -> Option<Refusal> {
        let Some(port) = loopback_port(&request.headers) else { return Some(Refusal::Misdirected) };
        if request.uri.authority().is_some_and(|authority| loopback(authority.as_str()).is_none()) {
            return Some(Refusal::Misdirected);
        }
        let origin = match one(&request.headers, &ORIGIN) {
            Ok(origin) => origin,
            Err(Several) => return Some(Refusal::ForeignPage),
        };
        let own = origin.is_some_and(|origin| is_own(origin, port));
        let named = match &self.kind {
            Kind::Product { origins } => origin.is_some_and(|origin| origins.iter().any(|named| named == origin)),
            Kind::ControlPlane => false,
        };
        if origin.is_some() && !own && !named {
            return Some(Refusal::ForeignPage);
        }
        let from_elsewhere = request
            .headers
            .get_all(SEC_FETCH_SITE)
            .iter()
            .any(|site| !matches!(site.as_bytes(), b"none" | b"same-origin"));
        let excused = match &self.kind {
            Kind::Product { .. } => own || named,
            Kind::ControlPlane => false,
        };
        (from_elsewhere && !excused).then_some(Refusal::ForeignPage)
    }
}

/// Puts `rule` in front of everything that `router` serves, unknown paths included.
pub fn guard(router: Router, rule: Guard) -> Router {
    router.layer(from_fn_with_state(rule, check))
}

async fn check(State(rule): State<Guard>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    match rule.refusal(&parts) {
        None => next.run(Request::from_parts(parts, body)).await,
        Some(refusal) => refusal.into_response(),
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let (status, code, message) = match self {
            Self::Misdirected => (
                StatusCode::MISDIRECTED_REQUEST,
                "misdirected_request",
                "this server answers only as localhost, 127.0.0.1 or [::1]; use one of these in the URL",
            ),
            Self::ForeignPage => (
                StatusCode::FORBIDDEN,
                "forbidden",
                "a page of another origin may not call this server; name its origin in CORS_ORIGIN if it is yours",
            ),
        };
        let id = random::uuid().to_string();
        let body = json!({"error": {"code": code, "message": message, "requestId": id, "details": []}}).to_string();
        (status, [(CONTENT_TYPE, "application/json".to_owned()), (REQUEST_ID, id)], body).into_response()
    }
}

/// The origins that a `CORS_ORIGIN` value names, without the wildcard.
pub(crate) fn origins(cors_origin: &str) -> Vec<String> {
    cors_origin
        .split(',')
        .map(str::trim)
        .filter(|origin| !origin.is_empty() && *origin != "*" && *origin != "null")
        .map(str::to_owned)
        .collect()
}

/// A header was sent more than once where one value is the rule.
struct Several;

fn one<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Result<Option<&'h str>, Several> {
    let mut values = headers.get_all(name).iter();
    let first = values.next();
    if values.next().is_some() {
        return Err(Several);
    }
    // Bytes that are no text can equal no name that we know; the empty string stands for them.
    Ok(first.map(|value| value.to_str().unwrap_or("")))
}

fn loopback_port(headers: &HeaderMap) -> Option<u16> {
    match one(headers, &HOST) {
        Ok(Some(host)) => loopback(host),
        Ok(None) | Err(Several) => None,
    }
}

/// The port (80 if none is written) of a `host[:port]` that is this machine by a name no stranger can own.
fn loopback(authority: &str) -> Option<u16> {
    let (host, port) = match authority.rsplit_once(':') {
        // The last colon of a bare `[::1]` is part of the address.
        Some((host, port)) if !port.ends_with(']') => (host, port.parse().ok()?),
        _ => (authority, 80),
    };
    let known = host.eq_ignore_ascii_case("localhost") || host == "127.0.0.1" || host == "[::1]";
    known.then_some(port)
}

/// Whether an origin is this very server by any of its loopback names.
fn is_own(origin: &str, port: u16) -> bool {
    origin.strip_prefix("http://").and_then(loopback) == Some(port)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(rule: &Guard, headers: &[(&str, &str)]) -> Option<Refusal> {
        let mut builder = Request::builder().uri("/api/health");
        for (name, value) in headers {
            builder = builder.header(*name, *value);
        }
        rule.refusal(&builder.body(()).unwrap().into_parts().0)
    }

    #[test]
    fn only_loopback_names_are_answered() {
        let rule = Guard::product("");
        for host in ["localhost", "localhost:3000", "LOCALHOST:1", "127.0.0.1", "127.0.0.1:3000", "[::1]", "[::1]:9"] {
            assert_eq!(refusal(&rule, &[("host", host)]), None, "{host}");
        }
        for host in [
            "evil.example",
            "localhost.evil.example",
            "evil.example:3000",
            "localhost.",
            "127.0.0.2",
            "0.0.0.0:3000",
            "127.1",
            "[::]",
            "::1",
            "localhost:99999",
            "localhost:",
            "user@localhost",
            "",
        ] {
            assert_eq!(refusal(&rule, &[("host", host)]), Some(Refusal::Misdirected), "{host}");
        }
        assert_eq!(refusal(&rule, &[]), Some(Refusal::Misdirected), "no Host at all");
        let twice = [("host", "localhost"), ("host", "evil.example")];
        assert_eq!(refusal(&rule, &twice), Some(Refusal::Misdirected), "two Hosts");
    }

    #[test]
    fn a_request_line_that_names_another_host_is_misdirected() {
        let request = Request::builder().uri("http://evil.example/").header("host", "localhost").body(()).unwrap();
        assert_eq!(Guard::product("").refusal(&request.into_parts().0), Some(Refusal::Misdirected));
    }

    type Headers = &'static [(&'static str, &'static str)];

    /// Headers beside `Host: localhost:3000`; may they pass the product's rule, and the control plane's?
    const PAGES: [(Headers, bool, bool); 16] = [
        (&[], true, true),
        (&[("sec-fetch-site", "none")], true, true),
        (&[("sec-fetch-site", "same-origin")], true, true),
        (&[("sec-fetch-site", "same-site")], false, false),
        (&[("sec-fetch-site", "cross-site")], false, false),
        (&[("sec-fetch-site", "anything new")], false, false),
        (&[("origin", "http://localhost:3000"), ("sec-fetch-site", "same-origin")], true, true),
        (&[("origin", "http://127.0.0.1:3000")], true, true),
        (&[("origin", "http://127.0.0.1:3000"), ("sec-fetch-site", "cross-site")], true, false),
        (&[("origin", "http://localhost:5173"), ("sec-fetch-site", "same-site")], false, false),
        (&[("origin", "https://localhost:3000")], false, false),
        (&[("origin", "https://app.example"), ("sec-fetch-site", "cross-site")], true, false),
        (&[("origin", "https://app.example.evil.example")], false, false),
        (&[("origin", "https://evil.example"), ("sec-fetch-site", "same-origin")], false, false),
        (&[("origin", "null"), ("sec-fetch-site", "cross-site")], false, false),
        (&[("origin", "https://app.example"), ("origin", "https://evil.example")], false, false),
    ];

    #[test]
    fn only_named_pages_reach_the_product_and_none_the_control_plane() {
        let product = Guard::product(" https://app.example , *,null");
        for (headers, reaches_product, reaches_control) in PAGES {
            let mut headers = headers.to_vec();
            headers.push(("host", "localhost:3000"));
            assert_eq!(refusal(&product, &headers).is_none(), reaches_product, "product: {headers:?}");
            assert_eq!(refusal(&Guard::control_plane(), &headers).is_none(), reaches_control, "control: {headers:?}");
        }
    }

    #[tokio::test]
    async fn a_refusal_is_json_with_a_request_id_and_the_server_behind_is_not_asked() {
        use tower::ServiceExt;
        let behind = Router::new().fallback(|| async { "reached" });
        let request =
            Request::builder().uri("/").header("host", "evil.example").body(axum::body::Body::empty()).unwrap();
        let answer = guard(behind, Guard::product("")).oneshot(request).await.unwrap();
        assert_eq!(answer.status(), StatusCode::MISDIRECTED_REQUEST);
        let id = answer.headers().get("x-request-id").unwrap().to_str().unwrap().to_owned();
        let body = axum::body::to_bytes(answer.into_body(), 10_000).await.unwrap();
        let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(body["error"]["code"], "misdirected_request");
        assert_eq!(body["error"]["requestId"], id.as_str());
    }
}
