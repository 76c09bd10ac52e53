//! Writing a call down before anything is dialled: its idempotency key, its slot, what the dial policy counts, and the money
//! it may cost, all in one transaction or none of it.

use std::time::Duration;

use aws_sdk_dynamodb::types::{AttributeValue, ConditionCheck, Put, TransactWriteItem, Update};
use serde::{Deserialize, Serialize};
use switchboard_core::{Call, CallId, DialPolicy, PhoneNumber, PolicyRefusal, TenantId, number_range};

use super::write::Parts;
use super::{CALL_RETENTION, CallWrite, Part, Written, day_of, hour_of};
use crate::item::{number, to_item};
use crate::schema::Key;
use crate::slots::SlotPool;
use crate::store::{MAX_RETRIES, pause_before_retry, ttl_secs};
use crate::transaction::{SHOW_OBSTACLE, built};
use crate::{IdempotencyScope, Store, StoreError};

/// How long after its deadline a slot is held without anybody extending it: the sweep is late by at most this before slots
/// of lines that may still be up are given away.
pub(super) const SLOT_GRACE: Duration = Duration::from_secs(15 * 60);
/// How long counts of a day and of an hour are kept after they have begun.
const DAY_KEPT: Duration = Duration::from_secs(2 * 24 * 60 * 60);
/// How long a day's money is kept, for whoever closes the month.
const SPEND_KEPT: Duration = Duration::from_secs(40 * 24 * 60 * 60);
/// How long a number counts as known after it was first called.
const DESTINATION_KEPT: Duration = Duration::from_secs(90 * 24 * 60 * 60);

/// The idempotency key of a call. It is bound to the call for good.
#[derive(Clone, Copy, Debug)]
pub struct CallKey<'a> {
    /// What the key is valid for.
    pub scope: IdempotencyScope<'a>,
    /// Stands for the body.
    pub fingerprint: &'a str,
}

/// What the dial policy counts about a call.
#[derive(Clone, Copy, Debug)]
pub struct DialCounts<'a> {
    /// The caps.
    pub policy: &'a DialPolicy,
    /// Who is called; `None` for a web call, of which only the money counts.
    pub to: Option<&'a PhoneNumber>,
}

/// A call to be written down.
#[derive(Clone, Copy, Debug)]
pub struct Reservation<'a> {
    /// The key that the request carried.
    pub key: Option<CallKey<'a>>,
    /// How many calls the tenant may have at once.
    pub limit: u32,
    /// What is counted.
    pub counts: DialCounts<'a>,
}

/// How writing a call down went.
#[derive(Debug)]
pub enum Reserved {
    /// It is written; nobody else may dial it.
    Now(Box<Call>),
    /// The key has this call already, made from the same body.
    Before(CallId),
    /// The key has a call made from another body.
    Mismatch(CallId),
    /// Every slot of the tenant is held.
    Full,
    /// The policy refuses.
    Refused(PolicyRefusal),
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct KeyRow {
    fingerprint: String,
    call: CallId,
    ttl: i64,
}

impl Store {
    /// The call that an idempotency key is bound to, and whether it was made from a body with this fingerprint.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn call_of_key(&self, key: CallKey<'_>) -> Result<Option<(CallId, bool)>, StoreError> {
        let row: Option<KeyRow> = self.fetch_row("call_of_key", &call_key(key)).await?;
        Ok(row.map(|row| (row.call, row.fingerprint == key.fingerprint)))
    }

    /// Writes a call down, with everything that it takes. Its slot is chosen here.
    ///
    /// # Errors
    /// [`StoreError`]: nothing was taken, as far as is known; a retry with the same key finds out.
    pub async fn call_reserve(&self, mut call: Call, with: &Reservation<'_>) -> Result<Reserved, StoreError> {
        const OPERATION: &str = "call_reserve";
        // Most numbers that an application calls are called again; whoever dials new ones pays for the second try.
        let mut known = true;
        let mut retry = 0;
        let mut free = self.slots_free(SlotPool::Calls(&call.tenant), with.limit).await?;
        loop {
            // Whoever arrives at the same moment sees the same free slots; a random pick keeps them apart.
            let Some(slot) = crate::sessions::pick(&free) else { return self.full_or_replay(with.key).await };
            let lease_until = call.deadline_at.plus(SLOT_GRACE);
            call.hold_slot(slot, lease_until, call.created_at);
            let more = self.reservation_parts(&call, with, known)?;
            match self.call_write_with(call.clone(), &CallWrite::default(), more).await? {
                Written::Done(call) => return Ok(Reserved::Now(call)),
                Written::Refused(Part::Key) => return self.key_taken(OPERATION, with.key, call.id).await,
                Written::Refused(Part::NotKnown) => known = false,
                Written::Refused(Part::NotNew) => known = true,
                Written::Refused(Part::ToNumber) => return Ok(Reserved::Refused(PolicyRefusal::DestinationCap)),
                Written::Refused(Part::IntoRange) => return Ok(Reserved::Refused(PolicyRefusal::RangeCap)),
                Written::Refused(Part::ToNew) => return Ok(Reserved::Refused(PolicyRefusal::NewDestinations)),
                Written::Refused(Part::TenantSpend) => return Ok(Reserved::Refused(PolicyRefusal::TenantSpend)),
                Written::Refused(Part::KeySpend) => return Ok(Reserved::Refused(PolicyRefusal::KeySpend)),
                Written::Refused(Part::Slot) if retry < MAX_RETRIES => {
                    pause_before_retry(retry).await;
                    retry += 1;
                    free = self.slots_free(SlotPool::Calls(&call.tenant), with.limit).await?;
                }
                Written::Refused(_) => return Err(StoreError::Contended { operation: OPERATION }),
            }
        }
    }

    /// A key that has its call already is answered with it, even while every slot is held (very likely by that call).
    async fn full_or_replay(&self, key: Option<CallKey<'_>>) -> Result<Reserved, StoreError> {
        let Some(key) = key else { return Ok(Reserved::Full) };
        Ok(match self.call_of_key(key).await? {
            Some((call, true)) => Reserved::Before(call),
            Some((call, false)) => Reserved::Mismatch(call),
            None => Reserved::Full,
        })
    }

    async fn key_taken(
        &self,
        operation: &'static str,
        key: Option<CallKey<'_>>,
        own: CallId,
    ) -> Result<Reserved, StoreError> {
        let key = key.ok_or(StoreError::Contended { operation })?;
        match self.call_of_key(key).await? {
            // Our own write, whose answer was lost: it is ours to dial.
            Some((call, true)) if call == own => match self.call_fetch_any(own).await? {
                Some(call) => Ok(Reserved::Now(Box::new(call))),
                None => Err(StoreError::Contended { operation }),
            },
            Some((call, true)) => Ok(Reserved::Before(call)),
            Some((call, false)) => Ok(Reserved::Mismatch(call)),
            None => Err(StoreError::Contended { operation }),
        }
    }

    fn reservation_parts(&self, call: &Call, with: &Reservation<'_>, known: bool) -> Result<Parts, StoreError> {
        let mut parts = Parts::new();
        if let Some(key) = with.key {
            parts.push((Part::Key, self.key_put(key, call)?));
        }
        parts.extend(self.count_parts(call, &with.counts, known)?);
        parts.extend(self.hold_parts(call, with.counts.policy)?);
        Ok(parts)
    }

    fn key_put(&self, key: CallKey<'_>, call: &Call) -> Result<TransactWriteItem, StoreError> {
        const OPERATION: &str = "call_key_put";
        let row = KeyRow {
            fingerprint: key.fingerprint.to_owned(),
            call: call.id,
            ttl: ttl_secs(call.created_at.plus(CALL_RETENTION)),
        };
        let put = Put::builder()
            .table_name(&self.table)
            .set_item(Some(to_item(OPERATION, &call_key(key), &row)?))
            .condition_expression("attribute_not_exists(pk)")
            .return_values_on_condition_check_failure(SHOW_OBSTACLE)
            .build();
        built(OPERATION, put)
    }

    /// What the caps count. A cap that is off is not counted.
    fn count_parts(&self, call: &Call, counts: &DialCounts<'_>, known: bool) -> Result<Parts, StoreError> {
        let Some(to) = counts.to else { return Ok(Parts::new()) };
        let (policy, tenant, at) = (counts.policy, &call.tenant, call.created_at);
        let mut parts = Parts::new();
        if let Some(cap) = policy.per_destination_per_day {
            let key = Key::dials_to(tenant, to, &day_of(at));
            parts.push((Part::ToNumber, self.count_up(&key, cap, ttl_secs(at.plus(DAY_KEPT)))?));
        }
        if let Some(cap) = policy.per_range_per_hour {
            let key = Key::dials_into(tenant, &number_range(to), &hour_of(at));
            parts.push((Part::IntoRange, self.count_up(&key, cap, ttl_secs(at.plus(DAY_KEPT)))?));
        }
        if let Some(cap) = policy.new_destinations_per_hour {
            if known {
                parts.push((Part::NotKnown, self.destination_check(tenant, to)?));
            } else {
                let key = Key::dials_to_new(tenant, &hour_of(at));
                parts.push((Part::ToNew, self.count_up(&key, cap, ttl_secs(at.plus(DAY_KEPT)))?));
                parts.push((Part::NotNew, self.destination_put(tenant, to, ttl_secs(at.plus(DESTINATION_KEPT)))?));
            }
        }
        Ok(parts)
    }

    /// The write that counts one more below a cap.
    fn count_up(&self, key: &Key, cap: u32, ttl: i64) -> Result<TransactWriteItem, StoreError> {
        let update = Update::builder()
            .table_name(&self.table)
            .set_key(Some(key.attributes()))
            .update_expression("ADD used :one SET #ttl = :ttl")
            .condition_expression("attribute_not_exists(used) OR used < :cap")
            .expression_attribute_names("#ttl", "ttl")
            .expression_attribute_values(":one", number(1))
            .expression_attribute_values(":cap", number(cap))
            .expression_attribute_values(":ttl", number(ttl))
            .build();
        built("dials_count", update)
    }

    fn destination_check(&self, tenant: &TenantId, to: &PhoneNumber) -> Result<TransactWriteItem, StoreError> {
        let check = ConditionCheck::builder()
            .table_name(&self.table)
            .set_key(Some(Key::destination(tenant, to).attributes()))
            .condition_expression("#ttl > :now")
            .expression_attribute_names("#ttl", "ttl")
            .expression_attribute_values(":now", number(self.now().epoch_secs()))
            .build();
        built("destination_check", check)
    }

    fn destination_put(&self, tenant: &TenantId, to: &PhoneNumber, ttl: i64) -> Result<TransactWriteItem, StoreError> {
        const OPERATION: &str = "destination_put";
        #[derive(Serialize)]
        struct DestinationRow {
            ttl: i64,
        }
        let put = Put::builder()
            .table_name(&self.table)
            .set_item(Some(to_item(OPERATION, &Key::destination(tenant, to), &DestinationRow { ttl })?))
            .condition_expression("attribute_not_exists(pk) OR #ttl <= :now")
            .expression_attribute_names("#ttl", "ttl")
            .expression_attribute_values(":now", number(self.now().epoch_secs()))
            .build();
        built(OPERATION, put)
    }

    /// Holds the money back that the call may cost.
    fn hold_parts(&self, call: &Call, policy: &DialPolicy) -> Result<Parts, StoreError> {
        let Some(spend) = &call.spend else { return Ok(Parts::new()) };
        let holds = [
            (Part::TenantSpend, Key::spend(&call.tenant, &spend.day), policy.daily_spend.get()),
            (
                Part::KeySpend,
                Key::spend_of_key(&call.tenant, &spend.day, &spend.principal),
                policy.daily_spend_per_key.get(),
            ),
        ];
        let hold = |(part, key, most): (Part, Key, i64)| {
            let update = Update::builder()
                .table_name(&self.table)
                .set_key(Some(key.attributes()))
                .update_expression("ADD micros :held SET #ttl = :ttl")
                .condition_expression("(attribute_not_exists(micros) AND :held <= :most) OR micros <= :room")
                .expression_attribute_names("#ttl", "ttl")
                .expression_attribute_values(":held", number(spend.held))
                .expression_attribute_values(":most", number(most))
                .expression_attribute_values(":room", number(most.saturating_sub(spend.held)))
                .expression_attribute_values(":ttl", number(ttl_secs(call.created_at.plus(SPEND_KEPT))))
                .build();
            Ok((part, built("spend_hold", update)?))
        };
        holds.into_iter().map(hold).collect()
    }

    /// What a tenant, or one key of it, has spent on a day (UTC, as `2026-11-20`), in millionths, holds included.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn spend_of_day(&self, tenant: &TenantId, day: &str, principal: Option<&str>) -> Result<i64, StoreError> {
        let key = match principal {
            Some(principal) => Key::spend_of_key(tenant, day, principal),
            None => Key::spend(tenant, day),
        };
        let found = self.fetch("spend_of_day", &key).await?;
        Ok(found.as_ref().and_then(|item| item.get("micros")).and_then(read_number).unwrap_or(0))
    }

    /// How many slots of a tenant's calls are free below `limit`. For a look before a call; placing looks for itself.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn call_slots_free(&self, tenant: &TenantId, limit: u32) -> Result<usize, StoreError> {
        Ok(self.slots_free(SlotPool::Calls(tenant), limit).await?.len())
    }
}

fn read_number(value: &AttributeValue) -> Option<i64> {
    value.as_n().ok()?.parse().ok()
}

fn call_key(key: CallKey<'_>) -> Key {
    Key::idempotency(key.scope.tenant, key.scope.principal, key.scope.route, key.scope.key)
}
