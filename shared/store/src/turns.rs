//! Turns: an exchange is recorded with everything it changes, in one transaction.

use aws_sdk_dynamodb::types::{Put, TransactWriteItem, Update};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use switchboard_core::{Context, Personal, Role, Session, SessionId, SessionState, Timestamp, Turn, TurnId};

use crate::item::{self, millis, number, text, time, to_item};
use crate::schema::{Key, TURN_PREFIX};
use crate::sessions::session_from_item;
use crate::store::{RETENTION, pause_before_retry, ttl_secs};
use crate::transaction::{Outcome, SHOW_OBSTACLE, built};
use crate::{Store, StoreError};

/// How often recording a turn with its change of the context is tried anew. More often than other writes, because of as many
/// turns as run at once in a session each attempt records but one.
const MAX_RETRIES: u32 = 16;

/// A session after a turn.
#[derive(Debug)]
pub struct RecordedTurn {
    /// The context as it now stands.
    pub context: Context,
    /// Whether the change that the provider asked for is in it; not if it would have grown too large, the session was ended in
    /// the meantime, or too many other turns were recorded at the same moment.
    pub context_applied: bool,
}

/// One page of a session's history, oldest first.
#[derive(Debug)]
pub struct TurnPage {
    /// The utterances.
    pub turns: Vec<Turn>,
    /// The position behind the last one, if there may be more.
    pub next: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct TurnRow {
    turn_id: TurnId,
    role: Role,
    text: Personal,
    #[serde(with = "millis")]
    at: Timestamp,
    ttl: i64,
}

#[derive(Deserialize)]
struct TurnFound {
    sk: String,
    #[serde(flatten)]
    row: TurnRow,
}

impl Store {
    /// Records both sides of a turn, lays `patch` over the context, and moves the session's timeout to `expires_at`.
    ///
    /// `session` is the session as it was read before the provider was asked. If others changed it since, their change and
    /// this one are merged; if it was ended since, or lost its slot, the turn is recorded all the same (it did happen) but
    /// nothing is reopened.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn turn_record(
        &self,
        session: &Session,
        turns: &[Turn],
        patch: &Map<String, Value>,
        expires_at: Timestamp,
    ) -> Result<RecordedTurn, StoreError> {
        const OPERATION: &str = "turn_record";
        let ttl = ttl_secs(expires_at.plus(RETENTION));
        let puts = self.turn_puts(session.id, turns, ttl)?;
        let mut current = session.clone();
        for retry in 0..=MAX_RETRIES {
            let merged = current.context.merged(patch);
            let context_applied = merged.is_ok();
            let context = merged.unwrap_or_else(|_| current.context.clone());
            // Of two turns at once the later one may be recorded first; neither the session's timeout nor the slot's lease
            // may move back.
            let until = expires_at.max(current.expires_at);
            let mut writes = vec![
                self.turn_session_write(&current, &context, until, ttl)?,
                self.session_slot_extend(&current, until)?,
            ];
            writes.extend(puts.iter().cloned());
            let outcome = match self.transact(OPERATION, &writes).await {
                // DynamoDB tells a lost race in this way, too: look what there is now, and try again.
                Err(StoreError::Contended { .. }) => {
                    let found = self.session_fetch_any(session.id).await?;
                    current = found.ok_or(StoreError::Contended { operation: OPERATION })?;
                    continue;
                }
                outcome => outcome?,
            };
            if matches!(outcome, Outcome::Done) {
                return Ok(RecordedTurn { context, context_applied });
            }
            let lost_slot = outcome.condition_failed(1);
            if let Some(found) = outcome.item_in_the_way(0) {
                current = session_from_item(OPERATION, found)?;
            }
            if lost_slot || current.state == SessionState::Ended {
                self.transact(OPERATION, &puts).await?;
                return Ok(RecordedTurn { context: current.context, context_applied: false });
            }
            pause_before_retry(retry).await;
        }
        // The turn was taken, and its words are in nobody's way: they are kept, even if its change of the context is lost.
        self.transact(OPERATION, &puts).await?;
        Ok(RecordedTurn { context: current.context, context_applied: false })
    }

    fn turn_puts(&self, session: SessionId, turns: &[Turn], ttl: i64) -> Result<Vec<TransactWriteItem>, StoreError> {
        const OPERATION: &str = "turn_record";
        turns
            .iter()
            .map(|turn| {
                let row = TurnRow { turn_id: turn.turn_id, role: turn.role, text: turn.text.clone(), at: turn.at, ttl };
                let put = Put::builder()
                    .table_name(&self.table)
                    .set_item(Some(to_item(OPERATION, &Key::turn(session, turn.turn_id, turn.role), &row)?))
                    .build();
                built(OPERATION, put)
            })
            .collect()
    }

    fn turn_session_write(
        &self,
        session: &Session,
        context: &Context,
        expires_at: Timestamp,
        ttl: i64,
    ) -> Result<TransactWriteItem, StoreError> {
        let update = Update::builder()
            .table_name(&self.table)
            .set_key(Some(Key::session(session.id).attributes()))
            .update_expression("SET context = :context, expiresAt = :expires, version = :next, #ttl = :ttl")
            .condition_expression("version = :version AND #state = :active")
            .expression_attribute_names("#state", "state")
            .expression_attribute_names("#ttl", "ttl")
            .expression_attribute_values(":context", text(context.to_json()))
            .expression_attribute_values(":expires", time(expires_at))
            .expression_attribute_values(":ttl", number(ttl))
            .expression_attribute_values(":version", number(session.version))
            .expression_attribute_values(":next", number(session.version + 1))
            .expression_attribute_values(":active", text("active"))
            .return_values_on_condition_check_failure(SHOW_OBSTACLE)
            .build();
        built("turn_record", update)
    }

    /// One page of a session's history, oldest first, behind `after` if it is given.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn turn_list(&self, id: SessionId, limit: u16, after: Option<&str>) -> Result<TurnPage, StoreError> {
        const OPERATION: &str = "turn_list";
        let partition = Key::session(id);
        let start = after.map(|position| {
            let mut key = partition.attributes();
            key.insert("sk".to_owned(), text(format!("{TURN_PREFIX}{position}")));
            key
        });
        let output = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("pk = :pk AND begins_with(sk, :turn)")
            .expression_attribute_values(":pk", text(&partition.pk))
            .expression_attribute_values(":turn", text(TURN_PREFIX))
            .consistent_read(true)
            .limit(i32::from(limit))
            .set_exclusive_start_key(start)
            .send()
            .await
            .map_err(|error| StoreError::from_sdk(OPERATION, error))?;
        let more = output.last_evaluated_key.is_some();
        let found: Vec<TurnFound> = output
            .items
            .unwrap_or_default()
            .into_iter()
            .map(|found| item::from_item(OPERATION, found))
            .collect::<Result<_, _>>()?;
        let last = found.last().and_then(|turn| turn.sk.strip_prefix(TURN_PREFIX)).map(str::to_owned);
        let turns = found
            .into_iter()
            .map(|TurnFound { row, .. }| Turn { turn_id: row.turn_id, role: row.role, text: row.text, at: row.at })
            .collect();
        Ok(TurnPage { turns, next: last.filter(|_| more) })
    }
}
