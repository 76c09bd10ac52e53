//! What can go wrong with a provider.

use std::borrow::Cow;
use std::time::Duration;

use switchboard_core::{Effect, EndReason, Failure, Fault, ProviderId, SecretUnavailable};

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
    /// It understood and refused, without a reason that is known here.
    #[error("rejected the request (status {0})")]
    Rejected(u16),
    /// It understood and refused for a reason that is known here. Nothing was done.
    #[error("declined: {0}")]
    Declined(Decline),
    /// Its answer makes no sense.
    #[error("unreadable answer: {0}")]
    Unreadable(&'static str),
    /// Our credentials for it cannot be had.
    #[error("not configured: {0}")]
    NotConfigured(#[from] SecretUnavailable),
}

/// Why a provider refused, as far as its words can be put into ours. The list is closed: what fits nothing is
/// [`Decline::Other`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Decline {
    /// There is no such phone number, or it cannot be called.
    #[error("the number cannot be called")]
    InvalidNumber,
    /// The account has no money left.
    #[error("no credit")]
    NoCredit,
    /// The account has as many calls at once as it may have.
    #[error("too many calls at once")]
    Concurrency,
    /// It knows no such agent.
    #[error("no such agent")]
    UnknownAgent,
    /// It knows no such model (any more).
    #[error("no such model")]
    UnknownModel,
    /// The request speaks a version of its API that was shut down: a matter of this service's own making.
    #[error("retired API shape")]
    RetiredApi,
    /// The account may not do this: this caller's number, this country, this feature.
    #[error("the account may not do this")]
    NotPermitted,
    /// The call is over already, so that there is nothing to change about it.
    #[error("the call is over")]
    AlreadyOver,
    /// The call was taken before.
    #[error("the call was accepted before")]
    AlreadyTaken,
    /// Something else.
    #[error("another reason")]
    Other,
}

impl Decline {
    /// Every reason.
    pub const ALL: [Self; 10] = [
        Self::InvalidNumber,
        Self::NoCredit,
        Self::Concurrency,
        Self::UnknownAgent,
        Self::UnknownModel,
        Self::RetiredApi,
        Self::NotPermitted,
        Self::AlreadyOver,
        Self::AlreadyTaken,
        Self::Other,
    ];

    fn fault(self) -> Fault {
        match self {
            // Whoever calls us can do nothing about an empty account, or about how we speak.
            Self::NoCredit | Self::RetiredApi => Fault::ProviderUnavailable,
            Self::Concurrency => Fault::ProviderBusy,
            Self::InvalidNumber
            | Self::UnknownAgent
            | Self::UnknownModel
            | Self::NotPermitted
            | Self::AlreadyOver
            | Self::AlreadyTaken
            | Self::Other => Fault::ProviderRejected,
        }
    }

    fn public_message(self, provider: ProviderId) -> String {
        match self {
            Self::InvalidNumber => format!("{provider} says that this number cannot be called; check it"),
            Self::NoCredit => format!("the account with {provider} has no credit left; its operator must top it up"),
            Self::Concurrency => {
                format!("{provider} holds as many calls at once as this account may have; try again when one has ended")
            }
            Self::UnknownAgent => format!("{provider} has no such agent; name one that it lists, or configure one"),
            Self::UnknownModel => format!("{provider} has no such model (any more); name a current one"),
            Self::RetiredApi => {
                format!("{provider} has shut down the version of its API that was asked; the operator must correct it")
            }
            Self::NotPermitted => {
                format!("{provider} does not permit this account to do so; check the caller's number and the country")
            }
            Self::AlreadyOver => format!("{provider} says that the call is over"),
            Self::AlreadyTaken => format!("{provider} says that the call was accepted before"),
            Self::Other => format!("{provider} refused the request"),
        }
    }
}

impl ProviderError {
    /// Why a call ended that was to be placed when this happened. Only what certainly had no effect is an end: of anything
    /// else nobody knows yet.
    #[must_use]
    pub fn end_reason(&self) -> EndReason {
        match (self.effect, &self.kind) {
            (Effect::Possible, _) => EndReason::Unknown,
            (Effect::None, ProviderErrorKind::Declined(Decline::InvalidNumber)) => EndReason::InvalidNumber,
            (Effect::None, _) => EndReason::NotDialled,
        }
    }
}

impl ProviderError {
    /// Something was asked of a provider that it does not offer: a defect of ours, found before anything was sent.
    #[must_use]
    pub fn unsupported(provider: ProviderId, operation: &'static str) -> Self {
        let kind = ProviderErrorKind::Unreachable("the provider does not offer this");
        Self { provider, operation, kind, effect: Effect::None, retry_after: None }
    }

    /// Whether nobody has given this installation credentials for the provider.
    #[must_use]
    pub fn is_not_configured(&self) -> bool {
        matches!(
            self.kind,
            ProviderErrorKind::NotConfigured(SecretUnavailable::Missing { .. } | SecretUnavailable::Incomplete { .. })
        )
    }
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
            ProviderErrorKind::Declined(decline) => decline.fault(),
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
            ProviderErrorKind::Declined(decline) => decline.public_message(provider).into(),
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

#[cfg(test)]
mod tests {
    use super::*;

    fn error(kind: ProviderErrorKind, effect: Effect) -> ProviderError {
        ProviderError { provider: ProviderId::Twilio, operation: "call place", kind, effect, retry_after: None }
    }

    #[test]
    fn only_a_failure_without_effect_ends_a_call() {
        for (kind, effect, reason) in [
            (ProviderErrorKind::NotConnected, Effect::None, EndReason::NotDialled),
            (ProviderErrorKind::Timeout, Effect::Possible, EndReason::Unknown),
            (ProviderErrorKind::Failed(500), Effect::Possible, EndReason::Unknown),
            (ProviderErrorKind::Busy(429), Effect::None, EndReason::NotDialled),
            (ProviderErrorKind::Declined(Decline::InvalidNumber), Effect::None, EndReason::InvalidNumber),
            (ProviderErrorKind::Declined(Decline::NoCredit), Effect::None, EndReason::NotDialled),
        ] {
            assert_eq!(error(kind, effect).end_reason(), reason);
        }
    }

    #[test]
    fn every_refusal_is_told_from_the_others_and_names_the_provider() {
        let messages: std::collections::BTreeSet<String> = Decline::ALL
            .into_iter()
            .map(|decline| error(ProviderErrorKind::Declined(decline), Effect::None).public_message().into_owned())
            .collect();
        assert_eq!(messages.len(), Decline::ALL.len());
        assert!(messages.iter().all(|message| message.contains("twilio")));
    }
}
