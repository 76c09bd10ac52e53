//! The free JSON object that a session carries from turn to turn.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The largest context, in bytes of its compact JSON. It is kept in one table item with the session and sent upstream with
/// every turn, so it must stay small beside DynamoDB's 400 KB.
pub const MAX_CONTEXT_BYTES: usize = 32 * 1024;

/// What is known in a conversation, by key. Its content is personal: `Debug` prints only how many keys there are.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Context(Map<String, Value>);

/// The context would become larger than [`MAX_CONTEXT_BYTES`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("context has {bytes} bytes of JSON; at most {MAX_CONTEXT_BYTES} fit")]
pub struct ContextTooLarge {
    /// How large it would be.
    pub bytes: usize,
}

impl Context {
    /// Takes an object as a context.
    ///
    /// # Errors
    /// [`ContextTooLarge`] if its compact JSON has more than [`MAX_CONTEXT_BYTES`].
    pub fn new(object: Map<String, Value>) -> Result<Self, ContextTooLarge> {
        Self(object).checked()
    }

    /// This context with `patch` laid over it: each key of the patch replaces ours, `null` removes it (shallow).
    ///
    /// # Errors
    /// [`ContextTooLarge`] if the result has more than [`MAX_CONTEXT_BYTES`]; this context is unchanged in any case.
    pub fn merged(&self, patch: &Map<String, Value>) -> Result<Self, ContextTooLarge> {
        let mut merged = self.0.clone();
        for (key, value) in patch {
            if value.is_null() {
                merged.remove(key);
            } else {
                merged.insert(key.clone(), value.clone());
            }
        }
        Self(merged).checked()
    }

    /// What in `newer` differs from this, as a patch. Keys that `newer` leaves out are not changes: a provider that answers with
    /// a part of the context does not mean the rest to be forgotten.
    #[must_use]
    pub fn differences(&self, newer: &Map<String, Value>) -> Map<String, Value> {
        newer
            .iter()
            .filter(|(key, value)| self.0.get(*key) != Some(value))
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect()
    }

    /// The object itself.
    #[must_use]
    pub fn as_object(&self) -> &Map<String, Value> {
        &self.0
    }

    fn checked(self) -> Result<Self, ContextTooLarge> {
        let bytes = self.to_json().len();
        if bytes > MAX_CONTEXT_BYTES { Err(ContextTooLarge { bytes }) } else { Ok(self) }
    }

    /// Compact JSON. It is kept in the table as this string, because DynamoDB's own maps nest at most 32 levels.
    #[must_use]
    pub fn to_json(&self) -> String {
        Value::Object(self.0.clone()).to_string()
    }

    /// Reads what [`Context::to_json`] wrote.
    ///
    /// # Errors
    /// If the text is not a JSON object.
    pub fn from_json(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text)
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Context({} keys)", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn object(value: Value) -> Map<String, Value> {
        value.as_object().unwrap().clone()
    }

    #[test]
    fn a_patch_replaces_keys_and_null_removes_them_one_level_deep() {
        let context = Context::new(object(json!({"a": {"x": 1}, "b": 2, "c": 3}))).unwrap();
        let merged = context.merged(&object(json!({"a": {"y": 2}, "b": null, "d": 4}))).unwrap();
        assert_eq!(merged.as_object(), &object(json!({"a": {"y": 2}, "c": 3, "d": 4})));
    }

    #[test]
    fn the_difference_holds_what_is_new_and_forgets_nothing() {
        let before = Context::new(object(json!({"a": 1, "b": 2, "c": 3}))).unwrap();
        let patch = before.differences(&object(json!({"a": 1, "b": 4, "c": null, "d": [5]})));
        assert_eq!(patch, object(json!({"b": 4, "c": null, "d": [5]})));
        assert_eq!(before.merged(&patch).unwrap().as_object(), &object(json!({"a": 1, "b": 4, "d": [5]})));
    }

    #[test]
    fn the_limit_counts_bytes_of_compact_json_and_is_inclusive() {
        let fits = Context::new(object(json!({"k": "x".repeat(MAX_CONTEXT_BYTES - 8)})));
        assert_eq!(fits.unwrap().to_json().len(), MAX_CONTEXT_BYTES);
        let over = Context::new(object(json!({"k": "x".repeat(MAX_CONTEXT_BYTES - 7)})));
        assert_eq!(over.unwrap_err().bytes, MAX_CONTEXT_BYTES + 1);
    }
}
