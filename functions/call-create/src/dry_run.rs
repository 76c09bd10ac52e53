//! `dryRun`: what would be sent, and what speaks for and against it. Nothing is written, nothing is dialled.

use http::StatusCode;
use serde::Serialize;
use serde_json::Value;
use switchboard_auth::Caller;
use switchboard_core::{CallId, Channel, Failure, LegId, PolicyRefusal, ProviderId, Secret};
use switchboard_lambda::{ApiError, Reply, Request};
use switchboard_providers::{Check, ReportTo, WouldSend};

use crate::order::Order;
use crate::preflight::{Plan, place_call, plan};
use crate::{App, Operation};

/// What stands where a capability would.
const REDACTED: &str = "[redacted]";

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct DryRunOut {
    would_send: Option<WouldSendOut>,
    checks: Vec<CheckOut>,
}

#[derive(Debug, Serialize)]
struct WouldSendOut {
    provider: ProviderId,
    method: &'static str,
    path: String,
    body: Value,
}

#[derive(Debug, Serialize)]
struct CheckOut {
    check: &'static str,
    ok: bool,
    message: String,
}

pub(crate) async fn dry_run(
    app: &App,
    caller: &Caller,
    order: &Order,
    request: &Request<Operation>,
) -> Result<Reply, ApiError> {
    let plan = plan(app, caller, order, true).await?;
    let mut checks = plan.checks.clone();
    checks.push(slots(app, caller).await?);
    checks.extend(money(app, caller, order).await?);
    let base = app.shell.base_url(request)?;
    let would_send = match would_send(app, order, &plan, &base).await {
        Ok(would_send) => would_send,
        Err(refused) => {
            checks.push(refused);
            None
        }
    };
    let would_send =
        would_send.map(|WouldSend { method, path, body }| WouldSendOut { provider: plan.provider, method, path, body });
    let checks =
        checks.into_iter().map(|check| CheckOut { check: check.check, ok: check.ok, message: check.message }).collect();
    Reply::json(StatusCode::OK, &DryRunOut { would_send, checks })
}

/// What would be sent; a check that does not hold where it cannot be made.
async fn would_send(app: &App, order: &Order, plan: &Plan, base: &str) -> Result<Option<WouldSend>, Check> {
    let now = app.shell.now();
    // A URL that nobody has: the real one is made with the call.
    let url = format!("{base}/webhooks/{}/{REDACTED}", plan.provider);
    let report_to = ReportTo { url: Secret::new(url), credential: Some(Secret::new(REDACTED)) };
    let place = place_call(order, plan, (CallId::generate(now), LegId::generate(now)), Some(&report_to));
    let client = app.desk.fleet.get(plan.provider);
    let made = match order.channel {
        Channel::Phone => match client.and_then(|client| client.calls()) {
            Some(calls) => calls.would_send(&place).await,
            None => return Ok(None),
        },
        Channel::Web => match client.and_then(|client| client.web_calls()) {
            Some(calls) => calls.would_send(&place).await,
            None => return Ok(None),
        },
    };
    made.map(Some).map_err(|error| Check::failed("request", error.public_message().into_owned()))
}

async fn slots(app: &App, caller: &Caller) -> Result<Check, ApiError> {
    let (limit, tenant) = (app.concurrent_calls, caller.tenant());
    let free = app.shell.store.call_slots_free(tenant, limit).await?;
    let message = format!("{free} of {limit} calls at once are free");
    Ok(if free > 0 { Check::held("concurrency", message) } else { Check::failed("concurrency", message) })
}

/// Whether the day's money of the tenant and of the key would pay for the call.
async fn money(app: &App, caller: &Caller, order: &Order) -> Result<Vec<Check>, ApiError> {
    let (store, tenant) = (&app.shell.store, caller.tenant());
    let day: String = app.shell.now().to_string().chars().take(10).collect();
    let lasts = std::time::Duration::from_secs(u64::from(order.max_duration_secs));
    let estimate = app.policy.estimate(lasts).get();
    let principal = caller.principal_key();
    let mut checks = Vec::new();
    for (check, spent, most, refusal) in [
        (
            "tenant_spend",
            store.spend_of_day(tenant, &day, None).await?,
            app.policy.daily_spend,
            PolicyRefusal::TenantSpend,
        ),
        (
            "key_spend",
            store.spend_of_day(tenant, &day, Some(&principal)).await?,
            app.policy.daily_spend_per_key,
            PolicyRefusal::KeySpend,
        ),
    ] {
        checks.push(if spent.saturating_add(estimate) <= most.get() {
            Check::held(check, format!("the day's money ({most} USD) pays for this call"))
        } else {
            Check::failed(check, refusal.to_string())
        });
    }
    Ok(checks)
}
