//! Finding out what became of an attempt whose answer was lost, in the provider's own records.
//!
//! A record that carries our name for the attempt is the attempt's. Without that, a record is believed to be it only if it is
//! the one record to that number in that time which nobody has claimed, and this is the one attempt to that number, of any
//! tenant, that has no record. Nothing is ever dialled again.

use std::time::Duration;

use switchboard_core::{
    Call, EndReason, Entry, EventId, LONGEST_LINE, Leg, LegId, Placing, ProviderId, QUARANTINE, Source, Timestamp,
};
use switchboard_providers::{Appears, CallRecords, CallSearch, FoundCall};
use switchboard_store::{Change, Reference};

use crate::desk::changed;
use crate::{Desk, DeskError};

/// How long a record may take to appear where its absence is to mean anything.
const APPEARS_WITHIN: Duration = Duration::from_secs(60);
/// How long before our own moment of dialling a provider may say that it dialled: clocks differ.
const EARLIER: Duration = Duration::from_secs(60);
/// How long after our own moment of dialling a provider may have begun: a queue in front of its dialler.
const LATER: Duration = Duration::from_secs(15 * 60);

/// What a search has found.
#[derive(Debug)]
pub enum Settled {
    /// The attempt has its record, and with it its name.
    Bound(Box<Call>),
    /// It was certainly not dialled, as far as the provider's records tell.
    NotDialled(Box<Call>),
    /// Nobody knows yet.
    StillUnknown(Box<Call>),
}

impl Settled {
    /// The call, whatever was found.
    #[must_use]
    pub fn into_call(self) -> Call {
        match self {
            Self::Bound(call) | Self::NotDialled(call) | Self::StillUnknown(call) => *call,
        }
    }
}

impl Desk {
    /// Searches for every attempt of a call whose outcome is unknown, and for those that were seen and never named.
    ///
    /// # Errors
    /// [`DeskError`].
    pub async fn settle(&self, mut call: Call) -> Result<Call, DeskError> {
        let legs: Vec<LegId> = call.legs.iter().filter(|leg| leg.lacks_name()).map(|leg| leg.id).collect();
        for leg in legs {
            call = self.settle_leg(call, leg).await?.into_call();
        }
        Ok(call)
    }

    async fn settle_leg(&self, call: Call, id: LegId) -> Result<Settled, DeskError> {
        let unknown = |call| Ok(Settled::StillUnknown(Box::new(call)));
        let Some((leg, to)) = call.leg(id).zip(call.to.as_ref()) else { return unknown(call) };
        let Some(records) = self.fleet.get(leg.provider).and_then(|provider| provider.records()) else {
            return unknown(call);
        };
        let dialed_at = leg.evidence.dialed_at().unwrap_or(call.created_at);
        let search = CallSearch { leg: id, to, since: dialed_at.minus(EARLIER), until: dialed_at.plus(LATER) };
        let found = records.find(&search).await?;
        let provider = leg.provider;
        if let Some(ours) = found.iter().find(|found| found.leg == Some(id)) {
            return self.bind_found(call, id, provider, ours).await;
        }
        let unclaimed = self.unclaimed(provider, found).await?;
        match unclaimed.as_slice() {
            [one] if self.is_only_one(&call, id, provider).await? => self.bind_found(call, id, provider, one).await,
            [] if self.is_missing(&call, id, records).await? => self.absent(call, id).await,
            _ => unknown(call),
        }
    }

    /// The records that belong to nobody: neither by a name that we gave, nor by a reference.
    async fn unclaimed(&self, provider: ProviderId, found: Vec<FoundCall>) -> Result<Vec<FoundCall>, DeskError> {
        let mut free = Vec::new();
        for record in found.into_iter().filter(|record| record.leg.is_none()) {
            if self.store.call_reference(provider, record.reference.as_str()).await?.is_none() {
                free.push(record);
            }
        }
        Ok(free)
    }

    /// Whether no other attempt to this number at this provider, of whatever tenant, is without a name.
    async fn is_only_one(&self, call: &Call, leg: LegId, provider: ProviderId) -> Result<bool, DeskError> {
        let Some(to) = &call.to else { return Ok(false) };
        let open = self.store.open_legs_to(to).await?;
        Ok(open.iter().all(|open| open.leg == leg || open.bound || open.provider != provider))
    }

    async fn bind_found(
        &self,
        call: Call,
        leg: LegId,
        provider: ProviderId,
        found: &FoundCall,
    ) -> Result<Settled, DeskError> {
        let now = self.store.now();
        let external = found.reference.as_str();
        let event = EventId::generate(now);
        let written = self
            .store
            .call_change_from(call.clone(), |call| {
                if !call.leg(leg)?.lacks_name() {
                    return None;
                }
                let observed = call.observe(leg, &found.observation, now);
                call.bind(leg, Some(external), &found.observation, now);
                let transcript = found.observation.transcript.as_ref().filter(|_| observed.transcript_wins);
                let transcript = transcript.and_then(|artifact| match artifact {
                    switchboard_core::Artifact::Ready(transcript) => Some(transcript.clone()),
                    switchboard_core::Artifact::None => None,
                });
                let entry = Entry {
                    event_id: event,
                    at: found.observation.at,
                    received_at: now,
                    source: found.observation.source,
                    provider: Some(provider),
                    leg_id: Some(leg),
                    kind: "settled".to_owned(),
                    applied: true,
                    note: None,
                };
                let reference = Reference { provider, external: external.to_owned(), leg };
                Some(Change { entries: vec![entry], transcript, references: vec![reference], hooks: Vec::new() })
            })
            .await?;
        Ok(match written {
            // Somebody else was faster and it is theirs: look again later.
            switchboard_store::Changed::ReferenceTaken => Settled::StillUnknown(Box::new(call)),
            written => Settled::Bound(Box::new(changed(written, call)?)),
        })
    }

    /// Whether that there is no record says that there was no call: it would have appeared by now, and where only what is over appears,
    /// the provider holds none that could still be up against every limit.
    async fn is_missing(&self, call: &Call, leg: LegId, records: &dyn CallRecords) -> Result<bool, DeskError> {
        let appears = records.appears();
        if call.leg(leg).and_then(|leg| appears_by(leg, appears)).is_none_or(|by| self.store.now() < by) {
            return Ok(false);
        }
        Ok(appears == Appears::AtOnce || records.holds_none().await?)
    }

    /// It is nowhere to be found where everything that was dialled is.
    async fn absent(&self, call: Call, leg: LegId) -> Result<Settled, DeskError> {
        let now = self.store.now();
        let event = EventId::generate(now);
        let written = self
            .store
            .call_change_from(call.clone(), |call| {
                let found = call.leg(leg)?;
                let provider = found.provider;
                if !found.outcome_is_unknown() {
                    return None;
                }
                call.not_dialled(leg, EndReason::NotDialled, "not among the provider's records", now);
                let entry = Entry {
                    event_id: event,
                    at: None,
                    received_at: now,
                    source: Source::Presumption,
                    provider: Some(provider),
                    leg_id: Some(leg),
                    kind: "not_dialled".to_owned(),
                    applied: true,
                    note: None,
                };
                Some(Change { entries: vec![entry], ..Change::default() })
            })
            .await?;
        Ok(Settled::NotDialled(Box::new(changed(written, call)?)))
    }
}

/// By when the record of an attempt would be there, had it been dialled.
fn appears_by(leg: &Leg, appears: Appears) -> Option<Timestamp> {
    let Placing::Unknown { since, .. } = &leg.placing else { return None };
    match appears {
        Appears::AtOnce => Some(since.plus(APPEARS_WITHIN)),
        // It may have waited for its turn and then have talked for as long as anything lets it.
        Appears::WhenOver => {
            let longest = leg.cap_secs.map_or(LONGEST_LINE, |secs| Duration::from_secs(secs.into()));
            Some(since.plus(LATER).plus(longest.min(LONGEST_LINE)).plus(QUARANTINE))
        }
    }
}
