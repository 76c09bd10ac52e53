//! Sessions of the simulated OMI: opened under an id of the client's choice, kept in the ledger, expired when idle.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use switchboard_core::Timestamp;

use super::conversation::Memory;
use super::language::Language;
use super::refusal::Refusal;
use crate::ledger::Ledger;

const KIND: &str = "sim-omi-session";

/// How long a session may be idle.
pub(super) const IDLE_LIMIT: Duration = Duration::from_secs(30 * 60);

/// The longest session id, in characters.
const LONGEST_ID: usize = 128;

/// The largest context, as JSON, in bytes: a session has to fit into one row of the ledger.
const LARGEST_CONTEXT: usize = 64 * 1024;

const DEFAULT_MODEL: &str = "omi-standard";
const MODELS: [&str; 3] = [DEFAULT_MODEL, "omi-advanced", "omi-enterprise"];

/// One session.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Session {
    pub(super) session_id: String,
    pub(super) config: Map<String, Value>,
    pub(super) context: Map<String, Value>,
    pub(super) created_at: Timestamp,
    pub(super) updated_at: Timestamp,
    pub(super) ended_at: Option<Timestamp>,
    pub(super) memory: Memory,
}

impl Session {
    pub(super) fn new(wish: Opening, now: Timestamp, seed: u64) -> Self {
        Self {
            session_id: wish.session_id,
            config: wish.config,
            context: wish.context,
            created_at: now,
            updated_at: now,
            ended_at: None,
            memory: Memory::seeded(seed),
        }
    }

    pub(super) fn language(&self) -> Language {
        Language::tagged(self.config.get("language").and_then(Value::as_str).unwrap_or_default())
    }

    /// As the API shows it.
    pub(super) fn shown(&self) -> Value {
        json!({
            "sessionId": self.session_id,
            "status": if self.ended_at.is_some() { "ended" } else { "active" },
            "config": self.config,
            "context": self.context,
            "createdAt": self.created_at,
            "updatedAt": self.updated_at,
            "expiresAt": self.updated_at.plus(IDLE_LIMIT),
            "endedAt": self.ended_at,
        })
    }

    /// Shallow: a `null` removes.
    ///
    /// # Errors
    ///
    /// The merged context would be too large; it is left as it was.
    pub(super) fn merge(&mut self, changes: Map<String, Value>) -> Result<(), Refusal> {
        let mut merged = self.context.clone();
        for (name, value) in changes {
            if value.is_null() {
                merged.remove(&name);
            } else {
                merged.insert(name, value);
            }
        }
        check_size(&merged)?;
        self.context = merged;
        Ok(())
    }
}

/// What a session is opened with.
#[derive(Debug, PartialEq)]
pub(super) struct Opening {
    session_id: String,
    config: Map<String, Value>,
    context: Map<String, Value>,
}

impl Opening {
    pub(super) fn session_id(&self) -> &str {
        &self.session_id
    }

    pub(super) fn read(body: &Map<String, Value>) -> Result<Self, Refusal> {
        let session_id = session_id(body)?.to_owned();
        let mut config = object(body, "config")?.unwrap_or_default();
        match config.get("model") {
            None | Some(Value::Null) => {
                config.insert("model".into(), json!(DEFAULT_MODEL));
            }
            Some(Value::String(model)) if MODELS.contains(&model.as_str()) => {}
            Some(_) => return Err(Refusal::UnknownModel),
        }
        for name in ["temperature", "max_tokens", "context_window"] {
            if config.get(name).is_some_and(|value| value.as_f64().is_none_or(|number| number < 0.0)) {
                return Err(Refusal::invalid(&format!("config.{name} must be a number of at least 0")));
            }
        }
        for name in ["voice_model", "language"] {
            if config.get(name).is_some_and(|value| !value.is_string()) {
                return Err(Refusal::invalid(&format!("config.{name} must be a string")));
            }
        }
        let context = object(body, "context")?.unwrap_or_default();
        check_size(&context)?;
        Ok(Self { session_id, config, context })
    }
}

fn check_size(context: &Map<String, Value>) -> Result<(), Refusal> {
    let size = serde_json::to_vec(context).map_or(usize::MAX, |bytes| bytes.len());
    if size > LARGEST_CONTEXT { Err(Refusal::invalid("context is too large")) } else { Ok(()) }
}

/// The JSON object that a body must be.
pub(super) fn body_object(body: &[u8]) -> Result<Map<String, Value>, Refusal> {
    match serde_json::from_slice(body) {
        Ok(Value::Object(fields)) => Ok(fields),
        Ok(_) => Err(Refusal::invalid("The body must be a JSON object")),
        Err(_) => Err(Refusal::invalid("The body is not valid JSON")),
    }
}

/// The body's `sessionId`.
pub(super) fn session_id(body: &Map<String, Value>) -> Result<&str, Refusal> {
    let id = body.get("sessionId").and_then(Value::as_str);
    let id = id.filter(|id| is_session_id(id));
    id.ok_or_else(|| Refusal::invalid("sessionId must be 1 to 128 letters, digits, hyphens or underscores"))
}

pub(super) fn is_session_id(id: &str) -> bool {
    let letters = id.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'));
    letters && (1..=LONGEST_ID).contains(&id.len())
}

/// The object under `name`; absent and `null` are the same.
pub(super) fn object(body: &Map<String, Value>, name: &str) -> Result<Option<Map<String, Value>>, Refusal> {
    match body.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Object(fields)) => Ok(Some(fields.clone())),
        Some(_) => Err(Refusal::Invalid(format!("{name} must be an object"))),
    }
}

/// The sessions in the ledger.
#[derive(Clone, Debug)]
pub(super) struct Sessions(pub(super) Ledger);

impl Sessions {
    /// The session, whatever its state.
    pub(super) fn find(&self, id: &str) -> Result<Option<Session>, Refusal> {
        let Some(row) = self.0.get(KIND, id)? else { return Ok(None) };
        let session = serde_json::from_value(row).map_err(|error| {
            tracing::error!(%error, "a session of the simulated OMI cannot be read back");
            Refusal::Trouble
        })?;
        Ok(Some(session))
    }

    /// The session, if it can still be used at `now`.
    pub(super) fn live(&self, id: &str, now: Timestamp) -> Result<Session, Refusal> {
        if !is_session_id(id) {
            return Err(Refusal::SessionNotFound);
        }
        match self.find(id)? {
            None => Err(Refusal::SessionNotFound),
            Some(session) if session.ended_at.is_some() => Err(Refusal::SessionNotFound),
            Some(session) if now.since(session.updated_at) >= IDLE_LIMIT => Err(Refusal::SessionExpired),
            Some(session) => Ok(session),
        }
    }

    pub(super) fn keep(&self, session: &Session) -> Result<(), Refusal> {
        let row = serde_json::to_value(session).map_err(|_| Refusal::Trouble)?;
        Ok(self.0.put(KIND, &session.session_id, &row)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opening(body: &str) -> Result<Opening, Refusal> {
        Opening::read(&body_object(body.as_bytes())?)
    }

    #[test]
    fn an_opening_is_read_strictly() {
        assert!(opening(r#"{"sessionId":"ses_1"}"#).is_ok());
        let full =
            r#"{"sessionId":"a","config":{"model":"omi-enterprise","temperature":0.7,"language":"ar"},"context":{}}"#;
        assert!(opening(full).is_ok());
        for wrong in [
            "[]",
            "nonsense",
            "{}",
            r#"{"sessionId":7}"#,
            r#"{"sessionId":""}"#,
            r#"{"sessionId":"a/../b"}"#,
            r#"{"sessionId":"a","context":[]}"#,
            r#"{"sessionId":"a","config":"fast"}"#,
            r#"{"sessionId":"a","config":{"temperature":"hot"}}"#,
            r#"{"sessionId":"a","config":{"language":5}}"#,
        ] {
            assert!(matches!(opening(wrong), Err(Refusal::Invalid(_))), "{wrong}");
        }
        assert_eq!(opening(r#"{"sessionId":"a","config":{"model":"gpt"}}"#), Err(Refusal::UnknownModel));
    }

    #[test]
    fn contexts_merge_shallowly_and_null_removes() {
        let now = Timestamp::from_epoch_secs(0);
        let mut session =
            Session::new(opening(r#"{"sessionId":"a","context":{"keep":1,"deep":{"a":1},"gone":2}}"#).unwrap(), now, 0);
        let changes = body_object(br#"{"deep":{"b":2},"gone":null,"new":3}"#).unwrap();
        session.merge(changes).unwrap();
        assert_eq!(Value::Object(session.context.clone()), json!({"keep": 1, "deep": {"b": 2}, "new": 3}));
        let large = body_object(json!({"x": "y".repeat(LARGEST_CONTEXT)}).to_string().as_bytes()).unwrap();
        assert!(session.merge(large).is_err());
        assert_eq!(session.context.len(), 3);
    }
}
