//! The webhook bodies of the simulated OMI: `{event, data:{sessionId, …}, timestamp}`.

use serde_json::{Value, json};
use switchboard_core::Timestamp;

use super::conversation::Reply;
use super::sessions::Session;
use super::turns::Recording;

fn event(name: &str, data: &Value, now: Timestamp) -> Value {
    json!({"event": name, "data": data, "timestamp": now})
}

pub(super) fn session_created(session: &Session) -> Value {
    event("session.created", &session.shown(), session.created_at)
}

pub(super) fn session_updated(session: &Session) -> Value {
    event("session.updated", &session.shown(), session.updated_at)
}

pub(super) fn session_ended(session: &Session, now: Timestamp) -> Value {
    let mut data = session.shown();
    if let Value::Object(fields) = &mut data {
        fields.insert("turnCount".into(), json!(session.memory.turns));
    }
    event("session.ended", &data, now)
}

pub(super) fn voice_processed(session: &Session, recording: &Recording) -> Value {
    let data = json!({
        "sessionId": session.session_id,
        "turn": session.memory.turns,
        "transcription": recording.transcription,
        "audio": {"mimeType": recording.mime_type, "bytes": recording.bytes},
    });
    event("voice.processed", &data, session.updated_at)
}

pub(super) fn no_speech(session: &Session) -> Value {
    let data = json!({
        "sessionId": session.session_id,
        "turn": session.memory.turns,
        "code": "no_speech",
        "message": "No speech was found in the audio",
    });
    event("error.occurred", &data, session.updated_at)
}

pub(super) fn ai_response(session: &Session, reply: &Reply) -> Value {
    let data = json!({
        "sessionId": session.session_id,
        "turn": session.memory.turns,
        "response": reply.text,
        "intent": reply.intent,
        "language": reply.language,
        "context": session.context,
        "actions": reply.actions,
    });
    event("ai.response", &data, session.updated_at)
}
