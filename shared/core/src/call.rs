//! Calls: what one is, and how everything said about it becomes one record.
//!
//! A call has legs, one per attempt of a provider. What is said about a leg (by webhooks, by reads of the provider's record,
//! by the carrier, by ourselves) is joined into its [`Evidence`], in any order and with any repetition; the call is the
//! fold of its legs. What we have done, and what is left to do, is kept beside it: [`Placing`], [`Ending`], [`Duties`].
//!
//! | module | noun |
//! |---|---|
//! | `observation` | [`Observation`], [`Source`]: one thing said |
//! | `evidence` | [`Evidence`]: the join of all that was said |
//! | `leg` | [`Leg`], [`Placing`] |
//! | `transition` | what changes a call |
//! | `duty` | [`Duties`]: what is left to be done, and when |
//! | `end_reason` | [`EndReason`] |
//! | `transcript` | [`Transcript`] |
//! | `contribution` | what a call adds to its tenant's figures |
//! | `alarm` | [`Alarm`] |
//!
//! It must not know any provider's wire, nor how rows are kept.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

mod alarm;
mod contribution;
mod duty;
mod end_reason;
mod evidence;
mod leg;
mod observation;
mod timeline;
mod transcript;
mod transition;

pub use alarm::{Alarm, AlarmKind};
pub use contribution::{Contribution, DURATION_BUCKETS_SECS, duration_bucket};
pub use duty::{Due, Duties, Duty};
pub use end_reason::{AtFault, Billable, EndReason};
pub use evidence::{Attested, Evidence, Found};
pub use leg::{Leg, Placing};
pub use observation::{Artifact, EndClaim, InboundCall, Observation, Progress, Source};
pub use timeline::{Entry, EntryNote};
pub use transcript::{SpokenTurn, Transcript, TranscriptOutline};
pub use transition::Observed;

use crate::{AlarmId, CallId, LegId, Money, Personal, PhoneNumber, ProviderId, TenantId, Timestamp};

/// Shortest and longest that a call may be asked to last.
pub const MAX_DURATION_SECS: std::ops::RangeInclusive<u32> = 10..=14_400;
/// How long after its deadline a line is watched before nobody believes in it any more: what the longest-lived carrier keeps
/// up a line at most (Twilio, Programmable Voice limits: four hours).
pub const LONGEST_LINE: Duration = Duration::from_secs(4 * 60 * 60);
/// The result of a step towards an end whose request was taken.
pub const RUNG_ACCEPTED: &str = "accepted";
/// How long after its deadline a call of unknown outcome keeps its slot.
pub const QUARANTINE: Duration = Duration::from_secs(15 * 60);

/// How a call reaches a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Channel {
    /// By telephone.
    Phone,
    /// By a browser.
    Web,
}

/// Who rang whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// We placed it.
    Outbound,
    /// Somebody rang one of our numbers.
    Inbound,
}

/// How far a call has come. It only ever grows, unless what made it `ended` was our own guess.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Written down; nothing sent.
    Reserved,
    /// Handed to a provider.
    Dialing,
    /// Ringing.
    Ringing,
    /// Answered.
    InProgress,
    /// Over.
    Ended,
}

impl Phase {
    /// Every phase, in order.
    pub const ALL: [Self; 5] = [Self::Reserved, Self::Dialing, Self::Ringing, Self::InProgress, Self::Ended];

    /// The name in answers and filters.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Reserved => "reserved",
            Self::Dialing => "dialing",
            Self::Ringing => "ringing",
            Self::InProgress => "in_progress",
            Self::Ended => "ended",
        }
    }
}

impl Channel {
    /// The name in requests and filters.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Phone => "phone",
            Self::Web => "web",
        }
    }
}

/// Whether something that comes with a call is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ArtifactState {
    /// Not yet known.
    Pending,
    /// There is none.
    None,
    /// It is there.
    Ready,
}

/// Why an end was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndingBy {
    /// Somebody asked us.
    Request,
    /// The deadline.
    Deadline,
}

/// One step taken to end a call, and what came of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Rung {
    /// What was asked of whom: `hamsa.terminate`, `twilio.completed`.
    pub rung: String,
    /// What came of it: `accepted`, `already_over`, `not_known`, `failed`, `unsupported`, `ambiguous`.
    pub result: String,
    /// When.
    pub at: Timestamp,
}

/// An end that has been asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Ending {
    /// When it was first asked for.
    pub requested_at: Timestamp,
    /// Why.
    pub by: EndingBy,
    /// The steps taken, the latest last.
    pub rungs: Vec<Rung>,
}

/// The slot that a call holds among those of its tenant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SlotHold {
    /// Which one; `None` beyond the limit, where a call that was thought to be over came back to life.
    pub number: Option<u32>,
    /// Until when, unless it is extended.
    pub lease_until: Timestamp,
}

/// What a call may have cost, held back from its tenant's and its key's day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SpendHold {
    /// The day it counts for, as `2026-11-20` (UTC).
    pub day: String,
    /// The key that placed it.
    pub principal: String,
    /// What was held back when it was placed, in millionths of the installation's currency.
    pub held: i64,
    /// What of it still counts: all while the call lives or nobody knows, then the share that it used.
    pub counted: i64,
}

/// An alarm that is open about a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OpenAlarm {
    /// Its name.
    pub id: AlarmId,
    /// Since when.
    pub since: Timestamp,
    /// Why, for a person to read.
    pub reason: String,
}

/// A call as it is kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Call {
    /// Its name.
    pub id: CallId,
    /// Whose it is.
    pub tenant: TenantId,
    /// How it reaches a person.
    pub channel: Channel,
    /// Who rang whom.
    pub direction: Direction,
    /// Who is called; for a call from outside, our number.
    pub to: Option<PhoneNumber>,
    /// The caller's number.
    pub from: Option<PhoneNumber>,
    /// The provider's agent.
    pub agent_id: Option<String>,
    /// The scenario it was placed with.
    pub scenario: Option<String>,
    /// The language asked for.
    pub language: Option<String>,
    /// Values for placeholders.
    pub params: BTreeMap<String, Personal>,
    /// The application's own JSON object, as text.
    pub metadata: Personal,
    /// The application's name for the person.
    pub user_id: Option<Personal>,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When it is ended if it has not ended by itself.
    pub deadline_at: Timestamp,
    /// Providers to be tried next, should the current one certainly not dial.
    pub fallback: Vec<ProviderId>,
    /// Its attempts, in order.
    pub legs: Vec<Leg>,
    /// The end that was asked for, if one was.
    pub ending: Option<Ending>,
    /// What is left to be done.
    pub duties: Duties,
    /// The slot it holds while it lives.
    pub slot: Option<SlotHold>,
    /// What is held back of its tenant's day.
    pub spend: Option<SpendHold>,
    /// Where our copy of the recording is in the bucket.
    pub recording_key: Option<String>,
    /// Whether the recording that the provider named cannot be had any more.
    #[serde(default)]
    pub recording_lost: bool,
    /// The alarms that are open about it.
    pub alarms: BTreeMap<AlarmKind, OpenAlarm>,
    /// Counts the changes; two writers that read the same number cannot both win.
    pub version: u64,
}

impl Call {
    /// How far it has come.
    #[must_use]
    pub fn phase(&self) -> Phase {
        let Some(furthest) = self.legs.iter().filter(|leg| leg.is_live()).map(Leg::phase).max() else {
            return if self.legs.is_empty() { Phase::Reserved } else { Phase::Ended };
        };
        // Between two attempts it is still being dialled, as far as the caller can tell.
        let dialled = self.legs.iter().any(|leg| !matches!(leg.placing, Placing::Reserved));
        if dialled { furthest.max(Phase::Dialing) } else { furthest }
    }

    /// Whether it may hold a line, or is about to.
    #[must_use]
    pub fn is_live(&self) -> bool {
        self.phase() != Phase::Ended
    }

    /// An attempt by its name.
    #[must_use]
    pub fn leg(&self, id: LegId) -> Option<&Leg> {
        self.legs.iter().find(|leg| leg.id == id)
    }

    /// The attempt that tells the call's story: the one that was answered, else the one that was seen, else the latest.
    #[must_use]
    pub fn leading(&self) -> Option<&Leg> {
        let story = |(at, leg): &(usize, &Leg)| {
            (leg.evidence.answered_at().is_some(), leg.is_live(), leg.evidence.was_seen(), *at)
        };
        self.legs.iter().enumerate().max_by_key(story).map(|(_, leg)| leg)
    }

    /// Who holds it.
    #[must_use]
    pub fn provider(&self) -> Option<ProviderId> {
        self.leading().map(|leg| leg.provider)
    }

    /// Why it ended, where it has: as the leading attempt has it, told apart by who asked for it.
    #[must_use]
    pub fn end(&self) -> Option<EndClaim> {
        if self.is_live() {
            return None;
        }
        let leg = self.leading()?;
        let mut end = leg.end()?;
        // A carrier that ends a line at the limit that it was given says no more than that it is over.
        let lasted = leg.evidence.duration_secs().zip(leg.cap_secs);
        if end.reason == EndReason::Completed && lasted.is_some_and(|(secs, cap)| secs >= cap) {
            end.reason = EndReason::MaxDuration;
        }
        let Some(ending) = &self.ending else { return Some(end) };
        let asked_first = leg.evidence.over_by().is_none_or(|at| at >= ending.requested_at);
        let taken = ending.rungs.iter().any(|rung| rung.result == RUNG_ACCEPTED);
        let ours = match end.reason {
            // Providers call an end that we asked for many things; none of them says why we asked.
            EndReason::Completed
            | EndReason::EndedByRequest
            | EndReason::CompletedByAgent
            | EndReason::CompletedByCallee => true,
            // What was cut before anybody answered is a failure to whoever did not cut it.
            EndReason::ProviderError | EndReason::CarrierError => taken,
            _ => false,
        };
        let reason = match ending.by {
            _ if !(ours && asked_first) => end.reason,
            EndingBy::Request => EndReason::EndedByRequest,
            EndingBy::Deadline => EndReason::MaxDuration,
        };
        Some(EndClaim { reason, ..end })
    }

    /// When it was first dialled.
    #[must_use]
    pub fn dialed_at(&self) -> Option<Timestamp> {
        self.legs.iter().filter_map(|leg| leg.evidence.dialed_at()).min()
    }

    /// When it was answered.
    #[must_use]
    pub fn answered_at(&self) -> Option<Timestamp> {
        self.leading().and_then(|leg| leg.evidence.answered_at())
    }

    /// When it ended; `None` while it lives, and where nobody knows.
    #[must_use]
    pub fn ended_at(&self) -> Option<Timestamp> {
        if self.is_live() {
            return None;
        }
        let presumed = |leg: &Leg| leg.given_up_at;
        self.legs.iter().filter_map(|leg| leg.evidence.ended_at().or_else(|| presumed(leg))).max()
    }

    /// How long they talked, in seconds, where somebody knows.
    #[must_use]
    pub fn duration_secs(&self) -> Option<u32> {
        let leg = self.leading()?;
        if leg.is_live() { None } else { leg.evidence.duration_secs() }
    }

    /// Whether it is unknown if anybody was called.
    #[must_use]
    pub fn outcome_is_unknown(&self) -> bool {
        self.legs.iter().any(Leg::outcome_is_unknown)
    }

    /// What it cost, over all attempts; `None` until every attempt that may have cost something has said so.
    #[must_use]
    pub fn cost(&self) -> Option<Money> {
        let mut total: Option<Money> = None;
        for leg in self.legs.iter().filter(|leg| leg.may_have_been_dialled()) {
            let cost = leg.evidence.cost.ready()?;
            total = Some(match total {
                None => *cost,
                Some(sum) => sum.add(cost)?,
            });
        }
        total
    }

    /// What there is of one kind, over all attempts: `ready` if any has it, `none` once all have said so.
    fn state_of<T>(&self, of: impl Fn(&Evidence) -> &Found<T>) -> ArtifactState {
        let mut pending = false;
        for leg in self.legs.iter().filter(|leg| leg.may_have_been_dialled() || leg.is_live()) {
            match of(&leg.evidence) {
                Found::Ready(_) => return ArtifactState::Ready,
                Found::Pending => pending = true,
                Found::None => {}
            }
        }
        if pending { ArtifactState::Pending } else { ArtifactState::None }
    }

    /// Whether there is a transcript.
    #[must_use]
    pub fn transcript_state(&self) -> ArtifactState {
        self.state_of(|evidence| &evidence.transcript)
    }

    /// Whether there is a recording that can be heard: ours, not the provider's.
    #[must_use]
    pub fn recording_state(&self) -> ArtifactState {
        match self.state_of(|evidence| &evidence.recording) {
            ArtifactState::Ready if self.recording_lost => ArtifactState::None,
            ArtifactState::Ready if self.recording_key.is_none() => ArtifactState::Pending,
            state => state,
        }
    }

    /// Whether there is a summary.
    #[must_use]
    pub fn summary_state(&self) -> ArtifactState {
        self.state_of(|evidence| &evidence.summary)
    }

    /// Whether anything was extracted.
    #[must_use]
    pub fn analysis_state(&self) -> ArtifactState {
        self.state_of(|evidence| &evidence.analysis)
    }

    /// Whether the cost is known.
    #[must_use]
    pub fn cost_state(&self) -> ArtifactState {
        self.state_of(|evidence| &evidence.cost)
    }

    /// Whether anything that comes after the end has not come.
    #[must_use]
    pub fn awaits_artifacts(&self) -> bool {
        let fetched = [
            self.transcript_state(),
            self.state_of(|evidence| &evidence.recording),
            self.summary_state(),
            self.analysis_state(),
            self.cost_state(),
        ];
        fetched.contains(&ArtifactState::Pending)
    }

    /// The fullest transcript of the leading attempt that has one.
    #[must_use]
    pub fn transcript(&self) -> Option<&TranscriptOutline> {
        self.best(|evidence| evidence.transcript.ready())
    }

    /// The recording in its provider's terms, and whose it is.
    #[must_use]
    pub fn recording(&self) -> Option<(&Leg, &str)> {
        self.legs.iter().rev().find_map(|leg| leg.evidence.recording.ready().map(|named| (leg, named.as_str())))
    }

    /// The summary.
    #[must_use]
    pub fn summary(&self) -> Option<&Personal> {
        self.best(|evidence| evidence.summary.ready())
    }

    /// What was extracted, as JSON text.
    #[must_use]
    pub fn analysis(&self) -> Option<&Personal> {
        self.best(|evidence| evidence.analysis.ready())
    }

    /// The language: what was spoken, else what was asked for.
    #[must_use]
    pub fn language(&self) -> Option<&str> {
        self.leading().and_then(|leg| leg.evidence.language()).or(self.language.as_deref())
    }

    /// Every provider's names for it, as `hamsa.jobId`.
    #[must_use]
    pub fn external_ids(&self) -> BTreeMap<String, String> {
        let ids = self.legs.iter().flat_map(|leg| {
            leg.evidence.external_ids().map(|(kind, id)| (format!("{}.{kind}", leg.provider), id.to_owned()))
        });
        ids.collect()
    }

    fn best<'c, T>(&'c self, of: impl Fn(&'c Evidence) -> Option<&'c T>) -> Option<&'c T> {
        let leading = self.leading().and_then(|leg| of(&leg.evidence));
        leading.or_else(|| self.legs.iter().rev().find_map(|leg| of(&leg.evidence)))
    }

    /// Seconds of a line that nobody wanted any more, from the end that the deadline forced to the end that the carrier would
    /// have made by itself.
    #[must_use]
    pub fn ghost_secs_prevented(&self) -> u64 {
        let forced = self.ending.as_ref().is_some_and(|ending| ending.by == EndingBy::Deadline);
        if !forced || self.is_live() {
            return 0;
        }
        self.legs
            .iter()
            .filter(|leg| leg.evidence.is_over())
            .filter_map(|leg| {
                let (answered, ended) = (leg.evidence.answered_at()?, leg.evidence.ended_at()?);
                if ended < self.deadline_at {
                    return None;
                }
                let cap = leg.cap_secs.map_or(LONGEST_LINE, |secs| Duration::from_secs(u64::from(secs)));
                Some(answered.plus(cap).since(ended).as_secs())
            })
            .sum()
    }
}

#[cfg(test)]
mod tests;
