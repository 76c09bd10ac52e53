//! The timeline: everything that was heard about a call, in the order in which it was heard.

use serde::{Deserialize, Serialize};

use super::Source;
use crate::{EventId, LegId, ProviderId, Timestamp};

/// Why something that was heard changed nothing, or less than it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EntryNote {
    /// The very same delivery had come before.
    Duplicate,
    /// The call was further already.
    Regression,
    /// It says nothing that was not known.
    AlreadyKnown,
    /// Its sender cannot sign: the provider's record is read before it counts.
    ToBeReadBack,
    /// It contradicts our own verdict, and is right.
    Reopened,
    /// It came before the provider's name for the call was known to be this call's.
    Drained,
    /// It is not of a form that the provider sends.
    Unreadable,
}

/// One thing heard or done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    /// Its name.
    pub event_id: EventId,
    /// When it happened, as its source says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
    /// When we heard of it.
    pub received_at: Timestamp,
    /// Who says it.
    pub source: Source,
    /// About whose attempt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<ProviderId>,
    /// About which attempt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub leg_id: Option<LegId>,
    /// What they call it.
    pub kind: String,
    /// Whether it changed what is known.
    pub applied: bool,
    /// Why it did not, or what else is to be said of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<EntryNote>,
}
