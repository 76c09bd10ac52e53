//! OmniDimension (`omnidim.io`): phone calls, web calls over a socket of its own, agents, numbers and a balance.
//!
//! Follows the Python SDK `omnidimension` 0.6.0, the TypeScript SDK's generated types and docs.omnidim.io, read 2026-11. Nothing in
//! this API ends a call, and nothing tells of one that is still going on: a call ends by the agent's own limit or by whoever
//! hangs up, and is logged then.
//!
//! | file | noun |
//! |---|---|
//! | `client` | requests: `Authorization: Bearer`, the operations |
//! | `calls` | placing calls, web calls |
//! | `records` | the provider's log of calls, recordings |
//! | `agents` | agents, numbers, the account |
//! | `wire` | its JSON, both ways |
//! | `webhook` | its deliveries |

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex};

use switchboard_core::{Clock, ProviderId, SecretSource, Settings};

use crate::keyed_api::KeyedApi;
use crate::transport::Transport;
use crate::{
    Account, AgentDraft, Agents, CallRecords, ExternalId, HttpClient, Instruction, PhoneCalls, Provider, WebCalls,
};

mod agents;
mod calls;
mod client;
mod records;
mod webhook;
mod wire;

pub use client::{OPERATIONS, PLACE, READ, RECORDING, SESSION};
pub use webhook::OmnidimensionWebhooks;

/// The key in the secret's JSON.
const API_KEY: &str = "OMNIDIMENSION_API_KEY";
/// Where recordings are kept if nothing else is configured. Their host is not documented.
const MEDIA_HOSTS: &str = "omnidim.io,.omnidim.io,.amazonaws.com";
/// The longest call of the configured agent if nothing else is configured, in seconds: as long as a call of ours lasts that names
/// no limit.
const MAX_CALL_SECS: u32 = 600;

/// What an installation configures about OmniDimension.
#[derive(Clone, Debug, PartialEq)]
pub struct OmnidimensionConfig {
    /// Where the API is, `/api/v1` included, without a final slash (`OMNIDIMENSION_BASE_URL`).
    pub base_url: String,
    /// The secret with `OMNIDIMENSION_API_KEY` (`OMNIDIMENSION_SECRET_NAME`).
    pub secret_name: String,
    /// The agent of calls that name none (`OMNIDIMENSION_AGENT_ID`).
    pub agent_id: Option<ExternalId>,
    /// OmniDimension's id of the number that calls come from (`OMNIDIMENSION_FROM_NUMBER_ID`).
    pub from_number_id: Option<ExternalId>,
    /// The hosts that recordings are fetched from (`OMNIDIMENSION_MEDIA_HOSTS`); one with a leading dot stands for all beneath it.
    pub media_hosts: Vec<String>,
    agent: AgentDraft,
}

impl OmnidimensionConfig {
    /// Reads `OMNIDIMENSION_BASE_URL`, `OMNIDIMENSION_SECRET_NAME`, `OMNIDIMENSION_AGENT_ID`, `OMNIDIMENSION_FROM_NUMBER_ID`,
    /// `OMNIDIMENSION_MEDIA_HOSTS`, and of the agent that is made from configuration `AGENT_NAME`, `AGENT_VOICE_ID`,
    /// `AGENT_VOICE_PROVIDER`, `AGENT_MODEL`, `AGENT_TEMPERATURE`, `AGENT_WELCOME_MESSAGE`, `AGENT_INSTRUCTIONS` and
    /// `AGENT_MAX_CALL_SECS`; the defaults are R1's.
    pub fn read(settings: &mut impl Settings) -> Self {
        let mut id =
            |name| settings.parsed(name, "", optional_number_id, "a number that OmniDimension lists").flatten();
        let (agent_id, from_number_id) = (id("OMNIDIMENSION_AGENT_ID"), id("OMNIDIMENSION_FROM_NUMBER_ID"));
        Self {
            base_url: settings.base_url("OMNIDIMENSION_BASE_URL"),
            secret_name: settings.required("OMNIDIMENSION_SECRET_NAME"),
            agent_id,
            from_number_id,
            media_hosts: crate::media::host_list(&settings.text("OMNIDIMENSION_MEDIA_HOSTS", MEDIA_HOSTS)),
            agent: read_agent(settings),
        }
    }

    /// The agent that is made once from configuration, where `OMNIDIMENSION_AGENT_ID` names none.
    #[must_use]
    pub fn agent_draft(&self) -> &AgentDraft {
        &self.agent
    }
}

/// OmniDimension's ids are numbers.
fn optional_number_id(text: &str) -> Option<Option<ExternalId>> {
    if text.is_empty() {
        return Some(None);
    }
    wire::number_of(text)?;
    ExternalId::parse(text).map(Some)
}

fn read_agent(settings: &mut impl Settings) -> AgentDraft {
    let instructions = settings.text(
        "AGENT_INSTRUCTIONS",
        "You are a polite assistant on the telephone. Answer briefly, ask one question at a time, say so when you do not know \
         something, and never ask for passwords or card numbers.",
    );
    AgentDraft {
        name: Some(settings.text("AGENT_NAME", "1930")),
        welcome_message: Some(
            settings.text("AGENT_WELCOME_MESSAGE", "Hello, this is an automated assistant. How can I help you?"),
        ),
        instructions: Some(vec![Instruction { title: "Purpose".to_owned(), body: instructions }]),
        model: Some(settings.text("AGENT_MODEL", "gpt-4.1-mini")),
        temperature: Some(settings.number("AGENT_TEMPERATURE", 0.7, 0.0..=1.0)),
        voice_id: Some(settings.text("AGENT_VOICE_ID", "9NQoUbj2TvirWemhZkpT")),
        voice_provider: Some(settings.text("AGENT_VOICE_PROVIDER", "eleven_labs")),
        max_call_secs: Some(settings.number("AGENT_MAX_CALL_SECS", MAX_CALL_SECS, 10..=14_400)),
    }
}

/// OmniDimension.
#[derive(Clone)]
pub struct Omnidimension {
    config: OmnidimensionConfig,
    api: KeyedApi,
    /// The longest calls of agents that were looked at, in seconds. There are as many as the account has agents.
    limits: Arc<Mutex<BTreeMap<ExternalId, u32>>>,
}

impl Omnidimension {
    /// A client. Nothing is fetched or connected until the first request.
    #[must_use]
    pub fn new(
        config: OmnidimensionConfig,
        secrets: Arc<dyn SecretSource>,
        clock: Arc<dyn Clock>,
        http: HttpClient,
    ) -> Self {
        let api = KeyedApi {
            base_url: config.base_url.clone(),
            secret_name: config.secret_name.clone(),
            key_name: API_KEY,
            scheme: "Bearer",
            secrets,
            clock,
            transport: Transport { provider: ProviderId::Omnidimension, http, declines: wire::decline },
        };
        Self { config, api, limits: Arc::default() }
    }
}

impl Omnidimension {
    /// The agent that the configuration describes, where it names none.
    #[must_use]
    pub fn described_agent(&self) -> Option<&AgentDraft> {
        self.config.agent_id.is_none().then_some(&self.config.agent)
    }
}

impl fmt::Debug for Omnidimension {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Omnidimension").field("config", &self.config).finish_non_exhaustive()
    }
}

impl Provider for Omnidimension {
    fn id(&self) -> ProviderId {
        ProviderId::Omnidimension
    }

    fn calls(&self) -> Option<&dyn PhoneCalls> {
        Some(self)
    }

    fn web_calls(&self) -> Option<&dyn WebCalls> {
        Some(self)
    }

    fn records(&self) -> Option<&dyn CallRecords> {
        Some(self)
    }

    fn agents(&self) -> Option<&dyn Agents> {
        Some(self)
    }

    fn account(&self) -> Option<&dyn Account> {
        Some(self)
    }
}

#[cfg(test)]
mod tests;
