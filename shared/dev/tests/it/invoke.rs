//! Calling a function with an event made by hand, where what AWS would make of a request is itself what varies.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use lambda_http::RequestExt;
use serde_json::{Map, Value, json};
use switchboard_dev::gateway::Function;

use crate::harness::{Answer, TestWorld};

/// The name of the function's own URL.
pub(crate) const FUNCTION_URL: &str = "abcdefghijklmnop.lambda-url.eu-central-1.on.aws";
/// The name of the API.
pub(crate) const API: &str = "api1234567.execute-api.eu-central-1.amazonaws.com";

/// Who makes the event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// An HTTP API (payload format 2.0).
    Api,
    /// The function's own URL.
    FunctionUrl,
}

/// How header names are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HeaderCase {
    Lower,
    Train,
    Upper,
}

/// A request, before AWS makes an event of it.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    pub(crate) method: &'static str,
    pub(crate) path: String,
    /// As sent, without the question mark.
    pub(crate) query: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

/// How the request travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Travel {
    pub(crate) shape: Shape,
    pub(crate) base64: bool,
    pub(crate) case: HeaderCase,
}

impl Travel {
    /// Every way, without those that a body that is not text cannot take.
    pub(crate) fn all() -> Vec<Self> {
        let mut all = Vec::new();
        for shape in [Shape::Api, Shape::FunctionUrl] {
            for base64 in [false, true] {
                for case in [HeaderCase::Lower, HeaderCase::Train, HeaderCase::Upper] {
                    all.push(Self { shape, base64, case });
                }
            }
        }
        all
    }

    /// The usual one.
    pub(crate) const PLAIN: Self = Self { shape: Shape::Api, base64: false, case: HeaderCase::Lower };
}

impl Sent {
    /// Replaces a header, or adds it.
    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.unset(name);
        self.headers.push((name.to_owned(), value.to_owned()));
    }

    pub(crate) fn unset(&mut self, name: &str) {
        self.headers.retain(|(known, _)| known != name);
    }

    fn event(&self, travel: Travel, request_id: &str, now_millis: i64) -> Value {
        let named = |name: &str| match travel.case {
            HeaderCase::Lower => name.to_owned(),
            HeaderCase::Upper => name.to_uppercase(),
            HeaderCase::Train => {
                let begins = |at: usize| at == 0 || name.as_bytes()[at - 1] == b'-';
                let letters = name.char_indices();
                letters.map(|(at, letter)| if begins(at) { letter.to_ascii_uppercase() } else { letter }).collect()
            }
        };
        let headers: Map<String, Value> =
            self.headers.iter().map(|(name, value)| (named(name), json!(value))).collect();
        let (domain, route_key) = match travel.shape {
            Shape::Api => (API, format!("{} {}", self.method, self.path)),
            Shape::FunctionUrl => (FUNCTION_URL, "$default".to_owned()),
        };
        let body = match std::str::from_utf8(&self.body) {
            Ok(text) if !travel.base64 => json!(text),
            _ => json!(STANDARD.encode(&self.body)),
        };
        let base64 = travel.base64 || std::str::from_utf8(&self.body).is_err();
        let mut event = json!({
            "version": "2.0", "routeKey": route_key, "rawPath": self.path, "rawQueryString": self.query,
            "headers": headers, "isBase64Encoded": base64,
            "requestContext": {
                "accountId": "123456789012", "apiId": domain.split('.').next(), "domainName": domain,
                "domainPrefix": domain.split('.').next(),
                "http": {"method": self.method, "path": self.path, "protocol": "HTTP/1.1", "sourceIp": "203.0.113.7",
                    "userAgent": "test"},
                "requestId": request_id, "routeKey": route_key, "stage": "$default",
                "time": "20/Nov/2026:12:00:00 +0000", "timeEpoch": now_millis,
            },
        });
        if !self.body.is_empty() {
            event["body"] = body;
        }
        event
    }

    /// Has a function answer it.
    pub(crate) async fn to(&self, function: &Function, travel: Travel, world: &TestWorld) -> Answer {
        let request_id = switchboard_core::EventId::generate(world.now()).to_string().replace('_', "-");
        let event = self.event(travel, &request_id, world.now().epoch_millis()).to_string();
        let mut context = lambda_http::Context::default();
        context.deadline = u64::try_from(world.now().epoch_millis() + 25_000).unwrap();
        let request = lambda_http::request::from_str(&event).unwrap().with_lambda_context(context);
        let (head, body) = function(request).await.into_parts();
        let body = match body {
            lambda_http::Body::Text(text) => text.into_bytes(),
            lambda_http::Body::Binary(bytes) => bytes,
            _ => Vec::new(),
        };
        let json = serde_json::from_slice(&body).unwrap_or_default();
        Answer { status: head.status.as_u16(), headers: head.headers, json, body }
    }
}
