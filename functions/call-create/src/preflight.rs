//! What is found out before anything is written: whether the number may be called, whether the scenario has all its values,
//! who is to hold the call and whether they can.

use std::collections::BTreeMap;
use std::time::Duration;

use switchboard_auth::Caller;
use switchboard_core::{CallId, Channel, Detail, Fault, LegId, Personal, ProviderId};
use switchboard_lambda::{ApiError, refusal};
use switchboard_providers::fleet::Fleet;
use switchboard_providers::{Check, PlaceCall, Provider, ProviderError, ReportTo};
use switchboard_store::AgentClaim;

use crate::order::Order;
use crate::{App, agent};

/// How long a provider that is to be chosen may take to say that it is there.
const HEALTH_PATIENCE: Duration = Duration::from_secs(1);
/// How long the question about an agent may take; the call itself is still to be placed.
const CHECK_PATIENCE: Duration = Duration::from_secs(4);

/// Everything that is known before the call.
#[derive(Debug)]
pub(crate) struct Plan {
    /// Who holds it.
    pub(crate) provider: ProviderId,
    /// The agent, where the request, the configuration or the table names one.
    pub(crate) agent_id: Option<String>,
    /// The caller's number, or the provider's name for one, where the request names it.
    pub(crate) from: Option<String>,
    /// What the provider is given: the caller's values, and the scenario's texts.
    pub(crate) params: BTreeMap<String, Personal>,
    /// What was looked at.
    pub(crate) checks: Vec<Check>,
}

/// Whether a provider can hold a call on a channel.
pub(crate) fn can_hold(provider: &dyn Provider, channel: Channel) -> bool {
    match channel {
        Channel::Phone => provider.calls().is_some(),
        Channel::Web => provider.web_calls().is_some(),
    }
}

/// Makes the plan, or refuses. With `lenient`, what speaks against the call is a check that does not hold; otherwise it is the
/// answer.
pub(crate) async fn plan(app: &App, caller: &Caller, order: &Order, lenient: bool) -> Result<Plan, ApiError> {
    let mut checks = Vec::new();
    if let Some(to) = &order.to {
        match app.policy.judge(to) {
            Ok(()) => checks.push(Check::held("destination", "the dial policy allows this destination")),
            Err(refused) if lenient => checks.push(Check::failed("destination", refused.to_string())),
            Err(refused) => return Err(refusal(refused)),
        }
    }
    let params = scripted(order, lenient, &mut checks)?;
    let provider = choose(app, order).await?;
    let agent_id = agent_of(app, caller, provider, order).await?;
    let mut plan = Plan { provider, agent_id, from: order.from.clone(), params, checks };
    let asked = ask(app, order, &plan, lenient).await?;
    plan.checks.extend(asked);
    Ok(plan)
}

/// The caller's values with the scenario's texts among them.
fn scripted(order: &Order, lenient: bool, checks: &mut Vec<Check>) -> Result<BTreeMap<String, Personal>, ApiError> {
    let mut params = order.params.clone();
    if let Some(language) = &order.language {
        params.entry("language".to_owned()).or_insert_with(|| Personal::new(language.as_str()));
    }
    let Some(scenario) = order.scenario else { return Ok(params) };
    let language = order.language.as_deref().unwrap_or("en");
    let plain = params.iter().map(|(name, value)| (name.clone(), value.expose().to_owned())).collect();
    match scenario.script(language, &plain) {
        Ok(script) => {
            checks.push(Check::held("scenario", "every placeholder of the scenario has a value"));
            params.insert("scenario".to_owned(), Personal::new(scenario.id));
            params.entry("language".to_owned()).or_insert_with(|| Personal::new(language));
            params.insert("systemPrompt".to_owned(), script.system_prompt);
            params.insert("firstMessage".to_owned(), script.first_message);
        }
        Err(missing) if lenient => {
            let message = format!("the scenario has placeholders without a value: {}", missing.missing.join(", "));
            checks.push(Check { missing: missing.missing, ..Check::failed("scenario", message) });
        }
        Err(missing) => return Err(missing_parameters(missing.missing)),
    }
    Ok(params)
}

/// 422: placeholders have no value.
pub(crate) fn missing_parameters(missing: Vec<String>) -> ApiError {
    let details = missing.iter().map(|name| Detail::new(format!("params.{name}"), "has no value")).collect();
    ApiError::new(Fault::MissingParameters, "placeholders have no value; nothing was dialled")
        .with_details(details)
        .with("missing", missing)
}

/// The provider that was asked for, if it can hold the call; else the first one that can, is configured and answers.
async fn choose(app: &App, order: &Order) -> Result<ProviderId, ApiError> {
    let fleet = &app.desk.fleet;
    for named in order.provider.iter().chain(&order.fallback) {
        if !fleet.get(*named).is_some_and(|provider| can_hold(provider, order.channel)) {
            return Err(unsupported(fleet, *named, order.channel));
        }
    }
    if let Some(named) = order.provider {
        return Ok(named);
    }
    let mut trouble = None;
    for id in Fleet::ORDER {
        let able = fleet.get(id).filter(|provider| can_hold(*provider, order.channel));
        let Some(account) = able.and_then(|provider| provider.account()) else { continue };
        match tokio::time::timeout(HEALTH_PATIENCE, account.reachable()).await {
            Ok(Ok(())) => return Ok(id),
            Ok(Err(error)) if error.is_not_configured() => {}
            Ok(Err(error)) => trouble = Some(ApiError::from(error)),
            Err(_) => {
                let message = format!("{id} cannot be reached; try again shortly");
                trouble = Some(ApiError::new(Fault::ProviderUnavailable, message));
            }
        }
    }
    Err(trouble.unwrap_or_else(|| {
        ApiError::new(
            Fault::Unavailable,
            "no provider that could hold this call is configured; its operator must add one",
        )
    }))
}

fn unsupported(fleet: &Fleet, provider: ProviderId, channel: Channel) -> ApiError {
    let nearest = Fleet::ORDER.into_iter().find(|id| fleet.get(*id).is_some_and(|other| can_hold(other, channel)));
    let message = format!("{provider} holds no {} calls", channel.as_str());
    let error = ApiError::new(Fault::UnsupportedByProvider, message);
    match nearest {
        Some(nearest) => error.with("nearest", nearest.as_str()),
        None => error,
    }
}

/// The agent: the request's, if it is the caller's to use; else the configured one.
async fn agent_of(app: &App, caller: &Caller, provider: ProviderId, order: &Order) -> Result<Option<String>, ApiError> {
    let Some(named) = &order.agent_id else { return agent::configured(app, provider).await };
    let claim = app.shell.store.agent_claim_fetch(provider, named).await?;
    if !AgentClaim::is_of(claim.as_ref(), caller.tenant(), &app.owner) {
        return Err(ApiError::new(Fault::NotFound, "there is no such agent; GET /api/agents lists them"));
    }
    Ok(Some(named.clone()))
}

/// Asks the provider what speaks against the call.
async fn ask(app: &App, order: &Order, plan: &Plan, lenient: bool) -> Result<Vec<Check>, ApiError> {
    let Some(calls) = app.desk.fleet.get(plan.provider).and_then(|provider| provider.calls()) else {
        return Ok(Vec::new());
    };
    let now = app.shell.now();
    let place = place_call(order, plan, (CallId::generate(now), LegId::generate(now)), None);
    let asked = match tokio::time::timeout(CHECK_PATIENCE, calls.checks(&place)).await {
        Ok(asked) => asked,
        // A provider that is slow to tell of an agent may still place a call; the call's own answer will tell.
        Err(_) => return Ok(vec![Check::failed("agent", "the provider did not tell of its agent in time")]),
    };
    let checks = match asked {
        Ok(checks) => checks,
        Err(error) if lenient => return Ok(vec![unanswered(&error)]),
        Err(error) if error.is_not_configured() => return Err(error.into()),
        Err(error) => {
            tracing::info!(%error, "an agent could not be looked at before a call");
            return Ok(vec![unanswered(&error)]);
        }
    };
    if !lenient && let Some(check) = checks.iter().find(|check| !check.ok && !check.missing.is_empty()) {
        return Err(missing_parameters(check.missing.clone()));
    }
    if !lenient && let Some(check) = checks.iter().find(|check| !check.ok && check.check == "agent") {
        return Err(ApiError::new(Fault::InvalidRequest, "a field of the request is not valid")
            .with_details(vec![Detail::new("agentId", check.message.clone())]));
    }
    Ok(checks)
}

fn unanswered(error: &ProviderError) -> Check {
    Check::failed("agent", switchboard_core::Failure::public_message(error).into_owned())
}

/// The call as a provider is asked for it.
pub(crate) fn place_call<'a>(
    order: &'a Order,
    plan: &'a Plan,
    (call, leg): (CallId, LegId),
    report_to: Option<&'a ReportTo>,
) -> PlaceCall<'a> {
    PlaceCall {
        call,
        leg,
        to: order.to.as_ref(),
        from: plan.from.as_deref(),
        agent_id: plan.agent_id.as_deref(),
        params: &plan.params,
        max_duration: Duration::from_secs(u64::from(order.max_duration_secs)),
        report_to,
    }
}

impl Plan {
    /// The plan for another attempt: what belongs to the first provider (its agent, its name for a number) means nothing to another one.
    pub(crate) fn of(&self, provider: ProviderId, first: bool) -> Self {
        Self {
            provider,
            agent_id: self.agent_id.clone().filter(|_| first),
            from: self.from.clone().filter(|from| first || from.starts_with('+')),
            params: self.params.clone(),
            checks: Vec::new(),
        }
    }
}
