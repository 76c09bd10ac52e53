//! How the control plane says no: the product's error shape, with a request id of its own.

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::{HeaderName, HeaderValue, StatusCode};
use serde_json::{Value, json};

use crate::random::uuid;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// A control-plane request that was not carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    status: StatusCode,
    code: &'static str,
    message: String,
    /// The field at fault and what is wrong with it.
    detail: Option<(String, String)>,
}

impl Refusal {
    pub(crate) fn invalid(message: &str) -> Self {
        Self { status: StatusCode::BAD_REQUEST, code: "invalid_request", message: message.to_owned(), detail: None }
    }

    pub(crate) fn field(name: &str, message: &str) -> Self {
        let detail = Some((name.to_owned(), message.to_owned()));
        Self { detail, ..Self::invalid(&format!("{name}: {message}")) }
    }

    pub(crate) fn not_found() -> Self {
        let message = "there is no such path on the control plane".to_owned();
        Self { status: StatusCode::NOT_FOUND, code: "not_found", message, detail: None }
    }

    pub(crate) fn method_not_allowed() -> Self {
        let message = "this path does not take this method".to_owned();
        Self { status: StatusCode::METHOD_NOT_ALLOWED, code: "method_not_allowed", message, detail: None }
    }

    /// The local world's own trouble; told in full, because whoever asks owns the machine.
    pub(crate) fn internal(message: &str) -> Self {
        let status = StatusCode::INTERNAL_SERVER_ERROR;
        Self { status, code: "internal", message: message.to_owned(), detail: None }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let id = uuid().to_string();
        let details: Vec<Value> =
            self.detail.iter().map(|(field, message)| json!({"field": field, "message": message})).collect();
        let body = json!({"error": {"code": self.code, "message": self.message, "requestId": id, "details": details}});
        let mut answer = (self.status, Json(body)).into_response();
        set_id(&mut answer, &id);
        answer
    }
}

/// The answer with a request id, unless it has one.
pub(crate) fn identified(mut answer: Response) -> Response {
    if !answer.headers().contains_key(REQUEST_ID) {
        set_id(&mut answer, &uuid().to_string());
    }
    answer
}

fn set_id(answer: &mut Response, id: &str) {
    if let Ok(value) = HeaderValue::from_str(id) {
        answer.headers_mut().insert(REQUEST_ID, value);
    }
}
