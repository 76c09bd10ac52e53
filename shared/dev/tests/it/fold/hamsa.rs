//! A call of Hamsa's: six webhooks, which nobody can sign, and three reads of its record.

use serde_json::{Value, json};
use switchboard_core::ProviderId;

use super::Recorded;
use super::recording::Recorder;
use crate::harness::TestWorld;

const JOB: &str = "7d0a2c0e-52a4-4a5e-8d0a-6a1f4d8f2b11";
/// What the call was placed with comes back beside what was found out.
const OUTCOME: &str = r#"{"customerName":"Amal","agreed":"yes"}"#;

pub(super) async fn recorded(world: &TestWorld) -> Recorded {
    let mut hamsa = Recorder::of(world, ProviderId::Hamsa);
    hamsa.delivered(&event("call.started", "12:00:00.100", &json!({"timestamp": "2026-11-20T12:00:00.100Z"}))).await;
    hamsa.delivered(&event("call.answered", "12:00:05.000", &json!({"timestamp": "2026-11-20T12:00:05.000Z"}))).await;
    let said = json!({"timestamp": "2026-11-20T12:00:07.000Z", "role": "Agent", "text": "Good afternoon, Amal."});
    hamsa.delivered(&event("transcription.update", "12:00:07.000", &said)).await;
    hamsa.record(&[("jobId", JOB)], &[&record("IN_PROGRESS", Value::Null, Value::Null, Value::Null)]).await;
    let tool = json!({"timestamp": "2026-11-20T12:00:10.000Z", "toolName": "lookup_account", "result": "ok"});
    hamsa.delivered(&event("tool.executed", "12:00:10.000", &tool)).await;
    let outcome: Value = serde_json::from_str(OUTCOME).unwrap();
    let ended = json!({"timestamp": "2026-11-20T12:00:25.000Z", "data": {
        "conversationId": JOB, "conversationRecording": null,
        "transcription": [{"Agent": "Good afternoon, Amal."}, {"User": "Hello."}], "outcomeResult": outcome,
    }});
    hamsa.delivered(&event("call.ended", "12:00:25.000", &ended)).await;
    // The record falls behind its own webhook: it is over, and nothing else is there yet.
    hamsa.record(&[("jobId", JOB)], &[&record("COMPLETED", Value::Null, json!(20), Value::Null)]).await;
    // A retry of the webhook that was made anew, with more in it.
    let again = json!({"timestamp": "2026-11-20T12:00:26.000Z", "data": {
        "conversationId": JOB, "conversationRecording": "https://media.tryhamsa.com/first.mp3",
        "transcription": [{"Agent": "Good afternoon, Amal."}], "outcomeResult": outcome,
    }});
    hamsa.delivered(&event("call.ended", "12:00:26.000", &again)).await;
    let response = json!({"transcription": [
        {"Agent": "Good afternoon, Amal."}, {"User": "Hello."}, {"Agent": "Your balance is due tomorrow."}, {"User": "I will pay."},
    ], "outcomeResult": outcome, "summary": null});
    let full = record("COMPLETED", json!("https://media.tryhamsa.com/final.mp3"), json!(20), response);
    hamsa.record(&[("jobId", JOB)], &[&full]).await;
    hamsa.finish()
}

fn event(kind: &str, time: &str, data: &Value) -> String {
    json!({
        "eventType": kind, "callId": "call_uuid_12345", "timestamp": format!("2026-11-20T{time}Z"), "projectId": "p-1",
        "agentId": "a-1", "agentName": "Collections", "data": data,
    })
    .to_string()
}

fn record(status: &str, media: Value, secs: Value, response: Value) -> Value {
    let mut data = json!({
        "id": JOB, "model": "gpt-4.1-mini", "type": "VOICE_AGENTS", "title": "Conversation", "status": status,
        "voiceAgentId": "a-1", "createdAt": "2026-11-20T12:00:00.000Z", "updatedAt": "2026-11-20T12:00:25.000Z",
        "callParams": {"userNumber": "+15005550001", "machineNumber": "+18449292835"}, "channelType": "Telephone",
        "logs": [], "performanceMetrics": null,
    });
    data["mediaUrl"] = media;
    data["callDuration"] = secs;
    data["callAnalysis"] = if response.is_null() { Value::Null } else { json!({"summary": "She will pay."}) };
    data["jobResponse"] = response;
    // The documentation shows `false` on success, too.
    json!({"success": false, "message": "Success", "data": data})
}
