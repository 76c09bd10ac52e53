//! What can go wrong with a provider.

use std::borrow::Cow;
use std::time::Duration;

use switchboard_core::{Effect, Failure, Fault, ProviderId, SecretUnavailable};

/// A request to a provider that failed. `Display` is for the log; it carries no URL, no header and nothing that a person
/// said.
#[derive(Debug, thiserror::Error)]
#[error("{provider} {operation}: {kind}")]
pub struct ProviderError {
    /// Which provider.
    pub provider: ProviderId,
    /// Which operation.
    pub operation: &'static str,
    /// What it means.
    pub kind: ProviderErrorKind,
    /// Whether it may have been carried out all the same.
    pub effect: Effect,
    /// When the provider asks to be left alone until.
    pub retry_after: Option<Duration>,
}

/// What a provider's failure means.
#[derive(Debug, thiserror::Error)]
pub enum ProviderErrorKind {
    /// There was no connection: certainly nothing was sent.
    #[error("no connection")]
    NotConnected,
    /// The connection broke, or the request cannot be made at all.
    #[error("{0}")]
    Unreachable(&'static str),
    /// It did not answer in time.
    #[error("no answer in time")]
    Timeout,
    /// It answered that it failed.
    #[error("failed with status {0}")]
    Failed(u16),
    /// It asks for patience.
    #[error("busy (status {0})")]
    Busy(u16),
    /// It does not accept our credentials. Our trouble, never the caller's.
    #[error("refused our credentials (status {0})")]
    Unauthorised(u16),
    /// It does not know what the request is about (any more).
    #[error("does not know it (status {0})")]
    NotFound(u16),
    /// It understood and refused.
    #[error("rejected the request (status {0})")]
    Rejected(u16),
    /// Its answer makes no sense.
    #[error("unreadable answer: {0}")]
    Unreadable(&'static str),
    /// Our credentials for it cannot be had.
    #[error("not configured: {0}")]
    NotConfigured(#[from] SecretUnavailable),
}

impl Failure for ProviderError {
    fn fault(&self) -> Fault {
        match &self.kind {
            ProviderErrorKind::NotConnected
            | ProviderErrorKind::Unreachable(_)
            | ProviderErrorKind::Failed(_)
            | ProviderErrorKind::Unauthorised(_)
            | ProviderErrorKind::Unreadable(_) => Fault::ProviderUnavailable,
            ProviderErrorKind::Timeout => Fault::ProviderTimeout,
            ProviderErrorKind::Busy(_) => Fault::ProviderBusy,
            ProviderErrorKind::NotFound(_) | ProviderErrorKind::Rejected(_) => Fault::ProviderRejected,
            ProviderErrorKind::NotConfigured(unavailable) => unavailable.fault(),
        }
    }

    fn public_message(&self) -> Cow<'static, str> {
        let provider = self.provider;
        match &self.kind {
            ProviderErrorKind::NotConnected | ProviderErrorKind::Unreachable(_) => {
                format!("{provider} cannot be reached; try again shortly").into()
            }
            ProviderErrorKind::Timeout => format!("{provider} did not answer in time").into(),
            ProviderErrorKind::Failed(_) => format!("{provider} failed; try again shortly").into(),
            ProviderErrorKind::Busy(_) => format!("{provider} is busy; try again later").into(),
            ProviderErrorKind::Unauthorised(_) => {
                format!("{provider} does not accept this service's credentials; its operator must renew them").into()
            }
            ProviderErrorKind::NotFound(_) => format!("{provider} does not know this any more").into(),
            ProviderErrorKind::Rejected(_) => format!("{provider} refused the request").into(),
            ProviderErrorKind::Unreadable(_) => format!("{provider} gave an answer that cannot be read").into(),
            ProviderErrorKind::NotConfigured(unavailable) => unavailable.public_message(),
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }

    fn effect(&self) -> Effect {
        self.effect
    }
}
