//! `POST /api/agents`: the hook, the agent, the claim, in this order.
//!
//! An agent reports what became of its calls to an address of ours that is its own; it is the account owner's, because so is
//! the account. A crash in between leaves a hook that nobody delivers to, or an agent that nobody claimed, which is the owner's.

use http::StatusCode;
use switchboard_auth::Caller;
use switchboard_core::{Effect, Fault, ProviderId, Secret, TenantId};
use switchboard_lambda::{ApiError, HookAddress, Reply, Request};
use switchboard_providers::{Agent, AgentDraft, ProviderError};
use switchboard_store::{AgentClaim, Hook};

use crate::draft::AgentIn;
use crate::offers::provider_asked;
use crate::out::AgentOut;
use crate::{App, Operation};

pub(crate) async fn create(app: &App, caller: &Caller, request: &Request<Operation>) -> Result<Reply, ApiError> {
    let provider = provider_asked(request)?.unwrap_or(ProviderId::Omnidimension);
    app.offers.writing_of(provider)?;
    let draft = request.json::<AgentIn>()?.into_new()?;
    let base_url = app.shell.base_url(request)?;
    let agent = make(app, caller.tenant(), provider, &draft, &base_url).await?;
    Reply::json(StatusCode::CREATED, &AgentOut::new(provider, agent))
}

/// Makes an agent for a tenant.
pub(crate) async fn make(
    app: &App,
    tenant: &TenantId,
    provider: ProviderId,
    draft: &AgentDraft,
    base_url: &str,
) -> Result<Agent, ApiError> {
    let hook = Hook::of_account(app.owner.clone(), provider.as_str(), app.shell.now());
    let url: Secret = app.shell.hook_urls()?.url(&HookAddress::new(base_url, &hook)).await?;
    app.shell.store.hook_create(&hook).await?;
    let agent = match app.offers.writing_of(provider)?.create(draft, Some(&url)).await {
        Ok(agent) => agent,
        Err(error) => {
            // One that may have been made all the same is to be heard.
            if error.effect == Effect::None {
                revoke(app, &hook).await;
            }
            return Err(match error.effect {
                Effect::None => error.into(),
                Effect::Possible => unknown(&error),
            });
        }
    };
    let claim = AgentClaim {
        provider,
        agent_id: agent.id.as_str().to_owned(),
        tenant: tenant.clone(),
        hook: Some(hook.id),
        created_at: app.shell.now(),
    };
    match app.shell.store.agent_claim(&claim).await {
        Ok(true) => Ok(agent),
        Ok(false) => {
            Err(ApiError::internal("a new agent has the name of one that another tenant has").with_possible_effect())
        }
        Err(error) => Err(ApiError::from(error).with_possible_effect().with("agentId", claim.agent_id)),
    }
}

/// Takes a hook back that nobody needs. If that fails it stays, and opens nothing that its sender could not do before.
pub(crate) async fn revoke(app: &App, hook: &Hook) {
    if let Err(error) = app.shell.store.hook_revoke(&hook.tenant, hook.id).await {
        tracing::warn!(%error, "a webhook URL that nobody needs stays");
    }
}

/// 504: the answer to the making was lost.
fn unknown(error: &ProviderError) -> ApiError {
    tracing::warn!(%error, "whether an agent was made is not known");
    let message =
        "the provider's answer was lost, and whether the agent was made is not known; look at GET /api/agents first";
    ApiError::new(Fault::ProviderTimeout, message).with_possible_effect()
}
