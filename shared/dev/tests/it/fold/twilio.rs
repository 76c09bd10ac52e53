//! A call of Twilio's: five signed callbacks, one of them about the recording, and four answers.

use serde_json::{Value, json};
use switchboard_core::ProviderId;
use switchboard_dev::credentials::TWILIO_ACCOUNT_SID;

use super::Recorded;
use super::recording::Recorder;
use crate::harness::TestWorld;

const CALL: &str = "CA00000000000000000000000000000001";
const RECORDING: &str = "RE00000000000000000000000000000001";

pub(super) async fn recorded(world: &TestWorld) -> Recorded {
    let mut twilio = Recorder::of(world, ProviderId::Twilio);
    twilio.placed(201, &resource("queued", None, None)).await;
    twilio.delivered(&callback("initiated", 0, 0, &[])).await;
    twilio.delivered(&callback("ringing", 1, 2, &[])).await;
    twilio.delivered(&callback("in-progress", 2, 5, &[])).await;
    twilio.record(&[("callSid", CALL)], &[&resource("in-progress", None, None)]).await;
    let over = [("CallDuration", "20"), ("Duration", "1"), ("SipResponseCode", "200")];
    twilio.delivered(&callback("completed", 3, 25, &over)).await;
    twilio.record(&[("callSid", CALL)], &[&resource("completed", Some("20"), None), &recordings("processing")]).await;
    twilio.delivered(&recorded_form()).await;
    let priced = resource("completed", Some("20"), Some("-0.01300"));
    twilio.record(&[("callSid", CALL)], &[&priced, &recordings("completed")]).await;
    twilio.finish()
}

fn callback(status: &str, sequence: u32, second: u32, more: &[(&str, &str)]) -> String {
    let (sequence, at) = (sequence.to_string(), format!("Fri, 20 Nov 2026 12:00:{second:02} +0000"));
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.extend_pairs([
        ("CallSid", CALL),
        ("AccountSid", TWILIO_ACCOUNT_SID),
        ("From", "+15005550100"),
        ("To", "+15005550001"),
        ("CallStatus", status),
        ("ApiVersion", "2010-04-01"),
        ("Direction", "outbound-api"),
        ("ToCity", ""),
        ("Timestamp", &at),
        ("CallbackSource", "call-progress-events"),
        ("SequenceNumber", &sequence),
    ]);
    form.extend_pairs(more).finish()
}

fn recorded_form() -> String {
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.extend_pairs([
        ("AccountSid", TWILIO_ACCOUNT_SID),
        ("CallSid", CALL),
        ("RecordingSid", RECORDING),
        ("RecordingStatus", "completed"),
        ("RecordingDuration", "20"),
        ("RecordingChannels", "1"),
        ("RecordingSource", "OutboundAPI"),
        ("RecordingStartTime", "Fri, 20 Nov 2026 12:00:05 +0000"),
    ]);
    form.finish()
}

fn resource(status: &str, secs: Option<&str>, price: Option<&str>) -> Value {
    let ended = secs.map(|_| "Fri, 20 Nov 2026 12:00:25 +0000");
    let begun = (status != "queued").then_some("Fri, 20 Nov 2026 12:00:01 +0000");
    json!({
        "sid": CALL, "account_sid": TWILIO_ACCOUNT_SID, "status": status, "direction": "outbound-api", "to": "+15005550001",
        "from": "+15005550100", "date_created": "Fri, 20 Nov 2026 12:00:00 +0000", "date_updated": ended, "start_time": begun,
        "end_time": ended, "duration": secs, "price": price, "price_unit": "USD", "answered_by": null, "parent_call_sid": null,
        "queue_time": "0", "api_version": "2010-04-01",
    })
}

fn recordings(status: &str) -> Value {
    let recording =
        json!({"sid": RECORDING, "call_sid": CALL, "status": status, "duration": "20", "source": "OutboundAPI"});
    json!({"recordings": [recording], "page": 0, "page_size": 50, "next_page_uri": null})
}
