//! Upload tickets: permission to put one recording into the bucket and to use it once.

use std::time::Duration;

use aws_sdk_dynamodb::types::ReturnValue;
use serde::{Deserialize, Serialize};
use switchboard_core::{AudioType, SessionId, TenantId, Timestamp, TurnId, UploadId};

use crate::error::applied;
use crate::item::{self, Item, millis, text, time, to_item};
use crate::schema::Key;
use crate::store::ttl_secs;
use crate::transaction::SHOW_OBSTACLE;
use crate::{Store, StoreError};

/// How long after its end a ticket is kept.
const UPLOAD_RETENTION: Duration = Duration::from_secs(24 * 60 * 60);

/// An upload ticket.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Upload {
    /// Its name.
    pub id: UploadId,
    /// Whose it is.
    pub tenant: TenantId,
    /// The one session it may be used in.
    pub session: SessionId,
    /// The kind of recording.
    pub audio_type: AudioType,
    /// The exact size, in bytes.
    pub bytes: u64,
    /// When it can no longer be used.
    #[serde(with = "millis")]
    pub expires_at: Timestamp,
    /// The turn that has used it, if one has.
    pub used_by: Option<TurnId>,
}

#[derive(Serialize)]
struct UploadRow<'a> {
    #[serde(flatten)]
    upload: &'a Upload,
    ttl: i64,
}

impl Upload {
    /// Where its bytes are in the bucket. Built from our own ids alone.
    #[must_use]
    pub fn object_key(&self) -> String {
        Self::key_of(self.id)
    }

    /// The same for a ticket that is known by its id alone.
    #[must_use]
    pub fn key_of(id: UploadId) -> String {
        format!("uploads/{id}")
    }
}

/// How claiming a ticket went.
#[derive(Debug)]
pub enum Claimed {
    /// It is this turn's now.
    Yes(Upload),
    /// There is none with this id for this session.
    Unknown,
    /// Another turn has used it.
    Used,
    /// Its time is over.
    Expired,
}

impl Store {
    /// Keeps a new ticket.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn upload_create(&self, upload: &Upload) -> Result<(), StoreError> {
        const OPERATION: &str = "upload_create";
        let row = UploadRow { upload, ttl: ttl_secs(upload.expires_at.plus(UPLOAD_RETENTION)) };
        self.client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(to_item(OPERATION, &Key::upload(upload.id), &row)?))
            .send()
            .await
            .map(drop)
            .map_err(|error| StoreError::from_sdk(OPERATION, error))
    }

    /// Takes a ticket for a turn, in one step, so that two turns cannot use the same recording.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn upload_claim(&self, id: UploadId, session: SessionId, turn: TurnId) -> Result<Claimed, StoreError> {
        const OPERATION: &str = "upload_claim";
        let sent = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(Key::upload(id).attributes()))
            .update_expression("SET usedBy = :turn")
            .condition_expression(
                "#session = :session AND expiresAt > :now AND (attribute_not_exists(usedBy) OR usedBy = :turn)",
            )
            .expression_attribute_names("#session", "session")
            .expression_attribute_values(":turn", text(turn))
            .expression_attribute_values(":session", text(session))
            .expression_attribute_values(":now", time(self.now()))
            .return_values(ReturnValue::AllNew)
            .return_values_on_condition_check_failure(SHOW_OBSTACLE)
            .send()
            .await;
        match sent {
            Ok(output) => item::from_item(OPERATION, output.attributes.unwrap_or_default()).map(Claimed::Yes),
            Err(error) => {
                let refused = error.as_service_error().and_then(|service| match service {
                    aws_sdk_dynamodb::operation::update_item::UpdateItemError::ConditionalCheckFailedException(
                        failed,
                    ) => Some(failed.item().cloned()),
                    _ => None,
                });
                match refused {
                    Some(found) => why_not_claimed(OPERATION, found, session),
                    None => Err(StoreError::from_sdk(OPERATION, error)),
                }
            }
        }
    }

    /// Gives a ticket back after a turn that certainly did not use its recording.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn upload_release(&self, id: UploadId, turn: TurnId) -> Result<(), StoreError> {
        let sent = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(Key::upload(id).attributes()))
            .update_expression("REMOVE usedBy")
            .condition_expression("usedBy = :turn")
            .expression_attribute_values(":turn", text(turn))
            .send()
            .await;
        applied("upload_release", sent).map(drop)
    }
}

fn why_not_claimed(operation: &'static str, found: Option<Item>, session: SessionId) -> Result<Claimed, StoreError> {
    let Some(found) = found else { return Ok(Claimed::Unknown) };
    let upload: Upload = item::from_item(operation, found)?;
    Ok(if upload.session != session {
        Claimed::Unknown
    } else if upload.used_by.is_some() {
        Claimed::Used
    } else {
        Claimed::Expired
    })
}
