//! Moving the world's clock, and doing what becomes due on the way.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use switchboard_core::Clock;
use tokio::task::JoinHandle;

use super::deliveries::Deliveries;
use crate::clock::ScriptedClock;
use crate::ledger::LedgerError;

/// How often a world on wall time looks for what is due. What is due is late by at most this much.
const TICK: Duration = Duration::from_millis(100);

/// Keeps the clock's offset for the next run.
pub type SaveOffset = Arc<dyn Fn(Duration) -> Result<(), LedgerError> + Send + Sync>;

/// The clock together with what happens when it moves.
pub struct Clockwork {
    clock: ScriptedClock,
    deliveries: Arc<Deliveries>,
    save: SaveOffset,
    /// One move at a time: two would step over each other's due times.
    moving: tokio::sync::Mutex<()>,
}

impl fmt::Debug for Clockwork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Clockwork").field("clock", &self.clock).finish_non_exhaustive()
    }
}

/// The background task of a world on wall time. Ends when dropped.
#[derive(Debug)]
pub struct Ticker(JoinHandle<()>);

impl Drop for Ticker {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Clockwork {
    pub(crate) fn new(clock: ScriptedClock, deliveries: Arc<Deliveries>, save: SaveOffset) -> Self {
        Self { clock, deliveries, save, moving: tokio::sync::Mutex::default() }
    }

    pub(crate) fn clock(&self) -> &ScriptedClock {
        &self.clock
    }

    /// Moves the clock by `by` in steps from one due time to the next, each thing happening at its own time, and
    /// returns when all that became due has happened. Afterwards the clock's offset has grown by exactly `by`.
    ///
    /// # Errors
    ///
    /// The offset cannot be kept; the clock has moved nevertheless.
    pub async fn advance(&self, by: Duration) -> Result<(), LedgerError> {
        let _one_at_a_time = self.moving.lock().await;
        let mut left = by;
        loop {
            let now = self.clock.now();
            let step = match self.deliveries.next_due() {
                Some(due) if due <= now.plus(left) => due.since(now),
                Some(_) | None => break,
            };
            self.step(step)?;
            left = left.saturating_sub(step);
            self.deliveries.run_due(self.clock.now()).await;
        }
        self.step(left)?;
        self.deliveries.run_due(self.clock.now()).await;
        Ok(())
    }

    fn step(&self, by: Duration) -> Result<(), LedgerError> {
        if by.is_zero() {
            return Ok(());
        }
        self.clock.advance(by);
        (self.save)(self.clock.offset())
    }

    /// Starts doing what is due as wall time passes.
    #[must_use]
    pub fn tick(self: &Arc<Self>) -> Ticker {
        let deliveries = Arc::clone(&self.deliveries);
        let clock = self.clock.clone();
        Ticker(tokio::spawn(async move {
            loop {
                tokio::time::sleep(TICK).await;
                deliveries.run_due(clock.now()).await;
            }
        }))
    }
}
