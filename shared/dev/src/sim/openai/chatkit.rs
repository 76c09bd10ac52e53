//! ChatKit: sessions of hosted workflows, as far as servers see them. Nobody chats in them: pages are the provider's own.

use std::time::Duration;

use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use switchboard_core::{Clock, Timestamp};

use super::new_id;
use super::refusal::Refusal;
use super::session::shape::{Field, Shape, check_fields, optional, required};
use crate::clock::ScriptedClock;
use crate::credentials::CHATKIT_AGENT_ID;
use crate::ledger::Ledger;

const KIND: &str = "sim-openai-chatkit";

/// What the ids of workflows begin with.
const WORKFLOW: &str = "wf_";

/// What a session has where nobody says otherwise: seconds until it expires, requests in a minute, files in a message, and
/// megabytes of a file, which is also the most.
const DEFAULT_SECS: u64 = 600;
const DEFAULT_REQUESTS: u64 = 10;
const DEFAULT_FILES: u64 = 10;
const MOST_MEGABYTES: i64 = 512;

/// The longest name of a state variable, in characters.
const LONGEST_VARIABLE: usize = 64;

const BODY: &[Field] = &[
    required("user", Shape::Text),
    required(
        "workflow",
        Shape::Object(&[
            required("id", Shape::Text),
            optional("version", Shape::Text),
            optional("state_variables", Shape::Map),
            optional("tracing", Shape::Object(&[optional("enabled", Shape::Flag)])),
        ]),
    ),
    optional(
        "expires_after",
        Shape::Object(&[
            required("anchor", Shape::OneOf(&["created_at"])),
            required("seconds", Shape::Whole(1, i64::MAX)),
        ]),
    ),
    optional("rate_limits", Shape::Object(&[optional("max_requests_per_1_minute", Shape::Whole(1, i64::MAX))])),
    optional(
        "chatkit_configuration",
        Shape::Object(&[
            optional("automatic_thread_titling", Shape::Object(&[optional("enabled", Shape::Flag)])),
            optional(
                "file_upload",
                Shape::Object(&[
                    optional("enabled", Shape::Flag),
                    optional("max_files", Shape::Whole(1, i64::MAX)),
                    optional("max_file_size", Shape::Whole(1, MOST_MEGABYTES)),
                ]),
            ),
            optional(
                "history",
                Shape::Object(&[
                    optional("enabled", Shape::Flag),
                    optional("recent_threads", Shape::OrNull(&Shape::Whole(1, i64::MAX))),
                ]),
            ),
        ]),
    ),
];

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    expires_at: Timestamp,
    is_cancelled: bool,
    /// What never changes of it, as clients see it.
    shown: Map<String, Value>,
}

/// All ChatKit sessions.
#[derive(Debug)]
pub(super) struct ChatKit {
    clock: ScriptedClock,
    ledger: Ledger,
}

impl ChatKit {
    pub(super) fn new(clock: ScriptedClock, ledger: Ledger) -> Self {
        Self { clock, ledger }
    }

    /// Opens a session as `body` asks.
    pub(super) fn open(&self, body: &Map<String, Value>) -> Result<Value, Refusal> {
        check(body)?;
        let row = self.session(body);
        self.keep(&row)?;
        Ok(self.shown(&row))
    }

    /// Cancels a session that is active.
    pub(super) fn cancel(&self, id: &str) -> Result<Value, Refusal> {
        let row = if id.is_empty() { None } else { self.ledger.get(KIND, id)? };
        let row: Option<Row> = row.and_then(|row| serde_json::from_value(row).ok());
        let mut row = row.ok_or_else(|| {
            let message = format!("No ChatKit session found with id '{id}'.");
            Refusal::new(StatusCode::NOT_FOUND, "not_found", message)
        })?;
        row.is_cancelled = true;
        self.keep(&row)?;
        Ok(self.shown(&row))
    }

    /// What whoever asks `body` would be told, without anything being done.
    pub(super) fn imagined(&self, body: &Map<String, Value>) -> Value {
        self.shown(&self.session(body))
    }

    /// `GET /v1/chatkit/threads`: nobody has chatted.
    pub(super) fn threads() -> Value {
        json!({"object": "list", "data": [], "first_id": null, "last_id": null, "has_more": false})
    }

    fn session(&self, body: &Map<String, Value>) -> Row {
        let number = |object: &str, field: &str, default: u64| {
            body.get(object).and_then(|object| object.get(field)?.as_u64()).unwrap_or(default)
        };
        let setting = |name: &str, field: &str, default: Value| {
            let path = format!("/{name}/{field}");
            body.get("chatkit_configuration").and_then(|all| all.pointer(&path)).cloned().unwrap_or(default)
        };
        let of_workflow = |name: &str| body.get("workflow").and_then(|workflow| workflow.get(name)).cloned();
        let requests = number("rate_limits", "max_requests_per_1_minute", DEFAULT_REQUESTS);
        let expires_at = self.clock.now().plus(Duration::from_secs(number("expires_after", "seconds", DEFAULT_SECS)));
        let shown = json!({
            "id": new_id("cksess"), "object": "chatkit.session", "client_secret": new_id("ek"),
            "expires_at": expires_at.epoch_secs(), "user": body.get("user"),
            "workflow": {"id": of_workflow("id"), "version": of_workflow("version"),
                "state_variables": of_workflow("state_variables"),
                "tracing": of_workflow("tracing").unwrap_or_else(|| json!({"enabled": true}))},
            "rate_limits": {"max_requests_per_1_minute": requests}, "max_requests_per_1_minute": requests,
            "chatkit_configuration": {
                "automatic_thread_titling": {"enabled": setting("automatic_thread_titling", "enabled", json!(true))},
                "file_upload": {"enabled": setting("file_upload", "enabled", json!(false)),
                    "max_files": setting("file_upload", "max_files", json!(DEFAULT_FILES)),
                    "max_file_size": setting("file_upload", "max_file_size", json!(MOST_MEGABYTES))},
                "history": {"enabled": setting("history", "enabled", json!(true)),
                    "recent_threads": setting("history", "recent_threads", Value::Null)},
            },
        });
        let shown = if let Value::Object(shown) = shown { shown } else { Map::new() };
        Row { expires_at, is_cancelled: false, shown }
    }

    fn shown(&self, row: &Row) -> Value {
        let status = match row.is_cancelled {
            true => "cancelled",
            false if self.clock.now() >= row.expires_at => "expired",
            false => "active",
        };
        let mut shown = row.shown.clone();
        shown.insert("status".to_owned(), json!(status));
        Value::Object(shown)
    }

    fn keep(&self, row: &Row) -> Result<(), Refusal> {
        let id = row.shown.get("id").and_then(Value::as_str).unwrap_or_default();
        Ok(self.ledger.put(KIND, id, &serde_json::to_value(row).unwrap_or_default())?)
    }
}

fn check(body: &Map<String, Value>) -> Result<(), Refusal> {
    check_fields(BODY, "", body)?;
    let workflow = body.get("workflow").and_then(|workflow| workflow.get("id")?.as_str()).unwrap_or_default();
    if !workflow.starts_with(WORKFLOW) {
        let message = format!("Invalid 'workflow.id': '{workflow}'. Expected an ID that begins with '{WORKFLOW}'.");
        return Err(Refusal::invalid("invalid_value", "workflow.id", message));
    }
    let variables = body.get("workflow").and_then(|workflow| workflow.get("state_variables")?.as_object());
    for (name, value) in variables.into_iter().flatten() {
        let path = format!("workflow.state_variables.{name}");
        if name.chars().count() > LONGEST_VARIABLE {
            let message = format!("Invalid name of a state variable: at most {LONGEST_VARIABLE} characters.");
            return Err(Refusal::invalid("string_above_max_length", "workflow.state_variables", message));
        }
        Shape::Either(&[Shape::Text, Shape::Flag, Shape::Number(f64::MIN, f64::MAX)]).check(&path, value)?;
    }
    if workflow != CHATKIT_AGENT_ID {
        let message = format!("Workflow with id '{workflow}' not found.");
        return Err(Refusal::new(StatusCode::NOT_FOUND, "not_found", message));
    }
    Ok(())
}
