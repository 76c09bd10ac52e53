//! The models that the account has, and which of them hold realtime sessions.

use http::StatusCode;
use serde_json::{Value, json};

use super::refusal::Refusal;
use super::session::Session;

/// When every model here is said to have been made, in seconds since the epoch: 2026-01-01.
const CREATED_AT: i64 = 1_767_225_600;

/// Those that hold sessions, and the day on which they are shut down.
const REALTIME: [(&str, Option<&str>); 9] = [
    ("gpt-realtime-2.1", None),
    ("gpt-realtime-2.1-mini", None),
    ("gpt-realtime-2", None),
    ("gpt-realtime-1.5", None),
    ("gpt-realtime", Some("2027-01-20")),
    ("gpt-realtime-2025-08-28", Some("2027-01-20")),
    ("gpt-realtime-mini", Some("2027-01-20")),
    ("gpt-realtime-mini-2025-10-06", None),
    ("gpt-realtime-mini-2025-12-15", Some("2027-01-20")),
];

/// Some of the others.
const OTHERS: [(&str, Option<&str>); 4] = [
    ("gpt-audio-1.5", None),
    ("gpt-transcribe", None),
    ("gpt-realtime-whisper", None),
    ("gpt-4o-mini-transcribe", Some("2027-02-26")),
];

/// Whether a call may be opened with a session's model. Secrets are minted for any model, as the API does.
pub(super) fn check(session: &Session) -> Result<(), Refusal> {
    let Some(model) = session.model() else { return Ok(()) };
    if REALTIME.iter().any(|(known, _)| *known == model) {
        return Ok(());
    }
    if OTHERS.iter().any(|(known, _)| *known == model) {
        let message = format!("Model \"{model}\" is not supported in realtime mode.");
        return Err(Refusal::invalid("invalid_model", "model", message));
    }
    Err(unknown(StatusCode::FORBIDDEN, model))
}

/// `GET /v1/models`.
pub(super) fn list() -> Value {
    let all: Vec<Value> = REALTIME.iter().chain(&OTHERS).map(shown).collect();
    json!({"object": "list", "data": all})
}

/// `GET /v1/models/{id}`.
pub(super) fn one(id: &str) -> Result<Value, Refusal> {
    let known = REALTIME.iter().chain(&OTHERS).find(|(known, _)| *known == id);
    known.map(shown).ok_or_else(|| unknown(StatusCode::NOT_FOUND, id))
}

fn shown((id, shutdown_date): &(&str, Option<&str>)) -> Value {
    json!({"id": id, "object": "model", "created": CREATED_AT, "owned_by": "system", "shutdown_date": shutdown_date})
}

fn unknown(status: StatusCode, model: &str) -> Refusal {
    let message = format!("The model `{model}` does not exist or you do not have access to it.");
    Refusal::new(status, "model_not_found", message)
}
