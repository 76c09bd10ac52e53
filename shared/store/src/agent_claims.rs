//! Whose agent it is. Agents live with their providers, in the one account of this installation; a tenant's are those that it
//! made. What nobody claimed is the account owner's.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_dynamodb::types::KeysAndAttributes;
use serde::{Deserialize, Serialize};
use switchboard_core::{HookId, ProviderId, TenantId, Timestamp};

use crate::error::applied;
use crate::item::{self, millis, text, to_item};
use crate::schema::Key;
use crate::store::{MAX_RETRIES, pause_before_retry};
use crate::{Store, StoreError};

/// Most items that one request reads (DynamoDB's BatchGetItem).
const MAX_BATCH: usize = 100;

/// That an agent is a tenant's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgentClaim {
    /// Where the agent lives.
    pub provider: ProviderId,
    /// The provider's name for it.
    pub agent_id: String,
    /// Whose it is.
    pub tenant: TenantId,
    /// The webhook URL that it reports to, where it was given one.
    pub hook: Option<HookId>,
    /// When it was claimed.
    pub created_at: Timestamp,
}

impl AgentClaim {
    /// Whether an agent with this claim, or with none, is `tenant`'s, where `owner` has the accounts.
    #[must_use]
    pub fn is_of(claim: Option<&Self>, tenant: &TenantId, owner: &TenantId) -> bool {
        claim.map_or(owner, |claim| &claim.tenant) == tenant
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ClaimRow {
    provider: ProviderId,
    agent_id: String,
    tenant: TenantId,
    hook: Option<HookId>,
    #[serde(with = "millis")]
    created_at: Timestamp,
}

impl From<ClaimRow> for AgentClaim {
    fn from(row: ClaimRow) -> Self {
        Self {
            provider: row.provider,
            agent_id: row.agent_id,
            tenant: row.tenant,
            hook: row.hook,
            created_at: row.created_at,
        }
    }
}

impl Store {
    /// Claims an agent. `false` if it is another tenant's.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn agent_claim(&self, claim: &AgentClaim) -> Result<bool, StoreError> {
        const OPERATION: &str = "agent_claim";
        let row = ClaimRow {
            provider: claim.provider,
            agent_id: claim.agent_id.clone(),
            tenant: claim.tenant.clone(),
            hook: claim.hook,
            created_at: claim.created_at,
        };
        let sent = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(to_item(OPERATION, &Key::agent_claim(claim.provider, &claim.agent_id), &row)?))
            .condition_expression("attribute_not_exists(pk) OR tenant = :tenant")
            .expression_attribute_values(":tenant", text(&claim.tenant))
            .send()
            .await;
        applied(OPERATION, sent)
    }

    /// Whose agent it is; `None` if nobody has claimed it.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn agent_claim_fetch(
        &self,
        provider: ProviderId,
        agent_id: &str,
    ) -> Result<Option<AgentClaim>, StoreError> {
        let key = Key::agent_claim(provider, agent_id);
        Ok(self.fetch_row::<ClaimRow>("agent_claim_fetch", &key).await?.map(AgentClaim::from))
    }

    /// The claims of a page of agents, by the agents' names; one request for each hundred.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn agent_claims_fetch(
        &self,
        provider: ProviderId,
        agent_ids: &[&str],
    ) -> Result<BTreeMap<String, AgentClaim>, StoreError> {
        let mut claims = BTreeMap::new();
        // A batch may not name an item twice.
        let mut wanted: Vec<&str> = agent_ids.to_vec();
        wanted.sort_unstable();
        wanted.dedup();
        for ids in wanted.chunks(MAX_BATCH) {
            for claim in self.agent_claims_batch(provider, ids).await? {
                claims.insert(claim.agent_id.clone(), claim);
            }
        }
        Ok(claims)
    }

    async fn agent_claims_batch(&self, provider: ProviderId, ids: &[&str]) -> Result<Vec<AgentClaim>, StoreError> {
        const OPERATION: &str = "agent_claims_fetch";
        let keys = ids.iter().map(|id| Key::agent_claim(provider, id).attributes()).collect();
        let asked =
            KeysAndAttributes::builder().set_keys(Some(keys)).consistent_read(true).build().map_err(|error| {
                StoreError::Refused { operation: OPERATION, code: "build".to_owned(), source: error.into() }
            })?;
        let mut left = HashMap::from([(self.table.clone(), asked)]);
        let mut claims = Vec::new();
        for retry in 0..=MAX_RETRIES {
            let output = self
                .client
                .batch_get_item()
                .set_request_items(Some(left))
                .send()
                .await
                .map_err(|error| StoreError::from_sdk(OPERATION, error))?;
            for found in output.responses.unwrap_or_default().into_values().flatten() {
                claims.push(item::from_item::<ClaimRow>(OPERATION, found)?.into());
            }
            left = output.unprocessed_keys.unwrap_or_default();
            if left.is_empty() {
                return Ok(claims);
            }
            pause_before_retry(retry).await;
        }
        // An agent whose owner is not known must not be taken for nobody's.
        Err(StoreError::Contended { operation: OPERATION })
    }

    /// Forgets whose agent it was, once it is no more.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn agent_claim_remove(&self, claim: &AgentClaim) -> Result<(), StoreError> {
        const OPERATION: &str = "agent_claim_remove";
        let sent = self
            .client
            .delete_item()
            .table_name(&self.table)
            .set_key(Some(Key::agent_claim(claim.provider, &claim.agent_id).attributes()))
            .condition_expression("tenant = :tenant")
            .expression_attribute_values(":tenant", text(&claim.tenant))
            .send()
            .await;
        applied(OPERATION, sent).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_claimed_is_the_owners_and_nothing_is_two_tenants() {
        let tenant = |name: &str| TenantId::parse(name).unwrap();
        let (owner, acme, other) = (tenant("owner"), tenant("acme"), tenant("other"));
        let claim = AgentClaim {
            provider: ProviderId::Omnidimension,
            agent_id: "7".to_owned(),
            tenant: acme.clone(),
            hook: None,
            created_at: Timestamp::from_epoch_secs(0),
        };
        for (claim, theirs) in [(None, &owner), (Some(&claim), &acme)] {
            for asking in [&owner, &acme, &other] {
                assert_eq!(AgentClaim::is_of(claim, asking, &owner), asking == theirs, "{asking}");
            }
        }
    }
}
