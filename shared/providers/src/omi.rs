//! OMI, the voice API of requirement R0 (`api.omi.com/v1`).
//!
//! No public documentation of this provider exists; its wire is fixed by the installation's own contract (README, "OMI's
//! wire", 2026-11) and by what R0's deployment sent. It can hold conversations and take turns; it places no calls.

use std::fmt;
use std::sync::Arc;

use switchboard_core::{Clock, ProviderId, SecretSource, Settings};

use crate::{Account, HttpClient, Provider, Sessions, Turns};

mod client;
mod form;
mod webhook;
mod wire;

pub use client::{OPERATIONS, PROCESS, PROCESS_AUDIO, SESSION_CLOSE, SESSION_OPEN, SESSION_UPDATE};
pub use webhook::OmiWebhooks;

/// The key in the webhook secret's JSON.
pub const WEBHOOK_SECRET_KEY: &str = "OMI_WEBHOOK_SECRET";

/// What an installation configures about OMI.
#[derive(Clone, Debug, PartialEq)]
pub struct OmiConfig {
    /// Where the API is, `/v1` included, without a final slash (`OMI_BASE_URL`).
    pub base_url: String,
    /// The secret with `OMI_API_KEY`, `OMI_APP_ID` and, if requests are to be signed, `OMI_API_SECRET` (`OMI_SECRET_NAME`).
    pub secret_name: String,
    /// The model (`OMI_MODEL`).
    pub model: String,
    /// How freely it words things, 0 to 2 (`OMI_TEMPERATURE`).
    pub temperature: f64,
    /// Longest answer, in tokens (`OMI_MAX_TOKENS`).
    pub max_tokens: u32,
    /// How much of the conversation the model sees, in tokens (`OMI_CONTEXT_WINDOW`).
    pub context_window: u32,
    /// The voice model (`OMI_VOICE_MODEL`).
    pub voice_model: String,
    /// The language where a session names none, BCP 47 (`OMI_LANGUAGE`).
    pub language: String,
}

/// OMI.
#[derive(Clone)]
pub struct Omi {
    config: OmiConfig,
    secrets: Arc<dyn SecretSource>,
    clock: Arc<dyn Clock>,
    transport: crate::transport::Transport,
}

impl OmiConfig {
    /// Reads `OMI_BASE_URL`, `OMI_SECRET_NAME`, `OMI_MODEL`, `OMI_TEMPERATURE`, `OMI_MAX_TOKENS`, `OMI_CONTEXT_WINDOW`, `OMI_VOICE_MODEL` and
    /// `OMI_LANGUAGE`; the defaults are R0's.
    pub fn read(settings: &mut impl Settings) -> Self {
        Self {
            base_url: settings.base_url("OMI_BASE_URL"),
            secret_name: settings.required("OMI_SECRET_NAME"),
            model: settings.text("OMI_MODEL", "omi-standard"),
            temperature: settings.number("OMI_TEMPERATURE", 0.7, 0.0..=2.0),
            max_tokens: settings.number("OMI_MAX_TOKENS", 1_000, 1..=100_000),
            context_window: settings.number("OMI_CONTEXT_WINDOW", 4_000, 1..=1_000_000),
            voice_model: settings.text("OMI_VOICE_MODEL", "standard"),
            language: settings.text("OMI_LANGUAGE", "en-US"),
        }
    }
}

impl Omi {
    /// A client. Nothing is fetched or connected until the first request.
    #[must_use]
    pub fn new(config: OmiConfig, secrets: Arc<dyn SecretSource>, clock: Arc<dyn Clock>, http: HttpClient) -> Self {
        let transport = crate::transport::Transport { provider: ProviderId::Omi, http, declines: |_, _| None };
        Self { config, secrets, clock, transport }
    }
}

impl fmt::Debug for Omi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Omi").field("config", &self.config).finish_non_exhaustive()
    }
}

impl Provider for Omi {
    fn id(&self) -> ProviderId {
        ProviderId::Omi
    }

    fn sessions(&self) -> Option<&dyn Sessions> {
        Some(self)
    }

    fn turns(&self) -> Option<&dyn Turns> {
        Some(self)
    }

    fn account(&self) -> Option<&dyn Account> {
        Some(self)
    }
}
