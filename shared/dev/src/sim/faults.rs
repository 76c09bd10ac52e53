//! Faults armed against simulated providers, and which request each of them hits.
//!
//! A fault acts below the service: the service does its work or is never asked, and does not know of it. Acting is the
//! part of `front.rs` (what happens to a request) and of `port.rs` (what happens to a connection); this file only keeps
//! what is armed.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

use super::provider::{Operation, Provider};

/// How long control-plane calls wait for the ports to follow, in wall time. Following takes milliseconds.
const SETTLE: Duration = Duration::from_secs(3);

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Connections are refused: certainly nothing was done. See `port.rs` for how a client sees it.
    Refuse,
    /// Answered with this status, nothing done.
    Status(u16),
    /// Done, and the connection reset instead of an answer.
    ResetAfterSend,
    /// Done, and no answer until the caller has lost patience.
    Hang,
    /// Done, and answered with bytes that mean nothing.
    Garbage,
    /// Done, and answered after this much wall time.
    Slow(Duration),
    /// Answered as if done; nothing done.
    LieOk,
}

impl Effect {
    /// The name on the control plane.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Refuse => "refuse",
            Self::Status(_) => "status",
            Self::ResetAfterSend => "reset_after_send",
            Self::Hang => "hang",
            Self::Garbage => "garbage",
            Self::Slow(_) => "slow",
            Self::LieOk => "lie_ok",
        }
    }
}

/// One armed fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Whose requests it hits.
    pub provider: Provider,
    /// Which of them; all where absent. [`Effect::Refuse`] hits all of them either way: a refused connection has not
    /// said yet what it would ask for.
    pub operation: Option<Operation>,
    /// What goes wrong.
    pub effect: Effect,
    /// How many requests it hits before it is spent.
    pub times: u32,
}

/// Whether a port takes connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Door {
    /// It does.
    Open,
    /// The next one will be refused, and counted.
    Shut,
    /// One is being refused, and the port is about to follow what is armed then.
    Busy,
}

/// What is armed now. First armed, first spent.
#[derive(Debug)]
pub struct Faults {
    armed: Mutex<Vec<Fault>>,
    changes: watch::Sender<()>,
    doors: Mutex<Vec<(Provider, watch::Receiver<Door>)>>,
}

impl Default for Faults {
    fn default() -> Self {
        Self { armed: Mutex::default(), changes: watch::Sender::new(()), doors: Mutex::default() }
    }
}

impl Faults {
    /// Adds a fault behind those already armed.
    pub fn arm(&self, fault: Fault) {
        self.armed().push(fault);
        self.changes.send_replace(());
    }

    /// Forgets all faults; answers how many there were.
    pub fn clear(&self) -> usize {
        let forgotten = std::mem::take(&mut *self.armed()).len();
        self.changes.send_replace(());
        forgotten
    }

    /// The effect on this request, which spends it. Refusals are not among them: they come before any request.
    pub(crate) fn take(&self, provider: Provider, operation: Operation) -> Option<Effect> {
        let mut armed = self.armed();
        let index = armed.iter().position(|fault| {
            fault.provider == provider
                && fault.effect != Effect::Refuse
                && fault.operation.is_none_or(|wanted| wanted == operation)
        })?;
        let fault = armed.get_mut(index)?;
        let effect = fault.effect;
        fault.times = fault.times.saturating_sub(1);
        if fault.times == 0 {
            armed.remove(index);
        }
        Some(effect)
    }

    /// How many connections to this provider are still to be refused; `None` where none is.
    pub(crate) fn refusing(&self, provider: Provider) -> Option<u32> {
        let total = self
            .armed()
            .iter()
            .filter(|fault| fault.provider == provider && fault.effect == Effect::Refuse)
            .fold(0_u32, |sum, fault| sum.saturating_add(fault.times));
        (total > 0).then_some(total)
    }

    /// Spends `count` refusals.
    pub(crate) fn refused(&self, provider: Provider, mut count: u32) {
        let mut armed = self.armed();
        for fault in armed.iter_mut() {
            if fault.provider == provider && fault.effect == Effect::Refuse {
                let spent = fault.times.min(count);
                fault.times -= spent;
                count -= spent;
            }
        }
        armed.retain(|fault| fault.times > 0);
    }

    /// Told whenever a fault was armed or all were cleared.
    pub(crate) fn changes(&self) -> watch::Receiver<()> {
        self.changes.subscribe()
    }

    /// Makes a port known, so that [`Faults::settled`] waits for it.
    pub(crate) fn follow(&self, provider: Provider) -> watch::Sender<Door> {
        let door = watch::Sender::new(Door::Open);
        self.doors.lock().unwrap_or_else(PoisonError::into_inner).push((provider, door.subscribe()));
        door
    }

    /// Waits until every port is open or shut as what is armed demands. Answers false where one did not follow in
    /// time, which is a port that nobody serves any more.
    pub async fn settled(&self) -> bool {
        tokio::time::timeout(SETTLE, async {
            let mut changes = self.changes();
            while !self.doors_follow() {
                // Doors are few and follow at once: asking again is simpler than waiting for each.
                let again = tokio::time::sleep(Duration::from_millis(2));
                tokio::select! { () = again => {}, _ = changes.changed() => {} }
            }
        })
        .await
        .is_ok()
    }

    fn doors_follow(&self) -> bool {
        let mut doors = self.doors.lock().unwrap_or_else(PoisonError::into_inner);
        // A port that is gone has dropped its sender.
        doors.retain(|(_, door)| door.has_changed().is_ok());
        doors.iter().all(|(provider, door)| {
            let wanted = if self.refusing(*provider).is_some() { Door::Shut } else { Door::Open };
            *door.borrow() == wanted
        })
    }

    fn armed(&self) -> MutexGuard<'_, Vec<Fault>> {
        self.armed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(operation: Option<Operation>, effect: Effect, times: u32) -> Fault {
        Fault { provider: Provider::Omi, operation, effect, times }
    }

    #[test]
    fn a_fault_hits_its_own_operation_as_often_as_it_says_and_then_no_more() {
        let faults = Faults::default();
        faults.arm(fault(Some(Operation::Process), Effect::Status(503), 2));
        assert_eq!(faults.take(Provider::Omi, Operation::Session), None);
        assert_eq!(faults.take(Provider::Hamsa, Operation::Process), None);
        assert_eq!(faults.take(Provider::Omi, Operation::Process), Some(Effect::Status(503)));
        assert_eq!(faults.take(Provider::Omi, Operation::Process), Some(Effect::Status(503)));
        assert_eq!(faults.take(Provider::Omi, Operation::Process), None);
    }

    #[test]
    fn faults_are_spent_in_the_order_in_which_they_were_armed() {
        let faults = Faults::default();
        faults.arm(fault(None, Effect::Garbage, 1));
        faults.arm(fault(Some(Operation::Process), Effect::Hang, 1));
        assert_eq!(faults.take(Provider::Omi, Operation::Process), Some(Effect::Garbage));
        assert_eq!(faults.take(Provider::Omi, Operation::Process), Some(Effect::Hang));
    }

    #[test]
    fn refusals_are_counted_apart_and_never_hit_a_request() {
        let faults = Faults::default();
        faults.arm(fault(Some(Operation::Process), Effect::Refuse, 2));
        faults.arm(fault(None, Effect::Refuse, 1));
        assert_eq!(faults.take(Provider::Omi, Operation::Process), None);
        assert_eq!(faults.refusing(Provider::Omi), Some(3));
        assert_eq!(faults.refusing(Provider::Twilio), None);
        faults.refused(Provider::Omi, 2);
        assert_eq!(faults.refusing(Provider::Omi), Some(1));
        faults.refused(Provider::Omi, 5);
        assert_eq!(faults.refusing(Provider::Omi), None);
    }

    #[test]
    fn clearing_forgets_everything() {
        let faults = Faults::default();
        faults.arm(fault(None, Effect::LieOk, 9));
        faults.arm(fault(None, Effect::Refuse, 9));
        assert_eq!(faults.clear(), 2);
        assert_eq!(faults.take(Provider::Omi, Operation::Process), None);
        assert_eq!(faults.refusing(Provider::Omi), None);
    }
}
