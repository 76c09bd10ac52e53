//! The voices of the Realtime API (API reference, read 2026-11).

use serde_json::{Value, json};

use super::shape::Findings;
use crate::ExternalId;

/// The voices that realtime sessions have.
pub(super) const VOICES: [&str; 10] =
    ["alloy", "ash", "ballad", "cedar", "coral", "echo", "marin", "sage", "shimmer", "verse"];

/// Voices that only the speech API has, which older deployments name, and the nearest of a session by how OpenAI presents them:
/// a storyteller with a British accent, a deep and calm one, a bright and lively one.
const NEAREST: [(&str, &str); 3] = [("fable", "ballad"), ("onyx", "cedar"), ("nova", "coral")];

/// A voice by its name, or one of the account's own as `{"id": "voice_…"}`.
pub(super) fn fit(value: &Value, path: &str, found: &mut Findings) -> Option<Value> {
    let fitted = match value {
        Value::String(name) => named(name, path, found),
        Value::Object(own) if own.len() == 1 => {
            own.get("id").and_then(Value::as_str).and_then(ExternalId::parse).map(|id| json!({ "id": id.as_str() }))
        }
        _ => None,
    };
    if fitted.is_none() {
        found.refuse(path, format!("must be {}", expected()));
    }
    fitted
}

fn named(name: &str, path: &str, found: &mut Findings) -> Option<Value> {
    if VOICES.contains(&name) {
        return Some(Value::from(name));
    }
    let (_, nearest) = NEAREST.iter().find(|(gone, _)| *gone == name).filter(|_| found.substitute_voice)?;
    found.drop(path, format!("{name} is not a realtime voice; {nearest} is used"));
    Some(Value::from(*nearest))
}

/// What a voice must be, in words.
pub(super) fn expected() -> String {
    let gone = NEAREST.map(|(gone, _)| gone).join(", ");
    format!(
        "a realtime voice: {}, or an own one as {{\"id\": \"voice_…\"}} ({gone} are voices of the speech API only)",
        VOICES.join(", ")
    )
}
