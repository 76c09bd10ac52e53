//! Looks: questions that may not take longer than two seconds, and what their outcomes say of a provider.

use std::future::Future;
use std::time::Duration;

use serde::Serialize;
use switchboard_core::SecretUnavailable;
use switchboard_providers::{ProviderError, ProviderErrorKind};

/// How long anything is waited for (api: within 2 s).
pub(crate) const PATIENCE: Duration = Duration::from_secs(2);

/// What a service is to us.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ServiceState {
    /// It answers.
    Connected,
    /// It does not.
    Disconnected,
    /// Nobody has given us credentials for it.
    NotConfigured,
}

/// What kept a look from succeeding.
pub(crate) enum Trouble<E> {
    Failed(E),
    TooSlow,
}

/// Looks, and gives up after [`PATIENCE`].
pub(crate) async fn timed<T, E>(look: impl Future<Output = Result<T, E>> + Send) -> Result<T, Trouble<E>> {
    match tokio::time::timeout(PATIENCE, look).await {
        Ok(Ok(seen)) => Ok(seen),
        Ok(Err(error)) => Err(Trouble::Failed(error)),
        Err(_) => Err(Trouble::TooSlow),
    }
}

/// What a look says of a provider.
pub(crate) fn state_of<T>(looked: &Result<T, Trouble<ProviderError>>) -> ServiceState {
    match looked {
        Ok(_) => ServiceState::Connected,
        Err(Trouble::Failed(ProviderError {
            kind:
                ProviderErrorKind::NotConfigured(SecretUnavailable::Missing { .. } | SecretUnavailable::Incomplete { .. }),
            ..
        })) => ServiceState::NotConfigured,
        Err(_) => ServiceState::Disconnected,
    }
}
