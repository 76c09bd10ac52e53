//! A request as a handler sees it.

use std::fmt;
use std::marker::PhantomData;
use std::net::IpAddr;
use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use lambda_http::request::RequestContext;
use lambda_http::{Body, RequestExt};
use serde::de::value::MapAccessDeserializer;
use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use switchboard_core::{Detail, Fault, Timestamp};

use crate::ApiError;
use crate::route::Parameters;

/// How long an HTTP API waits for a function.
const GATEWAY_PATIENCE: Duration = Duration::from_secs(30);
/// Longest message about a field, in characters.
const MAX_MESSAGE_CHARS: usize = 200;
/// Longest request id of the gateway that is passed on, in characters.
const MAX_REQUEST_ID_CHARS: usize = 128;

/// A request that has come through the shell.
#[derive(Debug)]
pub struct Request<O> {
    /// What is asked for.
    pub operation: O,
    /// The id that the answer carries and that errors and log lines name.
    pub id: String,
    /// The method, for the fallback route.
    pub method: String,
    /// The name by which the gateway was asked (`requestContext.domainName`): ours, never a header that a client chose.
    pub domain: Option<String>,
    /// The path, as the client sent it. Not for logs.
    pub path: String,
    /// The query, byte for byte as the client sent it, without the question mark. Not for logs.
    pub raw_query: Option<String>,
    /// The headers, names in lower case.
    pub headers: HeaderMap,
    /// The body's exact bytes.
    pub body: Bytes,
    parameters: Parameters,
    query: Vec<(String, String)>,
    deadline: Option<Timestamp>,
}

/// The parts of an event before a route is known.
pub(crate) struct Incoming {
    pub(crate) id: String,
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) address: Option<IpAddr>,
    domain: Option<String>,
    raw_query: Option<String>,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    query: Vec<(String, String)>,
    deadline: Option<Timestamp>,
}

impl Incoming {
    /// Takes an event apart. Function URLs and API Gateway send the same form; the raw path is used for both, because the
    /// former knows no path parameters.
    pub(crate) fn read(event: lambda_http::Request) -> Self {
        let path = event.raw_http_path().to_owned();
        let query = event
            .query_string_parameters_ref()
            .map(|query| query.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
            .unwrap_or_default();
        let (gateway_id, address, domain) = match event.request_context_ref() {
            Some(RequestContext::ApiGatewayV2(context)) => {
                let address = context.http.source_ip.as_deref().and_then(|ip| ip.parse().ok());
                (context.request_id.clone(), address, context.domain_name.clone())
            }
            _ => (None, None, None),
        };
        let lambda_id = || event.lambda_context_ref().map(|context| context.request_id.clone());
        let id = gateway_id.or_else(lambda_id).filter(|id| is_request_id(id)).unwrap_or_else(|| "unknown".to_owned());
        let deadline = event.lambda_context_ref().map(|context| context.deadline).filter(|deadline| *deadline > 0);
        let deadline = deadline.and_then(|millis| i64::try_from(millis).ok()).map(Timestamp::from_epoch_millis);
        let (parts, body) = event.into_parts();
        let body = match body {
            Body::Text(text) => Bytes::from(text),
            Body::Binary(bytes) => Bytes::from(bytes),
            _ => Bytes::new(),
        };
        Self {
            id,
            method: parts.method.as_str().to_owned(),
            path,
            address,
            domain,
            raw_query: parts.uri.query().map(str::to_owned),
            headers: parts.headers,
            body,
            query,
            deadline,
        }
    }

    pub(crate) fn into_request<O>(self, operation: O, parameters: Parameters) -> Request<O> {
        Request {
            operation,
            id: self.id,
            method: self.method,
            domain: self.domain,
            path: self.path,
            raw_query: self.raw_query,
            headers: self.headers,
            body: self.body,
            parameters,
            query: self.query,
            deadline: self.deadline,
        }
    }
}

/// The gateway's ids look like `JKJaXmPLvHcESHA=`.
fn is_request_id(id: &str) -> bool {
    (1..=MAX_REQUEST_ID_CHARS).contains(&id.len())
        && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_=+/".contains(&byte))
}

impl<O> Request<O> {
    /// How long Lambda leaves for the answer; as long as API Gateway waits where it does not say. A deadline that has passed
    /// says nothing: Lambda would have stopped us, and tools that play Lambda send a number of their own.
    #[must_use]
    pub fn time_left(&self, now: Timestamp) -> Duration {
        let deadline = self.deadline.filter(|deadline| *deadline > now);
        deadline.map_or(GATEWAY_PATIENCE, |deadline| deadline.since(now).min(GATEWAY_PATIENCE))
    }

    /// A parameter of the path; empty if the route has none of this name.
    #[must_use]
    pub fn parameter(&self, name: &str) -> &str {
        self.parameters.iter().find(|(known, _)| *known == name).map_or("", |(_, value)| value)
    }

    /// The first value of a query parameter.
    #[must_use]
    pub fn query(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// How many items of a list are asked for: `limit` from the query, from 1 to `most`, else `default`.
    ///
    /// # Errors
    /// 400 naming `limit`.
    pub fn limit(&self, default: u16, most: u16) -> Result<u16, ApiError> {
        let Some(text) = self.query("limit") else { return Ok(default) };
        text.parse()
            .ok()
            .filter(|limit| (1..=most).contains(limit))
            .ok_or_else(|| ApiError::invalid("limit", format!("must be a whole number from 1 to {most}")))
    }

    /// The idempotency key that the request carries, for a route that binds keys by itself.
    ///
    /// # Errors
    /// 400 if it is not 1 to 255 visible ASCII characters.
    pub fn idempotency_key(&self) -> Result<Option<&str>, ApiError> {
        crate::idempotency::read_key(&self.headers)
    }

    /// Stands for the request, path and body: the same for the same request, whatever the layout of its JSON.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        crate::idempotency::fingerprint(&self.path, &self.body)
    }

    /// The body as JSON of a certain form. Texts may be borrowed from it.
    ///
    /// # Errors
    /// 415 if it says to be something else, 400 if it is not JSON or a field is wrong, naming the field's path.
    pub fn json<'a, T: Deserialize<'a>>(&'a self) -> Result<T, ApiError> {
        require_json(&self.headers)?;
        if self.body.trim_ascii().is_empty() {
            return Err(ApiError::invalid("body", "is empty; a JSON object is expected"));
        }
        let text = std::str::from_utf8(&self.body).map_err(|_| ApiError::invalid("body", "is not UTF-8"))?;
        let mut reader = serde_json::Deserializer::from_str(text);
        let Object(value) = serde_path_to_error::deserialize(&mut reader).map_err(|error| wrong_field(&error, text))?;
        reader.end().map_err(|_| ApiError::invalid("body", "has something behind the JSON object"))?;
        Ok(value)
    }
}

/// A JSON object. Where a form is expected, serde would otherwise take an array with the form's values in their order, too.
#[derive(Clone, Copy, Debug)]
pub struct Object<T>(pub T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ObjectVisitor(PhantomData))
    }
}

struct ObjectVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for ObjectVisitor<T> {
    type Value = Object<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Object<T>, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map)).map(Object)
    }
}

fn require_json(headers: &HeaderMap) -> Result<(), ApiError> {
    let essence = headers
        .get(http::header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .map(|essence| essence.trim().to_ascii_lowercase());
    match essence.as_deref() {
        Some("application/json") => Ok(()),
        Some(other) if other.starts_with("application/") && other.ends_with("+json") => Ok(()),
        _ => Err(ApiError::new(Fault::UnsupportedMediaType, "send the body as content-type: application/json")),
    }
}

/// A JSON error with the path of the field that it is about.
fn wrong_field(error: &serde_path_to_error::Error<serde_json::Error>, body: &str) -> ApiError {
    let inner = error.inner();
    // serde_json calls it bad syntax, too, where one of several names is expected and something else than a text comes.
    let malformed = || serde_json::from_str::<IgnoredAny>(body).is_err();
    if (inner.is_syntax() || inner.is_eof()) && malformed() {
        let place = format!("is not JSON (line {}, column {})", inner.line(), inner.column());
        return ApiError::invalid("body", place);
    }
    let text = inner.to_string();
    // serde_json adds where it stopped reading, which for a field's value is of no use.
    let message = text.split(" at line ").next().unwrap_or(&text);
    let path = match error.path().to_string() {
        path if path == "." => String::new(),
        path => path,
    };
    // It may repeat the value, which may be long.
    let message = &message.chars().take(MAX_MESSAGE_CHARS).collect::<String>();
    // A missing field is reported at its parent, by name.
    let missing = message.strip_prefix("missing field `").and_then(|rest| rest.strip_suffix('`'));
    let (field, message) = match missing {
        Some(name) if path.is_empty() => (name.to_owned(), "is required".to_owned()),
        Some(name) => (format!("{path}.{name}"), "is required".to_owned()),
        None if path.is_empty() => ("body".to_owned(), message.to_owned()),
        None => (path, message.to_owned()),
    };
    ApiError::new(Fault::InvalidRequest, "a field of the request is not valid")
        .with_details(vec![Detail::new(field, message)])
}

/// What stands for a body when two requests with one key are compared: canonical JSON (RFC 8785) where it is JSON, so that
/// another order of fields or other spaces are the same request.
pub(crate) fn canonical(body: &[u8]) -> Vec<u8> {
    serde_json::from_slice::<Value>(body)
        .ok()
        .and_then(|value| serde_json_canonicalizer::to_vec(&value).ok())
        .unwrap_or_else(|| body.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct In {
        #[expect(dead_code, reason = "only read by serde")]
        user_id: String,
        #[expect(dead_code, reason = "only read by serde")]
        input: Option<Object<Inner>>,
    }

    #[derive(Debug, Deserialize)]
    struct Inner {
        #[expect(dead_code, reason = "only read by serde")]
        bytes: u32,
    }

    fn request(body: &[u8]) -> Request<()> {
        let mut headers = HeaderMap::new();
        headers.insert("content-type", "application/json; charset=utf-8".parse().unwrap());
        Request {
            operation: (),
            id: String::new(),
            method: String::new(),
            domain: None,
            path: String::new(),
            raw_query: None,
            headers,
            body: Bytes::copy_from_slice(body),
            parameters: vec![],
            query: vec![],
            deadline: None,
        }
    }

    #[test]
    fn a_json_error_names_the_path_of_the_field() {
        for (body, field) in [
            (b"".as_slice(), "body"),
            (b"  ", "body"),
            (b"{", "body"),
            (b"[]", "body"),
            (b"\"x\"", "body"),
            (b"\xff\xfe", "body"),
            (br#"{"userId":"a"} x"#, "body"),
            (b"{}", "userId"),
            (br#"{"userId":7}"#, "userId"),
            (br#"{"userId":"a","input":{}}"#, "input.bytes"),
            (br#"{"userId":"a","input":{"bytes":-1}}"#, "input.bytes"),
            (br#"["a"]"#, "body"),
            (br#"{"userId":"a","input":[1]}"#, "input"),
        ] {
            let error = request(body).json::<In>().unwrap_err();
            assert_eq!(error.fault(), Fault::InvalidRequest, "{body:?}");
            assert_eq!(error.details()[0].field, field, "{body:?}");
        }
    }

    #[test]
    fn the_time_left_is_what_lambda_says_within_what_the_gateway_waits() {
        let now = Timestamp::from_epoch_secs(1_795_169_208);
        for (deadline_millis, left) in [
            (None, 30),
            (Some(now.plus(Duration::from_secs(7)).epoch_millis()), 7),
            (Some(now.plus(Duration::from_secs(900)).epoch_millis()), 30),
            (Some(600_000), 30),
        ] {
            let mut request = request(b"{}");
            request.deadline = deadline_millis.map(Timestamp::from_epoch_millis);
            assert_eq!(request.time_left(now), Duration::from_secs(left), "{deadline_millis:?}");
        }
    }

    #[test]
    fn another_content_type_is_refused_before_the_body_is_looked_at() {
        for content_type in
            [None, Some("text/plain"), Some("multipart/form-data"), Some("application/x-www-form-urlencoded")]
        {
            let mut request = request(b"{}");
            request.headers.clear();
            if let Some(content_type) = content_type {
                request.headers.insert("content-type", content_type.parse().unwrap());
            }
            assert_eq!(request.json::<In>().unwrap_err().fault(), Fault::UnsupportedMediaType);
        }
    }

    #[test]
    fn two_bodies_that_say_the_same_are_the_same() {
        assert_eq!(canonical(br#"{"a":1,"b":[1.0,"x"]}"#), canonical(b"{ \"b\": [1, \"x\"], \"a\": 1 }"));
        assert_ne!(canonical(br#"{"a":1}"#), canonical(br#"{"a":2}"#));
        assert_eq!(canonical(b"not json"), b"not json");
    }
}
