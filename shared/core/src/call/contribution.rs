//! What a call adds to its tenant's figures.
//!
//! A contribution is a function of the call alone. Whoever writes a change of a call writes the difference of the two
//! contributions beside it, in the same transaction; so the figures are right whatever comes in which order.

use std::collections::BTreeMap;

use super::{Call, Phase};
use crate::ProviderId;

/// Upper bounds of the histogram of durations, in seconds; the last bucket is open.
pub const DURATION_BUCKETS_SECS: [u32; 20] =
    [0, 5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 240, 300, 420, 600, 900, 1_800, 3_600, 7_200, 14_400];

/// The bucket that a duration falls into.
#[must_use]
pub fn duration_bucket(secs: u32) -> usize {
    DURATION_BUCKETS_SECS.iter().position(|bound| secs <= *bound).unwrap_or(DURATION_BUCKETS_SECS.len())
}

/// Counts by name, for one provider. Absent is zero.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Contribution {
    /// Whose figures it is part of.
    pub provider: Option<ProviderId>,
    /// The counts.
    pub counts: BTreeMap<String, i64>,
}

impl Contribution {
    /// What to add to turn `old` into `self`, zeros left out, per provider.
    #[must_use]
    pub fn since(&self, old: &Self) -> Vec<Self> {
        if self.provider != old.provider {
            let taken = old.counts.iter().map(|(name, count)| (name.clone(), -count)).collect();
            let taken = Self { provider: old.provider, counts: taken };
            return [taken, self.clone()].into_iter().filter(|part| !part.counts.is_empty()).collect();
        }
        let mut counts = self.counts.clone();
        for (name, count) in &old.counts {
            *counts.entry(name.clone()).or_default() -= count;
        }
        counts.retain(|_, count| *count != 0);
        if counts.is_empty() { Vec::new() } else { vec![Self { provider: self.provider, counts }] }
    }
}

impl Call {
    /// What it adds to its tenant's figures as it is now.
    #[must_use]
    pub fn contribution(&self) -> Contribution {
        let mut counts = BTreeMap::from([("total".to_owned(), 1)]);
        if self.phase() == Phase::Ended {
            let reason = self.end().map(|end| end.reason);
            if let Some(reason) = reason {
                counts.insert(format!("end.{}", reason.as_str()), 1);
            }
            if let Some(secs) = self.duration_secs().filter(|secs| *secs > 0 || self.answered_at().is_some()) {
                counts.insert("talkSecs".to_owned(), i64::from(secs));
                counts.insert(format!("lasted.{:02}", duration_bucket(secs)), 1);
            }
            let prevented = i64::try_from(self.ghost_secs_prevented()).unwrap_or(i64::MAX);
            if prevented > 0 {
                counts.insert("ghostSecsPrevented".to_owned(), prevented);
            }
        }
        if let Some(cost) = self.cost().filter(|cost| cost.micros() != 0) {
            counts.insert(format!("cost.{}", cost.currency()), cost.micros());
        }
        counts.retain(|_, count| *count != 0);
        Contribution { provider: self.provider(), counts }
    }
}
