//! Balances: what was left on the accounts with providers, hour by hour.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use switchboard_core::{Money, ProviderId, Timestamp};

use crate::error::applied;
use crate::item::{self, Item, millis, text, time, to_item};
use crate::schema::{Key, balances, hour_of};
use crate::store::ttl_secs;
use crate::{Store, StoreError};

/// How long balances are kept.
const KEPT_FOR: Duration = Duration::from_secs(90 * 24 * 60 * 60);

/// What was left on an account at a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownBalance {
    /// With whom.
    pub provider: ProviderId,
    /// How much.
    pub money: Money,
    /// How many minutes of calls that was, by the provider's own reckoning, where it says.
    pub estimated_minutes: Option<u32>,
    /// Whether the provider would still have placed a call; `None` where it does not say.
    pub can_place_calls: Option<bool>,
    /// When.
    pub at: Timestamp,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct BalanceRow {
    provider: ProviderId,
    #[serde(flatten)]
    money: Money,
    estimated_minutes: Option<u32>,
    can_place_calls: Option<bool>,
    #[serde(with = "millis")]
    at: Timestamp,
    ttl: i64,
}

impl From<BalanceRow> for KnownBalance {
    fn from(row: BalanceRow) -> Self {
        Self {
            provider: row.provider,
            money: row.money,
            estimated_minutes: row.estimated_minutes,
            can_place_calls: row.can_place_calls,
            at: row.at,
        }
    }
}

fn read(operation: &'static str, found: Item) -> Result<KnownBalance, StoreError> {
    item::from_item::<BalanceRow>(operation, found).map(KnownBalance::from)
}

impl Store {
    /// Keeps a balance. An hour has one, the latest that was seen in it, so that looking often costs no more room.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn balance_record(&self, balance: &KnownBalance) -> Result<(), StoreError> {
        const OPERATION: &str = "balance_record";
        let row = BalanceRow {
            provider: balance.provider,
            money: balance.money,
            estimated_minutes: balance.estimated_minutes,
            can_place_calls: balance.can_place_calls,
            at: balance.at,
            ttl: ttl_secs(balance.at.plus(KEPT_FOR)),
        };
        let sent = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(to_item(OPERATION, &Key::balance(balance.provider, balance.at), &row)?))
            .condition_expression("attribute_not_exists(pk) OR #at < :at")
            .expression_attribute_names("#at", "at")
            .expression_attribute_values(":at", time(balance.at))
            .send()
            .await;
        // If not, a later one is there already.
        applied(OPERATION, sent).map(drop)
    }

    /// The last balance that was seen of a provider, if there is one.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn balance_last(&self, provider: ProviderId) -> Result<Option<KnownBalance>, StoreError> {
        const OPERATION: &str = "balance_last";
        let output = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("pk = :balances")
            .expression_attribute_values(":balances", text(balances(provider)))
            .scan_index_forward(false)
            .limit(1)
            .send()
            .await
            .map_err(|error| StoreError::from_sdk(OPERATION, error))?;
        let last =
            output.items.unwrap_or_default().into_iter().next().map(|found| read(OPERATION, found)).transpose()?;
        let now = self.now();
        Ok(last.filter(|balance| now.since(balance.at) < KEPT_FOR))
    }

    /// A provider's balances since a time, oldest first: at most one an hour.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn balances_list(&self, provider: ProviderId, since: Timestamp) -> Result<Vec<KnownBalance>, StoreError> {
        const OPERATION: &str = "balances_list";
        let mut pages = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("pk = :balances AND sk >= :hour")
            .expression_attribute_values(":balances", text(balances(provider)))
            .expression_attribute_values(":hour", text(hour_of(since)))
            .into_paginator()
            .send();
        let mut listed = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| StoreError::from_sdk(OPERATION, error))?;
            for found in page.items.unwrap_or_default() {
                listed.push(read(OPERATION, found)?);
            }
        }
        listed.retain(|balance| balance.at >= since);
        Ok(listed)
    }
}
