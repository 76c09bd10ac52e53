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
//! | `lease` | [`Lease`]: what keeps a realtime call up |
//! | `standing` | how a call stands, told from its legs |
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
mod lease;
mod leg;
mod observation;
mod standing;
mod timeline;
mod transcript;
mod transition;

pub use alarm::{Alarm, AlarmKind};
pub use contribution::{Contribution, DURATION_BUCKETS_SECS, duration_bucket};
pub use duty::{Due, Duties, Duty};
pub use end_reason::{AtFault, Billable, EndReason};
pub use evidence::{Attested, Evidence, Found};
pub use lease::{HANG_UP_WITHIN, LEASE, Lease, NotRenewed, RENEW_EVERY};
pub use leg::{Leg, Placing};
pub use observation::{Artifact, EndClaim, InboundCall, Observation, Progress, Source};
pub use timeline::{Entry, EntryNote};
pub use transcript::{SpokenTurn, Transcript, TranscriptOutline};
pub use transition::{ALARM_AFTER, Observed};

use crate::{AlarmId, CallId, Personal, PhoneNumber, ProviderId, TenantId, Timestamp};

/// Shortest and longest that a call may be asked to last.
pub const MAX_DURATION_SECS: std::ops::RangeInclusive<u32> = 10..=14_400;
/// How long after its deadline a line is watched before nobody believes in it any more: what the longest-lived carrier keeps
/// up a line at most (Twilio, Programmable Voice limits: four hours).
pub const LONGEST_LINE: Duration = Duration::from_secs(4 * 60 * 60);
/// The result of a step towards an end whose request was taken.
pub const RUNG_ACCEPTED: &str = "accepted";
/// The result of a step after which the provider did not know the call any more.
pub const RUNG_ENDED: &str = "ended";
/// The result of a step whose provider said that the call was over before it was asked.
pub const RUNG_ALREADY_OVER: &str = "already_over";
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
    /// Its lease was not renewed.
    Lease,
}

/// One step taken to end a call, and what came of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Rung {
    /// What was asked of whom: `hamsa.terminate`, `twilio.completed`.
    pub rung: String,
    /// What came of it: `accepted`, `already_over`, `not_known`, `failed`, `unsupported`, `ambiguous`, `ended`.
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
    /// What keeps it up, if somebody has to say so all the time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lease: Option<Lease>,
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

#[cfg(test)]
mod tests;
