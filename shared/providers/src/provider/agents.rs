//! Agents and numbers as a capability.

use async_trait::async_trait;
use serde_json::{Map, Value};

use crate::{ExternalId, ProviderError};

/// An agent, its secrets stripped.
#[derive(Clone, Debug, PartialEq)]
pub struct Agent {
    /// The provider's name for it.
    pub id: ExternalId,
    /// What people call it.
    pub name: String,
    /// The language it speaks, where the provider says.
    pub language: Option<String>,
    /// How long its calls last at most, in seconds, where the provider says.
    pub max_call_secs: Option<u32>,
    /// Everything else that the provider tells, without credentials and webhook addresses.
    pub details: Map<String, Value>,
}

/// A page of a list.
#[derive(Clone, Debug, PartialEq)]
pub struct Page<T> {
    /// What is on it.
    pub items: Vec<T>,
    /// The next page's number; `None` if this is the last.
    pub next: Option<u32>,
}

/// What an agent is to be. Only these fields may be written: webhooks are ours, secrets are nobody's.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AgentDraft {
    /// What people call it.
    pub name: Option<String>,
    /// What it says first.
    pub welcome_message: Option<String>,
    /// What it is told: titles and texts.
    pub instructions: Option<Vec<Instruction>>,
    /// The language model.
    pub model: Option<String>,
    /// How freely it words things, 0 to 1.
    pub temperature: Option<f64>,
    /// The provider's name of a voice.
    pub voice_id: Option<String>,
    /// Whose voice it is, as the provider calls them.
    pub voice_provider: Option<String>,
    /// How long its calls last at most, in seconds.
    pub max_call_secs: Option<u32>,
}

/// A part of what an agent is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instruction {
    /// What it is about.
    pub title: String,
    /// What it says.
    pub body: String,
}

/// A phone number of the account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnedNumber {
    /// The provider's name for it.
    pub id: ExternalId,
    /// The number as the provider writes it. It is a business number, not a person's.
    pub number: String,
    /// The agent that answers it, where there is one.
    pub agent_id: Option<ExternalId>,
    /// Whose number it is beneath the provider: `twilio`, `exotel`.
    pub carrier: Option<String>,
}

/// Agents and numbers.
#[async_trait]
pub trait Agents: Send + Sync {
    /// One page of the agents; pages count from 1.
    ///
    /// # Errors
    /// [`ProviderError`].
    async fn list(&self, page: u32) -> Result<Page<Agent>, ProviderError>;

    /// One agent; `None` if the provider does not know it.
    ///
    /// # Errors
    /// [`ProviderError`].
    async fn get(&self, id: &ExternalId) -> Result<Option<Agent>, ProviderError>;

    /// The first agent of this name; looks at page after page.
    ///
    /// # Errors
    /// [`ProviderError`].
    async fn named(&self, name: &str) -> Result<Option<Agent>, ProviderError> {
        let mut page = 1;
        loop {
            let found = self.list(page).await?;
            if let Some(agent) = found.items.into_iter().find(|agent| agent.name == name) {
                return Ok(Some(agent));
            }
            match found.next.filter(|next| *next > page) {
                Some(next) => page = next,
                None => return Ok(None),
            }
        }
    }

    /// Writing agents, where the provider lets programs do that.
    fn writing(&self) -> Option<&dyn AgentWriting> {
        None
    }

    /// One page of the account's numbers; pages count from 1.
    ///
    /// # Errors
    /// [`ProviderError`].
    async fn numbers(&self, page: u32) -> Result<Page<OwnedNumber>, ProviderError>;
}

/// Making, changing and removing agents.
#[async_trait]
pub trait AgentWriting: Send + Sync {
    /// Makes an agent. `report_to` is our own webhook address, if it is to report there.
    ///
    /// # Errors
    /// [`ProviderError`].
    async fn create(
        &self,
        draft: &AgentDraft,
        report_to: Option<&switchboard_core::Secret>,
    ) -> Result<Agent, ProviderError>;

    /// Changes what the draft names.
    ///
    /// # Errors
    /// [`ProviderError`].
    async fn update(&self, id: &ExternalId, draft: &AgentDraft) -> Result<Agent, ProviderError>;

    /// Removes an agent. One that the provider does not know is removed.
    ///
    /// # Errors
    /// [`ProviderError`].
    async fn delete(&self, id: &ExternalId) -> Result<(), ProviderError>;
}
