//! Reading the provider's record of an attempt: because a sender that cannot sign has claimed something, because the call has
//! been silent, because something is still to come after its end, or to see whether an end that was asked for has come.

use switchboard_core::{Call, EventId, Leg, LegId};
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

/// What a look at several attempts has found.
#[derive(Debug)]
pub struct Review {
    /// The call as it is with it.
    pub call: Call,
    /// The attempts that nobody may call over: their record shows them alive, or could not be read.
    pub vouched: Vec<LegId>,
    /// What the last provider that could not be read said.
    pub trouble: Option<DeskError>,
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
        // Unless nobody watched it any more: then that it is seen at all is news.
        let known_already =
            |leg: &Leg| leg.given_up_at.is_none() && leg.evidence.with(&found.observation) == leg.evidence;
        if call.leg(leg).is_some_and(known_already) {
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

    /// Reads the records of every attempt that may hold a line. What cannot be read now is left for later.
    ///
    /// # Errors
    /// [`DeskError`] if the table fails.
    pub async fn look_at_live(&self, call: Call) -> Result<Review, DeskError> {
        let legs = live_legs(&call);
        self.look_at(call, legs).await
    }

    /// Reads the records of every attempt that was ever dialled.
    ///
    /// # Errors
    /// [`DeskError`] if the table fails.
    pub async fn look_at_all(&self, call: Call) -> Result<Review, DeskError> {
        let dialled = call.legs.iter().filter(|leg| leg.may_have_been_dialled());
        let legs = dialled.map(|leg| leg.id).collect();
        self.look_at(call, legs).await
    }

    async fn look_at(&self, call: Call, legs: Vec<LegId>) -> Result<Review, DeskError> {
        let mut review = Review { call, vouched: Vec::new(), trouble: None };
        for leg in legs {
            match self.look(review.call.clone(), leg).await {
                Ok(Looked::Heard(call)) => {
                    review.call = *call;
                    review.vouched.extend(review.call.leg(leg).filter(|leg| leg.is_live()).map(|leg| leg.id));
                }
                Ok(Looked::NoRecord(call)) => review.call = *call,
                Err(error @ DeskError::Provider(_)) => {
                    review.vouched.push(leg);
                    review.trouble = Some(error);
                }
                Err(error) => return Err(error),
            }
        }
        Ok(review)
    }
}
