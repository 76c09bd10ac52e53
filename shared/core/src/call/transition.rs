//! What changes a call. Every transition is pure; whoever keeps the call writes it only if nobody else has changed it since
//! it was read.

use std::time::Duration;

use super::lease::UNANSWERED_PEER;
use super::{
    AlarmKind, ArtifactState, Call, Channel, Due, Duty, EndReason, Ending, EndingBy, EntryNote, LONGEST_LINE, Leg,
    Observation, OpenAlarm, Phase, Placing, QUARANTINE, Rung, SlotHold, Source,
};
use crate::{AlarmId, LegId, Timestamp};

/// How long a creator may take from writing a call down to dialling it.
const RESERVED_PATIENCE: Duration = Duration::from_secs(60);
/// How long a call may be silent before its provider is asked.
const SILENCE: Duration = Duration::from_secs(30);
/// How long after the end the first look for what comes after it is.
const FIRST_COLLECTION: Duration = Duration::from_secs(5);
/// How long a creator that lost the provider's answer leaves before the provider's records are searched.
const FIRST_SETTLING: Duration = Duration::from_secs(5);
/// How long after an unsuccessful request to end it the ladder is climbed again.
const NEXT_LADDER: Duration = Duration::from_secs(10);
/// How long before its lease passes a slot is extended.
const SLOT_MARGIN: Duration = Duration::from_secs(5 * 60);
/// How long after its deadline a call may be up without an alarm that names it: the promised 90 s, less the minute by which
/// a schedule can be late.
pub const ALARM_AFTER: Duration = Duration::from_secs(30);
/// How long after its deadline a call without a name is searched for: where only finished calls are logged, the longest line that
/// had to wait for its turn must have had the time to appear there.
const SEARCHED: Duration = Duration::from_secs(LONGEST_LINE.as_secs() + 4 * QUARANTINE.as_secs());
/// Steps of a ladder that are kept; a line that cannot be ended is asked for hours.
const MAX_RUNGS: usize = 12;

/// What came of hearing something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Observed {
    /// Whether it changed what is known.
    pub applied: bool,
    /// What is to be said of it in the timeline.
    pub note: Option<EntryNote>,
    /// Whether its transcript is the one that counts now, so that it must be kept.
    pub transcript_wins: bool,
}

impl Call {
    /// Takes down something that was said about one of its attempts.
    pub fn observe(&mut self, leg: LegId, said: &Observation, now: Timestamp) -> Observed {
        let was_over = !self.is_live();
        let Some(leg) = self.legs.iter_mut().find(|known| known.id == leg) else {
            return Observed { applied: false, note: Some(EntryNote::AlreadyKnown), transcript_wins: false };
        };
        let (phase_before, placing_before) = (leg.phase(), leg.placing.clone());
        let joined = leg.evidence.with(said);
        let applied = joined != leg.evidence;
        let transcript_wins = joined.transcript != leg.evidence.transcript;
        leg.evidence = joined;
        if said.source != Source::Presumption && leg.evidence.was_seen() {
            // Somebody has seen it: our guess that it was lost, or never dialled, is answered. Only the creator itself may
            // still be at work, and it will bind what it was given.
            if matches!(placing_before, Placing::Unknown { .. } | Placing::NotDialled | Placing::Cancelled) {
                leg.placing = Placing::Bound;
            }
            if said.progress.is_some() && !leg.evidence.is_over() {
                leg.given_up_at = None;
            }
        }
        let regression = said.progress.is_some_and(|progress| Phase::from(progress) < phase_before);
        if applied {
            self.duties.drop(Duty::Poll);
        }
        self.tend(now);
        let note = if was_over && self.is_live() {
            Some(EntryNote::Reopened)
        } else if regression {
            Some(EntryNote::Regression)
        } else if !applied {
            Some(EntryNote::AlreadyKnown)
        } else if said.end.is_some() && said.source == Source::UnsignedWebhook {
            Some(EntryNote::ToBeReadBack)
        } else {
            None
        };
        Observed { applied, note, transcript_wins }
    }

    /// The attempts that nobody believes in any more: those of which nobody has heard anything (their outcome is unknown, or
    /// they are a browser's and nothing can be asked about them) after the quarantine, all others after the longest that a
    /// carrier keeps a line up. Never one of `vouched`, which a record has just shown alive or could not be read of.
    #[must_use]
    pub fn hopeless(&self, vouched: &[LegId], now: Timestamp) -> Vec<LegId> {
        let patience = |leg: &Leg| {
            let nameless = self.channel == Channel::Web && leg.reference.is_none();
            match nameless || leg.outcome_is_unknown() {
                true if self.lease.is_some() => UNANSWERED_PEER,
                true => QUARANTINE,
                false => LONGEST_LINE,
            }
        };
        let live = self.legs.iter().filter(|leg| leg.is_live() && !vouched.contains(&leg.id));
        live.filter(|leg| now >= self.must_end_at().plus(patience(leg))).map(|leg| leg.id).collect()
    }

    /// The fence: bytes leave after this, until `dial_by`. Answers whether the attempt may be dialled; it may not if it was
    /// taken back, or is no longer reserved for any other reason.
    #[must_use]
    pub fn begin_dialing(&mut self, leg: LegId, dial_by: Timestamp, now: Timestamp) -> bool {
        let Some(leg) = self.legs.iter_mut().find(|known| known.id == leg) else { return false };
        if leg.placing != Placing::Reserved {
            return false;
        }
        leg.placing = Placing::Dialing { dial_by };
        let mut sent = Observation::new(Source::Presumption, "dialed");
        sent.dialed_at = Some(now);
        leg.evidence = leg.evidence.with(&sent);
        self.tend(now);
        true
    }

    /// The provider has taken an attempt: `said` is what its answer says. What was delivered under its name before is due to
    /// be applied.
    pub fn bind(&mut self, leg: LegId, reference: Option<&str>, said: &Observation, now: Timestamp) {
        if let Some(leg) = self.legs.iter_mut().find(|known| known.id == leg) {
            leg.placing = Placing::Bound;
            leg.reference = reference.map(str::to_owned).or(leg.reference.take());
            leg.evidence = leg.evidence.with(said);
        }
        self.duties.take_on(Duty::Drain, now);
        self.tend(now);
    }

    /// The provider certainly did not dial an attempt. That is our verdict: whoever has seen it ring knows better.
    pub fn not_dialled(&mut self, leg: LegId, reason: EndReason, raw: &str, now: Timestamp) {
        if let Some(leg) = self.legs.iter_mut().find(|known| known.id == leg) {
            leg.placing = if leg.evidence.was_seen() { Placing::Bound } else { Placing::NotDialled };
            // What is known needs nobody to watch it.
            leg.given_up_at = None;
            leg.presume(reason, raw, now);
        }
        self.tend(now);
    }

    /// Another attempt, should there be a provider left to try. It is reserved, not dialled.
    pub fn add_leg(&mut self, leg: Leg, now: Timestamp) {
        self.legs.push(leg);
        self.tend(now);
    }

    /// Bytes left for an attempt and no answer made sense.
    pub fn outcome_lost(&mut self, leg: LegId, reason: &str, now: Timestamp) {
        if let Some(leg) = self.legs.iter_mut().find(|known| known.id == leg) {
            leg.placing = if leg.evidence.was_seen() {
                Placing::Bound
            } else {
                Placing::Unknown { reason: reason.to_owned(), since: now }
            };
        }
        self.tend(now);
    }

    /// Takes back every attempt of which nothing has been sent. Answers whether there was one.
    pub fn take_back(&mut self, reason: EndReason, now: Timestamp) -> bool {
        let mut any = false;
        for leg in self.legs.iter_mut().filter(|leg| leg.placing == Placing::Reserved) {
            leg.placing = Placing::Cancelled;
            leg.presume(reason, "", now);
            any = true;
        }
        if any {
            self.fallback.clear();
            self.tend(now);
        }
        any
    }

    /// Writes down that it is to end. What is reserved is taken back at once; the rest is left to the ladder.
    pub fn ask_to_end(&mut self, by: EndingBy, now: Timestamp) {
        if !self.is_live() {
            return;
        }
        if self.ending.is_none() {
            self.ending = Some(Ending { requested_at: now, by, rungs: Vec::new() });
        }
        self.fallback.clear();
        self.take_back(EndReason::CancelledBeforeDial, now);
        self.tend(now);
    }

    /// Writes down a step that was taken to end it.
    pub fn climbed(&mut self, rung: Rung, now: Timestamp) {
        if let Some(ending) = &mut self.ending {
            ending.rungs.push(rung);
            let surplus = ending.rungs.len().saturating_sub(MAX_RUNGS);
            ending.rungs.drain(..surplus);
        }
        self.tend(now);
    }

    /// Nobody watches an attempt any more.
    pub fn give_up(&mut self, leg: LegId, now: Timestamp) {
        if let Some(leg) = self.legs.iter_mut().find(|known| known.id == leg && known.is_live()) {
            leg.given_up_at = Some(now);
        }
        self.tend(now);
    }

    /// Whatever has not come by now will not.
    pub fn stop_collecting(&mut self, now: Timestamp) {
        let none = Observation::without_artifacts(Source::Presumption, "collected");
        for leg in &mut self.legs {
            leg.evidence = leg.evidence.with(&none);
        }
        self.tend(now);
    }

    /// The recording is in the bucket.
    pub fn recording_copied(&mut self, key: String, now: Timestamp) {
        self.recording_key = Some(key);
        self.tend(now);
    }

    /// The recording that the provider named cannot be had.
    pub fn recording_lost(&mut self, now: Timestamp) {
        self.recording_lost = true;
        self.tend(now);
    }

    /// It came in and waits to be taken.
    pub fn awaits_answer(&mut self, now: Timestamp) {
        self.duties.take_on(Duty::Answer, now);
        self.tend(now);
    }

    /// Counts a try of a duty and puts the next one off; answers whether that was the last one.
    pub fn tried(&mut self, duty: Duty, now: Timestamp) -> bool {
        let spent = self.duties.tried(duty, now);
        if duty == Duty::End {
            // However long the ladder rests: at the deadline it is climbed, and again when an alarm would be due.
            let marks = [self.must_end_at(), self.must_end_at().plus(ALARM_AFTER)];
            if let Some(next) = marks.into_iter().find(|mark| now < *mark) {
                self.duties.hasten(Duty::End, next);
            }
        }
        self.tend(now);
        spent
    }

    /// Has done a duty.
    pub fn done(&mut self, duty: Duty, now: Timestamp) {
        self.duties.drop(duty);
        self.tend(now);
    }

    /// Takes a slot until `lease_until`.
    pub fn hold_slot(&mut self, number: u32, lease_until: Timestamp, now: Timestamp) {
        self.slot = Some(SlotHold { number: Some(number), lease_until });
        self.tend(now);
    }

    /// Keeps its slot for longer.
    pub fn extend_slot(&mut self, until: Timestamp, now: Timestamp) {
        if let Some(slot) = &mut self.slot {
            slot.lease_until = slot.lease_until.max(until);
        }
        self.duties.drop(Duty::ExtendSlot);
        self.tend(now);
    }

    /// Opens an alarm about it, unless one of its kind is open.
    pub fn raise(&mut self, kind: AlarmKind, reason: &str, now: Timestamp) {
        let open = || OpenAlarm { id: AlarmId::generate(now), since: now, reason: reason.to_owned() };
        self.alarms.entry(kind).or_insert_with(open);
    }

    /// What of the money that was held back still counts: all of it while the call lives or nobody knows, then what it cost
    /// or, where nobody says, the share of its time that it used.
    fn tend_spend(&mut self) {
        let dialled = self.legs.iter().any(Leg::may_have_been_dialled);
        let (live, unknown, lasted) = (self.is_live(), self.outcome_is_unknown(), self.duration_secs());
        let allowed = self.deadline_at.since(self.created_at).as_secs();
        let cost = self.cost();
        let Some(spend) = &mut self.spend else { return };
        spend.counted = match (live || unknown, dialled, cost, lasted) {
            (false, false, ..) => 0,
            (false, true, Some(cost), _) if cost.currency() == "USD" => cost.micros(),
            (false, true, _, Some(secs)) if allowed > 0 => {
                let used = u64::from(secs).min(allowed);
                let share = i128::from(spend.held) * i128::from(used) / i128::from(allowed);
                i64::try_from(share).unwrap_or(spend.held)
            }
            _ => spend.held,
        };
    }

    /// Brings what is left to be done into line with what is known. Every transition ends with it.
    pub(super) fn tend(&mut self, now: Timestamp) {
        let live = self.is_live();
        self.tend_legs(now);
        self.wish(Duty::Poll, live && self.can_be_polled(), now.plus(SILENCE));
        self.wish(Duty::End, live, self.must_end_at());
        if live && let Some(ending) = &self.ending {
            // Asked for, and still alive: the ladder goes on until there is evidence.
            self.duties.hasten(Duty::End, ending.requested_at.plus(NEXT_LADDER).max(self.next_ladder()));
        }
        let fetchable = !live && self.legs.iter().any(Leg::may_have_been_dialled);
        self.wish(Duty::Collect, fetchable && self.awaits_artifacts(), now.plus(FIRST_COLLECTION));
        let copy = self.recording().is_some() && self.recording_key.is_none() && !self.recording_lost;
        self.wish(Duty::CopyRecording, copy && !live, now);
        if live {
            let lease = self.slot.get_or_insert(SlotHold { number: None, lease_until: now.plus(SLOT_MARGIN * 3) });
            let extend_at = lease.lease_until.minus(SLOT_MARGIN);
            self.duties.drop(Duty::ExtendSlot);
            self.duties.take_on(Duty::ExtendSlot, extend_at);
        } else {
            self.slot = None;
            self.duties.drop(Duty::ExtendSlot);
            self.duties.drop(Duty::Answer);
            for kind in [AlarmKind::CannotEnd, AlarmKind::PastDeadline] {
                self.alarms.remove(&kind);
            }
        }
        if !self.outcome_is_unknown() {
            self.alarms.remove(&AlarmKind::OutcomeUnknown);
        }
        self.tend_spend();
        self.tend_lease();
    }

    fn tend_legs(&mut self, now: Timestamp) {
        let any = |of: &dyn Fn(&Leg) -> bool| self.legs.iter().any(of);
        let reserved = any(&|leg| leg.placing == Placing::Reserved);
        // Where only finished calls are logged, the answer may come long after nobody waits for it any more.
        let searched = |leg: &Leg| self.channel == Channel::Phone && leg.lacks_name() || leg.outcome_is_unknown();
        // Without a number there is nothing to search by.
        let lost = self.to.is_some() && any(&searched) && now < self.deadline_at.plus(SEARCHED);
        let claimed = any(&|leg| leg.is_live() && leg.evidence.end_is_claimed());
        let dial_by = self.legs.iter().filter_map(|leg| match leg.placing {
            Placing::Dialing { dial_by } => Some(dial_by),
            _ => None,
        });
        let dial_by = dial_by.min();
        self.wish(Duty::TakeBack, reserved, now.plus(RESERVED_PATIENCE));
        self.wish(Duty::Overdue, dial_by.is_some(), dial_by.unwrap_or(now));
        self.wish(Duty::Settle, lost, now.plus(FIRST_SETTLING));
        self.wish(Duty::ReadBack, claimed, now);
    }

    /// Has a duty where there is cause for it, and not otherwise.
    fn wish(&mut self, duty: Duty, cause: bool, at: Timestamp) {
        if cause {
            self.duties.take_on(duty, at);
        } else {
            self.duties.drop(duty);
        }
    }

    fn next_ladder(&self) -> Timestamp {
        let tried = self.duties.get(Duty::End).filter(|due| due.tries > 0).map(|Due { at, .. }| at);
        tried.unwrap_or(Timestamp::from_epoch_millis(0))
    }

    fn can_be_polled(&self) -> bool {
        // What is kept up by a lease is heard of all the time, and its provider keeps no records.
        self.lease.is_none()
            && self.legs.iter().any(|leg| leg.is_live() && leg.placing == Placing::Bound && leg.reference.is_some())
    }

    /// Whether anything that others say could still change it: it lives, or something is awaited.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        !self.is_live() && !self.awaits_artifacts() && self.recording_state() != ArtifactState::Pending
    }
}
