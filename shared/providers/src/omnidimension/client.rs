//! OmniDimension's operations.

use std::time::Duration;

use crate::Operation;

/// Placing a call. There is no idempotency key: only what was certainly not sent is tried again.
pub const PLACE: Operation =
    Operation { name: "place", timeout: Duration::from_secs(12), attempts: 2, idempotent: false };
/// Reading one entry of the log.
pub const READ: Operation = Operation { name: "read", timeout: Duration::from_secs(6), attempts: 2, idempotent: true };
/// One page of the log.
pub(super) const LIST: Operation =
    Operation { name: "list", timeout: Duration::from_secs(8), attempts: 2, idempotent: true };
/// A browser's credential. A second one opens a second session, which nobody joins.
pub const SESSION: Operation =
    Operation { name: "token", timeout: Duration::from_secs(8), attempts: 2, idempotent: false };
/// Reading agents and numbers.
pub(super) const AGENTS: Operation =
    Operation { name: "agents", timeout: Duration::from_secs(6), attempts: 2, idempotent: true };
/// Making an agent: twice makes two.
pub(super) const AGENT_CREATE: Operation =
    Operation { name: "agent create", timeout: Duration::from_secs(12), attempts: 2, idempotent: false };
/// Changing or removing an agent: twice is once.
pub(super) const AGENT_CHANGE: Operation =
    Operation { name: "agent change", timeout: Duration::from_secs(10), attempts: 2, idempotent: true };
/// What is left on the account.
pub(super) const BALANCE: Operation =
    Operation { name: "balance", timeout: Duration::from_secs(6), attempts: 2, idempotent: true };
/// Whether OmniDimension answers at all: within the time of a probe (api: at most 2 s).
pub(super) const PROBE: Operation =
    Operation { name: "probe", timeout: Duration::from_millis(1_800), attempts: 1, idempotent: true };
/// Fetching a recording.
pub const RECORDING: Operation =
    Operation { name: "recording", timeout: Duration::from_secs(40), attempts: 2, idempotent: true };

/// Every operation, for the check of their time limits against the functions'.
pub const OPERATIONS: [Operation; 10] =
    [PLACE, READ, LIST, SESSION, AGENTS, AGENT_CREATE, AGENT_CHANGE, BALANCE, PROBE, RECORDING];
