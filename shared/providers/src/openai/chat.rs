//! ChatKit's sessions: a chat in OpenAI's own widget with a hosted workflow.
//!
//! Agent Builder, where workflows are made, is shut down on 2026-11-30 (deprecations, read 2026-11); what becomes of the workflows
//! after that is not documented.

use http::Method;
use serde_json::json;
use switchboard_core::{Secret, Settings, Timestamp};

use super::client::{CHAT_CANCEL, CHAT_SESSION};
use super::{Openai, SafetyId, optional_id, wire};
use crate::keyed_api::Ask;
use crate::{ExternalId, ProviderError};

/// ChatKit is still a beta, and says so in a header that every request must carry.
const BETA: (&str, &str) = ("openai-beta", "chatkit_beta=v1");

/// What an installation configures about chats.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChatConfig {
    /// The workflow of chats that name none, `wf_…` (`CHATKIT_AGENT_ID`).
    pub workflow: Option<String>,
}

impl ChatConfig {
    /// Reads `CHATKIT_AGENT_ID`.
    pub fn read(settings: &mut impl Settings) -> Self {
        let form = "a workflow's id, as in wf_0123: 1 to 64 of A-Z a-z 0-9 _ -";
        Self { workflow: settings.parsed("CHATKIT_AGENT_ID", "", optional_id, form).flatten() }
    }
}

/// A chat to be opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChatWish {
    /// Who chats: whoever has the same value sees the same threads.
    pub user: SafetyId,
    /// The workflow, `wf_…`.
    pub workflow: String,
}

/// A chat that was opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChatSession {
    /// Its name, `cksess_…`.
    pub id: ExternalId,
    /// The browser's credential for it.
    pub client_secret: Secret,
    /// Until when the credential holds.
    pub expires_at: Timestamp,
}

impl Openai {
    /// Opens a chat.
    ///
    /// # Errors
    /// [`ProviderError`].
    pub async fn chat_session(&self, wish: &ChatWish) -> Result<ChatSession, ProviderError> {
        let body = json!({ "user": wish.user.as_str(), "workflow": { "id": wish.workflow } });
        let answer = self.api.json(CHAT_SESSION, &self.ask_chat("/chatkit/sessions").body(&body)).await?;
        wire::chat_session(&answer).ok_or_else(|| {
            let what = "the chat has no `id` with a `client_secret` and an `expires_at`";
            self.api.transport.unreadable(CHAT_SESSION, what)
        })
    }

    /// Cancels a chat, so that its credential holds no longer.
    ///
    /// # Errors
    /// [`ProviderError`].
    pub async fn cancel_chat(&self, id: &ExternalId) -> Result<(), ProviderError> {
        let ask = self.ask_chat(format!("/chatkit/sessions/{id}/cancel"));
        self.api.send(CHAT_CANCEL, &ask).await.map(drop)
    }

    fn ask_chat(&self, path: impl Into<String>) -> Ask {
        self.ask(Method::POST, path).header(BETA.0, BETA.1)
    }
}
