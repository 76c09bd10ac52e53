//! The local world's clock: one time for functions and simulators, moved by whoever drives the world.
//!
//! It only tells and moves time. It does not know who waits for it: whoever moves it runs what became due.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use switchboard_core::{Clock, Timestamp};

/// A clock that can be moved forward and never goes back. Clones share one time.
#[derive(Clone, Debug)]
pub struct ScriptedClock {
    base: Base,
    /// Milliseconds added to the base; only ever grows.
    offset_millis: Arc<AtomicI64>,
}

#[derive(Clone, Copy, Debug)]
enum Base {
    Wall,
    Fixed(Timestamp),
}

impl ScriptedClock {
    /// Wall time plus `offset`: what `cargo dev` runs on, with the offset that the last run had reached.
    #[must_use]
    pub fn wall(offset: Duration) -> Self {
        Self { base: Base::Wall, offset_millis: Arc::new(AtomicI64::new(millis_of(offset))) }
    }

    /// Stands at `at` and moves only when told, so that a test says what time it is.
    #[must_use]
    pub fn fixed(at: Timestamp) -> Self {
        Self { base: Base::Fixed(at), offset_millis: Arc::new(AtomicI64::new(0)) }
    }

    /// Moves the clock forward by `by`.
    pub fn advance(&self, by: Duration) {
        let by = millis_of(by);
        // The closure always answers `Some`, so there is no failure to look at.
        let _ = self
            .offset_millis
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |offset| Some(offset.saturating_add(by)));
    }

    /// Moves the clock forward to `at`; where it is already past that, it stays.
    pub fn advance_to(&self, at: Timestamp) {
        let wanted = at.epoch_millis().saturating_sub(self.base_now().epoch_millis());
        self.offset_millis.fetch_max(wanted, Ordering::SeqCst);
    }

    /// How far the clock is ahead of its base: of wall time, or of the time it was fixed at.
    #[must_use]
    pub fn offset(&self) -> Duration {
        Duration::from_millis(u64::try_from(self.offset_millis.load(Ordering::SeqCst)).unwrap_or(0))
    }

    fn base_now(&self) -> Timestamp {
        match self.base {
            Base::Wall => Timestamp::system_now(),
            Base::Fixed(at) => at,
        }
    }
}

impl Clock for ScriptedClock {
    fn now(&self) -> Timestamp {
        self.base_now().plus(self.offset())
    }
}

fn millis_of(span: Duration) -> i64 {
    i64::try_from(span.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noon() -> Timestamp {
        Timestamp::parse("2026-11-20T12:00:00Z").unwrap()
    }

    #[test]
    fn a_fixed_clock_moves_only_when_told_and_its_clones_move_with_it() {
        let clock = ScriptedClock::fixed(noon());
        let clone = clock.clone();
        assert_eq!(clock.now(), noon());
        clock.advance(Duration::from_secs(90));
        assert_eq!(clone.now(), noon().plus(Duration::from_secs(90)));
        assert_eq!(clone.offset(), Duration::from_secs(90));
    }

    #[test]
    fn the_clock_never_goes_back() {
        let clock = ScriptedClock::fixed(noon());
        clock.advance_to(noon().plus(Duration::from_secs(60)));
        clock.advance_to(noon());
        clock.advance_to(noon().minus(Duration::from_secs(60)));
        assert_eq!(clock.now(), noon().plus(Duration::from_secs(60)));
    }

    #[test]
    fn a_wall_clock_keeps_its_distance_to_wall_time() {
        let day = Duration::from_secs(86_400);
        let clock = ScriptedClock::wall(day);
        let before = Timestamp::system_now().plus(day);
        let now = clock.now();
        assert!(now >= before && now <= Timestamp::system_now().plus(day));
        clock.advance(day);
        assert_eq!(clock.offset(), day * 2);
    }

    #[test]
    fn moving_by_more_than_time_holds_stops_at_the_end_of_time() {
        let clock = ScriptedClock::fixed(noon());
        clock.advance(Duration::MAX);
        clock.advance(Duration::MAX);
        assert_eq!(clock.now(), Timestamp::from_epoch_millis(i64::MAX));
    }
}
