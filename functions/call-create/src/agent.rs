//! The agent of the configuration, where a request names none.

use switchboard_core::{Fault, ProviderId};
use switchboard_lambda::{ApiError, configured_agent};
use switchboard_providers::{ExternalId, Provider};

use crate::App;

/// The agent to be named to the provider; `None` where its client has one from the configuration.
///
/// OmniDimension's may only be described there: it is made once (by `GET /agent/info`) and remembered. It is not made here,
/// where somebody waits for a phone to ring.
pub(crate) async fn configured(app: &App, provider: ProviderId) -> Result<Option<String>, ApiError> {
    if provider != ProviderId::Omnidimension {
        return Ok(None);
    }
    let client = app.desk.fleet.omnidimension();
    let Some((name, agents)) = client.described_agent().and_then(|draft| draft.name.as_deref()).zip(client.agents())
    else {
        return Ok(None);
    };
    let find = async { Ok(agents.named(name).await?.map(|agent| agent.id.as_str().to_owned())) };
    let make = async {
        let message =
            "the agent of the configuration is not made yet; GET /agent/info makes it once, or name one in agentId";
        Err(ApiError::new(Fault::Conflict, message))
    };
    let id = configured_agent(&app.shell.store, provider, name, find, make).await?;
    Ok(ExternalId::parse(&id).map(|id| id.as_str().to_owned()))
}
