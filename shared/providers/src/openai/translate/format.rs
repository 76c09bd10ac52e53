//! How a session hears and answers: audio formats and what it answers with, in the API's words and in the beta's.

use serde_json::{Value, json};

use super::shape::Findings;

/// The rate of PCM, in samples per second: the only one there is.
const PCM_RATE: u64 = 24_000;

/// What a format must be, in words.
pub(super) const AUDIO_EXPECTED: &str = "an audio format: {\"type\": \"audio/pcm\", \"rate\": 24000}, {\"type\": \"audio/pcmu\"} or \
    {\"type\": \"audio/pcma\"} (earlier: \"pcm16\", \"g711_ulaw\", \"g711_alaw\")";

/// What a session may answer with, in words.
pub(super) const MODALITIES_EXPECTED: &str =
    "[\"audio\"] or [\"text\"] (earlier: [\"text\", \"audio\"], which means audio)";

/// An audio format.
pub(super) fn audio(value: &Value, path: &str, found: &mut Findings) -> Option<Value> {
    let named = match value {
        Value::String(word) => match word.as_str() {
            "pcm16" => Some("audio/pcm"),
            "g711_ulaw" => Some("audio/pcmu"),
            "g711_alaw" => Some("audio/pcma"),
            _ => None,
        },
        Value::Object(format) => {
            let rate = format.get("rate").is_none_or(|rate| rate.as_u64() == Some(PCM_RATE));
            let only = format.keys().all(|name| name == "type" || name == "rate");
            format.get("type").and_then(Value::as_str).filter(|_| rate && only)
        }
        _ => None,
    };
    match named {
        // The rate is named although it is the only one: the SDK's samples do.
        Some("audio/pcm") => Some(json!({ "type": "audio/pcm", "rate": PCM_RATE })),
        Some(other @ ("audio/pcmu" | "audio/pcma")) => Some(json!({ "type": other })),
        _ => {
            found.refuse(path, format!("must be {AUDIO_EXPECTED}"));
            None
        }
    }
}

/// What a session answers with. It cannot be both: audio comes with its words in writing anyway.
pub(super) fn modalities(value: &Value, path: &str, found: &mut Findings) -> Option<Value> {
    let words: Option<Vec<&str>> = value.as_array().and_then(|words| words.iter().map(Value::as_str).collect());
    let words = words.unwrap_or_default();
    let known = !words.is_empty() && words.iter().all(|word| matches!(*word, "audio" | "text"));
    if !known {
        found.refuse(path, format!("must be {MODALITIES_EXPECTED}"));
        return None;
    }
    Some(json!([if words.contains(&"audio") { "audio" } else { "text" }]))
}
