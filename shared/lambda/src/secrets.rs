//! Secrets Manager behind a cache.
//!
//! Values are fetched on first use, kept five minutes, and fetched again early when one did not work, though at most once
//! in 30 seconds per secret: a stranger who sends forged signatures must not be able to make us ask without end. If Secrets
//! Manager does not answer, the last known values go on being used.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_secretsmanager::Client;
use switchboard_core::{
    Clock, Freshness, SecretBundle, SecretSource, SecretStage, SecretUnavailable, SecretVersion, Timestamp,
};
use tokio::sync::Mutex;

/// How long a fetched secret is used.
const KEPT_FOR: Duration = Duration::from_secs(5 * 60);
/// Shortest time between two fetches of one secret that did not work.
const REFETCH_INTERVAL: Duration = Duration::from_secs(30);

/// The installation's secrets.
pub struct Secrets {
    client: Client,
    clock: Arc<dyn Clock>,
    /// One lock per secret, held while it is fetched, so that those who come meanwhile wait for the one answer.
    cache: Mutex<BTreeMap<String, Arc<Mutex<Option<Cached>>>>>,
}

#[derive(Clone)]
struct Cached {
    bundle: Arc<SecretBundle>,
    fetched_at: Timestamp,
    /// When it was last fetched because a value did not work; what was fetched as a matter of course does not count.
    refetched_at: Option<Timestamp>,
}

impl Secrets {
    /// Secrets read through `client`.
    #[must_use]
    pub fn new(client: Client, clock: Arc<dyn Clock>) -> Self {
        Self { client, clock, cache: Mutex::default() }
    }

    async fn fetch(&self, name: &str) -> Result<SecretBundle, SecretUnavailable> {
        // All at once: whoever waits for a secret waits for one answer, not for three in a row.
        let (current, pending, previous, changed_at) = tokio::join!(
            self.fetch_stage(name, SecretStage::Current),
            self.fetch_stage(name, SecretStage::Pending),
            self.fetch_stage(name, SecretStage::Previous),
            self.fetch_changed_at(name),
        );
        let current = current?.ok_or_else(|| SecretUnavailable::Missing { name: name.to_owned() })?;
        let versions = [Some(current), pending?, previous?].into_iter().flatten().collect();
        Ok(SecretBundle::new(versions, changed_at))
    }

    /// When the secret was last changed. Where that cannot be had, the versions' own times must do.
    async fn fetch_changed_at(&self, name: &str) -> Option<Timestamp> {
        match self.client.describe_secret().secret_id(name).send().await {
            Ok(output) => output.last_changed_date()?.to_millis().ok().map(Timestamp::from_epoch_millis),
            Err(error) => {
                let code = error.as_service_error().and_then(|service| service.meta().code()).unwrap_or("no answer");
                tracing::warn!(code, "a secret cannot be described; its rotation overlap counts from its creation");
                None
            }
        }
    }

    /// One version; `None` where none has this stage.
    async fn fetch_stage(&self, name: &str, stage: SecretStage) -> Result<Option<SecretVersion>, SecretUnavailable> {
        let unreachable = |what: &str| SecretUnavailable::Unreachable { name: name.to_owned(), what: what.to_owned() };
        let sent = self.client.get_secret_value().secret_id(name).version_stage(stage.label()).send().await;
        let output = match sent {
            Ok(output) => output,
            Err(error) => {
                let service = error.as_service_error();
                return match service {
                    Some(service) if service.is_resource_not_found_exception() => Ok(None),
                    Some(service) => Err(unreachable(service.meta().code().unwrap_or("service error"))),
                    None => Err(unreachable("no answer")),
                };
            }
        };
        let text = output.secret_string().ok_or_else(|| SecretUnavailable::Unreadable { name: name.to_owned() })?;
        let created_at = output.created_date().and_then(|at| at.to_millis().ok()).unwrap_or(0);
        SecretVersion::from_json(stage, Timestamp::from_epoch_millis(created_at), text)
            .map(Some)
            .map_err(|_| SecretUnavailable::Unreadable { name: name.to_owned() })
    }
}

#[async_trait]
impl SecretSource for Secrets {
    async fn secret(&self, name: &str, freshness: Freshness) -> Result<Arc<SecretBundle>, SecretUnavailable> {
        let place = Arc::clone(self.cache.lock().await.entry(name.to_owned()).or_default());
        let mut cached = place.lock().await;
        let now = self.clock.now();
        if let Some(known) = cached.as_ref() {
            let good = match freshness {
                Freshness::Cached => now < known.fetched_at.plus(KEPT_FOR),
                Freshness::Refetched => known.refetched_at.is_some_and(|at| now < at.plus(REFETCH_INTERVAL)),
            };
            if good {
                return Ok(Arc::clone(&known.bundle));
            }
        }
        match self.fetch(name).await {
            Ok(bundle) => {
                let bundle = Arc::new(bundle);
                let refetched_at = match freshness {
                    Freshness::Cached => cached.as_ref().and_then(|known| known.refetched_at),
                    Freshness::Refetched => Some(now),
                };
                *cached = Some(Cached { bundle: Arc::clone(&bundle), fetched_at: now, refetched_at });
                Ok(bundle)
            }
            Err(error) => match cached.as_ref() {
                Some(known) if matches!(error, SecretUnavailable::Unreachable { .. }) => {
                    tracing::warn!(%error, "using the last known values");
                    Ok(Arc::clone(&known.bundle))
                }
                _ => Err(error),
            },
        }
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Secrets").finish_non_exhaustive()
    }
}
