//! Webhook URLs of senders that cannot sign: what each is for, and whether it still holds.
//!
//! The URL itself is never kept: its token is made from the row (id, sender, purpose, generation) and a key that the table does
//! not have. A rotation counts the generation up, so that the earlier URL is worth nothing.

use std::time::Duration;

use aws_sdk_dynamodb::types::{Put, ReturnValue, TransactWriteItem};
use serde::{Deserialize, Serialize};
use switchboard_core::{CallId, HookId, LegId, TenantId, Timestamp};

use crate::error::applied;
use crate::item::{self, millis, number, text, time, to_item};
use crate::schema::{GSI1, Key, hooks_of};
use crate::store::{RETENTION, ttl_secs};
use crate::transaction::built;
use crate::{Store, StoreError};

/// How long a call's webhook URL can be told from one that never was, after it has ended.
const EXPLAINED_FOR: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// What the URLs that operators make are for: everything about calls that a provider reports to one address.
const CALLS: &str = "calls";
/// What the URL of a single call is for.
const CALL: &str = "call";

/// A webhook URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hook {
    /// Its name.
    pub id: HookId,
    /// Whose it is.
    pub tenant: TenantId,
    /// Who may deliver there: the word behind `/webhooks/`.
    pub sender: String,
    /// What for; part of what the token proves.
    pub purpose: String,
    /// The one call that it is for, if it is for one.
    pub call: Option<CallId>,
    /// The attempt of that call.
    pub leg: Option<LegId>,
    /// How often it was rotated, from 1.
    pub generation: u32,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was taken back, if it was.
    pub revoked_at: Option<Timestamp>,
    /// When it stops holding by itself, if it does.
    pub expires_at: Option<Timestamp>,
}

/// Whether a webhook URL holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HookStanding {
    /// It does.
    Live,
    /// It was taken back.
    Revoked,
    /// Its time is over.
    Expired,
}

/// One page of a tenant's webhook URLs, newest first.
#[derive(Debug)]
pub struct HookPage {
    /// The URLs' rows.
    pub hooks: Vec<Hook>,
    /// The position behind the last one, if there may be more.
    pub next: Option<String>,
}

impl Hook {
    /// A URL for everything that a sender reports about calls.
    #[must_use]
    pub fn of_account(tenant: TenantId, sender: impl Into<String>, now: Timestamp) -> Self {
        Self {
            id: HookId::generate(now),
            tenant,
            sender: sender.into(),
            purpose: CALLS.to_owned(),
            call: None,
            leg: None,
            generation: 1,
            created_at: now,
            revoked_at: None,
            expires_at: None,
        }
    }

    /// A URL for one attempt of one call, until `expires_at`.
    #[must_use]
    pub fn of_call(
        tenant: TenantId,
        sender: impl Into<String>,
        (call, leg): (CallId, LegId),
        expires_at: Timestamp,
        now: Timestamp,
    ) -> Self {
        Self {
            purpose: CALL.to_owned(),
            call: Some(call),
            leg: Some(leg),
            expires_at: Some(expires_at),
            ..Self::of_account(tenant, sender, now)
        }
    }

    /// Whether it holds at `now`.
    #[must_use]
    pub fn standing(&self, now: Timestamp) -> HookStanding {
        if self.revoked_at.is_some() {
            HookStanding::Revoked
        } else if self.expires_at.is_some_and(|expires_at| expires_at <= now) {
            HookStanding::Expired
        } else {
            HookStanding::Live
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct HookRow {
    id: HookId,
    tenant: TenantId,
    sender: String,
    purpose: String,
    call: Option<CallId>,
    leg: Option<LegId>,
    generation: u32,
    #[serde(with = "millis")]
    created_at: Timestamp,
    #[serde(default, with = "millis::optional")]
    revoked_at: Option<Timestamp>,
    #[serde(default, with = "millis::optional")]
    expires_at: Option<Timestamp>,
    ttl: Option<i64>,
    gsi1pk: Option<String>,
    gsi1sk: Option<String>,
}

impl HookRow {
    fn from_hook(hook: &Hook) -> Self {
        // As many hooks as there are calls would only hide those that an operator made.
        let listed = hook.call.is_none();
        Self {
            id: hook.id,
            tenant: hook.tenant.clone(),
            sender: hook.sender.clone(),
            purpose: hook.purpose.clone(),
            call: hook.call,
            leg: hook.leg,
            generation: hook.generation,
            created_at: hook.created_at,
            revoked_at: hook.revoked_at,
            expires_at: hook.expires_at,
            ttl: hook.expires_at.map(|expires_at| ttl_secs(expires_at.plus(EXPLAINED_FOR))),
            gsi1pk: listed.then(|| hooks_of(&hook.tenant)),
            gsi1sk: listed.then(|| hook.id.to_string()),
        }
    }
}

impl From<HookRow> for Hook {
    fn from(row: HookRow) -> Self {
        Self {
            id: row.id,
            tenant: row.tenant,
            sender: row.sender,
            purpose: row.purpose,
            call: row.call,
            leg: row.leg,
            generation: row.generation,
            created_at: row.created_at,
            revoked_at: row.revoked_at,
            expires_at: row.expires_at,
        }
    }
}

impl Store {
    /// The write that keeps a new webhook URL, for a transaction.
    pub(crate) fn hook_put(&self, hook: &Hook) -> Result<TransactWriteItem, StoreError> {
        const OPERATION: &str = "hook_put";
        let put = Put::builder()
            .table_name(&self.table)
            .set_item(Some(to_item(OPERATION, &Key::hook(hook.id), &HookRow::from_hook(hook))?))
            .condition_expression("attribute_not_exists(pk)")
            .build();
        built(OPERATION, put)
    }

    /// Keeps a new webhook URL.
    ///
    /// # Errors
    /// [`StoreError`]; [`StoreError::Contended`] if there is one of this name.
    pub async fn hook_create(&self, hook: &Hook) -> Result<(), StoreError> {
        const OPERATION: &str = "hook_create";
        let outcome = self.transact(OPERATION, &[self.hook_put(hook)?]).await?;
        if outcome.condition_failed(0) { Err(StoreError::Contended { operation: OPERATION }) } else { Ok(()) }
    }

    /// A webhook URL of any tenant, whatever its standing: whoever delivers there knows no tenant.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn hook_fetch(&self, id: HookId) -> Result<Option<Hook>, StoreError> {
        Ok(self.fetch_row::<HookRow>("hook_fetch", &Key::hook(id)).await?.map(Hook::from))
    }

    /// One page of the webhook URLs that a tenant's operators made, newest first, behind `after` if it is given. One that was
    /// just made may be missing for a moment.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn hooks_list(&self, tenant: &TenantId, limit: u16, after: Option<&str>) -> Result<HookPage, StoreError> {
        const OPERATION: &str = "hooks_list";
        let partition = hooks_of(tenant);
        let start = after.and_then(HookId::parse).map(|last| {
            let mut key = Key::hook(last).attributes();
            key.insert("gsi1pk".to_owned(), text(&partition));
            key.insert("gsi1sk".to_owned(), text(last));
            key
        });
        let output = self
            .client
            .query()
            .table_name(&self.table)
            .index_name(GSI1)
            .key_condition_expression("gsi1pk = :hooks")
            .expression_attribute_values(":hooks", text(&partition))
            .scan_index_forward(false)
            .limit(i32::from(limit))
            .set_exclusive_start_key(start)
            .send()
            .await
            .map_err(|error| StoreError::from_sdk(OPERATION, error))?;
        let more = output.last_evaluated_key.is_some();
        let hooks: Vec<Hook> = output
            .items
            .unwrap_or_default()
            .into_iter()
            .map(|found| item::from_item::<HookRow>(OPERATION, found).map(Hook::from))
            .collect::<Result<_, _>>()?;
        let next = hooks.last().map(|hook| hook.id.to_string()).filter(|_| more);
        Ok(HookPage { hooks, next })
    }

    /// Counts a webhook URL's generation up, from the one that `hook` was read with. `None` if it was rotated or revoked since:
    /// then another URL is on its way to somebody, or none is wanted.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn hook_rotate(&self, hook: &Hook) -> Result<Option<Hook>, StoreError> {
        const OPERATION: &str = "hook_rotate";
        let generation = hook.generation.saturating_add(1);
        let sent = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(Key::hook(hook.id).attributes()))
            .update_expression("SET generation = :next")
            .condition_expression("tenant = :tenant AND generation = :read AND attribute_not_exists(revokedAt)")
            .expression_attribute_values(":tenant", text(&hook.tenant))
            .expression_attribute_values(":read", number(hook.generation))
            .expression_attribute_values(":next", number(generation))
            .send()
            .await;
        let rotated = applied(OPERATION, sent)?;
        Ok(rotated.then(|| Hook { generation, ..hook.clone() }))
    }

    /// Takes a webhook URL of this tenant back, for good; one that was taken back keeps its first time. `None` if the tenant has
    /// none of this name.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn hook_revoke(&self, tenant: &TenantId, id: HookId) -> Result<Option<Hook>, StoreError> {
        const OPERATION: &str = "hook_revoke";
        let now = self.now();
        let sent = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(Key::hook(id).attributes()))
            .update_expression("SET revokedAt = if_not_exists(revokedAt, :now), #ttl = if_not_exists(#ttl, :ttl)")
            .condition_expression("tenant = :tenant")
            .expression_attribute_names("#ttl", "ttl")
            .expression_attribute_values(":now", time(now))
            .expression_attribute_values(":ttl", number(ttl_secs(now.plus(RETENTION))))
            .expression_attribute_values(":tenant", text(tenant))
            .return_values(ReturnValue::AllNew)
            .send()
            .await;
        match sent {
            Ok(output) => {
                let row: HookRow = item::from_item(OPERATION, output.attributes.unwrap_or_default())?;
                Ok(Some(row.into()))
            }
            Err(error) if error.as_service_error().is_some_and(|e| e.is_conditional_check_failed_exception()) => {
                Ok(None)
            }
            Err(error) => Err(StoreError::from_sdk(OPERATION, error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hook_holds_until_it_is_revoked_or_its_time_is_over() {
        let now = Timestamp::from_epoch_secs(1_795_169_208);
        let tenant = TenantId::parse("acme").unwrap();
        let forever = Hook::of_account(tenant.clone(), "hamsa", now);
        let far = now.plus(Duration::from_secs(1_000_000_000));
        assert_eq!(forever.standing(far), HookStanding::Live);
        let ids = (CallId::generate(now), LegId::generate(now));
        let brief = Hook::of_call(tenant, "hamsa", ids, now.plus(Duration::from_secs(10)), now);
        for (secs, standing) in [(0, HookStanding::Live), (9, HookStanding::Live), (10, HookStanding::Expired)] {
            assert_eq!(brief.standing(now.plus(Duration::from_secs(secs))), standing, "after {secs} s");
        }
        let revoked = Hook { revoked_at: Some(now), ..brief };
        assert_eq!(revoked.standing(far), HookStanding::Revoked, "the operator's word comes before the clock's");
    }
}
