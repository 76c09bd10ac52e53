//! Slots: how many sessions a tenant may have at once.
//!
//! A slot is an item that names its holder and until when it is held. It is taken in the transaction that creates what it
//! is for, so that exactly as many exist as there are slots; one whose lease has passed is free, so that a crash leaks none
//! for longer than the lease.

use std::time::Duration;

use aws_sdk_dynamodb::types::{AttributeValue, Delete, Put, TransactWriteItem, Update};
use serde::{Deserialize, Serialize};
use switchboard_core::{SessionId, TenantId, Timestamp};

use crate::item::{millis, text, time, to_item};
use crate::schema::{Key, session_slots};
use crate::store::ttl_secs;
use crate::transaction::{SHOW_OBSTACLE, built};
use crate::{Store, StoreError, item};

/// How long after its lease a slot's item is kept.
const SLOT_RETENTION: Duration = Duration::from_secs(24 * 60 * 60);

#[derive(Serialize, Deserialize)]
struct SlotRow {
    holder: String,
    #[serde(rename = "leaseUntil", with = "millis")]
    lease_until: Timestamp,
    ttl: i64,
}

#[derive(Deserialize)]
struct SlotHeld {
    sk: String,
    #[serde(rename = "leaseUntil", with = "millis")]
    lease_until: Timestamp,
}

impl Store {
    /// The numbers below `limit` of a tenant's slots that nobody holds now.
    pub(crate) async fn slots_free(&self, tenant: &TenantId, limit: u32) -> Result<Vec<u32>, StoreError> {
        const OPERATION: &str = "slots_free";
        let now = self.now();
        let mut free = vec![true; usize::try_from(limit).unwrap_or(usize::MAX)];
        let mut held_count: u32 = 0;
        let mut pages = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("pk = :pk")
            .expression_attribute_values(":pk", text(session_slots(tenant)))
            .consistent_read(true)
            .into_paginator()
            .send();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| StoreError::from_sdk(OPERATION, error))?;
            for found in page.items.unwrap_or_default() {
                let slot: SlotHeld = item::from_item(OPERATION, found)?;
                let held = slot.lease_until > now;
                held_count += u32::from(held);
                let place = slot.sk.rsplit('#').next().and_then(|number| number.parse::<usize>().ok());
                if let Some(place) = place.and_then(|number| free.get_mut(number)) {
                    *place = !held;
                }
            }
        }
        // After the limit was lowered there may be holders beyond it; they count.
        if held_count >= limit {
            return Ok(Vec::new());
        }
        Ok((0..limit).zip(free).filter_map(|(number, free)| free.then_some(number)).collect())
    }

    /// The write that takes a slot if it is free.
    pub(crate) fn slot_take(
        &self,
        tenant: &TenantId,
        slot: u32,
        holder: SessionId,
        lease_until: Timestamp,
    ) -> Result<TransactWriteItem, StoreError> {
        const OPERATION: &str = "slot_take";
        let row = SlotRow { holder: holder.to_string(), lease_until, ttl: ttl_secs(lease_until.plus(SLOT_RETENTION)) };
        let put = Put::builder()
            .table_name(&self.table)
            .set_item(Some(to_item(OPERATION, &Key::session_slot(tenant, slot), &row)?))
            .condition_expression("attribute_not_exists(pk) OR leaseUntil <= :now")
            .expression_attribute_values(":now", time(self.now()))
            .return_values_on_condition_check_failure(SHOW_OBSTACLE)
            .build();
        built(OPERATION, put)
    }

    /// The write that keeps a slot for longer if `holder` still has it.
    pub(crate) fn slot_extend(
        &self,
        tenant: &TenantId,
        slot: u32,
        holder: SessionId,
        lease_until: Timestamp,
    ) -> Result<TransactWriteItem, StoreError> {
        let update = Update::builder()
            .table_name(&self.table)
            .set_key(Some(Key::session_slot(tenant, slot).attributes()))
            .update_expression("SET leaseUntil = :until, #ttl = :ttl")
            .condition_expression("holder = :holder")
            .expression_attribute_names("#ttl", "ttl")
            .expression_attribute_values(":until", time(lease_until))
            .expression_attribute_values(":ttl", item::number(ttl_secs(lease_until.plus(SLOT_RETENTION))))
            .expression_attribute_values(":holder", holder_value(holder))
            .build();
        built("slot_extend", update)
    }

    /// The write that gives a slot back if `holder` still has it.
    pub(crate) fn slot_free(
        &self,
        tenant: &TenantId,
        slot: u32,
        holder: SessionId,
    ) -> Result<TransactWriteItem, StoreError> {
        let delete = Delete::builder()
            .table_name(&self.table)
            .set_key(Some(Key::session_slot(tenant, slot).attributes()))
            .condition_expression("holder = :holder")
            .expression_attribute_values(":holder", holder_value(holder))
            .build();
        built("slot_free", delete)
    }
}

fn holder_value(holder: SessionId) -> AttributeValue {
    text(holder)
}
