//! `GET`, `PUT`, `DELETE /api/agents/{provider}/{agentId}`.

use http::StatusCode;
use serde::Serialize;
use switchboard_auth::Caller;
use switchboard_core::ProviderId;
use switchboard_lambda::{ApiError, Reply, Request};
use switchboard_providers::{Agents, ExternalId, ProviderError, ProviderErrorKind};
use switchboard_store::AgentClaim;

use crate::draft::AgentIn;
use crate::offers::provider_named;
use crate::out::AgentOut;
use crate::{App, Operation};

/// An agent that the caller may speak of. Whether the provider has it is not known yet.
struct Own<'a> {
    provider: ProviderId,
    id: ExternalId,
    claim: Option<AgentClaim>,
    agents: &'a dyn Agents,
}

/// The answer to a removal.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct RemovedOut<'a> {
    provider: ProviderId,
    agent_id: &'a str,
    status: &'static str,
}

pub(crate) async fn read(app: &App, caller: &Caller, request: &Request<Operation>) -> Result<Reply, ApiError> {
    let own = own(app, caller, request).await?;
    let agent = own.agents.get(&own.id).await?.ok_or_else(unknown)?;
    Reply::json(StatusCode::OK, &AgentOut::new(own.provider, agent))
}

pub(crate) async fn update(app: &App, caller: &Caller, request: &Request<Operation>) -> Result<Reply, ApiError> {
    let own = own(app, caller, request).await?;
    let writing = app.offers.writing_of(own.provider)?;
    let draft = request.json::<AgentIn>()?.into_change()?;
    let agent = writing.update(&own.id, &draft).await.map_err(not_found)?;
    Reply::json(StatusCode::OK, &AgentOut::new(own.provider, agent))
}

pub(crate) async fn delete(app: &App, caller: &Caller, request: &Request<Operation>) -> Result<Reply, ApiError> {
    let own = own(app, caller, request).await?;
    let writing = app.offers.writing_of(own.provider)?;
    own.agents.get(&own.id).await?.ok_or_else(unknown)?;
    writing.delete(&own.id).await?;
    forget(app, &own).await;
    let body = RemovedOut { provider: own.provider, agent_id: own.id.as_str(), status: "deleted" };
    Reply::json(StatusCode::OK, &body)
}

/// The agent that the path names, if it is the caller's.
async fn own<'a>(app: &'a App, caller: &Caller, request: &Request<Operation>) -> Result<Own<'a>, ApiError> {
    let provider = provider_named(request.parameter("provider")).ok_or_else(unknown)?;
    let id = ExternalId::parse(request.parameter("agentId")).ok_or_else(unknown)?;
    let agents = app.offers.agents_of(provider)?;
    let claim = app.shell.store.agent_claim_fetch(provider, id.as_str()).await?;
    if !AgentClaim::is_of(claim.as_ref(), caller.tenant(), &app.owner) {
        return Err(unknown());
    }
    Ok(Own { provider, id, claim, agents })
}

/// Forgets what is kept of an agent that is no more. What stays behind because of a failure opens nothing.
async fn forget(app: &App, own: &Own<'_>) {
    let store = &app.shell.store;
    let mut failures = vec![store.configured_agent_forget(own.provider, own.id.as_str()).await.err()];
    if let Some(claim) = &own.claim {
        failures.push(store.agent_claim_remove(claim).await.err());
        if let Some(hook) = claim.hook {
            failures.push(store.hook_revoke(&app.owner, hook).await.err());
        }
    }
    for error in failures.into_iter().flatten() {
        tracing::warn!(%error, "something stays behind of an agent that was removed");
    }
}

fn not_found(error: ProviderError) -> ApiError {
    if matches!(error.kind, ProviderErrorKind::NotFound(_)) { unknown() } else { error.into() }
}

fn unknown() -> ApiError {
    ApiError::not_found("no such agent")
}
