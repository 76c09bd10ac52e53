//! A session's options in the current shape.

use std::fmt;

use serde_json::{Map, Value};

use super::translate::model::DEFAULT_MODEL;

/// A session in the current shape, valid as far as can be known here: every option is one that the API has, of its type and
/// within its bounds. It may be partial, as a preset's or a caller's options are; what is left out is as the API has it.
///
/// Only [`super::translate`] makes one. `Debug` prints no instructions and no tools, only which options there are.
#[derive(Clone, PartialEq)]
pub struct SessionConfig(Map<String, Value>);

impl SessionConfig {
    /// Takes options that have been looked at.
    pub(super) fn checked(options: Map<String, Value>) -> Self {
        Self(options)
    }

    /// The model: the one named, or the current one of this version.
    #[must_use]
    pub fn model(&self) -> &str {
        self.0.get("model").and_then(Value::as_str).unwrap_or(DEFAULT_MODEL)
    }

    /// The voice, if one is named: its name, or the id of one of the account's own.
    #[must_use]
    pub fn voice(&self) -> Option<&str> {
        let voice = self.0.get("audio")?.get("output")?.get("voice")?;
        voice.as_str().or_else(|| voice.get("id").and_then(Value::as_str))
    }

    /// The options, `type` among them.
    #[must_use]
    pub fn as_json(&self) -> &Map<String, Value> {
        &self.0
    }

    /// These options laid over those of `base`. Each replaces its like as a whole; those of `audio` are looked at one by one, so
    /// that another voice leaves the turn detection as it was.
    #[must_use]
    pub fn over(&self, base: &Self) -> Self {
        /// How deep options stand: `audio`, `input` and `output` hold options and are none themselves.
        fn lay(over: &Map<String, Value>, base: &mut Map<String, Value>, holders: &[&[&str]]) {
            let (held, deeper) = holders.split_first().map_or((&[][..], &[][..]), |(held, deeper)| (*held, deeper));
            for (name, value) in over {
                match (value, base.get_mut(name)) {
                    (Value::Object(over), Some(Value::Object(base))) if held.contains(&name.as_str()) => {
                        lay(over, base, deeper);
                    }
                    _ => drop(base.insert(name.clone(), value.clone())),
                }
            }
        }
        let mut laid = base.0.clone();
        lay(&self.0, &mut laid, &[&["audio"], &["input", "output"]]);
        Self(laid)
    }

    /// What is sent: with the model, so that the same session does not change when the API's default does.
    pub(super) fn to_wire(&self) -> Value {
        let mut whole = self.0.clone();
        whole.entry("model").or_insert_with(|| Value::from(self.model()));
        Value::Object(whole)
    }
}

impl fmt::Debug for SessionConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let options: Vec<&str> = self.0.keys().map(String::as_str).collect();
        f.debug_struct("SessionConfig")
            .field("model", &self.model())
            .field("voice", &self.voice())
            .field("options", &options)
            .finish()
    }
}
