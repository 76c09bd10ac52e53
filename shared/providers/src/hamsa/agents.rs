//! Hamsa's agents and numbers, and the account. Agents are written in its dashboard.

use async_trait::async_trait;
use serde_json::{Value, json};
use switchboard_core::Timestamp;

use super::calls::{agent_path, is_unknown};
use super::client::{AGENTS, PROBE, PROJECT_PATH, STATISTICS};
use super::{Hamsa, wire};
use crate::keyed_api::Ask;
use crate::{Account, Agent, Agents, Decline, ExternalId, OwnedNumber, Page, ProviderError, ProviderErrorKind};

/// Agents on a page.
const PAGE_AGENTS: u32 = 100;

#[async_trait]
impl Agents for Hamsa {
    async fn list(&self, page: u32) -> Result<Page<Agent>, ProviderError> {
        let passed = page.saturating_sub(1).saturating_mul(PAGE_AGENTS);
        let mut ask = Ask::get("/v2/voice-agents")
            .with("take", PAGE_AGENTS)
            .with("sortField", "createdAt")
            .with("sortOrder", "desc");
        // Whether it counts agents or pages is not documented; the first page needs no answer to that.
        if passed > 0 {
            ask = ask.with("skip", passed);
        }
        let data = self.data(AGENTS, &ask).await?;
        let (items, total) = wire::agents(&data);
        let more = !items.is_empty() && total.is_some_and(|total| total > passed.saturating_add(PAGE_AGENTS));
        Ok(Page { items, next: more.then(|| page.saturating_add(1)) })
    }

    async fn get(&self, id: &ExternalId) -> Result<Option<Agent>, ProviderError> {
        match self.data(AGENTS, &Ask::get(agent_path(id))).await {
            Ok(record) => Ok(wire::agent(&record)),
            Err(error) if is_unknown(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// There are no pages: everything is on the first.
    async fn numbers(&self, page: u32) -> Result<Page<OwnedNumber>, ProviderError> {
        if page > 1 {
            return Ok(Page { items: Vec::new(), next: None });
        }
        let data = self.data(AGENTS, &Ask::get("/v1/voice-agents/phone-number/list")).await?;
        Ok(Page { items: wire::numbers(&data), next: None })
    }
}

#[async_trait]
impl Account for Hamsa {
    async fn reachable(&self) -> Result<(), ProviderError> {
        match self.credentials_accepted().await {
            // Whoever refuses our key is there.
            Err(error) if matches!(error.kind, ProviderErrorKind::Unauthorised(_)) => Ok(()),
            other => other,
        }
    }

    async fn credentials_accepted(&self) -> Result<(), ProviderError> {
        self.api.send(PROBE, &Ask::get(PROJECT_PATH)).await.map(drop)
    }

    async fn statistics(&self, since: Timestamp, until: Timestamp) -> Result<Option<Value>, ProviderError> {
        let numbers = self.figures("/v1/projects/statistics/numbers", since, until).await?;
        let chart = self.figures("/v1/projects/statistics/chart", since, until).await?;
        Ok(Some(json!({ "numbers": numbers, "chart": chart })))
    }
}

impl Hamsa {
    /// Figures for a span of time. The OpenAPI wants RFC 3339, an application in the field sends milliseconds: the one is tried
    /// first, the other if it is refused.
    async fn figures(&self, path: &str, since: Timestamp, until: Timestamp) -> Result<Value, ProviderError> {
        let project = self.project().await?;
        let ask = |since: String, until: String| {
            Ask::get(path).with("startPeriod", since).with("endPeriod", until).with("projectId", project)
        };
        match self.data(STATISTICS, &ask(since.to_string(), until.to_string())).await {
            Err(error) if is_refusal(&error) => {
                let millis = |at: Timestamp| at.epoch_millis().to_string();
                self.data(STATISTICS, &ask(millis(since), millis(until))).await
            }
            other => other,
        }
    }
}

fn is_refusal(error: &ProviderError) -> bool {
    matches!(
        error.kind,
        ProviderErrorKind::Rejected(_) | ProviderErrorKind::Declined(Decline::Other | Decline::InvalidNumber)
    )
}
