//! Realtime calls: opened by a page or for it, and ended by its server, by the page, or by the limit of their session.

use std::sync::{Arc, Weak};

use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::request::Parts;
use http::{StatusCode, header};
use serde_json::{Map, Value, json};
use switchboard_core::Clock;

use super::access::Caller;
use super::offer::Offer;
use super::peer::{Answer, Watchers};
use super::refusal::Refusal;
use super::session::Session;
use super::session::shape::{Field, Shape, check_fields, optional, required};
use super::{CALLS, CONNECTS_WITHIN, Openai, SESSION_LIMIT, new_id};
use crate::ledger::LedgerError;
use crate::sim::carrier::callee::Callee;
use crate::sim::carrier::line::{Ending, Line};
use crate::sim::carrier::{Carrier, Order};
use crate::sim::provider::Provider;

/// The note on a line whose peer was in a world that was stopped.
const RESTARTED: &str = "restart";

const REJECTION: &[Field] = &[optional("status_code", Shape::Whole(300, 699))];
const REFERRAL: &[Field] = &[required("target_uri", Shape::Text)];

/// What a server wants of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verb {
    Accept,
    Reject,
    Refer,
    Hangup,
}

impl Verb {
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "accept" => Self::Accept,
            "reject" => Self::Reject,
            "refer" => Self::Refer,
            "hangup" => Self::Hangup,
            _ => return None,
        })
    }
}

impl Openai {
    /// Ends the lines whose peers were in an earlier run: a connection does not outlive its process.
    pub(super) fn end_orphans(&self) -> Result<(), LedgerError> {
        let is_orphan = |line: &Line| line.provider == Provider::Openai && line.callee == Callee::Page && line.is_up();
        for line in self.carrier.select(is_orphan)? {
            self.carrier.change(line.seq, |line| line.notes = json!({"endedBy": RESTARTED}))?;
            self.carrier.end(line.seq, Ending::Finished)?;
        }
        Ok(())
    }

    /// Answers a page's offer, and puts the call through.
    pub(super) async fn open_call(&self, caller: Caller, head: &Parts, raw: &Bytes) -> Result<Response, Refusal> {
        let mut offer = Offer::read(caller, head, raw).await?;
        let answer = Answer::to(&offer.sdp)?;
        offer.session.begin(Some(self.clock.now().plus(SESSION_LIMIT)));
        let (id, sdp) = (new_id("rtc"), answer.sdp.clone());
        let line = self.carrier.place(|_| Order {
            provider: Provider::Openai,
            external_id: id.clone(),
            call_sid: None,
            to: String::new(),
            from: String::new(),
            callee: Callee::Page,
            ring_limit: CONNECTS_WITHIN,
            talk_limit: Some(SESSION_LIMIT),
            notes: Value::Null,
        })?;
        self.peers.put_through(&id, answer, offer.session, watchers(&self.carrier, line.seq));
        // Had the line ended in between, nobody would have been told to hang up.
        if self.line_up(&id)?.is_none() {
            self.peers.hang_up(&id);
        }
        Ok(answered(&id, sdp))
    }

    /// Does what a server wants of a call.
    pub(super) fn tell_call(&self, id: &str, verb: Verb, raw: &Bytes) -> Result<(), Refusal> {
        match verb {
            Verb::Accept => {
                Session::read("", &Value::Object(super::object(raw)?), None)?;
                self.accept(id)
            }
            Verb::Reject => {
                check_fields(REJECTION, "", &optional_object(raw)?)?;
                self.reject(id)
            }
            Verb::Refer => {
                check_fields(REFERRAL, "", &super::object(raw)?)?;
                let line = self.line_up(id)?.filter(|line| line.callee == Callee::Caller);
                let line = line.ok_or_else(|| Refusal::no_such_call(id))?;
                // Whoever it was passed on to has it now.
                self.carrier.end(line.seq, Ending::Requested)?;
                Ok(())
            }
            Verb::Hangup => match self.line_up(id)? {
                Some(line) => Ok(self.carrier.end(line.seq, Ending::Requested).map(|_| ())?),
                None => self.reject(id),
            },
        }
    }

    /// What went over every call, and how it ended; for the control plane.
    pub(crate) fn shown(&self) -> Result<Value, LedgerError> {
        let lines = self.carrier.select(|line| line.provider == Provider::Openai)?;
        let calls: Vec<Value> = lines
            .iter()
            .rev()
            .map(|line| {
                let counts = self.peers.counts(&line.external_id);
                json!({
                    "callId": line.external_id, "kind": if line.callee == Callee::Page { "webrtc" } else { "sip" },
                    "up": line.is_up(), "connected": line.answered_at.is_some(),
                    "audioPacketsIn": counts.packets_in, "audioBytesIn": counts.bytes_in,
                    "audioPacketsOut": counts.packets_out, "audioBytesOut": counts.bytes_out,
                    "events": counts.events, "sessionUpdates": counts.session_updates, "endedBy": ended_by(line),
                })
            })
            .collect();
        Ok(json!({"calls": calls}))
    }
}

/// Whom the end of a call came from; `null` while it goes on.
fn ended_by(line: &Line) -> Value {
    let noted = line.notes.get("endedBy").cloned();
    let said = line.ending.map(|ending| match (ending, line.callee) {
        (Ending::Requested | Ending::Cancelled, _) => "hangup",
        (Ending::LimitReached, _) => "limit",
        (Ending::NoAnswer | Ending::Busy, _) => "never_connected",
        (Ending::Finished, Callee::Caller) => "caller",
        (Ending::Finished, _) => "page",
    });
    noted.or(said.map(Value::from)).unwrap_or_default()
}

/// Tells the carrier how a call goes on. It holds the carrier loosely: a call must not keep its world alive.
fn watchers(carrier: &Arc<Carrier>, seq: u64) -> Watchers {
    let tell = |carrier: Weak<Carrier>, what: fn(&Carrier, u64) -> Result<Option<Line>, LedgerError>| {
        Box::new(move || {
            let Some(carrier) = carrier.upgrade() else { return };
            if let Err(error) = what(&carrier, seq) {
                tracing::error!(%error, "the simulated OpenAI cannot note how a call goes on");
            }
        })
    };
    Watchers {
        connected: tell(Arc::downgrade(carrier), Carrier::answer),
        gone: tell(Arc::downgrade(carrier), |carrier, seq| carrier.end(seq, Ending::Finished)),
    }
}

/// The answer to an offer.
pub(super) fn answered(id: &str, sdp: String) -> Response {
    let headers = [(header::CONTENT_TYPE, "application/sdp".to_owned()), (header::LOCATION, format!("{CALLS}/{id}"))];
    (StatusCode::CREATED, headers, sdp).into_response()
}

fn optional_object(raw: &Bytes) -> Result<Map<String, Value>, Refusal> {
    if raw.iter().all(u8::is_ascii_whitespace) { Ok(Map::new()) } else { super::object(raw) }
}
