//! Providers' names for calls, and what was delivered under them before anybody knew whose they are.
//!
//! A reference is an item of its own, because it must be read strongly consistent. What comes under a name that is nobody's
//! waits beside it; the waiting item is written only while there is no reference, and the bind that writes the reference is
//! followed by a drain, so that whichever comes first the other one sees it.

use std::time::Duration;

use aws_sdk_dynamodb::types::{Put, TransactWriteItem};
use serde::{Deserialize, Serialize};
use switchboard_core::{Call, CallId, EventId, LegId, Observation, ProviderId, TenantId, Timestamp};

use super::CALL_RETENTION;
use crate::item::{millis, text, to_item};
use crate::schema::{Key, WAITING_PREFIX};
use crate::store::ttl_secs;
use crate::transaction::{Outcome, built};
use crate::{Delivery, Journaled, Store, StoreError, item};

/// How long something waits for its call: the longest that a call may last, and a week in which somebody mends what is broken.
const WAITING_RETENTION: Duration = Duration::from_secs(8 * 24 * 60 * 60);

/// What a provider's name stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// Whose name it is.
    pub provider: ProviderId,
    /// The name.
    pub external: String,
    /// The attempt that it stands for.
    pub leg: LegId,
}

/// Something delivered under a name that was nobody's.
#[derive(Clone, Debug)]
pub struct Waiting {
    /// Whose name it was.
    pub provider: ProviderId,
    /// The name.
    pub external: String,
    /// The event.
    pub event: EventId,
    /// When it came.
    pub received_at: Timestamp,
    /// What it says.
    pub observation: Observation,
}

impl Waiting {
    pub(super) fn key(&self) -> Key {
        Key::waiting(self.provider, &self.external, self.event)
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ReferenceRow {
    call: CallId,
    leg: LegId,
    tenant: TenantId,
    ttl: i64,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct WaitingRow {
    event: EventId,
    #[serde(with = "millis")]
    received_at: Timestamp,
    observation: String,
    ttl: i64,
}

impl Store {
    /// The call, and the attempt of it, that a provider's name stands for.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn call_reference(
        &self,
        provider: ProviderId,
        external: &str,
    ) -> Result<Option<(CallId, LegId)>, StoreError> {
        let row: Option<ReferenceRow> = self.fetch_row("call_reference", &Key::reference(provider, external)).await?;
        Ok(row.map(|row| (row.call, row.leg)))
    }

    /// The write that makes a name stand for a call. Writing the same again is no conflict.
    pub(super) fn reference_put(&self, call: &Call, reference: &Reference) -> Result<TransactWriteItem, StoreError> {
        const OPERATION: &str = "reference_put";
        let row = ReferenceRow {
            call: call.id,
            leg: reference.leg,
            tenant: call.tenant.clone(),
            ttl: ttl_secs(call.created_at.plus(CALL_RETENTION)),
        };
        let key = Key::reference(reference.provider, &reference.external);
        let put = Put::builder()
            .table_name(&self.table)
            .set_item(Some(to_item(OPERATION, &key, &row)?))
            .condition_expression("attribute_not_exists(pk) OR leg = :leg")
            .expression_attribute_values(":leg", text(reference.leg))
            .build();
        built(OPERATION, put)
    }

    /// Keeps a delivery under a name that is nobody's. `None` if the name has become somebody's meanwhile: look again.
    ///
    /// # Errors
    /// [`StoreError`]; the sender must try again.
    pub async fn delivery_wait(
        &self,
        delivery: &Delivery<'_>,
        waiting: &Waiting,
    ) -> Result<Option<Journaled>, StoreError> {
        const OPERATION: &str = "delivery_wait";
        let observation = serde_json::to_string(&waiting.observation)
            .map_err(|error| StoreError::Unreadable { operation: OPERATION, what: error.to_string() })?;
        let row = WaitingRow {
            event: waiting.event,
            received_at: waiting.received_at,
            observation,
            ttl: ttl_secs(waiting.received_at.plus(WAITING_RETENTION)),
        };
        let item = to_item(OPERATION, &waiting.key(), &row)?;
        let writes = [
            self.delivery_put(delivery, false)?,
            self.absent(OPERATION, &Key::reference(waiting.provider, &waiting.external))?,
            built(OPERATION, Put::builder().table_name(&self.table).set_item(Some(item)).build())?,
        ];
        let outcome = self.transact(OPERATION, &writes).await?;
        Ok(if matches!(outcome, Outcome::Done) {
            Some(Journaled::New)
        } else if outcome.condition_failed(0) {
            Some(Journaled::Duplicate)
        } else {
            None
        })
    }

    /// What waits under a name, in the order in which it came.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn waiting_list(&self, provider: ProviderId, external: &str) -> Result<Vec<Waiting>, StoreError> {
        const OPERATION: &str = "waiting_list";
        let mut pages = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("pk = :pk AND begins_with(sk, :waiting)")
            .expression_attribute_values(":pk", text(Key::reference(provider, external).pk))
            .expression_attribute_values(":waiting", text(WAITING_PREFIX))
            .consistent_read(true)
            .into_paginator()
            .send();
        let mut all = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| StoreError::from_sdk(OPERATION, error))?;
            for found in page.items.unwrap_or_default() {
                let row: WaitingRow = item::from_item(OPERATION, found)?;
                let observation = serde_json::from_str(&row.observation)
                    .map_err(|error| StoreError::Unreadable { operation: OPERATION, what: error.to_string() })?;
                all.push(Waiting {
                    provider,
                    external: external.to_owned(),
                    event: row.event,
                    received_at: row.received_at,
                    observation,
                });
            }
        }
        Ok(all)
    }
}
