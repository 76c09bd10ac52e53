//! The agent that is made once from the configuration (R1's `AGENT_NAME`), and remembered.
//!
//! Making it is the provider's doing and cannot be undone or repeated safely; so one process at a time may try, with a lease,
//! and whoever tries looks for an agent of that name first. A crash after the provider made it and before it was remembered
//! leaves a lease that lapses and an agent that the next one finds.
//!
//! ```text
//! absent, or of another name, or its lease passed ──► Ours ── made ──► remembered
//! remembered ──► Known                                     └─ certainly not made ──► absent
//! being made ──► Busy                                      └─ unknown ──► the lease passes
//! ```

use std::time::Duration;

use serde::{Deserialize, Serialize};
use switchboard_core::{ProviderId, Timestamp};

use crate::error::applied;
use crate::idempotency::fence_id;
use crate::item::{millis, text, time, to_item};
use crate::schema::Key;
use crate::{Store, StoreError};

/// How finding the configured agent begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConfiguredAgent {
    /// It was made: this is the provider's name for it.
    Known(String),
    /// It is this caller's to find or make, then [`Store::configured_agent_keep`] or [`Store::configured_agent_release`].
    Ours(MakingFence),
    /// Somebody else is making it; worth asking again after this.
    Busy(Duration),
}

/// Proof of being the one who may make the agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MakingFence {
    provider: ProviderId,
    id: String,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ConfiguredRow {
    name: String,
    agent_id: Option<String>,
    fence: String,
    #[serde(with = "millis")]
    lease_until: Timestamp,
}

impl Store {
    /// Finds the configured agent of this name, or the right to make it within `lease`.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn configured_agent_begin(
        &self,
        provider: ProviderId,
        name: &str,
        lease: Duration,
    ) -> Result<ConfiguredAgent, StoreError> {
        const OPERATION: &str = "configured_agent_begin";
        let (key, now) = (Key::configured_agent(provider), self.now());
        if let Some(known) = self.configured_agent_of(name, now, &key).await? {
            return Ok(known);
        }
        let fence = MakingFence { provider, id: fence_id(OPERATION)? };
        let row = ConfiguredRow {
            name: name.to_owned(),
            agent_id: None,
            fence: fence.id.clone(),
            lease_until: now.plus(lease),
        };
        let sent = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(to_item(OPERATION, &key, &row)?))
            .condition_expression(
                "attribute_not_exists(pk) OR #name <> :name OR fence = :fence \
                 OR (attribute_not_exists(agentId) AND leaseUntil <= :now)",
            )
            .expression_attribute_names("#name", "name")
            .expression_attribute_values(":name", text(name))
            // Our own write, whose answer got lost and which the SDK repeats, is not somebody else's.
            .expression_attribute_values(":fence", text(&fence.id))
            .expression_attribute_values(":now", time(now))
            .send()
            .await;
        if applied(OPERATION, sent)? {
            return Ok(ConfiguredAgent::Ours(fence));
        }
        let known = self.configured_agent_of(name, now, &key).await?;
        known.ok_or(StoreError::Contended { operation: OPERATION })
    }

    /// What the row says; `None` if it leaves the agent to be made.
    async fn configured_agent_of(
        &self,
        name: &str,
        now: Timestamp,
        key: &Key,
    ) -> Result<Option<ConfiguredAgent>, StoreError> {
        let row: Option<ConfiguredRow> = self.fetch_row("configured_agent_begin", key).await?;
        Ok(match row.filter(|row| row.name == name) {
            Some(ConfiguredRow { agent_id: Some(agent_id), .. }) => Some(ConfiguredAgent::Known(agent_id)),
            Some(row) if now < row.lease_until => Some(ConfiguredAgent::Busy(row.lease_until.since(now))),
            Some(_) | None => None,
        })
    }

    /// Remembers the agent. `false` if another has taken over since.
    ///
    /// # Errors
    /// [`StoreError`]; the agent is then found by its name once the lease has passed.
    pub async fn configured_agent_keep(&self, fence: &MakingFence, agent_id: &str) -> Result<bool, StoreError> {
        let sent = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(Key::configured_agent(fence.provider).attributes()))
            .update_expression("SET agentId = :agent")
            .condition_expression("fence = :fence")
            .expression_attribute_values(":agent", text(agent_id))
            .expression_attribute_values(":fence", text(&fence.id))
            .send()
            .await;
        applied("configured_agent_keep", sent)
    }

    /// Lets another try at once: certainly nothing was made.
    ///
    /// # Errors
    /// [`StoreError`]; the lease then passes by itself.
    pub async fn configured_agent_release(&self, fence: &MakingFence) -> Result<(), StoreError> {
        let sent = self
            .client
            .delete_item()
            .table_name(&self.table)
            .set_key(Some(Key::configured_agent(fence.provider).attributes()))
            .condition_expression("fence = :fence AND attribute_not_exists(agentId)")
            .expression_attribute_values(":fence", text(&fence.id))
            .send()
            .await;
        applied("configured_agent_release", sent).map(drop)
    }

    /// Forgets the agent, because the provider does not have it any more. Another that was remembered since stays.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn configured_agent_forget(&self, provider: ProviderId, agent_id: &str) -> Result<(), StoreError> {
        let sent = self
            .client
            .delete_item()
            .table_name(&self.table)
            .set_key(Some(Key::configured_agent(provider).attributes()))
            .condition_expression("agentId = :agent")
            .expression_attribute_values(":agent", text(agent_id))
            .send()
            .await;
        applied("configured_agent_forget", sent).map(drop)
    }
}
