//! The agents of the simulated OmniDimension account: written under one set of names, read under another.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::refusal::Refusal;
use crate::credentials::OMNIDIMENSION_AGENT_ID;
use crate::ledger::{Ledger, LedgerError};
use crate::random::uuid;
use crate::sim::address::Address;
use crate::sim::dialogue::Language;

const KIND: &str = "sim-omnidimension-agent";

/// How long an agent talks at most where nobody says: an hour.
const DEFAULT_MAX_CALL: Duration = Duration::from_secs(3600);

/// The statuses that a webhook is posted for unless its agent says otherwise.
const DEFAULT_TRIGGERS: [&str; 2] = ["completed", "voicemail_detected"];

/// All of them: what the account's own webhook is set up with.
const ALL_TRIGGERS: [&str; 6] = ["completed", "voicemail_detected", "failed", "no_answer", "busy", "cancelled"];

/// An agent, as it was written.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Agent {
    pub(super) id: u64,
    secret_key: String,
    written: Map<String, Value>,
}

/// Where an agent's post-call webhook goes, and for which statuses.
#[derive(Debug)]
pub(super) struct Hook {
    pub(super) url: String,
    pub(super) triggers: Vec<String>,
}

impl Agent {
    pub(super) fn name(&self) -> &str {
        self.written.get("name").and_then(Value::as_str).unwrap_or_default()
    }

    /// The longest call.
    pub(super) fn max_call(&self) -> Duration {
        let secs = self.setting("transcriber", "max_call_duration_in_sec").and_then(Value::as_u64);
        secs.map_or(DEFAULT_MAX_CALL, Duration::from_secs)
    }

    pub(super) fn language(&self) -> Language {
        Language::tagged(self.setting("transcriber", "language").and_then(Value::as_str).unwrap_or_default())
    }

    /// Its own webhook, or else the one that all agents of the account have.
    pub(super) fn hook(&self, of_account: &Address) -> Option<Hook> {
        let own = self.setting("post_call_actions", "webhook");
        let enabled = own.filter(|hook| hook.get("enabled").and_then(Value::as_bool).unwrap_or(false));
        let url = enabled.and_then(|hook| hook.get("url")?.as_str());
        let Some(url) = url else {
            let triggers = ALL_TRIGGERS.map(str::to_owned).to_vec();
            return of_account.get().map(|url| Hook { url, triggers });
        };
        let listed = enabled.and_then(|hook| hook.get("trigger_call_statuses")?.as_array());
        let triggers = match listed {
            Some(listed) => listed.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            None => DEFAULT_TRIGGERS.map(str::to_owned).to_vec(),
        };
        Some(Hook { url: url.to_owned(), triggers })
    }

    fn setting(&self, group: &str, name: &str) -> Option<&Value> {
        self.written.get(group)?.get(name)
    }

    /// As the API shows it.
    pub(super) fn shown(&self, of_account: &Address) -> Value {
        let sections = self.written.get("context_breakdown").and_then(Value::as_array);
        let sections: Vec<Value> = sections
            .into_iter()
            .flatten()
            .map(|section| {
                json!({"context_title": section.get("title"), "context_body": section.get("body"),
                    "is_enabled": section.get("is_enabled").and_then(Value::as_bool).unwrap_or(true)})
            })
            .collect();
        let hooks: Vec<Value> = self
            .hook(of_account)
            .iter()
            .map(|hook| {
                json!({"id": self.id * 10 + 1, "delivery_method": "webhook", "destination": false,
                    "webhook_url": hook.url, "include_summary": true, "include_extracted_variables": true,
                    "include_full_conversation": true, "include_sentiment": true,
                    "trigger_call_statuses": hook.triggers})
            })
            .collect();
        let or_false = |value: Option<&Value>| value.cloned().unwrap_or(Value::Bool(false));
        json!({
            "id": self.id, "organization_id": 77, "name": self.name(), "context": false,
            "welcome_message": or_false(self.written.get("welcome_message")),
            "call_type": or_false(self.written.get("call_type")), "context_breakdown": sections,
            "llm_service": or_false(self.setting("model", "model")),
            "temperature": or_false(self.setting("model", "temperature")),
            "voice_provider": or_false(self.setting("voice", "provider")),
            "voice_external_id": or_false(self.setting("voice", "voice_id")),
            "transcriber": or_false(self.written.get("transcriber")),
            "max_call_duration_in_sec": self.max_call().as_secs(),
            "timezone": or_false(self.written.get("timezone")),
            "dynamic_variables": or_false(self.written.get("dynamic_variables")),
            "post_call_config_ids": hooks, "secret_key": self.secret_key,
            "widget_config": {"iframeUrl": format!("https://widget.omnidim.io/{}", self.secret_key)},
            "call_cost_per_min": 0.08, "voice": false,
        })
    }
}

/// The agents in the ledger.
#[derive(Debug)]
pub(crate) struct Agents {
    ledger: Ledger,
    /// Held from reading an agent to writing it back.
    writing: Mutex<()>,
}

impl Agents {
    /// The account's agents; one is there from the beginning.
    pub(crate) fn open(ledger: Ledger) -> Result<Self, LedgerError> {
        let agents = Self { ledger, writing: Mutex::default() };
        if agents.ledger.list(KIND)?.is_empty() {
            agents.put(&Agent { id: OMNIDIMENSION_AGENT_ID, secret_key: secret_key(), written: first() })?;
        }
        Ok(agents)
    }

    pub(super) fn find(&self, id: u64) -> Result<Option<Agent>, LedgerError> {
        let row = self.ledger.get(KIND, &key(id))?.filter(|row| !row.is_null());
        Ok(row.and_then(|row| serde_json::from_value(row).ok()))
    }

    /// All of them, the oldest first.
    pub(super) fn all(&self) -> Result<Vec<Agent>, LedgerError> {
        let rows = self.ledger.list(KIND)?.into_iter();
        Ok(rows.filter_map(|(_, row)| serde_json::from_value(row).ok()).collect())
    }

    pub(super) fn create(&self, written: Map<String, Value>) -> Result<Agent, Refusal> {
        check(&written)?;
        for (name, what) in [("name", "name is required"), ("context_breakdown", "context_breakdown is required")] {
            if !written.contains_key(name) {
                return Err(Refusal::invalid(what));
            }
        }
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let rows = self.ledger.list(KIND)?;
        let last = rows.iter().filter_map(|(id, _)| id.parse::<u64>().ok()).max();
        let id = last.map_or(OMNIDIMENSION_AGENT_ID, |last| last + 1);
        let agent = Agent { id, secret_key: secret_key(), written };
        self.put(&agent)?;
        Ok(agent)
    }

    /// Replaces the settings that are given, each as a whole.
    pub(super) fn update(&self, id: u64, changes: Map<String, Value>) -> Result<Agent, Refusal> {
        check(&changes)?;
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut agent = self.find(id)?.ok_or(Refusal::NotFound("Agent"))?;
        let voice = changes.get("voice").filter(|voice| voice.get("voice_id").is_some());
        if voice.is_some_and(|voice| voice.get("provider").is_none()) {
            return Err(Refusal::invalid("voice.provider is required with voice.voice_id"));
        }
        agent.written.extend(changes);
        self.put(&agent)?;
        Ok(agent)
    }

    /// Leaves a mark in place of the agent, so that no other gets its id.
    pub(super) fn delete(&self, id: u64) -> Result<(), Refusal> {
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        self.find(id)?.ok_or(Refusal::NotFound("Agent"))?;
        Ok(self.ledger.put(KIND, &key(id), &Value::Null)?)
    }

    fn put(&self, agent: &Agent) -> Result<(), LedgerError> {
        self.ledger.put(KIND, &key(agent.id), &serde_json::to_value(agent).unwrap_or_default())
    }
}

fn check(written: &Map<String, Value>) -> Result<(), Refusal> {
    let is_text = |name: &str| written.get(name).is_none_or(Value::is_string);
    if !is_text("name") || !is_text("welcome_message") {
        return Err(Refusal::invalid("name and welcome_message must be strings"));
    }
    let sections = written.get("context_breakdown").map(Value::as_array);
    match sections {
        None => Ok(()),
        Some(Some(sections)) if sections.iter().all(|s| s.get("title").is_some() && s.get("body").is_some()) => Ok(()),
        Some(_) => Err(Refusal::invalid("context_breakdown must be a list of objects with title and body")),
    }
}

fn key(id: u64) -> String {
    format!("{id:020}")
}

fn secret_key() -> String {
    uuid().simple().to_string()
}

fn first() -> Map<String, Value> {
    let written = json!({
        "name": "Front desk", "welcome_message": "Hello, how can I help?", "call_type": "Outgoing",
        "context_breakdown": [{"title": "Purpose", "body": "Remind people of what they owe.", "is_enabled": true}],
        "transcriber": {"provider": "deepgram_stream", "model": "nova-3", "language": "en",
            "max_call_duration_in_sec": DEFAULT_MAX_CALL.as_secs()},
        "model": {"model": "gpt-4.1-mini", "temperature": 0.7},
        "voice": {"provider": "eleven_labs", "voice_id": "21m00Tcm4TlvDq8ikWAM"},
    });
    if let Value::Object(written) = written { written } else { Map::new() }
}
