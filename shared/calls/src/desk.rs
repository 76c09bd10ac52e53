//! The store and the providers together, and how an attempt is named to a provider.

use std::borrow::Cow;
use std::time::Duration;

use switchboard_core::{Call, Effect, Failure, Fault, Leg, LegId, Phase};
use switchboard_providers::fleet::Fleet;
use switchboard_providers::{KnownCall, ProviderError};
use switchboard_store::{Changed, Store, StoreError};

/// Where calls are worked on.
#[derive(Clone, Debug)]
pub struct Desk {
    /// Where they are kept.
    pub store: Store,
    /// Who holds them.
    pub fleet: Fleet,
}

/// Something that could not be done about a call.
#[derive(Debug, thiserror::Error)]
pub enum DeskError {
    /// The table.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The provider.
    #[error(transparent)]
    Provider(#[from] ProviderError),
    /// The call is gone.
    #[error("the call is not there any more")]
    Gone,
    /// The provider's name for a call is another call's.
    #[error("a provider gave a name that another call has")]
    NameTaken,
}

impl Failure for DeskError {
    fn fault(&self) -> Fault {
        match self {
            Self::Store(error) => error.fault(),
            Self::Provider(error) => error.fault(),
            Self::Gone => Fault::NotFound,
            Self::NameTaken => Fault::Internal,
        }
    }

    fn public_message(&self) -> Cow<'static, str> {
        match self {
            Self::Store(error) => error.public_message(),
            Self::Provider(error) => error.public_message(),
            Self::Gone => "there is no such call any more".into(),
            Self::NameTaken => "the provider gave this call the name of another one".into(),
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Store(error) => error.retry_after(),
            Self::Provider(error) => error.retry_after(),
            Self::Gone | Self::NameTaken => None,
        }
    }

    fn effect(&self) -> Effect {
        match self {
            Self::Store(error) => error.effect(),
            Self::Provider(error) => error.effect(),
            Self::Gone => Effect::None,
            Self::NameTaken => Effect::Possible,
        }
    }
}

/// An attempt as its provider knows it.
#[must_use]
pub fn known_call<'a>(call: &'a Call, leg: &'a Leg) -> KnownCall<'a> {
    KnownCall {
        leg: leg.id,
        ids: leg.evidence.external_ids().collect(),
        to: call.to.as_ref(),
        dialed_at: leg.evidence.dialed_at().unwrap_or(call.created_at),
        answered: leg.phase() >= Phase::InProgress,
    }
}

/// The call that a change left behind.
pub(crate) fn changed(changed: Changed, before: Call) -> Result<Call, DeskError> {
    match changed {
        Changed::Done(call) | Changed::Unchanged(call) => Ok(*call),
        Changed::Duplicate | Changed::ReferenceTaken => Ok(before),
        Changed::Unknown => Err(DeskError::Gone),
    }
}

/// The attempts of a call that may hold a line, by name.
pub(crate) fn live_legs(call: &Call) -> Vec<LegId> {
    call.legs.iter().filter(|leg| leg.is_live() && leg.may_have_been_dialled()).map(|leg| leg.id).collect()
}
