//! Realtime calls: how many of them, how many minutes, and how many raw credentials a person and a tenant may have, counted in the
//! transaction that takes them.

use std::time::Duration;

use aws_sdk_dynamodb::types::Update;
use switchboard_core::{Call, Lease, NotRenewed, TenantId};

use super::reserve::SLOT_GRACE;
use super::write::Parts;
use super::{CallWrite, Part, Written, day_of};
use crate::error::applied;
use crate::item::number;
use crate::schema::Key;
use crate::slots::{SlotPlace, SlotPool};
use crate::store::{MAX_RETRIES, pause_before_retry, ttl_secs};
use crate::transaction::built;
use crate::{Store, StoreError};

/// How long counts of a day are kept after it has begun.
const DAY_KEPT: Duration = Duration::from_secs(3 * 24 * 60 * 60);

/// What a person, and all persons of a tenant together, may have.
#[derive(Clone, Copy, Debug)]
pub struct RealtimeQuota {
    /// Calls at once, of one person.
    pub calls_per_user: u32,
    /// Calls at once, of the tenant.
    pub calls_per_tenant: u32,
    /// Seconds in a day (UTC), of one person.
    pub secs_per_user: u32,
    /// Seconds in a day, of the tenant.
    pub secs_per_tenant: u32,
}

/// How writing a realtime call down went.
#[derive(Debug)]
pub enum RealtimeReserved {
    /// It is written; nobody else may hand its offer on.
    Now(Box<Call>),
    /// It would be one too many.
    Refused(RealtimeRefusal),
}

/// Which quota is used up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RealtimeRefusal {
    /// The person has as many calls as may be at once.
    UserCalls,
    /// The tenant has.
    TenantCalls,
    /// The person's minutes of the day are used up.
    UserMinutes,
    /// The tenant's are.
    TenantMinutes,
}

/// How renewing a lease went.
#[derive(Debug)]
pub enum Renewed {
    /// It is renewed.
    Done(Box<Call>),
    /// It cannot be.
    Not(NotRenewed),
    /// No minutes are left.
    Refused(RealtimeRefusal),
}

impl Store {
    /// Writes a realtime call down with its lease. The slots, the person's and the tenant's, are chosen here.
    ///
    /// # Errors
    /// [`StoreError`]: nothing was taken, as far as is known.
    pub async fn realtime_reserve(
        &self,
        mut call: Call,
        quota: &RealtimeQuota,
    ) -> Result<RealtimeReserved, StoreError> {
        const OPERATION: &str = "realtime_reserve";
        for retry in 0..=MAX_RETRIES {
            let tenant_free = self.slots_free(SlotPool::Realtime(&call.tenant), quota.calls_per_tenant).await?;
            let Some(slot) = crate::sessions::pick(&tenant_free) else {
                return Ok(RealtimeReserved::Refused(RealtimeRefusal::TenantCalls));
            };
            let Some(user) = call.lease.as_ref().map(|lease| lease.user.clone()) else { break };
            let user_free = self.slots_free(SlotPool::RealtimeUser(&call.tenant, &user), quota.calls_per_user).await?;
            let Some(user_slot) = crate::sessions::pick(&user_free) else {
                return Ok(RealtimeReserved::Refused(RealtimeRefusal::UserCalls));
            };
            call.hold_slot(slot, call.deadline_at.plus(SLOT_GRACE), call.created_at);
            if let Some(lease) = &mut call.lease {
                lease.slot = user_slot;
            }
            let secs = call.lease.as_ref().map_or(0, |lease| lease.counted_secs);
            let minutes = self.minutes_take(&call, secs, quota)?;
            match self.call_write_with(call.clone(), &CallWrite::default(), minutes).await {
                Ok(Written::Done(call)) => return Ok(RealtimeReserved::Now(call)),
                Ok(Written::Refused(Part::UserMinutes)) => {
                    return Ok(RealtimeReserved::Refused(RealtimeRefusal::UserMinutes));
                }
                Ok(Written::Refused(Part::TenantMinutes)) => {
                    return Ok(RealtimeReserved::Refused(RealtimeRefusal::TenantMinutes));
                }
                Ok(Written::Refused(_)) | Err(StoreError::Contended { .. }) => pause_before_retry(retry).await,
                Err(error) => return Err(error),
            }
        }
        Err(StoreError::Contended { operation: OPERATION })
    }

    /// Renews the lease of a call for the holder of the secret of `generation`.
    ///
    /// # Errors
    /// [`StoreError`]: it may have been renewed, if the answer was lost.
    pub async fn realtime_renew(
        &self,
        mut call: Call,
        generation: u32,
        quota: &RealtimeQuota,
    ) -> Result<Renewed, StoreError> {
        const OPERATION: &str = "realtime_renew";
        let id = call.id;
        for retry in 0..=MAX_RETRIES {
            let mut after = call.clone();
            if let Err(refused) = after.renew_lease(generation, self.now()) {
                return Ok(Renewed::Not(refused));
            }
            let counted = |call: &Call| call.lease.as_ref().map_or(0, |lease| lease.counted_secs);
            let minutes = self.minutes_take(&after, counted(&after).saturating_sub(counted(&call)), quota)?;
            let write = CallWrite { before: Some(&call), ..CallWrite::default() };
            match self.call_write_with(after, &write, minutes).await {
                Ok(Written::Done(call)) => return Ok(Renewed::Done(call)),
                Ok(Written::Refused(Part::UserMinutes)) => return Ok(Renewed::Refused(RealtimeRefusal::UserMinutes)),
                Ok(Written::Refused(Part::TenantMinutes)) => {
                    return Ok(Renewed::Refused(RealtimeRefusal::TenantMinutes));
                }
                Ok(Written::Refused(_)) | Err(StoreError::Contended { .. }) => pause_before_retry(retry).await,
                Err(error) => return Err(error),
            }
            match self.call_fetch_any(id).await? {
                Some(read) => call = read,
                None => return Ok(Renewed::Not(NotRenewed::Ended)),
            }
        }
        Err(StoreError::Contended { operation: OPERATION })
    }

    /// Seconds of realtime calls that count for a day (UTC, as `2026-11-20`): a person's, or all of a tenant's.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn realtime_secs(&self, tenant: &TenantId, day: &str, user: Option<&str>) -> Result<u32, StoreError> {
        let found = self.fetch("realtime_secs", &Key::realtime_minutes(tenant, day, user)).await?;
        let secs = found.as_ref().and_then(|item| item.get("secs")).and_then(|value| value.as_n().ok());
        Ok(secs.and_then(|secs| secs.parse().ok()).unwrap_or(0))
    }

    /// Counts one more raw credential of a person today, unless that would be more than `most`. Answers whether it may be made.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn realtime_token_take(&self, tenant: &TenantId, user: &str, most: u32) -> Result<bool, StoreError> {
        const OPERATION: &str = "realtime_token_take";
        let now = self.now();
        let sent = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(Key::realtime_tokens(tenant, &day_of(now), user).attributes()))
            .update_expression("ADD used :one SET #ttl = :ttl")
            .condition_expression("attribute_not_exists(used) OR used < :most")
            .expression_attribute_names("#ttl", "ttl")
            .expression_attribute_values(":one", number(1))
            .expression_attribute_values(":most", number(most))
            .expression_attribute_values(":ttl", number(ttl_secs(now.plus(DAY_KEPT))))
            .send()
            .await;
        applied(OPERATION, sent)
    }

    /// Gives a count back for a credential that was certainly not made.
    ///
    /// # Errors
    /// [`StoreError`]; then it counts.
    pub async fn realtime_token_give_back(&self, tenant: &TenantId, user: &str) -> Result<(), StoreError> {
        const OPERATION: &str = "realtime_token_give_back";
        let sent = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(Key::realtime_tokens(tenant, &day_of(self.now()), user).attributes()))
            .update_expression("ADD used :less")
            .condition_expression("used > :none")
            .expression_attribute_values(":less", number(-1))
            .expression_attribute_values(":none", number(0))
            .send()
            .await;
        applied(OPERATION, sent).map(drop)
    }

    /// The writes that take so many seconds of the day, as long as there are so many left.
    fn minutes_take(&self, call: &Call, secs: u32, quota: &RealtimeQuota) -> Result<Parts, StoreError> {
        let Some(lease) = call.lease.as_ref().filter(|_| secs > 0) else { return Ok(Parts::new()) };
        let takes = [
            (Part::UserMinutes, Some(lease.user.as_str()), quota.secs_per_user),
            (Part::TenantMinutes, None, quota.secs_per_tenant),
        ];
        let take = |(part, user, most): (Part, Option<&str>, u32)| {
            let update = Update::builder()
                .table_name(&self.table)
                .set_key(Some(Key::realtime_minutes(&call.tenant, &lease.day, user).attributes()))
                .update_expression("ADD secs :more SET #ttl = :ttl")
                .condition_expression("(attribute_not_exists(secs) AND :more <= :most) OR secs <= :room")
                .expression_attribute_names("#ttl", "ttl")
                .expression_attribute_values(":more", number(secs))
                .expression_attribute_values(":most", number(most))
                .expression_attribute_values(":room", number(i64::from(most) - i64::from(secs)))
                .expression_attribute_values(":ttl", number(ttl_secs(call.created_at.plus(DAY_KEPT))))
                .build();
            Ok((part, built("realtime_minutes_take", update)?))
        };
        takes.into_iter().map(take).collect()
    }

    /// What a change gives back of the day's seconds.
    pub(super) fn minutes_give_back(&self, after: &Call, before: Option<&Call>) -> Result<Parts, StoreError> {
        let old = before.and_then(|call| call.lease.as_ref());
        let (Some(lease), Some(old)) = (&after.lease, old) else { return Ok(Parts::new()) };
        let less = old.counted_secs.saturating_sub(lease.counted_secs);
        if less == 0 {
            return Ok(Parts::new());
        }
        [Some(lease.user.as_str()), None]
            .into_iter()
            .map(|user| {
                let update = Update::builder()
                    .table_name(&self.table)
                    .set_key(Some(Key::realtime_minutes(&after.tenant, &lease.day, user).attributes()))
                    .update_expression("ADD secs :less")
                    .expression_attribute_values(":less", number(-i64::from(less)))
                    .build();
                Ok((Part::Free, built("realtime_minutes_give_back", update)?))
            })
            .collect()
    }

    /// The person's slot follows the tenant's: taken with it, kept for as long, given back with it.
    pub(super) fn user_slot_parts(&self, after: &Call, before: Option<&Call>) -> Result<Parts, StoreError> {
        let Some(lease) = &after.lease else { return Ok(Parts::new()) };
        let Lease { user, slot, .. } = lease;
        let (pool, holder) = (SlotPool::RealtimeUser(&after.tenant, user), after.id.to_string());
        let place = |number: Option<u32>| number.map_or(SlotPlace::Beyond(&holder), |_| SlotPlace::Numbered(*slot));
        let old = before.and_then(|call| call.slot.as_ref());
        Ok(match (old, after.slot.as_ref()) {
            (None, Some(held)) => {
                vec![(Part::Slot, self.slot_take(pool, place(held.number), &holder, held.lease_until)?)]
            }
            (Some(old), Some(held)) if old != held => {
                vec![(Part::UserSlotGone, self.slot_extend(pool, place(held.number), &holder, held.lease_until)?)]
            }
            (Some(old), None) => vec![(Part::UserSlotGone, self.slot_free(pool, place(old.number), &holder)?)],
            (Some(_), Some(_)) | (None, None) => Parts::new(),
        })
    }
}
