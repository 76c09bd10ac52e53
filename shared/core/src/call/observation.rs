//! What a provider or carrier says about a leg of a call, in our words.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{EndReason, Transcript};
use crate::{Money, Personal, PhoneNumber, Timestamp};

/// Who says something, by how far it is believed: the later outranks the earlier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// We ourselves, by inference.
    Presumption,
    /// The page that holds a realtime call. Of what it says only the words spoken are taken.
    Page,
    /// A webhook whose sender cannot sign.
    UnsignedWebhook,
    /// A webhook with a signature that holds.
    SignedWebhook,
    /// The provider's own record, read by us.
    ProviderApi,
    /// The carrier that has the line.
    Carrier,
}

impl Source {
    /// The name in the timeline.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Presumption => "presumption",
            Self::Page => "page",
            Self::UnsignedWebhook => "unsigned_webhook",
            Self::SignedWebhook => "signed_webhook",
            Self::ProviderApi => "provider_api",
            Self::Carrier => "carrier",
        }
    }

    /// Whether it may say that a call is over. Whoever only holds an unguessable URL may not: what it says is looked up.
    #[must_use]
    pub fn may_end(self) -> bool {
        self >= Self::SignedWebhook
    }
}

/// How far a leg that has not ended has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Progress {
    /// The provider has taken it.
    Dialing,
    /// It rings.
    Ringing,
    /// Somebody, or something, has answered.
    InProgress,
}

/// An end, as somebody puts it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct EndClaim {
    /// In our words.
    pub reason: EndReason,
    /// In theirs.
    pub raw: String,
}

impl EndClaim {
    /// An end in both wordings. The raw one is cut to what may stand in an answer.
    pub fn new(reason: EndReason, raw: impl AsRef<str>) -> Self {
        /// Providers' own words are a few; what is longer is a message that belongs in no record.
        const MAX_RAW_CHARS: usize = 120;
        Self { reason, raw: raw.as_ref().chars().filter(|char| !char.is_control()).take(MAX_RAW_CHARS).collect() }
    }
}

/// Something that comes with a call or does not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Artifact<T> {
    /// It is there.
    Ready(T),
    /// The provider says that there is none and will be none.
    None,
}

/// One thing said about one leg. What is absent was not said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Observation {
    /// Who says it.
    pub source: Source,
    /// What they call it: an event's name, or the operation that read it.
    pub kind: String,
    /// When it happened, as they say.
    pub at: Option<Timestamp>,
    /// How far the call has come.
    pub progress: Option<Progress>,
    /// That it is over, and why.
    pub end: Option<EndClaim>,
    /// When it was dialled.
    pub dialed_at: Option<Timestamp>,
    /// When it was answered.
    pub answered_at: Option<Timestamp>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// How long they talked, in seconds.
    pub duration_secs: Option<u32>,
    /// What it cost on this leg.
    pub cost: Option<Artifact<Money>>,
    /// What was said.
    pub transcript: Option<Artifact<Transcript>>,
    /// Where the recording is, in the provider's terms: what its client needs to fetch it.
    pub recording: Option<Artifact<String>>,
    /// A summary in words.
    pub summary: Option<Artifact<Personal>>,
    /// What was extracted from the conversation, as JSON text with sorted keys.
    pub analysis: Option<Artifact<Personal>>,
    /// The language spoken (BCP 47).
    pub language: Option<String>,
    /// Names that the provider has for this leg, by kind: `jobId`, `callSid`.
    pub external_ids: BTreeMap<String, String>,
}

impl Observation {
    /// Something said of which nothing is known yet but who and what.
    pub fn new(source: Source, kind: impl Into<String>) -> Self {
        Self {
            source,
            kind: kind.into(),
            at: None,
            progress: None,
            end: None,
            dialed_at: None,
            answered_at: None,
            ended_at: None,
            duration_secs: None,
            cost: None,
            transcript: None,
            recording: None,
            summary: None,
            analysis: None,
            language: None,
            external_ids: BTreeMap::new(),
        }
    }

    /// The same of somebody who has nothing that comes with a call, and never will.
    pub fn without_artifacts(source: Source, kind: impl Into<String>) -> Self {
        Self {
            cost: Some(Artifact::None),
            transcript: Some(Artifact::None),
            recording: Some(Artifact::None),
            summary: Some(Artifact::None),
            analysis: Some(Artifact::None),
            ..Self::new(source, kind)
        }
    }
}

/// A call that a provider reports which we did not place: someone rang one of our numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InboundCall {
    /// Who rang.
    pub from: Option<PhoneNumber>,
    /// Which of our numbers.
    pub to: Option<PhoneNumber>,
    /// Which of the provider's agents took it.
    pub agent_id: Option<String>,
}
