//! One call's duties: claimed together by one conditional write, then done one after the other.

use std::time::Duration;

use switchboard_calls::{DeskError, Review};
use switchboard_core::{
    ALARM_AFTER, AlarmKind, Call, CallId, Channel, Duty, EndReason, EndingBy, Entry, EventId, Leg, LegId, Placing,
    QUARANTINE, RUNG_ACCEPTED, Source, Timestamp,
};
use switchboard_store::{CallWrite, Change, Changed, Written};

use crate::{App, recording};

/// For how long a slot is extended.
const SLOT_EXTENSION: Duration = Duration::from_secs(15 * 60);

/// Does what is due about a call, if nobody else does.
pub(crate) async fn attend(app: &App, id: CallId) -> Result<(), DeskError> {
    let Some(call) = app.shell.store.call_fetch_any(id).await? else { return Ok(()) };
    let now = app.shell.now();
    let due = call.duties.due(now);
    let Some((call, spent)) = claim(app, call, &due, now).await? else { return Ok(()) };
    let mut call = call;
    let mut trouble = None;
    for duty in due {
        let done = perform(app, call.clone(), duty, spent.contains(&duty)).await;
        match done {
            Ok(after) => call = after,
            Err(error @ DeskError::Provider(_)) => trouble = Some(error),
            Err(error) => return Err(error),
        }
    }
    trouble.map_or(Ok(()), Err)
}

/// Claims every due duty by writing its next try down. `None` if somebody else has changed the call: it is due for them, or
/// again in the next round. What needs nobody's word is done in the same write.
async fn claim(app: &App, call: Call, due: &[Duty], now: Timestamp) -> Result<Option<(Call, Vec<Duty>)>, DeskError> {
    if due.is_empty() {
        return Ok(None);
    }
    let mut after = call.clone();
    let mut entries = Vec::new();
    let mut spent = Vec::new();
    for duty in due {
        if after.tried(*duty, now) {
            spent.push(*duty);
        }
        match duty {
            Duty::TakeBack => {
                let taken = after.take_back(EndReason::NotDialled, now);
                entries.extend(taken.then(|| entry("not_dialled", None, now)));
            }
            Duty::Overdue => {
                for leg in overdue(&after, now) {
                    after.outcome_lost(leg, "whoever dialled it never came back", now);
                    entries.push(entry("answer_lost", Some(leg), now));
                }
            }
            Duty::End if after.ending.is_none() && now >= after.must_end_at() => {
                let by = after.ending_by_time(now);
                after.ask_to_end(by, now);
                entries.push(entry(if by == EndingBy::Lease { "lease_expired" } else { "deadline" }, None, now));
            }
            Duty::ExtendSlot => after.extend_slot(now.plus(SLOT_EXTENSION), now),
            _ => {}
        }
    }
    let write = CallWrite { before: Some(&call), entries, ..CallWrite::default() };
    Ok(match app.shell.store.call_write(after, &write).await? {
        Written::Done(call) => Some((*call, spent)),
        Written::Refused(_) => None,
    })
}

/// The attempts whose creators should have come back by now.
fn overdue(call: &Call, now: Timestamp) -> Vec<LegId> {
    let late = call.legs.iter().filter(|leg| matches!(leg.placing, Placing::Dialing { dial_by } if dial_by <= now));
    late.map(|leg| leg.id).collect()
}

async fn perform(app: &App, call: Call, duty: Duty, last_try: bool) -> Result<Call, DeskError> {
    match duty {
        // Done with the claim.
        Duty::TakeBack | Duty::ExtendSlot => Ok(call),
        Duty::Overdue | Duty::Settle => app.desk.settle(call).await,
        Duty::Drain => app.desk.drain(call).await,
        Duty::Answer => app.desk.answer(call, &app.reception).await,
        Duty::ReadBack | Duty::Poll => {
            let Review { call, trouble, .. } = app.desk.look_at_live(call).await?;
            trouble.map_or(Ok(call), Err)
        }
        Duty::End => end(app, call).await,
        Duty::Collect => collect(app, call, last_try).await,
        Duty::CopyRecording => recording::copy(app, call, last_try).await,
    }
}

/// Climbs the ladder, and tells a person if that does not help.
async fn end(app: &App, call: Call) -> Result<Call, DeskError> {
    if !call.is_live() {
        return Ok(call);
    }
    // Once more before anything is asked: it may be over already.
    let Review { call, vouched, .. } = app.desk.look_at_live(call).await?;
    let call = if call.is_live() && call.ending.is_some() { app.desk.climb(call).await? } else { call };
    let now = app.shell.now();
    if !call.is_live() || now < call.must_end_at().plus(ALARM_AFTER) {
        return Ok(call);
    }
    let can_end = app.desk.can_end(&call);
    change(app, call, |call| {
        if !call.is_live() {
            return None;
        }
        let (before, mut entries) = (call.clone(), Vec::new());
        for leg in call.hopeless(&vouched, now) {
            call.give_up(leg, now);
            entries.push(entry("given_up", Some(leg), now));
        }
        let unknown = call.outcome_is_unknown();
        // A page that nobody watches holds no line.
        if unknown && call.channel == Channel::Phone && now >= call.deadline_at.plus(QUARANTINE) {
            let lost = call.legs.iter().any(Leg::outcome_is_unknown);
            call.raise(AlarmKind::OutcomeUnknown, if lost { UNKNOWN } else { GIVEN_UP }, now);
        }
        if call.is_live() {
            let mut rungs = call.ending.iter().flat_map(|ending| &ending.rungs);
            let accepted = rungs.any(|rung| rung.result == RUNG_ACCEPTED);
            match (unknown, can_end, accepted) {
                (true, ..) => call.raise(AlarmKind::PastDeadline, UNKNOWN, now),
                (false, false, _) => call.raise(AlarmKind::CannotEnd, NO_RUNG, now),
                (false, true, true) => call.raise(AlarmKind::PastDeadline, NO_EVIDENCE, now),
                (false, true, false) => call.raise(AlarmKind::CannotEnd, NOT_TAKEN, now),
            }
        }
        // A line that obeys nobody is asked for hours, and all that there is to say of it has been said.
        (*call != before).then(|| Change { entries, ..Change::default() })
    })
    .await
}

const GIVEN_UP: &str =
    "nobody has said that the call is over, and its provider shows no record of it; nobody watches it from now on";
const UNKNOWN: &str =
    "the provider's answer to the dial was lost, and its records do not tell whether anybody was called";
const NO_RUNG: &str =
    "the provider has no request that ends a call, and no line of ours carries it; it ends by its agent's own limit";
const NO_EVIDENCE: &str = "the provider has taken the request to end the call, but nobody says that it is over";
const NOT_TAKEN: &str = "nothing that was asked to end the call was taken; see its `ending.rungs`";

/// Reads the records for what comes after the end; after the last try, what has not come will not.
async fn collect(app: &App, call: Call, last_try: bool) -> Result<Call, DeskError> {
    let Review { call, trouble, .. } = app.desk.look_at_all(call).await?;
    if !last_try {
        return trouble.map_or(Ok(call), Err);
    }
    let now = app.shell.now();
    change(app, call, |call| {
        call.stop_collecting(now);
        Some(Change::default())
    })
    .await
}

/// Changes a call and gives it back.
pub(crate) async fn change(
    app: &App,
    call: Call,
    change: impl FnMut(&mut Call) -> Option<Change> + Send,
) -> Result<Call, DeskError> {
    match app.shell.store.call_change_from(call, change).await? {
        Changed::Done(call) | Changed::Unchanged(call) => Ok(*call),
        Changed::Duplicate | Changed::ReferenceTaken | Changed::Unknown => Err(DeskError::Gone),
    }
}

fn entry(kind: &str, leg_id: Option<LegId>, now: Timestamp) -> Entry {
    Entry {
        event_id: EventId::generate(now),
        at: None,
        received_at: now,
        source: Source::Presumption,
        provider: None,
        leg_id,
        kind: kind.to_owned(),
        applied: true,
        note: None,
    }
}
