//! What is left to be done about a call, and when. The sweep does what is due; everything else only writes it down.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// One thing to be done about a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Duty {
    /// Take a leg back whose creator never came to dial it.
    TakeBack,
    /// Ask what became of a leg whose creator never came back from dialling.
    Overdue,
    /// Find out what became of a leg whose outcome is unknown.
    Settle,
    /// Apply what was delivered under the provider's name before that name was known to be this call's.
    Drain,
    /// Take a call that came in, or refuse it.
    Answer,
    /// Look up what a sender that cannot sign has claimed.
    ReadBack,
    /// Ask the provider about a call that has been silent.
    Poll,
    /// End it: it was asked for, or the deadline has passed.
    End,
    /// Keep the slot of a call that still lives.
    ExtendSlot,
    /// Fetch what comes after the end: transcript, recording, cost.
    Collect,
    /// Copy the recording to the bucket.
    CopyRecording,
}

/// When a duty is due, and how often it was tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Due {
    /// When.
    #[serde(rename = "a")]
    pub at: Timestamp,
    /// How often it was tried.
    #[serde(rename = "n", default, skip_serializing_if = "is_zero")]
    pub tries: u32,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_zero(tries: &u32) -> bool {
    *tries == 0
}

impl Duty {
    /// Pauses between tries, in seconds; the last one repeats.
    fn pauses(self) -> &'static [u64] {
        match self {
            Self::TakeBack | Self::Overdue | Self::ExtendSlot => &[10],
            // The caller hears it ring.
            Self::Answer => &[5, 5, 10],
            Self::Drain | Self::ReadBack => &[5, 10, 30, 60, 300],
            Self::Settle => &[10, 20, 30, 60, 120, 300],
            Self::Poll => &[30, 30, 60, 60, 120, 300],
            // Every try costs a request per rung; a line that ignores us for ten minutes will not give in to haste.
            Self::End => &[10, 10, 20, 20, 30, 60, 60, 300],
            Self::Collect => &[5, 20, 30, 60, 300, 600],
            Self::CopyRecording => &[10, 30, 60, 300, 900, 3_600],
        }
    }

    /// How often it is tried at most; what is not listed goes on as long as there is cause.
    #[must_use]
    pub fn most_tries(self) -> u32 {
        match self {
            Self::Collect | Self::CopyRecording => 7,
            Self::Drain => 40,
            // Nobody lets it ring for longer than two minutes.
            Self::Answer => 12,
            _ => u32::MAX,
        }
    }

    /// How long after try number `tries` (from 1) the next one is.
    #[must_use]
    pub fn pause(self, tries: u32) -> Duration {
        let pauses = self.pauses();
        let at = usize::try_from(tries.saturating_sub(1)).unwrap_or(usize::MAX).min(pauses.len().saturating_sub(1));
        Duration::from_secs(pauses.get(at).copied().unwrap_or(300))
    }
}

/// Everything that is left to be done about a call.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Duties(BTreeMap<Duty, Due>);

impl Duties {
    /// When the next one is due.
    #[must_use]
    pub fn next_at(&self) -> Option<Timestamp> {
        self.0.values().map(|due| due.at).min()
    }

    /// Those that are due at `now`.
    #[must_use]
    pub fn due(&self, now: Timestamp) -> Vec<Duty> {
        self.0.iter().filter(|(_, due)| due.at <= now).map(|(duty, _)| *duty).collect()
    }

    /// When a duty is due and how often it was tried.
    #[must_use]
    pub fn get(&self, duty: Duty) -> Option<Due> {
        self.0.get(&duty).copied()
    }

    /// Takes a duty on, unless it is there already.
    pub fn take_on(&mut self, duty: Duty, at: Timestamp) {
        self.0.entry(duty).or_insert(Due { at, tries: 0 });
    }

    /// Makes a duty due at `at` if it is not due before.
    pub fn hasten(&mut self, duty: Duty, at: Timestamp) {
        let due = self.0.entry(duty).or_insert(Due { at, tries: 0 });
        due.at = due.at.min(at);
    }

    /// Has nothing more to do of this kind.
    pub fn drop(&mut self, duty: Duty) {
        self.0.remove(&duty);
    }

    /// Counts a try and puts the next one off; gives the duty up after its last one and answers whether it has.
    pub fn tried(&mut self, duty: Duty, now: Timestamp) -> bool {
        let Some(due) = self.0.get_mut(&duty) else { return false };
        due.tries = due.tries.saturating_add(1);
        due.at = now.plus(duty.pause(due.tries));
        let spent = due.tries >= duty.most_tries();
        if spent {
            self.0.remove(&duty);
        }
        spent
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_try_puts_the_next_one_off_and_the_last_one_ends_it() {
        let now = Timestamp::from_epoch_secs(1_000);
        let mut duties = Duties::default();
        duties.take_on(Duty::Collect, now);
        for _ in 1..Duty::Collect.most_tries() {
            assert!(!duties.tried(Duty::Collect, now));
            assert!(duties.due(now).is_empty());
        }
        assert!(duties.tried(Duty::Collect, now));
        assert_eq!(duties.next_at(), None);
    }

    #[test]
    fn taking_a_duty_on_again_does_not_reset_it_and_hastening_never_delays() {
        let (soon, late) = (Timestamp::from_epoch_secs(10), Timestamp::from_epoch_secs(20));
        let mut duties = Duties::default();
        duties.take_on(Duty::Poll, late);
        duties.take_on(Duty::Poll, soon);
        assert_eq!(duties.next_at(), Some(late));
        duties.hasten(Duty::Poll, soon);
        duties.hasten(Duty::Poll, late);
        assert_eq!(duties.next_at(), Some(soon));
    }
}
