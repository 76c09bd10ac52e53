//! Requests to Hamsa: every operation as a constant, the envelope around answers, the project's id.

use std::time::Duration;

use serde_json::Value;

use super::{Hamsa, wire};
use crate::keyed_api::Ask;
use crate::{ExternalId, Operation, ProviderError};

/// Placing a call. There is no idempotency key: only what was certainly not sent is tried again.
pub const PLACE: Operation =
    Operation { name: "place", timeout: Duration::from_secs(12), attempts: 2, idempotent: false };
/// Ending a call. It names one conversation, so that asking twice ends no other.
pub const END: Operation = Operation { name: "end", timeout: Duration::from_secs(8), attempts: 2, idempotent: true };
/// Reading one conversation.
pub const READ: Operation = Operation { name: "read", timeout: Duration::from_secs(6), attempts: 2, idempotent: true };
/// One page of the list of conversations.
pub(super) const LIST: Operation =
    Operation { name: "list", timeout: Duration::from_secs(8), attempts: 2, idempotent: true };
/// A browser's credential. Another one opens another room, which nobody joins.
pub const TOKEN: Operation =
    Operation { name: "token", timeout: Duration::from_secs(8), attempts: 2, idempotent: false };
/// Preparing the room of a credential.
pub(super) const TOKEN_INIT: Operation =
    Operation { name: "token init", timeout: Duration::from_secs(8), attempts: 2, idempotent: false };
/// Agents and numbers.
pub(super) const AGENTS: Operation =
    Operation { name: "agents", timeout: Duration::from_secs(6), attempts: 2, idempotent: true };
/// The project that the key belongs to.
pub(super) const PROJECT: Operation =
    Operation { name: "project", timeout: Duration::from_secs(5), attempts: 2, idempotent: true };
/// The same, asked to see whether Hamsa answers at all: within the time of a probe (api: at most 2 s).
pub(super) const PROBE: Operation =
    Operation { name: "probe", timeout: Duration::from_millis(1_800), attempts: 1, idempotent: true };
/// The project's figures.
pub(super) const STATISTICS: Operation =
    Operation { name: "statistics", timeout: Duration::from_secs(8), attempts: 2, idempotent: true };
/// Fetching a recording.
pub const RECORDING: Operation =
    Operation { name: "recording", timeout: Duration::from_secs(40), attempts: 2, idempotent: true };

/// Every operation, for the check of their time limits against the functions'.
pub const OPERATIONS: [Operation; 11] =
    [PLACE, END, READ, LIST, TOKEN, TOKEN_INIT, AGENTS, PROJECT, PROBE, STATISTICS, RECORDING];

/// Where the key's own project is described.
pub(super) const PROJECT_PATH: &str = "/v1/projects/by-api-key";

impl Hamsa {
    /// Sends a request and takes what its answer envelops.
    pub(super) async fn data(&self, operation: Operation, ask: &Ask) -> Result<Value, ProviderError> {
        let answer = self.api.json(operation, ask).await?;
        wire::data(answer).ok_or_else(|| self.api.transport.unreadable(operation, "the answer has no `data`"))
    }

    /// The project that the key belongs to: as configured, else as Hamsa says, asked once.
    pub(super) async fn project(&self) -> Result<&ExternalId, ProviderError> {
        self.project
            .get_or_try_init(|| async {
                let data = self.data(PROJECT, &Ask::get(PROJECT_PATH)).await?;
                wire::id_of(&data).ok_or_else(|| {
                    self.api.transport.unreadable(PROJECT, "the project has no `id`; set HAMSA_PROJECT_ID")
                })
            })
            .await
    }
}
