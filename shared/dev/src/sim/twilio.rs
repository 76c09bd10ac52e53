//! The simulated Twilio: calls of its own, and the legs of other providers' calls over the customer's numbers.
//!
//! Written from the published wire contract, apart from the product's client. Paths are read by `resource.rs`; what is
//! done about them is here, in what shape it is shown in the files below. Phone lines are the carrier's.

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};
use axum::{Json, Router};
use bytes::Bytes;
use http::request::Parts;
use http::{Method, StatusCode, header};
use serde_json::Value;
use switchboard_core::{Clock, Timestamp};

use self::lists::{Filter, paged};
use self::orders::{Change, Notes, Wanted, Wish};
use self::recordings::Recording;
use self::refusal::Refusal;
use self::resource::{Resource, named};
use super::carrier::callee::Callee;
use super::carrier::line::{Ending, Line};
use super::carrier::{Carrier, Order};
use super::control::WebhookUrl;
use super::front::{Face, Lost};
use super::provider::{Operation, Provider};
use super::query::Parameters;
use super::sound;
use crate::clock::ScriptedClock;
use crate::random::uuid;

pub use self::account::TwilioAccount;
pub(crate) use self::account::owns;
pub(crate) use self::callbacks::Reporter;

mod account;
mod call;
mod callbacks;
mod lies;
mod lists;
mod orders;
mod recordings;
mod refusal;
mod resource;

/// The sid of a new call.
pub(crate) fn new_call_sid() -> String {
    format!("CA{}", uuid().simple())
}

/// The service.
#[derive(Debug)]
pub(crate) struct Twilio {
    account: TwilioAccount,
    clock: ScriptedClock,
    started: Timestamp,
    carrier: Arc<Carrier>,
    reporter: Arc<Reporter>,
}

impl Twilio {
    pub(crate) fn new(
        account: TwilioAccount,
        clock: ScriptedClock,
        carrier: Arc<Carrier>,
        reporter: Arc<Reporter>,
    ) -> Self {
        let started = clock.now();
        Self { account, clock, started, carrier, reporter }
    }

    /// What the front has to know of this Twilio.
    pub(crate) fn face(self: &Arc<Self>) -> Face {
        let twilio = Arc::clone(self);
        let lie = Arc::new(move |method: &Method, uri: &http::Uri, body: &Bytes| twilio.lie(method, uri, body));
        Face { provider: Provider::Twilio, operation, lie, error: refusal::with_status }
    }

    pub(crate) fn router(self: Arc<Self>) -> Router {
        Router::new().fallback(serve).with_state(self)
    }

    /// Says where the service listens.
    pub(crate) fn listens_at(&self, base: String) {
        self.reporter.own.set(base);
    }

    /// Where the callbacks of calls that are up go.
    pub(crate) fn webhook_urls(&self) -> Vec<WebhookUrl> {
        let lines = self.carrier.select(|line| line.provider == Provider::Twilio && line.is_up()).unwrap_or_default();
        let urls = lines.iter().map(Notes::of).flat_map(|notes| {
            notes.status_callback.into_iter().chain(notes.recording.and_then(|recording| recording.callback))
        });
        urls.map(|url| WebhookUrl { provider: Provider::Twilio, url }).collect()
    }

    fn answer(&self, head: &Parts, query: &Parameters, form: &Parameters) -> Result<Response, Refusal> {
        let path = head.uri.path();
        let missing = || Refusal::NotFound(path.to_owned());
        let (account, resource) = named(path).ok_or_else(missing)?;
        if !matches!(resource, Resource::Media { .. }) {
            self.account.check(&head.headers)?;
        }
        if account != self.account.sid {
            return Err(Refusal::Unauthenticated);
        }
        let now = self.clock.now();
        let (get, post) = (head.method == Method::GET, head.method == Method::POST);
        Ok(match resource {
            Resource::Calls if post => self.place(form)?,
            Resource::Call(sid) if post => {
                Json(self.change(self.line(sid).ok_or_else(missing)?, form)?).into_response()
            }
            Resource::Call(sid) if head.method == Method::DELETE => {
                self.delete(&self.line(sid).ok_or_else(missing)?)?
            }
            _ if !get => return Err(Refusal::MethodNotAllowed),
            Resource::Account => Json(self.account.shown(self.started)).into_response(),
            Resource::Balance => Json(self.account.balance()).into_response(),
            Resource::Numbers => {
                Json(paged("incoming_phone_numbers", path, query, self.account.numbers(self.started))?).into_response()
            }
            Resource::Calls => Json(paged("calls", path, query, self.calls(query)?)?).into_response(),
            Resource::Call(sid) => Json(self.shown(&self.line(sid).ok_or_else(missing)?)).into_response(),
            Resource::RecordingsOf(sid) => {
                self.line(sid).ok_or_else(missing)?;
                Json(paged("recordings", path, query, self.recordings(Some(sid))?)?).into_response()
            }
            Resource::Recordings => {
                Json(paged("recordings", path, query, self.recordings(query.get("CallSid"))?)?).into_response()
            }
            Resource::Recording(sid) => {
                let recording = self.recording(sid)?.ok_or_else(missing)?;
                Json(recording.shown(&self.account.sid, &self.reporter.own.below(""), now)).into_response()
            }
            Resource::Media { recording, mp3 } => {
                let recording = self.recording(recording)?.filter(|recording| recording.status(now) == "completed");
                media(&recording.ok_or_else(missing)?, mp3, now)
            }
        })
    }

    fn place(&self, form: &Parameters) -> Result<Response, Refusal> {
        let wish = Wish::read(form)?;
        let lost = wish.callee == Callee::ReplyLost;
        let sid = new_call_sid();
        let line = self.carrier.place(|_| Order {
            provider: Provider::Twilio,
            external_id: sid.clone(),
            call_sid: Some(sid),
            to: wish.to,
            from: wish.from,
            callee: wish.callee,
            ring_limit: wish.ring_limit,
            talk_limit: Some(wish.talk_limit),
            notes: serde_json::to_value(wish.notes).unwrap_or_default(),
        })?;
        let mut answer = (StatusCode::CREATED, Json(self.shown(&line))).into_response();
        if lost {
            answer.extensions_mut().insert(Lost);
        }
        Ok(answer)
    }

    fn change(&self, line: Line, form: &Parameters) -> Result<Value, Refusal> {
        let change = Change::read(form)?;
        if !line.is_up() || (change.redirects && line.answered_at.is_none()) {
            return Err(Refusal::NotInProgress);
        }
        let ending = match change.status {
            // To another provider, whose call it is, the line just went dead.
            Some(Wanted::Completed) if line.provider != Provider::Twilio => Some(Ending::Finished),
            Some(Wanted::Completed) => Some(Ending::Requested),
            // It does nothing to a call that was answered, and says nothing about that.
            Some(Wanted::Cancelled) => line.answered_at.is_none().then_some(Ending::Cancelled),
            None => None,
        };
        let mut changed = self.carrier.change(line.seq, |line| change.apply(line))?;
        if let Some(ending) = ending {
            changed = self.carrier.end(line.seq, ending)?;
        }
        Ok(self.shown(&changed.unwrap_or(line)))
    }

    fn delete(&self, line: &Line) -> Result<Response, Refusal> {
        if line.is_up() {
            return Err(Refusal::NotComplete);
        }
        self.carrier.change(line.seq, |line| line.call_sid = None)?;
        Ok(StatusCode::NO_CONTENT.into_response())
    }

    fn line(&self, sid: &str) -> Option<Line> {
        self.carrier.find_call(sid).ok().flatten()
    }

    fn shown(&self, line: &Line) -> Value {
        let sid = line.call_sid.as_deref().unwrap_or_default();
        call::shown(line, sid, &self.account.sid, self.clock.now())
    }

    fn calls(&self, query: &Parameters) -> Result<Vec<Value>, Refusal> {
        let filter = Filter::read(query)?;
        Ok(self.carrier.select(|line| filter.covers(line))?.iter().map(|line| self.shown(line)).collect())
    }

    fn recordings(&self, of_call: Option<&str>) -> Result<Vec<Value>, Refusal> {
        let (now, base) = (self.clock.now(), self.reporter.own.below(""));
        let is_wanted = |line: &Line| {
            line.provider == Provider::Twilio && of_call.is_none_or(|sid| line.call_sid.as_deref() == Some(sid))
        };
        let lines = self.carrier.select(is_wanted)?;
        let recordings = lines.iter().filter_map(Recording::of);
        Ok(recordings.map(|recording| recording.shown(&self.account.sid, &base, now)).collect())
    }

    fn recording(&self, sid: &str) -> Result<Option<Recording>, Refusal> {
        let lines = self.carrier.select(|line| line.provider == Provider::Twilio)?;
        Ok(lines.iter().filter_map(Recording::of).find(|recording| recording.notes.sid == sid))
    }
}

async fn serve(State(twilio): State<Arc<Twilio>>, RawQuery(query): RawQuery, head: Parts, raw: Bytes) -> Response {
    let query = Parameters::read(&query.unwrap_or_default());
    // Anything but a form is ignored, as if it had not been sent.
    let content_type = head.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let is_form = content_type.starts_with("application/x-www-form-urlencoded");
    let form = std::str::from_utf8(&raw).ok().filter(|_| is_form).map(Parameters::read).unwrap_or_default();
    twilio.answer(&head, &query, &form).unwrap_or_else(IntoResponse::into_response)
}

fn media(recording: &Recording, mp3: bool, now: Timestamp) -> Response {
    let lasted = recording.lasted(now);
    let (kind, sound) = if mp3 {
        ("audio/mpeg", sound::call_mp3(lasted))
    } else {
        ("audio/wav", sound::call_wav(&recording.notes.sid, lasted))
    };
    ([(header::CONTENT_TYPE, kind)], sound).into_response()
}

fn operation(method: &Method, path: &str) -> Operation {
    match named(path) {
        Some((_, Resource::Calls)) if *method == Method::POST => Operation::Place,
        Some((_, Resource::Call(_))) if *method != Method::GET => Operation::End,
        Some((_, Resource::Calls | Resource::RecordingsOf(_) | Resource::Recordings)) => Operation::List,
        Some((_, Resource::Call(_) | Resource::Recording(_) | Resource::Media { .. })) => Operation::Get,
        Some((_, Resource::Numbers)) => Operation::Agents,
        Some((_, Resource::Balance)) => Operation::Balance,
        Some((_, Resource::Account)) | None => Operation::Status,
    }
}

#[cfg(test)]
mod tests;
