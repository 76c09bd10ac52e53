//! Turns of the simulated OMI: text or a recording in, a reply out.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::request::Parts;
use serde_json::{Map, Value, json};
use switchboard_core::Timestamp;

use super::conversation::{self, Reply};
use super::refusal::Refusal;
use super::sessions::{self, Session, body_object, is_session_id};
use super::{events, speech};
use crate::sim::form::{Part, parts_of};
use crate::sim::sound;

/// The largest recording, in bytes.
pub(super) const LARGEST_AUDIO: usize = 10 * 1024 * 1024;

/// The longest text of one turn, in characters.
const LONGEST_TEXT: usize = 32_000;

/// What was heard in a recording.
#[derive(Debug)]
pub(super) struct Recording {
    /// Empty where there was no speech.
    pub(super) transcription: String,
    pub(super) mime_type: String,
    pub(super) bytes: usize,
}

/// One turn as asked for.
#[derive(Debug)]
pub(super) struct Turn {
    pub(super) session_id: String,
    context: Option<Map<String, Value>>,
    input: Input,
}

#[derive(Debug)]
enum Input {
    Text(String),
    Audio(Bytes),
}

/// What a turn came to.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) answer: Value,
    pub(super) events: Vec<Value>,
}

impl Turn {
    /// From the JSON of `POST /process`.
    pub(super) fn text(raw: &[u8]) -> Result<Self, Refusal> {
        let body = body_object(raw)?;
        let session_id = sessions::session_id(&body)?.to_owned();
        let input = sessions::object(&body, "input")?.ok_or_else(|| Refusal::invalid("input is required"))?;
        match input.get("type").and_then(Value::as_str) {
            Some("text") => {}
            Some("audio") => return Err(Refusal::invalid("Audio goes to /process/audio")),
            _ => return Err(Refusal::invalid("input.type must be \"text\"")),
        }
        let content = input.get("content").and_then(Value::as_str).filter(|content| !content.trim().is_empty());
        let content = content.ok_or_else(|| Refusal::invalid("input.content must be a string that is not empty"))?;
        if content.chars().count() > LONGEST_TEXT {
            return Err(Refusal::invalid("input.content is too long"));
        }
        let context = sessions::object(&body, "context")?;
        Ok(Self { session_id, context, input: Input::Text(content.to_owned()) })
    }

    /// From the form of `POST /process/audio`.
    pub(super) async fn audio(head: &Parts, raw: &Bytes) -> Result<Self, Refusal> {
        let form = parts_of(head, raw).await.map_err(|error| Refusal::Invalid(format!("Not a form: {error}")))?;
        let part = |name: &str| form.iter().find(|part| part.name == name);
        let session_id = part("sessionId").and_then(text_of).filter(|id| is_session_id(id));
        let session_id = session_id.ok_or_else(|| Refusal::invalid("The part sessionId is missing or wrong"))?;
        let context = match part("context").map(|part| part.bytes.as_ref()) {
            None | Some(b"" | b"null") => None,
            Some(json) => {
                let wrong = |_| Refusal::invalid("The part context must be a JSON object");
                Some(body_object(json).map_err(wrong)?)
            }
        };
        let audio = part("audio").ok_or_else(|| Refusal::invalid("The part audio is missing"))?;
        if audio.bytes.len() > LARGEST_AUDIO {
            return Err(Refusal::TooLarge);
        }
        if !speech::is_silent(&audio.bytes) && speech::Container::of(&audio.bytes).is_none() {
            return Err(Refusal::UnknownFormat);
        }
        Ok(Self { session_id: session_id.to_owned(), context, input: Input::Audio(audio.bytes.clone()) })
    }

    /// Takes the turn in its session, which remembers it.
    pub(super) fn take(self, session: &mut Session, now: Timestamp) -> Result<Outcome, Refusal> {
        if let Some(changes) = self.context {
            session.merge(changes)?;
        }
        session.updated_at = now;
        let language = session.language();
        let (recording, reply) = match self.input {
            Input::Text(text) => (None, said(session, &text)),
            Input::Audio(audio) => {
                let silent = speech::is_silent(&audio);
                let transcription = if silent { String::new() } else { speech::transcription(&audio, language) };
                let reply = if silent {
                    conversation::not_heard(&mut session.memory, &mut session.context, language)
                } else {
                    said(session, &transcription)
                };
                let mime_type = speech::Container::of(&audio).map_or("application/octet-stream", |c| c.mime_type());
                (Some(Recording { transcription, mime_type: mime_type.to_owned(), bytes: audio.len() }), reply)
            }
        };
        let mut events = Vec::new();
        if let Some(recording) = &recording {
            events.push(events::voice_processed(session, recording));
            if recording.transcription.is_empty() {
                events.push(events::no_speech(session));
            }
        }
        events.push(events::ai_response(session, &reply));
        Ok(Outcome { answer: answer(session, &reply, recording.as_ref()), events })
    }
}

fn said(session: &mut Session, input: &str) -> Reply {
    let language = session.language();
    conversation::reply(&mut session.memory, &mut session.context, language, input)
}

fn answer(session: &Session, reply: &Reply, recording: Option<&Recording>) -> Value {
    let mut answer = json!({
        "response": reply.text,
        "context": session.context,
        "actions": reply.actions,
        "metadata": {
            "model": session.config.get("model"),
            "intent": reply.intent,
            "language": reply.language,
            "turn": session.memory.turns,
        },
    });
    if let (Value::Object(fields), Some(recording)) = (&mut answer, recording) {
        fields.insert("transcription".into(), json!(recording.transcription));
        let voice = STANDARD.encode(sound::spoken(&reply.text));
        fields.insert("audio".into(), json!({"mimeType": "audio/wav", "content": voice}));
    }
    answer
}

fn text_of(part: &Part) -> Option<&str> {
    std::str::from_utf8(&part.bytes).ok()
}
