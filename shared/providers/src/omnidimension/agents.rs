//! OmniDimension's agents and numbers, and the account.

use async_trait::async_trait;
use http::Method;
use serde_json::{Map, Value};
use switchboard_core::Secret;

use super::calls::{agent_path, is_unknown};
use super::client::{AGENT_CHANGE, AGENT_CREATE, AGENTS, BALANCE, PROBE};
use super::{Omnidimension, wire};
use crate::keyed_api::Ask;
use crate::{
    Account, Agent, AgentDraft, AgentWriting, Agents, Balance, ExternalId, OwnedNumber, Page, ProviderError,
    ProviderErrorKind,
};

/// Agents or numbers on a page; 150 is the most.
const PAGE_ITEMS: u32 = 100;

/// A page of what was listed. Without a total, a full page means that there may be another.
fn page_of<T>(listed: wire::Listed<T>, page: u32) -> Page<T> {
    let passed = page.saturating_mul(PAGE_ITEMS);
    let full = u32::try_from(listed.items.len()).unwrap_or(u32::MAX) >= PAGE_ITEMS;
    let more = !listed.items.is_empty() && listed.total.map_or(full, |total| total > passed);
    Page { items: listed.items, next: more.then(|| page.saturating_add(1)) }
}

fn paged(path: &str, page: u32) -> Ask {
    Ask::get(path).with("pageno", page).with("pagesize", PAGE_ITEMS)
}

#[async_trait]
impl Agents for Omnidimension {
    async fn list(&self, page: u32) -> Result<Page<Agent>, ProviderError> {
        let answer = self.api.json(AGENTS, &paged("/agents", page)).await?;
        Ok(page_of(wire::agents(&answer), page))
    }

    async fn get(&self, id: &ExternalId) -> Result<Option<Agent>, ProviderError> {
        match self.api.json(AGENTS, &Ask::get(agent_path(id))).await {
            Ok(record) => Ok(wire::agent(&record)),
            Err(error) if is_unknown(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn writing(&self) -> Option<&dyn AgentWriting> {
        Some(self)
    }

    async fn numbers(&self, page: u32) -> Result<Page<OwnedNumber>, ProviderError> {
        let answer = self.api.json(AGENTS, &paged("/phone_number/list", page)).await?;
        Ok(page_of(wire::numbers(&answer), page))
    }
}

impl Omnidimension {
    /// The draft with both the model and how freely it words things, if it names one of them: they are one group on the wire,
    /// and nothing says that the other one survives if it is left out.
    async fn with_whole_model(&self, id: &ExternalId, draft: &AgentDraft) -> Result<AgentDraft, ProviderError> {
        let mut draft = draft.clone();
        if draft.model.is_some() == draft.temperature.is_some() {
            return Ok(draft);
        }
        if let Some(agent) = self.get(id).await? {
            let of_now = |name: &str| agent.details.get(name);
            draft.model = draft.model.or_else(|| of_now("llm_service")?.as_str().map(str::to_owned));
            draft.temperature = draft.temperature.or_else(|| of_now("temperature")?.as_f64());
        }
        Ok(draft)
    }
}

#[async_trait]
impl AgentWriting for Omnidimension {
    /// What the draft leaves out is as the configured agent has it: a name, a welcome and instructions must be there, and
    /// without a longest call nothing would end one.
    async fn create(&self, draft: &AgentDraft, report_to: Option<&Secret>) -> Result<Agent, ProviderError> {
        let draft = completed(draft, self.config.agent_draft());
        let body = wire::draft(&draft, report_to.map(Secret::expose));
        let answer = self.api.json(AGENT_CREATE, &Ask::new(Method::POST, "/agents/create").body(&body)).await?;
        let made =
            wire::agent(&answer).ok_or_else(|| self.api.transport.unreadable(AGENT_CREATE, "the agent has no `id`"))?;
        // The answer names it and no more. That it cannot be read does not undo it.
        let whole = self.get(&made.id).await.ok().flatten();
        Ok(whole.unwrap_or_else(|| Agent { max_call_secs: draft.max_call_secs, details: Map::new(), ..made }))
    }

    async fn update(&self, id: &ExternalId, draft: &AgentDraft) -> Result<Agent, ProviderError> {
        let body = wire::draft(&self.with_whole_model(id, draft).await?, None);
        self.api.send(AGENT_CHANGE, &Ask::new(Method::PUT, agent_path(id)).body(&body)).await?;
        // What the limit was is not what it is.
        self.limits.lock().unwrap_or_else(std::sync::PoisonError::into_inner).remove(id);
        let gone = || self.api.refuse(AGENTS, ProviderErrorKind::NotFound(404));
        self.get(id).await?.ok_or_else(gone)
    }

    async fn delete(&self, id: &ExternalId) -> Result<(), ProviderError> {
        self.limits.lock().unwrap_or_else(std::sync::PoisonError::into_inner).remove(id);
        match self.api.send(AGENT_CHANGE, &Ask::new(Method::DELETE, agent_path(id))).await {
            Ok(_) => Ok(()),
            Err(error) if is_unknown(&error) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

/// The draft, with what it leaves out taken from another.
fn completed(draft: &AgentDraft, other: &AgentDraft) -> AgentDraft {
    // A voice goes with whose it is.
    let voice = if draft.voice_id.is_some() { draft } else { other };
    AgentDraft {
        name: draft.name.clone().or_else(|| other.name.clone()),
        welcome_message: draft.welcome_message.clone().or_else(|| other.welcome_message.clone()),
        instructions: draft.instructions.clone().or_else(|| other.instructions.clone()),
        model: draft.model.clone().or_else(|| other.model.clone()),
        temperature: draft.temperature.or(other.temperature),
        voice_id: voice.voice_id.clone(),
        voice_provider: voice.voice_provider.clone(),
        max_call_secs: draft.max_call_secs.or(other.max_call_secs),
    }
}

#[async_trait]
impl Account for Omnidimension {
    async fn reachable(&self) -> Result<(), ProviderError> {
        match self.credentials_accepted().await {
            // Whoever refuses our key is there.
            Err(error) if matches!(error.kind, ProviderErrorKind::Unauthorised(_)) => Ok(()),
            other => other,
        }
    }

    /// Asked of the list of agents: the balance wants a key that may see bills.
    async fn credentials_accepted(&self) -> Result<(), ProviderError> {
        self.api.send(PROBE, &Ask::get("/agents").with("pageno", 1).with("pagesize", 1)).await.map(drop)
    }

    async fn balance(&self) -> Result<Option<Balance>, ProviderError> {
        let answer: Value = match self.api.json(BALANCE, &Ask::get("/account/balance")).await {
            Ok(answer) => answer,
            // The key may not see bills.
            Err(error) if matches!(error.kind, ProviderErrorKind::Unauthorised(403)) => return Ok(None),
            Err(error) => return Err(error),
        };
        let balance = wire::balance(&answer);
        balance
            .map(Some)
            .ok_or_else(|| self.api.transport.unreadable(BALANCE, "the balance has no amount in a currency"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_draft_leaves_out_is_as_the_configured_agent_has_it() {
        let configured = AgentDraft {
            name: Some("1930".to_owned()),
            voice_id: Some("v1".to_owned()),
            voice_provider: Some("eleven_labs".to_owned()),
            max_call_secs: Some(600),
            ..AgentDraft::default()
        };
        let draft = AgentDraft {
            name: Some("Front desk".to_owned()),
            voice_id: Some("v2".to_owned()),
            ..AgentDraft::default()
        };
        let whole = completed(&draft, &configured);
        assert_eq!((whole.name.as_deref(), whole.max_call_secs), (Some("Front desk"), Some(600)));
        // The configured provider's name would be of another voice.
        assert_eq!((whole.voice_id.as_deref(), whole.voice_provider), (Some("v2"), None));
    }

    #[test]
    fn a_full_page_without_a_total_may_have_another_behind_it() {
        let listed = |count, total| wire::Listed { items: vec![(); count], total };
        assert_eq!(page_of(listed(100, None), 1).next, Some(2));
        assert_eq!(page_of(listed(99, None), 1).next, None);
        assert_eq!(page_of(listed(100, Some(100)), 1).next, None);
        assert_eq!(page_of(listed(100, Some(101)), 1).next, Some(2));
        assert_eq!(page_of(listed(0, Some(500)), 3).next, None);
    }
}
