//! The simulated Hamsa: voice agents that call over its own numbers or the customer's, and converse in browsers.
//!
//! Written from the published wire contract, apart from the product's client. The service is here; its endpoints and what
//! they show are in the files below, one noun each. Phone lines are the carrier's.

use std::sync::Arc;
use std::time::Duration;

use axum::response::{IntoResponse, Response};
use axum::{Json, Router};
use http::Method;
use serde_json::{Value, json};
use switchboard_core::{Clock, Timestamp};

use self::conversation::Conversation;
use self::orders::{Wish, body_object};
use self::refusal::Refusal;
use self::web::{WebConversation, WebConversations};
use self::webhooks::Moment;
use super::carrier::callee::Callee;
use super::carrier::line::Ending;
use super::carrier::{Carrier, Order};
use super::control::WebhookUrl;
use super::front::Face;
use super::provider::{Operation, Provider};
use super::twilio;
use crate::clock::ScriptedClock;
use crate::ledger::Ledger;
use crate::random::uuid;

pub(crate) use self::webhooks::Reporter;

mod agents;
mod conversation;
mod endpoints;
mod lies;
mod lists;
mod orders;
mod refusal;
mod statistics;
mod web;
mod webhooks;

/// How long a number rings before Hamsa gives up.
const RINGS: Duration = Duration::from_secs(30);

/// The text and the key of a conversation's termination.
const TERMINATED: (&str, &str) = ("Conversation terminated successfully.", "ConversationTerminatedSuccessfully");

/// What the front has to know of Hamsa.
pub(crate) fn face() -> Face {
    Face { provider: Provider::Hamsa, operation, lie: Arc::new(lies::lie), error: refusal::with_status }
}

/// The service.
pub(crate) struct Hamsa {
    api_key: String,
    clock: ScriptedClock,
    started: Timestamp,
    carrier: Arc<Carrier>,
    reporter: Arc<Reporter>,
    web: WebConversations,
}

impl std::fmt::Debug for Hamsa {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Hamsa").field("started", &self.started).finish_non_exhaustive()
    }
}

impl Hamsa {
    pub(crate) fn new(
        api_key: String,
        clock: ScriptedClock,
        ledger: Ledger,
        carrier: Arc<Carrier>,
        reporter: Arc<Reporter>,
    ) -> Self {
        let started = clock.now();
        Self { api_key, clock, started, carrier, reporter, web: WebConversations(ledger) }
    }

    pub(crate) fn router(self: Arc<Self>) -> Router {
        endpoints::router(self)
    }

    /// Says where the service listens.
    pub(crate) fn listens_at(&self, base: String) {
        self.reporter.own.set(base);
    }

    /// Where the webhooks of all agents go from now on.
    pub(crate) fn set_agent_webhook(&self, url: String) {
        self.reporter.agents_hook.set(url);
    }

    /// Where webhooks go: the agents', and those of calls that are up.
    pub(crate) fn webhook_urls(&self) -> Vec<WebhookUrl> {
        let lines = self.carrier.select(|line| line.provider == Provider::Hamsa && line.is_up()).unwrap_or_default();
        let of_calls = lines.iter().filter_map(|line| Conversation::on_phone(line, self.clock.now())?.notes.hook);
        let urls = self.reporter.agents_hook.get().into_iter().chain(of_calls.map(|hook| hook.url));
        urls.map(|url| WebhookUrl { provider: Provider::Hamsa, url }).collect()
    }

    fn place(&self, wish: Wish) -> Result<(Conversation, bool), Refusal> {
        let lost = wish.callee == Callee::ReplyLost;
        let call_sid = twilio::owns(&wish.from).then(twilio::new_call_sid);
        let line = self.carrier.place(|_| Order {
            provider: Provider::Hamsa,
            external_id: uuid().to_string(),
            call_sid,
            to: wish.to,
            from: wish.from,
            callee: wish.callee,
            ring_limit: RINGS,
            talk_limit: None,
            notes: serde_json::to_value(&wish.notes).unwrap_or_default(),
        })?;
        Ok((Conversation::on_phone(&line, self.clock.now()).ok_or(Refusal::Trouble)?, lost))
    }

    fn find(&self, id: &str) -> Result<Conversation, Refusal> {
        let now = self.clock.now();
        if let Some(line) = self.carrier.find(Provider::Hamsa, id)? {
            return Conversation::on_phone(&line, now).ok_or(Refusal::Trouble);
        }
        let web = self.web.find(id)?.ok_or(Refusal::NoSuchConversation)?;
        Ok(Conversation::in_browser(web, now))
    }

    /// All conversations, the newest first.
    fn all(&self) -> Result<Vec<Conversation>, Refusal> {
        self.all_that(|_| true)
    }

    /// All that began at a time that is `covered`, the newest first.
    fn all_that(&self, covered: impl Fn(Timestamp) -> bool) -> Result<Vec<Conversation>, Refusal> {
        let now = self.clock.now();
        let lines = self.carrier.select(|line| line.provider == Provider::Hamsa && covered(line.placed_at))?;
        let mut all: Vec<Conversation> = lines.iter().filter_map(|line| Conversation::on_phone(line, now)).collect();
        let web = self.web.all()?.into_iter().filter(|web| covered(web.created_at));
        all.extend(web.map(|web| Conversation::in_browser(web, now)));
        all.sort_by_key(|conversation| std::cmp::Reverse(conversation.created_at));
        Ok(all)
    }

    fn count(&self) -> Result<usize, Refusal> {
        Ok(self.carrier.count(|line| line.provider == Provider::Hamsa)? + self.web.all()?.len())
    }

    fn terminate(&self, id: &str) -> Result<(), Refusal> {
        if self.find(id)?.status.is_final() {
            return Err(Refusal::AlreadyEnded);
        }
        if let Some(line) = self.carrier.find(Provider::Hamsa, id)? {
            self.carrier.end(line.seq, Ending::Requested)?;
            return Ok(());
        }
        let now = self.clock.now();
        let mut web = self.web.find(id)?.ok_or(Refusal::NoSuchConversation)?;
        web.ended_at = Some(now);
        self.web.keep(&web)?;
        Ok(self.reporter.tell(&Conversation::in_browser(web, now), Moment::Ended, now)?)
    }

    fn open_in_browser(&self, raw: &[u8]) -> Result<WebConversation, Refusal> {
        let notes = orders::notes(&body_object(raw)?)?;
        let created_at = self.clock.now();
        let web = WebConversation { id: uuid().to_string(), notes, created_at, started_at: None, ended_at: None };
        self.web.keep(&web)?;
        Ok(web)
    }

    fn start_in_browser(&self, mut web: WebConversation) -> Result<(), Refusal> {
        let now = self.clock.now();
        web.started_at = Some(now);
        self.web.keep(&web)?;
        let conversation = Conversation::in_browser(web, now);
        self.reporter.tell(&conversation, Moment::Started, now)?;
        Ok(self.reporter.tell(&conversation, Moment::Answered, now)?)
    }
}

/// The envelope of every success.
fn succeeded(data: &Value) -> Response {
    Json(json!({"success": true, "message": "Success", "data": data})).into_response()
}

fn operation(method: &Method, path: &str) -> Operation {
    if path == "/v2/jobs" {
        return Operation::List;
    }
    let path = path.strip_prefix("/v1/").or_else(|| path.strip_prefix("/v2/")).unwrap_or(path);
    let segments: Vec<&str> = path.split('/').collect();
    match *segments.as_slice() {
        ["voice-agents", "call"] | ["voice-agents", _, "call"] => Operation::Place,
        ["voice-agents", "conversation", _, "terminate"] => Operation::End,
        ["voice-agents", "conversation", _] => Operation::Get,
        ["voice-agents", "room", _] | ["voice-agents", "conversation-init"] => Operation::Token,
        ["voice-agents", "conversations", _] | ["jobs", "all"] => Operation::List,
        ["jobs"] if *method == Method::GET => Operation::Get,
        ["voice-agents", ..] => Operation::Agents,
        ["", "media", ..] => Operation::Get,
        ["projects", "statistics", _] | ["agent-analytics", _] => Operation::Balance,
        _ => Operation::Status,
    }
}

#[cfg(test)]
mod tests;
