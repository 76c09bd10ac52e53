//! Whose a chat session is, so that nobody else cancels it.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use switchboard_core::TenantId;

use crate::item::to_item;
use crate::schema::Key;
use crate::store::ttl_secs;
use crate::{Store, StoreError};

/// How long it is remembered: far longer than a session lives.
const RETENTION: Duration = Duration::from_secs(2 * 24 * 60 * 60);

#[derive(Serialize, Deserialize)]
struct ChatRow {
    tenant: TenantId,
    ttl: i64,
}

impl Store {
    /// Remembers whose a chat session is.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn chat_session_put(&self, id: &str, tenant: &TenantId) -> Result<(), StoreError> {
        const OPERATION: &str = "chat_session_put";
        let row = ChatRow { tenant: tenant.clone(), ttl: ttl_secs(self.now().plus(RETENTION)) };
        let item = to_item(OPERATION, &Key::chat_session(id), &row)?;
        let sent = self.client.put_item().table_name(&self.table).set_item(Some(item)).send().await;
        sent.map(drop).map_err(|error| StoreError::from_sdk(OPERATION, error))
    }

    /// Whose a chat session is.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn chat_session_tenant(&self, id: &str) -> Result<Option<TenantId>, StoreError> {
        let row: Option<ChatRow> = self.fetch_row("chat_session_tenant", &Key::chat_session(id)).await?;
        Ok(row.map(|row| row.tenant))
    }
}
