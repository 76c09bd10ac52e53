//! Hamsa's webhooks: `{eventType, callId, timestamp, projectId, agentId, agentName, data}`, unsigned.
//!
//! Follows the webhook guide of docs.tryhamsa.com, read 2026-11. What proves a delivery is the address it came to, and the static
//! credential that goes with it where one was given. `call.ended` has its data in a `data` within `data`.

use serde_json::Value;
use subtle::ConstantTimeEq;
use switchboard_core::{Artifact, EndClaim, EndReason, Observation, Progress, ProviderId, Secret, Source, Timestamp};

use super::wire::conversation::{JOB_ID, Status, leg_in, outcome, turns};
use super::wire::time;
use crate::capability_url::UrlProof;
use crate::lenient::Field;
use crate::{CallNews, Cause, Inbound, News, ProviderEvent, Rejection, Verified, WebhookError, Webhooks};

/// Longest name of an event that is kept, in characters.
const MAX_KIND_CHARS: usize = 64;
/// The header that a static credential comes in.
const CREDENTIAL_HEADER: &str = "authorization";

/// Reads Hamsa's webhooks.
#[derive(Clone, Debug)]
pub struct HamsaWebhooks {
    proof: UrlProof,
    credential: Option<Secret>,
}

impl HamsaWebhooks {
    /// A reader of what came to a proved address. `credential` is what Hamsa was given to carry, if it was given one.
    #[must_use]
    pub fn new(proof: UrlProof, credential: Option<Secret>) -> Self {
        Self { proof, credential }
    }

    /// The documentation composes the header as `Bearer <secret>` and leaves open what else it may be: the bare secret is
    /// taken, too.
    fn check_credential(&self, request: &Inbound<'_>) -> Result<(), Rejection> {
        let Some(expected) = &self.credential else { return Ok(()) };
        let given = request
            .headers
            .get(CREDENTIAL_HEADER)
            .ok_or_else(|| Rejection::with(Cause::MissingHeader, "header", CREDENTIAL_HEADER))?
            .as_bytes();
        let expected = expected.expose().as_bytes();
        let is = |given: &[u8]| -> bool { !expected.is_empty() && given.ct_eq(expected).into() };
        // Both comparisons are made, so that the time taken does not tell which form comes closer.
        let bare = is(given);
        let behind_scheme = given.split_at_checked(7).is_some_and(|(scheme, rest)| {
            let fits = is(rest);
            scheme.eq_ignore_ascii_case(b"Bearer ") && fits
        });
        if bare || behind_scheme { Ok(()) } else { Err(Rejection::of(Cause::WrongCredential)) }
    }
}

impl Webhooks for HamsaWebhooks {
    fn verify<'a>(&self, request: &Inbound<'a>, _now: Timestamp) -> Result<Verified<'a>, Rejection> {
        self.check_credential(request)?;
        self.proof.verified(ProviderId::Hamsa.as_str(), request)
    }

    fn normalise(&self, verified: &Verified<'_>) -> Result<Vec<ProviderEvent>, WebhookError> {
        let body: Value = serde_json::from_slice(verified.body()).map_err(|_| WebhookError::NotTheirJson)?;
        let envelope = Field::whole(&body);
        let kind = envelope.at("eventType").text().ok_or(WebhookError::NotTheirJson)?;
        let kind: String = kind.chars().take(MAX_KIND_CHARS).collect();
        let at = time(envelope.at("timestamp"));
        let record = record_of(envelope);
        let news = CallNews {
            names_record: record.is_some(),
            // `callId` looks different in the documentation's own examples, so that it names the call only where nothing else does.
            reference: record.or_else(|| envelope.at("callId").id()),
            leg: leg_in(data_of(envelope).at("outcomeResult")),
            observation: observe(envelope, &kind, at),
            inbound: None,
        };
        Ok(vec![ProviderEvent { kind, at, session: None, news: News::Call(Box::new(news)) }])
    }
}

/// The data of an event, one level deeper where there is one.
fn data_of(envelope: Field<'_>) -> Field<'_> {
    let data = envelope.at("data");
    let inner = data.at("data");
    if inner.object().is_some() { inner } else { data }
}

/// The name under which the call's record is found: its conversation's.
fn record_of(envelope: Field<'_>) -> Option<crate::ExternalId> {
    data_of(envelope).at("conversationId").or(envelope.at("data").at("conversationId")).id()
}

fn observe(envelope: Field<'_>, kind: &str, at: Option<Timestamp>) -> Observation {
    let data = data_of(envelope);
    let mut said = Observation::new(Source::UnsignedWebhook, kind);
    said.at = at;
    match kind {
        "call.started" => {
            said.progress = Some(Progress::Dialing);
            said.dialed_at = at;
        }
        "call.answered" => {
            said.progress = Some(Progress::InProgress);
            said.answered_at = at;
        }
        // Only on a call that somebody has answered is anything transcribed or a tool called.
        "transcription.update" | "tool.executed" => said.progress = Some(Progress::InProgress),
        "call.ended" => {
            said.end = Some(end(data));
            said.ended_at = at;
            said.recording = data.at("conversationRecording").text().map(|address| Artifact::Ready(address.to_owned()));
            said.analysis = outcome(data.at("outcomeResult")).map(Artifact::Ready);
        }
        _ => {}
    }
    let transcript = turns(data.at("transcription"));
    said.transcript = (!transcript.is_empty()).then_some(Artifact::Ready(transcript));
    let mut names = |kind: &str, id: Field<'_>| {
        said.external_ids.extend(id.id().map(|id| (kind.to_owned(), id.as_str().to_owned())));
    };
    names("callId", envelope.at("callId"));
    names(JOB_ID, data.at("conversationId"));
    said
}

/// The event has no reason of its own; a status is taken where one is there.
fn end(data: Field<'_>) -> EndClaim {
    let status = data.at("status").text();
    match status.map(Status::of) {
        Some(Status::Over(reason)) => EndClaim::new(reason, status.unwrap_or_default()),
        Some(Status::Alive(_) | Status::Unknown) | None => {
            EndClaim::new(EndReason::Completed, status.unwrap_or("call.ended"))
        }
    }
}

#[cfg(test)]
mod tests;
