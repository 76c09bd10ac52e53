//! The models of the Realtime API (API reference and deprecations, read 2026-11).

use serde_json::Value;

use super::shape::Findings;

/// The model where none is named.
pub const DEFAULT_MODEL: &str = "gpt-realtime-2.1";

/// The models that are named to whoever asks for one that there is no more. Others are taken as they are: new ones come without
/// notice, and some accounts have their own.
const CURRENT: [&str; 4] = [DEFAULT_MODEL, "gpt-realtime-2.1-mini", "gpt-realtime-2", "gpt-realtime-1.5"];

/// How the names of the beta's models begin, all of which are retired.
const RETIRED: [&str; 2] = ["gpt-4o-realtime", "gpt-4o-mini-realtime"];

/// Longest name of a model, in bytes: a fine-tuned one's has four parts.
const MAX_BYTES: usize = 128;

/// A model's name, unless it is retired.
pub(super) fn fit(name: &str, path: &str, found: &mut Findings) -> Option<Value> {
    let is_name = !name.is_empty() && name.len() <= MAX_BYTES && name.bytes().all(|byte| byte.is_ascii_graphic());
    if !is_name || RETIRED.iter().any(|retired| name.starts_with(retired)) {
        found.refuse(path, format!("must be {}", expected()));
        return None;
    }
    Some(Value::from(name))
}

/// What a model must be, in words.
pub(super) fn expected() -> String {
    format!(
        "a current realtime model, as {} (the preview models {}-… are retired)",
        CURRENT.join(", "),
        RETIRED.join("-…, ")
    )
}
