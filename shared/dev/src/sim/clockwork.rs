//! Moving the world's clock, and doing what becomes due on the way: lines of the carrier, webhooks, and the schedule.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use switchboard_core::{Clock, Timestamp};
use tokio::task::JoinHandle;

use super::carrier::Carrier;
use super::control::Schedule;
use super::deliveries::Deliveries;
use crate::clock::ScriptedClock;
use crate::ledger::LedgerError;

/// How often a world on wall time looks for what is due. What is due is late by at most this much.
const TICK: Duration = Duration::from_millis(100);

/// How often the schedule runs as wall time passes. In a deployment it starts every minute and loops every ten seconds
/// within it.
const SCHEDULE_TICK: Duration = Duration::from_secs(10);

/// How often the schedule runs while the clock is moved, in seconds of the world's time: at every whole minute.
const MINUTE_SECS: i64 = 60;

/// Keeps the clock's offset for the next run.
pub type SaveOffset = Arc<dyn Fn(Duration) -> Result<(), LedgerError> + Send + Sync>;

/// The clock together with what happens when it moves.
pub struct Clockwork {
    clock: ScriptedClock,
    carrier: Arc<Carrier>,
    deliveries: Arc<Deliveries>,
    schedule: Arc<Schedule>,
    save: SaveOffset,
    /// The last minute since the epoch for which the schedule has run, or in which this world began.
    minute: AtomicI64,
    /// One move at a time: two would step over each other's due times.
    moving: tokio::sync::Mutex<()>,
}

impl fmt::Debug for Clockwork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Clockwork").field("clock", &self.clock).finish_non_exhaustive()
    }
}

/// The background tasks of a world on wall time. They end when this is dropped.
#[derive(Debug)]
pub struct Ticker([JoinHandle<()>; 2]);

impl Drop for Ticker {
    fn drop(&mut self) {
        for task in &self.0 {
            task.abort();
        }
    }
}

impl Clockwork {
    pub(crate) fn new(
        clock: ScriptedClock,
        carrier: Arc<Carrier>,
        deliveries: Arc<Deliveries>,
        schedule: Arc<Schedule>,
        save: SaveOffset,
    ) -> Self {
        let minute = AtomicI64::new(minute_of(clock.now()));
        Self { clock, carrier, deliveries, schedule, save, minute, moving: tokio::sync::Mutex::default() }
    }

    pub(crate) fn clock(&self) -> &ScriptedClock {
        &self.clock
    }

    /// Moves the clock by `by` in steps from one due time to the next, each thing happening at its own time, and
    /// returns when all that became due has happened. Afterwards the clock's offset has grown by exactly `by`.
    ///
    /// # Errors
    ///
    /// The offset or a line cannot be kept; the clock has moved nevertheless.
    pub async fn advance(&self, by: Duration) -> Result<(), LedgerError> {
        let _one_at_a_time = self.moving.lock().await;
        self.schedule.disturb();
        let mut left = by;
        loop {
            let now = self.clock.now();
            let step = match self.next_due() {
                Some(due) if due <= now.plus(left) => due.since(now),
                Some(_) | None => break,
            };
            self.step(step)?;
            left = left.saturating_sub(step);
            self.run_due().await?;
        }
        self.step(left)?;
        self.run_due().await?;
        Ok(())
    }

    /// Lets lines move on and attempts the webhooks that are due now, and answers how many attempts that were. Runs the
    /// schedule, too, if a minute has passed.
    pub(crate) async fn run_due(&self) -> Result<usize, LedgerError> {
        self.carrier.run_due()?;
        let attempts = self.deliveries.run_due(self.clock.now()).await;
        if attempts > 0 {
            self.schedule.disturb();
        }
        let minute = minute_of(self.clock.now());
        let idle = self.schedule.idle_until().is_some_and(|until| self.clock.now() < until);
        if self.minute.swap(minute, Ordering::SeqCst) < minute && !idle {
            self.schedule.run().await;
        }
        Ok(attempts)
    }

    fn next_due(&self) -> Option<Timestamp> {
        let next_minute = self.minute.load(Ordering::SeqCst).saturating_add(1);
        let idle =
            self.schedule.idle_until().map_or(i64::MIN, |until| until.epoch_secs().saturating_add(MINUTE_SECS - 1));
        let next_minute = next_minute.max(idle.div_euclid(MINUTE_SECS));
        let scheduled =
            (!self.schedule.is_empty()).then(|| Timestamp::from_epoch_secs(next_minute.saturating_mul(MINUTE_SECS)));
        [self.carrier.next_due(), self.deliveries.next_due(), scheduled].into_iter().flatten().min()
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
        let (carrier, deliveries, clock) =
            (Arc::clone(&self.carrier), Arc::clone(&self.deliveries), self.clock.clone());
        let lines_and_webhooks = tokio::spawn(async move {
            loop {
                tokio::time::sleep(TICK).await;
                if let Err(error) = carrier.run_due() {
                    tracing::error!(%error, "the simulated carrier cannot keep its lines");
                }
                deliveries.run_due(clock.now()).await;
            }
        });
        let schedule = Arc::clone(&self.schedule);
        // Apart from the other, so that a slow job holds up no line.
        let schedule = tokio::spawn(async move {
            loop {
                tokio::time::sleep(SCHEDULE_TICK).await;
                schedule.run().await;
            }
        });
        Ticker([lines_and_webhooks, schedule])
    }
}

fn minute_of(at: Timestamp) -> i64 {
    at.epoch_secs().div_euclid(MINUTE_SECS)
}
