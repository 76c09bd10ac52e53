//! Ending an attempt, rung by rung: what its own provider offers, then the carrier's line where it runs over our own number.
//!
//! A rung says only what was asked and answered. Whether the call is over is read from the record afterwards; until somebody
//! says so it is not.

use switchboard_core::{Call, Channel, EndClaim, EndReason, Entry, Leg, LegId, Observation, ProviderId, Rung, Source};
use switchboard_providers::{Provider, ProviderError, RungResult};
use switchboard_store::Change;

use crate::desk::{changed, known_call, live_legs};
use crate::{Desk, DeskError, Review};

/// Asking the carrier for a line that is known by its number only.
const TWILIO_LINE: &str = "twilio.line";

/// Whether there is anything at all that could end an attempt.
#[must_use]
pub fn has_rung(call: &Call, leg: &Leg, provider: &dyn Provider) -> bool {
    provider.hang_up().is_some() || own_rung(call.channel, provider) || over_own_number(call, leg)
}

fn own_rung(channel: Channel, provider: &dyn Provider) -> bool {
    match channel {
        Channel::Phone => provider.calls().is_some_and(|calls| calls.can_end()),
        Channel::Web => provider.web_calls().is_some_and(|calls| calls.can_end()),
    }
}

/// Whether the attempt runs over a number of our own at the carrier, so that its line can be found there.
fn over_own_number(call: &Call, leg: &Leg) -> bool {
    call.channel == Channel::Phone && leg.provider != ProviderId::Twilio && call.to.is_some() && call.from.is_some()
}

impl Desk {
    /// Whether there is anything that could end any attempt of a call that may hold a line.
    #[must_use]
    pub fn can_end(&self, call: &Call) -> bool {
        let live = call.legs.iter().filter(|leg| leg.is_live());
        let mut legs = live.filter_map(|leg| Some((leg, self.fleet.get(leg.provider)?)));
        legs.any(|(leg, provider)| has_rung(call, leg, provider))
    }

    /// Climbs the ladder of every attempt that may hold a line, writes down each rung, and looks what came of it.
    ///
    /// # Errors
    /// [`DeskError`] if the table fails. A provider's failure is a rung's result.
    pub async fn climb(&self, call: Call) -> Result<Call, DeskError> {
        // Nobody can be asked to end what has no name; it may have one by now.
        let call = match self.settle(call.clone()).await {
            Ok(call) => call,
            Err(DeskError::Provider(error)) => {
                tracing::info!(%error, "an attempt without a name cannot be looked for yet");
                call
            }
            Err(error) => return Err(error),
        };
        let (mut rungs, mut over) = (Vec::new(), Vec::new());
        for leg in live_legs(&call) {
            match self.hang_up(&call, leg).await {
                Some((rung, ended)) => {
                    rungs.push(rung);
                    over.extend(ended.map(|ended| (leg, ended)));
                }
                None => rungs.extend(self.climb_leg(&call, leg).await?),
            }
        }
        let now = self.store.now();
        let written = self
            .store
            .call_change_from(call.clone(), |call| {
                if rungs.is_empty() || call.ending.is_none() {
                    return None;
                }
                for rung in &rungs {
                    call.climbed(rung.clone(), now);
                }
                let over = over.iter().filter_map(|over| self.hung_up(call, *over));
                Some(Change { entries: over.collect(), ..Change::default() })
            })
            .await?;
        let call = changed(written, call)?;
        let Review { call, trouble, .. } = self.look_at_live(call).await?;
        if let Some(error) = trouble {
            tracing::info!(%error, "what came of an end cannot be read yet");
        }
        Ok(call)
    }

    /// Asks a provider that ends every call in one way, and answers how the call is over if it says so. `None` for all others, and for
    /// what has no name yet.
    async fn hang_up(&self, call: &Call, leg: LegId) -> Option<(Rung, Option<RungResult>)> {
        let leg = call.leg(leg)?;
        let hang_up = self.fleet.get(leg.provider)?.hang_up()?;
        leg.evidence.external_ids().next()?;
        let asked = hang_up.hang_up(&known_call(call, leg)).await;
        let over = asked.as_ref().ok().copied();
        let over = over.filter(|over| matches!(over, RungResult::Ended | RungResult::AlreadyOver));
        Some((self.rung(format!("{}.hang_up", leg.provider), asked), over))
    }

    /// Takes down that an attempt is over: its provider, which keeps no records, does not know it any more.
    fn hung_up(&self, call: &mut Call, (leg, over): (LegId, RungResult)) -> Option<Entry> {
        let now = self.store.now();
        let known = call.leg(leg)?;
        let provider = known.provider;
        let mut said = Observation::new(Source::ProviderApi, "hang_up");
        said.end = Some(EndClaim::new(EndReason::Completed, "hang up"));
        // Of one that was over before, nobody can say since when.
        if over == RungResult::Ended {
            said.ended_at = Some(now);
            let secs = known.evidence.answered_at().map(|answered| now.since(answered).as_secs());
            said.duration_secs = secs.and_then(|secs| u32::try_from(secs).ok());
        }
        let observed = call.observe(leg, &said, now);
        let entry = self.own_entry((leg, provider), "hang_up");
        Some(Entry { source: said.source, applied: observed.applied, note: observed.note, ..entry })
    }

    async fn climb_leg(&self, call: &Call, leg: LegId) -> Result<Vec<Rung>, DeskError> {
        let Some((leg, provider)) = call.leg(leg).and_then(|leg| Some((leg, self.fleet.get(leg.provider)?))) else {
            return Ok(Vec::new());
        };
        let mut rungs = Vec::new();
        if own_rung(call.channel, provider) && leg.evidence.external_ids().next().is_some() {
            let known = known_call(call, leg);
            let asked = match call.channel {
                Channel::Phone => match provider.calls() {
                    Some(calls) => calls.end(&known).await,
                    None => Ok(RungResult::NotKnown),
                },
                Channel::Web => match provider.web_calls() {
                    Some(calls) => calls.end(&known).await,
                    None => Ok(RungResult::NotKnown),
                },
            };
            let reached = asked.as_ref().is_ok_and(|result| *result != RungResult::NotKnown);
            rungs.push(self.rung(format!("{}.end", leg.provider), asked));
            if reached {
                return Ok(rungs);
            }
        }
        if over_own_number(call, leg) {
            rungs.extend(self.end_line(call, leg).await?);
        }
        Ok(rungs)
    }

    /// Ends the carrier's line of an attempt, if there is exactly one line to that number and nobody else may have made it.
    async fn end_line(&self, call: &Call, leg: &Leg) -> Result<Option<Rung>, DeskError> {
        let (Some(to), Some(from)) = (&call.to, &call.from) else { return Ok(None) };
        let others = self.store.open_legs_to(to).await?.into_iter().filter(|open| open.leg != leg.id).count();
        let rung =
            |result: &str| Rung { rung: TWILIO_LINE.to_owned(), result: result.to_owned(), at: self.store.now() };
        if others > 0 {
            return Ok(Some(rung("ambiguous")));
        }
        let since = leg.evidence.dialed_at().unwrap_or(call.created_at);
        let twilio = self.fleet.twilio();
        let lines = match twilio.lines_to(to, from, since).await {
            Ok(lines) => lines,
            // Whoever has no account at the carrier has no such rung.
            Err(error) if error.is_not_configured() => return Ok(None),
            Err(error) => return Ok(Some(self.rung(TWILIO_LINE.to_owned(), Err(error)))),
        };
        Ok(Some(match lines.as_slice() {
            [] => rung(RungResult::NotKnown.as_str()),
            [line] => self.rung(TWILIO_LINE.to_owned(), twilio.end_line(&line.sid).await),
            _ => rung("ambiguous"),
        }))
    }

    fn rung(&self, rung: String, asked: Result<RungResult, ProviderError>) -> Rung {
        let result = match asked {
            Ok(result) => result.as_str(),
            Err(error) => {
                tracing::warn!(%error, rung, "a call was not ended");
                "failed"
            }
        };
        Rung { rung, result: result.to_owned(), at: self.store.now() }
    }
}
