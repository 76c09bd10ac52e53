//! The fence, the dial, the bind; and the next provider, but only where the one before certainly did not dial.

use std::time::Duration;

use switchboard_core::{
    Call, Channel, Effect, EndReason, Entry, EntryNote, EventId, Leg, LegId, Observation, ProviderId, Secret, Source,
    Timestamp,
};
use switchboard_lambda::{ApiError, HookAddress, Request};
use switchboard_providers::{Connected, PlaceCall, Placed, ProviderError, ReportTo};
use switchboard_store::{CallWrite, Change, Changed, Hook, Reference, Written};

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
        call = match pass_fence(app, call, (leg, provider), (report_to.as_ref(), cap), dial_by).await? {
            Ok(call) => call,
            Err(call) => return Ok(Dialled::Placed { call: Box::new(call), connect: None }),
        };
        let outcome = send(app, &call, (leg, provider), order, plan, report_to.map(|(report, _)| report)).await;
        let error = match outcome {
            Ok((placed, connect)) => {
                let call = bind(app, call, (leg, provider), &placed).await?;
                return Ok(Dialled::Placed { call: Box::new(call), connect: connect.map(Box::new) });
            }
            // A web call rings nowhere before its page has the credential, which is lost with the answer.
            Err(error) if error.effect == Effect::Possible && call.channel == Channel::Phone => {
                tracing::warn!(%error, "the answer to a dial was lost");
                let call = lost(app, call, leg, &error).await?;
                return Ok(Dialled::Placed { call: Box::new(call), connect: None });
            }
            Err(error) => error,
        };
        tracing::info!(%error, "a call was certainly not dialled");
        call = failed(app, call, (leg, provider), &error).await?;
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

/// The fence. Behind it nobody may dial this attempt again, whatever becomes of this process; in front of it, whoever took the
/// call back has won.
async fn pass_fence(
    app: &App,
    call: Call,
    (leg, provider): (LegId, ProviderId),
    (report_to, cap_secs): (Option<&(ReportTo, Option<Hook>)>, Option<u32>),
    dial_by: Timestamp,
) -> Result<Result<Call, Call>, ApiError> {
    let now = app.shell.now();
    let mut dialing = call.clone();
    if !dialing.begin_dialing(leg, dial_by, now) {
        return Ok(Err(call));
    }
    let hook = report_to.and_then(|(_, hook)| hook.clone());
    if let Some(leg) = dialing.legs.iter_mut().find(|known| known.id == leg) {
        leg.hook = hook.as_ref().map(|hook| hook.id).or(leg.hook);
        leg.cap_secs = cap_secs;
    }
    let entries = vec![entry(app, (leg, provider), "dialing", None)];
    let write = CallWrite { before: Some(&call), entries, hooks: hook.into_iter().collect(), ..CallWrite::default() };
    match app.shell.store.call_write(dialing, &write).await? {
        Written::Done(call) => Ok(Ok(*call)),
        Written::Refused(_) => {
            let found = app.shell.store.call_fetch(&call.tenant, call.id).await?;
            Ok(Err(found.unwrap_or(call)))
        }
    }
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

/// Writes down that the provider has taken it, and its name for it.
async fn bind(app: &App, call: Call, (leg, provider): (LegId, ProviderId), taken: &Taken) -> Result<Call, ApiError> {
    let now = app.shell.now();
    let event = entry(app, (leg, provider), &taken.observation.kind, taken.observation.at);
    let change = |call: &mut Call| {
        call.bind(leg, taken.reference.as_deref(), &taken.observation, now);
        let external = taken.reference.iter();
        let references = external.map(|external| Reference { provider, external: external.clone(), leg }).collect();
        let entry = Entry { source: taken.observation.source, ..event.clone() };
        Some(Change { entries: vec![entry], references, ..Change::default() })
    };
    match app.shell.store.call_change_from(call, change).await {
        Ok(Changed::Done(call) | Changed::Unchanged(call)) => Ok(*call),
        Ok(_) => Err(ApiError::internal("a provider gave a name that another call has").with_possible_effect()),
        Err(error) => Err(ApiError::from(error).with_possible_effect()),
    }
}

/// Writes down that nobody knows.
async fn lost(app: &App, call: Call, leg: LegId, error: &ProviderError) -> Result<Call, ApiError> {
    let now = app.shell.now();
    let reason = error.kind.to_string();
    let provider = error.provider;
    let event = entry(app, (leg, provider), "answer_lost", None);
    let change = |call: &mut Call| {
        call.outcome_lost(leg, &reason, now);
        Some(Change { entries: vec![event.clone()], ..Change::default() })
    };
    changed(app.shell.store.call_change_from(call, change).await)
}

/// Writes down that it was certainly not dialled, and reserves the next attempt if there is a provider left to try.
async fn failed(
    app: &App,
    call: Call,
    (leg, provider): (LegId, ProviderId),
    error: &ProviderError,
) -> Result<Call, ApiError> {
    let now = app.shell.now();
    let (reason, raw): (EndReason, String) = (error.end_reason(), error.kind.to_string());
    let event = entry(app, (leg, provider), "not_dialled", None);
    let next_leg = LegId::generate(now);
    let change = |call: &mut Call| {
        call.not_dialled(leg, reason, &raw, now);
        // Whoever has seen it ring meanwhile knows better, and a second call would be one too many; so would one that somebody
        // has asked to end.
        let over = call.leg(leg).is_some_and(|leg| !leg.evidence.was_seen()) && call.ending.is_none();
        let able = |id: &ProviderId| app.desk.fleet.get(*id).is_some_and(|client| can_hold(client, call.channel));
        let next = call.fallback.iter().copied().find(able);
        if let Some(next) = next.filter(|_| over) {
            call.fallback.retain(|provider| *provider != next);
            call.add_leg(Leg::reserved(next_leg, next), now);
        }
        Some(Change { entries: vec![event.clone()], ..Change::default() })
    };
    changed(app.shell.store.call_change_from(call, change).await)
}

fn changed(written: Result<Changed, switchboard_store::StoreError>) -> Result<Call, ApiError> {
    match written? {
        Changed::Done(call) | Changed::Unchanged(call) => Ok(*call),
        Changed::Duplicate | Changed::ReferenceTaken | Changed::Unknown => {
            Err(ApiError::internal("a call is gone while it is being placed"))
        }
    }
}

/// What the timeline says of what was done here.
fn entry(app: &App, (leg, provider): (LegId, ProviderId), kind: &str, at: Option<Timestamp>) -> Entry {
    let now = app.shell.now();
    Entry {
        event_id: EventId::generate(now),
        at,
        received_at: now,
        source: Source::Presumption,
        provider: Some(provider),
        leg_id: Some(leg),
        kind: kind.to_owned(),
        applied: true,
        note: None::<EntryNote>,
    }
}
