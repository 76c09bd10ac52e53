//! What goes back to the client: a function's answer as the gateway makes it HTTP again, or the gateway's own refusal.
//!
//! An answer is written as Lambda's payload and read back, so that what a deployment loses on that way (all but the first
//! of several headers of one name, `Set-Cookie` excepted) is lost here, too.

use axum::body::Body;
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::header::{CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, SET_COOKIE, TRANSFER_ENCODING};
use http::{HeaderName, HeaderValue, StatusCode};
use lambda_http::aws_lambda_events::apigw::ApiGatewayV2httpResponse;
use serde::Deserialize;
use serde_json::json;

use super::PAYLOAD_LIMIT;

/// Where an HTTP API tells its request's id.
const REQUEST_ID: HeaderName = HeaderName::from_static("apigw-requestid");

/// What an HTTP API itself answers when it does not ask a function, or cannot use its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// The path cannot be decoded.
    BadRequest,
    /// No route takes the request.
    NotFound,
    /// The request line and the headers together are too long.
    HeadersTooLarge,
    /// The body, or the event made of it, is too large.
    TooLarge,
    /// The function failed, or its answer cannot be delivered.
    Failed,
    /// The function took too long.
    TooSlow,
}

impl Refusal {
    pub(super) fn response(self, request_id: &str) -> Response {
        let (status, message) = match self {
            Self::BadRequest => (StatusCode::BAD_REQUEST, "Bad Request"),
            Self::NotFound => (StatusCode::NOT_FOUND, "Not Found"),
            Self::HeadersTooLarge => (StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "Request Header Fields Too Large"),
            Self::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "Request Entity Too Large"),
            Self::Failed => (StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error"),
            Self::TooSlow => (StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable"),
        };
        let mut response = Response::new(Body::from(json!({"message": message}).to_string()));
        *response.status_mut() = status;
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        identify(&mut response, request_id);
        response
    }
}

/// Lambda's payload, as the gateway reads it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Payload {
    status_code: u16,
    headers: std::collections::BTreeMap<String, String>,
    cookies: Vec<String>,
    body: Option<String>,
    is_base64_encoded: bool,
}

/// A function's answer as the client gets it.
pub(super) fn deliver(answer: http::Response<lambda_http::Body>, request_id: &str) -> Result<Response, Refusal> {
    let payload = payload(answer).map_err(|error| failed(&error))?;
    if payload.len() > PAYLOAD_LIMIT {
        tracing::warn!(bytes = payload.len(), limit = PAYLOAD_LIMIT, "a function's answer is larger than Lambda takes");
        return Err(Refusal::Failed);
    }
    let payload: Payload = serde_json::from_str(&payload).map_err(|error| failed(&error))?;
    let body = match payload.body {
        Some(text) if payload.is_base64_encoded => STANDARD.decode(text).map_err(|error| failed(&error))?,
        Some(text) => text.into_bytes(),
        None => Vec::new(),
    };
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = StatusCode::from_u16(payload.status_code).map_err(|error| failed(&error))?;
    let headers = response.headers_mut();
    let cookies = payload.cookies.into_iter().map(|cookie| (SET_COOKIE.as_str().to_owned(), cookie));
    for (name, value) in payload.headers.into_iter().chain(cookies) {
        let name = HeaderName::try_from(name).map_err(|error| failed(&error))?;
        // About the connection and the length the server that writes the answer knows better.
        if [CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING].contains(&name) {
            continue;
        }
        headers.append(name, HeaderValue::try_from(value).map_err(|error| failed(&error))?);
    }
    identify(&mut response, request_id);
    Ok(response)
}

/// What the function's runtime would send to Lambda.
fn payload(answer: http::Response<lambda_http::Body>) -> serde_json::Result<String> {
    let (mut parts, body) = answer.into_parts();
    let mut payload = ApiGatewayV2httpResponse::default();
    payload.status_code = i64::from(parts.status.as_u16());
    let cookies = parts.headers.get_all(SET_COOKIE).iter();
    payload.cookies = cookies.map(|cookie| cookie.to_str().unwrap_or_default().to_owned()).collect();
    parts.headers.remove(SET_COOKIE);
    payload.headers = parts.headers;
    payload.is_base64_encoded = matches!(body, lambda_http::Body::Binary(_));
    payload.body = (!matches!(body, lambda_http::Body::Empty)).then_some(body);
    serde_json::to_string(&payload)
}

fn failed(error: &(dyn std::error::Error + 'static)) -> Refusal {
    tracing::error!(error, "a function's answer cannot be delivered");
    Refusal::Failed
}

fn identify(response: &mut Response, request_id: &str) {
    if let Ok(id) = HeaderValue::try_from(request_id) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
}

#[cfg(test)]
mod tests {
    use http::Response as HttpResponse;

    use super::*;

    async fn bytes(response: Response) -> Vec<u8> {
        axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap().to_vec()
    }

    #[tokio::test]
    async fn an_answer_arrives_as_it_would_through_lambda() {
        let answer = HttpResponse::builder()
            .status(201)
            .header("x-once", "1")
            .header("x-twice", "first")
            .header("x-twice", "second")
            .header("set-cookie", "a=1")
            .header("set-cookie", "b=2")
            .header("content-length", "999")
            .body(lambda_http::Body::Binary(vec![0, 255]))
            .unwrap();
        let response = deliver(answer, "the-request").unwrap();
        assert_eq!(response.status(), StatusCode::CREATED);
        let all = |name: &str| -> Vec<&str> {
            response.headers().get_all(name).iter().map(|value| value.to_str().unwrap()).collect()
        };
        assert_eq!(all("x-once"), ["1"]);
        assert_eq!(all("x-twice"), ["first"], "Lambda's payload has room for one value");
        assert_eq!(all("set-cookie"), ["a=1", "b=2"]);
        assert_eq!(all("content-length"), Vec::<&str>::new());
        assert_eq!(all("apigw-requestid"), ["the-request"]);
        assert_eq!(bytes(response).await, [0, 255]);
    }

    #[test]
    fn an_answer_is_refused_once_its_payload_is_larger_than_lambda_takes() {
        // Every quote takes two bytes in the payload's JSON.
        for (body, fits) in [
            (lambda_http::Body::Text("x".repeat(6_000_000)), true),
            (lambda_http::Body::Text("x".repeat(6_291_556)), false),
            (lambda_http::Body::Text("\"".repeat(3_200_000)), false),
            (lambda_http::Body::Binary(vec![0; 4_500_000]), true),
            (lambda_http::Body::Binary(vec![0; 4_800_000]), false),
        ] {
            let answer = deliver(HttpResponse::new(body), "id");
            assert_eq!(answer.is_ok(), fits);
        }
    }

    #[tokio::test]
    async fn a_refusal_has_the_gateways_shape() {
        let response = Refusal::TooLarge.response("the-request");
        assert_eq!(response.status(), StatusCode::PAYLOAD_TOO_LARGE);
        assert_eq!(bytes(response).await, br#"{"message":"Request Entity Too Large"}"#);
    }
}
