//! How the simulated OmniDimension says no: `{"error","error_description"}`, and for calls that are not placed
//! `{"success":false,…}` under a 200.

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
    NotFound(&'static str),
    /// A business rule; answered with 200.
    NotPlaced(&'static str),
    /// A page larger than the database behind it bears.
    PageTooLarge,
    Trouble,
}

impl Refusal {
    pub(super) fn invalid(message: &str) -> Self {
        Self::Invalid(message.to_owned())
    }
}

impl From<LedgerError> for Refusal {
    fn from(error: LedgerError) -> Self {
        tracing::error!(%error, "the simulated OmniDimension cannot use its ledger");
        Self::Trouble
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let (status, code, description) = match &self {
            Self::BadKey => (StatusCode::UNAUTHORIZED, "unauthorized", "Missing or invalid API key"),
            Self::Invalid(message) => (StatusCode::BAD_REQUEST, "bad_request", message.as_str()),
            Self::NotFound(what) => {
                let body = json!({"error": "not_found", "error_description": format!("{what} not found"),
                    "docs": "https://docs.omnidim.io", "openapi": "https://docs.omnidim.io/openapi.yaml"});
                return (StatusCode::NOT_FOUND, Json(body)).into_response();
            }
            Self::NotPlaced(error) => {
                return Json(json!({"success": false, "plan_expire": false, "error": error})).into_response();
            }
            Self::PageTooLarge | Self::Trouble => {
                (StatusCode::INTERNAL_SERVER_ERROR, "internal_server_error", "Something went wrong")
            }
        };
        (status, Json(json!({"error": code, "error_description": description}))).into_response()
    }
}

/// An error of any status, for faults that answer with one.
pub(super) fn with_status(status: StatusCode) -> Response {
    let message = status.canonical_reason().unwrap_or("Error");
    let code = match status {
        StatusCode::PAYMENT_REQUIRED => "payment_required".to_owned(),
        _ => message.to_ascii_lowercase().replace([' ', '-'], "_"),
    };
    (status, Json(json!({"error": code, "error_description": message}))).into_response()
}
