//! One change of a call, and everything that follows from it, in one transaction.

use aws_sdk_dynamodb::types::{ConditionCheck, Delete, Put, TransactWriteItem, Update};
use serde::Serialize;
use switchboard_core::{Alarm, AlarmKind, Call, Entry, Transcript};

use super::{CALL_RETENTION, CallRow, Reference, Waiting, day_of, shard_of};
use crate::item::{number, to_item};
use crate::schema::Key;
use crate::slots::{SlotPlace, SlotPool};
use crate::store::ttl_secs;
use crate::transaction::{Outcome, built};
use crate::{Delivery, Hook, Store, StoreError};

/// Bytes of a transcript in one item. Far below an item's 400 KB, so that a page of a query (1 MB) holds several.
const TRANSCRIPT_PART: usize = 200 * 1024;

/// A change of a call.
#[derive(Debug, Default)]
pub struct CallWrite<'a> {
    /// The call as it was read; `None` to write a new one.
    pub before: Option<&'a Call>,
    /// What is said in the timeline.
    pub entries: Vec<Entry>,
    /// The transcript that counts from now on.
    pub transcript: Option<&'a Transcript>,
    /// The delivery that caused it; kept with it or not at all.
    pub delivery: Option<&'a Delivery<'a>>,
    /// Providers' names that stand for this call from now on.
    pub references: Vec<Reference>,
    /// What was waiting under such a name and is applied by this change.
    pub drained: Option<&'a Waiting>,
    /// Webhook addresses made for this call alone.
    pub hooks: Vec<Hook>,
}

/// Which part of a transaction stood in its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// The idempotency key has a call already.
    Key,
    /// The delivery has been kept before.
    Delivery,
    /// Somebody else has changed the call since it was read.
    Call,
    /// What was waiting has been applied by somebody else.
    Waiting,
    /// The provider's name stands for another call.
    Reference,
    /// Somebody else took the slot.
    Slot,
    /// The slot that is given back is not this call's any more.
    SlotGone,
    /// The number has been called as often as it may be in a day.
    ToNumber,
    /// The range of numbers has been called as often as it may be in an hour.
    IntoRange,
    /// As many new numbers as may be have been called in this hour.
    ToNew,
    /// The number is not new after all.
    NotNew,
    /// The number has never been called after all.
    NotKnown,
    /// The tenant's money for the day is used up.
    TenantSpend,
    /// The key's money for the day is used up.
    KeySpend,
    /// The person's slot that is given back is not this call's any more.
    UserSlotGone,
    /// The person's minutes of realtime calls are used up.
    UserMinutes,
    /// The tenant's are.
    TenantMinutes,
    /// Anything that has no condition.
    Free,
}

/// How writing a change went.
#[derive(Debug)]
pub enum Written {
    /// It is written; the call with its new version.
    Done(Box<Call>),
    /// It is not, because of this.
    Refused(Part),
}

/// Writes, each with its part.
pub(super) type Parts = Vec<(Part, TransactWriteItem)>;

impl Store {
    /// Writes a change of a call and what follows from it. `after` is what the call is to be; its version is set here.
    ///
    /// # Errors
    /// [`StoreError`]: nothing was written, as far as is known.
    pub async fn call_write(&self, after: Call, write: &CallWrite<'_>) -> Result<Written, StoreError> {
        self.call_write_with(after, write, Vec::new()).await
    }

    pub(super) async fn call_write_with(
        &self,
        mut after: Call,
        write: &CallWrite<'_>,
        more: Parts,
    ) -> Result<Written, StoreError> {
        const OPERATION: &str = "call_write";
        after.version = write.before.map_or(0, |before| before.version) + 1;
        let mut parts = self.parts_of(&after, write)?;
        parts.extend(more);
        loop {
            let writes: Vec<TransactWriteItem> = parts.iter().map(|(_, write)| write.clone()).collect();
            let outcome = self.transact(OPERATION, &writes).await?;
            if matches!(outcome, Outcome::Done) {
                return Ok(Written::Done(Box::new(after)));
            }
            let refused = parts.iter().enumerate().filter(|(at, _)| outcome.condition_failed(*at));
            let refused = refused.map(|(_, (part, _))| *part).min().unwrap_or(Part::Call);
            if !matches!(refused, Part::SlotGone | Part::UserSlotGone) {
                return Ok(Written::Refused(refused));
            }
            // The lease had passed and somebody else has the slot: there is nothing to give back, and the change stands.
            parts.retain(|(part, _)| *part != refused);
        }
    }

    fn parts_of(&self, after: &Call, write: &CallWrite<'_>) -> Result<Parts, StoreError> {
        let mut parts = vec![(Part::Call, self.call_put(after, write.before)?)];
        if let Some(delivery) = write.delivery {
            parts.push((Part::Delivery, self.delivery_put(delivery, write.entries.iter().any(|entry| entry.applied))?));
        }
        for entry in &write.entries {
            parts.push((Part::Free, self.entry_put(after, entry)?));
        }
        if let Some(transcript) = write.transcript {
            parts.extend(self.transcript_puts(after, transcript)?.into_iter().map(|put| (Part::Free, put)));
        }
        for reference in &write.references {
            parts.push((Part::Reference, self.reference_put(after, reference)?));
        }
        if let Some(waiting) = write.drained {
            parts.push((Part::Waiting, self.waiting_delete(waiting)?));
        }
        for hook in &write.hooks {
            parts.push((Part::Free, self.hook_put(hook)?));
        }
        parts.extend(self.open_leg_parts(after, write.before)?);
        parts.extend(self.slot_parts(after, write.before)?);
        parts.extend(self.user_slot_parts(after, write.before)?);
        parts.extend(self.minutes_give_back(after, write.before)?);
        parts.extend(self.figure_parts(after, write.before)?);
        parts.extend(self.spend_parts(after, write.before)?);
        parts.extend(self.alarm_parts(after, write.before)?);
        Ok(parts)
    }

    fn call_put(&self, after: &Call, before: Option<&Call>) -> Result<TransactWriteItem, StoreError> {
        const OPERATION: &str = "call_write";
        let put = Put::builder().table_name(&self.table).set_item(Some(CallRow::item(OPERATION, after)?));
        let put = match before {
            None => put.condition_expression("attribute_not_exists(pk)"),
            Some(before) => put
                .condition_expression("version = :version")
                .expression_attribute_values(":version", number(before.version)),
        };
        built(OPERATION, put.build())
    }

    pub(super) fn entry_put(&self, call: &Call, entry: &Entry) -> Result<TransactWriteItem, StoreError> {
        const OPERATION: &str = "call_entry_put";
        #[derive(Serialize)]
        struct EntryRow<'a> {
            #[serde(flatten)]
            entry: &'a Entry,
            ttl: i64,
        }
        let row = EntryRow { entry, ttl: ttl_secs(call.created_at.plus(CALL_RETENTION)) };
        let item = to_item(OPERATION, &Key::call_entry(call.id, entry.event_id), &row)?;
        built(OPERATION, Put::builder().table_name(&self.table).set_item(Some(item)).build())
    }

    /// Transcripts are named by their content, so that writing one twice is writing it once.
    fn transcript_puts(&self, call: &Call, transcript: &Transcript) -> Result<Vec<TransactWriteItem>, StoreError> {
        const OPERATION: &str = "transcript_put";
        #[derive(Serialize)]
        struct PartRow<'a> {
            turns: &'a str,
            ttl: i64,
        }
        let fingerprint = transcript.outline().fingerprint;
        let ttl = ttl_secs(call.created_at.plus(CALL_RETENTION));
        super::read::transcript_parts(OPERATION, transcript, TRANSCRIPT_PART)?
            .iter()
            .enumerate()
            .map(|(at, turns)| {
                let item = to_item(OPERATION, &Key::transcript(call.id, &fingerprint, at), &PartRow { turns, ttl })?;
                built(OPERATION, Put::builder().table_name(&self.table).set_item(Some(item)).build())
            })
            .collect()
    }

    /// The slot follows the call: taken, kept for longer, given back.
    fn slot_parts(&self, after: &Call, before: Option<&Call>) -> Result<Parts, StoreError> {
        let old = before.and_then(|call| call.slot.as_ref());
        let pool = match &after.lease {
            Some(_) => SlotPool::Realtime(&after.tenant),
            None => SlotPool::Calls(&after.tenant),
        };
        let holder = after.id.to_string();
        let place = |number: Option<u32>| number.map_or(SlotPlace::Beyond(&holder), SlotPlace::Numbered);
        Ok(match (old, after.slot.as_ref()) {
            (None, Some(slot)) => {
                vec![(Part::Slot, self.slot_take(pool, place(slot.number), &holder, slot.lease_until)?)]
            }
            (Some(old), Some(slot)) if old != slot => {
                vec![(Part::SlotGone, self.slot_extend(pool, place(slot.number), &holder, slot.lease_until)?)]
            }
            (Some(old), None) => vec![(Part::SlotGone, self.slot_free(pool, place(old.number), &holder)?)],
            (Some(_), Some(_)) | (None, None) => Vec::new(),
        })
    }

    /// What the change adds to the tenant's figures.
    fn figure_parts(&self, after: &Call, before: Option<&Call>) -> Result<Parts, StoreError> {
        const OPERATION: &str = "figures_add";
        let old = before.map(Call::contribution).unwrap_or_default();
        let (day, shard) = (day_of(after.created_at), shard_of(after));
        let parts = after.contribution().since(&old).into_iter().map(|part| {
            let provider = part.provider.map_or("none", |provider| provider.as_str());
            let mut update = Update::builder()
                .table_name(&self.table)
                .set_key(Some(Key::figures(&after.tenant, &day, provider, shard).attributes()))
                .expression_attribute_names("#ttl", "ttl")
                .expression_attribute_values(":ttl", number(ttl_secs(after.created_at.plus(CALL_RETENTION))));
            let mut adds = Vec::new();
            for (at, (name, count)) in part.counts.iter().enumerate() {
                adds.push(format!("#n{at} :v{at}"));
                update = update
                    .expression_attribute_names(format!("#n{at}"), name)
                    .expression_attribute_values(format!(":v{at}"), number(count));
            }
            let update = update.update_expression(format!("SET #ttl = :ttl ADD {}", adds.join(", ")));
            Ok((Part::Free, built(OPERATION, update.build())?))
        });
        parts.collect()
    }

    /// What the change gives back of the day's money, or takes of it.
    fn spend_parts(&self, after: &Call, before: Option<&Call>) -> Result<Parts, StoreError> {
        const OPERATION: &str = "spend_correct";
        // Holding money back for a new call is the reservation's, which has a condition.
        let (Some(spend), Some(old)) = (&after.spend, before.and_then(|call| call.spend.as_ref())) else {
            return Ok(Vec::new());
        };
        let change = spend.counted.saturating_sub(old.counted);
        if change == 0 {
            return Ok(Vec::new());
        }
        [Key::spend(&after.tenant, &spend.day), Key::spend_of_key(&after.tenant, &spend.day, &spend.principal)]
            .into_iter()
            .map(|key| {
                let update = Update::builder()
                    .table_name(&self.table)
                    .set_key(Some(key.attributes()))
                    .update_expression("ADD micros :change")
                    .expression_attribute_values(":change", number(change))
                    .build();
                Ok((Part::Free, built(OPERATION, update)?))
            })
            .collect()
    }

    /// Alarms that begin or are over with this change.
    fn alarm_parts(&self, after: &Call, before: Option<&Call>) -> Result<Parts, StoreError> {
        let none = std::collections::BTreeMap::new();
        let old = before.map_or(&none, |call| &call.alarms);
        let alarm = |kind: AlarmKind, open: &switchboard_core::OpenAlarm, closed| Alarm {
            id: open.id,
            tenant: after.tenant.clone(),
            kind,
            call: Some(after.id),
            since: open.since,
            reason: open.reason.clone(),
            closed_at: closed,
        };
        let begun = after
            .alarms
            .iter()
            .filter(|(kind, _)| !old.contains_key(kind))
            .map(|(kind, open)| alarm(*kind, open, None));
        let over = old
            .iter()
            .filter(|(kind, _)| !after.alarms.contains_key(kind))
            .map(|(kind, open)| alarm(*kind, open, Some(self.now())));
        begun.chain(over).map(|alarm| Ok((Part::Free, self.alarm_put(&alarm)?))).collect()
    }

    fn waiting_delete(&self, waiting: &Waiting) -> Result<TransactWriteItem, StoreError> {
        let delete = Delete::builder()
            .table_name(&self.table)
            .set_key(Some(waiting.key().attributes()))
            .condition_expression("attribute_exists(pk)")
            .build();
        built("waiting_delete", delete)
    }

    /// The condition that an item is not there.
    pub(super) fn absent(&self, operation: &'static str, key: &Key) -> Result<TransactWriteItem, StoreError> {
        let check = ConditionCheck::builder()
            .table_name(&self.table)
            .set_key(Some(key.attributes()))
            .condition_expression("attribute_not_exists(pk)")
            .build();
        built(operation, check)
    }
}
