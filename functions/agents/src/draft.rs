//! What may be written of an agent: a closed list of fields. Where it reports to is ours to say; passing calls on is not offered,
//! because no dial policy would see the number.

use serde::Deserialize;
use serde::de::IgnoredAny;
use switchboard_core::{Detail, Fault, MAX_DURATION_SECS};
use switchboard_lambda::{ApiError, Object};
use switchboard_providers::{AgentDraft, Instruction};

/// Longest name, and longest title of an instruction, in characters.
const MAX_NAME_CHARS: usize = 200;
/// Longest first message, in characters: more than a minute of speech.
const MAX_WELCOME_CHARS: usize = 2_000;
/// Longest instruction, in characters.
const MAX_BODY_CHARS: usize = 20_000;
/// Most instructions.
const MAX_INSTRUCTIONS: usize = 50;
/// Longest name of a model, a voice, or whose voice it is, in characters.
const MAX_WORD_CHARS: usize = 128;

/// An agent as a caller words it. For a new one `name` and `welcomeMessage` are required; for a change, whatever is left out
/// stays as it is.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AgentIn {
    name: Option<String>,
    welcome_message: Option<String>,
    instructions: Option<Vec<Object<InstructionIn>>>,
    model: Option<String>,
    temperature: Option<f64>,
    voice_id: Option<String>,
    voice_provider: Option<String>,
    max_call_secs: Option<u32>,
    // What providers know and nobody may set here: said, rather than ignored, because whoever sends it counts on it.
    webhook: Option<IgnoredAny>,
    webhook_url: Option<IgnoredAny>,
    post_call_actions: Option<IgnoredAny>,
    transfer: Option<IgnoredAny>,
    transfer_options: Option<IgnoredAny>,
}

/// A part of what an agent is told.
#[derive(Debug, Deserialize)]
pub(crate) struct InstructionIn {
    title: String,
    body: String,
}

impl AgentIn {
    /// A new agent.
    ///
    /// # Errors
    /// 400 naming every field that is missing or wrong.
    pub(crate) fn into_new(self) -> Result<AgentDraft, ApiError> {
        let mut details = Vec::new();
        for (field, given) in [("name", self.name.is_some()), ("welcomeMessage", self.welcome_message.is_some())] {
            if !given {
                details.push(Detail::new(field, "is required"));
            }
        }
        self.into_draft(details)
    }

    /// A change of an agent.
    ///
    /// # Errors
    /// 400 naming every field that is wrong, or the body if nothing is to be changed.
    pub(crate) fn into_change(self) -> Result<AgentDraft, ApiError> {
        let draft = self.into_draft(Vec::new())?;
        if draft == AgentDraft::default() {
            return Err(ApiError::invalid("body", "names nothing that can be changed"));
        }
        Ok(draft)
    }

    fn into_draft(self, mut details: Vec<Detail>) -> Result<AgentDraft, ApiError> {
        self.refuse(&mut details);
        let mut check = |field: &str, text: Option<&String>, most: usize| {
            if let Some(problem) = text.and_then(|text| problem_of(text, most)) {
                details.push(Detail::new(field, problem));
            }
        };
        check("name", self.name.as_ref(), MAX_NAME_CHARS);
        check("welcomeMessage", self.welcome_message.as_ref(), MAX_WELCOME_CHARS);
        check("model", self.model.as_ref(), MAX_WORD_CHARS);
        check("voiceId", self.voice_id.as_ref(), MAX_WORD_CHARS);
        check("voiceProvider", self.voice_provider.as_ref(), MAX_WORD_CHARS);
        for (number, Object(part)) in self.instructions.iter().flatten().enumerate() {
            check(&format!("instructions[{number}].title"), Some(&part.title), MAX_NAME_CHARS);
            check(&format!("instructions[{number}].body"), Some(&part.body), MAX_BODY_CHARS);
        }
        if self.instructions.as_ref().is_some_and(|parts| parts.len() > MAX_INSTRUCTIONS) {
            details.push(Detail::new("instructions", format!("must be at most {MAX_INSTRUCTIONS}")));
        }
        if self.temperature.is_some_and(|temperature| !(0.0..=1.0).contains(&temperature)) {
            details.push(Detail::new("temperature", "must be a number from 0 to 1"));
        }
        if self.max_call_secs.is_some_and(|secs| !MAX_DURATION_SECS.contains(&secs)) {
            let (least, most) = (MAX_DURATION_SECS.start(), MAX_DURATION_SECS.end());
            let bounds = format!("must be a whole number from {least} to {most}, as for a call");
            details.push(Detail::new("maxCallSecs", bounds));
        }
        if self.voice_provider.is_some() && self.voice_id.is_none() {
            details.push(Detail::new("voiceId", "is required beside voiceProvider"));
        }
        if !details.is_empty() {
            let error = ApiError::new(Fault::InvalidRequest, "a field of the request is not valid");
            return Err(error.with_details(details));
        }
        let instruction = |Object(part): Object<InstructionIn>| Instruction { title: part.title, body: part.body };
        Ok(AgentDraft {
            name: self.name,
            welcome_message: self.welcome_message,
            instructions: self.instructions.map(|parts| parts.into_iter().map(instruction).collect()),
            model: self.model,
            temperature: self.temperature,
            voice_id: self.voice_id,
            voice_provider: self.voice_provider,
            max_call_secs: self.max_call_secs,
        })
    }

    fn refuse(&self, details: &mut Vec<Detail>) {
        const REPORTS: &str = "cannot be set: agents report to this service, and to nobody else";
        const TRANSFERS: &str = "cannot be set: passing calls on to other numbers is not offered";
        for (field, given, why) in [
            ("webhook", self.webhook, REPORTS),
            ("webhookUrl", self.webhook_url, REPORTS),
            ("postCallActions", self.post_call_actions, REPORTS),
            ("transfer", self.transfer, TRANSFERS),
            ("transferOptions", self.transfer_options, TRANSFERS),
        ] {
            if given.is_some() {
                details.push(Detail::new(field, why));
            }
        }
    }
}

/// What is wrong with a text, if anything.
fn problem_of(text: &str, most: usize) -> Option<String> {
    let chars = text.chars().count();
    if text.trim().is_empty() {
        Some("must not be empty".to_owned())
    } else if chars > most {
        Some(format!("must have at most {most} characters; it has {chars}"))
    } else if text.chars().any(|char| char.is_control() && !matches!(char, '\n' | '\r' | '\t')) {
        Some("must not hold control characters".to_owned())
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn new(body: Value) -> Result<AgentDraft, ApiError> {
        serde_json::from_value::<AgentIn>(body).unwrap().into_new()
    }

    fn fields(error: &ApiError) -> Vec<&str> {
        error.details().iter().map(|detail| detail.field.as_str()).collect()
    }

    fn with(field: &str, value: Value) -> Value {
        let mut body = json!({"name": "Front desk", "welcomeMessage": "Hello"});
        body.as_object_mut().unwrap().insert(field.to_owned(), value);
        body
    }

    #[test]
    fn every_wrong_field_is_named_by_its_path() {
        let long = |chars: usize| json!("x".repeat(chars));
        for (field, value, named) in [
            ("name", json!(" "), "name"),
            ("name", long(201), "name"),
            ("name", json!("a\u{0}b"), "name"),
            ("welcomeMessage", long(2_001), "welcomeMessage"),
            ("model", json!(""), "model"),
            ("voiceProvider", json!("eleven_labs"), "voiceId"),
            ("temperature", json!(1.01), "temperature"),
            ("temperature", json!(-0.01), "temperature"),
            ("maxCallSecs", json!(9), "maxCallSecs"),
            ("maxCallSecs", json!(14_401), "maxCallSecs"),
            ("instructions", json!([{"title": "a", "body": "b"}, {"title": "a", "body": ""}]), "instructions[1].body"),
            ("instructions", json!(vec![json!({"title": "a", "body": "b"}); 51]), "instructions"),
            ("webhookUrl", json!("https://elsewhere.example"), "webhookUrl"),
            ("postCallActions", json!({}), "postCallActions"),
            ("webhook", json!(true), "webhook"),
            ("transfer", json!({"number": "+15005550001"}), "transfer"),
            ("transferOptions", json!([]), "transferOptions"),
        ] {
            assert_eq!(fields(&new(with(field, value.clone())).unwrap_err()), [named], "{field}: {value}");
        }
        assert_eq!(fields(&new(json!({})).unwrap_err()), ["name", "welcomeMessage"]);
    }

    #[test]
    fn what_is_within_bounds_is_taken_as_it_is_and_what_is_unknown_is_ignored() {
        let body = json!({
            "name": "Front desk", "welcomeMessage": "Hello\nthere", "model": "gpt-4.1-mini", "temperature": 1,
            "voiceId": "v", "voiceProvider": "eleven_labs", "maxCallSecs": 14_400, "unknown": {"a": 1},
            "instructions": [{"title": "Tone", "body": "Be kind."}],
        });
        let draft = new(body).unwrap();
        assert_eq!(draft.name.as_deref(), Some("Front desk"));
        assert_eq!(draft.temperature, Some(1.0));
        assert_eq!(draft.max_call_secs, Some(14_400));
        assert_eq!(draft.instructions, Some(vec![Instruction { title: "Tone".into(), body: "Be kind.".into() }]));
    }

    #[test]
    fn a_change_changes_something_and_names_only_what_it_changes() {
        let change = |body: Value| serde_json::from_value::<AgentIn>(body).unwrap().into_change();
        assert_eq!(fields(&change(json!({})).unwrap_err()), ["body"]);
        let draft = change(json!({"temperature": 0.0})).unwrap();
        assert_eq!(draft, AgentDraft { temperature: Some(0.0), ..AgentDraft::default() });
    }
}
