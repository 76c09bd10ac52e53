//! Requests to OpenAI: every operation as a constant, what every request carries, the probe.

use std::time::Duration;

use async_trait::async_trait;
use http::Method;
use serde_json::json;

use super::{Openai, SafetyId};
use crate::keyed_api::Ask;
use crate::{Account, Operation, ProviderError, ProviderErrorKind};

/// Making a client secret. Another one lets somebody in once more, so that only what was certainly not sent is tried again.
pub const CLIENT_SECRET: Operation =
    Operation { name: "client secret", timeout: Duration::from_secs(8), attempts: 2, idempotent: false };
/// Opening a brokered call. Never tried again once bytes have left: another one would be another call, and charged.
pub const BROKER: Operation =
    Operation { name: "broker", timeout: Duration::from_secs(12), attempts: 2, idempotent: false };
/// Ending a call. It names one call, so that asking twice ends no other.
pub const HANG_UP: Operation =
    Operation { name: "hang up", timeout: Duration::from_secs(5), attempts: 2, idempotent: true };
/// Asking for the same end once more, to see whether the call is known yet. Shorter and once: it is only a look.
pub const HANG_UP_AGAIN: Operation =
    Operation { name: "hang up again", timeout: Duration::from_secs(3), attempts: 1, idempotent: true };
/// Accepting an incoming call.
pub const ACCEPT: Operation =
    Operation { name: "accept", timeout: Duration::from_secs(6), attempts: 2, idempotent: true };
/// Rejecting an incoming call.
pub const REJECT: Operation =
    Operation { name: "reject", timeout: Duration::from_secs(5), attempts: 2, idempotent: true };
/// Opening a chat.
pub const CHAT_SESSION: Operation =
    Operation { name: "chat session", timeout: Duration::from_secs(8), attempts: 2, idempotent: false };
/// Cancelling a chat.
pub const CHAT_CANCEL: Operation =
    Operation { name: "chat cancel", timeout: Duration::from_secs(5), attempts: 2, idempotent: true };
/// Whether OpenAI answers, and whether our key may open sessions: within the time of a probe (api: at most 2 s).
const PROBE: Operation =
    Operation { name: "probe", timeout: Duration::from_millis(1_800), attempts: 1, idempotent: true };

/// How long the secret of a probe holds, in seconds: the shortest that the API takes.
const LEAST_SECRET_SECS: u64 = 10;

/// Every operation, for the check of their time limits against the functions'.
pub const OPERATIONS: [Operation; 9] =
    [CLIENT_SECRET, BROKER, HANG_UP, HANG_UP_AGAIN, ACCEPT, REJECT, CHAT_SESSION, CHAT_CANCEL, PROBE];

impl Openai {
    /// A request of ours, charged to whom the configuration says.
    pub(super) fn ask(&self, method: Method, path: impl Into<String>) -> Ask {
        let charged = [
            ("openai-organization", self.config.organization.as_ref()),
            ("openai-project", self.config.project.as_ref()),
        ];
        charged.into_iter().fold(Ask::new(method, path), |ask, (name, value)| match value {
            Some(value) => ask.header(name, value),
            None => ask,
        })
    }

    /// A request on behalf of somebody.
    pub(super) fn ask_for(&self, path: impl Into<String>, user: &SafetyId) -> Ask {
        self.ask(Method::POST, path).header("openai-safety-identifier", user.as_str())
    }
}

#[async_trait]
impl Account for Openai {
    async fn reachable(&self) -> Result<(), ProviderError> {
        match self.api.send(PROBE, &self.ask(Method::GET, "/models")).await {
            // Whoever refuses our key is there.
            Err(error) if matches!(error.kind, ProviderErrorKind::Unauthorised(_)) => Ok(()),
            other => other.map(drop),
        }
    }

    /// Makes a client secret and gives it to nobody: a key may list models and not speak, and only the realtime API itself says
    /// that it was retired in the shape that is spoken here.
    async fn credentials_accepted(&self) -> Result<(), ProviderError> {
        let body = json!({
            "expires_after": { "anchor": "created_at", "seconds": LEAST_SECRET_SECS },
            "session": { "type": "realtime" },
        });
        self.api.send(PROBE, &self.ask(Method::POST, "/realtime/client_secrets").body(&body)).await.map(drop)
    }
}
