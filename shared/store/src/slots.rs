//! Slots: how many sessions, and how many calls, a tenant may have at once.
//!
//! A slot is an item that names its holder and until when it is held. It is taken in the transaction that creates what it
//! is for, so that exactly as many exist as there are slots; one whose lease has passed is free, so that a crash leaks none
//! for longer than the lease.

use std::time::Duration;

use aws_sdk_dynamodb::types::{Delete, Put, TransactWriteItem, Update};
use serde::{Deserialize, Serialize};
use switchboard_core::{Session, TenantId, Timestamp};

use crate::item::{millis, text, time, to_item};
use crate::schema::Key;
use crate::store::ttl_secs;
use crate::transaction::{SHOW_OBSTACLE, built};
use crate::{Store, StoreError, item};

/// How long after its lease a slot's item is kept.
const SLOT_RETENTION: Duration = Duration::from_secs(24 * 60 * 60);

/// Whose slots, and for what.
#[derive(Clone, Copy, Debug)]
pub(crate) enum SlotPool<'a> {
    /// A tenant's voice sessions.
    Sessions(&'a TenantId),
    /// A tenant's calls.
    Calls(&'a TenantId),
    /// A tenant's realtime calls.
    Realtime(&'a TenantId),
    /// Those of one person, by what stands for them.
    RealtimeUser(&'a TenantId, &'a str),
}

/// Which slot of a pool.
#[derive(Clone, Copy, Debug)]
pub(crate) enum SlotPlace<'a> {
    /// One of those that the limit allows.
    Numbered(u32),
    /// Beyond the limit: for something that was thought to be over, gave its slot back, and lives all the same. It counts.
    Beyond(&'a str),
}

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
    /// The numbers below `limit` of a pool's slots that nobody holds now.
    pub(crate) async fn slots_free(&self, pool: SlotPool<'_>, limit: u32) -> Result<Vec<u32>, StoreError> {
        const OPERATION: &str = "slots_free";
        let now = self.now();
        let mut free = vec![true; usize::try_from(limit).unwrap_or(usize::MAX)];
        let mut held_count: u32 = 0;
        let mut pages = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("pk = :pk")
            .expression_attribute_values(":pk", text(pool.partition()))
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
        pool: SlotPool<'_>,
        place: SlotPlace<'_>,
        holder: &str,
        lease_until: Timestamp,
    ) -> Result<TransactWriteItem, StoreError> {
        const OPERATION: &str = "slot_take";
        let row = SlotRow { holder: holder.to_owned(), lease_until, ttl: ttl_secs(lease_until.plus(SLOT_RETENTION)) };
        let put = Put::builder()
            .table_name(&self.table)
            .set_item(Some(to_item(OPERATION, &Key::slot(pool, place), &row)?))
            .condition_expression("attribute_not_exists(pk) OR leaseUntil <= :now OR holder = :holder")
            .expression_attribute_values(":now", time(self.now()))
            .expression_attribute_values(":holder", text(holder))
            .return_values_on_condition_check_failure(SHOW_OBSTACLE)
            .build();
        built(OPERATION, put)
    }

    /// The write that keeps a slot for longer if `holder` still has it.
    pub(crate) fn slot_extend(
        &self,
        pool: SlotPool<'_>,
        place: SlotPlace<'_>,
        holder: &str,
        lease_until: Timestamp,
    ) -> Result<TransactWriteItem, StoreError> {
        let update = Update::builder()
            .table_name(&self.table)
            .set_key(Some(Key::slot(pool, place).attributes()))
            .update_expression("SET leaseUntil = :until, #ttl = :ttl")
            .condition_expression("holder = :holder")
            .expression_attribute_names("#ttl", "ttl")
            .expression_attribute_values(":until", time(lease_until))
            .expression_attribute_values(":ttl", item::number(ttl_secs(lease_until.plus(SLOT_RETENTION))))
            .expression_attribute_values(":holder", text(holder))
            .build();
        built("slot_extend", update)
    }

    /// The write that gives a slot back if `holder` still has it.
    pub(crate) fn slot_free(
        &self,
        pool: SlotPool<'_>,
        place: SlotPlace<'_>,
        holder: &str,
    ) -> Result<TransactWriteItem, StoreError> {
        let delete = Delete::builder()
            .table_name(&self.table)
            .set_key(Some(Key::slot(pool, place).attributes()))
            .condition_expression("holder = :holder")
            .expression_attribute_values(":holder", text(holder))
            .build();
        built("slot_free", delete)
    }

    /// The write that takes the slot that a session was given.
    pub(crate) fn session_slot_take(
        &self,
        session: &Session,
        lease_until: Timestamp,
    ) -> Result<TransactWriteItem, StoreError> {
        let (pool, place) = (SlotPool::Sessions(&session.tenant), SlotPlace::Numbered(session.slot));
        self.slot_take(pool, place, &session.id.to_string(), lease_until)
    }

    /// The write that keeps a session's slot for longer.
    pub(crate) fn session_slot_extend(
        &self,
        session: &Session,
        lease_until: Timestamp,
    ) -> Result<TransactWriteItem, StoreError> {
        let (pool, place) = (SlotPool::Sessions(&session.tenant), SlotPlace::Numbered(session.slot));
        self.slot_extend(pool, place, &session.id.to_string(), lease_until)
    }

    /// The write that gives a session's slot back.
    pub(crate) fn session_slot_free(&self, session: &Session) -> Result<TransactWriteItem, StoreError> {
        let (pool, place) = (SlotPool::Sessions(&session.tenant), SlotPlace::Numbered(session.slot));
        self.slot_free(pool, place, &session.id.to_string())
    }
}
