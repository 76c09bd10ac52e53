//! `GET /api/health`.
//!
//! Shallow, for everybody and every load balancer: what is known of each provider, at most five seconds old. Deep
//! (`?deep=1`, scope `admin`): the table, the secrets and each provider's word on our credentials, asked now.

use std::collections::BTreeMap;
use std::future::Future;
use std::time::Duration;

use http::StatusCode;
use serde::Serialize;
use switchboard_auth::Caller;
use switchboard_core::{Failure, Freshness, ProviderId, Scope, SecretUnavailable, Timestamp};
use switchboard_lambda::{ApiError, Reply, Request};
use switchboard_providers::{Account, Provider, ProviderError, ProviderErrorKind};

use crate::{App, Operation};

/// How long a look is good for (api).
const LOOK_KEPT_FOR: Duration = Duration::from_secs(5);
/// How long anything is waited for (api: within 2 s).
const PATIENCE: Duration = Duration::from_secs(2);

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

#[derive(Debug, Serialize)]
#[serde(rename_all = "lowercase")]
enum Status {
    Healthy,
    Degraded,
}

/// The answer.
#[derive(Debug, Serialize)]
struct HealthOut {
    status: Status,
    timestamp: Timestamp,
    services: BTreeMap<&'static str, ServiceState>,
    #[serde(skip_serializing_if = "Option::is_none")]
    checks: Option<Vec<CheckOut>>,
}

/// One thing that a deep look asked.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct CheckOut {
    check: &'static str,
    ok: bool,
    latency_ms: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
}

pub(crate) async fn health(app: &App, caller: &Caller, request: &Request<Operation>) -> Result<Reply, ApiError> {
    let deep = match request.query("deep") {
        None | Some("0" | "false") => false,
        Some("1" | "true") => true,
        Some(_) => return Err(ApiError::invalid("deep", "must be 1 or 0")),
    };
    let body = if deep {
        caller.require(Scope::Admin).map_err(ApiError::denied)?;
        deep_look(app).await
    } else {
        let omi = shallow_look(app).await;
        answer(app, omi, None)
    };
    Reply::json(StatusCode::OK, &body)
}

fn answer(app: &App, omi: ServiceState, checks: Option<Vec<CheckOut>>) -> HealthOut {
    let failed = checks.iter().flatten().any(|check| !check.ok);
    let status = if omi == ServiceState::Disconnected || failed { Status::Degraded } else { Status::Healthy };
    let services = BTreeMap::from([(ProviderId::Omi.as_str(), omi)]);
    HealthOut { status, timestamp: app.shell.now(), services, checks }
}

/// What is known, or else one look; whoever comes meanwhile waits for the same one.
async fn shallow_look(app: &App) -> ServiceState {
    let mut last = app.last_look.lock().await;
    let now = app.shell.now();
    if let Some((at, state)) = *last
        && now >= at
        && now < at.plus(LOOK_KEPT_FOR)
    {
        return state;
    }
    let state = match account(app) {
        Some(account) => state_of(&timed(account.reachable()).await.map_err(Trouble::into_error)),
        None => ServiceState::NotConfigured,
    };
    *last = Some((app.shell.now(), state));
    state
}

/// Everything is asked at once, so that the whole takes no longer than the slowest.
async fn deep_look(app: &App) -> HealthOut {
    let (table, signing, omi) = tokio::join!(
        check(app, "table", timed(app.shell.store.probe())),
        check(app, "signing_secret", timed(app.shell.signing_keys(Freshness::Cached))),
        omi_credentials(app),
    );
    let (state, credentials) = omi;
    let checks = [Some(table), Some(signing), credentials].into_iter().flatten().collect();
    answer(app, state, Some(checks))
}

/// OMI's word on our credentials; no check where there are none to be checked.
async fn omi_credentials(app: &App) -> (ServiceState, Option<CheckOut>) {
    let Some(account) = account(app) else { return (ServiceState::NotConfigured, None) };
    let begun_at = app.shell.now();
    let result = timed(account.credentials_accepted()).await;
    let report = report(app, "omi_credentials", begun_at, &result);
    match state_of(&result.map_err(Trouble::into_error)) {
        ServiceState::NotConfigured => (ServiceState::NotConfigured, None),
        state => (state, Some(report)),
    }
}

fn account(app: &App) -> Option<&dyn Account> {
    app.omi.account()
}

/// What kept a look from succeeding.
enum Trouble<E> {
    Failed(E),
    TooSlow,
}

impl<E> Trouble<E> {
    fn into_error(self) -> Option<E> {
        match self {
            Self::Failed(error) => Some(error),
            Self::TooSlow => None,
        }
    }
}

async fn timed<T, E>(look: impl Future<Output = Result<T, E>> + Send) -> Result<(), Trouble<E>> {
    match tokio::time::timeout(PATIENCE, look).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) => Err(Trouble::Failed(error)),
        Err(_) => Err(Trouble::TooSlow),
    }
}

fn state_of(result: &Result<(), Option<ProviderError>>) -> ServiceState {
    match result {
        Ok(()) => ServiceState::Connected,
        Err(Some(ProviderError {
            kind:
                ProviderErrorKind::NotConfigured(SecretUnavailable::Missing { .. } | SecretUnavailable::Incomplete { .. }),
            ..
        })) => ServiceState::NotConfigured,
        Err(_) => ServiceState::Disconnected,
    }
}

async fn check<E: Failure>(
    app: &App,
    name: &'static str,
    look: impl Future<Output = Result<(), Trouble<E>>> + Send,
) -> CheckOut {
    let begun_at = app.shell.now();
    let result = look.await;
    report(app, name, begun_at, &result)
}

fn report<E: Failure>(
    app: &App,
    check: &'static str,
    begun_at: Timestamp,
    result: &Result<(), Trouble<E>>,
) -> CheckOut {
    let message = match result {
        Ok(()) => None,
        // An administrator asks; the internal text names the setting or the status, and never a secret.
        Err(Trouble::Failed(error)) => Some(error.to_string()),
        Err(Trouble::TooSlow) => Some(format!("no answer within {} s", PATIENCE.as_secs())),
    };
    let latency_ms = u64::try_from(app.shell.now().since(begun_at).as_millis()).unwrap_or(u64::MAX);
    CheckOut { check, ok: result.is_ok(), latency_ms, message }
}
