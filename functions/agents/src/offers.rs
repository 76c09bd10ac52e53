//! Which provider has agents, and which lets programs write them.

use switchboard_core::{Fault, ProviderId, SecretUnavailable};
use switchboard_lambda::{ApiError, Boot, Config, Request, Shell};
use switchboard_providers::fleet::{Fleet, FleetConfig};
use switchboard_providers::{AgentDraft, AgentWriting, Agents, ExternalId, ProviderError, ProviderErrorKind};

/// The provider whose agents can be written, for whoever asks another for that.
const NEAREST: ProviderId = ProviderId::Omnidimension;

/// The providers, and the agent that the configuration names or describes.
#[derive(Debug)]
pub(crate) struct Offers {
    fleet: Fleet,
    pub(crate) configured: Configured,
}

/// The agent of the configuration.
#[derive(Debug)]
pub(crate) enum Configured {
    /// It is named (`OMNIDIMENSION_AGENT_ID`).
    Named(ExternalId),
    /// It is described, and made once (`AGENT_NAME` and what goes with it).
    Described(Box<AgentDraft>),
}

impl Offers {
    pub(crate) fn compose(boot: &Boot, config: &mut Config<'_>, shell: &Shell) -> Self {
        let fleet = FleetConfig::read(config);
        let configured = match &fleet.omnidimension.agent_id {
            Some(id) => Configured::Named(id.clone()),
            None => Configured::Described(Box::new(fleet.omnidimension.agent_draft().clone())),
        };
        Self { fleet: Fleet::new(fleet, &shell.secrets, &boot.clock(), &boot.http()), configured }
    }

    /// The providers that have agents, in the order in which they are listed.
    pub(crate) fn all(&self) -> impl Iterator<Item = ProviderId> + '_ {
        Fleet::ORDER.into_iter().filter(|id| self.fleet.get(*id).is_some_and(|provider| provider.agents().is_some()))
    }

    /// A provider's agents.
    ///
    /// # Errors
    /// 422 naming the nearest provider that has any.
    pub(crate) fn agents_of(&self, provider: ProviderId) -> Result<&dyn Agents, ApiError> {
        let known = self.fleet.get(provider);
        known
            .and_then(|known| known.agents())
            .ok_or_else(|| unsupported(format!("{provider} has no agents; {NEAREST} does")))
    }

    /// Writing a provider's agents.
    ///
    /// # Errors
    /// 422 naming the nearest provider that lets programs do that.
    pub(crate) fn writing_of(&self, provider: ProviderId) -> Result<&dyn AgentWriting, ApiError> {
        self.agents_of(provider)?
            .writing()
            .ok_or_else(|| unsupported(format!("{provider} does not let programs write agents; {NEAREST} does")))
    }
}

fn unsupported(message: String) -> ApiError {
    ApiError::new(Fault::UnsupportedByProvider, message).with("nearest", NEAREST.as_str())
}

/// A provider by its name.
pub(crate) fn provider_named(name: &str) -> Option<ProviderId> {
    ProviderId::ALL.into_iter().find(|provider| provider.as_str() == name)
}

/// The provider that the query names, if it names one.
///
/// # Errors
/// 400 naming `provider`.
pub(crate) fn provider_asked<O>(request: &Request<O>) -> Result<Option<ProviderId>, ApiError> {
    let Some(name) = request.query("provider") else { return Ok(None) };
    let known = || ProviderId::ALL.map(ProviderId::as_str).join(", ");
    provider_named(name).map(Some).ok_or_else(|| ApiError::invalid("provider", format!("must be one of {}", known())))
}

/// Whether nobody has given us credentials for a provider.
pub(crate) fn is_not_configured(error: &ProviderError) -> bool {
    matches!(
        error.kind,
        ProviderErrorKind::NotConfigured(SecretUnavailable::Missing { .. } | SecretUnavailable::Incomplete { .. })
    )
}
