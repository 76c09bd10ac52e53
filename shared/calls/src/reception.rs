//! Answering a call that came in and waits to be taken.

use switchboard_core::{Call, Duty, EndClaim, EndReason, Entry, LegId, Observation, Progress, ProviderId, Source};
use switchboard_providers::openai::{Answer, Reception};
use switchboard_providers::{Decline, ExternalId, ProviderError, ProviderErrorKind};
use switchboard_store::Change;

use crate::desk::changed;
use crate::{Desk, DeskError};

impl Desk {
    /// Takes a waiting call or refuses it, as the rule has it, and writes down what came of it. A call that nobody waits in any more is
    /// over.
    ///
    /// # Errors
    /// [`DeskError`]; the call is still to be answered.
    pub async fn answer(&self, call: Call, rule: &Reception) -> Result<Call, DeskError> {
        let waiting = call.legs.iter().find(|leg| leg.provider == ProviderId::Openai && leg.is_live());
        let external = waiting.and_then(|leg| leg.reference.as_deref()).and_then(ExternalId::parse);
        let Some((leg, external)) = waiting.map(|leg| leg.id).zip(external) else { return Ok(call) };
        let openai = self.fleet.openai();
        let answer = rule.answer(call.from.as_ref());
        let asked = match answer {
            Answer::Accept(session) => openai.accept(&external, session).await,
            Answer::Reject(status) => openai.reject(&external, Some(status)).await,
        };
        let mut said = Observation::new(Source::ProviderApi, "answer");
        let now = self.store.now();
        // Somebody has asked before, and the answer was lost.
        let again = call.duties.get(Duty::Answer).is_some_and(|due| due.tries > 1);
        match (asked, answer) {
            (Ok(()), Answer::Accept(_)) => {
                // The caller talks to the session; OpenAI keeps nothing of it for us.
                said = Observation::without_artifacts(Source::ProviderApi, "accepted");
                said.progress = Some(Progress::InProgress);
                // What was asked before may have been taken then; since when nobody can say.
                said.answered_at = (!again).then_some(now);
            }
            (Err(error), Answer::Accept(_)) if again && is_gone(&error) => {
                said.kind = "gone".to_owned();
                said.end = Some(EndClaim::new(EndReason::Unknown, "not known any more"));
            }
            (Ok(()), Answer::Reject(status)) => {
                said.kind = "rejected".to_owned();
                said.end = Some(EndClaim::new(EndReason::Rejected, status.to_string()));
                said.ended_at = Some(now);
            }
            (Err(error), _) if is_gone(&error) => {
                said.kind = "gone".to_owned();
                said.end = Some(EndClaim::new(EndReason::NoAnswer, "not known any more"));
            }
            (Err(error), _) => return Err(error.into()),
        }
        self.answered(call, leg, &said).await
    }

    async fn answered(&self, call: Call, leg: LegId, said: &Observation) -> Result<Call, DeskError> {
        let now = self.store.now();
        let entry = self.own_entry((leg, ProviderId::Openai), &said.kind);
        let before = call.clone();
        let change = |call: &mut Call| {
            let observed = call.observe(leg, said, now);
            call.done(Duty::Answer, now);
            let entry = Entry { source: said.source, applied: observed.applied, note: observed.note, ..entry.clone() };
            Some(Change { entries: vec![entry], ..Change::default() })
        };
        changed(self.store.call_change_from(call, change).await?, before)
    }
}

fn is_gone(error: &ProviderError) -> bool {
    matches!(error.kind, ProviderErrorKind::NotFound(_) | ProviderErrorKind::Declined(Decline::AlreadyOver))
}
