//! `GET /api/health`, and `GET /health` as R1's service had it.
//!
//! Shallow, for everybody and every load balancer: what is known of each provider, at most five seconds old. Deep
//! (`?deep=1`, scope `admin`): the table, the secrets and each provider's word on our credentials, asked now.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::future::Future;
use std::time::Duration;

use futures_util::future::join_all;
use http::StatusCode;
use serde::Serialize;
use switchboard_auth::Caller;
use switchboard_core::{Failure, Freshness, Scope, Timestamp};
use switchboard_lambda::{ApiError, Reply, Request};

use crate::look::{PATIENCE, ServiceState, Trouble, state_of, timed};
use crate::providers::Known;
use crate::{App, Operation};

/// How long a look is good for (api).
const LOOK_KEPT_FOR: Duration = Duration::from_secs(5);

/// What the providers are to us, by name.
pub(crate) type Services = BTreeMap<&'static str, ServiceState>;

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
    services: Services,
    #[serde(skip_serializing_if = "Option::is_none")]
    checks: Option<Vec<CheckOut>>,
}

/// One thing that a deep look asked.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct CheckOut {
    check: Cow<'static, str>,
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
        let services = shallow_look(app).await;
        answer(app, services, None)
    };
    Reply::json(StatusCode::OK, &body)
}

fn answer(app: &App, services: Services, checks: Option<Vec<CheckOut>>) -> HealthOut {
    let away = services.values().any(|state| *state == ServiceState::Disconnected);
    let failed = checks.iter().flatten().any(|check| !check.ok);
    let status = if away || failed { Status::Degraded } else { Status::Healthy };
    HealthOut { status, timestamp: app.shell.now(), services, checks }
}

/// What is known, or else one look at every provider at once; whoever comes meanwhile waits for the same one.
async fn shallow_look(app: &App) -> Services {
    let mut last = app.last_look.lock().await;
    let now = app.shell.now();
    if let Some((at, services)) = last.as_ref()
        && now >= *at
        && now < at.plus(LOOK_KEPT_FOR)
    {
        return services.clone();
    }
    let looks = app.providers.iter().filter_map(|known| {
        let account = known.provider.account()?;
        Some(async move { (known.provider.id().as_str(), state_of(&timed(account.reachable()).await)) })
    });
    let services: Services = join_all(looks).await.into_iter().collect();
    *last = Some((app.shell.now(), services.clone()));
    services
}

/// Everything is asked at once, so that the whole takes no longer than the slowest.
async fn deep_look(app: &App) -> HealthOut {
    let (table, signing, providers) = tokio::join!(
        check(app, "table", timed(app.shell.store.probe())),
        check(app, "signing_secret", timed(app.shell.signing_keys(Freshness::Cached))),
        join_all(app.providers.iter().map(|known| credentials_of(app, known))),
    );
    let (mut services, mut checks) = (Services::new(), vec![table, signing]);
    for (name, state, check) in providers.into_iter().flatten() {
        services.insert(name, state);
        checks.extend(check);
    }
    answer(app, services, Some(checks))
}

/// A provider's word on our credentials; no check where there are none to be checked.
async fn credentials_of(app: &App, known: &Known) -> Option<(&'static str, ServiceState, Option<CheckOut>)> {
    let (name, account) = (known.provider.id().as_str(), known.provider.account()?);
    let begun_at = app.shell.now();
    let looked = timed(account.credentials_accepted()).await;
    Some(match state_of(&looked) {
        ServiceState::NotConfigured => (name, ServiceState::NotConfigured, None),
        state => (name, state, Some(report(app, format!("{name}_credentials").into(), begun_at, &looked))),
    })
}

async fn check<T, E: Failure>(
    app: &App,
    name: &'static str,
    look: impl Future<Output = Result<T, Trouble<E>>> + Send,
) -> CheckOut {
    let begun_at = app.shell.now();
    let looked = look.await.map(drop);
    report(app, name.into(), begun_at, &looked)
}

fn report<E: Failure>(
    app: &App,
    check: Cow<'static, str>,
    begun_at: Timestamp,
    looked: &Result<(), Trouble<E>>,
) -> CheckOut {
    let message = match looked {
        Ok(()) => None,
        // An administrator asks; the internal text names the setting or the status, and never a secret.
        Err(Trouble::Failed(error)) => Some(error.to_string()),
        Err(Trouble::TooSlow) => Some(format!("no answer within {} s", PATIENCE.as_secs())),
    };
    let latency_ms = u64::try_from(app.shell.now().since(begun_at).as_millis()).unwrap_or(u64::MAX);
    CheckOut { check, ok: looked.is_ok(), latency_ms, message }
}
