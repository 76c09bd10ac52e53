//! `GET /agent/info` (R1): the agent of the configuration. If it is only described there, asking for it makes it, once.

use http::StatusCode;
use switchboard_auth::Caller;
use switchboard_core::ProviderId;
use switchboard_lambda::{ApiError, Reply, Request, Shell, configured_agent};
use switchboard_providers::{Agent, AgentDraft, Agents, ExternalId};

use crate::offers::Configured;
use crate::out::InfoOut;
use crate::{App, Operation, create};

/// Whose agent it is.
const PROVIDER: ProviderId = ProviderId::Omnidimension;

pub(crate) async fn info(app: &App, caller: &Caller, request: &Request<Operation>) -> Result<Reply, ApiError> {
    Shell::require_owner(caller.tenant(), &app.owner)?;
    let agents = app.offers.agents_of(PROVIDER)?;
    let agent = match &app.offers.configured {
        Configured::Named(id) => agents.get(id).await?,
        Configured::Described(draft) => described(app, agents, draft, request).await?,
    };
    // What the configuration names, the provider may not have.
    let missing = || ApiError::not_found("no configured agent");
    Reply::json(StatusCode::OK, &InfoOut::new(PROVIDER, agent.ok_or_else(missing)?))
}

/// The described agent, made if it was not yet, or if it was and is no more.
async fn described(
    app: &App,
    agents: &dyn Agents,
    draft: &AgentDraft,
    request: &Request<Operation>,
) -> Result<Option<Agent>, ApiError> {
    let id = made(app, agents, draft, request).await?;
    if let Some(agent) = agents.get(&id).await? {
        return Ok(Some(agent));
    }
    app.shell.store.configured_agent_forget(PROVIDER, id.as_str()).await?;
    let id = made(app, agents, draft, request).await?;
    Ok(agents.get(&id).await?)
}

async fn made(
    app: &App,
    agents: &dyn Agents,
    draft: &AgentDraft,
    request: &Request<Operation>,
) -> Result<ExternalId, ApiError> {
    let name = draft.name.as_deref().unwrap_or_default();
    let base_url = app.shell.base_url(request)?;
    let find = async { Ok(agents.named(name).await?.map(|agent| agent.id.as_str().to_owned())) };
    let make = async {
        let agent = create::make(app, &app.owner, PROVIDER, draft, &base_url).await?;
        Ok(agent.id.as_str().to_owned())
    };
    let id = configured_agent(&app.shell.store, PROVIDER, name, find, make).await?;
    ExternalId::parse(&id).ok_or_else(|| ApiError::internal("the remembered agent has no provider's name"))
}
