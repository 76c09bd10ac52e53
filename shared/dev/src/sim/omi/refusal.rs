//! How the simulated OMI says no: `{"error":{"code","message"}}`.

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde_json::json;

use crate::ledger::LedgerError;

/// Why a request was not served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    BadKey,
    BadSignature(&'static str),
    UnknownApp,
    SessionNotFound,
    SessionExpired,
    SessionEnded,
    TooManyRequests { retry_after_secs: u64 },
    TooLarge,
    UnknownFormat,
    UnknownModel,
    Invalid(String),
    NoSuchEndpoint,
    Trouble,
}

impl Refusal {
    pub(super) fn invalid(message: &str) -> Self {
        Self::Invalid(message.to_owned())
    }

    fn parts(&self) -> (StatusCode, &'static str, &str) {
        match self {
            Self::BadKey => (StatusCode::UNAUTHORIZED, "unauthorized", "Invalid API Key"),
            Self::BadSignature(why) => (StatusCode::UNAUTHORIZED, "invalid_signature", why),
            Self::UnknownApp => (StatusCode::FORBIDDEN, "forbidden", "Unknown application"),
            Self::SessionNotFound => (StatusCode::NOT_FOUND, "not_found", "Session not found"),
            Self::SessionExpired => (StatusCode::GONE, "session_expired", "Session expired"),
            Self::SessionEnded => (StatusCode::CONFLICT, "session_ended", "Session has ended"),
            Self::TooManyRequests { .. } => (StatusCode::TOO_MANY_REQUESTS, "too_many_requests", "Too Many Requests"),
            Self::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "payload_too_large", "Audio may have 10 MB at most"),
            Self::UnknownFormat => (
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "unsupported_media_type",
                "Audio must be WAV, MP3, WebM, Ogg or MP4",
            ),
            Self::UnknownModel => (
                StatusCode::UNPROCESSABLE_ENTITY,
                "invalid_model",
                "config.model must be omi-standard, omi-advanced or omi-enterprise",
            ),
            Self::Invalid(message) => (StatusCode::BAD_REQUEST, "invalid_request", message),
            Self::NoSuchEndpoint => (StatusCode::NOT_FOUND, "not_found", "No such endpoint"),
            Self::Trouble => (StatusCode::INTERNAL_SERVER_ERROR, "internal_error", "Internal Server Error"),
        }
    }
}

impl From<LedgerError> for Refusal {
    fn from(error: LedgerError) -> Self {
        tracing::error!(%error, "the simulated OMI cannot use its ledger");
        Self::Trouble
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let (status, code, message) = self.parts();
        let mut answer = (status, Json(json!({"error": {"code": code, "message": message}}))).into_response();
        if let Self::TooManyRequests { retry_after_secs } = self {
            answer.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(retry_after_secs));
        }
        answer
    }
}

/// An error of any status, for faults that answer with one.
pub(super) fn with_status(status: StatusCode) -> Response {
    let message = status.canonical_reason().unwrap_or("Error");
    let code = message.to_ascii_lowercase().replace([' ', '-'], "_");
    let mut answer = (status, Json(json!({"error": {"code": code, "message": message}}))).into_response();
    if status == StatusCode::TOO_MANY_REQUESTS || status == StatusCode::SERVICE_UNAVAILABLE {
        answer.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    }
    answer
}
