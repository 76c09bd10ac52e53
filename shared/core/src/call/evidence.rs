//! What is known of a leg: the join of everything that was said about it.
//!
//! Joining is commutative, associative and idempotent, so that any order and any repetition of the same words gives the same
//! knowledge. Each field is the greatest by (how far the speaker is believed, value); moments are the earliest that the most
//! believed speaker names.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Artifact, EndClaim, Observation, Progress, Source, TranscriptOutline};
use crate::{Money, Personal, Timestamp};

/// How long a phone rings at most: carriers give up after a minute (Twilio's default), networks within two.
const LONGEST_RING: Duration = Duration::from_secs(120);

/// A value and who says it. The more believed speaker wins; between equals the greater value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Attested<T> {
    /// Who says it.
    pub source: Source,
    /// What.
    pub value: T,
}

/// Something that comes with a call, as far as is known.
///
/// `pending < none < ready` holds across speakers: a carrier that keeps no transcripts must not hide the provider's.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Found<T> {
    /// Nobody has said.
    #[default]
    Pending,
    /// Somebody says that there is none.
    None,
    /// It is there.
    Ready(Attested<T>),
}

/// The moments of a leg.
type Moment = Option<Attested<Reverse<Timestamp>>>;

/// Everything known about one leg.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Evidence {
    /// How far it has come, said by anybody but us.
    pub progress: Option<Progress>,
    /// That it is over.
    pub end: Option<Attested<EndClaim>>,
    dialed_at: Moment,
    answered_at: Moment,
    ended_at: Moment,
    duration_secs: Option<Attested<u32>>,
    /// What it cost.
    pub cost: Found<Money>,
    /// What was said: which of the kept transcripts it is.
    pub transcript: Found<TranscriptOutline>,
    /// The recording, in the provider's terms.
    pub recording: Found<String>,
    /// A summary.
    pub summary: Found<Personal>,
    /// What was extracted, as JSON text.
    pub analysis: Found<Personal>,
    language: Option<Attested<String>>,
    external_ids: BTreeMap<String, Attested<String>>,
}

impl Evidence {
    /// Everything that is known after `observation`, too.
    #[must_use]
    pub fn with(&self, observation: &Observation) -> Self {
        self.clone().join(Self::of(observation))
    }

    /// What one observation alone says.
    fn of(said: &Observation) -> Self {
        let source = said.source;
        let moment = |at: Option<Timestamp>| at.map(|at| Attested { source, value: Reverse(at) });
        // That it has ended is the moment of the end, if no other is named.
        let ended_at = said.ended_at.or(said.at.filter(|_| said.end.is_some()));
        Self {
            progress: said.progress.filter(|_| source != Source::Presumption),
            end: said.end.clone().map(|value| Attested { source, value }),
            dialed_at: moment(said.dialed_at),
            answered_at: moment(said.answered_at),
            ended_at: moment(ended_at),
            duration_secs: said.duration_secs.map(|value| Attested { source, value }),
            cost: found(source, said.cost.as_ref(), Clone::clone),
            transcript: found(source, said.transcript.as_ref(), super::Transcript::outline),
            recording: found(source, said.recording.as_ref(), Clone::clone),
            summary: found(source, said.summary.as_ref(), Clone::clone),
            analysis: found(source, said.analysis.as_ref(), Clone::clone),
            language: said.language.clone().map(|value| Attested { source, value }),
            external_ids: said
                .external_ids
                .iter()
                .map(|(kind, id)| (kind.clone(), Attested { source, value: id.clone() }))
                .collect(),
        }
    }

    /// What both know together.
    fn join(mut self, other: Self) -> Self {
        for (kind, id) in other.external_ids {
            let greatest = self.external_ids.remove(&kind).into_iter().chain([id]).max();
            self.external_ids.extend(greatest.map(|id| (kind, id)));
        }
        Self {
            progress: self.progress.max(other.progress),
            end: self.end.max(other.end),
            dialed_at: self.dialed_at.max(other.dialed_at),
            answered_at: self.answered_at.max(other.answered_at),
            ended_at: self.ended_at.max(other.ended_at),
            duration_secs: self.duration_secs.max(other.duration_secs),
            cost: self.cost.max(other.cost),
            transcript: self.transcript.max(other.transcript),
            recording: self.recording.max(other.recording),
            summary: self.summary.max(other.summary),
            analysis: self.analysis.max(other.analysis),
            language: self.language.max(other.language),
            external_ids: self.external_ids,
        }
    }

    /// When it was dialled.
    #[must_use]
    pub fn dialed_at(&self) -> Option<Timestamp> {
        self.dialed_at.as_ref().map(|at| at.value.0)
    }

    /// When it was answered. Records that tell only the end and the length of the talk tell that, too.
    #[must_use]
    pub fn answered_at(&self) -> Option<Timestamp> {
        let told = self.answered_at.as_ref().map(|at| at.value.0);
        told.or_else(|| {
            let talked = self.duration_secs.as_ref().map(|secs| secs.value).filter(|secs| *secs > 0)?;
            Some(self.ended_at()?.minus(Duration::from_secs(u64::from(talked))))
        })
    }

    /// When it ended, as somebody puts it who may say that it has.
    #[must_use]
    pub fn ended_at(&self) -> Option<Timestamp> {
        self.ended_at.as_ref().filter(|_| self.ending().is_some()).map(|at| at.value.0)
    }

    /// The latest that it can have ended, as far as anybody but us tells: when it ended, else how long they talked after it was
    /// answered, or after it had rung for as long as any phone rings.
    #[must_use]
    pub fn over_by(&self) -> Option<Timestamp> {
        if let Some(ended_at) = self.ended_at() {
            return Some(ended_at);
        }
        let talked = self.duration_secs.as_ref().filter(|_| self.is_over())?.value;
        let begun_by = self.answered_at().or_else(|| {
            let dialed_at = self.dialed_at.as_ref().filter(|at| at.source > Source::Presumption)?;
            Some(dialed_at.value.0.plus(LONGEST_RING))
        });
        Some(begun_by?.plus(Duration::from_secs(u64::from(talked))))
    }

    /// How long they talked, in seconds: as it is said, else from the two moments, else zero where nobody answered.
    #[must_use]
    pub fn duration_secs(&self) -> Option<u32> {
        if let Some(duration) = &self.duration_secs {
            return Some(duration.value);
        }
        let (answered, ended) = (self.answered_at()?, self.ended_at()?);
        u32::try_from(ended.since(answered).as_secs()).ok()
    }

    /// The language spoken.
    #[must_use]
    pub fn language(&self) -> Option<&str> {
        self.language.as_ref().map(|language| language.value.as_str())
    }

    /// The provider's names for it.
    pub fn external_ids(&self) -> impl Iterator<Item = (&str, &str)> {
        self.external_ids.iter().map(|(kind, id)| (kind.as_str(), id.value.as_str()))
    }

    /// The provider's name for it of one kind.
    #[must_use]
    pub fn external_id(&self, kind: &str) -> Option<&str> {
        self.external_ids.get(kind).map(|id| id.value.as_str())
    }

    /// Whether somebody who may say so says that it is over. Nothing reopens that.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.end.as_ref().is_some_and(|end| end.source.may_end())
    }

    /// Whether somebody who may not say so says that it is over: to be looked up.
    #[must_use]
    pub fn end_is_claimed(&self) -> bool {
        self.end.as_ref().is_some_and(|end| end.source == Source::UnsignedWebhook)
    }

    /// Whether anybody but us has ever seen this leg.
    #[must_use]
    pub fn was_seen(&self) -> bool {
        self.progress.is_some() || self.end.as_ref().is_some_and(|end| end.source != Source::Presumption)
    }

    /// What ended it, as far as that holds: our own word only while nobody has seen the leg alive.
    #[must_use]
    pub fn ending(&self) -> Option<&EndClaim> {
        let end = self.end.as_ref()?;
        let holds = end.source.may_end() || (end.source == Source::Presumption && self.progress.is_none());
        holds.then_some(&end.value)
    }
}

fn found<A, T>(source: Source, said: Option<&Artifact<A>>, read: impl Fn(&A) -> T) -> Found<T> {
    match said {
        None => Found::Pending,
        Some(Artifact::None) => Found::None,
        Some(Artifact::Ready(value)) => Found::Ready(Attested { source, value: read(value) }),
    }
}

impl<T> Found<T> {
    /// The thing itself.
    #[must_use]
    pub fn ready(&self) -> Option<&T> {
        match self {
            Self::Ready(found) => Some(&found.value),
            Self::Pending | Self::None => None,
        }
    }

    /// Whether nobody has said.
    #[must_use]
    pub fn is_pending(&self) -> bool {
        matches!(self, Self::Pending)
    }
}
