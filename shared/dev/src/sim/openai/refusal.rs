//! How the simulated OpenAI says no: `{"error":{"message","type","param","code"}}`, over HTTP and on a call's data channel alike.

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde_json::{Value, json};

use crate::ledger::LedgerError;

/// Why something that was asked for was not done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    status: StatusCode,
    code: Option<&'static str>,
    /// The path of what is wrong, such as `session.audio.output.voice`.
    param: Option<String>,
    message: String,
}

impl Refusal {
    pub(super) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code: Some(code), param: None, message: message.into() }
    }

    /// A 400 about one parameter.
    pub(super) fn invalid(code: &'static str, param: &str, message: impl Into<String>) -> Self {
        Self { param: Some(param.to_owned()), ..Self::new(StatusCode::BAD_REQUEST, code, message) }
    }

    pub(super) fn unknown_parameter(param: &str) -> Self {
        Self::invalid("unknown_parameter", param, format!("Unknown parameter: '{param}'."))
    }

    pub(super) fn missing_parameter(param: &str) -> Self {
        Self::invalid("missing_required_parameter", param, format!("Missing required parameter: '{param}'."))
    }

    /// A value that is not one of those allowed, which are listed.
    pub(super) fn unsupported(param: &str, value: &str, supported: &[&str]) -> Self {
        let quoted: Vec<String> = supported.iter().map(|value| format!("'{value}'")).collect();
        let listed = match quoted.split_last() {
            Some((last, [])) => last.clone(),
            Some((last, rest)) => format!("{}, and {last}", rest.join(", ")),
            None => String::new(),
        };
        Self::invalid("invalid_value", param, format!("Invalid value: '{value}'. Supported values are: {listed}."))
    }

    pub(super) fn invalid_offer() -> Self {
        let message = "Invalid SDP offer. Please try again with a WHIP-compliant offer.";
        Self::new(StatusCode::BAD_REQUEST, "invalid_offer", message)
    }

    /// What the Realtime API that was shut down in May 2026 answers to those who still speak it.
    pub(super) fn beta_shape() -> Self {
        let message = "The Realtime Beta API is no longer supported. Please use /v1/realtime for the GA API.";
        Self::new(StatusCode::BAD_REQUEST, "beta_api_shape_disabled", message)
    }

    pub(super) fn no_such_call(id: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "call_id_not_found", format!("No session found for call_id: {id}"))
    }

    pub(super) fn no_key() -> Self {
        let message = "You didn't provide an API key. You need to provide your API key in an Authorization header using \
                       Bearer auth (i.e. Authorization: Bearer YOUR_KEY).";
        Self { status: StatusCode::UNAUTHORIZED, code: None, param: None, message: message.to_owned() }
    }

    /// `key` is repeated only by its first characters.
    pub(super) fn bad_key(key: &str) -> Self {
        let shown: String = key.chars().take(7).collect();
        let message = format!("Incorrect API key provided: {shown}***. You can find your API key in your settings.");
        Self::new(StatusCode::UNAUTHORIZED, "invalid_api_key", message)
    }

    pub(super) fn no_such_url(method: &http::Method, path: &str) -> Self {
        let message = format!("Invalid URL ({method} {path})");
        Self { status: StatusCode::NOT_FOUND, code: None, param: None, message }
    }

    /// The object that says it, as it stands below `error`.
    pub(super) fn object(&self) -> Value {
        let kind = match self.status {
            StatusCode::TOO_MANY_REQUESTS => "rate_limit_error",
            status if status.is_server_error() => "server_error",
            _ => "invalid_request_error",
        };
        json!({"message": self.message, "type": kind, "param": self.param, "code": self.code})
    }
}

impl From<LedgerError> for Refusal {
    fn from(error: LedgerError) -> Self {
        tracing::error!(%error, "the simulated OpenAI cannot use its ledger");
        trouble()
    }
}

/// Something went wrong that is nobody's fault outside.
pub(super) fn trouble() -> Refusal {
    let message = "The server had an error while processing your request. Sorry about that!";
    Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "server_error", message)
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut answer = (self.status, Json(json!({"error": self.object()}))).into_response();
        if matches!(self.status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE) {
            answer.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        answer
    }
}

/// An error of any status, for faults that answer with one.
pub(super) fn with_status(status: StatusCode) -> Response {
    let refusal = match status {
        StatusCode::UNAUTHORIZED => Refusal::bad_key("sk-"),
        StatusCode::TOO_MANY_REQUESTS => Refusal::new(status, "rate_limit_exceeded", "Rate limit reached for requests"),
        _ => {
            let code = if status.is_server_error() { "server_error" } else { "invalid_request" };
            Refusal::new(status, code, status.canonical_reason().unwrap_or("Error"))
        }
    };
    refusal.into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_that_is_not_allowed_is_told_with_those_that_are() {
        for (supported, listed) in
            [(&["a"][..], "'a'."), (&["a", "b"], "'a', and 'b'."), (&["a", "b", "c"], "'a', 'b', and 'c'.")]
        {
            let object = Refusal::unsupported("session.x", "fable", supported).object();
            let message = object["message"].as_str().unwrap();
            assert!(message.starts_with("Invalid value: 'fable'.") && message.ends_with(listed), "{message}");
            assert_eq!((&object["code"], &object["param"]), (&json!("invalid_value"), &json!("session.x")));
        }
    }

    #[test]
    fn a_refused_key_is_not_repeated() {
        let object = Refusal::bad_key("sk-canary-canary").object();
        assert!(!object.to_string().contains("canary-canary"), "{object}");
    }
}
