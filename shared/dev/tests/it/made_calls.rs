//! Calls as they are kept, made without anybody being called: for tests of what is done with calls that are there.

use std::collections::BTreeMap;
use std::time::Duration;

use switchboard_core::{
    Artifact, Call, CallId, Channel, Currency, Direction, Duties, EndClaim, EndReason, Leg, LegId, Micros, Money,
    Observation, Personal, PhoneNumber, Progress, ProviderId, Role, Source, SpokenTurn, TenantId, Timestamp,
    Transcript,
};
use switchboard_store::{CallWrite, Store, Written};

/// How long made calls may last.
const ALLOWED: Duration = Duration::from_secs(600);
/// From the moment at which a made call is asked for to that at which it is answered.
const RINGS: Duration = Duration::from_secs(5);

/// A call that nothing has been sent for, asked for by a tenant at a moment.
pub(crate) fn reserved(tenant: &str, provider: ProviderId, at: Timestamp) -> Call {
    Call {
        id: CallId::generate(at),
        tenant: TenantId::parse(tenant).unwrap(),
        channel: Channel::Phone,
        direction: Direction::Outbound,
        to: PhoneNumber::from_e164("+96891234567"),
        from: None,
        agent_id: None,
        scenario: None,
        language: None,
        params: BTreeMap::new(),
        metadata: Personal::new("{}"),
        user_id: None,
        created_at: at,
        deadline_at: at.plus(ALLOWED),
        fallback: Vec::new(),
        legs: vec![Leg::reserved(LegId::generate(at), provider)],
        ending: None,
        duties: Duties::default(),
        slot: None,
        spend: None,
        recording_key: None,
        recording_lost: false,
        lease: None,
        alarms: BTreeMap::new(),
        version: 0,
    }
}

/// The same, taken by its provider, which says `said` about it.
pub(crate) fn bound(mut call: Call, said: &Observation) -> Call {
    let (at, leg) = (call.created_at, call.legs[0].id);
    assert!(call.begin_dialing(leg, at.plus(ALLOWED), at));
    call.bind(leg, None, said, at);
    call
}

/// Something that a call's provider says.
pub(crate) fn said(kind: &str) -> Observation {
    Observation::new(Source::ProviderApi, kind)
}

/// A call that was answered.
pub(crate) fn answered(call: Call) -> Call {
    let at = call.created_at.plus(RINGS);
    let answered = Observation { progress: Some(Progress::InProgress), answered_at: Some(at), ..said("answered") };
    bound(call, &answered)
}

/// The end of a call that was answered, after so many seconds.
pub(crate) fn end_after(call: &Call, reason: EndReason, secs: u32) -> Observation {
    let at = call.created_at.plus(RINGS).plus(Duration::from_secs(secs.into()));
    Observation {
        end: Some(EndClaim::new(reason, "raw")),
        ended_at: Some(at),
        duration_secs: Some(secs),
        ..said("ended")
    }
}

/// A call that was answered and has ended after so many seconds.
pub(crate) fn ended(call: Call, reason: EndReason, secs: u32) -> Call {
    let mut call = answered(call);
    let end = end_after(&call, reason, secs);
    hear(&mut call, &end);
    call
}

/// A call that nobody answered.
pub(crate) fn unanswered(call: Call, reason: EndReason) -> Call {
    let end = Observation {
        end: Some(EndClaim::new(reason, "raw")),
        ended_at: Some(call.created_at.plus(RINGS)),
        ..said("ended")
    };
    bound(call, &end)
}

/// Has a call's provider say something.
pub(crate) fn hear(call: &mut Call, said: &Observation) {
    let (leg, at) = (call.legs[0].id, call.created_at);
    call.observe(leg, said, at);
}

/// That a call cost so many millionths of a dollar.
pub(crate) fn cost(micros: i64) -> Observation {
    Observation { cost: Some(Artifact::Ready(Money::new(Micros::new(micros), Currency::USD))), ..said("priced") }
}

/// That nothing comes with a call.
pub(crate) fn nothing_with_it() -> Observation {
    Observation { transcript: Some(Artifact::None), recording: Some(Artifact::None), ..said("read") }
}

/// A transcript of turns, of the agent and the person in their turns.
pub(crate) fn transcript(texts: impl IntoIterator<Item = String>) -> Transcript {
    let roles = [Role::Agent, Role::User].into_iter().cycle();
    let turns = texts.into_iter().zip(roles).zip(0..);
    Transcript::new(turns.map(|((text, role), at)| SpokenTurn { role, text: Personal::new(text), at_secs: Some(at) }))
}

/// Keeps a call.
pub(crate) async fn keep(store: &Store, call: Call) -> Call {
    keep_with(store, call, &CallWrite::default()).await
}

/// Keeps a call, and what comes with it.
pub(crate) async fn keep_with(store: &Store, call: Call, with: &CallWrite<'_>) -> Call {
    match store.call_write(call, with).await.unwrap() {
        Written::Done(call) => *call,
        Written::Refused(part) => panic!("{part:?}"),
    }
}
