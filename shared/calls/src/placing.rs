//! What is written around a dial: the fence before bytes leave, and what came of them. Who dials, and how, is for whoever holds the
//! request.

use switchboard_core::{Call, EndReason, Entry, EventId, Leg, LegId, Observation, ProviderId, Source, Timestamp};
use switchboard_providers::ProviderError;
use switchboard_store::{CallWrite, Change, Hook, Reference, Written};

use crate::desk::changed;
use crate::{Desk, DeskError};

/// An attempt on its way through the fence.
#[derive(Debug)]
pub struct Attempt {
    /// Its name.
    pub leg: LegId,
    /// Who is to hold it.
    pub provider: ProviderId,
    /// The webhook address made for it alone.
    pub hook: Option<Hook>,
    /// When the carrier ends the line by itself, in seconds.
    pub cap_secs: Option<u32>,
    /// Until when whoever dials it may be at it.
    pub dial_by: Timestamp,
}

/// How the fence was met.
#[derive(Debug)]
pub enum Fenced {
    /// It is passed: bytes may leave, once.
    Passed(Box<Call>),
    /// Somebody took the call back; the call as it is.
    Closed(Box<Call>),
}

impl Desk {
    /// The fence. Behind it nobody may dial this attempt again, whatever becomes of this process; in front of it, whoever took
    /// the call back has won.
    ///
    /// # Errors
    /// [`DeskError`] of the table.
    pub async fn pass_fence(&self, call: Call, attempt: Attempt) -> Result<Fenced, DeskError> {
        let Attempt { leg, provider, hook, cap_secs, dial_by } = attempt;
        let mut dialing = call.clone();
        if !dialing.begin_dialing(leg, dial_by, self.store.now()) {
            return Ok(Fenced::Closed(Box::new(call)));
        }
        if let Some(leg) = dialing.legs.iter_mut().find(|known| known.id == leg) {
            leg.hook = hook.as_ref().map(|hook| hook.id).or(leg.hook);
            leg.cap_secs = cap_secs;
        }
        let entries = vec![self.own_entry((leg, provider), "dialing")];
        let hooks = hook.into_iter().collect();
        let write = CallWrite { before: Some(&call), entries, hooks, ..CallWrite::default() };
        Ok(match self.store.call_write(dialing, &write).await? {
            Written::Done(call) => Fenced::Passed(call),
            Written::Refused(_) => {
                let found = self.store.call_fetch(&call.tenant, call.id).await?;
                Fenced::Closed(Box::new(found.unwrap_or(call)))
            }
        })
    }

    /// Writes down that the provider has taken an attempt, and its name for it.
    ///
    /// # Errors
    /// [`DeskError`]; the provider has taken it all the same. [`DeskError::NameTaken`] if the name is another call's.
    pub async fn bound(
        &self,
        call: Call,
        (leg, provider): (LegId, ProviderId),
        reference: Option<&str>,
        said: &Observation,
    ) -> Result<Call, DeskError> {
        let now = self.store.now();
        let event = Entry { at: said.at, source: said.source, ..self.own_entry((leg, provider), &said.kind) };
        let before = call.clone();
        let change = |call: &mut Call| {
            call.bind(leg, reference, said, now);
            let references =
                reference.into_iter().map(|external| Reference { provider, external: external.to_owned(), leg });
            let references = references.collect();
            Some(Change { entries: vec![event.clone()], references, ..Change::default() })
        };
        match self.store.call_change_from(call, change).await? {
            switchboard_store::Changed::ReferenceTaken => Err(DeskError::NameTaken),
            written => changed(written, before),
        }
    }

    /// Writes down that nobody knows what became of an attempt.
    ///
    /// # Errors
    /// [`DeskError`] of the table.
    pub async fn lost(&self, call: Call, leg: LegId, error: &ProviderError) -> Result<Call, DeskError> {
        let now = self.store.now();
        let reason = error.kind.to_string();
        let event = self.own_entry((leg, error.provider), "answer_lost");
        let before = call.clone();
        let change = |call: &mut Call| {
            call.outcome_lost(leg, &reason, now);
            Some(Change { entries: vec![event.clone()], ..Change::default() })
        };
        changed(self.store.call_change_from(call, change).await?, before)
    }

    /// Writes down that an attempt was certainly not dialled, and reserves the next one if there is a provider left to try that is
    /// `able`.
    ///
    /// # Errors
    /// [`DeskError`] of the table.
    pub async fn not_dialled(
        &self,
        call: Call,
        (leg, provider): (LegId, ProviderId),
        error: &ProviderError,
        able: impl Fn(ProviderId) -> bool + Send + Sync,
    ) -> Result<Call, DeskError> {
        let now = self.store.now();
        let (reason, raw): (EndReason, String) = (error.end_reason(), error.kind.to_string());
        let event = self.own_entry((leg, provider), "not_dialled");
        let next_leg = LegId::generate(now);
        let before = call.clone();
        let change = |call: &mut Call| {
            call.not_dialled(leg, reason, &raw, now);
            // Whoever has seen it ring meanwhile knows better, and a second call would be one too many; so would one that
            // somebody has asked to end.
            let over = call.leg(leg).is_some_and(|leg| !leg.evidence.was_seen()) && call.ending.is_none();
            let next = call.fallback.iter().copied().find(|id| able(*id));
            if let Some(next) = next.filter(|_| over) {
                call.fallback.retain(|provider| *provider != next);
                call.add_leg(Leg::reserved(next_leg, next), now);
            }
            Some(Change { entries: vec![event.clone()], ..Change::default() })
        };
        changed(self.store.call_change_from(call, change).await?, before)
    }

    /// What the timeline says of what we did ourselves.
    pub(crate) fn own_entry(&self, (leg, provider): (LegId, ProviderId), kind: &str) -> Entry {
        let now = self.store.now();
        Entry {
            event_id: EventId::generate(now),
            at: None,
            received_at: now,
            source: Source::Presumption,
            provider: Some(provider),
            leg_id: Some(leg),
            kind: kind.to_owned(),
            applied: true,
            note: None,
        }
    }
}
