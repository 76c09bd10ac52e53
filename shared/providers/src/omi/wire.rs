//! OMI's JSON: strict in what is sent, lenient in what is read. Unknown fields are ignored; optionals of a wrong type
//! (`false`, `null`, `""`) are read as absent.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde_json::{Map, Value, json};
use switchboard_core::{Context, Personal, SessionId};

use super::OmiConfig;
use crate::{OpenSession, ReplyAudio, TurnReply};

/// The longest text of a reply or a transcription, in bytes. It is kept in one table item, which holds 400 KB.
const MAX_TEXT_BYTES: usize = 100_000;
/// The largest list of actions, in bytes of JSON. It travels in the answer, which may be kept in one table item.
const MAX_ACTIONS_BYTES: usize = 64_000;

/// The body of `POST /sessions`.
pub(super) fn open_session(config: &OmiConfig, request: &OpenSession<'_>) -> Value {
    json!({
        "sessionId": request.session,
        "config": {
            "model": config.model,
            "temperature": config.temperature,
            "max_tokens": config.max_tokens,
            "context_window": config.context_window,
            "voice_model": config.voice_model,
            "language": request.language.unwrap_or(&config.language),
        },
        "context": request.context.as_object(),
    })
}

/// The body of `POST /process`.
pub(super) fn process_text(session: SessionId, text: &Personal, context: &Context) -> Value {
    json!({
        "sessionId": session,
        "input": { "type": "text", "content": text.expose() },
        "context": context.as_object(),
    })
}

/// An answer that is a JSON object.
pub(super) fn read_object(body: &[u8]) -> Option<Map<String, Value>> {
    serde_json::from_slice(body).ok()
}

/// The context in an answer, if it has one.
pub(super) fn context_of(mut answer: Map<String, Value>) -> Option<Map<String, Value>> {
    match answer.remove("context") {
        Some(Value::Object(context)) => Some(context),
        _ => None,
    }
}

/// The answer of `POST /process` and `POST /process/audio`. Without a text in `response` there is no reply, and none is made up.
pub(super) fn read_reply(body: &[u8]) -> Option<TurnReply> {
    let mut answer = read_object(body)?;
    let text = match answer.remove("response")? {
        Value::String(text) if text.len() <= MAX_TEXT_BYTES => text,
        _ => return None,
    };
    let transcription = match answer.remove("transcription") {
        Some(Value::String(text)) if text.len() <= MAX_TEXT_BYTES => Some(Personal::new(text)),
        _ => None,
    };
    let actions = match answer.remove("actions") {
        Some(Value::Array(actions)) if json!(actions).to_string().len() <= MAX_ACTIONS_BYTES => actions,
        _ => Vec::new(),
    };
    let audio = answer.remove("audio").and_then(|audio| read_audio(&audio));
    Some(TurnReply { text: Personal::new(text), transcription, audio, context: context_of(answer), actions })
}

fn read_audio(audio: &Value) -> Option<ReplyAudio> {
    let bytes = STANDARD.decode(audio.get("content")?.as_str()?).ok()?;
    let mime_type = audio.get("mimeType")?.as_str()?.to_owned();
    (!bytes.is_empty()).then(|| ReplyAudio { mime_type, bytes: Bytes::from(bytes) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_is_read_whatever_its_optionals_look_like() {
        for (extra, transcribed) in [
            (json!({}), false),
            (json!({"transcription": false, "context": "", "actions": null, "audio": false}), false),
            (json!({"transcription": "hello", "context": {"a": 1}, "actions": [1], "unknown": {}}), true),
        ] {
            let mut answer = extra.as_object().unwrap().clone();
            answer.insert("response".to_owned(), json!("hi"));
            let reply = read_reply(&serde_json::to_vec(&answer).unwrap()).unwrap();
            assert_eq!(reply.text.expose(), "hi");
            assert_eq!(reply.transcription.is_some(), transcribed);
        }
    }

    #[test]
    fn an_answer_without_words_is_no_reply() {
        for body in ["", "null", "[]", "{}", r#"{"response":null}"#, r#"{"response":{"text":"x"}}"#, "<html>"] {
            assert!(read_reply(body.as_bytes()).is_none(), "{body}");
        }
    }
}
