//! What the simulated Twilio answers when it says that it did what it did not do.

use axum::Json;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{Method, StatusCode, Uri};
use serde_json::{Value, json};
use switchboard_core::Clock;

use super::lists::paged;
use super::resource::named;
use super::{Parameters, Resource, Twilio, call, new_call_sid};
use crate::sim::carrier::callee::Callee;
use crate::sim::carrier::line::{CAP, Ending, Line};
use crate::sim::provider::Provider;

impl Twilio {
    /// The answer to a request that was not served.
    pub(super) fn lie(&self, method: &Method, uri: &Uri, body: &Bytes) -> Response {
        let form = std::str::from_utf8(body).map(Parameters::read).unwrap_or_default();
        let list = |key: &str| paged(key, uri.path(), &Parameters::default(), Vec::new()).unwrap_or_default();
        let answer = match named(uri.path()).map(|(_, resource)| resource) {
            Some(Resource::Calls) if *method == Method::POST => {
                let sid = new_call_sid();
                let line = self.imagined(&sid, form.get("To"), form.get("From"));
                return (StatusCode::CREATED, Json(self.shown(&line))).into_response();
            }
            Some(Resource::Call(_)) if *method == Method::DELETE => return StatusCode::NO_CONTENT.into_response(),
            Some(Resource::Call(sid)) => {
                let ended = form.get("Status").filter(|_| *method == Method::POST);
                self.said_of(sid, ended)
            }
            Some(Resource::Calls) => list("calls"),
            Some(Resource::Recordings | Resource::RecordingsOf(_)) => list("recordings"),
            Some(Resource::Numbers) => list("incoming_phone_numbers"),
            Some(Resource::Balance) => {
                json!({"account_sid": self.account.sid, "balance": "0.00", "currency": "USD"})
            }
            Some(Resource::Recording(sid) | Resource::Media { recording: sid, .. }) => json!({"sid": sid}),
            Some(Resource::Account) | None => json!({"sid": self.account.sid, "status": "active"}),
        };
        Json(answer).into_response()
    }

    /// A call as it would be if it had gone to where it was asked to go, or a fresh one where nothing was asked.
    fn said_of(&self, sid: &str, status: Option<&str>) -> Value {
        let mut line = self.line(sid).unwrap_or_else(|| self.imagined(sid, None, None));
        match status {
            Some("canceled") => self.end(&mut line, Ending::Cancelled),
            Some(_) => self.end(&mut line, Ending::Requested),
            None => line = self.imagined(sid, Some(&line.to), Some(&line.from)),
        }
        call::shown(&line, sid, &self.account.sid, self.clock.now())
    }

    fn end(&self, line: &mut Line, ending: Ending) {
        line.ended_at = Some(self.clock.now());
        line.ending = Some(ending);
    }

    fn imagined(&self, sid: &str, to: Option<&str>, from: Option<&str>) -> Line {
        Line {
            seq: 0,
            provider: Provider::Twilio,
            external_id: sid.to_owned(),
            call_sid: Some(sid.to_owned()),
            to: to.unwrap_or_default().to_owned(),
            from: from.unwrap_or_default().to_owned(),
            callee: Callee::Talks,
            ring_limit_secs: 0,
            talk_limit_secs: CAP.as_secs(),
            placed_at: self.clock.now(),
            ringing_at: None,
            answered_at: None,
            spoken_at: None,
            ended_at: None,
            ending: None,
            notes: Value::Null,
        }
    }
}
