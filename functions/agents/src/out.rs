//! Agents and numbers as callers see them.

use serde::Serialize;
use serde_json::{Map, Value};
use switchboard_core::ProviderId;
use switchboard_providers::{Agent, OwnedNumber};

/// An agent. Its provider's credentials and the addresses that it reports to are stripped where its record is read.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AgentOut {
    provider: ProviderId,
    agent_id: String,
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    language: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_call_secs: Option<u32>,
    details: Map<String, Value>,
}

impl AgentOut {
    pub(crate) fn new(provider: ProviderId, agent: Agent) -> Self {
        Self {
            provider,
            agent_id: agent.id.as_str().to_owned(),
            name: agent.name,
            language: agent.language,
            max_call_secs: agent.max_call_secs,
            details: agent.details,
        }
    }
}

/// A page of agents.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AgentsOut {
    pub(crate) agents: Vec<AgentOut>,
    pub(crate) next_cursor: Option<String>,
}

/// A number. It is a business's, not a person's, and is shown whole.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NumberOut {
    provider: ProviderId,
    number_id: String,
    number: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    agent_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    carrier: Option<String>,
}

impl NumberOut {
    pub(crate) fn new(provider: ProviderId, number: OwnedNumber) -> Self {
        Self {
            provider,
            number_id: number.id.as_str().to_owned(),
            number: number.number,
            agent_id: number.agent_id.map(|id| id.as_str().to_owned()),
            carrier: number.carrier,
        }
    }
}

/// A page of numbers.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NumbersOut {
    pub(crate) numbers: Vec<NumberOut>,
    pub(crate) next_cursor: Option<String>,
}

/// The agent of the configuration: as R1's front end knows it, and as all the others are shown.
#[derive(Debug, Serialize)]
pub(crate) struct InfoOut {
    /// A number where the provider's name for it is one, as it was in R1.
    agent_id: Value,
    #[serde(flatten)]
    agent: AgentOut,
}

impl InfoOut {
    pub(crate) fn new(provider: ProviderId, agent: Agent) -> Self {
        let id = agent.id.as_str();
        let agent_id = id.parse::<u64>().map_or_else(|_| Value::from(id), Value::from);
        Self { agent_id, agent: AgentOut::new(provider, agent) }
    }
}
