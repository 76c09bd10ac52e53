//! The agent at the far end of a realtime call: it says who it is, notices when somebody speaks, answers, and obeys the events
//! that a page sends.
//!
//! Pure: what happens comes in with the time since the call began, and events for the page are taken out. It knows neither
//! packets nor connections. It does not understand speech: what a caller says it takes from a short script.

use std::collections::VecDeque;
use std::time::Duration;

use serde_json::{Value, json};

use self::hearing::{Heard, Hearing};
use self::requests::Request;
use self::response::{Plan, Response};
use super::new_id;
use super::refusal::Refusal;
use super::session::Session;

mod hearing;
mod replies;
mod requests;
mod response;

pub(super) use self::requests::name as event_name;

/// Input audio tokens for each second that was heard, as the API counts them.
const AUDIO_TOKENS_PER_SEC: u64 = 10;

/// The agent of one call.
pub(super) struct Agent {
    session: Session,
    conversation_id: String,
    items: Vec<Item>,
    hearing: Hearing,
    response: Option<Response>,
    has_spoken: bool,
    out: VecDeque<Value>,
    updates: u64,
}

/// A message of the conversation.
struct Item {
    id: String,
    role: String,
    text: String,
    shown: Value,
}

impl Agent {
    pub(super) fn new(session: Session) -> Self {
        Self {
            session,
            conversation_id: new_id("conv"),
            items: Vec::new(),
            hearing: Hearing::default(),
            response: None,
            has_spoken: false,
            out: VecDeque::new(),
            updates: 0,
        }
    }

    /// The page's channel has opened.
    pub(super) fn open(&mut self) {
        let session = self.session.shown();
        self.tell("session.created", json!({"session": session}));
    }

    /// Sound has come from the page.
    pub(super) fn hear(&mut self, at: Duration) {
        if self.response.is_none() {
            self.hearing.hear(at);
        }
    }

    /// Time has passed.
    pub(super) fn tick(&mut self, at: Duration) {
        if self.session.detects_turns()
            && let Some(heard) = self.hearing.tick(at)
        {
            self.notice(heard, at);
        }
        let Some(response) = &mut self.response else { return };
        let events = response.tick(at);
        let done = response.is_done();
        self.tell_all(events);
        if done {
            self.finish("completed", None);
        }
    }

    /// The page has sent an event.
    pub(super) fn take(&mut self, text: &str, at: Duration) {
        let outcome = Request::read(text).and_then(|request| self.obey(request, at));
        if let Err(refusal) = outcome {
            let mut error = refusal.object();
            if let Some(fields) = error.as_object_mut() {
                fields.insert("event_id".to_owned(), requests::event_id(text));
            }
            self.tell("error", json!({"error": error}));
        }
    }

    /// Whether its voice is to be heard now.
    pub(super) fn speaks(&self) -> bool {
        self.response.as_ref().is_some_and(Response::is_spoken)
    }

    /// How often the page changed the session.
    pub(super) fn updates(&self) -> u64 {
        self.updates
    }

    /// What is to be sent to the page next.
    pub(super) fn next_event(&mut self) -> Option<Value> {
        self.out.pop_front()
    }

    fn obey(&mut self, request: Request, at: Duration) -> Result<(), Refusal> {
        match request {
            Request::Update(wanted) => {
                self.session.update(&wanted, self.has_spoken)?;
                self.updates += 1;
                let session = self.session.shown();
                self.tell("session.updated", json!({"session": session}));
            }
            Request::Create(item) => self.add(&item),
            Request::Retrieve(id) => {
                let item = self.item(&id)?.shown.clone();
                self.tell("conversation.item.retrieved", json!({"item": item}));
            }
            Request::Delete(id) => {
                self.item(&id)?;
                self.items.retain(|item| item.id != id);
                self.tell("conversation.item.deleted", json!({"item_id": id}));
            }
            Request::Truncate { id, content_index, audio_end_ms } => {
                self.item(&id)?;
                self.tell(
                    "conversation.item.truncated",
                    json!({"item_id": id, "content_index": content_index, "audio_end_ms": audio_end_ms}),
                );
            }
            Request::Append => self.hearing.append(),
            Request::Commit => {
                let heard = self.hearing.commit(at)?;
                self.commit(heard);
            }
            Request::Clear => {
                self.hearing.clear();
                self.tell("input_audio_buffer.cleared", json!({}));
            }
            Request::ClearOutput => {
                if let Some(id) = self.response.as_ref().map(|response| response.id.clone()) {
                    self.finish("cancelled", Some("client_cancelled"));
                    self.tell("output_audio_buffer.cleared", json!({"response_id": id}));
                }
            }
            Request::Respond(wanted) => self.respond(&wanted, at)?,
            Request::Cancel(id) => {
                let running = self.response.as_ref().filter(|running| id.is_none_or(|id| id == running.id));
                if running.is_none() {
                    let message = "Cancellation failed: no active response found";
                    let status = http::StatusCode::BAD_REQUEST;
                    return Err(Refusal::new(status, "response_cancel_not_active", message));
                }
                self.finish("cancelled", Some("client_cancelled"));
            }
        }
        Ok(())
    }

    fn notice(&mut self, heard: Heard, at: Duration) {
        match heard {
            Heard::Started { item_id, at: started } => {
                let event = json!({"audio_start_ms": millis(started), "item_id": item_id});
                self.tell("input_audio_buffer.speech_started", event);
            }
            Heard::Stopped { item_id, lasted } => {
                let event = json!({"audio_end_ms": millis(at), "item_id": item_id});
                self.tell("input_audio_buffer.speech_stopped", event);
                self.commit((item_id, lasted));
                if self.session.answers_turns() {
                    self.begin(&Plan::of(&self.session, &Value::Null), at);
                }
            }
        }
    }

    /// Makes a message of what was heard.
    fn commit(&mut self, (id, lasted): (String, Duration)) {
        let turn =
            self.items.iter().filter(|item| item.shown.pointer("/content/0/type") == Some(&json!("input_audio")));
        let said = replies::caller_says(turn.count(), replies::is_arabic(self.session.instructions()));
        let previous = self.items.last().map(|item| item.id.clone());
        self.tell("input_audio_buffer.committed", json!({"item_id": id, "previous_item_id": previous}));
        let shown = json!({"id": id, "object": "realtime.item", "type": "message", "status": "completed", "role": "user",
            "content": [{"type": "input_audio", "transcript": null}]});
        self.put(Item { id: id.clone(), role: "user".to_owned(), text: said.to_owned(), shown });
        if self.session.transcribes() {
            let usage = json!({"type": "duration", "seconds": lasted.as_secs()});
            let event = json!({"item_id": id, "content_index": 0, "transcript": said, "usage": usage});
            self.tell("conversation.item.input_audio_transcription.completed", event);
        }
    }

    fn add(&mut self, item: &Value) {
        let text_at = |pointer: &str| item.pointer(pointer).and_then(Value::as_str);
        let id = text_at("/id").map_or_else(|| new_id("item"), str::to_owned);
        let parts = item.get("content").and_then(Value::as_array).into_iter().flatten();
        let texts = parts.filter_map(|part| part.get("text").or(part.get("transcript"))?.as_str());
        let text = texts.collect::<Vec<_>>().join(" ");
        let role = text_at("/role").unwrap_or("tool").to_owned();
        let mut shown = item.clone();
        if let Some(fields) = shown.as_object_mut() {
            fields.insert("id".to_owned(), json!(id));
            fields.insert("object".to_owned(), json!("realtime.item"));
            fields.entry("status").or_insert(json!("completed"));
        }
        self.put(Item { id, role, text, shown });
    }

    fn put(&mut self, item: Item) {
        let previous = self.items.last().map(|item| item.id.clone());
        for kind in ["conversation.item.added", "conversation.item.done"] {
            self.tell(kind, json!({"previous_item_id": previous, "item": item.shown}));
        }
        self.items.push(item);
    }

    fn item(&self, id: &str) -> Result<&Item, Refusal> {
        self.items.iter().find(|item| item.id == id).ok_or_else(|| {
            let message = format!("Item with item_id not found: {id}");
            Refusal::invalid("item_not_found", "item_id", message)
        })
    }

    fn respond(&mut self, wanted: &Value, at: Duration) -> Result<(), Refusal> {
        if let Some(running) = &self.response {
            let message = format!(
                "Conversation already has an active response in progress: {}. Wait until the response is finished before \
                 creating a new one.",
                running.id
            );
            let status = http::StatusCode::BAD_REQUEST;
            return Err(Refusal::new(status, "conversation_already_has_active_response", message));
        }
        if !self.session.answers() {
            let message = "A transcription session creates no responses.";
            return Err(Refusal::invalid("invalid_value", "type", message));
        }
        self.begin(&Plan::of(&self.session, wanted), at);
        Ok(())
    }

    fn begin(&mut self, plan: &Plan, at: Duration) {
        let last = self.items.iter().rev().find(|item| item.role == "user").map(|item| item.text.as_str());
        let reply = replies::reply(plan.instructions.as_deref(), last);
        let words = |text: &str| u64::try_from(text.split_whitespace().count()).unwrap_or(u64::MAX);
        let read = self.items.iter().map(|item| words(&item.text)).sum::<u64>();
        let instructed = plan.instructions.as_deref().map_or(0, words);
        let heard = self.hearing.heard().as_secs() * AUDIO_TOKENS_PER_SEC;
        let response = Response::new(plan, (&self.conversation_id, at), &reply, (read + instructed, heard));
        let events = response.begun();
        self.response = Some(response);
        self.tell_all(events);
    }

    fn finish(&mut self, status: &str, reason: Option<&str>) {
        let Some(response) = self.response.take() else { return };
        self.has_spoken |= response.is_spoken();
        let (events, item) = response.ended(status, reason);
        if let Some(item) = item {
            let (id, text) = (response.item_id.clone(), response.said());
            self.items.push(Item { id, role: "assistant".to_owned(), text, shown: item });
        }
        self.tell_all(events);
        self.hearing.clear();
    }

    fn tell_all(&mut self, events: Vec<(&'static str, Value)>) {
        for (kind, event) in events {
            self.tell(kind, event);
        }
    }

    /// Has an event sent, with its type and an id of its own.
    fn tell(&mut self, kind: &str, mut event: Value) {
        if let Some(fields) = event.as_object_mut() {
            fields.insert("type".to_owned(), json!(kind));
            fields.insert("event_id".to_owned(), json!(new_id("event")));
        }
        self.out.push_back(event);
    }
}

fn millis(at: Duration) -> u64 {
    u64::try_from(at.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
