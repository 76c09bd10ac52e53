//! Conversations in a browser: a token is minted by the server, the page starts the conversation, terminating ends it.

use serde::{Deserialize, Serialize};
use switchboard_core::Timestamp;

use super::orders::Notes;
use super::refusal::Refusal;
use crate::ledger::Ledger;

const KIND: &str = "sim-hamsa-web";

/// A conversation in a browser.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct WebConversation {
    pub(super) id: String,
    pub(super) notes: Notes,
    pub(super) created_at: Timestamp,
    pub(super) started_at: Option<Timestamp>,
    pub(super) ended_at: Option<Timestamp>,
}

/// All of them, in the ledger.
#[derive(Clone, Debug)]
pub(super) struct WebConversations(pub(super) Ledger);

impl WebConversations {
    pub(super) fn find(&self, id: &str) -> Result<Option<WebConversation>, Refusal> {
        // An id comes from a path; the ledger takes no empty one.
        if id.is_empty() {
            return Ok(None);
        }
        self.0.get(KIND, id)?.map(|row| serde_json::from_value(row).map_err(|_| Refusal::Trouble)).transpose()
    }

    pub(super) fn all(&self) -> Result<Vec<WebConversation>, Refusal> {
        let rows = self.0.list(KIND)?.into_iter();
        rows.map(|(_, row)| serde_json::from_value(row).map_err(|_| Refusal::Trouble)).collect()
    }

    pub(super) fn keep(&self, web: &WebConversation) -> Result<(), Refusal> {
        Ok(self.0.put(KIND, &web.id, &serde_json::to_value(web).unwrap_or_default())?)
    }
}
