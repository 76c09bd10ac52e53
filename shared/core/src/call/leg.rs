//! One attempt of one provider or carrier to hold a call.

use serde::{Deserialize, Serialize};

use super::{EndClaim, EndReason, Evidence, Observation, Phase, Progress, Source};
use crate::{HookId, LegId, ProviderId, Timestamp};

/// What we have done about a leg. What others say of it is its [`Evidence`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum Placing {
    /// Nothing has been sent. Only such a leg can be taken back.
    Reserved,
    /// The fence is behind us: bytes may have left. Whoever dials it has until `dialBy`; nobody else ever may.
    #[serde(rename_all = "camelCase")]
    Dialing {
        /// Until when the creator may still be at it.
        dial_by: Timestamp,
    },
    /// The provider has taken it and named it.
    Bound,
    /// It was taken back before anything was sent.
    Cancelled,
    /// The provider certainly did not dial, as far as we can tell.
    NotDialled,
    /// Bytes left and no answer made sense. It is never dialled again.
    Unknown {
        /// What was lost.
        reason: String,
        /// Since when.
        since: Timestamp,
    },
}

/// One attempt.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Leg {
    /// Our name for it, given to the provider wherever it gives it back.
    pub id: LegId,
    /// Who holds it.
    pub provider: ProviderId,
    /// What we have done about it.
    pub placing: Placing,
    /// What is known of it.
    pub evidence: Evidence,
    /// The provider's name under which its events come, once it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// The webhook URL made for this leg alone, if its provider takes one per call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hook: Option<HookId>,
    /// The carrier's own limit, in seconds after which it ends the line whatever anybody does; `None` where unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cap_secs: Option<u32>,
    /// Since when nobody watches it any more, because nothing was heard for longer than any carrier keeps a line up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub given_up_at: Option<Timestamp>,
}

impl Leg {
    /// An attempt of which nothing has been sent.
    #[must_use]
    pub fn reserved(id: LegId, provider: ProviderId) -> Self {
        Self {
            id,
            provider,
            placing: Placing::Reserved,
            evidence: Evidence::default(),
            reference: None,
            hook: None,
            cap_secs: None,
            given_up_at: None,
        }
    }

    /// How far it has come.
    #[must_use]
    pub fn phase(&self) -> Phase {
        if self.evidence.is_over() || self.given_up_at.is_some() {
            return Phase::Ended;
        }
        if let Some(progress) = self.evidence.progress {
            return progress.into();
        }
        match self.placing {
            Placing::Reserved => Phase::Reserved,
            Placing::Cancelled | Placing::NotDialled if !self.evidence.was_seen() => Phase::Ended,
            Placing::Dialing { .. }
            | Placing::Bound
            | Placing::Unknown { .. }
            | Placing::Cancelled
            | Placing::NotDialled => Phase::Dialing,
        }
    }

    /// Whether it may hold a line.
    #[must_use]
    pub fn is_live(&self) -> bool {
        self.phase() != Phase::Ended
    }

    /// Whether bytes left and nobody has told what became of them.
    #[must_use]
    pub fn outcome_is_unknown(&self) -> bool {
        matches!(self.placing, Placing::Unknown { .. }) && !self.evidence.was_seen()
    }

    /// Whether nobody has told how it came out: neither what became of the dial nor, after it was given up, that it is over.
    #[must_use]
    pub fn fate_is_unknown(&self) -> bool {
        self.outcome_is_unknown() || (self.given_up_at.is_some() && !self.evidence.is_over())
    }

    /// Whether nobody has told under which name the provider has it, so that it can be neither read nor ended: its answer was
    /// lost. That somebody has seen it since does not name it.
    #[must_use]
    pub fn lacks_name(&self) -> bool {
        let seen = self.is_live() && self.placing == Placing::Bound && self.reference.is_none();
        seen || self.outcome_is_unknown()
    }

    /// Whether it may ever have rung anywhere.
    #[must_use]
    pub fn may_have_been_dialled(&self) -> bool {
        self.evidence.was_seen()
            || !matches!(self.placing, Placing::Reserved | Placing::Cancelled | Placing::NotDialled)
    }

    /// Why it ended, where it has.
    #[must_use]
    pub fn end(&self) -> Option<EndClaim> {
        if self.is_live() {
            return None;
        }
        Some(self.evidence.ending().cloned().unwrap_or_else(|| EndClaim::new(EndReason::Unknown, "")))
    }

    /// Takes our own verdict down as what it is: a presumption.
    pub(super) fn presume(&mut self, reason: EndReason, raw: &str, at: Timestamp) {
        let mut verdict = Observation::new(Source::Presumption, "verdict");
        verdict.end = Some(EndClaim::new(reason, raw));
        verdict.ended_at = Some(at);
        self.evidence = self.evidence.with(&verdict);
    }
}

impl From<Progress> for Phase {
    fn from(progress: Progress) -> Self {
        match progress {
            Progress::Dialing => Self::Dialing,
            Progress::Ringing => Self::Ringing,
            Progress::InProgress => Self::InProgress,
        }
    }
}
