//! What befalls a process by chance: the same chances every time.

use switchboard_dev::sim::faults::Effect;
use switchboard_dev::sim::provider::Operation;

use super::failpoints::Fate;
use crate::process::Death;

/// A generator of numbers by which nobody is surprised twice (xorshift64, Marsaglia 2003).
pub(super) struct Chance(u64);

impl Chance {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// How many schedules the environment asks for; the small size where it does not.
    pub(super) fn schedules(small: usize) -> usize {
        asked().unwrap_or(small)
    }

    /// Whether the environment asks for more than the small size.
    pub(super) fn is_full_size() -> bool {
        asked().is_some()
    }

    /// A number below `bound`.
    pub(super) fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(bound).unwrap()).unwrap()
    }

    pub(super) fn fate(&mut self) -> Fate {
        match self.below(10) {
            0 => Fate::Nothing,
            1 => {
                let (operation, effect) = [
                    (Operation::Place, Effect::ResetAfterSend),
                    (Operation::Place, Effect::Garbage),
                    (Operation::Place, Effect::Status(500)),
                    (Operation::Place, Effect::Status(429)),
                    (Operation::Agents, Effect::Garbage),
                ][self.below(5)];
                Fate::Provider { operation, effect, times: 1 }
            }
            _ => Fate::Killed(Death { after: self.below(14), sent_is_done: self.below(2) == 0 }),
        }
    }
}

fn asked() -> Option<usize> {
    let set = std::env::vars().find(|(name, _)| name == "SWITCHBOARD_TEST_SCHEDULES");
    set.map(|(_, count)| count.parse().unwrap())
}
