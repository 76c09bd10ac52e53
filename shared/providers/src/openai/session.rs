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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::openai::translate;

    fn session(options: &Value) -> SessionConfig {
        translate::session(options.as_object().unwrap(), false).unwrap().session
    }

    fn laid(over: &Value, base: &Value) -> Value {
        Value::Object(session(over).over(&session(base)).0)
    }

    #[test]
    fn an_option_replaces_its_like_and_leaves_the_others() {
        let base = json!({
            "model": "gpt-realtime-2",
            "instructions": "Be kind.",
            "tools": [{"type": "function", "name": "f"}],
            "tracing": {"group_id": "g"},
            "audio": {
                "input": {"turn_detection": {"type": "server_vad", "threshold": 0.5}, "noise_reduction": null},
                "output": {"voice": "marin", "speed": 1.5},
            },
        });
        let over = json!({
            "instructions": "Be brief.",
            "tools": [],
            "tracing": {"workflow_name": "w"},
            "audio": {"input": {"turn_detection": {"type": "server_vad"}}, "output": {"voice": {"id": "voice_1"}}},
        });
        let expected = json!({
            "type": "realtime",
            "model": "gpt-realtime-2",
            "instructions": "Be brief.",
            "tools": [],
            "tracing": {"workflow_name": "w"},
            "audio": {
                "input": {"turn_detection": {"type": "server_vad"}, "noise_reduction": null},
                "output": {"voice": {"id": "voice_1"}, "speed": 1.5},
            },
        });
        assert_eq!(laid(&over, &base), expected);
        assert_eq!(laid(&json!({"turn_detection": null}), &base)["audio"]["input"]["turn_detection"], json!(null));
        assert_eq!(laid(&json!({}), &base), Value::Object(session(&base).0));
        assert_eq!(laid(&base, &json!({})), Value::Object(session(&base).0));
    }

    #[test]
    fn a_session_says_its_model_and_its_voice() {
        for (options, model, voice) in [
            (json!({}), DEFAULT_MODEL, None),
            (json!({"model": "gpt-realtime-2", "voice": "marin"}), "gpt-realtime-2", Some("marin")),
            (json!({"voice": {"id": "voice_1"}, "turn_detection": null}), DEFAULT_MODEL, Some("voice_1")),
        ] {
            let session = session(&options);
            assert_eq!((session.model(), session.voice()), (model, voice), "{options}");
            assert_eq!(session.to_wire()["model"], model);
        }
    }

    #[test]
    fn nothing_that_an_agent_is_told_is_printed() {
        let tools = json!([{"type": "function", "name": "look_up_jane", "description": "about Jane"}]);
        let printed =
            format!("{:?}", session(&json!({"instructions": "Call her Jane.", "tools": tools, "voice": "marin"})));
        assert!(!printed.to_lowercase().contains("jane"), "{printed}");
        assert!(printed.contains("marin") && printed.contains("instructions"), "{printed}");
    }
}
