//! The fence, the dial, the bind; and the next provider, but only where the one before certainly did not dial.

use std::time::Duration;

use switchboard_calls::{Attempt, Fenced};
use switchboard_core::{Call, Channel, Effect, LegId, Observation, ProviderId, Secret};
use switchboard_lambda::{ApiError, HookAddress, Request};
use switchboard_providers::{Connected, PlaceCall, Placed, ProviderError, ReportTo};
use switchboard_store::Hook;

use crate::order::Order;
use crate::preflight::{Plan, can_hold, place_call};
use crate::{App, Operation};

/// How long after the longest that this function may run nobody believes any more that it is still dialling (design: 60 s).
const DIAL_GRACE: Duration = Duration::from_secs(60);
/// How long after its deadline a call's own webhook URL still takes what is said about it.
const HOOK_GRACE: Duration = Duration::from_secs(24 * 60 * 60);

/// What came of a call.
#[derive(Debug)]
pub(crate) enum Dialled {
    /// It is placed, or may be; or somebody took it back before it was dialled.
    Placed {
        /// As it is now.
        call: Box<Call>,
        /// What a browser needs to join it.
        connect: Option<Box<Connected>>,
    },
    /// Nobody was called, for certain.
    Failed {
        /// What the last provider said.
        error: Box<ProviderError>,
    },
}

/// Has a call dialled that is written down.
pub(crate) async fn dial(
    app: &App,
    mut call: Call,
    order: &Order,
    plan: &Plan,
    request: &Request<Operation>,
) -> Result<Dialled, ApiError> {
    loop {
        let Some((leg, provider)) = call.legs.last().map(|leg| (leg.id, leg.provider)) else {
            return Err(ApiError::internal("a call without an attempt"));
        };
        let report_to = report_to(app, &call, leg, provider, request).await?;
        let dial_by = app.shell.now().plus(request.time_left(app.shell.now())).plus(DIAL_GRACE);
        let first = call.legs.first().is_some_and(|first| first.id == leg);
        let plan = &plan.of(provider, first);
        // Written down before the dial: who loses its answer must know when the carrier ends the line by itself, too.
        let cap = cap_secs(app, &place_call(order, plan, (call.id, leg), None), provider);
        let hook = report_to.as_ref().and_then(|(_, hook)| hook.clone());
        let attempt = Attempt { leg, provider, hook, cap_secs: cap, dial_by };
        call = match app.desk.pass_fence(call, attempt).await? {
            Fenced::Passed(call) => *call,
            Fenced::Closed(call) => return Ok(Dialled::Placed { call, connect: None }),
        };
        let outcome = send(app, &call, (leg, provider), order, plan, report_to.map(|(report, _)| report)).await;
        let error = match outcome {
            Ok((placed, connect)) => {
                let (reference, said) = (placed.reference.as_deref(), &placed.observation);
                let bound = app.desk.bound(call, (leg, provider), reference, said).await;
                let call = bound.map_err(|error| ApiError::from(error).with_possible_effect())?;
                return Ok(Dialled::Placed { call: Box::new(call), connect: connect.map(Box::new) });
            }
            // A web call rings nowhere before its page has the credential, which is lost with the answer.
            Err(error) if error.effect == Effect::Possible && call.channel == Channel::Phone => {
                tracing::warn!(%error, "the answer to a dial was lost");
                let call = app.desk.lost(call, leg, &error).await?;
                return Ok(Dialled::Placed { call: Box::new(call), connect: None });
            }
            Err(error) => error,
        };
        tracing::info!(%error, "a call was certainly not dialled");
        let channel = call.channel;
        let able = |id| app.desk.fleet.get(id).is_some_and(|client| can_hold(client, channel));
        call = app.desk.not_dialled(call, (leg, provider), &error, able).await?;
        if call.legs.last().is_none_or(|last| last.id == leg) {
            return Ok(Dialled::Failed { error: Box::new(error) });
        }
    }
}

/// Where the provider is to report to, if it takes an address per call; and the row of that address, where it needs one.
async fn report_to(
    app: &App,
    call: &Call,
    leg: LegId,
    provider: ProviderId,
    request: &Request<Operation>,
) -> Result<Option<(ReportTo, Option<Hook>)>, ApiError> {
    let base = app.shell.base_url(request)?;
    Ok(match provider {
        // It signs what it sends, address included, so that the address may say what it is about.
        ProviderId::Twilio => {
            let url = format!("{base}/webhooks/twilio?call={}&leg={leg}", call.id);
            Some((ReportTo { url: Secret::new(url), credential: None }, None))
        }
        ProviderId::Hamsa => {
            let expires_at = call.deadline_at.plus(HOOK_GRACE);
            let (tenant, now) = (call.tenant.clone(), app.shell.now());
            let hook = Hook::of_call(tenant, provider.as_str(), (call.id, leg), expires_at, now);
            let url = app.shell.hook_urls()?.url(&HookAddress::new(base.as_str(), &hook)).await?;
            let credential = app.shell.hook_urls()?.credential(&hook).await?;
            Some((ReportTo { url, credential: Some(credential) }, Some(hook)))
        }
        ProviderId::Omi | ProviderId::Omnidimension | ProviderId::Openai => None,
    })
}

/// What a provider's answer says.
struct Taken {
    reference: Option<String>,
    observation: Observation,
}

/// When the carrier ends the line whatever anybody does, in seconds from the answer, as far as its provider says.
fn cap_secs(app: &App, place: &PlaceCall<'_>, provider: ProviderId) -> Option<u32> {
    place.to?;
    app.desk.fleet.get(provider)?.calls()?.cap_secs(place)
}

/// Bytes leave here.
async fn send(
    app: &App,
    call: &Call,
    (leg, provider): (LegId, ProviderId),
    order: &Order,
    plan: &Plan,
    report_to: Option<ReportTo>,
) -> Result<(Taken, Option<Connected>), ProviderError> {
    let place = place_call(order, plan, (call.id, leg), report_to.as_ref());
    let client = app.desk.fleet.get(provider);
    match order.channel {
        Channel::Phone => {
            let Some(calls) = client.and_then(|client| client.calls()) else {
                return Err(ProviderError::unsupported(provider, "place"));
            };
            let Placed { reference, observation } = calls.place(&place).await?;
            let reference = Some(reference.as_str().to_owned());
            Ok((Taken { reference, observation }, None))
        }
        Channel::Web => {
            let Some(calls) = client.and_then(|client| client.web_calls()) else {
                return Err(ProviderError::unsupported(provider, "connect"));
            };
            let connected = calls.connect(&place).await?;
            let reference = connected.reference.as_ref().map(|reference| reference.as_str().to_owned());
            let observation = connected.observation.clone();
            Ok((Taken { reference, observation }, Some(connected)))
        }
    }
}
