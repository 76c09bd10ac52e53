//! How the simulated Twilio says no: `{"code","message","more_info","status"}`.

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde_json::json;

use crate::ledger::LedgerError;

/// Why a request was not served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    Unauthenticated,
    NotFound(String),
    MethodNotAllowed,
    /// A 400 with a code of its own.
    Invalid(u32, String),
    NotInProgress,
    NotComplete,
    Trouble,
}

impl Refusal {
    pub(super) fn invalid(code: u32, message: &str) -> Self {
        Self::Invalid(code, message.to_owned())
    }

    fn parts(&self) -> (StatusCode, u32, String) {
        match self {
            Self::Unauthenticated => (StatusCode::UNAUTHORIZED, 20003, "Authenticate".to_owned()),
            Self::NotFound(path) => {
                (StatusCode::NOT_FOUND, 20404, format!("The requested resource {path} was not found"))
            }
            Self::MethodNotAllowed => (StatusCode::METHOD_NOT_ALLOWED, 20004, "Method not allowed".to_owned()),
            Self::Invalid(code, message) => (StatusCode::BAD_REQUEST, *code, message.clone()),
            Self::NotInProgress => {
                (StatusCode::BAD_REQUEST, 21220, "Call is not in-progress. Cannot redirect.".to_owned())
            }
            Self::NotComplete => {
                (StatusCode::CONFLICT, 20009, "Cannot delete this resource before it is complete".to_owned())
            }
            Self::Trouble => (StatusCode::INTERNAL_SERVER_ERROR, 20500, "An internal server error has occurred".into()),
        }
    }
}

impl From<LedgerError> for Refusal {
    fn from(error: LedgerError) -> Self {
        tracing::error!(%error, "the simulated Twilio cannot use its ledger");
        Self::Trouble
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let (status, code, message) = self.parts();
        worded(status, code, &message)
    }
}

fn worded(status: StatusCode, code: u32, message: &str) -> Response {
    let mut body = json!({"code": code, "message": message,
        "more_info": format!("https://www.twilio.com/docs/errors/{code}"), "status": status.as_u16()});
    if let (StatusCode::UNAUTHORIZED, Some(fields)) = (status, body.as_object_mut()) {
        fields.insert("detail".to_owned(), json!("Your AccountSid or AuthToken was incorrect."));
    }
    (status, Json(body)).into_response()
}

/// An error of any status, for faults that answer with one. Most of Twilio's general codes are 20000 and the status.
pub(super) fn with_status(status: StatusCode) -> Response {
    match status {
        StatusCode::UNAUTHORIZED => Refusal::Unauthenticated.into_response(),
        _ => worded(status, 20_000 + u32::from(status.as_u16()), status.canonical_reason().unwrap_or("Error")),
    }
}
