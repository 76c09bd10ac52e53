//! The journal: a delivery and what it changes are kept in one transaction, before the sender is told that we have it.

use std::time::Duration;

use aws_sdk_dynamodb::types::{Put, TransactWriteItem, Update};
use serde::Serialize;
use sha2::{Digest, Sha256};
use switchboard_core::{EndedBy, EventId, Session, SessionError, SessionId, Timestamp};

use crate::item::{millis, number, text, to_item};
use crate::schema::{Key, hex};
use crate::store::ttl_secs;
use crate::transaction::{Outcome, built};
use crate::{Store, StoreError};

/// How long deliveries are kept; repetitions are recognised as long (at least 7 days are promised).
const DELIVERY_RETENTION: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// A verified delivery.
#[derive(Clone, Debug)]
pub struct Delivery<'a> {
    /// Our name for it.
    pub event_id: EventId,
    /// Who sent it, as in the key: `omi`.
    pub sender: &'a str,
    /// What makes another delivery a repetition of this one.
    pub replay_key: &'a str,
    /// The kind of event, as the sender calls it.
    pub kind: &'a str,
    /// The session it is about, if it says.
    pub session: Option<SessionId>,
    /// The bytes as they were received.
    pub body: DeliveryBody<'a>,
    /// When they were received.
    pub received_at: Timestamp,
}

impl Delivery<'_> {
    /// Where the bytes of a large delivery are in the bucket: the same place for the same delivery, however often it comes.
    #[must_use]
    pub fn object_key(sender: &str, replay_key: &str) -> String {
        format!("webhooks/{sender}/{}", hex(&Sha256::digest(replay_key.as_bytes())))
    }
}

/// Where a delivery's bytes are.
#[derive(Clone, Copy, Debug)]
pub enum DeliveryBody<'a> {
    /// In the item itself.
    Inline(&'a str),
    /// In the bucket, under this key, because an item holds 400 KB at most.
    Bucket(&'a str),
}

/// What a delivery changes about a session.
#[derive(Clone, Debug)]
pub enum SessionChange<'a> {
    /// Nothing; it is only kept.
    None,
    /// The provider has ended it.
    End {
        /// The session as it was read.
        session: &'a Session,
        /// When, as the provider says.
        at: Timestamp,
    },
    /// The provider reports an error.
    Error {
        /// The session as it was read.
        session: &'a Session,
        /// The error.
        error: SessionError,
    },
}

/// How keeping a delivery went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Journaled {
    /// It is kept, and applied.
    New,
    /// It had been kept before; nothing was done.
    Duplicate,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct DeliveryRow<'a> {
    event_id: EventId,
    sender: &'a str,
    replay_key: &'a str,
    kind: &'a str,
    session: Option<SessionId>,
    body: Option<&'a str>,
    body_key: Option<&'a str>,
    #[serde(with = "millis")]
    received_at: Timestamp,
    applied: bool,
    ttl: i64,
}

impl Store {
    /// Keeps a delivery and makes its change, both or neither.
    ///
    /// # Errors
    /// [`StoreError`]: nothing was kept, as far as is known; the sender must try again.
    pub async fn delivery_journal(
        &self,
        delivery: &Delivery<'_>,
        change: &SessionChange<'_>,
    ) -> Result<Journaled, StoreError> {
        const OPERATION: &str = "delivery_journal";
        let mut writes = vec![self.delivery_put(delivery, !matches!(change, SessionChange::None))?];
        match change {
            SessionChange::None => {}
            SessionChange::End { session, at } => {
                writes.push(self.session_end_write(session.id, EndedBy::Provider, *at)?);
                writes.push(self.session_slot_free(session)?);
            }
            SessionChange::Error { session, error } => writes.push(self.session_error_write(session.id, error)?),
        }
        let outcome = self.transact(OPERATION, &writes).await?;
        if matches!(outcome, Outcome::Done) {
            return Ok(Journaled::New);
        }
        if outcome.condition_failed(0) {
            return Ok(Journaled::Duplicate);
        }
        if outcome.condition_failed(2) && !outcome.condition_failed(1) {
            // The slot has passed to another session already; the end is still news.
            writes.truncate(2);
            let again = self.transact(OPERATION, &writes).await?;
            if matches!(again, Outcome::Done) {
                return Ok(Journaled::New);
            }
        }
        // The session has been ended (or removed) in the meantime: the delivery changes nothing, but it is kept.
        let keep = [self.delivery_put(delivery, false)?];
        match self.transact(OPERATION, &keep).await? {
            Outcome::Done => Ok(Journaled::New),
            Outcome::Cancelled(_) => Ok(Journaled::Duplicate),
        }
    }

    pub(crate) fn delivery_put(&self, delivery: &Delivery<'_>, applied: bool) -> Result<TransactWriteItem, StoreError> {
        const OPERATION: &str = "delivery_journal";
        let (body, body_key) = match delivery.body {
            DeliveryBody::Inline(body) => (Some(body), None),
            DeliveryBody::Bucket(key) => (None, Some(key)),
        };
        let row = DeliveryRow {
            event_id: delivery.event_id,
            sender: delivery.sender,
            replay_key: delivery.replay_key,
            kind: delivery.kind,
            session: delivery.session,
            body,
            body_key,
            received_at: delivery.received_at,
            applied,
            ttl: ttl_secs(delivery.received_at.plus(DELIVERY_RETENTION)),
        };
        let key = Key::delivery(delivery.sender, delivery.replay_key);
        let put = Put::builder()
            .table_name(&self.table)
            .set_item(Some(to_item(OPERATION, &key, &row)?))
            .condition_expression("attribute_not_exists(pk)")
            .build();
        built(OPERATION, put)
    }

    fn session_error_write(&self, id: SessionId, error: &SessionError) -> Result<TransactWriteItem, StoreError> {
        const OPERATION: &str = "session_error";
        let value = serde_dynamo::to_attribute_value(error)
            .map_err(|error| StoreError::Unreadable { operation: OPERATION, what: error.to_string() })?;
        let update = Update::builder()
            .table_name(&self.table)
            .set_key(Some(Key::session(id).attributes()))
            .update_expression("SET lastError = :error, version = version + :one")
            .condition_expression("attribute_exists(pk) AND #state <> :opening")
            .expression_attribute_names("#state", "state")
            .expression_attribute_values(":error", value)
            .expression_attribute_values(":one", number(1))
            .expression_attribute_values(":opening", text("opening"))
            .build();
        built(OPERATION, update)
    }
}
