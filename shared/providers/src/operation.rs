//! Operations: every request to a provider is a constant with a name, a time limit and a number of attempts.

use std::time::Duration;

/// A request to a provider, as a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Operation {
    /// What it is called in logs and errors.
    pub name: &'static str,
    /// How long one attempt may take.
    pub timeout: Duration,
    /// How often it is tried at most. Beyond the first, only what was certainly not sent is tried again, or what is
    /// idempotent and failed in a way that passes.
    pub attempts: u32,
    /// Whether doing it twice is the same as doing it once.
    pub idempotent: bool,
}

impl Operation {
    /// The longest that all attempts together may take, pauses included: what is not idempotent is tried again only if there
    /// was no connection, which is found out within [`CONNECT_PATIENCE`]. Whoever composes a function checks it against the
    /// function's own time limit.
    #[must_use]
    pub const fn longest(&self) -> Duration {
        let again = self.attempts.saturating_sub(1);
        let each = if self.idempotent { self.timeout } else { CONNECT_PATIENCE };
        let pauses = MAX_PAUSE.saturating_mul(again);
        self.timeout.saturating_add(each.saturating_mul(again)).saturating_add(pauses)
    }
}

/// How long a client waits for a connection at most; what the function's HTTP client is built with.
pub const CONNECT_PATIENCE: Duration = Duration::from_secs(3);

/// The longest pause between two attempts. A provider that asks for more is not waited for: the caller is told instead.
pub(crate) const MAX_PAUSE: Duration = Duration::from_millis(1_000);
