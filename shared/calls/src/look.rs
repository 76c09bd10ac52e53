//! Reading the provider's record of an attempt: because a sender that cannot sign has claimed something, because the call has
//! been silent, because something is still to come after its end, or to see whether an end that was asked for has come.

use switchboard_core::{Call, EventId, LegId};
use switchboard_store::Heard;

use crate::desk::{changed, known_call, live_legs};
use crate::{Desk, DeskError};

/// What a look has found.
#[derive(Debug)]
pub enum Looked {
    /// There is a record; the call as it is with it.
    Heard(Box<Call>),
    /// The provider has no record (yet).
    NoRecord(Box<Call>),
}

impl Looked {
    /// The call, whatever was found.
    #[must_use]
    pub fn into_call(self) -> Call {
        match self {
            Self::Heard(call) | Self::NoRecord(call) => *call,
        }
    }
}

impl Desk {
    /// Reads the record of one attempt and takes down what it says.
    ///
    /// # Errors
    /// [`DeskError`].
    pub async fn look(&self, call: Call, leg: LegId) -> Result<Looked, DeskError> {
        let Some(known) = call.leg(leg) else { return Ok(Looked::NoRecord(Box::new(call))) };
        let provider = known.provider;
        let records = self.fleet.get(provider).and_then(|provider| provider.records());
        // Without a name there is nothing to read; that is for `settle`.
        let named = known.evidence.external_ids().next().is_some();
        let Some(records) = records.filter(|_| named) else { return Ok(Looked::NoRecord(Box::new(call))) };
        let Some(found) = records.read(&known_call(&call, known)).await? else {
            return Ok(Looked::NoRecord(Box::new(call)));
        };
        // The name may have come from a sender that cannot sign: a record that carries another attempt's name is not ours.
        if found.leg.is_some_and(|named| named != leg) {
            tracing::warn!(%provider, "a record belongs to another call than the one it was read for");
            return Ok(Looked::NoRecord(Box::new(call)));
        }
        let now = self.store.now();
        // A look that finds what is known already is not worth a line in the timeline, nor a write.
        if call.leg(leg).is_some_and(|leg| leg.evidence.with(&found.observation) == leg.evidence) {
            return Ok(Looked::Heard(Box::new(call)));
        }
        let heard = Heard {
            leg,
            observation: &found.observation,
            event: EventId::generate(now),
            received_at: now,
            reference: known.reference.is_none().then_some((provider, found.reference.as_str())),
        };
        let after = self.store.call_hear(call.id, Some(call.clone()), heard, None, None).await?;
        Ok(Looked::Heard(Box::new(changed(after, call)?)))
    }

    /// Reads the records of every attempt that may hold a line. What cannot be read now is left for later; the last error is
    /// given beside the call.
    ///
    /// # Errors
    /// [`DeskError`] if the table fails.
    pub async fn look_at_live(&self, call: Call) -> Result<(Call, Option<DeskError>), DeskError> {
        let legs = live_legs(&call);
        self.look_at(call, legs).await
    }

    /// Reads the records of every attempt that was ever dialled.
    ///
    /// # Errors
    /// [`DeskError`] if the table fails.
    pub async fn look_at_all(&self, call: Call) -> Result<(Call, Option<DeskError>), DeskError> {
        let dialled = call.legs.iter().filter(|leg| leg.may_have_been_dialled());
        let legs = dialled.map(|leg| leg.id).collect();
        self.look_at(call, legs).await
    }

    async fn look_at(&self, mut call: Call, legs: Vec<LegId>) -> Result<(Call, Option<DeskError>), DeskError> {
        let mut trouble = None;
        for leg in legs {
            match self.look(call.clone(), leg).await {
                Ok(looked) => call = looked.into_call(),
                Err(error @ DeskError::Provider(_)) => trouble = Some(error),
                Err(error) => return Err(error),
            }
        }
        Ok((call, trouble))
    }
}
