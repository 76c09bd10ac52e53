//! `POST /api/webhooks/explain`: why a delivery was rejected.
//!
//! A sender learns nothing from a rejection but that it is one; the operator, who has its request id from the sender's log or
//! from ours, learns the cause. Never an expected signature, never a body.

use http::StatusCode;
use serde::Deserialize;
use switchboard_auth::Caller;
use switchboard_lambda::{ApiError, Reply, Request, Shell};

use crate::{App, Operation};

/// Longest request id that is looked up, in characters.
const MAX_ID_CHARS: usize = 128;

/// The request.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ExplainIn {
    request_id: String,
}

/// The answer.
#[derive(Debug, serde::Serialize)]
#[serde(rename_all = "camelCase")]
struct ExplainOut {
    request_id: String,
    sender: String,
    cause: String,
    explanation: String,
    at: switchboard_core::Timestamp,
    evidence: std::collections::BTreeMap<String, String>,
}

pub(crate) async fn explain(app: &App, caller: &Caller, request: &Request<Operation>) -> Result<Reply, ApiError> {
    Shell::require_owner(caller.tenant(), &app.owner)?;
    let asked: ExplainIn = request.json()?;
    if asked.request_id.is_empty() || asked.request_id.len() > MAX_ID_CHARS {
        return Err(ApiError::invalid("requestId", format!("must have 1 to {MAX_ID_CHARS} characters")));
    }
    let found = app.shell.store.rejection_fetch(&asked.request_id).await?;
    let found = found.ok_or_else(|| ApiError::not_found("no rejected delivery with this request id"))?;
    let body = ExplainOut {
        request_id: found.request_id,
        sender: found.sender,
        cause: found.cause,
        explanation: found.explanation,
        at: found.at,
        evidence: found.evidence,
    };
    Reply::json(StatusCode::OK, &body)
}
