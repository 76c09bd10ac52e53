//! A provider's limit of requests, shared by every process of the installation.

use switchboard_core::{Fault, ProviderId, TenantId};
use switchboard_store::UpstreamBudget;

use crate::{ApiError, Shell};

/// Takes one request to a provider from the installation's budget of `per_minute`. Call it right before the request.
///
/// # Errors
/// 503 `provider_busy` with `Retry-After` if the minute's budget is used up.
pub async fn take_upstream(
    shell: &Shell,
    provider: ProviderId,
    per_minute: u32,
    tenant: &TenantId,
) -> Result<(), ApiError> {
    match shell.store.upstream_take(provider, per_minute, tenant.is_public()).await? {
        UpstreamBudget::Granted => Ok(()),
        UpstreamBudget::Exhausted(wait) => {
            let message = format!("the limit of requests to {provider} is used up for this minute");
            Err(ApiError::new(Fault::ProviderBusy, message).with_retry_after(wait))
        }
    }
}
