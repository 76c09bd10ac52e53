//! What the carrier would bill: every line ever placed, and how long it was answered.

use serde::Serialize;
use switchboard_core::Timestamp;

use super::line::Line;
use crate::sim::provider::Provider;

/// The meter at one moment.
#[derive(Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Meter {
    /// How many lines were ever placed.
    pub dials: usize,
    /// How many have not ended, those that still ring among them.
    pub lines_up: usize,
    /// How many seconds they were answered, all together.
    pub seconds_up: u64,
    /// Each of them, the oldest first.
    pub lines: Vec<MeteredLine>,
}

/// One line on the meter.
#[derive(Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MeteredLine {
    /// Who placed it.
    pub provider: Provider,
    /// The id by which that provider's callers know it.
    pub external_id: String,
    /// The number that was called; empty where a page is at the other end.
    pub to: String,
    /// Whether it has not ended.
    pub up: bool,
    /// How many whole seconds it has been answered.
    pub seconds: u64,
}

impl std::fmt::Debug for Meter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut shown = f.debug_struct("Meter");
        shown.field("dials", &self.dials).field("lines_up", &self.lines_up).field("seconds_up", &self.seconds_up);
        shown.field("lines", &self.lines).finish()
    }
}

impl std::fmt::Debug for MeteredLine {
    /// Without the number, which is a person's.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut shown = f.debug_struct("MeteredLine");
        shown.field("provider", &self.provider).field("external_id", &self.external_id);
        shown.field("up", &self.up).field("seconds", &self.seconds).finish_non_exhaustive()
    }
}

impl Meter {
    pub(super) fn of<'a>(lines: impl Iterator<Item = &'a Line>, now: Timestamp) -> Self {
        let lines: Vec<MeteredLine> = lines
            .map(|line| MeteredLine {
                provider: line.provider,
                external_id: line.external_id.clone(),
                to: line.to.clone(),
                up: line.is_up(),
                seconds: line.talked(now).as_secs(),
            })
            .collect();
        Self {
            dials: lines.len(),
            lines_up: lines.iter().filter(|line| line.up).count(),
            seconds_up: lines.iter().map(|line| line.seconds).sum(),
            lines,
        }
    }
}
