//! The agent that is made once from the configuration, for every function that needs it.
//!
//! How one is found and made is the provider's matter, which this crate does not know; that only one process makes it, and only
//! if there is none, is the same for all. An agent whose making was cut off is found by its name.

use std::future::Future;
use std::time::Duration;

use switchboard_core::{Effect, Fault, ProviderId};
use switchboard_store::{ConfiguredAgent, Store};

use crate::ApiError;

/// How long finding or making the agent may take: the longest function (29 s) twice, so that whoever was stopped in the middle
/// is certainly not at work any more, and what it made is in the provider's list.
const LEASE: Duration = Duration::from_secs(60);
/// When it is worth asking again while another process makes it.
const ASK_AGAIN: Duration = Duration::from_secs(2);

/// The provider's name for the configured agent. If it is not remembered, it is looked for (`find`, by its name), and made
/// (`make`) if there is none; neither is begun unless it is needed.
///
/// # Errors
/// 409 `in_progress` while another process makes it; what finding or making it ran into.
pub async fn configured_agent(
    store: &Store,
    provider: ProviderId,
    name: &str,
    find: impl Future<Output = Result<Option<String>, ApiError>> + Send,
    make: impl Future<Output = Result<String, ApiError>> + Send,
) -> Result<String, ApiError> {
    let fence = match store.configured_agent_begin(provider, name, LEASE).await? {
        ConfiguredAgent::Known(agent_id) => return Ok(agent_id),
        ConfiguredAgent::Busy(left) => {
            let wait = left.clamp(Duration::from_secs(1), ASK_AGAIN);
            let message = "the configured agent is being made at this moment; ask again";
            return Err(ApiError::new(Fault::InProgress, message).with_retry_after(wait));
        }
        ConfiguredAgent::Ours(fence) => fence,
    };
    // Nothing was made yet, whatever became of the look.
    let made = match find.await.map_err(ApiError::without_effect) {
        Ok(Some(agent_id)) => Ok(agent_id),
        Ok(None) => make.await,
        Err(error) => Err(error),
    };
    let agent_id = match made {
        Ok(agent_id) => agent_id,
        Err(error) => {
            // What may have been made is looked for once it must have come to the provider's list: when the lease has passed.
            if error.effect() == Effect::None
                && let Err(left_over) = store.configured_agent_release(&fence).await
            {
                tracing::warn!(error = %left_over, "the right to make the configured agent stays taken until it lapses");
            }
            return Err(error);
        }
    };
    if !store.configured_agent_keep(&fence, &agent_id).await? {
        tracing::warn!("another process has made the configured agent meanwhile");
    }
    Ok(agent_id)
}
