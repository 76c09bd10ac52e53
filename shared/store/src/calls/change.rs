//! Changing a call that others change at the same time: read, change, write if it is still what was read, else again.

use switchboard_core::{Call, CallId, Entry, EventId, LegId, Observation, ProviderId, Timestamp, Transcript};

use super::{CallWrite, Part, Reference, Waiting, Written};
use crate::store::pause_before_retry;
use crate::{Delivery, Hook, Store, StoreError};

/// How often a change is made anew because somebody else was faster. A call that rings is told of by a handful of senders
/// at once; with eight of them the slowest needs about eight rounds.
const MAX_ROUNDS: u32 = 16;

/// What goes with a change of a call.
#[derive(Debug, Default)]
pub struct Change {
    /// What is said in the timeline.
    pub entries: Vec<Entry>,
    /// The transcript that counts from now on.
    pub transcript: Option<Transcript>,
    /// Providers' names that stand for the call from now on.
    pub references: Vec<Reference>,
    /// Webhook addresses made for it.
    pub hooks: Vec<Hook>,
}

/// How changing a call went.
#[derive(Debug)]
pub enum Changed {
    /// It is written.
    Done(Box<Call>),
    /// There was nothing to be changed.
    Unchanged(Box<Call>),
    /// The delivery, or what was waiting, had been taken before.
    Duplicate,
    /// A provider's name stands for another call already.
    ReferenceTaken,
    /// There is no such call.
    Unknown,
}

/// Something heard about a call.
#[derive(Clone, Copy, Debug)]
pub struct Heard<'a> {
    /// Which attempt it is about.
    pub leg: LegId,
    /// What is said.
    pub observation: &'a Observation,
    /// Its name in the timeline.
    pub event: EventId,
    /// When it came.
    pub received_at: Timestamp,
    /// Under which of the provider's names it came, if that is to stand for the attempt from now on.
    pub reference: Option<(ProviderId, &'a str)>,
}

impl Store {
    /// Changes a call by `change`, which is asked again with a later version whenever somebody else was faster. `None` from
    /// it leaves the call as it is.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn call_change(
        &self,
        id: CallId,
        change: impl FnMut(&mut Call) -> Option<Change> + Send,
    ) -> Result<Changed, StoreError> {
        self.call_change_by(id, None, None, None, change).await
    }

    /// The same for a call that was just read, which saves reading it where nobody was faster.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn call_change_from(
        &self,
        call: Call,
        change: impl FnMut(&mut Call) -> Option<Change> + Send,
    ) -> Result<Changed, StoreError> {
        self.call_change_by(call.id, Some(call), None, None, change).await
    }

    /// Takes down something heard, with the delivery that brought it, or with what had been waiting.
    ///
    /// # Errors
    /// [`StoreError`]; the sender must try again.
    pub async fn call_hear(
        &self,
        call: CallId,
        read: Option<Call>,
        heard: Heard<'_>,
        delivery: Option<&Delivery<'_>>,
        waiting: Option<&Waiting>,
    ) -> Result<Changed, StoreError> {
        let now = self.now();
        self.call_change_by(call, read, delivery, waiting, |call| {
            let provider = call.leg(heard.leg).map(|leg| leg.provider);
            let observed = call.observe(heard.leg, heard.observation, now);
            if let Some((_, external)) = heard.reference
                && let Some(leg) = call.legs.iter_mut().find(|leg| leg.id == heard.leg)
            {
                leg.reference = Some(external.to_owned());
            }
            let transcript = heard.observation.transcript.as_ref().filter(|_| observed.transcript_wins);
            let transcript = transcript.and_then(|artifact| match artifact {
                switchboard_core::Artifact::Ready(transcript) => Some(transcript.clone()),
                switchboard_core::Artifact::None => None,
            });
            let entry = Entry {
                event_id: heard.event,
                at: heard.observation.at,
                received_at: heard.received_at,
                source: heard.observation.source,
                provider,
                leg_id: Some(heard.leg),
                kind: heard.observation.kind.clone(),
                applied: observed.applied,
                note: observed.note,
            };
            let references = heard.reference.into_iter().map(|(provider, external)| Reference {
                provider,
                external: external.to_owned(),
                leg: heard.leg,
            });
            Some(Change { entries: vec![entry], transcript, references: references.collect(), hooks: Vec::new() })
        })
        .await
    }

    async fn call_change_by(
        &self,
        id: CallId,
        mut read: Option<Call>,
        delivery: Option<&Delivery<'_>>,
        drained: Option<&Waiting>,
        mut change: impl FnMut(&mut Call) -> Option<Change> + Send,
    ) -> Result<Changed, StoreError> {
        for round in 0..MAX_ROUNDS {
            let before = match read.take() {
                Some(call) => call,
                None => match self.call_fetch_any(id).await? {
                    Some(call) => call,
                    None => return Ok(Changed::Unknown),
                },
            };
            let mut after = before.clone();
            let Some(change) = change(&mut after) else { return Ok(Changed::Unchanged(Box::new(before))) };
            let write = CallWrite {
                before: Some(&before),
                entries: change.entries,
                transcript: change.transcript.as_ref(),
                delivery,
                references: change.references,
                drained,
                hooks: change.hooks,
            };
            match self.call_write(after, &write).await {
                Ok(Written::Done(call)) => return Ok(Changed::Done(call)),
                Ok(Written::Refused(Part::Delivery | Part::Waiting)) => return Ok(Changed::Duplicate),
                Ok(Written::Refused(Part::Reference)) => return Ok(Changed::ReferenceTaken),
                // DynamoDB tells a lost race in either way.
                Ok(Written::Refused(_)) | Err(StoreError::Contended { .. }) => pause_before_retry(round).await,
                Err(error) => return Err(error),
            }
        }
        Err(StoreError::Contended { operation: "call_change" })
    }

    /// Says in a call's timeline that a delivery came again.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn call_duplicate(&self, call: &Call, entry: &Entry) -> Result<(), StoreError> {
        let put = self.entry_put(call, entry)?;
        self.transact("call_duplicate", &[put]).await.map(drop)
    }
}
