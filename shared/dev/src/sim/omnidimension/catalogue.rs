//! What OmniDimension offers to choose from: models, voices, transcribers. Fixed lists, a few of each.

use serde_json::{Value, json};

use super::refusal::Refusal;
use crate::sim::query::{Parameters, page};

/// The largest page of voices.
const LARGEST_PAGE: usize = 100;

fn named(names: &[&str]) -> Vec<Value> {
    names.iter().enumerate().map(|(index, name)| json!({"id": index + 1, "name": name, "display_name": name})).collect()
}

fn llms() -> Vec<Value> {
    named(&["gpt-4.1-mini", "azure-gpt-4.1-mini", "gpt-5.1", "gemini-2.5-flash"])
}

fn tts() -> Vec<Value> {
    named(&["eleven_labs", "google", "cartesia", "sarvam"])
}

fn stt() -> Vec<Value> {
    named(&["deepgram_stream", "cartesia", "sarvam", "azure_stream", "soniox"])
}

fn voices() -> Vec<Value> {
    [
        ("eleven_labs", "21m00Tcm4TlvDq8ikWAM", "Rachel", "female"),
        ("eleven_labs", "pNInz6obpgDQGcFmaJgB", "Adam", "male"),
        ("google", "ar-XA-Wavenet-A", "Layla", "female"),
        ("cartesia", "a0e99841-438c-4a64-b679-ae501e7d6091", "Guide", "male"),
    ]
    .iter()
    .enumerate()
    .map(|(index, (provider, id, name, gender))| {
        json!({"id": index + 1, "provider": provider, "voice_id": id, "name": name, "gender": gender})
    })
    .collect()
}

/// `GET /providers/{kind}`.
pub(super) fn list(kind: &str, query: &Parameters) -> Result<Value, Refusal> {
    let whole = |key: &str, items: Vec<Value>| Ok(json!({"total": items.len(), (key): items}));
    match kind {
        "llms" => whole("llms", llms()),
        "tts" => whole("tts", tts()),
        "stt" => whole("stt", stt()),
        "voices" => list_voices(query),
        "all" => {
            let services: Vec<Value> = [llms(), tts(), stt()].concat();
            Ok(json!({"total_services": services.len(), "services": services,
                "total_voices": voices().len(), "voices": voices()}))
        }
        _ => Err(Refusal::NotFound("Endpoint")),
    }
}

fn list_voices(query: &Parameters) -> Result<Value, Refusal> {
    let number = |name: &str, default| query.number(name, default).ok_or_else(|| Refusal::invalid("not a number"));
    let (wanted, size) = (number("page", 1)?, number("page_size", 30)?.min(LARGEST_PAGE));
    let mut found = voices();
    let mut applied = serde_json::Map::new();
    for name in ["provider", "gender"] {
        if let Some(wish) = query.get(name) {
            found.retain(|voice| voice.get(name).and_then(Value::as_str) == Some(wish));
            applied.insert(name.to_owned(), json!(wish));
        }
    }
    if let Some(search) = query.get("search").map(str::to_lowercase) {
        let is_like = |voice: &Value| {
            voice.get("name").and_then(Value::as_str).is_some_and(|name| name.to_lowercase().contains(&search))
        };
        found.retain(is_like);
        applied.insert("search".to_owned(), json!(search));
    }
    let total = found.len();
    Ok(json!({"voices": page(found, wanted, size), "total": total, "page": wanted, "page_size": size,
        "filters_applied": applied}))
}

/// `GET /providers/voice/{id}`.
pub(super) fn voice(id: &str) -> Result<Value, Refusal> {
    let id: u64 = id.parse().map_err(|_| Refusal::NotFound("Voice"))?;
    let found = voices().into_iter().find(|voice| voice.get("id").and_then(Value::as_u64) == Some(id));
    found.ok_or(Refusal::NotFound("Voice"))
}
