//! The simulated OmniDimension: agents that call and are told of nothing until a call is over.
//!
//! Written from the published wire contract, apart from the product's client; its base URL ends in `/api/v1`. The
//! service is here; its endpoints and what they show are in the files below, one noun each. Phone lines are the carrier's.

use std::sync::Arc;
use std::time::Duration;

use axum::response::{IntoResponse, Response};
use axum::{Json, Router};
use http::Method;
use serde_json::{Map, Value, json};

use self::numbers::Numbers;
use self::record::{FIRST_RECORD, FIRST_REQUEST, Notes, Record};
use self::refusal::Refusal;
use super::carrier::callee::Callee;
use super::carrier::{Carrier, Order};
use super::control::WebhookUrl;
use super::dialogue::Language;
use super::front::{Face, Lost};
use super::provider::{Operation, Provider};
use super::twilio;
use crate::clock::ScriptedClock;
use crate::ledger::{Ledger, LedgerError};
use crate::random::uuid;

pub(crate) use self::agents::Agents;
pub(crate) use self::webhook::Reporter;

mod agents;
mod catalogue;
mod endpoints;
mod lies;
mod numbers;
mod record;
mod refusal;
mod webhook;

/// What every path begins with.
pub(crate) const BASE: &str = "/api/v1";

/// How long a number rings before OmniDimension gives up.
const RINGS: Duration = Duration::from_secs(30);

/// How many calls the plan allows at once: enough for any simulation, and yet a limit.
const CONCURRENCY: usize = 5_000;

/// What the front has to know of OmniDimension.
pub(crate) fn face() -> Face {
    Face { provider: Provider::Omnidimension, operation, lie: Arc::new(lies::lie), error: refusal::with_status }
}

/// The service.
pub(crate) struct Omnidimension {
    api_key: String,
    clock: ScriptedClock,
    carrier: Arc<Carrier>,
    reporter: Arc<Reporter>,
    numbers: Numbers,
}

impl std::fmt::Debug for Omnidimension {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Omnidimension").field("carrier", &self.carrier).finish_non_exhaustive()
    }
}

impl Omnidimension {
    pub(crate) fn open(
        api_key: String,
        clock: ScriptedClock,
        ledger: Ledger,
        carrier: Arc<Carrier>,
        reporter: Arc<Reporter>,
    ) -> Result<Self, LedgerError> {
        Ok(Self { api_key, clock, carrier, reporter, numbers: Numbers::open(ledger)? })
    }

    pub(crate) fn router(self: Arc<Self>) -> Router {
        endpoints::router(self)
    }

    /// Says where the service listens.
    pub(crate) fn listens_at(&self, base: String) {
        self.reporter.own.set(base);
    }

    /// Where the webhooks of all agents go from now on that have none of their own.
    pub(crate) fn set_agent_webhook(&self, url: String) {
        self.reporter.agents_hook.set(url);
    }

    /// Where webhooks go: each agent's, or the account's.
    pub(crate) fn webhook_urls(&self) -> Vec<WebhookUrl> {
        let agents = self.reporter.agents.all().unwrap_or_default();
        let mut urls: Vec<String> =
            agents.iter().filter_map(|agent| agent.hook(&self.reporter.agents_hook)).map(|hook| hook.url).collect();
        urls.sort_unstable();
        urls.dedup();
        urls.into_iter().map(|url| WebhookUrl { provider: Provider::Omnidimension, url }).collect()
    }

    fn in_use(&self) -> Result<usize, LedgerError> {
        self.carrier.count(|line| line.provider == Provider::Omnidimension && line.is_up())
    }

    /// Places a call and answers the id of the request, which is not the one that its record will have.
    fn dispatch(&self, body: &Map<String, Value>) -> Result<Response, Refusal> {
        let agent_id = body.get("agent_id").and_then(Value::as_u64);
        let agent_id = agent_id.ok_or_else(|| Refusal::invalid("agent_id must be an integer"))?;
        let agent = self.reporter.agents.find(agent_id)?.ok_or(Refusal::NotFound("Agent"))?;
        let to = body.get("to_number").and_then(Value::as_str);
        let to = to.ok_or_else(|| Refusal::invalid("to_number is required"))?;
        let callee = Callee::at(to).ok_or(Refusal::NotPlaced("Invalid phone number"))?;
        let from = match body.get("from_number_id").filter(|id| !id.is_null()) {
            None => self.numbers.of_agent(agent.id)?,
            Some(id) => {
                let number = id.as_u64().map(|id| self.numbers.find(id)).transpose()?.flatten();
                number.ok_or(Refusal::NotPlaced("Invalid from number"))?
            }
        };
        let context = match body.get("call_context") {
            None | Some(Value::Null) => Map::new(),
            Some(Value::Object(context)) => context.clone(),
            Some(_) => return Err(Refusal::invalid("call_context must be an object")),
        };
        if self.in_use()? >= CONCURRENCY {
            return Err(Refusal::NotPlaced("Concurrency call limit exceeded"));
        }
        let count = context.len();
        let language = context.get("language").and_then(Value::as_str).map_or(agent.language(), Language::tagged);
        let call_sid = from.is_twilios().then(twilio::new_call_sid);
        let notes = Notes {
            agent_id: agent.id,
            agent_name: agent.name().to_owned(),
            call_sid: call_sid.clone().unwrap_or_else(|| uuid().to_string()),
            context,
            arabic: language == Language::Arabic,
        };
        let line = self.carrier.place(|seq| Order {
            provider: Provider::Omnidimension,
            external_id: (FIRST_REQUEST + seq).to_string(),
            call_sid,
            to: to.to_owned(),
            from: from.phone_number,
            callee,
            ring_limit: RINGS,
            talk_limit: Some(agent.max_call()),
            notes: serde_json::to_value(notes).unwrap_or_default(),
        })?;
        let answer = json!({"success": true, "status": "dispatched", "requestId": FIRST_REQUEST + line.seq,
            "custom_variables_count": count});
        let mut answer = Json(answer).into_response();
        if callee == Callee::ReplyLost {
            answer.extensions_mut().insert(Lost);
        }
        Ok(answer)
    }

    /// Finished calls, the newest first.
    fn records(&self, wanted: impl Fn(&Record) -> bool) -> Result<Vec<Record>, Refusal> {
        let ended = self.carrier.select(|line| line.provider == Provider::Omnidimension && !line.is_up())?;
        Ok(ended.iter().filter_map(Record::of).filter(wanted).collect())
    }

    fn record(&self, id: &str) -> Result<Record, Refusal> {
        let seq = id.parse::<u64>().ok().and_then(|id| id.checked_sub(FIRST_RECORD));
        let seq = seq.ok_or(Refusal::NotFound("Call log"))?;
        let line = self.carrier.find(Provider::Omnidimension, &(FIRST_REQUEST + seq).to_string())?;
        line.as_ref().and_then(Record::of).ok_or(Refusal::NotFound("Call log"))
    }
}

fn operation(_: &Method, path: &str) -> Operation {
    let segments: Vec<&str> = path.strip_prefix(BASE).unwrap_or(path).split('/').skip(1).collect();
    match *segments.as_slice() {
        ["calls", "dispatch"] => Operation::Place,
        ["calls", "logs"] | ["calls", "bulk_call", ..] => Operation::List,
        ["calls", "logs", _] | ["recordings", _] => Operation::Get,
        // There is none; who tries is to be seen trying.
        ["calls", ..] => Operation::End,
        ["sessions", ..] => Operation::Session,
        ["agents", ..] | ["phone_number", ..] => Operation::Agents,
        ["account", ..] => Operation::Balance,
        _ => Operation::Status,
    }
}

#[cfg(test)]
mod tests;
