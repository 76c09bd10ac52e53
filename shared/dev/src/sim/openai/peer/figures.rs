//! What went over one call, in numbers: for tests, and for whoever wonders whether there was sound.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// How many names of events are kept; a page that sends more is not listed further.
const EVENTS_KEPT: usize = 1000;

/// The numbers of a call at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::sim::openai) struct Counts {
    pub(in crate::sim::openai) packets_in: u64,
    pub(in crate::sim::openai) bytes_in: u64,
    pub(in crate::sim::openai) packets_out: u64,
    pub(in crate::sim::openai) bytes_out: u64,
    /// The types of the events that came from the page, in their order.
    pub(in crate::sim::openai) events: Vec<String>,
    pub(in crate::sim::openai) session_updates: u64,
}

/// The numbers of a call as it goes on.
#[derive(Debug, Default)]
pub(in crate::sim::openai) struct Figures(Mutex<Counts>);

impl Figures {
    pub(in crate::sim::openai) fn now(&self) -> Counts {
        self.counts().clone()
    }

    pub(super) fn came(&self, bytes: usize) {
        let mut counts = self.counts();
        counts.packets_in += 1;
        counts.bytes_in += u64::try_from(bytes).unwrap_or(u64::MAX);
    }

    pub(super) fn went(&self, bytes: usize) {
        let mut counts = self.counts();
        counts.packets_out += 1;
        counts.bytes_out += u64::try_from(bytes).unwrap_or(u64::MAX);
    }

    pub(super) fn event(&self, name: String) {
        let mut counts = self.counts();
        if counts.events.len() < EVENTS_KEPT {
            counts.events.push(name);
        }
    }

    pub(super) fn updates(&self, updates: u64) {
        self.counts().session_updates = updates;
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
