//! What follows from a delivery for a call, whoever says it: journal and change in one transaction.
//!
//! A delivery finds its call by the address it came to, else by the provider's name for the call. Under a name that is
//! nobody's it waits: the answer that would have told us the name may still be on its way. A call that somebody else placed
//! becomes a record of its own, if the provider says that it came in from outside.

use std::time::Duration;

use switchboard_core::{
    Call, CallId, Channel, Direction, Duties, Entry, EntryNote, EventId, InboundCall, Leg, LegId, Observation,
    Personal, Placing, Progress, ProviderId,
};
use switchboard_lambda::{ApiError, Reply};
use switchboard_providers::{CallNews, News, ProviderEvent};
use switchboard_store::{
    CallWrite, Changed, Delivery, Heard, Hook, Journaled, Part, Reference, SessionChange, Waiting, Written,
};

use crate::App;
use crate::delivery::{UNREADABLE, keep_body, received};

/// How long the provider's record may take to confirm what a sender that cannot sign has claimed (design: 2 s). What takes
/// longer is the sweep's.
const READ_BACK: Duration = Duration::from_secs(2);
/// How often the owner of a name is looked for while others are binding it.
const LOOKS: u32 = 4;
/// How long a call from outside is watched if nobody says that it is over.
const INBOUND_LASTS: Duration = Duration::from_secs(4 * 60 * 60);

/// Who says something, and what is proved about it.
pub(crate) struct Claim<'a> {
    /// Who says it.
    pub(crate) provider: ProviderId,
    /// The same, as in keys.
    pub(crate) sender: &'static str,
    /// The call that the address was made for.
    pub(crate) call: Option<CallId>,
    /// The address, where it has a row.
    pub(crate) hook: Option<&'a Hook>,
}

/// Keeps a verified delivery with all that follows from it, and answers.
pub(crate) async fn take(
    app: &App,
    claim: &Claim<'_>,
    (replay_key, body): (&str, &[u8]),
    events: Vec<ProviderEvent>,
) -> Result<Reply, ApiError> {
    let now = app.shell.now();
    let kept = keep_body(app, claim.sender, replay_key, body).await?;
    let event = events.into_iter().next();
    let delivery = Delivery {
        event_id: EventId::generate(now),
        sender: claim.sender,
        replay_key,
        kind: event.as_ref().map_or(UNREADABLE, |event| event.kind.as_str()),
        session: None,
        body: kept.as_body(),
        received_at: now,
    };
    let Some(ProviderEvent { news: News::Call(news), .. }) = &event else {
        let journaled = app.shell.store.delivery_journal(&delivery, &SessionChange::None).await?;
        return received(journaled == Journaled::Duplicate);
    };
    for _ in 0..LOOKS {
        let taken = match owner(app, claim, news).await? {
            Some((call, leg)) => hear(app, claim, news, &delivery, (call, leg)).await?,
            None => without_owner(app, claim, news, &delivery).await?,
        };
        if let Some(duplicate) = taken {
            return received(duplicate);
        }
    }
    Err(ApiError::internal("the owner of a delivery keeps changing").meaning(switchboard_core::Fault::Unavailable))
}

/// The call and the attempt that a delivery is about.
async fn owner(app: &App, claim: &Claim<'_>, news: &CallNews) -> Result<Option<(Call, LegId)>, ApiError> {
    let store = &app.shell.store;
    if let Some(id) = claim.call {
        let leg = claim.hook.and_then(|hook| hook.leg).or(news.leg);
        let call = store.call_fetch_any(id).await?;
        let found = call.and_then(|call| {
            let of_provider = |leg: &&Leg| leg.provider == claim.provider;
            let leg = match leg {
                Some(leg) => call.leg(leg).filter(of_provider)?.id,
                None => call.legs.iter().rev().find(of_provider)?.id,
            };
            // One address may be used for another call by mistake: whose name the delivery carries is the one it is about.
            let (ours, theirs) = (call.leg(leg)?.reference.as_deref(), news.reference.as_ref());
            let other = ours.zip(theirs).is_some_and(|(ours, theirs)| news.names_record && ours != theirs.as_str());
            (!other).then_some((call, leg))
        });
        if found.is_some() {
            return Ok(found);
        }
    }
    let Some(reference) = &news.reference else { return Ok(None) };
    let Some((id, leg)) = store.call_reference(claim.provider, reference.as_str()).await? else { return Ok(None) };
    Ok(store.call_fetch_any(id).await?.map(|call| (call, leg)))
}

/// Takes a delivery down about its call. Answers whether it had been taken before; `None` if somebody else has its name.
async fn hear(
    app: &App,
    claim: &Claim<'_>,
    news: &CallNews,
    delivery: &Delivery<'_>,
    (call, leg): (Call, LegId),
) -> Result<Option<bool>, ApiError> {
    let unnamed = call.leg(leg).is_some_and(|leg| leg.reference.is_none());
    // What names only deliveries would hide that the record's name is still to be found.
    let reference = news.reference.as_ref().filter(|_| unnamed && news.names_record);
    let mut heard = Heard {
        leg,
        observation: &news.observation,
        event: delivery.event_id,
        received_at: delivery.received_at,
        reference: reference.map(|reference| (claim.provider, reference.as_str())),
    };
    let store = &app.shell.store;
    let mut changed = store.call_hear(call.id, Some(call.clone()), heard, Some(delivery), None).await?;
    if matches!(changed, Changed::ReferenceTaken) {
        // The address proves which call it is about; a name that stands for another one does not change that.
        heard.reference = None;
        changed = store.call_hear(call.id, None, heard, Some(delivery), None).await?;
    }
    match changed {
        Changed::Done(call) | Changed::Unchanged(call) => {
            read_back(app, *call, leg).await;
            Ok(Some(false))
        }
        Changed::Duplicate => {
            again(app, &call, leg, delivery, &news.observation).await;
            Ok(Some(true))
        }
        Changed::ReferenceTaken | Changed::Unknown => Ok(None),
    }
}

/// Says in the timeline that the same delivery came again. It is answered whether or not that can be written.
async fn again(app: &App, call: &Call, leg: LegId, delivery: &Delivery<'_>, said: &Observation) {
    let entry = Entry {
        event_id: delivery.event_id,
        at: said.at,
        received_at: delivery.received_at,
        source: said.source,
        provider: call.leg(leg).map(|leg| leg.provider),
        leg_id: Some(leg),
        kind: said.kind.clone(),
        applied: false,
        note: Some(EntryNote::Duplicate),
    };
    if let Err(error) = app.shell.store.call_duplicate(call, &entry).await {
        tracing::warn!(%error, "a repetition is missing in a timeline");
    }
}

/// Reads the provider's record where a claim needs it, as long as the sender can wait. What is not done in time is due.
async fn read_back(app: &App, call: Call, leg: LegId) {
    let claimed = call.leg(leg).is_some_and(|leg| leg.is_live() && leg.evidence.end_is_claimed());
    if !claimed {
        return;
    }
    match tokio::time::timeout(READ_BACK, app.desk.look(call, leg)).await {
        Ok(Ok(_)) => {}
        Ok(Err(error)) => tracing::info!(%error, "a claim is looked up later"),
        Err(_) => tracing::info!("a claim is looked up later"),
    }
}

/// Keeps a delivery that is about no call of ours (yet).
async fn without_owner(
    app: &App,
    claim: &Claim<'_>,
    news: &CallNews,
    delivery: &Delivery<'_>,
) -> Result<Option<bool>, ApiError> {
    let store = &app.shell.store;
    let Some(reference) = &news.reference else {
        let journaled = store.delivery_journal(delivery, &SessionChange::None).await?;
        return Ok(Some(journaled == Journaled::Duplicate));
    };
    if let Some(inbound) = &news.inbound {
        return came_in(app, claim, (reference.as_str(), inbound), news, delivery).await;
    }
    let waiting = Waiting {
        provider: claim.provider,
        external: reference.as_str().to_owned(),
        event: delivery.event_id,
        received_at: delivery.received_at,
        observation: news.observation.clone(),
    };
    let journaled = store.delivery_wait(delivery, &waiting).await?;
    Ok(journaled.map(|journaled| journaled == Journaled::Duplicate))
}

/// Makes the record of a call that came in from outside. `None` if somebody else has just made it.
async fn came_in(
    app: &App,
    claim: &Claim<'_>,
    (reference, inbound): (&str, &InboundCall),
    news: &CallNews,
    delivery: &Delivery<'_>,
) -> Result<Option<bool>, ApiError> {
    let now = app.shell.now();
    let mut leg = Leg::reserved(LegId::generate(now), claim.provider);
    leg.placing = Placing::Bound;
    leg.reference = Some(reference.to_owned());
    let id = leg.id;
    let mut call = Call {
        id: CallId::generate(now),
        tenant: app.owner.clone(),
        channel: Channel::Phone,
        direction: Direction::Inbound,
        to: inbound.to.clone(),
        from: inbound.from.clone(),
        agent_id: inbound.agent_id.clone(),
        scenario: None,
        language: None,
        params: std::collections::BTreeMap::new(),
        metadata: Personal::new("{}"),
        user_id: None,
        created_at: now,
        deadline_at: now.plus(INBOUND_LASTS),
        fallback: Vec::new(),
        legs: vec![leg],
        ending: None,
        duties: Duties::default(),
        slot: None,
        spend: None,
        recording_key: None,
        recording_lost: false,
        lease: None,
        alarms: std::collections::BTreeMap::new(),
        version: 0,
    };
    if claim.provider == ProviderId::Openai {
        call.deadline_at = now.plus(app.reception.lasts);
        call.awaits_answer(now);
    }
    // That it is reported at all says that it came.
    let mut said = news.observation.clone();
    said.progress = said.progress.or(Some(Progress::Ringing));
    let observed = call.observe(id, &said, now);
    let transcript = said.transcript.as_ref().filter(|_| observed.transcript_wins);
    let entry = Entry {
        event_id: delivery.event_id,
        at: said.at,
        received_at: delivery.received_at,
        source: said.source,
        provider: Some(claim.provider),
        leg_id: Some(id),
        kind: said.kind.clone(),
        applied: true,
        note: observed.note,
    };
    let write = CallWrite {
        entries: vec![entry],
        transcript: transcript.and_then(|artifact| match artifact {
            switchboard_core::Artifact::Ready(transcript) => Some(transcript),
            switchboard_core::Artifact::None => None,
        }),
        delivery: Some(delivery),
        references: vec![Reference { provider: claim.provider, external: reference.to_owned(), leg: id }],
        ..CallWrite::default()
    };
    match app.shell.store.call_write(call, &write).await? {
        Written::Done(call) if claim.provider == ProviderId::Openai => {
            crate::openai::answer(app, *call).await;
            Ok(Some(false))
        }
        Written::Done(call) => {
            read_back(app, *call, id).await;
            Ok(Some(false))
        }
        Written::Refused(Part::Delivery) => Ok(Some(true)),
        Written::Refused(_) => Ok(None),
    }
}
