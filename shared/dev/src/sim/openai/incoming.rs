//! Calls that come in by telephone (SIP): somebody rings, the project's webhook is told, and whoever accepts within a minute has
//! the call. Accepted, it is a line of the carrier.

use std::time::Duration;

use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use switchboard_core::{Clock, Timestamp};

use super::refusal::Refusal;
use super::{Openai, WEBHOOK_PATH, new_id};
use crate::ledger::{Ledger, LedgerError};
use crate::sim::carrier::Order;
use crate::sim::carrier::callee::Callee;
use crate::sim::carrier::line::Line;
use crate::sim::deliveries::{Message, Sender};
use crate::sim::provider::Provider;

const KIND: &str = "sim-openai-incoming";

/// How long a caller lets it ring.
pub(super) const RINGS_FOR: Duration = Duration::from_secs(60);

/// Who calls whom where nobody says: people who exist nowhere.
const FROM: &str = "+14155550100";
const TO: &str = "+15005550100";

/// What became of a call that rang.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Decision {
    Accepted,
    Rejected,
}

/// A call that rings, or rang.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Incoming {
    id: String,
    from: String,
    to: String,
    began_at: Timestamp,
    decision: Option<Decision>,
}

/// What somebody wants to come in.
#[derive(Clone, Default)]
pub(crate) struct IncomingWish {
    pub(crate) from: Option<String>,
    pub(crate) to: Option<String>,
    /// SIP headers beyond those that every call has, in their order.
    pub(crate) headers: Vec<(String, String)>,
    /// Who is told instead of the gateway, as if the project's webhook had been created with this URL.
    pub(crate) webhook_url: Option<String>,
}

/// A call that has come in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ringing {
    pub(crate) call_id: String,
    pub(crate) webhook_id: String,
}

/// All of them.
#[derive(Debug)]
pub(super) struct IncomingCalls(pub(super) Ledger);

impl IncomingCalls {
    fn find(&self, id: &str) -> Result<Option<Incoming>, LedgerError> {
        // An id comes from a path; the ledger takes no empty one.
        let row = if id.is_empty() { None } else { self.0.get(KIND, id)? };
        Ok(row.and_then(|row| serde_json::from_value(row).ok()))
    }

    fn keep(&self, call: &Incoming) -> Result<(), LedgerError> {
        self.0.put(KIND, &call.id, &serde_json::to_value(call).unwrap_or_default())
    }
}

impl Openai {
    /// Has somebody call, and owes the webhook that says so.
    pub(crate) fn ring(&self, wish: IncomingWish) -> Result<Ringing, LedgerError> {
        let now = self.clock.now();
        let (from, to) = (wish.from.unwrap_or_else(|| FROM.to_owned()), wish.to.unwrap_or_else(|| TO.to_owned()));
        let call = Incoming { id: new_id("rtc"), from, to, began_at: now, decision: None };
        self.incoming.keep(&call)?;
        let usual = [
            ("From".to_owned(), format!("sip:{}@sip.example.com", call.from)),
            ("To".to_owned(), format!("sip:{}@sip.api.openai.com", call.to)),
            ("Call-ID".to_owned(), new_id("sip")),
        ];
        let headers = usual.into_iter().chain(wish.headers).map(|(name, value)| json!({"name": name, "value": value}));
        let event = json!({
            "id": new_id("evt"), "object": "event", "created_at": now.epoch_secs(), "type": "realtime.call.incoming",
            "data": {"call_id": call.id, "sip_headers": headers.collect::<Vec<Value>>(), "sip_media_security": "srtp"},
        });
        let webhook_id = new_id("wh");
        let target = wish.webhook_url.as_deref().unwrap_or(WEBHOOK_PATH);
        let message = Message::new(Sender::Openai, target, event).named(&webhook_id);
        self.deliveries.owe([message])?;
        Ok(Ringing { call_id: call.id, webhook_id })
    }

    /// Accepts a call that rings. The caller talks for a while and hangs up.
    pub(super) fn accept(&self, id: &str) -> Result<(), Refusal> {
        let call = self.ringing(id)?.ok_or_else(|| Refusal::no_such_call(id))?;
        let (from, to) = (call.from.clone(), call.to.clone());
        self.incoming.keep(&Incoming { decision: Some(Decision::Accepted), ..call })?;
        let line = self.carrier.place(|_| Order {
            provider: Provider::Openai,
            external_id: id.to_owned(),
            call_sid: None,
            to,
            from,
            callee: Callee::Caller,
            ring_limit: RINGS_FOR,
            talk_limit: Some(super::SESSION_LIMIT),
            notes: Value::Null,
        })?;
        self.carrier.answer(line.seq)?;
        Ok(())
    }

    /// Turns away a call that rings.
    pub(super) fn reject(&self, id: &str) -> Result<(), Refusal> {
        let call = self.ringing(id)?.ok_or_else(|| Refusal::no_such_call(id))?;
        Ok(self.incoming.keep(&Incoming { decision: Some(Decision::Rejected), ..call })?)
    }

    /// A call that rings now. One that was accepted and goes on is a mistake of its own.
    fn ringing(&self, id: &str) -> Result<Option<Incoming>, Refusal> {
        let Some(call) = self.incoming.find(id)? else { return Ok(None) };
        if self.line_up(id)?.is_some() {
            let message = "This call has already been accepted.";
            return Err(Refusal::new(StatusCode::BAD_REQUEST, "call_already_accepted", message));
        }
        let is_over = self.clock.now().since(call.began_at) >= RINGS_FOR;
        Ok(Some(call).filter(|call| call.decision.is_none() && !is_over))
    }

    /// The line of a call that is up.
    pub(super) fn line_up(&self, id: &str) -> Result<Option<Line>, LedgerError> {
        Ok(self.carrier.find(Provider::Openai, id)?.filter(Line::is_up))
    }
}
