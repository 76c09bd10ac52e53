//! How the simulated Hamsa says no: `{"success":false,"message","messageKey"}`.

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde_json::json;

use crate::ledger::LedgerError;

/// Why a request was not served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    BadKey,
    Invalid(String),
    NoSuchConversation,
    AlreadyEnded,
    NoSuchAgent,
    NoSuchEndpoint,
    Trouble,
}

impl Refusal {
    pub(super) fn invalid(message: &str) -> Self {
        Self::Invalid(message.to_owned())
    }

    fn parts(&self) -> (StatusCode, &'static str, &str) {
        match self {
            Self::BadKey => (StatusCode::UNAUTHORIZED, "AUTH_INVALID_KEY", "Invalid API key"),
            Self::Invalid(message) => (StatusCode::BAD_REQUEST, "VALIDATION_ERROR", message),
            Self::NoSuchConversation => (StatusCode::NOT_FOUND, "ConversationNotFound", "Conversation not found."),
            Self::AlreadyEnded => {
                (StatusCode::BAD_REQUEST, "ConversationAlreadyEnded", "Conversation has already ended.")
            }
            Self::NoSuchAgent => (StatusCode::NOT_FOUND, "VoiceAgentNotFound", "Voice agent not found."),
            Self::NoSuchEndpoint => (StatusCode::NOT_FOUND, "NotFound", "Not found."),
            Self::Trouble => (StatusCode::INTERNAL_SERVER_ERROR, "InternalServerError", "Internal server error"),
        }
    }
}

impl From<LedgerError> for Refusal {
    fn from(error: LedgerError) -> Self {
        tracing::error!(%error, "the simulated Hamsa cannot use its ledger");
        Self::Trouble
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let (status, key, message) = self.parts();
        (status, Json(json!({"success": false, "message": message, "messageKey": key}))).into_response()
    }
}

/// An error of any status, for faults that answer with one.
pub(super) fn with_status(status: StatusCode) -> Response {
    let message = status.canonical_reason().unwrap_or("Error");
    let key = if status == StatusCode::TOO_MANY_REQUESTS { "RATE_LIMIT_EXCEEDED" } else { message };
    (status, Json(json!({"success": false, "message": message, "messageKey": key}))).into_response()
}
