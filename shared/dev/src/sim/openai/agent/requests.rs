//! The events that a page sends, checked as the API checks them.

use serde_json::{Map, Value};

use crate::sim::openai::refusal::Refusal;
use crate::sim::openai::session::shape::{Field, Shape, check_fields, optional, required};
use crate::sim::openai::session::{RESPONSE, check_modalities};

/// What a page asks for.
pub(super) enum Request {
    /// `session.update` with a session.
    Update(Value),
    /// `conversation.item.create` with an item.
    Create(Value),
    Retrieve(String),
    Delete(String),
    Truncate {
        id: String,
        content_index: Value,
        audio_end_ms: Value,
    },
    Append,
    Commit,
    Clear,
    ClearOutput,
    /// `response.create` with what differs from the session, or `null`.
    Respond(Value),
    /// `response.cancel`, of this response or of whatever there is.
    Cancel(Option<String>),
}

const ITEM: Shape = Shape::Tagged(&[
    (
        "message",
        &[
            optional("id", Shape::Text),
            optional("object", Shape::Text),
            optional("status", Shape::Text),
            required("role", Shape::OneOf(&["user", "assistant", "system"])),
            required("content", Shape::List(&CONTENT)),
        ],
    ),
    (
        "function_call",
        &[
            optional("id", Shape::Text),
            optional("object", Shape::Text),
            optional("status", Shape::Text),
            optional("call_id", Shape::Text),
            required("name", Shape::Text),
            required("arguments", Shape::Text),
        ],
    ),
    (
        "function_call_output",
        &[
            optional("id", Shape::Text),
            optional("object", Shape::Text),
            optional("status", Shape::Text),
            required("call_id", Shape::Text),
            required("output", Shape::Text),
        ],
    ),
]);

const CONTENT: Shape = Shape::Tagged(&[
    ("input_text", &[required("text", Shape::Text)]),
    ("output_text", &[required("text", Shape::Text)]),
    ("input_audio", &[optional("audio", Shape::Text), optional("transcript", Shape::OrNull(&Shape::Text))]),
    ("output_audio", &[optional("audio", Shape::Text), optional("transcript", Shape::OrNull(&Shape::Text))]),
    ("input_image", &[required("image_url", Shape::Text), optional("detail", Shape::OneOf(&["auto", "low", "high"]))]),
]);

/// Every event of a page, and its parameters beside `type` and `event_id`.
const EVENTS: [(&str, &[Field]); 11] = [
    ("session.update", &[required("session", Shape::Map)]),
    ("input_audio_buffer.append", &[required("audio", Shape::Text)]),
    ("input_audio_buffer.commit", &[]),
    ("input_audio_buffer.clear", &[]),
    ("output_audio_buffer.clear", &[]),
    ("conversation.item.create", &[required("item", ITEM), optional("previous_item_id", Shape::OrNull(&Shape::Text))]),
    ("conversation.item.retrieve", &[required("item_id", Shape::Text)]),
    (
        "conversation.item.truncate",
        &[
            required("item_id", Shape::Text),
            required("content_index", Shape::Whole(0, 0)),
            required("audio_end_ms", Shape::Whole(0, i64::MAX)),
        ],
    ),
    ("conversation.item.delete", &[required("item_id", Shape::Text)]),
    ("response.create", &[optional("response", Shape::OrNull(&Shape::Object(RESPONSE)))]),
    ("response.cancel", &[optional("response_id", Shape::OrNull(&Shape::Text))]),
];

impl Request {
    /// Reads an event.
    pub(super) fn read(text: &str) -> Result<Self, Refusal> {
        let Ok(Value::Object(event)) = serde_json::from_str::<Value>(text) else {
            let message = "Your request could not be parsed. Please make sure it is a JSON object.";
            return Err(Refusal::new(http::StatusCode::BAD_REQUEST, "invalid_json", message));
        };
        let kind = kind(&event).ok_or_else(|| Refusal::missing_parameter("type"))?;
        let known: Vec<&str> = EVENTS.iter().map(|(name, _)| *name).collect();
        let fields = EVENTS.iter().find(|(name, _)| *name == kind);
        let (_, fields) = fields.ok_or_else(|| Refusal::unsupported("type", kind, &known))?;
        let beside = |name: &String| name != "type" && name != "event_id";
        let parameters = event.iter().filter(|(name, _)| beside(name));
        check_fields(fields, "", &parameters.map(|(name, value)| (name.clone(), value.clone())).collect())?;
        check_modalities("response.", event.get("response").and_then(|response| response.get("output_modalities")))?;
        let value = |name: &str| event.get(name).cloned().unwrap_or_default();
        let text = |name: &str| event.get(name).and_then(Value::as_str).map(str::to_owned);
        let item_id = || text("item_id").unwrap_or_default();
        Ok(match kind {
            "session.update" => Self::Update(value("session")),
            "conversation.item.create" => Self::Create(value("item")),
            "conversation.item.retrieve" => Self::Retrieve(item_id()),
            "conversation.item.delete" => Self::Delete(item_id()),
            "conversation.item.truncate" => Self::Truncate {
                id: item_id(),
                content_index: value("content_index"),
                audio_end_ms: value("audio_end_ms"),
            },
            "input_audio_buffer.append" => Self::Append,
            "input_audio_buffer.commit" => Self::Commit,
            "input_audio_buffer.clear" => Self::Clear,
            "output_audio_buffer.clear" => Self::ClearOutput,
            "response.create" => Self::Respond(value("response")),
            _ => Self::Cancel(text("response_id")),
        })
    }
}

fn kind(event: &Map<String, Value>) -> Option<&str> {
    event.get("type").and_then(Value::as_str)
}

/// The type of an event, whether it is a good one or not.
pub(in crate::sim::openai) fn name(text: &str) -> String {
    let event: Map<String, Value> = serde_json::from_str(text).unwrap_or_default();
    kind(&event).unwrap_or("unreadable").to_owned()
}

/// What the page calls an event; `null` where it does not.
pub(super) fn event_id(text: &str) -> Value {
    let event: Value = serde_json::from_str(text).unwrap_or_default();
    event.get("event_id").filter(|id| id.is_string()).cloned().unwrap_or_default()
}
