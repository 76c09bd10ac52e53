//! How a call stands: everything that is said of it, told from its legs. Nothing here changes anything.

use std::collections::BTreeMap;

use super::{
    ArtifactState, Call, EndClaim, EndReason, EndingBy, Evidence, Found, LONGEST_LINE, Leg, Phase, Placing,
    RUNG_ACCEPTED, RUNG_ALREADY_OVER, RUNG_ENDED, TranscriptOutline,
};
use crate::{LegId, Money, Personal, ProviderId, Timestamp};

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
        let asked_first = leg.evidence.over_by().is_none_or(|at| !is_before(at, ending.requested_at));
        let taken = ending.rungs.iter().any(|rung| matches!(rung.result.as_str(), RUNG_ACCEPTED | RUNG_ENDED));
        // Providers call an end that we asked for many things; none of them says why we asked.
        let hung_up = matches!(
            end.reason,
            EndReason::Completed
                | EndReason::EndedByRequest
                | EndReason::CompletedByAgent
                | EndReason::CompletedByCallee
        );
        // What was cut before anybody answered is a failure to whoever did not cut it.
        let cut = taken && matches!(end.reason, EndReason::ProviderError | EndReason::CarrierError);
        // A provider that does not know a call any more when it is first asked, and nobody says since when: our asking had no part
        // in that end. That a lease was not renewed stays true.
        let over_before = leg.evidence.over_by().is_none()
            && ending.by != EndingBy::Lease
            && ending.rungs.first().is_some_and(|rung| rung.result == RUNG_ALREADY_OVER);
        let reason = match ending.by {
            _ if !(asked_first && (hung_up || cut)) || over_before => end.reason,
            EndingBy::Request => EndReason::EndedByRequest,
            EndingBy::Deadline => EndReason::MaxDuration,
            EndingBy::Lease => EndReason::LeaseExpired,
        };
        Some(EndClaim { reason, ..end })
    }

    /// When it was first dialled.
    #[must_use]
    pub fn dialed_at(&self) -> Option<Timestamp> {
        let dialled = self.legs.iter().filter(|leg| leg.may_have_been_dialled());
        dialled.filter_map(|leg| leg.evidence.dialed_at()).min()
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
        self.legs.iter().filter_map(|leg| leg.evidence.ended_at()).max()
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
        self.legs.iter().any(Leg::fate_is_unknown)
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

    /// Seconds of a line that nobody wanted any more, from the end that its deadline or its lease forced to the end that the carrier would
    /// have made by itself. A call that was over before anybody asked was not forced.
    #[must_use]
    pub fn ghost_secs_prevented(&self) -> u64 {
        let forced_at = self.ending.as_ref().filter(|ending| ending.by != EndingBy::Request);
        let Some(forced_at) = forced_at.map(|ending| ending.requested_at).filter(|_| !self.is_live()) else { return 0 };
        self.legs
            .iter()
            .filter(|leg| leg.evidence.is_over())
            .filter_map(|leg| {
                let lasted = leg.evidence.duration_secs().filter(|secs| *secs > 0)?;
                if is_before(leg.evidence.ended_at()?, forced_at) {
                    return None;
                }
                let cap = leg.cap_secs.map_or(LONGEST_LINE.as_secs(), u64::from);
                Some(cap.saturating_sub(u64::from(lasted)))
            })
            .sum()
    }
}

/// Whether one moment is before another, as far as a provider can tell: most of them write whole seconds.
fn is_before(told: Timestamp, ours: Timestamp) -> bool {
    told.epoch_secs() < ours.epoch_secs()
}
