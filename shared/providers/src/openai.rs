//! OpenAI (`api.openai.com/v1`): realtime voice in browsers and over SIP, and ChatKit's hosted chats.
//!
//! Follows the API reference (Realtime: client secrets, calls, server events; ChatKit; webhooks; deprecations) and the official
//! Python SDK 3.52.0, read 2026-11. The Realtime beta (`/realtime/sessions`, `OpenAI-Beta: realtime=v1`) was shut down in May
//! 2026: only the current API is spoken, and [`translate`] takes what is still written for the old one.
//!
//! OpenAI keeps no records of calls that could be read afterwards, so that how an end went must be told by the request itself
//! ([`Openai::end_call`]).
//!
//! | file | noun |
//! |---|---|
//! | `client` | requests, as constants and as they leave |
//! | `calls` | realtime: client secrets, brokered calls, incoming calls, ends |
//! | `chat` | ChatKit's sessions |
//! | `form` | the form that opens a brokered call |
//! | `wire` | what answers say |
//! | `session` | [`SessionConfig`]: a session's options in the current shape |
//! | `presets` | [`RealtimeConfig`]: the sessions that an installation configures |
//! | `safety_id` | [`SafetyId`]: who a session is for, without saying who |
//! | `translate` | options and events of the beta in the current shape |
//! | `reception` | what becomes of calls that come in over SIP |
//! | `webhook` | its deliveries |
//! | `sip` | who rings, by the headers of a SIP call |

use std::fmt;
use std::sync::Arc;

use switchboard_core::{Clock, ProviderId, SecretSource, Settings};

use crate::keyed_api::KeyedApi;
use crate::transport::Transport;
use crate::{Account, ExternalId, HangUp, HttpClient, Provider};

mod calls;
mod chat;
mod client;
mod form;
mod presets;
mod reception;
mod safety_id;
mod session;
mod sip;
pub mod translate;
mod webhook;
mod wire;

pub use calls::{Brokered, ClientSecret};
pub use chat::{ChatConfig, ChatSession, ChatWish};
pub use client::{
    ACCEPT, BROKER, CHAT_CANCEL, CHAT_SESSION, CLIENT_SECRET, HANG_UP, HANG_UP_AGAIN, OPERATIONS, REJECT,
};
pub use presets::{DEFAULT_PRESET, RealtimeConfig};
pub use reception::{Answer, Reception};
pub use safety_id::SafetyId;
pub use session::SessionConfig;
pub use translate::model::DEFAULT_MODEL;
pub use webhook::OpenaiWebhooks;

/// The key in the secret's JSON.
const API_KEY: &str = "OPENAI_API_KEY";
/// The key in the webhook secret's JSON.
pub const WEBHOOK_SECRET_KEY: &str = "OPENAI_WEBHOOK_SECRET";
/// The kind of name under which a call of OpenAI's is known: `rtc_…`.
pub const CALL_ID: &str = "callId";

/// What an installation configures about OpenAI, as far as every function needs it that asks it anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenaiConfig {
    /// Where the API is, `/v1` included, without a final slash (`OPENAI_BASE_URL`).
    pub base_url: String,
    /// The secret with `OPENAI_API_KEY` (`OPENAI_SECRET_NAME`).
    pub secret_name: String,
    /// The organisation that is charged, where the key belongs to several (`OPENAI_ORGANIZATION`).
    pub organization: Option<String>,
    /// The project that is charged, where the key belongs to several (`OPENAI_PROJECT`).
    pub project: Option<String>,
}

/// OpenAI.
#[derive(Clone)]
pub struct Openai {
    config: OpenaiConfig,
    api: KeyedApi,
}

impl OpenaiConfig {
    /// Reads `OPENAI_BASE_URL`, `OPENAI_SECRET_NAME`, `OPENAI_ORGANIZATION` and `OPENAI_PROJECT`.
    pub fn read(settings: &mut impl Settings) -> Self {
        let mut id = |name| settings.parsed(name, "", optional_id, "an id: 1 to 64 of A-Z a-z 0-9 _ -").flatten();
        let (organization, project) = (id("OPENAI_ORGANIZATION"), id("OPENAI_PROJECT"));
        Self {
            base_url: settings.base_url("OPENAI_BASE_URL"),
            secret_name: settings.required("OPENAI_SECRET_NAME"),
            organization,
            project,
        }
    }
}

/// An id, or none where nothing is configured.
fn optional_id(text: &str) -> Option<Option<String>> {
    if text.is_empty() { Some(None) } else { ExternalId::parse(text).map(|id| Some(id.to_string())) }
}

impl Openai {
    /// A client. Nothing is fetched or connected until the first request.
    #[must_use]
    pub fn new(config: OpenaiConfig, secrets: Arc<dyn SecretSource>, clock: Arc<dyn Clock>, http: HttpClient) -> Self {
        let api = KeyedApi {
            base_url: config.base_url.clone(),
            secret_name: config.secret_name.clone(),
            key_name: API_KEY,
            scheme: "Bearer",
            secrets,
            clock,
            transport: Transport { provider: ProviderId::Openai, http, declines: wire::decline },
        };
        Self { config, api }
    }
}

impl fmt::Debug for Openai {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Openai").field("config", &self.config).finish_non_exhaustive()
    }
}

impl Provider for Openai {
    fn id(&self) -> ProviderId {
        ProviderId::Openai
    }

    fn hang_up(&self) -> Option<&dyn HangUp> {
        Some(self)
    }

    fn account(&self) -> Option<&dyn Account> {
        Some(self)
    }
}

#[cfg(test)]
mod tests;
