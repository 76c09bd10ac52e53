//! A realtime session: what was asked for, checked, and filled up with what the API sets by itself.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use switchboard_core::Timestamp;

use super::new_id;
use super::refusal::Refusal;

mod fields;
pub(super) mod shape;

pub(super) use self::fields::RESPONSE;

/// The model of a session that names none.
pub(super) const DEFAULT_MODEL: &str = "gpt-realtime-2.1";

const DEFAULT_INSTRUCTIONS: &str =
    "You are a helpful, friendly voice agent. Speak plainly, keep answers short, and ask when something is unclear.";

/// A session with every parameter that it has.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq)]
#[serde(transparent)]
pub(super) struct Session(Map<String, Value>);

impl Session {
    /// The session that `wanted` describes, which stands at `path` in what the client sent (`""` is the body itself).
    ///
    /// It ends at `expires_at`; one that has not begun has 0 there.
    pub(super) fn read(path: &str, wanted: &Value, expires_at: Option<Timestamp>) -> Result<Self, Refusal> {
        check(path, wanted)?;
        let kind = wanted.get("type").and_then(Value::as_str).unwrap_or_default();
        let mut session = if kind == "transcription" { transcription() } else { realtime() };
        merge(&mut session, wanted);
        let mut session = Self(session);
        session.begin(expires_at);
        Ok(session)
    }

    /// The session of whoever says nothing about it.
    pub(super) fn by_default(model: Option<&str>) -> Self {
        let mut session = realtime();
        if let Some(model) = model {
            session.insert("model".to_owned(), json!(model));
        }
        Self(session)
    }

    /// Gives it an id of its own and its end, in seconds since the epoch.
    pub(super) fn begin(&mut self, expires_at: Option<Timestamp>) {
        let expires_at = expires_at.map_or(0, Timestamp::epoch_secs);
        self.0.insert("id".to_owned(), json!(new_id("sess")));
        self.0.insert("expires_at".to_owned(), json!(expires_at));
    }

    /// Changes what `wanted` names and keeps the rest. Once there was a spoken answer the voice stays.
    pub(super) fn update(&mut self, wanted: &Value, has_spoken: bool) -> Result<(), Refusal> {
        check("session", wanted)?;
        let mut changed = self.0.clone();
        merge(&mut changed, wanted);
        let changed = Self(changed);
        if changed.0.get("type") != self.0.get("type") {
            let message = "A session's type cannot be changed.";
            return Err(Refusal::invalid("invalid_value", "session.type", message));
        }
        if changed.model() != self.model() {
            let message = "A session's model cannot be changed.";
            return Err(Refusal::invalid("cannot_update_model", "session.model", message));
        }
        if has_spoken && changed.output("voice") != self.output("voice") {
            let message = "Cannot update a conversation's voice if assistant audio is present.";
            return Err(Refusal::invalid("cannot_update_voice", "session.audio.output.voice", message));
        }
        *self = changed;
        Ok(())
    }

    /// As clients see it.
    pub(super) fn shown(&self) -> Value {
        Value::Object(self.0.clone())
    }

    pub(super) fn model(&self) -> Option<&str> {
        self.0.get("model").and_then(Value::as_str)
    }

    pub(super) fn instructions(&self) -> Option<&str> {
        let given = self.0.get("instructions").and_then(Value::as_str);
        given.filter(|given| *given != DEFAULT_INSTRUCTIONS)
    }

    /// Whether it answers; a session that only transcribes does not.
    pub(super) fn answers(&self) -> bool {
        self.model().is_some()
    }

    /// Whether answers are spoken, rather than written.
    pub(super) fn speaks(&self) -> bool {
        self.0.get("output_modalities").is_none_or(|modalities| *modalities == json!(["audio"]))
    }

    /// Whether it wants to know what was said.
    pub(super) fn transcribes(&self) -> bool {
        !self.input("transcription").is_null()
    }

    /// Whether it notices by itself when somebody speaks.
    pub(super) fn detects_turns(&self) -> bool {
        !self.input("turn_detection").is_null()
    }

    /// Whether it answers by itself when somebody has spoken.
    pub(super) fn answers_turns(&self) -> bool {
        self.answers() && self.input("turn_detection").get("create_response") != Some(&json!(false))
    }

    pub(super) fn get(&self, name: &str) -> Value {
        self.0.get(name).cloned().unwrap_or_default()
    }

    /// A setting of what it hears.
    fn input(&self, name: &str) -> &Value {
        self.0.get("audio").and_then(|audio| audio.get("input")?.get(name)).unwrap_or(&Value::Null)
    }

    /// A setting of how it sounds.
    pub(super) fn output(&self, name: &str) -> &Value {
        self.0.get("audio").and_then(|audio| audio.get("output")?.get(name)).unwrap_or(&Value::Null)
    }
}

fn check(path: &str, wanted: &Value) -> Result<(), Refusal> {
    fields::SESSION.check(path, wanted)?;
    let modalities = wanted.get("output_modalities");
    check_modalities(if path.is_empty() { String::new() } else { format!("{path}.") }, modalities)
}

/// Text or audio, never both and never neither.
pub(super) fn check_modalities(prefix: impl std::fmt::Display, given: Option<&Value>) -> Result<(), Refusal> {
    match given {
        None => Ok(()),
        Some(given) if *given == json!(["text"]) || *given == json!(["audio"]) => Ok(()),
        Some(given) => {
            let given = given.to_string().replace('"', "'");
            let message = format!("Invalid modalities: {given}. Supported combinations are: ['text'] and ['audio'].");
            Err(Refusal::invalid("invalid_value", &format!("{prefix}output_modalities"), message))
        }
    }
}

fn input() -> Value {
    json!({
        "format": {"type": "audio/pcm", "rate": 24_000}, "transcription": null, "noise_reduction": null,
        "turn_detection": speech_detection("server_vad"),
    })
}

/// What a way of noticing speech does where nobody says otherwise.
fn speech_detection(kind: &str) -> Value {
    match kind {
        "semantic_vad" => {
            json!({"type": kind, "eagerness": "auto", "create_response": true, "interrupt_response": true})
        }
        _ => json!({"type": kind, "threshold": 0.5, "prefix_padding_ms": 300, "silence_duration_ms": 500,
            "idle_timeout_ms": null, "create_response": true, "interrupt_response": true}),
    }
}

fn realtime() -> Map<String, Value> {
    object(json!({
        "type": "realtime", "object": "realtime.session", "model": DEFAULT_MODEL, "output_modalities": ["audio"],
        "instructions": DEFAULT_INSTRUCTIONS, "tools": [], "tool_choice": "auto", "max_output_tokens": "inf",
        "tracing": null, "truncation": "auto", "prompt": null, "include": null,
        "audio": {"input": input(),
            "output": {"format": {"type": "audio/pcm", "rate": 24_000}, "voice": "marin", "speed": 1.0}},
    }))
}

fn transcription() -> Map<String, Value> {
    object(json!({
        "type": "transcription", "object": "realtime.transcription_session", "include": null,
        "audio": {"input": input()},
    }))
}

fn object(value: Value) -> Map<String, Value> {
    if let Value::Object(fields) = value { fields } else { Map::new() }
}

/// Puts what `wanted` names in the place of what is there. Input and output are merged name by name, what is below them is
/// replaced whole.
fn merge(session: &mut Map<String, Value>, wanted: &Value) {
    for (name, value) in wanted.as_object().into_iter().flatten() {
        if name != "audio" {
            session.insert(name.clone(), value.clone());
            continue;
        }
        for (side, settings) in value.as_object().into_iter().flatten() {
            let Some(Value::Object(known)) = session.get_mut("audio").and_then(|audio| audio.get_mut(side)) else {
                continue;
            };
            for (name, value) in settings.as_object().into_iter().flatten() {
                known.insert(name.clone(), filled(name, value));
            }
        }
    }
}

/// A setting with what it sets beside.
fn filled(name: &str, value: &Value) -> Value {
    let (Some(given), true) = (value.as_object(), matches!(name, "turn_detection" | "transcription" | "format")) else {
        return value.clone();
    };
    let kind = given.get("type").and_then(Value::as_str).unwrap_or_default();
    let mut whole = match (name, kind) {
        ("turn_detection", kind) => object(speech_detection(kind)),
        ("transcription", _) => object(json!({"model": "gpt-4o-mini-transcribe", "language": null, "prompt": null})),
        (_, "audio/pcm") => object(json!({"rate": 24_000})),
        _ => Map::new(),
    };
    whole.extend(given.clone());
    Value::Object(whole)
}

#[cfg(test)]
mod tests;
