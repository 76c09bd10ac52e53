//! Hamsa (`tryhamsa.com`): phone calls from its own numbers or the account's, web calls over LiveKit, agents and statistics.
//!
//! Follows docs.tryhamsa.com (API reference and webhook guide) and the SDK `hamsa-ai/voice-agents-sdk` 0.5.8, both read
//! 2026-11. Agents are written in its dashboard only. The API has no balance, no idempotency key and no carrier's call id.
//!
//! | file | noun |
//! |---|---|
//! | `client` | requests: `Authorization: Token`, the envelope around answers, the project's id |
//! | `calls` | placing and ending phone calls, web calls |
//! | `records` | the provider's records of calls, recordings |
//! | `agents` | agents, numbers, the account |
//! | `wire` | its JSON, both ways |
//! | `webhook` | its deliveries |

use std::fmt;
use std::sync::Arc;

use switchboard_core::{Clock, PhoneNumber, ProviderId, SecretSource, Settings};
use tokio::sync::OnceCell;

use crate::keyed_api::KeyedApi;
use crate::transport::Transport;
use crate::{Account, Agents, CallRecords, ExternalId, HttpClient, PhoneCalls, Provider, WebCalls};

mod agents;
mod calls;
mod client;
mod records;
mod webhook;
mod wire;

pub use client::{END, OPERATIONS, PLACE, READ, RECORDING, TOKEN};
pub use webhook::HamsaWebhooks;

/// The key in the secret's JSON.
const API_KEY: &str = "HAMSA_API_KEY";
/// Where browsers join web calls if nothing else is configured: the server that the SDK names for the default region.
const LIVEKIT_URL: &str = "wss://rtc.eu.tryhamsa.com";
/// Where recordings are kept if nothing else is configured. The documentation shows addresses of S3 and names no host.
const MEDIA_HOSTS: &str = ".tryhamsa.com,.amazonaws.com";

/// What an installation configures about Hamsa.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HamsaConfig {
    /// Where the API is, without the version that its paths carry, without a final slash (`HAMSA_BASE_URL`).
    pub base_url: String,
    /// The secret with `HAMSA_API_KEY` (`HAMSA_SECRET_NAME`).
    pub secret_name: String,
    /// The agent of calls that name none (`HAMSA_VOICE_AGENT_ID`).
    pub voice_agent_id: Option<ExternalId>,
    /// The account's own number that calls come from (`HAMSA_PHONE_NUMBER`); without it they come from one of Hamsa's.
    pub phone_number: Option<PhoneNumber>,
    /// The project, if it is not to be asked for (`HAMSA_PROJECT_ID`).
    pub project_id: Option<ExternalId>,
    /// Where browsers join web calls (`HAMSA_LIVEKIT_URL`).
    pub livekit_url: String,
    /// The hosts that recordings are fetched from (`HAMSA_MEDIA_HOSTS`); one with a leading dot stands for all beneath it.
    pub media_hosts: Vec<String>,
}

/// Hamsa.
#[derive(Clone)]
pub struct Hamsa {
    config: HamsaConfig,
    api: KeyedApi,
    /// Asked for once.
    project: Arc<OnceCell<ExternalId>>,
}

impl HamsaConfig {
    /// Reads `HAMSA_BASE_URL` (with or without `/v1` at its end), `HAMSA_SECRET_NAME`, `HAMSA_VOICE_AGENT_ID`, `HAMSA_PHONE_NUMBER`,
    /// `HAMSA_PROJECT_ID`, `HAMSA_LIVEKIT_URL` and `HAMSA_MEDIA_HOSTS`.
    pub fn read(settings: &mut impl Settings) -> Self {
        let base_url = settings.base_url("HAMSA_BASE_URL");
        let mut id = |name| settings.parsed(name, "", optional_id, "an id: 1 to 64 of A-Z a-z 0-9 _ -").flatten();
        let (voice_agent_id, project_id) = (id("HAMSA_VOICE_AGENT_ID"), id("HAMSA_PROJECT_ID"));
        Self {
            // Two endpoints are under /v2, so that a version in the base would be a lie.
            base_url: base_url.strip_suffix("/v1").unwrap_or(&base_url).to_owned(),
            secret_name: settings.required("HAMSA_SECRET_NAME"),
            voice_agent_id,
            phone_number: settings
                .parsed("HAMSA_PHONE_NUMBER", "", optional_number, "a number like +96824000000")
                .flatten(),
            project_id,
            livekit_url: settings
                .parsed("HAMSA_LIVEKIT_URL", LIVEKIT_URL, websocket_url, "a wss URL (ws only on localhost)")
                .unwrap_or_default(),
            media_hosts: crate::media::host_list(&settings.text("HAMSA_MEDIA_HOSTS", MEDIA_HOSTS)),
        }
    }
}

/// An id, or none where nothing is configured.
fn optional_id(text: &str) -> Option<Option<ExternalId>> {
    if text.is_empty() { Some(None) } else { ExternalId::parse(text).map(Some) }
}

/// A number, or none where nothing is configured.
fn optional_number(text: &str) -> Option<Option<PhoneNumber>> {
    if text.is_empty() { Some(None) } else { PhoneNumber::from_e164(text).map(Some) }
}

fn websocket_url(text: &str) -> Option<String> {
    let url = reqwest::Url::parse(text).ok()?;
    let local = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
    let sound = url.scheme() == "wss" || (url.scheme() == "ws" && local);
    sound.then(|| text.trim_end_matches('/').to_owned())
}

impl Hamsa {
    /// A client. Nothing is fetched or connected until the first request.
    #[must_use]
    pub fn new(config: HamsaConfig, secrets: Arc<dyn SecretSource>, clock: Arc<dyn Clock>, http: HttpClient) -> Self {
        let api = KeyedApi {
            base_url: config.base_url.clone(),
            secret_name: config.secret_name.clone(),
            key_name: API_KEY,
            scheme: "Token",
            secrets,
            clock,
            transport: Transport { provider: ProviderId::Hamsa, http, declines: wire::decline },
        };
        let project = Arc::new(OnceCell::new_with(config.project_id.clone()));
        Self { config, api, project }
    }
}

impl fmt::Debug for Hamsa {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hamsa").field("config", &self.config).finish_non_exhaustive()
    }
}

impl Provider for Hamsa {
    fn id(&self) -> ProviderId {
        ProviderId::Hamsa
    }

    fn calls(&self) -> Option<&dyn PhoneCalls> {
        Some(self)
    }

    fn web_calls(&self) -> Option<&dyn WebCalls> {
        Some(self)
    }

    fn records(&self) -> Option<&dyn CallRecords> {
        Some(self)
    }

    fn agents(&self) -> Option<&dyn Agents> {
        Some(self)
    }

    fn account(&self) -> Option<&dyn Account> {
        Some(self)
    }
}

#[cfg(test)]
mod tests;
