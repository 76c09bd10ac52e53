//! First answers: the same key does the same thing once.
//!
//! The first request with a key takes the record with a lease and a fencing id; its answer is kept 24 hours. Whoever comes
//! while it runs is told so; whoever comes with another body is refused; whoever comes after the lease of a crashed first
//! takes over. The fence keeps that first one, should it still be running, from overwriting what came after it.
//!
//! ```text
//! put ──── absent, or expired ──► Fresh
//!      ├── running, lease passed, same body ──► TakenOver
//!      └── otherwise ─ other body ─► Mismatch
//!                    ─ running ────► InProgress
//!                    ─ done ───────► Replay
//! ```

use std::time::Duration;

use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::types::ReturnValue;
use serde::{Deserialize, Serialize};
use switchboard_core::{TenantId, Timestamp};

use crate::error::applied;
use crate::item::{self, Item, millis, number, text, time, to_item};
use crate::schema::{Key, hex};
use crate::store::ttl_secs;
use crate::transaction::SHOW_OBSTACLE;
use crate::{Store, StoreError};

/// How long a first answer is kept (api: 24 h).
const KEPT_FOR: Duration = Duration::from_secs(24 * 60 * 60);

/// What an idempotency key is valid for.
#[derive(Clone, Copy, Debug)]
pub struct IdempotencyScope<'a> {
    /// The tenant.
    pub tenant: &'a TenantId,
    /// Who within the tenant, as [`Key`] material.
    pub principal: &'a str,
    /// The route, as declared.
    pub route: &'a str,
    /// The client's key.
    pub key: &'a str,
}

impl IdempotencyScope<'_> {
    fn item_key(&self) -> Key {
        Key::idempotency(self.tenant, self.principal, self.route, self.key)
    }
}

/// Proof of having been first.
#[derive(Clone, Debug)]
pub struct Fence {
    key: Key,
    id: String,
}

/// An answer as it is kept. It holds ids, never a token or a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FirstAnswer {
    /// The status.
    pub status: u16,
    /// What the answer is made from, as JSON text.
    pub body: String,
}

/// How a request with a key begins.
#[derive(Debug)]
pub enum Begun {
    /// It is the first: do it, then [`Store::idempotency_complete`] or [`Store::idempotency_release`].
    Fresh(Fence),
    /// The first one was cut off: its lease has passed and it has not answered. This one has its place now; what the first one
    /// did is not known.
    TakenOver(Fence),
    /// It was done: this was the answer.
    Replay(FirstAnswer),
    /// The first one has not finished; worth asking again after this.
    InProgress(Duration),
    /// The key was used with another body.
    Mismatch,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Record {
    fingerprint: String,
    fence: String,
    #[serde(rename = "stage")]
    stage: Stage,
    #[serde(with = "millis")]
    lease_until: Timestamp,
    #[serde(with = "millis")]
    expires_at: Timestamp,
    status: Option<u16>,
    body: Option<String>,
    ttl: i64,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Stage {
    Running,
    Done,
}

impl Store {
    /// Begins a request with a key. `fingerprint` stands for the body; `lease` is how long the first one may take.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn idempotency_begin(
        &self,
        scope: IdempotencyScope<'_>,
        fingerprint: &str,
        lease: Duration,
    ) -> Result<Begun, StoreError> {
        const OPERATION: &str = "idempotency_begin";
        let (key, now) = (scope.item_key(), self.now());
        let fence = Fence { key: key.clone(), id: fence_id(OPERATION)? };
        let record = Record {
            fingerprint: fingerprint.to_owned(),
            fence: fence.id.clone(),
            stage: Stage::Running,
            lease_until: now.plus(lease),
            expires_at: now.plus(KEPT_FOR),
            status: None,
            body: None,
            ttl: ttl_secs(now.plus(KEPT_FOR)),
        };
        let sent = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(to_item(OPERATION, &key, &record)?))
            .condition_expression(
                "attribute_not_exists(pk) OR expiresAt <= :now \
                 OR (stage = :running AND leaseUntil <= :now AND fingerprint = :fingerprint)",
            )
            .expression_attribute_values(":now", time(now))
            .expression_attribute_values(":running", text("running"))
            .expression_attribute_values(":fingerprint", text(fingerprint))
            .return_values(ReturnValue::AllOld)
            .return_values_on_condition_check_failure(SHOW_OBSTACLE)
            .send()
            .await;
        let error = match sent {
            Ok(output) => return begun_over(OPERATION, output.attributes, fence, now),
            Err(error) => error,
        };
        let found = match error.as_service_error() {
            Some(PutItemError::ConditionalCheckFailedException(failed)) => failed.item().cloned(),
            _ => return Err(StoreError::from_sdk(OPERATION, error)),
        };
        let found = found.ok_or(StoreError::Contended { operation: OPERATION })?;
        let found: Record = item::from_item(OPERATION, found)?;
        Ok(verdict(found, fence, fingerprint, now))
    }

    /// Keeps the answer of the first request, unless another has taken over since.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn idempotency_complete(&self, fence: &Fence, answer: &FirstAnswer) -> Result<(), StoreError> {
        let sent = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(fence.key.attributes()))
            .update_expression("SET stage = :done, #status = :status, body = :body")
            .condition_expression("fence = :fence")
            .expression_attribute_names("#status", "status")
            .expression_attribute_values(":done", text("done"))
            .expression_attribute_values(":status", number(answer.status))
            .expression_attribute_values(":body", text(&answer.body))
            .expression_attribute_values(":fence", text(&fence.id))
            .send()
            .await;
        // If not, another took over after our lease: its answer stands.
        applied("idempotency_complete", sent).map(drop)
    }

    /// Forgets a first request that certainly did nothing, so that the key can be used again at once.
    ///
    /// # Errors
    /// [`StoreError`]; the record then lapses with its lease.
    pub async fn idempotency_release(&self, fence: &Fence) -> Result<(), StoreError> {
        let sent = self
            .client
            .delete_item()
            .table_name(&self.table)
            .set_key(Some(fence.key.attributes()))
            .condition_expression("fence = :fence")
            .expression_attribute_values(":fence", text(&fence.id))
            .send()
            .await;
        applied("idempotency_release", sent).map(drop)
    }
}

/// Whether the record that was overwritten, if any, was somebody's who had begun.
fn begun_over(operation: &'static str, old: Option<Item>, fence: Fence, now: Timestamp) -> Result<Begun, StoreError> {
    let Some(old) = old.filter(|old| !old.is_empty()) else { return Ok(Begun::Fresh(fence)) };
    let old: Record = item::from_item(operation, old)?;
    let cut_off = old.stage == Stage::Running && now < old.expires_at;
    Ok(if cut_off { Begun::TakenOver(fence) } else { Begun::Fresh(fence) })
}

/// What a record that was in the way means for this request.
fn verdict(found: Record, fence: Fence, fingerprint: &str, now: Timestamp) -> Begun {
    if found.fence == fence.id {
        // Our own write: its answer got lost and the SDK repeated it.
        return Begun::Fresh(fence);
    }
    if found.fingerprint != fingerprint {
        return Begun::Mismatch;
    }
    match (found.stage, found.status, found.body) {
        (Stage::Done, Some(status), Some(body)) => Begun::Replay(FirstAnswer { status, body }),
        _ => Begun::InProgress(found.lease_until.since(now)),
    }
}

/// A name for a fence that nobody can have by chance.
pub(crate) fn fence_id(operation: &'static str) -> Result<String, StoreError> {
    let mut random = [0_u8; 16];
    getrandom::fill(&mut random).map_err(|error| StoreError::Unavailable {
        operation,
        code: "random".to_owned(),
        source: error.to_string().into(),
    })?;
    Ok(hex(&random))
}
