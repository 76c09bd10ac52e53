//! The voice agents and numbers of the simulated Hamsa account. They are made in Hamsa's dashboard and fixed here.

use serde_json::{Value, json};
use switchboard_core::Timestamp;

use crate::credentials::{HAMSA_VOICE_AGENT_ID, TWILIO_NUMBERS};
use crate::sim::dialogue::Language;

/// The project that the API key belongs to.
pub(super) const PROJECT_ID: &str = "3b8f6c0e-8a53-4f0c-9a5e-51f2d7a4c1b0";

/// The number that Hamsa calls from unless told otherwise.
pub(super) const HAMSA_NUMBER: &str = "+18449292835";

/// A voice agent.
#[derive(Clone, Copy, Debug)]
pub(super) struct Agent {
    pub(super) id: &'static str,
    pub(super) name: &'static str,
    lang: &'static str,
    greeting: &'static str,
    preamble: &'static str,
}

const AGENTS: [Agent; 2] = [
    Agent {
        id: HAMSA_VOICE_AGENT_ID,
        name: "Assistant",
        lang: "en",
        greeting: "Hello, this is support. How can I help?",
        preamble: "Find out what is wrong and help to mend it.",
    },
    // One whose calls need values.
    Agent {
        id: "5f0d8e7a-2c41-4b7e-9f2f-0e6a1d3c9b84",
        name: "Collections",
        lang: "ar",
        greeting: "السلام عليكم، هل أتحدث مع {{customerName}}؟",
        preamble: "ذكر {{customerName}} برصيده المستحق {{accountBalance}} قبل {{dueDate}}.",
    },
];

impl Agent {
    pub(super) fn known(id: &str) -> Option<&'static Self> {
        AGENTS.iter().find(|agent| agent.id == id)
    }

    pub(super) fn language(&self) -> Language {
        Language::tagged(self.lang)
    }

    /// As the API shows it.
    pub(super) fn shown(&self, made_at: Timestamp, webhook_url: Option<&str>) -> Value {
        json!({
            "id": self.id, "agentName": self.name, "lang": self.lang, "greetingMessage": self.greeting,
            "preamble": self.preamble, "projectId": PROJECT_ID, "model": "gpt-4.1-mini", "realTime": false,
            "silenceThreshold": 750, "interrupt": true, "outcome": "", "webhookUrl": webhook_url,
            "createdAt": made_at, "updatedAt": made_at,
        })
    }
}

/// All agents whose name contains `search`.
pub(super) fn all(search: &str) -> impl Iterator<Item = &'static Agent> {
    let search = search.to_lowercase();
    AGENTS.iter().filter(move |agent| agent.name.to_lowercase().contains(&search))
}

/// The numbers that calls can be placed from: Hamsa's, and the customer's own at Twilio.
pub(super) fn numbers() -> Value {
    let own = TWILIO_NUMBERS.iter().map(|number| (*number, "twilio"));
    let numbers = std::iter::once((HAMSA_NUMBER, "hamsa")).chain(own).enumerate();
    numbers
        .map(|(index, (number, provider))| {
            json!({"id": format!("9d6f1c00-0000-4000-8000-{index:012}"), "phoneNumber": number, "provider": provider,
                "projectId": PROJECT_ID, "voiceAgentId": null})
        })
        .collect()
}

/// Whether calls can be placed from this number.
pub(super) fn owns(number: &str) -> bool {
    number == HAMSA_NUMBER || TWILIO_NUMBERS.contains(&number)
}
