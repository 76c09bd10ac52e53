//! Applying what was delivered under a provider's name before anybody knew that the name is this call's.

use switchboard_core::{Call, Duty};
use switchboard_store::Heard;

use crate::desk::changed;
use crate::{Desk, DeskError};

impl Desk {
    /// Applies everything that waits under the names of a call's attempts, and is done with it.
    ///
    /// # Errors
    /// [`DeskError`]; what was not applied waits on, and so does the duty.
    pub async fn drain(&self, mut call: Call) -> Result<Call, DeskError> {
        let names: Vec<_> =
            call.legs.iter().filter_map(|leg| Some((leg.id, leg.provider, leg.reference.clone()?))).collect();
        for (leg, provider, reference) in names {
            for waiting in self.store.waiting_list(provider, &reference).await? {
                let heard = Heard {
                    leg,
                    observation: &waiting.observation,
                    event: waiting.event,
                    received_at: waiting.received_at,
                    reference: None,
                };
                let after = self.store.call_hear(call.id, Some(call.clone()), heard, None, Some(&waiting)).await?;
                call = changed(after, call)?;
            }
        }
        if call.duties.get(Duty::Drain).is_none() {
            return Ok(call);
        }
        let now = self.store.now();
        let done = self
            .store
            .call_change_from(call.clone(), |call| {
                call.done(Duty::Drain, now);
                Some(switchboard_store::Change::default())
            })
            .await?;
        changed(done, call)
    }
}
