//! What a delivery of Twilio's says (status callbacks and recording callbacks, read 2026-11).
//!
//! A delivery is a form, in the body or, of a GET, in the address. `SequenceNumber` is not looked at: deliveries arrive in any
//! order, and what follows from them does not depend on it. `Duration` is billed minutes; seconds are in `CallDuration`.

use std::borrow::Cow;
use std::collections::BTreeMap;

use switchboard_core::{Artifact, InboundCall, LegId, Observation, PhoneNumber, Source, Timestamp};

use super::CALL_SID;
use super::signature::{in_query, query_of};
use super::status::Standing;
use super::wire::read_time;
use crate::{CallNews, ExternalId, News, ProviderEvent, Verified, WebhookError};

/// Longest kind of an event that is kept, in characters.
const MAX_KIND_CHARS: usize = 64;
/// The name in a callback's address that carries our attempt.
const LEG: &str = "leg";

/// The names and values of a delivery. Of a name that stands there twice the first counts.
struct Form<'a>(BTreeMap<Cow<'a, str>, Cow<'a, str>>);

impl<'a> Form<'a> {
    fn read(bytes: &'a [u8]) -> Self {
        let mut form = BTreeMap::new();
        for (name, value) in form_urlencoded::parse(bytes) {
            form.entry(name).or_insert(value);
        }
        Self(form)
    }

    /// A value that says something.
    fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(|value| value.trim()).filter(|value| !value.is_empty())
    }

    fn id(&self, name: &str) -> Option<ExternalId> {
        self.text(name).and_then(ExternalId::parse)
    }

    fn time(&self, name: &str) -> Option<Timestamp> {
        self.text(name).and_then(read_time)
    }

    fn number(&self, name: &str) -> Option<PhoneNumber> {
        self.text(name).and_then(PhoneNumber::from_e164)
    }
}

/// Puts a delivery into our words. Whatever it is, it can be read: what is not about a call says nothing and is kept.
///
/// # Errors
/// [`WebhookError`] if it has neither names nor values.
pub(super) fn read(verified: &Verified<'_>) -> Result<Vec<ProviderEvent>, WebhookError> {
    let url = verified.url().unwrap_or_default();
    // No form of Twilio's begins like JSON; what does was signed by its hash and is none of the callbacks asked for here.
    if verified.body().starts_with(b"{") || verified.body().starts_with(b"[") {
        return Ok(vec![event("json".to_owned(), None, News::Nothing)]);
    }
    let form = Form::read(if verified.body().is_empty() { query_of(url).as_bytes() } else { verified.body() });
    if form.0.is_empty() {
        return Err(WebhookError::NotTheirForm);
    }
    let leg = in_query(url, LEG).and_then(|leg| LegId::parse(&leg));
    Ok(vec![read_form(&form, leg)])
}

fn read_form(form: &Form<'_>, leg: Option<LegId>) -> ProviderEvent {
    let (kind, said) = match (form.text("RecordingStatus"), form.text("CallStatus")) {
        (Some(status), _) => (format!("recording.{status}"), of_recording(form, status)),
        (None, Some(status)) => (format!("call.{status}"), of_call(form, status)),
        (None, None) => (form.text("CallbackSource").unwrap_or("unknown").to_owned(), None),
    };
    let at = form.time("Timestamp");
    // A leg that `<Dial>` added is no call of ours: its end is not the end of the call that it was added to.
    let is_child = form.text("ParentCallSid").is_some();
    let (Some(mut said), Some(reference), false) = (said, form.id("CallSid"), is_child) else {
        return event(kind, at, News::Nothing);
    };
    said.kind = shortened(&kind);
    said.external_ids.insert(CALL_SID.to_owned(), reference.to_string());
    let inbound = (form.text("Direction") == Some("inbound")).then(|| InboundCall {
        from: form.number("From"),
        to: form.number("To"),
        agent_id: None,
    });
    let news = CallNews { reference: Some(reference), names_record: true, leg, observation: said, inbound };
    event(kind, at, News::Call(Box::new(news)))
}

/// A status callback.
fn of_call(form: &Form<'_>, status: &str) -> Option<Observation> {
    let mut said = Observation::new(Source::Carrier, status);
    said.at = form.time("Timestamp");
    // With `Record` or `<Dial record>`, the end names the recording.
    said.recording = form.id("RecordingSid").map(|sid| Artifact::Ready(sid.to_string()));
    let sip_code = form.text("SipResponseCode").and_then(|code| code.parse().ok());
    Standing { status, sip_code, answered_by: form.text("AnsweredBy") }.tell(&mut said);
    match status {
        "initiated" => said.dialed_at = said.at,
        "in-progress" => said.answered_at = said.at,
        _ => {}
    }
    if said.end.is_some() {
        said.ended_at = said.at;
        said.duration_secs = form.text("CallDuration").and_then(|secs| secs.parse().ok());
    }
    Some(said)
}

/// A recording callback.
fn of_recording(form: &Form<'_>, status: &str) -> Option<Observation> {
    let mut said = Observation::new(Source::Carrier, status);
    said.recording = match status {
        "completed" => form.id("RecordingSid").map(|sid| Artifact::Ready(sid.to_string())),
        "absent" => Some(Artifact::None),
        _ => None,
    };
    said.recording.is_some().then_some(said)
}

fn event(kind: String, at: Option<Timestamp>, news: News) -> ProviderEvent {
    ProviderEvent { kind: shortened(&kind), at, session: None, news }
}

fn shortened(kind: &str) -> String {
    kind.chars().filter(|char| !char.is_control()).take(MAX_KIND_CHARS).collect()
}

#[cfg(test)]
mod tests;
