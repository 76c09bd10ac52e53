//! Sessions: opened, changed, ended, each in one conditional step.

use std::time::Duration;

use aws_sdk_dynamodb::types::{Put, ReturnValue, TransactWriteItem, Update};
use serde::{Deserialize, Serialize};
use switchboard_core::{
    Context, EndedBy, Personal, ProviderId, Session, SessionError, SessionId, SessionState, TenantId, Timestamp,
};

use crate::item::{self, Item, millis, number, text, time, to_item};
use crate::schema::Key;
use crate::slots::SlotPool;
use crate::store::{MAX_RETRIES, RETENTION, pause_before_retry, ttl_secs};
use crate::transaction::{SHOW_OBSTACLE, built};
use crate::{Store, StoreError};

/// How long a slot is held for a session that is being opened: the function's time limit and a margin. A crash in the
/// middle gives the slot back after this.
const OPENING_LEASE: Duration = Duration::from_secs(60);

/// How opening a session went.
#[derive(Debug)]
pub enum Opened {
    /// Its row and slot are taken; the provider may be asked now.
    Reserved(Box<Session>),
    /// Every slot of the tenant is held.
    Full,
}

/// How ending a session went.
#[derive(Debug)]
pub enum Ended {
    /// It is ended now, by this.
    Now(Session),
    /// It had been ended before.
    Before(Session),
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct SessionRow {
    id: SessionId,
    tenant: TenantId,
    provider: ProviderId,
    user_id: Personal,
    language: Option<String>,
    context: String,
    state: SessionState,
    #[serde(with = "millis")]
    created_at: Timestamp,
    #[serde(with = "millis")]
    expires_at: Timestamp,
    #[serde(default, with = "millis::optional")]
    ended_at: Option<Timestamp>,
    ended_by: Option<EndedBy>,
    #[serde(default)]
    upstream_closed: bool,
    last_error: Option<SessionError>,
    slot: u32,
    version: u64,
    ttl: i64,
}

impl SessionRow {
    fn from_session(session: &Session) -> Self {
        Self {
            id: session.id,
            tenant: session.tenant.clone(),
            provider: session.provider,
            user_id: session.user_id.clone(),
            language: session.language.clone(),
            context: session.context.to_json(),
            state: session.state,
            created_at: session.created_at,
            expires_at: session.expires_at,
            ended_at: session.ended_at,
            ended_by: session.ended_by,
            upstream_closed: session.upstream_closed,
            last_error: session.last_error.clone(),
            slot: session.slot,
            version: session.version,
            ttl: ttl_secs(session.expires_at.plus(RETENTION)),
        }
    }
}

/// Reads a session's item.
pub(crate) fn session_from_item(operation: &'static str, found: Item) -> Result<Session, StoreError> {
    let row: SessionRow = item::from_item(operation, found)?;
    let context = Context::from_json(&row.context)
        .map_err(|_| StoreError::Unreadable { operation, what: "a session's context is not JSON".to_owned() })?;
    Ok(Session {
        id: row.id,
        tenant: row.tenant,
        provider: row.provider,
        user_id: row.user_id,
        language: row.language,
        context,
        state: row.state,
        created_at: row.created_at,
        expires_at: row.expires_at,
        ended_at: row.ended_at,
        ended_by: row.ended_by,
        upstream_closed: row.upstream_closed,
        last_error: row.last_error,
        slot: row.slot,
        version: row.version,
    })
}

impl Store {
    /// Reserves a row and a slot for a new session of a tenant that may have `limit` at once. The row is `opening` and
    /// invisible until [`Store::session_activate`]. `session.slot` is chosen here.
    ///
    /// # Errors
    /// [`StoreError`]; after [`StoreError::Contended`] nothing was taken.
    pub async fn session_open(&self, mut session: Session, limit: u32) -> Result<Opened, StoreError> {
        const OPERATION: &str = "session_open";
        session.state = SessionState::Opening;
        let lease_until = self.now().plus(OPENING_LEASE);
        for retry in 0..=MAX_RETRIES {
            let free = self.slots_free(SlotPool::Sessions(&session.tenant), limit).await?;
            // Whoever arrives at the same moment sees the same free slots; a random pick keeps them apart.
            let Some(slot) = pick(&free) else { return Ok(Opened::Full) };
            session.slot = slot;
            let put = Put::builder()
                .table_name(&self.table)
                .set_item(Some(to_item(OPERATION, &Key::session(session.id), &SessionRow::from_session(&session))?))
                .condition_expression("attribute_not_exists(pk)")
                .build();
            let writes = [built(OPERATION, put)?, self.session_slot_take(&session, lease_until)?];
            let outcome = self.transact(OPERATION, &writes).await?;
            if outcome.condition_failed(0) {
                return Err(StoreError::Contended { operation: OPERATION });
            }
            if !outcome.condition_failed(1) {
                return Ok(Opened::Reserved(Box::new(session)));
            }
            pause_before_retry(retry).await;
        }
        Err(StoreError::Contended { operation: OPERATION })
    }

    /// Makes a reserved session usable until `expires_at`, with the context that the provider gave.
    ///
    /// # Errors
    /// [`StoreError`]; [`StoreError::Contended`] if the reservation is gone.
    pub async fn session_activate(
        &self,
        mut session: Session,
        context: Context,
        expires_at: Timestamp,
    ) -> Result<Session, StoreError> {
        const OPERATION: &str = "session_activate";
        session.context = context;
        session.expires_at = expires_at;
        session.state = SessionState::Active;
        session.version += 1;
        let put = Put::builder()
            .table_name(&self.table)
            .set_item(Some(to_item(OPERATION, &Key::session(session.id), &SessionRow::from_session(&session))?))
            .condition_expression("#state = :opening")
            .expression_attribute_names("#state", "state")
            .expression_attribute_values(":opening", text("opening"))
            .build();
        let writes = [built(OPERATION, put)?, self.session_slot_extend(&session, expires_at)?];
        match self.transact(OPERATION, &writes).await? {
            crate::transaction::Outcome::Done => Ok(session),
            crate::transaction::Outcome::Cancelled(_) => Err(StoreError::Contended { operation: OPERATION }),
        }
    }

    /// Takes back a reservation that came to nothing: row and slot go.
    ///
    /// # Errors
    /// [`StoreError`]; what is left over then lapses with its lease.
    pub async fn session_abandon(&self, session: &Session) -> Result<(), StoreError> {
        const OPERATION: &str = "session_abandon";
        let delete = aws_sdk_dynamodb::types::Delete::builder()
            .table_name(&self.table)
            .set_key(Some(Key::session(session.id).attributes()))
            .condition_expression("#state = :opening")
            .expression_attribute_names("#state", "state")
            .expression_attribute_values(":opening", text("opening"))
            .build();
        let writes = [built(OPERATION, delete)?, self.session_slot_free(session)?];
        self.transact(OPERATION, &writes).await.map(drop)
    }

    /// A session of this tenant, whatever its state. Another tenant's is `None`.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn session_fetch(&self, tenant: &TenantId, id: SessionId) -> Result<Option<Session>, StoreError> {
        Ok(self.session_fetch_any(id).await?.filter(|session| session.tenant == *tenant))
    }

    /// A session of any tenant: for signed news from the provider, which knows sessions but no tenants.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn session_fetch_any(&self, id: SessionId) -> Result<Option<Session>, StoreError> {
        const OPERATION: &str = "session_fetch";
        let found = self.fetch(OPERATION, &Key::session(id)).await?;
        let session = found.map(|found| session_from_item(OPERATION, found)).transpose()?;
        // The table removes rows some time after their TTL; for us they are gone at once.
        let now = self.now();
        Ok(session.filter(|session| now < session.expires_at.plus(RETENTION)))
    }

    /// Gives an active session another context if it is still the version that was read.
    ///
    /// # Errors
    /// [`StoreError::Contended`] if somebody else changed it first: read again, then decide again.
    pub async fn session_set_context(&self, session: &Session, context: Context) -> Result<Session, StoreError> {
        const OPERATION: &str = "session_set_context";
        let sent = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(Key::session(session.id).attributes()))
            .update_expression("SET context = :context, version = :next")
            .condition_expression("version = :version AND #state = :active")
            .expression_attribute_names("#state", "state")
            .expression_attribute_values(":context", text(context.to_json()))
            .expression_attribute_values(":version", number(session.version))
            .expression_attribute_values(":next", number(session.version + 1))
            .expression_attribute_values(":active", text("active"))
            .return_values(ReturnValue::AllNew)
            .send()
            .await;
        match sent {
            Ok(output) => session_from_item(OPERATION, output.attributes.unwrap_or_default()),
            Err(error) if error.as_service_error().is_some_and(|e| e.is_conditional_check_failed_exception()) => {
                Err(StoreError::Contended { operation: OPERATION })
            }
            Err(error) => Err(StoreError::from_sdk(OPERATION, error)),
        }
    }

    /// Ends a session and gives its slot back. Nothing reopens it.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn session_end(&self, session: &Session, by: EndedBy, at: Timestamp) -> Result<Ended, StoreError> {
        const OPERATION: &str = "session_end";
        let end = self.session_end_write(session.id, by, at)?;
        let free = self.session_slot_free(session)?;
        let outcome = self.transact(OPERATION, &[end.clone(), free]).await?;
        let outcome = if outcome.condition_failed(1) && !outcome.condition_failed(0) {
            // The session had timed out and its slot has been taken by another; there is nothing to give back.
            self.transact(OPERATION, &[end]).await?
        } else {
            outcome
        };
        if outcome.condition_failed(0) {
            let found = outcome.item_in_the_way(0).ok_or(StoreError::Contended { operation: OPERATION })?;
            return session_from_item(OPERATION, found).map(Ended::Before);
        }
        let mut session = session.clone();
        session.state = SessionState::Ended;
        session.ended_at = Some(at);
        session.ended_by = Some(by);
        session.upstream_closed = by == EndedBy::Provider;
        Ok(Ended::Now(session))
    }

    /// The write that ends a session unless it has been ended.
    pub(crate) fn session_end_write(
        &self,
        id: SessionId,
        by: EndedBy,
        at: Timestamp,
    ) -> Result<TransactWriteItem, StoreError> {
        let by_text = match by {
            EndedBy::Request => "request",
            EndedBy::Provider => "provider",
        };
        let update = Update::builder()
            .table_name(&self.table)
            .set_key(Some(Key::session(id).attributes()))
            .update_expression(
                "SET #state = :ended, endedAt = :at, endedBy = :by, upstreamClosed = :closed, version = version + :one",
            )
            .condition_expression("#state IN (:opening, :active)")
            .expression_attribute_names("#state", "state")
            .expression_attribute_values(":ended", text("ended"))
            .expression_attribute_values(":opening", text("opening"))
            .expression_attribute_values(":active", text("active"))
            .expression_attribute_values(":at", time(at))
            .expression_attribute_values(":by", text(by_text))
            .expression_attribute_values(
                ":closed",
                aws_sdk_dynamodb::types::AttributeValue::Bool(by == EndedBy::Provider),
            )
            .expression_attribute_values(":one", number(1))
            .return_values_on_condition_check_failure(SHOW_OBSTACLE)
            .build();
        built("session_end", update)
    }

    /// Records that the provider's side of an ended session is closed too.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn session_upstream_closed(&self, id: SessionId) -> Result<(), StoreError> {
        self.client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(Key::session(id).attributes()))
            .update_expression("SET upstreamClosed = :closed")
            .condition_expression("attribute_exists(pk)")
            .expression_attribute_values(":closed", aws_sdk_dynamodb::types::AttributeValue::Bool(true))
            .send()
            .await
            .map(drop)
            .map_err(|error| StoreError::from_sdk("session_upstream_closed", error))
    }
}

/// One of the free slots, at random.
pub(crate) fn pick(free: &[u32]) -> Option<u32> {
    let mut random = [0_u8; 4];
    let number = if getrandom::fill(&mut random).is_ok() { u32::from_le_bytes(random) } else { 0 };
    let place = usize::try_from(number).unwrap_or(0).checked_rem(free.len())?;
    free.get(place).copied()
}
