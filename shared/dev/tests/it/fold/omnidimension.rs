//! A call of OmniDimension's: three reports, which nobody can sign, and six answers. It is told of once it is over; what is missing is
//! `false`.

use serde_json::{Value, json};
use switchboard_core::ProviderId;

use super::Recorded;
use super::recording::Recorder;
use crate::harness::TestWorld;

const REQUEST: &str = "3166940";
const LOG: &str = "50958";
const RECORDING: &str = "https://backend.omnidim.io/recordings/50958.mp3";

pub(super) async fn recorded(world: &TestWorld) -> Recorded {
    let mut omnidimension = Recorder::of(world, ProviderId::Omnidimension);
    let dispatched =
        json!({"success": true, "status": "dispatched", "requestId": 3_166_940, "custom_variables_count": 2});
    omnidimension.placed(200, &dispatched).await;
    omnidimension.delivered(&short_report().to_string()).await;
    omnidimension.listed(&log(&entry("completed", &json!(false), 0.0))).await;
    omnidimension.delivered(&report("completed", &json!(false), "user: hello").to_string()).await;
    omnidimension.record(&[("callLogId", LOG)], &[&log(&entry("completed", &json!(false), 0.0266))]).await;
    omnidimension.record(&[("callLogId", LOG)], &[&log(&entry("no-answer", &json!(RECORDING), 0.0266))]).await;
    let full = "user: hello \n LLM: good afternoon \n user: I will pay";
    omnidimension.delivered(&report("voicemail_detected", &json!(RECORDING), full).to_string()).await;
    let mut hung_up = entry("completed", &json!(RECORDING), 0.0267);
    hung_up["hangup_source"] = json!("user");
    omnidimension.record(&[("callLogId", LOG)], &[&log(&hung_up)]).await;
    let mut summed_up = entry("completed", &json!(RECORDING), 0.0267);
    let sent = report("completed", &json!(RECORDING), full).to_string();
    summed_up["post_call_actions"] = json!({"call_recording_webhook_ids": [{"webhook_url": "https://example.com", "payload": sent, "status": "sent"}]});
    omnidimension.record(&[("requestId", REQUEST)], &[&log(&summed_up)]).await;
    omnidimension.finish()
}

/// The older form: nothing but that it was.
fn short_report() -> Value {
    json!({
        "call_id": 50_958, "call_request_id": 3_166_940, "bot_id": 1_930, "bot_name": "Collections", "phone_number": "+15005550001",
        "call_date": "2026-11-20 12:00:00", "user_email": "demo@example.com", "call_report": {"summary": "Short."},
    })
}

fn report(status: &str, recording: &Value, conversation: &str) -> Value {
    json!({
        "call_id": 50_958, "call_sid": "c-1", "bot_id": 1_930, "bot_name": "Collections", "phone_number": "+15005550001",
        "call_direction": "outbound", "to_number": "+15005550001", "call_request_id": 3_166_940, "from_number": "+15005550100",
        "call_date": "2026-11-20 12:00:00", "start_time": "2026-11-20 12:00:05", "end_time": "2026-11-20 12:00:25",
        "call_duration": 20, "user_email": "demo@example.com", "call_status": status, "hangup_source": false,
        "recording_url": recording, "recording_available_at": null, "low_interaction": false,
        "call_report": {"summary": "She will pay.", "sentiment": "Positive", "extracted_variables": {"name": "Amal"},
            "full_conversation": conversation, "interactions": []},
    })
}

fn entry(status: &str, recording: &Value, cost: f64) -> Value {
    json!({
        "id": 50_958, "bot_name": "Collections", "time_of_call": "11/20/2026 12:00:00", "from_number": "+15005550100",
        "to_number": "+15005550001", "call_direction": "outbound", "call_status": status, "call_duration": "0:20",
        "call_duration_in_seconds": 20, "recording_url": recording, "internal_recording_url": recording,
        "recording_available_at": "", "channel_type": "Voice", "sentiment_score": "Positive", "sentiment_analysis_details": false,
        "call_conversation": "user: hello<br/>LLM: good afternoon", "extracted_variables": {"interaction_count_total": 1},
        "interactions": [], "hangup_source": null, "hangup_reason": null, "is_voicemail": false, "amd_status": false,
        "amd_answered_by": false, "call_cost": cost, "aggregated_estimated_cost": cost,
        "call_request_id": {"id": 3_166_940, "type_of_request": "api"},
        "post_call_actions": {"call_recording_webhook_ids": []},
    })
}

/// One entry comes in the same list as many.
fn log(entry: &Value) -> Value {
    json!({"call_log_data": [entry], "total_records": 1})
}
