//! A call as callers see it, and finding the call that a request is about.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;
use switchboard_auth::Caller;
use switchboard_core::{
    ArtifactState, AtFault, Billable, Call, CallId, Channel, Detail, Direction, EndReason, Fault, Money, Personal,
    Phase, PhoneNumber, PolicyRefusal, ProviderId, RealtimeId, Scope, Timestamp,
};

use crate::{ApiError, Shell};

/// Longest id that is looked at, in characters.
const MAX_ID_CHARS: usize = 128;

/// What comes with a call, by kind.
#[derive(Debug, Serialize)]
struct ArtifactsOut {
    transcript: ArtifactState,
    recording: ArtifactState,
    summary: ArtifactState,
    analysis: ArtifactState,
    cost: ArtifactState,
}

/// One step towards an end.
#[derive(Debug, Serialize)]
struct RungOut {
    rung: String,
    result: String,
    at: Timestamp,
}

/// An end that was asked for and has no evidence yet.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct EndingOut {
    requested_at: Timestamp,
    rungs: Vec<RungOut>,
}

/// A call as the API shows it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CallOut {
    call_id: CallId,
    /// The name under which a realtime call is renewed and ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    rts_id: Option<RealtimeId>,
    provider: Option<ProviderId>,
    channel: Channel,
    direction: Direction,
    phase: Phase,
    artifacts: ArtifactsOut,
    #[serde(skip_serializing_if = "Option::is_none")]
    end_reason: Option<EndReason>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fault: Option<AtFault>,
    #[serde(skip_serializing_if = "Option::is_none")]
    billable: Option<Billable>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retryable: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    raw_reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    agent_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scenario: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    language: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_id: Option<Personal>,
    params: BTreeMap<String, Personal>,
    metadata: Box<RawValue>,
    created_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    dialed_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    answered_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ended_at: Option<Timestamp>,
    deadline_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    duration_secs: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    summary: Option<Personal>,
    #[serde(skip_serializing_if = "Option::is_none")]
    analysis: Option<Box<RawValue>>,
    cost: Option<Money>,
    outcome: &'static str,
    external_ids: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ending: Option<EndingOut>,
}

impl CallOut {
    /// A call as `caller` may see it: numbers in full only with the scope `calls:read`.
    #[must_use]
    pub fn new(call: &Call, caller: &Caller) -> Self {
        let in_full = caller.require(Scope::CallsRead).is_ok();
        let number = |number: &Option<PhoneNumber>| {
            number.as_ref().map(|number| if in_full { number.expose().to_owned() } else { number.masked() })
        };
        let end = call.end();
        let reason = end.as_ref().map(|end| end.reason);
        Self {
            call_id: call.id,
            rts_id: call.lease.is_some().then(|| RealtimeId::of(call.id)),
            provider: call.provider(),
            channel: call.channel,
            direction: call.direction,
            phase: call.phase(),
            artifacts: ArtifactsOut {
                transcript: call.transcript_state(),
                recording: call.recording_state(),
                summary: call.summary_state(),
                analysis: call.analysis_state(),
                cost: call.cost_state(),
            },
            end_reason: reason,
            fault: reason.map(EndReason::at_fault),
            billable: reason.map(EndReason::billable),
            retryable: reason.map(EndReason::retryable),
            raw_reason: end.map(|end| end.raw).filter(|raw| !raw.is_empty()),
            to: number(&call.to),
            from: number(&call.from),
            agent_id: call.agent_id.clone(),
            scenario: call.scenario.clone(),
            language: call.language().map(str::to_owned),
            user_id: call.user_id.clone(),
            params: call.params.clone(),
            metadata: raw_json(call.metadata.expose()),
            created_at: call.created_at,
            dialed_at: call.dialed_at(),
            answered_at: call.answered_at(),
            ended_at: call.ended_at(),
            deadline_at: call.deadline_at,
            duration_secs: call.duration_secs(),
            summary: call.summary().cloned(),
            analysis: call.analysis().map(|analysis| found_out(call, analysis.expose())),
            cost: call.cost(),
            outcome: if call.outcome_is_unknown() { "unknown" } else { "known" },
            external_ids: call.external_ids(),
            ending: call.ending.as_ref().filter(|_| call.is_live()).map(ending),
        }
    }
}

fn ending(ending: &switchboard_core::Ending) -> EndingOut {
    let rungs = ending.rungs.iter();
    let rungs = rungs.map(|rung| RungOut { rung: rung.rung.clone(), result: rung.result.clone(), at: rung.at });
    EndingOut { requested_at: ending.requested_at, rungs: rungs.collect() }
}

/// What was found out, without what was only given: some providers give back every value that they were sent.
fn found_out(call: &Call, analysis: &str) -> Box<RawValue> {
    const GIVEN: [&str; 4] = ["scenario", "language", "systemPrompt", "firstMessage"];
    let Ok(Value::Object(mut found)) = serde_json::from_str(analysis) else { return raw_json(analysis) };
    found.retain(|name, value| {
        let echoed = call.params.get(name).is_some_and(|given| value.as_str() == Some(given.expose()));
        !echoed && !GIVEN.contains(&name.as_str())
    });
    raw_json(&Value::Object(found).to_string())
}

/// JSON that was kept as text; an empty object where it is none.
fn raw_json(text: &str) -> Box<RawValue> {
    RawValue::from_string(text.to_owned()).unwrap_or_else(|_| RawValue::NULL.to_owned())
}

/// The call that a path names, in the caller's own tenant.
///
/// # Errors
/// 404 if there is none, 400 if the id is too long to be one.
pub async fn call_of(shell: &Shell, caller: &Caller, id: &str) -> Result<Call, ApiError> {
    if id.len() > MAX_ID_CHARS {
        return Err(ApiError::invalid("callId", format!("is longer than {MAX_ID_CHARS} characters")));
    }
    let none = || ApiError::new(Fault::NotFound, "there is no such call; GET /api/calls lists them");
    let id = CallId::parse(id).ok_or_else(none)?;
    shell.store.call_fetch(caller.tenant(), id).await?.ok_or_else(none)
}

/// What the dial policy refuses, as an error: what can never be called is a wrong number, where may not be called is
/// forbidden, what is used up comes back.
#[must_use]
pub fn refusal(refusal: PolicyRefusal) -> ApiError {
    let fault = match refusal {
        PolicyRefusal::CountriesNotSet | PolicyRefusal::CountryNotListed { .. } => Fault::Forbidden,
        PolicyRefusal::Premium | PolicyRefusal::SharedCost | PolicyRefusal::Satellite | PolicyRefusal::Short => {
            Fault::InvalidPhoneNumber
        }
        PolicyRefusal::DestinationCap | PolicyRefusal::RangeCap | PolicyRefusal::NewDestinations => Fault::RateLimited,
        PolicyRefusal::TenantSpend | PolicyRefusal::KeySpend => Fault::BudgetExceeded,
    };
    ApiError::new(fault, "the dial policy does not allow this call")
        .with_details(vec![Detail::new("to", refusal.to_string())])
        .with("reason", refusal.code())
}

/// R4's word for how a call stands.
#[must_use]
pub fn old_status(call: &Call) -> &'static str {
    match call.phase() {
        Phase::Reserved | Phase::Dialing => "queued",
        Phase::Ringing => "ringing",
        Phase::InProgress => "in-progress",
        Phase::Ended if call.end().is_some_and(|end| end.reason.is_success()) => "completed",
        Phase::Ended => "failed",
    }
}
