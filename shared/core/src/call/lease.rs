//! The lease of a realtime call: whoever holds its secret keeps the call up, a little longer each time.
//!
//! A page that stalls, crashes or is closed stops renewing, and the call is ended soon after. The secret itself is kept nowhere:
//! it is made from the installation's keys and the lease's generation, which each renewal raises, so that a secret is used once.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Call, Duty, EndingBy};
use crate::Timestamp;

/// How long a lease lasts: a page may miss two renewals before its call is ended.
pub const LEASE: Duration = Duration::from_secs(60);
/// How often a page is to renew.
pub const RENEW_EVERY: Duration = Duration::from_secs(20);
/// How long it takes at most from the end of a lease to the end of its call: the sweep wakes every minute, and its provider has to
/// be reached. Leases end so long before the deadline, so that no call passes that.
pub const HANG_UP_WITHIN: Duration = Duration::from_secs(90);
/// How long after its lease an attempt that nobody could name is believed in: its page never got the answer, and a peer whose
/// checks are never answered fails within 30 s (RFC 7675, 5.1).
pub(super) const UNANSWERED_PEER: Duration = Duration::from_secs(30);

/// The lease of a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Lease {
    /// Which of its secrets renews it next, from 1.
    pub generation: u32,
    /// When it ends unless it is renewed.
    pub expires_at: Timestamp,
    /// Who opened the call: the key of the principal.
    pub holder: String,
    /// Stands for the person whose calls and minutes are counted.
    pub user: String,
    /// The day whose minutes it counts, as `2026-11-20` (UTC).
    pub day: String,
    /// Seconds counted of that day: what has been granted while the call lives, what was used afterwards.
    pub counted_secs: u32,
    /// Which of the person's slots it holds.
    pub slot: u32,
}

/// Why a lease is not renewed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotRenewed {
    /// The call has no lease.
    NoLease,
    /// It is over, or about to be.
    Ended,
    /// The lease, or the call's whole time, has passed.
    Expired,
    /// The secret has been used already.
    Used,
}

impl Call {
    /// When it has to be over: at the end of its lease, if it has one, and never after its deadline.
    #[must_use]
    pub fn must_end_at(&self) -> Timestamp {
        self.lease.as_ref().map_or(self.deadline_at, |lease| lease.expires_at.min(self.deadline_at))
    }

    /// What ends it when its time is up: whoever did not renew, unless no lease could have been any longer.
    #[must_use]
    pub fn ending_by_time(&self, now: Timestamp) -> EndingBy {
        let unrenewed = self.lease.is_some() && now < self.last_lease_ends_at();
        if unrenewed { EndingBy::Lease } else { EndingBy::Deadline }
    }

    /// When the last of its leases ends at the latest.
    fn last_lease_ends_at(&self) -> Timestamp {
        self.deadline_at.minus(HANG_UP_WITHIN)
    }

    /// Renews the lease for the holder of the secret of `generation`: from now on the next one counts. Never beyond the deadline.
    ///
    /// # Errors
    /// [`NotRenewed`].
    pub fn renew_lease(&mut self, generation: u32, now: Timestamp) -> Result<(), NotRenewed> {
        let ending = !self.is_live() || self.ending.is_some();
        let until = now.plus(LEASE).min(self.last_lease_ends_at());
        let lease = self.lease.as_mut().ok_or(NotRenewed::NoLease)?;
        if ending {
            return Err(NotRenewed::Ended);
        }
        if now >= lease.expires_at {
            return Err(NotRenewed::Expired);
        }
        if generation != lease.generation {
            return Err(NotRenewed::Used);
        }
        lease.generation = lease.generation.saturating_add(1);
        let more = u32::try_from(until.since(lease.expires_at).as_secs()).unwrap_or(u32::MAX);
        lease.counted_secs = lease.counted_secs.saturating_add(more);
        lease.expires_at = lease.expires_at.max(until);
        // It was to be ended at the end of the old one.
        self.duties.drop(Duty::End);
        self.tend(now);
        Ok(())
    }

    /// What of the person's day still counts: all that was granted while the call lives or nobody knows how long it was, then
    /// what was used.
    pub(super) fn tend_lease(&mut self) {
        if self.is_live() || self.outcome_is_unknown() {
            return;
        }
        let begun = self.answered_at().unwrap_or(self.created_at);
        let used = match self.ended_at() {
            _ if !self.legs.iter().any(super::Leg::may_have_been_dialled) => 0,
            Some(ended) => u32::try_from(ended.since(begun).as_secs()).unwrap_or(u32::MAX),
            None => return,
        };
        if let Some(lease) = &mut self.lease {
            lease.counted_secs = lease.counted_secs.min(used);
        }
    }
}
