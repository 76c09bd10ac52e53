//! `POST /api/realtime/calls`: the broker.
//!
//! The call is written down with its lease, its slots and its first minute; then the fence; then the offer is handed on, once; what came
//! of it is bound, failed for certain, or lost. A lost one has no page that could speak over it and ends by itself.

use std::time::Duration;

use http::StatusCode;
use serde::Serialize;
use serde_json::{Map, Value};
use switchboard_auth::Caller;
use switchboard_calls::{Attempt, Fenced};
use switchboard_core::{
    Call, CallId, Channel, Direction, Duties, Effect, Fault, Freshness, HANG_UP_WITHIN, LEASE, Lease, Leg, LegId,
    Observation, Personal, Progress, ProviderId, RENEW_EVERY, RealtimeId, Source, Timestamp,
};
use switchboard_lambda::{ApiError, Mint, Reply, Request};
use switchboard_providers::ProviderError;
use switchboard_providers::openai::Brokered;
use switchboard_providers::openai::translate::Dropped;
use switchboard_store::RealtimeReserved;

use crate::person::{Person, person};
use crate::wish::{Wish, take, wish};
use crate::{App, Operation, lease};

/// How long after the longest that this function may run nobody believes any more that it is still handing the offer on.
const DIAL_GRACE: Duration = Duration::from_secs(60);
/// When OpenAI ends a session whatever anybody does, in seconds: an hour.
const SESSION_CAP_SECS: u32 = 3_600;
/// The largest offer, in bytes: a browser's with audio and a data channel has some 3 000.
const MAX_OFFER: usize = 64 * 1024;
/// The largest JSON object that an application may keep with a call, in bytes.
const MAX_METADATA: usize = 4 * 1024;

/// The request.
#[derive(Debug, Default)]
struct OpenIn {
    user_id: Option<String>,
    sdp: Option<String>,
    preset: Option<String>,
    max_duration_secs: Option<u64>,
    substitute_voice: Option<bool>,
    metadata: Option<Map<String, Value>>,
    language: Option<String>,
    /// Of the session.
    options: Map<String, Value>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct OpenOut<'a> {
    rts_id: RealtimeId,
    call_id: CallId,
    sdp: &'a str,
    lease_expires_at: Timestamp,
    renew_every_secs: u64,
    deadline_at: Timestamp,
    model: &'a str,
    voice: Option<&'a str>,
    dropped_fields: &'a [Dropped],
}

pub(crate) async fn open(app: &App, caller: &Caller, request: &Request<Operation>) -> Result<Reply, ApiError> {
    let asked = read(request)?;
    let offer = offer(asked.sdp.as_deref())?;
    let lasts = lasts(app, asked.max_duration_secs)?;
    let wish = wish(app, caller, asked.preset.as_deref(), asked.options, asked.substitute_voice.unwrap_or(false))?;
    let person = person(app, caller, asked.user_id.as_deref()).await?;
    let metadata = metadata(asked.metadata.unwrap_or_default())?;
    let language = asked.language.as_deref();
    if language.is_some_and(|language| !switchboard_core::is_language(language)) {
        return Err(ApiError::invalid("language", "must be a BCP 47 language tag like en-US or ar"));
    }
    can_be_answered(app, &person).await?;
    let call = write_down(app, caller, &person, lasts, (metadata, asked.language));
    let (id, leg) = (call.id, call.legs.first().map(|leg| leg.id));
    let leg = leg.ok_or_else(|| ApiError::internal("a call without an attempt"))?;
    let call = match app.shell.store.realtime_reserve(call, &app.quota).await? {
        RealtimeReserved::Now(call) => *call,
        RealtimeReserved::Refused(refused) => return Err(lease::refusal(app, refused)),
    };
    let named = |error: ApiError| error.with("callId", id.to_string());
    let dial_by = app.shell.now().plus(request.time_left(app.shell.now())).plus(DIAL_GRACE);
    let provider = ProviderId::Openai;
    let attempt = Attempt { leg, provider, hook: None, cap_secs: Some(SESSION_CAP_SECS), dial_by };
    let call = match app.desk.pass_fence(call, attempt).await.map_err(|error| named(error.into()))? {
        Fenced::Passed(call) => *call,
        Fenced::Closed(_) => {
            return Err(named(ApiError::new(Fault::Conflict, "the call was ended before its offer was handed on")));
        }
    };
    match app.desk.fleet.openai().broker(offer, &wish.session, &person.safety).await {
        Ok(brokered) => {
            let call = bind(app, call, leg, &brokered).await.map_err(named)?;
            if call.ending.is_some() || !call.is_live() {
                return Err(named(ended_meanwhile(app, call).await));
            }
            answer(&call, &brokered, &wish, &person)
        }
        Err(error) => Err(named(unanswered(app, call, leg, error).await)),
    }
}

fn read(request: &Request<Operation>) -> Result<OpenIn, ApiError> {
    let kind = request.headers.get(http::header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or("");
    let essence = kind.split(';').next().unwrap_or("").trim();
    if !essence.eq_ignore_ascii_case("application/sdp") {
        let mut body = request.json::<Map<String, Value>>()?;
        let body = &mut body;
        return Ok(OpenIn {
            user_id: take(body, "userId")?,
            sdp: take(body, "sdp")?,
            preset: take(body, "preset")?,
            max_duration_secs: take(body, "maxDurationSecs")?,
            substitute_voice: take(body, "substituteVoice")?,
            metadata: take(body, "metadata")?,
            language: take(body, "language")?,
            options: std::mem::take(body),
        });
    }
    // A page that posts its offer as it is, as OpenAI's own endpoint takes it.
    let sdp = std::str::from_utf8(&request.body).map_err(|_| ApiError::invalid("body", "is not UTF-8"))?;
    Ok(OpenIn {
        sdp: Some(sdp.to_owned()),
        user_id: request.query("userId").map(str::to_owned),
        preset: request.query("preset").map(str::to_owned),
        max_duration_secs: request.query("maxDurationSecs").map(whole_number).transpose()?,
        ..OpenIn::default()
    })
}

fn whole_number(text: &str) -> Result<u64, ApiError> {
    text.parse().map_err(|_| ApiError::invalid("maxDurationSecs", "must be a whole number"))
}

/// The offer, if it looks like one. What is in it is between the page and OpenAI.
fn offer(sdp: Option<&str>) -> Result<&str, ApiError> {
    let sdp = sdp.ok_or_else(|| ApiError::invalid("sdp", "is required: the offer of the page's peer connection"))?;
    if sdp.len() > MAX_OFFER {
        return Err(ApiError::invalid("sdp", format!("has {} bytes; at most {MAX_OFFER} are taken", sdp.len())));
    }
    let begins = sdp.trim_start().starts_with("v=0");
    let audio = sdp.lines().any(|line| line.starts_with("m=audio"));
    if begins && audio {
        Ok(sdp)
    } else {
        Err(ApiError::invalid("sdp", "is no offer with audio (RFC 8866): it begins with v=0 and has a line m=audio"))
    }
}

/// Whether what the answer holds can be made: a call whose page cannot be told of it would be up for nobody.
async fn can_be_answered(app: &App, person: &Person) -> Result<(), ApiError> {
    app.shell.signing_keys(Freshness::Cached).await?;
    app.shell.ice_servers()?.list(&person.key, app.shell.now()).await?;
    Ok(())
}

fn lasts(app: &App, asked: Option<u64>) -> Result<Duration, ApiError> {
    let most = app.longest.as_secs();
    match asked {
        None => Ok(app.longest),
        Some(secs) if (10..=most).contains(&secs) => Ok(Duration::from_secs(secs)),
        Some(_) => {
            let message = format!("must be a whole number from 10 to {most} (REALTIME_MAX_DURATION_SECS)");
            Err(ApiError::invalid("maxDurationSecs", message))
        }
    }
}

fn metadata(given: Map<String, Value>) -> Result<String, ApiError> {
    let text = Value::Object(given).to_string();
    if text.len() <= MAX_METADATA {
        Ok(text)
    } else {
        Err(ApiError::invalid("metadata", format!("has {} bytes of JSON; at most {MAX_METADATA} are kept", text.len())))
    }
}

fn write_down(
    app: &App,
    caller: &Caller,
    person: &Person,
    lasts: Duration,
    (metadata, language): (String, Option<String>),
) -> Call {
    let now = app.shell.now();
    let deadline_at = now.plus(lasts).plus(HANG_UP_WITHIN);
    let expires_at = now.plus(LEASE.min(lasts));
    let mut call = Call {
        id: CallId::generate(now),
        tenant: caller.tenant().clone(),
        channel: Channel::Web,
        direction: Direction::Outbound,
        to: None,
        from: None,
        agent_id: None,
        scenario: None,
        language,
        params: std::collections::BTreeMap::new(),
        metadata: Personal::new(metadata),
        user_id: person.user_id.clone(),
        created_at: now,
        deadline_at,
        fallback: Vec::new(),
        legs: Vec::new(),
        ending: None,
        duties: Duties::default(),
        slot: None,
        spend: None,
        lease: Some(Lease {
            generation: 1,
            expires_at,
            holder: caller.principal_key(),
            user: person.key.clone(),
            day: now.to_string().chars().take(10).collect(),
            counted_secs: u32::try_from(expires_at.since(now).as_secs()).unwrap_or(u32::MAX),
            slot: 0,
        }),
        recording_key: None,
        recording_lost: false,
        alarms: std::collections::BTreeMap::new(),
        version: 0,
    };
    call.add_leg(Leg::reserved(LegId::generate(now), ProviderId::Openai), now);
    call
}

/// Writes down that OpenAI has answered, and its name for the call.
async fn bind(app: &App, call: Call, leg: LegId, brokered: &Brokered) -> Result<Call, ApiError> {
    let now = app.shell.now();
    // OpenAI keeps nothing of it for us; what was said the page may tell.
    let mut said = Observation::without_artifacts(Source::ProviderApi, "answered");
    said.transcript = None;
    said.progress = Some(Progress::InProgress);
    said.answered_at = Some(now);
    said.external_ids.insert("callId".to_owned(), brokered.call.as_str().to_owned());
    let reference = Some(brokered.call.as_str());
    let bound = app.desk.bound(call, (leg, ProviderId::Openai), reference, &said).await;
    bound.map_err(|error| ApiError::from(error).with_possible_effect())
}

/// Hangs up what somebody has asked to end while its offer was handed on.
async fn ended_meanwhile(app: &App, call: Call) -> ApiError {
    if let Err(error) = app.desk.climb(call).await {
        tracing::warn!(%error, "a call that was ended while it was opened is hung up by the sweep");
    }
    ApiError::new(Fault::SessionEnded, "the call was ended while its offer was handed on; open a new one")
}

/// What a page is told whose offer was not answered.
async fn unanswered(app: &App, call: Call, leg: LegId, error: ProviderError) -> ApiError {
    let possible = error.effect == Effect::Possible;
    let written = if possible {
        tracing::warn!(%error, "the answer to an offer was lost");
        app.desk.lost(call, leg, &error).await
    } else {
        tracing::info!(%error, "an offer was not taken");
        app.desk.not_dialled(call, (leg, ProviderId::Openai), &error, |_| false).await
    };
    if let Err(written) = written {
        tracing::warn!(error = %written, "what came of an offer could not be written down; the sweep finds out");
    }
    if !possible {
        return error.into();
    }
    // However the answer was lost: the call may be up, and the same request again would be another one.
    let message = "openai may have taken the call, and its answer was lost; a call without its page is ended soon";
    ApiError::new(Fault::ProviderTimeout, message).with_possible_effect()
}

fn answer(call: &Call, brokered: &Brokered, wish: &Wish, person: &Person) -> Result<Reply, ApiError> {
    let session = RealtimeId::of(call.id);
    let lease = call.lease.as_ref().ok_or_else(|| ApiError::internal("a realtime call without a lease"))?;
    let body = OpenOut {
        rts_id: session,
        call_id: call.id,
        sdp: &brokered.answer,
        lease_expires_at: lease.expires_at,
        renew_every_secs: RENEW_EVERY.as_secs(),
        deadline_at: call.deadline_at,
        model: wish.session.model(),
        voice: wish.session.voice(),
        dropped_fields: &wish.dropped,
    };
    Ok(Reply::json(StatusCode::CREATED, &body)?
        .minting("leaseSecret", Mint::LeaseSecret { session, generation: Some(lease.generation) })
        .minting("iceServers", Mint::IceServers { user: person.key.clone() }))
}
