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

/// How long a failure to fetch what is not known at all is remembered: long enough not to wait for it with every request, short
/// enough that a secret which was just created is found.
const FAILURE_INTERVAL: Duration = Duration::from_secs(2);

/// The installation's secrets.
pub struct Secrets {
    client: Client,
    clock: Arc<dyn Clock>,
    /// One lock per secret, held while it is fetched, so that those who come meanwhile wait for the one answer.
    cache: Mutex<BTreeMap<String, Arc<Mutex<Cached>>>>,
}

/// What is known of one secret.
#[derive(Default)]
struct Cached {
    known: Option<(Arc<SecretBundle>, Timestamp)>,
    /// The last failure, until the next success.
    failed: Option<(SecretUnavailable, Timestamp)>,
    /// When somebody last insisted on fresh values.
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
        // A version that is not in use must not take down the one that is.
        let aside = |version: Result<Option<SecretVersion>, SecretUnavailable>| match version {
            Err(error @ SecretUnavailable::Unreadable { .. }) => {
                tracing::warn!(%error, "a pending or previous version is left aside");
                Ok(None)
            }
            other => other,
        };
        let versions = [Some(current), aside(pending)?, aside(previous)?].into_iter().flatten().collect();
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
        if let Some(answer) = cached.answer(freshness, now) {
            return answer;
        }
        if freshness == Freshness::Refetched {
            cached.refetched_at = Some(now);
        }
        match self.fetch(name).await {
            Ok(bundle) => {
                let bundle = Arc::new(bundle);
                cached.known = Some((Arc::clone(&bundle), now));
                cached.failed = None;
                Ok(bundle)
            }
            Err(error) => {
                cached.failed = Some((error.clone(), now));
                match &cached.known {
                    Some((bundle, _)) if !matches!(error, SecretUnavailable::Missing { .. }) => {
                        tracing::warn!(%error, "using the last known values");
                        Ok(Arc::clone(bundle))
                    }
                    _ => Err(error),
                }
            }
        }
    }
}

impl Cached {
    /// What can be said without asking; `None` if it is time to ask.
    fn answer(&self, freshness: Freshness, now: Timestamp) -> Option<Result<Arc<SecretBundle>, SecretUnavailable>> {
        let recent = |at: Timestamp, span| now >= at && now < at.plus(span);
        let refetched = self.refetched_at.is_some_and(|at| recent(at, REFETCH_INTERVAL));
        match (&self.known, &self.failed) {
            // Asking again right after a failure would make every request wait for the same failure.
            (Some((bundle, _)), Some((_, at))) if recent(*at, REFETCH_INTERVAL) => Some(Ok(Arc::clone(bundle))),
            (None, Some((error, at))) if recent(*at, FAILURE_INTERVAL) => Some(Err(error.clone())),
            (Some((bundle, at)), _) => {
                let good = match freshness {
                    Freshness::Cached => recent(*at, KEPT_FOR),
                    Freshness::Refetched => refetched,
                };
                good.then(|| Ok(Arc::clone(bundle)))
            }
            (None, _) => None,
        }
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Secrets").finish_non_exhaustive()
    }
}
