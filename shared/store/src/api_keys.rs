//! API keys: kept by hash, revoked but never removed.

use serde::{Deserialize, Serialize};
use switchboard_core::{ApiKey, Scopes, TenantId, Timestamp};

use crate::error::applied;
use crate::item::{self, millis, text, time, to_item};
use crate::schema::{API_KEYS, GSI1, Key};
use crate::{Store, StoreError};

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct KeyRow {
    id: String,
    hash: String,
    tenant: TenantId,
    scopes: Scopes,
    #[serde(with = "millis")]
    created_at: Timestamp,
    #[serde(default, with = "millis::optional")]
    revoked_at: Option<Timestamp>,
    gsi1pk: String,
    gsi1sk: String,
}

impl From<KeyRow> for ApiKey {
    fn from(row: KeyRow) -> Self {
        Self {
            id: row.id,
            hash: row.hash,
            tenant: row.tenant,
            scopes: row.scopes,
            created_at: row.created_at,
            revoked_at: row.revoked_at,
        }
    }
}

impl Store {
    /// The row that a key's id finds.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn api_key_fetch(&self, id: &str) -> Result<Option<ApiKey>, StoreError> {
        Ok(self.fetch_row::<KeyRow>("api_key_fetch", &Key::api_key(id)).await?.map(ApiKey::from))
    }

    /// Keeps a new key. `false` if its id is taken by another.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn api_key_create(&self, key: &ApiKey) -> Result<bool, StoreError> {
        const OPERATION: &str = "api_key_create";
        let row = KeyRow {
            id: key.id.clone(),
            hash: key.hash.clone(),
            tenant: key.tenant.clone(),
            scopes: key.scopes.clone(),
            created_at: key.created_at,
            revoked_at: key.revoked_at,
            gsi1pk: API_KEYS.to_owned(),
            gsi1sk: key.id.clone(),
        };
        let sent = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(to_item(OPERATION, &Key::api_key(&key.id), &row)?))
            .condition_expression("attribute_not_exists(pk) OR #hash = :hash")
            .expression_attribute_names("#hash", "hash")
            .expression_attribute_values(":hash", text(&key.hash))
            .send()
            .await;
        applied(OPERATION, sent)
    }

    /// Revokes a key from now on; a key that was revoked keeps its first time. `false` if there is none with this id.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn api_key_revoke(&self, id: &str) -> Result<bool, StoreError> {
        let sent = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(Key::api_key(id).attributes()))
            .update_expression("SET revokedAt = if_not_exists(revokedAt, :now)")
            .condition_expression("attribute_exists(pk)")
            .expression_attribute_values(":now", time(self.now()))
            .send()
            .await;
        applied("api_key_revoke", sent)
    }

    /// Every key, by id. For the operator's command line; no function lists keys.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn api_key_list(&self) -> Result<Vec<ApiKey>, StoreError> {
        const OPERATION: &str = "api_key_list";
        let mut pages = self
            .client
            .query()
            .table_name(&self.table)
            .index_name(GSI1)
            .key_condition_expression("gsi1pk = :keys")
            .expression_attribute_values(":keys", text(API_KEYS))
            .into_paginator()
            .send();
        let mut keys = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| StoreError::from_sdk(OPERATION, error))?;
            for found in page.items.unwrap_or_default() {
                keys.push(item::from_item::<KeyRow>(OPERATION, found)?.into());
            }
        }
        Ok(keys)
    }
}
