//! One answer of the agent: its words come one after the other, spoken or written, and its cost is known at the end.

use std::time::Duration;

use serde_json::{Value, json};

use crate::sim::openai::new_id;
use crate::sim::openai::session::Session;

/// How long one word takes.
pub(super) const WORD: Duration = Duration::from_millis(150);

/// Output audio tokens for each word that was spoken: one for each 50 ms.
const AUDIO_TOKENS_PER_WORD: u64 = 3;

/// How an answer is to be given.
pub(super) struct Plan {
    pub(super) instructions: Option<String>,
    speaks: bool,
    voice: Value,
    format: Value,
    max_output_tokens: Value,
    metadata: Value,
    /// Whether it becomes part of the conversation.
    is_kept: bool,
}

impl Plan {
    /// What the session says, and `wanted` otherwise.
    pub(super) fn of(session: &Session, wanted: &Value) -> Self {
        let own = |name: &str| wanted.get(name).cloned();
        let of_voice =
            |name: &str| wanted.pointer(&format!("/audio/output/{name}")).unwrap_or(session.output(name)).clone();
        let instructions = own("instructions").and_then(|own| own.as_str().map(str::to_owned));
        Self {
            instructions: instructions.or_else(|| session.instructions().map(str::to_owned)),
            speaks: own("output_modalities").map_or(session.speaks(), |own| own == json!(["audio"])),
            voice: of_voice("voice"),
            format: of_voice("format"),
            max_output_tokens: own("max_output_tokens").unwrap_or_else(|| session.get("max_output_tokens")),
            metadata: own("metadata").unwrap_or_default(),
            is_kept: wanted.get("conversation") != Some(&json!("none")),
        }
    }
}

/// An answer that is being given.
pub(super) struct Response {
    pub(super) id: String,
    pub(super) item_id: String,
    speaks: bool,
    is_kept: bool,
    /// What of it is always the same.
    resource: Value,
    words: Vec<String>,
    said: usize,
    next_at: Duration,
    /// Tokens of text and of sound that it is an answer to.
    input: (u64, u64),
}

type Events = Vec<(&'static str, Value)>;

impl Response {
    /// An answer in a conversation that begins at the given time.
    pub(super) fn new(plan: &Plan, (conversation_id, at): (&str, Duration), text: &str, input: (u64, u64)) -> Self {
        let id = new_id("resp");
        let modality = if plan.speaks { "audio" } else { "text" };
        let resource = json!({
            "object": "realtime.response", "id": id, "output_modalities": [modality],
            "conversation_id": plan.is_kept.then_some(conversation_id), "max_output_tokens": plan.max_output_tokens,
            "audio": {"output": {"voice": plan.voice, "format": plan.format}}, "metadata": plan.metadata,
        });
        Self {
            id,
            item_id: new_id("item"),
            speaks: plan.speaks,
            is_kept: plan.is_kept,
            resource,
            words: text.split_inclusive(' ').map(str::to_owned).collect(),
            said: 0,
            next_at: at + WORD,
            input,
        }
    }

    /// Whether it is to be heard.
    pub(super) fn is_spoken(&self) -> bool {
        self.speaks
    }

    pub(super) fn is_done(&self) -> bool {
        self.said >= self.words.len()
    }

    /// What has been said of it so far.
    pub(super) fn said(&self) -> String {
        self.words.iter().take(self.said).map(String::as_str).collect()
    }

    /// What is told when it begins.
    pub(super) fn begun(&self) -> Events {
        let mut events = vec![
            ("response.created", json!({"response": self.shown("in_progress", None, &[])})),
            ("response.output_item.added", self.of_item(json!({"item": self.item("in_progress", "")}), false)),
            ("conversation.item.added", json!({"item": self.item("in_progress", "")})),
            ("response.content_part.added", self.of_item(json!({"part": self.part("")}), true)),
        ];
        if !self.is_kept {
            events.retain(|(kind, _)| *kind != "conversation.item.added");
        }
        if self.speaks {
            events.push(("output_audio_buffer.started", json!({"response_id": self.id})));
        }
        events
    }

    /// The words that are due.
    pub(super) fn tick(&mut self, at: Duration) -> Events {
        let kind = if self.speaks { "response.output_audio_transcript.delta" } else { "response.output_text.delta" };
        let mut events = Vec::new();
        while at >= self.next_at
            && let Some(word) = self.words.get(self.said)
        {
            events.push((kind, self.of_item(json!({"delta": word}), true)));
            self.said += 1;
            self.next_at += WORD;
        }
        events
    }

    /// What is told when it is over, and its item where it becomes part of the conversation.
    pub(super) fn ended(&self, status: &str, reason: Option<&str>) -> (Events, Option<Value>) {
        let text = self.said();
        let item = self.item(if status == "completed" { "completed" } else { "incomplete" }, &text);
        let mut events: Events = if self.speaks {
            vec![
                ("response.output_audio.done", self.of_item(json!({}), true)),
                ("response.output_audio_transcript.done", self.of_item(json!({"transcript": text}), true)),
            ]
        } else {
            vec![("response.output_text.done", self.of_item(json!({"text": text}), true))]
        };
        events.push(("response.content_part.done", self.of_item(json!({"part": self.part(&text)}), true)));
        events.push(("response.output_item.done", self.of_item(json!({"item": item}), false)));
        if self.is_kept {
            events.push(("conversation.item.done", json!({"item": item})));
        }
        let details = (status != "completed").then(|| json!({"type": status, "reason": reason}));
        let output = std::slice::from_ref(&item);
        let mut response = self.shown(status, details, output);
        if let Some(fields) = response.as_object_mut() {
            fields.insert("usage".to_owned(), self.usage());
        }
        events.push(("response.done", json!({"response": response})));
        if self.speaks {
            events.push(("output_audio_buffer.stopped", json!({"response_id": self.id})));
        }
        (events, self.is_kept.then_some(item))
    }

    fn shown(&self, status: &str, details: Option<Value>, output: &[Value]) -> Value {
        let mut shown = self.resource.clone();
        if let Some(fields) = shown.as_object_mut() {
            fields.insert("status".to_owned(), json!(status));
            fields.insert("status_details".to_owned(), details.unwrap_or_default());
            fields.insert("output".to_owned(), json!(output));
            fields.insert("usage".to_owned(), Value::Null);
        }
        shown
    }

    fn item(&self, status: &str, text: &str) -> Value {
        let content = match (text.is_empty(), self.speaks) {
            (true, _) => json!([]),
            (false, true) => json!([{"type": "output_audio", "transcript": text}]),
            (false, false) => json!([{"type": "output_text", "text": text}]),
        };
        json!({"id": self.item_id, "object": "realtime.item", "type": "message", "status": status, "role": "assistant",
            "content": content})
    }

    fn part(&self, text: &str) -> Value {
        if self.speaks { json!({"type": "audio", "transcript": text}) } else { json!({"type": "text", "text": text}) }
    }

    /// An event with the names of what it is about.
    fn of_item(&self, mut event: Value, of_part: bool) -> Value {
        if let Some(fields) = event.as_object_mut() {
            fields.insert("response_id".to_owned(), json!(self.id));
            fields.insert("output_index".to_owned(), json!(0));
            let names_item = fields.contains_key("item");
            if !names_item {
                fields.insert("item_id".to_owned(), json!(self.item_id));
            }
            if of_part {
                fields.insert("content_index".to_owned(), json!(0));
            }
        }
        event
    }

    fn usage(&self) -> Value {
        let said = u64::try_from(self.said).unwrap_or(u64::MAX);
        let spoken = if self.speaks { said * AUDIO_TOKENS_PER_WORD } else { 0 };
        let (read, heard) = self.input;
        json!({
            "input_tokens": read + heard, "output_tokens": said + spoken, "total_tokens": read + heard + said + spoken,
            "input_token_details": {"text_tokens": read, "audio_tokens": heard, "image_tokens": 0, "cached_tokens": 0,
                "cached_tokens_details": {"text_tokens": 0, "audio_tokens": 0, "image_tokens": 0}},
            "output_token_details": {"text_tokens": said, "audio_tokens": spoken},
        })
    }
}
