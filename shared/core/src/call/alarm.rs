//! Alarms: what a person must know because no program can mend it.

use serde::{Deserialize, Serialize};

use crate::{AlarmId, CallId, TenantId, Timestamp};

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlarmKind {
    /// A call is to end and nothing that was tried ends it.
    CannotEnd,
    /// Nobody can tell whether anybody was called.
    OutcomeUnknown,
    /// A call is past its deadline and nobody has said that it is over.
    PastDeadline,
    /// Something that was acknowledged cannot be applied.
    JournalGap,
    /// An account is nearly empty.
    CreditsLow,
    /// A provider has retired an interface that is in use.
    ProviderRetired,
}

impl AlarmKind {
    /// The name in answers and keys.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CannotEnd => "cannot_end",
            Self::OutcomeUnknown => "outcome_unknown",
            Self::PastDeadline => "past_deadline",
            Self::JournalGap => "journal_gap",
            Self::CreditsLow => "credits_low",
            Self::ProviderRetired => "provider_retired",
        }
    }
}

/// An alarm. There is at most one open of a kind about a thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alarm {
    /// Its name.
    pub id: AlarmId,
    /// Whose concern it is.
    pub tenant: TenantId,
    /// What is wrong.
    pub kind: AlarmKind,
    /// With which call, if it is about one.
    pub call: Option<CallId>,
    /// Since when.
    pub since: Timestamp,
    /// Why, for a person to read.
    pub reason: String,
    /// When it was over, if it is.
    pub closed_at: Option<Timestamp>,
}
